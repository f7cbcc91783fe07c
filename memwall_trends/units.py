"""Decimal years, dates that a user types, and numbers as a reader sees them."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from pint import UnitRegistry

DAYS_PER_YEAR = 365.25
DECIMAL_PREFIXES = ("kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta")
BINARY_PREFIXES = ("kibi", "mebi", "gibi", "tebi", "pebi")
UNITS = (
    *(
        f"{name}- = 1e{3 * (n + 1)} = {name[0].upper() if n else 'k'}-"
        for n, name in enumerate(DECIMAL_PREFIXES)
    ),
    *(f"{name}- = 1024**{n + 1} = {name[0].upper()}i-" for n, name in enumerate(BINARY_PREFIXES)),
    "second = [time] = s = sec",
    "FLOP = [operation] = FLOP = flop = Flop = OP = op",
    "FLOPS = FLOP / second = FLOPS = flops = Flops = OPS",
    "byte = [information] = B",
    "bit = byte / 8 = b",
    "transfer = [transfer] = T",
    "parameters = [parameter] = parameters = parameter",
)
"""Definitions for pint."""


def decimal_years(dates: ArrayLike | Sequence[dt.date]) -> NDArray[np.float64]:
    """Return dates as decimal years: days since 1970-01-01 / 365.25 + 1970.

    Parameters
    ----------
    dates : array_like of dates, shape (n,)
        Anything that numpy reads as ``datetime64[D]``.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> decimal_years(["1970-01-01", "2030-01-01"]).tolist()
    [1970.0, 2030.0]
    """
    days = np.asarray(dates, dtype="datetime64[D]") - np.datetime64("1970-01-01", "D")
    return np.asarray(days.astype(np.float64) / DAYS_PER_YEAR + 1970.0, dtype=np.float64)


def parse_date(text: str, *, end_of_period: bool = False) -> dt.date:
    """Return the day that a year, a month or a day stands for.

    Parameters
    ----------
    text : str
        ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.
    end_of_period : bool
        Take the last day of the year or month, not the first.

    Returns
    -------
    datetime.date

    Raises
    ------
    MemwallError
        If the text is none of the three, or no day of the calendar.

    Examples
    --------
    >>> parse_date("2010").isoformat(), parse_date("2010-02", end_of_period=True).isoformat()
    ('2010-01-01', '2010-02-28')
    """
    match = re.fullmatch(r"([1-9]\d{3})(?:-(\d\d))?(?:-(\d\d))?", text.strip(), re.ASCII)
    try:
        if match is None:
            raise ValueError
        year, month, day = (int(part) if part else None for part in match.groups())
        assert year is not None  # the pattern demands it
        month = month or (12 if end_of_period else 1)
        day = day or (calendar.monthrange(year, month)[1] if end_of_period else 1)
        return dt.date(year, month, day)
    except (ValueError, calendar.IllegalMonthError):
        raise MemwallError(
            f"cannot read the date {text!r}: expected a year (2010), a month (2010-06) or a day (2010-06-30)"
        ) from None


def parse_year(text: str) -> float:
    """Return a point in time as a decimal year.

    Parameters
    ----------
    text : str
        A year, with or without decimals (``2030``, ``2030.5``), or a date as `parse_date` reads it.

    Returns
    -------
    float
        A bare year is its first moment, 1 January.

    Raises
    ------
    MemwallError
        If it is neither.

    Examples
    --------
    >>> parse_year("2030"), round(parse_year("2030-07-01"), 3)
    (2030.0, 2030.496)
    """
    if re.fullmatch(r"[1-9]\d{3}(\.\d+)?", text.strip(), re.ASCII):
        return float(text)
    return float(decimal_years([parse_date(text)])[0])


def power_of_ten(exponent: float) -> float:
    """Return ten to the power of `exponent`, infinite where a float cannot hold it.

    Examples
    --------
    >>> power_of_ten(3), power_of_ten(400)
    (1000.0, inf)
    """
    try:
        return float(10.0**exponent)
    except OverflowError:
        return math.inf


def format_interval(low: float, high: float, digits: int = 4) -> str:
    """Return an interval for a reader.

    Examples
    --------
    >>> format_interval(2.68233, 3.41309)
    '2.682 to 3.413'
    """
    return f"{format_number(low, digits)} to {format_number(high, digits)}"


def format_level(level: float) -> str:
    """Return the level of an interval for a reader.

    Examples
    --------
    >>> format_level(0.95), format_level(0.999)
    ('95%', '99.9%')
    """
    return f"{100 * level:.10g}%"


def format_number(number: float, digits: int = 4) -> str:
    """Return a number for a reader, rounded to `digits` significant digits.

    Examples
    --------
    >>> format_number(3.02573), format_number(64313.4), format_number(1.5e12), format_number(2030, 6)
    ('3.026', '64,310', '1.500e+12', '2,030.00')
    """
    if math.isnan(number):
        return "n/a"
    if math.isinf(number):
        return "infinite" if number > 0 else "-infinite"
    if number == 0:
        return "0"
    # The exponent after rounding: 9.9996 is 10.00, not 10.000.
    magnitude = int(f"{number:.{digits - 1}e}".partition("e")[2])
    if not -4 <= magnitude < 9:  # noqa: PLR2004  beyond this a reader counts zeros
        return f"{number:.{digits - 1}e}"
    decimals = digits - 1 - magnitude
    return f"{round(number, decimals):,.{max(decimals, 0)}f}"


def convert_quantity(text: str, unit: str) -> float:
    """Return a quantity as a user writes it in a given unit.

    Parameters
    ----------
    text : str
        A number and a unit, as in ``989.5 TFLOP/s``, ``3.35 TB/s`` or ``80 GiB``; a bare number is taken to
        be in `unit`. ``B`` is a byte and ``b`` or ``bit`` a bit; ``FLOPS`` is FLOP/s; ``OP`` counts as FLOP.
    unit : str
        The wanted unit, as in ``GB/s``.

    Returns
    -------
    float
        Above zero.

    Raises
    ------
    MemwallError
        If it is no quantity, not above zero, or measures something else.

    Examples
    --------
    >>> convert_quantity("989.5 TFLOP/s", "GFLOP/s"), convert_quantity("3.35 TB/s", "GB/s")
    (989500.0, 3350.0)
    >>> convert_quantity("80 GiB", "GB"), convert_quantity("900 Gb/s", "GB/s")
    (85.89934592, 112.5)
    """
    match = re.fullmatch(r"\s*(\d[\d.]*(?:[eE][+-]?\d+)?)\s*([A-Za-z][A-Za-z/ ]{0,30})?\s*", text, re.ASCII)
    registry = _unit_registry()
    try:
        if match is None:
            raise ValueError
        quantity = registry.Quantity(Decimal(match[1]), registry.Unit(match[2] or unit))
        converted = float(quantity.to(unit).magnitude)
    except TypeError:  # of pint: the dimensions differ
        raise MemwallError(f"{text!r} does not measure what {unit} measures; write it in {unit}") from None
    except (ValueError, ArithmeticError, AttributeError, AssertionError):
        raise MemwallError(
            f"cannot read the quantity {text!r}: expected a number above zero and a unit, as in 3 {unit}"
        ) from None
    if not 0 < converted < math.inf:
        raise MemwallError(f"the quantity {text!r} is not above zero and finite")
    return converted


@cache
def _unit_registry() -> UnitRegistry[Decimal]:
    """Return the few units of the tables, so that B is a byte and T a transfer, as the field writes them."""
    from pint import UnitRegistry

    registry: UnitRegistry[Decimal] = UnitRegistry(None, non_int_type=Decimal)
    registry.load_definitions(UNITS)
    return registry
