"""The command that draws: figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.model_options import SUBJECT
from memwall_trends.cli.options import CSV_COLUMNS, RESULT, SELECTION, OutputFormat, Result
from memwall_trends.cli.output import emit, to_records
from memwall_trends.cli.progress import waiting
from memwall_trends.errors import MemwallError, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.selection import Choose

OF_DATA = "timeline"
"""The figure that draws any data."""


@app.command(epilog="Example: memwall-trends figures hw-scaling --format png --out figures")
@takes(
    choose=SELECTION.with_defaults(dataset=None, **dict.fromkeys(CSV_COLUMNS)).reworded(
        "dataset", "Dataset to take the series from; by default each figure's own."
    ),
    subject=SUBJECT,
    result=RESULT.without("format_"),
)
def figures(
    names: Annotated[list[str] | None, typer.Argument(help="Figures to write; all if none is named.")] = None,
    *,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write them.")] = Path("figures"),
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"{', '.join(defaults.FIGURE_FORMATS)}; the first by default. Repeatable.",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="What timeline (or readings, diagnosis, specification-curve) draws: any file, or a series.",
        ),
    ] = None,
    show: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Draw the rows of this file large, and count none of them. Repeatable."
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="SIZE", help="For a column or a page of a paper, or a slide.")
    ] = defaults.FIGURE_SIZE,
    bare: Annotated[
        bool,
        typer.Option("--bare", help="Without title, subtitle and caption, as for a paper."),
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the figures and write none.")] = False,
    choose: Choose,
    subject: dict[str, Any],
    result: Result,
) -> None:
    """Draw the figures; rows of --with are counted and drawn large, those of --show are drawn only."""
    import pandas as pd

    from memwall_trends import figures as drawn
    from memwall_trends.selection import COLUMN_CHOICES, gather_where

    names = _check_names(names, data, show)
    chosen = {name: drawn.find_figure(name) for name in names or drawn.FIGURES}
    if list_:
        if format_ not in (None, ["json"]):
            raise MemwallError("--list prints a table, or JSON with --format json; it writes no figures")
        titles = {name: (draw.__doc__ or "").partition("\n")[0] for name, draw in chosen.items()}
        listed = pd.DataFrame(titles.items(), columns=["name", "title"])
        emit(
            OutputFormat.JSON if format_ else OutputFormat.TABLE,
            records=to_records(listed),
            shown=listed,
            title="Figures",
            notes=[],
        )
        return
    options: dict[str, Any] = {
        **{name: value for name, value in choose.items() if name not in COLUMN_CHOICES},
        # Some figures look into the conditions before they select.
        "where": gather_where(choose),
        "per": result.per,
        "level": result.level,
        "size": size,
        "bare": bare,
        **({"show": show} if show else {}),
    }
    endings = [drawn.find_ending(each) for each in format_ or defaults.FIGURE_FORMATS[:1]]
    written = 0
    for number, (name, draw) in enumerate(chosen.items(), 1):
        drawing = f"Drawing {name} ({number} of {len(chosen)})"
        try:
            own = {**drawn.choose_subject(name, draw, **subject), **drawn.choose_data(name, draw, data)}
            with waiting(drawing):
                chart = draw(**options, **own)
        except MemwallError as error:
            # Who asks for all wants those that the choice suits.
            if names:
                raise
            typer.echo(f"not drawn: {name}: {printable(str(error))}", err=True)
            continue
        for ending in endings:
            with waiting(drawing):
                path = drawn.save_figure(chart, out / f"{name}.{ending}")
            typer.echo(path)
            written += 1
    if not written:
        raise MemwallError("no figure suits this choice; leave out some of it")


def _check_names(names: list[str] | None, data: str | None, show: Sequence[Path] | None) -> list[str]:
    """Return the figures to draw, those that can draw the data and the rows to show.

    Raises
    ------
    MemwallError
        If one of them cannot.
    """
    from memwall_trends.figures.choices import SHOWING

    if data is not None:
        names = names or [OF_DATA]
    if show:
        names = names or list(SHOWING)
        others = [name for name in names if name not in SHOWING]
        if others:
            raise MemwallError(
                f"the figure {others[0]} fits all that it draws: lay the rows over it by --with. "
                f"--show goes with {', '.join(SHOWING)}"
            )
    return names or []
