// The page: one state, which the controls, the charts and the link change and show. Texts from data only ever
// become text nodes, and only web addresses become links.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const MS_PER_DAY = 864e5;
const dayOf = (date) => Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY;
const dateOf = (day) => new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
const DETAILS = [
  "vendor", "kind", "segment", "product_class", "architecture", "precision", "sparsity", "memory", "family", "scope", "locator", "evidence", "note",
];
const TABLE_COLUMNS = ["vendor", "kind", "precision", "memory", "family"];
// The columns whose values are ticked, with the option that says the same on the command line.
const TICKED = {
  segment: "--segment", product_class: "--class", architecture: "--architecture", kind: "--kind", vendor: "--vendor",
};
const POLICY_TITLES = { best16: "16 bits or wider", fastest: "any format", fp16: "FP16 or BF16" };

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

// ---------------------------------------------------------------------------------------------- the state

const START = {
  dataset: data.defaultDataset, series: data.series[0].name, precision: "", scope: "",
  ...Object.fromEntries(Object.keys(TICKED).map((column) => [column, []])),
  frontier: false, since: "", until: "", axis: "value", top: "peak_flops", bottom: "dram_bandwidth",
};
let state = START;
let writing;

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
  return {
    ...wanted,
    ...Object.fromEntries(Object.keys(TICKED).map((column) => [column, kept(column)])),
    scope: played.some((each) => each.columns.scope && each.fitted.scope !== wanted.scope &&
      different(each, "scope").includes(wanted.scope)) ? wanted.scope : "",
    precision: policies.some((each) => each.precision !== wanted.precision) ? wanted.precision : "",
  };
}

/** Read the state from the fragment of the address; what it does not know stays as at the start. */
function readFragment() {
  const given = new URLSearchParams(location.hash.slice(1));
  const ticked = Object.keys(TICKED).map((column) => [column, given.getAll(column)]);
  const wanted = { ...START, ...Object.fromEntries(ticked) };
  const take = (key, isKnown) => { if (given.has(key) && isKnown(given.get(key))) wanted[key] = given.get(key); };
  take("dataset", (name) => data.series.some((series) => series.dataset === name));
  for (const key of ["series", "top", "bottom"]) take(key, (name) => findSeries(name, wanted.dataset));
  take("precision", (name) => Object.hasOwn(data.precisions, name));
  take("scope", () => true);
  take("axis", (name) => name === "normalised");
  for (const key of ["since", "until"]) take(key, isDay);
  wanted.frontier = given.get("frontier") === "1";
  return settle(wanted);
}

/** Whether a text is a day of the calendar: 2020-02-31 is none, though browsers read it as 2 March. */
function isDay(text) {
  return /^[1-9]\d{3}-\d\d-\d\d$/.test(text) && !Number.isNaN(dayOf(text)) && dateOf(dayOf(text)) === text;
}

function writeFragment() {
  clearTimeout(writing);
  const pairs = [];
  for (const [key, value] of Object.entries(state)) {
    if (Array.isArray(value)) value.forEach((each) => pairs.push([key, each]));
    else if (value !== START[key]) pairs.push([key, value === true ? "1" : value]);
  }
  const fragment = new URLSearchParams(pairs).toString();
  history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
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
  for (const [column, option] of Object.entries(TICKED)) state[column].forEach((value) => add(option, value));
  if (state.frontier) words.push("--frontier");
  data.overlay.forEach((path) => add("--with", path));
  if (data.period !== data.usualPeriod) add("--per", String(data.period));
  if (data.level !== data.usualLevel) add("--level", String(data.level));
  return words.map(quote).join(" ");
}

const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);

// ---------------------------------------------------------------------------------------------- the results

let shown = {}; // what the last render found: the series, its chosen rows, the line or the message

function render() {
  const series = findSeries(state.series, state.dataset);
  const chosen = chooseRows(series, choiceFor(series), data.precisions);
  const { line, message } = tryFit(series.name, chosen.counted);
  shown = { series, chosen, line };
  renderControls(series);
  renderTrend(message);
  renderGap();
  renderTable();
}

/** The line through the rows that count, or why there is none. */
function tryFit(name, rows) {
  const { since, until } = state;
  if (since && until && since > until) {
    return { message: `The window is upside down: it starts on ${since} and ends on ${until}.` };
  }
  if (rows.length === 0) return { message: `No rows of ${name} are left. Choose a wider window or fewer conditions.` };
  const dates = countDates(rows);
  if (dates < data.minDates) {
    return { message: `${name}: ${rows.length} row(s) with ${dates} different date(s); expected at least ` +
      `${data.minDates} different dates, or there is no interval.` };
  }
  return { line: fitLine(rows) };
}

function renderTrend(message = "") {
  const { series, chosen, line } = shown;
  byId("trend-title").textContent = `${series.title} (${unitOf(series, chosen.candidates)})`;
  byId("message").textContent = message;
  byId("theirs-key").hidden = !series.theirs.length;
  byId("command").textContent = commandFor("rate", [series.name]);
  const note = byId("no-interval");
  note.hidden = !(state.frontier && line);
  note.textContent = `No interval here. ${data.frontierNote}. This command draws them and prints the interval: ` +
    commandFor("rate", [series.name]);
  const growth = line && growthOf(line, data.period, data.quantiles);
  showGrowth("", "trend-numbers", growth, !state.frontier);
  byId("trend-numbers").hidden = !line;
  showNumber("count", line ? line.count : NaN);
  showNumber("r-squared", line ? line.rSquared : NaN, 3);
  const firstRow = chosen.counted.reduce((first, row) => (first && first.day <= row.day ? first : row), null);
  const unit = state.axis === "normalised" && firstRow ? firstRow.value : 1;
  const relative = unit === 1 ? "" : `, relative to ${firstRow.name}`;
  byId("trend-conditions").textContent = describeChoice(series) + (relative && ` Axis${relative}.`.replace(",", ""));
  const counted = new Set(chosen.counted);
  shown.heading = byId("trend-title").textContent + relative;
  shown.subheading = growth ? [`${formatNumber(growth.rate)}x per ${data.periodText}` + (state.frontier ? ", records only"
    : ` (${data.levelText} interval ${formatNumber(growth.low)} to ${formatNumber(growth.high)}), n = ${line.count}`)] : [""];
  trendChart.draw({
    rows: chosen.candidates, counted, line, unit, withBand: !state.frontier,
    label: (row) => `${row.name}, ${row.date}: ${formatValue(row.value)} ${row.unit}`,
  });
  trendChart.setWindow();
}

function renderGap() {
  const series = [findSeries(state.top, state.dataset), findSeries(state.bottom, state.dataset)];
  const rows = series.map((each) => chooseRows(each, choiceFor(each), data.precisions).counted);
  const found = fitGap(series, rows);
  byId("gap-message").textContent = found.message || "";
  byId("gap-numbers").hidden = !found.line;
  byId("gap-command").textContent = commandFor("gap", [state.top, state.bottom]);
  showGrowth("gap-", "gap-numbers", found.line && growthOf(found.line, data.period, data.quantiles), !state.frontier);
  showNumber("gap-count", found.line ? found.count : NaN);
  const units = rows.map((each, i) => unitOf(series[i], each));
  const known = data.ratioUnits.find(([above, below]) => above === units[0] && below === units[1]);
  const unit = known ? known[2] : units.join(" per ");
  byId("gap-way").textContent = found.line
    ? `${series[0].title} / ${series[1].title} in ${unit}. ${describeWay(found, rows)}` : "";
  gapChart.draw({
    rows: found.pairs || [], counted: new Set(found.way === "device" ? found.pairs : []), line: found.line,
    unit: 1, span: found.span, withBand: !state.frontier,
    label: (row) => `${row.name}, ${row.date}: ${formatValue(row.value)} ${unit}`,
  });
  gapChart.unitText = unit;
}

/** The ratio of two series as fit_gap finds it where no way is asked for. */
function fitGap(series, rows) {
  if (state.top === state.bottom) return { message: "A gap needs two different series." };
  const fits = rows.map((each, i) => tryFit(series[i].name, each));
  const failed = fits.find((fit) => fit.message);
  if (failed) return { message: failed.message };
  const pairs = state.frontier ? [] : pairDevices(...rows);
  if (pairs.length >= data.fewDevices) {
    if (countDates(pairs) < data.minDates) {
      return { pairs, message: `${pairs.length} devices of the choice report both, on too few dates; in a terminal, --way ratio fits two trends.` };
    }
    return { way: "device", pairs, line: fitLine(pairs), count: pairs.length };
  }
  const days = rows.map((each) => each.map((row) => row.day));
  const span = [Math.max(...days.map((each) => Math.min(...each))), Math.min(...days.map((each) => Math.max(...each)))];
  return {
    way: "ratio", pairs, line: ratioOfLines(fits[0].line, fits[1].line), count: rows[0].length + rows[1].length,
    span: span[0] < span[1] ? span : [Math.min(...days.flat()), Math.max(...days.flat())],
  };
}

function describeWay({ way, pairs }, rows) {
  if (state.frontier) {
    return "Ratio of two fitted trends, records only. No interval here: a t interval of records holds too rarely; " +
      "the command below draws devices again and prints one.";
  }
  return way === "device"
    ? `Trend of the ratio of each of the ${pairs.length} devices that report both.`
    : `Ratio of two fitted trends (${rows[0].length} and ${rows[1].length} rows): ${pairs.length} device(s) report both, ` +
      `and fewer than ${data.fewDevices} do not stand for all.`;
}

function describeChoice(series) {
  const choice = choiceFor(series);
  const parts = mergeWhere(series.fitted, choice.where).map(([column, wanted]) =>
    (column.endsWith("!") ? `${column.slice(0, -1)} not ` : `${column} `) + wanted.join(" or "));
  const policy = choice.precision || series.precision;
  if (policy) parts.push(`best dense rate of a device, ${policyTitle(policy)}`);
  if (state.frontier) parts.push("record-setting devices");
  const dataset = series.dataset === data.defaultDataset ? "Curated data" : `The points of ${series.dataset}`;
  return [dataset, ...parts].join("; ") + ".";
}

function showGrowth(prefix, list, growth, withInterval) {
  byId(list).classList.toggle("without-interval", !withInterval);
  const ends = withInterval ? growth : undefined;
  showNumber(`${prefix}rate`, growth?.rate, 4, "x");
  showNumber(`${prefix}rate-low`.replace("gap-rate", "gap"), ends?.low);
  showNumber(`${prefix}rate-high`.replace("gap-rate", "gap"), ends?.high);
  showNumber(`${prefix}doubling`, growth?.doubling);
  showNumber(`${prefix}doubling-low`, ends?.doublingLow);
  showNumber(`${prefix}doubling-high`, ends?.doublingHigh);
  const other = ends && !Number.isNaN(ends.other);
  byId(`${prefix}doubling-or`).textContent = other
    ? `, or ${growth.doubling < 0 ? "doubles" : "halves"} in at least ${formatNumber(ends.other)}` : "";
}

function showNumber(id, number = NaN, digits = 4, suffix = "") {
  const output = byId(id);
  output.textContent = Number.isNaN(number) ? "" : (Number.isInteger(number) ? String(number) : formatNumber(number, digits)) + suffix;
  if (Number.isNaN(number)) delete output.dataset.value;
  else output.dataset.value = String(number);
}

/** As memwall_trends.units.format_number. */
function formatNumber(number, digits = 4) {
  if (!Number.isFinite(number)) return number > 0 ? "infinite" : "-infinite";
  if (number === 0) return "0";
  const magnitude = Number(number.toExponential(digits - 1).split("e")[1]);
  if (magnitude < -4 || magnitude >= 9) return number.toExponential(digits - 1);
  const decimals = Math.max(digits - 1 - magnitude, 0);
  return Number(number.toPrecision(digits)).toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

const SHORT_NUMBER = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const formatValue = (value) => (value >= 1e9 || value < 1e-4 ? value.toPrecision(4) : SHORT_NUMBER.format(value));
const unitOf = (series, rows) => (rows.length ? rows[0].unit : series.rows[0].unit);
const policyTitle = (policy) => POLICY_TITLES[policy] || policy.toUpperCase();

// ---------------------------------------------------------------------------------------------- the charts

/** A chart with its data, the point that the reader is at, and the window if it has one. */
async function makeChart(name, { describe, details, window: hasWindow = false }) {
  const container = byId(`${name}-chart`);
  const inner = container.appendChild(element("div"));
  // Without a tooltip of its own, Vega sets the title of the element: text, never markup.
  const plain = { mode: "vega", renderer: "svg", actions: false, tooltip: false, hover: false, defaultStyle: false };
  const { view } = await vegaEmbed(inner, data.charts[name], plain);
  const chart = { view, points: [], current: -1 };
  let quiet = false; // while the page itself moves the window
  let drawnDays = null;

  chart.draw = ({ rows, counted, line, unit, span, withBand, label }) => {
    const at = chart.points[chart.current];
    // Those that count on top, the reader's own last.
    chart.points = [...rows].sort((a, b) => a.day - b.day || a.value - b.value);
    chart.current = at ? chart.points.findIndex((row) => row === at || (row.name === at.name && row.value === at.value)) : -1;
    chart.unit = unit;
    const marks = chart.points.map((row, place) => ({
      place, date: row.day * MS_PER_DAY, shown: row.value / unit, counted: counted.has(row), theirs: row.theirs, label: label(row),
    }));
    marks.sort((a, b) => a.theirs - b.theirs || a.counted - b.counted);
    const days = rows.map((row) => row.day);
    const fitted = [...counted].map((row) => row.day);
    const [from, to] = span || [Math.min(...fitted), Math.max(...fitted)];
    const curve = line ? sampleLine(line, from, to, unit, withBand) : [];
    const values = [...marks.map((mark) => mark.shown), ...curve.map((each) => each.fit)];
    const [first, last] = pad(Math.min(...days, ...(line ? [from] : [])), Math.max(...days, ...(line ? [to] : [])), 0.02, 100);
    const [low, high] = pad(Math.log10(Math.min(...values)), Math.log10(Math.max(...values)), 0.05, 0.1);
    quietly(() => {
      view.data("points", marks).data("line", curve)
        .signal("dates", [first * MS_PER_DAY, last * MS_PER_DAY])
        .signal("values", [10 ** low, 10 ** high]).signal("ticks", findTicks(low, high));
      markCurrent();
    });
  };

  /** Draw the window of the state. */
  chart.setWindow = () => {
    const x = view.scale("x"), width = view.signal("width");
    const clamp = (number) => Math.min(Math.max(number, 0), width);
    const ends = state.since || state.until
      ? [state.since ? clamp(x(dayOf(state.since) * MS_PER_DAY)) : 0, state.until ? clamp(x(dayOf(state.until) * MS_PER_DAY)) : width]
      : [0, 0];
    if (sameDays(daysOf(view.signal("window_date")), [state.since, state.until])) return;
    quietly(() => view.signal("window_x", ends));
    drawnDays = daysOf(view.signal("window_date"));
  };

  chart.set = (signals) => quietly(() => Object.entries(signals).forEach(([name, value]) => view.signal(name, value)));

  chart.select = (place, { announce = true } = {}) => {
    chart.current = place;
    quietly(markCurrent);
    if (announce && chart.points[place]) showDetails(details, describe(chart.points[place], chart));
  };

  function quietly(act) {
    quiet = true;
    act();
    view.run();
    quiet = false;
  }

  function markCurrent() {
    const row = chart.points[chart.current];
    view.data("current", row ? [{ date: row.day * MS_PER_DAY, shown: row.value / chart.unit }] : []);
  }

  /** The point within a finger's width of an event. */
  function nearest(event) {
    const frame = container.querySelector(".root .background").getBoundingClientRect();
    const x = view.scale("x"), y = view.scale("y");
    let best = -1, least = 14;
    chart.points.forEach((row, place) => {
      const distance = Math.hypot(x(row.day * MS_PER_DAY) - (event.clientX - frame.left), y(row.value / chart.unit) - (event.clientY - frame.top));
      if (distance < least) [best, least] = [place, distance];
    });
    return best;
  }

  view.addEventListener("pointermove", (event, item) => {
    const place = item?.datum?.place;
    if (event.buttons === 0 && place !== undefined && place !== chart.current) chart.select(place);
  });
  view.addEventListener("click", (event) => {
    const place = nearest(event);
    if (place >= 0) chart.select(place);
    if (!hasWindow || view.signal("window_date")) return;
    // Pressing the button has taken the window away: a click on a point is no wish to.
    if (place >= 0) chart.setWindow();
    else change({ since: "", until: "" });
  });
  container.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: chart.current - 1, ArrowRight: chart.current + 1, Home: 0, End: Infinity };
    const row = chart.points[chart.current];
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key in steps && chart.points.length) chart.select(Math.min(Math.max(steps[key], 0), chart.points.length - 1));
    else if (hasWindow && key === "s" && row) change({ since: row.date });
    else if (hasWindow && key === "u" && row) change({ until: row.date });
    else if (hasWindow && key === "Escape") change({ since: "", until: "" });
    else return;
    event.preventDefault();
  });
  if (hasWindow) {
    view.addEventListener("dblclick", () => change({ since: "", until: "" }));
    view.addSignalListener("window_date", (_, extent) => {
      const days = daysOf(extent);
      // A new width of the page moves the window's pixels, not its days.
      if (quiet || !extent || sameDays(days, drawnDays)) return;
      drawnDays = days;
      view.runAfter(() => change({ since: days[0], until: days[1] }));
    });
  }
  new ResizeObserver(() => window.dispatchEvent(new Event("resize"))).observe(container);
  return chart;
}

/** The first and last whole day of a stretch of the time axis. */
function daysOf(extent) {
  if (!extent) return null;
  const [from, to] = [Math.min(...extent), Math.max(...extent)].map((at) => at / MS_PER_DAY);
  const first = Math.ceil(from - 1e-3);
  return [dateOf(first), dateOf(Math.max(Math.floor(to + 1e-3), first))];
}

const sameDays = (a, b) => (a && b ? a[0] === b[0] && a[1] === b[1] : !a && !b);

function sampleLine(line, from, to, unit, withBand) {
  const steps = 40;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const day = from + (i / steps) * (to - from);
    const { log, variance, freedom } = line.at(decimalYear(day));
    const half = withBand ? tQuantile(freedom, data.quantiles) * Math.sqrt(variance) : 0;
    return { date: day * MS_PER_DAY, fit: 10 ** log / unit, low: 10 ** (log - half) / unit, high: 10 ** (log + half) / unit };
  });
}

function pad(low, high, share, least) {
  if (!Number.isFinite(low + high)) return [0, least];
  const more = Math.max((high - low) * share, least);
  return [low - more, high + more];
}

/** Powers of ten, or 1, 2 and 5 times them where there are few. */
function findTicks(low, high) {
  const step = Math.ceil((high - low) / 8), ticks = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const factor of high - low < 2.5 ? [1, 2, 5] : [1]) {
      const log = power + Math.log10(factor);
      if (log >= low && log <= high && power % step === 0) ticks.push(Number(`${factor}e${power}`));
    }
  }
  return ticks;
}

// ---------------------------------------------------------------------------------------------- the details

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}

/** A source as a link where it has a web address, else as text. */
function sourceElement(key) {
  const [title, url] = data.sources[key] || [key, ""];
  const text = title || key || "no source given";
  return /^https?:\/\//i.test(url) ? element("a", text, { href: url, rel: "noopener noreferrer", target: "_blank" }) : element("span", text);
}

function showDetails(id, { title, parts }) {
  const list = element("dl");
  for (const [name, value] of parts) {
    if (value === "" || value === null || value === undefined) continue;
    const cell = element("dd");
    cell.append(value);
    list.append(element("dt", name), cell);
  }
  byId(id).replaceChildren(element("h3", title), list);
}

function describeRow(row) {
  return {
    title: row.name,
    parts: [
      ["value", `${formatValue(row.value)} ${row.unit}`], ["date", row.date],
      ["source", sourceElement(row.source)],
      ...(row.date_source && row.date_source !== row.source ? [["date from", sourceElement(row.date_source)]] : []),
      ...DETAILS.map((column) => [column, row[column]]),
      ["yours", row.theirs ? "from a file laid over these data" : ""],
    ],
  };
}

function describePair(row, chart) {
  const side = (half) => {
    const both = element("span", `${formatValue(half.value)} ${half.unit}, `);
    both.append(sourceElement(half.source));
    return both;
  };
  return {
    title: row.name,
    parts: [
      ["ratio", `${formatValue(row.value)} ${chart.unitText}`], ["date", row.date], ["vendor", row.vendor],
      ["numerator", side(row.top)], ["denominator", side(row.bottom)],
    ],
  };
}

// ---------------------------------------------------------------------------------------------- the table

let tabled = { key: "", lines: [] };

function renderTable() {
  const { series, chosen } = shown;
  const key = JSON.stringify([state.dataset, series.name, choiceFor(series).where, state.precision, state.frontier]);
  if (key !== tabled.key) tabled = { key, lines: buildTable(series, chosen.eligible) };
  const counted = new Set(chosen.counted);
  for (const [row, line] of tabled.lines) line.hidden = !counted.has(row);
  byId("rows-caption").textContent = `${series.title}: ${chosen.counted.length} of ${series.rows.length} rows. ` +
    "Up and down arrow go from row to row.";
}

function buildTable(series, rows) {
  const columns = TABLE_COLUMNS.filter((column) => series.columns[column]);
  const head = [["Device"], ["Date"], [`Value, ${unitOf(series, rows)}`, "number"],
    ...columns.map((column) => [column[0].toUpperCase() + column.slice(1)]), ["Source"]];
  byId("rows-head").replaceChildren(...head.map(([text, kind = ""]) => element("th", text, { scope: "col", class: kind })));
  const lines = rows.map((row) => {
    const line = element("tr", undefined, { tabindex: "-1", class: row.theirs ? "theirs" : "" });
    const source = element("td");
    source.append(sourceElement(row.source));
    line.append(element("th", row.theirs ? `${row.name} (yours)` : row.name, { scope: "row" }), element("td", row.date),
      element("td", formatValue(row.value), { class: "number" }), ...columns.map((column) => element("td", row[column] ?? "")), source);
    const show = () => trendChart.select(trendChart.points.indexOf(row));
    line.addEventListener("pointerenter", show);
    line.addEventListener("focusin", show);
    return [row, line];
  });
  byId("rows-body").replaceChildren(...lines.map(([, line]) => line));
  return lines;
}

function moveInTable(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const lines = tabled.lines.map(([, line]) => line).filter((line) => !line.hidden);
  const at = lines.indexOf(document.activeElement.closest("tr"));
  const next = lines[at < 0 ? 0 : at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** RFC 4180, all columns. A spreadsheet would run a text that starts like a formula: an apostrophe makes it text. */
function rowsAsCsv() {
  const columns = Object.keys(shown.series.columns);
  const cell = (value) => {
    if (typeof value !== "string") return value === null ? "" : String(value);
    const inert = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  };
  const lines = [columns, ...shown.chosen.counted.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
}

// ---------------------------------------------------------------------------------------------- the controls

let filled = "";

function renderControls(series) {
  const played = [series, findSeries(state.top, state.dataset), findSeries(state.bottom, state.dataset)];
  byId("series").value = `${state.dataset}/${state.series}`;
  if (filled !== `${state.dataset}/${state.series}`) {
    filled = `${state.dataset}/${state.series}`;
    const ofDataset = data.series.filter((each) => each.dataset === state.dataset);
    for (const id of ["top", "bottom"]) setOptions(byId(id), ofDataset.map((each) => [each.name, each.title]));
    for (const column of Object.keys(TICKED)) {
      byId(`${column}-choice`).hidden = !series.columns[column];
      setBoxes(column, series.columns[column] ? different(series, column) : []);
    }
  }
  for (const id of ["top", "bottom", "since", "until", "axis"]) byId(id).value = state[id];
  byId("frontier").checked = state.frontier;

  const flops = played.find((each) => each.columns.precision);
  const usual = flops ? flops.precision : "";
  const policies = Object.keys(data.precisions).filter((policy) => policy !== usual);
  byId("precision").disabled = !flops;
  setOptions(byId("precision"), flops
    ? [["", usual ? policyTitle(usual) : "every row, as plotted"], ...policies.map((policy) => [policy, policyTitle(policy)])]
    : [["", "only peak FLOPS has one"]]);
  byId("precision").value = state.precision;

  const links = played.find((each) => each.columns.scope);
  const scopes = links ? different(links, "scope").filter((scope) => scope !== links.fitted.scope) : [];
  byId("scope").disabled = !links || !links.fitted.scope;
  setOptions(byId("scope"), links && links.fitted.scope
    ? [["", links.fitted.scope], ...scopes.map((scope) => [scope, scope])] : [["", links ? "lane" : "only links have one"]]);
  byId("scope").value = state.scope;

  for (const column of Object.keys(TICKED)) {
    const checked = state[column].length ? state[column] : [].concat(series.fitted[column] || []);
    for (const box of byId(column).querySelectorAll("input")) box.checked = checked.includes(box.value);
    byId(`${column}-chosen`).textContent = checked.length ? checked.join(", ") : "all";
  }
}

function setOptions(select, options) {
  const key = JSON.stringify(options);
  if (select.dataset.options === key) return;
  select.dataset.options = key;
  select.replaceChildren(...options.map(([value, text]) => element("option", text, { value })));
}

function setBoxes(column, values) {
  const boxes = values.map((value) => {
    const label = element("label");
    label.append(element("input", undefined, { type: "checkbox", value }), value || "(not given)");
    return label;
  });
  byId(column).replaceChildren(byId(column).querySelector("legend"), ...boxes);
}

/** What is ticked; none where it is what the table counts anyway. With nothing ticked all count. */
function readBoxes(column) {
  const series = findSeries(state.series, state.dataset);
  const usual = [].concat(series.fitted[column] || []);
  const ticked = [...byId(column).querySelectorAll("input:checked")].map((box) => box.value);
  if (ticked.join("\n") === usual.join("\n")) return [];
  return ticked.length || !usual.length ? ticked : different(series, column);
}

function listen() {
  const groups = new Map();
  for (const series of data.series) {
    const title = series.dataset === data.defaultDataset ? "Curated data" : `Points of ${series.dataset}`;
    if (!groups.has(title)) groups.set(title, element("optgroup", undefined, { label: title }));
    groups.get(title).append(element("option", series.title, { value: `${series.dataset}/${series.name}` }));
  }
  byId("series").replaceChildren(...groups.values());
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("series").addEventListener("change", (event) => {
    const [dataset, series] = event.target.value.split("/");
    change({ dataset, series });
  });
  for (const id of ["precision", "scope", "axis", "top", "bottom", "since", "until"]) {
    byId(id).addEventListener("change", (event) => change({ [id]: event.target.value }));
  }
  for (const column of Object.keys(TICKED)) byId(column).addEventListener("change", () => change({ [column]: readBoxes(column) }));
  byId("frontier").addEventListener("change", (event) => change({ frontier: event.target.checked }));
  byId("clear-window").addEventListener("click", () => change({ since: "", until: "" }));
  byId("reset").addEventListener("click", () => change(START));
  byId("rows-region").addEventListener("keydown", moveInTable);
  byId("copy-link").addEventListener("click", copyLink);
  byId("download-csv").addEventListener("click", () => {
    download(`${shown.series.name}.csv`, "text/csv;charset=utf-8", rowsAsCsv());
    tell(`${shown.chosen.counted.length} rows written.`);
  });
  byId("download-svg").addEventListener("click", async () => {
    // On paper it stands alone: light, with a title.
    trendChart.set({ ...data.colours.light, heading: shown.heading, subheading: shown.subheading });
    const picture = await trendChart.view.toSVG();
    trendChart.set({ heading: "", subheading: [""] });
    paint();
    download(`${shown.series.name}.svg`, "image/svg+xml", picture);
    tell("Picture written.");
  });
  window.addEventListener("hashchange", () => { state = readFragment(); render(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint());
  window.addEventListener("beforeprint", () => paint(data.colours.light));
  window.addEventListener("afterprint", () => paint());
}

async function copyLink() {
  writeFragment();
  try {
    await navigator.clipboard.writeText(location.href);
    tell("Link copied.");
  } catch {
    tell("The link is in the address bar: copy it from there.");
  }
}

function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", "", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const tell = (text) => { byId("action-status").textContent = text; };

function paint(colours) {
  const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  for (const chart of [trendChart, gapChart]) chart.set(colours || data.colours[scheme]);
}

let trendChart, gapChart;

async function start() {
  trendChart = await makeChart("trend", { describe: describeRow, details: "details", window: true });
  gapChart = await makeChart("gap", { describe: describePair, details: "gap-details" });
  listen();
  paint();
  state = readFragment();
  render();
  document.documentElement.dataset.ready = "true";
}

start();
