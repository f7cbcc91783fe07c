"""Which rate of a device counts, which devices set a record, and which one stands for a group of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends.datasets.conditions import list_columns
from memwall_trends.errors import MemwallError, TooFewObservations, find_known, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

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
BITS = {
    "fp64": 64, "fp32": 32, "tf32": 19, "fp16": 16, "bf16": 16, "fp8": 8, "fp6": 6, "fp4": 4,
    "int8": 8, "int4": 4,
}  # fmt: skip
"""Bits of an operand, by number format."""
OPERAND_BYTES = {
    "fp64": 8.0, "fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 1.0, "fp6": 0.75, "fp4": 0.5,
    "int8": 1.0, "int4": 0.5,
}  # fmt: skip
"""Bytes of an operand in memory, by number format: tf32 is stored as fp32; scales of blocks are left out."""
HALF = ("fp16", "bf16")
TAKES = ("best", "median", "first", "lowest")
"""Which observation stands for its group, by the name that the user gives; ``best`` is the highest, or the
lowest where records are lows."""
RECORDS = ("high", "low")
"""What sets a record: to exceed all before, or to fall below them; by the name that the user gives."""
YEAR = "year"


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
        One row a device, in their order; of equal rates that of the narrowest format, then the first.

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
    narrowest = rows["precision"].map(BITS).fillna(max(BITS.values())).sort_values(kind="stable").index
    best: pd.DataFrame = rows.loc[
        rows[["name", "value"]].loc[narrowest].groupby("name", sort=False)["value"].idxmax().sort_values()
    ]
    return best


def find_unrated(frame: pd.DataFrame, formats: Iterable[str]) -> set[str]:
    """Return the devices whose rate in these number formats is not known, though they have rates in some.

    A device has 16-bit matrix units if it has a rate with structured sparsity, or one of its architecture
    has a 16-bit matrix rate. Without a dense matrix rate in the formats of at most 16 bits, no wider or
    slower rate stands in for it.

    Parameters
    ----------
    frame : DataFrame
        All rates: ``name, precision, engine, sparsity``, and ``architecture`` where it is known.
    formats : iterable of str
        The number formats that count.

    Examples
    --------
    >>> rates = pd.DataFrame({"name": ["A", "A", "B"], "precision": ["fp32", "fp16", "fp32"],
    ...     "engine": ["vector", "matrix", "vector"], "sparsity": ["dense", "structured", "dense"]})
    >>> find_unrated(rates, ["fp32", "fp16"]), find_unrated(rates, ["fp32"])
    ({'A'}, set())
    """
    narrow = [each for each in formats if BITS[each] <= BITS["fp16"]]
    if not narrow or not {"name", "precision", "engine", "sparsity"} <= set(frame):
        return set()
    matrix = frame["engine"] == "matrix"
    having = set(frame.loc[frame["sparsity"] == "structured", "name"])
    if "architecture" in frame:
        designs = set(frame.loc[matrix & frame["precision"].isin(HALF), "architecture"]) - {""}
        having |= set(frame.loc[frame["architecture"].isin(designs), "name"])
    rated = matrix & frame["precision"].isin(narrow) & (frame["sparsity"] == "dense")
    return having - set(frame.loc[rated, "name"])


def select_frontier(frame: pd.DataFrame, record: str = "high") -> pd.DataFrame:
    """Return the observations that exceeded all earlier ones when they came out; of one day, the best.

    Parameters
    ----------
    frame : DataFrame
        Observations with ``date`` and ``value``, above zero.
    record : str
        One of `RECORDS`: ``low`` for a quantity that falls, as joules per bit do.

    Raises
    ------
    MemwallError
        If there is no such record.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> rows = load_table("dram_bandwidth", "gholami2024")
    >>> select_frontier(rows)["value"].tolist()
    [15.2, 64.0, 115.2, 512.0, 732.2, 897.0, 1555.0, 1935.0, 2039.0]
    >>> select_frontier(rows, "low")["value"].tolist()
    [15.2]
    """
    return frame[Frontier.of(frame, record).among(np.ones(len(frame), dtype=bool))]


@dataclass(frozen=True, eq=False)
class Frontier:
    """What sets records among the rows of a frame, whichever of the rows there are.

    Attributes
    ----------
    order : ndarray of int, shape (n,)
        The rows by date, those of one day by value, the highest first.
    values : ndarray of float, shape (n,)
        Of each row; its inverse where records are lows.
    """

    order: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, frame: pd.DataFrame, record: str = RECORDS[0]) -> Frontier:
        """Return that of a frame with ``date`` and ``value``."""
        rows = frame[["date", "value"]].reset_index(drop=True)
        if find_record(record) == "low":
            rows["value"] = 1 / rows["value"]
        ordered = rows.sort_values(["date", "value"], ascending=[True, False], kind="stable")
        return cls(ordered.index.to_numpy(dtype=np.int64), rows["value"].to_numpy(dtype=np.float64))

    def among(self, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which rows exceed all before them, among those that count.

        Examples
        --------
        >>> from memwall_trends.datasets import load_table
        >>> rows = load_table("dram_bandwidth", "gholami2024")
        >>> rows[Frontier.of(rows).among((rows["memory"] != "HBM2").to_numpy())]["value"].tolist()[-4:]
        [512.0, 760.3, 1935.0, 2039.0]
        """
        rows = self.order[counted[self.order]]
        values = self.values[rows]
        earlier = np.concatenate([[0.0], np.maximum.accumulate(values)[:-1]])[: len(values)]
        chosen = np.zeros(len(counted), dtype=bool)
        chosen[rows[values > earlier]] = True
        return chosen


def refuse_falling(frame: pd.DataFrame, origin: str) -> None:
    """Refuse to look for records where values fall, unless it is said which: those of prices are lows.

    Raises
    ------
    MemwallError
        If more rows were the lowest of their day than were the highest.

    Examples
    --------
    >>> dates = pd.to_datetime(["2010-01-01", "2011-01-01", "2012-01-01"])
    >>> refuse_falling(pd.DataFrame({"date": dates, "value": [1.0, 2.0, 3.0]}), "chips.csv")
    """
    every = np.ones(len(frame), dtype=bool)
    lows, highs = (int(Frontier.of(frame, record).among(every).sum()) for record in ("low", "high"))
    if lows > highs:
        raise MemwallError(
            f"{origin}: the values fall ({lows} record lows, {highs} record highs), and records "
            "are highs unless told otherwise: --record low takes lows, and --record high these"
        )


def select_one_per(
    frame: pd.DataFrame, columns: Sequence[str], take: str = "best", *, origin: str = "the data"
) -> pd.DataFrame:
    """Return one observation of each group, so that variants count once.

    Parameters
    ----------
    frame : DataFrame
        Observations with ``date`` and ``value``.
    columns : sequence of str
        Observations that agree in all of them are a group; ``year`` is that of the date. One whose cell is
        empty is a group of its own.
    take : str
        ``best``, the highest value; ``lowest``; ``median``, the observation in the middle, of two the lower
        one; or ``first``, the earliest. Of equal values the earliest, of one day the highest.
    origin : str
        What to call the frame in a message.

    Returns
    -------
    DataFrame
        Rows of the frame, in their order: no value is averaged, so that each keeps its source.

    Raises
    ------
    MemwallError
        If there is no such column, or no such way to take one.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> rows = load_table("dram_bandwidth", "gholami2024")
    >>> select_one_per(rows, ["year"])["value"].tolist()[-4:]
    [448.0, 1555.0, 1935.0, 2039.0]
    >>> select_one_per(rows, ["memory"], "first")["memory"].tolist()
    ['GDDR3', 'GDDR4', 'GDDR5', 'HBM', 'HBM2', 'GDDR5X', 'GDDR6', 'GDDR6X', 'HBM2e']
    """
    return frame[OnePer.of(frame, columns, take, origin=origin).among(np.ones(len(frame), dtype=bool))]


@dataclass(frozen=True, eq=False)
class OnePer:
    """What stands for each group of the rows of a frame, whichever of the rows there are.

    Attributes
    ----------
    order : ndarray of int, shape (n,)
        The rows in the order in which they come into question.
    groups : ndarray of int, shape (n,)
        The group of each row.
    take : str
        One of `TAKES`.
    """

    order: NDArray[np.int64]
    groups: NDArray[np.int64]
    take: str

    @classmethod
    def of(
        cls, frame: pd.DataFrame, columns: Sequence[str], take: str = "best", *, origin: str = "the data"
    ) -> OnePer:
        """Return the groups of a frame, its parameters as in `select_one_per`."""
        take = find_known("take", take, TAKES)
        places = frame.reset_index(drop=True)
        by = ["date", "value"] if take == "first" else ["value", "date"]
        ascending = [take in ("first", "lowest"), take != "first"]
        # Without the rest, which would be sorted too.
        ordered = places[by].sort_values(by, ascending=ascending, kind="stable")
        groups = _number_groups(places, columns, origin).to_numpy(dtype=np.int64)
        return cls(ordered.index.to_numpy(dtype=np.int64), groups, take)

    def among(self, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which rows stand for the groups of those that count.

        Examples
        --------
        >>> from memwall_trends.datasets import load_table
        >>> rows = load_table("dram_bandwidth", "gholami2024")
        >>> yearly = OnePer.of(rows, ["year"])
        >>> rows[yearly.among((rows["memory"] != "HBM2e").to_numpy())]["value"].tolist()[-3:]
        [897.0, 448.0, 1555.0]
        """
        rows = self.order[counted[self.order]]
        rows = rows[np.argsort(self.groups[rows], kind="stable")]
        _, first, sizes = np.unique(self.groups[rows], return_index=True, return_counts=True)
        chosen = np.zeros(len(counted), dtype=bool)
        chosen[rows[first + sizes // 2 if self.take == "median" else first]] = True
        return chosen


def list_reductions(
    one_per: str | Sequence[str] | None,
    take: str | None,
    best_of: str | Sequence[str] | None,
    record: str | None = None,
) -> list[tuple[list[str], str]]:
    """Return the columns of which one observation counts, and which one, in the order in which that is done.

    Parameters
    ----------
    one_per, take, best_of, record
        The choices of `memwall_trends.selection.Choose`; where records are lows, the best is the lowest.

    Raises
    ------
    MemwallError
        If it is said which one to take, and not of what.

    Examples
    --------
    >>> list_reductions("architecture,year", "median", "year")
    [(['architecture', 'year'], 'median'), (['year'], 'best')]
    >>> list_reductions(None, None, "year", record="low")
    [(['year'], 'lowest')]
    """
    if take and not one_per:
        raise MemwallError(f"--take {take} goes with --one-per, as in --one-per architecture --take {take}")
    best = "lowest" if record == "low" else TAKES[0]
    take = best if take in (None, "", TAKES[0]) else take
    asked = ((one_per, take), (best_of, best))
    return [(list_columns(columns), which) for columns, which in asked if columns]


def describe_one_per(columns: Sequence[str], take: str) -> str:
    """Return for a reader what stands for a group.

    Examples
    --------
    >>> describe_one_per(["architecture", "year"], "median")
    'the median of each architecture and year'
    """
    return f"the {take} of each {' and '.join(columns).replace('_', ' ')}"


def find_record(record: str | None) -> str:
    """Return what sets a record as it is known: one of `RECORDS`, the first unless told otherwise.

    Raises
    ------
    MemwallError
        If there is no such record.

    Examples
    --------
    >>> find_record(None), find_record("LOW")
    ('high', 'low')
    """
    return find_known("record", record or RECORDS[0], RECORDS)


def describe_records(record: str) -> str:
    """Return for a reader that only records count.

    Examples
    --------
    >>> describe_records("high"), describe_records("low")
    ('record-setting devices only', 'record-setting devices only (lows)')
    """
    return "record-setting devices only" + (" (lows)" if record == "low" else "")


def find_precision(policy: str) -> tuple[str, ...]:
    """Return the number formats of a precision policy.

    Raises
    ------
    MemwallError
        If there is no such policy; the message names the known ones.

    Examples
    --------
    >>> find_precision("fp16"), find_precision("FP8")
    (('fp16', 'bf16'), ('fp8',))
    """
    return PRECISIONS[find_known("precision", policy, PRECISIONS)]


def _number_groups(frame: pd.DataFrame, columns: Sequence[str], origin: str) -> pd.Series:
    keys = pd.DataFrame(index=frame.index)
    own = pd.Series(False, index=frame.index)
    for column in columns:
        if column == YEAR and column not in frame:
            keys[column] = frame["date"].dt.year
            continue
        if column not in frame:
            raise unknown(f"column of {origin}", column, [YEAR, *map(str, frame.columns)])
        keys[column] = frame[column]
        own |= frame[column].isna() | (frame[column].astype(str) == "")
    numbers = keys.groupby(list(columns), sort=False, dropna=False).ngroup()
    return numbers.where(~own, -1 - pd.Series(range(len(frame)), index=frame.index))
