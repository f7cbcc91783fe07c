"""Least squares: the line through observations, with group effects where asked for, and its covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.designs import centre_groups, design_line, find_heights
from memwall_trends.fitting.estimate import Estimate, flat_line
from memwall_trends.fitting.standard_errors import estimate_uncertainty

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memwall_trends.fitting.standard_errors import Clusters

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
        By ``statsmodels.regression.linear_model.OLS``.

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
    import numpy as np

    return weighted_least_squares(
        years, log10_values, weights=np.ones_like(years), se=se, clusters=clusters, within=within
    )


def weighted_least_squares(
    years: Floats,
    log10_values: Floats,
    *,
    weights: Floats,
    se: str = "hc3",
    clusters: Clusters | None = None,
    within: Codes | None = None,
) -> Estimate:
    """Return the line with the least weighted squares.

    Parameters
    ----------
    years, log10_values, clusters, within
        As in `ordinary_least_squares`.
    weights : ndarray of float, shape (n,)
        How much each observation counts. Only their ratios matter.
    se : str
        As in `ordinary_least_squares`; ``classical`` takes the weights for inverse variances, the others hold
        whatever the weights stand for.

    Returns
    -------
    Estimate
        By ``statsmodels.regression.linear_model.WLS``; its residual variance is the weighted one.

    Examples
    --------
    >>> import numpy as np
    >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([1.0, 1.5, 2.0, 9.0])
    >>> round(weighted_least_squares(years, values, weights=np.array([1, 1, 1, 1e-9])).slope, 6)
    0.5
    """
    import numpy as np
    from statsmodels.regression.linear_model import WLS

    origin = float(years.mean())
    if np.ptp(log10_values) == 0:
        return flat_line(float(log10_values[0]), origin, len(years))
    scaled = weights / weights.mean()
    design = np.hstack(
        [design_line(years, origin), *([] if within is None else [centre_groups(within, scaled)])]
    )
    if np.linalg.matrix_rank(design[:, 1:]) < design.shape[1] - 1:
        raise MemwallError("within each group all observations are of one date, so that none shows growth")
    result = WLS(log10_values, design, weights=scaled).fit()
    residuals = log10_values - result.fittedvalues
    sure = estimate_uncertainty(result, design, log10_values, scaled, se=se, clusters=clusters)
    return Estimate(
        intercept=float(result.params[0]),
        slope=float(result.params[1]),
        origin=origin,
        covariance=np.asarray(sure.covariance, dtype=np.float64)[:2, :2],
        degrees_of_freedom=sure.degrees_of_freedom,
        residual_variance=float(scaled @ residuals**2 / result.df_resid),
        r_squared=float(result.rsquared),
        interval=sure.interval,
        slope_bounds=sure.slope_bounds,
        residual_freedom=float(result.df_resid),
        n_clusters=sure.n_clusters,
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
