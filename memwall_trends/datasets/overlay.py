"""A user's rows: one CSV with observations of any table, laid over ours.

Such a file has the columns of all tables of observations side by side, ``table`` first to say where a row
belongs, and the description of its source at the end, so that it needs no other file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.matching import find_alike, find_namesakes
from memwall_trends.datasets.parsing import Reading, UserRows, observe, read_rows, refuse
from memwall_trends.datasets.registry import Table, find_series, list_fillable, list_tables
from memwall_trends.errors import MemwallError, warn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SOURCE_COLUMNS = ("source_kind", "source_title", "source_publisher", "source_url")
LARGEST = 1e9
MAX_NAMES = 8
KEY_COLUMNS = ["table", "name", "precision", "engine", "sparsity", "accumulation", "family", "scope"]
"""The columns whose values no two observations share."""
DEVICE_COLUMNS = ("segment", "product_class", "architecture")
"""What a user's file can say of a device that ``devices.csv`` does not have."""
REQUIRED_COLUMNS = ("table", "name", "date", "value", "unit")


def overlay_columns() -> list[str]:
    """Return the columns of a file of a user's rows, in order.

    Examples
    --------
    >>> overlay_columns()[:4], overlay_columns()[-1]
    (['table', 'name', 'vendor', 'kind'], 'source_url')
    """
    closing = ("source", "locator", "evidence", "note")
    series = [table for table in list_tables(defaults.DATASET) if table.units]
    columns = dict.fromkeys(column for table in series for column in table.columns)
    observed = [column for column in columns if column not in closing]
    return ["table", *observed, *DEVICE_COLUMNS, *closing, *SOURCE_COLUMNS]


def read_overlay(
    path: str | Path, reading: Reading | None = None, *, may_be_empty: bool = False
) -> tuple[pd.DataFrame, Sequence[int]]:
    """Return the rows of a user's file as text with all columns, and the line on which each ends.

    Raises
    ------
    MemwallError
        If the file cannot be read, is no CSV, lacks a column or names a table that there is not.
    """
    read = read_as_given(path, reading, may_be_empty=may_be_empty)
    return _named(read.frame, reading or Reading()), read.labels


def read_as_given(
    path: str | Path, reading: Reading | None = None, *, may_be_empty: bool = False
) -> UserRows:
    """Return the rows of a user's file as text, checked for what all tables need."""
    read = read_rows(path, reading, may_be_empty=may_be_empty)
    frame, lines, columns = read.frame.astype(object), read.labels, overlay_columns()
    frame = frame.where(frame.notna(), "").astype("str")
    twice = [column for column in columns if f"{column} (column " in " ".join(frame.columns)]
    if twice:
        raise MemwallError(f"{path}: the header names a column twice: {', '.join(frame.columns)}")
    missing = [column for column in REQUIRED_COLUMNS if column not in frame]
    if missing:
        raise MemwallError(
            f"{path}: no column {missing[0]!r} in the header (row 1); rows that are laid over ours have "
            f"{', '.join(REQUIRED_COLUMNS)} and what else describes them: {', '.join(columns)}. "
            "The command 'add --into FILE' writes such a file"
        )
    known = list_fillable()
    refuse(frame, str(path), lines, {("table", f"one of {', '.join(known)}"): ~frame["table"].isin(known)})
    added = [column for column in columns if column not in frame]
    return replace(read, frame=frame.assign(**dict.fromkeys(added, "")))


def lay_over(
    rows: pd.DataFrame, table: Table, overlay: Sequence[str | Path], reading: Reading | None = None
) -> pd.DataFrame:
    """Return the rows of a table with a user's rows laid over them.

    Parameters
    ----------
    rows : DataFrame
        The rows of the table.
    table : Table
        Which it is.
    overlay : sequence of str or Path
        Files of a user's rows; of each, the rows of this table count. A row with the key of one of ours takes
        its place.
    reading : Reading, optional
        How these files are read, where that is not to be found out.

    Returns
    -------
    DataFrame
        In the order of their dates.

    Raises
    ------
    MemwallError
        If a file cannot be read, or a date, a value or a unit in it is wrong.
    """
    if not table.units:
        return rows
    for path in overlay:
        rows = _lay_over(rows, table, path, reading or Reading())
    return rows


def describe_devices(path: str | Path, reading: Reading | None = None) -> pd.DataFrame:
    """Return what the first row of each name in a user's file says: ``name`` and `DEVICE_COLUMNS`."""
    frame, _ = read_overlay(path, reading)
    described: pd.DataFrame = frame.drop_duplicates("name")[["name", *DEVICE_COLUMNS]]
    return described


def _lay_over(rows: pd.DataFrame, table: Table, path: str | Path, reading: Reading) -> pd.DataFrame:
    theirs = _observe(table, path, reading)
    theirs = theirs.reindex(columns=table.columns, fill_value="")
    for column, type_ in table.types.items():
        if type_ in ("number", "integer") and column != "value":
            numbers = pd.to_numeric(theirs[column], errors="coerce")
            theirs[column] = numbers.where(numbers.abs() < LARGEST).round().astype("Int64")
    if table.dataset != defaults.DATASET:
        theirs = _as_plotted(theirs[theirs["unit"].isin(table.units)])
    key = [column for column in find_series(table.name).key if column in rows]
    replaced = pd.MultiIndex.from_frame(rows[key]).isin(pd.MultiIndex.from_frame(theirs[key]))
    if "draw_order" in rows:
        replaced &= rows["draw_order"].isna().to_numpy()  # the paper's points stay as plotted
    rows = rows[~replaced]
    merged = pd.concat([rows, theirs.astype(rows.dtypes.to_dict())], ignore_index=True)
    return merged.sort_values("date", kind="stable", ignore_index=True)


def _observe(table: Table, path: str | Path, reading: Reading) -> pd.DataFrame:
    """Return the rows of a file that belong to a table, with their dates and values."""
    read = read_as_given(path, reading)
    of_table = (read.frame["table"] == table.name).to_numpy()
    as_given = read.frame[of_table].reset_index(drop=True)
    theirs = _named(as_given, reading)
    labels = [line for line, chosen in zip(read.labels, of_table, strict=True) if chosen]
    ours = find_series(table.name)
    # Of a table with one unit, a cell can hold another that is converted to it.
    unit = reading.unit or (ours.unit if len(ours.units) == 1 else None)
    observed = observe(theirs, read.found, replace(reading, unit=unit), labels)
    units = " or ".join(ours.units)
    wrong_unit = ~theirs["unit"].isin(ours.units)
    refuse(theirs, str(path), labels, {("unit", f"{units}, the unit of {table.name}"): wrong_unit})
    _tell(as_given if not reading.match else theirs, table, path, labels)
    if observed.found.skipped:
        warn(observed.found.describe())
    return observed.rows


def _as_plotted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a device: of peak FLOPS the best dense rate at 16 bits or wider, as the paper has it."""
    if "precision" not in rows:
        return rows
    wide = rows[~rows["precision"].str.fullmatch(r"(fp|int)[468]") & (rows["sparsity"] != "structured")]
    return wide.loc[wide.groupby("name", sort=False)["value"].idxmax()]


def _named(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return rows whose devices are named as ours, if that is asked for, and never as another's of ours."""
    namesakes = find_namesakes(frame)
    alike = find_alike(frame) if reading.match else {}
    names = [
        f"{vendor} {name}" if (name, vendor) in namesakes else alike.get(name, name)
        for name, vendor in zip(frame["name"], frame["vendor"], strict=True)
    ]
    return frame.assign(name=names)


def _tell(theirs: pd.DataFrame, table: Table, path: str | Path, labels: Sequence[int]) -> None:
    """Warn of names that are all but ours, of namesakes, and of memories that are not named."""
    alike = find_alike(theirs)
    if alike:
        listed = ", ".join(f"{name!r} (ours: {ours!r})" for name, ours in list(alike.items())[:MAX_NAMES])
        more = f" and {len(alike) - MAX_NAMES} more" if len(alike) > MAX_NAMES else ""
        warn(
            f"{path}: {table.name}: names that may be ours under another spelling: {listed}{more}; they "
            "count beside ours. --match takes them as ours"
        )
    for (name, vendor), ours in find_namesakes(theirs).items():
        warn(f"{path}: {name!r} of {vendor} is taken for another device than that of {ours}")
    if "memory!" in table.fitted and "memory" in theirs:
        unnamed = [str(label) for label, memory in zip(labels, theirs["memory"], strict=True) if memory == ""]
        if unnamed:
            shown = ", ".join(unnamed[:MAX_NAMES]) + (", ..." if len(unnamed) > MAX_NAMES else "")
            warn(
                f"{path}: {table.name}: no memory is named in row {shown}: counted as DRAM. Is it SRAM? Then "
                "say so in the column 'memory'"
            )
