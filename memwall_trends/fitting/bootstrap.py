"""The bootstrap of a line: by device or by vendor, with the records set anew where only records count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.fitting.bounds import check_draws, seeded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from memwall_trends.fitting.bounds import Bounds
    from memwall_trends.fitting.estimators import Estimator
    from memwall_trends.fitting.least_squares import Codes, Floats

INTERVALS = {"percentile": "percentile", "bca": "BCa"}
"""Bootstrap intervals by the name that the user gives, and as scipy calls them."""
FEW_GROUPS = 5
FEW_DATES = 3
MOST_WITHOUT_LINE = 0.01
LEAST_DRAWS = 2
"""One draw has no spread."""
CHUNK = 1 << 16
"""Draws held in memory at once: as many as stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What is resampled, ordered by year, and within a day the highest value first; the lowest, of lows.

    Attributes
    ----------
    years, log10_values : ndarray of float, shape (n,)
    groups : ndarray of int, shape (n,)
        0 to G - 1: what is drawn together. Each observation is its own group where devices are drawn.
    counted : ndarray of bool, shape (n,)
        Which observations a line is fitted to, if they are drawn.
    weights : ndarray of float, shape (n,)
        How much each of them counts.
    frontier : bool
        Whether only those count that exceed all that were drawn before them.
    record : str
        Whether a record is ``high`` or ``low``.
    within : ndarray of int, shape (n,), optional
        Classes, 0 to m - 1, each with an intercept of its own.
    """

    years: Floats
    log10_values: Floats
    groups: NDArray[np.int64]
    counted: NDArray[np.bool_]
    weights: Floats
    frontier: bool = False
    record: str = "high"
    within: Codes | None = None


def bootstrap_lines(
    sample: Sample,
    *,
    origin: float,
    divisor: Sample | None = None,
    interval: str = "percentile",
    draws: int = defaults.DRAWS,
    seed: int = defaults.SEED,
    estimator: Estimator | None = None,
) -> tuple[Floats, Bounds]:
    """Return the lines of resamples and, from them, the interval of the slope.

    Parameters
    ----------
    sample : Sample
    origin : float
        Decimal year at which the intercept is taken.
    divisor : Sample, optional
        Drawn along with the first, by the same groups: its lines are taken off, for the ratio of the two.
    interval : str
        ``percentile``, or ``bca``: corrected for bias and skewness (Efron 1987,
        doi:10.1080/01621459.1987.10478410).
    draws : int
        Number of resamples.
    seed : int
        Of the random draws.
    estimator : callable, optional
        Fits each resample; by default weighted least squares, for all resamples at once.

    Returns
    -------
    lines : ndarray of float, shape (2, draws)
        Intercepts at `origin`, and slopes. Resamples without a line, one in a hundred at most, are left out.
    bounds : callable
        From the level of an interval to the ends of the slope's, as ``scipy.stats.bootstrap`` has them; an
        error where the draws are too few for the level.

    Raises
    ------
    MemwallError
        If there are too few groups or draws, too many resamples have no line, or the seed is none.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> years = np.sort(random.uniform(2000, 2020, 80))
    >>> values = 0.24 * years + random.normal(0, 0.3, 80)
    >>> sample = Sample(years, values, np.arange(80), np.ones(80, bool), np.ones(80))
    >>> lines, bounds = bootstrap_lines(sample, origin=2010.0, seed=1)
    >>> lines.shape, [round(bound, 3) for bound in bounds(0.95)]
    ((2, 2000), [0.225, 0.245])
    """
    if interval not in INTERVALS:
        raise unknown("interval", interval, INTERVALS)
    if draws < LEAST_DRAWS:
        raise MemwallError(
            f"a bootstrap needs at least {LEAST_DRAWS} draws, better {defaults.DRAWS}; got {draws}"
        )
    samples = [sample] if divisor is None else [sample, divisor]
    n_groups = int(max(each.groups.max() for each in samples)) + 1
    if n_groups < FEW_GROUPS:
        raise MemwallError(
            f"a bootstrap needs at least {FEW_GROUPS} devices or vendors to draw from; got {n_groups}"
        )
    parts = [_Resampled.of(each, n_groups, origin, estimator) for each in samples]
    random, size = seeded(seed), max(CHUNK // n_groups, 1)
    chunks = [
        _lines(
            parts, _count(random.integers(0, n_groups, (min(size, draws - start), n_groups), dtype=np.int32))
        )
        for start in range(0, draws, size)
    ]
    drawn = np.concatenate(chunks, axis=1)
    without_line = np.isnan(drawn[1])
    if without_line.mean() > MOST_WITHOUT_LINE:
        raise MemwallError(
            f"{without_line.sum()} of {draws} resamples have too few dates for a line: there are too few "
            "observations for a bootstrap"
        )
    lines = drawn[:, ~without_line]

    def bounds(level: float) -> tuple[float, float]:
        check_draws(draws, level)
        ends = np.array([(1 - level) / 2, (1 + level) / 2])
        if interval == "bca":
            slope = _lines(parts, np.ones((1, n_groups)))[1, 0]
            first, *rest = [part.without_each()[1] for part in parts]
            ends = _correct(ends, lines[1], slope, first - rest[0] if rest else first)
        low, high = np.quantile(lines[1], ends)
        return float(low), float(high)

    return lines, bounds


def fit_lines(weights: Floats, years: Floats, log10_values: Floats, within: Codes | None = None) -> Floats:
    """Return many weighted least-squares lines through the same observations.

    Parameters
    ----------
    weights : ndarray of float, shape (m, n)
        How much each of n observations counts in each of m lines.
    years, log10_values : ndarray of float, shape (n,)
        The years, best as differences from one amid them.
    within : ndarray of int, shape (n,), optional
        Classes, each with an intercept of its own; the intercept is then that of the average observation.

    Returns
    -------
    ndarray of float, shape (2, m)
        Intercepts and slopes; not a number where a line has a single date.

    Examples
    --------
    >>> years, values = np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 5.0])
    >>> fit_lines(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 0]]), years, values)
    array([[ 1.,  1., nan],
           [ 1.,  4., nan]])
    """
    return _solve(weights @ _columns(years, log10_values, within))


def _columns(years: Floats, log10_values: Floats, within: Codes | None) -> Floats:
    """Return for each observation what a line is made of when summed, in the columns of its class."""
    classes = np.zeros(len(years), dtype=np.int64) if within is None else within
    member = (classes[:, np.newaxis] == np.arange(classes.max() + 1)).astype(float)
    terms = (np.ones_like(years), years, log10_values, years**2, years * log10_values)
    return np.concatenate([member * term[:, np.newaxis] for term in terms], axis=1)


def _solve(sums: Floats) -> Floats:
    """Return the lines of weighted sums of `_columns`, shape (m, columns)."""
    counts, *others = np.split(sums, 5, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = counts / counts.sum(axis=1, keepdims=True)
        # A class that is empty has no mean, and no share.
        mean_years, mean_values, squares, products = (np.nan_to_num(each / counts) for each in others)
        spread = (shares * (squares - mean_years**2)).sum(axis=1)
        common = (shares * (products - mean_years * mean_values)).sum(axis=1)
        mean_year, mean_value = (shares * mean_years).sum(axis=1), (shares * mean_values).sum(axis=1)
        # A single date leaves a rounding error of a spread.
        slopes = np.where(spread > 1e-9 * (1 + mean_year**2), common / spread, np.nan)
        return np.stack([mean_value - slopes * mean_year, slopes])


@dataclass(frozen=True, eq=False)
class _Resampled:
    """A sample, and what each of its groups adds to the sums that lines are made of.

    Attributes
    ----------
    columns : ndarray of float, shape (n, columns)
        Of the observations.
    by_group : ndarray of float, shape (G, columns)
    """

    sample: Sample
    n_groups: int
    origin: float
    estimator: Estimator | None
    columns: Floats
    by_group: Floats

    @classmethod
    def of(cls, sample: Sample, n_groups: int, origin: float, estimator: Estimator | None) -> _Resampled:
        columns = _columns(sample.years - origin, sample.log10_values, sample.within)
        by_group = np.zeros((n_groups, columns.shape[1]))
        np.add.at(by_group, sample.groups, columns * (sample.counted * sample.weights)[:, np.newaxis])
        return cls(sample, n_groups, origin, estimator, columns, by_group)

    def fit(self, times: Floats) -> Floats:
        """Return the lines of resamples in which each group is so many times, shape (2, resamples)."""
        if self.estimator is not None:
            return _fit_each(self.sample, _weights(self.sample, times), self.origin, self.estimator)
        if self.sample.frontier:
            return _solve(_weights(self.sample, times) @ self.columns)
        # Without records, what a group adds is the same in each resample.
        return _solve(times @ self.by_group)

    def without_each(self) -> Floats:
        """Return the lines without each of the groups, one after another, shape (2, G)."""
        if self.estimator is None and not self.sample.frontier:
            return _solve(self.by_group.sum(axis=0) - self.by_group)
        size = max(CHUNK // self.n_groups, 1)
        groups = np.arange(self.n_groups)
        parts = [groups[start : start + size] for start in range(0, self.n_groups, size)]
        return np.concatenate([self.fit((part[:, np.newaxis] != groups) * 1.0) for part in parts], axis=1)


def _lines(parts: Sequence[_Resampled], times: Floats) -> Floats:
    """Return the lines of resamples; of two samples that are drawn along, their difference."""
    first, *rest = [part.fit(times) for part in parts]
    return first - rest[0] if rest else first


def _count(drawn: NDArray[np.integer]) -> Floats:
    """Return how many times each group was drawn in each resample, both of shape (resamples, groups)."""
    n_drawn, n_groups = drawn.shape
    cells = drawn + n_groups * np.arange(n_drawn, dtype=np.int32)[:, np.newaxis]
    return np.bincount(cells.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float64)


def _correct(ends: Floats, slopes: Floats, slope: float, left_out: Floats) -> Floats:
    """Return which quantiles of the resamples are the ends of the BCa interval (Efron 1987, equation 3.8).

    Parameters
    ----------
    ends : ndarray of float, shape (2,)
        Of an interval without a correction.
    slopes : ndarray of float, shape (draws,)
    slope : float
        Of the sample.
    left_out : ndarray of float, shape (G,)
        Of the sample without each of its groups.
    """
    from scipy.special import ndtr, ndtri

    below = (np.mean(slopes < slope) + np.mean(slopes <= slope)) / 2
    pull = left_out.mean() - left_out
    with np.errstate(invalid="ignore", divide="ignore"):
        bias, skewness = ndtri(below), (pull**3).sum() / (pull**2).sum() ** 1.5 / 6
        moved = bias + ndtri(ends)
        corrected: Floats = ndtr(bias + moved / (1 - skewness * moved))
    if not np.isfinite(corrected).all() or not np.isfinite(bias):
        raise MemwallError("the BCa interval does not exist for so few observations; use percentile")
    return corrected


def _weights(sample: Sample, times: Floats) -> Floats:
    """Return how much each observation counts in each resample, shape (resamples, n)."""
    of_each = times[:, sample.groups]
    if not sample.frontier:
        return of_each * sample.counted * sample.weights
    # A device drawn twice sets its record once.
    heights = -sample.log10_values if sample.record == "low" else sample.log10_values
    values = np.where(of_each > 0, heights, -np.inf)
    best = np.maximum.accumulate(values, axis=1)
    records = values > np.hstack([np.full((len(times), 1), -np.inf), best[:, :-1]])
    return records * sample.counted * sample.weights


def _fit_each(sample: Sample, weights: Floats, origin: float, estimator: Estimator) -> Floats:
    lines = np.full((2, len(weights)), np.nan)
    for number, times in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(len(times)), times)
        if len(np.unique(sample.years[rows])) < FEW_DATES:
            continue
        try:
            fitted = estimator(sample.years[rows], sample.log10_values[rows])
        except MemwallError:  # no scale: a resample may repeat one point too often
            continue
        lines[:, number] = fitted.intercept + fitted.slope * (origin - fitted.origin), fitted.slope
    return lines
