"""The tables: which there are, where they lie, and how they and a user's CSV are read.

The registry is ``datasets/datapackage.json``, the only place where a table or a column is described.
"""

from __future__ import annotations

import csv
import io
import json
import os.path
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PROBLEMS_SHOWN = 5


@dataclass(frozen=True)
class Table:
    """One table of the data dictionary.

    Attributes
    ----------
    name : str
        Name within its dataset, as in ``peak_flops``.
    dataset : str
        The dataset it belongs to; empty for the tables that all datasets share.
    title, description : str
        For a reader.
    unit : str
        Canonical unit of a series; empty for a table that is no series.
    fitted : mapping of str to str
        The rows that the publishers of the dataset fitted their line to, as column and value.
    columns : mapping of str to str
        Every column with its description.
    types : mapping of str to str
        Every column with its Table Schema type: string, number, integer or date.
    path : Path
        The CSV.
    """

    name: str
    dataset: str
    title: str
    description: str
    unit: str
    fitted: Mapping[str, str] = field(repr=False)
    columns: Mapping[str, str] = field(repr=False)
    types: Mapping[str, str] = field(repr=False)
    path: Path = field(repr=False)


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
    unit : str
        Unit of the values; empty where the data does not say.
    fitted : mapping of str to str
        As in `Table`; empty for a user's data.
    frame : DataFrame
        One row an observation, with ``date`` (datetime) and ``value`` (float).
    """

    name: str
    dataset: str
    origin: str
    unit: str
    fitted: Mapping[str, str]
    frame: pd.DataFrame


def datasets_folder() -> Path:
    """Return the folder of the tables: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parent / "datasets"


def list_tables() -> list[Table]:
    """Return every table, in the order of the data dictionary.

    Examples
    --------
    >>> [table.name for table in list_tables()][:3]
    ['peak_flops', 'dram_bandwidth', 'interconnect_bandwidth']
    """
    folder = datasets_folder()
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return [_table(resource, folder) for resource in package["resources"]]


def list_datasets() -> list[str]:
    """Return the names of the datasets.

    Examples
    --------
    >>> list_datasets()
    ['gholami2024']
    """
    return list(dict.fromkeys(table.dataset for table in list_tables() if table.dataset))


def list_series(dataset: str = defaults.DATASET) -> list[str]:
    """Return the names of the tables that a trend can be fitted to.

    Examples
    --------
    >>> list_series()[3:]
    ['memory_capacity', 'model_size', 'training_compute']
    """
    return [table.name for table in _tables_of(dataset) if table.unit]


def find_table(name: str, dataset: str = defaults.DATASET) -> Table:
    """Return a table by its name.

    Parameters
    ----------
    name : str
        As in ``peak_flops``.
    dataset : str
        Where to look; the tables that all datasets share are found from each.

    Returns
    -------
    Table

    Raises
    ------
    MemwallError
        If there is no such dataset or table; the message names the known ones.

    Examples
    --------
    >>> find_table("dram_bandwidth").unit
    'GB/s'
    """
    tables = {table.name: table for table in _tables_of(dataset)}
    if name not in tables:
        raise unknown("table", name, tables)
    return tables[name]


def find_series(name: str, dataset: str = defaults.DATASET) -> Table:
    """Return the table of a series; as `find_table`, for the tables that a trend can be fitted to."""
    if name not in list_series(dataset):
        raise unknown("series", name, list_series(dataset))
    return find_table(name, dataset)


def load_table(name: str, dataset: str = defaults.DATASET) -> pd.DataFrame:
    """Return the rows of a table.

    Parameters
    ----------
    name : str
        As in ``peak_flops``.
    dataset : str
        As in `find_table`.

    Returns
    -------
    DataFrame
        Columns as in the data dictionary; dates are datetimes, an empty cell of text is an empty string.

    Raises
    ------
    MemwallError
        As `find_table`.

    Examples
    --------
    >>> load_table("interconnect_bandwidth")[["name", "value", "unit"]].head(2)
                   name  value  unit
    0  PCI Express 1.0a    2.5  GT/s
    1   PCI Express 2.0    5.0  GT/s
    """
    return _read_table(find_table(name, dataset))


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
    >>> describe_tables()[["name", "rows", "devices", "first_date", "unit"]].head(2)
                 name  rows  devices  first_date     unit
    0      peak_flops    37       35  1997-01-29  GFLOP/s
    1  dram_bandwidth    12       12  2003-10-01     GB/s
    """
    tables = list_tables() if dataset is None else _tables_of(dataset)
    return pd.DataFrame([_describe_table(table) for table in tables]).astype({"devices": "Int64"})


def load_observations(
    data: str | Path | pd.DataFrame,
    *,
    dataset: str = defaults.DATASET,
    date_column: str = "date",
    value_column: str = "value",
) -> Observations:
    """Return the observations of a series, a CSV file or a frame.

    Parameters
    ----------
    data : str, Path or DataFrame
        A series as in ``peak_flops``; else the path of a CSV, as `read_observations` reads it; or a frame,
        as `check_observations` reads it.
    dataset : str
        Where to find a series.
    date_column, value_column : str
        Where a CSV or a frame has its dates and values.

    Returns
    -------
    Observations

    Raises
    ------
    MemwallError
        If there is no such series, dataset or column, or the file or the frame cannot be read.

    Examples
    --------
    >>> load_observations("model_size").fitted["kind"]
    'transformer'
    """
    if isinstance(data, pd.DataFrame):
        frame = check_observations(data, date_column=date_column, value_column=value_column)
        return Observations("data frame", "user", "the data frame", _unit_of(frame), {}, frame)
    if isinstance(data, Path) or _looks_like_path(data, dataset):
        path = Path(data)
        frame = read_observations(path, date_column=date_column, value_column=value_column)
        return Observations(path.stem, str(path), str(path), _unit_of(frame), {}, frame)
    if data not in list_series(dataset):
        raise unknown("series", data, list_series(dataset), hint="; or the path of a CSV file")
    table = find_table(data, dataset)
    if (date_column, value_column) != ("date", "value"):
        raise MemwallError(
            f"the date and value columns can be chosen for a CSV file, not for the series {data!r}"
        )
    return Observations(data, dataset, data, table.unit, table.fitted, load_table(data, dataset))


def read_observations(
    path: str | Path, *, date_column: str = "date", value_column: str = "value"
) -> pd.DataFrame:
    """Return the observations of a user's CSV file.

    Parameters
    ----------
    path : str or Path
        A CSV in UTF-8 with a header.
    date_column : str
        Column of dates: ISO 8601, a day, a month or a year.
    value_column : str
        Column of positive numbers.

    Returns
    -------
    DataFrame
        All columns as text, and ``date`` (datetime) and ``value`` (float) read from the two columns named.

    Raises
    ------
    MemwallError
        If the file is missing, empty, not UTF-8 or no CSV, has no such column, or holds a date or a number
        that cannot be read or is not positive. Rows are counted as lines of the file; the header is row 1.
    """
    header, records, lines = _read_csv(Path(path))
    for column in (date_column, value_column):
        if column not in header:
            option = "--date-column" if column == date_column else "--value-column"
            raise MemwallError(
                f"{path}: no column {column!r} in the header (row 1); expected the column that {option} "
                f"names. Columns: {', '.join(header)}"
            )
    if not records:
        raise MemwallError(f"{path}: no rows under the header; expected one row an observation")
    frame = pd.DataFrame(records, columns=header)
    return check_observations(
        frame, date_column=date_column, value_column=value_column, origin=str(path), rows=lines
    )


def check_observations(
    frame: pd.DataFrame,
    *,
    date_column: str = "date",
    value_column: str = "value",
    origin: str = "the data",
    rows: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Return a frame with its dates and values parsed, or say which cannot be.

    Parameters
    ----------
    frame : DataFrame
        One row an observation.
    date_column, value_column : str
        Where the dates and the values are.
    origin : str
        What to call the frame in a message.
    rows : list of int, optional
        The row numbers to name in a message; by default the frame's index.

    Returns
    -------
    DataFrame
        A copy with ``date`` (datetime) and ``value`` (float, positive, finite).

    Raises
    ------
    MemwallError
        With row, column, what is there and what was expected, for the first few problems.
    """
    for column in (date_column, value_column):
        if column not in frame:
            raise unknown(f"column of {origin}", column, map(str, frame.columns))
    raw_dates, raw_values = frame[date_column], frame[value_column]
    if not pd.api.types.is_datetime64_any_dtype(raw_dates):
        raw_dates = raw_dates.map(lambda cell: str(cell).strip())
    dates = pd.to_datetime(raw_dates, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    values = pd.to_numeric(raw_values, errors="coerce").astype("float64")
    wrong = {
        (date_column, "a date such as 2020-05-14, 2020-05 or 2020"): dates.isna(),
        (value_column, "a number above zero"): ~((values > 0) & (values < float("inf"))),
    }
    labels = rows if rows is not None else list(frame.index)
    problems = [
        f"{origin}: row {labels[position]}, column {column!r}: {_quote(frame[column].iloc[position])}; "
        f"expected {expected}"
        for position in range(len(frame))
        for (column, expected), flags in wrong.items()
        if flags.iloc[position]
    ]
    if problems:
        more = len(problems) - MAX_PROBLEMS_SHOWN
        raise MemwallError(
            "\n".join([*problems[:MAX_PROBLEMS_SHOWN], f"and {more} more"] if more > 0 else problems)
        )
    return frame.assign(date=dates, value=values)


def _table(resource: dict[str, Any], folder: Path) -> Table:
    dataset, _, name = resource["name"].rpartition(".")
    fields = resource["schema"]["fields"]
    return Table(
        name=name,
        dataset=dataset,
        title=resource["title"],
        description=resource["description"],
        unit=resource.get("unit", ""),
        fitted=MappingProxyType(resource.get("fitted", {})),
        columns=MappingProxyType({each["name"]: each["description"] for each in fields}),
        types=MappingProxyType({each["name"]: each["type"] for each in fields}),
        path=folder / resource["path"],
    )


def _tables_of(dataset: str) -> list[Table]:
    if dataset not in list_datasets():
        raise unknown("dataset", dataset, list_datasets())
    return [table for table in list_tables() if table.dataset in (dataset, "")]


def _read_table(table: Table) -> pd.DataFrame:
    dtypes = {"string": "str", "number": "float64", "integer": "Int64", "date": "str"}
    numeric = [column for column, type_ in table.types.items() if type_ in ("number", "integer")]
    return pd.read_csv(
        table.path,
        dtype={column: dtypes[type_] for column, type_ in table.types.items()},
        parse_dates=[column for column, type_ in table.types.items() if type_ == "date"],
        keep_default_na=False,
        na_values={column: [""] for column in numeric},
    )


def _describe_table(table: Table) -> dict[str, Any]:
    rows = _read_table(table)
    dates = rows["date"].dt.strftime("%Y-%m-%d") if table.types.get("date") == "date" else None
    return {
        "dataset": table.dataset,
        "name": table.name,
        "rows": len(rows),
        "devices": rows["name"].nunique() if "name" in rows else None,
        "first_date": dates.min() if dates is not None else None,
        "last_date": dates.max() if dates is not None else None,
        "unit": table.unit,
        "with_source": int((rows["source"] != "").sum()),
    }


def _looks_like_path(text: str, dataset: str) -> bool:
    if text in list_series(dataset):
        return False
    return text.lower().endswith(".csv") or "/" in text or "\\" in text or os.path.isfile(text)


def _unit_of(frame: pd.DataFrame) -> str:
    return str(frame["unit"].iloc[0]) if "unit" in frame and len(frame) else ""


def _read_csv(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Return the header, the records and the line on which each record ends."""
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), strict=True)
    records, lines = [], []
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise MemwallError(f"{path}: row {reader.line_num}: not a CSV: {error}") from None
    if not records:
        raise MemwallError(f"{path}: the file is empty; expected a header and one row an observation")
    header = records[0]
    if len(set(header)) < len(header):
        raise MemwallError(f"{path}: row {lines[0]} names a column twice: {', '.join(header)}")
    for record, line in zip(records, lines, strict=True):
        if len(record) != len(header):
            raise MemwallError(
                f"{path}: row {line}: {len(record)} cells where the header has {len(header)}; "
                "a cell that holds a comma must stand in quotes"
            )
    return header, records[1:], lines[1:]


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise MemwallError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise MemwallError(
            f"{path}: row {row}: byte {content[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from None


def _quote(cell: object) -> str:
    text = str(cell).strip()
    return repr(text) if text else "empty"
