"""Growth rates that others published, set against the curated data."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import load_table
from memwall_trends.datasets.conditions import parse_conditions
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.fitting.bounds import check_level, check_period
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims.estimands import unit_choices
from memwall_trends.questions.claims.judging import UNTESTED, compare_rates, relative_likelihood
from memwall_trends.questions.claims.printed import describe_printed, find_claimed_slope, slope_of
from memwall_trends.questions.gap import fit_gap, pair_devices
from memwall_trends.selection import select
from memwall_trends.units import decimal_years, parse_date, power_of_ten

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from memwall_trends.fitting.growth import Growth

MIN_ROWS = 10
MIN_COVERAGE = 0.75
FIT = ("rate", "ci_low", "ci_high", "n_obs")


def check_claims(
    *,
    source: str | None = None,
    series: str | None = None,
    overlay: Sequence[str | Path] = (),
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    margin: float = defaults.MARGIN,
) -> pd.DataFrame:
    """Set every claim of ``datasets/claims.csv`` against the curated data.

    Parameters
    ----------
    source, series : str, optional
        Only the claims of this source, about this series.
    overlay : sequence of str or Path
        Files of a user's rows to lay over the curated data.
    per : float
        Period of the growth factors, in years.
    level : float
        Level of the intervals.
    margin : float
        As in `memwall_trends.questions.claims.judging.compare_rates`.

    Returns
    -------
    DataFrame
        One row a claim: see `check_claim`.

    Raises
    ------
    MemwallError
        If there is no claim of that source or about that series.

    Examples
    --------
    >>> checked = check_claims(source="hobbhahn2023", series="memory_capacity")
    >>> checked[["claim", "printed", "verdict"]].values.tolist()
    [['hobbhahn2023-capacity', 'doubles every 4 years', 'agrees']]
    """
    claims = load_table("claims")
    for column, wanted in (("source", source), ("series", series)):
        if wanted is not None:
            known = sorted(load_table("claims")[column].unique())
            if wanted not in known:
                raise unknown(f"{column} of the claims", wanted, known)
            claims = claims[claims[column] == wanted]
    if claims.empty:
        raise MemwallError(
            f"{source} has no claim about {series}; 'claims --source {source}' lists what it has"
        )
    rows = [{str(key): cell for key, cell in row.items()} for row in claims.to_dict(orient="records")]
    return pd.DataFrame(
        [check_claim(row, overlay=overlay, per=per, level=level, margin=margin) for row in rows]
    )


def check_claim(
    claim: dict[str, Any],
    *,
    overlay: Sequence[str | Path] = (),
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    margin: float = defaults.MARGIN,
) -> dict[str, Any]:
    """Set one claim against the curated data.

    Parameters
    ----------
    claim : dict
        A row of ``datasets/claims.csv``.
    overlay, per, level, margin
        As in `check_claims`.

    Returns
    -------
    dict
        ``claim, source, series, denominator``; ``printed``, the claim in words; ``printed_rate,
        printed_rate_low, printed_rate_high``, as growth factors per `per` years, NaN where none is printed;
        ``window_since, window_until``, of the claim's own data; ``rate, ci_low, ci_high, n_obs``, the fit of
        the curated rows in that window, and ``today_rate, today_ci_low, today_ci_high, today_n_obs,
        last_date``, from its first year to our last row; ``ratio, ratio_low, ratio_high``, our rate in that
        window over the printed one; ``verdict,
        likelihood, reason``, of which the likelihood is that of the printed rate relative to our best fit. It
        cannot be tested if it is about something else, if fewer than ten rows are in the window or if they
        span less than three quarters of it.

    Examples
    --------
    >>> claims = load_table("claims").set_index("claim", drop=False)
    >>> row = check_claim(claims.loc["delsozzo2026-fp32"].to_dict())
    >>> row["printed"], round(row["printed_rate"], 3), row["window_since"], row["verdict"]
    ('doubles every 1.67 years', 2.294, '2006', 'differs')
    """
    check_level(level)
    check_period(per)
    printed = find_claimed_slope(claim, level)
    ranged = not pd.isna(claim["printed_low"])
    none = {key: 0 if key == "n_obs" else math.nan for key in FIT}
    row: dict[str, Any] = {
        **{key: claim[key] for key in ("claim", "source", "series", "denominator")},
        "printed": describe_printed(claim),
        "printed_rate": power_of_ten(printed.estimate * per),
        "printed_rate_low": power_of_ten(printed.low * per) if ranged else math.nan,
        "printed_rate_high": power_of_ten(printed.high * per) if ranged else math.nan,
        "window_since": claim["since"],
        "window_until": claim["until"],
        **none,
        **{f"today_{key}": cell for key, cell in none.items()},
        "last_date": None,
        **dict.fromkeys(("ratio", "ratio_low", "ratio_high", "likelihood"), math.nan),
    }
    if claim["untestable"]:
        return {**row, "verdict": UNTESTED, "reason": claim["untestable"]}
    window = {"since": claim["since"] or None, "until": claim["until"] or None}
    rows, fit = _count(claim, overlay, window)
    today, fit_today = _count(claim, overlay, {"since": window["since"]})
    if len(today) >= MIN_ROWS:
        growth = fit_today()
        row.update({f"today_{key}": cell for key, cell in _cells(growth, len(today), per, level).items()})
        row["last_date"] = today["date"].max().date().isoformat()
    row["n_obs"] = len(rows)
    reason = _too_little(claim, overlay, rows, window)
    if reason:
        return {**row, "verdict": UNTESTED, "reason": reason}
    growth = fit()
    return {
        **row,
        **_cells(growth, len(rows), per, level),
        **asdict(compare_rates(slope_of(growth, level), printed, per=per, margin=margin)),
        "likelihood": relative_likelihood(growth, printed.estimate),
        "reason": _describe_window(window),
    }


def _options(claim: dict[str, Any], overlay: Sequence[str | Path], window: dict[str, Any]) -> dict[str, Any]:
    return {
        **window,
        "where": parse_conditions(claim["curated_where"]),
        "precision": claim["precision"] or None,
        "overlay": overlay,
    }


def _count(
    claim: dict[str, Any], overlay: Sequence[str | Path], window: dict[str, Any], *, by_unit: bool = True
) -> tuple[pd.DataFrame, Callable[[], Growth]]:
    """Return the rows that count, all of the population if `by_unit` is false; and what fits them."""
    options = _options(claim, overlay, window)
    pair = (claim["series"], claim["denominator"])
    try:
        if claim["denominator"]:
            return pair_devices(*pair, **options), partial(fit_gap, *pair, way="device", **options)
        unit = unit_choices(claim) if by_unit else {}
        chosen = select(claim["series"], **{**options, **unit})
    except TooFewObservations as error:
        return pd.DataFrame({"date": pd.Series(dtype="datetime64[ns]")}), partial(_raise, error)
    return chosen.observations, partial(fit_trend, chosen)


def _raise(error: MemwallError) -> NoReturn:
    raise error


def _cells(growth: Growth, n_obs: int, per: float, level: float) -> dict[str, Any]:
    low, high = growth.growth_interval(per, level)
    return dict(zip(FIT, (growth.growth_factor(per), low, high, n_obs), strict=True))


def _too_little(
    claim: dict[str, Any], overlay: Sequence[str | Path], rows: pd.DataFrame, window: dict[str, Any]
) -> str:
    """Return why our rows cannot answer a claim; empty if they can."""
    # Not only records: a record of 2012 says of 2014 too that nothing was better.
    every = _count(claim, overlay, window, by_unit=False)[0] if unit_choices(claim) else rows
    days = every["date"]
    what = "records" if unit_choices(claim).get("frontier") else "rows"
    if not days.empty:
        first, last = days.min().date(), days.max().date()
        since = parse_date(window["since"]) if window["since"] else first
        until = _until(window["until"]) if window["until"] else last
        if _span(first, last) < MIN_COVERAGE * _span(since, until):
            return f"our rows span {first.year} to {last.year}, its window is {since.year} to {until.year}"
    if len(rows) < MIN_ROWS:
        return (
            f"we have {len(rows)} {what if len(rows) != 1 else what[:-1]} in its window, and need {MIN_ROWS}"
        )
    return ""


def _until(text: str) -> dt.date:
    return parse_date(text, end_of_period=True)


def _span(first: dt.date, last: dt.date) -> float:
    start, end = decimal_years([first, last])
    return float(end - start)


def _describe_window(window: dict[str, Any]) -> str:
    if window["since"] and window["until"]:
        return ""
    if not window["since"] and not window["until"]:
        return "the source gives no window: fitted to all our rows"
    if window["since"]:
        return "the source gives no end of its window: fitted to today"
    return "the source gives no start of its window: fitted from our first row"
