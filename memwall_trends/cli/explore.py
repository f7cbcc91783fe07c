"""The command that writes the explorer page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.options import Level, Per, With  # noqa: TC001  (Typer reads them)


@app.command(epilog="Example: memwall-trends explore --out explore.html --with my-chips.csv")
def explore(
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The page to write: one file that needs no network."),
    ] = Path("explore.html"),
    with_: With = None,
    per: Per = defaults.PERIOD_YEARS,
    level: Level = defaults.LEVEL,
) -> None:
    """Write a page on which you drag a window of time and the trend is fitted again."""
    from memwall_trends.explorer import save_explorer

    typer.echo(save_explorer(out, overlay=with_ or (), level=level, per=per))
