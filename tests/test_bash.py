from __future__ import annotations

import os
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

from memwall_trends.cli.bash import join_words, quote

SET_UP = """bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'
eval "$(memwall-trends --show-completion bash)"
echo rea''dy
"""
LIMIT_SECONDS = 30
SCRIPTS = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        (["m", "--where", "memory", "=", "HBM"], ["m", "--where", "memory=HBM"]),
        (["m", "--where", "memory!", "="], ["m", "--where", "memory!="]),
        (["m", "--where", "=", "memory", "=", "HBM"], ["m", "--where=memory=HBM"]),
        (["m", "rate", ""], ["m", "rate", ""]),
        (["m", "'a = b'", ""], ["m", "'a = b'", ""]),
    ],
)
def test_words_are_joined_where_bash_parts_them(words: list[str], joined: list[str]) -> None:
    assert join_words(words) == joined


@pytest.mark.parametrize(
    ("name", "typed", "word", "quoted"),
    [
        ("NVIDIA H100 SXM5", "NV", "NV", r"NVIDIA\ H100\ SXM5"),
        ("NVIDIA H100 SXM5", '"NVIDIA H', '"NVIDIA H', "NVIDIA H100 SXM5"),
        ("Intel Xeon (800 MHz bus)", "", "", r"Intel\ Xeon\ \(800\ MHz\ bus\)"),
        ("memory=HBM3e", "HBM", "memory=HBM", "HBM3e"),
        ("memory=HBM3e", "=", "memory=", "HBM3e"),
        ("memory=HBM3e", "'memory=H", "'memory=H", "memory=HBM3e"),
        ("memory=HBM3e", "HB", "--where=memory=HB", "HBM3e"),
        ("NVIDIA", "NV", "--vendor=NV", "NVIDIA"),
        ("--vendor", "--ven", "--ven", "--vendor"),
    ],
)
def test_an_answer_is_quoted_as_the_word_is(name: str, typed: str, word: str, quoted: str) -> None:
    assert quote(name, typed, word) == quoted


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (r"roofline gpt2 --device NVIDIA\ H100\ S", r"NVIDIA\ H100\ SXM5 "),
        ('roofline gpt2 --device "NVIDIA H100 S', '"NVIDIA H100 SXM5" '),
        ("rate dram_bandwidth --where memory=HBM3e", "memory=HBM3e "),
        ("rate dram_bandwidth --where memory!=SR", "memory!=SRAM "),
        ("rate dram_bandwidth --vendor=NV", "--vendor=NVIDIA "),
        ("figures spec", "figures specification-curve "),
    ],
)
def test_bash_completes_a_line(typed: str, completed: str) -> None:
    assert completed in type_in_bash(f"memwall-trends {typed}\t", completed)


def type_in_bash(line: str, expected: str) -> str:
    """Return what an interactive bash shows of a line that is typed, once it shows what is expected."""
    import pty

    process, terminal = pty.fork()
    if not process:
        path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
        os.environ |= {"PS1": "$ ", "TERM": "dumb", "COLUMNS": "200", "PATH": path}
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    try:
        os.write(terminal, SET_UP.encode())
        _read_until(terminal, "ready")
        os.write(terminal, line.encode())
        return _read_until(terminal, expected)
    finally:
        os.close(terminal)
        os.waitpid(process, 0)


def _read_until(terminal: int, expected: str) -> str:
    shown, end = "", time.monotonic() + LIMIT_SECONDS
    while expected not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096).decode()
    return shown
