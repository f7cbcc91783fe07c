"""The Typer application that the commands register with."""

from __future__ import annotations

from typing import Annotated

import typer

FIRST_STEPS = {
    "reproduce": "the paper's rates, recomputed",
    "rate dram_bandwidth --since 2015": "one rate, and how sure it is",
    "gap peak_flops dram_bandwidth": "the memory wall itself",
    "figures hw-scaling": "the figure of it, as SVG",
    "explore": "a page that fits as you drag",
}
"""What to try first, and what comes of it."""

app = typer.Typer(
    invoke_without_command=True,
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


def describe_first_steps() -> str:
    """Return what to type first, for a terminal of 80 columns.

    Examples
    --------
    >>> print(describe_first_steps().splitlines()[1])
      memwall-trends reproduce                         the paper's rates, recomputed
    """
    width = max(map(len, FIRST_STEPS))
    return "\n".join(
        [
            "Five things to try:",
            *(f"  memwall-trends {what:{width}}  {comes}" for what, comes in FIRST_STEPS.items()),
            "",
            "All commands:          memwall-trends --help, and COMMAND --help of each",
            "Names by the TAB key:  memwall-trends --install-completion",
        ]
    )


@app.callback()
def _options(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(describe_first_steps())
