"""What a command says on a terminal while it works; where nobody looks on, or output is piped, nothing."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from memwall_trends.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 1.0
"""So long nobody wonders."""


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what takes its time, once it has taken some; nothing of it stays.

    Examples
    --------
    >>> with waiting("Checking claims"):
    ...     print("done")
    done
    """
    if not _is_watched():
        yield
        return
    from threading import Timer

    from rich.console import Console
    from rich.text import Text

    status = Console(stderr=True).status(Text(f"{printable(what)} ..."))
    timer = Timer(PATIENCE_SECONDS, status.start)
    timer.start()
    # What is warned of stands on lines of its own, after.
    held: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as held:
            yield
    finally:
        timer.cancel()
        timer.join()  # it may be about to start
        status.stop()
        for each in held:
            warnings.showwarning(each.message, each.category, each.filename, each.lineno)


def _is_watched() -> bool:
    """Return whether both what a command says and what it prints go to a terminal."""
    return sys.stderr.isatty() and sys.stdout.isatty()
