"""Printing a result: as a table for a reader, or in a format for a machine or a document."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import typer

from memwall_trends.cli.options import OutputFormat
from memwall_trends.errors import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

READ = "Read: "
"""What a note begins with that says how a file was read."""
NUMBER_OR_INTERVAL = r"|(-?[\d,.]+(e[+-]\d+)?|-?infinite|n/a)( to \S+|x|%| years)?"


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


def _flat(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without nesting.

    A list spreads its record over as many rows, conditions become text, a record within takes its name along.
    """
    from memwall_trends.datasets.conditions import describe_where

    rows: list[dict[str, Any]] = []
    for record in records:
        nested = [value for value in record.values() if isinstance(value, list)]
        flat: dict[str, Any] = {}
        for key, value in record.items():
            if not isinstance(value, dict):
                flat |= {} if isinstance(value, list) else {key: value}
            elif all(isinstance(cell, list) for cell in value.values()):
                flat[key] = describe_where(value)
            else:
                flat |= {f"{key}_{name}": cell for name, cell in value.items()}
        rows += [{**flat, **row} for row in (nested[0] if nested else [])] or [flat]
    return rows


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
