from __future__ import annotations

import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.groups import compare_slopes
from memwall_trends.questions.gap import fit_gap, pair_devices
from memwall_trends.questions.grouped_gaps import GroupedGaps, fit_gap_by
from memwall_trends.selection import select

BALANCE = ("peak_flops", "dram_bandwidth")


@pytest.fixture(scope="module")
def by_kind() -> GroupedGaps:
    return fit_gap_by(*BALANCE, "kind")


@pytest.fixture(scope="module")
def by_precision() -> GroupedGaps:
    return fit_gap_by(*BALANCE, "precision", segment="server", since=2010)


# Groups of devices


def test_a_group_is_the_gap_of_its_devices(by_kind: GroupedGaps) -> None:
    assert list(by_kind.gaps) == ["gpu", "accelerator"]
    for kind, gap in by_kind.gaps.items():
        alone = fit_gap(*BALANCE, kind=kind)
        assert gap.growth_interval() == alone.growth_interval()
    both = pair_devices(*BALANCE)
    counts = {kind: gap.balance.n_obs for kind, gap in by_kind.gaps.items() if gap.balance}
    assert counts == both["kind"].value_counts().to_dict()


def test_the_slopes_of_groups_are_compared(by_kind: GroupedGaps) -> None:
    p_value = by_kind.equal_slopes_p
    assert p_value == compare_slopes(by_kind.gaps.values())
    assert p_value is not None
    assert 0 < p_value < 1


@pytest.mark.parametrize("by", ["segment", "product_class"])
def test_the_usual_population_is_grouped(by: str) -> None:
    grouped = fit_gap_by(*BALANCE, by)
    rows = pd.concat([gap.balance.observations for gap in grouped.gaps.values() if gap.balance])
    assert set(rows["segment"]) == {"server"}
    assert set(rows["kind"]) == {"gpu", "accelerator"}


def test_asking_for_all_segments_groups_all() -> None:
    grouped = fit_gap_by(*BALANCE, "segment", segment="*", kind="gpu")
    assert {"server", "consumer"} <= set(grouped.gaps)
    alone = fit_gap(*BALANCE, segment="consumer", kind="gpu")
    assert grouped.gaps["consumer"].growth_factor() == alone.growth_factor()


# Number formats


def test_a_format_is_the_gap_of_its_policy(by_precision: GroupedGaps) -> None:
    assert {"best16", "fp64", "fp32", "fp16", "fp8", "fastest"} <= set(by_precision.gaps)
    for policy in ("fp64", "fp16", "fastest"):
        alone = fit_gap(*BALANCE, precision=policy, segment="server", since=2010)
        assert by_precision.gaps[policy].growth_interval() == alone.growth_interval()
        assert by_precision.gaps[policy].way == alone.way


def test_formats_share_devices_and_are_not_compared(by_precision: GroupedGaps) -> None:
    assert by_precision.equal_slopes_p is None
    assert {record["equal_slopes_p"] for record in by_precision.to_records()} == {None}


def test_the_paper_has_no_policies_and_is_grouped_by_its_formats() -> None:
    grouped = fit_gap_by(*BALANCE, "precision", dataset="gholami2024")
    rows = select("peak_flops", dataset="gholami2024").observations["precision"]
    assert {name: gap.numerator.n_obs for name, gap in grouped.gaps.items()} == {
        name: count for name, count in rows.value_counts().items() if name in grouped.gaps
    }
    assert not any("unknown precision" in why for why in grouped.left_out.values())


def test_operands_are_counted_in_each_group() -> None:
    by_byte, by_operand = (
        fit_gap_by(*BALANCE, "kind", precision="fp16", per_operand=per_operand)
        for per_operand in (False, True)
    )
    byte, operand = (
        grouped.gaps["gpu"].project([2024.0])["ratio"].item() for grouped in (by_byte, by_operand)
    )
    assert operand == pytest.approx(2 * byte)


# What is shown


def test_a_record_is_that_of_its_gap(by_kind: GroupedGaps) -> None:
    records = by_kind.to_records([2030.0], per=1, level=0.8, reach=[1000])
    assert [record["group"] for record in records] == list(by_kind.gaps)
    for record, gap in zip(records, by_kind.gaps.values(), strict=True):
        assert (record["by"], record["equal_slopes_p"]) == ("kind", by_kind.equal_slopes_p)
        alone = gap.to_record([2030.0], per=1, level=0.8, reach=[1000])
        nested = ("projections", "reach")
        assert {key: record[key] for key in alone if key not in nested} == {
            key: cell for key, cell in alone.items() if key not in nested
        }
        # A group's projections say besides what the past says of them.
        for name in nested:
            for ours, theirs in zip(record[name], alone[name], strict=True):
                assert {key: ours[key] for key in theirs} == theirs


def test_a_line_says_how_many_and_what_the_balance_is_now(by_kind: GroupedGaps) -> None:
    shown = by_kind.shown([2030.0], per=1, level=0.8).set_index("kind")
    assert shown.columns.tolist() == ["n", "since", "rate", "80% interval", "now", "in 2030", "new device"]
    gap = by_kind.gaps["gpu"]
    assert gap.balance is not None
    assert shown.at["gpu", "n"] == str(gap.balance.n_obs)
    assert shown.at["gpu", "rate"] == f"{gap.growth_factor(1):.3f}x"
    assert shown.at["gpu", "in 2030"] == f"{gap.project([2030.0])['ratio'].item():.0f}"
    assert "gpu" in str(by_kind)
    assert repr(by_kind) == str(by_kind)


# What cannot be


def test_groups_without_a_gap_say_why() -> None:
    grouped = fit_gap_by(*BALANCE, "vendor", way="device")
    assert {"NVIDIA", "AMD"} <= set(grouped.gaps)
    assert grouped.left_out
    assert not set(grouped.left_out) & set(grouped.gaps)
    assert all(grouped.left_out.values())


@pytest.mark.parametrize(
    ("by", "options", "message"),
    [
        ("knid", {}, "to group by 'knid'; did you mean 'kind'"),
        ("kind", {"way": "devices"}, "unknown way 'devices'"),
        ("kind", {"way": "ratio", "per_operand": True}, "--per-operand goes with --way device"),
        ("vendor", {"since": "2026-01", "way": "device"}, "no group can be fitted"),
    ],
)
def test_what_cannot_be_grouped_is_said(by: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_gap_by(*BALANCE, by, **options)  # type: ignore[arg-type]
