from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.growth import Growth
from memwall_trends.fitting.least_squares import weighted_least_squares
from memwall_trends.fitting.many_lines import AT_ONCE, fit_many
from memwall_trends.fitting.standard_errors import Clusters

N_OBS = 40


def some_lines(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return years, values, classes, and weights of lines through some of them."""
    random = np.random.default_rng(seed)
    years = np.round(random.uniform(1990, 2026, N_OBS), 2)
    classes = random.integers(0, 3, N_OBS)
    values = 0.2 * years - 390 + classes + random.normal(0, 0.3, N_OBS)
    counted = random.random((6, N_OBS)) < 0.7
    return years, values, classes, counted * random.uniform(0.2, 3, (6, N_OBS))


@pytest.mark.parametrize("se", AT_ONCE)
@pytest.mark.parametrize("by_class", [False, True])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_each_line_is_that_of_statsmodels(se: str, by_class: bool, seed: int) -> None:
    years, values, classes, weights = some_lines(seed)
    designs = np.random.default_rng(seed).integers(0, 15, N_OBS)
    lines = fit_many(weights, years, values, se=se, within=classes if by_class else None, clusters=designs)
    low, high = lines.slope_intervals(0.9)
    for place, line in enumerate(weights):
        rows = line > 0
        _, codes = np.unique(classes[rows], return_inverse=True)
        estimate = weighted_least_squares(
            years[rows],
            values[rows],
            weights=line[rows],
            se=se,
            within=codes if by_class else None,
            clusters=Clusters((designs[rows],), "architectures"),
        )
        assert lines.slopes[place] == pytest.approx(estimate.slope, rel=1e-9)
        assert lines.slope_errors[place] == pytest.approx(estimate.covariance[1, 1] ** 0.5, rel=1e-9)
        assert lines.degrees_of_freedom[place] == pytest.approx(estimate.degrees_of_freedom, rel=1e-9)
        growth = Growth(
            slope=estimate.slope,
            slope_error=float(estimate.covariance[1, 1] ** 0.5),
            degrees_of_freedom=estimate.degrees_of_freedom,
        )
        assert (low[place], high[place]) == pytest.approx(growth.slope_interval(0.9), rel=1e-9)


def test_what_has_no_line_has_no_number() -> None:
    years, values = np.array([2000.0, 2000.0, 2005.0, 2010.0]), np.array([0.0, 1.0, 2.0, 4.0])
    one_date, two_points = np.array([[1.0, 1.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 1.0, 0.0]])
    assert np.isnan(fit_many(one_date, years, values).slopes).all()
    through = fit_many(two_points, years, values)
    assert through.slopes.tolist() == pytest.approx([0.4])
    assert np.isnan(through.slope_errors).all()


def test_an_observation_alone_in_its_class_says_nothing_of_the_slope() -> None:
    years, values, classes, _ = some_lines(1)
    alone = np.append(classes, 3)
    far_years, far_values = np.append(years, 2050.0), np.append(values, -400.0)
    pairs = np.arange(N_OBS + 1) // 2
    for se in AT_ONCE:
        with_it = fit_many(
            np.ones((1, N_OBS + 1)), far_years, far_values, se=se, within=alone, clusters=pairs
        )
        without = fit_many(np.ones((1, N_OBS)), years, values, se=se, within=classes, clusters=pairs[:-1])
        assert with_it.slopes == pytest.approx(without.slopes, rel=1e-9)
        assert with_it.slope_errors == pytest.approx(without.slope_errors, rel=1e-9)


def test_a_standard_error_without_a_closed_form_is_refused() -> None:
    with pytest.raises(MemwallError, match="unknown standard error of many lines at once 'crv1'"):
        fit_many(np.ones((1, 3)), np.arange(3.0), np.arange(3.0), se="crv1")


def test_one_cluster_has_no_error() -> None:
    years, values, _, weights = some_lines(2)
    lines = fit_many(weights, years, values, se="cr2", clusters=np.zeros(N_OBS, dtype=int))
    assert np.isfinite(lines.slopes).all()
    assert np.isnan(lines.slope_errors).all()
    with pytest.raises(MemwallError, match="goes by clusters"):
        fit_many(weights, years, values, se="cr2")
