"""What several test files use."""

from __future__ import annotations

import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from _pytest.doctest import DoctestItem

from memwall_trends import cli
from memwall_trends.datasets import load_table

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-seed", type=int, default=0, help="seed of the fuzzer's inputs")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what became of the fuzzer's inputs, those of all workers together."""
    ended: dict[str, Counter[str]] = {}
    seeds = set()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, fuzzed in report.user_properties if report.when == "call" else ():
                if name == "fuzzed":
                    ended.setdefault(fuzzed["kind"], Counter()).update(fuzzed["ended"])
                    seeds.add(fuzzed["seed"])
    for kind, counted in ended.items():
        told = ", ".join(f"{count:,} {how}" for how, count in sorted(counted.items()))
        terminalreporter.write_line(
            f"fuzzed {kind}: {counted.total():,} inputs (seeds {min(seeds)} to {max(seeds)}): {told}"
        )


@pytest.fixture
def fuzz_seed(pytestconfig: pytest.Config) -> int:
    """Return the seed of the first part of the fuzzer's inputs."""
    return int(pytestconfig.getoption("--fuzz-seed"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow drawn examples, and what needs a browser or LaTeX."""
    for item in items:
        needs = {"browser", "compiled"} & set(getattr(item, "fixturenames", ()))
        # The tests of the figures and the page draw each of them anyway.
        drawn = isinstance(item, DoctestItem) and item.path.parent.name in ("figures", "explorer")
        if needs or drawn:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the command in this process, in a terminal 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")

    def run_command(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["memwall-trends", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Result(int(ended.value.code or 0), printed.out, printed.err)

    return run_command


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a CSV named chips.csv."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "chips.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture(scope="session")
def reference() -> dict[str, dict[str, float]]:
    """R's numbers by series and quantity; ``tests/reference/ols.R`` says how they were made."""
    rows = pd.read_csv(CHECKOUT / "tests" / "reference" / "ols.csv")
    return {
        str(series): dict(zip(part["quantity"], part["value"], strict=True))
        for series, part in rows.groupby("series")
    }


@pytest.fixture(scope="session")
def made_up() -> Callable[..., dict[str, Any]]:
    """Make up a claim about the FP32 rate of GPUs from 2010 to 2023, in which some cells are others."""
    blank = dict.fromkeys(load_table("claims").columns, "")
    none = dict.fromkeys(("printed_low", "printed_high", "printed_level", "plotted_rate"), math.nan)
    usual: dict[str, Any] = {
        "claim": "made-up",
        "unit": "device",
        "source": "hobbhahn2023",
        "series": "peak_flops",
        "curated_where": "kind=gpu;engine=vector",
        "precision": "fp32",
        "since": "2010",
        "until": "2023",
        "printed": 1.8,
        "measure": "factor",
        "period_years": 2,
        "significant_digits": 2,
    }

    def claim(**cells: Any) -> dict[str, Any]:
        return {**blank, **none, **usual, **cells}

    return claim
