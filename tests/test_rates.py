from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from memwall_trends.datasets import load_table
from memwall_trends.datasets.rates import HALF, PRECISIONS, find_unrated, select_one_per, select_precision
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.selection import select

if TYPE_CHECKING:
    from typing import Unpack

    from memwall_trends.selection import Choose

RATES = pd.DataFrame(
    [
        ("H100 NVL", "fp32", "vector", "dense", "Hopper", 60.0),
        ("H100 NVL", "fp16", "matrix", "structured", "Hopper", 1671.0),
        ("H100 SXM5", "fp32", "vector", "dense", "Hopper", 67.0),
        ("H100 SXM5", "bf16", "matrix", "dense", "Hopper", 989.0),
        ("H800", "fp32", "vector", "dense", "Hopper", 67.0),
        ("K40", "fp32", "vector", "dense", "Kepler", 4.3),
        ("Trainium2", "tf32", "matrix", "dense", "Trainium2", 667.0),
        ("Trainium2", "bf16", "matrix", "dense", "Trainium2", 667.0),
    ],
    columns=["name", "precision", "engine", "sparsity", "architecture", "value"],
)


@pytest.mark.parametrize("policy", ["best16", "fp16", "fastest"])
def test_no_rate_stands_in_for_a_missing_matrix_rate(policy: str) -> None:
    assert find_unrated(RATES, PRECISIONS[policy]) == {"H100 NVL", "H800"}


@pytest.mark.parametrize("policy", ["fp64", "fp32"])
def test_wide_rates_stand_for_themselves(policy: str) -> None:
    assert find_unrated(RATES, PRECISIONS[policy]) == set()


def test_without_architectures_a_sparse_rate_tells() -> None:
    assert find_unrated(RATES.drop(columns="architecture"), PRECISIONS["best16"]) == {"H100 NVL"}


def test_of_equal_rates_the_narrowest_format_counts() -> None:
    best = select_precision(RATES, PRECISIONS["best16"]).set_index("name")
    assert best.loc["Trainium2", "precision"] == "bf16"


@pytest.mark.parametrize(
    ("name", "tflops"),
    [("NVIDIA H100 NVL", 835.5), ("NVIDIA H200 NVL", 835.5), ("NVIDIA A800 40GB Active", 312)],
)
def test_cards_have_the_dense_rate_that_was_missing(name: str, tflops: float) -> None:
    (value,) = select("peak_flops", where={"name": name}).observations["value"]
    assert value / 1e3 == pytest.approx(tflops, rel=1e-3)


def test_no_curated_device_with_matrix_units_counts_a_vector_rate() -> None:
    rows = select("peak_flops", precision="best16", announced=True).observations
    designs = load_table("peak_flops").query("engine == 'matrix' and precision in @HALF")["architecture"]
    assert HALF
    assert set(rows.loc[rows["architecture"].isin(set(designs) - {""}), "engine"]) == {"matrix"}


VARIANTS = pd.DataFrame(
    [
        ("A 40", "A", "2020-01-01", 10.0),
        ("A 80", "A", "2021-01-01", 20.0),
        ("A 60", "A", "2021-06-01", 15.0),
        ("B 1", "B", "2021-01-01", 20.0),
        ("B 2", "B", "2022-01-01", 5.0),
        ("unknown", "", "2022-01-01", 1.0),
        ("unknown too", "", "2022-01-01", 2.0),
    ],
    columns=["name", "architecture", "date", "value"],
).assign(date=lambda rows: pd.to_datetime(rows["date"]))


@pytest.mark.parametrize(
    ("take", "names"),
    [
        ("best", ["A 80", "B 1", "unknown", "unknown too"]),
        ("median", ["A 60", "B 2", "unknown", "unknown too"]),
        ("first", ["A 40", "B 1", "unknown", "unknown too"]),
    ],
)
def test_one_device_stands_for_an_architecture(take: str, names: list[str]) -> None:
    assert select_one_per(VARIANTS, ["architecture"], take)["name"].tolist() == names


def test_one_device_stands_for_an_architecture_in_each_year() -> None:
    chosen = select_one_per(VARIANTS, ["architecture", "year"])["name"].tolist()
    assert chosen == ["A 40", "A 80", "B 1", "B 2", "unknown", "unknown too"]


def test_of_equal_values_in_a_year_one_counts() -> None:
    assert select_one_per(VARIANTS, ["year"])["name"].tolist() == ["A 40", "A 80", "B 2"]


def test_what_stands_for_a_group_can_be_combined() -> None:
    chosen = select("peak_flops", segment="server", one_per="architecture", take="median", best_of="year")
    assert chosen.counted == "the median of each architecture; the best of each year"
    years = chosen.observations["date"].dt.year
    assert years.is_unique
    medians = select("peak_flops", segment="server", one_per="architecture", take="median").observations
    assert set(chosen.observations["name"]) <= set(medians["name"])


def test_the_window_comes_before_what_stands_for_an_architecture() -> None:
    early = select("dram_bandwidth", architecture="Hopper", one_per="architecture", until=2022).observations
    (name,) = early["name"]
    assert early["date"].max().year == 2022, name


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (
            {"one_per": "architekture"},
            "unknown column of peak_flops 'architekture'; did you mean 'architecture'",
        ),
        ({"one_per": "architecture", "take": "mean"}, "unknown take 'mean'; did you mean 'median'"),
        ({"take": "median"}, "--take median goes with --one-per"),
    ],
)
def test_what_cannot_stand_for_a_group_is_said(choose: Choose, message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        select("peak_flops", **choose)


def falling() -> pd.DataFrame:
    """Return picojoules a bit, which fall, two devices a year."""
    rows = [
        ("A", "2010-01-01", "one", 60.0),
        ("B", "2010-06-01", "one", 90.0),
        ("C", "2012-01-01", "two", 40.0),
        ("D", "2012-01-01", "two", 35.0),
        ("E", "2014-01-01", "three", 50.0),
        ("F", "2014-06-01", "three", 20.0),
        ("G", "2016-01-01", "four", 10.0),
        ("H", "2016-06-01", "four", 12.0),
        ("I", "2018-01-01", "five", 10.0),
    ]
    frame = pd.DataFrame(rows, columns=["name", "date", "architecture", "value"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def names(**choose: Unpack[Choose]) -> list[str]:
    return select(falling(), **choose).observations["name"].tolist()


def test_the_records_of_what_falls_are_lows() -> None:
    # Of one day the lowest, and an equal value is none.
    assert names(frontier=True, record="low") == ["A", "D", "F", "G"]
    assert names(frontier=True, record="high") == ["A", "B"]
    with pytest.raises(MemwallError, match="--record low takes lows, and --record high these"):
        names(frontier=True)
    assert names(frontier=True, record="low", since=2012) == ["D", "F", "G"]
    assert select(falling(), frontier=True, record="low").counted == "record-setting devices only (lows)"


def test_lows_are_the_highs_of_the_inverse() -> None:
    inverse = falling().assign(value=1 / falling()["value"])
    choices: list[Choose] = [
        {"frontier": True},
        {"best_of": "year"},
        {"one_per": "architecture"},
        {"one_per": "architecture", "best_of": "year", "frontier": True},
    ]
    for choose in choices:
        highs = select(inverse, **choose).observations["name"].tolist()
        lows: Choose = {**choose, "record": "low"}
        assert names(**lows) == highs


def test_the_best_of_what_falls_is_the_lowest() -> None:
    assert names(best_of="year", record="low") == ["A", "D", "F", "G", "I"]
    assert names(one_per="architecture", record="low") == ["A", "D", "F", "G", "I"]
    assert names(one_per="architecture", take="lowest") == ["A", "D", "F", "G", "I"]
    assert names(best_of="year") == ["B", "C", "E", "H", "I"]
    chosen = select(falling(), best_of="year", record="low")
    assert chosen.counted == "the lowest of each year"
    # A choice that is added keeps what a record is.
    assert select(chosen, since=2014).observations["name"].tolist() == ["F", "G", "I"]


def test_a_record_is_high_or_low() -> None:
    with pytest.raises(MemwallError, match=r"unknown record 'lows'; did you mean 'low'.*Known: high, low"):
        select("peak_flops", record="lows")


def test_the_growth_of_lows_is_the_inverse_of_that_of_highs() -> None:
    # One seed draws the same devices, so that resamples set the same records.
    random = np.random.default_rng(1)
    dates = pd.to_datetime("2000-01-01") + pd.to_timedelta(np.sort(random.integers(0, 9000, 60)), unit="D")
    rows = pd.DataFrame({"date": dates, "value": 10 ** (random.normal(0, 0.3, 60) - np.arange(60) / 20)})
    lows = fit_trend(rows, frontier=True, record="low")
    highs = fit_trend(rows.assign(value=1 / rows["value"]), frontier=True)
    assert lows.growth_factor() == pytest.approx(1 / highs.growth_factor())
    low, high = lows.growth_interval()
    assert (1 / high, 1 / low) == pytest.approx(highs.growth_interval())
    assert high < 1
    assert lows.describe().endswith("record-setting devices only (lows)")
