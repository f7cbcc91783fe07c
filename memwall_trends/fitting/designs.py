"""A design by orthogonal columns and its rows by cluster: what standard errors by cluster are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

FEW_CLUSTERS = 2
SINGULAR = 1e-10
"""Relative to numbers of order 1: below, what should be zero."""


@dataclass(frozen=True, eq=False)
class Basis:
    """The design by orthogonal columns: ``columns = X R^-1`` with ``columns' W columns = I``.

    Attributes
    ----------
    columns, weighted : ndarray of float, shape (n, k)
        Without and with the weight of each row.
    triangle : ndarray of float, shape (k, k)
        R, with R'R = X'WX.
    n_obs : int
        Observations that the rows stand for, of which each may be several (`memwall_trends.fitting.moments`).
    """

    columns: Floats
    weighted: Floats
    triangle: Floats
    n_obs: int

    def unrotate(self, covariance: Floats) -> Floats:
        """Return the covariance of the design's own coefficients."""
        half = np.linalg.solve(self.triangle, covariance)
        whole: Floats = np.linalg.solve(self.triangle, half.T)
        return (whole + whole.T) / 2

    def rotate(self, contrast: Floats) -> Floats:
        """Return the contrast of the coefficients of the orthogonal columns."""
        if np.shape(contrast) != (len(self.triangle),) or not np.any(contrast):
            raise MemwallError(
                f"a contrast has one number, not all zero, for each of the {len(self.triangle)} "
                f"coefficients; got {np.asarray(contrast).tolist()}"
            )
        return np.linalg.solve(self.triangle.T, contrast).astype(np.float64, copy=False)


def orthogonalize(design: Floats, weights: Floats | None, n_obs: int | None = None) -> Basis:
    """Return the design by orthogonal columns; `MemwallError` where it has none, or a weight is not above 0.

    Where rows stand for several observations, `n_obs` says how many these are.

    Examples
    --------
    >>> basis = orthogonalize(np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([1.0, 2.0, 1.0]))
    >>> (basis.columns.T @ basis.weighted).round(12) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """
    n_rows, n_columns = design.shape
    n_obs = n_rows if n_obs is None else n_obs
    if n_obs <= n_columns:
        raise MemwallError(
            f"{n_columns} coefficients need more observations than that to have an error; got {n_obs}"
        )
    scale = np.ones(n_rows) if weights is None else np.asarray(weights, dtype=np.float64)
    if scale.shape != (n_rows,) or not (np.isfinite(scale).all() and (scale > 0).all()):
        raise MemwallError(f"weights are {n_rows} numbers above zero, one for each observation")
    roots = np.sqrt(scale / scale.mean())[:, np.newaxis]
    orthogonal, triangle = np.linalg.qr(roots * design)
    sizes = np.linalg.norm(roots * design, axis=0)
    if (abs(np.diag(triangle)) <= SINGULAR * sizes).any():
        raise MemwallError(
            "the columns of the design depend on each other linearly, as the indicators of two groups that "
            "have the same rows; leave one out"
        )
    return Basis(orthogonal / roots, orthogonal * roots, triangle, n_obs)


def design_line(years: Floats, origin: float) -> Floats:
    """Return the columns of a straight line: one, and the years since the origin.

    Examples
    --------
    >>> import numpy as np
    >>> design_line(np.array([2000.0, 2002.0]), 2001.0).tolist()
    [[1.0, -1.0], [1.0, 1.0]]
    """
    return np.column_stack([np.ones_like(years), years - origin])


def centre_groups(within: Integers, weights: Floats) -> Floats:
    """Return a column for each group but the last, centred: the intercept is the average observation's.

    Examples
    --------
    >>> import numpy as np
    >>> centre_groups(np.array([0, 1, 1, 0]), np.ones(4)).ravel().tolist()
    [0.5, -0.5, -0.5, 0.5]
    """
    dummies = (within[:, np.newaxis] == np.arange(within.max())).astype(float)
    centred: Floats = dummies - np.average(dummies, axis=0, weights=weights)
    return centred


def find_heights(within: Integers, fitted: Floats, weights: Floats) -> Floats:
    """Return how far each group lies above the average observation, by the coefficients of `centre_groups`.

    Examples
    --------
    >>> find_heights(np.array([0, 1, 1, 0]), np.array([1.0]), np.ones(4)).tolist()
    [0.5, -0.5]
    """
    heights = np.append(fitted, 0.0)
    above: Floats = heights - np.average(heights[within], weights=weights)
    return above


def number_clusters(clusters: Integers, n_obs: int) -> tuple[Integers, int]:
    """Return the clusters as 0 to G - 1, and G; `MemwallError` where there are fewer than two.

    Examples
    --------
    >>> number_clusters(np.array([7, 3, 7]), 3)
    (array([1, 0, 1]), 2)
    """
    if np.shape(clusters) != (n_obs,):
        raise MemwallError(
            f"each of the {n_obs} observations needs a cluster; got {np.size(clusters)} clusters"
        )
    known, codes = np.unique(clusters, return_inverse=True)
    if len(known) < FEW_CLUSTERS:
        raise MemwallError(
            f"standard errors by cluster need at least two clusters; got {len(known)}; take classical or hc3 "
            "errors, or a column with more groups"
        )
    return codes, len(known)


def sum_by_cluster(rows: Floats, codes: Integers, n_clusters: int) -> Floats:
    """Return the sums of the rows of each cluster, shape (G, columns).

    Examples
    --------
    >>> sum_by_cluster(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1, 0, 1]), 2)
    array([[3., 4.],
           [6., 8.]])
    """
    sums = np.zeros((n_clusters, rows.shape[1]))
    np.add.at(sums, codes, rows)
    return sums


def small_sample_factor(basis: Basis, n_clusters: int) -> float:
    """Return G/(G-1) (n-1)/(n-k).

    Examples
    --------
    >>> small_sample_factor(orthogonalize(np.ones((11, 1)), None), 2)
    2.0
    """
    n_obs, n_columns = basis.n_obs, basis.columns.shape[1]
    return float(n_clusters / (n_clusters - 1) * (n_obs - 1) / (n_obs - n_columns))
