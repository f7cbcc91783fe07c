"""Intervals of a slope from ranks: they hold whatever the distribution of the errors, and of few of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.fitting.bounds import check_level, t_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    from memwall_trends.fitting.least_squares import Floats

MOST_EXACT = 40
"""Observations up to which the distribution of Kendall's statistic is counted out, not approximated."""
DOUBLINGS, BISECTIONS = 60, 45
"""Of the search for an end."""


def sen_bounds(years: Floats, log10_values: Floats, level: float) -> tuple[float, float]:
    """Return the ends of Sen's interval of a slope (1968, doi:10.1080/01621459.1968.10480934).

    They are the slopes of pairs of given ranks: of the right slope, so many pairs lie below as Kendall's
    statistic allows without a trend. Of up to 40 observations that is counted out, equal dates apart; of more
    it is approximated by the normal distribution.

    Parameters
    ----------
    years, log10_values : ndarray of float, shape (n,)
    level : float

    Returns
    -------
    tuple of float
        Infinite where the observations are too few for the level, as 4 are for 95 %.

    Examples
    --------
    >>> years = np.arange(2000.0, 2005.0)
    >>> values = np.array([0.0, 1.0, 2.5, 3.0, 4.2])
    >>> [round(end, 6) for end in sen_bounds(years, values, 0.95)], sen_bounds(years, values, 0.99)
    ([0.5, 1.5], (-inf, inf))
    """
    from scipy.stats import theilslopes

    check_level(level)
    if len(years) > MOST_EXACT:
        fitted = theilslopes(log10_values, years, alpha=level)
        return float(fitted.low_slope), float(fitted.high_slope)
    below = np.cumsum(_discordances(years))
    # How many slopes may lie outside on each side; rounding must not decide where the level is just held.
    outside = int(np.searchsorted(below, (1 - level) / 2 * (1 + 1e-9), side="right"))
    if outside == 0:
        return -math.inf, math.inf
    first, second = np.triu_indices(len(years), 1)
    apart = years[second] != years[first]
    first, second = first[apart], second[apart]
    slopes = np.sort((log10_values[second] - log10_values[first]) / (years[second] - years[first]))
    return float(slopes[outside - 1]), float(slopes[-outside])


def quantile_bounds(
    years: Floats, log10_values: Floats, quantile: float, level: float, *, slope: float
) -> tuple[float, float]:
    """Return the ends of an interval of a quantile's slope: the slopes that a test of ranks keeps.

    Of the right slope, the observations beyond the line are any of them, whenever they are dated; of too
    steep a slope they are early, of too flat a slope late. So the sum of their years about the mean is
    compared with its standard deviation over all choices of as many observations, by t of n - 2 (Gutenbrunner
    and Jurečková 1992, doi:10.1214/aos/1176348524; Koenker 1994, Confidence intervals for regression
    quantiles). No density of the errors is estimated, which few observations beyond the line cannot tell.

    Parameters
    ----------
    years, log10_values : ndarray of float, shape (n,)
    quantile, level : float
    slope : float
        Of the line, within the interval.

    Returns
    -------
    tuple of float
        Infinite where the observations beyond the line are too few for the level.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> years = np.linspace(2000, 2020, 200)
    >>> values = 0.24 * years + random.normal(0, 0.3, 200)
    >>> [round(end, 2) for end in quantile_bounds(years, values, 0.9, 0.95, slope=0.24)]
    [0.24, 0.26]
    """
    centred = years - years.mean()
    order = np.argsort(centred, kind="stable")
    dates, values = centred[order], log10_values[order]
    shares = _shares_beyond(len(dates), quantile)
    spread = math.sqrt(dates @ dates * np.var(shares, ddof=1))
    allowed = t_quantile(len(dates) - 2, level) * spread

    def lateness(trial: float) -> float:
        """Return the sum of the years of those beyond a line of that slope; it falls as the slope rises."""
        beyond = np.argsort(trial * dates - values, kind="stable")
        return float(dates[beyond] @ shares)

    # Of a slope without bounds, the earliest or the latest are beyond.
    low = -math.inf if dates[::-1] @ shares <= allowed else _find_end(lateness, slope, -1.0, allowed)
    high = math.inf if -(dates @ shares) <= allowed else _find_end(lateness, slope, 1.0, allowed)
    return low, high


def _discordances(years: Floats) -> Floats:
    """Return the probability of each number of pairs against the trend, were there none.

    All orders of the values are as likely. Equal dates are no pair, so that their number is that of the
    inversions of a multiset: its generating function is the Gaussian multinomial coefficient, the product of
    (1 - q^i) for i from 1 to n, over the same of each group of equal dates (Andrews 1976, The Theory of
    Partitions, theorem 3.6).
    """
    counts = np.unique(years, return_counts=True)[1].tolist()
    n_obs = len(years)
    n_pairs = (n_obs**2 - sum(count**2 for count in counts)) // 2
    ways = [1, *[0] * n_pairs]  # whole numbers without a bound: 40! is beyond a float's digits
    for power in range(1, n_obs + 1):
        for number in range(n_pairs, power - 1, -1):
            ways[number] -= ways[number - power]
    for count in counts:
        for power in range(1, count + 1):
            for number in range(power, n_pairs + 1):
                ways[number] += ways[number - power]
    total = sum(ways)
    return np.array([each / total for each in ways])


def _shares_beyond(n_obs: int, quantile: float) -> Floats:
    """Return how much of each observation, from the highest on, lies above a quantile, less the average."""
    shares = np.clip(n_obs * (1 - quantile) - np.arange(n_obs), 0, 1)
    centred: Floats = shares - shares.mean()
    return centred


def _find_end(lateness: Callable[[float], float], inside: float, side: float, allowed: float) -> float:
    """Return the last slope to one side that the test keeps."""
    step = max(abs(inside), 1e-3)
    outside = inside + side * step
    for _ in range(DOUBLINGS):
        if -side * lateness(outside) > allowed:
            break
        step *= 2
        inside, outside = outside, outside + side * step
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            break
        if -side * lateness(middle) > allowed:
            outside = middle
        else:
            inside = middle
    return inside
