"""20,000 inputs of the seeded fuzzer; `make test-all` prints what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzzing import Counts, run_arguments, run_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES, ARGUMENTS = 14_000, 6_000
PARTS = 40
"""So many tests share the inputs, and the cores that run them."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def check(counts: Counts, kind: str, record_property: Callable[[str, object], None]) -> None:
    record_property("fuzzed", {"kind": kind, "seed": counts.seed, "ended": dict(counts.ended)})
    assert counts.faults == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(PARTS))
def test_any_file_gives_a_result_or_a_message(
    part: int, tmp_path: Path, fuzz_seed: int, record_property: Callable[[str, object], None]
) -> None:
    check(run_files(fuzz_seed + part, FILES // PARTS, tmp_path), "files", record_property)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(PARTS))
def test_any_arguments_give_a_result_or_a_message(
    part: int, tmp_path: Path, fuzz_seed: int, record_property: Callable[[str, object], None]
) -> None:
    check(run_arguments(fuzz_seed + part, ARGUMENTS // PARTS, tmp_path), "arguments", record_property)


@pytest.mark.filterwarnings("ignore")
def test_a_few_inputs_of_each_kind(tmp_path: Path, fuzz_seed: int) -> None:
    assert run_files(fuzz_seed, 20, tmp_path).faults == []
    assert run_arguments(fuzz_seed, 20, tmp_path).faults == []


def test_a_seed_gives_the_same_inputs(tmp_path: Path) -> None:
    first, second = (run_files(7, 5, tmp_path).ended for _ in range(2))
    assert first == second
