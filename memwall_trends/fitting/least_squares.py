"""Least squares: the line through observations, with group effects where asked for, and its covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.standard_errors import estimate_uncertainty

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memwall_trends.fitting.bounds import Bounds
    from memwall_trends.fitting.standard_errors import Clusters

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]


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
    residual_freedom : float, optional
        Degrees of freedom of the residual variance, where they are not those of the parameters.
    n_clusters : int, optional
        How many clusters the covariance goes by.
    walk_variance : float
        Of a random walk: variance that it gathers each year after the origin, log10 units squared.
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
    residual_freedom: float | None = None
    n_clusters: int | None = None
    walk_variance: float = 0.0

    def scatter(self, years: Floats) -> Floats:
        """Return the variance of one new observation about the line at decimal years, shape (n,).

        Examples
        --------
        >>> import numpy as np
        >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([1.0, 1.6, 1.9, 2.5])
        >>> estimate = ordinary_least_squares(years, values)
        >>> bool((estimate.scatter(np.array([2003.0, 2010.0])) == estimate.residual_variance).all())
        True
        """
        return self.residual_variance + self.walk_variance * abs(years - self.origin)


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
        As ``statsmodels.regression.linear_model.OLS`` has it.

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
        As ``statsmodels.regression.linear_model.WLS`` has it; its residual variance is the weighted one.

    Examples
    --------
    >>> import numpy as np
    >>> years, values = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([1.0, 1.5, 2.0, 9.0])
    >>> round(weighted_least_squares(years, values, weights=np.array([1, 1, 1, 1e-9])).slope, 6)
    0.5
    """
    import numpy as np

    from memwall_trends.fitting.regression import regress

    origin = float(years.mean())
    if np.ptp(log10_values) == 0:
        return _flat(years, log10_values)
    scaled = weights / weights.mean()
    design = np.hstack(
        [design_line(years, origin), *([] if within is None else [centre_groups(within, scaled)])]
    )
    if np.linalg.matrix_rank(design[:, 1:]) < design.shape[1] - 1:
        raise MemwallError("within each group all observations are of one date, so that none shows growth")
    result = regress(log10_values, design, scaled)
    residuals = log10_values - result.fittedvalues
    sure = estimate_uncertainty(result, design, log10_values, scaled, se=se, clusters=clusters)
    return Estimate(
        intercept=float(result.params[0]),
        slope=float(result.params[1]),
        origin=origin,
        covariance=np.asarray(sure.covariance, dtype=np.float64)[:2, :2],
        degrees_of_freedom=sure.degrees_of_freedom,
        residual_variance=float(scaled @ residuals**2 / result.df_resid),
        r_squared=result.rsquared,
        interval=sure.interval,
        slope_bounds=sure.slope_bounds,
        residual_freedom=result.df_resid,
        n_clusters=sure.n_clusters,
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


def centre_groups(within: Codes, weights: Floats) -> Floats:
    """Return a column for each group but the last, centred: the intercept is the average observation's.

    Examples
    --------
    >>> import numpy as np
    >>> centre_groups(np.array([0, 1, 1, 0]), np.ones(4)).ravel().tolist()
    [0.5, -0.5, -0.5, 0.5]
    """
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
