// Where a line leads, and how wide an interval must be to have held in the past, as
// memwall_trends.questions.projection, backtest and calibration have it.

/** What the forecasts of the past say, by whole years ahead; `fit` fits the rows that were known, or throws. */
function calibrateLeads(rows, fit, level, series) {
  const forecasts = forecastPast(rows, fit);
  const squares = new Map(); // lead, then New Year: the mean square of the errors
  for (const { lead, origin, errors } of forecasts) {
    if (!squares.has(lead)) squares.set(lead, new Map());
    squares.get(lead).set(origin, mean(errors.map(({ error }) => error ** 2)));
  }
  const calibrations = new Map();
  for (const lead of [...squares.keys()].sort((a, b) => a - b)) {
    const held = [], tested = [];
    for (const { origin, errors } of forecasts.filter((each) => each.lead === lead)) {
      const share = (least) => mean(errors.map(({ error, half }) => (Math.abs(error) <= Math.max(half, least) + EXACT ? 1 : 0)));
      held.push(share(0));
      const width = halfWidth(squares, lead, series, origin);
      if (!Number.isNaN(width)) tested.push(share(width));
    }
    calibrations.set(lead, {
      origins: held.length, rawCoverage: mean(held), halfWidth: halfWidth(squares, lead, series),
      tested: tested.length, coverage: tested.length >= data.fewOrigins ? mean(tested) : NaN,
    });
  }
  return calibrations;
}

/** Of each New Year and year ahead, the errors of what its trend said of what came, and half the interval's width. */
function forecastPast(rows, fit) {
  const { longest, fewObservations, fewYears } = data.backtest;
  const years = rows.map((row) => Number(row.date.slice(0, 4)));
  const forecasts = [];
  for (let origin = Math.min(...years) + 1; origin <= Math.max(...years); origin++) {
    const known = rows.filter((_, i) => years[i] < origin), days = known.map((row) => row.day);
    if (known.length < fewObservations || Math.max(...days) - Math.min(...days) < DAYS_PER_YEAR * fewYears) continue;
    let line;
    try { line = fit(known); } catch (error) { if (error instanceof FitError) continue; throw error; }
    for (let lead = 1; lead <= longest; lead++) {
      const errors = rows.filter((_, i) => years[i] === origin + lead - 1).map((row) => {
        const said = line.newAt(decimalYear(row.day));
        return { error: Math.log10(row.value) - said.log, half: tQuantile(said.freedom, data.quantiles) * Math.sqrt(said.variance) };
      });
      if (errors.length) forecasts.push({ lead, origin, errors });
    }
  }
  return forecasts;
}

/** How far a calibrated interval reaches at least, from what was known at a New Year, or now. */
function halfWidth(squares, lead, series, knownAt = Infinity) {
  let widest = NaN;
  for (let shorter = 1; shorter <= lead; shorter++) {
    const known = [...(squares.get(shorter) || [])].filter(([origin]) => origin + shorter <= knownAt).map(([, square]) => square);
    const width = known.length >= data.fewOrigins ? tQuantile(known.length, series) * Math.sqrt(mean(known)) : NaN;
    if (shorter === lead && Number.isNaN(width)) return NaN;
    if (!(widest >= width) && !Number.isNaN(width)) widest = width;
  }
  return widest;
}

/** A line's value in a year with the usual prediction interval and the calibrated one, and what the past says of both. */
function projectLine(line, calibrations, lastDay, year) {
  const ahead = Math.max(year - decimalYear(lastDay), 0);
  // The end of a year is a day more or less than a whole number of them.
  const lead = Math.ceil(ahead - 1 / 365);
  const { log, variance, freedom } = line.newAt(year);
  const half = tQuantile(freedom, data.quantiles) * Math.sqrt(variance);
  const known = calibrations.get(lead), width = Math.max(half, known ? known.halfWidth : NaN);
  return {
    year, lead, known, value: 10 ** log, low: 10 ** (log - half), high: 10 ** (log + half),
    calibratedLow: 10 ** (log - width), calibratedHigh: 10 ** (log + width),
  };
}

/** In words, what the past says of a projection. */
function describePast({ lead, known }) {
  if (!lead) return "";
  const ahead = `Backtest, ${lead} year${lead > 1 ? "s" : ""} ahead`;
  if (!known) return `${ahead}: farther than the past tells; the interval is untested.`;
  if (known.origins < data.fewOrigins) return `${ahead}: too few New Years (${known.origins}); the interval is untested.`;
  const percent = (share) => `${(100 * share).toFixed(0)}%`;
  const usual = `${ahead}: the usual ${data.levelText} interval held ${percent(known.rawCoverage)} of the devices`;
  return Number.isNaN(known.coverage)
    ? `${usual}; too few New Years (${known.tested}) to say how often the calibrated one would have.`
    : `${usual}, the calibrated one ${percent(known.coverage)}, each time calibrated on what was known before (${known.tested} New Years).`;
}
