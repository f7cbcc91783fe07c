"""The commands that check and add rows: validate, and add from options, a file or questions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.asking import ask, to_csv
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import OF_FILES, RESULT, OutputFormat, Result
from memwall_trends.cli.output import emit, to_records, to_text
from memwall_trends.cli.progress import waiting
from memwall_trends.errors import MemwallError, printable

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.curation.adding import Effect
    from memwall_trends.datasets.parsing import Reading

DESCRIBING = (
    "table", "value", "name", "vendor", "kind", "segment", "product_class", "architecture",
    "date", "precision", "engine", "sparsity", "memory", "family",
    "scope", "lanes", "source", "locator", "evidence", "note", "date_source",
    "source_kind", "source_title", "source_publisher", "source_url",
)  # fmt: skip
"""The arguments and options that describe a value, named as its columns."""


@app.command(epilog="Example: memwall-trends add --from chip.toml --dry-run")
@takes(reading=OF_FILES, result=RESULT.only("format_"))
def add(
    table: Annotated[
        str | None, typer.Argument(help="The table of a single value, as in dram_bandwidth.")
    ] = None,
    value: Annotated[
        str | None, typer.Argument(help="The value with its unit, as in '3.35 TB/s' or '80 GiB'.")
    ] = None,
    *,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A TOML file that describes a chip with all values, or a table (CSV, Excel, JSON, ...).",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file to append to: by default datasets/ in a checkout, elsewhere "
            f"{defaults.USER_FILE} in this folder.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show, but write nothing.")] = False,
    checked: Annotated[
        str | None,
        typer.Option(
            metavar="REASON", help="How you checked what looks implausible; it goes into the row's note."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The device, vendor first: 'Acme A1'.", rich_help_panel="The value")
    ] = None,
    vendor: Annotated[str | None, typer.Option(help="Who makes it.", rich_help_panel="The value")] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="cpu, manycore, gpu, accelerator, link, transformer, ...", rich_help_panel="The value"
        ),
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(
            help="What its vendor sells it for: server, workstation, consumer, edge.",
            rich_help_panel="The value",
        ),
    ] = None,
    product_class: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="What it was designed for: compute-gpu, training-accelerator, ...",
            rich_help_panel="The value",
        ),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(help="The design that its variants share: Hopper.", rich_help_panel="The value"),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(help="First availability: 2026-06-01, or 2026-06.", rich_help_panel="The value"),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="Of peak_flops: fp64, fp32, fp16, bf16, fp8, ...", rich_help_panel="The value"),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Of peak_flops: vector or matrix.", rich_help_panel="The value")
    ] = None,
    sparsity: Annotated[
        str | None,
        typer.Option(help="Of peak_flops: dense (if not said) or structured.", rich_help_panel="The value"),
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Of DRAM: HBM3, GDDR7, ...", rich_help_panel="The value")
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="Of a link: NVLink, PCIe, ...", rich_help_panel="The value")
    ] = None,
    scope: Annotated[
        str | None, typer.Option(help="Of a link: lane or device.", rich_help_panel="The value")
    ] = None,
    lanes: Annotated[
        str | None,
        typer.Option(
            help="Of a link: the lanes that the value counts, in one direction.", rich_help_panel="The value"
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="A key of sources.csv, or an address (https://...).", rich_help_panel="The value"),
    ] = None,
    locator: Annotated[
        str | None, typer.Option(help="Page, table or section there.", rich_help_panel="The value")
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(help="read (if not said), quoted or derived.", rich_help_panel="The value")
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(
            help="Doubts; 'via KEY' for quoted, the formula for derived.", rich_help_panel="The value"
        ),
    ] = None,
    date_source: Annotated[
        str | None, typer.Option(help="Source of the date, if it is another.", rich_help_panel="The value")
    ] = None,
    source_kind: Annotated[
        str | None,
        typer.Option(help="Of a new source: datasheet, whitepaper, ...", rich_help_panel="The value"),
    ] = None,
    source_title: Annotated[
        str | None, typer.Option(help="Of a new source.", rich_help_panel="The value")
    ] = None,
    source_publisher: Annotated[
        str | None, typer.Option(help="Of a new source.", rich_help_panel="The value")
    ] = None,
    source_url: Annotated[
        str | None, typer.Option(help="Of a new source.", rich_help_panel="The value")
    ] = None,
    reading: Reading | None,
    result: Result,
) -> None:
    """Add a chip: check it, show what it does to each trend, and append it.

    Describe it in a file (--from), in options (a table, its value and what the options say of it), or answer
    questions (no arguments).
    """
    described = {key: cell for key, cell in locals().items() if key in DESCRIBING and cell is not None}

    from memwall_trends.curation import adding

    if from_ is not None and described:
        raise MemwallError(f"--from describes the chip: leave {min(described)!r} out")
    into = into or _default_file()
    adding.check_into(into)
    if from_ is not None:
        rows = adding.read_chip(from_, reading)
    elif table is not None:
        rows = adding.chip_rows([described], "the options", ["the value"])
    elif described:
        raise MemwallError("no table; expected one and its value, as in: add dram_bandwidth '3.35 TB/s'")
    else:
        answers = ask()
        try:
            _add(adding.chip_rows(answers, "your answers"), into, dry_run, checked, result.format_)
        except MemwallError as error:
            raise MemwallError(f"{error}\nYour answers, as a CSV for --from:\n{to_csv(answers)}") from None
        return
    _add(rows, into, dry_run, checked, result.format_)


def _add(rows: pd.DataFrame, into: Path, dry_run: bool, checked: str | None, format_: OutputFormat) -> None:
    """Check rows, show what they do, and append them."""
    from memwall_trends.curation import adding
    from memwall_trends.curation.counting import find_uncounted

    if checked is not None:
        rows = adding.with_check(rows, checked)
    rows = _checked(rows, into)
    effects = adding.find_effects(rows, into)
    replaced = [] if into.is_dir() else adding.find_replaced(rows)
    uncounted = find_uncounted(rows, into if into.is_file() else None)
    written = [] if dry_run else adding.add_rows(rows, into)
    emit(
        format_,
        records={
            "rows": to_records(rows.map(str)),
            "into": str(into),
            "written": bool(written),
            "effects": [_effect_record(effect) for effect in effects],
        },
        shown=rows[["name", "table", "value", "unit"]].map(to_text),
        title=f"{len(rows)} value{'s' if len(rows) > 1 else ''} {'to add' if dry_run else 'added'}",
        further={f"Growth factor per {defaults.PERIOD_YEARS:g} years, before and after": _show(effects)},
        notes=[
            *(f"{row} takes the place of our row." for row in replaced),
            *uncounted,
            f"Written: {', '.join(map(str, written))}." if written else "Nothing was written (--dry-run).",
            f"memwall-trends rate {rows['table'].iloc[0]} --with {into}"
            if not into.is_dir()
            else "memwall-trends validate checks all of it.",
        ],
    )


@app.command(epilog="Example: memwall-trends validate my-chips.csv")
@takes(reading=OF_FILES, result=RESULT.only("format_"))
def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Your files; the shipped tables if none is named."),
    ] = None,
    *,
    reading: Reading | None,
    result: Result,
) -> None:
    """Check tables against the data dictionary and each other; exit with 1 if there is a problem."""
    from memwall_trends.curation.validation import validate as find_problems
    from memwall_trends.datasets import list_tables

    with waiting("Checking"):
        problems = find_problems(files or (), reading)
    if problems.empty and result.format_ is OutputFormat.TABLE:
        checked = ", ".join(map(str, files)) if files else f"{len(list_tables())} tables"
        typer.echo(f"{printable(checked)}: no problem found")
        return
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    emit(
        result.format_,
        records=to_records(problems),
        shown=problems.map(to_text),
        title=count,
        notes=["Row: line of the file, the header being 1. CONTRIBUTING.md says what each rule asks for."],
    )
    if not problems.empty:
        raise typer.Exit(1)


def _default_file() -> Path:
    from memwall_trends.datasets import datasets_folder
    from memwall_trends.datasets.appending import in_checkout

    folder = datasets_folder()
    return folder if in_checkout(folder) else Path(defaults.USER_FILE)


def _checked(rows: pd.DataFrame, into: Path) -> pd.DataFrame:
    """Return rows that nothing is wrong with; what looks implausible is asked about or refused."""
    from memwall_trends.curation import adding

    problems = adding.check_rows(rows, None if into.is_dir() else into)
    if problems.empty:
        return rows
    described = "\n".join(
        f"{rows['table'].iloc[row - 1]} {rows['name'].iloc[row - 1]}, {column or 'row'}: {problem} ({rule})"
        for row, column, rule, problem in problems[["row", "column", "rule", "problem"]].to_numpy().tolist()
    )
    doubtful = adding.is_doubt(problems)
    if not doubtful.all() or not sys.stdin.isatty():
        way_out = (
            "if that is right, say how you checked it: --checked 'page 3 of the datasheet'"
            if doubtful.all()
            else "nothing was written; mend it and add it again"
        )
        raise MemwallError(f"{described}\n{way_out}")
    typer.echo(f"This looks implausible:\n{printable(described)}", err=True)
    reason = typer.prompt("How did you check it? (empty: do not add it)", default="", err=True)
    if not reason:
        raise MemwallError("nothing was written")
    return adding.with_check(rows, reason)


def _effect_record(effect: Effect) -> dict[str, Any]:
    keys = ("rate", "ci_low", "ci_high", "n_obs", "last_date")
    sides = {"before": effect.before, "after": effect.after}
    return {
        "series": effect.series,
        "precision": effect.options.get("precision"),
        "where": effect.options.get("where", {}),
        **{
            side: {key: trend.to_record()[key] for key in keys} if trend else None
            for side, trend in sides.items()
        },
    }


def _show(effects: list[Effect]) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.datasets.conditions import describe_where
    from memwall_trends.units import format_interval, format_number

    shown = []
    for effect in effects:
        policy = effect.options.get("precision") or describe_where(effect.options.get("where", {}))
        before, after = (
            f"{format_number(trend.growth_factor(), 5)}x" if trend else "too few"
            for trend in (effect.before, effect.after)
        )
        interval = format_interval(*effect.after.growth_interval()) if effect.after else ""
        n_obs = effect.after.n_obs if effect.after else ""
        shown.append((effect.series, policy, before, after, interval, str(n_obs)))
    return pd.DataFrame(shown, columns=["series", "of", "before", "after", "95% interval", "n"])
