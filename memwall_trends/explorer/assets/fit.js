"use strict";
// The statistics of the page, as memwall_trends.selection, trends and gap have them. Arrays in, numbers out.

const DAYS_PER_YEAR = 365.25;
const decimalYear = (day) => day / DAYS_PER_YEAR + 1970;

/** Student's two-sided t quantile: the exponential of a Chebyshev series in 1/df, by Clenshaw's recurrence. */
function tQuantile(freedom, series) {
  const x = 2 / freedom - 1;
  let last = 0, beforeLast = 0;
  for (let k = series.length - 1; k > 0; k--) {
    [last, beforeLast] = [2 * x * last - beforeLast + series[k], last];
  }
  return Math.exp(x * last - beforeLast + series[0]);
}

/** Least squares of log10(value) on the decimal year, of rows with a day (since 1970) and a value. */
function fitLine(rows) {
  const count = rows.length;
  const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / count;
  const years = rows.map((row) => decimalYear(row.day));
  const logs = rows.map((row) => Math.log10(row.value));
  const origin = mean(years), intercept = mean(logs);
  let squares = 0, products = 0, total = 0;
  years.forEach((year, i) => {
    squares += (year - origin) ** 2;
    products += (year - origin) * (logs[i] - intercept);
    total += (logs[i] - intercept) ** 2;
  });
  // Values that are all the same: no rounding error may make the line rise.
  const flat = logs.every((log) => log === logs[0]);
  const slope = flat ? 0 : products / squares;
  let rest = 0;
  years.forEach((year, i) => { rest += (logs[i] - intercept - slope * (year - origin)) ** 2; });
  const residualVariance = flat ? 0 : rest / (count - 2);
  const line = {
    slope, intercept, origin, count,
    slopeError: Math.sqrt(residualVariance / squares),
    freedom: count - 2,
    rSquared: flat ? NaN : 1 - rest / total,
  };
  line.at = (year) => ({
    log: intercept + slope * (year - origin),
    variance: residualVariance / count + (line.slopeError * (year - origin)) ** 2,
    freedom: line.freedom,
  });
  return line;
}

/** The ratio of two lines of independent samples; degrees of freedom after Welch and Satterthwaite. */
function ratioOfLines(top, bottom) {
  return {
    slope: top.slope - bottom.slope,
    slopeError: Math.hypot(top.slopeError, bottom.slopeError),
    freedom: welchSatterthwaite(top.slopeError ** 2, top.freedom, bottom.slopeError ** 2, bottom.freedom),
    at: (year) => {
      const above = top.at(year), below = bottom.at(year);
      return {
        log: above.log - below.log,
        variance: above.variance + below.variance,
        freedom: welchSatterthwaite(above.variance, above.freedom, below.variance, below.freedom),
      };
    },
  };
}

function welchSatterthwaite(first, firstFreedom, second, secondFreedom) {
  if (first + second === 0) return Math.min(firstFreedom, secondFreedom);
  const share = first / (first + second);
  return 1 / (share ** 2 / firstFreedom + (1 - share) ** 2 / secondFreedom);
}

/** What a slope says: growth factor per period and doubling time in years, each with its interval. */
function growthOf(line, period, series) {
  const half = tQuantile(line.freedom, series) * line.slopeError;
  const [low, high] = [line.slope - half, line.slope + half];
  const double = Math.log10(2);
  let doubling = [double / (high > 0 ? high : 0), Infinity];
  if (low > 0 || high < 0) doubling = [double / high, double / low];
  else if (line.slope < 0) doubling = [-Infinity, double / low];
  return {
    rate: 10 ** (line.slope * period),
    low: 10 ** (low * period),
    high: 10 ** (high * period),
    doubling: line.slope ? double / line.slope : Infinity,
    doublingLow: doubling[0],
    doublingHigh: doubling[1],
    // Where the slope may be zero, the least years of the other branch: to halve, or to double.
    other: low < 0 && high > 0 ? double / (line.slope < 0 ? high : -low) : NaN,
  };
}

/** The rows of a series that a choice leaves, and of those the ones that count: records, then the window. */
function chooseRows(series, choice, precisions) {
  const conditions = mergeWhere(series.fitted, choice.where);
  let rows = series.rows.filter((row) => matches(row, conditions));
  const policy = choice.precision || series.precision;
  if (policy) rows = bestOfEachDevice(rows, precisions[policy], new Set(series.unrated[policy] || []));
  const eligible = choice.frontier ? recordsOf(rows) : rows;
  return { candidates: rows, eligible, counted: eligible.filter((row) => isWithin(row, choice)) };
}

function mergeWhere(usual, where) {
  const named = new Set(Object.keys(where).map((column) => column.replace(/!$/, "")));
  const kept = Object.entries(usual).filter(([column]) => !named.has(column.replace(/!$/, "")));
  return [...kept, ...Object.entries(where)].map(([column, wanted]) => [column, [].concat(wanted)]);
}

function matches(row, conditions) {
  return conditions.every(([column, wanted]) =>
    column.endsWith("!") ? !wanted.includes(row[column.slice(0, -1)]) : wanted.includes(row[column]));
}

/** The best dense rate of each device in these formats, of equal rates the narrowest; none of a device whose
    rate in them is not known. */
function bestOfEachDevice(rows, formats, unrated) {
  const best = new Map();
  for (const row of rows) {
    if (row.sparsity !== "dense" || !formats.includes(row.precision) || unrated.has(row.name)) continue;
    const other = best.get(row.name);
    const narrower = other && row.value === other.value && data.bits[row.precision] < data.bits[other.precision];
    if (!other || row.value > other.value || narrower) best.set(row.name, row);
  }
  const chosen = new Set(best.values());
  return rows.filter((row) => chosen.has(row));
}

/** The rows that exceeded all earlier ones when they came out; of one day, the best. */
function recordsOf(rows) {
  const records = new Set();
  let highest = 0;
  for (const row of [...rows].sort((a, b) => a.day - b.day || b.value - a.value)) {
    if (row.value > highest) records.add(row);
    highest = Math.max(highest, row.value);
  }
  return rows.filter((row) => records.has(row));
}

const isWithin = (row, { since, until }) => (!since || row.date >= since) && (!until || row.date <= until);

/** The devices among the rows of both, with the ratio of their highest values, at the date of the first. */
function pairDevices(above, below) {
  const highest = (rows) => {
    const best = new Map();
    for (const row of rows) {
      if (!best.has(row.name) || row.value >= best.get(row.name).value) best.set(row.name, row);
    }
    return best;
  };
  const bottom = highest(below);
  return [...highest(above).values()].filter((row) => bottom.has(row.name))
    .map((row) => ({ ...row, value: row.value / bottom.get(row.name).value, top: row, bottom: bottom.get(row.name) }));
}

const countDates = (rows) => new Set(rows.map((row) => row.day)).size;
