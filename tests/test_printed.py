from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims import (
    SOURCE,
    check_claim,
    describe_printed,
    find_claimed_slope,
    load_claims,
    slope_of,
)
from memwall_trends.questions.claims.printed import fit_own_points
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable

    MadeUp = Callable[..., dict[str, Any]]

DOUBLING = {"measure": "doubling years", "printed": 2.5}


@pytest.mark.parametrize(
    ("cells", "words", "yearly"),
    [
        ({"printed": 2.3, "measure": "doubling years"}, "doubles every 2.3 years", 2 ** (1 / 2.3)),
        ({"printed": 3, "measure": "doubling months", "significant_digits": 1}, "doubles every 3 months", 16),
        ({"printed": 1, "measure": "doubling years", "significant_digits": 1}, "doubles every 1 year", 2),
        ({"printed": 60, "measure": "percent", "period_years": 1}, "60% per year", 1.6),
        (
            {"printed": 0.6, "measure": "orders of magnitude", "period_years": 1, "significant_digits": 1},
            "0.6 orders of magnitude per year",
            10**0.6,
        ),
        ({"printed": 4.7, "period_years": 1}, "4.7x per year", 4.7),
        ({"printed": 600000, "period_years": 8, "significant_digits": 1}, "600,000x per 8 years", 6e5**0.125),
        (
            {"printed": 2.5, "measure": "doubling years", "printed_low": 2.0, "printed_high": 3.0},
            "doubles every 2 to 3 years",
            2**0.4,
        ),
    ],
)
def test_each_measure_is_a_growth_factor_and_reads_as_printed(
    made_up: MadeUp, cells: dict[str, Any], words: str, yearly: float
) -> None:
    claim = made_up(**cells)
    assert describe_printed(claim) == words
    assert 10 ** find_claimed_slope(claim).estimate == pytest.approx(yearly)
    assert check_claim(claim, per=1)["printed_rate"] == pytest.approx(yearly)


# The interval of the printed side


def test_a_figure_without_an_interval_is_as_uncertain_as_its_rounding(made_up: MadeUp) -> None:
    slope = find_claimed_slope(made_up(printed=1.8))
    ends = np.log10([1.75, 1.80, 1.85]) / 2
    assert (slope.low, slope.estimate, slope.high) == pytest.approx(ends)


def test_a_printed_range_is_taken_as_it_is_at_each_level(made_up: MadeUp) -> None:
    claim = made_up(printed=1.8, printed_low=1.5, printed_high=2.5)
    for level in (0.5, 0.99):
        slope = find_claimed_slope(claim, level)
        assert (slope.low, slope.high) == pytest.approx(np.log10([1.5, 2.5]) / 2)


def test_a_printed_interval_is_brought_to_our_level(made_up: MadeUp) -> None:
    claim = made_up(printed=1.8, printed_low=1.7, printed_high=2.0, printed_level=0.9)
    low, estimate, high = np.log10([1.7, 1.8, 2.0]) / 2
    same, ours = find_claimed_slope(claim, 0.9), find_claimed_slope(claim, 0.95)
    assert (same.low, same.high) == pytest.approx((low, high))
    # The normal quantiles of 95% and 90%, as tabulated.
    scale = 1.959964 / 1.644854
    assert ours.estimate == pytest.approx(estimate)
    assert ours.low == pytest.approx(estimate - (estimate - low) * scale, rel=1e-5)
    assert ours.high == pytest.approx(estimate + (high - estimate) * scale, rel=1e-5)


def test_a_longer_doubling_time_is_the_lower_end(made_up: MadeUp) -> None:
    slope = find_claimed_slope(made_up(**DOUBLING, printed_low=2, printed_high=4))
    assert (10**slope.low, 10**slope.high) == pytest.approx((2**0.25, 2**0.5))
    assert slope.low < slope.estimate < slope.high


@pytest.mark.parametrize("series", ["peak_flops", "dram_bandwidth"])
def test_the_paper_is_as_uncertain_as_its_own_points(series: str) -> None:
    import statsmodels.formula.api as smf

    rows = load_table(series, SOURCE)
    rows = rows.assign(year=decimal_years(rows["date"].to_numpy()), log10_value=np.log10(rows["value"]))
    theirs = smf.ols("log10_value ~ year", rows).fit()
    (claim,) = (claim for claim in load_claims(2) if claim["series"] == series)
    for level in (0.95, 0.8):
        low, high = theirs.conf_int(1 - level).loc["year"] - theirs.params["year"]
        slope = find_claimed_slope(claim, level)
        assert slope.estimate == pytest.approx(math.log10(claim["printed"]) / 2)
        assert (slope.low - slope.estimate, slope.high - slope.estimate) == pytest.approx((low, high))


def test_the_paper_is_as_uncertain_per_20_years_as_per_2() -> None:
    for two, twenty in zip(load_claims(2), load_claims(20), strict=False):
        assert two["series"] == twenty["series"]
        one, other = find_claimed_slope(two), find_claimed_slope(twenty)
        assert one.high - one.low == pytest.approx(other.high - other.low)


def test_every_claim_is_a_slope_within_its_interval() -> None:
    for row in load_table("claims").to_dict(orient="records"):
        slope = find_claimed_slope({str(column): cell for column, cell in row.items()})
        assert -math.inf < slope.low < slope.estimate < slope.high < math.inf, row["claim"]


def test_a_fitted_slope_has_its_t_interval() -> None:
    trend = fit_trend("dram_bandwidth", dataset=SOURCE)
    slope = slope_of(trend, 0.9)
    assert (slope.estimate, slope.low, slope.high) == (trend.slope, *trend.slope_interval(0.9))


# The rows of the paper


def test_the_points_of_a_claim_are_those_that_the_authors_fitted() -> None:
    assert [fit_own_points(claim).n_obs for claim in load_claims(2)] == [37, 12, 10, 10, 10, 7]


def test_every_claim_of_the_paper_is_sourced() -> None:
    sources = set(load_table("sources")["source"])
    for claim in load_claims(2) + load_claims(20):
        assert claim["source"] in sources
        assert claim["locator"]


def test_no_claim_for_a_period_says_which_periods_there_are() -> None:
    with pytest.raises(MemwallError, match=r"no claim is printed per 3 years; .* per 2 and 20 years"):
        load_claims(3)
