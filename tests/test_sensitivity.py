from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.datasets import list_series
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.sensitivity import CHOICES, Sensitivity, find_effects, run_sensitivity
from memwall_trends.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def curve() -> Sensitivity:
    return run_sensitivity("peak_flops", draws=100)


def test_peak_flops_have_at_least_200_specifications(curve: Sensitivity) -> None:
    assert curve.summary()["specifications"] >= 200
    assert all(curve.specifications[choice].nunique() > 1 for choice in CHOICES)
    assert curve.specifications["rate"].is_monotonic_increasing


def test_a_specification_is_the_fit_that_it_names(curve: Sensitivity) -> None:
    rows = curve.specifications
    named = rows[
        (rows["precision"] == "fp32")
        & (rows["window"] == "since 2010")
        & (rows["vendors"] == "without NVIDIA")
        & (rows["kinds"] == "gpu and accelerator")
        & (rows["devices"] == "all")
        & (rows["method"] == "huber")
    ]
    (row,) = named.to_dict(orient="records")
    trend = fit_trend(
        "peak_flops",
        precision="fp32",
        since=2010,
        where={"vendor!": "NVIDIA", "kind": ["gpu", "accelerator"]},
        method="huber",
    )
    assert row["n_obs"] == trend.n_obs
    assert row["rate"] == pytest.approx(trend.growth_factor(), rel=1e-12)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(trend.growth_interval(), rel=1e-12)


def test_the_share_counts_the_intervals_with_room_for_the_printed_rate(curve: Sensitivity) -> None:
    rows = curve.specifications
    # 3.0 as printed stands for 2.95 to 3.05.
    holds = (rows["ci_low"] <= 3.05) & (rows["ci_high"] >= 2.95)
    assert curve.summary()["share_holding"] == pytest.approx(holds.mean())


def test_what_is_chosen_is_not_varied() -> None:
    fixed = run_sensitivity(
        "peak_flops", precision="fp32", since=2010, where={"kind": "gpu", "vendor": "NVIDIA"}, method="ols"
    ).specifications
    assert fixed["devices"].tolist() in (["all", "records"], ["records", "all"])
    assert fixed["precision"].unique().tolist() == ["fp32"]


def test_equal_selections_count_once(curve: Sensitivity) -> None:
    rows = curve.specifications
    usual = rows[(rows["devices"] == "all") & (rows["method"] == "ols")]
    assert not usual.duplicated(["n_obs", "rate", "ci_low"]).any()


def test_influence_is_the_fit_without(curve: Sensitivity) -> None:
    observations = select("peak_flops").observations
    rows = curve.influence.set_index(["left_out", "name"])
    for left_out, column, name in (("vendor", "vendor", "AMD"), ("device", "name", "NVIDIA H100 SXM5")):
        without = fit_trend(observations[observations[column] != name])
        assert rows.loc[(left_out, name), "rate"] == pytest.approx(without.growth_factor(), rel=1e-9)


def test_effects_find_what_was_put_in() -> None:
    options = product(["fp32", "fp64"], ["all", "since 2010"], ["ols", "huber"])
    rows = pd.DataFrame(list(options), columns=["precision", "window", "method"])
    rows["rate"] = (
        2 * np.where(rows["precision"] == "fp64", 1.5, 1) * np.where(rows["window"] == "all", 1.2, 1)
    )
    # Not all combinations exist.
    effects = find_effects(rows.drop(index=[0])).set_index("choice")
    assert effects["factor"].tolist() == pytest.approx([1.5, 1.2, 1.0])
    assert effects.index[:2].tolist() == ["precision", "window"]
    assert effects["highest_option"][:2].tolist() == ["fp64", "all"]


@pytest.mark.parametrize("series", [name for name in list_series() if name != "peak_flops"])
def test_every_series_has_a_curve(series: str) -> None:
    fitted = run_sensitivity(series, method="ols", draws=50)
    assert len(fitted.specifications) > 1


def test_no_rate_is_printed_per_other_periods() -> None:
    fitted = run_sensitivity("dram_bandwidth", method="ols", per=1, draws=50)
    assert np.isnan(fitted.summary()["share_holding"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": 2026}, "no combination of choices has 10 observations over 5 years; choose less narrowly"),
        ({"level": 2}, "lies between 0 and 1"),
        ({"method": "olss"}, "unknown method 'olss'"),
    ],
)
def test_what_cannot_be_varied_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        run_sensitivity("dram_bandwidth", **options)


@pytest.mark.slow
def test_the_command_prints_the_same_bytes_twice(run: Callable[..., Any]) -> None:
    command = ["sensitivity", "dram_bandwidth", "--method", "ols", "--format", "json"]
    first, second = run(*command), run(*command)
    assert first.code == 0
    assert first.out == second.out
    record = json.loads(first.out)
    assert record["specifications"] == len(record["curve"])
