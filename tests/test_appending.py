from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from memwall_trends.datasets import datasets_folder, find_table, list_fillable, load_table
from memwall_trends.datasets.appending import append_to_file, append_to_tables, finish_adding
from memwall_trends.datasets.overlay import overlay_columns, read_overlay
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

SIZE = {
    "table": "memory_capacity",
    "vendor": "Acme",
    "kind": "gpu",
    "segment": "server",
    "product_class": "compute-gpu",
    "architecture": "Acme A",
    "date": "2026-06-01",
    "date_source": "acme",
    "value": "80",
    "unit": "GB",
    "source": "acme",
    "locator": "page 2",
    "evidence": "read",
}
SOURCE = {
    "source_kind": "datasheet",
    "source_title": "A1, the datasheet",
    "source_publisher": "Acme",
    "source_url": "https://acme.example/a1",
}


def rows(*names: str, **cells: str) -> pd.DataFrame:
    return pd.DataFrame([{**SIZE, "name": name, **cells} for name in names])


def names_in(path: Path) -> list[str]:
    return [str(name) for name in read_overlay(path)[0]["name"]]


# A file of the user's


def test_a_new_file_has_all_columns_and_the_row(tmp_path: Path) -> None:
    path = tmp_path / "new" / "mine.csv"
    append_to_file(rows("A", note='with a comma, a "quote" and ü'), path)
    header, row = path.read_text(encoding="utf-8").splitlines()
    assert header.split(",") == overlay_columns()
    frame, lines = read_overlay(path)
    assert frame.loc[0, "note"] == 'with a comma, a "quote" and ü'
    assert list(lines) == [2]
    assert row.startswith("memory_capacity,A,Acme,gpu,2026-06-01,")
    # No lock stays beside it.
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_a_file_holds_stays_as_it_is(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "mine.csv"
    columns = ["remark", *SIZE, "name"]
    held = newline.join([",".join(columns), '"mine, all mine",' + ",".join(SIZE.values()) + ",  A "])
    path.write_bytes(b"\xef\xbb\xbf" + held.encode())
    path.chmod(0o640)
    append_to_file(rows("B"), path)
    content = path.read_bytes().decode()
    assert content.startswith("\ufeff" + held + newline)
    assert content.endswith(f",B{newline}")
    assert names_in(path) == ["A", "B"]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "mine.csv", tmp_path / "link.csv"
    append_to_file(rows("A"), path)
    link.symlink_to(path)
    append_to_file(rows("B"), link)
    assert link.is_symlink()
    assert names_in(path) == ["A", "B"]


def test_a_row_that_is_there_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    append_to_file(rows("A"), path)
    before = path.read_bytes()
    for again in (rows("B", "A"), rows("C", "C")):
        with pytest.raises(MemwallError, match=r"mine.csv: memory_capacity [AC] is there already"):
            append_to_file(again, path)
    assert path.read_bytes() == before
    append_to_file(rows("A", table="dram_bandwidth", unit="GB/s"), path)
    assert names_in(path) == ["A", "A"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,gb\nA,1\n", "no column 'table' in the header"),
        (b"table,name,date,value,unit\nmemory_capacity,A,2020,1\n", "row 2: 4 cells where the header has 5"),
        (b"table,name,date,value,unit\nmemory_capacity,A,2020,1,GB\n", "the header lacks 'vendor', 'kind'"),
        (b"table;name;date;value;unit\nmodel_size;A;2020;1;parameters\n", "separated by commas in UTF-8"),
        (
            "table,name,date,value,unit\nmodel_size,A,2020,1,B\n".encode("utf-16"),
            "separated by commas in UTF-8",
        ),
    ],
)
def test_a_file_that_rows_do_not_fit_is_left_alone(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(MemwallError, match=message):
        append_to_file(rows("B"), path)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MemwallError, match=r"mine.csv: cannot be written"):
        append_to_file(rows("A"), tmp_path / "file" / "mine.csv")


def test_a_half_written_file_beside_it_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    append_to_file(rows("A"), path)
    (tmp_path / ".mine.csv.new").write_bytes(b"table,name\nmemory_cap")
    append_to_file(rows("B"), path)
    assert names_in(path) == ["A", "B"]


# Several at once, and some killed


def add_many(path: Path, acknowledged: Path, worker: int, count: int, started: Event) -> None:
    """Append one row after the other; write down each that is in."""
    with acknowledged.open("w") as log:
        for number in range(count):
            append_to_file(rows(f"chip {worker}-{number}"), path)
            log.write(f"chip {worker}-{number}\n")
            log.flush()
            if number:
                started.set()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system cannot kill a process")
def test_nothing_is_lost_when_eight_append_and_some_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    context = multiprocessing.get_context("spawn")
    logs = [tmp_path / f"acknowledged-{worker}" for worker in range(8)]
    started = [context.Event() for _ in logs]
    workers = [
        context.Process(target=add_many, args=(path, log, worker, 200, event))
        for worker, (log, event) in enumerate(zip(logs, started, strict=True))
    ]
    for process in workers:
        process.start()
    for process, event in zip(workers[:3], started[:3], strict=True):
        assert event.wait(120)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    for process in workers:
        process.join()
    assert [process.exitcode for process in workers] == [-signal.SIGKILL] * 3 + [0] * 5
    acknowledged = [line for log in logs for line in log.read_text().splitlines()]
    written = names_in(path)
    assert len(written) == len(set(written))
    assert set(acknowledged) <= set(written)
    assert len(written) - len(acknowledged) <= 3  # killed between the row and the word about it
    for worker in range(3, 8):
        assert {f"chip {worker}-{number}" for number in range(200)} <= set(written)


def test_who_finds_the_file_locked_for_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    monkeypatch.setattr("memwall_trends.datasets.appending.LOCK_SECONDS", 0.0)
    path = tmp_path / "mine.csv"
    with (
        FileLock(tmp_path / ".mine.csv.lock"),
        pytest.raises(MemwallError, match=r"mine.csv: somebody else has been writing it"),
    ):
        append_to_file(rows("A"), path)
    assert not path.exists()


# The tables of a checkout


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "datasets"
    shutil.copytree(datasets_folder(), folder)
    return folder


def test_a_row_takes_its_place_by_date_and_name(tables: Path) -> None:
    before = (tables / "memory_capacity.csv").read_text(encoding="utf-8").splitlines()
    chip = rows("Acme A1", date="2020-05-14", **SOURCE)
    changed = append_to_tables(chip, tables)
    assert [path.name for path in changed] == ["sources.csv", "devices.csv", "memory_capacity.csv"]
    after = (tables / "memory_capacity.csv").read_text(encoding="utf-8").splitlines()
    (place,) = [place for place, line in enumerate(after) if line.startswith("Acme A1,")]
    assert after[:place] + after[place + 1 :] == before
    dated = [line for line in after if ",2020-05-14," in line]
    assert dated == sorted(dated)


def test_a_new_device_is_described_once(tables: Path) -> None:
    append_to_tables(rows("Acme A1", **SOURCE), tables)
    append_to_tables(rows("Acme A1", table="dram_bandwidth", unit="GB/s"), tables)
    lines = (tables / "devices.csv").read_text(encoding="utf-8").splitlines()
    (described,) = [line for line in lines if line.startswith("Acme A1,")]
    assert described.startswith("Acme A1,Acme,gpu,server,compute-gpu,Acme A,2026-06-01,available,day,yes,")


def test_a_new_source_takes_its_place_by_key(tables: Path) -> None:
    before = (tables / "sources.csv").read_text(encoding="utf-8").splitlines()
    append_to_tables(rows("Acme A1", **SOURCE), tables)
    after = (tables / "sources.csv").read_text(encoding="utf-8").splitlines()
    (added,) = set(after) - set(before)
    assert added == 'acme,datasheet,"A1, the datasheet",,Acme,,https://acme.example/a1,,,'
    assert [line for line in after if line != added] == before


def test_several_tables_are_appended_to(tables: Path) -> None:
    chip = pd.concat(
        [rows("Acme A1", **SOURCE), rows("Acme A1", table="dram_bandwidth", unit="GB/s", **SOURCE)]
    )
    assert len(append_to_tables(chip, tables)) == 4


def test_an_addition_that_was_cut_off_is_finished(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = pd.concat(
        [rows("Acme A1", **SOURCE), rows("Acme A1", table="dram_bandwidth", unit="GB/s", **SOURCE)]
    )
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if target.name == "devices.csv":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        append_to_tables(chip, tables)
    monkeypatch.undo()
    assert "Acme A1" not in (tables / "memory_capacity.csv").read_text(encoding="utf-8")
    assert finish_adding(tables)
    for name in ("devices.csv", "memory_capacity.csv", "dram_bandwidth.csv"):
        assert "Acme A1" in (tables / name).read_text(encoding="utf-8")
    assert not finish_adding(tables)
    assert list(tables.glob(".*")) == []


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.csv"
    append_to_file(rows("A"), path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MemwallError, match="cannot be written: No space left"):
        append_to_file(rows("B"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({}, "'acme' is not in sources.csv: describe it with source_kind"),
        ({**SOURCE, "source_url": ""}, r"source_url is empty"),
        ({**SOURCE, "date_source": "elsewhere"}, "date_source 'elsewhere' is not in sources.csv"),
        ({**SOURCE, "name": "AMD Instinct MI300X"}, "AMD Instinct MI300X is there already"),
        ({**SOURCE, "product_class": ""}, "Acme A1 is new, and product_class is empty"),
    ],
)
def test_what_does_not_fit_the_tables_changes_none(tables: Path, cells: dict[str, str], message: str) -> None:
    before = {path: path.read_bytes() for path in tables.glob("*.csv")}
    with pytest.raises(MemwallError, match=message):
        append_to_tables(rows("Acme A1").assign(**{**dict.fromkeys(SOURCE, ""), **cells}), tables)
    assert {path: path.read_bytes() for path in tables.glob("*.csv")} == before


@pytest.mark.parametrize("name", [*list_fillable(), "sources"])
def test_shipped_tables_are_written_as_appending_writes_them(tables: Path, name: str) -> None:
    path = tables / find_table(name).path.name
    before = path.read_bytes()
    key = "source" if name == "sources" else "name"
    extra = load_table(name).iloc[:1].assign(**{key: "zzz"})
    if name == "sources":
        append_to_tables(rows("Acme A1", **SOURCE), tables)
        added = [line for line in path.read_bytes().splitlines(keepends=True) if line.startswith(b"acme,")]
    else:
        chip = {str(column): str(cell) for column, cell in extra.iloc[0].items() if column != "date"}
        append_to_tables(pd.DataFrame([{**chip, "table": name, "date": "1996-01-01"}]), tables)
        added = [line for line in path.read_bytes().splitlines(keepends=True) if line.startswith(b"zzz,")]
    assert len(added) == 1
    assert path.read_bytes().replace(added[0], b"") == before


@pytest.mark.slow
def test_a_killed_command_leaves_whole_files(tmp_path: Path) -> None:
    chip = tmp_path / "chip.csv"
    append_to_file(rows("Acme A1", source="https://acme.example/a1"), chip)
    command = [sys.executable, "-m", "memwall_trends", "add", "--from", str(chip), "--into", "mine.csv"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (tmp_path / ".mine.csv.lock").exists() and process.poll() is None:
        pass
    process.kill()
    process.communicate()
    if (tmp_path / "mine.csv").exists():
        assert names_in(tmp_path / "mine.csv") == ["Acme A1"]
    append_to_file(rows("B"), tmp_path / "mine.csv")
    assert "B" in names_in(tmp_path / "mine.csv")
