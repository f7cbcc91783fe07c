"""Estimators: arrays in, parameters and covariance out. One registered function a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memwall_trends.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Estimator = Callable[[NDArray[np.float64], NDArray[np.float64]], "Estimate"]


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
        Variance of one observation about the line, log10 units squared.
    r_squared : float
        Not a number where all values are the same.
    """

    intercept: float
    slope: float
    origin: float
    covariance: NDArray[np.float64]
    degrees_of_freedom: float
    residual_variance: float
    r_squared: float


def ordinary_least_squares(years: NDArray[np.float64], log10_values: NDArray[np.float64]) -> Estimate:
    """Return the least-squares line, with the classical covariance (independent errors of one variance).

    Parameters
    ----------
    years : ndarray of float, shape (n,)
        Decimal years, at least three different ones.
    log10_values : ndarray of float, shape (n,)

    Returns
    -------
    Estimate
        By ``statsmodels.regression.linear_model.OLS``.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = ordinary_least_squares(np.array([2000.0, 2001.0, 2002.0]), np.array([1.0, 1.5, 2.0]))
    >>> round(estimate.slope, 12), round(estimate.intercept, 12), estimate.origin
    (0.5, 1.5, 2001.0)
    """
    import numpy as np
    from statsmodels.regression.linear_model import OLS

    origin = float(years.mean())
    result = OLS(log10_values, np.column_stack([np.ones_like(years), years - origin])).fit()
    constant = np.ptp(log10_values) == 0
    return Estimate(
        intercept=float(result.params[0]),
        slope=0.0 if constant else float(result.params[1]),
        origin=origin,
        covariance=np.zeros((2, 2)) if constant else np.asarray(result.cov_params(), dtype=np.float64),
        degrees_of_freedom=float(result.df_resid),
        residual_variance=float(result.mse_resid),
        r_squared=float("nan") if constant else float(result.rsquared),
    )


ESTIMATORS: dict[str, Estimator] = {"ols": ordinary_least_squares}
"""Every method by the name that the user gives."""


def find_estimator(method: str) -> Estimator:
    """Return the estimator of that name.

    Raises
    ------
    MemwallError
        If there is none; the message names the known ones.

    Examples
    --------
    >>> find_estimator("ols").__name__
    'ordinary_least_squares'
    """
    if method not in ESTIMATORS:
        raise unknown("method", method, ESTIMATORS)
    return ESTIMATORS[method]
