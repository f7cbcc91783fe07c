"""The columns of a table: found by name or number, and read as dates and values."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from memwall_trends.datasets.parsing import dates, values
from memwall_trends.datasets.parsing.delimited import looks_like_data
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from memwall_trends.datasets.parsing.options import Found, Reading

    Flags = NDArray[np.bool_]

Rows = TypeVar("Rows", pd.Series, pd.DataFrame, np.ndarray)

MAX_PROBLEMS_SHOWN = 5
MAX_COLUMNS_SHOWN = 40
UNIT_COLUMNS = ("unit", "units")
MISSING_WORDS = ("na", "n/a", "nan", "null", "none", "-", "--", "?", "x", "tba", "tbd", "unknown", "..")
"""What often stands in a cell that is empty; the user says so, as it can be a slip too."""


@dataclass(frozen=True, eq=False)
class Observed:
    """Rows with dates and values, and what was found out about them.

    Attributes
    ----------
    rows : DataFrame
        As they came, with ``date`` (datetime), ``value`` (float, positive, finite) and, where it is known,
        ``unit``.
    found : Found
    """

    rows: pd.DataFrame
    found: Found


def find_column(columns: Sequence[str], wanted: str | int, option: str, origin: str) -> str:
    """Return the column of a name, in capitals or not, or of a number from 1.

    Raises
    ------
    MemwallError
        If there is none, or two; the message lists those that there are.

    Examples
    --------
    >>> find_column(["Year", "gb_s"], "year", "--date-column", "x"), find_column(["a", "b"], 2, "", "x")
    ('Year', 'b')
    """
    name = str(wanted).strip()
    alike = [column for column in columns if column == str(wanted)] or [
        column for column in columns if column.strip().casefold() == name.casefold()
    ]
    if len(alike) == 1:
        return alike[0]
    shown = ", ".join(columns[:MAX_COLUMNS_SHOWN]) + (", ..." if len(columns) > MAX_COLUMNS_SHOWN else "")
    if len(alike) > 1 or any(column.startswith(f"{name} (column ") for column in columns):
        names = re.sub(r" \(column \d+\)", "", shown)
        raise MemwallError(
            f"{origin}: the header names a column twice: {names}; say which by its number, as in {option} 2"
        )
    if name.isdecimal() and name.isascii() and 0 < int(name) <= len(columns):
        return columns[int(name) - 1]
    hint = "; if the first row is no header: --no-header" if looks_like_data(list(columns)) else ""
    raise MemwallError(
        f"{origin}: no column {name!r} in the header (row 1); expected the column that {option} names, or "
        f"its number{hint}. Columns: {shown}"
    )


def unique_names(header: Iterable[object]) -> list[str]:
    """Return names of columns that differ: of two of one name, and of those without, the number is told.

    Examples
    --------
    >>> unique_names(["date", "value", "", "value"])
    ['date', 'value (column 2)', 'column 3', 'value (column 4)']
    """
    names = [str(name) for name in header]
    counted = {name: names.count(name) for name in set(names)} if len(set(names)) < len(names) else {}
    return [
        f"column {place}" if not name else f"{name} (column {place})" if counted.get(name, 1) > 1 else name
        for place, name in enumerate(names, start=1)
    ]


def observe(
    rows: pd.DataFrame,
    found: Found,
    reading: Reading,
    labels: Sequence[Any],
    *,
    keep: Mapping[str, Any] | None = None,
) -> Observed:
    """Return rows with the dates and values that they say.

    Parameters
    ----------
    rows : DataFrame
        Those that the question needs, as they came; cells of others are not looked at.
    found : Found
        With the columns of dates and values.
    reading : Reading
    labels : sequence, shape (n,)
        What to call the rows.
    keep : mapping, optional
        First and last day (``first``, ``last``) of those whose values are needed.

    Raises
    ------
    MemwallError
        If a date or a value cannot be read, or is missing where that is an error; the message names rows and
        columns.
    """
    origin, date_column, value_column = found.file, found.date_column, found.value_column
    cells = {column: rows[column] for column in (date_column, value_column)}
    missing = {column: _is_missing(each, reading, found.format) for column, each in cells.items()}
    left_out = missing[date_column] | missing[value_column]
    wrong: dict[tuple[str, str], Flags] = {}
    if reading.missing == "fail":
        wrong = {
            (date_column, f"{dates.EXPECTED}; --missing skip leaves such rows out"): missing[date_column],
            (value_column, f"{values.EXPECTED}; --missing skip leaves such rows out"): missing[value_column],
        }
    known, forms = dates.read_dates(
        _take(cells[date_column], ~left_out), reading.date_format, f"{origin}: column {date_column!r}"
    )
    days = _put(known.to_numpy(), ~left_out, np.datetime64("NaT", "us"))
    dated = ~np.isnat(days)
    inside = _within(days, keep) & ~left_out
    unit_column = find_unit_column(list(map(str, rows.columns)), value_column)
    read = values.read_values(
        _take(cells[value_column], inside),
        reading=reading,
        separator=found.separator if found.format == "csv" else "",
        units=None if unit_column is None else _take(rows[unit_column], inside).map(str),
        where=f"{origin}: column {value_column!r}",
    )
    none = read.zero.to_numpy() & reading.zero_is_missing
    skipped = left_out.copy()
    skipped[inside] |= none
    unread = np.zeros(len(rows), dtype=bool)
    unread[inside] = read.numbers.isna().to_numpy() & ~none
    undated = ~dated & ~left_out
    hints = {date_column: undated, value_column: unread}
    hint, date_hint = (
        _missing_hint(_take(cells[column], hints[column])) for column in (value_column, date_column)
    )
    wrong[date_column, dates.EXPECTED + date_hint] = undated
    wrong[value_column, read.expected + hint] = unread
    refuse(rows, origin, labels, wrong)
    numbers = _put(read.numbers.to_numpy(), inside, 1.0)
    kept = _take(rows, ~skipped).assign(date=_take(days, ~skipped), value=_take(numbers, ~skipped))
    units = read.units if not none.any() else read.units[~none]
    has_unit = bool((units != "").any())
    if unit_column is not None or has_unit:
        kept = kept.assign(unit=units.astype("str").reindex(kept.index).fillna(""))
    unit = units.iloc[0] if units.nunique() == 1 else ""
    return Observed(
        kept,
        replace(
            found,
            dates=forms,
            decimal=read.decimal,
            unit=str(unit),
            has_unit="unit" in kept and has_unit,
            converted=read.converted,
            rows=len(kept),
            skipped=tuple(labels[position] for position in np.flatnonzero(skipped).tolist()),
        ),
    )


def refuse(
    frame: pd.DataFrame,
    origin: str,
    labels: Sequence[Any],
    wrong: Mapping[tuple[str, str], pd.Series | Flags],
) -> None:
    """Raise an error that names each wrong cell, if there is one.

    Parameters
    ----------
    frame : DataFrame
    origin : str
        What to call the frame in a message.
    labels : sequence, shape (n,)
        What to call its rows: the lines of a file, the index of a frame.
    wrong : mapping
        For a column and what was expected there, which rows are wrong.

    Raises
    ------
    MemwallError
        With a line for each of the first wrong cells, in the order of the rows.
    """
    problems = sorted(
        (int(position), column, expected)
        for (column, expected), flags in wrong.items()
        for position in np.asarray(flags).nonzero()[0]
    )
    if problems:
        shown = [
            f"{origin}: row {labels[position]}, column {column!r}: {_quote(frame[column].iloc[position])}; "
            f"expected {expected}"
            for position, column, expected in problems[:MAX_PROBLEMS_SHOWN]
        ]
        more = len(problems) - len(shown)
        raise MemwallError("\n".join([*shown, f"and {more} more"] if more else shown))


def find_unit_column(columns: Sequence[str], value_column: str) -> str | None:
    """Return the column that says the unit of the values: of ``value``, where there is one, of no other.

    Examples
    --------
    >>> find_unit_column(["date", "value", "Unit"], "value")
    'Unit'
    """
    named = {column.casefold(): column for column in reversed(columns)}
    if value_column.casefold() != "value" and "value" in named:
        return None
    return next((named[name] for name in UNIT_COLUMNS if name in named), None)


def _is_missing(cells: pd.Series, reading: Reading, format_: str) -> Flags:
    missing = cells.isna().to_numpy(dtype=bool)
    if not pd.api.types.is_numeric_dtype(cells) or reading.missing_token:
        text = cells.astype("str")
        # What is read from a text has no blanks around it.
        stripped = text if format_ in ("csv", "json", "excel") else text.str.strip()
        missing = missing | stripped.isin(["", *reading.missing_token]).to_numpy(dtype=bool)
    return missing


def _take(rows: Rows, which: Flags) -> Rows:
    """Return some of the rows; without a copy, if all."""
    return rows if which.all() else rows[which]


def _put(values: np.ndarray, which: Flags, rest: object) -> np.ndarray:
    """Return values of some rows as values of all, the same one for the rest; without a copy, if all."""
    if which.all():
        return values
    everywhere = np.full(len(which), rest, dtype=values.dtype)
    everywhere[which] = values
    return everywhere


def _within(days: NDArray[np.datetime64], keep: Mapping[str, Any] | None) -> Flags:
    inside = np.ones(len(days), dtype=bool)
    if keep and any(keep.values()):
        whole, undated = days.astype("datetime64[D]"), np.isnat(days)
        if keep.get("first") is not None:
            inside &= (whole >= np.datetime64(keep["first"], "D")) | undated
        if keep.get("last") is not None:
            inside &= (whole <= np.datetime64(keep["last"], "D")) | undated
    return inside


def _missing_hint(cells: pd.Series) -> str:
    """Return the option to name, if cells hold what often stands for nothing."""
    for cell in cells.astype("str").str.strip():
        if cell.casefold() in MISSING_WORDS:
            return f" (if {cell!r} means that it is missing: --missing-token {cell!r})"
        if cell in ("0", "0.0"):
            return " (if 0 means that it is missing: --zero-is-missing)"
    return ""


def _quote(cell: object) -> str:
    text = str(cell)
    return repr(text) if text else "empty"
