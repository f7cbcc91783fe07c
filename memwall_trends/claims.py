"""Published growth rates as data, recomputed and judged."""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import find_series, load_table
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.selection import parse_where, split_where
from memwall_trends.trends import check_level, fit_trend

if TYPE_CHECKING:
    from memwall_trends.selection import When, Where

AGREES_ROUNDED = "agrees (rounds)"
AGREES_CUT_OFF = "agrees (cut off)"
DIFFERS = "differs"
UNTESTED = "cannot be tested"
SOURCE = "gholami2024"
RULE = (
    "written with as many significant digits as printed, the fit rounds to the printed figure, "
    "gives it when cut off (755.04 gives 750, not 760), or differs"
)


def reproduce(
    *,
    since: When | None = None,
    until: When | None = None,
    where: Where | None = None,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
) -> pd.DataFrame:
    """Recompute the rates that Gholami et al. (2024) print, from the points of their own figures.

    Parameters
    ----------
    since, until : str, int or date, optional
        Window of the observations; by default all that the authors fitted.
    where : mapping, optional
        Conditions; each narrows the series that have its column.
    per : float
        Take the claims that are printed per so many years: 2 or 20.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row a claim: ``series, printed_rate, plotted_rate, rate, ci_low, ci_high, level, period_years,
        n_obs, r_squared, doubling_time_years, verdict``. A claim without enough observations in the selection
        has no rate, and the verdict says why. `RULE` says when a fit agrees.

    Raises
    ------
    MemwallError
        If no claim is printed for that period, or the selection is wrong for all of them.

    Examples
    --------
    >>> reproduce()[["series", "printed_rate", "rate", "verdict"]].round(3).head(2)
               series  printed_rate   rate          verdict
    0      peak_flops           3.0  3.026  agrees (rounds)
    1  dram_bandwidth           1.6  1.592  agrees (rounds)
    """
    check_level(level)
    claims = load_claims(per)
    columns = {claim["series"]: find_series(claim["series"], claim["dataset"]).columns for claim in claims}
    conditions = split_where(where, columns)
    rows = [_recompute(claim, since, until, conditions[claim["series"]], level) for claim in claims]
    if all(math.isnan(row["rate"]) for row in rows):
        reasons = "\n".join(row["verdict"].removeprefix(f"{UNTESTED}: ") for row in rows)
        raise MemwallError(f"no claim can be tested:\n{reasons}")
    return pd.DataFrame(rows)


def load_claims(per: float) -> list[dict[str, Any]]:
    """Return the rows of ``datasets/claims.csv`` that Gholami et al. (2024) print per so many years.

    Raises
    ------
    MemwallError
        If there is none; the message names the periods that there are.

    Examples
    --------
    >>> [claim["rate"] for claim in load_claims(20)]
    [60000.0, 100.0, 30.0]
    """
    claims = load_table("claims")
    claims = claims[claims["source"] == SOURCE]
    chosen = claims[claims["period_years"] == per]
    if chosen.empty:
        periods = " and ".join(f"{period:g}" for period in sorted(claims["period_years"].unique()))
        raise MemwallError(
            f"no claim is printed per {per:g} years; the paper prints rates per {periods} years. "
            "For any other period see the command 'rate'"
        )
    return [{str(key): cell for key, cell in row.items()} for row in chosen.to_dict(orient="records")]


def judge(printed: float, significant_digits: int, rate: float) -> str:
    """Return whether a fitted rate gives the printed figure; see `RULE`.

    Parameters
    ----------
    printed : float
        The figure as published.
    significant_digits : int
        How many of its digits carry meaning: 2 for 750, if it stands for 745 to 755.
    rate : float
        The fitted growth factor for the same period.

    Returns
    -------
    str
        `AGREES_ROUNDED`, `AGREES_CUT_OFF` or `DIFFERS`.

    Examples
    --------
    >>> judge(1.6, 2, 1.59151), judge(750, 2, 755.038), judge(3.0, 2, 3.3)
    ('agrees (rounds)', 'agrees (cut off)', 'differs')
    """
    for rounding, verdict in ((ROUND_HALF_UP, AGREES_ROUNDED), (ROUND_DOWN, AGREES_CUT_OFF)):
        # repr is the shortest decimal that is this float: 1.65 is the tie that a reader sees.
        written = Context(prec=significant_digits, rounding=rounding).create_decimal(repr(float(rate)))
        if written == Decimal(repr(float(printed))):
            return verdict
    return DIFFERS


def _recompute(
    claim: dict[str, Any],
    since: When | None,
    until: When | None,
    where: Where,
    level: float,
) -> dict[str, Any]:
    period = claim["period_years"]
    row = {
        "series": claim["series"],
        "printed_rate": claim["rate"],
        "plotted_rate": claim["plotted_rate"],
        "rate": math.nan,
        "ci_low": math.nan,
        "ci_high": math.nan,
        "level": level,
        "period_years": period,
        "n_obs": 0,
        "r_squared": math.nan,
        "doubling_time_years": math.nan,
    }
    try:
        trend = fit_trend(
            claim["series"],
            dataset=claim["dataset"],
            since=since,
            until=until,
            where={**parse_where(claim["where"].split(";") if claim["where"] else []), **where},
        )
    except TooFewObservations as error:
        return {**row, "n_obs": error.n_obs, "verdict": f"{UNTESTED}: {error}"}
    low, high = trend.growth_interval(period, level)
    return {
        **row,
        "rate": trend.growth_factor(period),
        "ci_low": low,
        "ci_high": high,
        "n_obs": trend.n_obs,
        "r_squared": trend.r_squared,
        "doubling_time_years": trend.doubling_time_years,
        "verdict": judge(claim["rate"], int(claim["significant_digits"]), trend.growth_factor(period)),
    }
