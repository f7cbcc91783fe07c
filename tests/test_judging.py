from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.growth import Growth
from memwall_trends.questions.claims import (
    AGREES,
    AGREES_CUT_OFF,
    AGREES_ROUNDED,
    DIFFERS,
    INCONCLUSIVE,
    VERDICTS,
    compare_rates,
    describe_rule,
    judge,
)
from memwall_trends.questions.claims.judging import Slope, check_margin, relative_likelihood, round_to_digits

slopes = st.builds(
    lambda estimate, below, above: Slope(estimate, estimate - below, estimate + above),
    st.floats(-0.5, 0.5),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
)


# The ratio of two rates


def test_the_interval_of_the_ratio_is_that_of_zou_and_donner() -> None:
    # Lower end: difference - sqrt((ours - its low)^2 + (high of the claimed - claimed)^2), by hand
    # -0.05 - sqrt(0.03^2 + 0.04^2) = -0.10; upper end: -0.05 + sqrt(0.05^2 + 0.12^2) = 0.08.
    compared = compare_rates(Slope(0.10, 0.07, 0.15), Slope(0.15, 0.03, 0.19), per=2)
    assert math.log10(compared.ratio) == pytest.approx(2 * -0.05)
    assert math.log10(compared.ratio_low) == pytest.approx(2 * -0.10)
    assert math.log10(compared.ratio_high) == pytest.approx(2 * 0.08)


def test_of_two_normal_slopes_it_is_the_interval_of_their_difference() -> None:
    error = 1.96 * math.hypot(0.01, 0.02)
    ours, claimed = Slope(0.2, 0.2 - 1.96 * 0.01, 0.2 + 1.96 * 0.01), Slope(0.1, 0.1 - 0.0392, 0.1 + 0.0392)
    compared = compare_rates(ours, claimed, per=1)
    assert np.log10([compared.ratio_low, compared.ratio_high]) == pytest.approx([0.1 - error, 0.1 + error])


def test_it_holds_the_true_ratio_as_often_as_stated() -> None:
    random = np.random.default_rng(0)
    true, errors, n = (0.2, 0.15), (0.01, 0.03), 4000
    held = 0
    for ours, claimed in random.normal(true, errors, size=(n, 2)):
        compared = compare_rates(
            Slope(ours, ours - 1.96 * errors[0], ours + 1.96 * errors[0]),
            Slope(claimed, claimed - 1.96 * errors[1], claimed + 1.96 * errors[1]),
            per=2,
        )
        held += compared.ratio_low <= 10 ** (2 * (true[0] - true[1])) <= compared.ratio_high
    assert held / n == pytest.approx(0.95, abs=0.01)


def test_a_figure_without_an_interval_leaves_ours_as_it_is() -> None:
    compared = compare_rates(Slope.of(2.2, 2, 2.0, 2.5), Slope.of(2.0, 2), per=2)
    assert (compared.ratio, compared.ratio_low, compared.ratio_high) == pytest.approx((1.1, 1.0, 1.25))


@given(slopes, slopes)
def test_turned_over_the_verdict_stays_and_the_ratio_inverts(ours: Slope, claimed: Slope) -> None:
    compared, turned = compare_rates(ours, claimed, per=2), compare_rates(claimed, ours, per=2)
    assert (turned.ratio, turned.ratio_low, turned.ratio_high) == pytest.approx(
        (1 / compared.ratio, 1 / compared.ratio_high, 1 / compared.ratio_low)
    )
    assert turned.verdict == compared.verdict


# The verdict


@pytest.mark.parametrize(
    ("low", "rate", "high", "verdict"),
    [
        (0.90, 1.00, 1.10, AGREES),
        (1.05, 1.10, 1.15, AGREES),  # as good as the same, though it excludes 1
        (0.85, 0.90, 0.95, AGREES),
        (1.10, 1.30, 1.50, DIFFERS),
        (1.30, 1.40, 1.50, DIFFERS),
        (0.50, 0.70, 0.90, DIFFERS),
        (0.90, 1.10, 1.40, INCONCLUSIVE),
        (0.70, 0.90, 1.10, INCONCLUSIVE),
        (0.01, 1.00, 100.0, INCONCLUSIVE),
    ],
)
def test_where_the_interval_lies_says_the_verdict(low: float, rate: float, high: float, verdict: str) -> None:
    assert compare_rates(Slope.of(rate, 2, low, high), Slope.of(1.0, 2), per=2).verdict == verdict


def test_a_wide_claim_is_open_even_where_ours_is_narrow() -> None:
    ours = Slope.of(2.2, 2, 2.15, 2.25)
    assert compare_rates(ours, Slope.of(3.0, 2, 2.7, 3.4), per=2).verdict == DIFFERS
    assert compare_rates(ours, Slope.of(3.0, 2, 1.5, 6.0), per=2).verdict == INCONCLUSIVE


@given(slopes, slopes, st.sampled_from([0.5, 1, 20]))
def test_the_verdict_is_the_same_whatever_the_period(ours: Slope, claimed: Slope, per: float) -> None:
    two_years, other = (compare_rates(ours, claimed, per=years) for years in (2, per))
    assert other.verdict == two_years.verdict
    assert other.ratio == pytest.approx(two_years.ratio ** (per / 2))
    assert other.verdict in VERDICTS


@given(slopes, slopes, st.floats(1.01, 3), st.floats(1.01, 3))
def test_a_wider_margin_only_adds_agreement(ours: Slope, claimed: Slope, one: float, other: float) -> None:
    narrow, wide = (
        compare_rates(ours, claimed, per=2, margin=margin).verdict for margin in sorted((one, other))
    )
    assert wide in (narrow, AGREES)


def test_the_margin_is_on_the_growth_per_two_years() -> None:
    ours, claimed = Slope.of(1.2, 2, 1.15, 1.24), Slope.of(1.0, 2)
    assert compare_rates(ours, claimed, per=20, margin=1.25).verdict == AGREES
    assert compare_rates(ours, claimed, per=20, margin=1.23).verdict == DIFFERS


@pytest.mark.parametrize("margin", [1, 0.8, 0, -2, math.inf, math.nan])
def test_a_margin_is_above_one(margin: float) -> None:
    with pytest.raises(MemwallError, match=r"a margin is a factor above 1, as in 1\.25; got"):
        compare_rates(Slope.of(1, 2), Slope.of(1, 2), per=2, margin=margin)
    assert check_margin(1.01) == 1.01


def test_the_rule_names_its_margin() -> None:
    assert "a factor of 1.25 per two years" in describe_rule()
    assert "a factor of 2 per two years" in describe_rule(2)
    assert "excludes 1 and leaves that margin" in describe_rule()


# The likelihood


@pytest.mark.parametrize("freedom", [1, 8, 30, 300])
def test_the_likelihood_is_a_ratio_of_densities_of_students_t(freedom: int) -> None:
    from scipy.stats import t

    growth = Growth(slope=0.2, slope_error=0.03, degrees_of_freedom=freedom)
    for slope in (0.2, 0.17, 0.25, 0.4):
        distance = (slope - 0.2) / 0.03
        expected = t.pdf(distance, freedom) / t.pdf(0, freedom)
        assert relative_likelihood(growth, slope) == pytest.approx(expected, rel=1e-9)


def test_a_line_without_error_makes_only_its_own_slope_likely() -> None:
    exact = Growth(slope=0.2, slope_error=0, degrees_of_freedom=5)
    assert [relative_likelihood(exact, slope) for slope in (0.2, 0.21)] == [1, 0]


# Rounding, for the paper's own points


@pytest.mark.parametrize(
    ("printed", "digits", "rate", "verdict"),
    [
        (3.0, 2, 2.95, AGREES_ROUNDED),
        (3.0, 2, 2.9499, DIFFERS),
        (3.0, 2, 3.0499, AGREES_ROUNDED),
        (3.0, 2, 3.06, AGREES_CUT_OFF),
        (3.0, 2, 3.1, DIFFERS),
        (750, 2, 745, AGREES_ROUNDED),
        (750, 2, 755, AGREES_CUT_OFF),
        (750, 2, 760, DIFFERS),
        (750, 2, 744.9, DIFFERS),
        (60000, 1, 64313, AGREES_ROUNDED),
        (2, 1, 1.86, AGREES_ROUNDED),
        (1.6, 2, 1.65, AGREES_CUT_OFF),
        (100, 1, 67.08, DIFFERS),
        (100, 1, 94.9, DIFFERS),
        (100, 1, 95, AGREES_ROUNDED),
        (100, 1, 199, AGREES_CUT_OFF),
        (100, 1, 200, DIFFERS),
        (1.0, 2, 0.96, DIFFERS),
    ],
)
def test_a_fit_agrees_if_it_rounds_to_the_printed_figure_or_is_cut_off_to_it(
    printed: float, digits: int, rate: float, verdict: str
) -> None:
    assert judge(printed, digits, rate) == verdict


@pytest.mark.parametrize(
    ("printed", "digits", "low", "high"),
    [
        (1.6, 2, 1.55, 1.65),
        (750, 2, 745, 755),
        (2, 1, 1.5, 2.5),
        (60000, 1, 55000, 65000),
        (0.6, 1, 0.55, 0.65),
    ],
)
def test_what_rounds_to_a_figure_lies_half_a_digit_about_it(
    printed: float, digits: int, low: float, high: float
) -> None:
    assert round_to_digits(printed, digits) == pytest.approx((low, high))
