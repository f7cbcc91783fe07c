"""`read_rows`: a file of any kind as rows with the names of their columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends.datasets.parsing.columns import unique_names
from memwall_trends.datasets.parsing.content import HEAD, decode, load_content, refuse_other_texts
from memwall_trends.datasets.parsing.delimited import Delimited, parse_delimited
from memwall_trends.datasets.parsing.options import Found, Reading
from memwall_trends.datasets.parsing.plain import Plain, parse_plain
from memwall_trends.datasets.parsing.typed import parse_json, parse_parquet, parse_workbook
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.datasets.parsing.content import Content


@dataclass(frozen=True, eq=False)
class UserRows:
    """The rows of a user's file, as they came.

    Attributes
    ----------
    name : str
        The file's, without folder and ending.
    frame : DataFrame
        Text, but of Parquet and frames.
    labels : sequence
        What to call its rows: lines of a text and rows of a sheet, the header being 1; else numbers from 1.
    found : Found
    """

    name: str
    frame: pd.DataFrame
    labels: Sequence[Any]
    found: Found


def read_rows(path: str | Path, reading: Reading | None = None, *, may_be_empty: bool = False) -> UserRows:
    r"""Return the rows of a CSV, an Excel workbook, Parquet or JSON records.

    Parameters
    ----------
    path : str or Path
        Compressed or not; ``-`` is standard input.
    reading : Reading, optional
        What is said of it; the rest is found out.
    may_be_empty : bool
        Whether there may be no row under the header.

    Raises
    ------
    MemwallError
        If it cannot be read as any of them.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "chips.csv"
    >>> _ = path.write_text("date;gb_s\n2016;100,0\n")
    >>> rows = read_rows(path)
    >>> rows.frame.values.tolist(), list(rows.labels), rows.found.separator
    ([['2016', '100,0']], [2], ';')
    """
    reading = reading or Reading()
    content = load_content(path)
    kind = content.kind
    if kind == "parquet":
        frame = parse_parquet(content)
        found = Found(file=content.origin, format=kind, compression=content.compression, header="row 1")
        read = UserRows(content.name, frame, list(range(1, len(frame) + 1)), found)
    elif kind == "excel":
        read = _from_sheet(content, reading)
    else:
        read = _from_text(content, reading, kind, Path(path).suffix.lower())
    frame = read.frame.set_axis(unique_names(read.frame.columns), axis=1)
    if frame.empty and not may_be_empty:
        raise MemwallError(f"{content.origin}: no rows under the header; expected one row an observation")
    return UserRows(read.name, frame, read.labels, read.found)


def _from_sheet(content: Content, reading: Reading) -> UserRows:
    rows, numbers, sheet = parse_workbook(content, reading)
    found = Found(
        file=content.origin,
        format="excel",
        compression=content.compression,
        sheet=sheet,
        header="row 1" if reading.header else "none",
    )
    header = rows[0] if reading.header else [str(place) for place in range(1, len(rows[0]) + 1)]
    first = 1 if reading.header else 0
    return UserRows(content.name, _frame(header, rows[first:]), numbers[first:], found)


def _from_text(content: Content, reading: Reading, kind: str, ending: str) -> UserRows:
    plain = parse_plain(content.data, reading, ending) if kind == "text" else None
    if plain is not None:
        return _from_plain(content, plain)
    text, encoding = decode(content, reading.encoding)
    found = Found(file=content.origin, format=kind, compression=content.compression, encoding=encoding)
    if kind == "json":
        frame = parse_json(text, content.origin)
        labels = list(range(1, len(frame) + 1))
        return UserRows(content.name, frame, labels, found)
    parsed: Delimited = parse_delimited(text, content.origin, reading, ending)
    width = len(parsed.header) or max(map(len, parsed.rows), default=0)
    header = parsed.header or [str(place) for place in range(1, width + 1)]
    described = replace(
        found,
        format="csv",
        separator=parsed.separator,
        comment_lines=parsed.comment_lines,
        header=parsed.header_place,
    )
    return UserRows(content.name, _frame(header, parsed.rows), parsed.lines, described)


def _from_plain(content: Content, plain: Plain) -> UserRows:
    # A letter of UTF-8 has four bytes at most.
    refuse_other_texts(content.data[: 4 * HEAD].decode(errors="ignore"), content.origin)
    found = Found(
        file=content.origin,
        format="csv",
        compression=content.compression,
        encoding="utf-8",
        separator=plain.separator,
    )
    # The header is line 1.
    return UserRows(content.name, plain.frame, range(2, len(plain.frame) + 2), found)


def _frame(header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=header, dtype="str")
