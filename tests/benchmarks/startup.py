"""Commands against the bare imports of the libraries that they rest on."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.pairs import Comparison, run_in_turn
from tests.benchmarks.sizes import Size, ours, python

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAINST = "import pandas, statsmodels.api, altair"
COMMANDS = ("--help", "rate peak_flops", "reproduce", "validate")
LONG = (
    "",
    "gap peak_flops dram_bandwidth",
    "claims",
    "add --from {chip} --into {folder}/new.csv --dry-run",
    "figures hw-scaling --out {folder}",
    "stability peak_flops",
    "roofline gpt2 --device H100",
    "explore --out {folder}/explore.html",
    "sensitivity peak_flops",
)
CHIP = """
name = "Acme A1"
vendor = "Acme"
kind = "accelerator"
date = 2026-06-01
source = "https://acme.example/a1-datasheet.pdf"
locator = "page 2"
[[values]]
table = "dram_bandwidth"
value = "8 TB/s"
memory = "HBM3e"
"""


def measure(size: Size) -> Iterator[Comparison]:
    """Yield each command against the imports."""
    with tempfile.TemporaryDirectory() as folder:
        chip = Path(folder) / "chip.toml"
        chip.write_text(CHIP, encoding="utf-8")
        commands = {
            command: ours(*(word.format(chip=chip, folder=folder) for word in command.split()))
            for command in (*COMMANDS, *(LONG if size.long else ()))
        }
        taken = run_in_turn({AGAINST: python(AGAINST), **commands}, size.runs)
    for command in commands:
        if command in taken:
            shown = re.sub(r" --\w+ \{.*", "", command) or "(no command)"
            yield Comparison(shown, AGAINST, taken[command], taken[AGAINST])
