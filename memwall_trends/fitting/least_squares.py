"""Least squares: the line through observations, with group effects where asked for, and its covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.designs import centre_groups, design_line, find_heights
from memwall_trends.fitting.estimate import Estimate, flat_line
from memwall_trends.fitting.moments import Moments, fit_moments
from memwall_trends.fitting.standard_errors import Clusters, estimate_uncertainty, find_standard_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = [
    "Estimate",
    "centre_groups",
    "design_line",
    "ordinary_least_squares",
    "solve_least_squares",
    "weighted_least_squares",
]


def ordinary_least_squares(
    years: Floats,
    log10_values: Floats,
    *,
    se: str = "classical",
    clusters: Clusters | None = None,
    within: Codes | None = None,
) -> Estimate:
    """Return the least-squares line.

    Parameters
    ----------
    years : ndarray of float, shape (n,)
        Decimal years, at least three different ones.
    log10_values : ndarray of float, shape (n,)
    se : str
        One of `memwall_trends.fitting.standard_errors.STANDARD_ERRORS`.
    clusters : Clusters, optional
        Which observations share an error, where the standard error goes by them.
    within : ndarray of int, shape (n,), optional
        Classes, 0 to m - 1, each of which has an intercept of its own: the slope is the growth within them.

    Returns
    -------
    Estimate
        That of ``statsmodels.regression.linear_model.OLS``, from sums (`memwall_trends.fitting.moments`): of
        the observations that share class and cluster.

    Raises
    ------
    MemwallError
        If the standard error is not known, or its clusters are missing or too few.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = ordinary_least_squares(np.array([2000.0, 2001.0, 2002.0]), np.array([1.0, 1.5, 2.0]))
    >>> round(estimate.slope, 12), round(estimate.intercept, 12), estimate.origin
    (0.5, 1.5, 2001.0)
    """
    return weighted_least_squares(years, log10_values, weights=None, se=se, clusters=clusters, within=within)


def weighted_least_squares(
    years: Floats,
    log10_values: Floats,
    *,
    weights: Floats | None,
    se: str = "hc3",
    clusters: Clusters | None = None,
    within: Codes | None = None,
) -> Estimate:
    """Return the line with the least weighted squares.

    Parameters
    ----------
    years, log10_values, clusters, within
        As in `ordinary_least_squares`.
    weights : ndarray of float, shape (n,), optional
        How much each observation counts, all the same if there are none. Only their ratios matter.
    se : str
        As in `ordinary_least_squares`; ``classical`` takes the weights for inverse variances, the others hold
        whatever the weights stand for.

    Returns
    -------
    Estimate
        That of ``statsmodels.regression.linear_model.WLS``, as `ordinary_least_squares`; its residual
        variance is the weighted one.

    Examples
    --------
    >>> import numpy as np
    >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([1.0, 1.5, 2.0, 9.0])
    >>> round(weighted_least_squares(years, values, weights=np.array([1, 1, 1, 1e-9])).slope, 6)
    0.5
    """
    if find_standard_error(se) == "hc3":
        return _fit_rows(years, log10_values, weights, within)
    labels = [
        *(clusters.codes if clusters else ()),
        *(each for each in (within, weights) if each is not None),
    ]
    codes, first = number_cells(len(years), *labels)
    return fit_moments(
        Moments.of(years, log10_values, codes, weights),
        se=se,
        clusters=clusters and Clusters(tuple(each[first] for each in clusters.codes), clusters.name),
        within=None if within is None else within[first],
    )


def number_cells(n_obs: int, *labels: Floats | Codes) -> tuple[Codes, Codes]:
    """Return the cell of each observation, from 0, those of all the same labels; and where each first stands.

    Parameters
    ----------
    n_obs : int
    *labels : ndarray, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> codes, first = number_cells(4, np.array([0, 0, 1, 0]), np.array([2.0, 3.0, 2.0, 2.0]))
    >>> codes.tolist(), first.tolist()
    ([0, 1, 2, 0], [0, 1, 2])
    """
    import numpy as np
    import pandas as pd

    codes = np.zeros(n_obs, dtype=np.int64)
    if not labels:
        return codes, np.zeros(1, dtype=np.int64)
    for each in labels:
        own, known = pd.factorize(each)
        codes = pd.factorize(codes * len(known) + own)[0]
    first = np.full(int(codes.max()) + 1, n_obs)
    np.minimum.at(first, codes, np.arange(len(codes)))
    return codes, first


def _fit_rows(years: Floats, log10_values: Floats, weights: Floats | None, within: Codes | None) -> Estimate:
    """Return the line with an error that goes by the residual of each observation."""
    import numpy as np

    from memwall_trends.fitting.regression import regress

    origin = float(years.mean())
    if np.ptp(log10_values) == 0:
        return flat_line(float(log10_values[0]), origin, len(years))
    scaled = np.ones_like(years) if weights is None else weights / weights.mean()
    design = np.hstack(
        [design_line(years, origin), *([] if within is None else [centre_groups(within, scaled)])]
    )
    if np.linalg.matrix_rank(design[:, 1:]) < design.shape[1] - 1:
        raise MemwallError("within each group all observations are of one date, so that none shows growth")
    result = regress(log10_values, design, scaled)
    residuals = log10_values - result.fittedvalues
    sure = estimate_uncertainty(result, design, log10_values, scaled, se="hc3", clusters=None)
    return Estimate(
        intercept=float(result.params[0]),
        slope=float(result.params[1]),
        origin=origin,
        covariance=np.asarray(sure.covariance, dtype=np.float64)[:2, :2],
        degrees_of_freedom=sure.degrees_of_freedom,
        residual_variance=float(scaled @ residuals**2 / result.df_resid),
        r_squared=result.rsquared,
        interval=sure.interval,
        residual_freedom=result.df_resid,
        effects=None if within is None else find_heights(within, result.params[2:], scaled),
    )


def solve_least_squares(design: Floats, outcome: Floats, weights: Floats) -> Floats:
    """Return the coefficients with the least weighted squares; of several, the shortest.

    Examples
    --------
    >>> import numpy as np
    >>> solve_least_squares(np.ones((2, 1)), np.array([1.0, 4.0]), np.array([2.0, 1.0])).round(9).tolist()
    [2.0]
    """
    import numpy as np

    roots = np.sqrt(weights)
    coefficients, *_ = np.linalg.lstsq(roots[:, np.newaxis] * design, roots * outcome, rcond=None)
    return np.asarray(coefficients, dtype=np.float64)
