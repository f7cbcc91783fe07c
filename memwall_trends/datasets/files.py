"""Files as text: a CSV's rows with the lines that they stand on, and what is wrong in which cell."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MAX_PROBLEMS_SHOWN = 5
ISO_DATE = re.compile(r"([1-9]\d{3}(?:-\d\d(?:-\d\d)?)?)(?:[T ]\d\d:\d\d.*)?", re.ASCII)


def read_csv(path: Path, *, may_be_empty: bool = False) -> tuple[pd.DataFrame, list[int]]:
    """Return the rows of a CSV as text, and the line on which each ends, the header being 1.

    Raises
    ------
    MemwallError
        If the file is missing, empty, not UTF-8 or no CSV, or a row has more or fewer cells than the header.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    records, lines = [], []
    try:
        for record in reader:
            if record:
                records.append([cell.strip() for cell in record])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise MemwallError(f"{path}: row {reader.line_num}: not a CSV: {error}") from None
    if not records:
        raise MemwallError(f"{path}: the file is empty; expected a header and one row an observation")
    header, *rows = records
    if len(set(header)) < len(header):
        raise MemwallError(f"{path}: the header names a column twice: {', '.join(header)}")
    if not rows and not may_be_empty:
        raise MemwallError(f"{path}: no rows under the header; expected one row an observation")
    for row, line in zip(rows, lines[1:], strict=True):
        if len(row) != len(header):
            raise MemwallError(
                f"{path}: row {line}: {len(row)} cells where the header has {len(header)}; "
                "a cell that holds a comma must stand in quotes"
            )
    return pd.DataFrame(rows, columns=header), lines[1:]


def read_header(path: Path) -> list[str]:
    """Return the columns that a CSV names in its first row; raises as `read_csv`."""
    records = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    return [cell.strip() for cell in next(filter(None, records), [])]


def parse_observations(
    frame: pd.DataFrame,
    origin: str,
    labels: Sequence[Any],
    *,
    date_column: str = "date",
    value_column: str = "value",
) -> pd.DataFrame:
    """Return the dates and values of a frame.

    Parameters
    ----------
    frame : DataFrame
        Any columns, of text or typed.
    origin : str
        What to call the frame in a message.
    labels : sequence, shape (n,)
        What to call its rows: the lines of a file, the index of a frame.
    date_column, value_column : str
        Where its dates and values are.

    Returns
    -------
    DataFrame
        ``date`` (datetime) and ``value`` (float, positive, finite), shape (n, 2).

    Raises
    ------
    MemwallError
        If a column is missing, or a date or a value cannot be read; the message names rows and columns.
    """
    columns = [str(column) for column in frame.columns]
    if len(set(columns)) < len(columns):
        raise MemwallError(f"{origin}: the header names a column twice: {', '.join(columns)}")
    for column, option in ((date_column, "--date-column"), (value_column, "--value-column")):
        if column not in columns:
            raise MemwallError(
                f"{origin}: no column {column!r} in the header (row 1); "
                f"expected the column that {option} names. Columns: {', '.join(columns)}"
            )
    parsed = pd.DataFrame(
        {"date": parse_dates(frame[date_column]), "value": parse_values(frame[value_column])}
    )
    refuse(
        frame,
        origin,
        labels,
        {
            (date_column, "a date such as 2020-05-14, 2020-05 or 2020"): parsed["date"].isna(),
            (value_column, "a number above zero"): parsed["value"].isna(),
        },
    )
    return parsed


def refuse(
    frame: pd.DataFrame,
    origin: str,
    labels: Sequence[Any],
    wrong: Mapping[tuple[str, str], pd.Series],
) -> None:
    """Raise an error that names each wrong cell, if there is one.

    Parameters
    ----------
    frame, origin, labels
        As in `parse_observations`.
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
        for position in flags.to_numpy().nonzero()[0]
    )
    if problems:
        shown = [
            f"{origin}: row {labels[position]}, column {column!r}: {_quote(frame[column].iloc[position])}; "
            f"expected {expected}"
            for position, column, expected in problems[:MAX_PROBLEMS_SHOWN]
        ]
        more = len(problems) - len(shown)
        raise MemwallError("\n".join([*shown, f"and {more} more"] if more else shown))


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises
    ------
    MemwallError
        If it cannot be read or is not UTF-8.
    """
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise MemwallError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise MemwallError(
            f"{path}: row {row}: byte {content[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from None


def parse_dates(cells: pd.Series) -> pd.Series:
    """Return days; a time of day is left off, what is no date of ISO 8601 becomes NaT."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        naive: pd.Series = cells.dt.tz_localize(None)
        return naive
    days = cells.map(lambda cell: match[1] if (match := ISO_DATE.fullmatch(str(cell))) else None)
    return pd.to_datetime(days, format="ISO8601", errors="coerce")


def parse_values(cells: pd.Series) -> pd.Series:
    """Return numbers; what is none, or is not positive and finite, becomes NaN."""
    values = pd.to_numeric(cells, errors="coerce").astype("float64")
    positive: pd.Series = values.where((values > 0) & (values < float("inf")))
    return positive


def _quote(cell: object) -> str:
    text = str(cell)
    return repr(text) if text else "empty"
