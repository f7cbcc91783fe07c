"""What several test files use."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from _pytest.doctest import DoctestItem

from memwall_trends import cli

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).parent.parent


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
