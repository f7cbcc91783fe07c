from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import fit_gap
from memwall_trends.questions.projection import Outlook, describe_record, look_ahead

if TYPE_CHECKING:
    from collections.abc import Callable

    from memwall_trends.questions.ratio import Gap


@pytest.fixture(scope="module")
def gap() -> Gap:
    return fit_gap("peak_flops", "dram_bandwidth")


@pytest.fixture(scope="module")
def outlook(gap: Gap) -> Outlook:
    return look_ahead(gap)


@pytest.mark.parametrize("way", ["device", "ratio", "bootstrap"])
def test_the_calibrated_interval_holds_the_usual_one_in_all_ways(way: str) -> None:
    fitted = fit_gap("peak_flops", "dram_bandwidth", way=way)
    rows = look_ahead(fitted).project([2027.0, 2029.0, 2031.0])
    assert rows["value"].tolist() == fitted.project([2027.0, 2029.0, 2031.0])["ratio"].tolist()
    assert (rows["calibrated_low"] <= rows["low"]).all()
    assert (rows["calibrated_high"] >= rows["high"]).all()
    if way != "bootstrap":  # which draws each year anew
        assert (np.diff(np.log10(rows["calibrated_high"] / rows["value"])) >= 0).all()


def test_it_spans_what_the_past_asks_for(outlook: Outlook) -> None:
    calibrations = outlook.calibrations(0.9)
    row = outlook.project([outlook.last_year + 2.5], 0.9).iloc[0]
    width = math.log10(row["calibrated_high"] / row["value"])
    usual = math.log10(row["high"] / row["value"])
    assert width == pytest.approx(max(usual, calibrations[3].half_width_log10))
    assert row["raw_coverage"] == calibrations[3].raw_coverage
    assert row["n_origins"] == calibrations[3].n_origins


def test_within_the_data_nothing_is_calibrated(outlook: Outlook) -> None:
    row = outlook.project([2015.0]).iloc[0]
    assert row["lead_years"] == 0
    assert math.isnan(row["calibrated_low"])
    assert outlook.describe([2015.0]) == []


def test_beyond_the_longest_lead_the_interval_is_untested(outlook: Outlook) -> None:
    row = outlook.project([outlook.last_year + 11]).iloc[0]
    assert math.isnan(row["calibrated_low"])
    assert row["low"] < row["value"]
    assert "farther than the past tells; the interval is untested" in outlook.describe([row["year"]])[0]


def test_too_short_a_past_is_said() -> None:
    outlook = look_ahead(fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024"))
    assert outlook.tested is None
    assert "too short for a backtest" in outlook.describe([2030.0])[0]
    assert outlook.project([2030.0])["calibrated_low"].isna().all()
    assert math.isnan(outlook.reach(1000)["calibrated_low"])


def test_the_calibrated_years_are_where_the_calibrated_interval_meets_the_ratio(outlook: Outlook) -> None:
    ahead = outlook.last_year + 1.5
    row = outlook.project([ahead]).iloc[0]
    reached = outlook.reach(row["calibrated_high"] * 1.0001)
    entered = outlook.project([reached["calibrated_low"] + 1e-6]).iloc[0]
    assert entered["calibrated_high"] >= row["calibrated_high"]
    assert reached["calibrated_low"] >= ahead
    assert reached["calibrated_low"] <= reached["prediction_low"]
    left = outlook.reach(row["calibrated_low"] * 0.9)["calibrated_high"]
    assert math.isnan(left) or left >= outlook.last_year


def test_a_ratio_that_was_passed_long_ago_has_the_usual_years(outlook: Outlook) -> None:
    reached = outlook.reach(5.0)
    assert reached["calibrated_low"] == reached["prediction_low"]
    assert reached["calibrated_high"] == reached["prediction_high"] < outlook.last_year


def test_a_falling_ratio_is_reached_too() -> None:
    outlook = look_ahead(fit_gap("dram_bandwidth", "peak_flops"))
    now = outlook.project([outlook.last_year]).iloc[0]
    reached = outlook.reach(now["value"] / 3)
    assert reached["calibrated_low"] <= reached["prediction_low"]


def test_only_a_gap_reaches_a_ratio() -> None:
    with pytest.raises(MemwallError, match="only a gap"):
        look_ahead(fit_trend("dram_bandwidth")).reach(10)


def test_a_record_carries_projections() -> None:
    trend = fit_trend("dram_bandwidth", segment="server")
    record = describe_record(look_ahead(trend), [2030.0])
    (row,) = record["projections"]
    predicted = trend.predict([2030.0]).iloc[0]
    assert (row["low"], row["high"]) == (predicted["prediction_low"], predicted["prediction_high"])
    assert {"calibrated_low", "calibrated_high", "lead_years", "coverage"} <= set(row)


@pytest.mark.parametrize("series", ["peak_flops", "dram_bandwidth"])
@pytest.mark.parametrize("lead", [1, 3, 5])
def test_nested_intervals_hold_or_it_is_said_that_they_do_not(series: str, lead: int) -> None:
    outlook = look_ahead(fit_trend(series))
    share = outlook.calibrations(0.95)[lead].nested_coverage
    words = outlook.describe([outlook.last_year + lead])[0]
    assert f"the calibrated one {100 * share:.0f}%" in words
    assert (0.9 <= share <= 0.99) != ("that it should" in words)


@pytest.mark.parametrize("lead", [1, 3, 5])
def test_the_same_of_the_gap(outlook: Outlook, lead: int) -> None:
    share = outlook.calibrations(0.95)[lead].nested_coverage
    words = outlook.describe([outlook.last_year + lead])[0]
    if math.isnan(share):
        assert "too few of them" in words
    else:
        assert (0.9 <= share <= 0.99) != ("that it should" in words)


def test_a_line_near_the_top_cannot_be_projected() -> None:
    trend = fit_trend("dram_bandwidth", method=Method("quantile", quantile=0.9))
    with pytest.raises(MemwallError, match="no prediction interval"):
        look_ahead(trend).project([2030.0])


def test_a_year_too_far_is_a_message() -> None:
    with pytest.raises(MemwallError, match="leaves the range"):
        look_ahead(fit_trend("dram_bandwidth", dataset="gholami2024")).project([9999.0])


def test_rate_projects(run: Callable[..., Any]) -> None:
    command = ["rate", "dram_bandwidth", "--segment", "server", "--at", "2030", "--at", "2031-06"]
    rows = json.loads(run(*command, "--format", "json").out)["projections"]
    assert [row["year"] for row in rows] == [2030, pytest.approx(2031.4, abs=0.1)]
    assert rows[0]["calibrated_low"] <= rows[0]["low"] < rows[0]["value"]
    shown = run(*command).out
    assert "GB/s in 2030, calibrated" in shown
    assert "Backtest, 4 years ahead: the usual 95% interval held" in shown.replace("\n", " ")


def test_rate_without_a_year_has_no_projections(run: Callable[..., Any]) -> None:
    assert json.loads(run("rate", "dram_bandwidth", "--format", "json").out)["projections"] == []


def test_rate_projects_one_trend(run: Callable[..., Any]) -> None:
    result = run("rate", "dram_bandwidth", "--at", "2030", "--by", "kind")
    assert result.code == 2
    assert "--at projects one trend" in result.err


def test_gap_marks_what_is_untested(run: Callable[..., Any]) -> None:
    result = run("gap", "peak_flops", "dram_bandwidth", "--at", "2040")
    assert "FLOP/byte in 2040, untested" in result.out


def test_gap_prints_the_calibrated_years(run: Callable[..., Any]) -> None:
    command = ["gap", "peak_flops", "dram_bandwidth", "--way", "ratio", "--at", "2030", "--reach", "1000"]
    record = json.loads(run(*command, "--format", "json").out)
    assert {"calibrated_low", "calibrated_high"} <= set(record["reach"][0])
    assert record["projections"][0]["raw_coverage"] < 0.95


@pytest.mark.slow
def test_calibrated_projections_hold_where_growth_drifts() -> None:
    held = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        growth = np.cumsum(random.normal(0.2, 0.05, 31))
        number = np.repeat(np.arange(31), 10)
        rows = pd.DataFrame(
            {
                "date": pd.to_datetime([f"{1994 + year}-07-01" for year in number]),
                "value": 10 ** (growth[number] + random.normal(0, 0.2, len(number))),
            }
        )
        outlook = look_ahead(fit_trend(rows[number < 28]))
        row = outlook.project([2024.5]).iloc[0]
        actual = rows["value"][number == 30]
        held.append(actual.between(row["calibrated_low"], row["calibrated_high"]).mean())
    assert np.mean(held) > 0.92
