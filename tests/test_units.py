from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.units import (
    convert_quantity,
    decimal_years,
    format_number,
    parse_date,
    parse_year,
    power_of_ten,
)

if TYPE_CHECKING:
    from decimal import Decimal


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


# Quantities


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("989.5 TFLOP/s", "GFLOP/s", 989_500),
        ("989.5TFLOPS", "GFLOP/s", 989_500),
        ("2.5 PFLOP/s", "GFLOP/s", 2_500_000),
        ("624 TOPS", "GFLOP/s", 624_000),
        ("3.35 TB/s", "GB/s", 3350),
        ("819.2e3 MB/s", "GB/s", 819.2),
        ("900 Gb/s", "GB/s", 112.5),
        ("64 Gbit/s", "GB/s", 8),
        ("1 TiB/s", "GB/s", 1099.511627776),
        ("80 GB", "GB", 80),
        ("80 GiB", "GB", 85.89934592),
        ("512 MiB", "GB", 0.536870912),
        ("64 GT/s", "GT/s", 64),
        ("3.8e25 FLOP", "PFLOP", 3.8e10),
        ("405e9 parameters", "parameters", 405e9),
        ("80", "GB", 80),
        ("  80  GB ", "GB", 80),
    ],
)
def test_quantities_are_converted(text: str, unit: str, value: float) -> None:
    assert convert_quantity(text, unit) == value


PREFIXES = {
    **{"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15},
    **{"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40},
}
NUMBERS = st.decimals(min_value="0.001", max_value="99999", places=3)


@given(number=NUMBERS, prefix=st.sampled_from(sorted(PREFIXES)), other=st.sampled_from(sorted(PREFIXES)))
def test_prefixes_scale(number: Decimal, prefix: str, other: str) -> None:
    converted = convert_quantity(f"{number} {prefix}B", f"{other}B")
    assert converted == pytest.approx(float(number) * PREFIXES[prefix] / PREFIXES[other], rel=1e-12)


@given(number=NUMBERS, unit=st.sampled_from(["GB/s", "GB", "GFLOP/s", "GT/s", "PFLOP", "parameters"]))
def test_a_canonical_quantity_stays_as_it_is(number: Decimal, unit: str) -> None:
    assert convert_quantity(f"{number} {unit}", unit) == convert_quantity(str(number), unit) == float(number)


@given(number=NUMBERS)
def test_eight_bits_are_a_byte(number: Decimal) -> None:
    in_bytes = convert_quantity(f"{number} GB/s", "GB/s")
    assert convert_quantity(f"{number} Gb/s", "GB/s") == pytest.approx(in_bytes / 8, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("3 furlong", "GB", "cannot read the quantity '3 furlong': expected a number above zero and a unit"),
        ("3,35 TB/s", "GB/s", "cannot read"),
        ("", "GB", "cannot read"),
        ("fast", "GB/s", "cannot read"),
        ("-80 GB", "GB", "cannot read"),
        ("0 GB", "GB", "not above zero"),
        ("1e999 GB", "GB", "not above zero and finite"),
        ("9**9**9 GB", "GB", "cannot read"),
        ("__import__('os') GB", "GB", "cannot read"),
        ("3 GB", "GB/s", "'3 GB' does not measure what GB/s measures; write it in GB/s"),
        ("64 GT/s", "GB/s", "does not measure"),
        ("3 GB/s/s", "GB/s", "does not measure"),
    ],
)
def test_what_is_no_quantity_is_a_message(text: str, unit: str, message: str) -> None:
    with pytest.raises(MemwallError, match=re.escape(message)):
        convert_quantity(text, unit)


@given(text=st.text(max_size=30), unit=st.sampled_from(["GB/s", "GB", "GFLOP/s", "parameters"]))
def test_any_text_is_a_quantity_or_a_message(text: str, unit: str) -> None:
    try:
        value = convert_quantity(text, unit)
    except MemwallError:
        return
    assert value > 0
