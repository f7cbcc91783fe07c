from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.units import decimal_years, format_number, parse_date, parse_year, power_of_ten


def test_decimal_year_counts_days_of_a_julian_year() -> None:
    assert decimal_years(["1970-01-01", "1974-01-01", "1971-01-01"]).tolist() == [
        1970.0,
        1974.0,
        1970 + 365 / 365.25,
    ]


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)))
def test_a_day_is_the_same_distance_everywhere(day: dt.date) -> None:
    today, tomorrow = decimal_years([day, day + dt.timedelta(days=1)])
    assert tomorrow - today == pytest.approx(1 / 365.25, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2010", "2010-01-01", "2010-12-31"),
        ("2012-02", "2012-02-01", "2012-02-29"),
        ("2010-06-30", "2010-06-30", "2010-06-30"),
        (" 2010 ", "2010-01-01", "2010-12-31"),
    ],
)
def test_a_year_or_month_counts_whole(text: str, first: str, last: str) -> None:
    assert parse_date(text).isoformat() == first
    assert parse_date(text, end_of_period=True).isoformat() == last


@pytest.mark.parametrize(
    "text", ["", "soon", "2010-13", "2010-02-30", "10-06-2010", "0000", "20100630", "٢٠١٠"]
)
def test_what_is_no_date_says_what_was_expected(text: str) -> None:
    with pytest.raises(MemwallError, match=r"expected a year \(2010\)"):
        parse_date(text)


@given(st.text())
def test_any_text_is_a_date_or_a_message(text: str) -> None:
    try:
        parse_date(text)
    except MemwallError:
        return


def test_a_bare_year_is_its_first_moment() -> None:
    assert parse_year("2030") == 2030.0
    assert parse_year("2030.5") == 2030.5
    assert parse_year("2030-01-01") == 2030.0


def test_power_of_ten_does_not_overflow() -> None:
    assert power_of_ten(1e9) == math.inf
    assert power_of_ten(-1e9) == 0.0


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (3.02573, 4, "3.026"),
        (2.0, 1, "2"),
        (60000, 1, "60,000"),
        (64313.2, 4, "64,310"),
        (9.9996, 4, "10.00"),
        (0.2301, 2, "0.23"),
        (-11.5, 3, "-11.5"),
        (0, 4, "0"),
        (1e69, 4, "1.000e+69"),
        (math.inf, 4, "infinite"),
        (math.nan, 4, "n/a"),
    ],
)
def test_numbers_are_rounded_for_a_reader(number: float, digits: int, text: str) -> None:
    assert format_number(number, digits) == text


@given(st.floats(min_value=1e-3, max_value=1e8), st.integers(min_value=1, max_value=8))
def test_a_formatted_number_is_close_to_the_number(number: float, digits: int) -> None:
    shown = float(format_number(number, digits).replace(",", ""))
    assert shown == pytest.approx(number, rel=0.5 * 10 ** (1 - digits) * 1.0001)
