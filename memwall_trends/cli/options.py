"""The options and arguments that several commands share: each is declared here, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from memwall_trends import defaults
from memwall_trends.cli.groups import Group, Option

if TYPE_CHECKING:
    from memwall_trends.datasets.parsing import Reading
    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose


class OutputFormat(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


@dataclass(frozen=True)
class Result:
    """How a result is told.

    Attributes
    ----------
    per : float
        Years of the growth factor.
    level : float
        Level of the intervals.
    format_ : OutputFormat

    Examples
    --------
    >>> Result(per=1).level
    0.95
    """

    per: float = defaults.PERIOD_YEARS
    level: float = defaults.LEVEL
    format_: OutputFormat = OutputFormat.TABLE


def make_choices(**options: Any) -> Choose:
    """Return the options that choose observations as the functions take them, those that were given.

    Examples
    --------
    >>> make_choices(since=None, where=["memory=HBM2"], kind=["gpu"])
    {'where': {'memory': ['HBM2']}, 'kind': ['gpu']}
    """
    from memwall_trends.datasets.conditions import parse_where

    reading = make_reading(**{name: options.pop(name, None) for name in READING})
    given = leave_out_absent(**options, reading=reading)
    if "where" in given:
        given["where"] = parse_where(given["where"])
    return cast("Choose", given)


def make_reading(
    *, no_header: bool | None = None, missing_token: list[str] | None = None, **options: Any
) -> Reading | None:
    """Return what is said of how files are read; none if nothing is.

    Examples
    --------
    >>> make_reading(separator=";", no_header=True).header, make_reading(separator=None) is None
    (False, True)
    """
    from memwall_trends.datasets.parsing import Reading

    given = {name: value for name, value in options.items() if value}
    given |= {"header": False} if no_header else {}
    given |= {"missing_token": tuple(missing_token)} if missing_token else {}
    # An empty text says that no line is a comment.
    given |= {"comment": ""} if options.get("comment") == "" else {}
    return Reading(**given) if given else None


def make_method(method: str = "ols", **options: Any) -> Method:
    """Return the options that say how to fit as the functions take them.

    Examples
    --------
    >>> make_method("huber", seed=1).seed
    1
    """
    from memwall_trends.fitting.methods import Method

    return Method(method, **options)


def leave_out_absent(**options: Any) -> dict[str, Any]:
    """Return the options that have a value.

    Examples
    --------
    >>> leave_out_absent(phase="decode", sparsity=0.0, weight_bytes=None)
    {'phase': 'decode', 'sparsity': 0.0}
    """
    return {name: value for name, value in options.items() if value is not None and value != []}


Series = Annotated[
    str,
    typer.Argument(
        help="A series as in peak_flops ('data list' names them), or the path of a file: CSV, Excel, Parquet "
        "or JSON; - is standard input."
    ),
]
At = Annotated[
    list[str] | None,
    typer.Option(metavar="YEAR", help="Project to this year or date. Repeatable.", rich_help_panel="Result"),
]
By = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="One trend a group: by kind, segment, product_class, vendor, precision, ...",
        rich_help_panel="Method",
    ),
]
Over = Annotated[
    str | None,
    typer.Option(
        metavar="SERIES",
        help="Ask it of the ratio of each device that reports both: peak_flops --over dram_bandwidth.",
        rich_help_panel="Selection",
    ),
]
Margin = Annotated[
    float,
    typer.Option(
        metavar="FACTOR",
        help="Rates within this factor per two years are as good as the same.",
        rich_help_panel="Result",
    ),
]
KnownSeries = Annotated[str, typer.Argument(help="A series, as in peak_flops; 'data list' names them.")]
TableName = Annotated[str, typer.Argument(help="A table, as in peak_flops; 'data list' names them.")]

READING: dict[str, Option] = {
    name: replace(option, panel="Reading")
    for name, option in {
        "separator": Option(
            str | None,
            None,
            "What separates the cells of a text: comma, semicolon, tab, bar, blanks, or the character.",
            "WHAT",
        ),
        "decimal": Option(str | None, None, "Decimal mark of the values: . or ,", "MARK"),
        "encoding": Option(str | None, None, "Of a text: utf-8, cp1252, utf-16, ...", "NAME"),
        "comment": Option(
            str | None, None, "What a line that is no row begins with; # unless told otherwise.", "MARK"
        ),
        "sheet": Option(str | None, None, "Of a workbook: name or number; by default the first.", "SHEET"),
        "no_header": Option(
            bool, False, "The first row is data: columns are numbered from 1.", flag="--no-header"
        ),
        "date_format": Option(
            str | None, None, "day-first, month-first, decimal-year, or a pattern as in %d.%m.%Y.", "FORMAT"
        ),
        "missing": Option(
            str | None, None, "A row without a date or a value: skip (and count it) or fail.", "WHAT"
        ),
        "missing_token": Option(
            list[str] | None, None, "What stands in a cell that is empty, as '?'. Repeatable.", "TEXT"
        ),
        "zero_is_missing": Option(bool, False, "A value of zero is none.", flag="--zero-is-missing"),
        "unit": Option(
            str | None, None, "Unit of the values: of bare numbers, and what others become.", "UNIT"
        ),
        "match": Option(
            bool, False, "Take names of --with that are ours under another spelling as ours.", flag="--match"
        ),
    }.items()
}
"""How a file of the user's is read: together one choice, a `memwall_trends.datasets.parsing.Reading`."""

OF_FILES: Group[Reading | None] = Group(
    make_reading,
    "Reading",
    {name: READING[name] for name in ("separator", "decimal", "encoding", "comment", "sheet")},
)
"""How files with rows of our tables are read: their columns are named, and their dates are of one form."""

SELECTION: Group[Choose] = Group(
    make_choices,
    "Selection",
    {
        "dataset": Option(str, defaults.DATASET, "Dataset to take the series from."),
        "since": Option(str | None, None, "First date that counts: 2010, 2010-06, 2010-06-30.", "DATE"),
        "until": Option(str | None, None, "Last date that counts; a year counts whole.", "DATE"),
        "where": Option(
            list[str] | None,
            None,
            "Only rows with this value (COLUMN!=VALUE: without it), or like it (memory=HBM*). "
            "Repeat: another column narrows, the same column widens.",
            "COLUMN=VALUE",
        ),
        "precision": Option(
            str | None,
            None,
            "Best dense rate of a device: best16 (at 16 bits or wider, what the paper does), fp64, fp32, "
            "fp16, fp8, fp4, or fastest.",
            "POLICY",
        ),
        "kind": Option(list[str] | None, None, "cpu, gpu, accelerator, ... Repeatable.", "KIND"),
        "vendor": Option(list[str] | None, None, "NVIDIA, AMD, ... Repeatable.", "VENDOR"),
        "segment": Option(
            list[str] | None, None, "server, workstation, consumer or edge. Repeatable.", "SEGMENT"
        ),
        "product_class": Option(
            list[str] | None,
            None,
            "What it was designed for: server-cpu, compute-gpu, gaming-gpu, training-accelerator, ... "
            "Repeatable.",
            "CLASS",
            "--class",
        ),
        "architecture": Option(
            list[str] | None,
            None,
            "The design that variants share: Hopper, 'CDNA 3', ... Repeatable.",
            "NAME",
        ),
        "announced": Option(
            bool, False, "Count chips too that are announced and not shipped.", flag="--announced"
        ),
        "scope": Option(
            str | None, None, "Of interconnect bandwidth: lane (GT/s) or device (GB/s).", "SCOPE"
        ),
        "frontier": Option(
            bool, False, "Only devices that set a record when they came out.", flag="--frontier"
        ),
        "record": Option(
            str | None,
            None,
            "What sets a record, and is best: high (unless told otherwise), or low of what falls.",
            "WHICH",
        ),
        "one_per": Option(
            str | None,
            None,
            "Count one device of each architecture, or of each architecture,year (columns, or year).",
            "COLUMNS",
        ),
        "take": Option(
            str | None,
            None,
            "Which one of them: best (unless told otherwise), median, first or lowest.",
            "WHICH",
        ),
        "best_of": Option(
            str | None, None, "Of what is left, the best of each year: the leading edge.", "COLUMNS"
        ),
        "overlay": Option(
            list[Path] | None,
            None,
            "Lay the rows of this file over ours; 'add' writes such files. Repeatable.",
            "FILE",
            "--with",
        ),
        "date_column": Option(
            str, "date", "Column of the dates in a file: name, or number from 1.", "COLUMN", panel="Reading"
        ),
        "value_column": Option(
            str, "value", "Column of the values in a file: name, or number.", "COLUMN", panel="Reading"
        ),
        **READING,
    },
)
"""Which observations count: the choices of `memwall_trends.selection.Choose`, each named as there.

A new choice is one entry here: every command that selects then has its option and passes it on.
"""
CSV_COLUMNS = ("date_column", "value_column")
"""The choices that only a command about a user's own series offers."""

METHOD: Group[Method] = Group(
    make_method,
    "Method",
    {
        "method": Option(
            str,
            "ols",
            "ols, wls, huber, theil-sen, quantile, mixed, or random-walk (of a leading edge).",
            "METHOD",
        ),
        "se": Option(
            str | None,
            None,
            "Standard error of ols and wls: classical, hc3 (any variance), or by cluster: cr2 (the default "
            "where architectures are named), crv1, wild.",
            "KIND",
        ),
        "cluster": Option(
            str | None,
            None,
            "Observations that share an error: by architecture, vendor, or both of architecture,year.",
            "COLUMN",
        ),
        "quantile": Option(float | None, None, "Of quantile: 0.5 the median, 0.9 near the top.", "SHARE"),
        "weights": Option(
            str | None,
            None,
            "Of wls: numbers, or labels that count the same each; by default each year does.",
            "COLUMN",
        ),
        "within": Option(
            str | None,
            None,
            "Of ols and wls: an intercept for each product_class, say, and one common slope.",
            "COLUMN",
        ),
        "drift_years": Option(
            float | None,
            None,
            "Of random-walk: years before the last value that its drift is of; 8.",
            "YEARS",
        ),
        "bootstrap": Option(
            str | None,
            None,
            "Interval by drawing again devices (pairs) or what shares an error (cluster).",
            "WHAT",
        ),
        "interval": Option(str, "percentile", "Of the bootstrap: percentile or bca.", "KIND"),
        "draws": Option(int, defaults.DRAWS, "Of the bootstrap.", "N"),
        "seed": Option(int, defaults.SEED, "Of the random draws.", "N"),
    },
)
"""How a line is fitted: a `memwall_trends.fitting.methods.Method`."""

RESULT: Group[Result] = Group(
    Result,
    "Result",
    {
        "per": Option(float, defaults.PERIOD_YEARS, "Period of the growth factor.", "YEARS"),
        "level": Option(float, defaults.LEVEL, "Level of the intervals.", "LEVEL"),
        "format_": Option(
            OutputFormat,
            OutputFormat.TABLE,
            "table, json or csv; markdown or latex for the table in a document.",
            "FORMAT",
            "--format",
        ),
    },
)
"""How a result is told: a `Result`."""
