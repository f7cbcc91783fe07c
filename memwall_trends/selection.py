"""Which observations count: by date, by the value of a column, by precision, and the frontier."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import load_observations
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.units import parse_date

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

Where: TypeAlias = "Mapping[str, str | float | Sequence[str | float]]"
"""Column and wanted value, or values of which a row may have any; ``column!`` and values to leave out."""

When: TypeAlias = "str | int | dt.date"
"""A year, a month or a day, as `memwall_trends.units.parse_date` reads it."""

PRECISIONS: Mapping[str, tuple[str, ...]] = {
    "best16": ("fp64", "fp32", "tf32", "fp16", "bf16"),
    "fp64": ("fp64",),
    "fp32": ("fp32",),
    "fp16": ("fp16", "bf16"),
    "fp8": ("fp8",),
    "fp4": ("fp4",),
    "fastest": ("fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp6", "fp4"),
}
"""Precision policies: the number formats of which the best dense rate of a device counts."""

MAX_VALUES_SHOWN = 12
MAX_VALUE_LENGTH = 40


@dataclass(frozen=True, eq=False)
class Choice:
    """The observations that count, and by which choices.

    Attributes
    ----------
    name, dataset, origin : str
        Where they are from, as in `memwall_trends.datasets.Observations`.
    where : dict of str to list of str
        The conditions, the usual ones of the series among them.
    precision : str
        The precision policy that chose one rate of each device; empty where each row counts.
    observations : DataFrame
        The rows, with ``date`` and ``value``; never empty.
    candidates : DataFrame, optional
        Where only records count: all rows that could have set one, before the window and in it.
    in_window : ndarray of bool, optional
        Which of the candidates lie in the window.
    """

    name: str
    dataset: str
    origin: str
    where: dict[str, list[str]]
    precision: str
    observations: pd.DataFrame
    candidates: pd.DataFrame | None = None
    in_window: NDArray[np.bool_] | None = None


def choose_observations(
    data: str | Path | pd.DataFrame,
    *,
    dataset: str = defaults.DATASET,
    since: When | None = None,
    until: When | None = None,
    where: Where | None = None,
    precision: str | None = None,
    frontier: bool = False,
    overlay: Sequence[str | Path] = (),
    date_column: str = "date",
    value_column: str = "value",
) -> Choice:
    """Return the observations of a series, a CSV file or a frame that count.

    Parameters
    ----------
    data, dataset, overlay, date_column, value_column
        As in `memwall_trends.datasets.load_observations`.
    since, until, where
        As in `select`. Of a series, the rows that the data dictionary says are fitted (Transformers, lanes,
        DRAM but not SRAM) unless `where` names that column.
    precision : str, optional
        The precision policy, one of `PRECISIONS`; of the curated peak FLOPS ``best16`` unless `where` names a
        precision.
    frontier : bool
        Only devices that exceeded all before them among those that the other choices leave; the window comes
        last, so that a record is a record when it is set.

    Returns
    -------
    Choice

    Raises
    ------
    MemwallError
        If the series, the file, a row or a choice is wrong.
    TooFewObservations
        If no row is left.

    Examples
    --------
    >>> chosen = choose_observations("dram_bandwidth", dataset="gholami2024", frontier=True, since=2015)
    >>> chosen.observations["value"].tolist()
    [512.0, 732.2, 897.0, 1555.0, 1935.0, 2039.0]
    """
    source = load_observations(
        data, dataset=dataset, overlay=overlay, date_column=date_column, value_column=value_column
    )
    conditions = merge_where(source.fitted, where)
    # Conditions see the columns as they came; the rest needs dates and values parsed.
    rows = select(source.frame, where=conditions, origin=source.origin)
    rows = rows.assign(date=source.parsed["date"], value=source.parsed["value"])
    names_precision = bool({"precision", "precision!"} & set(conditions))
    policy = precision or ("" if names_precision else source.precision_policy)
    if policy or source.precision_policy:
        formats = find_precision(policy) if policy else None
        rows = select_precision(rows, formats, dense="sparsity" not in conditions, origin=source.origin)
    candidates = rows.reset_index(drop=True) if frontier else None
    in_window = None
    if candidates is not None:
        rows = select_frontier(candidates)
        inside = select(candidates, since=since, until=until, origin=source.origin)
        in_window = candidates.index.isin(inside.index)
    return Choice(
        name=source.name,
        dataset=source.dataset,
        origin=source.origin,
        where=conditions,
        precision=policy,
        observations=select(rows, since=since, until=until, origin=source.origin),
        candidates=candidates,
        in_window=in_window,
    )


def select(
    frame: pd.DataFrame,
    *,
    since: When | None = None,
    until: When | None = None,
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
        Column and value, or values of which a row may have any; a column that ends in ``!`` names the values
        that no row may have. All columns must match.
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
    >>> select(load_table("peak_flops", "gholami2024"), since="2020", where={"kind": "gpu"})["name"].tolist()
    ['NVIDIA A100 SXM4 40GB', 'NVIDIA H100 SXM5']
    """
    rows = frame
    if since is not None or until is not None:
        rows = _within(rows, since, until, origin)
    for condition, wanted in (where or {}).items():
        column = condition.removesuffix("!")
        if column not in frame:
            raise unknown(f"column of {origin}", column, map(str, frame.columns))
        matches = _matches(rows[column], list_values(wanted), origin)
        rows = rows[matches if column == condition else ~matches]
    if rows.empty:
        raise TooFewObservations(_nothing_left(frame, since, until, where or {}, origin), 0)
    return rows


def select_precision(
    frame: pd.DataFrame, formats: Sequence[str] | None, *, dense: bool = True, origin: str = "the data"
) -> pd.DataFrame:
    """Return for each device its best rate, so that a device counts once.

    Parameters
    ----------
    frame : DataFrame
        Observations with ``name, precision, sparsity, value``.
    formats : sequence of str, optional
        The number formats that count, as a policy of `PRECISIONS` lists them; by default all.
    dense : bool
        Leave structured sparsity out.
    origin : str
        What to call the frame in a message.

    Returns
    -------
    DataFrame
        One row a device, in their order; of equal rates the first.

    Raises
    ------
    MemwallError
        If a column is missing.
    TooFewObservations
        If no device has a rate in these formats.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> rows = load_table("peak_flops", "gholami2024")
    >>> len(rows), len(select_precision(rows, PRECISIONS["best16"])), len(select_precision(rows, ["fp64"]))
    (37, 35, 7)
    """
    for column in ("name", "precision", "sparsity"):
        if column not in frame:
            raise MemwallError(f"{origin} has no column {column!r}: a precision cannot be chosen")
    counted = pd.Series(True, index=frame.index)
    if formats is not None:
        counted &= frame["precision"].isin(list(formats))
    if dense:
        counted &= frame["sparsity"] == "dense"
    rows = frame[counted]
    if rows.empty:
        known = ", ".join(frame["precision"].unique())
        wanted = " or ".join(formats or [])
        raise TooFewObservations(f"no rows of {origin} have a dense rate in {wanted}; known: {known}", 0)
    best: pd.DataFrame = rows.loc[rows.groupby("name", sort=False)["value"].idxmax().sort_values()]
    return best


def select_frontier(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the observations that exceeded all earlier ones when they came out; of one day, the best.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> select_frontier(load_table("dram_bandwidth", "gholami2024"))["value"].tolist()
    [15.2, 64.0, 115.2, 512.0, 732.2, 897.0, 1555.0, 1935.0, 2039.0]
    """
    ordered = frame.sort_values(["date", "value"], ascending=[True, False], kind="stable")
    earlier = ordered["value"].cummax().shift(fill_value=0.0)
    frontier: pd.DataFrame = frame.loc[ordered.index[ordered["value"] > earlier].sort_values()]
    return frontier


def find_precision(policy: str) -> tuple[str, ...]:
    """Return the number formats of a precision policy.

    Raises
    ------
    MemwallError
        If there is no such policy; the message names the known ones.

    Examples
    --------
    >>> find_precision("fp16")
    ('fp16', 'bf16')
    """
    if policy not in PRECISIONS:
        raise unknown("precision", policy, PRECISIONS)
    return PRECISIONS[policy]


def split_precision(precision: str | None, tables: Mapping[str, Iterable[str]]) -> dict[str, str | None]:
    """Return for each of several tables the precision policy if it has precisions, as `split_where` does.

    Raises
    ------
    MemwallError
        If none of the tables has precisions.

    Examples
    --------
    >>> split_precision("fp64", {"a": ["date", "precision"], "b": ["date"]})
    {'a': 'fp64', 'b': None}
    """
    having = [table for table, columns in tables.items() if "precision" in columns]
    if precision is not None and not having:
        raise MemwallError(f"{' and '.join(tables)} has no precisions: leave the precision out")
    return {table: precision if table in having else None for table in tables}


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


def _within(frame: pd.DataFrame, since: When | None, until: When | None, origin: str) -> pd.DataFrame:
    if "date" not in frame or not pd.api.types.is_datetime64_any_dtype(frame["date"]):
        raise MemwallError(f"{origin} has no dates to select by")
    first = parse_date(str(since)) if since is not None else None
    last = parse_date(str(until), end_of_period=True) if until is not None else None
    if first and last and first > last:
        raise MemwallError(f"the window is upside down: it starts on {since} and ends on {until}")
    days = frame["date"].dt.normalize()
    kept = pd.Series(True, index=frame.index)
    if first:
        kept &= days >= pd.Timestamp(first)
    if last:
        kept &= days <= pd.Timestamp(last)
    return frame[kept]


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
    frame: pd.DataFrame, since: When | None, until: When | None, where: Where, origin: str
) -> str:
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
        parts.append(f"where {describe_where({column: wanted})}; known: {known}")
    return "; ".join(parts)
