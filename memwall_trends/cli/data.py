"""The commands that show the data and its sources: data and cite."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from memwall_trends.cli.app import app, data_app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import (
    CSV_COLUMNS,
    RESULT,
    SELECTION,
    KnownSeries,
    Result,
    TableName,
)
from memwall_trends.cli.output import emit, to_records, to_text
from memwall_trends.errors import MemwallError, printable

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.selection import Choose

SHOWN_COLUMNS = (
    "claim", "name", "network", "layer", "inputs", "outputs", "kernel", "repeats", "model", "device",
    "devices", "batch_size", "prompt_length", "output_length", "layers", "hidden_size", "heads",
    "key_value_heads", "sequence_length", "operator", "gflop", "gbyte",
    "segment", "product_class", "architecture", "date_kind", "quantity", "precision", "engine", "sparsity",
    "scope", "date", "value", "rate", "period_years", "printed", "expected", "unit", "label", "confidence",
    "title",
)  # fmt: skip
OF_ROWS = SELECTION.without("precision", "frontier", "announced", *CSV_COLUMNS)
"""The choices that a table as it stands has: those of the one best row of a device need a series."""


class ExportFormat(StrEnum):
    """As what a table is exported."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


@data_app.command("list", epilog="Example: memwall-trends data list --format json")
@takes(
    choose=SELECTION.only("dataset")
    .with_defaults(dataset=None)
    .reworded("dataset", "Only this dataset and what all share."),
    result=RESULT.only("format_"),
)
def data_list(choose: Choose, result: Result) -> None:
    """List the tables with their rows, devices and dates."""
    from memwall_trends.datasets import describe_tables

    tables = describe_tables(choose.get("dataset"))
    emit(
        result.format_,
        records=to_records(tables),
        shown=tables.assign(first=tables["first_date"].str[:4], last=tables["last_date"].str[:4])[
            ["name", "rows", "devices", "first", "last", "unit"]
        ].map(to_text),
        title="Tables",
        notes=["memwall-trends data show NAME prints one. Every row names its source."],
    )


@data_app.command("show", epilog="Example: memwall-trends data show dram_bandwidth --where memory=HBM2")
@takes(choose=OF_ROWS, result=RESULT.only("format_"))
def data_show(name: TableName, *, choose: Choose, result: Result) -> None:
    """Print the rows of a table; JSON and CSV have all columns."""
    from memwall_trends.datasets import find_table

    table = find_table(name, choose["dataset"])
    rows = _choose_rows(name, choose)
    if table.types.get("date") == "date":
        rows = rows.assign(date=rows["date"].dt.strftime("%Y-%m-%d"))
    # A table of several quantities has no room for the printed label.
    hidden = {"label"} if "quantity" in rows else set()
    if "precision" in rows and "label" in rows:
        hidden = {"engine", "sparsity"}
    if "claim" in rows:  # whose unit is what counts once, not that of the printed figure
        hidden = {"unit"}
    columns = [column for column in SHOWN_COLUMNS if column in rows and column not in hidden]
    columns = [column for column in columns if column not in table.joined]
    if name == "sources":
        columns = ["source", "kind", *columns]
    emit(
        result.format_,
        records=to_records(rows),
        shown=rows[columns].map(to_text),
        title=f"{table.title}: {table.description}",
        notes=[f"Rows: {len(rows)}. All columns, with source and locator: --format json or csv."],
    )


@data_app.command("export", epilog="Example: memwall-trends data export peak_flops --out peak_flops.parquet")
@takes(choose=OF_ROWS)
def data_export(
    name: TableName,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write it; by default standard output, but for Parquet."),
    ] = None,
    format_: Annotated[
        ExportFormat | None,
        typer.Option("--format", metavar="FORMAT", help="csv, parquet or json; by default as the file ends."),
    ] = None,
    mark_formulas: Annotated[
        bool,
        typer.Option(
            "--mark-formulas", help="In a CSV, put ' before text that a spreadsheet takes for a formula."
        ),
    ] = False,
    choose: Choose,
) -> None:
    """Write a table, or the chosen rows of it, as CSV, Parquet or JSON."""
    from memwall_trends.datasets import export_rows

    ending = out.suffix.removeprefix(".").lower() if out else "csv"
    chosen = format_ or next((each for each in ExportFormat if each == ending), None)
    if chosen is None:
        raise MemwallError(f"{out}: expected a file that ends in .csv, .parquet or .json, or --format")
    if chosen is ExportFormat.PARQUET and out is None:
        raise MemwallError("Parquet is no text: say where to write it, as in --out table.parquet")
    rows = _choose_rows(name, choose)
    text = export_rows(rows, chosen.value, out, mark_formulas=mark_formulas)
    if out is None and sys.stdout.isatty():
        # In a file the text is as it is; no terminal is to obey it.
        text = printable(text)
    typer.echo(text if out is None else printable(str(out)), nl=out is not None)


@data_app.command("sources", epilog="Example: memwall-trends data sources --format json")
@takes(choose=SELECTION.only("dataset"), result=RESULT.only("format_"))
def data_sources(choose: Choose, result: Result) -> None:
    """Count the values that rest on each kind of source, the best kind first."""
    from memwall_trends.datasets import count_sources

    dataset = choose["dataset"]
    counted = count_sources(dataset)
    shown = counted.assign(share=[f"{100 * share:.1f}%" for share in counted["share"]])
    emit(
        result.format_,
        records=to_records(counted),
        shown=shown.map(to_text),
        title=f"Sources of the values ({dataset})",
        notes=[
            "Read: in the source itself. Quoted: in a work that cites it, named in the row's note. Derived: "
            "computed, formula in the note. 'data show sources' lists the sources."
        ],
    )


@app.command(epilog="Example: memwall-trends cite dram_bandwidth --since 2016 --kind gpu")
@takes(choose=SELECTION.without(*CSV_COLUMNS))
def cite(series: KnownSeries, *, choose: Choose) -> None:
    """Print the sources that a fit rests on, of its values and dates, as BibTeX."""
    from memwall_trends.datasets import find_series, find_sources, to_bibtex
    from memwall_trends.selection import select

    find_series(series, choose["dataset"])
    chosen = select(series, **choose)
    overlay, reading = choose.get("overlay", ()), choose.get("reading")
    typer.echo(printable(to_bibtex(find_sources(chosen.observations, overlay, reading))))


def _choose_rows(name: str, choose: Choose) -> pd.DataFrame:
    from memwall_trends.datasets import load_table
    from memwall_trends.datasets.conditions import filter_rows
    from memwall_trends.selection import gather_where

    overlay, reading = choose.get("overlay", ()), choose.get("reading")
    rows = load_table(name, choose["dataset"], overlay=overlay, reading=reading)
    since, until = choose.get("since"), choose.get("until")
    return filter_rows(rows, since=since, until=until, where=gather_where(choose), origin=name)
