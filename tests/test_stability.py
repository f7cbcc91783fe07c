from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import pair_devices
from memwall_trends.questions.stability import NO_BREAK, SLOWED, SPED_UP, fit_break, rolling_rates
from memwall_trends.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable

BREAK_YEAR = 2012.0


def devices(
    random: np.random.Generator,
    *,
    n_obs: int = 120,
    slopes: tuple[float, float] = (0.28, 0.12),
    spreads: bool = False,
) -> pd.DataFrame:
    years = np.sort(random.uniform(1998, 2026, n_obs))
    line = slopes[0] * (years - BREAK_YEAR) + (slopes[1] - slopes[0]) * np.maximum(years - BREAK_YEAR, 0)
    scatter = 0.3 * (0.3 + (years - 1998) / 28) if spreads else 0.3
    dates = pd.Timestamp("1998-01-01") + pd.to_timedelta((years - 1998) * 365.25, unit="D")
    return pd.DataFrame({"date": dates, "value": 10 ** (line + scatter * random.normal(size=n_obs))})


@pytest.mark.slow
def test_a_break_is_found_where_it_is() -> None:
    random = np.random.default_rng(1)
    found = [fit_break(devices(random), draws=199) for _ in range(300)]
    assert np.median([abs(fitted.year - BREAK_YEAR) for fitted in found]) < 1.5
    assert np.mean([fitted.year_low <= BREAK_YEAR <= fitted.year_high for fitted in found]) > 0.90
    assert np.mean([fitted.verdict == SLOWED for fitted in found]) > 0.95
    intervals = [fitted.after.growth_interval(1) for fitted in found]
    assert np.mean([low <= 10**0.12 <= high for low, high in intervals]) > 0.90


@pytest.mark.slow
@pytest.mark.parametrize("spreads", [False, True])
def test_without_a_break_the_test_rejects_as_often_as_it_says(spreads: bool) -> None:
    random = np.random.default_rng(2)
    rejected = [
        fit_break(devices(random, n_obs=80, slopes=(0.24, 0.24), spreads=spreads), draws=199).p_value <= 0.05
        for _ in range(2000)
    ]
    assert 0.03 <= np.mean(rejected) <= 0.07


def clustered(random: np.random.Generator, *, change: float = 0.0, n_clusters: int = 40) -> pd.DataFrame:
    """Return devices of architectures that each come out within a year and share most of their error."""
    codes = np.repeat(np.arange(n_clusters), 3)
    years = random.uniform(1998, 2026, n_clusters)[codes] + random.uniform(0, 1, len(codes))
    errors = 0.35 * random.normal(size=n_clusters)[codes] + 0.2 * random.normal(size=len(codes))
    line = 0.25 * (years - BREAK_YEAR) + change * np.maximum(years - BREAK_YEAR, 0)
    dates = pd.Timestamp("1998-01-01") + pd.to_timedelta((years - 1998) * 365.25, unit="D")
    return pd.DataFrame(
        {
            "name": [f"device {number}" for number in range(len(codes))],
            "architecture": [f"architecture {code}" for code in codes],
            "date": dates,
            "value": 10 ** (line + errors),
        }
    )


@pytest.mark.slow
def test_devices_that_share_errors_are_no_break() -> None:
    random = np.random.default_rng(7)
    draws = [clustered(random) for _ in range(600)]
    rejected = np.mean([fit_break(rows, draws=199).p_value <= 0.05 for rows in draws])
    assert 0.03 <= rejected <= 0.08
    assert np.mean([fit_break(rows, draws=199, cluster="name").p_value <= 0.05 for rows in draws]) > 0.12


@pytest.mark.slow
def test_intervals_hold_where_devices_share_errors() -> None:
    random = np.random.default_rng(8)
    found = [fit_break(clustered(random, change=-0.2), draws=199) for _ in range(300)]
    assert 0.91 <= np.mean([fitted.year_low <= BREAK_YEAR <= fitted.year_high for fitted in found]) <= 0.99
    for side, slope in (("before", 0.25), ("after", 0.05)):
        intervals = [getattr(fitted, side).slope_interval() for fitted in found]
        assert 0.91 <= np.mean([low <= slope <= high for low, high in intervals]) <= 0.99


def test_architectures_are_the_clusters_where_the_data_names_them() -> None:
    rows = clustered(np.random.default_rng(9), change=-0.1)
    fitted = fit_break(rows)
    assert (fitted.cluster, fitted.n_clusters) == ("architecture", 40)
    alone, unnamed = fit_break(rows, cluster="name"), fit_break(rows.drop(columns="architecture"))
    assert (alone.cluster, alone.n_clusters) == ("name", 120)
    assert (unnamed.cluster, unnamed.n_clusters) == (None, 120)
    assert alone.p_value == unnamed.p_value < fitted.p_value
    assert fitted.year == alone.year
    assert fitted.year_high - fitted.year_low > alone.year_high - alone.year_low
    assert fit_break("peak_flops", dataset="gholami2024").cluster is None


def test_within_takes_the_heights_of_classes_off() -> None:
    rows = clustered(np.random.default_rng(10), change=-0.15)
    rows["kind"] = np.where(np.arange(len(rows)) % 3 == 0, "cpu", "gpu")
    lifted = rows.assign(value=rows["value"] * np.where(rows["kind"] == "cpu", 1e-3, 1.0))
    plain, moved = fit_break(rows, within="kind"), fit_break(lifted, within="kind")
    assert moved.within == "kind"
    assert moved.year == pytest.approx(plain.year)
    assert moved.p_value == plain.p_value
    assert moved.after.slope == pytest.approx(plain.after.slope)
    assert fit_break(lifted).after.slope != pytest.approx(plain.after.slope, rel=1e-3)


def test_a_ratio_is_that_of_the_devices_that_report_both() -> None:
    fitted = fit_break("peak_flops", over="dram_bandwidth")
    rows = fit_break(pair_devices("peak_flops", "dram_bandwidth"))
    assert (fitted.series, fitted.denominator) == ("peak_flops", "dram_bandwidth")
    assert fitted.to_record() == {**rows.to_record(), "denominator": "dram_bandwidth"}
    assert fitted.name == "peak_flops / dram_bandwidth"
    pd.testing.assert_frame_equal(
        rolling_rates("peak_flops", over="dram_bandwidth", step_years=5),
        rolling_rates(pair_devices("peak_flops", "dram_bandwidth"), step_years=5),
    )


def test_a_kink_at_the_end_of_the_search_is_not_bounded() -> None:
    fitted = fit_break(clustered(np.random.default_rng(11)))
    assert fitted.verdict == NO_BREAK
    assert not fitted.is_bounded
    assert "or before" in fitted.describe_years() or "or later" in fitted.describe_years()


def test_windows_have_the_errors_of_the_default_method() -> None:
    rates = rolling_rates("peak_flops", step_years=30)
    paper = rolling_rates("peak_flops", dataset="gholami2024", window_years=100)
    whole = fit_trend("peak_flops", dataset="gholami2024")
    assert (paper["ci_low"].iloc[0], paper["ci_high"].iloc[0]) == pytest.approx(whole.growth_interval())
    classical = rolling_rates("peak_flops", step_years=30, method=Method(se="classical"))
    assert (rates["ci_high"] > classical["ci_high"]).all()


def test_growth_that_speeds_up_is_said_to() -> None:
    fitted = fit_break(devices(np.random.default_rng(3), slopes=(0.1, 0.4)))
    assert fitted.verdict == SPED_UP
    assert fitted.before.growth_factor() < fitted.after.growth_factor()


def test_the_paper_points_show_no_break() -> None:
    assert fit_break("peak_flops", dataset="gholami2024").verdict == NO_BREAK


def test_the_line_is_that_of_least_squares_at_the_year() -> None:
    rows = devices(np.random.default_rng(4))
    fitted = fit_break(rows)
    years = rows["date"].map(lambda date: (date - pd.Timestamp("1970-01-01")).days / 365.25 + 1970).to_numpy()
    design = np.column_stack([np.ones_like(years), years - fitted.year, np.maximum(years - fitted.year, 0)])
    _, slope, change = np.linalg.lstsq(design, np.log10(rows["value"].to_numpy()), rcond=None)[0]
    assert fitted.before.slope == pytest.approx(slope)
    assert fitted.after.slope == pytest.approx(slope + change)


def test_one_seed_gives_one_p_value() -> None:
    rows = devices(np.random.default_rng(5), slopes=(0.25, 0.2))
    assert fit_break(rows, seed=1).p_value == fit_break(rows, seed=1).p_value
    assert fit_break(rows, seed=1).p_value != fit_break(rows, seed=2).p_value


def test_a_window_has_the_rate_of_its_observations() -> None:
    rates = rolling_rates("dram_bandwidth", window_years=8)
    last = rates.iloc[-1]
    assert rates["until"].is_monotonic_increasing
    latest = select("dram_bandwidth").observations["date"].max()
    eight_years = pd.Timedelta(days=8 * 365.25)
    trend = fit_trend("dram_bandwidth", since=(latest - eight_years + pd.Timedelta(days=1)).date())
    assert last["n_obs"] == trend.n_obs
    assert last["rate"] == pytest.approx(trend.growth_factor())
    assert (last["ci_low"], last["ci_high"]) == pytest.approx(trend.growth_interval())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until": "1999-01"}, "a break needs at least 10 on 6"),
        ({"level": 1.5}, "lies between 0 and 1"),
        ({"draws": 9}, "9 draws cannot tell a level of 0.95; take at least 20"),
        ({"cluster": "vendor"}, "column to go by 'vendor'"),
        ({"within": "kind"}, "column to go by 'kind'"),
        ({"over": "dram_bandwidth"}, "a ratio is of two series by name"),
    ],
)
def test_too_little_for_a_break_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_break(devices(np.random.default_rng(6)), **options)


def test_five_clusters_are_too_few_for_signs() -> None:
    rows = clustered(np.random.default_rng(12))
    with pytest.raises(MemwallError, match="at least 6 clusters to draw signs for; got 5"):
        fit_break(
            rows.assign(vendor=[f"vendor {number % 5}" for number in range(len(rows))]), cluster="vendor"
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"over": "peak_flops"}, "two different series"),
        ({"over": "dram_bandwidth", "frontier": True}, "--best-of year"),
        ({"over": "model_size"}, "no device of the choice reports both"),
    ],
)
def test_what_is_no_ratio_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_break("peak_flops", **options)


def test_one_line_has_no_break() -> None:
    exact = pd.DataFrame({"date": pd.date_range("2000", periods=20, freq="YS"), "value": [7.0] * 20})
    with pytest.raises(MemwallError, match="all observations lie on one line"):
        fit_break(exact)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_years": 0}, "years above zero"),
        ({"window_years": 0.01}, "no window of 0.01 years has 5 observations"),
    ],
)
def test_a_window_without_observations_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        rolling_rates("dram_bandwidth", dataset="gholami2024", **options)


def test_the_command_prints_the_same_bytes_twice(run: Callable[..., Any]) -> None:
    command = ["stability", "peak_flops", "--format", "json"]
    first, second = run(*command), run(*command)
    assert first.code == 0
    assert first.out == second.out
    record = json.loads(first.out)
    assert record["break"]["verdict"] in (SLOWED, SPED_UP, NO_BREAK)
    assert len(record["rolling"]) > 10


def test_each_group_has_the_break_of_its_rows(run: Callable[..., Any]) -> None:
    records = json.loads(run("stability", "dram_bandwidth", "--by", "kind", "--format", "json").out)
    assert [record["group"] for record in records] == ["gpu", "cpu", "accelerator"]
    fitted = {kind: fit_break("dram_bandwidth", kind=kind) for kind in ("gpu", "accelerator")}
    for record in records:
        assert (record["by"], record["series"], record["dataset"]) == ("kind", "dram_bandwidth", "curated")
        if record["group"] in fitted:
            expected = fitted[record["group"]].to_record(2)
            assert {key: record[key] for key in expected} == pytest.approx(expected)
    (p_value,) = {record["equal_slopes_p"] for record in records}
    assert 0 < p_value < 1
    shown = run("stability", "dram_bandwidth", "--by", "kind").out
    assert "Left out: manycore" in shown


def test_formats_share_devices_and_their_breaks_are_not_compared(run: Callable[..., Any]) -> None:
    command = ["stability", "peak_flops", "--by", "precision", "--segment", "server"]
    records = json.loads(run(*command, "--format", "json").out)
    assert {"fp64", "fastest"} <= {record["group"] for record in records}
    assert {record["equal_slopes_p"] for record in records} == {None}


def test_the_command_asks_it_of_a_ratio(run: Callable[..., Any]) -> None:
    ran = run("stability", "peak_flops", "--over", "dram_bandwidth", "--format", "json")
    record, fitted = json.loads(ran.out), fit_break("peak_flops", over="dram_bandwidth")
    assert (record["series"], record["denominator"]) == ("peak_flops", "dram_bandwidth")
    assert record["population"] == "server GPUs and accelerators"
    assert record["break"]["p_value"] == fitted.p_value
    assert record["break"]["cluster"] == "architecture"
    assert record["break"]["n_clusters"] == fitted.n_clusters
    gap = json.loads(run("gap", "peak_flops", "dram_bandwidth", "--format", "json").out)
    assert gap["break"] == record["break"]


def test_the_command_goes_by_clusters_groups_and_classes(run: Callable[..., Any]) -> None:
    command = ["stability", "peak_flops", "--over", "dram_bandwidth", "--by", "kind", "--within", "segment"]
    groups = json.loads(run(*command, "--cluster", "name", "--format", "json").out)
    assert {group["group"] for group in groups} == {"gpu", "accelerator"}
    for group in groups:
        assert (group["cluster"], group["within"]) == ("name", "segment")
        assert group["n_clusters"] == group["n_obs"]
        assert group["denominator"] == "dram_bandwidth"


def test_the_command_says_where_an_interval_goes_on(run: Callable[..., Any]) -> None:
    ran = run("stability", "peak_flops")
    assert "or later" in ran.out
    assert "its year means little" in " ".join(ran.out.split())
