from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import Method
from memwall_trends.questions.backtest import calibrate, run_backtest

if TYPE_CHECKING:
    from collections.abc import Callable


def devices(seed: int = 0, n_obs: int = 150, scatter: float = 0.3, stops: float = 2100.0) -> pd.DataFrame:
    """Return devices of 2000 to 2024 that grow by 0.24 powers of ten a year, until growth stops."""
    random = np.random.default_rng(seed)
    years = np.sort(random.uniform(2000, 2024.99, n_obs))
    log10_values = 0.24 * (np.minimum(years, stops) - 2000) + random.normal(0, 1, n_obs) * scatter
    dates = pd.Timestamp("2000-01-01") + pd.to_timedelta((years - 2000) * 365.25, unit="D")
    return pd.DataFrame(
        {"name": [f"chip {number}" for number in range(n_obs)], "date": dates.date, "value": 10**log10_values}
    )


def test_an_exact_line_is_forecast_exactly() -> None:
    summary = run_backtest(devices(scatter=0)).summary()
    assert summary["bias_log10"].abs().max() < 1e-3  # dates are whole days
    assert summary["coverage_95"].min() > 0.9
    assert summary["skill_no_growth"].min() > 0.99


@pytest.mark.slow
def test_intervals_hold_as_often_as_they_say_where_the_trend_goes_on() -> None:
    summaries = [run_backtest(devices(seed), horizons_years=[5]).summary() for seed in range(60)]
    coverage = pd.concat(summaries)[["coverage_80", "coverage_95"]].mean()
    assert coverage["coverage_80"] == pytest.approx(0.80, abs=0.02)
    assert coverage["coverage_95"] == pytest.approx(0.95, abs=0.015)


def test_growth_that_stops_is_promised_too_much() -> None:
    summary = run_backtest(devices(stops=2010.0)).summary().set_index("horizon_years")
    assert summary["bias_log10"][10] < -0.3
    assert summary["skill_no_growth"][5] < 0
    assert summary["skill_previous_growth"][5] < 0
    assert summary["coverage_95"][10] < 0.9


def test_a_forecast_never_sees_later_devices() -> None:
    known = devices()
    later = pd.DataFrame({"name": ["late"], "date": [pd.Timestamp("2027-06-01").date()], "value": [1e12]})
    before = run_backtest(known).forecasts
    after = run_backtest(pd.concat([known, later], ignore_index=True)).forecasts
    columns = ["origin", "horizon_years", "name", "predicted_log10"]
    same = before[columns].merge(after[columns])
    assert len(same) == len(before)


def test_a_forecast_is_of_the_devices_within_the_horizon() -> None:
    forecasts = run_backtest(devices()).forecasts
    years = forecasts["date"].dt.year
    assert (years >= forecasts["origin"]).all()
    assert (years < forecasts["origin"] + forecasts["horizon_years"]).all()


def test_skill_compares_mean_square_errors() -> None:
    tested = run_backtest(devices(), horizons_years=[3])
    rows, score = tested.forecasts, tested.summary().iloc[0]
    actual = rows["actual_log10"]
    ours, flat = (((actual - rows[column]) ** 2).mean() for column in ("predicted_log10", "no_growth_log10"))
    assert score["skill_no_growth"] == pytest.approx(1 - ours / flat)
    assert score["rmse_log10"] == pytest.approx(np.sqrt(ours))


def test_the_calibrated_interval_would_have_held() -> None:
    tested = run_backtest("peak_flops")
    for horizon in (1, 3, 5, 10):
        calibration = calibrate(tested, horizon, 0.95)
        part = tested.forecasts[tested.forecasts["horizon_years"] == horizon]
        errors = (part["actual_log10"] - part["predicted_log10"]).abs()
        held = (errors <= calibration.multiplier * part["standard_error"] + 1e-12).mean()
        assert 0.95 <= held < 0.96
        assert calibration.off == (abs(calibration.coverage - 0.95) > 0.03)


@pytest.mark.parametrize(("ahead", "horizon"), [(0.5, 1), (1, 1), (3.4, 5), (30, 10)])
def test_a_calibration_goes_by_the_next_longer_horizon(ahead: float, horizon: int) -> None:
    assert calibrate(run_backtest(devices()), ahead).horizon_years == horizon


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until": 2004}, "too short for a backtest; expected at least 10 observations over 5 years"),
        ({"horizons_years": [0]}, "a horizon is a number of years from 1"),
        ({"method": Method("quantile", quantile=0.9)}, "no prediction interval"),
    ],
)
def test_what_cannot_be_tested_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        run_backtest(devices(), **options)


def test_the_command_prints_the_same_bytes_twice(run: Callable[..., Any]) -> None:
    command = ["backtest", "dram_bandwidth", "--format", "json"]
    first, second = run(*command), run(*command)
    assert first.code == 0
    assert first.out == second.out
    record = json.loads(first.out)
    assert [row["horizon_years"] for row in record["horizons"]] == [1, 3, 5, 10]


def test_each_group_is_tested_by_itself(run: Callable[..., Any]) -> None:
    records = json.loads(run("backtest", "dram_bandwidth", "--by", "kind", "--format", "json").out)
    assert [record["group"] for record in records] == ["gpu", "cpu", "accelerator"]
    alone = run_backtest("dram_bandwidth", kind="accelerator").to_record(0.95)
    tested = {key: records[2][key] for key in alone}
    assert tested["horizons"][0]["n"] == alone["horizons"][0]["n"]
    assert tested["horizons"][0]["rmse_log10"] == pytest.approx(alone["horizons"][0]["rmse_log10"])
    assert (tested["first_origin"], tested["last_origin"]) == (alone["first_origin"], alone["last_origin"])


def test_the_name_of_a_group_is_not_broken(run: Callable[..., Any]) -> None:
    command = ["backtest", "dram_bandwidth", "--by", "kind", "--kind", "accelerator", "--kind", "manycore"]
    shown = run(*command).out
    assert "accelerator " in shown
    assert "Left out: manycore" in shown
