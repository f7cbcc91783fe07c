"""A rate a vendor of Parquet, by engine, against DuckDB's own regr_slope."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.observations import make_observations
from tests.benchmarks.pairs import Comparison, run_in_turn
from tests.benchmarks.sizes import Size, ours, python

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAINST = "regr_slope of DuckDB"
ENGINES = ("pandas", "polars", "duckdb", "dask", "pyspark")
SMALL = ("dask", "pyspark")
"""Engines that take long to start, and longer for many rows on one machine."""
PART = 10**6
QUERY = (
    "select vendor, regr_slope(log10(value), date_diff('day', date '1970-01-01', date)) "
    "from '{files}' group by vendor"
)


def measure(size: Size) -> Iterator[Comparison]:
    """Yield each engine that is there, for each number of rows."""
    for rows in size.parquet_rows:
        with tempfile.TemporaryDirectory() as folder:
            files = _write(rows, Path(folder))
            query = QUERY.format(files=files)
            commands = {
                engine: ours("rate", files, "--engine", engine, "--by", "vendor")
                for engine in ENGINES
                if rows <= size.small_rows or engine not in SMALL
            }
            theirs = python(f"import duckdb; duckdb.sql({query!r}).fetchall()")
            taken = run_in_turn({AGAINST: theirs, **commands}, size.runs)
        for engine in commands:
            if engine in taken and AGAINST in taken:
                what = f"rate 'FILES' --engine {engine} --by vendor"
                yield Comparison(what, AGAINST, taken[engine], taken[AGAINST], rows)


def _write(rows: int, folder: Path) -> str:
    """Write the rows, so many a file, and return what names all files."""
    for part in range(0, rows, PART):
        make_observations(min(PART, rows - part), seed=part).to_parquet(
            folder / f"{part:09}.parquet", index=False
        )
    return str(folder / "*.parquet")
