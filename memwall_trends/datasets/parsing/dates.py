"""Dates as people write them: each form that means one day only, and a question where one means two."""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends.datasets.parsing.options import DATE_FORMATS, DAY_FIRST, DECIMAL_YEAR, MONTH_FIRST
from memwall_trends.errors import MemwallError
from memwall_trends.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    Read = Callable[[re.Match[str]], dt.date]

EXPECTED = "a date such as 2020-05-14, 2020-05 or 2020"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
YEAR = r"(?P<year>[1-9]\d{3})"
TIME_OF_DAY = re.compile(r"(?:[T ]\s*\d{1,2}:\d\d.*)$", re.ASCII)
LAST_TWO_DIGIT_YEAR = 68
"""Two digits are a year from 1969 to 2068, as POSIX has it."""
EPOCH = pd.Timestamp("1970-01-01")


def _number(match: re.Match[str], name: str, default: int = 1) -> int:
    return int(match.groupdict().get(name) or default)


def _plain(match: re.Match[str]) -> dt.date:
    return dt.date(_number(match, "year"), _number(match, "m"), _number(match, "d"))


def _named(match: re.Match[str]) -> dt.date:
    year = _number(match, "year", 0) or _full_year(_number(match, "yy"))
    return dt.date(year, MONTHS.index(match["month"][:3].lower()) + 1, _number(match, "d"))


def _quarter(match: re.Match[str]) -> dt.date:
    return dt.date(_number(match, "year"), 3 * _number(match, "quarter") - 2, 1)


def _half(match: re.Match[str]) -> dt.date:
    return dt.date(_number(match, "year"), 6 * _number(match, "half") - 5, 1)


ISO, ISO_PATTERN = "days", r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"
FORMS: tuple[tuple[str, str, Read], ...] = (
    ("years", YEAR + r"(?:\.0+)?", _plain),
    ("months", YEAR + r"[-/](?P<m>\d\d)", _plain),
    (ISO, YEAR + r"(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})", _plain),
    ("YYYYMM", r"(?P<year>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])", _plain),
    ("YYYYMMDD", r"(?P<year>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)", _plain),
    ("months", r"(?P<m>\d{1,2})[-/.]" + YEAR, _plain),
    ("quarters", YEAR + r"[ -]?Q(?P<quarter>[1-4])", _quarter),
    ("quarters", r"Q(?P<quarter>[1-4])[ /-]?" + YEAR, _quarter),
    ("quarters", r"(?P<quarter>[1-4])Q[ /-]?" + YEAR, _quarter),
    ("half-years", YEAR + r"[ -]?H(?P<half>[12])", _half),
    ("half-years", r"H(?P<half>[12])[ /-]?" + YEAR, _half),
    ("month names", MONTH + r"[ ,-]+(?:" + YEAR + r"|'?(?P<yy>\d\d))", _named),
    ("month names", YEAR + r"[ ,-]+" + MONTH, _named),
    ("month names", YEAR + r"[ ,-]+" + MONTH + r"[ ,-]+(?P<d>\d{1,2})", _named),
    (
        "month names",
        r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\.?[ -]+" + MONTH + r"[ ,-]+(?:" + YEAR + r"|'?(?P<yy>\d\d))",
        _named,
    ),
    ("month names", MONTH + r"[ -]+(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:, *| +)" + YEAR, _named),
)
"""What each form is called, how it looks, and how it is read; no text looks like two of them."""
NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2([1-9]\d{3}|\d\d)", re.ASCII)
DECIMAL = re.compile(r"([1-9]\d{3})\.(\d+)", re.ASCII)


def read_dates(cells: pd.Series, date_format: str | None, where: str) -> tuple[pd.Series, str]:
    """Return the days of cells, and what forms they have.

    Parameters
    ----------
    cells : Series
        Text, numbers or dates.
    date_format : str, optional
        As `Reading.date_format`.
    where : str
        What to call the column in a message.

    Returns
    -------
    days : Series of datetime
        No day (NaT) where a cell is none. A year or a month is its first day. A time of day is left off; a
        decimal year is the moment that it stands for.
    forms : str
        For a reader.

    Raises
    ------
    MemwallError
        If the cells mean days in two ways.

    Examples
    --------
    >>> days, forms = read_dates(pd.Series(["14.05.2020", "01.03.2016"]), None, "the column")
    >>> days.dt.strftime("%Y-%m-%d").tolist(), forms
    (['2020-05-14', '2016-03-01'], 'day first (14.05.2020)')
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        return cells.dt.tz_localize(None).dt.normalize().astype("datetime64[us]"), "days"
    if not isinstance(cells.dtype, pd.StringDtype):
        cells = cells.astype(object).map(str)
    # Each text is read once, however many cells hold it.
    codes, distinct = pd.factorize(cells, use_na_sentinel=False)
    if date_format in (None, DAY_FIRST, MONTH_FIRST):
        usual = _read_iso(distinct)
        if usual is not None:
            return pd.Series(usual[codes], index=cells.index, name=cells.name), ISO
    texts = list(map(_without_time, distinct))
    read, forms = _read(list(dict.fromkeys(texts)), date_format, where)
    known = pd.Series([read.get(text) for text in texts], dtype=object)
    # A cell that is no date has none; what is out of the calendar's range is none either.
    days = pd.to_datetime(known, errors="coerce").astype("datetime64[us]").to_numpy()
    return pd.Series(days[codes], index=cells.index, name=cells.name), " and ".join(forms)


def _read(
    texts: list[str], date_format: str | None, where: str
) -> tuple[Mapping[str, pd.Timestamp | dt.date], list[str]]:
    if date_format is not None and date_format not in DATE_FORMATS:
        return _read_pattern(texts, date_format), [date_format]
    read: dict[str, pd.Timestamp | dt.date] = {}
    forms: dict[str, None] = {}
    decimal, numbers = [], []
    for text in texts:
        if NUMBERS.fullmatch(text):
            numbers.append(text)
        elif DECIMAL.fullmatch(text) and not re.fullmatch(r"\d+\.0+", text):
            decimal.append(text)
        else:
            form, day = _read_form(text)
            if day is not None:
                read[text] = day
                forms[form] = None
    if decimal or date_format == DECIMAL_YEAR:
        _check_decimal(decimal, date_format, where)
        read |= {text: _moment(float(text)) for text in decimal}
        forms = {name: None for name in forms if name != "years"} | {"decimal years": None}
    if numbers:
        order = _find_order(numbers, date_format, where)
        read |= {text: day for text in numbers if (day := _ordered(text, order)) is not None}
        forms[f"{ORDERS[order]} ({numbers[0]})"] = None
    return read, list(forms)


def _read_iso(texts: pd.Index) -> NDArray[np.datetime64] | None:
    """Return the days of texts that all have the usual form, as most columns do: 2020-05-14."""
    import pyarrow as pa
    from pyarrow import compute

    try:
        cells = pa.array(texts, type=pa.large_string())
        # Arrow takes a year zero, which is none.
        if not compute.all(compute.match_substring_regex(cells, ISO_PATTERN)).as_py():
            return None
        days: NDArray[np.datetime64] = compute.cast(cells, pa.date32()).to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        return None
    return days.astype("datetime64[us]")


@functools.cache
def _compile() -> tuple[tuple[str, re.Pattern[str], Read], ...]:
    return tuple((name, re.compile(pattern, re.ASCII | re.IGNORECASE), read) for name, pattern, read in FORMS)


def _read_form(text: str) -> tuple[str, dt.date | None]:
    for name, pattern, read in _compile():
        match = pattern.fullmatch(text)
        if match:
            try:
                return name, read(match)
            except ValueError:
                return name, None
    return "", None


def _read_pattern(texts: Iterable[str], pattern: str) -> dict[str, pd.Timestamp | dt.date]:
    read: dict[str, pd.Timestamp | dt.date] = {}
    for text in texts:
        try:
            read[text] = dt.datetime.strptime(text, pattern).date()
        except (ValueError, re.error):
            continue
    return read


def _check_decimal(decimal: list[str], date_format: str | None, where: str) -> None:
    """Refuse decimals that could be months: 2011.02 is February, or a week into the year."""
    if date_format == DECIMAL_YEAR:
        return
    if all(re.fullmatch(r"0?[1-9]|1[0-2]", text.partition(".")[2]) for text in decimal):
        raise MemwallError(
            f"{where}: {decimal[0]!r} can be a year with decimals or a year and a month; expected a date "
            f"such as 2020-05, or say which it is: --date-format {DECIMAL_YEAR}, or --date-format %Y.%m"
        )


def _moment(year: float) -> pd.Timestamp:
    """Return the moment of a decimal year, as `memwall_trends.units.decimal_years` counts."""
    return EPOCH + pd.Timedelta(days=(year - EPOCH.year) * DAYS_PER_YEAR).round("us")


ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
ORDER_OPTIONS = {"dmy": DAY_FIRST, "mdy": MONTH_FIRST, "ymd": "%y{0}%m{0}%d"}


def _find_order(numbers: list[str], date_format: str | None, where: str) -> str:
    """Return in which order days, months and years stand: the one that fits, if only one does."""
    if date_format in (DAY_FIRST, MONTH_FIRST):
        return "dmy" if date_format == DAY_FIRST else "mdy"
    fitting = {order: [_ordered(text, order) for text in numbers] for order in ORDERS}
    most = max(sum(day is not None for day in days) for days in fitting.values())
    best = [order for order, days in fitting.items() if most == sum(day is not None for day in days)]
    if most and any(fitting[order] != fitting[best[0]] for order in best):
        mark = NUMBERS.fullmatch(numbers[0])
        options = " or ".join(
            f"--date-format {ORDER_OPTIONS[order].format(mark[2] if mark else '-')}" for order in best
        )
        raise MemwallError(
            f"{where}: {numbers[0]!r} can be {' or '.join(ORDERS[order] for order in best)}; expected a date "
            f"such as 2020-05-14, or say which it is: {options}"
        )
    return best[0]


def _ordered(text: str, order: str) -> dt.date | None:
    match = NUMBERS.fullmatch(text)
    if match is None:
        return None
    parts = dict(zip(order, (match[1], match[3], match[4]), strict=True))
    if order == "ymd" and len(match[4]) > 2:  # noqa: PLR2004
        return None
    year = int(parts["y"])
    try:
        return dt.date(year if len(parts["y"]) > 2 else _full_year(year), int(parts["m"]), int(parts["d"]))  # noqa: PLR2004
    except ValueError:
        return None


def _full_year(two_digits: int) -> int:
    return two_digits + (2000 if two_digits <= LAST_TWO_DIGIT_YEAR else 1900)


def _without_time(cell: object) -> str:
    text = " ".join(str(cell).split())
    return TIME_OF_DAY.sub("", text)
