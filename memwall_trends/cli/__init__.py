"""The command: parsing and printing, one command a public function."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from memwall_trends.cli import bash
from memwall_trends.cli.app import app
from memwall_trends.errors import MemwallError, MemwallWarning, printable

if TYPE_CHECKING:
    from collections.abc import Callable

# isort: off
# The commands register in the order in which help lists them.
from memwall_trends.cli import reproduce  # noqa: F401
from memwall_trends.cli import rate  # noqa: F401
from memwall_trends.cli import gap  # noqa: F401
from memwall_trends.cli import pictures  # noqa: F401
from memwall_trends.cli import explore  # noqa: F401
from memwall_trends.cli import claims  # noqa: F401
from memwall_trends.cli import sensitivity  # noqa: F401
from memwall_trends.cli import decomposition  # noqa: F401
from memwall_trends.cli import diagnosis  # noqa: F401
from memwall_trends.cli import stability  # noqa: F401
from memwall_trends.cli import backtest  # noqa: F401
from memwall_trends.cli import workloads  # noqa: F401
from memwall_trends.cli import training  # noqa: F401
from memwall_trends.cli import networks  # noqa: F401
from memwall_trends.cli import data  # noqa: F401
from memwall_trends.cli import rows  # noqa: F401
# isort: on


INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ends, as shells have it."""


def main() -> None:
    """Run the command; wrong input ends with one message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show R²
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", MemwallWarning)
            warnings.showwarning = _Teller(warnings.showwarning)
            bash.answer(app)
    except MemwallError as error:
        _fail(str(error))
    except OSError as error:
        _fail_of_system(error)
    except (KeyboardInterrupt, SystemExit) as ended:
        # Typer ends an interrupted command with this code, and says nothing.
        if isinstance(ended, KeyboardInterrupt) or ended.code == INTERRUPTED:
            _fail("interrupted; what was there stays as it was", INTERRUPTED)
        raise
    except MemoryError:
        _fail("not enough memory; choose fewer rows, or draw less often (--draws)")


class _Teller:
    """Prints each of our warnings once; any other as Python does."""

    def __init__(self, usual: Callable[..., None]) -> None:
        self.usual = usual
        self.told: set[str] = set()

    def __call__(self, message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        if not issubclass(category, MemwallWarning):
            self.usual(message, category, *rest, **named)
        elif str(message) not in self.told:
            self.told.add(str(message))
            typer.echo(f"warning: {printable(str(message))}", err=True)


def _fail(message: str, code: int = 2) -> NoReturn:
    try:
        typer.echo(f"error: {printable(message)}", err=True)
    except OSError:  # nobody reads errors either
        _silence(2)
    sys.exit(code)


def _fail_of_system(error: OSError) -> NoReturn:
    """Say which file the system refused, or that the output cannot be written."""
    what = error.strerror or str(error)
    if error.filename is not None:
        _fail(f"{error.filename}: {what}")
    # Else the interpreter tries once more to write what is left, and complains.
    _silence(1)
    if isinstance(error, BrokenPipeError):
        sys.exit(1)  # who reads has had enough
    _fail(f"cannot write the output: {what}")


def _silence(descriptor: int) -> None:
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
