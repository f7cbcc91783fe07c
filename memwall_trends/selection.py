"""Which observations count: by date and by the value of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.units import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Where: TypeAlias = "Mapping[str, str | Sequence[str]]"
"""Column and wanted value, or values of which a row may have any."""

MAX_VALUES_SHOWN = 12


def select(
    frame: pd.DataFrame,
    *,
    since: str | None = None,
    until: str | None = None,
    where: Where | None = None,
    origin: str = "the data",
) -> pd.DataFrame:
    """Return the rows within a window of time and with given values.

    Parameters
    ----------
    frame : DataFrame
        Observations with a ``date``.
    since, until : str, optional
        First and last day that count, as `memwall_trends.units.parse_date` reads them: a year or a month
        counts whole.
    where : mapping, optional
        Column and value, or values of which a row may have any. All columns must match.
    origin : str
        What to call the frame in a message.

    Returns
    -------
    DataFrame
        The rows in their order; never empty.

    Raises
    ------
    MemwallError
        If a date cannot be read, the window is upside down, there is no such column, or no row is left.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> select(load_table("peak_flops"), since="2020", where={"kind": "gpu"})["name"].tolist()
    ['NVIDIA A100 SXM4 40GB', 'NVIDIA H100 SXM5']
    """
    rows = frame
    if since is not None or until is not None:
        rows = _within(rows, since, until, origin)
    for column, wanted in (where or {}).items():
        if column not in frame:
            raise unknown(f"column of {origin}", column, map(str, frame.columns))
        values = [wanted] if isinstance(wanted, str) else list(wanted)
        rows = rows[_matches(rows[column], values, origin)]
    if rows.empty:
        raise MemwallError(_nothing_left(frame, since, until, where or {}, origin))
    return rows


def parse_where(conditions: Iterable[str]) -> dict[str, list[str]]:
    """Return conditions written as ``COLUMN=VALUE`` by column; a column named twice accepts either value.

    Raises
    ------
    MemwallError
        If a condition has no column or no equals sign.

    Examples
    --------
    >>> parse_where(["kind=gpu", "kind=cpu", "vendor=NVIDIA"])
    {'kind': ['gpu', 'cpu'], 'vendor': ['NVIDIA']}
    """
    where: dict[str, list[str]] = {}
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals or not column.strip():
            raise MemwallError(
                f"cannot read the condition {condition!r}: expected COLUMN=VALUE, as in kind=gpu"
            )
        where.setdefault(column.strip(), []).append(value.strip())
    return where


def describe_where(where: Where) -> str:
    """Return conditions for a reader.

    Examples
    --------
    >>> describe_where({"kind": ["gpu", "cpu"], "vendor": "NVIDIA"})
    'kind=gpu or cpu; vendor=NVIDIA'
    """
    return "; ".join(
        f"{column}={wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        for column, wanted in where.items()
    )


def split_where(
    where: Where | None, tables: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, str | Sequence[str]]]:
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
    for column in where or {}:
        if not any(column in names for names in columns.values()):
            known = dict.fromkeys(name for names in columns.values() for name in names)
            raise unknown(f"column of {' and '.join(columns)}", column, known)
    return {
        table: {column: value for column, value in (where or {}).items() if column in names}
        for table, names in columns.items()
    }


def _within(frame: pd.DataFrame, since: str | None, until: str | None, origin: str) -> pd.DataFrame:
    if "date" not in frame or not pd.api.types.is_datetime64_any_dtype(frame["date"]):
        raise MemwallError(f"{origin} has no dates to select by")
    first = pd.Timestamp(parse_date(since)) if since is not None else pd.Timestamp.min
    last = pd.Timestamp(parse_date(until, end_of_period=True)) if until is not None else pd.Timestamp.max
    if first > last:
        raise MemwallError(f"the window is upside down: it starts on {since} and ends on {until}")
    days: pd.Series = frame["date"].dt.normalize()
    return frame[days.between(first, last)]


def _matches(column: pd.Series, values: list[str], origin: str) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        days: pd.Series = column.dt.strftime("%Y-%m-%d")
        return days.isin(values)
    if not pd.api.types.is_numeric_dtype(column):
        return column.astype(str).isin(values)
    numbers = pd.to_numeric(pd.Series(values), errors="coerce")
    if numbers.isna().any():
        wrong = values[int(numbers.isna().argmax())]
        raise MemwallError(f"column {column.name!r} of {origin} holds numbers; {wrong!r} is none")
    return column.isin(numbers.tolist())


def _nothing_left(
    frame: pd.DataFrame, since: str | None, until: str | None, where: Where, origin: str
) -> str:
    parts = [f"no rows of {origin} are left"]
    if since is not None or until is not None:
        dates = frame["date"].dt.strftime("%Y-%m-%d")
        parts.append(
            f"since {since or 'the start'}, until {until or 'the end'}; "
            f"its dates run from {dates.min()} to {dates.max()}"
        )
    for column, wanted in where.items():
        values = list(dict.fromkeys(frame[column].astype(str)))
        known = ", ".join(values[:MAX_VALUES_SHOWN]) + (", ..." if len(values) > MAX_VALUES_SHOWN else "")
        parts.append(f"where {describe_where({column: wanted})}; known: {known}")
    return "; ".join(parts)
