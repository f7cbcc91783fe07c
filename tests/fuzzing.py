"""A seeded fuzzer: files that are almost right, and arguments that are almost those of a command.

Each input runs in this process, as a command would, in a folder of its own. It may end with a result or with
a message; a traceback, a control character on the terminal or a file that lost a byte is a fault.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import random
import re
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import typer

from memwall_trends import cli
from memwall_trends.cli.app import app
from memwall_trends.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parent / "cases"
CHIP = (
    "table,name,vendor,kind,date,value,unit,precision,engine,sparsity,memory,source,locator,evidence\n"
    "peak_flops,Acme A1,Acme,gpu,2026-06-01,4e6,GFLOP/s,bf16,matrix,dense,,https://a.example/1,p1,read\n"
    "dram_bandwidth,Acme A1,Acme,gpu,2026-06-01,9000,GB/s,,,,HBM4,https://a.example/1,p2,read\n"
)
TOML = (
    'name = "Acme A1"\nvendor = "Acme"\nkind = "gpu"\ndate = 2026-06-01\nsource = "https://a.example/1"\n'
    'locator = "p1"\n[[values]]\ntable = "dram_bandwidth"\nvalue = "9 TB/s"\nmemory = "HBM4"\n'
)
COLUMNS = {
    "missing-cells.csv": ["--date-column", "year", "--value-column", "gb_s"],
    "decimal-years.csv": ["--date-column", "year"],
    "whitespace.dat": ["--date-column", "1", "--value-column", "3"],
    "own-columns.csv": ["--date-column", "Year", "--value-column", "2"],
    "mixed-units-own-column.csv": ["--value-column", "bandwidth"],
    "records.json": ["--value-column", "gb_s"],
}
RIGHT = 0.85
"""How often an argument is one that the command takes."""
USUAL = ("2010", "2020-06", "gpu", "NVIDIA", "0.9", "1", "2", "json", "memory=HBM*", "ols", "huber", "fp16")
HOSTILE = (
    *("", " ", "0", "-1", "1e400", "1e-400", "nan", "inf", "NaT", "2010", "2010-13-01", "9999-12-31", "0000"),
    *("01.02.2010", "1,5", "1.234", "1,234", "70B", "3 TB/s", "64GB/sec", "Ω", "芯片", "\x1b[2J", "\u202e"),
    *("\x00", "\ufeff", '"', "'", ";", "\t", "|", ",", "#", "=1+1", "\\input{x}", "<script>", "%s", "{}"),
    *("-", "--", "..", "/", "a" * 300, "9" * 400, "-9223372036854775809", "True", "None", "date", "value"),
)
SHORT = {
    **{"rate": 30, "data show": 15, "data export": 15, "gap": 8, "cite": 8, "add": 10},
    **{"workload": 8, "roofline": 6, "training-memory": 6, "when-bound": 3, "data list": 3},
    **{"data sources": 2, "backtest": 4, "stability": 4, "figures": 4, "sensitivity": 4},
    **{"validate": 0.3, "reproduce": 0.3, "claims": 0.2, "explore": 0.1},
}
"""Commands whose arguments are drawn, and how often: those that take long the least."""
NEVER_RIGHT = ("figures", "sensitivity")
"""Commands that take too long where their arguments are right."""
TRIED = {
    **{"rate": 80, "with": 6, "gap": 5, "stability": 3, "add": 3, "backtest": 1, "timeline": 1},
    "validate": 0.3,
}
"""Commands that files are given to, and how often; those that take long the least."""
OPTIONS_OF_READING = (
    *(("--separator", each) for each in (",", ";", "tab", "blanks", "bar", "x", "")),
    *(("--decimal", each) for each in (".", ",", "'")),
    *(("--encoding", each) for each in ("utf-8", "utf-16", "cp1252", "no-such", "idna", "hex", "rot13")),
    *(("--date-format", each) for each in ("day-first", "month-first", "decimal-year", "%Y", "%", "%Q", "x")),
    *(("--missing", each) for each in ("skip", "fail", "drop")),
    *(("--comment", each) for each in ("#", "", "%", "2")),
    *(("--sheet", each) for each in ("1", "0", "x")),
    *(("--unit", each) for each in ("GB/s", "parameters", "x", "")),
    *(("--missing-token", each) for each in ("2016", "?", "")),
    *(("--date-column", each) for each in ("1", "year", "0", "99", "")),
    *(("--value-column", each) for each in ("2", "gb_s", "-1", "")),
    ("--no-header",),
    ("--zero-is-missing",),
    ("--match",),
)


@dataclass
class Counts:
    """What became of the inputs."""

    seed: int
    ended: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return them for a reader."""
        ended = ", ".join(f"{count:,} {how}" for how, count in sorted(self.ended.items()))
        return f"{self.ended.total():,} inputs (seed {self.seed}): {ended}; {len(self.faults)} faults"


def run_files(seed: int, inputs: int, folder: Path) -> Counts:
    """Run commands over files that are almost right."""
    counts, drawn = Counts(seed), random.Random(seed)
    for number in range(inputs):
        suffix, content, columns = _draw_file(drawn)
        path = folder / f"in{number % 7}{suffix}"
        path.write_bytes(content)
        options = [
            part for each in drawn.choices(OPTIONS_OF_READING, k=drawn.choice((0, 0, 1, 2))) for part in each
        ]
        into = folder / "mine.csv"
        into.write_text(CHIP.replace("A1", "A0"), encoding="utf-8")
        arguments = _draw_command(drawn, str(path), str(into), folder)
        if arguments[0] not in ("validate", "add") and "--with" not in arguments:
            options = [*columns, *options]
        _run(counts, [*arguments, *options], {path: content, into: into.read_bytes()}, into)
    return counts


def run_arguments(seed: int, inputs: int, folder: Path) -> Counts:
    """Run commands with arguments that are almost theirs."""
    counts, drawn = Counts(seed), random.Random(seed)
    commands = {name: command for name, command in _commands() if name in SHORT}
    small = folder / "small.csv"
    small.write_text("date,value,name\n2010,1,a\n2012,2,b\n2014,5,c\n", encoding="utf-8")
    for _ in range(inputs):
        (name,) = drawn.choices(list(SHORT), list(SHORT.values()))
        share = 0 if name in NEVER_RIGHT else RIGHT
        arguments = [*name.split(), *_draw_arguments(drawn, commands[name], str(small), share)]
        if name == "add":
            arguments += ["--dry-run", "--into", str(folder / "mine.csv")]
        if name == "data export":
            arguments = [each for each in arguments if each != "--out"]
        _run(counts, arguments, {small: small.read_bytes()}, None)
    return counts


def _run(counts: Counts, arguments: list[str], before: dict[Path, bytes], into: Path | None) -> None:
    out, err = io.StringIO(), io.StringIO()
    old = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["memwall-trends", *arguments], io.StringIO("")
    how = "ended without an exit"
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _built_once():
            cli.main()
    except SystemExit as ended:
        how = {0: "answered", None: "answered", 1: "problems found"}.get(ended.code, "refused")  # type: ignore[arg-type]
    except BaseException as error:
        how = "tracebacks"
        counts.faults.append(f"{arguments}: {type(error).__name__}: {error}")
    finally:
        sys.argv, sys.stdin = old
    counts.ended[how] += 1
    if "Traceback (most recent call last)" in err.getvalue():
        counts.faults.append(f"{arguments}: a traceback is printed")
    shown = out.getvalue() + err.getvalue()
    # Typer itself prints the arguments of a wrong use as they are.
    if "Usage:" not in shown and "export" not in arguments and printable(shown) != shown:
        counts.faults.append(f"{arguments}: control characters are printed")
    for path, content in before.items():
        now = path.read_bytes() if path.exists() else b""
        if not (now.startswith(content) if path == into else now == content):
            counts.faults.append(f"{arguments}: {path.name} lost what it held")


@contextlib.contextmanager
def _built_once() -> Iterator[None]:
    """Let the command be what Typer builds of it, which else it builds for every call."""
    with mock.patch.object(cli, "app", _command()):
        yield


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def _draw_command(drawn: random.Random, path: str, into: str, folder: Path) -> list[str]:
    (what,) = drawn.choices(list(TRIED), list(TRIED.values()))
    if what == "add":
        return ["add", "--from", path, "--into", into, *drawn.choice(([], ["--dry-run"], ["--checked", "x"]))]
    if what == "with":
        return ["rate", drawn.choice(("dram_bandwidth", "peak_flops")), "--with", path]
    if what == "gap":
        return ["gap", path, str(CASES / "own-columns.csv")]
    if what == "timeline":
        return ["figures", "--data", path, "--format", "json", "--out", str(folder / "figures")]
    if what == "validate":
        return ["validate", path, *drawn.choice(([], ["--format", "json"]))]
    return [what, path, *drawn.choice(([], ["--format", "json"], ["--format", "csv"], ["--method", "huber"]))]


def _draw_file(drawn: random.Random) -> tuple[str, bytes, list[str]]:
    """Return the ending and the bytes of a file, right but for some changes, and what names its columns."""
    sources = [*sorted(CASES.iterdir())]
    columns: list[str] = []
    choice = drawn.random()
    if choice < 0.04:
        return ".csv", drawn.randbytes(drawn.randrange(300)), columns
    if choice < 0.2:
        suffix, text = drawn.choice(((".csv", CHIP), (".toml", TOML), (".csv", CHIP.replace(",", ";"))))
    else:
        source = drawn.choice(sources)
        suffix, text = source.suffix, source.read_text(encoding="utf-8")
        columns = COLUMNS.get(source.name, []) if drawn.random() < 0.9 else []
    for _ in range(drawn.choice((0, 0, 1, 1, 1, 2, 4))):
        text = _change(drawn, text)
    content = text.encode(drawn.choice(("utf-8",) * 8 + ("utf-16", "utf-8-sig", "cp1252")), "replace")
    if drawn.random() < 0.1:
        content = _damage(drawn, content)
    if drawn.random() < 0.08:
        content = drawn.choice((gzip.compress, bz2.compress, _zip))(content)
        content = _damage(drawn, content) if drawn.random() < 0.5 else content
        suffix += ".gz"
    return suffix, content, columns


def _change(drawn: random.Random, text: str) -> str:
    lines = text.splitlines()
    at = drawn.randrange(len(lines)) if lines else 0
    what = drawn.randrange(9)
    if not lines or what == 0:
        return text + drawn.choice(HOSTILE)
    if what == 1:
        lines.insert(at, drawn.choice(lines))
    elif what == 2:
        del lines[at]
    elif what in (3, 4, 5):
        cells = re.split(r"([,;\t ])", lines[at])
        cells[drawn.randrange(len(cells))] = drawn.choice(HOSTILE)
        lines[at] = "".join(cells)
    elif what == 6:
        mark = drawn.choice((";", "\t", "|", " "))
        lines = [line.replace(",", mark) for line in lines]
    elif what == 7:
        return json.dumps([{"date": str(2000 + n), "value": drawn.choice(HOSTILE)} for n in range(4)])
    else:
        place = drawn.randrange(len(text))
        return text[:place] + drawn.choice(HOSTILE) + text[place:]
    return drawn.choice(("\n", "\n", "\r\n", "\r")).join(lines) + "\n"


def _damage(drawn: random.Random, content: bytes) -> bytes:
    if not content:
        return b"\x00"
    place = drawn.randrange(len(content))
    return content[:place] + drawn.randbytes(drawn.randrange(5)) + content[place + drawn.randrange(9) :]


def _zip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("rows.csv", content)
    return buffer.getvalue()


def _commands() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found += [(f"{name} {each}", one) for each, one in inner.items()] if inner else [(name, command)]
    return found


def _draw_arguments(drawn: random.Random, command: Any, small: str, share: float) -> list[str]:
    """Return arguments of a command: some right, some hostile, some missing."""
    words: list[str] = []
    right = ("peak_flops", "dram_bandwidth", "memory_capacity", small, small)
    if command.name in ("workload", "roofline", "training-memory", "when-bound"):
        right = ("gpt2", "llama-3-8b", "bert-base", "gpt2-xl", "t5-large")
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name != "argument"]
    for _ in arguments:
        words.append(drawn.choice(right if drawn.random() < share else HOSTILE))
    for option in drawn.choices(options, k=drawn.choice((0, 1, 1, 2, 3))):
        if getattr(option, "is_flag", False):
            words.append(option.opts[0])
        elif option.name not in ("draws", "out"):
            words += [option.opts[0], drawn.choice(USUAL if drawn.random() < RIGHT / 2 else HOSTILE)]
    return words
