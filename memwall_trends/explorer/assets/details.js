// What is known of a device, beside its point: never of one that is not drawn, nor of a rate that is not.

const WHAT = ["vendor", "kind", "segment", "product_class", "architecture"];
const MORE = ["memory", "family", "scope", "note"];
/** How far the box stands from the point and its name, in pixels. */
const BESIDE = 14, ABOVE = 30;

/** Show a title and named parts in an element, or nothing. */
function showDetails(id, described, onClose) {
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
  const head = element("h3", described.title);
  if (onClose) {
    const button = element("button", "×", { type: "button", "aria-label": "Close the details", class: "close" });
    button.addEventListener("click", onClose);
    head.append(button);
  }
  return box.replaceChildren(head, list);
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
  // Below the point where there is room, so that its name above it can be read; else above both.
  const isBelow = place.y + BESIDE + box.offsetHeight <= container.clientHeight || place.y < container.clientHeight / 2;
  const top = isBelow ? place.y + BESIDE : place.y - ABOVE - box.offsetHeight;
  box.style.left = `${container.offsetLeft + Math.max(left, 0)}px`;
  box.style.top = `${container.offsetTop + top}px`;
}

function describeRow(row, counted) {
  const given = row.locator ? element("span", `${row.locator}${row.evidence ? ` (${row.evidence})` : ""}`) : "";
  return {
    title: row.name,
    parts: [
      ["value", `${formatValue(row.value)} ${row.unit}${describeRateOf(row)}`], ["date", row.date],
      ["source", sourceElement(row.source)], ["found at", given],
      ...(row.date_source && row.date_source !== row.source ? [["date from", sourceElement(row.date_source)]] : []),
      ["what", WHAT.map((column) => row[column]).filter(Boolean).join(", ")], ...MORE.map((column) => [column, row[column]]),
      ["counted", counted ? "" : "no: outside the window, no record, or no group that can be fitted"],
      ["yours", row.theirs ? "from a file laid over these data" : ""],
    ],
  };
}

/** Of a rate, the number format that is plotted. */
const describeRateOf = ({ precision, engine, sparsity }) =>
  (precision ? `, ${[precision, engine, sparsity].filter(Boolean).join(" ")}` : "");

function describePair(row, unit) {
  const side = (half) => {
    const both = element("span", `${formatValue(half.value)} ${half.unit}${describeRateOf(half)}, `);
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
