"""The few rows that an engine hands over: those that stand for others, or that stand alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends.datasets.cells import Cells, name_key, read_labels
from memwall_trends.datasets.measures import DAY
from memwall_trends.datasets.pushed import MOST_ROWS
from memwall_trends.datasets.rates import TAKES, find_record, list_reductions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import narwhals as nw

    from memwall_trends.datasets.choices import Choose
    from memwall_trends.datasets.pushed import Lines, Pushed

DRAWN = ("architecture", "vendor")
"""What the interval of records draws anew, the first of which there is."""


def take_rows(table: Pushed, choose: Choose) -> pd.DataFrame:
    """Return the rows of which choices count some: one of each group, or what can set records.

    Raises
    ------
    MemwallError
        If that needs more rows than are taken into memory.

    Examples
    --------
    >>> import datetime as dt
    >>> import pyarrow
    >>> from memwall_trends.datasets.pushed import Pushed
    >>> days = [dt.date(2020, 1, 1), dt.date(2020, 5, 1), dt.date(2022, 1, 1)]
    >>> table = Pushed.of(pyarrow.table({"date": days, "value": [1.0, 10.0, 100.0]}))
    >>> take_rows(table, {"best_of": "year"})["value"].tolist()
    [10.0, 100.0]
    """
    if choose.get("precision"):
        table.in_memory("a precision policy")
    record = find_record(choose.get("record"))
    reductions = list_reductions(choose.get("one_per"), choose.get("take"), choose.get("best_of"), record)
    for columns, take in reductions[:1]:
        if take == "median":
            table.in_memory("the median of each group")
        return _reduce(table, columns, take)
    if table.extent().n_obs <= MOST_ROWS:
        return table.fetch()
    # Of a day and what is drawn anew together, no row but the best can set a record.
    drawn = [column for column in DRAWN if column in table.columns][:1]
    if not drawn:
        table.in_memory("the interval of records, which draws rows anew,")
    return _reduce(table, [DAY, *drawn], "lowest" if record == "low" else TAKES[0])


def stand_alone(table: Pushed, keys: Sequence[str], columns: Sequence[str], lines: Lines) -> Cells:
    """Return the rows without a label in one of some columns, each a cell of its own.

    Parameters
    ----------
    table : Pushed
    keys : sequence of str
        As of `Pushed.cells`.
    columns : sequence of str
        Those of the keys in which a row that has no label stands alone.
    lines : dict
        As of `Pushed.cells`.

    Raises
    ------
    MemwallError
        If they are too many.
    """
    import narwhals as nw

    empty = [_is_empty(name_key(place)) for place, key in enumerate(keys) if key in columns]
    lone = nw.any_horizontal(*empty, ignore_nulls=True)
    asked = table.measure(keys, lines).filter(lone, ~nw.col("y").is_null())
    rows = table.ask_once(
        ("alone", tuple(keys), tuple(columns), tuple(lines.items())),
        lambda: table.fetch(asked, f"standing alone without {' or '.join(columns)}"),
    )
    x, y = rows["x"].astype(float), rows["y"].astype(float)
    sums = {"n": 1.0, "x": x, "y": y, "xx": x * x, "xy": x * y, "yy": y * y, "first": x, "last": x}
    labels = read_labels(rows, keys)
    return replace(table.cells(keys, lines), labels=labels, sums=pd.DataFrame(sums, index=rows.index))


def _reduce(table: Pushed, columns: Sequence[str], take: str) -> pd.DataFrame:
    """Return one row of each group, and those without a group, in order of time.

    Groups, and which one is taken, are as of `memwall_trends.datasets.rates.select_one_per`.
    """
    import narwhals as nw

    table.extent()  # which refuses wrong rows
    keys = [name_key(place) for place in range(len(columns))]
    rows = table.measure(columns, whole=True).filter(~nw.col("y").is_null())
    empty = nw.any_horizontal(*map(_is_empty, keys), ignore_nulls=True)
    grouped = rows.filter(~empty)
    by_date = ("x", nw.col("x").min())
    by_value = ("y", nw.col("y").min() if take == "lowest" else nw.col("y").max())
    for measure, end in (by_date, by_value) if take == "first" else (by_value, by_date):
        ends = grouped.group_by(*keys).agg(end.alias("end"))
        joined = grouped.join(ends, on=keys, how="inner")
        grouped = joined.filter(nw.col(measure) == nw.col("end")).drop("end")
    parts = [table.fetch(grouped).drop_duplicates(keys), table.fetch(rows.filter(empty))]
    together = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return together.sort_values("x", kind="stable", ignore_index=True)[list(table.columns)]


def _is_empty(column: str) -> nw.Expr:
    import narwhals as nw

    return nw.col(column).is_null() | (nw.col(column).cast(nw.String) == "")
