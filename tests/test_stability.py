from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
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
    ],
)
def test_too_little_for_a_break_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_break(devices(np.random.default_rng(6)), **options)


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
