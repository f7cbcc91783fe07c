"""Linear regression by weighted least squares, as ``statsmodels.regression.linear_model.WLS`` has it.

Its own few lines, as importing statsmodels takes longer than most commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NO_DIRECTION = 1e-15
"""Singular values below this share of the largest are rounding."""


@dataclass(frozen=True, eq=False)
class Regression:
    """Coefficients with the least weighted squares, and what standard errors are made of.

    The attributes have the names of statsmodels' results.

    Attributes
    ----------
    params : ndarray of float, shape (k,)
    fittedvalues : ndarray of float, shape (n,)
    df_resid : float
        Observations less coefficients, of which those do not count that others determine.
    rsquared : float
        1 - sum of weighted squared residuals / sum of weighted squares about the weighted mean.
    residuals : ndarray of float, shape (n,)
        Times the root of the weights.
    leverage : ndarray of float, shape (n,)
        Diagonal of the matrix that turns outcomes into fitted values.
    inverse : ndarray of float, shape (k, n)
        Pseudo-inverse of the weighted design.
    """

    params: Floats
    fittedvalues: Floats
    df_resid: float
    rsquared: float
    residuals: Floats
    leverage: Floats
    inverse: Floats

    @property
    def scale(self) -> float:
        """The variance of an observation of weight 1 about the fit."""
        return float(self.residuals @ self.residuals / self.df_resid)

    def cov_params(self) -> Floats:
        """Return the covariance of the coefficients where errors are independent and of one variance."""
        covariance: Floats = self.inverse @ self.inverse.T * self.scale
        return covariance

    def hc3(self) -> Floats:
        """Return the covariance of the coefficients whatever the variances of the errors.

        After MacKinnon and White 1985, doi:10.1016/0304-4076(85)90158-7.
        """
        variances = (self.residuals / (1 - self.leverage)) ** 2
        covariance: Floats = self.inverse @ (variances[:, np.newaxis] * self.inverse.T)
        return covariance

    def studentize(self) -> Floats:
        """Return the residuals in units of their own standard error.

        Examples
        --------
        >>> design = np.column_stack([np.ones(4), np.arange(4.0)])
        >>> regress(np.array([0.0, 1.0, 2.0, 7.0]), design, np.ones(4)).studentize().round(3).tolist()
        [0.943, -0.309, -1.234, 1.414]
        """
        studentized: Floats = self.residuals / np.sqrt(self.scale) / np.sqrt(1 - self.leverage)
        return studentized


def regress(outcome: Floats, design: Floats, weights: Floats) -> Regression:
    """Return the regression of an outcome on the columns of a design, one of them constant.

    Parameters
    ----------
    outcome : ndarray of float, shape (n,)
    design : ndarray of float, shape (n, k)
    weights : ndarray of float, shape (n,)

    Examples
    --------
    >>> design = np.column_stack([np.ones(3), np.arange(3.0)])
    >>> fit = regress(np.array([1.0, 3.0, 5.0]), design, np.ones(3))
    >>> fit.params.round(9).tolist(), fit.df_resid, round(fit.rsquared, 9)
    ([1.0, 2.0], 1.0, 1.0)
    """
    roots = np.sqrt(weights)
    weighted = roots[:, np.newaxis] * design
    left, singular, right = np.linalg.svd(weighted, full_matrices=False)
    counted = singular > NO_DIRECTION * singular.max()
    reciprocals = np.divide(1.0, singular, out=np.zeros_like(singular), where=counted)
    inverse = right.T @ (reciprocals[:, np.newaxis] * left.T)
    params = inverse @ (roots * outcome)
    residuals = roots * outcome - weighted @ params
    about_mean = weights @ (outcome - np.average(outcome, weights=weights)) ** 2
    return Regression(
        params=params,
        fittedvalues=design @ params,
        df_resid=float(len(outcome) - np.linalg.matrix_rank(np.diag(singular))),
        rsquared=float(1 - residuals @ residuals / about_mean),
        residuals=residuals,
        leverage=(weighted * inverse.T).sum(axis=1),
        inverse=inverse,
    )
