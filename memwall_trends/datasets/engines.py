"""Frames of other libraries: what holds them, how files are opened with them, and what they cannot do."""

from __future__ import annotations

import glob
import os.path
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError, find_known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

ENGINES = ("pandas", "polars", "duckdb")
"""What can read files: pandas into memory, the others where they are."""
NAMES = {
    "duckdb": "DuckDB",
    "polars": "Polars",
    "pyarrow": "PyArrow",
    "pyspark": "Spark",
    "pyspark[connect]": "Spark",
    "dask": "Dask",
    "modin": "Modin",
    "cudf": "cuDF",
    "ibis": "Ibis",
    "sqlframe": "SQLFrame",
}
LIBRARIES = ("duckdb", "_duckdb", "polars", "pyarrow", "pyspark", "dask", "modin", "cudf", "ibis", "sqlframe")
"""Where the classes of their frames are from: told without an import of any of them."""
PARQUET = (".parquet", ".pq")
MEMORY_SHARE = 0.04
"""Of a machine's memory, what DuckDB may keep before it writes to disk; sums of groups need little."""
LEAST_MEMORY_MB, MOST_MEMORY_MB = 256, 640


@dataclass(frozen=True, eq=False)
class Scan:
    """Files that an engine has opened and not read.

    Attributes
    ----------
    frame : object
        The engine's own frame.
    name : str
        What to call the series.
    origin : str
        What to call it in a message: the path, or the pattern of the paths.
    """

    frame: Any
    name: str
    origin: str


def is_engine_frame(data: object) -> bool:
    """Return whether data is a frame of another library than pandas, or such a scan of files.

    Examples
    --------
    >>> import pandas as pd
    >>> import pyarrow
    >>> is_engine_frame(pyarrow.table({"value": [1.0]})), is_engine_frame(pd.DataFrame())
    (True, False)
    """
    if isinstance(data, Scan):
        return True
    if type(data).__module__.partition(".")[0] not in LIBRARIES:
        return False
    import narwhals as nw

    return isinstance(as_narwhals(data), nw.DataFrame | nw.LazyFrame)


def as_narwhals(data: Any) -> Any:
    """Return a frame of another library as one of Narwhals; what it does not know as it is.

    Examples
    --------
    >>> import pyarrow
    >>> as_narwhals(pyarrow.table({"value": [1.0]})).columns
    ['value']
    """
    import warnings

    import narwhals as nw

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Dask support is moving", FutureWarning)
        return nw.from_native(data, pass_through=True)


def has_rows(data: object) -> bool:
    """Return whether the rows of such a frame are in memory, as those of an eager one.

    Examples
    --------
    >>> import pyarrow
    >>> has_rows(pyarrow.table({"value": [1.0]}))
    True
    """
    import narwhals as nw

    return isinstance(as_narwhals(data.frame if isinstance(data, Scan) else data), nw.DataFrame)


def to_pandas(data: Any) -> pd.DataFrame:
    """Return such a frame as one of pandas.

    Raises
    ------
    MemwallError
        If its rows are not in memory.

    Examples
    --------
    >>> import pyarrow
    >>> to_pandas(pyarrow.table({"value": [1.0]}))["value"].tolist()
    [1.0]
    """
    if not has_rows(data):
        origin = data.origin if isinstance(data, Scan) else "the data frame"
        raise MemwallError(
            f"{origin}: this needs the rows, and an engine holds them; read what fits into memory, as a "
            "pandas frame or with --engine pandas"
        )
    frame: pd.DataFrame = as_narwhals(data.frame if isinstance(data, Scan) else data).to_pandas()
    return frame


def list_engine_columns(data: Any) -> list[str]:
    """Return the columns of such a frame.

    Examples
    --------
    >>> import pyarrow
    >>> list_engine_columns(pyarrow.table({"date": [2020], "value": [1.0]}))
    ['date', 'value']
    """
    return list(as_narwhals(data.frame if isinstance(data, Scan) else data).collect_schema().names())


def is_parquet(path: str | Path) -> bool:
    """Return whether a path, a pattern or a folder names Parquet files.

    Examples
    --------
    >>> is_parquet("data/*.parquet"), is_parquet("chips.csv")
    (True, False)
    """
    text = str(path)
    if text.lower().endswith(PARQUET):
        return True
    return os.path.isdir(text) and bool(_list_parquet(text))


def is_pattern(path: str | Path) -> bool:
    """Return whether a path stands for several files: a pattern or a folder.

    Examples
    --------
    >>> is_pattern("data/*.parquet"), is_pattern("data/2020.parquet")
    (True, False)
    """
    text = str(path)
    return (glob.has_magic(text) and not os.path.exists(text)) or os.path.isdir(text)


def find_files(paths: Sequence[str | Path]) -> list[str]:
    """Return the files that paths, patterns and folders of Parquet name, in the order of their names.

    Raises
    ------
    MemwallError
        If one names none.

    Examples
    --------
    >>> find_files(["nowhere/*.parquet"])
    Traceback (most recent call last):
    ...
    memwall_trends.errors.MemwallError: no file is like 'nowhere/*.parquet'; check the folder and the pattern
    """
    found: dict[str, None] = {}
    for path in map(str, paths):
        if os.path.isdir(path):
            files = _list_parquet(path)
            if not files:
                raise MemwallError(f"the folder {path!r} holds no Parquet files; expected names in .parquet")
        elif glob.has_magic(path) and not os.path.exists(path):
            files = sorted(glob.glob(path, recursive=True))
            if not files:
                raise MemwallError(f"no file is like {path!r}; check the folder and the pattern")
        elif not os.path.isfile(path):
            raise MemwallError(f"{path}: no such file")
        else:
            files = [path]
        found.update(dict.fromkeys(files))
    return list(found)


def scan(paths: str | Path | Sequence[str | Path], engine: str) -> Scan:
    """Return files as one table that an engine reads where they are.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Parquet or CSV files, patterns (``data/*.parquet``), or folders of Parquet.
    engine : str
        ``duckdb`` or ``polars``; ``pandas`` reads the rows into memory.

    Raises
    ------
    MemwallError
        If there are no such files, the engine is not installed, or it cannot read them.

    Examples
    --------
    >>> scan("nowhere.parquet", "duckdb")
    Traceback (most recent call last):
    ...
    memwall_trends.errors.MemwallError: nowhere.parquet: no such file
    """
    named = [paths] if isinstance(paths, str) or not hasattr(paths, "__iter__") else list(paths)
    files = find_files(named)
    kinds = {"parquet" if path.lower().endswith(PARQUET) else "csv" for path in files}
    if len(kinds) > 1:
        raise MemwallError(f"{named[0]}: Parquet and other files together are no one table; give one kind")
    opened = {"duckdb": _scan_duckdb, "polars": _scan_polars, "pandas": _scan_pandas}
    try:
        frame = opened[find_known("engine", engine, opened)](files, kinds == {"parquet"})
    except ImportError:
        raise missing_engine(engine) from None
    except (MemwallError, KeyboardInterrupt):
        raise
    except Exception as error:  # of the engine, whose errors share no class
        raise MemwallError(f"{named[0]}: {engine} cannot read it: {first_line(error)}") from None
    origin = str(named[0]) if len(named) == 1 else f"{named[0]} and {len(named) - 1} more"
    return Scan(frame, _name(files, origin), origin)


def missing_engine(engine: str) -> MemwallError:
    """Return the error that an engine is not installed, and how to install it.

    Examples
    --------
    >>> print(missing_engine("duckdb"))
    the engine 'duckdb' is not installed: pip install 'memwall-trends[duckdb]', or take --engine pandas
    """
    return MemwallError(
        f"the engine {engine!r} is not installed: pip install 'memwall-trends[{engine}]', or take "
        "--engine pandas"
    )


def is_installed(engine: str) -> bool:
    """Return whether an engine can be imported, without importing it.

    Examples
    --------
    >>> is_installed("pandas")
    True
    """
    from importlib.util import find_spec

    return find_spec(engine) is not None


def first_line(error: Exception) -> str:
    r"""Return what an engine says is wrong, without its traceback or plan.

    Examples
    --------
    >>> first_line(ValueError("no such column\nin the plan"))
    'no such column'
    """
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _list_parquet(folder: str) -> list[str]:
    """Return the Parquet files in a folder and its partitions, whose folders are called ``vendor=AMD``."""
    found = []
    for path, folders, names in os.walk(folder):
        # No others: a folder may be that of the whole machine.
        folders[:] = [name for name in folders if "=" in name]
        found += [os.path.join(path, name) for name in names if name.lower().endswith(PARQUET)]
    return sorted(found)


def _name(files: Sequence[str], origin: str) -> str:
    if len(files) == 1:
        return os.path.splitext(os.path.basename(files[0]))[0]
    folder = os.path.basename(os.path.dirname(os.path.abspath(files[0])))
    return folder or origin


def _scan_duckdb(files: list[str], parquet: bool) -> Any:
    import duckdb

    connection = duckdb.connect()
    # The order of rows does not matter to sums, and keeping it costs memory.
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET memory_limit = '{_memory_mb()}MB'")
    return connection.read_parquet(files) if parquet else connection.read_csv(files)


def _scan_polars(files: list[str], parquet: bool) -> Any:
    import polars as pl

    return pl.scan_parquet(files) if parquet else pl.scan_csv(files, try_parse_dates=True)


def _scan_pandas(files: list[str], parquet: bool) -> Any:
    if not parquet:
        raise MemwallError(
            f"{files[0]}: pandas reads one text at a time; give one, or take --engine duckdb or polars"
        )
    from pyarrow import dataset

    return dataset.dataset(files, format="parquet").to_table()


def _memory_mb() -> int:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6
    except (AttributeError, ValueError, OSError):
        return MOST_MEMORY_MB
    return int(min(max(MEMORY_SHARE * total, LEAST_MEMORY_MB), MOST_MEMORY_MB))
