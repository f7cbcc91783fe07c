"""Standard errors of least squares: classical, robust to unequal variances, and by cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError, unknown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memwall_trends.fitting.bounds import Bounds

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

STANDARD_ERRORS = ("classical", "hc3", "crv1", "cr2", "wild")
BY_CLUSTER = ("crv1", "cr2", "wild")
"""Those that go by clusters; what ``cluster`` stands for is the second, see `find_standard_error`."""
ALIASES = {"cluster": "cr2"}


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which observations share an error.

    Attributes
    ----------
    codes : tuple of ndarray of int, shape (n,)
        The cluster of each observation; of two-way clusters both.
    name : str
        What the clusters are, for a reader: ``architectures``.

    Examples
    --------
    >>> import numpy as np
    >>> Clusters((np.array([0, 0, 1]),), "architectures").name
    'architectures'
    """

    codes: tuple[Codes, ...]
    name: str


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How sure the coefficients of a fit are.

    Attributes
    ----------
    covariance : ndarray of float, shape (k, k)
    degrees_of_freedom : float
        Of the t distribution of the slope.
    interval : str
        How the interval of the slope comes about, for a reader.
    slope_bounds : callable, optional
        From the level of an interval to its ends, where it is not the t interval of the slope.
    n_clusters : int, optional
        Of two-way clusters the smaller number.
    """

    covariance: Floats
    degrees_of_freedom: float
    interval: str
    slope_bounds: Bounds | None = None
    n_clusters: int | None = None


def find_standard_error(name: str) -> str:
    """Return the name of a standard error, given it or what stands for it.

    Raises
    ------
    MemwallError
        If there is none of that name; the message names the known ones.

    Examples
    --------
    >>> find_standard_error("cluster"), find_standard_error("HC3")
    ('cr2', 'hc3')
    """
    known = ALIASES.get(name.casefold(), name.casefold())
    if known not in STANDARD_ERRORS:
        raise unknown("standard error", name, [*STANDARD_ERRORS, *ALIASES])
    return known


def estimate_uncertainty(
    result: Any, design: Floats, log10_values: Floats, weights: Floats, *, se: str, clusters: Clusters | None
) -> Uncertainty:
    """Return how sure the coefficients of a least-squares fit are.

    Parameters
    ----------
    result : RegressionResults
        Of ``statsmodels.regression.linear_model.WLS``.
    design : ndarray of float, shape (n, k)
        The slope is the second coefficient.
    log10_values, weights : ndarray of float, shape (n,)
    se : str
        One of `STANDARD_ERRORS`. ``classical``: independent errors of one variance. ``hc3``: of any variance
        (MacKinnon and White 1985, doi:10.1016/0304-4076(85)90158-7). By cluster: ``crv1``, with t of the
        number of clusters less one (Liang and Zeger 1986, doi:10.1093/biomet/73.1.13), of two-way clusters
        too; ``cr2``, less its bias where clusters are few or unequal, with degrees of freedom after
        Satterthwaite (Imbens and Kolesár 2016, doi:10.1162/REST_a_00552); ``wild``, an interval from a wild
        cluster bootstrap-t (Cameron, Gelbach and Miller 2008, doi:10.1162/rest.90.3.414).
    clusters : Clusters, optional
        For the last three.

    Raises
    ------
    MemwallError
        If the standard error is not known, or its clusters are missing or too few.

    Examples
    --------
    >>> import numpy as np
    >>> from statsmodels.regression.linear_model import WLS
    >>> design = np.column_stack([np.ones(6), np.arange(6.0) - 2.5])
    >>> values, alike = np.array([0.0, 1.1, 1.9, 3.2, 3.9, 5.1]), np.ones(6)
    >>> result = WLS(values, design).fit()
    >>> pairs = Clusters((np.array([0, 0, 1, 1, 2, 2]),), "architectures")
    >>> estimate_uncertainty(result, design, values, alike, se="crv1", clusters=pairs).interval
    't interval, standard error by 3 architectures (CRV1, 2.0 degrees of freedom)'
    """
    se = find_standard_error(se)
    if se == "classical":
        return Uncertainty(
            result.cov_params(), float(result.df_resid), "t interval, classical standard error"
        )
    if se == "hc3":
        covariance = result.get_robustcov_results("HC3").cov_params()
        interval = "t interval, standard error robust to unequal variances (HC3)"
        return Uncertainty(covariance, float(result.df_resid), interval)
    return estimate_by_cluster(design, log10_values, weights, result.params, se=se, clusters=clusters)


def estimate_by_cluster(
    design: Floats,
    log10_values: Floats,
    weights: Floats,
    coefficients: Floats,
    *,
    se: str,
    clusters: Clusters | None,
    n_obs: int | None = None,
) -> Uncertainty:
    """Return how sure the coefficients of a least-squares fit are, by cluster.

    Parameters
    ----------
    design, log10_values, weights, clusters
        As in `estimate_uncertainty`.
    coefficients : ndarray of float, shape (k,)
    se : str
        One of `BY_CLUSTER`.
    n_obs : int, optional
        Observations that the rows stand for, where one may be several (`memwall_trends.fitting.moments`).

    Raises
    ------
    MemwallError
        If the clusters are missing or too few.

    Examples
    --------
    >>> import numpy as np
    >>> design = np.column_stack([np.ones(6), np.arange(6.0) - 2.5])
    >>> values, pairs = np.array([0.0, 1.1, 1.9, 3.2, 3.9, 5.1]), np.array([0, 0, 1, 1, 2, 2])
    >>> line, *_ = np.linalg.lstsq(design, values)
    >>> estimate_by_cluster(
    ...     design, values, np.ones(6), line, se="cr2", clusters=Clusters((pairs,), "vendors")
    ... ).n_clusters
    3
    """
    import numpy as np

    from memwall_trends.fitting import clusters as by_cluster
    from memwall_trends.fitting.wild import wild_bootstrap_t

    if clusters is None:
        raise MemwallError(f"the standard error {se!r} goes by clusters, as in --cluster vendor")
    first, *second = clusters.codes
    residuals = log10_values - design @ coefficients
    slope = np.zeros(design.shape[1])
    slope[1] = 1.0
    if second:
        fitted = by_cluster.two_way(design, residuals, first, second[0], weights=weights, n_obs=n_obs)
        kind = "two-way CRV1"
    elif se == "cr2":
        fitted = by_cluster.cr2(design, residuals, first, contrast=slope, weights=weights, n_obs=n_obs)
        kind = "CR2"
    else:
        fitted = by_cluster.crv1(design, residuals, first, weights=weights, n_obs=n_obs)
        kind = "CRV1"
    if se == "wild" and not second:
        drawn = wild_bootstrap_t(design, log10_values, first, contrast=slope, weights=weights, n_obs=n_obs)
        interval = f"wild bootstrap-t, {fitted.n_clusters} {clusters.name} (Webb's weights)"
        return Uncertainty(
            fitted.covariance, fitted.degrees_of_freedom, interval, drawn.bounds, fitted.n_clusters
        )
    return Uncertainty(
        fitted.covariance,
        fitted.degrees_of_freedom,
        f"t interval, standard error by {fitted.n_clusters} {clusters.name} ({kind}, "
        f"{fitted.degrees_of_freedom:.1f} degrees of freedom)",
        n_clusters=fitted.n_clusters,
    )
