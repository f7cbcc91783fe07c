"""What an engine holds is asked by the same choices as rows in memory, and refuses alike what is wrong."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import memwall_trends as mt
from memwall_trends.datasets.held import find_pushed
from memwall_trends.errors import MemwallError, TooFewObservations
from tests.run_clusters import make_table

if TYPE_CHECKING:
    from collections.abc import Callable

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
pl = pytest.importorskip("polars", reason="polars is not installed")

TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return make_table(600)


def in_duckdb(rows: pd.DataFrame) -> Any:
    connection = duckdb.connect()
    connection.register("device_rows", rows)
    return connection.sql("SELECT * FROM device_rows")


def in_polars(rows: pd.DataFrame) -> Any:
    return pl.from_pandas(rows).lazy()


def assert_same(ours: mt.Trend, theirs: mt.Trend) -> None:
    mine, other = ours.to_record(), theirs.to_record()
    for key in ("rate", "ci_low", "ci_high", "doubling_time_years", "r_squared"):
        assert mine[key] == pytest.approx(other[key], rel=TOLERANCE), key
    for key in ("n_obs", "first_date", "last_date", "where", "unit", "interval", "n_clusters", "counted"):
        assert mine[key] == other[key], key
    assert mine["warnings"] == [text.replace("data frame", ours.series) for text in other["warnings"]]
    years = np.array([2010.0, 2030.0])
    pd.testing.assert_frame_equal(ours.predict(years), theirs.predict(years), rtol=TOLERANCE)


@pytest.mark.parametrize("place", [in_duckdb, in_polars])
@pytest.mark.parametrize(
    "choose",
    [
        {"where": {"vendor!": "vendor 1*"}},
        {"where": {"kind": ["gpu", "NPU"]}, "vendor": "Vendor 3"},
        {"where": {"architecture": ""}},
        {"since": "2010-03", "until": 2012},
        {"since": 2009, "until": "2010-02"},
        {"best_of": "year", "since": 2010},
        {"one_per": "architecture", "take": "lowest"},
        {"one_per": "architecture,year"},
        {"frontier": True, "since": 2010},
        {"frontier": True, "record": "low"},
        {"method": mt.Method(se="classical")},
        {"method": mt.Method(vcov={"CRV1": "vendor+year"})},
        {"method": mt.Method("wls", weights="kind", se="classical")},
        {"method": mt.Method("wls", weights="share", se="crv1", cluster="kind")},
        {"method": mt.Method("wls", within="vendor", cluster="vendor")},
    ],
    ids=str,
)
def test_choices_and_methods_are_as_in_memory(
    rows: pd.DataFrame, place: Callable[[pd.DataFrame], Any], choose: dict[str, Any]
) -> None:
    shared = rows.assign(share=1.0 + np.arange(len(rows)) % 3)
    assert_same(mt.fit_trend(place(shared), **choose), mt.fit_trend(shared, **choose))


def test_a_wild_bootstrap_is_of_the_same_distribution(rows: pd.DataFrame) -> None:
    wild = mt.Method(se="wild", cluster="vendor")
    ours, theirs = (mt.fit_trend(data, method=wild) for data in (in_duckdb(rows), rows))
    # Clusters come in another order, and so do what is drawn for them.
    assert ours.growth_interval() == pytest.approx(theirs.growth_interval(), rel=5e-3)


def test_many_vendors_share_an_error(rows: pd.DataFrame) -> None:
    many = rows.assign(vendor=[f"vendor {number % 40}" for number in range(len(rows))])
    trend = mt.fit_trend(in_duckdb(many))
    assert_same(trend, mt.fit_trend(many))
    assert "40 vendors" in trend.describe_interval()


def test_a_trend_of_an_engine_describes_itself(rows: pd.DataFrame) -> None:
    trend = mt.fit_trend(in_duckdb(rows), since=2010)
    assert trend.describe().startswith("OLS of log10(GB/s) on the date: ")
    assert "data frame (user)" in str(trend)
    assert trend.found is not None
    assert trend.found.describe().startswith("the data frame: in DuckDB; dates: days; unit GB/s; ")
    assert trend.to_record()["reading"]["engine"] == "DuckDB"


def test_choosing_first_and_narrowing_later_is_as_choosing_at_once(rows: pd.DataFrame) -> None:
    chosen = mt.select(mt.select(in_duckdb(rows), kind="gpu"), since=2010)
    assert_same(mt.fit_trend(chosen), mt.fit_trend(rows, kind="gpu", since=2010))
    assert chosen.describe() == mt.select(rows, kind="gpu", since=2010).describe()
    assert str(chosen) == chosen.describe()


def test_effects_of_classes(rows: pd.DataFrame) -> None:
    ours, theirs = (mt.fit_trend(data, method=mt.Method(within="kind")) for data in (in_duckdb(rows), rows))
    assert ours.effects == pytest.approx(theirs.effects, rel=TOLERANCE)


def test_other_columns_and_their_units(rows: pd.DataFrame) -> None:
    renamed = rows.drop(columns="unit").rename(columns={"date": "Launch", "value": "Bandwidth (GB/s)"})
    choose: dict[str, Any] = {"date_column": "launch", "value_column": "Bandwidth (GB/s)"}
    ours = mt.fit_trend(in_duckdb(renamed), **choose)
    assert_same(ours, mt.fit_trend(renamed, **choose))
    assert ours.unit == "GB/s"


def test_units_are_converted_to_that_of_most_rows(rows: pd.DataFrame) -> None:
    mixed = rows.copy()
    mixed.loc[::3, "unit"] = "TB/s"
    mixed.loc[::3, "value"] /= 1000
    assert_same(mt.fit_trend(in_duckdb(mixed)), mt.fit_trend(mixed))
    assert_same(mt.fit_trend(in_duckdb(mixed), best_of="year"), mt.fit_trend(mixed, best_of="year"))


def test_units_that_cannot_be_converted_are_refused(rows: pd.DataFrame) -> None:
    mixed = rows.assign(unit=["GB/s", "GT/s"] * 300)
    with pytest.raises(MemwallError, match=r"mixes 'GB/s', 'GT/s'; expected one unit.*--where unit=GT/s"):
        mt.fit_trend(in_duckdb(mixed))


def test_dates_days_and_years(rows: pd.DataFrame) -> None:
    days = in_polars(rows).with_columns(pl.col("date").dt.date())
    assert_same(mt.fit_trend(days), mt.fit_trend(rows))
    assert_same(mt.fit_trend(days, since=2010), mt.fit_trend(rows, since=2010))
    late = rows.assign(date=rows["date"] + pd.Timedelta(hours=23))
    assert_same(mt.fit_trend(in_duckdb(late)), mt.fit_trend(late))
    years = rows.assign(date=rows["date"].dt.year)
    for place in (in_duckdb, in_polars):
        assert_same(mt.fit_trend(place(years), until=2015), mt.fit_trend(years, until=2015))


def test_days_before_1970_and_in_leap_years_are_counted_right() -> None:
    dates = pd.to_datetime(
        ["1899-12-31", "1900-03-01", "1968-02-29", "1972-02-29", "2000-02-29", "2100-03-01"]
    )
    rows = pd.DataFrame({"date": dates, "value": [1.0, 2.0, 3.0, 5.0, 8.0, 9.0]})
    for place in (in_duckdb, in_polars):
        assert_same(mt.fit_trend(place(rows)), mt.fit_trend(rows))


def test_rows_without_a_date_or_a_value_are_skipped_and_counted(rows: pd.DataFrame) -> None:
    gaps = rows.copy()
    gaps.loc[:4, "date"] = pd.NaT
    gaps.loc[3:9, "value"] = np.nan
    for place in (in_duckdb, in_polars):
        trend = mt.fit_trend(place(gaps), since=2005)
        assert_same(trend, mt.fit_trend(gaps, since=2005))
        assert trend.found is not None
        assert trend.found.n_skipped == 10
        assert "10 skipped for an empty cell" in trend.describe()
        assert trend.to_record()["reading"]["n_skipped"] == 10
    with pytest.raises(MemwallError, match="10 rows without a date or a value"):
        mt.fit_trend(in_duckdb(gaps), reading=mt.Reading(missing="fail"))


@pytest.mark.parametrize("wrong", [0.0, -3.0, np.inf])
def test_values_that_are_not_above_zero_are_refused(rows: pd.DataFrame, wrong: float) -> None:
    spoilt = rows.copy()
    spoilt.loc[[5, 7], "value"] = wrong
    for place in (in_duckdb, in_polars):
        with pytest.raises(
            MemwallError, match=r"2 rows with a wrong cell in column 'value', as .*above zero"
        ):
            mt.fit_trend(place(spoilt))
    zero = mt.Reading(zero_is_missing=True)
    if wrong == 0:
        assert_same(mt.fit_trend(in_duckdb(spoilt), reading=zero), mt.fit_trend(spoilt, reading=zero))


def test_wrong_cells_outside_the_question_do_not_matter(rows: pd.DataFrame) -> None:
    spoilt = rows.copy()
    spoilt.loc[spoilt["date"] < "2005", "value"] = -1.0
    spoilt.loc[spoilt["kind"] == "npu", "value"] = -1.0
    choose: dict[str, Any] = {"since": 2005, "where": {"kind!": "npu"}}
    assert_same(mt.fit_trend(in_duckdb(spoilt), **choose), mt.fit_trend(spoilt, **choose))


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        ({"where": {"kind": "gpus"}}, "where kind=gpus; did you mean 'gpu'?"),
        ({"where": {"king": "gpu"}}, "column of the data frame 'king'; did you mean 'kind'"),
        ({"since": 2050}, "no rows of the data frame are left; since 2050-01-01"),
        ({"since": 2012, "until": 2011}, "the window is upside down"),
        ({"value_column": "gb_s"}, "no column 'gb_s' in the header"),
        ({"date_column": "name"}, "column 'name' holds text; expected dates"),
        ({"value_column": "name"}, "column 'name' holds text; expected numbers"),
        ({"reading": mt.Reading(decimal=",")}, "--decimal says how text is read"),
        ({"overlay": ["rows.csv"]}, "rows can be laid over a series, not over data frame"),
        ({"until": "2000-01-25"}, "different date"),
        ({"method": "huber"}, "the method 'huber' needs the rows, and they stayed in DuckDB"),
        ({"method": mt.Method(bootstrap="pairs")}, "a bootstrap needs the rows"),
        ({"method": mt.Method(se="hc3")}, "the standard error 'hc3' needs the rows"),
        ({"method": mt.Method(cluster="designer")}, "column to go by 'designer'"),
        ({"precision": "fp16"}, "a precision policy needs the rows"),
        ({"one_per": "kind", "take": "median"}, "the median of each group needs the rows"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_says_why(rows: pd.DataFrame, choose: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError) as error:
        mt.fit_trend(in_duckdb(rows), **choose)
    assert message in str(error.value).replace("unknown ", "")


def test_the_default_of_wls_needs_rows_where_nothing_shares_an_error(rows: pd.DataFrame) -> None:
    with pytest.raises(MemwallError, match="wls is hc3 unless told otherwise"):
        mt.fit_trend(in_duckdb(rows.drop(columns="architecture")), method="wls")


def test_what_needs_the_rows_of_a_trend_says_that_they_stayed(rows: pd.DataFrame) -> None:
    trend = mt.fit_trend(in_duckdb(rows))
    relation = in_duckdb(rows)
    for ask in (
        lambda: trend.observations,
        trend.diagnose,
        lambda: mt.fit_break(relation),
        lambda: mt.run_backtest(relation),
        lambda: mt.decompose(relation, "kind"),
        lambda: mt.find_figure("timeline")(data=relation),
    ):
        with pytest.raises(MemwallError, match="needs the rows, and they stayed in DuckDB"):
            ask()


def test_of_an_eager_frame_everything_can_be_asked(rows: pd.DataFrame) -> None:
    eager = pl.from_pandas(rows)
    trend = mt.fit_trend(eager, kind="gpu")
    assert find_pushed(trend) is not None
    assert len(trend.observations) == trend.n_obs
    assert trend.diagnose().n_obs == trend.n_obs
    assert mt.fit_trend(eager, method="theil-sen").slope == mt.fit_trend(rows, method="theil-sen").slope
    groups = mt.fit_by(eager, "kind", since=2010)
    assert {kind: len(each.observations) for kind, each in groups.trends.items()} == {
        kind: each.n_obs for kind, each in groups.trends.items()
    }
    text = eager.with_columns(pl.col("date").dt.strftime("%d.%m.%Y"))
    assert mt.fit_trend(text).slope == pytest.approx(trend.slope, rel=1)


def test_a_group_that_is_too_small_is_left_out(rows: pd.DataFrame) -> None:
    small = rows.assign(kind=["tpu"] * 2 + ["gpu"] * (len(rows) - 3) + [""])
    grouped = mt.fit_by(in_duckdb(small), "kind")
    assert list(grouped.trends) == ["gpu"]
    assert grouped.left_out == {
        "tpu": "the data frame: 2 row(s) with 2 different date(s) in column 'date'; expected at least 3 "
        "different dates, or there is no interval"
    }
    with pytest.raises(MemwallError, match="no group can be fitted"):
        mt.fit_by(in_duckdb(small), "name")


def test_records_of_each_group(rows: pd.DataFrame) -> None:
    ours, theirs = (mt.fit_by(data, "kind", best_of="year") for data in (in_duckdb(rows), rows))
    # Of as many observations, an engine does not know which group came first.
    assert set(ours.trends) == set(theirs.trends)
    for kind, trend in ours.trends.items():
        assert trend.growth_factor() == pytest.approx(theirs.trends[kind].growth_factor(), rel=TOLERANCE)


@pytest.mark.parametrize("place", [in_duckdb, in_polars])
def test_values_all_but_on_a_line_keep_their_digits(
    rows: pd.DataFrame, place: Callable[[pd.DataFrame], Any]
) -> None:
    years = (rows["date"] - pd.Timestamp("2000-01-01")).dt.days / 365.25
    noise = np.random.default_rng(2).normal(0, 1e-6, len(rows))
    close = rows.assign(value=10 ** (14 + 0.2 * years + (rows["kind"] == "gpu") + noise))
    for choose in ({"kind": "cpu"}, {"method": mt.Method(within="kind")}):
        ours, theirs = (mt.fit_trend(data, **choose) for data in (place(close), close))
        assert ours.slope == pytest.approx(theirs.slope, rel=1e-10)
        assert ours.slope_error == pytest.approx(theirs.slope_error, rel=1e-6)
        assert ours.r_squared == pytest.approx(theirs.r_squared, rel=1e-12)


def test_values_that_are_all_the_same_do_not_grow(rows: pd.DataFrame) -> None:
    trend = mt.fit_trend(in_duckdb(rows.assign(value=0.1)))
    assert (trend.slope, trend.growth_factor()) == (0.0, 1.0)


def test_no_row_is_an_error_of_too_few() -> None:
    empty = pl.DataFrame({"date": [], "value": []}, schema={"date": pl.Date, "value": pl.Float64}).lazy()
    with pytest.raises(TooFewObservations, match="no rows of the data frame are left"):
        mt.fit_trend(empty)


def test_the_engine_hands_over_cells_and_not_rows(rows: pd.DataFrame) -> None:
    table = find_pushed(mt.fit_by(in_duckdb(rows), "kind").trends["gpu"])
    assert table is not None
    asked = next(iter(table._asked.values()))
    assert len(asked.sums) < len(rows)
    assert asked.first_date >= dt.date(2000, 1, 1)


@pytest.mark.parametrize("place", [in_duckdb, in_polars])
@pytest.mark.parametrize("method", [mt.Method(), mt.Method(se="classical", within="kind")], ids=str)
def test_windows_of_time_are_as_in_memory(
    rows: pd.DataFrame, place: Callable[[pd.DataFrame], Any], method: mt.Method
) -> None:
    ours, theirs = (mt.rolling_rates(data, method=method, step_years=5) for data in (place(rows), rows))
    assert len(ours) == 3
    gap = rows[(rows["date"] < "2004") | (rows["date"] > "2018")]
    window: dict[str, Any] = {"window_years": 2.5, "step_years": 2.5, "method": method}
    ours, theirs = (mt.rolling_rates(data, **window) for data in (place(gap), gap))
    pd.testing.assert_frame_equal(ours, theirs, rtol=TOLERANCE, check_dtype=False)
