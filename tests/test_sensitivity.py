from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.datasets import list_series
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.sensitivity import Sensitivity, find_effects, run_sensitivity
from memwall_trends.questions.specifications import CHOICES
from memwall_trends.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from memwall_trends.selection import Choose

DRAWS = 100
COUNTED: dict[str, Choose] = {
    "each device": {},
    "median of each architecture": {"one_per": "architecture", "take": "median"},
    "best of each architecture": {"one_per": "architecture"},
    "best of each year": {"best_of": "year"},
    "records": {"frontier": True},
}
SEGMENTS: dict[str, Choose] = {
    "all": {},
    "server": {"segment": "server"},
    "consumer": {"segment": "consumer"},
    "server gpu and accelerator": {"segment": "server", "kind": ["gpu", "accelerator"]},
}


@pytest.fixture(scope="module")
def curve() -> Sensitivity:
    return run_sensitivity("peak_flops", draws=DRAWS)


def choices_of(row: dict[Hashable, Any]) -> Choose:
    """Return the choices that the options of a specification stand for."""
    choose: Choose = {"precision": row["precision"], **SEGMENTS[row["segment"]], **COUNTED[row["counted"]]}
    if row["vendors"] != "all":
        choose["where"] = {"vendor!": row["vendors"].removeprefix("without ")}
    if row["window"] == "paper's":
        dates = select("peak_flops", dataset="gholami2024").observations["date"]
        choose |= {"since": dates.min().date(), "until": dates.max().date()}
    elif row["window"] != "all":
        choose["since"] = row["window"].removeprefix("since ")
    return choose


def test_every_choice_is_varied(curve: Sensitivity) -> None:
    rows = curve.specifications
    assert 1000 <= len(rows) == curve.summary()["specifications"] <= 4000
    assert all(rows[choice].nunique() > 1 for choice in CHOICES)
    assert set(rows["counted"]) == set(COUNTED)
    assert set(rows["segment"]) == set(SEGMENTS)
    assert set(rows["effects"]) == {"none", "within product class"}
    assert rows["rate"].is_monotonic_increasing
    assert rows[["rate", "ci_low", "ci_high"]].notna().all(axis=None)


def test_no_specification_is_there_twice(curve: Sensitivity) -> None:
    assert not curve.specifications.duplicated(list(CHOICES)).any()


def test_a_specification_is_the_fit_that_it_names(curve: Sensitivity) -> None:
    # Of each way to fit and to count some, of whichever population.
    ways = curve.specifications.groupby(["method", "effects", "counted"], sort=True)
    sample = ways.sample(n=3, random_state=1)
    assert len(sample) > 30
    for row in sample.to_dict(orient="records"):
        within = "product_class" if row["effects"] != "none" else None
        method = Method(row["method"], within=within, draws=DRAWS)
        trend = fit_trend("peak_flops", method=method, **choices_of(row))
        assert row["n_obs"] == trend.n_obs, row
        assert row["rate"] == pytest.approx(trend.growth_factor(), rel=1e-9), row
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(trend.growth_interval(), rel=1e-9), row


def test_class_effects_are_of_least_squares_and_leave_degrees_of_freedom(curve: Sensitivity) -> None:
    rows = curve.specifications
    within = rows[rows["effects"] != "none"]
    assert set(within["method"]) == {"ols", "wls"}
    assert not set(within["counted"]) & {"records", "best of each year"}
    for row in within.sample(n=20, random_state=1).to_dict(orient="records"):
        n_classes = select("peak_flops", **choices_of(row)).observations["product_class"].nunique()
        assert 1 < n_classes <= row["n_obs"] - 9


def test_the_leading_edge_is_that_of_all_vendors_by_least_squares(curve: Sensitivity) -> None:
    rows = curve.specifications
    leading = rows[rows["counted"].isin(["records", "best of each year"])]
    assert set(leading["vendors"]) == {"all"}
    assert set(leading["method"]) == {"ols"}


def test_shares_are_those_of_the_verdicts(curve: Sensitivity) -> None:
    rows, summary = curve.specifications, curve.summary()
    shares = {share: summary[share] for share in ("share_agreeing", "share_differing", "share_inconclusive")}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["share_agreeing"] == (rows["verdict"] == "agrees").mean()
    assert shares["share_differing"] == (rows["verdict"] == "differs").mean()
    # An interval around the printed rate cannot differ from it, and one far off must.
    assert "differs" not in set(rows.loc[(rows["ci_low"] < 3) & (rows["ci_high"] > 3), "verdict"])
    assert set(rows.loc[rows["ci_high"] < 2, "verdict"]) == {"differs"}


def test_a_wide_margin_lets_more_agree_and_none_change_sides() -> None:
    narrow, wide = (
        run_sensitivity("dram_bandwidth", method="ols", draws=50, margin=margin) for margin in (1.1, 2)
    )
    assert narrow.summary()["share_agreeing"] < wide.summary()["share_agreeing"]
    assert narrow.to_record()["margin"] == 1.1
    assert (narrow.specifications["rate"] == wide.specifications["rate"]).all()


@pytest.mark.parametrize(
    ("choose", "choice", "option"),
    [
        ({"precision": "fp32"}, "precision", "fp32"),
        ({"since": 2010}, "window", "2010 to"),
        ({"vendor": "NVIDIA"}, "vendors", "all"),
        ({"frontier": True}, "counted", "records"),
        ({"best_of": "year"}, "counted", "best of each year"),
        ({"one_per": "architecture", "take": "median"}, "counted", "median of each architecture"),
        ({"method": Method("ols", within="kind")}, "effects", "within kind"),
        ({"method": Method("wls")}, "effects", "none"),
        ({"method": "theil-sen"}, "method", "theil-sen"),
        ({"segment": "server", "kind": "cpu"}, "segment", "all"),
    ],
)
def test_what_is_chosen_is_not_varied(choose: dict[str, Any], choice: str, option: str) -> None:
    # Few robust fits, so that it is quick.
    options = {"precision": "best16", "since": 2005, "method": "ols", **choose}
    rows = run_sensitivity("peak_flops", draws=20, **options).specifications
    assert set(rows[choice]) == {option}
    assert len(rows) > 1


def test_a_segment_that_is_chosen_has_its_kinds_varied() -> None:
    rows = run_sensitivity("peak_flops", segment="server", method="ols", draws=20).specifications
    assert set(rows["segment"]) == {"all", "gpu and accelerator"}


def test_what_has_no_segments_varies_none() -> None:
    rows = run_sensitivity("model_size", method="ols", draws=20).specifications
    assert set(rows["segment"]) == {"all"}
    assert set(rows["effects"]) == {"none"}
    assert "median of each architecture" not in set(rows["counted"])


def test_equal_selections_count_once(curve: Sensitivity) -> None:
    rows = curve.specifications
    usual = rows[(rows["counted"] != "records") & (rows["method"] == "ols")]
    assert not usual.duplicated(["effects", "n_obs", "rate", "ci_low"]).any()


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
    assert np.isnan(fitted.summary()["share_agreeing"])
    assert set(fitted.specifications["verdict"]) == {""}
    assert fitted.shown()["quantity"].tolist()[-1] == "range"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": 2026}, "no combination of choices has 10 observations over 5 years; choose less narrowly"),
        ({"level": 2}, "lies between 0 and 1"),
        ({"method": "olss"}, "unknown method 'olss'"),
        ({"margin": 1}, "a margin is a factor above 1"),
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
