from __future__ import annotations

import math
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.datasets import list_series, load_observations
from memwall_trends.datasets.conditions import filter_rows
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.estimators import ESTIMATORS, _quantile_covariance, find_estimator
from memwall_trends.fitting.growth import Growth
from memwall_trends.fitting.least_squares import design_line, ordinary_least_squares
from memwall_trends.fitting.methods import Method, fit_line
from memwall_trends.fitting.standard_errors import Clusters
from memwall_trends.selection import select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable

    from memwall_trends.fitting.least_squares import Estimate, Floats
    from memwall_trends.selection import Selection

SLOPE = 0.24
N_SIMULATED = 2000
COVERED = (0.93, 0.97)
"""How often a 95 % interval may hold the slope: four standard errors of 2,000 draws about 0.95."""

BY_R = {
    "hc3": Method(se="hc3"),
    "cluster": Method(vcov={"CRV1": "vendor"}),
    "wls": Method("wls"),
    "huber": Method("huber"),
    "quantile_0.5": Method("quantile"),
    "quantile_0.9": Method("quantile", quantile=0.9),
    "theil_sen": Method("theil-sen"),
}
QUANTILES = {"quantile_0.5": 0.5, "quantile_0.9": 0.9}
"""R has the errors by the kernel alone; ours are widened where few observations lie beyond the line."""
ALONE = [name for name in ESTIMATORS if name != "mixed"]
"""A mixed model needs vendors and architectures."""
ROBUST = ["huber", "theil-sen", "quantile"]


def kernel_errors(chosen: Selection, estimate: Estimate, quantile: float) -> dict[str, float]:
    rows = chosen.observations
    years, values = decimal_years(rows["date"].to_numpy()), np.log10(rows["value"].to_numpy())
    design = design_line(years, estimate.origin)
    residuals = values - design @ [estimate.intercept, estimate.slope]
    errors = np.sqrt(np.diag(_quantile_covariance(design, residuals, quantile)))
    assert (np.sqrt(np.diag(estimate.covariance)) >= errors * (1 - 1e-9)).all()
    return {"middle_error": errors[0], "slope_error": errors[1]}


def named(codes: np.ndarray) -> Clusters:
    return Clusters((codes,), "vendors")


@pytest.fixture(scope="module")
def robust() -> dict[str, dict[str, float]]:
    """R's numbers by series and quantity; ``tests/reference/robust.R`` says how they were made."""
    rows = pd.read_csv(Path(__file__).parent / "reference" / "robust.csv")
    return {
        str(series): dict(zip(part["quantity"], part["value"], strict=True))
        for series, part in rows.groupby("series")
    }


@pytest.mark.parametrize("series", list_series("gholami2024"))
def test_ols_agrees_with_lm(series: str, reference: dict[str, dict[str, float]]) -> None:
    data = load_observations(series, dataset="gholami2024")
    rows = filter_rows(data.frame, where=data.fitted)
    estimate = ordinary_least_squares(
        decimal_years(rows["date"].to_numpy()), np.log10(rows["value"].to_numpy())
    )
    expected = reference[series]
    assert estimate.slope == pytest.approx(expected["slope"], rel=1e-9)
    assert math.sqrt(estimate.covariance[1, 1]) == pytest.approx(expected["slope_error"], rel=1e-9)
    assert estimate.r_squared == pytest.approx(expected["r_squared"], rel=1e-9)
    assert estimate.degrees_of_freedom == expected["n_obs"] - 2


@pytest.mark.parametrize("series", list_series("gholami2024"))
@pytest.mark.parametrize("method", BY_R)
def test_every_method_agrees_with_r(method: str, series: str, robust: dict[str, dict[str, float]]) -> None:
    if method == "cluster" and series != "peak_flops":
        pytest.skip("too few vendors")
    if method == "quantile_0.9" and len(select(series, dataset="gholami2024").observations) < 10:
        pytest.skip("none of so few observations lies beyond that quantile, so that ours refuses it")
    expected = robust[series]
    estimate, _ = fit_line(select(series, dataset="gholami2024"), BY_R[method])
    ours = {
        "middle": estimate.intercept,
        "slope": estimate.slope,
        "middle_error": math.sqrt(estimate.covariance[0, 0]),
        "slope_error": math.sqrt(estimate.covariance[1, 1]),
    }
    if estimate_kernel := QUANTILES.get(method):
        ours |= kernel_errors(select(series, dataset="gholami2024"), estimate, estimate_kernel)
    compared = {name for name in ours if f"{method}_{name}" in expected}
    assert compared == ({"slope"} if method == "theil_sen" else set(ours))
    for name in compared:
        assert ours[name] == pytest.approx(expected[f"{method}_{name}"], rel=1e-6), name


@pytest.mark.parametrize("series", list_series("gholami2024"))
def test_hubers_error_is_that_of_mass_but_for_one_variance(
    series: str, robust: dict[str, dict[str, float]]
) -> None:
    # Both take Huber's formula with K = 1 + p / n * variance / mean^2 of psi'. MASS divides that variance by
    # n - 1, statsmodels by n. It is below a quarter, so that K differs by less than 2 / (n (n - 1)).
    chosen = select(series, dataset="gholami2024")
    estimate, _ = fit_line(chosen, Method("huber"))
    n_obs = len(chosen.observations)
    assert math.sqrt(estimate.covariance[1, 1]) == pytest.approx(
        robust[series]["huber_slope_error_by_summary"], rel=2 / (n_obs * (n_obs - 1))
    )


def test_hubers_scale_is_that_of_mass(robust: dict[str, dict[str, float]]) -> None:
    chosen = select("peak_flops", dataset="gholami2024")
    estimate, _ = fit_line(chosen, Method("huber"))
    rows = chosen.observations
    years, values = decimal_years(rows["date"].to_numpy()), np.log10(rows["value"].to_numpy())
    residuals = values - estimate.intercept - estimate.slope * (years - estimate.origin)
    assert np.median(np.abs(residuals)) / 0.6745 == pytest.approx(
        robust["peak_flops"]["huber_scale"], rel=1e-6
    )


@pytest.mark.parametrize("method", ALONE)
def test_an_exact_line_is_found_exactly(method: str) -> None:
    years = np.array([1996.0, 2001.5, 2010.25, 2026.0])
    estimate = find_any(method, np.array([1.0, 2.0, 0.5, 3.0]))(years, 0.24 * (years - 2000) - 1)
    assert estimate.slope == pytest.approx(0.24, rel=1e-12)
    assert estimate.intercept + estimate.slope * (2000 - estimate.origin) == pytest.approx(-1, rel=1e-12)
    assert estimate.residual_variance == pytest.approx(0, abs=1e-24)
    assert estimate.r_squared == pytest.approx(1)


@pytest.mark.parametrize("method", ALONE)
@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 999),
    shift=st.floats(-30, 30),
    scale=st.floats(0.2, 5),
    tilt=st.floats(-1, 1),
    height=st.floats(-5, 5),
)
def test_shifting_and_scaling_move_the_line_along(
    method: str, seed: int, shift: float, scale: float, tilt: float, height: float
) -> None:
    years, values, weights = simulate_small(seed)
    plain = find_any(method, weights)(years, values)
    tilted = scale * values + tilt * (years - plain.origin) + height
    moved = find_any(method, weights)(years + shift, tilted)
    assert moved.origin == pytest.approx(plain.origin + shift)
    assert moved.slope == pytest.approx(scale * plain.slope + tilt, rel=1e-5, abs=1e-6)
    assert moved.intercept == pytest.approx(scale * plain.intercept + height, rel=1e-5, abs=1e-5)
    assert moved.covariance[1, 1] == pytest.approx(scale**2 * plain.covariance[1, 1], rel=1e-4)


@pytest.mark.parametrize("method", [name for name in ALONE if name != "random-walk"])
def test_stretching_time_slows_growth_by_as_much(method: str) -> None:
    years, values, weights = simulate_small(3)
    plain = find_any(method, weights)(years, values)
    slower = find_any(method, weights)(2000 + 4 * (years - 2000), values)
    assert 4 * slower.slope == pytest.approx(plain.slope, rel=1e-6)
    assert slower.intercept == pytest.approx(plain.intercept, rel=1e-6)
    assert 4 * math.sqrt(slower.covariance[1, 1]) == pytest.approx(
        math.sqrt(plain.covariance[1, 1]), rel=1e-5
    )


@pytest.mark.parametrize("method", ALONE)
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 999))
def test_the_order_of_the_rows_does_not_matter(method: str, seed: int) -> None:
    years, values, weights = simulate_small(seed)
    order = np.random.default_rng(seed).permutation(len(years))
    plain = find_any(method, weights)(years, values)
    shuffled = find_any(method, weights[order])(years[order], values[order])
    assert shuffled.slope == pytest.approx(plain.slope, rel=1e-7)
    assert shuffled.intercept == pytest.approx(plain.intercept, rel=1e-7)
    assert shuffled.covariance == pytest.approx(plain.covariance, rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("se", ["classical", "hc3", "crv1", "cr2"])
def test_the_order_of_the_rows_does_not_matter_to_standard_errors(se: str) -> None:
    years, values, _ = simulate_small(5)
    groups, order = np.arange(len(years)) % 6, np.random.default_rng(5).permutation(len(years))
    by_cluster = se.startswith("cr")
    plain = ordinary_least_squares(years, values, se=se, clusters=named(groups) if by_cluster else None)
    shuffled = ordinary_least_squares(
        years[order], values[order], se=se, clusters=named(groups[order]) if by_cluster else None
    )
    assert shuffled.covariance == pytest.approx(plain.covariance, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("method", ROBUST)
def test_robust_methods_ignore_one_wild_point(method: str) -> None:
    years, values, _ = simulate_small(7)
    wild, wilder = values.copy(), values.copy()
    wild[-1] += 10
    wilder[-1] += 10_000
    plain, once, more = (find_estimator(method)(years, column) for column in (values, wild, wilder))
    assert once.slope == pytest.approx(plain.slope, abs=0.02)
    assert more.slope == pytest.approx(once.slope, rel=1e-6)
    assert abs(ordinary_least_squares(years, wild).slope - plain.slope) > 0.05


@pytest.mark.parametrize("method", ALONE)
def test_equal_values_do_not_grow(method: str) -> None:
    years = np.array([2000.0, 2003.0, 2004.5, 2010.0, 2011.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate = find_any(method, np.array([1.0, 2.0, 3.0, 1.0, 1.0]))(years, np.full(5, 0.3))
    assert estimate.slope == 0
    assert estimate.intercept == 0.3
    assert estimate.residual_variance == 0
    assert math.isnan(estimate.r_squared)


@pytest.mark.parametrize("quantile", [0.05, 0.1, 0.5, 0.9, 0.95])
def test_every_quantile_has_an_interval(quantile: float) -> None:
    years, values, _ = simulate_small(2)
    for n_obs in (20, 25, 30):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            estimate = find_estimator("quantile", quantile=quantile)(years[-n_obs:], values[-n_obs:])
        assert 0 < estimate.covariance[1, 1] < math.inf


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_as_many_observations_lie_below_a_quantile_as_it_says(quantile: float) -> None:
    random = np.random.default_rng(4)
    years = np.sort(random.uniform(2000, 2025, 200))
    values = SLOPE * (years - 2000) + random.normal(0, 0.3, 200)
    estimate = find_estimator("quantile", quantile=quantile)(years, values)
    residuals = values - estimate.intercept - estimate.slope * (years - estimate.origin)
    assert (residuals < -1e-9).sum() <= 200 * quantile <= (residuals < 1e-9).sum()


def test_only_the_line_through_the_middle_has_a_residual_variance() -> None:
    years, values, _ = simulate_small(2)
    assert find_estimator("quantile")(years, values).residual_variance > 0
    assert math.isnan(find_estimator("quantile", quantile=0.9)(years, values).residual_variance)


def test_equal_weights_are_least_squares() -> None:
    years, values, _ = simulate_small(1)
    weighted = find_estimator("wls", weights=np.full(len(years), 7.0), se="classical")(years, values)
    plain = ordinary_least_squares(years, values)
    assert weighted.slope == pytest.approx(plain.slope, rel=1e-12)
    assert weighted.covariance == pytest.approx(plain.covariance, rel=1e-9, abs=1e-14)
    assert weighted.residual_variance == pytest.approx(plain.residual_variance, rel=1e-12)


def test_a_weight_of_two_is_the_same_line_as_a_point_twice() -> None:
    years, values, _ = simulate_small(1)
    twice = np.arange(len(years)) % 3 == 0
    weighted = find_estimator("wls", weights=1.0 + twice)(years, values)
    repeated = ordinary_least_squares(np.append(years, years[twice]), np.append(values, values[twice]))
    assert weighted.slope == pytest.approx(repeated.slope, rel=1e-9)


def test_parameters_at_the_mean_year_are_uncorrelated() -> None:
    random = np.random.default_rng(1)
    years = np.sort(random.uniform(1996, 2026, 40))
    estimate = ordinary_least_squares(years, 0.2 * years + random.normal(0, 0.3, 40))
    assert estimate.covariance[0, 1] == pytest.approx(0, abs=1e-9)


def test_values_that_are_all_the_same_have_no_r_squared() -> None:
    estimate = ordinary_least_squares(np.array([2000.0, 2001.0, 2002.0]), np.full(3, 0.3))
    assert estimate.slope == 0
    assert math.isnan(estimate.r_squared)


def test_an_unknown_method_lists_the_known_ones() -> None:
    with pytest.raises(MemwallError, match="unknown method 'olss'; did you mean 'ols'"):
        find_estimator("olss")


@pytest.mark.parametrize(
    ("method", "option", "having"),
    [
        ("huber", {"se": "hc3"}, "ols and wls have"),
        ("theil-sen", {"quantile": 0.5}, "quantile have"),
        ("ols", {"quantile": 0.5}, "quantile have"),
        ("quantile", {"se": "cluster"}, "ols and wls have"),
        ("huber", {"weights": np.ones(3)}, "wls have"),
    ],
)
def test_an_option_that_a_method_does_not_have_is_refused(
    method: str, option: dict[str, object], having: str
) -> None:
    with pytest.raises(MemwallError, match=f"the method '{method}' has no {next(iter(option))}; {having}"):
        find_estimator(method, **option)


def test_an_option_that_is_none_is_not_given() -> None:
    years, values, _ = simulate_small(1)
    assert find_estimator("huber", se=None, quantile=None)(years, values).slope > 0


def test_an_unknown_standard_error_lists_the_known_ones() -> None:
    years, values, _ = simulate_small(1)
    with pytest.raises(
        MemwallError, match=r"unknown standard error 'hc4'.*classical, hc3, crv1, cr2, wild, cluster"
    ):
        ordinary_least_squares(years, values, se="hc4")


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "goes by clusters, as in --cluster vendor"),
        (np.zeros(30, dtype=np.int64), "at least two clusters"),
    ],
)
def test_one_cluster_is_too_few(groups: np.ndarray | None, message: str) -> None:
    years, values, _ = simulate_small(1)
    clusters = None if groups is None else named(groups)
    with pytest.raises(MemwallError, match=message):
        ordinary_least_squares(years, values, se="crv1", clusters=clusters)


@pytest.mark.parametrize("quantile", [0.0, 1.0, -0.5, 90.0, math.nan])
def test_a_quantile_outside_0_to_1_is_refused(quantile: float) -> None:
    years, values, _ = simulate_small(1)
    with pytest.raises(MemwallError, match=r"a quantile lies between 0 and 1, as in 0\.5"):
        find_estimator("quantile", quantile=quantile)(years, values)


@pytest.mark.parametrize(
    ("quantile", "n_obs"), [(1e-12, 30), (1 - 1e-12, 30), (0.01, 30), (0.99, 30), (0.05, 19), (0.1, 9)]
)
def test_a_quantile_that_no_observation_lies_beyond_is_refused(quantile: float, n_obs: int) -> None:
    years, values, _ = simulate_small(1)
    with pytest.raises(MemwallError, match=f"of {n_obs} observations fewer than one lies beyond") as refused:
        find_estimator("quantile", quantile=quantile)(years[:n_obs], values[:n_obs])
    allowed = re.search(r"take one between (\S+) and (\S+), .*--best-of year", str(refused.value))
    assert allowed
    for end in map(float, allowed.groups()):
        assert find_estimator("quantile", quantile=end)(years[:n_obs], values[:n_obs]).slope > 0


def test_as_many_observations_lie_above_a_line_of_theil_and_sen_as_below() -> None:
    # Two thirds of the dates before a gap: the line through the medians leaves most to one side of it.
    random = np.random.default_rng(3)
    years = np.concatenate([np.linspace(2000, 2003, 21), np.linspace(2020, 2023, 10)])
    values = np.where(years > 2010, 4.0, 0.0) + 0.05 * (years - 2000) + random.normal(0, 0.1, 31)
    estimate = find_estimator("theil-sen")(years, values)
    residuals = values - estimate.intercept - estimate.slope * (years - estimate.origin)
    assert (residuals > 1e-9).sum() == (residuals < -1e-9).sum() == 15


def test_so_few_observations_hold_no_95_percent() -> None:
    # Of n in order, all pairs rise with a chance of 1 in n factorial, and fall with the same.
    for n_obs, most in ((3, "66.7%"), (4, "91.7%")):
        years = np.arange(2000.0, 2000.0 + n_obs)
        estimate = find_estimator("theil-sen")(years, np.array([0.0, 1.0, 2.5, 3.0])[:n_obs])
        assert estimate.slope_bounds is not None
        with pytest.raises(
            MemwallError, match=f"ranks of {n_obs} observations holds at most {most}, not 95%"
        ):
            estimate.slope_bounds(0.95)
        assert estimate.slope_bounds(0.6) == pytest.approx((1, 1.25) if n_obs == 4 else (1, 1.5))
        assert math.isfinite(estimate.covariance[1, 1])
    five = find_estimator("theil-sen")(np.arange(5.0), np.array([0.0, 1.0, 2.5, 3.0, 4.2]))
    assert five.slope_bounds is not None
    assert five.slope_bounds(0.95) == pytest.approx((0.5, 1.5))


@pytest.mark.slow
@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("errors", ["normal", "exponential"])
def test_quantile_intervals_hold_the_slope(quantile: float, errors: str) -> None:
    random = np.random.default_rng(1)
    held = 0
    for _ in range(300):
        # Dates as they are: ever more devices.
        years = np.sort(2026 - random.exponential(8, 350).clip(0, 26))
        scatter = random.normal(size=350) if errors == "normal" else random.exponential(size=350)
        estimate = find_estimator("quantile", quantile=quantile)(years, SLOPE * (years - 2012) + scatter)
        held += holds(estimate)
    # Four standard errors of 300 draws about 0.95.
    assert 0.9 <= held / 300 <= 1.0


def test_huber_has_no_scale_where_most_observations_lie_on_one_line() -> None:
    years = np.arange(2000.0, 2010.0)
    values = 0.24 * (years - 2000) + np.array([0, 0, 0, 3, 0, 0, 2, 0, 0, 0])
    with pytest.raises(MemwallError, match=r"more than half of the observations lie on one line.*theil-sen"):
        find_estimator("huber")(years, values)
    assert find_estimator("theil-sen")(years, values).slope == pytest.approx(0.24)


def simulate(random: np.random.Generator, n_obs: int) -> tuple[Floats, Floats]:
    years = np.sort(random.uniform(2000, 2025, n_obs))
    return years, SLOPE * (years - 2012) + random.normal(0, 0.3, n_obs)


def simulate_growing_spread(random: np.random.Generator, n_obs: int) -> tuple[Floats, Floats, Floats]:
    years = np.sort(random.uniform(2000, 2025, n_obs))
    spread = 0.1 + 0.02 * (years - 2000)
    return years, SLOPE * (years - 2012) + random.normal(0, 1, n_obs) * spread, spread


def fit_hc3(random: np.random.Generator) -> Estimate:
    years, values, _ = simulate_growing_spread(random, 100)
    return ordinary_least_squares(years, values, se="hc3")


def fit_wls(random: np.random.Generator) -> Estimate:
    years, values, spread = simulate_growing_spread(random, 100)
    return find_estimator("wls", weights=spread**-2)(years, values)


def fit_cluster(random: np.random.Generator) -> Estimate:
    n_vendors, n_obs = 40, 120
    years, vendors = random.uniform(2000, 2025, n_obs), np.arange(n_obs) % n_vendors
    common = random.normal(0, 0.3, n_vendors)
    # Vendors enter and leave, or a common error would not reach the slope.
    years = np.clip(years / 4 + (2000 + 25 * vendors / n_vendors) * 3 / 4, 2000, 2025)
    values = SLOPE * (years - 2012) + common[vendors] + random.normal(0, 0.2, n_obs)
    return ordinary_least_squares(years, values, se="crv1", clusters=named(vendors))


SIMULATED: dict[str, Callable[[np.random.Generator], Estimate]] = {
    "ols": lambda random: find_estimator("ols")(*simulate(random, 60)),
    "hc3": fit_hc3,
    "cluster": fit_cluster,
    "wls": fit_wls,
    "huber": lambda random: find_estimator("huber")(*simulate(random, 100)),
    "theil-sen": lambda random: find_estimator("theil-sen")(*simulate(random, 60)),
    "quantile": lambda random: find_estimator("quantile")(*simulate(random, 200)),
}


@pytest.mark.slow
@pytest.mark.parametrize("method", SIMULATED)
def test_95_percent_intervals_hold_the_slope_in_95_percent_of_draws(method: str) -> None:
    random = np.random.default_rng(1)
    covered = np.mean([holds(SIMULATED[method](random)) for _ in range(N_SIMULATED)])
    assert COVERED[0] <= covered <= COVERED[1]


def test_classical_errors_are_too_small_where_vendors_have_errors_in_common() -> None:
    random = np.random.default_rng(2)
    ratios = []
    for _ in range(50):
        years, vendors = np.sort(random.uniform(2000, 2025, 120)), np.arange(120) // 3
        values = SLOPE * (years - 2012) + random.normal(0, 0.3, 40)[vendors] + random.normal(0, 0.2, 120)
        by_cluster = ordinary_least_squares(years, values, se="crv1", clusters=named(vendors))
        ratios.append(by_cluster.covariance[1, 1] / ordinary_least_squares(years, values).covariance[1, 1])
    assert np.median(ratios) > 1.5


def find_any(method: str, weights: Floats) -> Callable[[Floats, Floats], Estimate]:
    return find_estimator(method, weights=weights if method == "wls" else None)


def simulate_small(seed: int) -> tuple[Floats, Floats, Floats]:
    random = np.random.default_rng(seed)
    years = np.sort(random.uniform(2000, 2025, 30))
    return years, SLOPE * (years - 2000) + random.normal(0, 0.3, 30), random.uniform(0.5, 2, 30)


def holds(estimate: Estimate) -> bool:
    low, high = Growth(
        slope=estimate.slope,
        slope_error=math.sqrt(estimate.covariance[1, 1]),
        degrees_of_freedom=estimate.degrees_of_freedom,
        slope_bounds=estimate.slope_bounds,
    ).growth_interval(per=1)
    return low <= 10**SLOPE <= high
