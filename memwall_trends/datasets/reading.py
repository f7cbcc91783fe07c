"""Reading the tables, and a user's CSV: text in, checked dates and numbers out."""

from __future__ import annotations

import csv
import io
import os.path
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.registry import Table, find_series, find_table, list_series, list_tables
from memwall_trends.errors import MemwallError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PROBLEMS_SHOWN = 5
ISO_DATE = re.compile(r"([1-9]\d{3}(?:-\d\d(?:-\d\d)?)?)(?:[T ]\d\d:\d\d.*)?", re.ASCII)


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
        As in `Table`; empty for a user's data.
    frame : DataFrame
        One row an observation, all columns as they came.
    parsed : DataFrame
        ``date`` (datetime) and ``value`` (float, positive, finite) of each row of `frame`.
    """

    name: str
    dataset: str
    origin: str
    fitted: Mapping[str, str]
    frame: pd.DataFrame
    parsed: pd.DataFrame


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
    return pd.DataFrame([_describe_table(table) for table in list_tables(dataset)]).astype(
        {"devices": "Int64"}
    )


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
        A series as in ``peak_flops``; else the path of a CSV in UTF-8 with a header; or a frame.
    dataset : str
        Where to find a series.
    date_column, value_column : str
        Where a CSV or a frame has its dates (ISO 8601: a day, a month or a year) and its values (positive
        numbers).

    Returns
    -------
    Observations

    Raises
    ------
    MemwallError
        If there is no such series, dataset or column; if the file is missing, empty, not UTF-8 or no CSV; or
        if a date or a number cannot be read or is not positive. Rows of a file are counted as its lines, the
        header being row 1.

    Examples
    --------
    >>> load_observations("model_size").fitted["kind"]
    'transformer'
    """
    if isinstance(data, pd.DataFrame):
        frame = data.reset_index(drop=True)
        parsed = _parse(frame, date_column, value_column, "the data frame", list(data.index))
        return Observations("data frame", "user", "the data frame", {}, frame, parsed)
    series = list_series(dataset) if isinstance(data, str) else []
    if data in series:
        table = find_series(str(data), dataset)
        if (date_column, value_column) != ("date", "value"):
            raise MemwallError(
                f"the date and value columns can be chosen for a CSV file, not for the series {data!r}"
            )
        frame = _read_table(table)
        return Observations(table.name, dataset, table.name, table.fitted, frame, frame[["date", "value"]])
    if isinstance(data, str) and not _looks_like_path(data):
        raise unknown("series", data, series, hint="; or the path of a CSV file")
    path = Path(data)
    frame, lines = _read_csv(path)
    parsed = _parse(frame, date_column, value_column, str(path), lines)
    return Observations(path.stem, str(path), str(path), {}, frame, parsed)


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


def _looks_like_path(text: str) -> bool:
    return text.lower().endswith(".csv") or "/" in text or "\\" in text or os.path.isfile(text)


def _read_csv(path: Path) -> tuple[pd.DataFrame, list[int]]:
    """Return the rows as text, and the line on which each ends."""
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), strict=True)
    records, lines = [], []
    try:
        for record in reader:
            if record:
                records.append([cell.strip() for cell in record])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise MemwallError(f"{path}: row {reader.line_num}: not a CSV: {error}") from None
    if not records:
        raise MemwallError(f"{path}: the file is empty; expected a header and one row an observation")
    header, *rows = records
    if not rows:
        raise MemwallError(f"{path}: no rows under the header; expected one row an observation")
    for row, line in zip(rows, lines[1:], strict=True):
        if len(row) != len(header):
            raise MemwallError(
                f"{path}: row {line}: {len(row)} cells where the header has {len(header)}; "
                "a cell that holds a comma must stand in quotes"
            )
    return pd.DataFrame(rows, columns=header), lines[1:]


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


def _parse(
    frame: pd.DataFrame, date_column: str, value_column: str, origin: str, labels: Sequence[Any]
) -> pd.DataFrame:
    """Return dates and values of a frame, or name what cannot be read by its row label and column."""
    columns = [str(column) for column in frame.columns]
    if len(set(columns)) < len(columns):
        raise MemwallError(f"{origin}: the header names a column twice: {', '.join(columns)}")
    for column, option in ((date_column, "--date-column"), (value_column, "--value-column")):
        if column not in columns:
            raise MemwallError(
                f"{origin}: no column {column!r} in the header (row 1); "
                f"expected the column that {option} names. Columns: {', '.join(columns)}"
            )
    parsed = pd.DataFrame(
        {"date": _parse_dates(frame[date_column]), "value": _parse_values(frame[value_column])}
    )
    wrong = {
        (date_column, "a date such as 2020-05-14, 2020-05 or 2020"): parsed["date"].isna(),
        (value_column, "a number above zero"): parsed["value"].isna(),
    }
    problems = sorted(
        (int(position), column, expected)
        for (column, expected), flags in wrong.items()
        for position in flags.to_numpy().nonzero()[0]
    )
    if problems:
        shown = [
            f"{origin}: row {labels[position]}, column {column!r}: {_quote(frame[column].iloc[position])}; "
            f"expected {expected}"
            for position, column, expected in problems[:MAX_PROBLEMS_SHOWN]
        ]
        more = len(problems) - len(shown)
        raise MemwallError("\n".join([*shown, f"and {more} more"] if more else shown))
    return parsed


def _parse_dates(cells: pd.Series) -> pd.Series:
    """Return days; a time of day is left off, what is no date of ISO 8601 becomes NaT."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        naive: pd.Series = cells.dt.tz_localize(None)
        return naive
    days = cells.map(lambda cell: match[1] if (match := ISO_DATE.fullmatch(str(cell))) else None)
    return pd.to_datetime(days, format="ISO8601", errors="coerce")


def _parse_values(cells: pd.Series) -> pd.Series:
    """Return numbers; what is none, or is not positive and finite, becomes NaN."""
    values = pd.to_numeric(cells, errors="coerce").astype("float64")
    positive: pd.Series = values.where((values > 0) & (values < float("inf")))
    return positive


def _quote(cell: object) -> str:
    text = str(cell)
    return repr(text) if text else "empty"
