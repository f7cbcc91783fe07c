"""Weighted least squares against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from memwall_trends.fitting.regression import regress


@pytest.mark.parametrize("seed", range(4))
def test_a_regression_is_that_of_statsmodels(seed: int) -> None:
    from statsmodels.regression.linear_model import WLS

    random = np.random.default_rng(seed)
    years, classes = random.uniform(-15, 15, 60), random.integers(0, 3, 60)
    design = np.column_stack([np.ones(60), years, classes == 0, classes == 1]).astype(float)
    weights = random.uniform(0.2, 4, 60)
    outcome = 0.2 * years + classes + random.normal(0, 0.5, 60)
    ours, theirs = regress(outcome, design, weights), WLS(outcome, design, weights=weights).fit()
    assert ours.df_resid == theirs.df_resid
    for one, other in (
        (ours.params, theirs.params),
        (ours.fittedvalues, theirs.fittedvalues),
        (ours.rsquared, theirs.rsquared),
        (ours.scale, theirs.scale),
        (ours.cov_params(), theirs.cov_params()),
        (ours.hc3(), theirs.get_robustcov_results("HC3").cov_params()),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-14)


def test_studentized_residuals_are_those_of_statsmodels() -> None:
    from statsmodels.regression.linear_model import OLS

    random = np.random.default_rng(0)
    design = np.column_stack([np.ones(20), np.arange(20.0)])
    outcome = random.normal(size=20)
    theirs = OLS(outcome, design).fit().get_influence().resid_studentized_internal
    np.testing.assert_allclose(regress(outcome, design, np.ones(20)).studentize(), theirs, rtol=1e-11)


def test_of_columns_that_depend_on_each_other_the_shortest_solution_counts() -> None:
    fit = regress(
        np.array([0.0, 2.0, 4.0]), np.column_stack([np.ones(3), np.arange(3.0), np.ones(3)]), np.ones(3)
    )
    assert fit.df_resid == 1
    np.testing.assert_allclose(fit.params, [0, 2, 0], atol=1e-12)
