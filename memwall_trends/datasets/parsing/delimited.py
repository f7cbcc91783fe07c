"""Text with cells between separators: its rows, the lines on which they end, and its header."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from memwall_trends.datasets.parsing.options import SEPARATORS, Reading
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE_ROWS = 200
"""So many rows tell what separates the cells."""
BLANK = " "
TRIED = ("\t", ";", "|", ",", BLANK)
"""Of separators that fit equally well, the first: a comma can stand within a cell, a tab does not."""
USUAL_COMMENT = "#"
NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*([eE][-+]?\d+)?")
EXCEL_HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Delimited:
    """The cells of a text.

    Attributes
    ----------
    header : list of str
        Empty if no row names the columns.
    rows : list of list of str
    lines : list of int
        On which each row ends, from 1.
    separator : str
    comment_lines : int
    header_place : str
        As `Found.header`.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    separator: str
    comment_lines: int
    header_place: str


def parse_delimited(text: str, origin: str, reading: Reading, ending: str = "") -> Delimited:
    r"""Return the cells of a text, by the separator that is named or the one that fits.

    Parameters
    ----------
    text : str
    origin : str
        What to call the file in a message.
    reading : Reading
    ending : str
        Of the file's name: ``.tsv`` holds tabs.

    Raises
    ------
    MemwallError
        If it is empty, a quote is left open, or a row has more or fewer cells than the header.

    Examples
    --------
    >>> parsed = parse_delimited("date;value\n2016;100,0\n", "chips.csv", Reading())
    >>> parsed.separator, parsed.header, parsed.rows
    (';', ['date', 'value'], [['2016', '100,0']])
    """
    source = Lines(text, USUAL_COMMENT if reading.comment is None else reading.comment)
    hint = EXCEL_HINT.fullmatch(source.lines[0]) if source.lines else None
    if hint:
        source.lines[0] = ""
    separator = reading.separator or (hint[1] if hint else None)
    if separator is None:
        separator = "\t" if ending == ".tsv" else find_separator(source)
    records, lines = _read(source, separator, origin)
    comments = source.comments
    if not records:
        raise MemwallError(f"{origin}: the file is empty; expected a header and one row an observation")
    place = "row 1" if reading.header else "none"
    header = records[0] if reading.header else []
    named = _header_of_comment(comments, records, separator) if reading.header else []
    if named:
        header, place = named, "comment"
    first = 0 if place != "row 1" else 1
    width = _width(header) if header else max(map(len, records))
    rows = [
        _fitted(row, line, width, len(header) or width, origin, separator)
        for row, line in zip(records[first:], lines[first:], strict=True)
    ]
    # A comment that names the columns is a header, not a comment.
    counted = len(comments) - (place == "comment")
    return Delimited(header, rows, lines[first:], separator, counted, place)


def looks_like_data(cells: list[str]) -> bool:
    """Return whether a row holds numbers, which names of columns rarely are.

    Examples
    --------
    >>> looks_like_data(["2016", "100", "Acme"]), looks_like_data(["date", "value"])
    (True, False)
    """
    return sum(NUMBER.fullmatch(cell) is not None for cell in cells) >= min(2, len(cells)) > 0


class Lines:
    r"""The lines of a text without its comments, which are kept aside; within quotes there are none.

    Examples
    --------
    >>> source = Lines("# chips\ndate,value\n", "#")
    >>> list(source), source.comments
    (['date,value\n'], ['# chips'])
    """

    def __init__(self, text: str, comment: str) -> None:
        self.lines = list(io.StringIO(text, newline=""))
        self.comment = comment
        self.comments: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        """Return the lines that are no comments, one after the other."""
        self.comments, self.number, quoted = [], 0, False
        for line in self.lines:
            self.number += 1
            if self.comment and not quoted and line.lstrip().startswith(self.comment):
                self.comments.append(line.strip())
                continue
            quoted ^= line.count('"') % 2 == 1
            yield line


def _read(source: Lines, separator: str, origin: str) -> tuple[list[list[str]], list[int]]:
    records, lines = [], []
    try:
        for record in _reader(source, separator, strict=True):
            if record and any(record):
                records.append([cell.strip() for cell in record])
                lines.append(source.number)
    except csv.Error as error:
        raise MemwallError(f"{origin}: row {source.number}: not a CSV: {error}") from None
    return records, lines


def _reader(lines: Lines | list[str], separator: str, *, strict: bool) -> Iterator[list[str]]:
    if separator == BLANK:
        split = (line.expandtabs(1).strip() for line in lines)
        return csv.reader(split, delimiter=BLANK, skipinitialspace=True, strict=strict)
    return csv.reader(lines, delimiter=separator, strict=strict)


def find_separator(source: Lines) -> str:
    r"""Return the separator under which most rows have as many cells as the first, two at least.

    Examples
    --------
    >>> find_separator(Lines("date;value\n2016;100,0\n", "#"))
    ';'
    """
    sample = list(islice(source, SAMPLE_ROWS))
    scores: dict[str, tuple[float, int]] = {}
    for place, separator in enumerate(TRIED):
        try:
            counts = [len([*record]) for record in _reader(sample, separator, strict=False) if any(record)]
        except csv.Error:
            continue
        if counts and counts[0] > 1:
            alike = sum(count == counts[0] for count in counts) / len(counts)
            # Blanks stand within the cells of any table: they separate if nothing else does.
            scores[separator] = (alike if separator != BLANK else alike / 2, -place)
    return max(scores, key=lambda separator: scores[separator]) if scores else _by_rows(sample)


def _by_rows(sample: list[str]) -> str:
    """Return what separates the rows of a table whose header is one cell; a comma if nothing does."""
    below = "".join(sample[1:])
    return next((separator for separator in TRIED[:4] if separator in below), ",")


def _header_of_comment(comments: list[str], records: list[list[str]], separator: str) -> list[str]:
    """Return the names in the last comment line, if it has a name for each cell of a row of numbers."""
    if not comments or not looks_like_data(records[0]):
        return []
    for comment in reversed(comments):
        bare = comment.lstrip("#%/ \t")
        cells = [cell.strip() for cell in next(_reader([bare], separator, strict=False), [])]
        if len(cells) == len(records[0]) and not looks_like_data(cells):
            return cells
    return []


def _width(header: list[str]) -> int:
    """Return how many cells a header has up to the last that is named."""
    return max((place for place, cell in enumerate(header, start=1) if cell), default=0)


def _fitted(row: list[str], line: int, width: int, full: int, origin: str, separator: str) -> list[str]:
    """Return a row of as many cells as the header, without empty ones beyond it."""
    if width <= len(row) <= full:
        return row + [""] * (full - len(row))
    if len(row) > full and not any(row[full:]):
        return row[:full]
    names = {character: name for name, character in SEPARATORS.items()}
    name = names.get(separator, separator)
    raise MemwallError(
        f"{origin}: row {line}: {len(row)} cells where the header has {full}; a cell that holds a "
        f"{name.removesuffix('s')} must stand in quotes"
        + (
            ""
            if separator == ","
            else f" (the cells are separated by a {name.removesuffix('s')}: --separator names another)"
        )
    )
