"""How much is measured: all of it, or what CI has the time for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes
    ----------
    runs : int
    csv_rows, parquet_rows : sequence of int
    small_rows : int
        The most rows of frames that take long to start, and longer for many rows on one machine.
    draws : int
        Of the bootstrap.
    long : bool
        Whether commands that take many seconds are run too.
    """

    runs: int
    csv_rows: Sequence[int]
    parquet_rows: Sequence[int]
    small_rows: int
    draws: int
    long: bool


FULL = Size(5, [10**k for k in range(4, 8)], [10**k for k in range(3, 9)], 10**7, 10_000, long=True)
QUICK = Size(3, [10**4, 10**5], [10**4, 10**6], 0, 1_000, long=False)


def ours(*words: str) -> list[str]:
    """Return our command as a process of this Python.

    Examples
    --------
    >>> ours("--help")[1:]
    ['-m', 'memwall_trends', '--help']
    """
    return [sys.executable, "-m", "memwall_trends", *words]


def python(code: str) -> list[str]:
    """Return a process of this Python that runs code."""
    return [sys.executable, "-c", code]
