"""Which rate of a device counts, of its number formats, and which devices set a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends.errors import MemwallError, TooFewObservations, find_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
HALF = ("fp16", "bf16")


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
        rows.loc[narrowest].groupby("name", sort=False)["value"].idxmax().sort_values()
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


def refuse_falling(frame: pd.DataFrame, origin: str) -> None:
    """Refuse to look for records where values fall: a record is a high, and those of prices are lows.

    Raises
    ------
    MemwallError
        If more rows were the lowest of their day than were the highest.

    Examples
    --------
    >>> dates = pd.to_datetime(["2010-01-01", "2011-01-01", "2012-01-01"])
    >>> refuse_falling(pd.DataFrame({"date": dates, "value": [1.0, 2.0, 3.0]}), "chips.csv")
    """
    lows = select_frontier(frame.assign(value=1 / frame["value"]))
    highs = select_frontier(frame)
    if len(lows) > len(highs):
        raise MemwallError(
            f"{origin}: the values fall ({len(lows)} record lows, {len(highs)} record highs), and records "
            "are highs; leave --frontier out, or give what grows, as bytes per dollar for a price"
        )


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
