from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import Method
from memwall_trends.questions.backtest import calibrate, compare_methods, run_backtest
from memwall_trends.questions.calibration import find_half_widths
from memwall_trends.questions.gap import fit_gap, pair_devices
from memwall_trends.units import decimal_years

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
    columns = ["origin", "lead_years", "name", "predicted_log10"]
    same = before[columns].merge(after[columns])
    assert len(same) == len(before)


def test_the_lead_is_the_year_of_the_device_after_the_new_year() -> None:
    forecasts = run_backtest(devices()).forecasts
    assert (forecasts["date"].dt.year == forecasts["origin"] + forecasts["lead_years"] - 1).all()
    assert forecasts["lead_years"].min() == 1
    assert forecasts["lead_years"].max() == 10
    assert not forecasts.duplicated(["name", "lead_years"]).any()


def test_skill_compares_mean_square_errors() -> None:
    tested = run_backtest(devices(), horizons_years=[3])
    rows, score = tested.forecasts, tested.summary().iloc[0]
    rows = rows[rows["origin"] + 3 <= 2025]  # the data end in 2024
    actual = rows["actual_log10"]
    ours, flat = (((actual - rows[column]) ** 2).mean() for column in ("predicted_log10", "no_growth_log10"))
    assert score["skill_no_growth"] == pytest.approx(1 - ours / flat)
    assert score["rmse_log10"] == pytest.approx(np.sqrt(ours))


def test_leads_have_the_keys_that_are_documented() -> None:
    record = run_backtest("peak_flops").to_record(0.9)
    assert record["level"] == 0.9
    assert set(record["leads"][0]) == {
        *("lead_years", "n_origins", "n", "raw_coverage", "half_width_log10", "n_tested"),
        *("nested_coverage", "interval_score"),
    }


@pytest.mark.parametrize(("ahead", "lead"), [(0, 1), (0.5, 1), (1, 1), (3.4, 4)])
def test_a_calibration_is_of_the_exact_lead(ahead: float, lead: int) -> None:
    calibration = calibrate(run_backtest(devices()), ahead)
    assert calibration is not None
    assert calibration.lead_years == lead


def test_there_is_no_calibration_beyond_the_longest_lead() -> None:
    assert calibrate(run_backtest(devices()), 10.1) is None


def test_a_leading_edge_is_scored_on_what_held_at_the_end_of_each_year() -> None:
    rows = devices()
    tested = run_backtest(rows, best_of="year")
    assert tested.edge
    best = rows.assign(year=pd.to_datetime(rows["date"]).dt.year).groupby("year")["value"].max().cummax()
    outcomes = tested.forecasts.assign(year=tested.forecasts["date"].dt.year)
    assert outcomes["actual_log10"].tolist() == pytest.approx(np.log10(best[outcomes["year"]]).tolist())
    assert (tested.forecasts["date"].dt.strftime("%m-%d") == "12-31").all()
    assert not outcomes.duplicated(["origin", "year"]).any()


def test_records_and_the_best_of_each_year_leave_the_same_standing() -> None:
    rows = devices()
    actual = [
        run_backtest(rows, **choose).forecasts.groupby("date")["actual_log10"].first()
        for choose in ({"best_of": "year"}, {"frontier": True})
    ]
    both = pd.concat(actual, axis=1, join="inner")
    assert len(both) > 5
    assert both.iloc[:, 0].tolist() == pytest.approx(both.iloc[:, 1].tolist())


def test_a_gap_is_tested_on_devices_that_report_both() -> None:
    pairs = pair_devices("peak_flops", "dram_bandwidth").set_index("name")["value"]
    for way in ("device", "ratio"):
        rows = run_backtest("peak_flops", over="dram_bandwidth", way=way, horizons_years=[3]).forecasts
        assert rows["actual_log10"].tolist() == pytest.approx(np.log10(pairs[rows["name"]]).tolist())


def test_a_ratio_of_two_trends_is_forecast_by_the_trends_of_what_was_known() -> None:
    rows = run_backtest("peak_flops", over="dram_bandwidth", way="ratio").forecasts
    first = rows[rows["origin"] == 2018]
    known = fit_gap("peak_flops", "dram_bandwidth", way="ratio", until=2017)
    said = known.project(decimal_years(first["date"].to_numpy()))
    assert first["predicted_log10"].tolist() == pytest.approx(np.log10(said["ratio"]).tolist())
    halves = np.log10(said["high"] / said["ratio"])
    assert find_half_widths(first, 0.95).tolist() == pytest.approx(halves.tolist())


def test_methods_are_ranked_on_the_forecasts_that_all_made() -> None:
    ranking, left_out = compare_methods(devices(scatter=0.1), methods=["theil-sen", "ols", "random-walk"])
    assert list(left_out) == ["random-walk"]
    assert ranking["n"].nunique() == 1
    assert ranking["interval_score"].is_monotonic_increasing


def test_the_method_that_is_true_has_the_least_score() -> None:
    random = np.random.default_rng(3)
    years = np.arange(1980, 2025)
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime([f"{year}-07-01" for year in years]),
            "value": 10 ** np.cumsum(random.normal(0.2, 0.15, len(years))),
        }
    )
    ranking, _ = compare_methods(rows, methods=["ols", Method("random-walk", drift_years=20)])
    assert ranking["method"].iloc[0] == "random-walk"


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
    assert [row["lead_years"] for row in record["leads"]] == list(range(1, 11))


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


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["peak_flops", "--way", "ratio"], "it goes with --over SERIES"),
        (["peak_flops", "--compare", "--by", "kind"], "leave --by out"),
        (["peak_flops", "--method", "random-walk"], "one value a year"),
    ],
)
def test_what_does_not_go_together_is_said(run: Callable[..., Any], command: list[str], message: str) -> None:
    result = run("backtest", *command)
    assert result.code == 2
    assert message in result.err


def test_the_command_takes_the_gap_by_group(run: Callable[..., Any]) -> None:
    result = run("backtest", "peak_flops", "--over", "dram_bandwidth", "--by", "kind", "--format", "json")
    assert [row["group"] for row in json.loads(result.out)] == ["gpu", "accelerator"]


def test_the_command_ranks_methods(run: Callable[..., Any]) -> None:
    result = run("backtest", "dram_bandwidth", "--best-of", "year", "--compare", "--format", "json")
    record = json.loads(result.out)
    scores = [row["interval_score"] for row in record["methods"]]
    assert scores == sorted(scores)
    assert {"ols", "random-walk"} <= {row["method"] for row in record["methods"]}
