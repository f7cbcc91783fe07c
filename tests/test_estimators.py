from __future__ import annotations

import math

import numpy as np
import pytest

from memwall_trends.datasets import list_series, load_observations
from memwall_trends.errors import MemwallError
from memwall_trends.estimators import ESTIMATORS, find_estimator, ordinary_least_squares
from memwall_trends.selection import select
from memwall_trends.units import decimal_years


@pytest.mark.parametrize("series", list_series())
def test_ols_agrees_with_lm(series: str, reference: dict[str, dict[str, float]]) -> None:
    data = load_observations(series, dataset="gholami2024")
    rows = select(data.frame, where=data.fitted)
    estimate = ordinary_least_squares(
        decimal_years(rows["date"].to_numpy()), np.log10(rows["value"].to_numpy())
    )
    expected = reference[series]
    assert estimate.slope == pytest.approx(expected["slope"], rel=1e-9)
    assert math.sqrt(estimate.covariance[1, 1]) == pytest.approx(expected["slope_error"], rel=1e-9)
    assert estimate.r_squared == pytest.approx(expected["r_squared"], rel=1e-9)
    assert estimate.degrees_of_freedom == expected["n_obs"] - 2


@pytest.mark.parametrize("method", ESTIMATORS)
def test_an_exact_line_is_found_exactly(method: str) -> None:
    years = np.array([1996.0, 2001.5, 2010.25, 2026.0])
    estimate = find_estimator(method)(years, 0.24 * (years - 2000) - 1)
    assert estimate.slope == pytest.approx(0.24, rel=1e-12)
    assert estimate.intercept + estimate.slope * (2000 - estimate.origin) == pytest.approx(-1, rel=1e-12)
    assert estimate.residual_variance == pytest.approx(0, abs=1e-24)
    assert estimate.r_squared == pytest.approx(1)


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
