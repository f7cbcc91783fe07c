from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memwall_trends.datasets import (
    datasets_folder,
    describe_tables,
    export_rows,
    find_series,
    find_table,
    list_series,
    list_tables,
    load_observations,
    load_table,
    reading,
)
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend

if TYPE_CHECKING:
    from collections.abc import Callable

    CsvFile = Callable[[str | bytes], Path]

CHECKOUT = Path(__file__).parent.parent
GOOD = "date,value\n2010-01-01,1\n2011-01-01,2\n2012-01-01,4\n"


def resources() -> list[dict[str, Any]]:
    package = json.loads((datasets_folder() / "datapackage.json").read_text(encoding="utf-8"))
    return list(package["resources"])


# The paper's data


@pytest.mark.parametrize(
    ("table", "rows", "fitted"),
    [
        ("peak_flops", 37, 37),
        ("dram_bandwidth", 12, 12),
        ("interconnect_bandwidth", 10, 10),
        ("training_compute", 21, 10),
        ("model_size", 16, 10),
        ("memory_capacity", 7, 7),
    ],
)
def test_every_recovered_point_is_there(table: str, rows: int, fitted: int) -> None:
    frame = load_table(table, "gholami2024")
    assert len(frame) == rows
    for column, value in find_table(table, "gholami2024").fitted.items():
        frame = frame[frame[column] == value]
    assert len(frame) == fitted


@pytest.mark.parametrize(
    "resource", [each for each in resources() if "hash" in each], ids=lambda each: each["path"]
)
def test_frozen_files_have_not_changed(resource: dict[str, Any]) -> None:
    digest = hashlib.sha256((datasets_folder() / resource["path"]).read_bytes()).hexdigest()
    assert f"sha256:{digest}" == resource["hash"], (
        f"{resource['path']} is frozen; see datasets/gholami2024/README.md"
    )


def test_all_files_of_the_paper_are_frozen() -> None:
    frozen = {resource["path"] for resource in resources() if "hash" in resource}
    files = {f"gholami2024/{path.name}" for path in (datasets_folder() / "gholami2024").glob("*.csv")}
    assert files - {"gholami2024/errata.csv"} == frozen


@pytest.mark.parametrize(
    ("table", "factor", "tolerance"),
    [
        ("peak_flops", 0.339, 1e-5),
        ("dram_bandwidth", 15.2, 1e-5),
        ("interconnect_bandwidth", 2.5, 1e-5),
        ("model_size", 1e9, 1e-5),
        ("memory_capacity", 6, 1e-5),
        ("training_compute", 1, 0),
    ],
)
def test_values_are_the_plotted_ones_on_an_absolute_scale(
    table: str, factor: float, tolerance: float
) -> None:
    frame = load_table(table, "gholami2024")
    np.testing.assert_allclose(frame["value"], frame["plotted_value"] * factor, rtol=tolerance)


def test_the_bars_of_the_memory_breakdown_mend_the_published_table() -> None:
    frame = load_table("memory_breakdown")
    bars = frame[frame["quantity"] != "gpu_memory_limit"]
    total = bars.groupby("name")["value"].sum().round(2)
    assert total["AlexNet"] == 1.17
    assert total["GPT-2"] == 26.21
    errata = {
        (row["name"], row["quantity"]): (row["printed"], row["expected"])
        for row in load_table("errata").to_dict(orient="records")
    }
    assert errata["AlexNet", "total"] == ("1.71", "1.17")
    assert errata["GPT-2", "optimizer"] == ("11.62", "11.72")


# The data dictionary


def test_the_package_is_valid_for_frictionless() -> None:
    from frictionless import Package

    report = Package(str(datasets_folder() / "datapackage.json")).validate()
    assert report.valid, report.flatten(["path", "rowNumber", "fieldName", "message"])


def test_a_changed_frozen_file_is_not_valid(tmp_path: Path) -> None:
    from frictionless import Package

    shutil.copytree(datasets_folder(), tmp_path / "datasets")
    changed = tmp_path / "datasets" / "gholami2024" / "peak_flops.csv"
    changed.write_text(changed.read_text(encoding="utf-8").replace(",0.339,", ",0.390,", 1), encoding="utf-8")
    report = Package(str(tmp_path / "datasets" / "datapackage.json")).validate()
    assert [error.type for task in report.tasks for error in task.errors] == ["hash-count"]


def test_every_csv_is_in_the_data_dictionary() -> None:
    files = {path.relative_to(datasets_folder()).as_posix() for path in datasets_folder().rglob("*.csv")}
    assert files == {resource["path"] for resource in resources()}


def test_a_column_of_observations_means_the_same_in_every_table() -> None:
    described: dict[str, set[str]] = {}
    for resource in resources():
        if any(field["name"] == "date_source" for field in resource["schema"]["fields"]):
            for field in resource["schema"]["fields"]:
                described.setdefault(field["name"], set()).add(json.dumps(field))
    assert {name for name, definitions in described.items() if len(definitions) > 1} == set()


def test_the_readme_of_the_data_has_the_dictionary() -> None:
    readme = (datasets_folder() / "README.md").read_text(encoding="utf-8")
    for resource in resources():
        if resource["name"].startswith("curated."):
            for field in resource["schema"]["fields"]:
                assert f"| `{field['name']}` | {field['description']} |" in readme


def test_rows_that_were_written_to_are_read_as_they_stand_in_the_file() -> None:
    rows, before = load_table("memory_capacity"), load_table("memory_capacity")
    rows.loc[rows.index[0], "name"] = "Acme A1"
    rows.loc[rows.index[0], "value"] = 1.0
    rows["unit"] = "TB"
    rows.index = rows.index + 1
    pd.testing.assert_frame_equal(load_table("memory_capacity"), before)


def test_a_file_that_changed_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "datasets"
    shutil.copytree(datasets_folder(), folder)
    monkeypatch.setattr("memwall_trends.datasets.registry.datasets_folder", lambda: folder)
    assert "80 GB of Acme" not in set(load_table("memory_capacity")["name"])
    for file, old, new in (
        ("memory_capacity.csv", "AMD Instinct MI300X,", "80 GB of Acme,"),
        ("datapackage.json", '"title": "Peak FLOPS"', '"title": "Our peak FLOPS"'),
    ):
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert "80 GB of Acme" in set(load_table("memory_capacity")["name"])
    assert list_tables()[0].title == "Our peak FLOPS"


def test_a_series_has_one_unit_and_is_sorted() -> None:
    for name in list_series("gholami2024"):
        frame = load_table(name, "gholami2024")
        assert frame["unit"].unique().tolist() == [find_series(name, "gholami2024").unit]
        assert frame["date"].is_monotonic_increasing


def test_tables_are_described_by_what_is_in_them() -> None:
    described = describe_tables()
    assert described["name"].tolist() == [table.qualified_name for table in list_tables()]
    assert described["name"].is_unique
    peak = describe_tables("gholami2024").to_dict(orient="records")[0]
    assert (peak["rows"], peak["first_date"], peak["last_date"]) == (37, "1997-01-29", "2022-09-20")
    observations = described[described["name"] != "sources"]
    assert observations["with_source"].tolist() == observations["rows"].tolist()


@pytest.mark.parametrize("find", [find_table, find_series, load_table])
def test_an_unknown_name_lists_the_known_ones(find: Callable[..., Any]) -> None:
    with pytest.raises(MemwallError, match="peak_flops, dram_bandwidth"):
        find("bandwidth")
    with pytest.raises(MemwallError, match=r"unknown dataset 'epoch'. Known: curated, gholami2024"):
        find("peak_flops", "epoch")


def test_a_table_that_is_no_series_cannot_be_fitted() -> None:
    with pytest.raises(MemwallError, match="unknown series 'claims'"):
        find_series("claims")


# Installed and in a checkout


@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_an_installation_finds_the_datasets(tmp_path: Path, editable: bool) -> None:
    target = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    source = ["--editable", str(CHECKOUT)] if editable else [str(CHECKOUT)]
    subprocess.run([*pip, "--target", str(target), *source], check=True, capture_output=True)
    # -S leaves this environment's own installation out; its libraries come last.
    code = (
        f"import site, sys; site.addsitedir({str(target)!r});"
        f"sys.path.append({sysconfig.get_path('purelib')!r});"
        "from memwall_trends.datasets import datasets_folder, load_table;"
        "print(datasets_folder(), len(load_table('peak_flops', 'gholami2024')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    folder, rows = done.stdout.split()
    assert rows == "37"
    home = CHECKOUT / "datasets" if editable else target / "memwall_trends" / "_datasets"
    assert Path(folder) == home.resolve()


# A user's CSV


def test_a_csv_is_read_with_all_its_columns(csv_file: CsvFile) -> None:
    path = csv_file('when,gb_s,name\n2010,1,"a, b"\n2011-06,2.5e3,c\n2012-06-30, 4 ,d\n')
    data = load_observations(path, date_column="when", value_column="gb_s")
    assert data.parsed["date"].dt.strftime("%Y-%m-%d").tolist() == ["2010-01-01", "2011-06-01", "2012-06-30"]
    assert data.parsed["value"].tolist() == [1, 2500, 4]
    assert data.frame["name"].tolist() == ["a, b", "c", "d"]
    assert (data.name, data.dataset) == ("chips", str(path))


def test_a_byte_order_mark_blank_lines_spaces_and_crlf_are_no_problem(csv_file: CsvFile) -> None:
    content = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n\r\n").replace(",", " , ").encode()
    assert load_observations(csv_file(content)).parsed["value"].tolist() == [1, 2, 4]


def test_a_time_of_day_is_left_off_in_any_zone(csv_file: CsvFile) -> None:
    path = csv_file("date,value\n2010-05-01T23:30:00-12:00,1\n2011-05-01 00:10,2\n2012-05-01T00:00:00Z,3\n")
    days = load_observations(path).parsed["date"].dt.strftime("%Y-%m-%d").tolist()
    assert days == ["2010-05-01", "2011-05-01", "2012-05-01"]


@pytest.mark.parametrize(
    "cell",
    [
        "2011-13-01",
        "0000",
        "-2010",
        "2010.5",
        "2010.10",
        "now",
        "today",
        "30.13.2010",
        "20101330",
        "5",
    ],
)
def test_what_is_no_day_month_or_year_is_no_date(csv_file: CsvFile, cell: str) -> None:
    with pytest.raises(MemwallError, match=r"column 'date'.*expected a date"):
        assert load_observations(csv_file(f"date,value\n2010,1\n{cell},2\n")).parsed is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        ("date,value\n", "no rows under the header"),
        (b"date,value\n2010,1\n\xff,2\n", "row 3, column 'date': '\xff'; expected a date"),
        (
            "day,value\n2010,1\n",
            "no column 'date' in the header (row 1); expected the column that --date-column",
        ),
        (
            "date,gflops\n2010,1\n",
            "no column 'value' in the header (row 1); expected the column that --value-column",
        ),
        ("date,value,date\n2010,1,2010\n", "the header names a column twice: date, value, date"),
        ("date,value\n2010,1\n2011,1,000\n", "row 3: 3 cells where the header has 2"),
        ("date,value\n2010,1\n2011\n", "row 3: 1 cells where the header has 2"),
        ('date,value\n2010,"1\n', "row 2: not a CSV"),
        ("date,value\n2010,1\n2011-13-01,2\n", "row 3, column 'date': '2011-13-01'; expected a date"),
        ("date,value\n2010,1\n2011,fast\n", "row 3, column 'value': 'fast'; expected a number above zero"),
        ("date,value\n2010,0\n", "row 2, column 'value': '0'; expected a number above zero"),
        ("date,value\n2010,-3\n", "row 2, column 'value': '-3'; expected a number above zero"),
        ("date,value\n2010,inf\n", "row 2, column 'value': 'inf'; expected a number above zero"),
        ('date,note,value\n2010,"a\nb",1\n2011,c,x\n', "row 4, column 'value': 'x'"),
    ],
)
def test_what_cannot_be_read_is_named_with_file_row_and_column(
    csv_file: CsvFile, content: str | bytes, message: str
) -> None:
    path = csv_file(content)
    with pytest.raises(MemwallError) as raised:
        assert load_observations(path).parsed is None
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)


def test_many_problems_are_counted_not_all_listed(csv_file: CsvFile) -> None:
    with pytest.raises(MemwallError, match="and 15 more") as raised:
        assert load_observations(csv_file("date,value\n" + "x,1\n" * 20)).parsed is None
    assert len(str(raised.value).splitlines()) == 6


def test_a_missing_file_or_a_folder_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(MemwallError, match="cannot be read: No such file"):
        load_observations(tmp_path / "none.csv")
    with pytest.raises(MemwallError, match="cannot be read"):
        load_observations(tmp_path)


CELLS = st.sampled_from(
    [
        *["date", "value", "2010", "2011-05-04", "1", "-2", "1e400", "", '"', "\x00", "٣", "9999-99"],
        *["2012", "0000", "-2010", "2010.5", "now", "9999-12-31T23:59-12:00", "1e-320", "1_0", "0x10"],
    ]
)
GOOD_ROWS = st.tuples(
    st.sampled_from(["2010", "2011-05-04", "2012", "9999-12-31T23:59-12:00"]),
    st.sampled_from(["1", "2", "1e-320", "1e300"]),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.lists(st.lists(CELLS, max_size=3).map(",".join), max_size=6).map(
            lambda rows: "\n".join(rows).encode()
        ),
        st.lists(st.one_of(GOOD_ROWS, st.tuples(CELLS, CELLS)).map(",".join), max_size=5).map(
            lambda rows: "\n".join(["date,value", *rows]).encode()
        ),
        st.lists(GOOD_ROWS.map(",".join), min_size=3, max_size=6).map(
            lambda rows: "\n".join(["date,value", *rows]).encode()
        ),
    )
)
def test_any_bytes_give_rows_or_a_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_bytes(content)
    try:
        record = fit_trend(path).to_record()
    except MemwallError:
        return
    assert record["n_obs"] >= 3


def test_a_frame_is_checked_as_a_file_is() -> None:
    good = pd.DataFrame(
        {"date": pd.to_datetime(["2010-01-01", "2011-01-01"]), "value": [1, 2]}, index=["a", "b"]
    )
    before = good.copy()
    assert load_observations(good).parsed["value"].dtype == "float64"
    pd.testing.assert_frame_equal(good, before)
    with pytest.raises(MemwallError, match=r"the data frame: row b, column 'value': '-1'"):
        assert load_observations(good.assign(value=[1, -1])).parsed is None
    with pytest.raises(MemwallError, match="the data frame: no column 'date'"):
        load_observations(good.drop(columns="date"))
    with pytest.raises(MemwallError, match="names a column twice"):
        load_observations(pd.concat([good, good], axis=1))


def test_a_frame_may_hold_years_and_zones() -> None:
    years = pd.DataFrame({"date": [2010, 2011], "value": [1, 2]})
    assert load_observations(years).parsed["date"].dt.year.tolist() == [2010, 2011]
    zoned = years.assign(date=pd.to_datetime(["2010-01-01", "2011-01-01"]).tz_localize("Asia/Tokyo"))
    assert load_observations(zoned).parsed["date"].dt.tz is None


def test_a_name_is_a_series_first_and_a_path_second(csv_file: CsvFile) -> None:
    assert load_observations("peak_flops", dataset="gholami2024").dataset == "gholami2024"
    path = csv_file(GOOD)
    assert load_observations(str(path)).name == "chips"
    assert load_observations(str(path.rename(path.with_name("chips")))).name == "chips"
    with pytest.raises(MemwallError, match=r"unknown series 'chips'.*or the path of a CSV file"):
        load_observations("chips")
    with pytest.raises(MemwallError, match="can be chosen for a CSV file"):
        load_observations("peak_flops", dataset="gholami2024", value_column="plotted_value")


def test_a_file_in_the_folder_is_found_without_an_ending(
    csv_file: CsvFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_file(GOOD)
    path.rename(path.with_name("chips"))
    monkeypatch.chdir(path.parent)
    assert len(load_observations("chips").frame) == 3


# A user's rows laid over ours


ROWS = (
    "table,name,kind,date,value,unit,precision,engine,sparsity,memory,family,scope,lanes\n"
    "dram_bandwidth,Acme A1,gpu,2026-06-01,9000,GB/s,,,,HBM4,,,\n"
    "interconnect_bandwidth,Acme Link,link,2026,128,GT/s,,,,,Acme,lane,1\n"
    "peak_flops,Acme A1,gpu,2026-06,4e6,GFLOP/s,bf16,matrix,dense,,,,\n"
)


def test_a_users_rows_are_laid_over_each_table(csv_file: CsvFile) -> None:
    path = csv_file(ROWS)
    for name, value in (("dram_bandwidth", 9000), ("interconnect_bandwidth", 128), ("peak_flops", 4e6)):
        plain, laid = load_table(name), load_table(name, overlay=[path])
        assert len(laid) == len(plain) + 1
        assert laid["date"].is_monotonic_increasing
        assert laid.dtypes.tolist() == plain.dtypes.tolist()
        (row,) = laid[laid["name"].str.startswith("Acme")].to_dict(orient="records")
        assert row["value"] == value
    assert load_table("claims", overlay=[path]).equals(load_table("claims"))


def test_a_users_row_takes_the_place_of_ours_with_the_same_key(csv_file: CsvFile) -> None:
    path = csv_file(
        "table,name,date,value,unit,memory\ndram_bandwidth,AMD Instinct MI300X,2023-12-06,5300,GB/s,HBM3\n"
    )
    plain, laid = load_table("dram_bandwidth"), load_table("dram_bandwidth", overlay=[path])
    assert len(laid) == len(plain)
    assert laid.set_index("name").at["AMD Instinct MI300X", "value"] == 5300
    again = load_table("dram_bandwidth", overlay=[path, path])
    assert again.equals(laid)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,date,value,unit\nA,2020,1,GB\n", "no column 'table' in the header (row 1)"),
        (
            "table,name,date,value,unit\nram,A,2020,1,GB\n",
            "row 2, column 'table': 'ram'; expected one of peak_flops",
        ),
        ("table,name,date,value,unit\ndram_bandwidth,A,soon,1,GB/s\n", "row 2, column 'date': 'soon'"),
        ("table,name,date,value,unit\ndram_bandwidth,A,2020,-1,GB/s\n", "row 2, column 'value': '-1'"),
        (
            "table,name,date,value,unit\nmodel_size,A,2020,1,parameters\ndram_bandwidth,A,2020,1,TB/s\n",
            "row 3, column 'unit': 'TB/s'; expected GB/s, the unit of dram_bandwidth",
        ),
        ("table,name,date,value,unit\n", "no rows under the header"),
        ("table,name,date,value,unit,name\nmodel_size,A,2020,1,parameters,B\n", "names a column twice"),
    ],
)
def test_what_is_wrong_with_a_users_rows_is_named(csv_file: CsvFile, content: str, message: str) -> None:
    path = csv_file(content)
    with pytest.raises(MemwallError) as raised:
        load_table("dram_bandwidth", overlay=[path])
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)


def test_a_chip_counts_once_among_the_papers_points(csv_file: CsvFile) -> None:
    chip = "peak_flops,Acme A1,gpu,2026-06-01,{},GFLOP/s,{},matrix,{},,,,\n"
    rates = [
        ("4e6", "bf16", "dense"),
        ("8e6", "bf16", "structured"),
        ("8e6", "fp8", "dense"),
        ("2e6", "tf32", "dense"),
    ]
    link = "interconnect_bandwidth,Acme A1,gpu,2026-06-01,900,GB/s,,,,,NVLink,device,\n"
    path = csv_file(ROWS.splitlines(keepends=True)[0] + "".join(chip.format(*rate) for rate in rates) + link)
    plain = load_table("peak_flops", "gholami2024")
    for overlay in ([path], [path, path]):
        laid = load_table("peak_flops", "gholami2024", overlay=overlay)
        assert len(laid) == len(plain) + 1
        assert laid["value"].max() == 4e6
    links = load_table("interconnect_bandwidth", "gholami2024", overlay=[path])
    assert links.equals(load_table("interconnect_bandwidth", "gholami2024"))
    same = csv_file(
        ROWS.splitlines(keepends=True)[0] + chip.format(*rates[0]).replace("Acme A1", "Google TPU v4")
    )
    assert len(load_table("peak_flops", "gholami2024", overlay=[same])) == len(plain) + 1


@pytest.mark.parametrize("lanes", ["four", "1e400", "9" * 23, "-1e30", "nan"])
def test_lanes_that_are_no_number_are_none(csv_file: CsvFile, lanes: str) -> None:
    path = csv_file(
        "table,name,date,value,unit,family,scope,lanes\n"
        f"interconnect_bandwidth,Acme A1,2026,900,GB/s,NVLink,device,{lanes}\n"
    )
    rows = load_table("interconnect_bandwidth", overlay=[path])
    assert rows.loc[rows["name"] == "Acme A1", "lanes"].isna().all()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("dram_bandwidth.csv", ",5325,", ",many,"),
        ("dram_bandwidth.csv", ",2023-12-06,", ",2023-13-06,"),
        ("dram_bandwidth.csv", "name,vendor", "nom,vendor"),
        ("dram_bandwidth.csv", "AMD Instinct MI300X,", 'AMD "Instinct MI300X,,,'),
        ("datapackage.json", "{", "["),
    ],
)
def test_a_damaged_table_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str
) -> None:
    shutil.copytree(datasets_folder(), tmp_path / "datasets")
    path = tmp_path / "datasets" / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr("memwall_trends.datasets.registry.datasets_folder", lambda: tmp_path / "datasets")
    with pytest.raises(MemwallError, match=f"{file}: cannot be read"):
        load_table("dram_bandwidth")


def test_rows_are_laid_over_a_series_not_over_a_file(csv_file: CsvFile) -> None:
    path = csv_file(GOOD)
    with pytest.raises(MemwallError, match="rows can be laid over a series, not over"):
        load_observations(path, overlay=[path])


# Export


@pytest.mark.parametrize("name", ["peak_flops", "interconnect_bandwidth", "claims", "gholami2024.errata"])
def test_an_exported_table_reads_back_the_same(tmp_path: Path, name: str) -> None:
    rows = load_table(name)
    export_rows(rows, "parquet", tmp_path / "rows.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "rows.parquet"), rows, check_dtype=False)
    plain = rows.assign(**{"date": rows["date"].dt.strftime("%Y-%m-%d")} if "date" in rows else {})
    export_rows(rows, "json", tmp_path / "rows.json")
    parsed = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert (
        pd.DataFrame(parsed)
        .astype(str)
        .equals(pd.DataFrame(json.loads(plain.to_json(orient="records", double_precision=15))).astype(str))
    )
    export_rows(rows, "csv", tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8") == export_rows(rows, "csv")


def test_a_file_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(MemwallError, match="cannot be written"):
        export_rows(load_table("claims"), "csv", tmp_path / "none" / "rows.csv")


# The curated tables


@pytest.mark.parametrize(
    ("name", "devices", "rows"),
    [
        ("peak_flops", 130, 400),
        ("dram_bandwidth", 130, 130),
        ("memory_capacity", 130, 130),
        ("model_size", 60, 60),
        ("training_compute", 60, 60),
    ],
)
def test_the_curated_tables_are_as_large_as_promised(name: str, devices: int, rows: int) -> None:
    frame = load_table(name)
    assert frame["name"].nunique() >= devices
    assert len(frame) >= rows
    assert (frame["source"] != "").all()


def test_there_are_enough_links_by_lane_and_by_device() -> None:
    scopes = load_table("interconnect_bandwidth").groupby("scope")["name"].nunique()
    assert scopes["lane"] >= 50
    assert scopes["device"] >= 60


def test_curated_values_span_the_years_and_stay_within_them() -> None:
    for name in ("peak_flops", "dram_bandwidth", "interconnect_bandwidth", "memory_capacity"):
        years = load_table(name)["date"].dt.year
        assert 1995 <= years.min() <= 1996
        assert years.max() == 2026


@pytest.mark.parametrize("name", list_series("gholami2024"))
def test_every_device_behind_the_papers_points_is_curated(name: str) -> None:
    renamed = {
        "Intel Pentium II Xeon": "Intel Pentium II Xeon 400 MHz",
        "Intel Itanium 2 1 GHz (4-way system)": "Intel Itanium 2 1 GHz",
        "Intel Itanium 2 9000 (4-way system)": "Intel Itanium 2 9050",
        "NVIDIA Tesla V100 32GB": "NVIDIA Tesla V100 SXM2 32GB",
        "NVIDIA H100 80GB": "NVIDIA H100 SXM5",
        "ResNeXt-101": "ResNeXt-101 (64x4d)",
        "DenseNet": "DenseNet-201",
        "Transformer": "Transformer base",
    }
    plotted = set(load_table(name, "gholami2024")["name"]) - {"unidentified GPU of 2012"}
    assert {renamed.get(device, device) for device in plotted} <= set(load_table(name)["name"])


# What is read and joined once


def test_a_table_is_parsed_and_joined_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, joined = Counter[bytes](), Counter[str]()
    read_csv, join = pd.read_csv, reading.join_devices

    def count_parsed(file: Any, **options: Any) -> Any:
        parsed[file.getvalue()] += 1
        return read_csv(file, **options)

    def count_joined(rows: pd.DataFrame, table: Any, *rest: Any) -> pd.DataFrame:
        joined[table.name] += 1
        return join(rows, table, *rest)

    monkeypatch.setattr(pd, "read_csv", count_parsed)
    monkeypatch.setattr(reading, "join_devices", count_joined)
    for kept in (reading._parse_table, reading._shipped_rows):
        kept.cache_clear()
    for since in (2005, 2010):
        fit_trend("peak_flops", since=since)
        fit_trend("dram_bandwidth", since=since, kind="gpu")
    assert set(parsed.values()) == {1}
    assert joined == {"peak_flops": 1, "dram_bandwidth": 1}


def test_rows_that_are_changed_are_not_those_of_the_next_who_asks() -> None:
    rows = load_table("dram_bandwidth")
    rows["value"] = 1.0
    rows.loc[0, "segment"] = "none"
    again = load_table("dram_bandwidth")
    assert again["value"].max() > 1
    assert "none" not in set(again["segment"])
