from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import rank_level
from memwall_trends.fitting.ranks import _discordances, quantile_bounds, sen_bounds


@pytest.mark.parametrize(
    "years", [[0, 1, 2], [0, 1, 2, 3], [0, 1, 1, 2, 3], [0, 0, 1, 1, 1, 2], [0, 1, 2, 3, 4, 5]]
)
def test_pairs_against_the_trend_are_counted_as_by_all_orders(years: list[float]) -> None:
    counts: dict[int, int] = {}
    for order in permutations(range(len(years))):
        against = sum(
            years[i] < years[j] and order[i] > order[j] for i in range(len(years)) for j in range(i)
        ) + sum(years[i] > years[j] and order[i] < order[j] for i in range(len(years)) for j in range(i))
        counts[against // 1] = counts.get(against, 0) + 1
    expected = np.array([counts[number] for number in sorted(counts)]) / math.factorial(len(years))
    assert _discordances(np.array(years, dtype=float)) == pytest.approx(expected)


@pytest.mark.parametrize("n_obs", [5, 8, 20])
def test_sens_interval_holds_what_kendalls_test_keeps(n_obs: int) -> None:
    random = np.random.default_rng(n_obs)
    years = np.sort(random.uniform(2000, 2020, n_obs))
    values = 0.24 * years + random.normal(0, 0.5, n_obs)

    def p_value(slope: float) -> float:
        return float(kendalltau(years, values - slope * years, method="exact").pvalue)

    for level in (0.8, 0.95):
        low, high = sen_bounds(years, values, level)
        for end, outwards in ((low, -1e-9), (high, 1e-9)):
            assert p_value(end - outwards) > (1 - level) * (1 - 1e-9)
            assert p_value(end + outwards) <= (1 - level) * (1 + 1e-9)


def test_so_few_observations_hold_no_high_level() -> None:
    years = np.arange(2000.0, 2004.0)
    values = np.array([0.0, 1.0, 2.5, 3.0])
    assert rank_level(years) == pytest.approx(1 - 2 / 24)
    assert sen_bounds(years, values, 0.95) == (-math.inf, math.inf)
    assert sen_bounds(years, values, rank_level(years)) == pytest.approx((0.5, 1.5))
    # Two devices of one date are no pair: fewer orders.
    assert rank_level(np.array([0.0, 1.0, 1.0, 2.0])) == pytest.approx(1 - 2 / 12)


def test_many_observations_are_about_as_the_counted() -> None:
    random = np.random.default_rng(5)
    years = np.sort(random.uniform(2000, 2020, 41))
    values = 0.24 * years + random.normal(0, 0.5, 41)
    counted, approximate = sen_bounds(years[:40], values[:40], 0.95), sen_bounds(years, values, 0.95)
    assert approximate == pytest.approx(counted, abs=0.01)


@pytest.mark.parametrize("level", [0, 1, -0.5, math.nan])
def test_a_level_is_between_0_and_1(level: float) -> None:
    years = np.arange(5.0)
    with pytest.raises(MemwallError, match="the level of an interval"):
        sen_bounds(years, years, level)
    with pytest.raises(MemwallError, match="the level of an interval"):
        quantile_bounds(years, years, 0.5, level, slope=1.0)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_the_ends_are_where_the_test_of_ranks_turns(quantile: float) -> None:
    # By the sum itself, of the observations that lie above the quantile of what is left of a slope.
    random = np.random.default_rng(2)
    years = np.sort(random.uniform(2000, 2020, 200))
    values = 0.24 * years + random.normal(0, 0.3, 200)
    low, high = quantile_bounds(years, values, quantile, 0.95, slope=0.24)
    n_beyond = round(200 * (1 - quantile))
    chosen = [np.mean(random.choice(years, n_beyond, replace=False) - years.mean()) for _ in range(20_000)]

    def rarity(slope: float) -> float:
        """Return how seldom as many devices are as early, or as late, as those beyond that slope."""
        late = np.mean(years[np.argsort(slope * years - values)[:n_beyond]] - years.mean())
        return float(min(np.mean(np.array(chosen) <= late), np.mean(np.array(chosen) >= late)))

    for end, outwards in ((low, -1e-6), (high, 1e-6)):
        assert rarity(end + outwards) <= 0.025 + 0.003
        assert rarity(end - outwards) >= 0.025 - 0.003


def test_the_interval_moves_along_with_slope_and_scale() -> None:
    random = np.random.default_rng(3)
    years = np.sort(random.uniform(2000, 2020, 60))
    values = random.normal(0, 0.3, 60)
    low, high = quantile_bounds(years, values, 0.8, 0.9, slope=0.0)
    moved = quantile_bounds(years + 5, 3 * values + 0.5 * years, 0.8, 0.9, slope=0.5)
    assert moved == pytest.approx((3 * low + 0.5, 3 * high + 0.5), abs=1e-9)
    # The low quantile of what is turned over is the high one.
    turned = quantile_bounds(years, -values, 0.2, 0.9, slope=0.0)
    assert turned == pytest.approx((-high, -low), abs=1e-9)


def test_one_observation_beyond_holds_no_high_level() -> None:
    random = np.random.default_rng(4)
    years = np.linspace(2000, 2020, 12)
    values = 0.24 * years + random.normal(0, 0.3, 12)
    assert quantile_bounds(years, values, 0.9, 0.99, slope=0.24) == (-math.inf, math.inf)
    low, high = quantile_bounds(years, values, 0.9, 0.2, slope=0.24)
    assert math.isfinite(low)
    assert math.isfinite(high)
