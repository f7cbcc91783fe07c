"""Our own files as text: a CSV's rows with the lines that they stand on, and nothing taken for granted.

A user's file, which may be of any kind, is read by `memwall_trends.datasets.parsing`.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from pathlib import Path

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
    days = cells.map(lambda cell: match[1] if (match := ISO_DATE.fullmatch(str(cell))) else None)
    return pd.to_datetime(days, format="ISO8601", errors="coerce")


def parse_values(cells: pd.Series) -> pd.Series:
    """Return numbers; what is none, or is not positive and finite, becomes NaN."""
    values = pd.to_numeric(cells, errors="coerce").astype("float64")
    positive: pd.Series = values.where((values > 0) & (values < float("inf")))
    return positive
