"""The Typer application that the commands register with."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How fast compute, memory and interconnect grow, from open data, with intervals.",
    epilog="Start with: memwall-trends reproduce",
)
data_app = typer.Typer(
    no_args_is_help=True, help="See the tables and their sources.", epilog="Example: memwall-trends data list"
)
app.add_typer(data_app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"memwall-trends {version('memwall-trends')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    pass
