"""The bootstrap of a line: by device or by vendor, with the records set anew where only records count."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.fitting.bounds import check_draws, seeded

if TYPE_CHECKING:
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
CHUNK = 500
"""Resamples held in memory at once."""


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
        From the level of an interval to the ends of the slope's, by ``scipy.stats.bootstrap``; an error
        where the draws are too few for the level.

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
    from scipy.stats import DegenerateDataWarning, bootstrap

    if interval not in INTERVALS:
        raise unknown("interval", interval, INTERVALS)
    if draws < LEAST_DRAWS:
        raise MemwallError(
            f"a bootstrap needs at least {LEAST_DRAWS} draws, better {defaults.DRAWS}; got {draws}"
        )
    samples = [sample] if divisor is None else [sample, divisor]
    groups = np.arange(max(each.groups.max() for each in samples) + 1)
    if len(groups) < FEW_GROUPS:
        raise MemwallError(
            f"a bootstrap needs at least {FEW_GROUPS} devices or vendors to draw from; got {len(groups)}"
        )

    def draw_lines(drawn: NDArray[np.int64], axis: int = -1) -> Floats:
        drawn = np.moveaxis(drawn, axis, -1)
        ids = drawn.reshape(-1, drawn.shape[-1])
        first, *rest = [_draw(each, ids, len(groups), origin, estimator) for each in samples]
        lines = first - rest[0] if rest else first
        return lines.reshape(2, *drawn.shape[:-1])

    options: dict[str, Any] = {"batch": CHUNK, "vectorized": True, "method": INTERVALS[interval]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # resamples without a line are counted below
        result = bootstrap(
            (groups,),
            draw_lines,
            n_resamples=draws,
            rng=seeded(seed),
            **{**options, "method": "percentile"},
        )
    without_line = np.isnan(result.bootstrap_distribution[1])
    if without_line.mean() > MOST_WITHOUT_LINE:
        raise MemwallError(
            f"{without_line.sum()} of {draws} resamples have too few dates for a line: there are too few "
            "observations for a bootstrap"
        )
    result = replace(result, bootstrap_distribution=result.bootstrap_distribution[:, ~without_line])

    def bounds(level: float) -> tuple[float, float]:
        check_draws(draws, level)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DegenerateDataWarning)  # said below
            # No further draws: only the ends of another interval.
            ends = bootstrap(
                (groups,),
                draw_lines,
                n_resamples=0,
                bootstrap_result=result,
                confidence_level=level,
                **options,
            ).confidence_interval
        low, high = np.asarray(ends.low)[1], np.asarray(ends.high)[1]
        if np.isnan(low):
            raise MemwallError("the BCa interval does not exist for so few observations; use percentile")
        return float(low), float(high)

    return result.bootstrap_distribution, bounds


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
    classes = np.zeros(len(years), dtype=int) if within is None else within
    member = (classes[:, np.newaxis] == np.arange(classes.max() + 1)).astype(float)

    def average(variable: Floats) -> Floats:
        """Return the mean of a variable in each class of each line, zero where the class is empty."""
        means: Floats = np.nan_to_num(weights @ (member * variable[:, np.newaxis]) / counts)
        return means

    with np.errstate(invalid="ignore", divide="ignore"):
        counts = weights @ member
        shares = counts / counts.sum(axis=1, keepdims=True)
        mean_years, mean_values = average(years), average(log10_values)
        spread = (shares * (average(years**2) - mean_years**2)).sum(axis=1)
        common = (shares * (average(years * log10_values) - mean_years * mean_values)).sum(axis=1)
        mean_year, mean_value = (shares * mean_years).sum(axis=1), (shares * mean_values).sum(axis=1)
        # A single date leaves a rounding error of a spread.
        slopes = np.where(spread > 1e-9 * (1 + mean_year**2), common / spread, np.nan)
        return np.stack([mean_value - slopes * mean_year, slopes])


def _draw(
    sample: Sample, drawn: NDArray[np.int64], n_groups: int, origin: float, estimator: Estimator | None
) -> Floats:
    weights = _weights(sample, drawn, n_groups)
    if estimator is None:
        return fit_lines(weights, sample.years - origin, sample.log10_values, sample.within)
    return _fit_each(sample, weights, origin, estimator)


def _weights(sample: Sample, drawn: NDArray[np.int64], n_groups: int) -> Floats:
    """Return how much each observation counts in each resample, shape (resamples, n)."""
    n_drawn = len(drawn)
    cells = (drawn + n_groups * np.arange(n_drawn)[:, np.newaxis]).ravel()
    times = np.bincount(cells, minlength=n_drawn * n_groups).reshape(n_drawn, n_groups)[:, sample.groups]
    if sample.frontier:
        # A device drawn twice sets its record once.
        heights = -sample.log10_values if sample.record == "low" else sample.log10_values
        values = np.where(times > 0, heights, -np.inf)
        best = np.maximum.accumulate(values, axis=1)
        records = values > np.hstack([np.full((n_drawn, 1), -np.inf), best[:, :-1]])
        return records * sample.counted * sample.weights
    return times * sample.counted * sample.weights


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
