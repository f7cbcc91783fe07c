"""The rates that Gholami et al. (2024) print, recomputed from their own points and from curated data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import find_series
from memwall_trends.datasets.conditions import merge_where, parse_conditions
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.bounds import check_level
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims.estimands import unit_choices
from memwall_trends.questions.claims.judging import UNTESTED, compare_rates, judge
from memwall_trends.questions.claims.printed import find_claimed_slope, load_claims, slope_of
from memwall_trends.questions.claims.readings import read_claim
from memwall_trends.selection import gather_where, select, split_choices

if TYPE_CHECKING:
    from typing import Unpack

    from memwall_trends.datasets.conditions import When
    from memwall_trends.selection import Choose

CURATED_FITS = ("curated_window", "curated_today")


def reproduce(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    margin: float = defaults.MARGIN,
    **choose: Unpack[Choose],
) -> pd.DataFrame:
    """Recompute the rates that Gholami et al. (2024) print, from their own points and from curated data.

    Parameters
    ----------
    per : float
        Take the claims that are printed per so many years: 2 or 20.
    level : float
        Level of the intervals.
    margin : float
        Factor on the growth per two years within which two rates are as good as the same.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose` but ``dataset``; by default
        all that the authors fitted. A condition narrows the series that have its column; of the peak FLOPS
        count the paper's points as they are and ``best16`` of the curated devices unless a precision is
        chosen; an overlay is laid over the curated data.

    Returns
    -------
    DataFrame
        One row a claim: ``series, printed_rate, plotted_rate, rate, ci_low, ci_high, level, period_years,
        n_obs, r_squared, doubling_time_years, verdict``. A claim without enough observations in the selection
        has no rate, and the verdict says why. `RULE` says when a fit agrees.

        Then the curated devices that the claim is about, each counted, over the time that the paper's points
        span, and from their first to today: ``curated_window_...`` and ``curated_today_...``, each with
        ``rate, ci_low, ci_high, n_obs, last_date, verdict``. Last ``readings``, the records of
        `memwall_trends.questions.claims.readings.read_claim`. `describe_rule` says when the two rates agree.

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
    columns = {claim["series"]: find_series(claim["series"], claim["dataset"]).choosable for claim in claims}
    if "dataset" in choose:
        raise MemwallError("the claims are set against both datasets: leave the dataset out")
    shares = split_choices(choose, columns)
    rows = [
        {
            **_recompute(claim, shares[claim["series"]], level),
            **_confront(claim, shares[claim["series"]], level, margin),
            "readings": read_claim(claim, level=level, margin=margin, **shares[claim["series"]]),
        }
        for claim in claims
    ]
    if all(math.isnan(row["rate"]) for row in rows):
        reasons = "\n".join(row["verdict"].removeprefix(f"{UNTESTED}: ") for row in rows)
        raise MemwallError(f"no claim can be tested:\n{reasons}")
    return pd.DataFrame(rows)


def _recompute(claim: dict[str, Any], choose: Choose, level: float) -> dict[str, Any]:
    """Return the fit of the paper's own points."""
    period = claim["period_years"]
    row = {
        "series": claim["series"],
        "printed_rate": claim["printed"],
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
    where = {**parse_conditions(claim["where"]), **gather_where(choose)}
    own: Choose = {**choose, "dataset": claim["dataset"], "where": where, "overlay": ()}
    try:
        trend = fit_trend(claim["series"], **own)
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
        "verdict": judge(claim["printed"], int(claim["significant_digits"]), trend.growth_factor(period)),
    }


def _confront(claim: dict[str, Any], choose: Choose, level: float, margin: float) -> dict[str, Any]:
    """Return the fits of the curated data over the window of the paper's points, and to today."""
    since, today = choose.get("since"), choose.get("until")
    first: When | None
    last: When | None
    try:
        points = select(
            claim["series"],
            dataset=claim["dataset"],
            since=since,
            until=today,
            where=parse_conditions(claim["where"]),
        ).observations["date"]
        first, last = points.min().date(), points.max().date()
    except TooFewObservations:
        first, last = since, today
    where = merge_where(parse_conditions(claim["curated_where"]), gather_where(choose))
    chosen: Choose = {**unit_choices(claim), **choose, "where": where}
    row: dict[str, Any] = {}
    for fit, until in {"curated_window": last, "curated_today": today}.items():
        cells = _curated_fit(claim, {**chosen, "since": first, "until": until}, level, margin)
        row.update({f"{fit}_{key}": cell for key, cell in cells.items()})
    return row


def _curated_fit(claim: dict[str, Any], choose: Choose, level: float, margin: float) -> dict[str, Any]:
    none = {"rate": math.nan, "ci_low": math.nan, "ci_high": math.nan, "n_obs": 0, "last_date": None}
    known = find_series(claim["series"]).choosable
    foreign = [column for column in gather_where(choose) if column.removesuffix("!") not in known]
    if foreign:
        return {**none, "verdict": f"{UNTESTED}: the curated data has no column {foreign[0]!r}"}
    try:
        trend = fit_trend(claim["series"], **choose)
    except TooFewObservations as error:
        return {**none, "n_obs": error.n_obs, "verdict": f"{UNTESTED}: {error}"}
    claimed = find_series(claim["series"], claim["dataset"]).unit
    if trend.unit != claimed:
        return {
            **none,
            "verdict": f"{UNTESTED}: the claim is about {claimed}, these rows are in {trend.unit}",
        }
    per = claim["period_years"]
    low, high = trend.growth_interval(per, level)
    claimed_slope = find_claimed_slope(claim, level)
    return {
        "rate": trend.growth_factor(per),
        "ci_low": low,
        "ci_high": high,
        "n_obs": trend.n_obs,
        "last_date": trend.last_date.isoformat(),
        "verdict": compare_rates(slope_of(trend, level), claimed_slope, per=per, margin=margin).verdict,
    }
