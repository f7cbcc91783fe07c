// What a chart shows, from an answer: points, curves, labels, axes and texts. Nothing is drawn here.

const SHAPES = ["circle", "triangle-up", "square", "triangle-down", "cross", "triangle-right"];
const LABEL_STEP = 15;
const CURVE_STEPS = 60;
const NARROW = 640;

/** The chart of the series. */
function trendScene(answer, palette, size) {
  const { series, candidates, groups, way, first } = answer;
  const per = first ? first.value : 1, unit = first ? "x" : answer.unit;
  const looks = new Map(groups.map(({ label }, i) => [label, lookOf(i, palette)]));
  const counted = new Set(answer.counted);
  const points = candidates.map((row) => {
    const look = way !== "one" && looks.get(row[state.by]);
    const colour = !counted.has(row) ? palette.faint : look ? look.colour : row.theirs ? palette.theirs : palette.counted;
    return {
      row, value: row.value / per, counted: counted.has(row), theirs: row.theirs, colour,
      shape: look ? look.shape : row.theirs ? "diamond" : "circle",
      label: `${row.name}, ${row.date}: ${formatValue(row.value)} ${row.unit}${row.precision ? ` (${row.precision})` : ""}`,
    };
  });
  const lines = way === "one" ? [oneLine(answer, palette, !state.frontier)] : groups.map((group, i) => groupLine(answer, group, i, palette));
  return layOut({
    points, lines: lines.filter(Boolean), per, unit, size, palette,
    heading: describeFinding(answer), subheading: describePopulation(answer), source: `${describeSource(series)}${data.baseUrl && `, ${data.baseUrl}`}`,
  });
}

function oneLine({ line, growth, rows, projection, series }, palette, withBand) {
  if (!line) return undefined;
  return {
    label: describeRate(growth), colour: palette.ink, width: 2.5, fill: palette.counted,
    from: rows[0].day, to: rows.at(-1).day, at: (year) => line.at(year), withBand, projection,
  };
}

function groupLine(answer, group, place, palette) {
  const { colour } = lookOf(place, palette), labelled = place < palette.groups.length;
  return {
    label: !labelled ? "" : answer.way === "within" ? group.label : `${group.label} ${describeRate(group.growth)}`,
    colour, width: labelled ? 2.25 : 1, from: Math.min(...group.rows.map((row) => row.day)),
    to: Math.max(...group.rows.map((row) => row.day)), at: (year) => ({ log: group.curve(year) }), projection: group.projection,
  };
}

const lookOf = (place, palette) => ({
  colour: palette.groups[place] || palette.muted, shape: SHAPES[place] || "circle",
});

/** The chart of the gap. */
function gapScene(gap, palette, size) {
  const counted = new Set(gap.counted);
  const points = gap.points.map((row) => ({
    row, value: row.value, counted: counted.has(row), theirs: row.theirs,
    colour: !counted.has(row) ? palette.faint : row.theirs ? palette.theirs : palette.counted, shape: row.theirs ? "diamond" : "circle",
    label: `${row.name}, ${row.date}: ${formatValue(row.value)} ${gap.unit}`,
  }));
  const days = gap.counted.map((row) => row.day);
  const [from, to] = gap.span || [Math.min(...days), Math.max(...days)];
  const lines = gap.line ? [{
    label: describeRate(growthOf(gap.line, data.period, data.quantiles)), colour: palette.ink, width: 2.5, fill: palette.counted,
    from, to, at: (year) => gap.line.at(year), withBand: !state.frontier,
  }] : [];
  return layOut({ points, lines, per: 1, unit: gap.unit, size, palette, heading: "", subheading: "", source: "" });
}

/** Give everything its place: heights are logarithms unless the axis is linear. */
function layOut({ points, lines, per, unit, size, palette, heading, subheading, source }) {
  const isLog = state.scale === "log", isNarrow = size.width < NARROW;
  const height = (value) => (isLog ? Math.log10(value) : value);
  const curves = [], bands = [];
  lines.forEach((line, i) => {
    const drawn = drawLine(line, i, per, height);
    curves.push(...drawn.curves);
    bands.push(...drawn.bands);
  });
  const marks = points.map((point) => ({ ...point, date: point.row.day * MS_PER_DAY, shown: height(point.value) }));
  // Those that count on top, the reader's own last.
  marks.sort((a, b) => a.theirs - b.theirs || a.counted - b.counted);
  const times = [...marks, ...curves].map(({ date }) => date / MS_PER_DAY);
  const values = [...marks.map(({ shown }) => shown), ...curves.map(({ fit }) => fit), ...bands.flatMap(({ low, high, ahead }) => (ahead ? [low, high] : []))];
  const [low, high] = isLog ? pad(Math.min(...values), Math.max(...values), 0.05, 0.1) : [0, Math.max(...values) * 1.05 || 1];
  const labels = placeLabels(lines, curves, (value) => (value - low) / (high - low), size.plotHeight);
  const ticks = isLog ? logTicks(low, high) : linearTicks(high);
  const tickTexts = ticks.map((tick) => formatTick(isLog ? 10 ** tick : tick, unit));
  const longest = (texts) => Math.max(0, ...texts.map((text) => text.length));
  return {
    points: marks, curves, bands, labels, ticks, tickTexts, palette, heading, subheading, source, size,
    dates: pad(Math.min(...times), Math.max(...times), 0.02, 100).map((day) => day * MS_PER_DAY),
    values: [low, high],
    // On a narrow screen the texts of the ticks stand on their lines.
    margins: isNarrow ? { left: 8, right: 12 + 6 * longest(labels.map(({ text }) => text)) }
      : { left: 12 + 6.6 * longest(tickTexts), right: 14 + 7.2 * longest(labels.map(({ text }) => text)) },
    isNarrow,
  };
}

function drawLine(line, place, per, height) {
  const curves = [], bands = [], base = { colour: line.colour, width: line.width };
  for (const day of spread(line.from, line.to)) {
    const { log, variance, freedom } = line.at(decimalYear(day));
    const half = line.withBand ? tQuantile(freedom, data.quantiles) * Math.sqrt(variance) : NaN;
    curves.push({ ...base, line: place, group: `${place}`, ahead: false, date: day * MS_PER_DAY, fit: height(10 ** log / per) });
    if (line.withBand) {
      bands.push({ group: `${place}`, colour: line.fill, date: day * MS_PER_DAY, low: height(10 ** (log - half) / per), high: height(10 ** (log + half) / per) });
    }
  }
  const { projection } = line;
  if (projection && projection.year > decimalYear(projection.lastDay)) {
    const last = (projection.year - 1970) * DAYS_PER_YEAR;
    for (const day of spread(line.to, last)) {
      const year = decimalYear(day);
      curves.push({ ...base, line: place, group: `${place} ahead`, ahead: true, date: day * MS_PER_DAY, fit: height(10 ** line.at(year).log / per) });
      if (!line.withBand || day <= projection.lastDay) continue;
      const said = projection.in(year), ends = Number.isNaN(said.calibratedLow) ? [said.low, said.high] : [said.calibratedLow, said.calibratedHigh];
      bands.push({ group: `${place} ahead`, ahead: true, colour: line.colour, date: day * MS_PER_DAY, low: height(ends[0] / per), high: height(ends[1] / per) });
    }
  }
  return { curves, bands };
}

const spread = (from, to) => Array.from({ length: CURVE_STEPS + 1 }, (_, i) => from + (i / CURVE_STEPS) * (to - from));

/** Labels at the ends of the lines, moved apart where they would overlap. */
function placeLabels(lines, curves, share, plotHeight) {
  const labels = lines.map((line, place) => ({ text: line.label, colour: line.colour, end: curves.filter((each) => each.line === place).at(-1) }))
    .filter(({ text, end }) => text && end).map(({ text, colour, end }) => ({ text, colour, date: end.date, y: plotHeight * (1 - share(end.fit)) }));
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + LABEL_STEP);
  for (let i = labels.length - 1, most = plotHeight - 2; i >= 0; i--, most -= LABEL_STEP) {
    if (labels[i].y <= most) break;
    labels[i].y = most;
  }
  return labels;
}

function pad(low, high, share, least) {
  if (!Number.isFinite(low + high)) return [0, least];
  const more = Math.max((high - low) * share, least);
  return [low - more, high + more];
}

/** Powers of ten, or 1, 2 and 5 times them where there are few, as logarithms. */
function logTicks(low, high) {
  const step = Math.ceil((high - low) / 8), ticks = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const factor of high - low < 2.5 ? [1, 2, 5] : [1]) {
      const log = power + Math.log10(factor);
      if (log >= low && log <= high && power % step === 0) ticks.push(log);
    }
  }
  return ticks;
}

function linearTicks(high) {
  const power = 10 ** Math.floor(Math.log10(high / 3)), step = [5, 2, 1].find((factor) => high / (factor * power) >= 3) * power;
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step);
}
