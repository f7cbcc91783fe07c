"""Sufficient statistics: what least squares needs of observations, so that these can stay where they are.

A cell is a set of observations that no other column of a design tells apart. For least squares, and for
standard errors by clusters that do not cut through a cell, its counts, means and centred squares say as much
as its observations: they stand for three rows of a design, the R of the QR factorisation of its (1, year,
log10 value). Q is orthogonal, so that neither the coefficients, nor the residual sum of squares, nor what a
cluster adds to a covariance change (compare Wong et al. 2021, "You Only Compress Once", arXiv:2102.11297).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.designs import centre_groups, find_heights
from memwall_trends.fitting.estimate import Estimate, flat_line
from memwall_trends.fitting.standard_errors import (
    BY_CLUSTER,
    Clusters,
    Uncertainty,
    estimate_by_cluster,
    find_standard_error,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

PART = 1 << 14
FEWEST_A_CELL = 8
"""Observations, of a part and of a cell of one, so that there are far fewer cells to merge than rows."""
SINGLE_DATE = 1e-9
"""Years: a spread of dates below is a rounding error."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Counts, means and centred squares of log10 values on decimal years, one entry a cell.

    Attributes
    ----------
    counts : ndarray of float, shape (m,)
        Observations of each of m cells.
    weights : ndarray of float, shape (m,)
        The sum of their weights; the count where all weigh 1.
    mean_years, mean_log10 : ndarray of float, shape (m,)
        Weighted means; zero of a cell without observations.
    year_squares, cross_products, log10_squares : ndarray of float, shape (m,)
        Weighted sums of (x - mean of x)^2, (x - mean of x)(y - mean of y) and (y - mean of y)^2.

    Examples
    --------
    >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2010.0]), np.array([1.0, 1.5, 2.0, 7.0])
    >>> cells = Moments.of(years, values, np.array([0, 0, 0, 1]))
    >>> cells.counts.tolist(), cells.mean_years.tolist(), cells.slopes.tolist()
    ([3.0, 1.0], [2001.0, 2010.0], [0.5, nan])
    """

    counts: Floats
    weights: Floats
    mean_years: Floats
    mean_log10: Floats
    year_squares: Floats
    cross_products: Floats
    log10_squares: Floats

    @classmethod
    def of(
        cls,
        years: Floats,
        log10_values: Floats,
        codes: Codes | None = None,
        weights: Floats | None = None,
    ) -> Moments:
        """Return the moments of observations.

        Parameters
        ----------
        years, log10_values : ndarray of float, shape (n,)
        codes : ndarray of int, shape (n,), optional
            The cell of each observation, from 0; one cell of all by default.
        weights : ndarray of float, shape (n,), optional
            How much each observation counts; all the same by default.
        """
        n_obs, n_cells = len(years), 1 if codes is None else int(codes.max(initial=0)) + 1
        if n_obs > PART and n_cells * FEWEST_A_CELL <= PART:
            # Part by part, as much as stays in the processor's cache; the parts' cells are then merged.
            parts = []
            for start in range(0, n_obs, PART):
                rows = slice(start, start + PART)
                cell = None if codes is None else codes[rows]
                weight = None if weights is None else weights[rows]
                parts.append(cls.of(years[rows], log10_values[rows], cell, weight))
            cells = np.concatenate([np.arange(len(part)) for part in parts])
            return cls.concatenate(*parts).merge_by(cells, n_cells)
        ones = np.ones(len(years))
        zeros = np.zeros(len(years))
        alone = cls(ones, ones if weights is None else weights, years, log10_values, zeros, zeros, zeros)
        return alone.merge_by(np.zeros(len(years), dtype=np.int64) if codes is None else codes)

    @classmethod
    def concatenate(cls, *parts: Moments) -> Moments:
        """Return the cells of several, one after the other.

        Examples
        --------
        >>> one = Moments.of(np.array([2000.0, 2001.0]), np.array([0.0, 1.0]))
        >>> Moments.concatenate(one, one).counts.tolist()
        [2.0, 2.0]
        """
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.counts)

    @property
    def n_obs(self) -> int:
        """Observations of all cells."""
        return round(float(self.counts.sum()))

    @property
    def slopes(self) -> Floats:
        """Of the least-squares line of each cell, log10 units a year; not a number where it has one date."""
        dated = self.year_squares > SINGLE_DATE**2 * self.weights
        return _divide(self.cross_products, np.where(dated, self.year_squares, 0.0))

    @property
    def intercepts(self) -> Floats:
        """Of these lines, at the mean year of each cell; not a number of one without observations."""
        return _divide(self.counts * self.mean_log10, self.counts)

    @property
    def residual_squares(self) -> Floats:
        """Weighted sums of squares about the line of each cell, about its mean where it has one date."""
        explained = np.nan_to_num(self.slopes) * self.cross_products
        squares: Floats = np.maximum(self.log10_squares - explained, 0.0)
        return squares

    @property
    def residual_variances(self) -> Floats:
        """Of one observation about its cell's line, with n - 2 degrees of freedom; not a number of fewer."""
        return _divide(self.residual_squares * self.counts, self.weights * self._freedom)

    @property
    def slope_errors(self) -> Floats:
        """Classical standard errors of the slopes."""
        errors: Floats = np.sqrt(_divide(self.residual_squares, self._freedom * self.year_squares))
        return errors

    @property
    def r_squared(self) -> Floats:
        """Share of the variance that each cell's line explains; not a number where there is none."""
        lines = np.where(np.isnan(self.slopes), math.nan, 1.0)
        return lines - _divide(self.residual_squares, self.log10_squares)

    @property
    def _freedom(self) -> Floats:
        return np.where(np.isnan(self.slopes), 0.0, np.maximum(self.counts - 2, 0.0))

    def take(self, cells: Codes | NDArray[np.bool_]) -> Moments:
        """Return some of the cells, by number or by mask.

        Examples
        --------
        >>> cells = Moments.of(np.array([2000.0, 2001.0]), np.array([0.0, 1.0]), np.array([0, 1]))
        >>> cells.take(np.array([1])).mean_years.tolist()
        [2001.0]
        """
        return Moments(*(getattr(self, each.name)[cells] for each in fields(self)))

    def scaled(self, factors: Floats) -> Moments:
        """Return the moments with the weights of each cell multiplied by a factor.

        Examples
        --------
        >>> one = Moments.of(np.array([2000.0, 2002.0]), np.array([0.0, 1.0]))
        >>> half = one.scaled(np.array([0.5]))
        >>> half.counts.tolist(), half.weights.tolist(), half.year_squares.tolist()
        ([2.0], [1.0], [1.0])
        """
        return Moments(
            self.counts,
            self.weights * factors,
            self.mean_years,
            self.mean_log10,
            self.year_squares * factors,
            self.cross_products * factors,
            self.log10_squares * factors,
        )

    def merge_by(self, codes: Codes, n_cells: int | None = None) -> Moments:
        """Return coarser cells, each of those that have the same code.

        Means are taken in two passes and squares about them, so that neither large values nor close dates
        cancel (Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115).

        Parameters
        ----------
        codes : ndarray of int, shape (m,)
            From 0.
        n_cells : int, optional
            How many there are, where the last may have none.

        Examples
        --------
        >>> years, values = np.array([2000.0, 2001.0, 2002.0]), np.array([1.0, 1.5, 2.0])
        >>> cells = Moments.of(years, values, np.array([0, 0, 1]))
        >>> cells.merge_by(np.array([0, 0])).slopes.tolist()
        [0.5]
        """
        length = n_cells or (int(codes.max()) + 1 if len(codes) else 0)

        def add(values: Floats) -> Floats:
            sums: Floats = np.bincount(codes, weights=values, minlength=length).astype(np.float64)
            return sums

        weights = add(self.weights)
        means, deviations = [], []
        for values in (self.mean_years, self.mean_log10):
            centre = np.full(length, values[0] if len(values) else 0.0)
            for _ in range(2):
                centre += np.nan_to_num(_divide(add(self.weights * (values - centre[codes])), weights))
            means.append(np.where(weights > 0, centre, 0.0))
            deviations.append(values - centre[codes])
        (mean_years, mean_log10), (x, y) = means, deviations
        return Moments(
            counts=add(self.counts),
            weights=weights,
            mean_years=mean_years,
            mean_log10=mean_log10,
            year_squares=add(self.year_squares + self.weights * x * x),
            cross_products=add(self.cross_products + self.weights * x * y),
            log10_squares=add(self.log10_squares + self.weights * y * y),
        )

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of the observations of both, cell by cell.

        Examples
        --------
        >>> years, values = np.array([2000.0, 2001.0, 2002.0]), np.array([1.0, 1.5, 2.0])
        >>> both = Moments.of(years[:2], values[:2]) + Moments.of(years[2:], values[2:])
        >>> both.counts.tolist(), both.slopes.tolist()
        ([3.0], [0.5])
        """
        cells = np.arange(len(self))
        return Moments.concatenate(self, other).merge_by(np.concatenate([cells, cells]), len(self))

    def minus(self, part: Moments) -> Moments:
        """Return the moments of what is left of each cell without a part of its observations.

        What is left of squares has the rounding errors of the whole: take little away from much, or add.

        Examples
        --------
        >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([1.0, 1.5, 2.0, 9.0])
        >>> left = Moments.of(years, values).minus(Moments.of(years[3:], values[3:]))
        >>> left.counts.tolist(), left.mean_years.tolist(), left.slopes.round(12).tolist()
        ([3.0], [2001.0], [0.5])
        """
        counts = self.counts - part.counts
        some = counts > 0
        weights = np.where(some, self.weights - part.weights, 0.0)
        share = np.nan_to_num(_divide(part.weights, weights))
        x, y = self.mean_years - part.mean_years, self.mean_log10 - part.mean_log10
        # Of the squares of the whole, what its two parts' means are apart.
        between = share * self.weights
        return Moments(
            np.where(some, counts, 0.0),
            weights,
            np.where(some, self.mean_years + share * x, 0.0),
            np.where(some, self.mean_log10 + share * y, 0.0),
            np.where(some, np.maximum(self.year_squares - part.year_squares - between * x * x, 0.0), 0.0),
            np.where(some, self.cross_products - part.cross_products - between * x * y, 0.0),
            np.where(some, np.maximum(self.log10_squares - part.log10_squares - between * y * y, 0.0), 0.0),
        )


def fit_moments(
    moments: Moments,
    *,
    se: str = "classical",
    clusters: Clusters | None = None,
    within: Codes | None = None,
) -> Estimate:
    """Return the least-squares line through the observations that cells stand for.

    Parameters
    ----------
    moments : Moments
        Observations of one cell weigh the same; a cell without any counts for nothing.
    se : str
        ``classical``, or by cluster: ``crv1``, ``cr2``, ``wild``.
    clusters : Clusters, optional
        Which cells share an error: the cluster of each cell, where the standard error goes by them.
    within : ndarray of int, shape (m,), optional
        The class of each cell, 0 to c - 1, each of which has an intercept of its own.

    Returns
    -------
    Estimate
        As `memwall_trends.fitting.least_squares.weighted_least_squares` has it of the observations.

    Raises
    ------
    MemwallError
        If the standard error needs the observations, its clusters are missing or too few, or no class shows
        growth.

    Examples
    --------
    >>> years = np.array([2000.0, 2001.0, 2002.0, 2003.0])
    >>> cells = Moments.of(years, np.array([1.0, 1.6, 1.9, 2.5]), np.array([0, 0, 1, 1]))
    >>> estimate = fit_moments(cells)
    >>> round(estimate.slope, 9), estimate.origin, estimate.degrees_of_freedom
    (0.48, 2001.5, 2.0)
    """
    se = find_standard_error(se)
    if se not in ("classical", *BY_CLUSTER):
        raise MemwallError(
            f"the standard error {se!r} needs each observation, and only sums of them are here; take "
            f"classical, {', '.join(BY_CLUSTER)}, or read the observations into memory"
        )
    cells = np.flatnonzero(moments.counts > 0)
    moments, within = moments.take(cells), None if within is None else within[cells]
    n_obs = moments.n_obs
    origin = _mean_year(moments)
    if not moments.log10_squares.any() and not np.ptp(moments.mean_log10):
        return flat_line(float(moments.mean_log10[0]), origin, n_obs)
    rows = _compress(moments, origin, within)
    freedom = n_obs - rows.design.shape[1]
    coefficients, inverse = _solve(rows, n_obs)
    left = float(rows.weights @ (rows.outcome - rows.design @ coefficients) ** 2)
    if se == "classical":
        covariance = left / freedom * inverse @ inverse.T
        sure = Uncertainty(covariance, float(freedom), "t interval, classical standard error")
    else:
        sure = estimate_by_cluster(
            rows.design,
            rows.outcome,
            rows.weights,
            coefficients,
            se=se,
            clusters=clusters
            and Clusters(tuple(codes[cells][rows.cells] for codes in clusters.codes), clusters.name),
            n_obs=n_obs,
        )
    return Estimate(
        intercept=float(coefficients[0]) + rows.middle,
        slope=float(coefficients[1]),
        origin=origin,
        covariance=np.asarray(sure.covariance, dtype=np.float64)[:2, :2],
        degrees_of_freedom=sure.degrees_of_freedom,
        residual_variance=left / freedom,
        r_squared=1 - left / float(rows.weights @ rows.outcome**2),
        interval=sure.interval,
        slope_bounds=sure.slope_bounds,
        residual_freedom=float(freedom),
        n_clusters=sure.n_clusters,
        effects=None if within is None else find_heights(within, coefficients[2:], moments.weights),
    )


def _divide(numerators: Floats, denominators: Floats) -> Floats:
    """Return ratios, not a number where the denominator is none above zero."""
    ratios = np.full(len(numerators), math.nan)
    np.divide(numerators, denominators, out=ratios, where=denominators > 0)
    return ratios


@dataclass(frozen=True, eq=False)
class _Rows:
    """What cells stand for: rows of a design, the cell and the weight of each.

    Outcomes are from `middle`, the weighted mean of the log10 values.
    """

    design: Floats
    outcome: Floats
    weights: Floats
    cells: Codes
    middle: float


def _mean_year(moments: Moments) -> float:
    first = moments.mean_years[0]
    return float(first + np.average(moments.mean_years - first, weights=moments.counts))


def _compress(moments: Moments, origin: float, within: Codes | None) -> _Rows:
    """Return three rows a cell: its mean, its years about their mean, and what its own line leaves."""
    middle = float(np.average(moments.mean_log10, weights=moments.weights))
    weights = moments.weights / moments.counts
    alike = moments.scaled(1 / weights)
    dates = np.sqrt(np.where(np.isnan(alike.slopes), 0.0, alike.year_squares))
    roots, zeros = np.sqrt(alike.counts), np.zeros(len(moments))
    classes = [] if within is None else list(centre_groups(within, moments.weights).T)
    columns = [(roots, zeros), (roots * (alike.mean_years - origin), dates)]
    columns += [(roots * column, zeros) for column in classes]
    design = np.column_stack([np.concatenate([mean, spread, zeros]) for mean, spread in columns])
    outcome = np.concatenate(
        [
            roots * (alike.mean_log10 - middle),
            np.nan_to_num(alike.slopes) * dates,
            np.sqrt(alike.residual_squares),
        ]
    )
    told = (outcome != 0) | design.any(axis=1)
    cells = np.tile(np.arange(len(moments)), 3)
    mean_weight = float(moments.weights.sum() / moments.counts.sum())
    return _Rows(design[told], outcome[told], np.tile(weights / mean_weight, 3)[told], cells[told], middle)


def _solve(rows: _Rows, n_obs: int) -> tuple[Floats, Floats]:
    """Return the coefficients, and the inverse of R of the weighted design's QR factorisation."""
    n_columns = rows.design.shape[1]
    if np.linalg.matrix_rank(rows.design[:, 1:]) < n_columns - 1:
        raise MemwallError("within each group all observations are of one date, so that none shows growth")
    if n_obs <= n_columns:
        raise MemwallError(
            f"{n_columns} coefficients need more observations than that to have an error; got {n_obs}"
        )
    roots = np.sqrt(rows.weights)
    orthogonal, triangle = np.linalg.qr(roots[:, np.newaxis] * rows.design)
    inverse: Floats = np.linalg.inv(triangle)
    return inverse @ (orthogonal.T @ (roots * rows.outcome)), inverse
