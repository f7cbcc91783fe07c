"""Many least-squares lines through subsets of the same observations, with intervals, at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.fitting.bounds import check_level
from memwall_trends.fitting.clusters import adjust_alike
from memwall_trends.fitting.designs import FEW_CLUSTERS, SINGULAR

if TYPE_CHECKING:
    from memwall_trends.fitting.least_squares import Codes, Floats

AT_ONCE = ("classical", "hc3", "cr2")
"""The standard errors that `fit_many` has; of one line at a time there are more."""
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
    clusters: Codes | None = None,
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
        doi:10.1016/0304-4076(85)90158-7). ``cr2``: by cluster, as `memwall_trends.fitting.clusters.cr2` has
        it, with its degrees of freedom.
    within : ndarray of int, shape (n,), optional
        Classes, 0 to c - 1, each with an intercept of its own. Taking off the means of a class gives the
        slope and the residuals that an intercept for each class would (Frisch and Waugh 1933,
        doi:10.2307/1907330).
    clusters : ndarray of int, shape (n,), optional
        For ``cr2``: the cluster of each observation, from 0.

    Returns
    -------
    ManyLines
        As `memwall_trends.fitting.least_squares.weighted_least_squares` has each.

    Raises
    ------
    MemwallError
        If the standard error is none of these, or goes by clusters that are not given.

    Examples
    --------
    >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([0.0, 1.0, 5.0, 3.0])
    >>> lines = fit_many(np.array([[1, 1, 1, 0], [1, 1, 1, 1.0]]), years, values)
    >>> lines.slopes.round(6).tolist(), lines.slope_errors.round(6).tolist()
    ([2.5, 1.3], [0.866025, 0.793725])
    """
    if se not in AT_ONCE:
        raise unknown("standard error of many lines at once", se, AT_ONCE)
    classes = np.zeros(len(years), dtype=np.int64) if within is None else within
    member = (classes[:, np.newaxis] == np.arange(classes.max() + 1)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        totals = weights @ member
        # Against cancellation: from means amid the observations.
        offsets, heights = years - years.mean(), log10_values - log10_values.mean()
        offsets = offsets - np.nan_to_num(weights @ (member * offsets[:, np.newaxis]) / totals)[:, classes]
        heights = heights - np.nan_to_num(weights @ (member * heights[:, np.newaxis]) / totals)[:, classes]
        spread = (weights * offsets**2).sum(axis=1)
        dated = spread > SINGLE_DATE**2 * weights.sum(axis=1)
        slopes = np.where(dated, (weights * offsets * heights).sum(axis=1) / spread, np.nan)
        residuals = np.where(weights > 0, heights - slopes[:, np.newaxis] * offsets, 0.0)
        freedom = (weights > 0).sum(axis=1) - (totals > 0).sum(axis=1) - 1.0
    freedom = np.where(dated & (freedom > 0), freedom, np.nan)
    parts = _Parts(weights, totals, classes, offsets, spread, residuals)
    if se == "cr2":
        if clusters is None:
            raise MemwallError(f"the standard error {se!r} goes by clusters")
        variances, freedom = _by_cluster(parts, clusters, freedom)
    else:
        variances = _alone(parts, freedom) if se == "hc3" else _alike(parts, freedom)
    return ManyLines(slopes, np.sqrt(variances), freedom)


@dataclass(frozen=True, eq=False)
class _Parts:
    """What variances are made of: weights, years off the class means and residuals, shape (m, n)."""

    weights: Floats
    totals: Floats
    classes: Codes
    offsets: Floats
    spread: Floats
    residuals: Floats


def _alike(parts: _Parts, freedom: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        variances: Floats = (parts.weights * parts.residuals**2).sum(axis=1) / freedom / parts.spread
    return variances


def _alone(parts: _Parts, freedom: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        leverage = parts.weights * (
            1 / parts.totals[:, parts.classes] + parts.offsets**2 / parts.spread[:, np.newaxis]
        )
        told = (parts.weights > 0) & (1 - leverage > DETERMINED)
        left = np.where(told, parts.residuals / (1 - leverage), 0.0)
        variances = ((parts.weights * parts.offsets * left) ** 2).sum(axis=1) / parts.spread**2
    return np.where(np.isnan(freedom), np.nan, variances)


def _by_cluster(parts: _Parts, clusters: Codes, freedom: Floats) -> tuple[Floats, Floats]:
    """Return the variances and the degrees of freedom by cluster, of all lines together.

    The notation is that of `memwall_trends.fitting.clusters`. The orthogonal columns U of a line are its
    years off the class means and the members of each class, each over its own length: the slope is the first
    of them alone.
    """
    variances, satterthwaite = np.full((2, len(freedom)), np.nan)
    usable = np.flatnonzero(~np.isnan(freedom))
    lines, rows = np.nonzero(parts.weights[usable] > 0)
    weights = parts.weights[usable][lines, rows]
    columns = np.zeros((len(rows), parts.totals.shape[1] + 1))
    columns[:, 0] = parts.offsets[usable][lines, rows] / np.sqrt(parts.spread[usable][lines])
    in_class = parts.classes[rows]
    columns[np.arange(len(rows)), 1 + in_class] = 1 / np.sqrt(parts.totals[usable][lines, in_class])
    weighted = weights[:, np.newaxis] * columns
    ends = np.searchsorted(lines, np.arange(len(usable) + 1))
    middles = np.array([weighted[i:j].T @ weighted[i:j] for i, j in pairwise(ends)])
    known, codes, sizes = np.unique(
        lines * (clusters.max() + 1) + clusters[rows], return_inverse=True, return_counts=True
    )
    line_of = known // (clusters.max() + 1)
    order, starts = np.argsort(codes, kind="stable"), np.cumsum(sizes) - sizes
    adjusted = np.empty(len(rows))
    for size in np.unique(sizes):
        alike = order[starts[sizes == size][:, np.newaxis] + np.arange(size)]
        adjusted[alike] = adjust_alike(columns[alike], weighted[alike], middles[line_of[sizes == size]])[
            ..., 0
        ]

    def add(values: Floats) -> Floats:
        """Return the sums over the rows of each cluster of each line."""
        return np.add.reduceat(values[order], starts, axis=0)

    scores = add(adjusted * parts.residuals[usable][lines, rows])
    squares = add(adjusted**2)
    plain, across = add(columns * adjusted[:, np.newaxis]), add(weighted * adjusted[:, np.newaxis])
    for place, (i, j) in enumerate(pairwise(np.searchsorted(line_of, np.arange(len(usable) + 1)))):
        cross = plain[i:j] @ across[i:j].T
        shared = plain[i:j] @ middles[place] @ plain[i:j].T
        covariance = np.diag(squares[i:j]) - cross - cross.T + shared
        trace = np.trace(covariance)
        # Less is rounding errors; and a single cluster has no variance.
        if j - i >= FEW_CLUSTERS and trace > SINGULAR:
            variances[usable[place]] = scores[i:j] @ scores[i:j] / parts.spread[usable[place]]
            satterthwaite[usable[place]] = trace**2 / (covariance**2).sum()
    return variances, satterthwaite
