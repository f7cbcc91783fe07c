"""A plain table at once: text that Arrow reads as `memwall_trends.datasets.parsing.delimited` would.

Plain is what most tables are: UTF-8, one row a line, a header in the first, as many cells in each row, no
comments, and quotes around whole cells only. Of any other text nothing is returned, so that it is read line
by line, which says what is wrong with it, and where.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memwall_trends.datasets.parsing.delimited import (
    BLANK,
    EXCEL_HINT,
    SAMPLE_ROWS,
    USUAL_COMMENT,
    Lines,
    find_separator,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from memwall_trends.datasets.parsing.options import Reading

    Places = NDArray[np.int64]

FEWEST_COLUMNS = 2
"""Of one column, an empty cell is an empty line."""
PART_BYTES = 1 << 18
"""What is looked through at once: as much as stays in the processor's cache."""
UTF_8 = (None, "utf-8", "utf8")
UNUSUAL = (b"\0", b"\x1c", b"\x1d", b"\x1e", b"\x1f")
"""Control characters that the two readers take in different ways."""
SPACE, LINE_END, QUOTE = b" ", b"\n", b'"'


@dataclass(frozen=True, eq=False)
class Plain:
    """The cells of a plain text.

    Attributes
    ----------
    frame : DataFrame
        Of text, without blanks around the cells. The second line is the first row, and so on.
    separator : str
    """

    frame: pd.DataFrame
    separator: str


def parse_plain(data: bytes, reading: Reading, ending: str = "") -> Plain | None:
    r"""Return the cells of a text that is plain, none of another.

    Parameters
    ----------
    data : bytes
        Of a file.
    reading : Reading
    ending : str
        Of the file's name: ``.tsv`` holds tabs.

    Examples
    --------
    >>> from memwall_trends.datasets.parsing.options import Reading
    >>> parsed = parse_plain(b"date;value\n2016; 100,0\n", Reading())
    >>> parsed.separator, list(parsed.frame), parsed.frame.values.tolist()
    (';', ['date', 'value'], [['2016', '100,0']])
    >>> parse_plain(b"date;value\n2016;100;0\n", Reading()) is None
    True
    """
    comment = USUAL_COMMENT if reading.comment is None else reading.comment
    head = _read_head(data, reading)
    if not head or not reading.header or _may_have_comments(data, comment):
        return None
    lines = Lines(head, "")
    separator = reading.separator or ("\t" if ending == ".tsv" else find_separator(lines))
    header = _read_header(lines.lines[0], separator)
    if not header or not _is_quoted_whole(data, separator.encode()):
        return None
    columns = _read_columns(data, separator, len(header))
    if columns is None:
        return None
    cells = _trim(data, separator.encode(), columns).to_pandas()
    return Plain(cells.set_axis(header, axis=1), separator)


def _read_head(data: bytes, reading: Reading) -> str:
    """Return the lines that tell what separates the cells; none of a text that is not UTF-8 of our lines."""
    if (reading.encoding and reading.encoding.lower().replace("_", "-")) not in UTF_8:
        return ""
    if data.startswith(b"\xef\xbb\xbf"):
        return ""
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return ""
    if any(letter in data for letter in UNUSUAL):
        return ""
    end = 0
    for _ in range(SAMPLE_ROWS):
        end = data.find(LINE_END, end) + 1
        if not end:
            end = len(data)
            break
    try:
        if not data.isascii():
            data.decode()
        return data[:end].decode()
    except UnicodeError:
        return ""


def _may_have_comments(data: bytes, comment: str) -> bool:
    """Return whether a line may begin with a comment, after what may be blanks."""
    mark = comment.encode()
    if not mark or mark not in data:
        return False
    return re.search(rb'(?:\A|\n)[^0-9A-Za-z,;|"\n]*' + re.escape(mark), data) is not None


def _read_header(line: str, separator: str) -> list[str]:
    """Return the names of the columns; none if a plain table does not begin so."""
    if separator == BLANK or not separator.isascii() or EXCEL_HINT.fullmatch(line):
        return []
    if line.count('"') % 2:
        return []
    try:
        cells = next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells] if any(cells) and len(cells) >= FEWEST_COLUMNS else []


def _is_quoted_whole(data: bytes, separator: bytes) -> bool:
    """Return whether quotes stand around whole cells alone, or twice within them."""
    if QUOTE not in data:
        return True
    import numpy as np

    quotes = _find(data, QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    # A quote that is written twice closes and opens.
    doubled = np.zeros(len(opening) + 1, dtype=bool)
    doubled[1:-1] = closing[:-1] + 1 == opening[1:]
    begins = _is_next_to(data, opening, separator + b"\n", -1)
    ends = _is_next_to(data, closing, separator + b"\r\n", 1)
    return bool((doubled[:-1] | begins).all() and (doubled[1:] | ends).all())


def _find(data: bytes, letter: bytes) -> Places:
    """Return where a letter stands."""
    import numpy as np

    letters = np.frombuffer(data, dtype=np.uint8)
    parts = [
        start + np.flatnonzero(letters[start : start + PART_BYTES] == letter[0])
        for start in range(0, len(letters), PART_BYTES)
    ]
    return np.concatenate(parts)


def _is_next_to(data: bytes, places: Places, edges: bytes, step: int) -> NDArray[np.bool_]:
    """Return whether one of the edges, or an end of the text, stands a step from each place."""
    import numpy as np

    letters = np.frombuffer(data, dtype=np.uint8)
    beside = places + step
    outside = (beside < 0) | (beside == len(letters))
    found: NDArray[np.bool_] = _mark(edges)[letters[np.where(outside, 0, beside)]] | outside
    return found


def _read_columns(data: bytes, separator: str, n_columns: int) -> pa.Table | None:
    """Return the cells as text, none if they are not one row a line or a row is empty."""
    import pyarrow as pa
    from pyarrow import compute
    from pyarrow import csv as arrow_csv

    names = [str(place) for place in range(n_columns)]
    text = pa.large_string()
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, text), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowException:
        return None
    n_lines = data.count(LINE_END) + (not data.endswith(LINE_END))
    if len(table) != n_lines - 1 or not len(table):
        return None
    lengths = [compute.min_max(compute.binary_length(column)).as_py() for column in table.columns]
    if max(each["max"] for each in lengths) > csv.field_size_limit():
        return None
    if not any(each["min"] for each in lengths):
        empty = compute.equal(table.column(0), "")
        for column in table.columns[1:]:
            empty = compute.and_(empty, compute.equal(column, ""))
        if compute.any(empty).as_py():
            return None
    return table


def _trim(data: bytes, separator: bytes, table: pa.Table) -> pa.Table:
    """Return the cells without blanks around them."""
    import pyarrow as pa
    from pyarrow import compute

    others = any(blank in data for blank in (b"\t", b"\v", b"\f") if blank != separator)
    if data.isascii() and not others and not _has_space_at_edge(data, separator):
        return table
    trimmed = [compute.utf8_trim_whitespace(column) for column in table.columns]
    return pa.table(trimmed, names=table.column_names)


def _has_space_at_edge(data: bytes, separator: bytes) -> bool:
    """Return whether a space stands at the begin or the end of a cell."""
    if SPACE not in data:
        return False
    import numpy as np

    if SPACE in (data[:1], data[-1:]):
        return True
    letters, is_edge = np.frombuffer(data, dtype=np.uint8), _mark(separator + b'"\r\n')
    for start in range(1, len(letters) - 1, PART_BYTES):
        part = letters[start - 1 : start + PART_BYTES + 1]
        spaces = np.flatnonzero(part[1:-1] == SPACE[0])
        if (is_edge[part[spaces]] | is_edge[part[spaces + 2]]).any():
            return True
    return False


def _mark(letters: bytes) -> NDArray[np.bool_]:
    """Return for each of the 256 bytes whether it is one of these letters."""
    import numpy as np

    marked: NDArray[np.bool_] = np.isin(np.arange(256), np.frombuffer(letters, dtype=np.uint8))
    return marked
