from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims import (
    AGREES,
    DIFFERS,
    INCONCLUSIVE,
    UNTESTED,
    VERDICTS,
    check_claim,
    check_claims,
    compare_rates,
    find_claimed_slope,
    slope_of,
)
from memwall_trends.questions.claims.judging import relative_likelihood
from memwall_trends.questions.gap import fit_gap
from memwall_trends.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    CsvFile = Callable[[str | bytes], Path]
    MadeUp = Callable[..., dict[str, Any]]
    Run = Callable[..., Any]

COLUMNS = [
    *("claim", "source", "series", "denominator", "printed"),
    *("printed_rate", "printed_rate_low", "printed_rate_high", "window_since", "window_until"),
    *("rate", "ci_low", "ci_high", "n_obs"),
    *("today_rate", "today_ci_low", "today_ci_high", "today_n_obs", "last_date"),
    *("ratio", "ratio_low", "ratio_high", "likelihood", "verdict", "reason"),
]
WINDOW = {"since": "2010", "until": "2023"}


@pytest.fixture(scope="module")
def checked() -> pd.DataFrame:
    """Check every claim."""
    return check_claims()


def fitted(**options: Any) -> Any:
    return fit_trend("peak_flops", where={"kind": "gpu", "engine": "vector"}, precision="fp32", **options)


# All claims


def test_there_are_enough_claims_of_enough_sources_besides_the_papers() -> None:
    claims = load_table("claims")
    others = claims[claims["source"] != "gholami2024"]
    assert len(others) >= 40
    assert others["source"].nunique() >= 8
    assert set(claims["source"]) <= set(load_table("sources")["source"])
    assert (claims["locator"] != "").all()
    assert (claims["period_years"].isna() == claims["measure"].str.startswith("doubling")).all()
    assert (claims["printed_low"].isna() == claims["printed_high"].isna()).all()
    through = others[others["evidence"] == "quoted"]["note"].str.extract(r"^via ([a-z0-9.-]+)")[0]
    assert set(through) <= set(load_table("sources")["source"])


def test_every_claim_has_a_verdict_and_where_it_has_none_a_reason(checked: pd.DataFrame) -> None:
    assert checked.columns.tolist() == COLUMNS
    assert checked["claim"].tolist() == load_table("claims")["claim"].tolist()
    assert set(checked["verdict"]) == {*VERDICTS, UNTESTED}
    untested = checked["verdict"] == UNTESTED
    assert (checked.loc[untested, "reason"] != "").all()
    assert (
        checked.loc[untested, ["rate", "ratio", "ratio_low", "ratio_high", "likelihood"]]
        .isna()
        .all(axis=None)
    )
    tested = checked[~untested]
    assert (tested["n_obs"] >= 10).all()
    assert (tested["ci_low"] < tested["rate"]).all()
    assert (tested["rate"] < tested["ci_high"]).all()
    assert (tested["today_n_obs"] >= tested["n_obs"]).all()


def test_the_ratio_of_each_claim_is_our_rate_over_the_printed_one(checked: pd.DataFrame) -> None:
    tested = checked[checked["verdict"] != UNTESTED]
    assert tested["ratio"].tolist() == pytest.approx((tested["rate"] / tested["printed_rate"]).tolist())
    assert (tested["ratio_low"] < tested["ratio"]).all()
    assert (tested["ratio"] < tested["ratio_high"]).all()
    assert tested["likelihood"].between(0, 1).all()


def test_each_verdict_is_where_the_interval_of_the_ratio_lies(checked: pd.DataFrame) -> None:
    for row in checked[checked["verdict"] != UNTESTED].to_dict(orient="records"):
        within = row["ratio_low"] >= 1 / 1.25 and row["ratio_high"] <= 1.25
        excludes = row["ratio_low"] > 1 or row["ratio_high"] < 1
        expected = AGREES if within else DIFFERS if excludes else INCONCLUSIVE
        assert row["verdict"] == expected, row["claim"]


# One claim


def test_a_claim_is_fitted_over_its_window_and_to_today(made_up: MadeUp) -> None:
    row = check_claim(made_up(), per=3, level=0.9)
    window, today = fitted(**WINDOW), fitted(since="2010")
    assert (row["rate"], row["n_obs"]) == (window.growth_factor(3), window.n_obs)
    assert (row["ci_low"], row["ci_high"]) == window.growth_interval(3, 0.9)
    assert (row["today_rate"], row["today_n_obs"]) == (today.growth_factor(3), today.n_obs)
    assert (row["today_ci_low"], row["today_ci_high"]) == today.growth_interval(3, 0.9)
    assert row["last_date"] == today.last_date.isoformat()
    assert row["printed_rate"] == pytest.approx(1.8**1.5)


def test_a_claim_is_judged_by_both_intervals(made_up: MadeUp) -> None:
    claim, trend = made_up(printed_low=1.6, printed_high=2.1, printed_level=0.9), fitted(**WINDOW)
    row = check_claim(claim, per=1)
    compared = compare_rates(slope_of(trend), find_claimed_slope(claim), per=1)
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx(
        (compared.ratio, compared.ratio_low, compared.ratio_high)
    )
    assert row["verdict"] == compared.verdict
    likelihood = relative_likelihood(trend, find_claimed_slope(claim).estimate)
    assert row["likelihood"] == pytest.approx(likelihood)


def test_a_doubling_time_that_is_longer_is_a_slower_rate(made_up: MadeUp) -> None:
    cells = {"printed_low": 2, "printed_high": 4, "printed_level": 0.95}
    row = check_claim(made_up(printed=2.5, measure="doubling years", **cells), per=1)
    assert row["printed_rate_low"] == pytest.approx(2**0.25)
    assert row["printed_rate_high"] == pytest.approx(2**0.5)


def test_a_claim_agrees_differs_or_is_open(made_up: MadeUp) -> None:
    rate = fitted(**WINDOW).growth_factor()
    exact = {"significant_digits": 4}
    assert check_claim(made_up(printed=round(rate, 3), **exact))["verdict"] == AGREES
    assert check_claim(made_up(printed=round(rate * 1.1, 3), **exact))["verdict"] == AGREES
    assert check_claim(made_up(printed=2.5))["verdict"] == DIFFERS
    assert check_claim(made_up(printed=1.1))["verdict"] == DIFFERS
    wide = made_up(printed=rate, printed_low=1.01, printed_high=9, printed_level=0.95)
    assert check_claim(wide)["verdict"] == INCONCLUSIVE
    assert check_claim(wide, margin=20)["verdict"] == AGREES


def test_a_claim_without_a_window_is_tested_on_all_rows_and_says_so(made_up: MadeUp) -> None:
    row = check_claim(made_up(since="", until=""))
    assert row["rate"] == row["today_rate"] == fitted().growth_factor()
    assert row["reason"] == "the source gives no window: fitted to all our rows"
    assert "no end" in check_claim(made_up(until=""))["reason"]
    assert "no start" in check_claim(made_up(since=""))["reason"]


def test_a_claim_about_records_is_fitted_to_records(made_up: MadeUp) -> None:
    row = check_claim(made_up(unit="record"))
    chosen = select(
        "peak_flops",
        where={"kind": "gpu", "engine": "vector"},
        precision="fp32",
        frontier=True,
        since="2010",
        until="2023",
    )
    assert row["n_obs"] == len(chosen.observations)
    trend = fitted(frontier=True, **WINDOW)
    assert (row["ci_low"], row["ci_high"]) == trend.growth_interval()


def test_a_claim_about_a_ratio_is_tested_on_devices_that_report_both(made_up: MadeUp) -> None:
    row = check_claim(made_up(denominator="dram_bandwidth", curated_where="kind=gpu", precision="fp32"))
    gap = fit_gap(
        "peak_flops", "dram_bandwidth", where={"kind": "gpu"}, precision="fp32", since="2010", until="2023"
    )
    assert gap.balance is not None
    assert (row["rate"], row["n_obs"]) == (gap.growth_factor(), gap.balance.n_obs)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"untestable": "per dollar"}, "per dollar"),
        ({"since": "1980"}, "our rows span 2006 to 2023, its window is 1980 to 2023"),
        ({"since": "2019-01", "until": "2019-12"}, "row"),
        ({"until": "2050"}, "our rows span 2010 to 2026, its window is 2010 to 2050"),
    ],
)
def test_a_claim_that_cannot_be_tested_says_why(made_up: MadeUp, cells: dict[str, Any], reason: str) -> None:
    row = check_claim(made_up(**cells))
    assert row["verdict"] == UNTESTED
    assert reason in row["reason"]
    assert math.isnan(row["rate"])
    assert math.isnan(row["ratio"])


def test_too_few_rows_are_counted(made_up: MadeUp) -> None:
    row = check_claim(made_up(curated_where="name=NVIDIA H100 SXM5", since="", until=""))
    assert row["reason"] == "we have 1 row in its window, and need 10"
    assert (row["n_obs"], row["today_n_obs"], row["last_date"]) == (1, 0, None)


def test_a_users_rows_count_in_the_check_of_a_claim(csv_file: CsvFile) -> None:
    path = csv_file(
        "table,name,kind,date,value,unit,memory\n"
        "dram_bandwidth,Acme A1,accelerator,2026-06-01,99000,GB/s,HBM4\n"
    )
    plain, laid = (
        check_claims(source="hobbhahn2023", series="dram_bandwidth", overlay=overlay).iloc[0]
        for overlay in ([], [path])
    )
    assert laid["today_n_obs"] == plain["today_n_obs"] + 1
    assert laid["rate"] == plain["rate"]


def test_a_wrong_source_or_series_of_claims_names_those_there_are() -> None:
    with pytest.raises(MemwallError, match="unknown source of the claims 'hobbhahn'"):
        check_claims(source="hobbhahn")
    with pytest.raises(MemwallError, match="unknown series of the claims"):
        check_claims(series="latency")
    with pytest.raises(MemwallError, match="pcisig-pcie8-chart has no claim about model_size"):
        check_claims(source="pcisig-pcie8-chart", series="model_size")
    with pytest.raises(MemwallError, match="between 0 and 1"):
        check_claims(source="hobbhahn2023", level=95)
    with pytest.raises(MemwallError, match="a margin is a factor above 1"):
        check_claims(source="hobbhahn2023", series="dram_bandwidth", margin=1)


# The command


def test_the_command_counts_verdicts_and_takes_a_margin(run: Run) -> None:
    command = ("claims", "--source", "hobbhahn2023", "--per", "1")
    shown = run(*command).out
    assert max(map(len, shown.splitlines())) <= 80
    rows = json.loads(run(*command, "--format", "json").out)
    assert list(rows[0]) == [*COLUMNS, "level", "period_years"]
    assert {row["source"] for row in rows} == {"hobbhahn2023"}
    assert {row["period_years"] for row in rows} == {1}
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in (*VERDICTS, UNTESTED)}
    words = ("agree", "differ", "are left open", "cannot be tested")
    said = [f"{n} {word}" for n, word in zip(counts.values(), words, strict=True) if n]
    assert ", ".join(said) in " ".join(shown.split())
    assert "a factor of 1.25 per two years" in " ".join(shown.split())
    wider = run(*command, "--margin", "3")
    assert "a factor of 3 per two years" in " ".join(wider.out.split())
    assert run("claims", "--series", "latency").code == 2
    assert "Cannot be tested" in run("claims", "--source", "koomey2011").out


@pytest.mark.slow
def test_the_command_claims_prints_all_tables_and_the_same_json_twice(run: Run) -> None:
    shown = run("claims").out
    assert max(map(len, shown.splitlines())) <= 80
    assert "Peak FLOPS: growth factor per 2 years" in shown
    assert "Cannot be tested" in shown
    as_json = run("claims", "--format", "json").out
    assert as_json == run("claims", "--format", "json").out
    assert len(json.loads(as_json)) == len(load_table("claims"))
