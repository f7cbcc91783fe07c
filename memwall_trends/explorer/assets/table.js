// Tables: the rows that count, in any order, and the groups with their rates.

const TABLE_COLUMNS = ["vendor", "kind", "segment", "precision", "memory", "family"];
let order = { column: "date", descending: false };
let tabled = { key: "", lines: [] };

/** The rows of an answer; `onPoint` and `onHold` are told which one the reader is at. */
function showRows(answer, { onPoint, onHold }) {
  const { series, candidates } = answer;
  // Which lines there are does not go by the window, so that a drag builds none.
  const { where, precision } = choiceFor(series), key = JSON.stringify([state.dataset, series.name, where, precision, order]);
  const columns = ["name", "date", "value", ...TABLE_COLUMNS.filter((column) => series.columns[column]), "source"];
  if (key !== tabled.key) {
    const lines = sortRows(candidates).map((row) => [row, rowElement(row, columns, { onPoint, onHold })]);
    byId("rows-head").replaceChildren(...columns.map((column) => headElement(column, answer)));
    byId("rows-body").replaceChildren(...lines.map(([, line]) => line));
    tabled = { key, lines };
  }
  const counted = new Set(answer.counted);
  for (const [row, line] of tabled.lines) line.hidden = !counted.has(row);
  byId("rows-caption").textContent = `${series.title}: ${counted.size} of ${series.rows.length} rows. ` +
    "Up and down arrow go from row to row.";
}

function sortRows(rows) {
  const { column, descending } = order, way = descending ? -1 : 1;
  const text = (row) => (column === "source" ? (data.sources[row.source] || [row.source])[0] : String(row[column] ?? ""));
  return [...rows].sort((a, b) => way * (column === "value" ? a.value - b.value : text(a).localeCompare(text(b), "en", { numeric: true })) || a.day - b.day);
}

/** A column's head: a button that sorts by it. */
function headElement(column, { unit }) {
  const isOrder = order.column === column;
  const head = element("th", undefined, { scope: "col", class: column === "value" ? "number" : "" });
  if (isOrder) head.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
  const title = { name: "Device", value: `Value, ${unit}` }[column] || capitalise(titleOf(column));
  const button = element("button", title, { type: "button", "data-column": column });
  button.append(element("span", isOrder ? (order.descending ? "▼" : "▲") : "", { "aria-hidden": "true" }));
  button.addEventListener("click", () => {
    // Numbers and dates are asked for from the top.
    const first = column === "value";
    order = { column, descending: isOrder ? !order.descending : first };
    render();
    document.querySelector(`#rows-head button[data-column="${column}"]`).focus();
  });
  head.append(button);
  return head;
}

function rowElement(row, columns, { onPoint, onHold }) {
  const line = element("tr", undefined, { tabindex: "-1", class: row.theirs ? "theirs" : "" });
  for (const column of columns) {
    if (column === "name") line.append(element("th", row.theirs ? `${row.name} (yours)` : row.name, { scope: "row" }));
    else if (column === "value") line.append(element("td", formatValue(row.value), { class: "number" }));
    else if (column === "source") {
      const cell = element("td");
      cell.append(sourceElement(row.source));
      line.append(cell);
    } else line.append(element("td", row[column] ?? "", { class: column === "date" ? "date" : "" }));
  }
  line.addEventListener("pointerenter", () => onPoint(row));
  line.addEventListener("focusin", () => onHold(row));
  return line;
}

function moveInTable(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const lines = tabled.lines.map(([, line]) => line).filter((line) => !line.hidden);
  const at = lines.indexOf(document.activeElement.closest("tbody tr"));
  const next = lines[at < 0 ? 0 : at + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** The groups of an answer, with their rates or how far they lie above the average line. */
function showGroups(answer, palette) {
  const { groups, way, leftOut, unit } = answer;
  byId("groups-region").hidden = way === "one" || !groups.length;
  byId("left-out").hidden = !leftOut.length;
  byId("left-out").textContent = leftOut.length ? `Too few dates for a line: ${leftOut.map(({ label }) => label).join(", ")}.` : "";
  if (way === "one") return;
  const each = way === "by";
  const ahead = each && groups.some(({ projection }) => projection);
  byId("groups-caption").textContent = each
    ? `One line a ${titleOf(state.by)}: growth factor per ${data.periodText}${groups.length > palette.groups.length
      ? `; the ${palette.groups.length} of most rows have colours` : ""}`
    : `One slope, a level a ${titleOf(state.by)}: how far each lies above the average line`;
  const heads = each ? ["Rate", ...(state.frontier ? [] : [`${data.levelText} interval`]), "Doubles in",
    ...(ahead ? [`In ${state.at}, ${unit}`] : [])] : ["Level"];
  byId("groups-head").replaceChildren(...[[capitalise(titleOf(state.by)), ""], ["n", "number"], ["From", ""], ["To", ""], ...heads.map((head) => [head, "number"])]
    .map(([text, kind]) => element("th", text, { scope: "col", class: kind })));
  byId("groups-body").replaceChildren(...groups.map((group, i) => groupElement(group, lookOf(i, palette), { each, ahead })));
}

function groupElement({ label, rows, growth, effect, projection }, look, { each, ahead }) {
  const line = element("tr"), name = element("th", undefined, { scope: "row" });
  const days = rows.map((row) => row.day);
  name.append(shapeElement(look), label);
  line.append(name);
  const add = (text, number) => {
    const cell = element("td", text, { class: "number" });
    if (number !== undefined) cell.dataset.value = String(number);
    line.append(cell);
  };
  add(String(rows.length));
  for (const day of [Math.min(...days), Math.max(...days)]) line.append(element("td", dateOf(day).slice(0, 7), { class: "date" }));
  if (!each) add(`${formatNumber(effect, 3)}x`, effect);
  else {
    add(`${formatNumber(growth.rate)}x`, growth.rate);
    if (!state.frontier) add(describeEnds(growth), growth.low);
    add(describeDoubling(growth), growth.doubling);
  }
  if (ahead) add(describeProjected(projection), projection.value);
  return line;
}

function describeProjected({ value, low, high, calibratedLow, calibratedHigh }) {
  const ends = Number.isNaN(calibratedLow) ? [low, high] : [calibratedLow, calibratedHigh];
  return formatNumber(value, 3) + (low === undefined ? "" : ` (${ends.map((end) => formatNumber(end, 3)).join(" to ")})`);
}

const OUTLINES = {
  circle: "M6 1a5 5 0 1 0 .01 0z", "triangle-up": "M6 1l5 9H1z", square: "M2 2h8v8H2z", "triangle-down": "M6 11L1 2h10z",
  cross: "M4.5 1h3v3.5H11v3H7.500V11h-3V7.500H1v-3h3.500z", "triangle-right": "M11 6L2 11V1z",
};

function shapeElement({ colour, shape }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
  for (const [name, value] of Object.entries({ viewBox: "0 0 12 12", class: "shape", "aria-hidden": "true" })) svg.setAttribute(name, value);
  path.setAttribute("d", OUTLINES[shape]);
  path.setAttribute("fill", colour);
  return svg;
}
