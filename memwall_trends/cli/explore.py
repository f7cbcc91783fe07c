"""The command that writes the explorer page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import RESULT, SELECTION, Result

if TYPE_CHECKING:
    from memwall_trends.selection import Choose


@app.command(epilog="Example: memwall-trends explore --out explore.html --with my-chips.csv")
@takes(choose=SELECTION.only("overlay"), result=RESULT.without("format_"))
def explore(
    *,
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The page to write: one file that needs no network."),
    ] = Path("explore.html"),
    base_url: Annotated[
        str,
        typer.Option(metavar="URL", help="Where the page will be, for the links that it hands out."),
    ] = "",
    choose: Choose,
    result: Result,
) -> None:
    """Write a page on which you drag a window of time and the trend is fitted again."""
    from memwall_trends.explorer import save_explorer

    overlay = choose.get("overlay", ())
    typer.echo(save_explorer(out, overlay=overlay, level=result.level, per=result.per, base_url=base_url))
