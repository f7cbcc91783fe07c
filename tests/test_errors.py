from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]
    Run = Callable[..., Any]

EXTRA = ("frictionless", "pyarrow")
"""What only an extra installs."""


def test_message_names_the_known_ones_and_a_close_one() -> None:
    message = str(unknown("series", "dram_bandwith", ["peak_flops", "dram_bandwidth"]))
    assert message == (
        "unknown series 'dram_bandwith'; did you mean 'dram_bandwidth'? Known: peak_flops, dram_bandwidth"
    )


def test_message_makes_no_guess_where_nothing_is_close() -> None:
    assert str(unknown("figure", "zzz", ["hw-scaling"])) == "unknown figure 'zzz'. Known: hw-scaling"


# What only an extra installs


def run_bare(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command where nothing is installed that only an extra installs."""
    hidden = "".join(f"sys.modules[{module!r}] = None; " for module in EXTRA)
    code = f"import sys; {hidden}sys.argv[1:] = {command}; from memwall_trends.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=folder
    )


def test_what_is_not_installed_is_named_with_its_extra(
    run: Run, csv_file: CsvFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    chips = csv_file("table,name,date,value,unit\ndram_bandwidth,Acme A1,2026-06-01,9000,GB/s\n")
    monkeypatch.setitem(sys.modules, "frictionless", None)
    assert run("validate", str(chips)).err == (
        "error: to check rows takes frictionless, which is not installed: "
        "pip install 'memwall-trends[curation]'\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("purpose", "command"),
    [
        ("write Parquet", "data export peak_flops --out new.parquet"),
        ("read Parquet", "rate chips.parquet"),
        ("decompress zstd", "rate chips.csv.zst"),
    ],
)
def test_parquet_and_zstd_take_pyarrow(purpose: str, command: str, tmp_path: Path) -> None:
    (tmp_path / "chips.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    (tmp_path / "chips.parquet").write_bytes(b"PAR1    PAR1")
    ended = run_bare(*command.split(), folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (
        2,
        f"error: to {purpose} takes pyarrow, which is not installed: pip install 'memwall-trends[parquet]'\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["reproduce", "rate peak_flops --by kind", "figures hw-scaling", "explore", "cite model_size"]
)
def test_the_main_job_takes_no_extra(command: str, tmp_path: Path) -> None:
    assert run_bare(*command.split(), folder=tmp_path).returncode == 0
