from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.datasets.parsing.dates import read_dates
from memwall_trends.errors import MemwallError
from memwall_trends.units import decimal_years


def days(*cells: str, date_format: str | None = None) -> list[str]:
    read, _ = read_dates(pd.Series(list(cells)), date_format, "the column")
    return list(read.dt.strftime("%Y-%m-%d"))


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2016", "2016-01-01"),
        ("2016.0", "2016-01-01"),
        ("2016-03", "2016-03-01"),
        ("2016-03-09", "2016-03-09"),
        ("2016/3/9", "2016-03-09"),
        ("2016.03.09", "2016-03-09"),
        ("201603", "2016-03-01"),
        ("20160309", "2016-03-09"),
        ("03/2016", "2016-03-01"),
        ("3.2016", "2016-03-01"),
        ("2016Q2", "2016-04-01"),
        ("2016-Q2", "2016-04-01"),
        ("Q2 2016", "2016-04-01"),
        ("2Q 2016", "2016-04-01"),
        ("H2 2016", "2016-07-01"),
        ("Mar 2016", "2016-03-01"),
        ("March 2016", "2016-03-01"),
        ("Sept. 2016", "2016-09-01"),
        ("Mar-16", "2016-03-01"),
        ("Mar '99", "1999-03-01"),
        ("9 March 2016", "2016-03-09"),
        ("9-Mar-2016", "2016-03-09"),
        ("March 9, 2016", "2016-03-09"),
        ("Mar 9th 2016", "2016-03-09"),
        ("2016 May", "2016-05-01"),
        ("2016-03-09T12:30:00Z", "2016-03-09"),
        ("3/19/2016 12:00 AM", "2016-03-19"),
        ("19.3.2016", "2016-03-19"),
        ("3/19/16", "2016-03-19"),
    ],
)
def test_a_form_that_means_one_day_is_read(cell: str, day: str) -> None:
    assert days(cell) == [day]


@pytest.mark.parametrize(
    "cell", ["", "soon", "2016-13", "2016-02-30", "31.02.2016", "0016", "~2016", "201613", "Q5 2016", "٢٠١٦"]
)
def test_what_means_no_day_has_none(cell: str) -> None:
    read, _ = read_dates(pd.Series([cell, "2016"]), None, "the column")
    assert read.isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["01.03.2016", "02.04.2017"],
            r"'01.03.2016' can be day first or month first.*--date-format day",
        ),
        (["1/3/16"], r"can be day first or month first or year first"),
        (["2011.02", "2012.11"], r"--date-format decimal-year, or --date-format %Y.%m"),
        (["2011.5", "2012"], r"'2011.5' can be a year with decimals or a year and a month"),
    ],
)
def test_what_means_two_days_is_asked_about(cells: list[str], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        days(*cells)


def test_one_cell_that_fits_one_order_only_decides_for_its_column() -> None:
    assert days("01.03.2016", "14.05.2020") == ["2016-03-01", "2020-05-14"]
    assert days("01/03/2016", "05/14/2020") == ["2016-01-03", "2020-05-14"]
    assert days("03.03.2016", "04.04.2017") == ["2016-03-03", "2017-04-04"]


def test_a_format_that_is_named_is_taken() -> None:
    assert days("01.03.2016", date_format="day-first") == ["2016-03-01"]
    assert days("01.03.2016", date_format="month-first") == ["2016-01-03"]
    assert days("01.03.16", date_format="%d.%m.%y") == ["2016-03-01"]
    assert days("2011.02", date_format="%Y.%m") == ["2011-02-01"]
    read, forms = read_dates(pd.Series(["2011.02"]), "decimal-year", "the column")
    assert decimal_years(read.to_numpy())[0] == pytest.approx(2011.02, abs=1e-9)
    assert forms == "decimal years"


def test_decimal_years_are_the_moments_that_they_name() -> None:
    years = [2016.167, 2018.33, 2020.366]
    read, forms = read_dates(pd.Series(list(map(str, years))), None, "the column")
    assert decimal_years(read.to_numpy()).tolist() == pytest.approx(years, abs=1e-9)
    assert forms == "decimal years"


def test_forms_that_are_certain_can_stand_beside_each_other() -> None:
    _, forms = read_dates(pd.Series(["2016", "2017-02", "Mar 2018", "19.4.2019"]), None, "the column")
    assert forms == "years and months and month names and day first (19.4.2019)"


@settings(max_examples=300, deadline=None)
@given(cells=st.lists(st.one_of(st.text(max_size=12), st.from_regex(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"))))
def test_any_cells_are_days_or_a_message(cells: list[str]) -> None:
    try:
        read, _ = read_dates(pd.Series(cells, dtype="str"), None, "the column")
    except MemwallError:
        return
    assert len(read) == len(cells)
    assert read.dtype == "datetime64[us]"
