"""A geometric random walk with drift: where the last value leads, and how fast that becomes unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.least_squares import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memwall_trends.fitting.least_squares import Floats

DRIFT_YEARS = 8.0
"""Years that the drift is of unless told otherwise: growth of long ago says little of what is to come."""
FEWEST_STEPS = 3


def random_walk(years: Floats, log10_values: Floats, *, drift_years: float = DRIFT_YEARS) -> Estimate:
    """Return a random walk with drift from the last value on.

    Parameters
    ----------
    years : ndarray of float, shape (n,)
        Decimal years, all different.
    log10_values : ndarray of float, shape (n,)
        One value a time.
    drift_years : float
        The drift and the size of the steps are of so many years before the last value.

    Returns
    -------
    Estimate
        Its origin is the last value. With m yearly steps the drift is their mean, K^2 their variance, and
        the error of a forecast tau years ahead over K sqrt(tau + tau^2 / m) is Student's t with m - 1
        degrees of freedom (Farmer and Lafond 2016, doi:10.1016/j.respol.2015.11.001, with steps that do not
        depend on each other). Steps of other lengths count as a Brownian motion's: of a step of length d
        the variance is K^2 d, and m is the time that all of them span.

    Raises
    ------
    MemwallError
        If there are fewer than three steps in the window, or two values of one time.

    Examples
    --------
    >>> walk = random_walk(np.arange(2000.0, 2005.0), np.array([0.0, 0.1, 0.4, 0.5, 0.8]))
    >>> walk.origin, walk.intercept, round(walk.slope, 6), round(walk.walk_variance, 6)
    (2004.0, 0.8, 0.2, 0.013333)
    """
    if not drift_years > 0:
        raise MemwallError(f"the years of a drift are a number above zero, as in 8; got {drift_years:g}")
    order = np.argsort(years, kind="stable")
    years, log10_values = years[order], log10_values[order]
    # A day, so that a step between the ends of two years is not lost where one is a leap year.
    recent = years >= years[-1] - drift_years - 1 / 365
    times, steps = np.diff(years[recent]), np.diff(log10_values[recent])
    if len(steps) < FEWEST_STEPS:
        raise MemwallError(
            f"a random walk needs at least {FEWEST_STEPS + 1} values in the last {drift_years:g} years; got "
            f"{len(steps) + 1}: widen --drift-years"
        )
    if times.min() <= 0:
        raise MemwallError("a random walk goes by one value a time; several are of one day")
    span, freedom = float(times.sum()), float(len(steps) - 1)
    drift = float(steps.sum()) / span
    variance = float(((steps - drift * times) ** 2 / times).sum() / freedom)
    return Estimate(
        intercept=float(log10_values[-1]),
        slope=drift,
        origin=float(years[-1]),
        # Where the walk stands is known; its drift is not.
        covariance=np.diag([0.0, variance / span]),
        degrees_of_freedom=freedom,
        residual_variance=0.0,
        r_squared=float("nan"),
        interval=f"t interval of the drift of {span:.3g} years, {len(steps)} steps",
        walk_variance=variance,
    )


def stand_at_year_ends(
    calendar_years: NDArray[np.int64], log10_values: Floats, until: int | None = None
) -> tuple[Floats, Floats]:
    """Return the best value that was known at the end of each year.

    Parameters
    ----------
    calendar_years : ndarray of int, shape (n,)
    log10_values : ndarray of float, shape (n,)
    until : int, optional
        The last year; by default that of the last value. It counts whole, as far as it is known.

    Returns
    -------
    ends, standing : ndarray of float, shape (m,)
        The end of each calendar year from the first on, as the decimal year that follows, and the highest
        value until then.

    Examples
    --------
    >>> ends, standing = stand_at_year_ends(np.array([2000, 2000, 2002]), np.array([1.0, 0.5, 2.0]))
    >>> ends.tolist(), standing.tolist()
    ([2001.0, 2002.0, 2003.0], [1.0, 1.0, 2.0])
    """
    last = calendar_years.max() if until is None else max(calendar_years.max(), until)
    ends = np.arange(calendar_years.min(), last + 1) + 1.0
    order = np.argsort(calendar_years, kind="stable")
    highest = np.maximum.accumulate(log10_values[order])
    standing: Floats = highest[np.searchsorted(calendar_years[order], ends, side="left") - 1]
    return ends, standing
