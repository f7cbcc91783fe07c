"""What a command says while it works, and how it ends when it is interrupted."""

from __future__ import annotations

import io
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.cli import progress
from memwall_trends.cli.progress import waiting
from memwall_trends.errors import MemwallWarning, warn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Result

    Run = Callable[..., Result]

COMMANDS: tuple[tuple[str, str, list[str]], ...] = (
    ("figures", "memwall_trends.figures.find_figure", ["hw-scaling", "--out", "."]),
    ("explore", "memwall_trends.explorer.build_explorer", ["--out", "explore.html"]),
    ("claims", "memwall_trends.questions.claims.check_claims", []),
    ("rate", "memwall_trends.fitting.trends.fit_trend", ["peak_flops"]),
    ("validate", "memwall_trends.curation.validation.validate", []),
)
"""A command, what takes its time, and its arguments."""


class Terminal(io.StringIO):
    """Somebody looks on."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def watch(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return what is shown on standard error, from the first moment."""
    shown = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    return shown


def wait_for_the_timer() -> None:
    """Return when what is to be said is said."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()


def test_a_terminal_is_told_what_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    with waiting("Checking [claims]"):
        wait_for_the_timer()
    assert "Checking [claims] ..." in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")  # the line is cleared


def test_what_ends_at_once_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 600.0)
    with waiting("Checking claims"):
        pass
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("piped", ["stdout", "stderr"])
def test_where_output_is_piped_nothing_is_said(monkeypatch: pytest.MonkeyPatch, piped: str) -> None:
    terminal = watch(monkeypatch)
    monkeypatch.setattr(sys, piped, io.StringIO())
    with waiting("Checking claims"):
        wait_for_the_timer()
    assert terminal.getvalue() == ""


def test_an_interruption_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)

    def interrupted() -> None:
        with waiting("Checking claims"):
            wait_for_the_timer()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().endswith("\x1b[2K")


def test_warnings_are_held_back_until_the_line_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)
    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", MemwallWarning)
        monkeypatch.setattr(warnings, "showwarning", lambda message, *_: told.append(str(message)))
        with waiting("Reading"):
            warn("row 3 has no value")
            assert told == []
    assert told == ["row 3 has no value"]


@pytest.mark.parametrize(("command", "slow", "arguments"), COMMANDS, ids=[each[0] for each in COMMANDS])
def test_an_interrupted_command_says_so_and_leaves_nothing(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
    slow: str,
    arguments: list[str],
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(slow, interrupted)
    ended = run(command, *arguments)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "error: interrupted; what was there stays as it was\n"
    assert list(tmp_path.iterdir()) == []
