"""Compare what the commands of two checkouts print as JSON.

``python -m tests.compare_checkouts BEFORE AFTER``: each command runs in a process of its own, with the
package of the one checkout and then of the other.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHIP = """table,name,vendor,kind,date,value,unit,precision,engine,sparsity,memory
peak_flops,Acme A1,Acme,accelerator,2026-06-01,2500000,GFLOP/s,bf16,matrix,dense,
dram_bandwidth,Acme A1,Acme,accelerator,2026-06-01,8000,GB/s,,,,HBM3e
"""
OWN_FILE = "date,gb_s,vendor\n" + "".join(
    f"{year},{2 ** (year - 2000)},V{year % 3}\n" for year in range(2000, 2014)
)
COMMANDS = """
reproduce
reproduce --level 0.9
reproduce --per 20
reproduce --since 2010 --precision fp64
reproduce --kind gpu --with my-chips.csv
rate peak_flops
rate peak_flops --since 2010 --kind gpu
rate peak_flops --frontier
rate peak_flops --vendor NVIDIA --vendor AMD --precision fp32
rate peak_flops --where engine=matrix --where kind!=cpu
rate peak_flops --dataset gholami2024 --method theil-sen
rate peak_flops --method huber --bootstrap pairs --draws 200
rate peak_flops --method quantile --quantile 0.9
rate peak_flops --method wls --weights vendor
rate dram_bandwidth
rate dram_bandwidth --since 2015
rate dram_bandwidth --se cluster
rate dram_bandwidth --se hc3 --per 1 --level 0.8
rate dram_bandwidth --with my-chips.csv --kind accelerator
rate dram_bandwidth --where memory=HBM2 --where memory=HBM2e
rate interconnect_bandwidth --scope device
rate interconnect_bandwidth --where family=PCIe
rate memory_capacity --until 2020-06
rate model_size --dataset gholami2024
rate training_compute
rate own.csv --value-column gb_s
rate own.csv --value-column gb_s --bootstrap cluster --interval bca --draws 300
gap peak_flops dram_bandwidth --at 2030
gap peak_flops dram_bandwidth --at 2030 --reach 1000
gap peak_flops dram_bandwidth --dataset gholami2024 --at 2025
gap peak_flops dram_bandwidth --way ratio --kind gpu
gap peak_flops dram_bandwidth --way bootstrap --draws 200 --precision fp64
gap peak_flops memory_capacity --with my-chips.csv
gap dram_bandwidth interconnect_bandwidth --scope lane
stability dram_bandwidth
stability peak_flops --since 2000
stability own.csv --window 5 --since 2001
backtest dram_bandwidth
backtest peak_flops --frontier
sensitivity interconnect_bandwidth
sensitivity dram_bandwidth --method ols --since 2005
claims
claims --series dram_bandwidth
claims --source hobbhahn2023 --with my-chips.csv
workload llama-3-8b
workload bert-base --sequence-length 512 --bytes 1
roofline gpt2 --device "NVIDIA H100 SXM5"
roofline llama-3-8b --device "NVIDIA A100 SXM4 80GB" --batch-size 16 --levers --devices 2
roofline --device "Google TPU v4" --precision bf16
when-bound gpt2
when-bound gpt2 --phase decode --since 2010 --kind gpu --batch-size 8
training-memory gpt2-xl
training-memory llama-3-8b --zero 3 --devices 8
data list
data sources
data show dram_bandwidth --since 2024
data show peak_flops --where vendor=Google
data show claims
figures --list
cite dram_bandwidth --since 2015
rate peak_flop
rate peak_flops --vendor nobody
rate peak_flops --since 2030
gap peak_flops peak_flop
"""
"""Of README, the help and the tests; the last ones are mistakes, whose messages are compared."""
NO_JSON = ("cite",)


def compare(before: Path, after: Path) -> list[str]:
    """Return a line for each command whose exit code, result or message differs."""
    commands = COMMANDS.strip().splitlines()
    with TemporaryDirectory() as name, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        folder = Path(name)
        (folder / "my-chips.csv").write_text(CHIP, encoding="utf-8")
        (folder / "own.csv").write_text(OWN_FILE, encoding="utf-8")
        old, new = (
            list(pool.map(lambda command, checkout=checkout: run(command, checkout, folder), commands))
            for checkout in (before, after)
        )
    return [
        f"{command}: {describe(first, second)}"
        for command, first, second in zip(commands, old, new, strict=True)
        if first != second
    ]


def run(command: str, checkout: Path, folder: Path) -> tuple[int, Any, str]:
    """Return the exit code of a command, what it printed as JSON, and its messages."""
    words = shlex.split(command)
    as_json = [] if words[0] in NO_JSON else ["--format", "json"]
    ended = subprocess.run(
        [sys.executable, "-m", "memwall_trends", *words, *as_json],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        printed = json.loads(ended.stdout)
    except ValueError:
        printed = ended.stdout
    return ended.returncode, printed, ended.stderr


def describe(first: Any, second: Any, where: str = "result") -> str:
    """Return where two results differ first."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        pairs = [(f"{where}.{key}", first[key], second[key]) for key in first]
    elif isinstance(first, list | tuple) and isinstance(second, list | tuple) and len(first) == len(second):
        pairs = [(f"{where}[{at}]", *pair) for at, pair in enumerate(zip(first, second, strict=True))]
    else:
        return f"{where}: {str(first)[:300]} became {str(second)[:300]}"
    return next(describe(one, other, at) for at, one, other in pairs if one != other)


def main() -> None:
    """Print what differs and end with 1 if anything does."""
    before, after = map(Path, sys.argv[1:3])
    differing = compare(before, after)
    print(f"{len(COMMANDS.strip().splitlines())} commands, {len(differing)} differ")
    for line in differing:
        print(line)
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
