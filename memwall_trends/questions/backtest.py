"""Rolling-origin forecasts: what each year's trend said of what came later, and how often it held."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import WALK, as_method
from memwall_trends.questions.calibration import (
    Calibration,
    calibrate_leads,
    find_half_widths,
    score_intervals,
)
from memwall_trends.questions.forecasts import Asked, ask_of, forecast_all
from memwall_trends.questions.gap import fit_gap
from memwall_trends.selection import Selection, select

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.questions.ratio import Gap
    from memwall_trends.selection import Choose, Data

HORIZONS_YEARS = (1, 3, 5, 10)
COMPARED = ("ols", "wls", "huber", "theil-sen", "quantile", WALK)
"""The methods that `compare_methods` ranks unless told otherwise; a mixed model takes a minute on its own."""


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """Forecasts from the trend of what was known at each New Year.

    Attributes
    ----------
    series, dataset : str
        What was forecast.
    method : Method
        How each trend was fitted.
    forecasts : DataFrame
        One row an outcome and New Year before it: ``origin`` (year), ``lead_years`` (1 for what came in that
        year, 2 for the next), ``name, date, actual_log10, predicted_log10, standard_error`` (of a new
        device), ``degrees_of_freedom, no_growth_log10, previous_growth_log10`` (not a number where too little
        was recent).
    edge : bool
        Whether it is of a leading edge: then the outcome of a year is the best that was known at its end.
    horizons_years : sequence of int
        Of `summary`.
    """

    series: str
    dataset: str
    method: Method
    forecasts: pd.DataFrame
    edge: bool = False
    horizons_years: Sequence[int] = HORIZONS_YEARS

    def leads(self, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return by exact years ahead how often the usual and the calibrated interval held.

        Returns
        -------
        DataFrame
            One row a `memwall_trends.questions.calibration.Calibration`.

        Examples
        --------
        >>> run_backtest("dram_bandwidth").leads()["lead_years"].tolist()
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        """
        return pd.DataFrame([asdict(each) for each in calibrate_leads(self.forecasts, level)])

    def summary(self) -> pd.DataFrame:
        """Return by horizon how good the forecasts of all years until then were.

        Returns
        -------
        DataFrame
            ``horizon_years, origins, n, bias_log10`` (mean of actual less predicted), ``rmse_log10,
            coverage_80, coverage_95, skill_no_growth, skill_previous_growth``. Skill is 1 - MSE / MSE of the
            reference: above zero, the trend did better. Only New Years count whose whole horizon lies within
            the data.

        Examples
        --------
        >>> run_backtest("dram_bandwidth").summary()["horizon_years"].tolist()
        [1, 3, 5, 10]
        """
        last = self.forecasts["date"].max()
        rows = []
        for horizon in sorted(self.horizons_years):
            part = self.forecasts[self.forecasts["lead_years"] <= horizon]
            ends = pd.to_datetime((part["origin"] + horizon).astype(str) + "-01-01")
            part = part[ends - pd.Timedelta(days=31) <= last]
            if len(part):
                rows.append({"horizon_years": horizon, **_score(part)})
        return pd.DataFrame(rows)

    def to_record(self, level: float = defaults.LEVEL) -> dict[str, Any]:
        """Return the backtest as one record, the keys of ``memwall-trends backtest --format json``.

        Examples
        --------
        >>> list(run_backtest("dram_bandwidth").to_record())[:6]
        ['series', 'dataset', 'method', 'leading_edge', 'level', 'first_origin']
        """
        return {
            "series": self.series,
            "dataset": self.dataset,
            "method": self.method.name,
            "leading_edge": self.edge,
            "level": level,
            "first_origin": int(self.forecasts["origin"].min()),
            "last_origin": int(self.forecasts["origin"].max()),
            "leads": self.leads(level).drop(columns="level").to_dict(orient="records"),
            "horizons": self.summary().to_dict(orient="records"),
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return f"{self.series} ({self.dataset}), backtest\n{self.leads().round(3).to_string(index=False)}"

    __repr__ = __str__


def run_backtest(
    data: Data,
    *,
    over: str | Selection | None = None,
    way: str | None = None,
    horizons_years: Sequence[int] = HORIZONS_YEARS,
    method: str | Method = "ols",
    **choose: Unpack[Choose],
) -> Backtest:
    """Forecast what came in the next years from what was known at each New Year.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        As in `memwall_trends.fitting.trends.fit_trend`.
    over : str or Selection, optional
        A series to divide by: forecasts are of the ratio, as `memwall_trends.questions.gap.fit_gap` fits it.
    way : str, optional
        Of a ratio, as there.
    horizons_years : sequence of int
        Forecasts reach to the longest. New Years count from the first on by which ten observations over five
        years were known.
    method : str or Method
        How each trend is fitted.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`. Of a leading edge
        (``frontier``, ``best_of="year"``) the forecasts are of the best that was known at each year's end.

    Returns
    -------
    Backtest

    Raises
    ------
    MemwallError
        If a choice is wrong, nothing can be forecast, or the method has no prediction interval.

    Examples
    --------
    >>> tested = run_backtest("dram_bandwidth", horizons_years=[1])
    >>> tested.forecasts["origin"].min()
    np.int64(2001)
    >>> run_backtest("peak_flops", over="dram_bandwidth").series
    'peak_flops / dram_bandwidth'
    """
    if not horizons_years or any(horizon < 1 for horizon in horizons_years):
        raise MemwallError(f"a horizon is a number of years from 1; got {list(horizons_years)}")
    if over is None:
        asked = ask_of(select(data, **choose), method)
    elif isinstance(data, str | Selection):
        # By the plainest method: which devices it is of does not go by that.
        asked = ask_of(fit_gap(data, over, way=way, **choose), method)
    else:
        raise MemwallError("a ratio is of two series, as in peak_flops over dram_bandwidth")
    return _test(asked, horizons_years)


def backtest_fitted(fitted: Trend | Gap, *, horizons_years: Sequence[int] = HORIZONS_YEARS) -> Backtest:
    """Forecast what a trend or a gap is of from what was known at each New Year, fitted alike.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> backtest_fitted(fit_trend("dram_bandwidth"), horizons_years=[1]).series
    'dram_bandwidth'
    """
    return _test(ask_of(fitted), horizons_years)


def calibrate(tested: Backtest, lead_years: float, level: float = defaults.LEVEL) -> Calibration | None:
    """Return what a backtest says of prediction intervals so many years ahead.

    Parameters
    ----------
    tested : Backtest
    lead_years : float
        Years ahead; they are rounded up to whole ones.
    level : float
        Level of the interval.

    Returns
    -------
    Calibration or None
        None where the past has no forecast so far ahead.

    Examples
    --------
    >>> calibrate(run_backtest("dram_bandwidth"), 3.4).lead_years
    4
    """
    lead = max(math.ceil(lead_years), 1)
    return next((each for each in calibrate_leads(tested.forecasts, level) if each.lead_years == lead), None)


def compare_methods(
    data: Data,
    *,
    over: str | Selection | None = None,
    methods: Sequence[str | Method] = COMPARED,
    level: float = defaults.LEVEL,
    **options: Any,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Rank methods by how well the prediction intervals of each forecast what came.

    Parameters
    ----------
    data, over
        As in `run_backtest`.
    methods : sequence of str or Method
    level : float
        Level of the intervals.
    **options
        The others of `run_backtest`.

    Returns
    -------
    ranking : DataFrame
        ``method, interval_score, coverage, rmse_log10, n_origins, n``, the least score first. The methods are
        scored on the forecasts that all of them made; each year ahead counts the same, and so does each New
        Year.
    left_out : dict of str to str
        Methods that cannot forecast this, and why.

    Raises
    ------
    MemwallError
        If none can; or they have no forecast in common.

    Examples
    --------
    >>> ranking, left_out = compare_methods("dram_bandwidth", methods=["ols", "theil-sen", "random-walk"])
    >>> sorted(ranking["method"]), list(left_out)
    (['ols', 'theil-sen'], ['random-walk'])
    """
    tested, left_out = {}, {}
    for method in map(as_method, methods):
        try:
            tested[method.name] = run_backtest(data, over=over, method=method, **options).forecasts
        except MemwallError as error:
            left_out[method.name] = str(error)
    if not tested:
        raise MemwallError(next(iter(left_out.values())))
    keyed = {name: _key(rows) for name, rows in tested.items()}
    shared = set.intersection(*(set(keys) for keys in keyed.values()))
    if not shared:
        raise MemwallError("the methods have no forecast in common; compare fewer of them")
    ranking = []
    for name, rows in tested.items():
        common = rows[[key in shared for key in keyed[name]]]
        errors = _errors(common)
        cells = [common["lead_years"], common["origin"]]
        held = errors.abs() <= find_half_widths(common, level) + 1e-9
        ranking.append(
            {
                "method": name,
                "interval_score": score_intervals(common, level),
                "coverage": float(held.groupby(cells).mean().mean()),
                "rmse_log10": math.sqrt((errors**2).groupby(cells).mean().mean()),
                "n_origins": common["origin"].nunique(),
                "n": len(common),
            }
        )
    frame = pd.DataFrame(ranking).sort_values("interval_score", kind="stable", ignore_index=True)
    return frame, left_out


def _test(asked: Asked, horizons_years: Sequence[int]) -> Backtest:
    forecasts = forecast_all(asked, max(horizons_years))
    return Backtest(asked.name, asked.dataset, asked.method, forecasts, asked.edge, tuple(horizons_years))


def _score(part: pd.DataFrame) -> dict[str, float]:
    errors = _errors(part)
    recent = part[part["previous_growth_log10"].notna()]
    return {
        "origins": part["origin"].nunique(),
        "n": len(part),
        "bias_log10": float(errors.mean()),
        "rmse_log10": float(np.sqrt((errors**2).mean())),
        "coverage_80": _coverage(part, 0.8),
        "coverage_95": _coverage(part, 0.95),
        "skill_no_growth": _skill(part, "no_growth_log10"),
        "skill_previous_growth": _skill(recent, "previous_growth_log10"),
    }


def _key(forecasts: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return what each forecast is of: devices of one name and day are told apart by their values."""
    columns = (forecasts[column] for column in ("origin", "lead_years", "date", "name", "actual_log10"))
    return list(zip(*columns, strict=True))


def _errors(part: pd.DataFrame) -> pd.Series:
    errors: pd.Series = part["actual_log10"] - part["predicted_log10"]
    return errors


def _coverage(part: pd.DataFrame, level: float) -> float:
    # Rounding errors of an exact line are no misses.
    return float((_errors(part).abs() <= find_half_widths(part, level) + 1e-9).mean())


def _skill(part: pd.DataFrame, reference: str) -> float:
    if part.empty:
        return math.nan
    ours, theirs = (_errors(part) ** 2).mean(), ((part["actual_log10"] - part[reference]) ** 2).mean()
    return float(1 - ours / theirs) if theirs else math.nan
