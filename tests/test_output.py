from __future__ import annotations

import csv
import io
import json
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.cli.output import _flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Result

    Run = Callable[..., Result]

PAPER = "--dataset gholami2024"
COMMANDS = {
    "rate": f"rate peak_flops --within kind {PAPER}",
    "rate by": f"rate peak_flops --by kind {PAPER}",
    "gap": f"gap peak_flops dram_bandwidth {PAPER}",
    "gap at": f"gap peak_flops dram_bandwidth --at 2026 --at 2030 {PAPER}",
    "gap at and reach": f"gap peak_flops dram_bandwidth --at 2026 --at 2030 --reach 900 --reach 2000 {PAPER}",
    "gap reach": f"gap peak_flops dram_bandwidth --reach 1000 {PAPER}",
    "gap calibrated": "gap peak_flops dram_bandwidth --at 2030 --reach 1000",
    "gap by": "gap peak_flops dram_bandwidth --by kind --at 2030 --reach 1000 --reach 2000",
    "reproduce": "reproduce",
    "backtest": "backtest dram_bandwidth",
    "backtest by": "backtest dram_bandwidth --by segment",
    "stability": f"stability peak_flops {PAPER}",
    "stability by": f"stability peak_flops --by kind {PAPER}",
    "sensitivity": "sensitivity interconnect_bandwidth --method ols",
    "decompose": f"decompose peak_flops --by kind --draws 40 {PAPER}",
    "roofline": "roofline gpt2-xl --device 'NVIDIA A100 SXM4 40GB' --batch-size 16 --levers",
    "workload": "workload gpt2",
    "when-bound": "when-bound gpt2 --batch-size 1",
    "training-memory": "training-memory gpt2",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_csv_loses_nothing_that_json_has(run: Run, command: str) -> None:
    arguments = shlex.split(COMMANDS[command])
    result = run(*arguments, "--format", "json")
    assert result.code == 0, result.err
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "--format", "csv").out), strict=True))
    cells = Counter(plain(cell) for row in rows for cell in row.values())
    for leaf, times in Counter(leaves(json.loads(result.out))).items():
        # One cell each, at least: rows repeat what is said of all of them.
        assert cells[leaf] >= times, leaf
    assert not any("[" in cell or "{" in cell for cell in cells if isinstance(cell, str))


def test_reach_and_projections_are_rows_of_their_own(run: Run) -> None:
    arguments = COMMANDS["gap at and reach"].split()
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "--format", "csv").out)))
    record = json.loads(run(*arguments, "--format", "json").out)
    assert [row["list"] for row in rows] == ["projections"] * 2 + ["reach"] * 2
    assert [float(row["ratio"]) for row in rows[2:]] == [900, 2000]
    assert float(rows[3]["reach_ci_low"]) == pytest.approx(record["reach"][1]["ci_low"])
    assert {row["rate"] for row in rows} == {rows[0]["rate"]}
    assert float(rows[0]["rate"]) == pytest.approx(record["rate"])
    assert rows[0]["prediction_low"] == ""


def test_a_reading_does_not_hide_the_rate_of_its_claim(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("reproduce", "--format", "csv").out)))
    records = json.loads(run("reproduce", "--format", "json").out)
    claims = {record["series"]: record for record in records}
    for row in rows:
        assert float(row["rate"]) == pytest.approx(claims[row["series"]]["rate"])
    readings = [reading["rate"] for record in records for reading in record["readings"]]
    assert [float(row["readings_rate"]) for row in rows if row["readings_rate"]] == pytest.approx(
        [rate for rate in readings if rate is not None]
    )


def test_sensitivity_says_which_table_a_row_is_of(run: Run) -> None:
    arguments = COMMANDS["sensitivity"].split()
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "--format", "csv").out)))
    record = json.loads(run(*arguments, "--format", "json").out)
    counts = Counter(row["list"] for row in rows)
    assert counts == {name: len(record[name]) for name in ("effects", "influence", "curve")}


@pytest.mark.parametrize(
    ("record", "rows"),
    [
        ({"a": 1}, [{"a": 1}]),
        ({"a": 1, "b": {"c": 2, "d": {"e": 3}}}, [{"a": 1, "b_c": 2, "b_d_e": 3}]),
        ({"where": {"kind": ["gpu", "cpu"]}, "none": {}}, [{"where": "kind=gpu or cpu", "none": ""}]),
        ({"texts": ["x", "y"]}, [{"texts": "x; y"}]),
        ({"a": 1, "one": [{"b": 2}, {"b": 3}]}, [{"a": 1, "b": 2}, {"a": 1, "b": 3}]),
        ({"a": 1, "one": [{"a": 2}]}, [{"a": 1, "one_a": 2}]),
        ({"a": 1, "one": [], "two": []}, [{"list": None, "a": 1, "one": "", "two": ""}]),
        (
            {"a": 1, "one": [{"b": 2}], "two": [{"b": {"c": 3}}]},
            [{"list": "one", "a": 1, "b": 2}, {"list": "two", "a": 1, "b_c": 3}],
        ),
        ({"within": {"one": [{"b": 2}]}}, [{"b": 2}]),
    ],
)
def test_records_are_flat(record: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    found = _flat([record])
    if "two" in record and not record["two"]:
        rows = [{key: cell for key, cell in row.items() if key not in ("one", "two")} for row in rows]
    assert found == rows


def plain(cell: str) -> str | float:
    """Return a number as one: beside others a whole one has a decimal point."""
    try:
        return float(cell)
    except ValueError:
        return cell


def leaves(value: Any) -> Iterator[str | float]:
    """Yield what a record holds that is no condition, as a CSV writes it."""
    if isinstance(value, dict):
        for key, cell in value.items():
            if "where" not in key:
                yield from leaves(cell)
    elif isinstance(value, list):
        for cell in value:
            yield from leaves(cell)
    elif value is not None and value != "":
        yield plain(str(value))
