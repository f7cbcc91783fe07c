"""`Method`: how a line is fitted to observations, and how its interval comes about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.conditions import list_columns
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.fitting.bootstrap import INTERVALS, Sample, bootstrap_lines
from memwall_trends.fitting.bounds import check_seed
from memwall_trends.fitting.estimators import find_estimator
from memwall_trends.fitting.random_walk import DRIFT_YEARS, stand_at_year_ends
from memwall_trends.fitting.standard_errors import BY_CLUSTER, Clusters, find_standard_error
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from memwall_trends.fitting.least_squares import Codes, Estimate, Floats
    from memwall_trends.selection import Selection

CLUSTER = "architecture"
"""Variants of an architecture share its error."""
VENDOR = "vendor"
MANY_VENDORS = 30
"""From so many vendors on, the error that a vendor's devices share is counted too: intervals by architecture
hold too rarely where vendors differ, those by fewer vendors are twice as wide as they need to be
(docs/coverage.md; by every method, ``tests/simulate_coverage.py``)."""
YEAR = "year"
WALK = "random-walk"
RESAMPLED = ("pairs", "cluster")
"""What a bootstrap draws, by the name that the user gives: devices, or what shares an error."""
MOST_WAYS = 2
PLURALS = {"architecture": "architectures", "vendor": "vendors", "year": "years", "name": "devices"}
FRONTIER_NOTE = (
    "Records depend on each other: one is a record only because none before it was better. So they are "
    "set anew in each resample; a t interval of records holds too rarely"
)


@dataclass(frozen=True)
class Method:
    """How a line is fitted, and how its interval comes about.

    Attributes
    ----------
    name : str
        The estimator, one of `memwall_trends.fitting.estimators.ESTIMATORS`.
    se : str, optional
        Standard error of ``ols`` and ``wls``, one of
        `memwall_trends.fitting.standard_errors.STANDARD_ERRORS`; ``cluster`` is ``cr2``. By default ``cr2``
        where the data names architectures, by `find_cluster`; else ``classical`` (of ``wls``, ``hc3``).
    cluster : str, optional
        The column that says which observations share an error; two, parted by a comma, for two-way clusters
        (``architecture,year``).
    vcov : mapping or str, optional
        The same in one, as pyfixest has it: ``{"CRV1": "vendor"}``, or ``"classical"``.
    quantile : float, optional
        Of ``quantile``; 0.5 by default.
    weights : str, optional
        Of ``wls``: a column of numbers, or one of labels whose groups then count the same each. By default
        ``year``: each calendar year counts the same, however many devices came out.
    within : str, optional
        Of ``ols`` and ``wls``: a column, as in ``product_class``, each value of which has an intercept of its
        own. The common slope is the growth within them, apart from one taking the place of another.
    drift_years : float, optional
        Of ``random-walk``: how many years before the last value its drift is of; 8 by default.
    bootstrap : str, optional
        ``pairs`` draws devices, ``cluster`` what shares an error: architectures, or the values of
        ``cluster``. Where only records count one is drawn by default: ``cluster`` where the data names
        architectures.
    interval : str
        Of the bootstrap: ``percentile`` or ``bca``.
    draws : int
        Number of resamples.
    seed : int
        Of the random draws, from 0; an error where it is less, also where nothing is drawn.

    Examples
    --------
    >>> Method("ols", se="hc3").describe()
    'OLS'
    >>> Method("quantile", quantile=0.9).describe(), Method(within="product_class").describe()
    ('Quantile regression (0.9)', 'OLS with product class effects')
    """

    name: str = "ols"
    se: str | None = None
    cluster: str | None = None
    vcov: Mapping[str, str] | str | None = None
    quantile: float | None = None
    weights: str | None = None
    within: str | None = None
    drift_years: float | None = None
    bootstrap: str | None = None
    interval: str = "percentile"
    draws: int = defaults.DRAWS
    seed: int = defaults.SEED

    def __post_init__(self) -> None:
        """Check the seed, which a method without draws would not."""
        check_seed(self.seed)

    def describe(self) -> str:
        """Return the estimator for a reader."""
        names = {
            "ols": "OLS",
            "wls": f"WLS (each {self.weights or YEAR} alike)",
            "huber": "Huber's M-estimate",
            "mixed": "Mixed model",
            "theil-sen": "Theil-Sen",
            "random-walk": f"Random walk with the drift of {self.drift_years or DRIFT_YEARS:g} years",
            "quantile": f"Quantile regression ({self.quantile or 0.5:g})",
        }
        effects = f" with {self.within.replace('_', ' ')} effects" if self.within else ""
        return names.get(self.name, self.name) + effects


def as_method(method: str | Method) -> Method:
    """Return a method, given itself or the name of its estimator.

    Examples
    --------
    >>> as_method("huber").name
    'huber'
    """
    return Method(method) if isinstance(method, str) else method


def fit_line(chosen: Selection, method: Method) -> tuple[Estimate, Floats | None]:
    """Return the line through observations, and the lines of the resamples if it is bootstrapped.

    Parameters
    ----------
    chosen : Selection
        The observations, with ``vendor`` where a method goes by it.
    method : Method

    Returns
    -------
    estimate : Estimate
    lines : ndarray of float, shape (2, draws), or None
        Intercepts at the estimate's origin, and slopes.

    Raises
    ------
    MemwallError
        If the method or one of its options is not known, or does not suit the observations.

    Examples
    --------
    >>> from memwall_trends.selection import select
    >>> chosen = select("peak_flops", dataset="gholami2024")
    >>> estimate, lines = fit_line(chosen, Method(bootstrap="pairs"))
    >>> estimate.interval
    'percentile interval of 2,000 resamples of the devices (seed 0)'
    """
    observations, frontier = chosen.observations, chosen.frontier
    weights = find_weights(observations, method)
    if (frontier or chosen.choose.get("frontier")) and method.name == "wls":
        raise MemwallError("records are too few to weigh: leave out --frontier, or the method 'wls'")
    se, cluster = choose_standard_error(method, lambda: find_cluster(chosen), frontier=chosen.frontier)
    estimator = find_estimator(
        method.name,
        se=se,
        quantile=method.quantile,
        weights=weights,
        clusters=_clusters(observations, cluster) if cluster else None,
        within=cluster_codes(observations, method.within) if method.within else None,
        drift_years=method.drift_years,
        **_random_effects(observations, method),
    )
    if method.name == WALK:
        if method.bootstrap:
            raise MemwallError("a random walk has an interval of its own: leave the bootstrap out")
        return estimator(*_walk_along(chosen)), None
    estimate = estimator(*_line_through(observations))
    drawn = method.bootstrap or (_drawn_by_default(chosen, method) if frontier else None)
    if drawn is None or estimate.residual_variance == 0:
        return estimate, None
    if method.name == "mixed":
        raise MemwallError("the mixed model has an interval of its own: leave the bootstrap out")
    column = method.cluster or (CLUSTER if CLUSTER in observations else "vendor")
    lines, bounds = bootstrap_lines(
        _sample(chosen, drawn, column, weights, method.within),
        origin=estimate.origin,
        interval=method.interval,
        draws=method.draws,
        seed=method.seed,
        # Least squares of all resamples are found at once.
        estimator=None if method.name in ("ols", "wls") else estimator,
    )
    drawn_again = _plural(column) if drawn == "cluster" else "devices"
    interval = (
        f"{INTERVALS[method.interval]} interval of {method.draws:,} resamples of the {drawn_again} "
        f"(seed {method.seed})"
    )
    return replace(estimate, covariance=np.cov(lines), interval=interval, slope_bounds=bounds), lines


def find_cluster(chosen: Selection) -> str | None:
    """Return the column of what shares an error: vendors where they are many, else architectures.

    None where the data names no architectures or one alone, and of the paper's points, whose devices are
    guesses.

    Examples
    --------
    >>> from memwall_trends.selection import select
    >>> [find_cluster(select("peak_flops", **choose)) for choose in ({}, {"kind": "gpu"})]
    ['vendor', 'architecture']
    >>> find_cluster(select("model_size")) is None
    True
    """
    rows = chosen.observations
    known = CLUSTER in rows and (rows[CLUSTER].fillna("").astype(str) != "").any()
    if not known or chosen.dataset == defaults.PAPER or cluster_codes(rows).max() == 0:
        return None
    return choose_cluster(rows[VENDOR].nunique() if VENDOR in rows else 0)


def choose_cluster(n_vendors: int) -> str:
    """Return the column of what shares an error, where the data names architectures.

    Examples
    --------
    >>> choose_cluster(8), choose_cluster(30)
    ('architecture', 'vendor')
    """
    return VENDOR if n_vendors >= MANY_VENDORS else CLUSTER


def cluster_codes(observations: pd.DataFrame, column: str = CLUSTER) -> Codes:
    """Return the cluster of each observation; one whose cell is empty is a cluster of its own.

    Raises
    ------
    MemwallError
        If there is no such column; the message names those that there are.

    Examples
    --------
    >>> cluster_codes(pd.DataFrame({"architecture": ["Hopper", "", "Hopper", ""]})).tolist()
    [0, 1, 0, 2]
    """
    if column == YEAR and column not in observations:
        years: Codes = pd.factorize(observations["date"].dt.year)[0].astype(np.int64)
        return years
    if column not in observations:
        raise unknown("column to go by", column, map(str, observations.columns))
    codes, known = pd.factorize(observations[column])
    # What is missing has the code -1, and so the last of these.
    alone = np.array([*(str(label) == "" for label in known), True])[codes]
    if alone.any():
        codes[alone] = len(known) + np.arange(alone.sum())
        codes = pd.factorize(codes)[0]
    return codes.astype(np.int64, copy=False)


def find_weights(observations: pd.DataFrame, method: Method) -> Floats | None:
    """Return how much each observation counts; none where all count the same.

    Raises
    ------
    MemwallError
        If the method has no weights, or there is no such column, or one is not above zero.

    Examples
    --------
    >>> rows = pd.DataFrame({"vendor": ["AMD", "Intel", "AMD"]})
    >>> find_weights(rows, Method("wls", weights="vendor")).tolist()
    [0.5, 1.0, 0.5]
    """
    if method.name != "wls":
        if method.weights:
            raise MemwallError(f"the method {method.name!r} has no weights; wls has")
        return None
    column = method.weights or YEAR
    if column == YEAR and column not in observations:
        labels = observations["date"].dt.year
    elif column not in observations:
        raise unknown("column to weigh by", column, [YEAR, *map(str, observations.columns)])
    else:
        labels = observations[column]
        if pd.api.types.is_numeric_dtype(labels):
            if not (labels > 0).all():
                raise MemwallError(f"the column {column!r} holds weights that are not above zero")
            return labels.to_numpy(dtype=np.float64)
    counts = labels.map(labels.value_counts()).to_numpy(dtype=np.float64)
    alike: Floats = 1 / counts
    return alike


def choose_standard_error(
    method: Method, usual: Callable[[], str | None], *, frontier: bool = False
) -> tuple[str | None, str | None]:
    """Return the standard error, and the column of its clusters where it goes by them.

    Parameters
    ----------
    method : Method
    usual : callable
        Finds the column of what shares an error, as `find_cluster` does, where it is not said.
    frontier : bool
        Whether only records count.

    Examples
    --------
    >>> choose_standard_error(Method(), lambda: "architecture")
    ('cr2', 'architecture')
    >>> choose_standard_error(Method(se="hc3"), lambda: None)
    ('hc3', None)
    """
    se, cluster = method.se, method.cluster
    if method.vcov is not None:
        if se or cluster:
            raise MemwallError("vcov says both the standard error and its cluster: give it alone")
        se, cluster = _read_vcov(method.vcov)
    if method.name not in ("ols", "wls"):
        if se:
            raise MemwallError(f"the method {method.name!r} has no se; ols and wls have")
        if cluster and not method.bootstrap and method.name != "mixed" and not frontier:
            raise MemwallError(
                f"the method {method.name!r} has no cluster; ols and wls have, and --bootstrap cluster"
            )
        return None, None
    if method.bootstrap or frontier:
        if se:
            raise MemwallError("a standard error and a bootstrap are two ways: give one of them")
        return None, None
    if se is None:
        cluster = cluster or usual()
        if cluster is None:
            return None, None
        se = "cr2"
    se = find_standard_error(se)
    if se in BY_CLUSTER:
        return se, cluster or usual() or CLUSTER
    if cluster:
        raise MemwallError(f"the standard error {se!r} goes by no clusters; leave out --cluster, or --se")
    return se, None


def _read_vcov(vcov: Mapping[str, str] | str) -> tuple[str, str | None]:
    if isinstance(vcov, str):
        return vcov, None
    if len(vcov) != 1:
        raise MemwallError(f'vcov has one entry, as in {{"CRV1": "vendor"}}; got {dict(vcov)}')
    ((se, cluster),) = vcov.items()
    return se, cluster.replace("+", ",")


def _clusters(observations: pd.DataFrame, cluster: str) -> Clusters:
    columns = list_columns(cluster)
    if len(columns) > MOST_WAYS:
        raise MemwallError(f"clusters go by one column or two; got {', '.join(columns)}")
    return Clusters(
        codes=tuple(cluster_codes(observations, column) for column in columns),
        name=name_clusters(columns),
    )


def name_clusters(columns: Sequence[str]) -> str:
    """Return for a reader what clusters are, given their columns.

    Examples
    --------
    >>> name_clusters(["architecture", "year"])
    'architectures and years'
    """
    return " and ".join(map(_plural, columns))


def _plural(column: str) -> str:
    return PLURALS.get(column, f"values of {column}")


def _random_effects(observations: pd.DataFrame, method: Method) -> dict[str, Codes]:
    """Return the vendor and architecture of each observation, for a mixed model."""
    if method.name != "mixed":
        return {}
    return {
        "vendors": cluster_codes(observations, "vendor"),
        "architectures": cluster_codes(observations, method.cluster or CLUSTER),
    }


def _drawn_by_default(chosen: Selection, method: Method) -> str:
    return "cluster" if method.cluster or find_cluster(chosen) else "pairs"


def _sample(chosen: Selection, drawn: str, column: str, weights: Floats | None, within: str | None) -> Sample:
    if drawn not in RESAMPLED:
        raise unknown("bootstrap", drawn, RESAMPLED)
    rows = chosen.observations if chosen.candidates is None else chosen.candidates
    counted = np.ones(len(rows), dtype=bool) if chosen.in_window is None else chosen.in_window
    order = (
        rows.reset_index(drop=True)
        .sort_values(["date", "value"], ascending=[True, chosen.record == "low"], kind="stable")
        .index
    )
    years, log10_values = _line_through(rows)
    return Sample(
        years=years[order],
        log10_values=log10_values[order],
        groups=cluster_codes(rows, column)[order] if drawn == "cluster" else np.arange(len(rows)),
        counted=counted[order],
        weights=np.ones(len(rows)) if weights is None else weights[order],
        frontier=chosen.frontier,
        record=chosen.record,
        within=cluster_codes(rows, within)[order] if within else None,
    )


def _walk_along(chosen: Selection) -> tuple[Floats, Floats]:
    """Return the values that a random walk goes by, one a time: of a leading edge, at each year's end."""
    rows = chosen.observations
    if chosen.leading_edge:
        known = rows if chosen.candidates is None else chosen.candidates[chosen.in_window]
        _, log10_values = _line_through(rows)
        return stand_at_year_ends(rows["date"].dt.year.to_numpy(), log10_values, known["date"].max().year)
    counts = rows["date"].dt.year.value_counts()
    if counts.max() > 1:
        raise MemwallError(
            f"{chosen.origin}: a random walk goes by one value a year, and {counts.idxmax()} has "
            f"{counts.max()}; count the leading edge, with --best-of year or --frontier"
        )
    return _line_through(rows)


def _line_through(observations: pd.DataFrame) -> tuple[Floats, Floats]:
    values = observations["value"].to_numpy(dtype=np.float64)
    return decimal_years(observations["date"].to_numpy()), np.log10(values)
