"""Numbers as people write them: decimal marks, thousands, and units within the cell."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends.errors import MemwallError
from memwall_trends.units import SCALES, unit_factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from memwall_trends.datasets.parsing.options import Reading

EXPECTED = "a number above zero"
BLANKS = " \u00a0\u202f\u2009'\u2019"
"""What stands between thousands besides a mark."""
CELL = re.compile(
    rf"(?P<currency>[$€£¥])?\s*(?P<number>[+-]?\d[\d.,{BLANKS}]*|[+-]?[.,]\d+)"
    r"(?P<exponent>[eE][+-]?\d+)?\s*(?P<unit>[^\d\s.,+-].*)?",
    re.ASCII,
)
THOUSANDS = 3
HEADER_UNIT = re.compile(r"[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*$")


@dataclass(frozen=True, eq=False)
class Values:
    """What the cells of a column are worth.

    Attributes
    ----------
    numbers : Series of float
        No number (NaN) where a cell is none, or is not positive and finite.
    units : Series of str, or of categories
        Of each number, after conversion; empty where nothing says it.
    zero : Series of bool
        Which cells are a zero.
    decimal : str
        The decimal mark; empty where there is none.
    converted : tuple of str
        The units that were converted to another.
    expected : str
        What a cell that is no number should have been.
    """

    numbers: pd.Series
    units: pd.Series
    zero: pd.Series
    decimal: str = ""
    converted: tuple[str, ...] = ()
    expected: str = EXPECTED


def read_values(
    cells: pd.Series,
    *,
    reading: Reading,
    separator: str = "",
    units: pd.Series | None = None,
    where: str,
) -> Values:
    """Return what the cells of a column are worth, in one unit where they can be.

    Parameters
    ----------
    cells : Series
        Text or numbers; none of them missing. Its name can hold their unit: ``Bandwidth (GB/s)``.
    reading : Reading
        The decimal mark and the unit that the user named.
    separator : str
        Of the file's cells: where it is a semicolon, a lone comma or point can be either mark.
    units : Series of str, optional
        The unit of each cell, where a column says it.
    where : str
        What to call the column in a message.

    Raises
    ------
    MemwallError
        If a comma or a point can be a decimal mark or part thousands.

    Examples
    --------
    >>> from memwall_trends.datasets.parsing.options import Reading
    >>> read = read_values(pd.Series(["1,555 GB/s", "0.8 TB/s"]), reading=Reading(), where="the column")
    >>> read.numbers.tolist(), read.units.tolist(), read.converted
    ([1555.0, 800.0], ['GB/s', 'GB/s'], ('TB/s',))
    """
    plain = _plain_numbers(cells, reading, separator)
    if plain is not None and units is None:
        bare = reading.unit or _unit_of_header(str(cells.name))
        unit = pd.Categorical.from_codes(np.zeros(len(cells), dtype=np.int8), pd.Index([bare]))
        return _values(plain, pd.Series(unit, index=cells.index), "", (), EXPECTED)
    if plain is not None:
        numbers, written, decimal = plain, pd.Series("", index=cells.index, dtype="str"), ""
    else:
        numbers, written, decimal = _read_cells(cells.astype(str), reading, separator, where)
    own = written != ""
    if units is not None:
        written = written.where(own, units)
    return _convert(numbers, written, own, cells, reading, decimal)


def _plain_numbers(cells: pd.Series, reading: Reading, separator: str) -> pd.Series | None:
    """Return the numbers of cells that are nothing else; the quick way for long columns."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return cells.astype("float64")
    if reading.decimal == "," or separator == ";":
        return None
    numbers = _cast(cells)
    if numbers is None:
        numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    return None if numbers.isna().any() else numbers


def _cast(cells: pd.Series) -> pd.Series | None:
    """Return the numbers of text that holds nothing else, exact to the last digit, as Arrow reads them."""
    if not isinstance(cells.dtype, pd.StringDtype):
        return None
    import pyarrow as pa
    from pyarrow import compute

    try:
        numbers = compute.cast(pa.array(cells), pa.float64())
    except pa.ArrowException:
        return None
    return pd.Series(numbers.to_numpy(zero_copy_only=False), index=cells.index)


def _read_cells(
    cells: pd.Series, reading: Reading, separator: str, where: str
) -> tuple[pd.Series, pd.Series, str]:
    """Return the numbers, the units that stand beside them, and the decimal mark."""
    matches = {text: CELL.fullmatch(text.strip()) for text in cells.unique()}
    written = {text: match["number"].strip(BLANKS) for text, match in matches.items() if match}
    decimal = reading.decimal or _find_decimal(written.values(), separator, where)
    numbers = {text: _to_float(number, matches[text], decimal or ".") for text, number in written.items()}
    units = {
        text: (match["currency"] or "") + " ".join((match["unit"] or "").split())
        for text, match in matches.items()
        if match
    }
    return (
        cells.map(numbers).astype("float64"),
        cells.map(lambda text: units.get(text, "")).astype("str"),
        decimal,
    )


def _to_float(number: str, match: re.Match[str] | None, decimal: str) -> float:
    thousands = "," if decimal == "." else "."
    mark, part = re.escape(decimal), rf"[{re.escape(thousands)}{BLANKS}]"
    if not re.fullmatch(rf"[+-]?(\d+|\d{{1,3}}({part}\d{{3}})+)?({mark}\d*)?", number, re.ASCII):
        return np.nan
    digits = re.sub(rf"[{re.escape(thousands)}{BLANKS}]", "", number).replace(decimal, ".")
    try:
        return float(digits + ((match and match["exponent"]) or ""))
    except ValueError:
        return np.nan


def _find_decimal(numbers: Iterable[str], separator: str, where: str) -> str:
    """Return the decimal mark that numbers have: the one that is certain in any of them."""
    certain: Counter[str] = Counter()
    open_: dict[str, str] = {}
    for number in numbers:
        marks = [letter for letter in number if letter in ".,"]
        if len(set(marks)) == 2:  # noqa: PLR2004
            certain[marks[-1]] += 1
        elif len(marks) > 1:
            if re.fullmatch(r"[+-]?\d{1,3}([.,]\d{3})+", number, re.ASCII):
                certain[{".": ",", ",": "."}[marks[0]]] += 1
        elif marks:
            before, _, after = number.lstrip("+-").partition(marks[0])
            in_thousands = len(after) == THOUSANDS and 0 < len(before) <= THOUSANDS and before[0] != "0"
            if in_thousands:
                open_.setdefault(marks[0], number)
            else:
                certain[marks[0]] += 1
    if certain:
        return max(certain, key=lambda mark: (certain[mark], mark == "."))
    if open_ and separator == ";":
        mark, number = next(iter(open_.items()))
        raise MemwallError(
            f"{where}: {number!r} can have a decimal {'comma' if mark == ',' else 'point'} or thousands; "
            "expected a number above zero, or say which it is: --decimal . or --decimal ,"
        )
    return "." if "." in open_ else ""


def _convert(
    numbers: pd.Series,
    written: pd.Series,
    own: pd.Series,
    cells: pd.Series,
    reading: Reading,
    decimal: str,
) -> Values:
    """Return the numbers in one unit: the one that is asked for, else the one that most have."""
    expected = EXPECTED
    numbers, written, own = _without_unknown(numbers, written, own)
    named = [unit for unit in written.unique() if unit]
    bare = reading.unit or _unit_of_header(str(cells.name))
    if not named or (len(named) == 1 and not own.any() and reading.unit is None and (written != "").all()):
        unit = pd.Series(named[0] if named else bare, index=numbers.index, dtype="str")
        return _values(numbers, unit, decimal, (), expected)
    if own.any() and all(unit in SCALES for unit in named) and _known_as(named, reading.unit) is None:
        factors: Mapping[str, float] = {**SCALES, "": 1.0}
        numbers = numbers * written.map(factors)
        return _values(numbers, written.map(lambda _: bare).astype("str"), decimal, tuple(named), expected)
    counted = written[written != ""].value_counts(sort=True)
    common = str(counted.index[0])
    target = reading.unit or (bare if unit_factor(common, bare or common) is not None and bare else common)
    exact = reading.unit is None
    factor = {unit: unit_factor(unit, target, prefix_only=exact) for unit in named}
    factor |= {unit: 1.0 for unit in named if unit == target and factor[unit] is None}
    # A bare number among others with a unit has that of the header or the option, and none else.
    factor[""] = 1.0 if bare or not own.any() else None
    known = written.map({unit: value is not None for unit, value in factor.items()}).astype(bool)
    numbers = numbers * written.map({unit: value or 1.0 for unit, value in factor.items()}).astype("float64")
    converted = tuple(unit for unit in named if factor[unit] not in (None, 1.0))
    if own.any():
        # What stands in the cell itself and is no unit of the others makes the cell wrong.
        numbers = numbers.where(known)
        expected = f"{EXPECTED}, in {target} or a unit that can be converted to it (--unit names it)"
    units = written.where(~known, target).astype("str")
    return _values(numbers, units, decimal, converted, expected)


def _without_unknown(
    numbers: pd.Series, written: pd.Series, own: pd.Series
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return cells without those whose unit is none that is known, unless all cells have the same."""
    beside = set(written[own].unique())
    unknown = [unit for unit in beside if unit not in SCALES and unit_factor(unit, unit) is None]
    if not unknown or (len(beside) == 1 and own.all()):
        return numbers, written, own
    wrong = own & written.isin(unknown)
    return numbers.mask(wrong), written.mask(wrong, ""), own & ~wrong


def _known_as(units: list[str], target: str | None) -> float | None:
    """Return a factor if units that look like scales (B, T) are those of a target that is named."""
    if target is None:
        return None
    return next((found for unit in units if (found := unit_factor(unit, target)) is not None), None)


def _values(
    numbers: pd.Series, units: pd.Series, decimal: str, converted: tuple[str, ...], expected: str
) -> Values:
    usable = (numbers > 0) & (numbers < float("inf"))
    positive = numbers if usable.all() else numbers.where(usable)
    return Values(positive, units, numbers == 0, decimal, converted, expected)


def _unit_of_header(name: str) -> str:
    """Return the unit in a column's name, if it is one that is known."""
    match = HEADER_UNIT.search(name)
    return match[1] if match and unit_factor(match[1], match[1]) is not None else ""
