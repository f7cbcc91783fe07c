"""The wild cluster bootstrap-t: an interval that holds also where clusters are few or unequal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import check_level, seeded
from memwall_trends.fitting.designs import (
    number_clusters,
    orthogonalize,
    small_sample_factor,
    sum_by_cluster,
)

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers

DRAWS = 9999
"""One less than a multiple of 100, so that the levels in use fall on a draw (Davidson and MacKinnon 2000)."""
WEBB = (-math.sqrt(1.5), -1.0, -math.sqrt(0.5), math.sqrt(0.5), 1.0, math.sqrt(1.5))
"""Webb's six points, of mean 0 and variance 1 (2023, doi:10.1111/caje.12661): two points give too few
different draws where clusters are few."""
CHUNK = 1000
"""Draws held in memory at once."""
TIE = 1e-9
"""Relative: a drawn statistic this close below that of the data is the same one."""
DOUBLINGS, BISECTIONS = 14, 60
"""Of the search for an end: one that is 2^14 standard errors off is none."""


@dataclass(frozen=True, eq=False)
class WildBootstrap:
    """A contrast of coefficients with what its drawn t statistics are made of, for any hypothesis.

    With d = estimate - hypothesis, a draw's statistic is (u_1 + d u_2) / sqrt(q_1 + 2 d q_2 + d^2 q_3).

    Attributes
    ----------
    estimate : float
        Of the contrast.
    standard_error : float
        By cluster, as of `memwall_trends.fitting.clusters.crv1`.
    n_clusters : int
    numerators : ndarray of float, shape (2, draws)
        u_1 and u_2.
    squares : ndarray of float, shape (3, draws)
        q_1, q_2 and q_3.
    """

    estimate: float
    standard_error: float
    n_clusters: int
    numerators: Floats
    squares: Floats

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.numerators.shape[1])

    def p_value(self, hypothesis: float = 0.0) -> float:
        """Return the two-sided p-value of a value of the contrast, (1 + draws as far out) / (1 + draws)."""
        distance = self.estimate - hypothesis
        drawn = (self.numerators[0] + distance * self.numerators[1]) ** 2
        variance = self.squares[0] + 2 * distance * self.squares[1] + distance**2 * self.squares[2]
        # Both t statistics squared, without a division: all observations may lie on one line.
        as_far = drawn * self.standard_error**2 >= (1 - TIE) * distance**2 * variance
        return float((1 + np.count_nonzero(as_far)) / (1 + self.draws))

    def bounds(self, level: float = defaults.LEVEL) -> tuple[float, float]:
        """Return the ends of the interval: the values that a test at 1 - level just does not reject.

        Infinite where no value is rejected, as with two or three clusters.
        """
        if (1 + self.draws) * (1 - check_level(level)) < 1:
            raise MemwallError(
                f"{self.draws} draws cannot tell a level of {level:.10g}; "
                f"take at least {math.ceil(1 / (1 - level))} draws"
            )
        return self._end(-1.0, 1 - level), self._end(1.0, 1 - level)

    def _end(self, side: float, alpha: float) -> float:
        inside, outside = 0.0, self.standard_error
        if outside == 0:
            return self.estimate
        for _ in range(DOUBLINGS):
            if self.p_value(self.estimate + side * outside) <= alpha:
                break
            inside, outside = outside, 2 * outside
        else:
            return side * math.inf
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            if middle in (inside, outside):
                break
            if self.p_value(self.estimate + side * middle) <= alpha:
                outside = middle
            else:
                inside = middle
        return self.estimate + side * outside


def wild_bootstrap_t(
    design: Floats,
    outcome: Floats,
    clusters: Integers,
    *,
    contrast: Floats,
    weights: Floats | None = None,
    n_obs: int | None = None,
    draws: int = DRAWS,
    seed: int = defaults.SEED,
) -> WildBootstrap:
    """Draw t statistics of a least-squares fit with the signs and sizes of each cluster's errors drawn anew.

    The wild cluster bootstrap-t with the null hypothesis imposed (Cameron, Gelbach and Miller 2008,
    doi:10.1162/rest.90.3.414) and Webb's weights: outcomes are drawn as the fit under the hypothesis plus its
    residuals, those of a cluster times one weight, and the fit's t statistic by cluster is taken of each.
    Numerators are linear in the hypothesis and variances quadratic, so that the same draws serve all (as in
    Roodman et al. 2019, doi:10.1177/1536867X19830877).

    Parameters
    ----------
    design : ndarray of float, shape (n, k)
        Of full column rank.
    outcome : ndarray of float, shape (n,)
    clusters : ndarray of int, shape (n,)
        The cluster of each observation.
    contrast : ndarray of float, shape (k,)
        The combination of coefficients asked for: (0, 1) is the slope of a line.
    weights : ndarray of float, shape (n,), optional
        Of the fit; only their ratios matter. All the same by default.
    n_obs : int, optional
        Observations that the rows stand for, where one may be several.
    draws : int
    seed : int
        Of the draws.

    Returns
    -------
    WildBootstrap

    Raises
    ------
    MemwallError
        As `memwall_trends.fitting.clusters.crv1`, and if there are no draws.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> clusters, x = np.repeat(np.arange(12), 5), random.normal(size=60)
    >>> outcome = 0.5 * x + random.normal(size=12)[clusters] + random.normal(size=60)
    >>> wild = wild_bootstrap_t(
    ...     np.column_stack([np.ones(60), x]), outcome, clusters, contrast=np.array([0.0, 1.0])
    ... )
    >>> low, high = wild.bounds(0.95)
    >>> wild.p_value(0) < 0.05, low < wild.estimate < high
    (True, True)
    """
    if draws < 1:
        raise MemwallError(f"a bootstrap needs draws, as in {DRAWS}; got {draws}")
    basis = orthogonalize(design, weights, n_obs)
    codes, n_clusters = number_clusters(clusters, len(outcome))
    rotated = basis.rotate(contrast)
    coefficients = basis.weighted.T @ outcome
    residuals = outcome - basis.columns @ coefficients
    # What a hypothesis that is off by 1 adds to the residuals under it.
    shift = basis.columns @ rotated / (rotated @ rotated)
    scores = sum_by_cluster(basis.weighted * residuals[:, np.newaxis], codes, n_clusters)
    shift_scores = sum_by_cluster(basis.weighted * shift[:, np.newaxis], codes, n_clusters)
    factor = small_sample_factor(basis, n_clusters)
    numerators, squares = _draw(scores, shift_scores, rotated, draws, seed)
    return WildBootstrap(
        estimate=float(rotated @ coefficients),
        standard_error=math.sqrt(factor * float(((scores @ rotated) ** 2).sum())),
        n_clusters=n_clusters,
        numerators=numerators,
        squares=factor * squares,
    )


def _draw(
    scores: Floats, shift_scores: Floats, rotated: Floats, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """Return numerators and squares of all draws.

    With c the contrast, s_g a cluster's score under the hypothesis, v_g its weight and T = sum of v_g s_g, a
    draw's contrast is off by c'T, and its cluster's score along c is v_g c's_g - K_g'T with
    K_g = U_g'W_g U_g c. Of s_g = scores + d shift_scores each part is taken by itself.
    """
    random, n_clusters = seeded(seed), len(scores)
    parts = (scores, shift_scores)
    along = [part @ rotated for part in parts]
    leverage = (shift_scores * (rotated @ rotated)).T
    numerators, squares = np.empty((2, draws)), np.empty((3, draws))
    for start in range(0, draws, CHUNK):
        drawn = slice(start, min(start + CHUNK, draws))
        signs = np.array(WEBB)[random.integers(len(WEBB), size=(drawn.stop - start, n_clusters))]
        totals = [signs @ part for part in parts]
        left = [signs * each - total @ leverage for each, total in zip(along, totals, strict=True)]
        numerators[:, drawn] = [total @ rotated for total in totals]
        squares[:, drawn] = [np.einsum("dg,dg->d", left[i], left[j]) for i, j in ((0, 0), (0, 1), (1, 1))]
    return numerators, squares
