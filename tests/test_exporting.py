from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends.datasets import export_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]
    Run = Callable[..., Any]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_formula_is_marked_if_that_is_asked_for(text: str) -> None:
    rows = pd.DataFrame({"name": [text, "Acme A-1"], "value": [-1.5, 2.0]})
    marked = pd.read_csv(io.StringIO(export_rows(rows, "csv", mark_formulas=True)))
    assert marked["name"].tolist() == [f"'{text}", "Acme A-1"]
    assert marked["value"].tolist() == [-1.5, 2.0]
    assert "'" not in export_rows(rows, "csv")


def test_the_command_marks_formulas(run: Run, csv_file: CsvFile) -> None:
    path = csv_file(
        "table,name,kind,date,value,unit,memory\ndram_bandwidth,=A1,gpu,2026-06-01,9000,GB/s,HBM4\n"
    )
    command = ["data", "export", "dram_bandwidth", "--with", str(path), "--where", "value=9000"]
    assert "\n=A1," in run(*command).out
    assert "\n'=A1," in run(*command, "--mark-formulas").out
