"""How a user's file is to be read, and what was found out about it."""

from __future__ import annotations

import codecs
from dataclasses import asdict, dataclass
from typing import Any

from memwall_trends.errors import MemwallError, unknown

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blanks": " "}
"""Separators of cells by the word that the user may give for them."""
MISSING = ("skip", "fail")
DAY_FIRST, MONTH_FIRST, DECIMAL_YEAR = "day-first", "month-first", "decimal-year"
DATE_FORMATS = (DAY_FIRST, MONTH_FIRST, DECIMAL_YEAR)
"""Date formats that have a name; any other is a pattern as of `datetime.datetime.strptime`."""
MAX_LABELS_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file of the user's is read; what is not said is found out, and said with the result.

    Attributes
    ----------
    separator : str, optional
        Of cells: ``comma``, ``semicolon``, ``tab``, ``bar``, ``blanks``, or the character itself.
    decimal : str, optional
        The decimal mark, ``.`` or ``,``.
    encoding : str, optional
        As Python names it: ``utf-8``, ``cp1252``, ``utf-16``.
    comment : str, optional
        What a line begins with that is no row; by default ``#``, and none if it is empty.
    sheet : str, optional
        Of a workbook: name, or number from 1. By default the first with rows.
    header : bool
        Whether the first row names the columns; where not, they are numbered from 1.
    date_format : str, optional
        ``day-first``, ``month-first``, ``decimal-year``, or a pattern as in ``%d.%m.%Y``.
    missing : str
        What a row without a date or a value is: ``skip`` leaves it out and counts it, ``fail`` is an error.
    missing_token : tuple of str
        What stands in a cell that is empty, besides nothing at all.
    zero_is_missing : bool
        Whether a value of zero is none.
    unit : str, optional
        Unit of the values: of bare numbers, and what others are converted to.
    match : bool
        Whether rows laid over ours that name one of our devices under another spelling are its.

    Raises
    ------
    MemwallError
        If one of them is none; the message says what it can be.

    Examples
    --------
    >>> Reading(separator="semicolon").separator
    ';'
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None
    sheet: str | None = None
    header: bool = True
    date_format: str | None = None
    missing: str = "skip"
    missing_token: tuple[str, ...] = ()
    zero_is_missing: bool = False
    unit: str | None = None
    match: bool = False

    def __post_init__(self) -> None:
        """Check each option, and take words for what they stand for."""
        if self.separator is not None:
            separator = SEPARATORS.get(self.separator, self.separator.replace("\\t", "\t"))
            if len(separator) != 1 or separator in "\"'\r\n\0" or separator.isalnum():
                raise MemwallError(
                    f"--separator {self.separator!r} separates no cells: expected {', '.join(SEPARATORS)} "
                    "or one character"
                )
            object.__setattr__(self, "separator", separator)
        if self.decimal not in (None, ".", ","):
            raise MemwallError(f"--decimal {self.decimal!r} is no decimal mark: expected . or ,")
        if self.missing not in MISSING:
            raise unknown("--missing", self.missing, MISSING)
        if self.date_format is not None and self.date_format not in DATE_FORMATS:
            _check_pattern(self.date_format)
        if self.encoding is not None:
            _check_encoding(self.encoding)
        # One token in place of several is one token, not its letters.
        tokens = (self.missing_token,) if isinstance(self.missing_token, str) else tuple(self.missing_token)
        object.__setattr__(self, "missing_token", tokens)
        if self.sheet is not None:
            object.__setattr__(self, "sheet", str(self.sheet))


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found out about a file, and which of its rows were left out.

    Attributes
    ----------
    file : str
        Its path, or what else it is called.
    format : str
        ``csv`` (with any separator), ``excel``, ``parquet``, ``json`` or ``frame``.
    compression, encoding, separator, sheet : str
        Empty where the format has none.
    comment_lines : int
    header : str
        Where the names of the columns stand: ``row 1``, ``comment`` or ``none``.
    date_column, value_column : str
    dates : str
        The forms of its dates, for a reader.
    decimal : str
        The decimal mark; empty where the values have none.
    unit : str
        Of the values; empty where nothing says it.
    has_unit : bool
        Whether something does: rows of several units have no one unit.
    converted : tuple of str
        The units that were converted to it.
    rows : int
        How many rows the question needs.
    skipped : tuple
        The rows of them without a date or a value: lines of a text, else their numbers.
    unnumbered : int
        How many such rows have no number, as those that an engine holds.
    engine : str
        What holds the rows, where they are not in memory.

    Examples
    --------
    >>> found = Found(file="chips.csv", format="csv", encoding="utf-8", separator=";", rows=5, skipped=(3,))
    >>> found.describe()
    'chips.csv: CSV separated by semicolons, UTF-8; 5 rows, 1 skipped for an empty cell (row 3)'
    """

    file: str
    format: str
    compression: str = ""
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    comment_lines: int = 0
    header: str = "row 1"
    date_column: str = "date"
    value_column: str = "value"
    dates: str = ""
    decimal: str = ""
    unit: str = ""
    has_unit: bool = False
    converted: tuple[str, ...] = ()
    rows: int = 0
    skipped: tuple[Any, ...] = ()
    unnumbered: int = 0
    engine: str = ""

    @property
    def n_skipped(self) -> int:
        """How many rows have no date or no value."""
        return len(self.skipped) + self.unnumbered

    def to_record(self) -> dict[str, Any]:
        """Return it as ``reading`` in the JSON of a result; ``rows_skipped`` lists their numbers.

        Examples
        --------
        >>> list(Found(file="chips.csv", format="csv").to_record())[:3]
        ['file', 'format', 'compression']
        """
        record = asdict(self)
        record["converted"] = list(self.converted)
        record["n_skipped"] = self.n_skipped
        del record["has_unit"], record["unnumbered"]
        if not self.engine:
            del record["engine"]
        labels = record.pop("skipped")
        record["rows_skipped"] = [label if isinstance(label, int) else str(label) for label in labels]
        return record

    def describe(self) -> str:
        """Return it in one line, for a reader."""
        words = {character: f"separated by {name}s" for name, character in SEPARATORS.items()}
        words |= {" ": "separated by blanks"}
        kind = {"csv": "CSV", "excel": "Excel", "parquet": "Parquet", "json": "JSON"}.get(self.format, "")
        how = [kind] if kind else []
        how = [f"in {self.engine}"] if self.engine else how
        if self.separator:
            how = [f"{kind} {words.get(self.separator, f'separated by {self.separator!r}')}"]
        how += [f"sheet {self.sheet!r}"] if self.sheet else []
        how += [self.compression] if self.compression else []
        how += [self.encoding.upper()] if self.encoding else []
        if self.comment_lines:
            how.append(f"{self.comment_lines} comment line{'s' if self.comment_lines > 1 else ''}")
        if self.header != "row 1":
            how.append("names from the comment" if self.header == "comment" else "no header")
        parts = [", ".join(how)] if how else []
        parts += [f"dates: {self.dates}"] if self.dates else []
        parts += ["decimal comma"] if self.decimal == "," else []
        converted = f" (converted: {', '.join(self.converted)})" if self.converted else ""
        if not self.unit and self.converted:
            converted = f" (scaled: {', '.join(self.converted)})"
        unit = f"unit {self.unit}" if self.unit else "no unit"
        parts += [unit + converted] if self.dates else []
        parts.append(self._describe_rows())
        return f"{self.file}: {'; '.join(parts)}"

    def _describe_rows(self) -> str:
        counted = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        if not self.n_skipped:
            return f"{counted}, none skipped"
        if not self.skipped:
            return f"{counted}, {self.n_skipped:,} skipped for an empty cell"
        named = ", ".join(map(str, self.skipped[:MAX_LABELS_SHOWN]))
        more = ", ..." if len(self.skipped) > MAX_LABELS_SHOWN else ""
        row = "row" if len(self.skipped) == 1 else "rows"
        return f"{counted}, {len(self.skipped):,} skipped for an empty cell ({row} {named}{more})"


def _check_pattern(pattern: str) -> None:
    import datetime as dt

    try:
        if "%" not in pattern:
            raise ValueError
        dt.datetime.strptime(dt.datetime(2001, 2, 3).strftime(pattern), pattern)
    except (ValueError, UnicodeError, OverflowError):
        raise MemwallError(
            f"--date-format {pattern!r} is none: expected {', '.join(DATE_FORMATS)}, or a pattern as in "
            "%d.%m.%Y (day, month, year)"
        ) from None


def _check_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
        codecs.lookup(encoding)
    except (LookupError, ValueError, UnicodeError, TypeError):
        raise MemwallError(
            f"--encoding {encoding!r} is not known: expected a name such as utf-8, cp1252 or utf-16"
        ) from None
