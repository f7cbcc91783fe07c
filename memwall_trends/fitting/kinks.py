"""A line with one kink where errors are dependent within clusters: arrays in, p-values and intervals out.

Notation of the formulas: S(M) the least sum of squares of a model M, and its gain over a narrower one
S(narrow) / S(M) - 1. The largest F value over all kinks is the gain of the kinked line over the straight one
times the degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import seeded
from memwall_trends.fitting.clusters import cr2, crv1
from memwall_trends.fitting.designs import SINGULAR, number_clusters

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from memwall_trends.fitting.clusters import ClusterCovariance
    from memwall_trends.fitting.designs import Floats, Integers

TRIMMED = 0.15
"""Share of the observations at each end where no break is sought (Andrews 1993, doi:10.2307/2951764)."""
CANDIDATES = 120
FEWEST_CLUSTERS = 6
"""Signs of five clusters have sixteen patterns that differ: no p-value would be below 5 %."""
BEFORE, AFTER = "before", "after"
STRIDE = 4
"""Of the scan for the ends of the year's interval; what lies between is scanned only next to an end."""
TIE = 1e-9
"""Relative: a drawn gain this close below that of the data is the same one."""
DOUBLINGS, BISECTIONS = 12, 8
"""Of the search for the end of a slope's interval, from its standard error on."""


@dataclass(frozen=True, eq=False)
class Model:
    """Columns that are in the model, and others of which it takes the one that fits best.

    Attributes
    ----------
    fixed : ndarray of float, shape (n, p)
        Orthonormal.
    choice : ndarray of float, shape (n, C)
        Orthogonal to the fixed ones and each of length 1; none, C = 0, in a model without a choice.
    """

    fixed: Floats
    choice: Floats

    def only(self, chosen: int) -> Model:
        """Return the model that has no choice but this column."""
        return Model(self.fixed, self.choice[:, [chosen]])


@dataclass(frozen=True, eq=False)
class KinkSearch:
    """The rows, their clusters and the kinks that a line through them may have.

    Attributes
    ----------
    years : ndarray of float, shape (n,)
        As differences from `origin`.
    origin : float
        The mean decimal year.
    candidates : ndarray of float, shape (C,)
        Years at which a kink is sought, as differences from `origin`.
    effects : ndarray of float, shape (n, m)
        The intercept, and the indicators of classes where each has its own.
    codes : ndarray of int, shape (n,)
        The cluster of each row, 0 to G - 1.
    straight, kinked : Model
        The line without a kink and with one.
    """

    years: Floats
    origin: float
    candidates: Floats
    effects: Floats
    codes: Integers
    straight: Model
    kinked: Model

    @property
    def n_clusters(self) -> int:
        """G."""
        return int(self.codes.max()) + 1

    @property
    def searched(self) -> tuple[float, float]:
        """The first and the last decimal year at which a kink is sought."""
        return float(self.candidates[0]) + self.origin, float(self.candidates[-1]) + self.origin

    def best(self, log10_values: Floats) -> int:
        """Return the place of the kink that fits best among the candidates."""
        return _fit(self.kinked, log10_values)[1]

    def draw_signs(self, draws: int, seed: int) -> Floats:
        """Return one random sign for each cluster in each draw, shape (draws, G)."""
        return seeded(seed).choice([-1.0, 1.0], size=(draws, self.n_clusters))

    def p_value(self, log10_values: Floats, narrow: Model, signs: Floats) -> float:
        """Return the p-value of a narrower model against the kinked line, 1 + draws as far out / 1 + draws.

        The wild bootstrap by cluster, under the hypothesis: values are drawn as the fit of the narrow model
        plus its residuals, those of a cluster all with one random sign (Cameron, Gelbach and Miller 2008,
        doi:10.1162/rest.90.3.414; by row Wu 1986, doi:10.1214/aos/1176350142), and the gain of the kinked
        line over it is found anew in each draw. Residuals are those that each cluster has from a fit without
        it (`leave_out`): they are not made small by the cluster's own pull.
        """
        line, at = _fit(narrow, log10_values)
        residuals = log10_values - line
        observed = _left(narrow, log10_values) / _left(self.kinked, log10_values) - 1
        chosen = narrow.only(at).choice if narrow.choice.shape[1] else narrow.choice
        adjusted = self.leave_out(residuals, np.hstack([narrow.fixed, chosen]))
        # What the fixed columns explain they explain in the kinked line too.
        drawn = _Drawn(line - narrow.fixed @ (narrow.fixed.T @ line), adjusted, signs, self)
        as_far = drawn.left(narrow) >= (1 + (1 - TIE) * observed) * drawn.left(self.kinked)
        return float((1 + np.count_nonzero(as_far)) / (1 + len(signs)))

    def year_bounds(self, log10_values: Floats, signs: Floats, alpha: float) -> tuple[float, float]:
        """Return the first and last candidate, as decimal years, that the test of this very kink keeps.

        Test inversion by the wild bootstrap under each hypothesis (as Hansen 2017 for one threshold,
        doi:10.1080/07350015.2015.1073595; grid bootstrap, Hansen 1999, doi:10.1162/003465399558463).
        """

        def keeps(place: int) -> bool:
            return self.p_value(log10_values, self.kinked.only(place), signs) > alpha

        best = self.best(log10_values)
        ends = (_first(keeps, range(best + 1)), _first(keeps, range(len(self.candidates) - 1, best - 1, -1)))
        low, high = (float(self.candidates[place]) + self.origin for place in ends)
        return low, high

    def slope_bounds(
        self, log10_values: Floats, signs: Floats, alpha: float, *, side: str, slope: float, step: float
    ) -> tuple[float, float]:
        """Return the ends of the interval of the slope on one side, wherever the kink is: as `year_bounds`.

        Parameters
        ----------
        side : str
            `BEFORE` or `AFTER`.
        slope, step : float
            The estimate, and its standard error, from which on the ends are sought.
        """
        narrow = self.without_slope(side)

        def keeps(hypothesis: float) -> bool:
            return self.p_value(log10_values - hypothesis * self.years, narrow, signs) > alpha

        return _find_end(keeps, slope, -step), _find_end(keeps, slope, step)

    def slopes(self, log10_values: Floats) -> dict[str, tuple[float, float, float]]:
        """Return by side the slope, its standard error by cluster and the degrees of freedom.

        The error is that of the design with the derivative by the year, so that the year is estimated too
        (`cr2`); it is what groups are compared by, and where the search for the ends of an interval begins.
        """
        at = self.candidates[self.best(log10_values)]
        design = np.column_stack([self.years, np.maximum(self.years - at, 0), self.effects])
        fitted, *_ = np.linalg.lstsq(design, log10_values, rcond=None)
        residuals = log10_values - design @ fitted
        full = np.column_stack([design, np.where(self.years > at, -fitted[1], 0.0)])
        found = {}
        for side, slope, contrast in (
            (BEFORE, fitted[0], (1.0, 0.0)),
            (AFTER, fitted[0] + fitted[1], (1.0, 1.0)),
        ):
            by_cluster, along = self._covariance((full, design), residuals, contrast)
            error = math.sqrt(max(float(along @ by_cluster.covariance @ along), 0.0))
            found[side] = (float(slope), error, by_cluster.degrees_of_freedom)
        return found

    def sum_by_cluster(self, rows: Floats) -> Floats:
        """Return the sums of the rows of each cluster, shape (G, columns)."""
        order = np.argsort(self.codes, kind="stable")
        sizes = np.bincount(self.codes)
        sums: Floats = np.add.reduceat(rows[order], np.cumsum(sizes) - sizes, axis=0)
        return sums

    def without_slope(self, side: str) -> Model:
        """Return the kinked line whose slope on one side is zero."""
        fixed, _ = np.linalg.qr(self.effects)
        shifted = self.years[:, np.newaxis] - self.candidates
        halves = np.maximum(shifted, 0) if side == BEFORE else np.minimum(shifted, 0)
        return Model(fixed, _free_of(fixed, halves)[0])

    def leave_out(self, residuals: Floats, columns: Floats) -> Floats:
        """Return (I - H_g)^-1 e_g of each cluster: its residuals from the fit to all others.

        With orthonormal columns U, e_g + U_g (I - U_g'U_g)^-1 U_g'e_g. By the pseudo-inverse where a cluster
        alone tells of a column (MacKinnon, Nielsen and Webb 2023, doi:10.1002/jae.2969).
        """
        n_columns = columns.shape[1]
        products = (columns[:, :, np.newaxis] * columns[:, np.newaxis, :]).reshape(len(columns), -1)
        left = np.eye(n_columns) - self.sum_by_cluster(products).reshape(-1, n_columns, n_columns)
        inverse = np.linalg.pinv(left, rcond=1e-8, hermitian=True)
        pull = np.einsum("gij,gj->gi", inverse, self.sum_by_cluster(columns * residuals[:, np.newaxis]))
        adjusted: Floats = residuals + np.einsum("ij,ij->i", columns, pull[self.codes])
        return adjusted

    def _covariance(
        self, designs: tuple[Floats, ...], residuals: Floats, contrast: tuple[float, float]
    ) -> tuple[ClusterCovariance, Floats]:
        for design in designs:
            along = np.concatenate([contrast, np.zeros(design.shape[1] - 2)])
            try:
                return cr2(design, residuals, self.codes, contrast=along), along
            except MemwallError:  # no kink, so that its year is nothing; or one cluster has all of a side
                continue
        return crv1(designs[-1], residuals, self.codes), along


def search_kinks(years: Floats, clusters: Integers, within: Integers | None = None) -> KinkSearch:
    """Return the kinks that a line through observations of these years may have.

    Parameters
    ----------
    years : ndarray of float, shape (n,)
        Decimal years.
    clusters : ndarray of int, shape (n,)
        Which observations share an error; each is its own cluster where none do.
    within : ndarray of int, shape (n,), optional
        Classes, 0 to m - 1, each of which has an intercept of its own.

    Returns
    -------
    KinkSearch

    Raises
    ------
    MemwallError
        If there are fewer than `FEWEST_CLUSTERS` clusters, or too few observations for the coefficients.

    Examples
    --------
    >>> search = search_kinks(np.arange(2000.0, 2020.0), np.arange(20))
    >>> search.n_clusters, [round(year, 2) for year in search.searched]
    (20, [2002.85, 2016.15])
    """
    codes, n_clusters = number_clusters(clusters, len(years))
    if n_clusters < FEWEST_CLUSTERS:
        raise MemwallError(
            f"the test of a break needs at least {FEWEST_CLUSTERS} clusters to draw signs for; got "
            f"{n_clusters}. Choose less narrowly, or a finer column of clusters, as in --cluster name"
        )
    origin = float(years.mean())
    years = years - origin
    effects = np.ones((len(years), 1))
    if within is not None:
        effects = np.hstack([effects, (within[:, np.newaxis] == np.arange(within.max())).astype(float)])
    if len(years) <= effects.shape[1] + 3:
        raise MemwallError(
            f"{len(years)} observations in {effects.shape[1]} classes are too few for a line with a break; "
            "choose another column than this for --within"
        )
    fixed, triangle = np.linalg.qr(np.column_stack([effects, years]))
    if abs(triangle[-1, -1]) <= SINGULAR * np.linalg.norm(years):
        raise MemwallError("within each group all observations are of one date, so that none shows growth")
    candidates = place_kinks(years)
    kinks, told = _free_of(fixed, np.maximum(years[:, np.newaxis] - candidates, 0))
    if not told.any():
        raise MemwallError("no class has dates on both sides of a year, so that a break can be seen in none")
    straight, kinked = Model(fixed, np.empty((len(years), 0))), Model(fixed, kinks[:, told])
    return KinkSearch(years, origin, candidates[told], effects, codes, straight, kinked)


def place_kinks(years: Floats) -> Floats:
    """Return the years at which a kink is sought, so many that none lies far from one of them.

    Examples
    --------
    >>> places = place_kinks(np.arange(101.0))
    >>> len(places), float(places[0]), float(places[-1])
    (120, 15.0, 85.0)
    """
    first, last = np.quantile(years, [TRIMMED, 1 - TRIMMED])
    return np.linspace(float(first), float(last), CANDIDATES)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Values drawn as a line plus residuals with a sign for each cluster, by what models leave of them."""

    line: Floats
    residuals: Floats
    signs: Floats
    search: KinkSearch

    def left(self, model: Model) -> Floats:
        """Return S of the model in each draw, shape (draws,)."""
        crossed = self.signs @ self._by_cluster(self.line)[:, 0]
        # A sign squared is one.
        whole = self.line @ self.line + 2 * crossed + self.residuals @ self.residuals
        rest = whole - (self._onto(model.fixed) ** 2).sum(axis=1)
        if model.choice.shape[1]:
            rest = rest - (self._onto(model.choice) ** 2).max(axis=1)
        above_rounding: Floats = np.maximum(rest, 0.0)
        return above_rounding

    def _onto(self, columns: Floats) -> Floats:
        """Return the products with columns of length 1 in each draw, shape (draws, columns)."""
        products: Floats = columns.T @ self.line + self.signs @ self._by_cluster(columns)
        return products

    def _by_cluster(self, columns: Floats) -> Floats:
        rows = columns.reshape(len(self.residuals), -1) * self.residuals[:, np.newaxis]
        return self.search.sum_by_cluster(rows)


def _fit(model: Model, values: Floats) -> tuple[Floats, int]:
    """Return what the model says of the rows, and the place of the column that it takes."""
    line: Floats = model.fixed @ (model.fixed.T @ values)
    if not model.choice.shape[1]:
        return line, 0
    heights = model.choice.T @ values
    at = int((heights**2).argmax())
    line += model.choice[:, at] * heights[at]
    return line, at


def _left(model: Model, values: Floats) -> float:
    residuals = values - _fit(model, values)[0]
    return max(float(residuals @ residuals), 1e-300)


def _free_of(fixed: Floats, columns: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the columns less what the fixed ones explain, of length 1, and which of them have any left."""
    free: Floats = columns - fixed @ (fixed.T @ columns)
    lengths = np.linalg.norm(free, axis=0)
    told = lengths > SINGULAR * np.linalg.norm(columns, axis=0)
    free /= np.where(told, lengths, 1.0)
    return free, told


def _first(keeps: Callable[[int], bool], places: range) -> int:
    """Return the first place that is kept, the last of them if none is."""
    for start in places[::STRIDE]:
        if keeps(start):
            skipped = range(max(places.index(start) - STRIDE + 1, 0), places.index(start))
            return next((places[step] for step in skipped if keeps(places[step])), start)
    return places[-1]


def _find_end(keeps: Callable[[float], bool], inside: float, step: float) -> float:
    """Return where, on the side of the step, a hypothesis is no longer kept; infinite where all are."""
    if step == 0:
        return inside
    for _ in range(DOUBLINGS):
        outside = inside + step
        if not keeps(outside):
            break
        inside, step = outside, 2 * step
    else:
        return math.copysign(math.inf, step)
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if keeps(middle):
            inside = middle
        else:
            outside = middle
    return outside
