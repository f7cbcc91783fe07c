"""Appending: several at once lose nothing, and one killed half-way leaves no half row.

Whoever appends holds a lock, writes the whole new file beside the old one and puts it in its place in one
step. Several tables of a checkout are written first and named in a journal, so that who comes next can finish
what was cut off.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends.datasets.files import read_csv
from memwall_trends.datasets.overlay import KEY_COLUMNS, SOURCE_COLUMNS, overlay_columns, read_as_given
from memwall_trends.datasets.parsing import read_rows
from memwall_trends.datasets.registry import DEVICES, Table, find_series, find_table
from memwall_trends.datasets.writing import beside, leaving_nothing, replace_file, sync_folder, write_beside
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCK_SECONDS = 120.0
JOURNAL = ".adding.json"
"""Names the tables that are about to be replaced together: while it is there, an addition is not finished."""
DEVICES_FILE = f"{DEVICES}.csv"


def append_to_file(rows: pd.DataFrame, path: str | Path) -> None:
    """Append rows to a file of a user's, which is made if there is none.

    Parameters
    ----------
    rows : DataFrame
        Text, with columns of `memwall_trends.datasets.overlay.overlay_columns`.
    path : str or Path
        The file. What it holds stays as it is, byte for byte.

    Raises
    ------
    MemwallError
        If a row is there already, the file lacks a column that a row fills, or it cannot be read or written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "mine.csv"
    >>> row = {"table": "memory_capacity", "name": "Acme A1", "date": "2026-06", "value": "80", "unit": "GB"}
    >>> append_to_file(pd.DataFrame([row]), path)
    >>> read_as_given(path).frame["name"].tolist()
    ['Acme A1']
    """
    check_place(Path(path))
    path = Path(path).resolve()
    with _locked(path):
        if path.exists() and path.stat().st_size:
            content = _read_bytes(path)
            read = read_as_given(path, may_be_empty=True)
            _refuse_known(rows, read.frame, path.name)
            header = _appendable_header(path)
            _refuse_missing(rows, header, path)
            newline = "\r\n" if b"\r\n" in content else "\n"
            if not content.endswith(b"\n"):
                content += newline.encode()
        else:
            header, newline = overlay_columns(), "\n"
            content = _to_csv(pd.DataFrame(columns=header), newline).encode()
        _refuse_known(rows, rows.iloc[:0], path.name)
        text = _to_csv(rows.reindex(columns=header, fill_value=""), newline, header=False)
        replace_file(path, content + text.encode())


def append_to_tables(rows: pd.DataFrame, folder: Path) -> list[Path]:
    """Append rows to the tables of a checkout, each in its place by date and name, and their sources.

    Parameters
    ----------
    rows : DataFrame
        As in `append_to_file`; a source that ``sources.csv`` does not have is described in the columns
        ``source_kind, source_title, source_publisher, source_url``.
    folder : Path
        The ``datasets`` folder of the checkout.

    Returns
    -------
    list of Path
        The files that changed, ``sources.csv`` first.

    Raises
    ------
    MemwallError
        If a row is there already, a source is not described, or a file cannot be read or written.
    """
    with _locked(folder / "tables"):
        _finish(folder)
        contents: dict[Path, bytes] = {}
        sources = _new_sources(rows, folder)
        if len(sources):
            contents[folder / "sources.csv"] = _merge(sources, find_table("sources"), folder, ["source"])
        devices = _new_devices(rows, folder)
        if len(devices):
            contents[folder / DEVICES_FILE] = _merge(devices, find_table(DEVICES), folder, ["date", "name"])
        for name, part in rows.groupby("table", sort=False):
            table = find_series(str(name))
            contents[folder / table.path.name] = _merge(part, table, folder, ["date", "name"])
        _replace_all(contents, folder)
    return list(contents)


def finish_adding(folder: Path) -> bool:
    """Finish what an `append_to_tables` that was cut off had begun, and return whether there was one.

    Raises
    ------
    MemwallError
        If the files cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> finish_adding(Path(mkdtemp()))
    False
    """
    if not (folder / JOURNAL).exists():
        return False
    with _locked(folder / "tables"):
        _finish(folder)
    return True


def check_place(path: Path) -> None:
    """Refuse a place that no file of rows can stand in.

    Raises
    ------
    MemwallError
        If it is a folder or a device, whose place a file would take.
    """
    try:
        there = path.exists()
        path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, a loop of links
        reason = getattr(error, "strerror", None) or error
        raise MemwallError(f"{path}: no file can stand there: {reason}") from None
    if there and not path.is_file():
        what = "a folder" if path.is_dir() else "no regular file"
        raise MemwallError(f"{path} is {what}; expected a CSV file")


def in_checkout(folder: Path) -> bool:
    """Return whether a folder of datasets is that of a checkout, not of an installed package."""
    return folder.name == "datasets"


def _merge(rows: pd.DataFrame, table: Table, folder: Path, order: list[str]) -> bytes:
    path = folder / table.path.name
    existing, _ = read_csv(path)
    added = rows.reindex(columns=existing.columns, fill_value="")
    # Who was killed between two tables adds the chip again: what is there word for word stays.
    there = set(_keys(existing, list(existing.columns)))
    added = added[[row not in there for row in _keys(added, list(existing.columns))]]
    _refuse_known(added, existing, path.name, table.key)
    merged = pd.concat([existing, added])
    return _to_csv(merged.sort_values(order, kind="stable"), "\n").encode()


def _new_sources(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    known, _ = read_csv(folder / "sources.csv")
    wanted = rows[~rows["source"].isin(known["source"])].drop_duplicates("source")
    described = wanted.reindex(columns=list(SOURCE_COLUMNS), fill_value="")
    described = described.rename(columns=lambda column: column.removeprefix("source_"))
    for column in described:
        for source in wanted.loc[described[column] == "", "source"]:
            raise MemwallError(
                f"{source!r} is not in sources.csv: describe it with {', '.join(SOURCE_COLUMNS)} "
                f"(source_{column} is empty)"
            )
    dates = set(rows["date_source"]) - set(known["source"]) - set(wanted["source"])
    if dates:
        raise MemwallError(f"date_source {min(dates)!r} is not in sources.csv: add it there first")
    return described.assign(source=wanted["source"])


def _new_devices(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return a row of ``devices.csv`` for each device that it does not have."""
    table = find_table(DEVICES)
    known, _ = read_csv(folder / DEVICES_FILE)
    hardware = rows["table"].isin([name for name in rows["table"].unique() if find_series(name).joined])
    new = rows[hardware & ~rows["name"].isin(known["name"])].drop_duplicates("name")
    new = new.reindex(columns=table.columns, fill_value="")
    for column in ("product_class", "architecture"):
        for name in new.loc[new[column] == "", "name"]:
            raise MemwallError(
                f"{name} is new, and {column} is empty: say what it is, as datasets/README.md defines it"
            )
    return new.assign(date_kind="available", date_precision="day", shipped="yes", note="")


def _appendable_header(path: Path) -> list[str]:
    """Return the columns of a file that more rows can be written to as we write them."""
    read = read_rows(path, may_be_empty=True)
    found = read.found
    if found.compression or (found.format, found.separator, found.encoding) != ("csv", ",", "utf-8"):
        raise MemwallError(
            f"{path}: rows can be added to a CSV separated by commas in UTF-8, and this is none "
            f"({found.describe()}); name another file, and lay both over with --with"
        )
    return list(read.frame.columns)


def _refuse_known(
    rows: pd.DataFrame, existing: pd.DataFrame, file: str, key: list[str] | None = None
) -> None:
    known = set(_keys(existing, key or KEY_COLUMNS))
    for row in _keys(rows, key or KEY_COLUMNS):
        if row in known:
            described = " ".join(cell for cell in row if cell)
            raise MemwallError(
                f"{file}: {described} is there already; change that row, or give the device another name"
            )
        known.add(row)


def _refuse_missing(rows: pd.DataFrame, header: list[str], path: Path) -> None:
    filled = [column for column in rows if (rows[column] != "").any()]
    missing = [column for column in filled if column not in header]
    if missing:
        raise MemwallError(
            f"{path}: the header lacks {', '.join(map(repr, missing))}; add the column(s) to it"
        )


def _keys(rows: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    cells = rows.reindex(columns=columns, fill_value="").astype(object)
    return list(map(tuple, cells.where(cells.notna(), "").to_numpy().tolist()))


def _to_csv(rows: pd.DataFrame, newline: str, *, header: bool = True) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline)
    if header:
        writer.writerow(rows.columns)
    writer.writerows(rows.to_numpy().tolist())
    return text.getvalue()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the only right to write a file; nothing stays beside it."""
    from filelock import FileLock, Timeout

    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=LOCK_SECONDS):
            try:
                yield
            finally:
                # While it is held: who waits for it sees that it is gone, and makes another.
                with suppress(OSError):
                    lock.unlink()
    except Timeout:
        raise MemwallError(
            f"{path}: somebody else has been writing it for {LOCK_SECONDS:g} s; try again"
        ) from None
    except OSError as error:
        raise MemwallError(f"{path}: cannot be written: {error.strerror or error}") from None


def _replace_all(contents: Mapping[Path, bytes], folder: Path) -> None:
    """Put several files in the place of others: all, or after `finish_adding` all, or none."""
    if len(contents) == 1:
        ((path, content),) = contents.items()
        replace_file(path, content)
        return
    names = json.dumps([path.name for path in contents])
    with leaving_nothing(*contents):
        for path, content in contents.items():
            write_beside(path, content)
    replace_file(folder / JOURNAL, names.encode())
    _finish(folder)


def _finish(folder: Path) -> None:
    journal = folder / JOURNAL
    if not journal.exists():
        return
    for name in json.loads(journal.read_text(encoding="utf-8")):
        path = folder / Path(name).name
        if beside(path).exists():
            beside(path).replace(path)
    sync_folder(folder)
    journal.unlink()


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MemwallError(f"{path}: cannot be read: {error.strerror or error}") from None
