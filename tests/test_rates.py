from __future__ import annotations

import pandas as pd
import pytest

from memwall_trends.datasets import load_table
from memwall_trends.datasets.rates import HALF, PRECISIONS, find_unrated, select_precision
from memwall_trends.selection import select

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
