// A scene drawn by Vega, the point that the reader is at, and the window if the chart has one.

const PLAIN = { mode: "vega", actions: false, tooltip: false, hover: false, defaultStyle: false };

/** Show a scene in a view; its heading, its source and a background stand alone in a picture only. */
function showScene(view, scene, { alone = false } = {}) {
  const { size, margins, palette } = scene;
  const heading = alone ? wrap(scene.heading, size.width / 10) : [""], lines = alone ? wrap(scene.subheading, size.width / 6.6) : [""];
  const top = alone ? 26 + 22 * heading.length + 17 * lines.length : 12;
  const padding = { left: margins.left, right: Math.min(margins.right, size.width / 2), top, bottom: alone ? 60 : 30 };
  view.padding(padding).width(Math.max(size.width - padding.left - padding.right, 40)).height(size.plotHeight);
  for (const name of ["ink", "muted", "grid", "surface"]) view.signal(name, palette[name]);
  view.signal("dates", scene.dates).signal("values", scene.values).signal("ticks", scene.ticks).signal("tickTexts", scene.tickTexts)
    .signal("heading", heading).signal("subheading", lines).signal("source", alone ? scene.source : "")
    .signal("indent", 10 - padding.left).signal("above", -top).signal("inside", scene.isNarrow);
  view.data("points", scene.points.map(({ row, value, ...mark }, place) => ({ ...mark, place })))
    .data("curves", scene.curves).data("bands", scene.bands).data("labels", scene.labels);
  return padding;
}

function wrap(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1).length + word.length > width && lines.at(-1)) lines.push("");
    lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
  }
  return lines;
}

/** The mark of the point that the reader is at, with its name. */
function showCurrent(view, scene, row) {
  const point = row && scene.points.find((each) => each.row === row);
  const [first, last] = scene.dates;
  view.data("current", point
    ? [{ date: point.date, shown: point.shown, text: row.name, left: (point.date - first) / (last - first) > 0.5 }] : []);
}

/** A picture of a scene, the same on every screen. */
async function drawPicture(scene, row) {
  const { view } = await vegaEmbed(document.createElement("div"), data.charts.trend, { ...PLAIN, renderer: "svg" });
  showScene(view, scene, { alone: true });
  showCurrent(view, scene, row);
  await view.runAsync();
  return view;
}

/**
 * A chart on the page.
 *
 * `onSelect` is told which row the reader points at, `onHold` on which the reader rests; `onWindow` which days a
 * drag covers, or none.
 */
async function makeChart(name, { onSelect, onHold = onSelect, onWindow }) {
  const container = byId(`${name}-chart`), details = container.nextElementSibling;
  const { view } = await vegaEmbed(container.appendChild(element("div")), data.charts[name], { ...PLAIN, renderer: "svg" });
  const chart = { view, rows: [], current: undefined, scene: undefined };
  let quiet = false; // while the page itself moves the window
  let drawnDays = null, build, padding = {};

  /** The size that the page leaves for the chart. */
  const size = () => ({ width: container.clientWidth, plotHeight: Math.max(container.clientHeight - 42, 40) });

  /** Draw what `make` makes of a size, now and whenever the size changes. */
  chart.draw = (make) => {
    build = make;
    chart.scene = make(size());
    chart.rows = chart.scene.points.map(({ row }) => row).sort((a, b) => a.day - b.day || a.value - b.value);
    // The same device where another of its rates counts now; none where it is left out.
    const { current } = chart;
    if (current && !chart.rows.includes(current)) chart.current = chart.rows.find((row) => row.name === current.name);
    quietly(() => {
      padding = showScene(view, chart.scene);
      showCurrent(view, chart.scene, chart.current);
    });
    if (onWindow) setWindow();
  };

  /** Go to a row, or to none. */
  chart.select = (row) => {
    chart.current = row;
    quietly(() => showCurrent(view, chart.scene, row));
  };

  /** Where a row is drawn, in pixels of the container. */
  chart.placeOf = (row) => {
    const point = chart.scene.points.find((each) => each.row === row);
    return point && { x: padding.left + view.scale("x")(point.date), y: padding.top + view.scale("y")(point.shown) };
  };

  function setWindow() {
    const x = view.scale("x"), width = view.signal("width");
    const clamp = (number) => Math.min(Math.max(number, 0), width);
    const ends = state.since || state.until
      ? [state.since ? clamp(x(dayOf(state.since) * MS_PER_DAY)) : 0, state.until ? clamp(x(dayOf(state.until) * MS_PER_DAY)) : width]
      : [0, 0];
    const now = view.signal("window_x") || [0, 0];
    if (sameDays(daysOf(view.signal("window_date")), [state.since, state.until]) && Math.abs(now[0] - ends[0]) + Math.abs(now[1] - ends[1]) < 1) return;
    quietly(() => view.signal("window_x", ends));
    drawnDays = daysOf(view.signal("window_date"));
  }

  function quietly(act) {
    quiet = true;
    act();
    view.run();
    quiet = false;
  }

  /** The row within a finger's width of an event. */
  function nearest(event) {
    const frame = container.getBoundingClientRect();
    let best, least = 14;
    for (const row of chart.rows) {
      const { x, y } = chart.placeOf(row);
      const distance = Math.hypot(x - (event.clientX - frame.left), y - (event.clientY - frame.top));
      if (distance < least) [best, least] = [row, distance];
    }
    return best;
  }

  view.addEventListener("pointermove", (event, item) => {
    const place = item?.datum?.place;
    if (event.buttons === 0 && place !== undefined) onSelect(chart.scene.points[place].row);
  });
  // From the point to its details, whose links can be followed, and away from both.
  for (const each of [container, details]) {
    each.addEventListener("pointerleave", ({ relatedTarget: to }) => {
      if (!container.contains(to) && !details.contains(to)) onSelect(undefined);
    });
  }
  view.addEventListener("click", (event) => {
    const row = nearest(event);
    if (row) onHold(row);
    if (!onWindow || view.signal("window_date")) return;
    // Pressing the button has taken the window away: a click on a point is no wish to.
    if (row) setWindow();
    else onWindow(null);
  });
  container.addEventListener("keydown", (event) => {
    if (event.target !== container || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = chart.rows.indexOf(chart.current), last = chart.rows.length - 1;
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in steps && last >= 0) onHold(chart.rows[Math.min(Math.max(steps[key], 0), last)]);
    else if (onWindow && key === "s" && chart.current) onWindow([chart.current.date, state.until]);
    else if (onWindow && key === "u" && chart.current) onWindow([state.since, chart.current.date]);
    else if (key === "Escape") {
      onHold(undefined);
      if (onWindow) onWindow(null);
    } else return;
    event.preventDefault();
  });
  if (onWindow) {
    view.addEventListener("dblclick", () => onWindow(null));
    view.addSignalListener("window_date", (_, extent) => {
      const days = daysOf(extent);
      // A new width of the page moves the window's pixels, not its days.
      if (quiet || !extent || sameDays(days, drawnDays)) return;
      drawnDays = days;
      view.runAfter(() => onWindow(days));
    });
  }
  let drawnWidth = container.clientWidth;
  new ResizeObserver(() => {
    if (!build || container.clientWidth === drawnWidth) return;
    drawnWidth = container.clientWidth;
    chart.draw(build);
    onSelect(chart.current, { moved: true });
  }).observe(container);
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
