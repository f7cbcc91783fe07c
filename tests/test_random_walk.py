from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.random_walk import random_walk, stand_at_year_ends
from memwall_trends.fitting.trends import fit_trend

if TYPE_CHECKING:
    from collections.abc import Callable


def yearly(values: list[float], first: int = 2000) -> pd.DataFrame:
    """Return one value a year, at its start."""
    dates = [pd.Timestamp(first + number, 7, 1) for number in range(len(values))]
    return pd.DataFrame({"date": dates, "value": 10 ** np.array(values)})


def test_the_forecast_by_hand() -> None:
    # Steps 0.1, 0.3, 0.1, 0.3: drift 0.2, K^2 = 4 x 0.1^2 / 3; two years on K^2 (2 + 4 / 4) = 0.04.
    walk = random_walk(np.arange(2000.0, 2005.0), np.array([0.0, 0.1, 0.4, 0.5, 0.8]))
    assert walk.slope == pytest.approx(0.2)
    assert walk.walk_variance == pytest.approx(0.04 / 3)
    assert walk.degrees_of_freedom == 3
    assert walk.covariance[1, 1] == pytest.approx(0.04 / 12)
    ahead = np.array([2006.0])
    variance = walk.scatter(ahead) + walk.covariance[1, 1] * (ahead - walk.origin) ** 2
    assert variance.item() == pytest.approx(0.04)


def test_the_trend_says_the_same() -> None:
    row = fit_trend(yearly([0.0, 0.1, 0.4, 0.5, 0.8]), method="random-walk")
    middle, variance, freedoms = row.log10_new(np.array([row.estimate.origin + 2]))
    assert middle.item() == pytest.approx(1.2, abs=1e-3)
    assert math.sqrt(variance.item()) == pytest.approx(0.2, rel=1e-2)
    predicted = row.predict([row.estimate.origin + 2]).iloc[0]
    half = math.log10(predicted["prediction_high"] / predicted["value"])
    assert half == pytest.approx(t.ppf(0.975, freedoms.item()) * math.sqrt(variance.item()))


def test_steps_of_other_lengths_count_by_the_time_that_they_span() -> None:
    years, values = np.array([2000.0, 2001.0, 2004.0, 2005.0]), np.array([0.0, 0.3, 0.9, 1.0])
    walk = random_walk(years, values)
    assert walk.slope == pytest.approx(0.2)
    squares = (0.3 - 0.2) ** 2 + (0.6 - 0.6) ** 2 / 3 + (0.1 - 0.2) ** 2
    assert walk.walk_variance == pytest.approx(squares / 2)


def test_the_drift_is_of_the_last_years_alone() -> None:
    years = np.arange(1990.0, 2011.0)
    random = np.random.default_rng(0)
    steps = np.where(years[1:] <= 2002, 0.5, 0.1) + random.normal(0, 0.01, 20)
    values = np.append(0, np.cumsum(steps))
    assert random_walk(years, values).slope == pytest.approx(steps[-8:].mean())
    assert random_walk(years, values, drift_years=20).slope == pytest.approx(steps.mean())


def test_order_does_not_matter() -> None:
    years, values = np.arange(2000.0, 2006.0), np.array([0.0, 0.3, 0.4, 0.9, 1.0, 1.4])
    order = np.array([3, 0, 5, 1, 4, 2])
    assert random_walk(years[order], values[order]).slope == random_walk(years, values).slope


def test_what_stands_never_falls_and_fills_years_without_a_device() -> None:
    ends, standing = stand_at_year_ends(np.array([2003, 2001, 2001]), np.array([0.5, 1.0, 0.2]), until=2005)
    assert ends.tolist() == [2002.0, 2003.0, 2004.0, 2005.0, 2006.0]
    assert standing.tolist() == [1.0] * 5


def test_records_and_the_best_of_each_year_walk_alike() -> None:
    first, second = (
        fit_trend("peak_flops", method="random-walk", **choose).slope
        for choose in ({"best_of": "year"}, {"frontier": True})
    )
    assert first == pytest.approx(second)


def test_values_without_scatter_have_no_error() -> None:
    trend = fit_trend(yearly([0.1 * number for number in range(12)]), method="random-walk")
    assert trend.growth_factor(1) == pytest.approx(10**0.1, rel=1e-3)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            pd.concat([yearly([0.0, 0.3, 0.5])] * 2),
            {},
            "one value a year, and 2000 has 2; count",
        ),
        (yearly([0.0, 0.3, 0.5]), {}, "at least 4 values in the last 8 years; got 3"),
        (yearly([0.0, 0.3, 0.5, 0.9, 1.2]), {"drift_years": 0}, "number above zero"),
        (yearly([0.0, 0.3, 0.5, 0.9, 1.2]), {"drift_years": 2}, "widen --drift-years"),
        (yearly([0.0, 0.3, 0.5, 0.9, 1.2]), {"bootstrap": "pairs"}, "interval of its own"),
        (yearly([0.0, 0.3, 0.5, 0.9, 1.2]), {"se": "hc3"}, "'random-walk' has no se"),
    ],
)
def test_what_a_walk_cannot_do_is_said(rows: pd.DataFrame, options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_trend(rows, method=Method("random-walk", **options))


def test_other_methods_have_no_drift() -> None:
    with pytest.raises(MemwallError, match="'ols' has no drift_years; random-walk have"):
        fit_trend("dram_bandwidth", method=Method("ols", drift_years=5))


def test_the_command_fits_a_walk(run: Callable[..., Any]) -> None:
    result = run("rate", "peak_flops", "--best-of", "year", "--method", "random-walk", "--drift-years", "10")
    assert result.code == 0
    assert "Random walk with the drift of 10 years" in result.out.replace("\n", " ")


@pytest.mark.slow
def test_intervals_hold_at_each_lead_if_steps_are_normal() -> None:
    random = np.random.default_rng(0)
    held: dict[int, list[bool]] = {1: [], 5: [], 10: []}
    for _ in range(2000):
        values = np.cumsum(random.normal(0.2, 0.15, 30))
        walk = random_walk(np.arange(20.0), values[:20])
        for lead, found in held.items():
            ahead = walk.origin + lead
            variance = walk.scatter(np.array([ahead])).item() + walk.covariance[1, 1] * lead**2
            half = t.ppf(0.975, walk.degrees_of_freedom) * math.sqrt(variance)
            found.append(abs(values[19 + lead] - walk.intercept - walk.slope * lead) <= half)
    for found in held.values():
        assert np.mean(found) == pytest.approx(0.95, abs=0.015)
