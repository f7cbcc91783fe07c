"""What reaches a terminal, whatever data says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]
    Run = Callable[..., Any]

EVIL = "Acme\x1b[2J\x9b1mA\u202eB\u2066C"
ROWS = (
    "table,name,vendor,kind,date,value,unit,memory\n"
    f"dram_bandwidth,{EVIL},{EVIL},gpu,2026-06-01,9000,GB/s,HBM4\n"
)
SHOW = ["data", "show", "dram_bandwidth", "--where", "value=9000", "--with"]


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown", "latex"])
def test_no_format_hands_control_characters_on(run: Run, csv_file: CsvFile, format_: str) -> None:
    result = run(*SHOW, str(csv_file(ROWS)), "--format", format_)
    assert result.code == 0, result.err
    assert printable(result.out) == result.out
    assert "Acme" in result.out
    if format_ == "json":
        assert json.loads(result.out)[0]["name"] == EVIL


def test_no_message_hands_control_characters_on(run: Run, csv_file: CsvFile) -> None:
    for content in (f"date,value\n2010,{EVIL}\n", f"date,{EVIL}\n2010,1\n", ROWS.replace("9000", EVIL)):
        path = csv_file(content)
        for command in (["rate", str(path)], ["rate", "dram_bandwidth", "--with", str(path)]):
            result = run(*command)
            assert result.code == 2
            assert printable(result.err) == result.err


def test_a_name_of_letters_stays_as_it_is() -> None:
    assert printable("Größe Ω 芯片 é\n") == "Größe Ω 芯片 é\n"


def test_a_long_path_is_a_message(run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / ("a" * 300 + ".csv"))
    value = ["add", "dram_bandwidth", "8 TB/s", "--name", "A", "--source", "s", "--into", path]
    for command in (["rate", path], ["rate", "peak_flops", "--with", path], value, ["add", "--from", path]):
        result = run(*command)
        assert result.code == 2
        assert "File name too long" in result.err


@pytest.mark.skipif(os.name != "posix", reason="pipes are closed otherwise there")
@pytest.mark.parametrize("variables", [{}, {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}, {"COLUMNS": "10"}])
def test_a_closed_pipe_no_home_and_small_terminals_give_no_traceback(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-m", "memwall_trends", "data", "show", "peak_flops"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**kept, **variables},
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        told = process.stderr.read()
    assert b"Traceback" not in told
    assert list(tmp_path.iterdir()) == []
