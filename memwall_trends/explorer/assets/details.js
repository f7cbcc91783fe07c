// What is known of a device, beside its point: never of one that is not drawn, nor of a rate that is not.

const DETAILS = [
  "vendor", "kind", "segment", "product_class", "architecture", "sparsity", "engine", "memory", "family", "scope", "note",
];
const BESIDE = 18;

/** Show a title and named parts in an element, or nothing. */
function showDetails(id, described) {
  const box = byId(id);
  box.hidden = !described;
  if (!described) return box.replaceChildren();
  const list = element("dl");
  for (const [name, value] of described.parts) {
    if (value === "" || value === null || value === undefined) continue;
    const cell = element("dd");
    cell.append(value);
    list.append(element("dt", name), cell);
  }
  return box.replaceChildren(element("h3", described.title), list);
}

/** Put the details beside a point of a chart; on a narrow screen they stay below it. */
function placeDetails(id, chart, row) {
  const box = byId(id), container = box.previousElementSibling, place = row && chart.placeOf(row);
  box.classList.toggle("beside", Boolean(place) && container.clientWidth >= NARROW);
  if (!place || !box.classList.contains("beside")) {
    box.style.removeProperty("left");
    box.style.removeProperty("top");
    return;
  }
  const left = place.x > container.clientWidth / 2 ? place.x - BESIDE - box.offsetWidth : place.x + BESIDE;
  const top = Math.min(Math.max(place.y - 30, 4), container.clientHeight - Math.min(box.offsetHeight, container.clientHeight) - 4);
  box.style.left = `${container.offsetLeft + Math.max(left, 0)}px`;
  box.style.top = `${container.offsetTop + Math.max(top, 0)}px`;
}

function describeRow(row, counted) {
  const given = row.locator ? element("span", `${row.locator}${row.evidence ? ` (${row.evidence})` : ""}`) : "";
  return {
    title: row.name,
    parts: [
      ["value", `${formatValue(row.value)} ${row.unit}${row.precision ? `, ${row.precision}` : ""}`], ["date", row.date],
      ["source", sourceElement(row.source)], ["found at", given],
      ...(row.date_source && row.date_source !== row.source ? [["date from", sourceElement(row.date_source)]] : []),
      ...DETAILS.map((column) => [titleOf(column), row[column]]),
      ["counted", counted ? "" : "no: outside the window, no record, or no group that can be fitted"],
      ["yours", row.theirs ? "from a file laid over these data" : ""],
    ],
  };
}

function describePair(row, unit) {
  const side = (half) => {
    const both = element("span", `${formatValue(half.value)} ${half.unit}${half.precision ? ` (${half.precision})` : ""}, `);
    both.append(sourceElement(half.source));
    return both;
  };
  return {
    title: row.name,
    parts: [
      ["ratio", `${formatValue(row.value)} ${unit}`], ["date", row.date], ["vendor", row.vendor],
      ["numerator", side(row.top)], ["denominator", row.bottom ? side(row.bottom) : "its trend on that day"],
    ],
  };
}
