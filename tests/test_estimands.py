from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.datasets import find_table, load_observations, load_table
from memwall_trends.datasets.conditions import parse_conditions
from memwall_trends.questions.claims import UNIT_CHOICES, check_claim, unit_choices
from memwall_trends.selection import check_choices, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from memwall_trends.selection import Choose

    MadeUp = Callable[..., dict[str, Any]]


def test_every_claim_says_what_it_is_of() -> None:
    claims = load_table("claims")
    assert (claims[["population", "unit", "estimator"]] != "").all(axis=None)
    assert claims["population"].str.len().max() <= 60
    (unit,) = [field for field in find_table("claims").schema["fields"] if field["name"] == "unit"]
    assert set(UNIT_CHOICES) <= set(unit["constraints"]["enum"])
    same = claims.groupby(claims["claim"].str.removesuffix("-20-years"))
    for column in ("population", "unit", "estimator", "curated_where", "precision"):
        assert (same[column].nunique() == 1).all()


def test_the_rows_of_a_population_are_there_to_be_chosen() -> None:
    """Guard against a condition that leaves nothing: a claim would look as if the tables had no rows."""
    for claim in load_table("claims").to_dict(orient="records"):
        rows = load_observations(claim["series"]).frame
        for condition, values in parse_conditions(claim["curated_where"]).items():
            column = condition.removesuffix("!")
            assert set(values) <= set(rows[column]), (claim["claim"], condition)


@pytest.mark.parametrize(
    ("claim", "left_out"),
    [
        ("gholami2024-peak-flops", {"consumer", "workstation", "edge"}),
        ("gholami2024-memory-capacity", {"consumer", "workstation", "edge"}),
        ("gholami2024-dram-bandwidth", set()),
        ("delsozzo2026-bandwidth", {"consumer", "workstation", "edge"}),
        ("hobbhahn2023-bandwidth", set()),
    ],
)
def test_a_claim_is_about_servers_where_its_source_says_so(claim: str, left_out: set[str]) -> None:
    """Server devices stay by leaving out the others, so that a user's row without a segment counts."""
    row = load_table("claims").set_index("claim").loc[claim]
    everything = load_observations(str(row["series"])).frame
    chosen = select(str(row["series"]), where=parse_conditions(str(row["curated_where"]))).observations
    kinds = everything["kind"].isin(chosen["kind"])
    assert set(everything.loc[kinds, "segment"]) - set(chosen["segment"]) == left_out


@pytest.mark.parametrize(
    ("unit", "series", "expected"),
    [
        ("device", "peak_flops", {}),
        ("model", "model_size", {}),
        ("record", "peak_flops", {"frontier": True}),
        ("top-ten", "training_compute", {"frontier": True}),
        ("best-of-year", "peak_flops", {"best_of": "year"}),
        ("architecture", "peak_flops", {"one_per": "architecture", "take": "median"}),
        ("generation", "dram_bandwidth", {"one_per": "memory", "take": "first"}),
        ("generation", "interconnect_bandwidth", {}),
    ],
)
def test_what_a_source_counts_is_a_choice_of_rows(unit: str, series: str, expected: dict[str, Any]) -> None:
    assert unit_choices({"unit": unit, "series": series}) == expected


def test_every_unit_of_a_claim_is_a_choice_that_can_be_made() -> None:
    for row in load_table("claims").to_dict(orient="records"):
        check_choices(unit_choices({"unit": row["unit"], "series": row["series"]}))


@pytest.mark.parametrize("unit", ["record", "best-of-year", "architecture"])
def test_a_claim_is_fitted_to_what_its_source_counts(made_up: MadeUp, unit: str) -> None:
    claim = made_up(unit=unit)
    choose: Choose = {
        "where": {"kind": "gpu", "engine": "vector"},
        "precision": "fp32",
        "since": "2010",
        "until": "2023",
    }
    chosen = select(select("peak_flops", **choose), **unit_choices(claim))
    row = check_claim(claim)
    assert row["n_obs"] == len(chosen.observations) < check_claim(made_up())["n_obs"]


def test_a_generation_of_memory_is_its_first_device(made_up: MadeUp) -> None:
    cells = {"series": "dram_bandwidth", "curated_where": "kind=gpu;kind=accelerator", "precision": ""}
    row = check_claim(made_up(unit="generation", since="2003", until="", **cells))
    rows = load_table("dram_bandwidth").query(
        "kind in ('gpu', 'accelerator') and memory != 'SRAM' and shipped != 'no' and date >= '2003'"
    )
    unknown = rows["memory"] == ""
    # A device whose memory is not known counts alone.
    assert row["n_obs"] == rows.loc[~unknown, "memory"].nunique() + unknown.sum()
