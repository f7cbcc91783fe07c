"""The choices of which observations count, each declared once in `Choose`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

from memwall_trends.datasets.conditions import When, Where, list_values, split_where
from memwall_trends.errors import MemwallError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from memwall_trends.datasets.parsing import Reading

COLUMN_CHOICES = ("kind", "vendor", "segment", "product_class", "architecture", "scope")
"""The choices that stand for a condition on the column of their name."""
OF_FILES = ("date_column", "value_column", "reading")
"""The choices that are about files, which a series beside one does without."""
OF_SERIES = ("overlay", "dataset")
"""The choices that are about series, which a file beside one does without."""


class Choose(TypedDict, total=False):
    """Which observations count: the choices that every function takes that selects.

    Attributes
    ----------
    dataset : str
        Where to find a series: ``curated`` by default, ``gholami2024`` for the paper's points.
    since, until : str, int or date
        First and last day that count; a year (2010) or a month ("2010-06") counts whole.
    where : mapping
        Column and value, or values of which a row may have any; a column that ends in ``!`` names the values
        that no row may have. All columns must match. Of a series, the rows that the data dictionary says are
        fitted (Transformers, lanes, DRAM but not SRAM) unless `where` names that column.
    kind, vendor, segment, product_class, architecture, scope : str or sequence of str
        The same of the column of that name, in capitals or not: ``vendor="nvidia"``. What a device is
        (segment, class, architecture) is said in ``devices.csv``.
    announced : bool
        Count chips too that were announced and are not shipped, or never were.
    precision : str
        The precision policy, one of `memwall_trends.datasets.rates.PRECISIONS`; of the curated peak FLOPS
        ``best16`` unless `where` names a precision.
    frontier : bool
        Only devices that exceeded all before them among those that the other choices leave; the window comes
        last, so that a record is a record when it is set.
    record : str
        What a record, and the best, is: ``high``, or ``low`` for a quantity that falls, as energy per bit.
    one_per : str or sequence of str
        Count one observation of each ``architecture``, say, or of each ``["architecture", "year"]``: columns,
        or the ``year`` of the date. A device of which the column does not know counts alone.
    take : str
        Which one, of `memwall_trends.datasets.rates.TAKES`: the ``best`` unless told otherwise.
    best_of : str or sequence of str
        The same, always the best, of what ``one_per`` leaves: ``year`` for the leading edge.
    overlay : sequence of str or Path
        Files of a user's rows to lay over a series.
    show : sequence of str or Path
        Files of a user's rows that a figure draws large and nothing counts.
    date_column, value_column : str or int
        Where a file or a frame has its dates and values: the name of the column, or its number from 1.
    reading : Reading
        How a file is read, as a `memwall_trends.datasets.parsing.Reading`; what is not said is found out.

    Examples
    --------
    >>> choices: Choose = {"since": 2015, "vendor": "nvidia"}
    >>> from memwall_trends.selection import select
    >>> len(select("dram_bandwidth", dataset="gholami2024", **choices).observations)
    8
    """

    dataset: str
    since: When | None
    until: When | None
    where: Where | None
    kind: str | Sequence[str] | None
    vendor: str | Sequence[str] | None
    segment: str | Sequence[str] | None
    product_class: str | Sequence[str] | None
    architecture: str | Sequence[str] | None
    scope: str | Sequence[str] | None
    precision: str | None
    frontier: bool
    record: str | None
    announced: bool
    one_per: str | Sequence[str] | None
    take: str
    best_of: str | Sequence[str] | None
    overlay: Sequence[str | Path]
    show: Sequence[str | Path]
    date_column: str | int
    value_column: str | int
    reading: Reading | None


def gather_where(choose: Choose) -> dict[str, list[str]]:
    """Return the conditions of ``where`` and of the choices that stand for one column of it.

    Raises
    ------
    MemwallError
        If both name the same column.

    Examples
    --------
    >>> gather_where({"where": {"memory": "HBM2"}, "kind": "gpu"})
    {'memory': ['HBM2'], 'kind': ['gpu']}
    """
    conditions = {column: list_values(wanted) for column, wanted in (choose.get("where") or {}).items()}
    for column in COLUMN_CHOICES:
        values = cast("dict[str, str | Sequence[str] | None]", choose).get(column)
        if values and column in conditions:
            raise MemwallError(f"--{column} and --where {column}=... say the same thing: give one of them")
        if values:
            conditions[column] = list_values(values)
    return conditions


def check_choices(choose: Choose) -> None:
    """Raise an error if there is a choice that is none; the message names the known ones.

    Examples
    --------
    >>> check_choices({"since": 2010})
    """
    for name in choose:
        if name not in Choose.__annotations__:
            raise unknown("choice", name, Choose.__annotations__)


def split_choices(choose: Choose, tables: Mapping[str, Iterable[str]]) -> dict[str, Choose]:
    """Return for each of several tables the choices that its columns allow.

    A precision, say, narrows peak FLOPS and leaves bandwidth, which has none, as it is.

    Parameters
    ----------
    choose : Choose
    tables : mapping of str to iterable of str
        The columns of each table.

    Raises
    ------
    MemwallError
        If none of the tables has a column, or precisions.

    Examples
    --------
    >>> split_choices({"kind": "gpu", "precision": "fp64"}, {"a": ["precision"], "b": ["kind"]})
    {'a': {'where': {}, 'precision': 'fp64'}, 'b': {'where': {'kind': ['gpu']}}}
    """
    check_choices(choose)
    columns = {table: list(names) for table, names in tables.items()}
    conditions = split_where(gather_where(choose), columns)
    precision = choose.get("precision")
    having = [table for table, names in columns.items() if "precision" in names]
    if precision is not None and not having:
        raise MemwallError(f"{' and '.join(tables)} has no precisions: leave the precision out")
    rest = {name: value for name, value in choose.items() if name not in (*COLUMN_CHOICES, "precision")}
    return {
        table: cast(
            "Choose",
            {**rest, "where": conditions[table], **({"precision": precision} if table in having else {})},
        )
        for table in columns
    }
