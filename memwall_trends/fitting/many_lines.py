"""Many least-squares lines through subsets of the same observations, with intervals, at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import unknown
from memwall_trends.fitting.bounds import check_level

if TYPE_CHECKING:
    from memwall_trends.fitting.least_squares import Codes, Floats

CLOSED_FORMS = ("classical", "hc3")
"""The standard errors that `fit_many` has; each of `STANDARD_ERRORS` of one line at a time."""
SINGLE_DATE = 1e-9
"""Years: a spread of dates below is a rounding error."""
DETERMINED = 1e-9
"""An observation of a leverage this close to 1 has no residual."""


@dataclass(frozen=True, eq=False)
class ManyLines:
    """Slopes with their standard errors.

    Attributes
    ----------
    slopes, slope_errors : ndarray of float, shape (m,)
        log10 units a year; not a number where a line has a single date, or no degrees of freedom.
    degrees_of_freedom : ndarray of float, shape (m,)
        Of the t distributions of the slopes.
    """

    slopes: Floats
    slope_errors: Floats
    degrees_of_freedom: Floats

    def slope_intervals(self, level: float) -> tuple[Floats, Floats]:
        """Return the lower and the upper ends of the slopes' t intervals, both of shape (m,).

        Examples
        --------
        >>> lines = ManyLines(np.array([0.2]), np.array([0.01]), np.array([35.0]))
        >>> [ends.round(4).tolist() for ends in lines.slope_intervals(0.95)]
        [[0.1797], [0.2203]]
        """
        from scipy.special import stdtrit

        halves = stdtrit(self.degrees_of_freedom, (1 + check_level(level)) / 2) * self.slope_errors
        return self.slopes - halves, self.slopes + halves


def fit_many(
    weights: Floats,
    years: Floats,
    log10_values: Floats,
    *,
    se: str = "classical",
    within: Codes | None = None,
) -> ManyLines:
    """Return the slopes of many weighted least-squares lines, with their standard errors.

    Parameters
    ----------
    weights : ndarray of float, shape (m, n)
        How much each of n observations counts in each of m lines: nothing where it is no part of it. Only
        their ratios within a line matter.
    years, log10_values : ndarray of float, shape (n,)
    se : str
        ``classical``: the residual variance over the spread of the years, both weighted; weights are taken
        for inverse variances. ``hc3``: the square root of sum((w x e / (1 - h))^2) / (sum w x^2)^2, with x
        the years from the mean of their class, e the residuals and h the leverages (MacKinnon and White 1985,
        doi:10.1016/0304-4076(85)90158-7).
    within : ndarray of int, shape (n,), optional
        Classes, 0 to c - 1, each with an intercept of its own. Taking off the means of a class gives the
        slope and the residuals that an intercept for each class would (Frisch and Waugh 1933,
        doi:10.2307/1907330).

    Returns
    -------
    ManyLines
        As `memwall_trends.fitting.least_squares.weighted_least_squares` has each.

    Raises
    ------
    MemwallError
        If the standard error is none of these.

    Examples
    --------
    >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([0.0, 1.0, 5.0, 3.0])
    >>> lines = fit_many(np.array([[1, 1, 1, 0], [1, 1, 1, 1.0]]), years, values)
    >>> lines.slopes.round(6).tolist(), lines.slope_errors.round(6).tolist()
    ([2.5, 1.3], [0.866025, 0.83666])
    """
    if se not in CLOSED_FORMS:
        raise unknown("standard error of many lines at once", se, CLOSED_FORMS)
    classes = np.zeros(len(years), dtype=int) if within is None else within
    member = (classes[:, np.newaxis] == np.arange(classes.max() + 1)).astype(float)
    counted = weights > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        totals = weights @ member
        # Against cancellation: from means amid the observations.
        offsets, heights = years - years.mean(), log10_values - log10_values.mean()
        offsets = offsets - np.nan_to_num(weights @ (member * offsets[:, np.newaxis]) / totals)[:, classes]
        heights = heights - np.nan_to_num(weights @ (member * heights[:, np.newaxis]) / totals)[:, classes]
        spread = (weights * offsets**2).sum(axis=1)
        dated = spread > SINGLE_DATE**2 * weights.sum(axis=1)
        slopes = np.where(dated, (weights * offsets * heights).sum(axis=1) / spread, np.nan)
        residuals = np.where(counted, heights - slopes[:, np.newaxis] * offsets, 0.0)
        freedom = counted.sum(axis=1) - (totals > 0).sum(axis=1) - 1.0
        freedom = np.where(freedom > 0, freedom, np.nan)
        if se == "classical":
            variances = (weights * residuals**2).sum(axis=1) / freedom / spread
        else:
            leverage = weights * (1 / totals[:, classes] + offsets**2 / spread[:, np.newaxis])
            left = np.where(counted & (1 - leverage > DETERMINED), residuals / (1 - leverage), 0.0)
            variances = ((weights * offsets * left) ** 2).sum(axis=1) / spread**2
    return ManyLines(slopes, np.sqrt(variances), freedom)
