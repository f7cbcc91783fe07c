"""Shapes of growth: sums give what a fit to each part of the observations gives."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from memwall_trends.fitting import shapes
from memwall_trends.fitting.kinks import CANDIDATES, place_kinks, search_kinks
from memwall_trends.fitting.least_squares import solve_least_squares
from memwall_trends.fitting.shapes import Points, compare_shapes, find_kink


def simulate(seed: int, n_obs: int = 120) -> Points:
    random = np.random.default_rng(seed)
    years, classes = random.uniform(-12, 12, n_obs), random.integers(0, 4, n_obs)
    values = 0.2 * years + 0.3 * np.maximum(years - 2, 0) + classes / 4 + random.normal(0, 0.2, n_obs)
    return Points(years, values, random.uniform(0.5, 2, n_obs), classes)


@pytest.mark.parametrize("seed", range(8))
def test_the_kink_is_the_one_of_a_fit_to_each_candidate(seed: int) -> None:
    points = simulate(seed)
    roots = np.sqrt(points.weights)
    left = []
    for at in place_kinks(points.years):
        design = np.column_stack([np.ones_like(points.years), points.years, np.maximum(points.years - at, 0)])
        fitted, *_ = np.linalg.lstsq(design * roots[:, np.newaxis], points.values * roots)
        left.append(((points.values - design @ fitted) ** 2 * points.weights).sum())
    assert find_kink(points) == place_kinks(points.years)[int(np.argmin(left))]


def test_a_diagnosis_and_a_test_of_a_break_find_the_same_kink() -> None:
    points = simulate(1)
    alike = Points(points.years, points.values, np.ones(len(points.years)), points.classes)
    search = search_kinks(2010 + points.years, np.arange(len(points.years)))
    found = float(search.candidates[search.best(points.values)]) + search.origin
    assert 2010 + find_kink(alike) == pytest.approx(found, abs=1e-9)


def test_the_search_for_a_kink_holds_no_column_for_each_candidate() -> None:
    points = simulate(3, n_obs=100_000)
    tracemalloc.start()
    try:
        assert find_kink(points) == pytest.approx(2, abs=0.5)
        assert tracemalloc.get_traced_memory()[1] < CANDIDATES / 4 * points.years.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("folds", [12, 60])
@pytest.mark.parametrize("predict", [shapes._predict_line, shapes._predict_classes])
def test_what_is_left_out_is_predicted_as_by_a_fit_to_the_rest(
    predict: shapes.Predict, folds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = simulate(5)
    codes = np.random.default_rng(6).integers(0, folds, len(points.years))
    codes[:folds] = np.arange(folds)
    # One class is left out whole.
    codes[points.classes == 3] = 2
    at_once = shapes._losses(points, codes, predict)
    monkeypatch.setattr(shapes, "_predict_at_once", lambda *_: None)
    one_by_one = shapes._losses(points, codes, predict)
    assert at_once == pytest.approx(one_by_one, rel=1e-8, abs=1e-12)


def test_a_line_and_classes_are_not_fitted_once_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    points, fits = simulate(7), list[int]()
    solve = solve_least_squares

    def count(*args: np.ndarray) -> np.ndarray:
        fits.append(len(args[1]))
        return solve(*args)

    monkeypatch.setattr(shapes, "solve_least_squares", count)
    compare_shapes(
        points.years,
        points.values,
        weights=points.weights,
        groups=np.arange(len(points.years)) % 50,
        classes=points.classes,
    )
    # One of all rows a shape, and of each part for the kink alone.
    assert len(fits) == 3 + 50


def test_classes_of_one_date_each_are_predicted_one_by_one() -> None:
    years = np.repeat(np.arange(6.0), 4)
    points = Points(years, years + 0.1, np.ones(24), years.astype(np.int64))
    folds = np.arange(24) % 6
    assert shapes._predict_at_once(points, folds, points.classes) is None
    assert shapes._losses(points, folds, shapes._predict_classes) is not None
