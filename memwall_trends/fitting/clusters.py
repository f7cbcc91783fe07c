"""Covariance of a least-squares fit whose errors are dependent within clusters: arrays in, covariance out.

Notation of the formulas: X the design, W the diagonal weights, M = (X'WX)^-1, e the residuals, and a
subscript g for the rows of cluster g, of which there are G.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.fitting.designs import (
    SINGULAR,
    number_clusters,
    orthogonalize,
    small_sample_factor,
    sum_by_cluster,
)

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Basis, Floats, Integers

WORKING_MODELS = ("independent", "intraclass")
MANY_CLUSTERS = 1000
"""Above, no matrix of all pairs of clusters is put together."""


@dataclass(frozen=True, eq=False)
class ClusterCovariance:
    """Covariance of the coefficients, and of which t distribution an interval is.

    Attributes
    ----------
    covariance : ndarray of float, shape (k, k)
    degrees_of_freedom : float
        Of the t distribution.
    n_clusters : int
        G; of two-way clusters the smaller number.
    """

    covariance: Floats
    degrees_of_freedom: float
    n_clusters: int


@dataclass(frozen=True, eq=False)
class BiasReducedCovariance(ClusterCovariance):
    """A `ClusterCovariance` by `cr2`, whose degrees of freedom depend on the contrast.

    Attributes
    ----------
    freedom : Satterthwaite
        Gives the degrees of freedom of any contrast: ``freedom.of(contrast)``.
    """

    freedom: Satterthwaite


def crv1(
    design: Floats,
    residuals: Floats,
    clusters: Integers,
    *,
    weights: Floats | None = None,
    n_obs: int | None = None,
) -> ClusterCovariance:
    """Return the usual covariance by cluster (Liang and Zeger 1986, doi:10.1093/biomet/73.1.13).

    V = G/(G-1) (n-1)/(n-k) M [sum over g of X_g' W_g e_g e_g' W_g X_g] M, with t of G - 1 degrees of freedom;
    R's ``sandwich::vcovCL(type = "HC1")`` and pyfixest's ``CRV1`` have the same factors.

    Parameters
    ----------
    design : ndarray of float, shape (n, k)
        Of full column rank.
    residuals : ndarray of float, shape (n,)
        Of the fit, not weighted.
    clusters : ndarray of int, shape (n,)
        The cluster of each observation.
    weights : ndarray of float, shape (n,), optional
        Of the fit; only their ratios matter. All the same by default.
    n_obs : int, optional
        Observations that the rows stand for, where one may be several (`memwall_trends.fitting.moments`).

    Returns
    -------
    ClusterCovariance

    Raises
    ------
    MemwallError
        If there are fewer than two clusters, no more observations than coefficients, or the arrays do not fit
        together.

    Examples
    --------
    >>> design = np.column_stack([np.ones(6), np.arange(6.0) - 2.5])
    >>> residuals = np.array([1.0, 0.5, -0.75, -1.5, -0.25, 1.0])
    >>> by_cluster = crv1(design, residuals, np.array([0, 0, 1, 1, 2, 2]))
    >>> round(float(by_cluster.covariance[1, 1] ** 0.5), 4), by_cluster.degrees_of_freedom
    (0.3052, 2.0)
    """
    basis = orthogonalize(design, weights, n_obs)
    codes, n_clusters = number_clusters(clusters, len(residuals))
    covariance = basis.unrotate(_liang_zeger(basis, residuals, codes, n_clusters))
    return ClusterCovariance(covariance, float(n_clusters - 1), n_clusters)


def two_way(
    design: Floats,
    residuals: Floats,
    clusters: Integers,
    other_clusters: Integers,
    *,
    weights: Floats | None = None,
    n_obs: int | None = None,
) -> ClusterCovariance:
    """Return the covariance where errors depend within either of two clusters, as an architecture or a year.

    V = V_A + V_B - V_AB (Cameron, Gelbach and Miller 2011, doi:10.1198/jbes.2010.07136), each as `crv1` has
    it and with its own G/(G-1), as R's ``sandwich::vcovCL`` has it. The difference may have a negative
    eigenvalue; as they advise, it is set to zero. The t distribution has min(G_A, G_B) - 1 degrees of
    freedom.

    Parameters
    ----------
    design, residuals, weights, n_obs
        As in `crv1`.
    clusters, other_clusters : ndarray of int, shape (n,)
        A and B.

    Returns
    -------
    ClusterCovariance

    Examples
    --------
    >>> design = np.column_stack([np.ones(6), np.arange(6.0) - 2.5])
    >>> residuals = np.array([1.0, 0.5, -0.75, -1.5, -0.25, 1.0])
    >>> both = two_way(design, residuals, np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 1]))
    >>> both.n_clusters, both.degrees_of_freedom
    (2, 1.0)
    """
    basis = orthogonalize(design, weights, n_obs)
    first, n_first = number_clusters(clusters, len(residuals))
    second, n_second = number_clusters(other_clusters, len(residuals))
    both, n_both = number_clusters(first * n_second + second, len(residuals))
    rotated = (
        _liang_zeger(basis, residuals, first, n_first)
        + _liang_zeger(basis, residuals, second, n_second)
        - _liang_zeger(basis, residuals, both, n_both)
    )
    values, vectors = np.linalg.eigh(basis.unrotate(rotated))
    fewest = min(n_first, n_second)
    return ClusterCovariance((vectors * values.clip(min=0)) @ vectors.T, float(fewest - 1), fewest)


def cr2(
    design: Floats,
    residuals: Floats,
    clusters: Integers,
    *,
    contrast: Floats,
    weights: Floats | None = None,
    n_obs: int | None = None,
    working: str = "independent",
) -> BiasReducedCovariance:
    """Return the covariance by cluster less its bias at few or unequal clusters, and Satterthwaite's freedom.

    V = M [sum over g of X_g' W_g A_g e_g e_g' A_g W_g X_g] M with A_g the symmetric root of the
    pseudo-inverse of the rows and columns g of (I - H)(I - H)', H = X M X' W (Bell and McCaffrey 2002;
    pseudo-inverse by Pustejovsky and Tipton 2018, doi:10.1080/07350015.2016.1247004). It is unbiased if the
    errors are in fact independent and of one variance, whatever the weights: weights are not taken for
    inverse variances. So has ``clubSandwich::vcovCR(type = "CR2")`` it for ``lm``, with and without weights.

    Parameters
    ----------
    design, residuals, clusters, weights, n_obs
        As in `crv1`. A coefficient that one cluster alone determines may be in the design.
    contrast : ndarray of float, shape (k,)
        The combination of coefficients whose degrees of freedom are wanted: (0, 1) is the slope of a line.
    working : str
        What the degrees of freedom take the errors for. ``independent``: of one variance (Bell and McCaffrey;
        clubSandwich). ``intraclass``: correlated within clusters, as much as the residuals are (Imbens and
        Kolesár 2016, doi:10.1162/REST_a_00552; R's ``dfadjust``).

    Returns
    -------
    BiasReducedCovariance

    Raises
    ------
    MemwallError
        As `crv1`, and if no more than one cluster tells of the contrast, or the working model is not known.

    Examples
    --------
    >>> design = np.column_stack([np.ones(6), np.arange(6.0) - 2.5])
    >>> residuals = np.array([1.0, 0.5, -0.75, -1.5, -0.25, 1.0])
    >>> reduced = cr2(design, residuals, np.array([0, 0, 1, 1, 2, 2]), contrast=np.array([0.0, 1.0]))
    >>> round(float(reduced.covariance[1, 1] ** 0.5), 4), round(reduced.degrees_of_freedom, 3)
    (0.4934, 1.238)
    """
    if working not in WORKING_MODELS:
        raise unknown("working model", working, WORKING_MODELS)
    basis = orthogonalize(design, weights, n_obs)
    codes, n_clusters = number_clusters(clusters, len(residuals))
    adjusted = _adjust(basis, codes)
    scores = sum_by_cluster(adjusted * residuals[:, np.newaxis], codes, n_clusters)
    freedom = Satterthwaite(
        basis=basis,
        squares=_products(adjusted, adjusted, codes, n_clusters),
        plain=_products(basis.columns, adjusted, codes, n_clusters),
        weighted=_products(basis.weighted, adjusted, codes, n_clusters),
        sums=sum_by_cluster(adjusted, codes, n_clusters),
        leverage=sum_by_cluster(basis.weighted, codes, n_clusters),
        variances=_moulton(residuals, codes, n_clusters) if working == "intraclass" else (1.0, 0.0),
    )
    return BiasReducedCovariance(
        basis.unrotate(scores.T @ scores), freedom.of(contrast), n_clusters, freedom=freedom
    )


def intraclass_correlation(residuals: Floats, clusters: Integers) -> float:
    """Return how alike the residuals of a cluster are: the share of their variance that its members share.

    By the analysis of variance, (B - W) / (B + (m - 1) W) with B and W the mean squares between and within
    clusters and m = (n - sum of n_g^2 / n) / (G - 1) (Donner 1986, doi:10.2307/1403259).

    Parameters
    ----------
    residuals : ndarray of float, shape (n,)
    clusters : ndarray of int, shape (n,)

    Returns
    -------
    float
        At most 1; below zero where members differ more than strangers do. Not a number where each cluster has
        one member, or nothing varies.

    Examples
    --------
    >>> intraclass_correlation(np.array([1.0, 1.0, -2.0, -2.0, 1.0, 1.0]), np.array([0, 0, 1, 1, 2, 2]))
    1.0
    """
    codes, n_clusters = number_clusters(clusters, len(residuals))
    n_obs, sizes = len(residuals), np.bincount(codes)
    if n_clusters == n_obs:
        return math.nan
    means = np.bincount(codes, weights=residuals) / sizes
    between = float(sizes @ (means - residuals.mean()) ** 2) / (n_clusters - 1)
    within = float(((residuals - means[codes]) ** 2).sum()) / (n_obs - n_clusters)
    typical_size = (n_obs - float(sizes @ sizes) / n_obs) / (n_clusters - 1)
    total = between + (typical_size - 1) * within
    return (between - within) / total if total > 0 else math.nan


@dataclass(frozen=True, eq=False)
class Satterthwaite:
    """Degrees of freedom of a variance by `cr2`, for any contrast: (trace B)^2 / trace(B^2).

    B is the G x G covariance of what each cluster adds to the estimated variance, under the working model
    (Pustejovsky and Tipton 2018, doi:10.1080/07350015.2016.1247004). It is put together from products with
    the orthogonal columns U, so that no n x n matrix is needed.

    Attributes
    ----------
    basis : Basis
    squares, plain, weighted : ndarray of float, shape (G, k, k)
        P_g'P_g, U_g'P_g and U_g'W_g P_g with P_g = A_g W_g U_g.
    sums, leverage : ndarray of float, shape (G, k)
        Sums over the rows of P_g and of W_g U_g.
    variances : tuple of float
        Of the working model: of an observation, and what the members of a cluster share.
    """

    basis: Basis
    squares: Floats
    plain: Floats
    weighted: Floats
    sums: Floats
    leverage: Floats
    variances: tuple[float, float]

    def of(self, contrast: Floats) -> float:
        """Return the degrees of freedom of a contrast, shape (k,)."""
        rotated = self.basis.rotate(contrast)
        plain, weighted = self.plain @ rotated, self.weighted @ rotated
        own, shared = self.variances
        if not shared and len(plain) > MANY_CLUSTERS:
            return self._of_many(rotated, plain, weighted)
        cross = plain @ weighted.T
        covariance = (
            np.diag(self.squares @ rotated @ rotated)
            - cross
            - cross.T
            + plain @ (self.basis.weighted.T @ self.basis.weighted) @ plain.T
        )
        _check_told(np.trace(covariance), rotated)
        covariance *= own
        if shared:
            by_cluster = np.diag(self.sums @ rotated) - self.leverage @ plain.T
            covariance += shared * by_cluster.T @ by_cluster
        return float(np.trace(covariance) ** 2 / (covariance**2).sum())

    def _of_many(self, rotated: Floats, plain: Floats, weighted: Floats) -> float:
        """Return the same without the G x G matrix: B = D + A S A' with D diagonal and A of 2k columns."""
        own, n_columns = self.squares @ rotated @ rotated, plain.shape[1]
        sides = np.hstack([plain, weighted])
        middle, identity = self.basis.weighted.T @ self.basis.weighted, np.eye(n_columns)
        inner = np.block([[middle, -identity], [-identity, np.zeros((n_columns, n_columns))]])
        product = inner @ (sides.T @ sides)
        trace = own.sum() + np.trace(product)
        _check_told(trace, rotated)
        along = ((sides @ inner) * sides).sum(axis=1)
        return float(trace**2 / (own @ own + 2 * own @ along + np.trace(product @ product)))


def _check_told(trace: float, rotated: Floats) -> None:
    # Relative to the whole, a variance that consists of rounding errors.
    if trace <= SINGULAR * (rotated @ rotated):
        raise MemwallError(
            "no more than one cluster tells of this coefficient, so that its variance cannot be "
            "estimated; leave out the group that has a single cluster, or take a classical standard error"
        )


def _liang_zeger(basis: Basis, residuals: Floats, codes: Integers, n_clusters: int) -> Floats:
    scores = sum_by_cluster(basis.weighted * residuals[:, np.newaxis], codes, n_clusters)
    covariance: Floats = small_sample_factor(basis, n_clusters) * (scores.T @ scores)
    return covariance


def _products(left: Floats, right: Floats, codes: Integers, n_clusters: int) -> Floats:
    """Return left_g' right_g of each cluster, shape (G, k, k)."""
    n_columns = left.shape[1]
    rows = (left[:, :, np.newaxis] * right[:, np.newaxis, :]).reshape(len(left), -1)
    return sum_by_cluster(rows, codes, n_clusters).reshape(n_clusters, n_columns, n_columns)


def _moulton(residuals: Floats, codes: Integers, n_clusters: int) -> tuple[float, float]:
    """Return the variance of an error alone and of what a cluster's share, as Imbens and Kolesár have it."""
    squares = float(residuals @ residuals)
    pairs = float((np.bincount(codes) ** 2).sum()) - len(residuals)
    sums = np.bincount(codes, weights=residuals, minlength=n_clusters)
    shared = max((float(sums @ sums) - squares) / pairs, 0.0) if pairs else 0.0
    return max(squares / len(residuals) - shared, 0.0), shared


def _adjust(basis: Basis, codes: Integers) -> Floats:
    """Return P = A W U by rows: clusters of one size at once."""
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    middle = basis.weighted.T @ basis.weighted
    adjusted = np.empty_like(basis.columns)
    for size in np.unique(sizes):
        rows = order[starts[sizes == size][:, np.newaxis] + np.arange(size)]
        adjusted[rows] = adjust_alike(basis.columns[rows], basis.weighted[rows], middle)
    return adjusted


def adjust_alike(columns: Floats, weighted: Floats, middle: Floats) -> Floats:
    """Return A_g W_g U_g of clusters of one size.

    Parameters
    ----------
    columns, weighted : ndarray of float, shape (clusters, size, k)
        U_g and W_g U_g.
    middle : ndarray of float, shape (k, k) or (clusters, k, k)
        U'W^2 U, of the fit that a cluster belongs to.

    Returns
    -------
    ndarray of float, shape (clusters, size, k)

    Notes
    -----
    (I - H)(I - H)' of a cluster differs from I only in the space of U_g and W_g U_g. In a cluster of more
    rows than that space has dimensions, the root is taken there.
    """
    _, size, n_columns = columns.shape
    if size <= 2 * n_columns:
        return _inverse_root(columns, weighted, middle) @ weighted
    space, _ = np.linalg.qr(np.concatenate([columns, weighted], axis=2))
    turned = space.swapaxes(1, 2)
    inside = turned @ weighted
    root = _inverse_root(turned @ columns, inside, middle)
    adjusted: Floats = weighted + space @ (root @ inside - inside)
    return adjusted


def _inverse_root(columns: Floats, weighted: Floats, middle: Floats) -> Floats:
    half = columns @ weighted.swapaxes(1, 2)
    whole = np.eye(columns.shape[1]) - half - half.swapaxes(1, 2) + columns @ middle @ columns.swapaxes(1, 2)
    values, vectors = np.linalg.eigh(whole)
    roots = np.where(values > SINGULAR, values.clip(min=SINGULAR) ** -0.5, 0.0)
    root: Floats = (vectors * roots[:, np.newaxis, :]) @ vectors.swapaxes(1, 2)
    return root
