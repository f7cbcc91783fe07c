from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.selection import describe_where, parse_where, select, split_where


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "date": pd.to_datetime(
                ["2009-12-31", "2010-01-01", "2010-12-31 18:00", "2011-01-01"], format="ISO8601"
            ),
            "value": [1.0, 2.0, 3.0, 4.0],
            "kind": ["cpu", "gpu", "gpu", "tpu"],
            "lanes": pd.array([1, 4, 8, 16], dtype="Int64"),
        }
    )


@pytest.mark.parametrize(
    ("since", "until", "values"),
    [
        (None, None, [1, 2, 3, 4]),
        ("2010", None, [2, 3, 4]),
        (None, "2010", [1, 2, 3]),
        ("2010", "2010", [2, 3]),
        ("2010-01-02", "2010-12", [3]),
        ("2010-12-31", "2010-12-31", [3]),
    ],
)
def test_a_window_holds_its_first_and_last_day(
    frame: pd.DataFrame, since: str | None, until: str | None, values: list[float]
) -> None:
    assert select(frame, since=since, until=until)["value"].tolist() == values


def test_columns_narrow_and_values_widen(frame: pd.DataFrame) -> None:
    assert select(frame, where={"kind": ["gpu", "tpu"]})["value"].tolist() == [2, 3, 4]
    assert select(frame, where={"kind": ["gpu", "tpu"], "lanes": "16"})["value"].tolist() == [4]


def test_numbers_and_dates_are_compared_as_such(frame: pd.DataFrame) -> None:
    assert select(frame, where={"value": "2"})["value"].tolist() == [2]
    assert select(frame, where={"lanes": "4.0"})["value"].tolist() == [2]
    assert select(frame, where={"date": "2011-01-01"})["value"].tolist() == [4]
    with pytest.raises(MemwallError, match="column 'lanes' of the data holds numbers; 'x4' is none"):
        select(frame, where={"lanes": "x4"})


def test_a_year_a_day_and_a_number_need_no_quotes(frame: pd.DataFrame) -> None:
    assert select(frame, since=2011)["value"].tolist() == [4]
    assert select(frame, until=dt.date(2009, 12, 31))["value"].tolist() == [1]
    assert select(frame, where={"lanes": 4, "value": [2.0, 3.0]})["value"].tolist() == [2]


def test_a_window_reaches_to_any_year() -> None:
    old = pd.DataFrame({"date": pd.to_datetime(["1500-01-01", "2013-01-01"]).astype("datetime64[s]")})
    assert len(select(old, until="2012")) == 1


def test_nothing_left_says_what_there_is(frame: pd.DataFrame) -> None:
    with pytest.raises(MemwallError, match="its dates run from 2009-12-31 to 2011-01-01"):
        select(frame, since="2030")
    with pytest.raises(TooFewObservations, match="where kind=fpga; known: cpu, gpu, tpu"):
        select(frame, where={"kind": "fpga"})
    with pytest.raises(
        TooFewObservations, match=r"known: \(empty\), nan, word word word word word word word\.\.\."
    ):
        select(frame.assign(kind=["", float("nan"), "word " * 20, "word " * 20]), where={"kind": "fpga"})


def test_wrong_selections_are_messages(frame: pd.DataFrame) -> None:
    with pytest.raises(MemwallError, match="upside down"):
        select(frame, since="2011", until="2010")
    with pytest.raises(MemwallError, match=r"unknown column of the data 'kinds'; did you mean 'kind'\?"):
        select(frame, where={"kinds": "gpu"})
    with pytest.raises(MemwallError, match="claims has no dates"):
        select(load_table("claims"), since="2010", origin="claims")


def test_conditions_are_parsed_at_the_first_equals_sign() -> None:
    assert parse_where(["note=a=b", "label=", " kind = gpu "]) == {
        "note": ["a=b"],
        "label": [""],
        "kind": ["gpu"],
    }


@pytest.mark.parametrize("condition", ["kind", "=gpu", ""])
def test_what_is_no_condition_is_a_message(condition: str) -> None:
    with pytest.raises(MemwallError, match="expected COLUMN=VALUE"):
        parse_where([condition])


def test_conditions_go_to_the_tables_that_have_the_column() -> None:
    tables = {"flops": ["date", "precision", "kind"], "bandwidth": ["date", "kind"]}
    assert split_where({"precision": "fp64", "kind": "gpu"}, tables) == {
        "flops": {"precision": "fp64", "kind": "gpu"},
        "bandwidth": {"kind": "gpu"},
    }
    with pytest.raises(MemwallError, match="unknown column of flops and bandwidth 'lanes'"):
        split_where({"lanes": "4"}, tables)


def test_conditions_are_described_for_a_reader() -> None:
    assert describe_where({"kind": ["gpu", "cpu"], "vendor": "AMD"}) == "kind=gpu or cpu; vendor=AMD"
