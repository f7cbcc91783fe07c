"""Which rows of a table count: within a window of time, and with given values in given columns."""

from __future__ import annotations

from fnmatch import translate
from textwrap import shorten
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from memwall_trends.errors import MemwallError, TooFewObservations, find_close, unknown
from memwall_trends.units import parse_date

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

Where: TypeAlias = "Mapping[str, str | float | Sequence[str | float]]"
"""Column and wanted value, or values of which a row may have any; ``column!`` and values to leave out."""

When: TypeAlias = "str | int | dt.date"
"""A year, a month or a day, as `memwall_trends.units.parse_date` reads it."""

Limit: TypeAlias = "When | None"
"""An end of a window; none where it is open."""

WILDCARDS = "*?["
MAX_VALUES_SHOWN = 12
MAX_VALUE_LENGTH = 40


def filter_rows(
    frame: pd.DataFrame,
    *,
    since: Limit = None,
    until: Limit = None,
    where: Where | None = None,
    origin: str = "the data",
) -> pd.DataFrame:
    """Return the rows within a window of time and with given values.

    Parameters
    ----------
    frame : DataFrame
        Observations with a ``date``.
    since, until : str, int or date, optional
        First and last day that count; a year (2010) or a month ("2010-06") counts whole.
    where : mapping, optional
        Column and value, or values of which a row may have any, as a pattern where it has ``*`` or ``?``
        (``HBM*``); a column that ends in ``!`` names the values that no row may have. All columns must match.
    origin : str
        What to call the frame in a message.

    Returns
    -------
    DataFrame
        The rows in their order; never empty.

    Raises
    ------
    MemwallError
        If a date cannot be read, the window is upside down or there is no such column.
    TooFewObservations
        If no row is left.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> rows = load_table("peak_flops", "gholami2024")
    >>> filter_rows(rows, since="2020", where={"kind": "gpu"})["name"].tolist()
    ['NVIDIA A100 SXM4 40GB', 'NVIDIA H100 SXM5']
    """
    kept = np.ones(len(frame), dtype=bool)
    if since is not None or until is not None:
        kept &= _within(frame, since, until, origin)
    conditions = resolve_where(frame, where or {}, origin)
    for condition, wanted in conditions.items():
        column = condition.removesuffix("!")
        matches = _matches(frame[column], wanted, origin).to_numpy(dtype=bool)
        kept &= matches if column == condition else ~matches
    if not kept.any():
        raise TooFewObservations(_nothing_left(frame, since, until, conditions, origin), 0)
    # One by one, all columns would be copied for each condition.
    return frame if kept.all() else frame[kept]


def resolve_where(frame: pd.DataFrame, where: Where, origin: str = "the data") -> dict[str, list[str]]:
    """Return conditions with each text as a column has it, where that differs in capitals alone.

    Raises
    ------
    MemwallError
        If there is no such column; the message names those that there are.

    Examples
    --------
    >>> resolve_where(pd.DataFrame({"vendor": ["NVIDIA", "AMD"]}), {"vendor": ["nvidia", "Acme"]})
    {'vendor': ['NVIDIA', 'Acme']}
    """
    resolved = {}
    for condition, wanted in where.items():
        column = condition.removesuffix("!")
        if column not in frame:
            raise unknown(f"column of {origin}", column, map(str, frame.columns))
        known = dict.fromkeys(map(str, frame[column].unique()))
        alike = {text.casefold(): text for text in reversed(known)}
        resolved[condition] = [
            value if value in known else alike.get(value.casefold(), value) for value in list_values(wanted)
        ]
    return resolved


def merge_where(usual: Where, where: Where | None) -> dict[str, list[str]]:
    """Return the usual conditions, less those on a column that `where` names, and those of `where`.

    Examples
    --------
    >>> merge_where({"memory!": "SRAM"}, {"kind": "gpu"})
    {'memory!': ['SRAM'], 'kind': ['gpu']}
    >>> merge_where({"memory!": "SRAM"}, {"memory": "HBM3"})
    {'memory': ['HBM3']}
    """
    named = {column.removesuffix("!") for column in where or {}}
    kept = {column: wanted for column, wanted in usual.items() if column.removesuffix("!") not in named}
    return {column: list_values(wanted) for column, wanted in {**kept, **(where or {})}.items()}


def parse_where(conditions: Iterable[str]) -> dict[str, list[str]]:
    """Return conditions written as ``COLUMN=VALUE`` or ``COLUMN!=VALUE`` by column.

    A column named twice accepts either value, or leaves out both.

    Raises
    ------
    MemwallError
        If a condition has no column or no equals sign.

    Examples
    --------
    >>> parse_where(["kind=gpu", "kind=cpu", "vendor=NVIDIA"])
    {'kind': ['gpu', 'cpu'], 'vendor': ['NVIDIA']}
    >>> parse_where(["memory!=SRAM"])
    {'memory!': ['SRAM']}
    """
    where: dict[str, list[str]] = {}
    for condition in conditions:
        column, equals, value = condition.partition("=")
        name = column.strip().removesuffix("!").strip()
        if not equals or not name:
            raise MemwallError(
                f"cannot read the condition {condition!r}: expected COLUMN=VALUE, as in kind=gpu"
            )
        excludes = "!" if column.rstrip().endswith("!") else ""
        where.setdefault(name + excludes, []).append(value.strip())
    return where


def parse_conditions(text: str) -> dict[str, list[str]]:
    """Return the conditions of a cell, as in ``kind=gpu;kind=accelerator``; none of an empty one.

    Examples
    --------
    >>> parse_conditions("kind=gpu;memory!=SRAM"), parse_conditions("")
    ({'kind': ['gpu'], 'memory!': ['SRAM']}, {})
    """
    return parse_where(text.split(";") if text else [])


def describe_where(where: Where) -> str:
    """Return conditions for a reader.

    Examples
    --------
    >>> describe_where({"kind": ["gpu", "cpu"], "vendor": "NVIDIA"})
    'kind=gpu or cpu; vendor=NVIDIA'
    """
    return "; ".join(f"{column}={' or '.join(list_values(wanted))}" for column, wanted in where.items())


def list_values(wanted: str | float | Sequence[str | float]) -> list[str]:
    """Return one wanted value or several as a list of text.

    Examples
    --------
    >>> list_values("gpu"), list_values([1, 16])
    (['gpu'], ['1', '16'])
    """
    values = [wanted] if isinstance(wanted, str | float | int) else wanted
    return [str(value) for value in values]


def list_columns(columns: str | Sequence[str]) -> list[str]:
    """Return one column or several, as a list or parted by commas, as a list.

    Examples
    --------
    >>> list_columns("architecture,year"), list_columns(["kind"])
    (['architecture', 'year'], ['kind'])
    """
    parts = [columns] if isinstance(columns, str) else columns
    return [name.strip() for part in parts for name in part.split(",") if name.strip()]


def escape_pattern(value: str) -> str:
    """Return a pattern that only this value is like.

    Examples
    --------
    >>> escape_pattern("HBM*"), escape_pattern("HBM2E")
    ('HBM[*]', 'HBM2E')
    """
    return "".join(f"[{sign}]" if sign in WILDCARDS else sign for sign in value)


def split_where(where: Where | None, tables: Mapping[str, Iterable[str]]) -> dict[str, Where]:
    """Return for each of several tables the conditions on columns that it has.

    A precision, say, narrows peak FLOPS and leaves bandwidth, which has none, as it is.

    Parameters
    ----------
    where : mapping, optional
        As in `select`.
    tables : mapping of str to iterable of str
        The columns of each table.

    Raises
    ------
    MemwallError
        If a column is in none of the tables.

    Examples
    --------
    >>> split_where({"precision": "fp64"}, {"a": ["date", "precision"], "b": ["date"]})
    {'a': {'precision': 'fp64'}, 'b': {}}
    """
    columns = {table: list(names) for table, names in tables.items()}
    for column in (condition.removesuffix("!") for condition in where or {}):
        if not any(column in names for names in columns.values()):
            known = dict.fromkeys(name for names in columns.values() for name in names)
            raise unknown(f"column of {' and '.join(columns)}", column, known)
    return {
        table: {column: value for column, value in (where or {}).items() if column.removesuffix("!") in names}
        for table, names in columns.items()
    }


def _within(frame: pd.DataFrame, since: Limit, until: Limit, origin: str) -> Flags:
    if "date" not in frame or not pd.api.types.is_datetime64_any_dtype(frame["date"]):
        raise MemwallError(f"{origin} has no dates to select by")
    first = parse_date(str(since)) if since is not None else None
    last = parse_date(str(until), end_of_period=True) if until is not None else None
    if first and last and first > last:
        raise MemwallError(f"the window is upside down: it starts on {since} and ends on {until}")
    days = frame["date"].dt.normalize()
    kept = np.ones(len(frame), dtype=bool)
    if first:
        kept &= (days >= pd.Timestamp(first)).to_numpy()
    if last:
        kept &= (days <= pd.Timestamp(last)).to_numpy()
    return kept


def _matches(column: pd.Series, values: list[str], origin: str) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        days: pd.Series = column.dt.strftime("%Y-%m-%d")
        return days.isin(values)
    if not pd.api.types.is_numeric_dtype(column):
        text = column.astype(str)
        patterns = [translate(value) for value in values if set(value) & set(WILDCARDS)]
        matched = text.isin(values)
        return matched | text.str.fullmatch("|".join(patterns), case=False) if patterns else matched
    numbers = pd.to_numeric(pd.Series(values), errors="coerce")
    if numbers.isna().any():
        wrong = values[int(numbers.isna().argmax())]
        raise MemwallError(f"column {column.name!r} of {origin} holds numbers; {wrong!r} is none")
    return column.isin(numbers.tolist())


def _nothing_left(frame: pd.DataFrame, since: Limit, until: Limit, where: Where, origin: str) -> str:
    parts = [f"no rows of {origin} are left"]
    if since is not None or until is not None:
        dates = frame["date"].dt.strftime("%Y-%m-%d")
        parts.append(
            f"since {since or 'the start'}, until {until or 'the end'}; "
            f"its dates run from {dates.min()} to {dates.max()}"
        )
    for column, wanted in where.items():
        values = [
            shorten(str(value), MAX_VALUE_LENGTH, placeholder="...") or "(empty)"
            for value in frame[column.removesuffix("!")].unique()
        ]
        known = ", ".join(values[:MAX_VALUES_SHOWN]) + (", ..." if len(values) > MAX_VALUES_SHOWN else "")
        missing = [value for value in list_values(wanted) if not column.endswith("!")]
        close = find_close(missing[0], map(str, frame[column].unique())) if len(missing) == 1 else ""
        guess = f"; did you mean {close!r}?" if close and close not in missing else ";"
        parts.append(f"where {describe_where({column: wanted})}{guess} known: {known}")
    return "; ".join(parts)
