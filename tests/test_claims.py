from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends.datasets import datasets_folder, find_table, load_observations, load_table
from memwall_trends.datasets.conditions import parse_conditions
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims import (
    AGREES,
    AGREES_CUT_OFF,
    AGREES_ROUNDED,
    CURATED_FITS,
    DIFFERS,
    FASTER,
    HOLDS,
    SLOWER,
    UNIT_CHOICES,
    UNTESTED,
    check_claim,
    check_claims,
    describe_printed,
    judge,
    judge_interval,
    load_claims,
    reproduce,
    unit_choices,
)
from memwall_trends.questions.gap import fit_gap
from memwall_trends.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]
    Run = Callable[..., Any]

HARDWARE = ("peak_flops", "dram_bandwidth", "interconnect_bandwidth", "memory_capacity")
CURATED_KEYS = ("rate", "ci_low", "ci_high", "n_obs", "last_date", "verdict")
CURATED_WHERE: dict[str, dict[str, list[str]]] = {
    "peak_flops": {"segment": ["server"]},
    "dram_bandwidth": {"kind": ["gpu", "accelerator"]},
    "memory_capacity": {"kind": ["gpu", "accelerator"], "segment": ["server"]},
    "interconnect_bandwidth": {"family": ["PCIe", "NVLink"]},
}
KEYS = [
    "series",
    "printed_rate",
    "plotted_rate",
    "rate",
    "ci_low",
    "ci_high",
    "level",
    "period_years",
    "n_obs",
    "r_squared",
    "doubling_time_years",
    "verdict",
]


def test_the_six_printed_rates_are_reproduced() -> None:
    result = reproduce()
    assert result.columns.tolist()[: len(KEYS)] == KEYS
    assert result["printed_rate"].tolist() == [3.0, 1.6, 1.4, 750, 410, 2]
    assert result["n_obs"].tolist() == [37, 12, 10, 10, 10, 7]
    assert result["rate"].tolist() == pytest.approx(result["plotted_rate"].tolist(), rel=1e-5)
    assert result["verdict"].tolist() == [AGREES_ROUNDED] * 3 + [AGREES_CUT_OFF] + [AGREES_ROUNDED] * 2


def test_each_claim_is_set_against_curated_data_of_its_window_and_to_today() -> None:
    result = reproduce(level=0.9)
    for row in result.to_dict(orient="records"):
        for fit in CURATED_FITS:
            cells = {key: row[f"{fit}_{key}"] for key in CURATED_KEYS}
            assert cells["ci_low"] < cells["rate"] < cells["ci_high"]
            assert cells["n_obs"] >= 9  # PCIe and NVLink by September 2022; NVLink 4 shipped after
            assert cells["verdict"] in (HOLDS, SLOWER, FASTER)
        assert row["curated_window_last_date"] <= row["curated_today_last_date"]
        if row["series"] in HARDWARE:
            paper = load_table(row["series"], "gholami2024")["date"]
            assert row["curated_window_last_date"] <= str(paper.max().date())
            since = str(paper.min().date())
            trend = fit_trend(row["series"], since=since, where=CURATED_WHERE.get(row["series"], {}))
            assert row["curated_today_rate"] == pytest.approx(trend.growth_factor())
            assert row["curated_today_ci_low"] == pytest.approx(trend.growth_interval(level=0.9)[0])
            assert row["curated_today_n_obs"] == trend.n_obs


def test_a_users_rows_change_the_curated_fits_and_not_the_papers(csv_file: CsvFile) -> None:
    path = csv_file(
        "table,name,kind,date,value,unit,memory\n"
        "dram_bandwidth,Acme A1,accelerator,2026-06-01,99000,GB/s,HBM4\n"
    )
    plain, laid = (reproduce(overlay=overlay).iloc[1] for overlay in ([], [path]))
    assert plain["rate"] == laid["rate"]
    assert plain["curated_window_rate"] == laid["curated_window_rate"]
    assert laid["curated_today_n_obs"] == plain["curated_today_n_obs"] + 1
    assert laid["curated_today_rate"] > plain["curated_today_rate"]


def test_the_window_is_the_papers_whatever_is_chosen_of_the_devices() -> None:
    usual = reproduce().set_index("series")
    for options in ({"precision": "fp8"}, {"where": {"kind": "gpu"}}, {"where": {"vendor": "AMD"}}):
        chosen = reproduce(**options).set_index("series")
        for series in ("peak_flops", "dram_bandwidth"):
            last = str(chosen.at[series, "curated_window_last_date"])
            assert last == "nan" or last <= str(usual.at[series, "curated_window_last_date"])


def test_until_ends_both_curated_fits() -> None:
    row = reproduce(until="2015").iloc[0]
    assert row["curated_window_last_date"] <= row["curated_today_last_date"] <= "2015-12-31"


def test_a_claim_about_lanes_is_not_judged_by_devices() -> None:
    row = reproduce(where={"scope": ["device"]}).set_index("series").loc["interconnect_bandwidth"]
    verdict = "cannot be tested: the claim is about GT/s, these rows are in GB/s"
    assert row["curated_today_verdict"] == verdict


def test_a_condition_that_only_the_papers_points_have_leaves_the_curated_fits_out() -> None:
    row = reproduce(where={"label": ["GDDR3", "GDDR4", "GDDR5", "HBM"]}).iloc[1]
    assert row["n_obs"] == 4
    assert row["curated_today_verdict"] == "cannot be tested: the curated data has no column 'label'"


@pytest.mark.parametrize(
    ("printed", "digits", "low", "high", "verdict"),
    [
        (1.6, 2, 1.5, 1.7, HOLDS),
        (1.6, 2, 1.2, 1.56, HOLDS),
        (1.6, 2, 1.2, 1.54, SLOWER),
        (1.6, 2, 1.66, 1.7, FASTER),
        (1.6, 2, 1.64, 1.7, HOLDS),
        (750, 2, 100, 744, SLOWER),
        (750, 2, 100, 746, HOLDS),
        (2, 1, 1.4, 1.6, HOLDS),
        (60000, 1, 66000, 70000, FASTER),
    ],
)
def test_a_claim_holds_if_the_interval_has_room_for_what_rounds_to_it(
    printed: float, digits: int, low: float, high: float, verdict: str
) -> None:
    assert judge_interval(printed, digits, low, high) == verdict


def test_the_three_rates_per_20_years_are_reproduced() -> None:
    result = reproduce(per=20)
    assert result["printed_rate"].tolist() == [60000, 100, 30]
    assert result["rate"].tolist() == pytest.approx([64313, 104.25, 32.194], rel=1e-4)
    assert set(result["verdict"]) == {AGREES_ROUNDED}


def test_no_claim_for_a_period_says_which_periods_there_are() -> None:
    with pytest.raises(MemwallError, match="per 2 and 20 years"):
        reproduce(per=3)


def test_another_window_is_judged_by_the_same_rule() -> None:
    peak = reproduce(since="2010").set_index("series").loc["peak_flops"]
    assert peak["rate"] == pytest.approx(3.34, abs=0.01)
    assert peak["verdict"] == DIFFERS


def test_a_claim_without_observations_is_not_tested_and_says_why() -> None:
    peak, _, link = reproduce(where={"kind": "gpu"}).to_dict(orient="records")[:3]
    assert link["verdict"].startswith("cannot be tested: no rows of interconnect_bandwidth are left")
    assert link["n_obs"] == 0
    assert math.isnan(link["rate"])
    assert peak["n_obs"] == 20


def test_every_option_reaches_the_fits() -> None:
    (peak,) = reproduce(since="2010", until="2018", where={"kind": "gpu"}, level=0.8).to_dict(
        orient="records"
    )[:1]
    trend = fit_trend("peak_flops", dataset="gholami2024", since="2010", until="2018", where={"kind": "gpu"})
    assert (peak["rate"], peak["n_obs"]) == (trend.growth_factor(), trend.n_obs)
    assert (peak["ci_low"], peak["ci_high"]) == trend.growth_interval(level=0.8)
    assert (peak["level"], peak["doubling_time_years"]) == (0.8, trend.doubling_time_years)


def test_a_claim_with_too_few_observations_says_how_many_there_are() -> None:
    link = reproduce(where={"lanes": 1, "label": ["PCIe 2.0", "PCIe 3.0", "GDDR3", "A100", "H100", "K40"]})
    row = link.set_index("series").to_dict(orient="index")["interconnect_bandwidth"]
    assert row["n_obs"] == 2
    assert row["verdict"].startswith("cannot be tested: interconnect_bandwidth: 2 row(s) with 2 different")


def test_a_wrong_condition_is_an_error_not_an_untested_claim() -> None:
    with pytest.raises(MemwallError, match="column 'lanes' of interconnect_bandwidth holds numbers"):
        reproduce(where={"lanes": "x"})


def test_a_selection_that_leaves_nothing_at_all_is_an_error() -> None:
    with pytest.raises(
        MemwallError, match="no claim can be tested:\nno rows of peak_flops are left"
    ) as raised:
        reproduce(since="2050")
    assert len(str(raised.value).splitlines()) == 7
    with pytest.raises(MemwallError, match="unknown column"):
        reproduce(where={"colour": "red"})
    with pytest.raises(MemwallError, match="between 0 and 1"):
        reproduce(level=95)


@pytest.mark.parametrize(
    ("series", "point", "mended", "rate"),
    [
        ("training_compute", "Transformer Big", {"value": 3300.0}, 2038),
        ("model_size", "Megatron-Turing NLG 530B", {"date": pd.Timestamp("2021-10-11")}, 374),
    ],
)
def test_what_an_erratum_does_to_a_rate_is_as_the_readme_says(
    series: str, point: str, mended: dict[str, Any], rate: int
) -> None:
    points = load_table(series, "gholami2024")
    points.loc[points["name"] == point, list(mended)] = list(mended.values())
    assert fit_trend(points, where={"kind": "transformer"}).growth_factor() == pytest.approx(rate, abs=0.5)
    assert f" {rate}x" in (datasets_folder() / "gholami2024" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("printed", "digits", "rate", "verdict"),
    [
        (3.0, 2, 2.95, AGREES_ROUNDED),
        (3.0, 2, 2.9499, DIFFERS),
        (3.0, 2, 3.0499, AGREES_ROUNDED),
        (3.0, 2, 3.06, AGREES_CUT_OFF),
        (3.0, 2, 3.1, DIFFERS),
        (750, 2, 745, AGREES_ROUNDED),
        (750, 2, 755, AGREES_CUT_OFF),
        (750, 2, 760, DIFFERS),
        (750, 2, 744.9, DIFFERS),
        (60000, 1, 64313, AGREES_ROUNDED),
        (2, 1, 1.86, AGREES_ROUNDED),
        (1.6, 2, 1.65, AGREES_CUT_OFF),
        (100, 1, 67.08, DIFFERS),
        (100, 1, 94.9, DIFFERS),
        (100, 1, 95, AGREES_ROUNDED),
        (100, 1, 199, AGREES_CUT_OFF),
        (100, 1, 200, DIFFERS),
        (1.0, 2, 0.96, DIFFERS),
    ],
)
def test_a_fit_agrees_if_it_rounds_to_the_printed_figure_or_is_cut_off_to_it(
    printed: float, digits: int, rate: float, verdict: str
) -> None:
    assert judge(printed, digits, rate) == verdict


def test_every_claim_is_sourced() -> None:
    sources = set(load_table("sources")["source"])
    for claim in load_claims(2) + load_claims(20):
        assert claim["source"] in sources
        assert claim["locator"]


COLUMNS = [
    *("claim", "source", "series", "denominator", "printed"),
    *("printed_rate", "printed_rate_low", "printed_rate_high", "window_since", "window_until"),
    *("rate", "ci_low", "ci_high", "n_obs"),
    *("today_rate", "today_ci_low", "today_ci_high", "today_n_obs", "last_date", "verdict", "reason"),
]


def made_up(**cells: Any) -> dict[str, Any]:
    """Return a claim about the FP32 rate of GPUs from 2010 to 2023 in which some cells are others."""
    blank = dict.fromkeys(load_table("claims").columns, "")
    none = dict.fromkeys(("printed_low", "printed_high", "printed_level", "plotted_rate"), math.nan)
    usual: dict[str, Any] = {
        "claim": "made-up",
        "unit": "device",
        "source": "hobbhahn2023",
        "series": "peak_flops",
        "curated_where": "kind=gpu;engine=vector",
        "precision": "fp32",
        "since": "2010",
        "until": "2023",
        "printed": 1.8,
        "measure": "factor",
        "period_years": 2,
        "significant_digits": 2,
    }
    return {**blank, **none, **usual, **cells}


def fitted(**options: Any) -> Any:
    return fit_trend("peak_flops", where={"kind": "gpu", "engine": "vector"}, precision="fp32", **options)


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


def test_every_claim_says_what_it_is_of() -> None:
    claims = load_table("claims")
    assert (claims[["population", "unit", "estimator"]] != "").all(axis=None)
    assert claims["population"].str.len().max() <= 60
    (unit,) = [field for field in find_table("claims").schema["fields"] if field["name"] == "unit"]
    assert set(UNIT_CHOICES) <= set(unit["constraints"]["enum"])
    same = claims.groupby(claims["claim"].str.removesuffix("-20-years"))
    for column in ("population", "unit", "estimator", "curated_where", "precision"):
        assert (same[column].nunique() == 1).all()


def test_the_rows_of_a_population_are_there_to_be_chosen() -> None:
    """Guard against a condition that leaves nothing: a claim would look as if the tables had no rows."""
    for claim in load_table("claims").to_dict(orient="records"):
        rows = load_observations(claim["series"]).frame
        for condition, values in parse_conditions(claim["curated_where"]).items():
            column = condition.removesuffix("!")
            assert set(values) <= set(rows[column]), (claim["claim"], condition)


@pytest.mark.parametrize(
    ("claim", "segments"),
    [
        ("gholami2024-peak-flops", ["server"]),
        ("gholami2024-memory-capacity", ["server"]),
        ("gholami2024-dram-bandwidth", []),
        ("delsozzo2026-bandwidth", ["server"]),
        ("hobbhahn2023-bandwidth", []),
    ],
)
def test_a_claim_is_about_servers_where_its_source_says_so(claim: str, segments: list[str]) -> None:
    where = load_table("claims").set_index("claim").at[claim, "curated_where"]
    assert parse_conditions(str(where)).get("segment", []) == segments


def test_a_unit_without_a_choice_counts_each_row() -> None:
    for unit in load_table("claims")["unit"].unique():
        expected = {"frontier": True} if unit in ("record", "top-ten") else {}
        assert unit_choices({"unit": unit}) == expected
    each, records = (check_claim(made_up(unit=unit)) for unit in ("device", "record"))
    assert each["n_obs"] > records["n_obs"]


def test_every_claim_has_a_verdict_and_where_it_has_none_a_reason() -> None:
    checked = check_claims()
    assert checked.columns.tolist() == COLUMNS
    assert checked["claim"].tolist() == load_table("claims")["claim"].tolist()
    assert set(checked["verdict"]) == {AGREES, SLOWER, FASTER, UNTESTED}
    untested = checked["verdict"] == UNTESTED
    assert (checked.loc[untested, "reason"] != "").all()
    assert checked.loc[untested, "rate"].isna().all()
    tested = checked[~untested]
    assert (tested["n_obs"] >= 10).all()
    assert (tested["ci_low"] < tested["rate"]).all()
    assert (tested["rate"] < tested["ci_high"]).all()
    assert (tested["today_n_obs"] >= tested["n_obs"]).all()


def test_a_claim_is_fitted_over_its_window_and_to_today() -> None:
    row = check_claim(made_up(), per=3, level=0.9)
    window, today = fitted(since="2010", until="2023"), fitted(since="2010")
    assert (row["rate"], row["n_obs"]) == (window.growth_factor(3), window.n_obs)
    assert (row["ci_low"], row["ci_high"]) == window.growth_interval(3, 0.9)
    assert (row["today_rate"], row["today_n_obs"]) == (today.growth_factor(3), today.n_obs)
    assert (row["today_ci_low"], row["today_ci_high"]) == today.growth_interval(3, 0.9)
    assert row["last_date"] == today.last_date.isoformat()
    assert row["printed_rate"] == pytest.approx(1.8**1.5)


@pytest.mark.parametrize(
    ("cells", "words", "yearly"),
    [
        ({"printed": 2.3, "measure": "doubling years"}, "doubles every 2.3 years", 2 ** (1 / 2.3)),
        ({"printed": 3, "measure": "doubling months", "significant_digits": 1}, "doubles every 3 months", 16),
        ({"printed": 1, "measure": "doubling years", "significant_digits": 1}, "doubles every 1 year", 2),
        ({"printed": 60, "measure": "percent", "period_years": 1}, "60% per year", 1.6),
        (
            {"printed": 0.6, "measure": "orders of magnitude", "period_years": 1, "significant_digits": 1},
            "0.6 orders of magnitude per year",
            10**0.6,
        ),
        ({"printed": 4.7, "period_years": 1}, "4.7x per year", 4.7),
        ({"printed": 600000, "period_years": 8, "significant_digits": 1}, "600,000x per 8 years", 6e5**0.125),
        (
            {"printed": 2.5, "measure": "doubling years", "printed_low": 2.0, "printed_high": 3.0},
            "doubles every 2 to 3 years",
            2**0.4,
        ),
    ],
)
def test_each_measure_is_a_growth_factor_and_reads_as_printed(
    cells: dict[str, Any], words: str, yearly: float
) -> None:
    claim = made_up(**cells)
    assert describe_printed(claim) == words
    assert check_claim(claim, per=1)["printed_rate"] == pytest.approx(yearly)


def test_a_doubling_time_that_is_longer_is_a_slower_rate() -> None:
    row = check_claim(
        made_up(printed=2.5, measure="doubling years", printed_low=2, printed_high=4, printed_level=0.9),
        per=1,
    )
    assert row["printed_rate_low"] == pytest.approx(2**0.25)
    assert row["printed_rate_high"] == pytest.approx(2**0.5)


def test_a_claim_agrees_as_far_as_rounding_and_our_interval_reach() -> None:
    _, high = fitted(since="2010", until="2023").growth_interval()
    assert check_claim(made_up(printed=round(high + 0.04, 3)))["verdict"] == AGREES
    assert check_claim(made_up(printed=round(high + 0.06, 3)))["verdict"] == SLOWER
    assert check_claim(made_up(printed=1.2))["verdict"] == FASTER


def test_the_interval_of_the_claim_adds_to_ours_in_quadrature() -> None:
    trend = fitted(since="2010", until="2023")
    ours = math.log10(trend.growth_interval(1)[1]) - trend.slope
    claimed = 2 * ours
    for share, verdict in ((0.99, AGREES), (1.01, SLOWER)):
        slope = trend.slope + share * math.hypot(ours, claimed)
        claim = made_up(
            printed=10**slope,
            printed_low=10 ** (slope - claimed),
            printed_high=10 ** (slope + claimed),
            printed_level=0.95,
            period_years=1,
            significant_digits=9,
        )
        assert check_claim(claim)["verdict"] == verdict
        # The same width at a level of 99 % is a smaller error, and its claim differs the sooner.
        assert check_claim({**claim, "printed_level": 0.99})["verdict"] == SLOWER


def test_a_printed_range_agrees_if_it_meets_our_interval() -> None:
    low, high = fitted(since="2010", until="2023").growth_interval()
    for ends, verdict in (
        ((high - 0.001, high + 1), AGREES),
        ((high + 0.001, high + 1), SLOWER),
        ((low - 0.3, low - 0.001), FASTER),
    ):
        claim = made_up(printed=sum(ends) / 2, printed_low=ends[0], printed_high=ends[1])
        assert check_claim(claim)["verdict"] == verdict


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"untestable": "per dollar"}, "per dollar"),
        ({"since": "1980"}, "our rows span 2006 to 2023, its window is 1980 to 2023"),
        ({"since": "2019-01", "until": "2019-12"}, "row"),
        ({"until": "2050"}, "our rows span 2010 to 2026, its window is 2010 to 2050"),
    ],
)
def test_a_claim_that_cannot_be_tested_says_why(cells: dict[str, Any], reason: str) -> None:
    row = check_claim(made_up(**cells))
    assert row["verdict"] == UNTESTED
    assert reason in row["reason"]
    assert math.isnan(row["rate"])


def test_too_few_rows_are_counted() -> None:
    row = check_claim(made_up(curated_where="name=NVIDIA H100 SXM5", since="", until=""))
    assert row["reason"] == "we have 1 row in its window, and need 10"
    assert (row["n_obs"], row["today_n_obs"], row["last_date"]) == (1, 0, None)


def test_a_claim_without_a_window_is_tested_on_all_rows_and_says_so() -> None:
    row = check_claim(made_up(since="", until=""))
    assert row["rate"] == row["today_rate"] == fitted().growth_factor()
    assert row["reason"] == "the source gives no window: fitted to all our rows"
    assert "no end" in check_claim(made_up(until=""))["reason"]
    assert "no start" in check_claim(made_up(since=""))["reason"]


def test_a_claim_about_records_is_fitted_to_records() -> None:
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
    trend = fitted(frontier=True, since="2010", until="2023")
    assert (row["ci_low"], row["ci_high"]) == trend.growth_interval()


def test_a_claim_about_a_ratio_is_tested_on_devices_that_report_both() -> None:
    row = check_claim(made_up(denominator="dram_bandwidth", curated_where="kind=gpu", precision="fp32"))
    gap = fit_gap(
        "peak_flops", "dram_bandwidth", where={"kind": "gpu"}, precision="fp32", since="2010", until="2023"
    )
    assert gap.balance is not None
    assert (row["rate"], row["n_obs"]) == (gap.growth_factor(), gap.balance.n_obs)


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


@pytest.mark.slow
def test_the_command_claims_prints_both_tables_and_json(run: Run) -> None:
    shown = run("claims").out
    assert max(map(len, shown.splitlines())) <= 80
    assert "Peak FLOPS: growth factor per 2 years" in shown
    assert "Cannot be tested" in shown
    agreeing = sum(row["verdict"] == AGREES for row in check_claims().to_dict(orient="records"))
    assert agreeing > 0
    assert f"{agreeing} agree" in shown
    as_json = run("claims", "--format", "json").out
    assert as_json == run("claims", "--format", "json").out
    records = json.loads(as_json)
    assert list(records[0]) == [*COLUMNS, "level", "period_years"]
    assert len(records) == len(load_table("claims"))
    only = json.loads(run("claims", "--source", "hobbhahn2023", "--per", "1", "--format", "json").out)
    assert {row["source"] for row in only} == {"hobbhahn2023"}
    assert {row["period_years"] for row in only} == {1}
    assert run("claims", "--series", "latency").code == 2
    assert "Cannot be tested" in run("claims", "--source", "koomey2011").out
