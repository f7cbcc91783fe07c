"""What the residuals of a line say of what it takes for granted: arrays in, one `Check` a question out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.clusters import cr2, intraclass_correlation
from memwall_trends.fitting.designs import number_clusters, sum_by_cluster
from memwall_trends.fitting.least_squares import design_line
from memwall_trends.units import format_number, power_of_ten

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers

ALPHA = 0.05
GAMMA = 1.5
"""Excess kurtosis of a gamma distribution over its squared skewness: more is not from being skewed."""
ALONE = 1e-9
"""An observation whose leverage is within this of one determines a coefficient by itself: no residual."""
MOST_SHAPIRO = 5000
"""Royston's approximation of the p value is made for no more observations."""
FEW_POINTS = 6
"""Of a regression on the date and the residual before."""
FEW_CLUSTERS = 5
THIRDS = 3
DATE_DIGITS = 6
"""Decimals of a decimal year within which two dates are one: half a minute."""


@dataclass(frozen=True, eq=False)
class Check:
    """One thing that a line takes for granted, tested on its residuals.

    Attributes
    ----------
    name : str
        What is taken for granted, for a reader.
    test : str
        By which test.
    statistic, p_value : float
        Of the test; not a number where there is none.
    meaning : str
        What it comes to, in a line of plain words.
    details : dict
        Further numbers by name.
    """

    name: str
    test: str
    statistic: float
    p_value: float
    meaning: str
    details: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Influence:
    """How much each observation bears on a least-squares fit; not a number where it determines a part alone.

    Attributes
    ----------
    leverage : ndarray of float, shape (n,)
        Diagonal of H = X (X'WX)^-1 X'W.
    standardized : ndarray of float, shape (n,)
        Residual over its standard error, internally studentized; of a weighted fit times the root of the
        weight.
    cooks_distance : ndarray of float, shape (n,)
        How far all fitted values move without it, D = r^2 h / (k (1 - h)) with r the standardized residual
        (Cook 1977, doi:10.1080/00401706.1977.10489493).
    slope_without : ndarray of float, shape (n,)
        The second coefficient of the fit without it.
    """

    leverage: Floats
    standardized: Floats
    cooks_distance: Floats
    slope_without: Floats


def measure_influence(design: Floats, outcome: Floats, weights: Floats) -> Influence:
    """Return how much each observation bears on a least-squares fit.

    Parameters
    ----------
    design : ndarray of float, shape (n, k)
    outcome, weights : ndarray of float, shape (n,)

    Returns
    -------
    Influence
        By ``statsmodels.stats.outliers_influence.OLSInfluence`` of the rows times the roots of their weights;
        as R's ``hatvalues``, ``rstandard`` and ``cooks.distance`` have it.

    Examples
    --------
    >>> years = np.array([0.0, 1.0, 2.0, 3.0, 14.0])
    >>> design, values = np.column_stack([np.ones(5), years]), np.array([0.0, 1.1, 1.9, 3.0, 10.0])
    >>> influence = measure_influence(design, values, np.ones(5))
    >>> influence.leverage.round(2).tolist()
    [0.32, 0.27, 0.23, 0.21, 0.97]
    >>> float(influence.slope_without[4].round(2))
    0.98
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.outliers_influence import OLSInfluence

    roots = np.sqrt(weights)
    fitted = OLS(roots * outcome, roots[:, np.newaxis] * design).fit()
    influence = OLSInfluence(fitted)
    leverage = np.asarray(influence.hat_matrix_diag, dtype=np.float64)
    alone = leverage > 1 - ALONE
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = [
            influence.resid_studentized_internal,
            influence.cooks_distance[0],
            fitted.params[1] - fitted.model.pinv_wexog[1] * fitted.resid / (1 - leverage),
        ]
    standardized, distance, slopes = (np.where(alone, math.nan, each) for each in measured)
    return Influence(leverage, standardized, distance, slopes)


def check_normality(residuals: Floats, alpha: float = ALPHA) -> Check:
    """Return whether residuals are normal, as prediction intervals take them to be.

    By Shapiro and Wilk's test, which holds in small samples too (Royston 1995, doi:10.2307/2986146;
    ``scipy.stats.shapiro``), beyond 5,000 observations by that of Jarque and Bera (1980,
    doi:10.1016/0165-1765(80)90024-5; ``statsmodels``), whose skewness and kurtosis say how they differ.

    Examples
    --------
    >>> check = check_normality(np.random.default_rng(0).standard_t(3, 200))
    >>> check.meaning
    'heavy tails: more lie far off than intervals of a new device allow'
    """
    from scipy.stats import shapiro
    from statsmodels.stats.stattools import jarque_bera

    n_obs = len(residuals)
    asymptotic, asymptotic_p, skewness, kurtosis = map(float, jarque_bera(residuals))
    test, statistic, p_value = "Jarque-Bera", asymptotic, asymptotic_p
    if n_obs <= MOST_SHAPIRO:
        test, (statistic, p_value) = "Shapiro-Wilk", map(float, shapiro(residuals))
    excess = kurtosis - 3
    if p_value >= alpha:
        meaning = "no sign against it: intervals of a new device hold as far as this goes"
    elif abs(skewness) > 2 * math.sqrt(6 / n_obs) and GAMMA * skewness**2 > excess / 2:
        sides = ("above", "below") if skewness > 0 else ("below", "above")
        meaning = f"skewed: more lie far {sides[0]} the line than {sides[1]}; intervals take both sides alike"
    elif excess > 0:
        meaning = "heavy tails: more lie far off than intervals of a new device allow"
    else:
        meaning = "light tails: intervals of a new device are on the wide side"
    details = {
        "skewness": skewness,
        "excess_kurtosis": excess,
        "jarque_bera": asymptotic,
        "jarque_bera_p_value": asymptotic_p,
    }
    return Check("normal", test, statistic, p_value, meaning, details)


def check_scatter(years: Floats, residuals: Floats, clusters: Integers | None, alpha: float = ALPHA) -> Check:
    """Return whether the residuals scatter as much at all dates, as one prediction interval takes it.

    Breusch and Pagan's regression of the squared residuals on the date, by Koenker's statistic n R^2, which
    does not ask for normal errors (Koenker 1981, doi:10.1016/0304-4076(81)90062-2; ``statsmodels``'
    ``het_breuschpagan``). Where rows share an error, p is that of the slope of this regression with its
    standard error by cluster (`cr2`).

    Parameters
    ----------
    years, residuals : ndarray of float, shape (n,)
    clusters : ndarray of int, shape (n,), optional
        Which observations share an error.
    alpha : float
        Below this a p value is a sign.

    Examples
    --------
    >>> years, random = np.linspace(2000, 2020, 200), np.random.default_rng(0)
    >>> check_scatter(years, random.normal(0, (years - 1998) / 50), None).meaning
    'grows, from 1.3x to 2.3x off the line: projections are less sure than they say'
    """
    from statsmodels.stats.diagnostic import het_breuschpagan

    design = design_line(years, float(years.mean()))
    statistic, p_value = map(float, het_breuschpagan(residuals, design)[:2])
    clustered = None if clusters is None else _test_slope(design, residuals**2, clusters)
    order = np.argsort(years, kind="stable")
    third = max(len(years) // THIRDS, 1)
    first, last = (float(residuals[part].std()) for part in (order[:third], order[-third:]))
    if (p_value if clustered is None else clustered) >= alpha:
        meaning = "no sign that it changes with the date: one interval suits all dates"
    else:
        grows = last > first
        ends = " to ".join(f"{format_number(power_of_ten(each), 2)}x" for each in (first, last))
        meaning = (
            f"{'grows' if grows else 'shrinks'}, from {ends} off the line: projections are "
            f"{'less sure' if grows else 'surer'} than they say"
        )
    return Check(
        "of one scatter",
        "Breusch-Pagan",
        statistic,
        p_value,
        meaning,
        {"clustered_p_value": clustered, "sd_first_third": first, "sd_last_third": last},
    )


def check_runs(years: Floats, residuals: Floats, clusters: Integers | None, alpha: float = ALPHA) -> Check:
    """Return whether residuals that follow each other in time are alike, so that a line misses a bend.

    Breusch and Godfrey's test with one lag, by its F statistic, which holds in small samples (Kiviet 1986,
    doi:10.2307/2297638; ``statsmodels``' ``acorr_breusch_godfrey``): Durbin and Watson's statistic, given
    too, has a p value only between bounds. Variants of one design come out on one day, in no order, and are
    alike as `check_likeness` says; so each cluster counts once, with the means of its dates and residuals,
    and then each date, with the mean of what is of that date.

    Parameters
    ----------
    years, residuals, clusters, alpha
        As in `check_scatter`.

    Examples
    --------
    >>> years = np.linspace(2000, 2020, 60)
    >>> check_runs(years, np.sin(years), None).meaning
    'neighbours in time err to the same side: the line misses a bend or a wave'
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.diagnostic import acorr_breusch_godfrey
    from statsmodels.stats.stattools import durbin_watson

    rows = np.column_stack([years, residuals])
    if clusters is not None:
        codes, n_clusters = number_clusters(clusters, len(years))
        rows = sum_by_cluster(rows, codes, n_clusters) / np.bincount(codes)[:, np.newaxis]
    dates, places = np.unique(rows[:, 0].round(DATE_DIGITS), return_inverse=True)
    means = np.bincount(places, weights=rows[:, 1]) / np.bincount(places)
    rows = np.column_stack([dates, means])
    name, test, n_points = "free of runs in time", "Breusch-Godfrey", len(rows)
    if n_points < FEW_POINTS or np.ptp(rows[:, 1]) == 0:
        nothing = {"durbin_watson": None, "n_points": n_points}
        return Check(name, test, math.nan, math.nan, "too few points in time to tell", nothing)
    fitted = OLS(rows[:, 1], design_line(rows[:, 0], float(rows[:, 0].mean()))).fit()
    tested = acorr_breusch_godfrey(fitted, nlags=1, result_object=False)
    statistic, p_value = map(float, tested[2:])
    watson = float(durbin_watson(fitted.resid))
    if p_value >= alpha:
        meaning = "no sign that neighbours in time err alike"
    elif watson < 2:  # noqa: PLR2004  Durbin and Watson's value where nothing follows
        meaning = "neighbours in time err to the same side: the line misses a bend or a wave"
    else:
        meaning = "neighbours in time err to opposite sides"
    return Check(name, test, statistic, p_value, meaning, {"durbin_watson": watson, "n_points": n_points})


def check_likeness(residuals: Floats, clusters: Integers, what: str, alpha: float = ALPHA) -> Check | None:
    """Return how alike the residuals are of what shares an architecture, say, or a vendor.

    The intraclass correlation, with the F test that it is zero. With it rows tell as much of a mean as
    n / (1 + (m - 1) rho) independent ones, m = sum n_g^2 / n (Kish 1965, Survey Sampling, section 5.4).

    Parameters
    ----------
    residuals : ndarray of float, shape (n,)
    clusters : ndarray of int, shape (n,)
    what : str
        The name of the column.
    alpha : float

    Returns
    -------
    Check or None
        None where there is one cluster only, or none has two members.

    Examples
    --------
    >>> random, chips = np.random.default_rng(0), np.arange(90) // 3
    >>> alike = random.normal(0, 1, 30)[chips] + random.normal(0, 0.5, 90)
    >>> check_likeness(alike, chips, "architecture").meaning
    '74% of the variance is shared: 90 rows count as about 36'
    """
    from scipy.stats import f as f_distribution

    n_obs, (_, codes) = len(residuals), np.unique(clusters, return_inverse=True)
    sizes = np.bincount(codes)
    n_clusters = len(sizes)
    if n_clusters in (1, n_obs):
        return None
    correlation = intraclass_correlation(residuals, codes)
    means = np.bincount(codes, weights=residuals) / sizes
    between = float(sizes @ (means - residuals.mean()) ** 2) / (n_clusters - 1)
    within = float(((residuals - means[codes]) ** 2).sum()) / (n_obs - n_clusters)
    statistic = between / within if within > 0 else math.inf
    p_value = float(f_distribution.sf(statistic, n_clusters - 1, n_obs - n_clusters))
    # Below zero, an estimate of what cannot be: rows would tell more than there are.
    shared = max(correlation, 0.0)
    effective = n_obs / (1 + (float(sizes @ sizes) / n_obs - 1) * shared)
    meaning = (
        f"{shared:.0%} of the variance is shared: {n_obs:,} rows count as about {effective:,.0f}"
        if p_value < alpha
        else "not seen: they differ as any two rows do"
    )
    details = {"column": what, "n_groups": n_clusters, "effective_n": effective}
    return Check(
        f"alike by {what.replace('_', ' ')}", "intraclass correlation", correlation, p_value, meaning, details
    )


def check_exact(residuals: Floats, origin: str) -> None:
    """Raise an error if all observations lie on the line, so that nothing is left over.

    Examples
    --------
    >>> check_exact(np.array([0.1, -0.1]), "chips.csv")
    """
    if float(np.abs(residuals).max(initial=0.0)) < ALONE:
        raise MemwallError(
            f"{origin}: all observations lie on the line, so that there is nothing to diagnose; choose less "
            "narrowly, or leave out --within"
        )


def _test_slope(design: Floats, outcome: Floats, clusters: Integers) -> float | None:
    """Return the p value of a slope by cluster; none where clusters are too few to tell."""
    from scipy.stats import t as t_distribution

    if len(np.unique(clusters)) < FEW_CLUSTERS:
        return None
    coefficients, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    try:
        fitted = cr2(design, outcome - design @ coefficients, clusters, contrast=np.array([0.0, 1.0]))
    except MemwallError:  # one cluster alone tells of the slope
        return None
    variance = float(fitted.covariance[1, 1])
    if variance <= 0:
        return None
    ratio = abs(float(coefficients[1])) / math.sqrt(variance)
    return float(2 * t_distribution.sf(ratio, fitted.degrees_of_freedom))
