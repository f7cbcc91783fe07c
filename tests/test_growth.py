from __future__ import annotations

import datetime as dt
import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.fitting.bounds import t_quantile
from memwall_trends.fitting.groups import fit_by
from memwall_trends.fitting.growth import Growth, find_short_window
from memwall_trends.fitting.trends import fit_trend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def grow(slope: float, error: float = 0.02) -> Growth:
    return Growth(slope=slope, slope_error=error, degrees_of_freedom=20)


def shrinking() -> pd.DataFrame:
    """Return values that halve every three years, and of another kind that double every two."""
    years = np.arange(12)
    parts = [
        pd.DataFrame(
            {
                "kind": kind,
                "date": pd.to_datetime([f"{2000 + year}-01-01" for year in years]),
                "value": 100 * factor**years * np.where(years % 2, 1.01, 0.99),
            }
        )
        for kind, factor in (("down", 0.5 ** (1 / 3)), ("up", math.sqrt(2)))
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("slope", [0.3, -0.3])
def test_a_certain_slope_has_one_interval_of_doubling_times(slope: float) -> None:
    growth = grow(slope)
    (only,) = growth.doubling_intervals()
    assert only == growth.doubling_interval()
    assert only[0] < growth.doubling_time_years < only[1]
    assert np.sign(only).tolist() == [np.sign(slope)] * 2


@pytest.mark.parametrize("slope", [0.01, -0.01, 0.0])
def test_an_interval_of_the_slope_about_zero_is_two_of_the_doubling_time(slope: float) -> None:
    growth = grow(slope)
    first, second = growth.doubling_intervals()
    double = math.log10(2)
    half = t_quantile(20, 0.95) * 0.02
    doubles, halves = (double / (slope + half), math.inf), (-math.inf, double / (slope - half))
    below, above = sorted([first, second])
    assert below == pytest.approx(halves)
    assert above == pytest.approx(doubles)
    assert growth.doubling_interval() == first
    # A slope lies in its interval just if its doubling time lies in one of the two.
    for trial in np.linspace(-0.1, 0.1, 40):
        inside = any(low <= double / trial <= high for low, high in (first, second))
        assert inside == (slope - half <= trial <= slope + half)


def test_a_reader_is_told_both_branches() -> None:
    shown = grow(0.01).shown().to_numpy().tolist()[2:]
    assert shown == [
        ["doubling time", "30.10 years", "at least 5.820"],
        ["or halving time", "", "at least 9.490"],
    ]
    turned = grow(-0.01).shown().to_numpy().tolist()[2:]
    assert turned == [
        ["halving time", "30.10 years", "at least 5.820"],
        ["or doubling time", "", "at least 9.490"],
    ]
    assert len(grow(0.3).shown()) == len(grow(-0.3).summary()) == 3


def test_no_growth_takes_for_ever() -> None:
    still = grow(0.0, error=0.0)
    assert still.doubling_intervals() == ((math.inf, math.inf),)
    assert still.shown()["95% interval"].iloc[2] == "infinite to infinite"
    assert still.describe_time() == "never"
    assert still.halving_time_years is None


def test_what_shrinks_has_a_time_to_halve() -> None:
    trend = fit_trend(shrinking(), kind="down")
    record = trend.to_record()
    assert record["halving_time_years"] == pytest.approx(3, rel=0.01)
    assert record["doubling_time_years"] == -record["halving_time_years"]
    assert fit_trend(shrinking(), kind="up").to_record()["halving_time_years"] is None


def test_groups_show_in_how_many_years_they_double_or_halve() -> None:
    grouped = fit_by(shrinking(), "kind")
    shown = grouped.shown().set_index("kind")["doubles in"]
    assert shown["up"] == f"{grouped.trends['up'].doubling_time_years:.2f} years"
    assert shown["down"] == f"halves in {-grouped.trends['down'].doubling_time_years:.2f} years"


def test_the_command_tells_both_branches(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "level.csv"
    path.write_text("date,value\n2010,1\n2011,3\n2012,1\n2013,3\n")
    out = run("rate", str(path)).out
    assert "or halving time" in out
    assert out.count("at least") == 2


@pytest.fixture
def short_file(tmp_path: Path) -> str:
    """Return a file of 1.5 years."""
    path = tmp_path / "short.csv"
    rows = ["date,value,kind", *(f"2024-{1 + 2 * month:02},{2 + month % 3},a" for month in range(6))]
    rows += ["2025-01,5,b", "2025-04,7,b", "2025-07,6,b"]
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def test_a_window_shorter_than_the_period_warns(run: Callable[..., Any], short_file: str) -> None:
    told = run("rate", short_file, "--format", "json")
    assert told.code == 0
    (warning,) = json.loads(told.out)["warnings"]
    assert re.fullmatch(r"short spans 1\.5 years, 75% of the 2 years of its .*as in --per 1", warning)
    assert told.err == f"warning: {warning}\n"
    assert run("rate", short_file, "--per", "1").err == ""
    assert json.loads(run("rate", short_file, "--per", "1", "--format", "json").out)["warnings"] == []
    assert warning in run("rate", short_file, "--format", "csv").out


def test_each_group_warns_of_its_own_window(run: Callable[..., Any], short_file: str) -> None:
    lines = run("rate", short_file, "--by", "kind", "--per", "0.6").err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("warning: b: ")
    assert lines[0].endswith("as in --per 0.5")


@pytest.mark.parametrize(
    ("command", "warnings"),
    [
        ("rate dram_bandwidth --since 2025-06", 1),
        ("rate dram_bandwidth --since 2023 --per 20", 1),
        ("rate dram_bandwidth --per 20", 0),
        ("gap peak_flops dram_bandwidth --since 2025-03 --way ratio", 2),
        ("gap peak_flops dram_bandwidth --since 2022 --per 20", 1),
        ("decompose dram_bandwidth --by segment --since 2024 --per 20", 1),
        ("stability dram_bandwidth --window 8 --per 10", 1),
        ("stability dram_bandwidth --window 8", 0),
    ],
)
def test_every_growth_factor_over_more_than_was_seen_warns(
    run: Callable[..., Any], command: str, warnings: int
) -> None:
    result = run(*command.split(), "--format", "json")
    assert result.code == 0, result.err
    lines = result.err.splitlines()
    assert len(lines) == warnings
    assert all(line.startswith("warning: ") and "goes beyond what was seen" in line for line in lines)
    assert json.loads(result.out)


def test_ten_calendar_years_are_ten_years() -> None:
    assert find_short_window(dt.date(2010, 1, 1), dt.date(2019, 12, 31), 10, "it") == []
    assert len(find_short_window(dt.date(2010, 1, 1), dt.date(2019, 12, 1), 10, "it")) == 1
