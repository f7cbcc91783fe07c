"""Rolling-origin forecasts: what each year's trend said of later devices, and how often it held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.bounds import check_level, t_quantile
from memwall_trends.fitting.methods import as_method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.selection import select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose, Data

HORIZONS_YEARS = (1, 3, 5, 10)
FEW_OBSERVATIONS, FEW_YEARS = 10, 5.0
RECENT_YEARS, FEW_RECENT = 5, 5
OFF = 0.03
"""A coverage that differs from its level by more is said to be off."""


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
        One row a device and origin and horizon: ``origin`` (year), ``horizon_years, name, date, actual_log10,
        predicted_log10, standard_error`` (of a new device), ``degrees_of_freedom, no_growth_log10,
        previous_growth_log10`` (not a number where too little was recent).
    """

    series: str
    dataset: str
    method: Method
    forecasts: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Return by horizon how good the forecasts were.

        Returns
        -------
        DataFrame
            ``horizon_years, origins, n, bias_log10`` (mean of actual less predicted), ``rmse_log10,
            coverage_80, coverage_95, skill_no_growth, skill_previous_growth``. Skill is 1 - MSE / MSE of the
            reference: above zero, the trend did better.

        Examples
        --------
        >>> run_backtest("dram_bandwidth").summary()["horizon_years"].tolist()
        [1, 3, 5, 10]
        """
        rows = [
            {"horizon_years": int(str(horizon)), **_score(part)}
            for horizon, part in self.forecasts.groupby("horizon_years")
        ]
        return pd.DataFrame(rows)

    def to_record(self, level: float = defaults.LEVEL) -> dict[str, Any]:
        """Return the backtest as one record, the keys of ``memwall-trends backtest --format json``.

        Examples
        --------
        >>> list(run_backtest("dram_bandwidth").to_record())
        ['series', 'dataset', 'method', 'first_origin', 'last_origin', 'horizons', 'calibration']
        """
        summary = self.summary()
        return {
            "series": self.series,
            "dataset": self.dataset,
            "method": self.method.name,
            "first_origin": int(self.forecasts["origin"].min()),
            "last_origin": int(self.forecasts["origin"].max()),
            "horizons": summary.to_dict(orient="records"),
            "calibration": [
                {
                    "horizon_years": horizon,
                    "level": level,
                    "multiplier": calibration.multiplier,
                    "coverage": calibration.coverage,
                    "off": calibration.off,
                }
                for horizon in summary["horizon_years"]
                for calibration in [calibrate(self, horizon, level)]
            ],
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return f"{self.series} ({self.dataset}), backtest\n{self.summary().round(3).to_string(index=False)}"

    __repr__ = __str__


@dataclass(frozen=True)
class Calibration:
    """What a backtest says of a prediction interval.

    Attributes
    ----------
    horizon_years : int
        The backtested horizon that it goes by.
    level : float
        Level of the interval.
    multiplier : float
        Standard errors that the interval must span to each side to have held that share of the devices.
    coverage : float
        Share of the devices that the usual interval held.
    off : bool
        Whether that differs from the level by more than three points.
    """

    horizon_years: int
    level: float
    multiplier: float
    coverage: float
    off: bool


def run_backtest(
    data: Data,
    *,
    horizons_years: Sequence[int] = HORIZONS_YEARS,
    method: str | Method = "ols",
    **choose: Unpack[Choose],
) -> Backtest:
    """Forecast the devices of the next years from what was known at each New Year.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        As in `memwall_trends.fitting.trends.fit_trend`.
    horizons_years : sequence of int
        A forecast is of the devices dated within so many years. Only origins whose whole horizon lies within
        the data count, from the first on by which ten observations over five years were known.
    method : str or Method
        How each trend is fitted.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`. Whether a
        device sets a record (``frontier``) is known when it comes out.

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
    """
    if not horizons_years or any(horizon < 1 for horizon in horizons_years):
        raise MemwallError(f"a horizon is a number of years from 1; got {list(horizons_years)}")
    chosen = select(data, **choose)
    rows = chosen.observations.sort_values("date", kind="stable", ignore_index=True)
    rows = rows.assign(year=decimal_years(rows["date"].to_numpy()))
    method = as_method(method)
    forecasts = [
        forecast
        for origin in range(rows["date"].min().year + 1, rows["date"].max().year + 1)
        for forecast in _forecast_from(origin, rows, method, horizons_years)
    ]
    if not forecasts:
        raise MemwallError(
            f"{chosen.origin}: too short for a backtest; expected at least {FEW_OBSERVATIONS} observations "
            f"over {FEW_YEARS:g} years, and {min(horizons_years)} further year(s) to forecast"
        )
    return Backtest(chosen.name, chosen.dataset, method, pd.concat(forecasts, ignore_index=True))


def calibrate(tested: Backtest, horizon_years: float, level: float = defaults.LEVEL) -> Calibration:
    """Return what a backtest says of prediction intervals so many years ahead.

    Parameters
    ----------
    tested : Backtest
    horizon_years : float
        Years ahead; the shortest backtested horizon that holds them counts, or the longest.
    level : float
        Level of the interval.

    Returns
    -------
    Calibration
        Its multiplier is the quantile of |actual - predicted| / standard error with rank
        ceil((n + 1) level) of n, as in split conformal prediction (Lei et al. 2018,
        doi:10.1080/01621459.2017.1307116).

    Examples
    --------
    >>> calibrate(run_backtest("dram_bandwidth"), 4).horizon_years
    5
    """
    check_level(level)
    horizons = sorted(tested.forecasts["horizon_years"].unique())
    horizon = next((known for known in horizons if known >= horizon_years), horizons[-1])
    part = tested.forecasts[tested.forecasts["horizon_years"] == horizon]
    # A line without scatter has errors of zero and no standard error.
    errors = _errors(part).abs() / part["standard_error"].clip(lower=1e-12)
    rank = min(math.ceil((len(part) + 1) * level), len(part))
    coverage = _coverage(part, level)
    return Calibration(
        horizon_years=int(horizon),
        level=level,
        multiplier=float(np.sort(errors)[rank - 1]),
        coverage=coverage,
        off=abs(coverage - level) > OFF,
    )


def _forecast_from(
    origin: int, rows: pd.DataFrame, method: Method, horizons_years: Sequence[int]
) -> list[pd.DataFrame]:
    """Return the forecasts from one New Year, one frame a horizon."""
    start = pd.Timestamp(origin, 1, 1)
    known, later = rows[rows["date"] < start], rows[rows["date"] >= start]
    if len(known) < FEW_OBSERVATIONS or np.ptp(known["year"]) < FEW_YEARS:
        return []
    try:
        trend = fit_trend(known.drop(columns="year"), method=method)
    except TooFewObservations:
        return []
    if math.isnan(trend.estimate.residual_variance):
        raise MemwallError(
            "a line near the top has no prediction interval; backtest --quantile 0.5 or another"
        )
    forecasts = []
    for horizon in horizons_years:
        end = pd.Timestamp(origin + horizon, 1, 1)
        devices = later[later["date"] < end]
        if devices.empty or rows["date"].max() < end - pd.Timedelta(days=31):
            continue
        forecasts.append(_predict(trend, devices, known, start).assign(origin=origin, horizon_years=horizon))
    return forecasts


def _predict(trend: Trend, devices: pd.DataFrame, known: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    years = devices["year"].to_numpy()
    (start_year,) = decimal_years([start])
    predicted, variance = trend.log10_mean(years)
    at_start = float(trend.log10_mean(np.array([start_year]))[0][0])
    recent = known[known["year"] >= start_year - RECENT_YEARS]
    slope = math.nan
    if len(recent) >= FEW_RECENT and recent["date"].nunique() > 1:
        slope = float(np.polyfit(recent["year"] - start_year, np.log10(recent["value"]), 1)[0])
    return pd.DataFrame(
        {
            "name": devices.get("name", ""),
            "date": devices["date"],
            "actual_log10": np.log10(devices["value"].to_numpy(dtype=np.float64)),
            "predicted_log10": predicted,
            "standard_error": np.sqrt(variance + trend.estimate.residual_variance),
            "degrees_of_freedom": trend.new_device_freedoms(variance),
            "no_growth_log10": at_start,
            "previous_growth_log10": at_start + slope * (years - start_year),
        }
    )


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


def _errors(part: pd.DataFrame) -> pd.Series:
    errors: pd.Series = part["actual_log10"] - part["predicted_log10"]
    return errors


def _coverage(part: pd.DataFrame, level: float) -> float:
    quantiles = [t_quantile(freedom, level) for freedom in part["degrees_of_freedom"]]
    # Rounding errors of an exact line are no misses.
    return float((_errors(part).abs() <= quantiles * part["standard_error"] + 1e-9).mean())


def _skill(part: pd.DataFrame, reference: str) -> float:
    if part.empty:
        return math.nan
    ours, theirs = (_errors(part) ** 2).mean(), ((part["actual_log10"] - part[reference]) ** 2).mean()
    return float(1 - ours / theirs) if theirs else math.nan
