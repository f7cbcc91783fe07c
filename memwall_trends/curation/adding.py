"""Adding a chip: from what a user writes to checked rows, what they do to each trend, and the file.

A chip is described by `CHIP_KEYS` and a list of values, as in ::

    name = "Acme A1"
    vendor = "Acme"
    kind = "accelerator"
    date = 2026-06-01
    source = "https://acme.example/a1.pdf"
    locator = "page 2"

    [[values]]
    table = "dram_bandwidth"
    value = "3.35 TB/s"
    memory = "HBM3"
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends.curation.rules import DOUBTS, GIVEN
from memwall_trends.curation.validation import CHECKED, validate
from memwall_trends.datasets import datasets_folder, find_series, list_fillable, load_table
from memwall_trends.datasets.appending import append_to_file, append_to_tables, check_place
from memwall_trends.datasets.files import read_csv, read_text
from memwall_trends.datasets.overlay import DEVICE_COLUMNS, SOURCE_COLUMNS, overlay_columns, read_as_given
from memwall_trends.datasets.parsing import read_rows
from memwall_trends.datasets.parsing.content import ADDRESS, STANDARD_INPUT
from memwall_trends.datasets.rates import PRECISIONS
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.fitting.trends import Trend, fit_trend
from memwall_trends.units import convert_quantity, parse_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memwall_trends.datasets.parsing import Reading

CHIP_KEYS = (
    "name", "vendor", "kind", *DEVICE_COLUMNS, "date", "date_source", "source", "locator", "evidence", "note",
    *SOURCE_COLUMNS,
)  # fmt: skip
TABLE_ENDINGS = {
    *(".csv", ".tsv", ".txt", ".dat", ".json", ".jsonl", ".ndjson", ".parquet"),
    *(".xlsx", ".xls", ".xlsb", ".ods"),
}
"""Endings of tables that describe chips; each may be followed by that of a compression."""
USUAL = {"evidence": "read", "sparsity": "dense"}
"""What a value has unless it says otherwise."""


@dataclass(frozen=True, eq=False)
class Effect:
    """What new rows do to a trend.

    Attributes
    ----------
    series : str
        The series.
    options : dict
        What of it was fitted, as options of `memwall_trends.fitting.trends.fit_trend`.
    before, after : Trend or None
        Without and with the new rows; None with too few observations.
    """

    series: str
    options: dict[str, Any]
    before: Trend | None
    after: Trend | None


def read_chip(path: str | Path, reading: Reading | None = None) -> pd.DataFrame:
    r"""Return the rows that a TOML file or a table describes.

    Parameters
    ----------
    path : str or Path
        A TOML file that describes one chip with all its values, or a table (CSV, Excel, JSON, ...) with the
        columns of `memwall_trends.datasets.overlay.overlay_columns` or some of them. A value may have a unit.
    reading : Reading, optional
        How a table is read, where that is not to be found out.

    Returns
    -------
    DataFrame
        As `chip_rows`.

    Raises
    ------
    MemwallError
        If the file cannot be read or what it says is no chip.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> chip = Path(mkdtemp()) / "chip.csv"
    >>> header, cells = "table,name,date,value,source", "dram_bandwidth,Acme A1,2026,8 TB/s,acme-a1-datasheet"
    >>> _ = chip.write_text(f"{header}\n{cells}\n")
    >>> read_chip(chip)[["name", "value", "unit"]].values.tolist()
    [['Acme A1', '8000', 'GB/s']]
    """
    path = Path(path)
    if path.suffix.lower() == ".toml":
        import tomllib

        try:
            described = tomllib.loads(read_text(path))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise MemwallError(f"{path}: not a TOML file: {error}") from None
        return chip_rows(_flatten(described, str(path)), str(path))
    endings = {ending.lower() for ending in path.suffixes[-2:]}
    if str(path) != STANDARD_INPUT and not endings & TABLE_ENDINGS and not ADDRESS.match(str(path)):
        raise MemwallError(f"{path}: expected a file that ends in .toml or .csv, or another of a table")
    read = read_rows(path, reading)
    frame = read.frame.astype(object)
    records = frame.where(frame.notna(), "").to_dict(orient="records")
    rows = [{str(key): str(cell) for key, cell in record.items()} for record in records]
    if reading is not None and reading.decimal == ",":
        points = str.maketrans({",": ".", ".": None})
        rows = [{**row, "value": row.get("value", "").translate(points)} for row in rows]
    return chip_rows(rows, read.found.file, [f"row {label}" for label in read.labels])


def chip_rows(
    values: Sequence[Mapping[str, Any]], origin: str, labels: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return checked and converted rows of described values.

    Parameters
    ----------
    values : sequence of mapping
        One a value: ``table``, ``value`` with or without a unit, and what else describes it.
    origin : str
        What to call their origin in a message.
    labels : sequence of str, optional
        What to call each of them.

    Returns
    -------
    DataFrame
        Text, with the columns of a file of a user's rows; values in the canonical unit.

    Raises
    ------
    MemwallError
        If a table, a column or a unit is not known, a date or a quantity cannot be read, or there is no
        source.

    Examples
    --------
    >>> value = {"table": "dram_bandwidth", "name": "Acme A1", "date": "2026", "source": "acme-a1-datasheet"}
    >>> chip_rows([{**value, "value": "3.35 TB/s"}], "example").loc[0, ["date", "value", "unit"]].tolist()
    ['2026-01-01', '3350', 'GB/s']
    """
    if not values:
        raise MemwallError(f"{origin}: no values; expected at least one, with 'table' and 'value'")
    labels = labels or [f"value {number}" for number in range(1, len(values) + 1)]
    rows = []
    for value, label in zip(values, labels, strict=True):
        try:
            rows.append(_row(value))
        except MemwallError as error:
            raise MemwallError(f"{origin}: {label}: {error}") from None
    return pd.DataFrame(rows)


def check_rows(rows: pd.DataFrame, into: Path | None = None) -> pd.DataFrame:
    """Return what `memwall_trends.curation.validation.validate` says of new rows.

    Parameters
    ----------
    rows : DataFrame
        As `chip_rows` returns them.
    into : Path, optional
        A file of the user's with rows that they join.

    Returns
    -------
    DataFrame
        As `validate`, ``row`` counting the new rows from 1.

    Raises
    ------
    MemwallError
        If a row is in the file already.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, lines = joined_with(rows, into, Path(folder))
        problems = validate([path])
    problems = problems[problems["row"].isin(lines)]
    rows_of_lines = [lines.index(line) + 1 for line in problems["row"]]
    return problems.assign(row=rows_of_lines, file="").reset_index(drop=True)


def is_doubt(problems: pd.DataFrame) -> pd.Series:
    """Return which problems a note can settle: what looks wrong and may be right."""
    doubts: pd.Series = problems["rule"].isin(DOUBTS)
    return doubts


def with_check(rows: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Return rows whose notes say how what looks wrong was checked.

    Examples
    --------
    >>> with_check(pd.DataFrame({"note": ["", "page 3"]}), "by the datasheet")["note"].tolist()
    ['checked: by the datasheet', 'page 3; checked: by the datasheet']
    """
    how = " ".join(reason.split())
    if not how:
        raise MemwallError("how was it checked? Name the page or the second source")
    return rows.assign(note=[_join(note, f"{CHECKED} {how}") for note in rows["note"]])


def find_replaced(rows: pd.DataFrame) -> list[str]:
    """Return which of new rows take the place of ours in what a user's file is laid over.

    Examples
    --------
    >>> row = {"table": "dram_bandwidth", "name": "AMD Instinct MI300X", "date": "2023-12-06"}
    >>> find_replaced(chip_rows([{**row, "value": "5.3 TB/s", "source": "amd-cdna3-whitepaper"}], "example"))
    ['dram_bandwidth AMD Instinct MI300X']
    """
    replaced = []
    for name, part in rows.groupby("table", sort=False):
        ours = load_table(str(name))
        key = find_series(str(name)).key
        known = set(map(tuple, ours[key].to_numpy().tolist()))
        replaced += [
            " ".join([str(name), *row]) for row in part[key].to_numpy().tolist() if tuple(row) in known
        ]
    return replaced


def find_effects(rows: pd.DataFrame, into: Path | None = None) -> list[Effect]:
    """Return what new rows do to each trend that counts them.

    Parameters
    ----------
    rows, into
        As `check_rows`.

    Returns
    -------
    list of Effect
        For each series of the rows, as ``memwall-trends rate SERIES --with FILE`` fits it; where that leaves
        a row out, also with the options that count it.
    """
    with tempfile.TemporaryDirectory() as folder:
        after, _ = joined_with(rows, into, Path(folder))
        held = into is not None and into.is_file() and into.stat().st_size
        before = [into] if into and held and read_csv(into, may_be_empty=True)[1] else []
        return [
            Effect(series, options, _fit(series, options, before), _fit(series, options, [after]))
            for series, options in _fits(rows)
        ]


def add_rows(rows: pd.DataFrame, into: Path) -> list[Path]:
    r"""Append rows to a file of the user's, or to the tables of a checkout, and return what changed.

    Parameters
    ----------
    rows : DataFrame
        As `chip_rows` returns them.
    into : Path
        The file, or the ``datasets`` folder of the checkout.

    Raises
    ------
    MemwallError
        As `memwall_trends.datasets.appending`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> chip = Path(mkdtemp()) / "chip.csv"
    >>> header, cells = "table,name,date,value,source", "dram_bandwidth,Acme A1,2026,8 TB/s,acme-a1-datasheet"
    >>> _ = chip.write_text(f"{header}\n{cells}\n")
    >>> [path.name for path in add_rows(read_chip(chip), chip.with_name("my-chips.csv"))]
    ['my-chips.csv']
    """
    check_into(into)
    if into.is_dir():
        return append_to_tables(rows, into)
    append_to_file(rows, into)
    return [into]


def check_into(into: Path) -> None:
    """Refuse a place that rows cannot be added to: a folder other than ours, or a device.

    Raises
    ------
    MemwallError
        With what was expected.
    """
    if not into.is_dir() or into.resolve() != datasets_folder().resolve():
        check_place(into)


def _flatten(described: Mapping[str, Any], origin: str) -> list[dict[str, Any]]:
    """Return the values of a described chip, each with what the chip says of all."""
    chip = {key: cell for key, cell in described.items() if key not in ("values", "source")}
    source = described.get("source", "")
    if isinstance(source, dict):
        chip |= {"source": source.get("key", ""), **{f"source_{key}": cell for key, cell in source.items()}}
        chip.pop("source_key", None)
    else:
        chip["source"] = source
    wrong = [key for key in chip if key not in CHIP_KEYS]
    if wrong:
        raise MemwallError(f"{origin}: {unknown('key', wrong[0], (*CHIP_KEYS, 'values'))}")
    values = described.get("values", [])
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise MemwallError(f"{origin}: 'values' is a list of tables: [[values]] and what describes each")
    return [{**chip, **value} for value in values]


def _row(value: Mapping[str, Any]) -> dict[str, str]:
    columns = overlay_columns()
    wrong = [key for key in value if key not in columns]
    if wrong:
        raise unknown("column", wrong[0], columns)
    cells = {key: _text(key, cell) for key, cell in value.items()}
    if cells.get("table") not in list_fillable():
        raise unknown("table", cells.get("table", ""), list_fillable())
    if not cells.get("source"):
        raise MemwallError("no source; expected a key of sources.csv or an address (https://...)")
    table = find_series(cells["table"])
    foreign = [
        key for key, cell in cells.items() if cell and key not in (*table.choosable, "table", *SOURCE_COLUMNS)
    ]
    if foreign:
        raise MemwallError(f"{table.name} has no column {foreign[0]!r}; it has {', '.join(table.columns)}")
    usual = {column: cell for column, cell in USUAL.items() if column in table.columns}
    cells = {**usual, **{key: cell for key, cell in cells.items() if cell}}
    cells.setdefault("date_source", cells["source"])
    if re.match("https?://", cells["source"]):
        cells.setdefault("source_url", cells["source"])
    cells["date"] = parse_date(cells.get("date", "")).isoformat()
    unit = table.units[-1] if cells.get("scope") == "device" else table.unit
    if cells.get("scope") == "lane":
        cells.setdefault("lanes", "1")
    written = cells.get("value", "")
    if re.fullmatch(r"[\d.eE+-]+", written):
        written = f"{written} {cells.get('unit', unit)}"
    cells["value"], cells["unit"] = _plain(convert_quantity(written, unit)), unit
    if re.search(r"[KMGTP]iB$", written):
        # Vendors print GB for GiB; this capacity is meant as it is written.
        cells["note"] = _join(cells.get("note", ""), f"{GIVEN}{written}")
    return {column: cells.get(column, "") for column in columns}


def _fits(rows: pd.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    """Return the series of rows, each with options under which a trend counts them."""
    fits: list[tuple[str, dict[str, Any]]] = []
    for row in rows.to_dict(orient="records"):
        table = find_series(row["table"])
        where = {
            column.removesuffix("!"): [row[column.removesuffix("!")]]
            for column, wanted in table.fitted.items()
            if column.removesuffix("!") in row
            and (row[column.removesuffix("!")] == wanted) == column.endswith("!")
        }
        options: list[dict[str, Any]] = [{"where": where} if where else {}]
        if table.precision_policy and row["precision"] not in PRECISIONS[table.precision_policy]:
            if row["precision"] in PRECISIONS:
                options.append({"precision": row["precision"]})
            else:
                options.append({"where": {"precision": [row["precision"]]}})
        fits += [(table.name, option) for option in options if (table.name, option) not in fits]
    return fits


def _fit(series: str, options: dict[str, Any], overlay: Sequence[Path]) -> Trend | None:
    try:
        return fit_trend(series, overlay=overlay, **options)
    except TooFewObservations:
        return None


def joined_with(rows: pd.DataFrame, into: Path | None, folder: Path) -> tuple[Path, list[int]]:
    """Write a user's rows and the new ones into a folder; return the file and the lines of the new ones."""
    path = folder / "new-rows.csv"
    if into is not None and into.is_file() and into.stat().st_size:
        read_as_given(into, may_be_empty=True)  # what is wrong with it is told of the file itself
        path = folder / into.name
        path.write_bytes(into.read_bytes())
    append_to_file(rows, path)
    return path, list(read_as_given(path).labels[-len(rows) :])


def _text(key: str, cell: object) -> str:
    """Return a cell as a line of text.

    Raises
    ------
    MemwallError
        If it is neither text, number nor day, or holds what no reader sees.
    """
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | dt.date):
        raise MemwallError(f"{key} is {type(cell).__name__}; expected text, a number or a day")
    text = " ".join(str(cell).split())
    if not text.isprintable():
        raise MemwallError(f"{key} holds a character that cannot be printed: {text!r}")
    return text


def _plain(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() else repr(number)


def _join(note: str, more: str) -> str:
    return f"{note}; {more}" if note else more
