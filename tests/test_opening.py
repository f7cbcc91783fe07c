"""Files on the command line: which engine reads them, and which of them are one table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import memwall_trends as mt
from memwall_trends.cli import opening
from tests.run_clusters import make_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Result

pytest.importorskip("duckdb", reason="duckdb is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = make_table(300)
    chips = tmp_path / "chips"
    chips.mkdir()
    rows[:150].to_parquet(chips / "old.parquet", index=False)
    rows[150:].to_parquet(chips / "new.parquet", index=False)
    rows.to_csv(tmp_path / "chips.csv", index=False)
    return tmp_path


@pytest.fixture
def rate(run: Callable[..., Result]) -> Callable[..., Any]:
    """Return what the command prints as JSON."""

    def printed(*arguments: str) -> Any:
        result = run("rate", *arguments, "--format", "json")
        assert result.code == 0, result.err
        return json.loads(result.out)

    return printed


def test_the_parquet_files_of_a_folder_a_pattern_or_a_list_are_one_table(
    folder: Path, rate: Callable[..., Any]
) -> None:
    expected = mt.fit_trend(make_table(300)).growth_factor()
    chips = folder / "chips"
    for named in (
        [str(chips)],
        [f"{chips}/*.parquet"],
        [str(chips / "old.parquet"), str(chips / "new.parquet")],
    ):
        record = rate(*named)
        assert record["rate"] == pytest.approx(expected, rel=1e-9)
        assert record["reading"]["engine"] == "DuckDB"
        assert (record["series"], record["n_obs"]) == ("chips", 300)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_an_engine_can_be_named(folder: Path, rate: Callable[..., Any], engine: str) -> None:
    records = rate(str(folder / "chips"), "--engine", engine, "--by", "kind", "--since", "2005")
    expected = mt.fit_by(make_table(300), "kind", since=2005).to_records()
    assert [record["group"] for record in records] == [record["group"] for record in expected]
    for record, other in zip(records, expected, strict=True):
        assert record["rate"] == pytest.approx(other["rate"], rel=1e-9)


def test_text_is_read_into_memory_unless_an_engine_is_named(folder: Path, rate: Callable[..., Any]) -> None:
    path = str(folder / "chips.csv")
    assert "engine" not in rate(path)["reading"]
    in_place = rate(path, "--engine", "duckdb")
    assert in_place["reading"]["engine"] == "DuckDB"
    assert in_place["rate"] == pytest.approx(rate(path)["rate"], rel=1e-9)


def test_what_needs_rows_reads_parquet_into_memory(folder: Path, rate: Callable[..., Any]) -> None:
    path = str(folder / "chips" / "old.parquet")
    for options in (["--method", "huber"], ["--bootstrap", "pairs"], ["--at", "2030"]):
        assert "engine" not in rate(path, *options)["reading"]


def test_a_column_that_no_engine_takes_is_read_into_memory(folder: Path, rate: Callable[..., Any]) -> None:
    rows = make_table(300)
    path = folder / "text.parquet"
    rows.assign(date=rows["date"].dt.strftime("%d.%m.%Y")).to_parquet(path, index=False)
    assert rate(str(path))["n_obs"] == 300


def test_without_an_engine_large_parquet_goes_into_memory_with_a_hint(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("memwall_trends.datasets.engines.is_installed", lambda _: False)
    monkeypatch.setattr(opening, "LARGE_BYTES", 100)
    path = str(folder / "chips" / "old.parquet")
    assert opening.open_data([path], None, {}, mt.Method()) == path
    assert "pip install 'memwall-trends[duckdb]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("named", "options", "message"),
    [
        (["peak_flops", "chips.csv"], [], "'peak_flops' is no file: several files are one table"),
        (["peak_flops"], ["--engine", "duckdb"], "--engine duckdb reads files; 'peak_flops' is none"),
        (["chips.parquet"], ["--engine", "duck"], "unknown engine 'duck'; did you mean 'duckdb'"),
        (["nowhere/*.parquet"], [], "no file is like 'nowhere/*.parquet'"),
        (["nowhere.parquet"], [], "nowhere.parquet: cannot be read"),
    ],
)
def test_what_is_no_table_says_so(
    run: Callable[..., Result], named: list[str], options: list[str], message: str
) -> None:
    result = run("rate", *named, *options)
    assert result.code == 2
    assert message in result.err
