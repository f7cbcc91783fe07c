"""`Method`: how a line is fitted to observations, and how its interval comes about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.fitting.bootstrap import INTERVALS, Sample, bootstrap_lines
from memwall_trends.fitting.estimators import find_estimator
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memwall_trends.fitting.least_squares import Estimate, Floats
    from memwall_trends.selection import Selection

CLUSTER = "vendor"
YEAR = "year"
RESAMPLED = {"pairs": "devices", "cluster": "vendors"}
"""What a bootstrap draws, by the name that the user gives."""
FRONTIER_NOTE = (
    "Records depend on each other: one is a record only because none before it was better. So devices are "
    "drawn again and records set anew in each resample; a t interval of records holds too rarely"
)


@dataclass(frozen=True)
class Method:
    """How a line is fitted, and how its interval comes about.

    Attributes
    ----------
    name : str
        The estimator, one of `memwall_trends.fitting.estimators.ESTIMATORS`.
    se : str, optional
        Standard error of ``ols`` and ``wls``: ``classical``, ``hc3`` or ``cluster`` (by vendor).
    quantile : float, optional
        Of ``quantile``; 0.5 by default.
    weights : str, optional
        Of ``wls``: a column of numbers, or one of labels whose groups then count the same each. By default
        ``year``: each calendar year counts the same, however many devices came out.
    within : str, optional
        Of ``ols`` and ``wls``: a column, as in ``product_class``, each value of which has an intercept of its
        own. The common slope is the growth within them, apart from one taking the place of another.
    bootstrap : str, optional
        ``pairs`` draws devices, ``cluster`` vendors. Where only records count, ``pairs`` by default.
    interval : str
        Of the bootstrap: ``percentile`` or ``bca``.
    draws : int
        Number of resamples.
    seed : int
        Of the random draws.

    Examples
    --------
    >>> Method("ols", se="hc3").describe()
    'OLS'
    >>> Method("quantile", quantile=0.9).describe(), Method(within="product_class").describe()
    ('Quantile regression (0.9)', 'OLS with product class effects')
    """

    name: str = "ols"
    se: str | None = None
    quantile: float | None = None
    weights: str | None = None
    within: str | None = None
    bootstrap: str | None = None
    interval: str = "percentile"
    draws: int = defaults.DRAWS
    seed: int = defaults.SEED

    def describe(self) -> str:
        """Return the estimator for a reader."""
        names = {
            "ols": "OLS",
            "wls": f"WLS (each {self.weights or YEAR} alike)",
            "huber": "Huber's M-estimate",
            "theil-sen": "Theil-Sen",
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
    weights = _weights(observations, method)
    if frontier and method.name == "wls":
        raise MemwallError("records are too few to weigh: leave out --frontier, or the method 'wls'")
    by_cluster = method.se == "cluster"
    estimator = find_estimator(
        method.name,
        se=method.se,
        quantile=method.quantile,
        weights=weights,
        groups=_codes(observations, CLUSTER) if by_cluster else None,
        within=_codes(observations, method.within) if method.within else None,
    )
    estimate = estimator(*_line_through(observations))
    drawn = method.bootstrap or ("pairs" if frontier else None)
    if drawn is None or estimate.residual_variance == 0:
        return estimate, None
    if by_cluster:
        raise MemwallError(
            "a standard error by cluster and a bootstrap are two ways: choose --bootstrap cluster"
        )
    lines, bounds = bootstrap_lines(
        _sample(chosen, drawn, weights, method.within),
        origin=estimate.origin,
        interval=method.interval,
        draws=method.draws,
        seed=method.seed,
        # Least squares of all resamples are found at once.
        estimator=None if method.name in ("ols", "wls") else estimator,
    )
    interval = (
        f"{INTERVALS[method.interval]} interval of {method.draws:,} resamples of the {RESAMPLED[drawn]} "
        f"(seed {method.seed})"
    )
    return replace(estimate, covariance=np.cov(lines), interval=interval, slope_bounds=bounds), lines


def _weights(observations: pd.DataFrame, method: Method) -> Floats | None:
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


def _sample(chosen: Selection, drawn: str, weights: Floats | None, within: str | None) -> Sample:
    if drawn not in RESAMPLED:
        raise unknown("bootstrap", drawn, RESAMPLED)
    rows = chosen.observations if chosen.candidates is None else chosen.candidates
    counted = np.ones(len(rows), dtype=bool) if chosen.in_window is None else chosen.in_window
    order = (
        rows.reset_index(drop=True)
        .sort_values(["date", "value"], ascending=[True, False], kind="stable")
        .index
    )
    years, log10_values = _line_through(rows)
    return Sample(
        years=years[order],
        log10_values=log10_values[order],
        groups=_codes(rows, CLUSTER)[order] if drawn == "cluster" else np.arange(len(rows)),
        counted=counted[order],
        weights=np.ones(len(rows)) if weights is None else weights[order],
        frontier=chosen.frontier,
        within=_codes(rows, within)[order] if within else None,
    )


def _line_through(observations: pd.DataFrame) -> tuple[Floats, Floats]:
    values = observations["value"].to_numpy(dtype=np.float64)
    return decimal_years(observations["date"].to_numpy()), np.log10(values)


def _codes(observations: pd.DataFrame, column: str) -> NDArray[np.int64]:
    if column not in observations:
        raise unknown("column to go by", column, map(str, observations.columns))
    return pd.factorize(observations[column], use_na_sentinel=False)[0]
