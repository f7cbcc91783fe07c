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
ENGINES = ("pandas", "polars", "duckdb")
IN_MEMORY = ENGINES[0]
FRAMES = {
    "dask": "import dask.dataframe; frame = dask.dataframe.read_parquet({files!r})",
    "Spark": "from pyspark.sql import SparkSession; "
    "frame = SparkSession.builder.master('local[*]').getOrCreate().read.parquet({files!r})",
}
"""What makes a frame of those that the command does not name; of Spark, CPU and memory leave out its JVM."""
PART = 10**6
QUERY = (
    "select vendor, regr_slope(log10(value), date_diff('day', timestamp '1970-01-01', date)) "
    "from {files!r} group by vendor"
)


def measure(size: Size) -> Iterator[Comparison]:
    """Yield each engine that is there, for each number of rows."""
    for rows in size.parquet_rows:
        with tempfile.TemporaryDirectory() as folder:
            files = _write(rows, Path(folder))
            commands = _commands(
                files, small=rows <= max(size.small_rows, PART), with_frames=rows <= size.small_rows
            )
            theirs = python(f"import duckdb; duckdb.sql({QUERY.format(files=files)!r}).fetchall()")
            taken = run_in_turn({AGAINST: theirs, **commands}, size.runs)
        for what in commands:
            if what in taken and AGAINST in taken:
                yield Comparison(what, AGAINST, taken[what], taken[AGAINST], rows)


def _commands(files: str, *, small: bool, with_frames: bool) -> dict[str, list[str]]:
    """Return what is measured; pandas only where memory holds the rows."""
    commands = {
        f"rate 'FILES' --engine {engine} --by vendor": ours(
            "rate", files, "--engine", engine, "--by", "vendor"
        )
        for engine in ENGINES
        if small or engine != IN_MEMORY
    }
    fit = "; import memwall_trends as mt; print(mt.fit_by(frame, 'vendor').to_records())"
    if with_frames:
        commands |= {
            f"fit_by(FRAME of {name}, 'vendor')": python(make.format(files=files) + fit)
            for name, make in FRAMES.items()
        }
    return commands


def _write(rows: int, folder: Path) -> str:
    """Write the rows, so many a file, and return what names all files."""
    for part in range(0, rows, PART):
        frame = make_observations(min(PART, rows - part), seed=part)
        frame.to_parquet(folder / f"{part:09}.parquet", index=False)
    return str(folder / "*.parquet")
