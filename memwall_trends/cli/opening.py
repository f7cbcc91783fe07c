"""What a command asks of: a series, a file, or the files of one table, which an engine may read in place."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose

LARGE_BYTES = 100_000_000
"""A file above is worth a hint that an engine would not read it into memory."""

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="SERIES",
        help="A series as in peak_flops ('data list' names them), or the path of a file: CSV, Excel, Parquet "
        "or JSON; - is standard input. Several files, 'data/*.parquet' or a folder of Parquet are one table.",
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        metavar="ENGINE",
        help="What reads files: pandas (into memory), duckdb or polars (where they are; sums come back). "
        "duckdb for Parquet, where it is installed.",
        rich_help_panel="Reading",
    ),
]


def open_data(
    named: Sequence[str], engine: str | None, choose: Choose, method: Method, *, ahead: bool = False
) -> Any:
    """Return what is asked of: the name of a series, the path of a file, or files that an engine reads.

    Parameters
    ----------
    named : sequence of str
        A series or a file; several files, a pattern or a folder are one table.
    engine : str, optional
        One of `memwall_trends.datasets.engines.ENGINES`; found out if it is not said.
    choose, method
        What is asked: of Parquet an engine is taken by default where that needs no rows.
    ahead : bool
        Whether it is projected, for which the past is needed row by row.

    Raises
    ------
    MemwallError
        If several names are no files, or the engine is not known or not installed.

    Examples
    --------
    >>> from memwall_trends.fitting.methods import Method
    >>> open_data(["peak_flops"], None, {}, Method())
    'peak_flops'
    """
    from memwall_trends.datasets.engines import ENGINES, is_parquet, is_pattern, scan
    from memwall_trends.datasets.reading import is_file
    from memwall_trends.errors import find_known
    from memwall_trends.fitting.pushed import find_rows_needed

    engine = find_known("engine", engine, ENGINES) if engine else None
    dataset = {"dataset": choose["dataset"]} if "dataset" in choose else {}
    files = [is_pattern(name) or is_file(name, **dataset) for name in named]
    if len(named) > 1 and not all(files):
        raise MemwallError(
            f"{named[files.index(False)]!r} is no file: several files are one table, a series stands alone"
        )
    several = len(named) > 1 or is_pattern(named[0])
    if not all(files) or named == ["-"]:
        if engine not in (None, "pandas"):
            raise MemwallError(f"--engine {engine} reads files; {named[0]!r} is none")
        return named[0]
    rows_needed = ahead or bool(find_rows_needed(method) or choose.get("precision"))
    if engine is None and all(map(is_parquet, named)) and not rows_needed:
        opened = _open_parquet(named, choose)
        if opened is not None:
            return opened
    if engine in (None, "pandas"):
        return scan(named, "pandas") if several else named[0]
    return scan(named, str(engine))


def _open_parquet(named: Sequence[str], choose: Choose) -> Any:
    """Return Parquet as what reads it unless told otherwise; none where that is memory."""
    from memwall_trends.cli.output import warn
    from memwall_trends.datasets.choices import OF_FILES
    from memwall_trends.datasets.engines import find_files, is_installed, scan
    from memwall_trends.datasets.pushed import Pushed

    if is_installed("duckdb"):
        said: dict[str, Any] = {name: value for name, value in choose.items() if name in OF_FILES}
        with suppress(MemwallError):  # memory takes more, or says better what is wrong
            opened = scan(named, "duckdb")
            Pushed.of(opened, **said)
            return opened
        return None
    if sum(map(os.path.getsize, find_files(named))) > LARGE_BYTES:
        hint = "pip install 'memwall-trends[duckdb]' lets it stay where it is, which takes less time"
        warn([f"{named[0]} is read into memory; {hint}"])
    return None
    return "pandas"
