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
    said = " ".join(result.out.split())
    assert (
        "CSV separated by commas, UTF-8; dates: years; 5 rows, 2 skipped for an empty cell (rows 3, 5)"
        in said
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
