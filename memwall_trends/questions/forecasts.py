"""Forecasts of the past: what the trend at each New Year said of what came after it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import welch_satterthwaite
from memwall_trends.fitting.methods import WALK, as_method
from memwall_trends.fitting.random_walk import stand_at_year_ends
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import pair_selections
from memwall_trends.questions.ratio import Gap
from memwall_trends.selection import Selection, select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable

    from memwall_trends.fitting.least_squares import Floats
    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.trends import Trend

Said: TypeAlias = "tuple[Floats, Floats, Floats]"
"""Of log10(value) of a new observation at some years: mean, variance and degrees of freedom."""
FEW_OBSERVATIONS, FEW_YEARS = 10, 5.0
RECENT_YEARS, FEW_RECENT = 5, 5
LAST_MONTH = 12


@dataclass(frozen=True, eq=False)
class Asked:
    """What is forecast, and by what.

    Attributes
    ----------
    name, dataset, source : str
        The series or the ratio; where it is from, for a message.
    method : Method
        How each line is fitted.
    outcomes : DataFrame
        What came: ``name, date, calendar_year, year, log10_value``, by date. Of a leading edge the best that
        was known at the end of each year.
    fit : callable
        From a New Year to what the lines of what was known then say of decimal years; none where too little
        was.
    edge : bool
        Whether it is a leading edge.
    """

    name: str
    dataset: str
    source: str
    method: Method
    outcomes: pd.DataFrame
    fit: Callable[[pd.Timestamp], Callable[[Floats], Said] | None]
    edge: bool


def ask_of(asked: Selection | Trend | Gap, method: str | Method | None = None) -> Asked:
    """Return what a selection, a trend or a gap is asked to forecast.

    Parameters
    ----------
    asked : Selection, Trend or Gap
    method : str or Method, optional
        By default that of the trend or the gap.

    Examples
    --------
    >>> asked = ask_of(select("dram_bandwidth", best_of="year"), "ols")
    >>> asked.edge, asked.outcomes["log10_value"].is_monotonic_increasing
    (True, True)
    """
    if isinstance(asked, Selection):
        chosen, names, dataset = [asked], [asked.name], asked.dataset
        fitted_by = as_method(method or "ols")
    else:
        trends = asked.fits if isinstance(asked, Gap) else [asked]
        chosen, names = [_selection_of(trend) for trend in trends], [trend.series for trend in trends]
        dataset, fitted_by = trends[0].dataset, as_method(method or trends[0].method)
    plain = _without_draws(fitted_by)
    edge = all(each.leading_edge for each in chosen)
    if len(chosen) == 1:
        outcomes = _stand(chosen[0]) if edge else _list_rows(chosen[0].observations)
    elif edge:
        top, bottom = map(_stand, chosen)
        both = top.merge(bottom[["date", "log10_value"]], on="date", suffixes=("", "_below"))
        outcomes = both.assign(log10_value=both["log10_value"] - both.pop("log10_value_below"))
    else:
        outcomes = _list_rows(pair_selections(*chosen))

    def fit(start: pd.Timestamp) -> Callable[[Floats], Said] | None:
        known = [trend for each in chosen if (trend := _fit_known(each, start, plain))]
        if len(known) < len(chosen):
            return None
        return known[0].log10_new if len(known) == 1 else partial(_divide, known[0], known[1])

    name = " / ".join(names)
    source = chosen[0].origin if isinstance(asked, Selection) else name
    return Asked(name, dataset, source, plain, outcomes, fit, edge)


def forecast_all(asked: Asked, longest_years: int) -> pd.DataFrame:
    """Return what was said at each New Year of what came in the years after it.

    Parameters
    ----------
    asked : Asked
    longest_years : int
        How many years ahead.

    Returns
    -------
    DataFrame
        One row an outcome and New Year before it, as in `memwall_trends.questions.backtest.Backtest`.

    Raises
    ------
    MemwallError
        If nothing can be forecast; if that is for the method, its own message.

    Examples
    --------
    >>> forecast_all(ask_of(select("dram_bandwidth")), 1)["lead_years"].unique().tolist()
    [1]
    """
    calendar_years = asked.outcomes["calendar_year"].to_numpy()
    first, last = (calendar_years.min(), calendar_years.max()) if len(calendar_years) else (0, -1)
    parts, failed = [], None
    for origin in range(first + 1, last + 1):
        start = pd.Timestamp(origin, 1, 1)
        ahead = (calendar_years >= origin) & (calendar_years < origin + longest_years)
        if not ahead.any():
            continue
        try:
            say = asked.fit(start)
        except MemwallError as error:
            failed = error
            continue
        if say is not None:
            parts.append(_forecast(asked.outcomes, ahead, start, say))
    if parts:
        return pd.DataFrame({key: np.concatenate([part[key] for part in parts]) for key in parts[0]})
    raise failed or MemwallError(
        f"{asked.source}: too short for a backtest; expected at least {FEW_OBSERVATIONS} observations "
        f"over {FEW_YEARS:g} years, and at least one further year to forecast"
    )


def _forecast(
    outcomes: pd.DataFrame, ahead: np.ndarray, start: pd.Timestamp, say: Callable[[Floats], Said]
) -> dict[str, np.ndarray]:
    later, known = outcomes[ahead], outcomes[outcomes["calendar_year"].to_numpy() < start.year]
    years = later["year"].to_numpy()
    (start_year,) = decimal_years([start])
    predicted, variance, freedoms = say(np.append(years, start_year))
    at_start = predicted[-1]
    recent = known[known["year"] >= start_year - RECENT_YEARS]
    slope = math.nan
    if len(recent) >= FEW_RECENT and recent["date"].nunique() > 1:
        slope = float(np.polyfit(recent["year"] - start_year, recent["log10_value"], 1)[0])
    return {
        "origin": np.full(len(later), start.year),
        "lead_years": later["calendar_year"].to_numpy() - start.year + 1,
        "name": later["name"].to_numpy(dtype=object),
        "date": later["date"].to_numpy(),
        "actual_log10": later["log10_value"].to_numpy(),
        "predicted_log10": predicted[:-1],
        "standard_error": np.sqrt(variance[:-1]),
        "degrees_of_freedom": freedoms[:-1],
        "no_growth_log10": np.full(len(later), at_start),
        "previous_growth_log10": at_start + slope * (years - start_year),
    }


def _selection_of(trend: Trend) -> Selection:
    return select(trend.observations) if trend.selection is None else trend.selection


def _without_draws(method: Method) -> Method:
    """Return a method that fits alike and draws nothing: thousands of lines a New Year tell no more."""
    return replace(method, bootstrap=None, se="crv1" if method.se == "wild" else method.se)


def _fit_known(chosen: Selection, start: pd.Timestamp, method: Method) -> Trend | None:
    """Return the trend of what was known at a New Year."""
    rows = chosen.observations[chosen.observations["date"] < start]
    days = rows["date"].max() - rows["date"].min() if len(rows) else pd.Timedelta(0)
    if len(rows) < FEW_OBSERVATIONS or days < pd.Timedelta(days=365.25 * FEW_YEARS):
        return None
    # Records are drawn anew in the bootstrap that is their default, which needs candidates; a walk goes by
    # how long the last of them stood.
    candidates: Any = {"candidates": None, "in_window": None}
    if method.name == WALK and chosen.candidates is not None:
        before = (chosen.candidates["date"] < start).to_numpy()
        candidates = {"candidates": chosen.candidates[before], "in_window": chosen.in_window[before]}  # type: ignore[index]
    trend = fit_trend(replace(chosen, observations=rows, **candidates), method=method)
    if math.isnan(trend.estimate.residual_variance):
        raise MemwallError(
            "a line near the top has no prediction interval; backtest --quantile 0.5 or another"
        )
    return trend


def _divide(top: Trend, bottom: Trend, years: Floats) -> Said:
    first, first_variance, first_freedoms = top.log10_new(years)
    second, second_variance, second_freedoms = bottom.log10_new(years)
    freedoms = map(welch_satterthwaite, first_variance, first_freedoms, second_variance, second_freedoms)
    return first - second, first_variance + second_variance, np.array(list(freedoms))


def _list_rows(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values("date", kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "name": rows.get("name", ""),
            "date": rows["date"],
            "calendar_year": rows["date"].dt.year,
            "year": decimal_years(rows["date"].to_numpy()),
            "log10_value": np.log10(rows["value"].to_numpy(dtype=np.float64)),
        }
    )


def _stand(chosen: Selection) -> pd.DataFrame:
    """Return the best that was known at the end of each whole year."""
    known = chosen.observations if chosen.candidates is None else chosen.candidates[chosen.in_window]
    last = known["date"].max()
    rows = chosen.observations
    ends, standing = stand_at_year_ends(
        rows["date"].dt.year.to_numpy(), np.log10(rows["value"].to_numpy(dtype=np.float64)), last.year
    )
    whole = ends <= last.year + (last.month == LAST_MONTH)
    calendar_years = ends[whole].astype(int) - 1
    return pd.DataFrame(
        {
            "name": [f"the best at the end of {year}" for year in calendar_years],
            "date": pd.to_datetime([f"{year}-12-31" for year in calendar_years]),
            "calendar_year": calendar_years,
            "year": ends[whole],
            "log10_value": standing[whole],
        }
    )
