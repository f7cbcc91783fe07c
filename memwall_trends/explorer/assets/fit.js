"use strict";
// Lines, their errors and what they say of growth, as memwall_trends.fitting has them. Arrays in, numbers out.

const DAYS_PER_YEAR = 365.25;
const decimalYear = (day) => day / DAYS_PER_YEAR + 1970;
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
/** Log10 units: residuals below are rounding errors. */
const EXACT = 1e-9;
/** Relative to numbers of order 1: below, what should be zero. */
const SINGULAR = 1e-10;

/** What cannot be fitted, and why. */
class FitError extends Error {}

/** Student's two-sided t quantile: the exponential of a Chebyshev series in 1/df, by Clenshaw's recurrence. */
function tQuantile(freedom, series) {
  const x = 2 / freedom - 1;
  let last = 0, beforeLast = 0;
  for (let k = series.length - 1; k > 0; k--) {
    [last, beforeLast] = [2 * x * last - beforeLast + series[k], last];
  }
  return Math.exp(x * last - beforeLast + series[0]);
}

/**
 * Least squares of log10(value) on the decimal year, of rows with a day (since 1970) and a value.
 *
 * `within` names a column each of whose values has a level of its own; `cluster` a column whose values share an
 * error, by which the standard error goes (CR2), else it is the classical one.
 */
function fitLine(rows, { within = "", cluster = "" } = {}) {
  const line = solveLine(rows, within && !isExact(rows) ? codesOf(rows, within) : rows.map(() => 0));
  const sure = cluster && !isExact(rows) ? errorsByCluster(line, codesOf(rows, cluster)) : classicalErrors(line);
  return {
    ...line, ...sure,
    slopeError: Math.sqrt(sure.slopeVariance),
    /** The mean of log10(value) in a year, with its variance. */
    at: (year) => {
      const away = year - line.origin;
      const variance = sure.interceptVariance + 2 * sure.covariance * away + sure.slopeVariance * away ** 2;
      return { log: line.intercept + line.slope * away, variance, freedom: sure.freedom };
    },
    /** The same of one new observation. */
    newAt(year) {
      const { log, variance } = this.at(year);
      const freedom = sure.freedom === line.residualFreedom ? sure.freedom
        : welchSatterthwaite(variance, sure.freedom, line.residualVariance, line.residualFreedom);
      return { log, variance: variance + line.residualVariance, freedom };
    },
  };
}

const isExact = (rows) => solveLine(rows, rows.map(() => 0)).residuals.every((each) => Math.abs(each) < EXACT);

/** The class of each row as 0, 1, ...; a row whose cell is empty is a class of its own. */
function codesOf(rows, column) {
  const known = new Map();
  return rows.map((row, i) => {
    const label = row[column] ? `=${row[column]}` : i;
    if (!known.has(label)) known.set(label, known.size);
    return known.get(label);
  });
}

function solveLine(rows, classes) {
  const count = rows.length;
  const years = rows.map((row) => decimalYear(row.day)), logs = rows.map((row) => Math.log10(row.value));
  const sizes = sumByClass(classes, years.map(() => 1));
  const yearMeans = sumByClass(classes, years).map((total, j) => total / sizes[j]);
  const logMeans = sumByClass(classes, logs).map((total, j) => total / sizes[j]);
  const aways = years.map((year, i) => year - yearMeans[classes[i]]);
  const squares = sum(aways.map((away) => away ** 2));
  if (squares < EXACT) throw new FitError("Within each group all observations are of one date, so that none shows growth.");
  // Values that are all the same: no rounding error may make the line rise.
  const flat = logs.every((log) => log === logs[0]);
  const slope = flat ? 0 : sum(aways.map((away, i) => away * (logs[i] - logMeans[classes[i]]))) / squares;
  const residuals = logs.map((log, i) => (flat ? 0 : log - logMeans[classes[i]] - slope * aways[i]));
  const rest = sum(residuals.map((each) => each ** 2));
  const origin = mean(years), intercept = flat ? logs[0] : mean(logs);
  const residualFreedom = count - sizes.length - 1;
  return {
    slope, intercept, origin, count, classes, sizes, aways, squares, residuals, residualFreedom,
    residualVariance: rest / residualFreedom,
    rSquared: flat ? NaN : 1 - rest / sum(logs.map((log) => (log - intercept) ** 2)),
    /** By how much each class lies above the average line, log10 units. */
    effects: logMeans.map((level, j) => level - slope * (yearMeans[j] - origin) - intercept),
  };
}

function sumByClass(classes, numbers) {
  const sums = Array(Math.max(...classes) + 1).fill(0);
  numbers.forEach((number, i) => { sums[classes[i]] += number; });
  return sums;
}

const classicalErrors = ({ residualVariance, squares, count, residualFreedom }) => ({
  slopeVariance: residualVariance / squares, interceptVariance: residualVariance / count, covariance: 0,
  freedom: residualFreedom, clusters: 0,
});

/**
 * Variances by cluster less their bias, with Satterthwaite's degrees of freedom (CR2; Pustejovsky and Tipton 2018,
 * doi:10.1080/07350015.2016.1247004), as memwall_trends.fitting.clusters.cr2 has them.
 *
 * The orthogonal columns U are the indicators of the classes over the root of their sizes, and the years about
 * the mean of their class over the root of `squares`. All that is needed of a cluster's rows U_g and residuals
 * e_g is U_g'U_g and U_g'e_g: with R = (I - U_g'U_g)^(-1/2), its scores are R U_g'e_g.
 */
function errorsByCluster(line, codes) {
  const { classes, sizes, aways, squares, residuals, count } = line;
  if (count <= sizes.length + 1) {
    throw new FitError(`${sizes.length + 1} coefficients need more observations than that to have an error; got ${count}.`);
  }
  const clusters = [];
  codes.forEach((code, i) => { (clusters[code] ??= []).push(i); });
  let slopeVariance = 0, interceptVariance = 0, covariance = 0, trace = 0, diagonal = 0;
  const crossed = new Map(); // of the G x G matrix of Satterthwaite, its part in the columns of U
  for (const members of clusters) {
    // The classes that the cluster has rows of, then the years: the other columns of U_g are zero.
    const own = [...new Set(members.map((i) => classes[i]))], last = own.length;
    const gram = Array.from({ length: last + 1 }, () => Array(last + 1).fill(0));
    const pull = Array(last + 1).fill(0);
    for (const i of members) {
      const place = own.indexOf(classes[i]);
      const cells = [[place, 1 / Math.sqrt(sizes[classes[i]])], [last, aways[i] / Math.sqrt(squares)]];
      for (const [row, left] of cells) {
        pull[row] += left * residuals[i];
        for (const [column, right] of cells) gram[row][column] += left * right;
      }
    }
    const root = inverseRoot(gram.map((row, i) => row.map((cell, j) => (i === j ? 1 : 0) - cell)));
    const scores = root.map((row) => sum(row.map((cell, j) => cell * pull[j])));
    const onSlope = scores[last] / Math.sqrt(squares);
    const onIntercept = sum(own.map((each, place) => Math.sqrt(sizes[each]) * scores[place])) / count;
    slopeVariance += onSlope ** 2;
    interceptVariance += onIntercept ** 2;
    covariance += onSlope * onIntercept;

    const towards = root.map((row) => row[last]);
    const plain = gram.map((row) => sum(row.map((cell, j) => cell * towards[j])));
    const alone = sum(plain.map((cell, j) => cell * towards[j]));
    const shared = sum(plain.map((cell) => cell ** 2));
    trace += alone - shared;
    diagonal += alone ** 2 - 2 * alone * shared;
    const columns = [...own, sizes.length];
    plain.forEach((left, i) => plain.forEach((right, j) => {
      const cell = columns[i] * (sizes.length + 1) + columns[j];
      crossed.set(cell, (crossed.get(cell) || 0) + left * right);
    }));
  }
  if (trace <= SINGULAR) {
    throw new FitError("No more than one cluster of devices tells of the slope, so that its error cannot be estimated.");
  }
  const freedom = trace ** 2 / (diagonal + sum([...crossed.values()].map((cell) => cell ** 2)));
  return { slopeVariance, interceptVariance, covariance, freedom, clusters: clusters.length };
}

/** The symmetric inverse root of a matrix, of what is singular in it the pseudo-inverse. */
function inverseRoot(matrix) {
  const { values, vectors } = diagonalize(matrix);
  const roots = values.map((value) => (value > SINGULAR ? value ** -0.5 : 0));
  return vectors.map((left) => vectors.map((right) => sum(roots.map((root, k) => left[k] * root * right[k]))));
}

/** Eigenvalues and, in columns, eigenvectors of a small symmetric matrix, by Jacobi's rotations. */
function diagonalize(matrix) {
  const size = matrix.length, a = matrix.map((row) => [...row]);
  const vectors = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 50; sweep++) {
    let beside = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) beside += a[p][q] ** 2;
    if (beside < 1e-32) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) {
      if (a[p][q] === 0) continue;
      const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
      const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
      const cosine = 1 / Math.hypot(tangent, 1), sine = tangent * cosine;
      for (let k = 0; k < size; k++) rotate(a[k], p, q, cosine, sine);
      for (let k = 0; k < size; k++) {
        [a[p][k], a[q][k]] = [cosine * a[p][k] - sine * a[q][k], sine * a[p][k] + cosine * a[q][k]];
        rotate(vectors[k], p, q, cosine, sine);
      }
    }
  }
  return { values: a.map((row, i) => row[i]), vectors };
}

function rotate(row, p, q, cosine, sine) {
  [row[p], row[q]] = [cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]];
}

/** The column of what shares an error, as memwall_trends.fitting.methods.find_cluster finds it; none where none is known. */
function findCluster(rows, { manyVendors }) {
  if (!rows.some((row) => row.architecture) || new Set(codesOf(rows, "architecture")).size < 2) return "";
  return new Set(rows.map((row) => row.vendor)).size >= manyVendors ? "vendor" : "architecture";
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
