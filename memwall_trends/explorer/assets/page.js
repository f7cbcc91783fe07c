// The page: what is shown of the state, and what the controls change of it.

let trendChart, gapChart, search;
let shown = {}; // what the last render found: the answer and the gap
let printing = false;

const scheme = () => (!printing && matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
const paletteOf = (name) => data.colours[name];

function render() {
  const answer = findTrend(), gap = findGap(), palette = paletteOf(scheme());
  // A device that the choice leaves out is let go.
  if (state.device && !answer.candidates.some((row) => row.name === state.device)) {
    state = { ...state, device: "" };
    search.clear();
  }
  shown = { answer, gap };
  renderControls(answer.series);
  renderTrend(answer, palette);
  if (gapChart) renderGap(gap);
  showRows(answer, { onPoint: (row) => pointAt(row), onHold: hold });
  byId("embed-code").value = embedCode(describeFinding(answer));
  byId("open").href = linkTo();
}

function renderTrend(answer, palette) {
  const { series, line, growth, way } = answer;
  byId("trend-title").textContent = describeFinding(answer);
  byId("trend-population").textContent = describePopulation(answer);
  byId("trend-source").textContent = `${describeSource(series)}.`;
  byId("message").textContent = answer.message || "";
  byId("theirs-key").hidden = !series.theirs.length;
  byId("out-key").hidden = answer.candidates.length === answer.counted.length;
  byId("command").textContent = commandFor("rate", [series.name]);
  const note = byId("no-interval");
  note.hidden = !(state.frontier && (line || answer.groups.length));
  note.textContent = `No interval here. ${data.frontierNote}. This command draws them and prints the interval: ${byId("command").textContent}`;
  byId("trend-numbers").hidden = !line;
  showGrowth("", "trend-numbers", growth, !state.frontier);
  showNumber("count", line ? line.count : NaN);
  showNumber("r-squared", line ? line.rSquared : NaN, 3);
  byId("clusters").textContent = line && line.clusters ? `errors by ${line.clusters} ${findCluster(answer.counted, data)}s` : "";
  showProjection(answer);
  showGroups(answer, palette);
  trendChart.draw((size) => trendScene(answer, paletteOf(scheme()), size));
  const held = state.device && (trendChart.current?.name === state.device ? trendChart.current
    : trendChart.rows.find((row) => row.name === state.device));
  showRow(held || undefined);
}

function showProjection({ way, unit, projection }) {
  const past = projection?.in ? describePast(projection) : "";
  byId("projection").hidden = !projection || way === "by";
  byId("past").hidden = !past;
  byId("past").textContent = past;
  if (!projection) return;
  const told = projection.in && !Number.isNaN(projection.calibratedLow);
  byId("projection-what").textContent = `In ${state.at}, ${unit}${way === "within" ? ", of the average line" : ""}${told ? ", calibrated" : ""}`;
  showNumber("projected", projection.value);
  showNumber("projected-low", told ? projection.calibratedLow : projection.low);
  showNumber("projected-high", told ? projection.calibratedHigh : projection.high);
}

function renderGap(gap) {
  const { both, line, unit, message } = gap;
  const growth = line && growthOf(line, data.period, data.quantiles);
  byId("gap-title").textContent = growth
    ? `${both[0].title} per ${withinSentence(both[1].title)} ${growth.rate >= 1 ? "grew" : "shrank to"} ${describeRate(growth)} per ${data.periodText}`
    : "The gap between two series";
  byId("gap-message").textContent = message || "";
  byId("gap-numbers").hidden = !line;
  byId("gap-command").textContent = commandFor("gap", [state.top, state.bottom]);
  showGrowth("gap-", "gap-numbers", growth, !state.frontier);
  showNumber("gap-count", line ? gap.count : NaN);
  byId("gap-way").textContent = line ? `${both[0].title} / ${both[1].title} in ${unit}. ${describeWay(gap)}` : "";
  gapChart.draw((size) => gapScene(gap, paletteOf(scheme()), size));
  showPair(gapChart.current);
}

function showGrowth(prefix, list, growth, withInterval) {
  byId(list).classList.toggle("without-interval", !withInterval);
  const ends = withInterval ? growth : undefined;
  showNumber(`${prefix}rate`, growth?.rate, 4, "x");
  showNumber(`${prefix}rate-low`.replace("gap-rate", "gap"), ends?.low);
  showNumber(`${prefix}rate-high`.replace("gap-rate", "gap"), ends?.high);
  byId(`${prefix}doubling-what`).textContent = `Doubling time, years${growth?.doubling < 0 ? " (below zero: halving)" : ""}`;
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

// ---------------------------------------------------------------------------------------------- a device

/** Show a device and its details, or none. */
function showRow(row) {
  if (row !== trendChart.current) trendChart.select(row);
  showDetails("details", row && describeRow(row, shown.answer.counted.includes(row)),
    state.device ? () => { hold(undefined); byId("trend-chart").focus(); } : undefined);
  placeDetails("details", trendChart, row);
}

/** Show what the reader points at, unless a device is held. */
function pointAt(row, { moved = false } = {}) {
  if (moved) placeDetails("details", trendChart, trendChart.current);
  else if (!state.device && row !== trendChart.current) showRow(row);
}

/** Hold a device: it stays, is named in the chart and is part of the link. */
function hold(row) {
  if (!row) search.clear();
  const device = row ? row.name : "";
  // Of several rows of a device the one that is meant.
  if (row !== trendChart.current) trendChart.select(row);
  if (device === state.device) showRow(row);
  else change({ device });
}

function showPair(row, { moved = false } = {}) {
  if (!moved && row !== gapChart.current) gapChart.select(row);
  showDetails("gap-details", row && describePair(row, shown.gap.unit));
  placeDetails("gap-details", gapChart, row);
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
    setOptions(byId("by"), [["", "nothing"], ...groupings(series).map((column) => [column, titleOf(column)])]);
    for (const column of Object.keys(TICKED)) {
      byId(`${column}-choice`).hidden = !series.columns[column];
      setBoxes(column, series.columns[column] ? different(series, column) : []);
    }
  }
  for (const id of ["by", "top", "bottom", "since", "until", "at", "axis"]) byId(id).value = state[id];
  byId("frontier").checked = state.frontier;
  byId("scale").checked = state.scale === "log";
  byId("lines").hidden = !state.by;
  byId(state.within ? "line-within" : "line-each").checked = true;

  const flops = played.find((each) => each.columns.precision);
  const usual = flops ? flops.precision : "";
  const policies = Object.keys(data.precisions).filter((policy) => policy !== usual);
  byId("precision").parentElement.hidden = !flops;
  setOptions(byId("precision"), flops
    ? [["", usual ? policyTitle(usual) : "every row, as plotted"], ...policies.map((policy) => [policy, policyTitle(policy)])] : []);
  byId("precision").value = state.precision;

  const links = played.find((each) => each.columns.scope && each.fitted.scope);
  const scopes = links ? different(links, "scope").filter((scope) => scope !== links.fitted.scope) : [];
  byId("scope").parentElement.hidden = !links;
  setOptions(byId("scope"), links ? [["", links.fitted.scope], ...scopes.map((scope) => [scope, scope])] : []);
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
  for (const id of ["by", "precision", "scope", "axis", "top", "bottom", "since", "until"]) {
    byId(id).addEventListener("change", (event) => change({ [id]: event.target.value }));
  }
  byId("at").addEventListener("change", (event) => change({ at: isYear(event.target.value) ? event.target.value : "" }));
  byId("lines").addEventListener("change", () => change({ within: byId("line-within").checked }));
  byId("scale").addEventListener("change", (event) => change({ scale: event.target.checked ? "log" : "linear" }));
  for (const column of Object.keys(TICKED)) byId(column).addEventListener("change", () => change({ [column]: readBoxes(column) }));
  byId("frontier").addEventListener("change", (event) => change({ frontier: event.target.checked }));
  byId("clear-window").addEventListener("click", () => change({ since: "", until: "" }));
  byId("reset").addEventListener("click", () => { search.clear(); change(START); });
  byId("rows-region").addEventListener("keydown", moveInTable);
  byId("trend").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !trendChart.current) return;
    event.preventDefault();
    hold(undefined);
  });
  listenToSharing();
  window.addEventListener("hashchange", () => { state = readFragment(); render(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  for (const [name, now] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(name, () => { printing = now; render(); });
  }
}

function listenToSharing() {
  byId("copy-link").addEventListener("click", () => {
    writeFragment();
    copy(linkTo(), "Link copied.");
  });
  byId("show-embed").addEventListener("click", () => {
    const box = byId("embed");
    box.hidden = !box.hidden;
    byId("show-embed").setAttribute("aria-expanded", String(!box.hidden));
  });
  byId("copy-embed").addEventListener("click", () => copy(byId("embed-code").value, "Code copied.", byId("embed-code")));
  for (const kind of ["png", "svg"]) {
    byId(`download-${kind}`).addEventListener("click", () => downloadPicture(shown.answer, state.device && trendChart.current, kind));
  }
  byId("download-csv").addEventListener("click", () => {
    download(`${shown.answer.series.name}.csv`, new Blob([rowsAsCsv(shown.answer)], { type: "text/csv;charset=utf-8" }));
    tell(`${shown.answer.counted.length} rows written.`);
  });
}

async function start() {
  // In a frame of another page: the chart alone.
  document.documentElement.classList.toggle("framed", window.parent !== window);
  const onWindow = (days) => change(days ? { since: days[0], until: days[1] } : { since: "", until: "" });
  trendChart = await makeChart("trend", { onSelect: pointAt, onHold: hold, onWindow });
  search = makeSearch({
    rows: () => ({ shown: shown.answer.candidates, all: shown.answer.series.rows }), onChoose: hold,
  });
  listen();
  state = readFragment();
  byId("search").value = state.device;
  render();
  // Below the first screen: the chart above is seen first.
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  gapChart = await makeChart("gap", { onSelect: showPair });
  renderGap(shown.gap);
  document.documentElement.dataset.ready = "true";
}

start();
