from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.datasets import load_table
from memwall_trends.datasets.conditions import (
    describe_where,
    filter_rows,
    merge_where,
    parse_where,
    split_where,
)
from memwall_trends.datasets.rates import PRECISIONS, find_precision, select_frontier, select_precision
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.groups import fit_by
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.backtest import run_backtest
from memwall_trends.questions.gap import fit_gap
from memwall_trends.questions.stability import fit_break
from memwall_trends.selection import (
    COLUMN_CHOICES,
    Choose,
    select,
    select_each,
    split_choices,
)

if TYPE_CHECKING:
    from pathlib import Path


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
    assert filter_rows(frame, since=since, until=until)["value"].tolist() == values


def test_columns_narrow_and_values_widen(frame: pd.DataFrame) -> None:
    assert filter_rows(frame, where={"kind": ["gpu", "tpu"]})["value"].tolist() == [2, 3, 4]
    assert filter_rows(frame, where={"kind": ["gpu", "tpu"], "lanes": "16"})["value"].tolist() == [4]


def test_numbers_and_dates_are_compared_as_such(frame: pd.DataFrame) -> None:
    assert filter_rows(frame, where={"value": "2"})["value"].tolist() == [2]
    assert filter_rows(frame, where={"lanes": "4.0"})["value"].tolist() == [2]
    assert filter_rows(frame, where={"date": "2011-01-01"})["value"].tolist() == [4]
    with pytest.raises(MemwallError, match="column 'lanes' of the data holds numbers; 'x4' is none"):
        filter_rows(frame, where={"lanes": "x4"})


def test_a_year_a_day_and_a_number_need_no_quotes(frame: pd.DataFrame) -> None:
    assert filter_rows(frame, since=2011)["value"].tolist() == [4]
    assert filter_rows(frame, until=dt.date(2009, 12, 31))["value"].tolist() == [1]
    assert filter_rows(frame, where={"lanes": 4, "value": [2.0, 3.0]})["value"].tolist() == [2]


def test_a_window_reaches_to_any_year() -> None:
    old = pd.DataFrame({"date": pd.to_datetime(["1500-01-01", "2013-01-01"]).astype("datetime64[s]")})
    assert len(filter_rows(old, until="2012")) == 1


def test_nothing_left_says_what_there_is(frame: pd.DataFrame) -> None:
    with pytest.raises(MemwallError, match="its dates run from 2009-12-31 to 2011-01-01"):
        filter_rows(frame, since="2030")
    with pytest.raises(TooFewObservations, match="where kind=fpga; known: cpu, gpu, tpu"):
        filter_rows(frame, where={"kind": "fpga"})
    with pytest.raises(
        TooFewObservations, match=r"known: \(empty\), nan, word word word word word word word\.\.\."
    ):
        filter_rows(frame.assign(kind=["", float("nan"), "word " * 20, "word " * 20]), where={"kind": "fpga"})


def test_wrong_selections_are_messages(frame: pd.DataFrame) -> None:
    with pytest.raises(MemwallError, match="upside down"):
        filter_rows(frame, since="2011", until="2010")
    with pytest.raises(MemwallError, match=r"unknown column of the data 'kinds'; did you mean 'kind'\?"):
        filter_rows(frame, where={"kinds": "gpu"})
    with pytest.raises(MemwallError, match="claims has no dates"):
        filter_rows(load_table("claims"), since="2010", origin="claims")


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


# Conditions that leave out


def test_a_condition_can_leave_values_out() -> None:
    rows = pd.DataFrame({"memory": ["HBM3", "SRAM", "", "HBM3"], "lanes": [1.0, 2.0, 4.0, 1.0]})
    assert filter_rows(rows, where={"memory!": "SRAM"}).index.tolist() == [0, 2, 3]
    assert filter_rows(rows, where={"memory!": ["SRAM", ""]}).index.tolist() == [0, 3]
    assert filter_rows(rows, where={"lanes!": 1, "memory!": "SRAM"}).index.tolist() == [2]


@pytest.mark.parametrize("written", ["memory!=SRAM", "memory != SRAM", " memory !=SRAM "])
def test_a_condition_that_leaves_out_is_written_with_an_exclamation_mark(written: str) -> None:
    assert parse_where([written, "memory!=DDR4"]) == {"memory!": ["SRAM", "DDR4"]}


def test_a_users_condition_takes_the_place_of_the_usual_one_on_that_column() -> None:
    usual = {"memory!": "SRAM", "scope": "lane"}
    assert merge_where(usual, {"memory": "SRAM"}) == {"scope": ["lane"], "memory": ["SRAM"]}
    assert merge_where(usual, {"scope!": "lane"}) == {"memory!": ["SRAM"], "scope!": ["lane"]}


# Precision


RATES = pd.DataFrame(
    [
        ("A", "2020-01-01", "fp64", "vector", "dense", 10.0),
        ("A", "2020-01-01", "fp64", "matrix", "dense", 20.0),
        ("A", "2020-01-01", "fp32", "vector", "dense", 20.0),
        ("A", "2020-01-01", "bf16", "matrix", "dense", 300.0),
        ("A", "2020-01-01", "fp16", "matrix", "structured", 600.0),
        ("A", "2020-01-01", "fp8", "matrix", "dense", 601.0),
        ("A", "2020-01-01", "int8", "matrix", "dense", 700.0),
        ("B", "2021-01-01", "fp32", "vector", "dense", 5.0),
        ("C", "2022-01-01", "int8", "matrix", "dense", 92.0),
        ("D", "2023-01-01", "fp4", "matrix", "structured", 9000.0),
        ("E", "2024-01-01", "fp6", "matrix", "dense", 9.0),
    ],
    columns=["name", "date", "precision", "engine", "sparsity", "value"],
)


@pytest.mark.parametrize(
    ("policy", "best"),
    [
        ("best16", {"A": 300, "B": 5}),
        ("fp64", {"A": 20}),
        ("fp32", {"A": 20, "B": 5}),
        ("fp16", {"A": 300}),
        ("fp8", {"A": 601}),
        ("fastest", {"A": 601, "B": 5, "E": 9}),
    ],
)
def test_a_policy_takes_the_best_dense_rate_of_each_device(policy: str, best: dict[str, float]) -> None:
    rows = select_precision(RATES, find_precision(policy))
    assert dict(zip(rows["name"], rows["value"], strict=True)) == best


def test_no_policy_takes_a_sparse_rate_unless_asked() -> None:
    assert select_precision(RATES, None)["value"].tolist() == [700, 5, 92, 9]
    assert select_precision(RATES, None, dense=False)["value"].tolist() == [700, 5, 92, 9000, 9]
    with pytest.raises(TooFewObservations, match="no rows of the data have a dense rate in fp4; known: fp64"):
        select_precision(RATES, find_precision("fp4"))


def test_an_unknown_policy_lists_the_known_ones() -> None:
    with pytest.raises(MemwallError, match="unknown precision 'fp46'; did you mean 'fp4'"):
        find_precision("fp46")
    with pytest.raises(MemwallError, match="no column 'precision': a precision cannot be chosen"):
        select_precision(RATES.drop(columns="precision"), None)
    with pytest.raises(MemwallError, match="a and b has no precisions"):
        split_choices({"precision": "fp64"}, {"a": ["date"], "b": ["date"]})


@pytest.mark.parametrize("policy", PRECISIONS)
def test_a_device_counts_once_under_every_policy(policy: str) -> None:
    rows = select("peak_flops", precision=policy).observations
    assert rows["name"].is_unique
    assert set(rows["sparsity"]) == {"dense"}
    assert set(rows["precision"]) <= set(PRECISIONS[policy])


def test_the_best_rate_at_16_bits_or_wider_is_the_default_of_curated_peak_flops() -> None:
    usual, asked = (select("peak_flops", precision=policy) for policy in (None, "best16"))
    assert usual.precision == asked.precision == "best16"
    pd.testing.assert_frame_equal(usual.observations, asked.observations)
    assert select("peak_flops", dataset="gholami2024").precision == ""


def test_a_condition_on_the_precision_takes_the_place_of_the_policy() -> None:
    chosen = select("peak_flops", where={"precision": "int8"})
    assert chosen.precision == ""
    assert set(chosen.observations["precision"]) == {"int8"}
    assert set(chosen.observations["sparsity"]) == {"dense"}
    others = select("peak_flops", where={"precision!": ["fp8", "fp6", "fp4", "int8", "int4"]})
    assert others.precision == ""
    sparse = select("peak_flops", where={"precision": "fp16", "sparsity": "structured"})
    assert set(sparse.observations["sparsity"]) == {"structured"}


# The frontier


def test_the_frontier_is_what_exceeded_all_before_it() -> None:
    days = ["2010-01-01", "2011-01-01", "2011-01-01", "2012-01-01", "2013-01-01", "2009-01-01"]
    rows = pd.DataFrame({"date": pd.to_datetime(days), "value": [5.0, 6.0, 7.0, 7.0, 8.0, 5.5]})
    assert select_frontier(rows)["value"].tolist() == [7.0, 8.0, 5.5]


@given(
    st.lists(
        st.tuples(st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)), st.floats(0.1, 1e9)),
        min_size=1,
        max_size=30,
    )
)
def test_the_frontier_rises_and_holds_the_best(pairs: list[tuple[dt.date, float]]) -> None:
    rows = pd.DataFrame(pairs, columns=["date", "value"])
    rows["date"] = pd.to_datetime(rows["date"])
    frontier = select_frontier(rows).sort_values("date")
    assert frontier["value"].is_monotonic_increasing
    assert frontier["value"].is_unique
    assert frontier["value"].max() == rows["value"].max()
    assert len(select_frontier(rows[::-1])) == len(frontier)


def test_a_record_is_a_record_when_it_is_set() -> None:
    since = select("dram_bandwidth", frontier=True, since="2015").observations
    ever = select("dram_bandwidth", frontier=True).observations
    assert since["name"].tolist() == ever.loc[ever["date"] >= "2015", "name"].tolist()


# What is fitted unless told otherwise


def test_machines_without_dram_stay_out_of_the_fits_of_dram() -> None:
    for series in ("dram_bandwidth", "memory_capacity"):
        assert "SRAM" not in set(select(series).observations["memory"])
        assert set(select(series, where={"memory": "SRAM"}).observations["memory"]) == {"SRAM"}


def test_interconnect_is_fitted_by_lane_unless_devices_are_asked_for() -> None:
    lanes = select("interconnect_bandwidth").observations
    devices = select("interconnect_bandwidth", where={"scope": "device"}).observations
    assert (set(lanes["scope"]), set(lanes["unit"])) == ({"lane"}, {"GT/s"})
    assert (set(devices["scope"]), set(devices["unit"])) == ({"device"}, {"GB/s"})


def test_a_selection_goes_in_place_of_a_name() -> None:
    chosen = select("peak_flops", since=2010, kind="gpu")
    assert (
        fit_trend(chosen).growth_factor() == fit_trend("peak_flops", since=2010, kind="gpu").growth_factor()
    )
    assert fit_gap(chosen, "dram_bandwidth", way="ratio").numerator.n_obs == len(chosen.observations)
    assert run_backtest(chosen).series == fit_break(chosen).series == "peak_flops"


def test_a_choice_narrows_a_selection_and_takes_the_place_of_its_own() -> None:
    gpus = select("peak_flops", since=2010, kind="gpu")
    later = select(gpus, since=2020, vendor="AMD")
    assert set(later.observations["kind"]) == {"gpu"}
    assert set(later.observations["vendor"]) == {"AMD"}
    assert later.observations["date"].min().year == 2020
    assert set(select(gpus, kind="cpu").observations["kind"]) == {"cpu"}


@pytest.mark.parametrize("column", COLUMN_CHOICES)
def test_a_column_has_a_choice_of_its_own(column: str) -> None:
    rows = load_table("interconnect_bandwidth")
    rows = rows[rows["scope"] == "lane"]
    value = str(rows[column].iloc[-1])
    choose = cast("Choose", {column: value.upper()})
    assert set(select("interconnect_bandwidth", **choose).observations[column]) == {value}


def test_names_are_taken_in_capitals_or_not() -> None:
    assert select("peak_flops", vendor="nvidia").where["vendor"] == ["NVIDIA"]
    assert select("peak_flops", precision="FP8").precision == "fp8"
    assert select("peak_flops", where={"precision": "FP8"}).where["precision"] == ["fp8"]


def test_a_wrong_choice_names_the_known_and_a_close_one() -> None:
    with pytest.raises(TooFewObservations, match=r"vendor=nvida; did you mean 'NVIDIA'\? known: "):
        select("peak_flops", vendor="nvida")
    with pytest.raises(MemwallError, match=r"unknown precision 'FP9'.* Known: best16, fp64"):
        select("peak_flops", precision="FP9")
    with pytest.raises(MemwallError, match=r"unknown choice 'vendr'; did you mean 'vendor'\?"):
        select("peak_flops", vendr="NVIDIA")  # type: ignore[call-arg]
    with pytest.raises(MemwallError, match="give one of them"):
        select("peak_flops", kind="gpu", where={"kind": "cpu"})


def test_a_selection_prints_what_it_holds() -> None:
    text = str(select("dram_bandwidth", since=2015, kind="gpu", frontier=True))
    assert text.startswith("dram_bandwidth (curated): ")
    assert "; since=2015; memory!=SRAM; shipped!=no; kind=gpu; record-setting devices only\n" in text
    assert len(text.splitlines()) < 16


def test_several_series_share_choices() -> None:
    rates, moving = select_each(["peak_flops", "dram_bandwidth"], precision="fp64", where={"memory": "HBM2e"})
    assert rates.precision == "fp64"
    assert set(moving.observations["memory"]) == {"HBM2e"}


def test_a_file_is_read_once_however_often_a_selection_is_narrowed(tmp_path: Path) -> None:
    path = tmp_path / "chips.csv"
    years = [year for year in range(2010, 2020) for _ in range(2)]
    rows = pd.DataFrame({"date": years, "value": range(1, 21), "vendor": ["Acme", "Bolt"] * 10})
    rows.to_csv(path, index=False)
    chosen = select(path)
    path.unlink()
    assert len(select(chosen, since=2015).observations) == 10
    assert list(fit_by(chosen, "vendor").trends) == ["Acme", "Bolt"]
    with pytest.raises(MemwallError, match="cannot be read"):
        select(chosen, value_column="vendor")
