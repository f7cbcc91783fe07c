"""The options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class OutputFormat(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


Dataset = Annotated[str, typer.Option(help="Dataset to take the series from.", rich_help_panel="Selection")]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="DATE", help="First date that counts: 2010, 2010-06, 2010-06-30.", rich_help_panel="Selection"
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="DATE", help="Last date that counts; a year counts whole.", rich_help_panel="Selection"
    ),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="COLUMN=VALUE",
        help="Only rows with this value. Repeat: another column narrows, the same column widens.",
        rich_help_panel="Selection",
    ),
]
Per = Annotated[
    float, typer.Option(metavar="YEARS", help="Period of the growth factor.", rich_help_panel="Result")
]
Level = Annotated[
    float, typer.Option(metavar="LEVEL", help="Level of the intervals.", rich_help_panel="Result")
]
Output = Annotated[
    OutputFormat,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="table, json or csv; markdown or latex for the table in a document.",
        rich_help_panel="Result",
    ),
]
