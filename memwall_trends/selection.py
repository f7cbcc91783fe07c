"""Which observations count: every choice, declared once in `Choose`, and the `Selection` that they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypedDict, cast

from memwall_trends import defaults
from memwall_trends.datasets import find_series, load_observations
from memwall_trends.datasets.conditions import (
    When,
    Where,
    describe_where,
    filter_rows,
    list_values,
    merge_where,
    resolve_where,
    split_where,
)
from memwall_trends.datasets.rates import (
    PRECISIONS,
    TAKES,
    describe_one_per,
    find_unrated,
    list_reductions,
    select_frontier,
    select_one_per,
    select_precision,
)
from memwall_trends.errors import MemwallError, find_known, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Unpack

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Data: TypeAlias = "str | Path | pd.DataFrame | Selection"
"""A series as in ``peak_flops``, the path of a CSV, observations, or a selection of one of them."""

COLUMN_CHOICES = ("kind", "vendor", "segment", "product_class", "architecture", "scope")
"""The choices that stand for a condition on the column of their name."""
ROWS_PRINTED = 10


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
    one_per : str or sequence of str
        Count one observation of each ``architecture``, say, or of each ``["architecture", "year"]``: columns,
        or the ``year`` of the date. A device of which the column does not know counts alone.
    take : str
        Which one, of `memwall_trends.datasets.rates.TAKES`: the ``best`` unless told otherwise.
    best_of : str or sequence of str
        The same, always the best, of what ``one_per`` leaves: ``year`` for the leading edge.
    overlay : sequence of str or Path
        Files of a user's rows to lay over a series.
    date_column, value_column : str
        Where a CSV or a frame has its dates and values.

    Examples
    --------
    >>> choices: Choose = {"since": 2015, "vendor": "nvidia"}
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
    announced: bool
    one_per: str | Sequence[str] | None
    take: str
    best_of: str | Sequence[str] | None
    overlay: Sequence[str | Path]
    date_column: str
    value_column: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Selection:
    """The observations that count, and by which choices; `select` makes it.

    Attributes
    ----------
    data : str, Path or DataFrame
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
        The rows, with ``date`` and ``value``; never empty.
    counted : str
        In words what counts, where not every row does: ``the best of each year``.
    candidates : DataFrame, optional
        Where only records count: all rows that could have set one, before the window and in it.
    in_window : ndarray of bool, optional
        Which of the candidates lie in the window.

    Examples
    --------
    >>> print(select("dram_bandwidth", dataset="gholami2024", since=2021))
    dram_bandwidth (gholami2024): 2 rows, 2021-06-28 to 2022-03-22; since=2021
                     name       date  value unit
    NVIDIA A100 PCIe 80GB 2021-06-28 1935.0 GB/s
    NVIDIA H100 PCIe 80GB 2022-03-22 2039.0 GB/s
    """

    data: str | Path | pd.DataFrame = field(repr=False)
    choose: Choose
    name: str
    dataset: str
    origin: str
    where: dict[str, list[str]]
    precision: str
    observations: pd.DataFrame
    counted: str = ""
    candidates: pd.DataFrame | None = None
    in_window: NDArray[np.bool_] | None = None

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
        return list_reductions(choose.get("one_per"), choose.get("take"), choose.get("best_of"))

    @property
    def unit(self) -> str:
        """Unit of the values; empty where the data does not say.

        Raises
        ------
        MemwallError
            If the rows mix units.
        """
        # The column 'unit' is the unit of 'value', not of any other column.
        if self.choose.get("value_column", "value") != "value" or "unit" not in self.observations:
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
        dates = self.observations["date"]
        window = {"since": self.choose.get("since"), "until": self.choose.get("until")}
        chosen = [f"{end}={day}" for end, day in window.items() if day is not None]
        if self.where:
            chosen.append(describe_where(self.where))
        if self.precision:
            chosen.append(f"best dense rate of a device ({self.precision})")
        if self.counted:
            chosen.append(self.counted)
        rows = len(self.observations)
        return "; ".join(
            [
                f"{self.name} ({self.dataset}): {rows:,} row{'s' if rows > 1 else ''}, "
                f"{dates.min().date()} to {dates.max().date()}",
                *chosen,
            ]
        )

    def __str__(self) -> str:
        """Return what a terminal shows."""
        columns = [column for column in ("name", "date", "value", "unit") if column in self.observations]
        rows = self.observations[columns].to_string(index=False, max_rows=ROWS_PRINTED)
        return f"{self.describe()}\n{rows}"

    __repr__ = __str__


def select(data: Data, **choose: Unpack[Choose]) -> Selection:
    """Return the observations of a series, a CSV file or a frame that count.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        A series as in ``peak_flops``; else the path of a CSV; or a frame with dates and values. Choices are
        added to those of a selection; what is named again takes the place of its own.
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
    source = load_observations(
        data,
        dataset=choose.get("dataset", defaults.DATASET),
        overlay=choose.get("overlay", ()),
        date_column=choose.get("date_column", "date"),
        value_column=choose.get("value_column", "value"),
    )
    usual = {column: wanted for column, wanted in source.fitted.items() if not _lifted(column, choose)}
    asked = merge_where(usual, gather_where(choose))
    # Conditions see the columns as they came; the rest needs dates and values parsed.
    rows = filter_rows(source.frame, where=asked, origin=source.origin)
    conditions = resolve_where(source.frame, asked, source.origin)
    rows = rows.assign(date=source.parsed["date"], value=source.parsed["value"])
    names_precision = bool({"precision", "precision!"} & set(conditions))
    policy = choose.get("precision") or ("" if names_precision else source.precision_policy)
    if policy:
        policy = find_known("precision", policy, PRECISIONS)
    if policy or source.precision_policy:
        formats = PRECISIONS[policy] if policy else None
        if formats:
            rows = rows[~rows["name"].isin(find_unrated(source.frame, formats))]
        rows = select_precision(rows, formats, dense="sparsity" not in conditions, origin=source.origin)
    since, until = choose.get("since"), choose.get("until")
    reductions = list_reductions(choose.get("one_per"), choose.get("take"), choose.get("best_of"))
    candidates = in_window = None
    if choose.get("frontier"):
        candidates = _reduce(rows, reductions, source.origin).reset_index(drop=True)
        inside = filter_rows(candidates, since=since, until=until, origin=source.origin)
        in_window = candidates.index.isin(inside.index)
        rows = filter_rows(select_frontier(candidates), since=since, until=until, origin=source.origin)
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
                *(["record-setting devices only"] if choose.get("frontier") else []),
            ]
        ),
        candidates=candidates,
        in_window=in_window,
    )


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


def select_each(series: Sequence[str | Selection], **choose: Unpack[Choose]) -> list[Selection]:
    """Return several series under the same choices; each narrows the series that have its column.

    Parameters
    ----------
    series : sequence of str or Selection
        As in ``peak_flops``; a selection keeps its own choices where these say nothing.
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
    dataset = choose.get("dataset", defaults.DATASET)
    columns = [
        list(map(str, each.observations))
        if isinstance(each, Selection)
        else find_series(each, dataset).choosable
        for each in series
    ]
    shares = split_choices(choose, dict(zip(map(name_of, series), columns, strict=True)))
    return [select(each, **shares[name_of(each)]) for each in series]


def name_of(series: str | Selection) -> str:
    """Return the name of a series, or of that of a selection.

    Examples
    --------
    >>> name_of("peak_flops"), name_of(select("model_size"))
    ('peak_flops', 'model_size')
    """
    return series.name if isinstance(series, Selection) else series


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
    return select(selection.data, **cast("Choose", {**rest, "where": where}))
