// One state, which the controls, the charts and the link change and show.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const MS_PER_DAY = 864e5;
const dayOf = (date) => Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY;
const dateOf = (day) => new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
// The columns whose values are ticked, with the option that says the same on the command line.
const TICKED = {
  segment: "--segment", product_class: "--class", architecture: "--architecture", kind: "--kind", vendor: "--vendor",
};
/** The columns by which lines are coloured, where a series has them. */
const GROUPED = ["kind", "product_class", "vendor", "segment", "family", "memory"];
const LATEST_YEAR = 2100;

for (const series of data.series) {
  const theirs = new Set(series.theirs);
  const cells = Object.entries(series.columns).map(([name, column]) =>
    [name, column.numbers || column.codes.map((code) => column.texts[code])]);
  series.rows = cells[0][1].map((_, i) => {
    const row = Object.fromEntries(cells.map(([name, column]) => [name, column[i]]));
    return Object.assign(row, { day: dayOf(row.date), theirs: theirs.has(i) });
  });
}
const findSeries = (name, dataset) =>
  data.series.find((series) => series.name === name && series.dataset === dataset);
const different = (series, column) => [...new Set(series.rows.map((row) => row[column]))].sort();
const groupings = (series) => GROUPED.filter((column) => series.columns[column] && different(series, column).filter(Boolean).length > 1);

const START = {
  dataset: data.defaultDataset, series: data.series[0].name, precision: "", scope: "",
  ...Object.fromEntries(Object.keys(TICKED).map((column) => [column, []])),
  by: "", within: false, frontier: false, since: "", until: "", at: "", axis: "value", scale: "log", device: "",
  top: "peak_flops", bottom: "dram_bandwidth",
};
let state = START;
let writing, written = location.hash;

/** Change some of the state and show all of it. */
function change(changes) {
  state = settle({ ...state, ...changes });
  render();
  // Not with each step of a drag: browsers limit how often a page may change its address.
  clearTimeout(writing);
  writing = setTimeout(writeFragment, 300);
}

/** Leave out what the series in play do not have. */
function settle(wanted) {
  const series = findSeries(wanted.series, wanted.dataset);
  const played = [series, findSeries(wanted.top, wanted.dataset), findSeries(wanted.bottom, wanted.dataset)];
  const kept = (column) => series.columns[column]
    ? wanted[column].filter((value) => different(series, column).includes(value)) : [];
  const policies = played.filter((each) => each.columns.precision);
  const by = groupings(series).includes(wanted.by) ? wanted.by : "";
  return {
    ...wanted,
    ...Object.fromEntries(Object.keys(TICKED).map((column) => [column, kept(column)])),
    by, within: wanted.within && by !== "",
    scope: played.some((each) => each.columns.scope && each.fitted.scope !== wanted.scope &&
      different(each, "scope").includes(wanted.scope)) ? wanted.scope : "",
    precision: policies.some((each) => each.precision !== wanted.precision) ? wanted.precision : "",
  };
}

/** Read the state from the fragment of the address; what it does not know stays as at the start. */
function readFragment() {
  clearTimeout(writing);
  written = location.hash;
  const given = new URLSearchParams(location.hash.slice(1));
  const ticked = Object.keys(TICKED).map((column) => [column, given.getAll(column)]);
  const wanted = { ...START, ...Object.fromEntries(ticked) };
  const take = (key, isKnown) => { if (given.has(key) && isKnown(given.get(key))) wanted[key] = given.get(key); };
  take("dataset", (name) => data.series.some((series) => series.dataset === name));
  for (const key of ["series", "top", "bottom"]) take(key, (name) => findSeries(name, wanted.dataset));
  take("precision", (name) => Object.hasOwn(data.precisions, name));
  for (const key of ["scope", "by", "device"]) take(key, () => true);
  take("axis", (name) => name === "normalised");
  take("scale", (name) => name === "linear");
  take("at", isYear);
  for (const key of ["since", "until"]) take(key, isDay);
  for (const key of ["frontier", "within"]) wanted[key] = given.get(key) === "1";
  return settle(wanted);
}

/** Whether a text is a day of the calendar: 2020-02-31 is none, though browsers read it as 2 March. */
function isDay(text) {
  return /^[1-9]\d{3}-\d\d-\d\d$/.test(text) && !Number.isNaN(dayOf(text)) && dateOf(dayOf(text)) === text;
}

const isYear = (text) => /^[1-9]\d{3}(\.\d+)?$/.test(text) && Number(text) <= LATEST_YEAR;

function fragmentOf() {
  const pairs = [];
  for (const [key, value] of Object.entries(state)) {
    if (Array.isArray(value)) value.forEach((each) => pairs.push([key, each]));
    else if (value !== START[key]) pairs.push([key, value === true ? "1" : value]);
  }
  return pairs.length ? `#${new URLSearchParams(pairs)}` : "";
}

function writeFragment() {
  clearTimeout(writing);
  // A link was followed just now: it is about to be read.
  if (location.hash !== written) return;
  history.replaceState(null, "", fragmentOf() || location.pathname + location.search);
  written = location.hash;
}

/** The choice for one series: the conditions on columns that it has. */
function choiceFor(series) {
  const where = {};
  for (const column of Object.keys(TICKED)) {
    if (state[column].length && series.columns[column]) where[column] = state[column];
  }
  if (state.scope && series.columns.scope) where.scope = [state.scope];
  const precision = series.columns.precision ? state.precision : "";
  return { where, precision, frontier: state.frontier, since: state.since, until: state.until };
}

/** The command that says the same, for the series that it names. */
function commandFor(command, names) {
  const all = names.map((name) => findSeries(name, state.dataset));
  const words = ["memwall-trends", command, ...names];
  const add = (option, value) => words.push(option, value);
  if (state.dataset !== data.defaultDataset) add("--dataset", state.dataset);
  if (state.since) add("--since", state.since);
  if (state.until) add("--until", state.until);
  if (state.precision && all.some((series) => series.columns.precision)) add("--precision", state.precision);
  if (state.scope && all.some((series) => series.columns.scope)) add("--scope", state.scope);
  for (const [column, option] of Object.entries(TICKED)) {
    if (all.some((series) => series.columns[column])) state[column].forEach((value) => add(option, value));
  }
  if (state.frontier) words.push("--frontier");
  if (command === "rate" && state.by) add(state.within ? "--within" : "--by", state.by);
  // It projects one trend.
  if (command === "rate" && state.at && (!state.by || state.within)) add("--at", state.at);
  data.overlay.forEach((path) => add("--with", path));
  if (data.period !== data.usualPeriod) add("--per", String(data.period));
  if (data.level !== data.usualLevel) add("--level", String(data.level));
  return words.map(quote).join(" ");
}

const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);
