"""Small files of the kinds that users have, with the right values.

The values were computed apart from the project, with numpy and scipy: least squares of log10(value) on
days / 365.25 + 1970, growth per 2 years with the 95 % t interval.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

CASES = Path(__file__).parent / "cases"
STEADY = (5, 1.6611, 1.5185, 1.8171)
IRREGULAR = (5, 1.6340, 1.4207, 1.8792)


@pytest.mark.parametrize(
    ("command", "expected", "found"),
    [
        (
            "missing-cells.csv --date-column year --value-column gb_s",
            STEADY,
            {"n_skipped": 2, "rows_skipped": [3, 5]},
        ),
        ("decimal-years.csv --date-column year", (5, 1.6342, 1.4210, 1.8794), {"dates": "decimal years"}),
        (
            "decimal-years.csv --date-column year --date-format decimal-year",
            (5, 1.6342, 1.4210, 1.8794),
            {"dates": "decimal years"},
        ),
        (
            "whitespace.dat --date-column 1 --value-column 3",
            STEADY,
            {"separator": " ", "header": "comment", "value_column": "GB/s"},
        ),
        ("whitespace.dat --date-column year --value-column GB/s", STEADY, {"comment_lines": 0}),
        ("day-first.csv --date-format %d.%m.%Y", IRREGULAR, {"dates": "%d.%m.%Y"}),
        ("day-first.csv", IRREGULAR, {"dates": "day first (01.03.2016)"}),
        ("units-in-cells.csv", STEADY, {"unit": "GB/s", "converted": ["TB/s"]}),
        ("thousands.csv", STEADY, {"separator": ","}),
        ("semicolon-decimal-comma.csv", STEADY, {"separator": ";", "decimal": ","}),
        ("unnamed-columns.csv", STEADY, {"rows": 5}),
        (
            "own-columns.csv --date-column year --value-column 'Transistors per chip'",
            (24, 2.0031, 1.9649, 2.0421),
            {"date_column": "Year"},
        ),
        (
            "mixed-units-own-column.csv --value-column bandwidth",
            (5, 1.8706, 1.4289, 2.4488),
            {"unit": "TB/s", "converted": ["GB/s"]},
        ),
        ("falling-price.csv", (8, 0.6955, 0.6340, 0.7630), {"rows": 8}),
        ("records.json --value-column gb_s", IRREGULAR, {"format": "json"}),
        ("weekly-prices.csv", (7, 4.1783, 3.7939, 4.6017), {"dates": "days"}),
    ],
)
def test_a_file_as_it_came_gives_the_right_rate(
    run: Run, command: str, expected: tuple[int, float, float, float], found: dict[str, Any]
) -> None:
    name, *options = shlex.split(command)
    record = json.loads(run("rate", str(CASES / name), *options, "--format", "json").out)
    got = (record["n_obs"], *(round(record[key], 4) for key in ("rate", "ci_low", "ci_high")))
    assert got == expected
    assert {key: record["reading"][key] for key in found} == found


def test_what_was_detected_is_said_in_one_line(run: Run) -> None:
    result = run("rate", str(CASES / "missing-cells.csv"), "--date-column", "year", "--value-column", "gb_s")
    (said,) = [line for line in result.out.splitlines() if line.startswith("Read: ")]
    assert said.endswith(
        "CSV separated by commas, UTF-8; dates: years; no unit; 5 rows, 2 skipped for an empty cell "
        "(rows 3, 5)."
    )


def test_a_missing_cell_can_be_an_error(run: Run) -> None:
    options = ["--date-column", "year", "--value-column", "gb_s", "--missing", "fail"]
    result = run("rate", str(CASES / "missing-cells.csv"), *options)
    assert result.code == 2
    assert "row 3, column 'gb_s': empty; expected a number above zero" in result.err


def test_a_markdown_table_is_named_as_what_it_is(run: Run) -> None:
    result = run("rate", str(CASES / "table.md"))
    assert result.code == 2
    assert "this is a Markdown table, not CSV" in result.err


def test_a_short_window_is_warned_of(run: Run) -> None:
    assert "6% of the 2 years" in run("rate", str(CASES / "weekly-prices.csv")).err
    assert run("rate", str(CASES / "own-columns.csv"), "--value-column", "2", "--date-column", "1").err == ""


def test_a_falling_value_has_a_halving_time(run: Run) -> None:
    shown = run("rate", str(CASES / "falling-price.csv")).out
    assert "halving time" in shown
    assert "doubling time" not in shown


def test_records_are_highs(run: Run) -> None:
    result = run("rate", str(CASES / "falling-price.csv"), "--frontier")
    assert result.code == 2
    assert "the values fall (6 record lows, 1 record highs), and records are highs" in result.err


def test_an_interval_from_ranks_of_three_holds_no_95_percent(run: Run) -> None:
    theil_sen = ["rate", str(CASES / "three-rows-theil-sen.csv"), "--method", "theil-sen"]
    refused = run(*theil_sen)
    assert refused.code == 2
    assert "ranks of 3 observations holds at most 66.7%, not 95%" in refused.err
    assert "1.306 to 1.961" in run(*theil_sen, "--level", "0.65").out


def test_tflops_are_read_as_vendors_print_them(run: Run, tmp_path: Path) -> None:
    chip = ["--name", "Acme M3", "--vendor", "Acme", "--kind", "gpu", "--date", "2026-06"]
    rate = ["--precision", "bf16", "--engine", "matrix", "--source", "https://acme.example/m3"]
    into = ["--locator", "p1", "--dry-run", "--into", str(tmp_path / "a.csv"), "--format", "json"]
    result = run("add", "peak_flops", "1307.4 TFLOPs", *chip, *rate, *into)
    assert result.code == 0, result.err
    (row,) = json.loads(result.out)["rows"]
    assert (row["value"], row["unit"]) == ("1307400", "GFLOP/s")


@pytest.mark.parametrize("command", ["stability", "backtest"])
def test_columns_can_be_named_where_a_message_names_them(run: Run, command: str) -> None:
    path = str(CASES / "own-columns.csv")
    assert "--date-column" in run(command, path).err
    options = ["--date-column", "Year", "--value-column", "Transistors per chip", "--format", "json"]
    record = json.loads(run(command, path, *options).out)
    assert record["reading"]["rows"] == 24


def test_a_gap_is_of_files_or_of_columns(run: Run, tmp_path: Path) -> None:
    lines = ["name,date,gf,bw", "A,2010,100,10", "B,2012,250,16", "C,2014,600,22", "D,2016,1500,40"]
    top, bottom = tmp_path / "a.csv", tmp_path / "b.csv"
    top.write_text("\n".join(lines), encoding="utf-8")
    bottom.write_text(
        "\n".join(lines).replace(",", ";").replace("gf", "x").replace("bw", "gf"), encoding="utf-8"
    )
    of_columns = run(
        *("gap", str(top), str(top), "--value-column", "gf", "--denominator-column", "bw", "--format", "json")
    )
    of_files = run("gap", str(top), str(bottom), "--value-column", "gf", "--format", "json")
    assert json.loads(of_columns.out)["rate"] == json.loads(of_files.out)["rate"]
    assert json.loads(of_files.out)["denominator_reading"]["separator"] == ";"
    beside = run("gap", str(top), "dram_bandwidth", "--value-column", "gf", "--format", "json")
    assert json.loads(beside.out)["denominator_n_obs"] > 300
    same = run("gap", str(top), str(top), "--value-column", "gf")
    assert "--denominator-column names another column" in same.err
