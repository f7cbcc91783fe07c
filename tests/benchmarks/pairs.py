"""Running what is compared in turn: commands as processes, and functions in this one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024
LAUNCHER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, time.perf_counter() - started, used.ru_maxrss]))
"""
"""Runs a command from a small process: what a process held that starts another counts as the other's peak."""


@dataclass(frozen=True)
class Usage:
    """What a run took.

    Attributes
    ----------
    cpu_s, wall_s : float
    peak_mb : float
        The most memory that it held; 0 where that is not known.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """Ours, and what does the same.

    Attributes
    ----------
    what : str
    against : str
    ours, theirs : Usage
    rows : int
        Of the data; 0 where nothing grows with them.
    """

    what: str
    against: str
    ours: Usage
    theirs: Usage
    rows: int = 0

    @property
    def ratio(self) -> float:
        """CPU time of ours over that of theirs.

        Examples
        --------
        >>> Comparison("rate", "bare imports", Usage(3.0, 3.1), Usage(2.0, 2.1)).ratio
        1.5
        """
        return self.ours.cpu_s / max(self.theirs.cpu_s, 1e-9)


def run_in_turn(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Usage]:
    """Return the median of what each command takes, all run in turn so many times, by name.

    One that ends with an error is left out, and so are the rounds that would follow.
    """
    taken: defaultdict[str, list[Usage]] = defaultdict(list)
    failed: set[str] = set()
    for _ in range(runs):
        for name, command in commands.items():
            if name in failed:
                continue
            usage = _run(command)
            if usage is None:
                failed.add(name)
            else:
                taken[name].append(usage)
    return {name: _median(usages) for name, usages in taken.items() if name not in failed}


def call_in_turn(functions: Mapping[str, Callable[[], object]], runs: int) -> dict[str, Usage]:
    """Return the median of what each function takes, all called in turn so many times, once before that."""
    taken: defaultdict[str, list[Usage]] = defaultdict(list)
    for run in range(runs + 1):
        for name, function in functions.items():
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            function()
            usage = Usage(time.process_time() - cpu_s, time.perf_counter() - wall_s)
            if run:
                taken[name].append(usage)
    return {name: _median(usages) for name, usages in taken.items()}


def _run(command: Sequence[str]) -> Usage | None:
    launched = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    told = subprocess.run(launched, check=True, capture_output=True, text=True).stdout
    code, cpu_s, wall_s, peak = json.loads(told)
    return None if code else Usage(cpu_s, wall_s, peak * BYTES_OF_MAXRSS / 1e6)


def _median(usages: Sequence[Usage]) -> Usage:
    return Usage(
        median(usage.cpu_s for usage in usages),
        median(usage.wall_s for usage in usages),
        median(usage.peak_mb for usage in usages),
    )
