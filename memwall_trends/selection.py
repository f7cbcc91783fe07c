"""Which observations count: the `Selection` that the choices of `Choose` make."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import load_observations
from memwall_trends.datasets.choices import (
    COLUMN_CHOICES,
    OF_FILES,
    OF_SERIES,
    Choose,
    check_choices,
    gather_where,
    split_choices,
)
from memwall_trends.datasets.conditions import (
    describe_where,
    filter_rows,
    merge_where,
    resolve_where,
)
from memwall_trends.datasets.engines import Scan, has_rows, is_engine_frame, to_pandas
from memwall_trends.datasets.held import Rows, find_extent, find_pushed
from memwall_trends.datasets.parsing import Reading
from memwall_trends.datasets.pushed import Pushed
from memwall_trends.datasets.rates import (
    PRECISIONS,
    TAKES,
    describe_one_per,
    describe_records,
    find_record,
    find_unrated,
    list_reductions,
    refuse_falling,
    select_frontier,
    select_one_per,
    select_precision,
)
from memwall_trends.datasets.reading import is_file, list_columns
from memwall_trends.datasets.taking import take_rows
from memwall_trends.errors import MemwallError, find_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import Unpack

    import numpy as np
    from numpy.typing import NDArray

    from memwall_trends.datasets.parsing import Found
    from memwall_trends.datasets.reading import Observations

__all__ = [
    "COLUMN_CHOICES",
    "Choose",
    "Data",
    "Selection",
    "check_choices",
    "gather_where",
    "name_of",
    "select",
    "select_each",
    "split_choices",
]

Data: TypeAlias = "str | Path | pd.DataFrame | Selection | Any"
"""A series as in ``peak_flops``, the path of a CSV, observations, or a selection of one of them. Observations
are a frame of pandas, or of any library that Narwhals knows: Polars, PyArrow, DuckDB, Spark, Dask."""

ROWS_PRINTED = 10
OF_SOURCE = ("dataset", "overlay", "date_column", "value_column", "reading")
"""The choices that say what is chosen from."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Selection:
    """The observations that count, and by which choices; `select` makes it.

    Attributes
    ----------
    data : str, Path or frame
        What was chosen from.
    choose : dict
        The choices as they were given.
    name, dataset, origin : str
        Where the observations are from, as in `memwall_trends.datasets.Observations`.
    where : dict of str to list of str
        The conditions, the usual ones of the series among them.
    precision : str
        The precision policy that chose one rate of each device; empty where each row counts.
    observations : DataFrame
        The rows, with ``date`` and ``value``; never empty. Those that an engine holds stay there.
    counted : str
        In words what counts, where not every row does: ``the best of each year``.
    candidates : DataFrame, optional
        Where only records count: all rows that could have set one, before the window and in it.
    in_window : ndarray of bool, optional
        Which of the candidates lie in the window.
    found : Found, optional
        What was found out about a file or a frame: separator, dates, unit, rows skipped.
    source : Observations, optional
        All rows that were chosen from, so that narrowing a selection reads no file again.

    Examples
    --------
    >>> print(select("dram_bandwidth", dataset="gholami2024", since=2021))
    dram_bandwidth (gholami2024): 2 rows, 2021-06-28 to 2022-03-22; since=2021
                     name       date  value unit
    NVIDIA A100 PCIe 80GB 2021-06-28 1935.0 GB/s
    NVIDIA H100 PCIe 80GB 2022-03-22 2039.0 GB/s
    """

    data: Any = field(repr=False)
    choose: Choose
    name: str
    dataset: str
    origin: str
    where: dict[str, list[str]]
    precision: str
    observations: Rows = Rows()  # noqa: RUF009
    counted: str = ""
    candidates: pd.DataFrame | None = None
    in_window: NDArray[np.bool_] | None = None
    found: Found | None = None
    source: Observations | None = None

    @property
    def frontier(self) -> bool:
        """Whether only record-setting devices count."""
        return self.candidates is not None

    @property
    def leading_edge(self) -> bool:
        """Whether only records count, or the best of each year."""
        return bool(self.choose.get("frontier")) or (["year"], TAKES[0]) in self.reductions[-1:]

    @property
    def reductions(self) -> list[tuple[list[str], str]]:
        """Columns of which one observation counts, and which one, in the order in which that is done."""
        choose = self.choose
        return list_reductions(choose.get("one_per"), choose.get("take"), choose.get("best_of"), self.record)

    @property
    def record(self) -> str:
        """What sets a record: ``high`` or ``low``."""
        return find_record(self.choose.get("record"))

    @property
    def unit(self) -> str:
        """Unit of the values; empty where the data does not say.

        Raises
        ------
        MemwallError
            If the rows mix units.
        """
        table = find_pushed(self)
        if table is not None:
            return table.unit
        if "unit" not in self.observations or (self.found is not None and not self.found.has_unit):
            return ""
        units = [str(unit) for unit in self.observations["unit"].unique()]
        if len(units) > 1:
            raise MemwallError(
                f"{self.origin}: the column 'unit' mixes {', '.join(map(repr, units))}; expected one unit. "
                f"Choose the rows of one, as in --where unit={units[-1]}"
            )
        return units[0]

    def describe(self) -> str:
        """Return in a sentence what was chosen.

        Examples
        --------
        >>> select("dram_bandwidth", since=2020, kind="gpu").describe().partition("; ")[2]
        'since=2020; memory!=SRAM; shipped!=no; kind=gpu'
        """
        rows, first, last = find_extent(self)
        window = {"since": self.choose.get("since"), "until": self.choose.get("until")}
        chosen = [f"{end}={day}" for end, day in window.items() if day is not None]
        if self.where:
            chosen.append(describe_where(self.where))
        if self.precision:
            chosen.append(f"best dense rate of a device ({self.precision})")
        if self.counted:
            chosen.append(self.counted)
        return "; ".join(
            [
                f"{self.name} ({self.dataset}): {rows:,} row{'s' if rows > 1 else ''}, {first} to {last}",
                *chosen,
            ]
        )

    def in_memory(self, what: str = "this") -> Selection:
        """Return the same observations as rows in memory.

        Raises
        ------
        MemwallError
            If an engine holds them and memory does not: `what` needs them.
        """
        table = find_pushed(self)
        if table is None:
            return self
        if not has_rows(self.data):
            table.in_memory(what)
        return _select_rows(self.data, self.choose)

    def __str__(self) -> str:
        """Return what a terminal shows."""
        if find_pushed(self) is not None:
            return self.describe()
        columns = [column for column in ("name", "date", "value", "unit") if column in self.observations]
        rows = self.observations[columns].to_string(index=False, max_rows=ROWS_PRINTED)
        return f"{self.describe()}\n{rows}"

    __repr__ = __str__


def select(data: Data, **choose: Unpack[Choose]) -> Selection:
    """Return the observations of a series, a CSV file or a frame that count.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        A series as in ``peak_flops``; else the path of a CSV; or a frame with dates and values, of pandas or
        of an engine that holds them (Polars, PyArrow, DuckDB, Spark, Dask). Choices are added to those of a
        selection; what is named again takes the place of its own.
    **choose
        The choices of `Choose`.

    Returns
    -------
    Selection
        Every function that asks something of a series takes it in place of a name.

    Raises
    ------
    MemwallError
        If the series, the file, a row or a choice is wrong.
    TooFewObservations
        If no row is left.

    Examples
    --------
    >>> chosen = select("dram_bandwidth", dataset="gholami2024", frontier=True, since=2015)
    >>> chosen.observations["value"].tolist()
    [512.0, 732.2, 897.0, 1555.0, 1935.0, 2039.0]
    >>> len(select(chosen, since=2020).observations)
    3
    """
    check_choices(choose)
    if isinstance(data, Selection):
        return _narrow(data, choose) if choose else data
    if is_engine_frame(data):
        return _select_in_engine(data, choose)
    source = load_observations(
        data,
        dataset=choose.get("dataset", defaults.DATASET),
        overlay=choose.get("overlay", ()),
        date_column=choose.get("date_column", "date"),
        value_column=choose.get("value_column", "value"),
        reading=choose.get("reading"),
    )
    return _select_from(source, data, choose)


def select_each(series: Sequence[Data], **choose: Unpack[Choose]) -> list[Selection]:
    """Return several series under the same choices; each narrows the series that have its column.

    Parameters
    ----------
    series : sequence of str, Path, DataFrame or Selection
        As in ``peak_flops``, or files; a selection keeps its own choices where these say nothing.
    **choose
        The choices of `Choose`.

    Raises
    ------
    MemwallError
        As `select`, and if no series has a column or precisions.

    Examples
    --------
    >>> both = select_each(["peak_flops", "dram_bandwidth"], dataset="gholami2024", where={"memory": "HBM2"})
    >>> [len(each.observations) for each in both]
    [37, 3]
    """
    dataset, reading = choose.get("dataset", defaults.DATASET), choose.get("reading")
    columns = [
        list(map(str, each.observations))
        if isinstance(each, Selection)
        else list_columns(each, dataset, reading)
        for each in series
    ]
    names = [name_of(each) for each in series]
    keys = [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, 1)]
    shares = split_choices(choose, dict(zip(keys, columns, strict=True)))
    files = [is_file(each, dataset) for each in series]
    # What is said of files is not said of a series that stands beside one.
    shared = [
        {name: value for name, value in shares[key].items() if name not in (OF_SERIES if file else OF_FILES)}
        if any(files)
        else shares[key]
        for key, file in zip(keys, files, strict=True)
    ]
    return [select(each, **cast("Choose", share)) for each, share in zip(series, shared, strict=True)]


def name_of(series: Data) -> str:
    """Return the name of a series, of a file its path, or of a selection that of its data.

    Examples
    --------
    >>> name_of("peak_flops"), name_of(select("model_size"))
    ('peak_flops', 'model_size')
    """
    if isinstance(series, Selection):
        return series.name
    if isinstance(series, Scan):
        return series.name
    return "data frame" if isinstance(series, pd.DataFrame) or is_engine_frame(series) else str(series)


def _select_in_engine(data: Any, choose: Choose) -> Selection:
    """Return observations that stay where they are, or the few of them that stand for the others."""
    if choose.get("overlay"):
        raise MemwallError(f"rows can be laid over a series, not over {name_of(data)}")
    said = {name: value for name, value in choose.items() if name in OF_FILES}
    reduced = any(choose.get(name) for name in ("frontier", "one_per", "best_of", "precision"))
    try:
        table = Pushed.of(data, **cast("Any", said))
    except MemwallError:
        if not has_rows(data):
            raise
        reduced = True
    if reduced and has_rows(data):
        return _select_rows(data, choose)
    window = {} if choose.get("frontier") else {"since": choose.get("since"), "until": choose.get("until")}
    table = table.narrow(gather_where(choose), **window)
    if reduced:
        reading = replace(choose.get("reading") or Reading(), unit=table.unit or None)
        rows = select(take_rows(table, choose), **cast("Choose", {**choose, "reading": reading}))
        # Narrowed, it is asked of the engine again: other rows may stand for others then.
        return replace(rows, data=data, choose=choose, name=table.name, origin=table.origin, source=None)
    if has_rows(data):
        table = replace(table, load=lambda: _select_rows(data, choose).observations)
    return Selection(
        data=data,
        choose=choose,
        name=table.name,
        dataset=table.origin if isinstance(data, Scan) else "user",
        origin=table.origin,
        where=dict(table.where),
        precision="",
        observations=table,
    )


def _select_from(source: Observations, data: str | Path | pd.DataFrame, choose: Choose) -> Selection:
    usual = {column: wanted for column, wanted in source.fitted.items() if not _lifted(column, choose)}
    asked = merge_where(usual, gather_where(choose))
    rows = filter_rows(source.frame, where=asked, origin=source.origin)
    conditions = resolve_where(source.frame, asked, source.origin)
    # Conditions see the columns as they came; the rest needs the dates and values of what they leave.
    window = {} if choose.get("frontier") else {"since": choose.get("since"), "until": choose.get("until")}
    rows, found = source.observe(rows, **window)
    names_precision = bool({"precision", "precision!"} & set(conditions))
    policy = choose.get("precision") or ("" if names_precision else source.precision_policy)
    policy = policy and find_known("precision", policy, PRECISIONS)
    if policy or source.precision_policy:
        formats = PRECISIONS[policy] if policy else None
        if formats:
            rows = rows[~rows["name"].isin(find_unrated(source.frame, formats))]
        rows = select_precision(rows, formats, dense="sparsity" not in conditions, origin=source.origin)
    since, until = choose.get("since"), choose.get("until")
    which = find_record(choose.get("record"))
    reductions = list_reductions(choose.get("one_per"), choose.get("take"), choose.get("best_of"), which)
    candidates = in_window = None
    if choose.get("frontier"):
        candidates = _reduce(rows, reductions, source.origin).reset_index(drop=True)
        if not choose.get("record"):
            refuse_falling(candidates, source.origin)
        inside = filter_rows(candidates, since=since, until=until, origin=source.origin)
        in_window = candidates.index.isin(inside.index)
        rows = filter_rows(select_frontier(candidates, which), since=since, until=until, origin=source.origin)
    else:
        inside = filter_rows(rows, since=since, until=until, origin=source.origin)
        rows = _reduce(inside, reductions, source.origin)
    return Selection(
        data=data,
        choose=choose,
        name=source.name,
        dataset=source.dataset,
        origin=source.origin,
        where=conditions,
        precision=policy,
        observations=rows,
        counted="; ".join(
            [
                *(describe_one_per(columns, take) for columns, take in reductions),
                *([describe_records(which)] if choose.get("frontier") else []),
            ]
        ),
        candidates=candidates,
        in_window=in_window,
        found=found,
        source=source,
    )


def _select_rows(data: Any, choose: Choose) -> Selection:
    """Return the observations of an engine's frame whose rows are in memory."""
    chosen = select(to_pandas(data), **choose)
    if not isinstance(data, Scan):
        return chosen
    found = chosen.found and replace(chosen.found, file=data.origin)
    called: Any = {"name": data.name, "dataset": data.origin, "origin": data.origin}
    source = chosen.source and replace(chosen.source, **called)
    return replace(chosen, found=found, source=source, **called)


def _lifted(condition: str, choose: Choose) -> bool:
    return condition == "shipped!" and bool(choose.get("announced"))


def _reduce(rows: pd.DataFrame, reductions: Iterable[tuple[list[str], str]], origin: str) -> pd.DataFrame:
    for columns, take in reductions:
        rows = select_one_per(rows, columns, take, origin=origin)
    return rows


def _narrow(selection: Selection, choose: Choose) -> Selection:
    own = selection.choose
    rest = {name: value for name, value in {**own, **choose}.items() if name not in COLUMN_CHOICES}
    where = merge_where(gather_where(own), gather_where(choose))
    chosen = cast("Choose", {**rest, "where": where})
    if selection.source is None or any(
        own.get(name) != choose.get(name, own.get(name)) for name in OF_SOURCE
    ):
        return select(selection.data, **chosen)
    return _select_from(selection.source, selection.data, chosen)
