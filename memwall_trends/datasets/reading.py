"""Reading the tables, and a user's file: text in, checked dates and numbers out."""

from __future__ import annotations

import io
import os.path
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.engines import is_engine_frame, list_engine_columns, to_pandas
from memwall_trends.datasets.overlay import describe_devices, lay_over
from memwall_trends.datasets.parsing import Found, Reading, find_column, observe, read_rows, unique_names
from memwall_trends.datasets.parsing.content import STANDARD_INPUT
from memwall_trends.datasets.registry import (
    DEVICES,
    Table,
    find_series,
    find_table,
    list_series,
    list_tables,
)
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.units import parse_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memwall_trends.datasets.conditions import When


@dataclass(frozen=True, eq=False)
class Observations:
    """What a trend is fitted to.

    Attributes
    ----------
    name : str
        The series; of a file its name without the ending.
    dataset : str
        The dataset, or the path of the file.
    origin : str
        What to call it in a message.
    fitted : mapping of str to str
    precision_policy : str
        As in `Table`; empty for a user's data.
    frame : DataFrame
        One row an observation, all columns as they came.
    labels : sequence
        What to call the rows in a message.
    found : Found, optional
        What was found out about a file or a frame; none of a series.
    reading : Reading
        How it is read.
    """

    name: str
    dataset: str
    origin: str
    fitted: Mapping[str, str]
    precision_policy: str
    frame: pd.DataFrame
    labels: Sequence[Any] = ()
    found: Found | None = None
    reading: Reading = field(default_factory=Reading)

    @property
    def parsed(self) -> pd.DataFrame:
        """``date`` (datetime) and ``value`` (float, positive, finite) of each row that has both."""
        return self.observe(self.frame)[0][["date", "value"]]

    def observe(
        self, rows: pd.DataFrame, since: When | None = None, until: When | None = None
    ) -> tuple[pd.DataFrame, Found | None]:
        """Return rows of `frame` with their dates and values, and what was found out about them.

        Parameters
        ----------
        rows : DataFrame
            Those that count: what others hold does not matter.
        since, until : str, int or date, optional
            The window outside of which no value is needed.

        Raises
        ------
        MemwallError
            If a date or a value of them cannot be read.
        """
        if self.found is None:
            return rows, None
        keep = {
            "first": parse_date(str(since)) if since is not None else None,
            "last": parse_date(str(until), end_of_period=True) if until is not None else None,
        }
        whole = len(rows) == len(self.frame)
        labels = self.labels if whole else list(map(self.labels.__getitem__, rows.index.tolist()))
        observed = observe(rows, self.found, self.reading, labels, keep=keep)
        return observed.rows, observed.found


def load_table(
    name: str,
    dataset: str = defaults.DATASET,
    *,
    overlay: Sequence[str | Path] = (),
    reading: Reading | None = None,
) -> pd.DataFrame:
    """Return the rows of a table.

    Parameters
    ----------
    name : str
        As in ``peak_flops``.
    dataset : str
        As in `find_table`.
    overlay : sequence of str or Path
        Files of a user's rows to lay over a series.
    reading : Reading, optional
        How these files are read, where that is not to be found out.

    Returns
    -------
    DataFrame
        Columns as in the data dictionary; dates are datetimes, an empty cell of text is an empty string.

    Raises
    ------
    MemwallError
        As `find_table`, and if a file of the overlay is wrong.

    Examples
    --------
    >>> load_table("interconnect_bandwidth", "gholami2024")[["name", "value", "unit"]].head(2)
                   name  value  unit
    0  PCI Express 1.0a    2.5  GT/s
    1   PCI Express 2.0    5.0  GT/s
    """
    table = find_table(name, dataset)
    return _read_rows(table, overlay, reading)


def describe_tables(dataset: str | None = None) -> pd.DataFrame:
    """Return what every table holds.

    Parameters
    ----------
    dataset : str, optional
        Only the tables of this dataset and the shared ones.

    Returns
    -------
    DataFrame
        ``dataset, name, rows, devices, first_date, last_date, unit, with_source``; no value where a table
        has no devices or dates.

    Examples
    --------
    >>> describe_tables("gholami2024")[["name", "rows", "devices", "unit"]].head(2)
                             name  rows  devices     unit
    0      gholami2024.peak_flops    37       35  GFLOP/s
    1  gholami2024.dram_bandwidth    12       12     GB/s
    """
    return pd.DataFrame([_describe_table(table) for table in list_tables(dataset)]).astype(
        {"devices": "Int64"}
    )


def load_observations(
    data: str | Path | pd.DataFrame,
    *,
    dataset: str = defaults.DATASET,
    overlay: Sequence[str | Path] = (),
    date_column: str | int = "date",
    value_column: str | int = "value",
    reading: Reading | None = None,
) -> Observations:
    """Return the observations of a series, a file or a frame.

    Parameters
    ----------
    data : str, Path or DataFrame
        A series as in ``peak_flops``; else the path of a file, ``-`` being standard input; or a frame.
    dataset : str
        Where to find a series.
    overlay : sequence of str or Path
        Files of a user's rows to lay over a series; see `memwall_trends.datasets.overlay`.
    date_column, value_column : str or int
        Where a file or a frame has its dates and its values (positive numbers), by name or by number from 1.
    reading : Reading, optional
        How a file is read, where that is not to be found out.

    Returns
    -------
    Observations

    Raises
    ------
    MemwallError
        If there is no such series, dataset or column, or the file is missing, empty or no table. Rows of a
        text are counted as its lines, the header being row 1.

    Examples
    --------
    >>> load_observations("model_size", dataset="gholami2024").fitted["kind"]
    'transformer'
    """
    how = reading or Reading()
    if is_engine_frame(data):
        data = to_pandas(data)
    if isinstance(data, pd.DataFrame):
        frame = data.reset_index(drop=True).set_axis(unique_names(data.columns), axis=1)
        found = Found(file="the data frame", format="frame")
        return _of_user("data frame", "user", frame, list(data.index), found, how, date_column, value_column)
    series = list_series(dataset) if isinstance(data, str) else []
    if data in series:
        table = find_series(str(data), dataset)
        if (date_column, value_column) != ("date", "value"):
            raise MemwallError(
                f"the date and value columns can be chosen for a CSV file, not for the series {data!r}"
            )
        if reading is not None and not overlay:
            raise MemwallError(f"how to read can be said of a file, not of the series {data!r}")
        frame = _read_rows(table, overlay, reading)
        return Observations(
            name=table.name,
            dataset=dataset,
            origin=table.name,
            fitted=table.fitted,
            precision_policy=table.precision_policy,
            frame=frame,
        )
    if overlay:
        raise MemwallError(f"rows can be laid over a series, not over {data}")
    if isinstance(data, str) and not looks_like_path(data):
        raise unknown("series", data, series, hint="; or the path of a CSV file")
    rows = read_rows(data, how)
    return _of_user(
        rows.name, rows.found.file, rows.frame, rows.labels, rows.found, how, date_column, value_column
    )


def is_file(data: object, dataset: str = defaults.DATASET) -> bool:
    """Return whether data is the path of a file, not a series of the dataset.

    Examples
    --------
    >>> is_file("peak_flops"), is_file("chips.csv")
    (False, True)
    """
    if isinstance(data, str):
        return data not in list_series(dataset) and looks_like_path(data)
    return isinstance(data, Path)


def list_columns(
    data: str | Path | pd.DataFrame, dataset: str = defaults.DATASET, reading: Reading | None = None
) -> list[str]:
    """Return the columns of a series, a file or a frame that a condition can name.

    Examples
    --------
    >>> "segment" in list_columns("dram_bandwidth")
    True
    """
    if isinstance(data, pd.DataFrame):
        return unique_names(data.columns)
    if is_engine_frame(data):
        return list_engine_columns(data)
    if is_file(data, dataset):
        return list(map(str, read_rows(data, reading).frame.columns))
    return find_series(str(data), dataset).choosable


def looks_like_path(text: str) -> bool:
    """Return whether a text names a file, be it there or not, as no series has a dot, a slash or a hyphen.

    Examples
    --------
    >>> [looks_like_path(text) for text in ("chips.tsv", "data/chips", "-", "peak_flop")]
    [True, True, True, False]
    """
    return text == STANDARD_INPUT or any(mark in text for mark in "./\\") or os.path.isfile(text)


def _of_user(
    name: str,
    dataset: str,
    frame: pd.DataFrame,
    labels: Sequence[Any],
    found: Found,
    reading: Reading,
    date_column: str | int,
    value_column: str | int,
) -> Observations:
    """Return a user's rows, their columns found."""
    columns = [str(column) for column in frame.columns]
    wanted = {"date": date_column, "value": value_column}
    if found.header == "none" and len(columns) == len(wanted) and tuple(wanted.values()) == tuple(wanted):
        wanted = dict(zip(wanted, columns, strict=True))
    dates, values = (
        find_column(columns, column, f"--{role}-column", found.file) for role, column in wanted.items()
    )
    return Observations(
        name=name,
        dataset=dataset,
        origin=found.file,
        fitted={},
        precision_policy="",
        frame=frame,
        labels=labels,
        found=replace(found, date_column=dates, value_column=values),
        reading=reading,
    )


def _read_rows(table: Table, overlay: Sequence[str | Path], reading: Reading | None = None) -> pd.DataFrame:
    """Return the rows of a table or a part of one, a user's over them, joined with what devices are."""
    if not overlay:
        parts = [table, *([find_table(DEVICES)] if table.joined else [])]
        # A shallow copy: whoever writes to it gets cells of their own.
        return _shipped_rows(table, tuple(map(_read_content, parts))).copy(deep=False)
    rows = lay_over(_read_part(table), table, overlay, reading)
    return join_devices(rows, table, overlay, reading) if table.joined else rows


@lru_cache(maxsize=64)
def _shipped_rows(table: Table, _contents: tuple[bytes, ...]) -> pd.DataFrame:
    """Return the rows of a table joined with what devices are; once, while its files stay as they are."""
    rows = _read_part(table)
    return join_devices(rows, table) if table.joined else rows


def _read_part(table: Table) -> pd.DataFrame:
    rows = _read_table(table)
    for column, wanted in table.rows.items():
        rows = rows[rows[column] == wanted].reset_index(drop=True)
    return rows


def join_devices(
    rows: pd.DataFrame,
    table: Table,
    overlay: Sequence[str | Path] = (),
    reading: Reading | None = None,
) -> pd.DataFrame:
    """Return rows with the columns of ``devices.csv`` that belong to their names.

    Parameters
    ----------
    rows : DataFrame
        With ``name``.
    table : Table
        Which they are; its ``joined`` says which columns.
    overlay : sequence of str or Path
        Files of a user's rows, which may say what their devices are; a name of ours stays what it is.
    reading : Reading, optional
        As of `load_table`.

    Returns
    -------
    DataFrame
        A name that nothing describes has empty cells.

    Examples
    --------
    >>> table = find_table("dram_bandwidth")
    >>> rows = pd.DataFrame({"name": ["NVIDIA H100 SXM5", "Acme A1"]})
    >>> join_devices(rows, table)[["segment", "product_class"]].values.tolist()
    [['server', 'compute-gpu'], ['', '']]
    """
    theirs = [describe_devices(path, reading) for path in overlay]
    known = pd.concat([_read_table(find_table(DEVICES)), *theirs]).drop_duplicates("name").set_index("name")
    joined = known.reindex(index=rows["name"], columns=list(table.joined))
    return rows.assign(
        **{
            column: (
                joined[column] if type_ in ("number", "integer") else joined[column].fillna("")
            ).to_numpy()
            for column, type_ in table.joined.items()
        }
    )


def _read_table(table: Table) -> pd.DataFrame:
    content = _read_content(table)
    try:
        return _parse_table(content, tuple(table.types.items())).copy(deep=False)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise _unreadable(table, error) from None


def _read_content(table: Table) -> bytes:
    try:
        return table.path.read_bytes()
    except OSError as error:
        raise _unreadable(table, error) from None


def _unreadable(table: Table, error: Exception) -> MemwallError:
    return MemwallError(
        f"{table.path}: cannot be read as the data dictionary describes it: "
        f"{' '.join(str(error).split())}; 'memwall-trends validate' says where"
    )


@lru_cache(maxsize=64)
def _parse_table(content: bytes, types: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return the rows of a CSV with columns of Table Schema types; the same bytes are not parsed twice."""
    dtypes = {"string": "str", "number": "float64", "integer": "Int64", "date": "str"}
    numeric = [column for column, type_ in types if type_ in ("number", "integer")]
    days = [column for column, type_ in types if type_ == "date"]
    rows = pd.read_csv(
        io.BytesIO(content),
        dtype={column: dtypes[type_] for column, type_ in types},
        keep_default_na=False,
        na_values={column: [""] for column in numeric},
    )
    return rows[[column for column, _ in types]].assign(
        **{column: pd.to_datetime(rows[column], format="%Y-%m-%d") for column in days}
    )


def _describe_table(table: Table) -> dict[str, Any]:
    rows = _read_table(table)
    dates = rows["date"].dt.strftime("%Y-%m-%d") if table.types.get("date") == "date" else None
    return {
        "dataset": table.dataset,
        "name": table.qualified_name,
        "rows": len(rows),
        "devices": rows["name"].nunique() if "name" in rows else None,
        "first_date": dates.min() if dates is not None else None,
        "last_date": dates.max() if dates is not None else None,
        "unit": ", ".join(table.units),
        "with_source": int((rows["source" if "source" in rows else "date_source"] != "").sum()),
    }
