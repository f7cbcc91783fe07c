from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks.observations import make_observations
from tests.benchmarks.pairs import Comparison, Usage, call_in_turn, run_in_turn
from tests.benchmarks.report import describe_machine, find_moved, name_of, render
from tests.benchmarks.sizes import FULL, QUICK

if TYPE_CHECKING:
    from pathlib import Path

MEASURED = {
    "texts": (
        "The rate of a long CSV.",
        [
            Comparison("rate", "read_csv", Usage(2.0, 2.1, 100), Usage(1.0, 1.1, 50), 1000),
            Comparison("rate", "read_csv", Usage(20.0, 21.0, 100), Usage(100.0, 110.0, 500), 10000),
        ],
    )
}


def test_commands_are_measured_in_turn_and_what_fails_is_left_out() -> None:
    commands = {"heavy": "sum(range(3 * 10**6))", "none": "pass", "wrong": "1 / 0"}
    taken = run_in_turn({name: [sys.executable, "-c", code] for name, code in commands.items()}, runs=2)
    assert list(taken) == ["heavy", "none"]
    assert taken["heavy"].cpu_s > taken["none"].cpu_s > 0
    assert 1 < taken["none"].peak_mb < 60  # that of bare Python, whatever this process holds


def test_functions_are_called_once_before_they_count() -> None:
    called: list[str] = []
    taken = call_in_turn({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, runs=2)
    assert called == ["a", "b"] * 3
    assert taken["a"].cpu_s >= 0


def test_the_page_says_ratios_and_exponents() -> None:
    page = render(MEASURED)
    assert "| `rate` | 10,000 | 20 | 21 | 100 | read_csv | 100 | 110 | 500 | 0.20 |" in page
    assert "| `rate` | 1.00 | read_csv | 2.00 |" in page
    assert "## The rate of a long CSV\n" in page


def test_the_machine_is_told_without_its_name() -> None:
    import platform

    told = " ".join(describe_machine())
    assert "cores" in told
    assert "pandas 3" in told
    assert platform.node() not in told.split()


def test_what_moved_is_told_and_small_changes_are_not() -> None:
    name = name_of("texts", MEASURED["texts"][1][0])
    assert name == "texts: rate, 1,000 rows / read_csv"
    assert list(find_moved({name: 2.0}, {name: 2.2})) == []
    assert list(find_moved({name: 2.0}, {name: 1.0})) == [f"faster: {name}: 2 to 1"]


def test_quick_is_less_of_the_same() -> None:
    assert QUICK.runs < FULL.runs
    assert max(FULL.csv_rows) == 10**7
    assert max(FULL.parquet_rows) == 10**8
    assert set(QUICK.parquet_rows) <= set(FULL.parquet_rows)


def test_observations_double_in_two_years() -> None:
    from memwall_trends.fitting.trends import fit_trend

    assert fit_trend(make_observations(2000)).growth_factor() == pytest.approx(2, rel=0.02)


@pytest.mark.slow
def test_a_topic_is_measured_and_its_ratios_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RATIOS", tmp_path / "ratios.json")
    monkeypatch.setattr(command, "QUICK", replace(QUICK, runs=1, draws=100))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--keep", "resampling"])
    command.main()
    assert "new: resampling: 6 series, 100 draws / scipy.stats.bootstrap" in capsys.readouterr().out
    command.main()
    assert "new: " not in capsys.readouterr().out
