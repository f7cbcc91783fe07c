from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from memwall_trends.fitting.methods import Method
from memwall_trends.questions.specifications import (
    Options,
    is_defensible,
    list_methods,
    list_populations,
    name_effects,
)
from memwall_trends.selection import select

if TYPE_CHECKING:
    from memwall_trends.selection import Choose


def test_equal_populations_are_there_once() -> None:
    seen = set()
    for populations in list_populations("dram_bandwidth", Options({}, None)):
        for each in populations:
            frame = each.rated.frame[each.rows]
            same = (each.candidates is not None, tuple(zip(frame["name"], frame["value"], strict=True)))
            assert same not in seen, each.named
            seen.add(same)
    assert len(seen) > 50


def test_a_population_is_what_its_choices_select() -> None:
    (populations,) = list_populations("dram_bandwidth", Options({"since": 2012}, None))
    choices: dict[str, Choose] = {
        "each device": {},
        "median of each architecture": {"one_per": "architecture", "take": "median"},
        "best of each architecture": {"one_per": "architecture", "take": "best"},
        "best of each year": {"best_of": "year"},
        "records": {"frontier": True},
    }
    found = {
        each.named["counted"]: each
        for each in populations
        if each.named["segment"] == "server" and each.named["vendors"] == "all"
    }
    assert set(found) == set(choices)
    for counted, choose in choices.items():
        chosen = select(select("dram_bandwidth", since=2012, segment="server"), **choose)
        assert found[counted].rated.frame[found[counted].rows]["name"].tolist() == (
            chosen.observations["name"].tolist()
        )
        again = found[counted].select(whole=True)
        assert again.observations["value"].tolist() == chosen.observations["value"].tolist()
        if chosen.candidates is not None and chosen.in_window is not None:
            assert again.candidates is not None
            assert again.in_window is not None
            assert again.candidates["name"].tolist() == chosen.candidates["name"].tolist()
            assert np.array_equal(again.in_window, chosen.in_window)


def test_small_populations_are_left_out() -> None:
    assert list_populations("dram_bandwidth", Options({"since": 2024}, None)) == [[]]


@pytest.mark.parametrize(
    ("method", "counted", "vendors", "expected"),
    [
        ("huber", "each device", "all", True),
        ("huber", "best of each architecture", "all", False),
        ("huber", "each device", "without NVIDIA", False),
        ("wls", "best of each architecture", "all", True),
        ("wls", "records", "all", False),
        ("ols", "best of each year", "all", True),
        ("ols", "each device", "without NVIDIA", True),
    ],
)
def test_not_every_method_suits_every_population(
    method: str, counted: str, vendors: str, expected: bool
) -> None:
    options = Options({"precision": "best16"}, None)
    (populations,) = list_populations("peak_flops", options)
    (population,) = (
        each
        for each in populations
        if each.named
        == {
            "precision": "best16",
            "window": "all",
            "segment": "all",
            "vendors": vendors,
            "counted": counted,
        }
    )
    assert is_defensible(Method(method), population, options) is expected


def test_a_method_is_taken_as_it_is() -> None:
    method = Method("quantile", quantile=0.9)
    assert list_methods(Options({}, method)) == [method]
    assert [name_effects(each) for each in list_methods(Options({}, "wls"))] == [
        "none",
        "within product class",
    ]
    assert len(list_methods(Options({}, None))) == 7
