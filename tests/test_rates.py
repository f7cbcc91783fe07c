from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from memwall_trends.datasets import load_table
from memwall_trends.datasets.rates import HALF, PRECISIONS, find_unrated, select_one_per, select_precision
from memwall_trends.errors import MemwallError
from memwall_trends.selection import select

if TYPE_CHECKING:
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
