"""`Estimate`: a fitted straight line, whatever fitted it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memwall_trends.fitting.bounds import Bounds

    Floats = NDArray[np.float64]


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
        >>> from memwall_trends.fitting.least_squares import ordinary_least_squares
        >>> estimate = ordinary_least_squares(years, values)
        >>> bool((estimate.scatter(np.array([2003.0, 2010.0])) == estimate.residual_variance).all())
        True
        """
        return self.residual_variance + self.walk_variance * abs(years - self.origin)


def flat_line(log10_value: float, origin: float, n_obs: int) -> Estimate:
    """Return the line of values that are all the same: no rounding error may make it rise.

    Examples
    --------
    >>> flat_line(2.0, 2010.0, 5).slope
    0.0
    """
    import numpy as np

    return Estimate(
        intercept=log10_value,
        slope=0.0,
        origin=origin,
        covariance=np.zeros((2, 2)),
        degrees_of_freedom=float(n_obs - 2),
        residual_variance=0.0,
        r_squared=float("nan"),
    )
