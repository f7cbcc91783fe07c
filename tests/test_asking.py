from __future__ import annotations

import io
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]

CHIP = ["Acme A1", "Acme", "gpu", "2026-06", "vaswani2017", "page 2", ""]


@pytest.fixture
def answer(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run add with answers, as one types them."""
    monkeypatch.chdir(tmp_path)

    def answered(*answers: str) -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{each}\n" for each in answers)))
        return run("add", "--into", "mine.csv")

    return answered


@pytest.mark.parametrize("nonsense", ["", "x"])
def test_nobody_is_asked_for_ever(answer: Callable[..., Any], nonsense: str) -> None:
    result = answer(*CHIP[:2], *repeat(nonsense, 50))
    assert result.code == 2
    assert "no answer to 'kind' that can be used, in 3 tries" in result.err


def test_it_is_said_what_will_be_asked(answer: Callable[..., Any]) -> None:
    result = answer()
    assert "Nothing is written before all is checked" in " ".join(result.err.split())


def test_an_answer_is_checked_when_it_is_given(answer: Callable[..., Any]) -> None:
    result = answer(*CHIP[:3], "June", "2026-06", *CHIP[4:], "dram_bandwidth", "fast", "8 TB/s", "", "y", "n")
    assert "cannot read the date 'June'" in result.err
    assert "cannot read the quantity 'fast'" in result.err


def test_a_memory_that_is_not_named_may_be_sram(answer: Callable[..., Any], tmp_path: Path) -> None:
    result = answer(*CHIP, "dram_bandwidth", "8 TB/s", "", "y", "n")
    assert result.code == 0, result.err
    assert "Is it SRAM, on the chip?" in result.err
    assert ",SRAM," in (tmp_path / "mine.csv").read_text(encoding="utf-8")
    assert "not counted by the usual fit" in " ".join(result.out.split())
