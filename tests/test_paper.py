from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends.datasets import datasets_folder, load_table
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims import (
    AGREES_CUT_OFF,
    AGREES_ROUNDED,
    CURATED_FITS,
    DIFFERS,
    VERDICTS,
    compare_rates,
    find_claimed_slope,
    load_claims,
    read_claim,
    reproduce,
    slope_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]

HARDWARE = ("peak_flops", "dram_bandwidth", "interconnect_bandwidth", "memory_capacity")
CURATED_KEYS = ("rate", "ci_low", "ci_high", "n_obs", "last_date", "verdict")
# The population of each claim; of DRAM what the paper counts: the first device of each memory type.
CURATED: dict[str, dict[str, Any]] = {
    "peak_flops": {"segment": "server"},
    "dram_bandwidth": {"kind": ["gpu", "accelerator"], "one_per": "memory", "take": "first"},
    "memory_capacity": {"kind": ["gpu", "accelerator"], "segment": "server"},
    "interconnect_bandwidth": {"where": {"family": ["PCIe", "NVLink"]}},
}
KEYS = [
    *("series", "printed_rate", "plotted_rate", "rate", "ci_low", "ci_high", "level", "period_years"),
    *("n_obs", "r_squared", "doubling_time_years", "verdict"),
]


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    """Return what is reproduced without any choice."""
    return reproduce()


@pytest.fixture
def no_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the readings out, which take most of the time; ``test_readings`` tests them."""
    monkeypatch.setattr("memwall_trends.questions.claims.paper.read_claim", lambda *_, **__: [])


# The paper's own points


def test_the_six_printed_rates_are_reproduced(plain: pd.DataFrame) -> None:
    assert plain["printed_rate"].tolist() == [3.0, 1.6, 1.4, 750, 410, 2]
    assert plain["n_obs"].tolist() == [37, 12, 10, 10, 10, 7]
    assert plain["rate"].tolist() == pytest.approx(plain["plotted_rate"].tolist(), rel=1e-5)
    assert plain["verdict"].tolist() == [AGREES_ROUNDED] * 3 + [AGREES_CUT_OFF] + [AGREES_ROUNDED] * 2


def test_the_old_keys_stay_and_readings_come_last(plain: pd.DataFrame) -> None:
    curated = [f"{fit}_{key}" for fit in CURATED_FITS for key in CURATED_KEYS]
    assert plain.columns.tolist() == [*KEYS, *curated, "readings"]


@pytest.mark.usefixtures("no_readings")
def test_the_three_rates_per_20_years_are_reproduced() -> None:
    result = reproduce(per=20)
    assert result["printed_rate"].tolist() == [60000, 100, 30]
    assert result["rate"].tolist() == pytest.approx([64313, 104.25, 32.194], rel=1e-4)
    assert set(result["verdict"]) == {AGREES_ROUNDED}


def test_another_window_is_judged_by_the_same_rule() -> None:
    peak = reproduce(since="2010", until="2018", where={"kind": "gpu"}, level=0.8).iloc[0]
    trend = fit_trend("peak_flops", dataset="gholami2024", since="2010", until="2018", where={"kind": "gpu"})
    assert (peak["rate"], peak["n_obs"]) == (trend.growth_factor(), trend.n_obs)
    assert (peak["ci_low"], peak["ci_high"]) == trend.growth_interval(level=0.8)
    assert (peak["level"], peak["doubling_time_years"]) == (0.8, trend.doubling_time_years)
    assert peak["verdict"] == DIFFERS
    assert peak["curated_window_last_date"] <= peak["curated_today_last_date"] <= "2018-12-31"
    assert {record["last_date"] <= "2018-12-31" for record in peak["readings"] if record["last_date"]} == {
        True
    }


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


# Against the curated data


def test_each_claim_is_set_against_curated_data_of_its_window_and_to_today(plain: pd.DataFrame) -> None:
    for row, claim in zip(plain.to_dict(orient="records"), load_claims(2), strict=True):
        for fit in CURATED_FITS:
            cells = {key: row[f"{fit}_{key}"] for key in CURATED_KEYS}
            assert cells["ci_low"] < cells["rate"] < cells["ci_high"]
            assert cells["n_obs"] >= 9  # PCIe and NVLink by September 2022; NVLink 4 shipped after
            assert cells["verdict"] in VERDICTS
        assert row["curated_window_last_date"] <= row["curated_today_last_date"]
        if row["series"] in HARDWARE:
            paper = load_table(row["series"], "gholami2024")["date"]
            assert row["curated_window_last_date"] <= str(paper.max().date())
            since = str(paper.min().date())
            trend = fit_trend(row["series"], since=since, **CURATED[row["series"]])
            assert row["curated_today_rate"] == pytest.approx(trend.growth_factor())
            assert row["curated_today_ci_low"] == pytest.approx(trend.growth_interval()[0])
            assert row["curated_today_n_obs"] == trend.n_obs
            compared = compare_rates(slope_of(trend), find_claimed_slope(claim), per=2)
            assert row["curated_today_verdict"] == compared.verdict


def test_readings_are_those_of_each_claim(plain: pd.DataFrame) -> None:
    for row, claim in zip(plain.to_dict(orient="records"), load_claims(2), strict=True):
        if row["series"] in ("dram_bandwidth", "model_size"):
            assert row["readings"] == read_claim(claim)


def test_level_and_margin_reach_the_curated_fits(plain: pd.DataFrame) -> None:
    wide = reproduce(level=0.9, margin=100, where={"kind": ["gpu", "accelerator"]})
    memory = wide.set_index("series").loc["memory_capacity"]
    before = plain.set_index("series").loc["memory_capacity"]
    assert before["curated_today_ci_low"] < memory["curated_today_ci_low"]
    assert memory["curated_today_rate"] == before["curated_today_rate"]
    assert memory["curated_today_verdict"] == "agrees"
    assert {record["verdict"] for record in memory["readings"]} == {"agrees"}


@pytest.mark.usefixtures("no_readings")
def test_a_users_rows_change_the_curated_fits_and_not_the_papers(
    plain: pd.DataFrame, csv_file: CsvFile
) -> None:
    path = csv_file(
        "table,name,kind,date,value,unit,memory\n"
        "dram_bandwidth,Acme A1,accelerator,2026-06-01,99000,GB/s,HBM5\n"
    )
    before, laid = (frame.iloc[1] for frame in (plain, reproduce(overlay=[path])))
    assert before["rate"] == laid["rate"]
    assert before["curated_window_rate"] == laid["curated_window_rate"]
    assert laid["curated_today_n_obs"] == before["curated_today_n_obs"] + 1
    assert laid["curated_today_rate"] > before["curated_today_rate"]


@pytest.mark.usefixtures("no_readings")
@pytest.mark.parametrize("options", [{"precision": "fp8"}, {"where": {"kind": "gpu"}}, {"vendor": "AMD"}])
def test_the_window_is_the_papers_whatever_is_chosen_of_the_devices(
    plain: pd.DataFrame, options: dict[str, Any]
) -> None:
    usual, chosen = plain.set_index("series"), reproduce(**options).set_index("series")
    for series in ("peak_flops", "dram_bandwidth"):
        last = str(chosen.at[series, "curated_window_last_date"])
        assert last in ("nan", "None") or last <= str(usual.at[series, "curated_window_last_date"])


# What cannot be tested


@pytest.mark.usefixtures("no_readings")
def test_a_claim_about_lanes_is_not_judged_by_devices() -> None:
    row = reproduce(where={"scope": ["device"]}).set_index("series").loc["interconnect_bandwidth"]
    verdict = "cannot be tested: the claim is about GT/s, these rows are in GB/s"
    assert row["curated_today_verdict"] == verdict


def test_a_condition_that_only_the_papers_points_have_leaves_the_curated_fits_out() -> None:
    result = reproduce(
        where={"lanes": 1, "label": ["PCIe 2.0", "PCIe 3.0", "GDDR3", "GDDR4", "GDDR5", "HBM"]}
    )
    rows = result.set_index("series").to_dict(orient="index")
    dram, link = rows["dram_bandwidth"], rows["interconnect_bandwidth"]
    assert dram["n_obs"] == 4
    assert dram["curated_today_verdict"] == "cannot be tested: the curated data has no column 'label'"
    assert dram["readings"] == []
    assert link["n_obs"] == 2
    assert link["verdict"].startswith("cannot be tested: interconnect_bandwidth: 2 row(s) with 2 different")


@pytest.mark.usefixtures("no_readings")
def test_a_claim_without_observations_is_not_tested_and_says_why() -> None:
    peak, _, link = reproduce(where={"kind": "gpu"}).to_dict(orient="records")[:3]
    assert link["verdict"].startswith("cannot be tested: no rows of interconnect_bandwidth are left")
    assert link["n_obs"] == 0
    assert math.isnan(link["rate"])
    assert peak["n_obs"] == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": {"lanes": "x"}}, "column 'lanes' of interconnect_bandwidth holds numbers"),
        ({"where": {"colour": "red"}}, "unknown column"),
        ({"level": 95}, "between 0 and 1"),
        ({"margin": 1}, "a margin is a factor above 1"),
        ({"per": 3}, "per 2 and 20 years"),
        ({"dataset": "gholami2024"}, "leave the dataset out"),
    ],
)
def test_a_wrong_choice_is_an_error_not_an_untested_claim(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        reproduce(**options)


@pytest.mark.usefixtures("no_readings")
def test_a_selection_that_leaves_nothing_at_all_is_an_error() -> None:
    with pytest.raises(
        MemwallError, match="no claim can be tested:\nno rows of peak_flops are left"
    ) as raised:
        reproduce(since="2050")
    assert len(str(raised.value).splitlines()) == 7
