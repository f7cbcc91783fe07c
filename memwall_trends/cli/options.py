"""The options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.fitting.methods import Method


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
        help="Only rows with this value (COLUMN!=VALUE: without it). "
        "Repeat: another column narrows, the same column widens.",
        rich_help_panel="Selection",
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="POLICY",
        help="Best dense rate of a device: best16 (at 16 bits or wider, what the paper does), fp64, fp32, "
        "fp16, fp8, fp4, or fastest.",
        rich_help_panel="Selection",
    ),
]
Kind = Annotated[
    list[str] | None,
    typer.Option(metavar="KIND", help="cpu, gpu, accelerator, ... Repeatable.", rich_help_panel="Selection"),
]
Vendor = Annotated[
    list[str] | None,
    typer.Option(metavar="VENDOR", help="NVIDIA, AMD, ... Repeatable.", rich_help_panel="Selection"),
]
Scope = Annotated[
    str | None,
    typer.Option(
        metavar="SCOPE",
        help="Of interconnect bandwidth: lane (GT/s) or device (GB/s).",
        rich_help_panel="Selection",
    ),
]
Frontier = Annotated[
    bool,
    typer.Option(
        "--frontier", help="Only devices that set a record when they came out.", rich_help_panel="Selection"
    ),
]
With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE",
        help="Lay the rows of this file over ours; 'add' writes such files. Repeatable.",
        rich_help_panel="Selection",
    ),
]
MethodName = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="METHOD",
        help="ols, wls, huber, theil-sen or quantile.",
        rich_help_panel="Method",
    ),
]
StandardError = Annotated[
    str | None,
    typer.Option(
        "--se",
        metavar="KIND",
        help="Standard error of ols and wls: classical, hc3 (any variance) or cluster (by vendor).",
        rich_help_panel="Method",
    ),
]
Quantile = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE", help="Of quantile: 0.5 the median, 0.9 near the top.", rich_help_panel="Method"
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Of wls: numbers, or labels that count the same each; by default each year does.",
        rich_help_panel="Method",
    ),
]
Bootstrap = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="Interval by drawing again devices (pairs) or vendors (cluster); pairs for --frontier.",
        rich_help_panel="Method",
    ),
]
Interval = Annotated[
    str,
    typer.Option(metavar="KIND", help="Of the bootstrap: percentile or bca.", rich_help_panel="Method"),
]
Draws = Annotated[int, typer.Option(metavar="N", help="Of the bootstrap.", rich_help_panel="Method")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the random draws.", rich_help_panel="Method")]
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


def read_conditions(
    where: Sequence[str] | None,
    kind: Sequence[str] | None,
    vendor: Sequence[str] | None,
    scope: str | None,
) -> dict[str, list[str]]:
    """Return the conditions of ``--where`` and of the options that stand for one column of it."""
    from memwall_trends.datasets.conditions import parse_where
    from memwall_trends.errors import MemwallError

    conditions = parse_where(where or [])
    for column, values in (("kind", kind), ("vendor", vendor), ("scope", [scope] if scope else None)):
        if values and column in conditions:
            raise MemwallError(f"--{column} and --where {column}=... say the same thing: give one of them")
        if values:
            conditions[column] = list(values)
    return conditions


def read_choice(
    since: str | None,
    until: str | None,
    where: Sequence[str] | None,
    kind: Sequence[str] | None,
    vendor: Sequence[str] | None,
    scope: str | None,
    precision: str | None,
    frontier: bool,
    with_: Sequence[Path] | None,
) -> dict[str, Any]:
    """Return the options that choose observations, as the functions take them."""
    return {
        "since": since,
        "until": until,
        "where": read_conditions(where, kind, vendor, scope),
        "precision": precision,
        "frontier": frontier,
        "overlay": with_ or (),
    }


def read_method(
    name: str,
    se: str | None,
    quantile: float | None,
    weights: str | None,
    bootstrap: str | None,
    interval: str,
    draws: int,
    seed: int,
) -> Method:
    """Return the options that say how to fit, as the functions take them."""
    from memwall_trends.fitting.methods import Method

    return Method(name, se, quantile, weights, bootstrap, interval, draws, seed)
