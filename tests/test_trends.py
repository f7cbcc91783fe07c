from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.datasets import list_series, load_table
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.units import decimal_years, format_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The slopes of the polylines in the authors' figures, per two years: read off the PDFs, not fitted.
PLOTTED = {
    "peak_flops": 3.02573,
    "dram_bandwidth": 1.59151,
    "interconnect_bandwidth": 1.41507,
    "training_compute": 755.038,
    "model_size": 413.134,
    "memory_capacity": 1.86302,
}

DATES = st.lists(st.dates(dt.date(1996, 1, 1), dt.date(2026, 12, 31)), min_size=3, max_size=30, unique=True)


def frame_of(dates: list[dt.date], values: np.ndarray | list[float]) -> pd.DataFrame:
    return pd.DataFrame({"date": pd.to_datetime(pd.Series(dates)), "value": values})


@pytest.mark.parametrize("series", PLOTTED)
def test_the_fit_is_the_authors_plotted_line(series: str) -> None:
    assert fit_trend(series, dataset="gholami2024").growth_factor() == pytest.approx(
        PLOTTED[series], rel=1e-5
    )


@pytest.mark.parametrize("series", list_series("gholami2024"))
def test_rates_and_intervals_agree_with_r(series: str, reference: dict[str, dict[str, float]]) -> None:
    trend, expected = fit_trend(series, dataset="gholami2024"), reference[series]
    assert trend.n_obs == expected["n_obs"]
    assert trend.growth_factor() == pytest.approx(expected["rate"], rel=1e-9)
    assert trend.doubling_time_years == pytest.approx(expected["doubling_time_years"], rel=1e-9)
    assert trend.growth_interval() == pytest.approx((expected["ci_low"], expected["ci_high"]), rel=1e-9)
    assert trend.growth_interval(level=0.8) == pytest.approx(
        (expected["ci_low_80"], expected["ci_high_80"]), rel=1e-9
    )


@pytest.mark.parametrize("series", list_series("gholami2024"))
@pytest.mark.parametrize("year", [2000, 2023, 2030])
def test_predictions_agree_with_r(series: str, year: int, reference: dict[str, dict[str, float]]) -> None:
    predicted = fit_trend(series, dataset="gholami2024").predict([float(year)]).iloc[0]
    for column in ("value", "confidence_low", "confidence_high", "prediction_low", "prediction_high"):
        assert predicted[column] == pytest.approx(reference[series][f"{column}_{year}"], rel=1e-7)


@given(DATES, st.floats(-0.5, 0.5), st.floats(-3, 9))
def test_data_made_from_a_slope_gives_it_back(dates: list[dt.date], slope: float, start: float) -> None:
    values = 10 ** (start + slope * (decimal_years(dates) - 2010))
    trend = fit_trend(frame_of(dates, values))
    assert trend.growth_factor() == pytest.approx(10 ** (2 * slope), rel=1e-6)


@settings(deadline=None)
@given(DATES, st.floats(1e-6, 1e6))
def test_scaling_values_and_reversing_rows_leave_the_rate(dates: list[dt.date], factor: float) -> None:
    values = np.random.default_rng(len(dates)).lognormal(2, 1, len(dates))
    trend = fit_trend(frame_of(dates, values))
    scaled = fit_trend(frame_of(dates, values * factor))
    reversed_ = fit_trend(frame_of(dates[::-1], values[::-1]))
    for other in (scaled, reversed_):
        assert other.slope == pytest.approx(trend.slope, rel=1e-6, abs=1e-9)
        assert other.slope_error == pytest.approx(trend.slope_error, rel=1e-6, abs=1e-9)
    later = trend.predict([2030.0])["value"][0] * factor
    assert scaled.predict([2030.0])["value"][0] == pytest.approx(later, rel=1e-6)


def test_periods_compound() -> None:
    trend = fit_trend("peak_flops", dataset="gholami2024")
    assert trend.growth_factor(per=20) == pytest.approx(trend.growth_factor(per=2) ** 10)
    assert trend.growth_factor(per=trend.doubling_time_years) == pytest.approx(2)
    low, high = trend.growth_interval(per=1)
    assert (math.log10(2) / math.log10(high), math.log10(2) / math.log10(low)) == pytest.approx(
        trend.doubling_interval()
    )


def test_an_interval_for_a_new_device_is_wider_than_for_the_mean() -> None:
    row = fit_trend("dram_bandwidth", dataset="gholami2024").predict([2010.0]).iloc[0]
    assert row["prediction_low"] < row["confidence_low"] < row["value"]
    assert row["value"] < row["confidence_high"] < row["prediction_high"]


def test_a_doubling_time_is_unbounded_where_growth_is_not_certain() -> None:
    dates = [dt.date(2010 + year, 1, 1) for year in range(4)]
    growing = fit_trend(frame_of(dates, [1.0, 3.0, 1.0, 3.0]))
    assert growing.doubling_interval()[1] == math.inf
    assert growing.doubling_interval()[0] < growing.doubling_time_years
    shrinking = fit_trend(frame_of(dates, [3.0, 1.0, 3.0, 1.0]))
    assert shrinking.doubling_interval()[0] == -math.inf
    assert shrinking.doubling_time_years < shrinking.doubling_interval()[1] < 0


def test_a_certain_decline_has_negative_doubling_times() -> None:
    trend = fit_trend(frame_of([dt.date(2010 + year, 1, 1) for year in range(5)], [16.0, 8.1, 4.0, 2.1, 1.0]))
    low, high = trend.doubling_interval()
    assert low < trend.doubling_time_years < high < 0


def test_no_growth_is_no_error() -> None:
    trend = fit_trend(frame_of([dt.date(2010 + year, 1, 1) for year in range(3)], [2.0, 2.0, 2.0]))
    assert trend.growth_factor() == 1
    assert trend.growth_interval() == (1, 1)
    assert trend.doubling_time_years == math.inf
    assert "R² n/a" in trend.describe()


def test_the_rows_that_the_authors_fitted_are_the_default() -> None:
    assert fit_trend("model_size", dataset="gholami2024").n_obs == 10
    assert fit_trend("model_size", dataset="gholami2024", where={"vendor": "OpenAI"}).n_obs == 3
    assert fit_trend("model_size", dataset="gholami2024", where={"kind": "cnn"}).n_obs == 5
    assert (
        fit_trend(
            "model_size", dataset="gholami2024", where={"kind": ["transformer", "cnn", "recommender"]}
        ).n_obs
        == 16
    )


def test_a_window_narrows_the_fit() -> None:
    trend = fit_trend("peak_flops", dataset="gholami2024", since="2010", until="2019")
    assert trend.first_date == dt.date(2010, 1, 1)
    assert trend.last_date == dt.date(2018, 5, 8)


def test_a_file_a_frame_and_a_series_with_the_same_rows_agree(tmp_path: Path) -> None:
    frame = load_table("dram_bandwidth", "gholami2024")
    path = tmp_path / "mine.csv"
    frame.to_csv(path, index=False)
    classical = Method(se="classical")
    expected = fit_trend("dram_bandwidth", dataset="gholami2024")
    for trend in (fit_trend(data, method=classical) for data in (path, str(path), frame)):
        assert trend.growth_interval() == pytest.approx(expected.growth_interval())
        assert trend.unit == "GB/s"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("2010,1\n2011,2\n", "2 row\\(s\\) with 2 different date"),
        ("2010,1\n2010,2\n2011,3\n2011,4\n", "4 row\\(s\\) with 2 different date"),
    ],
)
def test_fewer_than_three_dates_are_too_few(csv_file: Callable[[str], Path], rows: str, found: str) -> None:
    path = csv_file("date,value\n" + rows)
    with pytest.raises(MemwallError, match=f"{path}: {found}.*expected at least 3"):
        fit_trend(path)


def test_hours_of_one_day_are_one_date() -> None:
    hours = pd.to_datetime(["2010-01-01 01:00", "2010-01-01 02:00", "2011-01-01 03:00"], format="ISO8601")
    with pytest.raises(TooFewObservations, match="3 row\\(s\\) with 2 different date"):
        fit_trend(pd.DataFrame({"date": hours, "value": [1.0, 2.0, 3.0]}))


def test_a_column_that_is_not_asked_for_stays_what_it_is(csv_file: Callable[[str], Path]) -> None:
    path = csv_file(
        "day,gb_s,date,value,unit\n2010,1,x,low,a\n2011,2,x,high,b\n2012,4,x,high,c\n2013,8,x,high,d\n"
    )
    trend = fit_trend(path, date_column="day", value_column="gb_s", where={"value": "high", "date": "x"})
    assert trend.observations["value"].tolist() == [2, 4, 8]
    assert trend.unit == ""


def test_the_unit_is_that_of_the_chosen_rows(csv_file: Callable[[str], Path]) -> None:
    rows = [f"{2010 + year},{2**year},{unit}\n" for unit in ("GB/s", "Gb/s") for year in range(3)]
    assert fit_trend(csv_file("date,value,unit\n" + "".join(rows)), where={"unit": "Gb/s"}).unit == "Gb/s"


def test_a_unit_without_a_value_is_one_of_the_units() -> None:
    frame = frame_of([dt.date(2010 + year, 1, 1) for year in range(3)], [1.0, 2.0, 4.0])
    with pytest.raises(MemwallError, match="'unit' mixes 'GB/s', 'nan'"):
        fit_trend(frame.assign(unit=["GB/s", float("nan"), "GB/s"]))


def test_mixed_units_are_refused_until_one_is_chosen(csv_file: Callable[[str], Path]) -> None:
    path = csv_file("date,value,unit\n2010,1,GB/s\n2011,2,GB/s\n2012,4,GB/s\n2013,64,Gb/s\n")
    with pytest.raises(MemwallError, match="'unit' mixes 'GB/s', 'Gb/s'"):
        fit_trend(path)
    assert fit_trend(path, where={"unit": "GB/s"}).n_obs == 3


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, math.nan])
def test_a_level_is_between_0_and_1(level: float) -> None:
    with pytest.raises(MemwallError, match=r"between 0 and 1, as in 0\.95"):
        fit_trend("peak_flops", dataset="gholami2024").growth_interval(level=level)


@pytest.mark.parametrize("per", [0, -2, math.inf, math.nan])
def test_a_period_is_above_zero(per: float) -> None:
    with pytest.raises(MemwallError, match="number of years above zero"):
        fit_trend("peak_flops", dataset="gholami2024").growth_factor(per=per)


def test_the_summary_is_tidy_and_what_is_shown() -> None:
    trend = fit_trend("peak_flops", dataset="gholami2024")
    summary = trend.summary(per=1, level=0.9)
    assert summary.columns.tolist() == ["quantity", "unit", "estimate", "low", "high"]
    assert summary["quantity"].tolist() == ["growth factor / year", "yearly growth", "doubling time"]
    assert ((summary["low"] < summary["estimate"]) & (summary["estimate"] < summary["high"])).all()
    shown = trend.shown(per=1, level=0.9)
    assert shown.columns[-1] == "90% interval"
    low, high = trend.growth_interval(per=1, level=0.9)
    assert shown.iloc[0].tolist() == [
        "growth factor / year",
        f"{format_number(trend.growth_factor(1))}x",
        f"{format_number(low)} to {format_number(high)}",
    ]
    assert summary[["low", "high"]].iloc[2].tolist() == list(trend.doubling_interval(0.9))


def test_the_record_has_the_period_and_level_asked_for() -> None:
    trend = fit_trend("peak_flops", dataset="gholami2024")
    record = trend.to_record(per=1, level=0.8)
    assert (record["ci_low"], record["ci_high"]) == trend.growth_interval(1, 0.8)
    assert (record["rate"], record["period_years"], record["level"]) == (trend.growth_factor(1), 1, 0.8)


def test_a_trend_prints_well() -> None:
    trend = fit_trend("peak_flops", dataset="gholami2024")
    lines = str(trend).splitlines()
    assert lines[0] == "peak_flops (gholami2024)"
    assert "37 observations" in lines[1]
    assert "3.026x" in lines[3]
    assert max(map(len, lines)) <= 100
    assert repr(trend) == str(trend)
    assert "<table" in trend._repr_html_()


def test_names_are_no_markup_in_a_notebook(tmp_path: Path) -> None:
    path = tmp_path / "<img src=x>.csv"
    path.write_text("date,value\n2010,1\n2011,2\n2012,4\n", encoding="utf-8")
    assert "<img" not in fit_trend(path)._repr_html_()
