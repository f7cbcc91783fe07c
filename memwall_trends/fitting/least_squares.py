"""Least squares: the line through observations, with group effects where asked for, and its covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memwall_trends.errors import MemwallError, unknown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memwall_trends.fitting.bounds import Bounds

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

STANDARD_ERRORS = ("classical", "hc3", "cluster")


@dataclass(frozen=True, eq=False)
class Estimate:
    """A straight line, ``log10(value) = intercept + slope * (year - origin)``.

    Attributes
    ----------
    intercept : float
        log10 of the value at `origin`.
    slope : float
        log10 units a year.
    origin : float
        The mean decimal year of the observations: there the two parameters are all but uncorrelated.
    covariance : ndarray of float, shape (2, 2)
        Of intercept and slope.
    degrees_of_freedom : float
        Of the t distribution of the parameters.
    residual_variance : float
        Variance of one observation about the line, log10 units squared. Not a number where the line is not
        through the middle.
    r_squared : float
        1 - sum of squared residuals / sum of squares about the mean. Not a number where all values are the
        same.
    interval : str
        How the interval of the slope comes about, for a reader.
    slope_bounds : callable, optional
        From the level of an interval to its ends, where it is not the t interval of the slope.
    effects : ndarray of float, shape (m,), optional
        Of a line within groups: log10 units by which each of m groups lies above the line, which is that of
        the average observation.
    """

    intercept: float
    slope: float
    origin: float
    covariance: NDArray[np.float64]
    degrees_of_freedom: float
    residual_variance: float
    r_squared: float
    interval: str = "t interval, classical standard error"
    slope_bounds: Bounds | None = None
    effects: Floats | None = None


def ordinary_least_squares(
    years: Floats,
    log10_values: Floats,
    *,
    se: str = "classical",
    groups: Codes | None = None,
    within: Codes | None = None,
) -> Estimate:
    """Return the least-squares line.

    Parameters
    ----------
    years : ndarray of float, shape (n,)
        Decimal years, at least three different ones.
    log10_values : ndarray of float, shape (n,)
    se : str
        ``classical``: independent errors of one variance. ``hc3``: of any variance (MacKinnon and White 1985,
        doi:10.1016/0304-4076(85)90158-7). ``cluster``: dependent within each group (Liang and Zeger 1986,
        doi:10.1093/biomet/73.1.13; small-sample factor G/(G-1) (n-1)/(n-2), t with G-1 degrees of freedom).
    groups : ndarray of int, shape (n,), optional
        For ``cluster``: the group of each observation.
    within : ndarray of int, shape (n,), optional
        Classes, 0 to m - 1, each of which has an intercept of its own: the slope is the growth within them.

    Returns
    -------
    Estimate
        By ``statsmodels.regression.linear_model.OLS``.

    Raises
    ------
    MemwallError
        If the standard error is not known, or there are fewer than two groups.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = ordinary_least_squares(np.array([2000.0, 2001.0, 2002.0]), np.array([1.0, 1.5, 2.0]))
    >>> round(estimate.slope, 12), round(estimate.intercept, 12), estimate.origin
    (0.5, 1.5, 2001.0)
    """
    import numpy as np

    return weighted_least_squares(
        years, log10_values, weights=np.ones_like(years), se=se, groups=groups, within=within
    )


def weighted_least_squares(
    years: Floats,
    log10_values: Floats,
    *,
    weights: Floats,
    se: str = "hc3",
    groups: Codes | None = None,
    within: Codes | None = None,
) -> Estimate:
    """Return the line with the least weighted squares.

    Parameters
    ----------
    years, log10_values, groups, within
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
        return _flat(years, log10_values)
    scaled = weights / weights.mean()
    design = np.hstack([design_line(years, origin), *([] if within is None else [_effects(within, scaled)])])
    if np.linalg.matrix_rank(design[:, 1:]) < design.shape[1] - 1:
        raise MemwallError("within each group all observations are of one date, so that none shows growth")
    result = WLS(log10_values, design, weights=scaled).fit()
    residuals = log10_values - result.fittedvalues
    freedom, interval = float(result.df_resid), "t interval, classical standard error"
    if se == "classical":
        covariance = result.cov_params()
    elif se == "hc3":
        covariance = result.get_robustcov_results("HC3").cov_params()
        interval = "t interval, standard error robust to unequal variances (HC3)"
    elif se == "cluster":
        n_groups = 0 if groups is None else len(np.unique(groups))
        if n_groups < 2:  # noqa: PLR2004
            raise MemwallError(f"standard errors by cluster need at least two vendors; got {n_groups}")
        covariance = result.get_robustcov_results("cluster", groups=groups, use_correction=True).cov_params()
        freedom, interval = n_groups - 1.0, f"t interval, standard error by cluster ({n_groups} vendors)"
    else:
        raise unknown("standard error", se, STANDARD_ERRORS)
    return Estimate(
        intercept=float(result.params[0]),
        slope=float(result.params[1]),
        origin=origin,
        covariance=np.asarray(covariance, dtype=np.float64)[:2, :2],
        degrees_of_freedom=freedom,
        residual_variance=float(scaled @ residuals**2 / result.df_resid),
        r_squared=float(result.rsquared),
        interval=interval,
        effects=None if within is None else _heights(within, result.params[2:], scaled),
    )


def design_line(years: Floats, origin: float) -> Floats:
    """Return the columns of a straight line: one, and the years since the origin.

    Examples
    --------
    >>> import numpy as np
    >>> design_line(np.array([2000.0, 2002.0]), 2001.0).tolist()
    [[1.0, -1.0], [1.0, 1.0]]
    """
    import numpy as np

    return np.column_stack([np.ones_like(years), years - origin])


def _effects(within: Codes, weights: Floats) -> Floats:
    """Return a column for each group but the last, centred: the intercept is the average observation's."""
    import numpy as np

    dummies = (within[:, np.newaxis] == np.arange(within.max())).astype(float)
    centred: Floats = dummies - np.average(dummies, axis=0, weights=weights)
    return centred


def _heights(within: Codes, fitted: Floats, weights: Floats) -> Floats:
    """Return how far each group lies above the average observation."""
    import numpy as np

    heights = np.append(fitted, 0.0)
    above: Floats = heights - np.average(heights[within], weights=weights)
    return above


def _flat(years: Floats, log10_values: Floats) -> Estimate:
    """Return the line of values that are all the same: no rounding error may make it rise."""
    import numpy as np

    return Estimate(
        intercept=float(log10_values[0]),
        slope=0.0,
        origin=float(years.mean()),
        covariance=np.zeros((2, 2)),
        degrees_of_freedom=float(len(years) - 2),
        residual_variance=0.0,
        r_squared=float("nan"),
    )
