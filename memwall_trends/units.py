"""Decimal years, dates that a user types, and numbers as a reader sees them."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from decimal import Decimal
from functools import cache, lru_cache
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
    "byte = [information] = B = Byte",
    "bit = byte / 8 = b",
    "transfer = [transfer] = T",
    "parameters = [parameter] = parameters = parameter = params = param",
)
"""Definitions for pint."""
SCALES = {
    "k": 1e3, "K": 1e3, "thousand": 1e3,
    "M": 1e6, "m": 1e6, "mn": 1e6, "million": 1e6, "millions": 1e6,
    "B": 1e9, "bn": 1e9, "billion": 1e9, "billions": 1e9,
    "T": 1e12, "tn": 1e12, "trillion": 1e12, "trillions": 1e12,
}  # fmt: skip
"""What stands after a count, as in 70B parameters or 1.5 million."""
QUANTITY = re.compile(
    r"\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d[\d.]*(?:[eE][+-]?\d+)?)\s*([A-Za-z][A-Za-z/ ]{0,30})?\s*", re.ASCII
)
OPERATIONS = re.compile(r"([kmgtpezy]?)(?:flop|op)(s?)(/ ?s(?:ec|econd)?)?", re.IGNORECASE)
BITS_PER_SECOND = re.compile(r"([kKMGTPE]?i?[bB])ps")


def decimal_years(dates: ArrayLike | Sequence[dt.date]) -> NDArray[np.float64]:
    """Return dates as decimal years: days since 1970-01-01 / 365.25 + 1970.

    Parameters
    ----------
    dates : array_like of dates, shape (n,)
        Anything that numpy reads as ``datetime64``; the part of a day counts.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> decimal_years(["1970-01-01", "2030-01-01"]).tolist()
    [1970.0, 2030.0]
    """
    moments = np.asarray(dates, dtype="datetime64[us]")
    days = moments.astype("datetime64[D]")
    # The part of a day that a decimal year has; whole days stay exact.
    rest = (moments - days) / np.timedelta64(1, "D")
    whole = (days - np.datetime64("1970-01-01", "D")).astype(np.float64)
    return np.asarray((whole + rest) / DAYS_PER_YEAR + 1970.0, dtype=np.float64)


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
        A number and a unit, as in ``989.5 TFLOP/s``, ``1,555 GB/s``, ``70B`` parameters or ``80 GiB``; a bare
        number is taken to be in `unit`. ``B`` is a byte and ``b`` or ``bit`` a bit; ``FLOPS`` is FLOP/s;
        ``OP`` counts as FLOP.
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
    match = QUANTITY.fullmatch(text)
    registry = _unit_registry()
    try:
        if match is None:
            raise ValueError
        number, written = Decimal(match[1].replace(",", "")), (match[2] or unit).strip()
        scale, named = _split_scale(written, unit)
        quantity = registry.Quantity(number * scale, registry.Unit(spell_unit(named, unit)))
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


def spell_unit(text: str, into: str = "") -> str:
    """Return a unit as the tables spell it: vendors write GB/sec, Gbps and TFLOPs.

    Parameters
    ----------
    text : str
    into : str
        The unit that is wanted. ``FLOPs`` are FLOP/s for most vendors, and operations where those are wanted.

    Examples
    --------
    >>> spell_unit("TFLOPs", "GFLOP/s"), spell_unit("FLOPs", "PFLOP"), spell_unit("GB/sec")
    ('TFLOP/s', 'FLOP', 'GB/s')
    """
    unit = re.sub(r"\s*(/|\bper\b)\s*", "/", " ".join(text.split()))
    unit = re.sub(r"/sec(ond)?s?$", "/s", unit)
    operations = OPERATIONS.fullmatch(unit)
    if operations:
        prefix = operations[1].replace("K", "k") if operations[1] in "kK" else operations[1].upper()
        counted = bool(into) and re.fullmatch(r"[kMGTPEZY]?FLOP", into) is not None
        rate = operations[3] or (operations[2] and not (counted and operations[2] == "s"))
        return f"{prefix}FLOP{'/s' if rate else ''}"
    bits = BITS_PER_SECOND.fullmatch(unit)
    return f"{bits[1]}/s" if bits else unit


@lru_cache(maxsize=1024)
def unit_factor(unit: str, into: str, *, prefix_only: bool = False) -> float | None:
    """Return by what a value in one unit is multiplied to be in another; none if they measure two things.

    Parameters
    ----------
    unit, into : str
        As `spell_unit` takes them.
    prefix_only : bool
        Whether the units may differ in nothing but a prefix: bits beside bytes are a slip as often as not.

    Examples
    --------
    >>> unit_factor("TB/s", "GB/s"), unit_factor("Gb/s", "GB/s"), unit_factor("GB", "GB/s")
    (1000.0, 0.125, None)
    >>> unit_factor("Gb/s", "GB/s", prefix_only=True) is None
    True
    """
    if not all(re.fullmatch(r"[A-Za-z][A-Za-z/ ]{0,30}", each.strip(), re.ASCII) for each in (unit, into)):
        return None
    registry = _unit_registry()
    try:
        units = [registry.Unit(spell_unit(each, into)) for each in (unit, into)]
        factor = float(registry.Quantity(Decimal(1), units[0]).to(units[1]).magnitude)
        bare = [
            sorted((registry.parse_unit_name(name)[0][1], power) for name, power in each._units.items())
            for each in units
        ]
    except (TypeError, ValueError, ArithmeticError, AttributeError, AssertionError, IndexError):
        return None
    return factor if bare[0] == bare[1] or not prefix_only else None


def _split_scale(written: str, unit: str) -> tuple[Decimal, str]:
    """Return the scale in front of a unit (175 billion parameters), or in its place (70B), and the unit."""
    word, _, rest = written.partition(" ")
    if len(word) > 2 and word in SCALES:  # noqa: PLR2004  a word, not a letter
        return Decimal(SCALES[word]), rest or unit
    if unit == "parameters" and word in SCALES:
        return Decimal(SCALES[word]), rest or unit
    return Decimal(1), written


@cache
def _unit_registry() -> UnitRegistry[Decimal]:
    """Return the few units of the tables, so that B is a byte and T a transfer, as the field writes them."""
    from pint import UnitRegistry

    registry: UnitRegistry[Decimal] = UnitRegistry(None, non_int_type=Decimal)
    registry.load_definitions(UNITS)
    return registry
