"""Estimators: arrays in, parameters and covariance out. One registered function a method."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.fitting.least_squares import (
    Estimate,
    design_line,
    ordinary_least_squares,
    weighted_least_squares,
)
from memwall_trends.fitting.random_walk import random_walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from memwall_trends.fitting.bounds import Bounds
    from memwall_trends.fitting.least_squares import Codes, Floats

    Estimator = Callable[[Floats, Floats], "Estimate"]

HUBER_TUNING = 1.345
"""Huber's k: 95 % efficient at normal errors (Huber 1981, Robust Statistics; MASS's ``psi.huber``)."""
NORMAL_MAD = 0.6745
"""Median absolute deviation of a standard normal variable, to as many digits as MASS's ``rlm`` has."""
NORMAL_QUARTILES = 1.34
"""Distance of the quartiles of a standard normal variable, to as many digits as quantreg has."""
MEDIAN = 0.5
MEDIAN_VARIANCE = 1.5707963267948966
"""Pi / 2: variance of a median relative to that of a mean, at normal errors."""
FEW_BEYOND = 30
"""Observations beyond a quantile's line of which a kernel tells the density: of 15, t intervals of the kernel
held in 88 to 92 % of simulations, of 4 in 79 to 88 %, and those of the ranks in 94 to 98 %."""
EXACT = 1e-9
"""Log10 units: residuals below are rounding errors."""
SOME = 1000
"""So many observations mostly tell that they do not lie on one line."""


def huber(years: Floats, log10_values: Floats) -> Estimate:
    """Return Huber's M-estimate: far observations count less (k = 1.345 scaled median absolute deviations).

    Parameters
    ----------
    years, log10_values
        As in `ordinary_least_squares`.

    Returns
    -------
    Estimate
        By ``statsmodels.robust.robust_linear_model.RLM``, with the scale that MASS's ``rlm`` takes. Its
        covariance is Huber's first (1981, equation 7.6.2).

    Raises
    ------
    MemwallError
        If more than half of the observations lie on one line, but not all: there is no scale then.

    Examples
    --------
    >>> import numpy as np
    >>> years = np.arange(2000.0, 2010.0)
    >>> values = 0.24 * years + np.where(years == 2009, 3.0, 0.01 * (-1) ** years)
    >>> round(huber(years, values).slope, 2), round(ordinary_least_squares(years, values).slope, 2)
    (0.24, 0.4)
    """
    import warnings

    import numpy as np
    from statsmodels.robust.norms import HuberT
    from statsmodels.robust.robust_linear_model import RLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    origin = float(years.mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a scale of zero is seen below
        result = RLM(log10_values, design_line(years, origin), M=HuberT(HUBER_TUNING)).fit(
            tol=1e-12, maxiter=500, scale_est=lambda _, residuals: np.median(np.abs(residuals)) / NORMAL_MAD
        )
    if result.scale < EXACT:
        raise MemwallError(
            "more than half of the observations lie on one line, so that Huber's estimator has no scale; "
            "use another method, as in --method theil-sen"
        )
    return _estimate(
        years, log10_values, result.params, result.bcov_scaled, "t interval, Huber's standard error"
    )


def theil_sen(years: Floats, log10_values: Floats) -> Estimate:
    """Return the median of the slopes of all pairs: up to 29 % of the observations may be wrong.

    Parameters
    ----------
    years, log10_values
        As in `ordinary_least_squares`.

    Returns
    -------
    Estimate
        By ``scipy.stats.theilslopes``, with Sen's interval from ranks (Sen 1968,
        doi:10.1080/01621459.1968.10480934), infinite at a level that so few observations cannot hold. As many
        observations lie above the line as below it (Conover 1999, Practical Nonparametric Statistics, section
        5.5), also where the dates have a gap. Of the covariance, the slope's part is from that interval, the
        intercept's that of a median at normal errors.

    Examples
    --------
    >>> import numpy as np
    >>> years = np.arange(2000.0, 2010.0)
    >>> round(theil_sen(years, 0.24 * years + (years == 2009)).slope, 6)
    0.24
    """
    import numpy as np
    from scipy.stats import theilslopes

    from memwall_trends.fitting.bounds import check_pairs, check_rank_level, rank_level, t_quantile
    from memwall_trends.fitting.ranks import sen_bounds

    check_pairs(len(years))

    def bounds(level: float) -> tuple[float, float]:
        check_rank_level(years, level)
        return sen_bounds(years, log10_values, level)

    origin, freedom = float(years.mean()), len(years) - 2
    slope = float(theilslopes(log10_values, years).slope)
    line = np.array([np.median(log10_values - slope * (years - origin)), slope])
    # Of few observations, as wide as they can tell.
    level = min(defaults.LEVEL, rank_level(years))
    low, high = sen_bounds(years, log10_values, level)
    residuals = log10_values - design_line(years, origin) @ line
    covariance = np.diag(
        [
            MEDIAN_VARIANCE * (residuals @ residuals) / freedom / len(years),
            ((high - low) / 2 / t_quantile(freedom, level)) ** 2,
        ]
    )
    return _estimate(years, log10_values, line, covariance, "Sen's interval from ranks", bounds)


def quantile_regression(years: Floats, log10_values: Floats, *, quantile: float = 0.5) -> Estimate:
    """Return the line that a given share of the observations lie below.

    Parameters
    ----------
    years, log10_values
        As in `ordinary_least_squares`.
    quantile : float
        The share: 0.5 is the median, 0.9 near the top.

    Returns
    -------
    Estimate
        The line solves the linear programme of Koenker and Bassett (1978, doi:10.2307/1913643) by
        ``scipy.optimize.linprog``. The interval of the slope inverts a test of ranks
        (`memwall_trends.fitting.ranks.quantile_bounds`). The covariance, quantile (1 - quantile) / density^2
        (X'X)^-1, takes the density of the residuals at zero by the kernel and bandwidth of ``statsmodels``'
        ``QuantReg``; where fewer than 30 observations lie beyond the line, a kernel makes it too small, and
        it is widened to what the ranks say of the slope.

    Raises
    ------
    MemwallError
        If the quantile is not between 0 and 1, or so near to an end that no observation lies beyond it.

    Examples
    --------
    >>> import numpy as np
    >>> years = np.repeat(np.arange(2000.0, 2010.0), 3)
    >>> values = 0.24 * years + np.tile([0, 1, 5], 10)
    >>> median, top = quantile_regression(years, values), quantile_regression(years, values, quantile=0.9)
    >>> round(top.intercept - median.intercept, 6)
    4.0
    """
    import numpy as np
    from scipy.optimize import linprog

    from memwall_trends.fitting.ranks import quantile_bounds

    if not 0 < quantile < 1:
        raise MemwallError(f"a quantile lies between 0 and 1, as in 0.5 for the median; got {quantile:g}")
    _check_beyond(len(years), quantile)
    design = design_line(years, float(years.mean()))
    # The dual is the faster one to solve; the line is the price of its constraints.
    solved = linprog(
        -log10_values, A_eq=design.T, b_eq=(1 - quantile) * design.sum(axis=0), bounds=(0, 1), method="highs"
    )
    line = -np.asarray(solved.eqlin.marginals)

    def bounds(level: float) -> tuple[float, float]:
        return quantile_bounds(years, log10_values, quantile, level, slope=float(line[1]))

    covariance = _quantile_covariance(design, log10_values - design @ line, quantile)
    if len(years) * min(quantile, 1 - quantile) < FEW_BEYOND:
        covariance = _widen(covariance, bounds, len(years) - 2)
    estimate = _estimate(years, log10_values, line, covariance, "interval from a test of ranks", bounds)
    # Observations do not scatter evenly about a line near the top.
    return estimate if quantile == MEDIAN else replace(estimate, residual_variance=float("nan"))


def mixed(
    years: Floats,
    log10_values: Floats,
    *,
    vendors: Codes | None = None,
    architectures: Codes | None = None,
) -> Estimate:
    """Return the line that all share, with a random intercept of each vendor and of each architecture.

    Parameters
    ----------
    years, log10_values
        As in `ordinary_least_squares`.
    vendors, architectures : ndarray of int, shape (n,)
        The vendor and the architecture of each observation.

    Returns
    -------
    Estimate
        By `memwall_trends.fitting.mixed.fit_mixed`. The residual variance is that of a new device of a new
        vendor: the sum of the components. Its effects are those of vendors, partly pooled.

    Raises
    ------
    MemwallError
        If vendors or architectures are not known, or the model cannot be fitted.

    Examples
    --------
    >>> import numpy as np
    >>> years = np.repeat(np.arange(2000.0, 2010.0), 4)
    >>> vendors = np.tile([0, 1, 2, 3], 10)
    >>> architectures = np.arange(40) // 8 * 4 + vendors
    >>> values = 0.24 * years + 0.3 * vendors + 0.1 * np.sin(np.arange(40))
    >>> round(mixed(years, values, vendors=vendors, architectures=architectures).slope, 2)
    0.24
    """
    import numpy as np

    from memwall_trends.fitting.mixed import fit_mixed

    if vendors is None or architectures is None:
        raise MemwallError("a mixed model needs the vendor and the architecture of each observation")
    origin = float(years.mean())
    fitted = fit_mixed(design_line(years, origin), log10_values, vendors, architectures)
    variance = fitted.group_variance + fitted.subgroup_variance + fitted.residual_variance
    estimate = _estimate(
        years,
        log10_values,
        fitted.coefficients,
        fitted.covariance,
        f"t interval, mixed model of {fitted.n_groups} vendors and {fitted.n_subgroups} architectures "
        "(Kenward and Roger)",
    )
    return replace(
        estimate,
        degrees_of_freedom=fitted.freedom.of(np.array([0.0, 1.0])),
        residual_variance=variance,
        residual_freedom=float(len(years) - 2),
        effects=fitted.group_effects,
        n_clusters=fitted.n_subgroups,
    )


ESTIMATORS: dict[str, Callable[..., Estimate]] = {
    "ols": ordinary_least_squares,
    "wls": weighted_least_squares,
    "huber": huber,
    "theil-sen": theil_sen,
    "quantile": quantile_regression,
    "mixed": mixed,
    "random-walk": random_walk,
}
"""Every method by the name that the user gives."""


def find_estimator(method: str, **options: Any) -> Estimator:
    """Return the estimator of that name, with its options filled in.

    Parameters
    ----------
    method : str
        One of `ESTIMATORS`.
    **options
        Keywords of that estimator; None leaves its default.

    Returns
    -------
    callable
        From decimal years and log10 of the values to an `Estimate`. Where all observations lie on one line,
        every method gives that line, with no error.

    Raises
    ------
    MemwallError
        If there is no such method, or it has no such option; the message names the known ones.

    Examples
    --------
    >>> import numpy as np
    >>> years = np.array([2000.0, 2001.0, 2002.0])
    >>> round(find_estimator("quantile", quantile=0.9)(years, np.array([1.0, 1.5, 2.0])).slope, 12)
    0.5
    """
    if method not in ESTIMATORS:
        raise unknown("method", method, ESTIMATORS)
    given = {name: option for name, option in options.items() if option is not None}
    for name in given:
        having = [known for known, function in ESTIMATORS.items() if name in signature(function).parameters]
        if method not in having:
            raise MemwallError(f"the method {method!r} has no {name}; {' and '.join(having)} have")
    return partial(_fit, partial(ESTIMATORS[method], **given))


def _fit(estimator: Estimator, years: Floats, log10_values: Floats) -> Estimate:
    # Where some do not lie on one line, all do not: of some, no line leaves less squares than their own.
    some = _is_line(years[:SOME], log10_values[:SOME], math.sqrt(SOME) * EXACT)
    exact = some and _is_line(years, log10_values, EXACT)
    return ordinary_least_squares(years, log10_values) if exact else estimator(years, log10_values)


def _is_line(years: Floats, log10_values: Floats, tolerance: float) -> bool:
    """Return whether all observations lie on one line, or are of one date."""
    offsets, heights = years - years.mean(), log10_values - log10_values.mean()
    spread = offsets @ offsets
    residuals = heights - ((offsets @ heights) / spread if spread else 0.0) * offsets
    return bool(abs(residuals).max() < tolerance)


def _estimate(
    years: Floats,
    log10_values: Floats,
    line: Floats,
    covariance: Floats,
    interval: str,
    slope_bounds: Bounds | None = None,
) -> Estimate:
    """Return the estimate of a line that was not found by least squares."""
    import numpy as np

    origin, freedom = float(years.mean()), len(years) - 2
    squares = float(((log10_values - design_line(years, origin) @ line) ** 2).sum())
    return Estimate(
        intercept=float(line[0]),
        slope=float(line[1]),
        origin=origin,
        covariance=np.asarray(covariance, dtype=np.float64),
        degrees_of_freedom=float(freedom),
        residual_variance=squares / freedom,
        r_squared=1 - squares / float(((log10_values - log10_values.mean()) ** 2).sum()),
        interval=interval,
        slope_bounds=slope_bounds,
    )


def _check_beyond(n_obs: int, quantile: float) -> None:
    """Raise an error if a quantile expects less than one of the observations beyond its line."""
    beyond = min(quantile, 1 - quantile)
    if n_obs * beyond < 1 - EXACT:
        least = math.ceil(1e4 / n_obs) / 1e4  # so that what is printed is not refused
        raise MemwallError(
            f"of {n_obs} observations fewer than one lies beyond the quantile {quantile:.10g}, so that "
            f"nothing says where its line is; take one between {least:.10g} and {1 - least:.10g}, as in "
            "--quantile 0.5, or --best-of year for the leading edge"
        )


def _widen(covariance: Floats, bounds: Bounds, freedom: int) -> Floats:
    """Return the covariance, with errors at least as wide as an interval from ranks has them."""
    from memwall_trends.fitting.bounds import t_quantile

    for level in (defaults.LEVEL, 0.5):
        low, high = bounds(level)
        # Where only few observations lie beyond, an interval may be infinite.
        if high - low < math.inf:
            by_ranks = (high - low) / 2 / t_quantile(freedom, level)
            widened: Floats = covariance * max(1.0, by_ranks**2 / covariance[1, 1])
            return widened
    return covariance


def _quantile_covariance(design: Floats, residuals: Floats, quantile: float) -> Floats:
    """Return the covariance of a quantile's line, from how dense the observations lie about it."""
    import numpy as np
    from scipy.special import ndtri
    from statsmodels.regression.quantile_regression import hall_sheather, kernels

    width = float(hall_sheather(len(residuals), quantile))
    # statsmodels leaves this out and has no error near the top then; quantreg halves the width too.
    while quantile - width <= 0 or quantile + width >= 1:
        width /= 2
    quarter, three_quarters = np.quantile(residuals, [0.25, 0.75])
    spread = (three_quarters - quarter) / NORMAL_QUARTILES or residuals.std()
    bandwidth = spread * (ndtri(quantile + width) - ndtri(quantile - width))
    density = kernels["epa"](residuals / bandwidth).mean() / bandwidth
    covariance: Floats = quantile * (1 - quantile) / density**2 * np.linalg.inv(design.T @ design)
    return covariance
