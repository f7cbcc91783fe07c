"""Least squares from sums: the line and the errors that statsmodels and the rows have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.regression.linear_model import WLS

from memwall_trends.errors import MemwallError
from memwall_trends.fitting import clusters as by_cluster
from memwall_trends.fitting import moments
from memwall_trends.fitting.designs import centre_groups, design_line
from memwall_trends.fitting.estimators import find_estimator
from memwall_trends.fitting.least_squares import (
    number_cells,
    ordinary_least_squares,
    weighted_least_squares,
)
from memwall_trends.fitting.regression import regress
from memwall_trends.fitting.standard_errors import Clusters, estimate_uncertainty

RANDOM = np.random.default_rng(11)
N_OBS = 300
CLUSTERS, OTHERS, CLASSES = (RANDOM.integers(0, most, N_OBS) for most in (40, 9, 4))
YEARS = 2000 + np.round(RANDOM.uniform(0, 25, N_OBS) * 12) / 12
VALUES = 0.2 * (YEARS - 2000) + CLASSES + RANDOM.normal(size=40)[CLUSTERS] + RANDOM.normal(size=N_OBS)
WEIGHTS = np.array(1 + RANDOM.integers(0, 3, N_OBS), dtype=np.float64)
WAYS = {"one": Clusters((CLUSTERS,), "vendors"), "two": Clusters((CLUSTERS, OTHERS), "vendors and years")}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize(
    ("se", "ways"),
    [("classical", ""), ("hc3", ""), ("crv1", "one"), ("cr2", "one"), ("wild", "one"), ("cr2", "two")],
)
def test_the_line_and_its_error_are_those_of_the_rows(
    se: str, ways: str, within: bool, weighted: bool
) -> None:
    weights = WEIGHTS if weighted else np.ones(N_OBS)
    clusters, classes = WAYS.get(ways), CLASSES if within else None
    fitted = weighted_least_squares(YEARS, VALUES, weights=weights, se=se, clusters=clusters, within=classes)
    scaled = weights / weights.mean()
    design = design_line(YEARS, YEARS.mean())
    if within:
        design = np.hstack([design, centre_groups(CLASSES, scaled)])
    result = WLS(VALUES, design, weights=scaled).fit()
    sure = estimate_uncertainty(
        regress(VALUES, design, scaled), design, VALUES, scaled, se=se, clusters=clusters
    )
    if se == "hc3":
        robust = result.get_robustcov_results("HC3").cov_params()
        np.testing.assert_allclose(fitted.covariance, robust[:2, :2], rtol=1e-9)
    left = scaled @ (VALUES - result.fittedvalues) ** 2 / result.df_resid
    pairs: list[tuple[Any, Any]] = [
        ([fitted.intercept, fitted.slope], result.params[:2]),
        (fitted.covariance, np.asarray(sure.covariance)[:2, :2]),
        (fitted.degrees_of_freedom, sure.degrees_of_freedom),
        (fitted.residual_variance, left),
        (fitted.residual_freedom, result.df_resid),
        (fitted.r_squared, result.rsquared),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)
    assert (fitted.interval, fitted.n_clusters) == (sure.interval, sure.n_clusters)
    if sure.slope_bounds is not None and fitted.slope_bounds is not None:
        np.testing.assert_allclose(fitted.slope_bounds(0.95), sure.slope_bounds(0.95), rtol=1e-6)


def test_a_line_through_many_rows_needs_the_rows_of_a_few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    n_obs = 200_000
    years, classes = 2000 + RANDOM.uniform(0, 20, n_obs), RANDOM.integers(0, 5, n_obs)
    vendors = Clusters((RANDOM.integers(0, 12, n_obs),), "vendors")
    values = 0.2 * (years - 2000) + classes + RANDOM.normal(size=n_obs)
    sizes: list[int] = []
    compress = moments._compress

    def count(*args: object) -> moments._Rows:
        rows = compress(*args)  # type: ignore[arg-type]
        sizes.append(len(rows.outcome))
        return rows

    monkeypatch.setattr(moments, "_compress", count)
    fitted = ordinary_least_squares(years, values, se="cr2", clusters=vendors, within=classes)
    assert sizes == [3 * 5 * 12]
    assert fitted.slope == pytest.approx(0.2, abs=0.002)


def test_parts_of_the_rows_add_up_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ordinary_least_squares(YEARS, VALUES, within=CLASSES)
    monkeypatch.setattr(moments, "PART", 64)
    parts = ordinary_least_squares(YEARS, VALUES, within=CLASSES)
    assert parts.slope == pytest.approx(whole.slope, rel=1e-12)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-10)


def test_many_clusters_need_no_matrix_of_all_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ordinary_least_squares(YEARS, VALUES, se="cr2", clusters=WAYS["one"], within=CLASSES)
    monkeypatch.setattr(by_cluster, "MANY_CLUSTERS", 2)
    fitted = ordinary_least_squares(YEARS, VALUES, se="cr2", clusters=WAYS["one"], within=CLASSES)
    assert fitted.degrees_of_freedom == pytest.approx(expected.degrees_of_freedom, rel=1e-10)
    monkeypatch.undo()
    # Of 60,000 clusters the matrix would be 29 GB.
    n_obs = 60_000
    years = 2000 + RANDOM.uniform(0, 20, n_obs)
    alone = Clusters((np.arange(n_obs),), "names")
    fitted = ordinary_least_squares(years, RANDOM.normal(size=n_obs), se="cr2", clusters=alone)
    assert n_obs / 4 < fitted.degrees_of_freedom < n_obs


def test_one_cluster_that_tells_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_cluster, "MANY_CLUSTERS", 1)
    one = Clusters((np.array([0, 0, 0, 1, 2]),), "vendors")
    years = np.array([2000.0, 2001.0, 2002.0, 2001.0, 2001.0])
    with pytest.raises(MemwallError, match="no more than one cluster tells of this coefficient"):
        ordinary_least_squares(years, np.array([1.0, 2.0, 2.5, 2.0, 1.0]), se="cr2", clusters=one)


@pytest.mark.parametrize("at", [0, 999, 1000, 4999])
def test_one_observation_off_a_line_makes_it_no_line(at: int) -> None:
    years = np.linspace(2000, 2020, 5000)
    values = 0.2 * (years - 2000)
    on_line = find_estimator("huber")(years, values)
    assert on_line.interval == "t interval, classical standard error"
    values[at] += 1e-3
    with pytest.raises(MemwallError, match="more than half of the observations lie on one line"):
        find_estimator("huber")(years, values)


def test_cells_are_numbered_by_all_labels() -> None:
    codes, first = number_cells(N_OBS, CLUSTERS, OTHERS, WEIGHTS)
    keys = list(zip(CLUSTERS.tolist(), OTHERS.tolist(), WEIGHTS.tolist(), strict=True))
    assert len({(key, code) for key, code in zip(keys, codes.tolist(), strict=True)}) == len(set(keys))
    assert [keys.index(keys[place]) for place in first] == first.tolist()
    assert number_cells(5)[0].tolist() == [0] * 5
