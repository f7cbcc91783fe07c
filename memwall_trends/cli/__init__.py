"""The command: parsing and printing, one command a public function."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

import typer

from memwall_trends.cli.app import app
from memwall_trends.errors import MemwallError

# isort: off
# The commands register in the order in which help lists them.
from memwall_trends.cli import trends  # noqa: F401
from memwall_trends.cli import explore  # noqa: F401
from memwall_trends.cli import claims  # noqa: F401
from memwall_trends.cli import sensitivity  # noqa: F401
from memwall_trends.cli import stability  # noqa: F401
from memwall_trends.cli import workloads  # noqa: F401
from memwall_trends.cli import training  # noqa: F401
from memwall_trends.cli import networks  # noqa: F401
from memwall_trends.cli import data  # noqa: F401
from memwall_trends.cli import rows  # noqa: F401
# isort: on


def main() -> None:
    """Run the command; wrong input ends with one message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show R²
    try:
        app()
    except MemwallError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        # Else the interpreter tries once more to write what is left, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        typer.echo(f"error: cannot write the output: {error.strerror or error}", err=True)
        sys.exit(2)
