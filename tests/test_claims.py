from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends.claims import (
    AGREES_CUT_OFF,
    AGREES_ROUNDED,
    CURATED_FITS,
    DIFFERS,
    FASTER,
    HOLDS,
    SLOWER,
    judge,
    judge_interval,
    load_claims,
    reproduce,
)
from memwall_trends.datasets import datasets_folder, load_table
from memwall_trends.errors import MemwallError
from memwall_trends.trends import fit_trend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]

HARDWARE = ("peak_flops", "dram_bandwidth", "interconnect_bandwidth", "memory_capacity")
CURATED_KEYS = ("rate", "ci_low", "ci_high", "n_obs", "last_date", "verdict")
CURATED_WHERE: dict[str, dict[str, list[str]]] = {
    "dram_bandwidth": {"kind": ["gpu", "accelerator"]},
    "memory_capacity": {"kind": ["gpu", "accelerator"]},
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
            assert cells["n_obs"] >= 10
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
            last = chosen.at[series, "curated_window_last_date"]
            assert last is None or str(last) <= str(usual.at[series, "curated_window_last_date"])


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
