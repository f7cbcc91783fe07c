from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from memwall_trends import defaults
from memwall_trends.cli import completion
from memwall_trends.cli.app import app
from memwall_trends.cli.completion import COMPLETED, Line, completes
from memwall_trends.datasets import list_datasets, list_series, list_tables, load_table
from memwall_trends.figures import FIGURES
from memwall_trends.workloads import list_networks, list_transformers

if TYPE_CHECKING:
    from collections.abc import Callable

    Complete = Callable[..., list[str]]


@pytest.fixture
def complete() -> Complete:
    """Complete the last of the words, by the protocol of a shell that quotes for itself."""

    def ask(*words: str) -> list[str]:
        line = "memwall-trends " + " ".join(f"'{word}'" if " " in word else word for word in words)
        asked = {"_MEMWALL_TRENDS_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        result = CliRunner().invoke(
            app, prog_name="memwall-trends", env={**asked, "_TYPER_COMPLETE_ARGS": line}
        )
        assert result.exit_code == 0
        return [each.partition("\t")[0] for each in result.output.splitlines() if each]

    return ask


# What is completed


def test_series_and_tables(complete: Complete) -> None:
    assert complete("rate", "") == list_series()
    assert complete("gap", "peak_flops", "dram_") == ["dram_bandwidth", "dram_latency"]
    assert complete("rate", "x", "--dataset", "") == list_datasets()
    assert complete("rate", "--dataset", "gholami2024", "mo") == ["model_size"]
    assert complete("claims", "--series", "mem") == ["memory_capacity"]
    assert complete("data", "show", "") == list(dict.fromkeys(table.name for table in list_tables()))


@pytest.mark.parametrize("column", ["vendor", "kind", "segment", "product_class", "architecture"])
def test_what_a_device_is(complete: Complete, column: str) -> None:
    option = {"product_class": "--class"}.get(column, f"--{column}")
    assert complete("data", "show", "devices", option, "") == sorted(
        set(load_table("devices")[column]) - {""}
    )


def test_of_a_series_only_what_it_has(complete: Complete) -> None:
    assert complete("rate", "model_size", "--kind", "") == sorted(set(load_table("model_size")["kind"]))
    assert "link" not in complete("rate", "peak_flops", "--kind", "")


def test_devices_and_models(complete: Complete) -> None:
    assert complete("roofline", "gpt2", "--device", "NVIDIA H100 S") == ["NVIDIA H100 SXM5"]
    assert complete("roofline", "gpt2", "--devices", "") == []
    assert complete("workload", "") == sorted(list_transformers())
    assert complete("network", "") == sorted(list_networks())


def test_figures_with_their_formats_and_sizes(complete: Complete) -> None:
    assert complete("figures", "") == list(FIGURES)
    assert complete("figures", "--format", "") == list(defaults.FIGURE_FORMATS)
    assert complete("figures", "--size", "") == ["column", "page", "slide"]
    assert complete("rate", "--format", "") == ["table", "json", "csv", "markdown", "latex"]


def test_columns_and_values_of_a_condition(complete: Complete) -> None:
    columns = complete("rate", "dram_bandwidth", "--where", "")
    assert {"memory=", "vendor=", "segment="} <= set(columns)
    assert complete("rate", "dram_bandwidth", "--where", "memory=HBM3") == ["memory=HBM3", "memory=HBM3e"]
    assert complete("rate", "dram_bandwidth", "--where", "memory!=SR") == ["memory!=SRAM"]
    assert complete("rate", "dram_bandwidth", "--where", "mem") == complete(
        "rate", "dram_bandwidth", "--where", "memory="
    )
    assert "memory=" not in complete("rate", "peak_flops", "--where", "")
    assert "architecture" in complete("rate", "peak_flops", "--by", "")


def test_what_precision_means_to_a_command(complete: Complete) -> None:
    policies = ["best16", "fp64", "fp32", "fp16", "fp8", "fp4", "fastest"]
    assert complete("rate", "peak_flops", "--precision", "") == policies
    assert complete("training-memory", "gpt2", "--precision", "") == ["fp32", "mixed"]
    assert {"fastest", "int8", "tf32"} <= set(complete("roofline", "gpt2", "--precision", ""))
    assert "best16" not in complete("add", "peak_flops", "--precision", "")
    assert complete("add", "peak_flops", "--engine", "") == ["matrix", "vector"]


def test_claims_and_sources(complete: Complete) -> None:
    assert set(complete("claims", "--source", "")) == set(load_table("claims")["source"])
    assert set(complete("add", "--source", "")) == set(load_table("sources")["source"])
    claims = COMPLETED["claim"](Line("claims", {}))
    assert list(claims) == sorted(load_table("claims")["claim"])


def test_a_file_has_no_names_of_ours_but_those_of_devices(complete: Complete) -> None:
    assert complete("rate", "chips.csv", "--vendor", "NV") == ["NVIDIA"]
    assert complete("rate", "chips.c") == []


def test_numbers_and_paths_are_left_to_the_shell() -> None:
    assert completes("devices", int) is None
    assert completes("series", Path) is None
    assert completes("since", str) is None


def test_nothing_is_said_where_nothing_can_be_read(
    complete: Complete, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("memwall_trends.datasets.registry.datasets_folder", lambda: tmp_path)
    assert complete("rate", "") == []


# Names read from the code are those that it has


def test_names_read_from_the_code_are_those_of_its_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, str]] = []

    def note(path: str, registry: str) -> list[str]:
        read.append((path, registry))
        return []

    monkeypatch.setattr(completion, "read_names", note)
    for find in COMPLETED.values():
        for command in ("rate", "training-memory"):
            list(find(Line(command, {"device": None})))
    monkeypatch.undo()
    assert len(set(read)) > 15
    for path, registry in set(read):
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        known = getattr(import_module(f"memwall_trends.{module}"), registry)
        assert completion.read_names(path, registry) == list(known)


def test_the_shell_waits_for_no_heavy_library() -> None:
    code = (
        "import sys; from memwall_trends.cli import completion as c;"
        "[list(find(c.Line('rate', {}))) for find in c.COMPLETED.values()];"
        "print([name for name in ('pandas', 'numpy', 'scipy', 'altair') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


# Its installation


def test_completion_is_installed_for_bash(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "memwall_trends", "--install-completion", "bash"],
        env={**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "bash completion installed" in done.stdout
    assert "complete_bash" in next((tmp_path / ".bash_completions").iterdir()).read_text()
