"""Frames of other libraries give what pandas gives, computed where the rows are."""

from __future__ import annotations

import doctest
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import memwall_trends as mt
from memwall_trends.datasets import engines
from memwall_trends.datasets.engines import find_files, is_parquet, scan
from memwall_trends.errors import MemwallError
from tests.conftest import CHECKOUT
from tests.run_clusters import FITS, compare, make_table, open_dask, open_spark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOLERANCE = 1e-9
LOCAL = ("polars", "polars (eager)", "pyarrow", "duckdb")


def need(library: str) -> Any:
    """Return a library; the test is skipped without it, but not in CI."""
    if os.environ.get("CI_REQUIRE_ENGINES"):
        return __import__(library)
    return pytest.importorskip(library, reason=f"{library} is not installed")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return make_table(1500)


def open_frame(name: str, rows: pd.DataFrame) -> Any:
    if name.startswith("polars"):
        frame = need("polars").from_pandas(rows)
        return frame if "eager" in name else frame.lazy()
    if name == "pyarrow":
        return need("pyarrow").Table.from_pandas(rows, preserve_index=False)
    connection = need("duckdb").connect()
    connection.register("device_rows", rows)
    return connection.sql("SELECT * FROM device_rows")


@pytest.fixture(scope="module")
def clusters(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    need("pyspark")
    need("dask.dataframe")
    with open_spark(rows) as spark, open_dask(rows) as dask:
        yield {"spark": spark, "dask": dask}


@pytest.mark.slow
def test_the_same_fit_on_five_engines(rows: pd.DataFrame, clusters: dict[str, Any]) -> None:
    frames = {name: open_frame(name, rows) for name in LOCAL} | clusters
    differences = compare(rows, frames, FITS)
    assert set(differences) == {(name, fit) for name in frames for fit in FITS}
    for case, difference in differences.items():
        assert difference < TOLERANCE, case


@pytest.mark.parametrize("name", LOCAL)
def test_the_same_fits_on_an_engine_of_this_process(rows: pd.DataFrame, name: str) -> None:
    for case, difference in compare(rows, {name: open_frame(name, rows)}, FITS).items():
        assert difference < TOLERANCE, case


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("by", ["vendor", "kind"])
def test_the_same_groups(rows: pd.DataFrame, name: str, by: str) -> None:
    choose: dict[str, Any] = {"since": 2004, "where": {"kind!": "npu"}}
    ours, theirs = (mt.fit_by(data, by, **choose) for data in (open_frame(name, rows), rows))
    assert list(ours.trends) == list(theirs.trends)
    assert ours.equal_slopes_p == pytest.approx(theirs.equal_slopes_p, rel=1e-6)
    for mine, other in zip(ours.to_records(), theirs.to_records(), strict=True):
        assert mine["rate"] == pytest.approx(other["rate"], rel=TOLERANCE)
        assert mine["ci_low"] == pytest.approx(other["ci_low"], rel=TOLERANCE)
        assert [mine[key] for key in ("n_obs", "first_date", "last_date", "where", "interval")] == [
            other[key] for key in ("n_obs", "first_date", "last_date", "where", "interval")
        ]


def write_parquet(folder: Path, rows: pd.DataFrame) -> list[str]:
    folder.mkdir()
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:])):
        part.to_parquet(folder / f"part{number}.parquet", index=False)
    return [str(folder / f"part{number}.parquet") for number in (0, 1)]


@pytest.mark.parametrize("engine", ["duckdb", "polars", "pandas"])
def test_files_are_one_table(rows: pd.DataFrame, tmp_path: Path, engine: str) -> None:
    if engine != "pandas":
        need(engine)
    write_parquet(tmp_path / "chips", rows)
    for paths in (tmp_path / "chips", f"{tmp_path}/chips/*.parquet"):
        trend = mt.fit_trend(scan(paths, engine))
        assert trend.growth_factor() == pytest.approx(mt.fit_trend(rows).growth_factor(), rel=TOLERANCE)
        assert (trend.series, trend.dataset, trend.n_obs) == ("chips", str(paths), len(rows))


def test_an_engine_reads_csv_too(rows: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "chips.csv"
    rows.to_csv(path, index=False)
    for engine in ("duckdb", "polars"):
        need(engine)
        trend = mt.fit_trend(scan(path, engine))
        assert trend.growth_factor() == pytest.approx(mt.fit_trend(rows).growth_factor(), rel=TOLERANCE)


def test_files_are_found_by_path_pattern_and_folder(rows: pd.DataFrame, tmp_path: Path) -> None:
    paths = write_parquet(tmp_path / "chips", rows[:10])
    assert (
        find_files(paths) == find_files([tmp_path / "chips"]) == find_files([f"{tmp_path}/chips/*"]) == paths
    )
    assert is_parquet(tmp_path / "chips")
    assert not is_parquet(tmp_path / "chips.csv")


def break_nothing(_: Path) -> list[str]:
    return ["nowhere.parquet"]


def test_of_the_folders_in_a_folder_only_partitions_are_looked_into(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    """A folder may be that of the whole machine."""
    (tmp_path / "table").mkdir()
    for name in ("vendor=AMD", "other"):
        write_parquet(tmp_path / "table" / name, rows)
    found = find_files([tmp_path / "table"])
    assert [Path(path).parent.name for path in found] == ["vendor=AMD", "vendor=AMD"]


def break_pattern(folder: Path) -> list[str]:
    return [f"{folder}/*.parquet"]


def break_folder(folder: Path) -> list[str]:
    (folder / "empty").mkdir()
    return [str(folder / "empty")]


def break_content(folder: Path) -> list[str]:
    (folder / "chips.parquet").write_text("date,value\n")
    return [str(folder / "chips.parquet")]


def break_kinds(folder: Path) -> list[str]:
    for name in ("chips.parquet", "chips.csv"):
        (folder / name).write_text("date,value\n")
    return [str(folder / "chips.parquet"), str(folder / "chips.csv")]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (break_nothing, "nowhere.parquet: no such file"),
        (break_pattern, "no file is like"),
        (break_folder, "holds no Parquet files"),
        (break_content, "chips.parquet: duckdb cannot read it: "),
        (break_kinds, "Parquet and other files together are no one table"),
    ],
)
def test_files_that_are_no_table_are_refused(
    make: Callable[[Path], list[str]], message: str, tmp_path: Path
) -> None:
    need("duckdb")
    with pytest.raises(MemwallError, match=message):
        scan(make(tmp_path), "duckdb")


def test_a_missing_engine_names_its_extra(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(files: list[str], parquet: bool) -> Any:
        raise ModuleNotFoundError("No module named 'duckdb'", name="duckdb")

    monkeypatch.setattr(engines, "_scan_duckdb", absent)
    paths = write_parquet(tmp_path / "chips", rows[:10])
    with pytest.raises(MemwallError, match=r"pip install 'memwall-trends\[duckdb\]'"):
        scan(paths, "duckdb")


def test_pandas_frames_are_no_engine() -> None:
    assert not engines.is_engine_frame(pd.DataFrame())
    assert not engines.is_engine_frame("peak_flops")
    assert not engines.is_engine_frame(np.zeros(3))


def test_the_examples_of_the_guide() -> None:
    need("duckdb")
    need("polars")
    path = CHECKOUT / "docs" / "engines.md"
    assert doctest.testfile(str(path), module_relative=False).failed == 0
