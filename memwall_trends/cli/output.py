"""Printing a result: as a table for a reader, or in a format for a machine or a document."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import typer

from memwall_trends.cli.options import OutputFormat
from memwall_trends.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

READ = "Read: "
"""What a note begins with that says how a file was read."""
NUMBER_OR_INTERVAL = r"|(at least )?(-?[\d,.]+(e[+-]\d+)?|-?infinite|n/a)( to \S+|x|%| years)?"

LIST = "list"
"""The column of a CSV that says of which list of a record a row is."""


def emit(
    format_: OutputFormat,
    *,
    records: list[dict[str, Any]] | dict[str, Any],
    shown: pd.DataFrame,
    title: str,
    notes: Sequence[str],
    further: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Print a result: `records` for machines; `shown`, further tables and notes for readers."""
    import pandas as pd

    if format_ is OutputFormat.JSON:
        typer.echo(_escape_json(json.dumps(_plain(records), indent=2, ensure_ascii=False, allow_nan=False)))
    elif format_ is OutputFormat.CSV:
        rows = pd.DataFrame(_flat(records if isinstance(records, list) else [records])).convert_dtypes()
        typer.echo(_inert(rows).to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        tables = {title: shown, **(further or {})}
        for number, (heading, frame) in enumerate(tables.items()):
            frame = _inert(frame)  # noqa: PLW2901  names from data are text, and no commands to a terminal
            if number:
                typer.echo()
            if format_ is OutputFormat.MARKDOWN:
                typer.echo(frame.to_markdown(index=False, disable_numparse=True))
            elif format_ is OutputFormat.LATEX:
                typer.echo(frame.to_latex(index=False, escape=True), nl=False)
            else:
                _print_table(frame, heading)
        if format_ is OutputFormat.TABLE:
            _print_notes(notes)


def warn(warnings: Iterable[str]) -> None:
    """Print warnings where they do not mix with a result; each once."""
    for warning in dict.fromkeys(warnings):
        typer.echo(f"warning: {warning}", err=True)


def _inert(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts hold no control characters."""
    return frame.map(lambda cell: printable(cell, keep="") if isinstance(cell, str) else cell)


def _escape_json(text: str) -> str:
    """Return JSON with the characters that a terminal would obey as JSON escapes: it means the same."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        letter if letter == "\n" or printable(letter) == letter else json.dumps(letter)[1:-1]
        for letter in text
    )


def _print_table(shown: pd.DataFrame, title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in shown.columns:
        right = shown[column].astype(str).str.fullmatch(NUMBER_OR_INTERVAL).all()
        table.add_column(Text(str(column)), justify="right" if right else "left", overflow="fold")
    for row in shown.astype(str).itertuples(index=False):
        table.add_row(*(Text(cell) for cell in row))
    console.print(Text(printable(title), style="bold"))
    console.print()
    console.print(table)


def _print_notes(notes: Sequence[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if notes:
        console.print()
    for note in notes:
        # How a file was read stays one line, wherever it is printed.
        console.print(Text(printable(note), style="dim"), soft_wrap=note.startswith(READ))


def to_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame by column name."""
    return [{str(key): cell for key, cell in row.items()} for row in frame.to_dict(orient="records")]


def show_projection(what: str, value: float, row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return lines of a table for a projection: the usual interval, and the one that is calibrated."""
    from memwall_trends.units import format_interval, format_number

    lines = [(what, format_number(value), format_interval(row["low"], row["high"]))]
    if row["lead_years"] <= 0:
        return lines
    if math.isnan(row["calibrated_low"]):
        return [(f"{what}, untested", *lines[0][1:])]
    calibrated = format_interval(row["calibrated_low"], row["calibrated_high"])
    return [*lines, (f"{what}, calibrated", format_number(value), calibrated)]


def _flat(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without nesting, as rows that hold all that JSON does.

    A list of records spreads its own over as many rows, and a column ``list`` says of which list each is
    where there are several. Conditions and lists of texts become text; a record within takes its name along,
    as in ``pooled_rate``, and so does what a list calls as its record does: ``readings_rate``.
    """
    return [row for record in records for row in _flatten(record)]


def _flatten(record: dict[str, Any]) -> list[dict[str, Any]]:
    flat, lists = _split_lists(record)
    rows = []
    for name, items in lists.items():
        for item in items:
            for row in _flatten(item):
                own = {f"{name}_{key}" if key in flat else key: cell for key, cell in row.items()}
                rows.append({**({LIST: name} if len(lists) > 1 else {}), **flat, **own})
    return rows or [{**({LIST: None} if len(lists) > 1 else {}), **flat}]


def _split_lists(record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Return the cells of a record, and of records within it, and the lists of records by name."""
    from memwall_trends.datasets.conditions import describe_where

    flat: dict[str, Any] = {}
    lists: dict[str, list[dict[str, Any]]] = {}
    for key, value in record.items():
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            lists[key] = value
        elif isinstance(value, list):
            flat[key] = "; ".join(map(str, value))
        elif not isinstance(value, dict):
            flat[key] = value
        elif all(
            isinstance(cell, list) and not any(isinstance(x, dict) for x in cell) for cell in value.values()
        ):
            flat[key] = describe_where(value)
        else:
            within, further = _split_lists(value)
            flat |= {f"{key}_{name}": cell for name, cell in within.items()}
            lists |= {f"{key}_{name}": items for name, items in further.items()}
    return flat, lists


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: no number without a value, whole years without a decimal point."""
    if isinstance(value, dict):
        return {key: _plain(cell) for key, cell in value.items()}
    if isinstance(value, list):
        return [_plain(cell) for cell in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value if isinstance(value, str | int | None) else None


def to_text(value: Any) -> str:
    """Return a cell for a reader: numbers in full, nothing where there is no value."""
    import pandas as pd

    if pd.isna(value):
        return ""
    return f"{value:,.15g}" if isinstance(value, float) else str(value)
