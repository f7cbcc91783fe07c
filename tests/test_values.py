from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.datasets.parsing import Reading
from memwall_trends.datasets.parsing.values import Values, read_values
from memwall_trends.errors import MemwallError


def read(*cells: str, separator: str = ",", name: str = "value", units: Any = None, **said: Any) -> Values:
    column = pd.Series(list(cells), name=name)
    beside = None if units is None else pd.Series(units)
    return read_values(column, reading=Reading(**said), separator=separator, units=beside, where="the column")


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "2.5e3", " 4 "], [1, 2500, 4]),
        (["1,000", "900", "2,500.5"], [1000, 900, 2500.5]),
        (["1.000,5", "900", "2.500"], [1000.5, 900, 2500]),
        (["100,0", "1.234"], [100, 1234]),
        (["1 000", "2\u202f500", "3'000"], [1000, 2500, 3000]),
        (["1.555", "2.039"], [1.555, 2.039]),
        (["1,000,000", "900,000"], [1e6, 9e5]),
        (["70B", "1.5T", "350M"], [70e9, 1.5e12, 350e6]),
        (["175 billion", "7 million"], [175e9, 7e6]),
        (["$3.6", "$1,200"], [3.6, 1200]),
        ([".5", "1"], [0.5, 1]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells: list[str], numbers: list[float]) -> None:
    assert read(*cells).numbers.tolist() == pytest.approx(numbers)


@pytest.mark.parametrize(
    "cell", ["x", "1,00", "1,2,3", "12,34,567", "1..2", "--1", "0x10", "1_0", "٣", "1 2"]
)
def test_what_is_no_number_is_none(cell: str) -> None:
    assert read(cell, "1.5", "2").numbers.isna().tolist() == [True, False, False]


def test_a_comma_that_can_be_either_mark_is_asked_about_where_semicolons_separate() -> None:
    with pytest.raises(MemwallError, match=r"'1,234' can have a decimal comma or thousands.*--decimal"):
        read("1,234", "900", separator=";")
    assert read("1,234", "900", separator=";", decimal=",").numbers.tolist() == [1.234, 900]
    assert read("1,234", "900", separator=";", decimal=".").numbers.tolist() == [1234, 900]
    assert read("1,234", "0,5", separator=";").numbers.tolist() == [1.234, 0.5]


def test_units_in_cells_are_converted_to_the_one_that_most_have() -> None:
    values = read("64GB/sec", "1,555 GB/s", "0.8 TB/s", "900 GBps")
    assert values.numbers.tolist() == [64, 1555, 800, 900]
    assert set(values.units) == {"GB/sec"} or set(values.units) == {"GB/s"}
    assert read("1307.4 TFLOPs", "2 PFLOPS").numbers.tolist() == [1307.4, 2000]


def test_bits_beside_bytes_are_converted_only_if_the_unit_is_named() -> None:
    assert read("100 GB/s", "100 GB/s", "800 Gb/s").numbers.isna().tolist() == [False, False, True]
    assert read("100 GB/s", "800 Gb/s", unit="GB/s").numbers.tolist() == [100, 100]


def test_a_bare_number_beside_units_needs_a_unit() -> None:
    values = read("100", "160 GB/s")
    assert values.numbers.isna().tolist() == [True, False]
    assert "in GB/s" in values.expected
    assert read("100", "0.16 TB/s", name="Bandwidth (GB/s)").numbers.tolist() == [100, 160]
    assert read("100", "0.16 TB/s", unit="GB/s").numbers.tolist() == [100, 160]


def test_a_column_of_units_is_honoured() -> None:
    values = read("900", "1.555", "3.35", units=["GB/s", "TB/s", "TB/s"])
    assert values.numbers.tolist() == pytest.approx([0.9, 1.555, 3.35])
    assert (set(values.units), values.converted) == ({"TB/s"}, ("GB/s",))
    mixed = read("1", "2", units=["GB", "GB/s"])
    assert mixed.units.tolist() == ["GB", "GB/s"]
    # One unit needs no knowledge of it.
    assert set(read("1", "2", units=["nm", "nm"]).units) == {"nm"}


def test_zero_and_less_are_no_values() -> None:
    values = read("0", "-3", "inf", "1")
    assert values.numbers.isna().tolist() == [True, True, True, False]
    assert values.zero.tolist() == [True, False, False, False]


@settings(max_examples=300, deadline=None)
@given(
    cells=st.lists(
        st.one_of(st.text(max_size=10), st.from_regex(r"[-+]?[\d.,' ]{0,8} ?[A-Za-z/]{0,5}")), max_size=5
    ),
    separator=st.sampled_from([",", ";", ""]),
)
def test_any_cells_are_numbers_above_zero_or_none(cells: list[str], separator: str) -> None:
    try:
        numbers = read(*cells, separator=separator).numbers.dropna()
    except MemwallError:
        return
    assert (numbers > 0).all()
    assert (numbers < float("inf")).all()
