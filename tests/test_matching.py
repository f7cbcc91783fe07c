from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends.datasets import load_table
from memwall_trends.datasets.matching import find_alike, find_namesakes, plain_name, same_vendor
from memwall_trends.datasets.parsing import Reading
from memwall_trends.errors import MemwallWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]
    Run = Callable[..., Any]

HEADER = "table,name,vendor,kind,date,value,unit,memory\n"
OURS = "dram_bandwidth,h100 sxm5,Nvidia,gpu,2022-03-22,3350,GB/s,HBM3\n"
NAMESAKE = "dram_bandwidth,NVIDIA H100 SXM5,Beta,gpu,2022-03-22,99,GB/s,HBM3\n"
UNNAMED = "dram_bandwidth,Wafer 9,Gamma,accelerator,2025-01-01,9e6,GB/s,\n"


def rows(*names: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame([("dram_bandwidth", *name) for name in names], columns=["table", "name", "vendor"])


@pytest.mark.parametrize(
    ("name", "vendor", "ours"),
    [
        ("H100 SXM5", "NVIDIA", "NVIDIA H100 SXM5"),
        ("nvidia h100-sxm5", "", "NVIDIA H100 SXM5"),
        ("MI300X", "AMD", "AMD Instinct MI300X"),
        ("Radeon Instinct MI300X", "Advanced Micro Devices (AMD)", "AMD Instinct MI300X"),
    ],
)
def test_a_name_in_another_spelling_is_found(name: str, vendor: str, ours: str) -> None:
    assert find_alike(rows((name, vendor))) == {name: ours}


@pytest.mark.parametrize(
    ("name", "vendor"), [("NVIDIA H100 SXM5", "NVIDIA"), ("H100 SXM5", "Acme"), ("Acme A1", "Acme"), ("", "")]
)
def test_our_names_and_those_of_others_are_none(name: str, vendor: str) -> None:
    assert find_alike(rows((name, vendor))) == {}


def test_a_namesake_is_of_another_vendor() -> None:
    assert find_namesakes(rows(("NVIDIA H100 SXM5", "Beta"))) == {("NVIDIA H100 SXM5", "Beta"): "NVIDIA"}
    assert find_namesakes(rows(("NVIDIA H100 SXM5", "nvidia corporation"))) == {}
    assert same_vendor("Intel", "INTEL Corp.")
    assert plain_name("Acme", "Acme") == "acme"


def test_names_are_listed_and_by_match_taken_as_ours(csv_file: CsvFile) -> None:
    path = csv_file(HEADER + OURS)
    plain = load_table("dram_bandwidth")
    with pytest.warns(MemwallWarning, match=r"'h100 sxm5' \(ours: 'NVIDIA H100 SXM5'\).*--match"):
        laid = load_table("dram_bandwidth", overlay=[path])
    assert len(laid) == len(plain) + 1
    matched = load_table("dram_bandwidth", overlay=[path], reading=Reading(match=True))
    assert len(matched) == len(plain)
    (row,) = matched[matched["name"] == "NVIDIA H100 SXM5"].to_dict(orient="records")
    assert (row["value"], row["segment"]) == (3350, "server")


def test_the_same_name_of_another_vendor_takes_no_place_of_ours(csv_file: CsvFile) -> None:
    path = csv_file(HEADER + NAMESAKE)
    with pytest.warns(MemwallWarning, match="of Beta is taken for another device than that of NVIDIA"):
        laid = load_table("dram_bandwidth", overlay=[path])
    values = laid.set_index("name")["value"]
    assert values["Beta NVIDIA H100 SXM5"] == 99
    assert values["NVIDIA H100 SXM5"] == 3350


def test_a_memory_that_is_not_named_is_asked_about(run: Run, csv_file: CsvFile) -> None:
    path = csv_file(HEADER + UNNAMED + UNNAMED.replace("Wafer 9", "Wafer 8"))
    result = run("rate", "dram_bandwidth", "--with", str(path))
    assert result.code == 0
    assert result.err.count("no memory is named in row 2, 3: counted as DRAM. Is it SRAM?") == 1


def test_a_file_of_any_separator_is_laid_over(run: Run, csv_file: CsvFile) -> None:
    path = csv_file((HEADER + OURS).replace(",", ";").replace("3350", "3.350,5"))
    result = run("data", "show", "dram_bandwidth", "--with", str(path), "--match", "--where", "value=3350.5")
    assert result.code == 0, result.err
    assert "NVIDIA H100 SXM5" in result.out
