"""`Pushed`: observations that stay where they are, in a frame of another library; only sums come back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from memwall_trends.datasets.cells import ENDS, SUMS, Cells, name_key, read_labels
from memwall_trends.datasets.conditions import describe_where, filter_rows, resolve_where
from memwall_trends.datasets.engines import NAMES, Scan, as_narwhals, first_line, missing_engine
from memwall_trends.datasets.measures import DAY, DAYS, YEAR, Measures, check_types
from memwall_trends.datasets.parsing.columns import find_column, find_unit_column, unique_names
from memwall_trends.datasets.parsing.options import Found, Reading
from memwall_trends.datasets.parsing.values import read_values
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.units import parse_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import narwhals as nw

    from memwall_trends.datasets.conditions import Limit, Where

    Frame = nw.LazyFrame[Any]
    Lines = Mapping[str, tuple[float, float]]

Answer = TypeVar("Answer")

SAMPLE = 1000
"""Rows that say about where dates and values lie: sums are of distances from there."""
MOST_ROWS = 1_000_000
"""That an engine hands over where rows, not sums, are needed."""
MOST_VALUES = 100_000
"""Different values of a column that a condition is compared with."""


@dataclass(frozen=True, eq=False)
class Pushed:
    """Observations in a frame of another library.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        The rows that conditions leave.
    name, origin : str
        As in `memwall_trends.datasets.Observations`.
    columns : tuple of str
        That there are.
    measures : Measures
        Dates and values, as far as they are known without asking.
    reading : Reading
    where : dict of str to list of str
        The conditions that are met.
    window : dict of str to date
        ``since`` and ``until``, where they are said.
    load : callable, optional
        Returns the rows, where they are in memory anyway.
    part : Cells, optional
        What a question came to: the cells of one group.

    Examples
    --------
    >>> import pyarrow
    >>> days = [dt.date(2020, 1, 1), dt.date(2021, 1, 1), dt.date(2022, 1, 1)]
    >>> table = Pushed.of(pyarrow.table({"date": days, "value": [1.0, 10.0, 100.0]}))
    >>> table.engine, table.extent().n_obs
    ('PyArrow', 3)
    """

    frame: Frame
    name: str
    origin: str
    columns: tuple[str, ...]
    measures: Measures
    reading: Reading = field(default_factory=Reading)
    where: Mapping[str, list[str]] = field(default_factory=dict)
    window: Mapping[str, dt.date] = field(default_factory=dict)
    load: Callable[[], pd.DataFrame] | None = None
    part: Cells | None = None
    _asked: dict[Any, Cells] = field(default_factory=dict)
    _known: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        data: Any,
        *,
        date_column: str | int = "date",
        value_column: str | int = "value",
        reading: Reading | None = None,
    ) -> Pushed:
        """Return the table of a frame of another library, or of a `Scan`.

        Raises
        ------
        MemwallError
            If it has no such column, a column has another type than dates and numbers, or the reading is of
            text.
        """
        opened = data if isinstance(data, Scan) else Scan(data, "data frame", "the data frame")
        frame = as_narwhals(opened.frame)
        schema = _ask(opened.origin, frame.collect_schema)
        columns = unique_names(schema.names())
        date, value = (
            find_column(columns, wanted, f"--{role}-column", opened.origin)
            for role, wanted in (("date", date_column), ("value", value_column))
        )
        reading = reading or Reading()
        check_types(schema, date, value, opened.origin, reading)
        if frame.implementation.is_duckdb() and not schema[date].is_integer():
            quoted = '"' + date.replace('"', '""') + '"'
            days = f"CAST(CAST({quoted} AS DATE) - DATE '1970-01-01' AS DOUBLE)"
            frame = as_narwhals(opened.frame.project(f'*, {days} AS "{DAYS}"'))
            schema = frame.collect_schema()
        measures = Measures(schema, date, value, reading.zero_is_missing)
        return cls(frame.lazy(), opened.name, opened.origin, tuple(columns), measures, reading)

    @property
    def engine(self) -> str:
        """What holds the rows, for a reader."""
        name = str(self.frame.implementation.value)
        return NAMES.get(name, name)

    @property
    def measured(self) -> Measures:
        """Dates and values, these in one unit."""
        return replace(self.measures, factors=self._units[0])

    @property
    def unit(self) -> str:
        """Unit of the values; empty where nothing says it."""
        return self._units[1]

    def is_number(self, column: str) -> bool:
        """Return whether a column holds numbers."""
        return column in self.columns and bool(self.measures.schema[column].is_numeric())

    def narrow(self, where: Where, since: Limit = None, until: Limit = None) -> Pushed:
        """Return the table with the rows that meet conditions and lie in a window.

        Raises
        ------
        MemwallError
            If there is no such column, or the window is upside down.
        TooFewObservations
            If no value meets a condition.
        """
        import narwhals as nw

        frame, resolved = self.frame, dict[str, list[str]]()
        for condition, wanted in where.items():
            column = condition.removesuffix("!")
            values = self._distinct(column)
            kept = filter_rows(values, where={condition: wanted}, origin=self.origin)[column]
            resolved |= resolve_where(values, {condition: wanted}, self.origin)
            allowed = nw.col(column).is_in(kept.dropna().tolist())
            frame = frame.filter((nw.col(column).is_null() | allowed) if kept.isna().any() else allowed)
        window = {"since": parse_date(str(since))} if since is not None else {}
        window |= {"until": parse_date(str(until), end_of_period=True)} if until is not None else {}
        if len(window) > 1 and window["since"] > window["until"]:
            raise MemwallError(f"the window is upside down: it starts on {since} and ends on {until}")
        frame = frame.filter(self._inside(window)) if window else frame
        return replace(self, frame=frame, where=resolved, window=window, _asked={}, _known={})

    def cells(self, keys: Sequence[str] = (), lines: Lines | None = None) -> Cells:
        """Return the sums of the rows that agree in all keys: columns, or the year or day of the date.

        Parameters
        ----------
        keys : sequence of str
        lines : dict, optional
            As of `Cells`; by default a height amid the values.

        Raises
        ------
        MemwallError
            If there is no such column, or a row has no date or no value above zero, where that is an error.
        TooFewObservations
            If there is no row.
        """
        for key in keys:
            if key not in (*self.columns, YEAR, DAY):
                raise unknown("column to go by", key, [*self.columns, YEAR])
        lines = {"": (self._middle[1], 0.0)} if lines is None else lines
        asked = (tuple(keys), tuple(lines.items()))
        if asked not in self._asked:
            self._asked[asked] = self._sum(keys, lines)
        return self._asked[asked]

    def extent(self) -> Cells:
        """Return cells of all observations, by whatever keys was asked before; of a part its own."""
        return self.part or next(iter(self._asked.values()), None) or self.cells()

    def found(self) -> Found:
        """Return what is known of the table for a reader."""
        extent = self.extent()
        return Found(
            file=self.origin,
            format=self.engine.lower(),
            engine=self.engine,
            date_column=self.measures.date,
            value_column=self.measures.value,
            dates="days",
            unit=self.unit,
            has_unit=bool(self.unit),
            converted=tuple(unit for unit, factor in self._units[0].items() if factor != 1),
            rows=extent.n_obs,
            unnumbered=extent.n_skipped,
        )

    def measure(self, keys: Sequence[str], lines: Lines | None = None, *, whole: bool = False) -> Frame:
        """Return rows with their keys, x and y, which are null where a date or a value is none."""
        import narwhals as nw

        lines = {"": (self._middle[1], 0.0)} if lines is None else lines
        measured, names = self.measured, [name_key(place) for place in range(len(keys))]
        rows = self.frame.with_columns(
            *(measured.key(key).alias(name) for name, key in zip(names, keys, strict=True)),
            x=nw.when(measured.is_right()).then(measured.days() - self._middle[0]),
            y=nw.when(measured.is_right()).then(measured.value_in_unit()).log(10),
        )
        below = _line(lines[""])
        for label, line in lines.items():
            if label:
                below = nw.when(nw.col(names[0]).cast(nw.String) == label).then(_line(line)).otherwise(below)
        rows = rows.with_columns(y=nw.col("y") - below)
        return rows if whole else rows.select(*names, "x", "y")

    def fetch(self, rows: Frame | None = None, what: str = "this") -> pd.DataFrame:
        """Return rows in memory, all by default; `MemwallError` if they are too many for `what`."""
        asked = self.frame.select(*self.columns) if rows is None else rows
        taken = self._collect(asked.head(MOST_ROWS + 1))
        if len(taken) > MOST_ROWS:
            raise MemwallError(
                f"{self.origin}: {what} needs more than {MOST_ROWS:,} rows in memory; narrow them with "
                "--where, --since and --until, or count one of each group with --one-per or --best-of"
            )
        return taken

    def ask_once(self, name: Any, find: Callable[[], Answer]) -> Answer:
        """Return what `find` answers, the same for the same name."""
        if name not in self._known:
            self._known[name] = find()
        known: Answer = self._known[name]
        return known

    def in_memory(self, what: str = "this") -> pd.DataFrame:
        """Return the rows where they are in memory anyway.

        Raises
        ------
        MemwallError
            If they stayed in the engine: `what` needs them.
        """
        if self.load is not None:
            return self.load()
        raise MemwallError(
            f"{self.origin}: {what} needs the rows, and they stayed in {self.engine}, which handed over sums "
            "alone; read what fits into memory, as a pandas frame or with --engine pandas"
        )

    def _sum(self, keys: Sequence[str], lines: Lines) -> Cells:
        import narwhals as nw

        x, y = nw.col("x"), nw.col("y")
        rows = self.measure(keys, lines).with_columns(xx=x * x, xy=x * y, yy=y * y)
        sums = [
            nw.len().alias("rows"),
            y.count().alias("n"),
            *(nw.col(name).sum() for name in SUMS[1:]),
            x.min().alias("first"),
            x.max().alias("last"),
        ]
        names = [name_key(place) for place in range(len(keys))]
        table = self._collect(rows.group_by(*names).agg(*sums) if names else rows.select(*sums))
        table = table.astype(dict.fromkeys(["rows", *SUMS, *ENDS], "float64"))
        n_skipped = self._check_rows(int(table["rows"].sum()), int(table["n"].sum()))
        table = table[table["n"] > 0]
        table = table.sort_values(names, ignore_index=True) if names else table
        return Cells(read_labels(table, keys), table[[*SUMS, *ENDS]], self._middle[0], lines, n_skipped)

    def _inside(self, window: Mapping[str, dt.date]) -> nw.Expr:
        """Return whether a row lies in a window; one without a date or a value does, as it is counted."""
        import narwhals as nw

        days, dates = self.measures.days(), self.measures.schema[self.measures.date] == nw.Date
        # In the column's own type, so that an engine can leave out whole files.
        column = nw.col(self.measures.date) if dates else days
        ends = {name: end if dates else (end - dt.date(1970, 1, 1)).days for name, end in window.items()}
        limits = [column >= ends["since"]] if "since" in ends else []
        limits += [column <= ends["until"]] if "until" in ends else []
        return nw.all_horizontal(*limits, ignore_nulls=True).fill_null(False) | self.measures.is_missing()

    def _check_rows(self, rows: int, right: int) -> int:
        """Refuse rows that are wrong, and return how many are skipped."""
        import narwhals as nw

        skipped = 0
        if rows > right:
            missing = self.frame.with_columns(missing=self.measures.is_missing()).filter(nw.col("missing"))
            skipped = int(self._collect(missing.select(n=nw.len()))["n"].iloc[0])
        date, value = self.measures.date, self.measures.value
        if skipped and self.reading.missing == "fail":
            raise MemwallError(
                f"{self.origin}: {_rows(skipped)} without a date or a value in columns {date!r} and "
                f"{value!r}; expected both in each; --missing skip leaves such rows out"
            )
        if rows > right + skipped:
            self._refuse(rows - right - skipped)
        if not right:
            chosen = [f"{name} {day}" for name, day in self.window.items()]
            chosen += [f"where {describe_where(self.where)}"] if self.where else []
            why = "; ".join(chosen) or "none has a date and a value"
            raise TooFewObservations(f"no rows of {self.origin} are left; {why}", 0)
        return skipped

    def _refuse(self, wrong: int) -> None:
        import narwhals as nw

        measures, date, value = self.measures, self.measures.date, self.measures.value
        flagged = self.frame.with_columns(
            right=measures.is_right().fill_null(False), missing=measures.is_missing()
        )
        bad = flagged.filter(~(nw.col("right") | nw.col("missing"))).select(date, value)
        row = self._collect(bad.head(1)).iloc[0]
        number = float(row[value])
        column, cell, expected = value, f"{number:g}", "a number above zero"
        if 0 < number < float("inf"):
            column, cell, expected = date, str(row[date]), "a date, or a year of four digits"
        hint = " (if 0 means that it is missing: --zero-is-missing)" if cell == "0" else ""
        raise MemwallError(
            f"{self.origin}: {_rows(wrong)} with a wrong cell in column {column!r}, as {cell!r}; expected "
            f"{expected}{hint}"
        )

    @property
    def _middle(self) -> tuple[float, float]:
        """A day and a log10 value amid those of some rows; one of them, so that equal ones stay equal."""
        return self.ask_once("middle", self._find_middle)

    @property
    def _units(self) -> tuple[dict[str, float], str]:
        """What the values of each unit are multiplied by, and the unit that they become."""
        return self.ask_once("units", self._find_units)

    def _find_middle(self) -> tuple[float, float]:
        measured = self.measured
        sample = self.frame.filter(measured.is_right()).head(SAMPLE)
        rows = self._collect(sample.select(x=measured.days(), y=measured.value_in_unit().log(10)))
        middle = rows.astype("float64").quantile(0.5, interpolation="lower").fillna(0.0)
        return float(middle["x"]), float(middle["y"])

    def _find_units(self) -> tuple[dict[str, float], str]:
        import narwhals as nw

        column, value = find_unit_column(self.columns, self.measures.value), self.measures.value
        units: list[str] = []
        if column is not None:
            counted = self._collect(
                self.frame.select(unit=nw.col(column).cast(nw.String))
                .group_by("unit")
                .agg(nw.len().alias("n"))
            )
            counted = counted.assign(unit=counted["unit"].astype(object).where(counted["unit"].notna(), ""))
            units = counted.sort_values(["n", "unit"], ascending=[False, True])["unit"].tolist()
        # One value of each unit, of the commonest two: what becomes of it is the unit's factor.
        names = [*units[:1], *units] or [""]
        read = read_values(
            pd.Series(1.0, index=range(len(names)), name=value),
            reading=replace(self.reading, zero_is_missing=False),
            units=pd.Series(names, dtype="str") if units else None,
            where=f"{self.origin}: column {value!r}",
        )
        become = list(dict.fromkeys(read.units))
        if len(become) > 1:
            raise MemwallError(
                f"{self.origin}: the column {column!r} mixes {', '.join(map(repr, become))}; expected one "
                f"unit. Choose the rows of one, as in --where {column}={become[-1]}"
            )
        return dict(zip(names, map(float, read.numbers), strict=True)), become[0]

    def _distinct(self, column: str) -> pd.DataFrame:
        """Return the different values of a column."""
        import narwhals as nw

        if column not in self.columns:
            raise unknown(f"column of {self.origin}", column, self.columns)
        cells = nw.col(column)
        if isinstance(self.measures.schema[column], nw.Categorical | nw.Enum):
            cells = cells.cast(nw.String)
        values = self._collect(self.frame.select(cells.alias(column)).unique().head(MOST_VALUES + 1))
        if len(values) > MOST_VALUES:
            raise MemwallError(
                f"{self.origin}: column {column!r} has more than {MOST_VALUES:,} different values to compare "
                "with; filter by it before, in the engine's own way"
            )
        return values

    def _collect(self, frame: Frame) -> pd.DataFrame:
        return _ask(self.origin, lambda: frame.collect("pandas").to_pandas())


def _line(line: tuple[float, float]) -> nw.Expr:
    import narwhals as nw

    height, rise = line
    return nw.lit(height) if rise == 0 else nw.col("x") * rise + height


def _ask(origin: str, question: Callable[[], Answer]) -> Answer:
    """Return what an engine answers; what it has against it as an error of ours."""
    try:
        return question()
    except (MemwallError, KeyboardInterrupt):
        raise
    except ImportError as error:
        raise missing_engine(str(error.name)) from None
    except Exception as error:  # of the engine, whose errors share no class
        raise MemwallError(f"{origin}: the engine cannot answer: {first_line(error)}") from None


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
