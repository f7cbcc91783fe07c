"""Files whose cells have types: Excel workbooks, Parquet and JSON records."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends.errors import MemwallError, needs, unknown

if TYPE_CHECKING:
    from memwall_trends.datasets.parsing.content import Content
    from memwall_trends.datasets.parsing.options import Reading

EXAMPLE = '[{"date": "2020", "value": 1}, ...]'


def parse_workbook(content: Content, reading: Reading) -> tuple[list[list[str]], list[int], str]:
    """Return the rows of a sheet as text, their numbers, and its name.

    Raises
    ------
    MemwallError
        If it is no workbook, has no such sheet or no rows.
    """
    import python_calamine as calamine

    origin = content.origin
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content.data))
        names = list(workbook.sheet_names)
        if reading.sheet is not None:
            names = [_find_sheet(reading.sheet, names, origin)]
        for name in names:
            cells = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            rows = [[_text(cell) for cell in row] for row in cells]
            numbered = [(row, number) for number, row in enumerate(rows, start=1) if any(row)]
            if numbered:
                return [row for row, _ in numbered], [number for _, number in numbered], name
    except (calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, MemwallError):
            raise
        raise MemwallError(f"{origin}: not a workbook that can be read: {error}") from None
    raise MemwallError(f"{origin}: no rows in sheet {', '.join(map(repr, names))}")


def parse_parquet(content: Content) -> pd.DataFrame:
    """Return the table of a Parquet file.

    Raises
    ------
    MemwallError
        If it cannot be read as one.
    """
    needs("pyarrow", extra="parquet", to="read Parquet")
    import pyarrow

    try:
        return pd.read_parquet(io.BytesIO(content.data), engine="pyarrow")
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, NotImplementedError) as error:
        first = str(error).partition("\n")[0]
        raise MemwallError(f"{content.origin}: cannot be read as Parquet: {first}") from None


def parse_json(text: str, origin: str) -> pd.DataFrame:
    """Return JSON records as text: a list of objects, the same a line each, or lists by column.

    Raises
    ------
    MemwallError
        If it is no JSON, or no records.

    Examples
    --------
    >>> records = '[{"date": "2016", "value": 1}, {"date": "2018", "value": null}]'
    >>> parse_json(records, "chips.json")["value"].tolist()
    ['1', '']
    """
    records = _find_records(_load(text, origin))
    if records is None:
        raise MemwallError(f"{origin}: this is JSON, but no list of records; expected {EXAMPLE}")
    if not records:
        raise MemwallError(f"{origin}: no records; expected {EXAMPLE}")
    columns = list(dict.fromkeys(str(key) for record in records for key in record))
    rows = [[_text(record.get(column)) for column in columns] for record in records]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def _load(text: str, origin: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            raise MemwallError(f"{origin}: begins like JSON, and is none: {error}") from None


def _find_records(loaded: Any) -> list[dict[str, Any]] | None:
    if isinstance(loaded, list) and all(isinstance(each, dict) for each in loaded):
        return loaded
    if not isinstance(loaded, dict):
        return None
    lists = [value for value in loaded.values() if isinstance(value, list) and value]
    if len(lists) == 1 and all(isinstance(each, dict) for each in lists[0]):
        return list(lists[0])
    if lists and len(lists) == len(loaded) and len({len(each) for each in lists}) == 1:
        return [dict(zip(loaded, row, strict=True)) for row in zip(*loaded.values(), strict=True)]
    return None


def _find_sheet(sheet: str, names: list[str], origin: str) -> str:
    if sheet in names:
        return sheet
    if sheet.isdecimal() and 0 < int(sheet) <= len(names):
        return names[int(sheet) - 1]
    raise MemwallError(f"{origin}: {unknown('sheet', sheet, names)}")


def _text(cell: Any) -> str:
    """Return a cell as a CSV would have it: whole numbers without a decimal point, days without a time."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)  # noqa: PLR2004
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell).strip()
