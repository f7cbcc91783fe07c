from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims import (
    INCONCLUSIVE,
    VERDICTS,
    find_claimed_slope,
    list_readings,
    load_claims,
    read_claim,
)
from memwall_trends.questions.claims.judging import relative_likelihood
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]

KEYS = [
    *("reading", "population", "unit", "estimator", "window", "first_date", "last_date"),
    *("rate", "ci_low", "ci_high", "n_obs", "n_clusters"),
    *("ratio", "ratio_low", "ratio_high", "verdict", "likelihood", "reason"),
]
FIGURES = ("rate", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "likelihood")
CHIPS = ["gpu", "accelerator"]
TYPICAL: dict[str, Any] = {"one_per": "architecture", "take": "median"}


def claim_about(series: str, per: float = 2) -> dict[str, Any]:
    (claim,) = (claim for claim in load_claims(per) if claim["series"] == series)
    return claim


@pytest.fixture(scope="module")
def readings() -> dict[str, list[dict[str, Any]]]:
    """Read each claim of the paper per two years, without further choices."""
    return {claim["series"]: read_claim(claim) for claim in load_claims(2)}


def find(records: list[dict[str, Any]], reading: str, window: str = "today") -> dict[str, Any]:
    (record,) = (each for each in records if (each["reading"], each["window"]) == (reading, window))
    return record


def names(records: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(record["reading"] for record in records))


# What each record has


def test_a_record_has_the_stated_keys_and_one_of_three_verdicts(
    readings: dict[str, list[dict[str, Any]]],
) -> None:
    for record in (record for records in readings.values() for record in records):
        assert list(record) == KEYS
        assert record["verdict"] in VERDICTS
        assert record["window"] in ("paper", "today")
        assert all(record[key] for key in ("reading", "population", "unit", "estimator"))
        assert record["reason"] == ""
        assert record["ci_low"] < record["rate"] < record["ci_high"]
        assert record["ratio_low"] < record["ratio"] < record["ratio_high"]
        assert 0 <= record["likelihood"] <= 1
        assert 0 < record["n_clusters"] <= record["n_obs"]
        assert record["first_date"] < record["last_date"]


def test_the_ratio_is_our_rate_over_the_printed_one(readings: dict[str, list[dict[str, Any]]]) -> None:
    for series, records in readings.items():
        for record in records:
            assert record["ratio"] == pytest.approx(record["rate"] / claim_about(series)["printed"])


def test_each_claim_is_read_on_the_leading_edge_and_as_typical(
    readings: dict[str, list[dict[str, Any]]],
) -> None:
    three = ["leading edge", "typical", "within a class"]
    assert names(readings["peak_flops"]) == [*three, "paper's devices", "consumer"]
    assert names(readings["memory_capacity"]) == [*three, "paper's devices", "consumer"]
    dram = [*three, "per memory type", "paper's devices", "consumer"]
    assert names(readings["dram_bandwidth"]) == dram
    links = ["PCIe", "NVLink", "within a family", "paper's devices", "scale-up", "network"]
    assert names(readings["interconnect_bandwidth"]) == links
    for series in ("training_compute", "model_size"):
        assert names(readings[series]) == ["leading edge", "typical"]
    assert list_readings("rack_power") == ()


def test_the_windows_are_that_of_the_papers_points_and_to_today(
    readings: dict[str, list[dict[str, Any]]],
) -> None:
    for series, records in readings.items():
        points = load_table(series, "gholami2024")["date"]
        for reading in names(records):
            window = find(records, reading, "paper")
            assert window["last_date"] <= str(points.max().date())
            assert window["first_date"] >= str(points.min().date())
            if reading != "paper's devices":
                assert find(records, reading)["n_obs"] >= window["n_obs"]


# Their numbers


@pytest.mark.parametrize(
    ("series", "reading", "choose", "method"),
    [
        ("peak_flops", "leading edge", {"segment": "server", "best_of": "year"}, Method()),
        ("peak_flops", "typical", {"segment": "server", **TYPICAL}, Method()),
        ("peak_flops", "within a class", {"segment": "server", **TYPICAL}, Method(within="product_class")),
        ("peak_flops", "consumer", {"segment": "consumer", "kind": "gpu", **TYPICAL}, Method()),
        (
            "memory_capacity",
            "within a class",
            {"segment": "server", "kind": CHIPS, **TYPICAL},
            Method(within="product_class"),
        ),
        (
            "dram_bandwidth",
            "per memory type",
            {"kind": CHIPS, "one_per": "memory", "take": "first"},
            Method(),
        ),
        ("interconnect_bandwidth", "NVLink", {"where": {"family": "NVLink"}}, Method()),
        (
            "interconnect_bandwidth",
            "within a family",
            {"where": {"family": ["PCIe", "NVLink"]}},
            Method(within="family"),
        ),
        (
            "interconnect_bandwidth",
            "scale-up",
            {"scope": "device", "segment": "server", "kind": CHIPS, **TYPICAL},
            Method(),
        ),
        ("model_size", "typical", {"kind": "transformer"}, Method()),
    ],
)
def test_a_reading_is_the_trend_of_its_choices(
    readings: dict[str, list[dict[str, Any]]],
    series: str,
    reading: str,
    choose: dict[str, Any],
    method: Method,
) -> None:
    points = load_table(series, "gholami2024")
    if series in ("training_compute", "model_size"):
        points = points[points["kind"] == "transformer"]
    since = points["date"].min().date()
    trend = fit_trend(series, since=since, method=method, **choose)
    record = find(readings[series], reading)
    assert record["rate"] == pytest.approx(trend.growth_factor(), rel=1e-12)
    assert (record["ci_low"], record["ci_high"]) == pytest.approx(trend.growth_interval(), rel=1e-12)
    assert record["n_obs"] == trend.n_obs
    assert record["estimator"] == trend.method.describe()
    likelihood = relative_likelihood(trend, find_claimed_slope(claim_about(series)).estimate)
    assert record["likelihood"] == pytest.approx(likelihood)


def server_chips() -> pd.DataFrame:
    """Return the rows of server GPUs and accelerators from the first of the paper's points on."""
    first = load_table("dram_bandwidth", "gholami2024")["date"].min()
    rows = load_table("dram_bandwidth").query("memory != 'SRAM' and shipped != 'no' and segment == 'server'")
    chosen = rows[rows["kind"].isin(CHIPS) & (rows["date"] >= first)]
    numbered: pd.DataFrame = chosen.assign(
        year=decimal_years(chosen["date"].to_numpy()), log10_value=np.log10(chosen["value"].astype(float))
    )
    return numbered


def test_the_leading_edge_is_a_line_through_the_maxima_of_the_years(
    readings: dict[str, list[dict[str, Any]]],
) -> None:
    from scipy.stats import linregress

    rows = server_chips().sort_values(["value", "date"], ascending=[False, True])
    best = rows[~rows["date"].dt.year.duplicated()]
    line = linregress(best["year"], best["log10_value"])
    record = find(readings["dram_bandwidth"], "leading edge")
    assert (record["n_obs"], record["rate"]) == (len(best), pytest.approx(100**line.slope, rel=1e-8))


def test_within_a_class_is_the_formula_with_class_effects(
    readings: dict[str, list[dict[str, Any]]],
) -> None:
    import statsmodels.formula.api as smf

    rows = server_chips()
    chosen = []
    for _, variants in rows.groupby(rows["architecture"].where(rows["architecture"] != "", rows["name"])):
        # The median device, of two the lower one; of equal values the earliest stands first from the top.
        ordered = variants.sort_values(["value", "date"], ascending=[False, True], kind="stable")
        chosen.append(ordered.iloc[len(ordered) // 2])
    theirs = smf.ols("log10_value ~ year + C(product_class)", pd.DataFrame(chosen)).fit()
    record = find(readings["dram_bandwidth"], "within a class")
    assert record["n_obs"] == len(chosen)
    assert record["rate"] == pytest.approx(100 ** theirs.params["year"], rel=1e-8)
    ends = 100 ** theirs.conf_int().loc["year"]
    assert (record["ci_low"], record["ci_high"]) == pytest.approx(tuple(ends), rel=1e-8)


def test_the_papers_devices_are_counted_by_name(readings: dict[str, list[dict[str, Any]]]) -> None:
    points = load_table("dram_bandwidth", "gholami2024")
    rows = load_table("dram_bandwidth")
    in_window = rows["date"].between(points["date"].min(), points["date"].max())
    record = find(readings["dram_bandwidth"], "paper's devices", "paper")
    assert record["n_obs"] == (rows["name"].isin(points["name"]) & in_window).sum()


def test_clusters_are_architectures(readings: dict[str, list[dict[str, Any]]]) -> None:
    rows = server_chips()
    best = rows.loc[rows.groupby(rows["date"].dt.year)["value"].idxmax()]
    record = find(readings["dram_bandwidth"], "leading edge")
    assert record["n_clusters"] == best["architecture"].nunique() < record["n_obs"]
    typical = find(readings["dram_bandwidth"], "typical")
    assert typical["n_clusters"] == typical["n_obs"] == rows["architecture"].nunique()


def test_per_20_years_the_rates_are_powers_and_the_verdicts_the_same(
    readings: dict[str, list[dict[str, Any]]],
) -> None:
    read = read_claim(claim_about("peak_flops", 20))
    for one, other in zip(readings["peak_flops"], read, strict=True):
        assert other["rate"] == pytest.approx(one["rate"] ** 10)
        # 3.0x per 2 years is 59,049x per 20 years, printed as 60,000x.
        assert other["ratio"] == pytest.approx(other["rate"] / 60000)
        assert (other["n_obs"], other["verdict"]) == (one["n_obs"], one["verdict"])


def test_level_and_margin_reach_the_verdict(readings: dict[str, list[dict[str, Any]]]) -> None:
    claim = claim_about("memory_capacity")
    plain = find(readings["memory_capacity"], "typical")
    narrow = find(read_claim(claim, level=0.5), "typical")
    assert plain["ci_low"] < narrow["ci_low"] < narrow["ci_high"] < plain["ci_high"]
    assert plain["verdict"] == INCONCLUSIVE
    assert find(read_claim(claim, margin=10), "typical")["verdict"] == "agrees"
    with pytest.raises(MemwallError, match="a margin is a factor above 1"):
        read_claim(claim, margin=1)


# A user's choices


@pytest.mark.parametrize(
    ("series", "choose", "left"),
    [
        ("dram_bandwidth", {"segment": "consumer"}, ["per memory type", "paper's devices", "consumer"]),
        (
            "memory_capacity",
            {"segment": "server"},
            ["leading edge", "typical", "within a class", "paper's devices"],
        ),
        ("memory_capacity", {"kind": "cpu"}, ["paper's devices"]),
        ("memory_capacity", {"where": {"segment!": "edge"}}, ["paper's devices"]),
        ("model_size", {"kind": "cnn"}, []),
        ("interconnect_bandwidth", {"scope": "device"}, ["scale-up"]),
        ("dram_bandwidth", {"where": {"label": "HBM"}}, []),
    ],
)
def test_a_choice_that_contradicts_a_reading_leaves_it_out(
    series: str, choose: dict[str, Any], left: list[str]
) -> None:
    assert names(read_claim(claim_about(series), **choose)) == left


def test_a_choice_narrows_each_reading_and_is_said(readings: dict[str, list[dict[str, Any]]]) -> None:
    narrowed = read_claim(claim_about("memory_capacity"), vendor="NVIDIA")
    assert names(narrowed) == names(readings["memory_capacity"])
    for record in narrowed:
        assert record["population"].endswith(", vendor=NVIDIA")
        assert (
            record["n_obs"] <= find(readings["memory_capacity"], record["reading"], record["window"])["n_obs"]
        )
    typical = find(narrowed, "typical")
    assert typical["n_obs"] < find(readings["memory_capacity"], "typical")["n_obs"]
    server = read_claim(claim_about("memory_capacity"), where={"segment": "server", "kind": "gpu"})
    assert find(server, "typical")["n_obs"] < find(readings["memory_capacity"], "typical")["n_obs"]


def test_window_and_precision_reach_each_reading(readings: dict[str, list[dict[str, Any]]]) -> None:
    until = read_claim(claim_about("memory_capacity"), since="2017", until="2021")
    for record in until:
        assert record["last_date"] is None or "2017" <= record["first_date"] < record["last_date"] < "2022"
    wide = find(read_claim(claim_about("peak_flops"), precision="fp64"), "typical")
    assert wide["rate"] < find(readings["peak_flops"], "typical")["rate"]


def test_a_users_rows_count(readings: dict[str, list[dict[str, Any]]], csv_file: CsvFile) -> None:
    path = csv_file(
        "table,name,kind,date,value,unit,memory,segment,product_class,architecture\n"
        "dram_bandwidth,Acme A1,accelerator,2026-06-01,99000,GB/s,HBM4,server,training-accelerator,Acme 1\n"
    )
    laid = read_claim(claim_about("dram_bandwidth"), overlay=[path])
    for record in laid:
        plain = find(readings["dram_bandwidth"], record["reading"], record["window"])
        counts = record["window"] == "today" and record["reading"] in ("typical", "within a class")
        assert record["n_obs"] == plain["n_obs"] + counts
    edge = find(laid, "leading edge")
    assert edge["rate"] > find(readings["dram_bandwidth"], "leading edge")["rate"]


def test_a_reading_of_too_few_rows_has_no_rate_and_says_why() -> None:
    records = read_claim(claim_about("memory_capacity"), vendor="Google", until="2018")
    typical = find(records, "typical")
    assert all(math.isnan(typical[key]) for key in FIGURES)
    assert (typical["verdict"], typical["n_clusters"]) == (INCONCLUSIVE, 0)
    assert (typical["first_date"], typical["last_date"]) == (None, None)
    assert typical["n_obs"] == 2
    assert "2 row(s) with 2 different date(s)" in typical["reason"]
    assert set(typical) == set(KEYS)
