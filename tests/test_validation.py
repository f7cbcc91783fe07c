from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from memwall_trends.curation.rules import DOUBTS, RULES
from memwall_trends.curation.validation import CHECKED, validate
from memwall_trends.datasets import datasets_folder, list_series, load_table
from memwall_trends.datasets.overlay import overlay_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    CsvFile = Callable[[str | bytes], Path]

CHECKOUT = Path(__file__).parent.parent
CHIP = {
    "name": "Acme A1",
    "vendor": "Acme",
    "kind": "gpu",
    "date": "2024-06-01",
    "date_source": "acme-a1-datasheet",
    "source": "acme-a1-datasheet",
    "source_kind": "datasheet",
    "source_title": "A1",
    "source_url": "https://acme.example/a1",
    "locator": "page 2",
    "evidence": "read",
}
FLOPS = {**CHIP, "table": "peak_flops", "unit": "GFLOP/s", "engine": "matrix", "sparsity": "dense"}
DRAM = {**CHIP, "table": "dram_bandwidth", "unit": "GB/s", "memory": "HBM3"}
SIZE = {**CHIP, "table": "memory_capacity", "unit": "GB", "memory": "HBM3"}
LINK = {**CHIP, "table": "interconnect_bandwidth", "unit": "GB/s", "scope": "device"}
LANE = {**LINK, "kind": "link", "name": "Acme Link 2", "unit": "GT/s", "scope": "lane", "lanes": "1"}


def write(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, overlay_columns(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_the_shipped_tables_have_no_problem() -> None:
    problems = validate()
    assert problems.empty, problems.to_string()


def test_good_rows_have_no_problem(csv_file: CsvFile) -> None:
    rows = [
        {**FLOPS, "precision": "fp16", "value": "1e6"},
        {**FLOPS, "precision": "fp16", "value": "2e6", "sparsity": "structured"},
        {**FLOPS, "precision": "fp8", "value": "2e6"},
        {**DRAM, "value": "3350"},
        {**SIZE, "value": "80"},
        {**LINK, "value": "450", "family": "NVLink", "lanes": "36"},
        {**LANE, "value": "200", "family": "Acme"},
    ]
    problems = validate([csv_file(write(rows))])
    assert problems.empty, problems.to_string()


TRAPS: dict[str, tuple[list[dict[str, str]], str]] = {
    # compute
    "a sparse rate printed as if dense": (
        [{**FLOPS, "precision": "fp16", "value": "1e6"}, {**FLOPS, "precision": "fp8", "value": "4e6"}],
        "sparse-as-dense",
    ),
    "a sparse rate without the dense one": (
        [{**FLOPS, "precision": "fp16", "value": "2e6", "sparsity": "structured"}],
        "missing-dense",
    ),
    "a card of two FP16 rates that does not say which": (
        [{**FLOPS, "name": "NVIDIA GeForce RTX 9999", "precision": "fp16", "value": "1e6"}],
        "two-accumulations",
    ),
    "a class that there is not": (
        [{**SIZE, "value": "80", "product_class": "super-gpu"}],
        "undescribed-device",
    ),
    "a dense rate above the sparse one": (
        [
            {**FLOPS, "precision": "fp16", "value": "2e6"},
            {**FLOPS, "precision": "fp16", "value": "1e6", "sparsity": "structured"},
        ],
        "dense-above-sparse",
    ),
    "a column that mixes precisions": (
        [{**FLOPS, "precision": "fp16/fp8", "value": "1e6"}],
        "constraint-error",
    ),
    "no precision at all": ([{**FLOPS, "precision": "", "value": "1e6"}], "constraint-error"),
    "a superchip for one processor": ([{**DRAM, "name": "NVIDIA GB200", "value": "16000"}], "per-package"),
    "a system for one chip": (
        [{**FLOPS, "name": "Acme A1 4-way server", "precision": "fp16", "value": "4e6"}],
        "one-device",
    ),
    "a rate a thousand times too high": ([{**FLOPS, "precision": "fp16", "value": "1e9"}], "off-trend"),
    # memory
    "a double data rate counted twice": ([{**DRAM, "value": "10300"}], "bandwidth-ceiling"),
    "on-chip SRAM listed as DRAM": (
        [{**DRAM, "memory": "HBM3e", "value": "8000"}, {**SIZE, "memory": "HBM3e", "value": "0.23"}],
        "sram-as-dram",
    ),
    "variants merged": (
        [{**DRAM, "name": "NVIDIA A100 SXM4", "vendor": "NVIDIA", "value": "1555"}],
        "merged-variants",
    ),
    "a memory of no known kind": ([{**DRAM, "memory": "HBM9", "value": "3350"}], "constraint-error"),
    "GB for GiB": ([{**SIZE, "value": "85.89934592"}], "gibibytes"),
    "Gb/s for GB/s": ([{**DRAM, "memory": "HBM2e", "value": "200"}], "off-trend"),
    "TB/s for GB/s": ([{**DRAM, "value": "3.35"}], "off-trend"),
    # links
    "both directions counted": (
        [{**LINK, "value": "900", "family": "NVLink", "lanes": "36"}],
        "both-directions",
    ),
    "GT/s of a device": ([{**LINK, "value": "450", "unit": "GT/s", "family": "NVLink"}], "lane-or-device"),
    "sixteen lanes as one": ([{**LANE, "value": "64", "lanes": "16", "family": "PCIe"}], "lane-or-device"),
    "a generation that is no step": (
        [{**LANE, "name": "PCI Express 5.1", "value": "32", "family": "PCIe"}],
        "no-step",
    ),
    # dates
    "the same chip with two dates": (
        [{**DRAM, "value": "3350"}, {**SIZE, "value": "80", "date": "2024-09-01"}],
        "one-identity",
    ),
    "a chip of ours with another date": (
        [{**SIZE, "name": "AMD Instinct MI300X", "vendor": "AMD", "value": "192", "date": "2023-06-13"}],
        "one-identity",
    ),
    "a month swapped beyond the calendar": ([{**SIZE, "value": "80", "date": "2024-13-06"}], "type-error"),
    # everything
    "a near-duplicate name": (
        [{**SIZE, "name": "AMD INSTINCT MI-300X", "vendor": "AMD", "date": "2023-12-06", "value": "192"}],
        "near-duplicate",
    ),
    "a row carried forward to later years": (
        [{**SIZE, "value": "80"}, {**SIZE, "value": "80", "date": "2025-06-01"}],
        "primary-key",
    ),
    "a secondary page without the primary one": (
        [{**SIZE, "value": "80", "evidence": "quoted", "note": "seen somewhere"}],
        "quoted-through",
    ),
    "a computed value without its formula": (
        [{**SIZE, "value": "80", "evidence": "derived", "note": "from the stacks"}],
        "formula",
    ),
    "a database that does not say so": (
        [{**SIZE, "value": "80", "source_kind": "database"}],
        "database-only",
    ),
    "a source that nothing describes": ([{**SIZE, "value": "80", "source_url": ""}], "unknown-source"),
    "no source": ([{**SIZE, "value": "80", "source": ""}], "constraint-error"),
    "a number with a unit in it": ([{**SIZE, "value": "80 GB"}], "type-error"),
    "a value below zero": ([{**SIZE, "value": "-80"}], "constraint-error"),
    "a unit of another table": ([{**SIZE, "value": "80", "unit": "GiB"}], "constraint-error"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_known_trap_is_flagged(csv_file: CsvFile, trap: str) -> None:
    rows, rule = TRAPS[trap]
    path = csv_file(write(rows))
    problems = validate([path])
    assert rule in set(problems["rule"]), problems.to_string()
    (problem, *_) = problems[problems["rule"] == rule].to_dict(orient="records")
    assert problem["file"] == str(path)
    assert 2 <= problem["row"] <= len(rows) + 1
    assert problem["problem"]


def test_contributing_says_what_each_rule_asks_for() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(RULES) <= set(re.findall(r"^\| `([a-z-]+)` \|", text, flags=re.MULTILINE))


def test_every_rule_has_a_trap_that_it_catches() -> None:
    assert set(RULES) <= {rule for _, rule in TRAPS.values()}


@pytest.mark.parametrize("trap", [trap for trap, (_, rule) in TRAPS.items() if rule in DOUBTS])
def test_a_note_of_how_it_was_checked_settles_a_doubt(csv_file: CsvFile, trap: str) -> None:
    rows, rule = TRAPS[trap]
    noted = [{**row, "note": f"{CHECKED} the datasheet says so"} for row in rows]
    assert rule not in set(validate([csv_file(write(noted))])["rule"])


@pytest.mark.parametrize("trap", [trap for trap, (_, rule) in TRAPS.items() if rule in set(RULES) - DOUBTS])
def test_a_note_does_not_settle_what_is_wrong(csv_file: CsvFile, trap: str) -> None:
    rows, rule = TRAPS[trap]
    noted = [{**row, "note": f"{row.get('note', '')} {CHECKED} sure"} for row in rows]
    assert rule in set(validate([csv_file(write(noted))])["rule"])


def test_only_a_users_rows_are_reported_not_ours(csv_file: CsvFile) -> None:
    path = csv_file(write([{**SIZE, "name": "AMD Instinct MI300X", "vendor": "ATI", "value": "192"}]))
    problems = validate([path])
    assert set(problems["file"]) == {str(path)}


def test_a_users_row_is_checked_in_the_place_of_ours(csv_file: CsvFile) -> None:
    (ours,) = load_table("dram_bandwidth").query("name == 'AMD Instinct MI300X'").to_dict(orient="records")
    row = {str(key): str(cell) for key, cell in ours.items()}
    row = {column: cell for column, cell in row.items() if column in overlay_columns()}
    row |= {"date": "2023-12-06", "table": "dram_bandwidth"}
    assert validate([csv_file(write([{**row, "value": "5300"}]))]).empty


def test_a_copy_of_a_shipped_table_is_checked_as_such(tmp_path: Path) -> None:
    path = tmp_path / "copy.csv"
    shutil.copy(datasets_folder() / "memory_capacity.csv", path)
    assert validate([path]).empty
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[4] = lines[4].replace(",GB,", ",GiB,", 1)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (problem,) = validate([path]).to_dict(orient="records")
    assert (problem["row"], problem["column"], problem["rule"]) == (5, "unit", "constraint-error")


def test_several_files_are_checked_against_each_other(tmp_path: Path) -> None:
    for name, date in (("a.csv", "2024-06-01"), ("b.csv", "2024-07-01")):
        table = DRAM if name == "a.csv" else SIZE
        (tmp_path / name).write_text(write([{**table, "value": "80", "memory": "GDDR6", "date": date}]))
    problems = validate([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert "one-identity" in set(problems["rule"])


@pytest.mark.parametrize(
    ("content", "row", "problem"),
    [
        (b"", None, "the file is empty"),
        (b"name,value\nA,1\n", 1, "no column 'table'"),
        (b"table,name\nram,A\n", 1, "no column 'date'"),
        (b"table,name,date,value,unit\nram,A,2020,1,GB\n", 2, "'ram'; expected one of peak_flops"),
        (b"table,name,date,value,unit\n\xff\n", 2, "1 cells where the header has 5"),
        (b"table,name,date,value,unit\nmodel_size,A\n", 2, "2 cells where the header has 5"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem_not_an_error(
    csv_file: CsvFile, content: bytes, row: int | None, problem: str
) -> None:
    path = csv_file(content)
    (found,) = validate([path]).to_dict(orient="records")
    assert (found["file"], found["rule"]) == (str(path), "unreadable")
    assert found["row"] == row if row else pd.isna(found["row"])
    assert problem in found["problem"]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = validate([tmp_path / "none.csv"]).to_dict(orient="records")
    assert "No such file" in problem["problem"]


# The shipped tables when they are damaged


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the datasets to where they can be damaged, and take them for the shipped ones."""
    folder = tmp_path / "datasets"
    shutil.copytree(datasets_folder(), folder)
    for module in ("memwall_trends.datasets.registry", "memwall_trends.curation.validation"):
        monkeypatch.setattr(f"{module}.datasets_folder", lambda: folder)
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_changed_frozen_file_is_a_problem(damaged: Path) -> None:
    replace(damaged / "gholami2024" / "peak_flops.csv", ",0.339,", ",0.390,")
    (problem,) = validate().to_dict(orient="records")
    assert (problem["file"], problem["rule"]) == ("gholami2024/peak_flops.csv", "frozen-file")


def test_a_source_that_is_missing_is_a_problem(damaged: Path) -> None:
    replace(damaged / "sources.csv", "\nvaswani2017,", "\nvaswani,")
    problems = validate()
    assert set(problems["rule"]) == {"unknown-source"}
    assert {"model_size.csv"} <= set(problems["file"])


def test_an_address_that_was_filled_down_is_a_problem(damaged: Path) -> None:
    with (damaged / "sources.csv").open("a", encoding="utf-8") as file:
        for number in range(3):
            file.write(f"x{number},press,One page,,Acme,,https://acme.example/page-{number},,,\n")
    problems = validate()
    assert problems["rule"].tolist() == ["fill-down"] * 3
    assert problems["column"].tolist() == ["url"] * 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("dram_bandwidth.csv", "AMD Instinct MI300X,", "AMD Instinct MI300X,,"),
        ("dram_bandwidth.csv", "AMD Instinct MI300X,", "AMD \udcff,"),
        ("interconnect_bandwidth.csv", ",device,36,", ",device,many,"),
        ("sources.csv", "source,kind", "source,sort"),
        ("sources.csv", "source,kind", '"source,kind'),
    ],
)
def test_damage_by_hand_is_a_problem_not_an_error(damaged: Path, file: str, old: str, new: str) -> None:
    path = damaged / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("utf-8", "surrogateescape"))
    assert file in set(validate()["file"])


@pytest.mark.slow
@pytest.mark.parametrize("file", ["dram_bandwidth.csv", "sources.csv", "gholami2024/peak_flops.csv"])
def test_a_file_that_is_gone_is_a_problem(damaged: Path, file: str) -> None:
    (damaged / file).unlink()
    (problem, *_) = validate().query("file == @file").to_dict(orient="records")
    assert problem["rule"] == "unreadable"
    assert "No such file" in problem["problem"]


@pytest.mark.parametrize("name", ["sources.csv", "claims.csv"])
def test_a_copy_of_a_table_that_is_no_series_is_checked_too(name: str) -> None:
    assert validate([datasets_folder() / name]).empty


@pytest.mark.parametrize("lanes", ["four", "1e400", "0"])
def test_lanes_that_are_none_are_a_problem(csv_file: CsvFile, lanes: str) -> None:
    row = {**LINK, "value": "450", "family": "NVLink", "lanes": lanes}
    assert "lanes" in set(validate([csv_file(write([row]))])["column"])


def test_a_date_source_is_described_as_a_source_is(csv_file: CsvFile) -> None:
    problems = validate([csv_file(write([{**SIZE, "value": "80", "date_source": "elsewhere"}]))])
    assert problems[["column", "rule"]].to_numpy().tolist() == [["date_source", "unknown-source"]]


def test_rows_out_of_order_are_a_problem(damaged: Path) -> None:
    path = damaged / "memory_capacity.csv"
    header, first, second, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([header, *rest, first, second]), encoding="utf-8")
    problems = validate()
    assert set(problems["rule"]) == {"unsorted"}


def test_each_shipped_doubt_was_settled_by_a_note() -> None:
    notes = pd.concat([load_table(name)["note"] for name in list_series()])
    settled = notes[notes.str.contains(CHECKED)]
    assert 0 < len(settled) < 60
    assert settled.str.contains(rf"{CHECKED} \S+ \S+").all()


# Any bytes


CELLS = st.sampled_from(
    [
        *[
            "peak_flops",
            "dram_bandwidth",
            "interconnect_bandwidth",
            "model_size",
            "",
            "NaN",
            "1e400",
            "-1",
            "0",
        ],
        *[
            "Acme A1",
            "AMD Instinct MI300X",
            "2024-06-01",
            "0000-00-00",
            "9999-12-31",
            "1677-01-01",
            "80",
            "GB",
        ],
        *[
            "GB/s",
            "lane",
            "device",
            "NVLink",
            "quoted",
            "derived",
            "via x",
            "=cmd|' /C calc'!A0",
            "\x00",
            "٣",
        ],
    ]
)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.lists(st.lists(CELLS, min_size=23, max_size=23), min_size=1, max_size=4).map(
            lambda rows: write([dict(zip(overlay_columns(), row, strict=False)) for row in rows]).encode()
        ),
    )
)
@example(content=b"table,name,date,value,unit\nmodel_size,A,0001-01-01,1e-320,parameters\n")
def test_any_bytes_give_problems_or_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_bytes(content)
    problems = validate([path])
    assert problems.columns.tolist() == ["file", "row", "column", "rule", "problem"]
