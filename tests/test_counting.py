from __future__ import annotations

from typing import Any

import pytest

from memwall_trends.curation.adding import chip_rows
from memwall_trends.curation.counting import find_uncounted

CHIP = {"name": "Acme A1", "vendor": "Acme", "kind": "accelerator", "date": "2026", "source": "acme"}
RATE = {**CHIP, "table": "peak_flops", "precision": "bf16", "engine": "matrix", "value": "1 PFLOP/s"}


def said(*values: dict[str, Any]) -> list[str]:
    return find_uncounted(chip_rows(values, "example"))


def test_what_the_fit_counts_is_not_spoken_of() -> None:
    assert said(RATE, {**CHIP, "table": "dram_bandwidth", "value": "8 TB/s", "memory": "HBM4"}) == []


def test_a_sparse_rate_does_not_count_and_the_dense_one_is_named() -> None:
    (sentence,) = said(RATE, {**RATE, "value": "2 PFLOP/s", "sparsity": "structured"})
    assert sentence == (
        "peak_flops Acme A1, 2,000,000 GFLOP/s (bf16 matrix structured): not counted by the usual fit, which "
        "takes 1,000,000 GFLOP/s (bf16 matrix dense) of it instead."
    )


@pytest.mark.parametrize(
    "value",
    [
        {**RATE, "sparsity": "structured"},
        {**RATE, "precision": "fp8"},
        {**CHIP, "table": "dram_bandwidth", "value": "8 TB/s", "memory": "SRAM"},
    ],
)
def test_a_chip_of_which_nothing_counts_is_said_to_be_left_out(value: dict[str, Any]) -> None:
    (sentence,) = said(value)
    assert "not counted by the usual fit" in sentence
    assert sentence.endswith("which takes nothing of it.")
