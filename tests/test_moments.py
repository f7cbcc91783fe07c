"""Sums of observations: they merge in any order, and give the line and the errors of the observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.least_squares import ordinary_least_squares, weighted_least_squares
from memwall_trends.fitting.moments import Moments, fit_moments
from memwall_trends.fitting.standard_errors import Clusters

if TYPE_CHECKING:
    from random import Random

    from memwall_trends.fitting.estimate import Estimate
    from memwall_trends.fitting.moments import Codes, Floats

FIELDS = (
    *("counts", "weights", "mean_years", "mean_log10"),
    *("year_squares", "cross_products", "log10_squares"),
)


class Observations:
    """Devices of clusters and classes, with errors that clusters share."""

    def __init__(self, seed: int = 1, n_obs: int = 400) -> None:
        random = np.random.default_rng(seed)
        self.years = 2000 + np.round(random.uniform(0, 25, n_obs) * 12) / 12
        self.clusters = random.integers(0, 23, n_obs)
        self.others = random.integers(0, 7, n_obs)
        self.classes = random.integers(0, 4, n_obs)
        self.values = (
            0.2 * (self.years - 2000)
            + self.classes
            + random.normal(size=23)[self.clusters]
            + random.normal(size=n_obs)
        )
        self.weights: Floats = (1 + random.integers(0, 3, n_obs)).astype(np.float64)
        codes = ((self.clusters * 7 + self.others) * 4 + self.classes) * 4 + self.weights.astype(int)
        _, first, self.cells = np.unique(codes, return_index=True, return_inverse=True)
        self.by_cell = {
            name: getattr(self, name)[first] for name in ("clusters", "others", "classes", "weights")
        }

    def moments(self, weighted: bool = False) -> Moments:
        """Return a cell for each cluster, class and weight."""
        return Moments.of(self.years, self.values, self.cells, self.weights if weighted else None)


def assert_same(left: Moments, right: Moments, tolerance: float = 1e-9) -> None:
    for name in FIELDS:
        np.testing.assert_allclose(
            getattr(left, name), getattr(right, name), rtol=tolerance, atol=tolerance, err_msg=name
        )


def assert_equal_estimates(ours: Estimate, theirs: Estimate, tolerance: float = 1e-10) -> None:
    for name in ("intercept", "slope", "origin", "degrees_of_freedom", "residual_variance", "r_squared"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=tolerance), name
    # The covariance of intercept and slope may be all but zero: relative to the errors.
    scale = np.sqrt(np.outer(np.diag(theirs.covariance), np.diag(theirs.covariance)))
    np.testing.assert_allclose(ours.covariance / scale, theirs.covariance / scale, atol=tolerance)
    assert ours.interval == theirs.interval
    assert ours.n_clusters == theirs.n_clusters
    assert ours.residual_freedom == theirs.residual_freedom
    assert (ours.effects is None) == (theirs.effects is None)
    if theirs.effects is not None:
        assert ours.effects is not None
        np.testing.assert_allclose(ours.effects, theirs.effects, rtol=tolerance)


@pytest.mark.parametrize("se", ["classical", "crv1", "cr2", "wild", "two-way"])
@pytest.mark.parametrize("within", [False, True], ids=["pooled", "within"])
@pytest.mark.parametrize("weighted", [False, True], ids=["ols", "wls"])
def test_sums_give_the_line_and_the_errors_of_the_observations(se: str, within: bool, weighted: bool) -> None:
    rows = Observations()

    def clusters(of: dict[str, Codes]) -> Clusters | None:
        names = {"classical": (), "two-way": ("clusters", "others")}.get(se, ("clusters",))
        return Clusters(tuple(of[name] for name in names), "vendors") if names else None

    kind = "crv1" if se == "two-way" else se
    theirs = weighted_least_squares(
        rows.years,
        rows.values,
        weights=rows.weights if weighted else np.ones_like(rows.years),
        se=kind,
        clusters=clusters(vars(rows)),
        within=rows.classes if within else None,
    )
    ours = fit_moments(
        rows.moments(weighted),
        se=kind,
        clusters=clusters(rows.by_cell),
        within=rows.by_cell["classes"] if within else None,
    )
    assert_equal_estimates(ours, theirs)
    if theirs.slope_bounds is not None:
        assert ours.slope_bounds is not None
        assert ours.slope_bounds(0.95) == pytest.approx(theirs.slope_bounds(0.95), rel=1e-9)


def test_one_cell_of_all_gives_the_classical_line() -> None:
    rows = Observations()
    ours, theirs = (
        fit_moments(Moments.of(rows.years, rows.values)),
        ordinary_least_squares(rows.years, rows.values),
    )
    assert_equal_estimates(ours, theirs)


def test_each_cell_has_a_line_of_its_own() -> None:
    rows = Observations()
    cells = Moments.of(rows.years, rows.values, rows.classes)
    for number in range(4):
        part = rows.classes == number
        theirs = ordinary_least_squares(rows.years[part], rows.values[part])
        assert cells.slopes[number] == pytest.approx(theirs.slope, rel=1e-12)
        assert cells.slope_errors[number] == pytest.approx(theirs.covariance[1, 1] ** 0.5, rel=1e-10)
        assert cells.residual_variances[number] == pytest.approx(theirs.residual_variance, rel=1e-10)
        assert cells.r_squared[number] == pytest.approx(theirs.r_squared, rel=1e-10)
        assert cells.intercepts[number] == pytest.approx(theirs.intercept, rel=1e-10)


def test_weights_scale_a_cell() -> None:
    rows = Observations()
    scaled = rows.moments().scaled(rows.by_cell["weights"])
    assert_same(scaled, rows.moments(weighted=True))


def test_a_cell_of_one_date_has_no_slope() -> None:
    cells = Moments.of(np.full(3, 2000.1), np.array([1.0, 2.0, 3.0]))
    assert np.isnan(cells.slopes[0])
    assert np.isnan(cells.r_squared[0])
    assert cells.residual_squares[0] == pytest.approx(2.0)


def test_single_dates_within_cells_give_the_line_between_them() -> None:
    years = np.repeat([2000.1, 2004.7, 2011.3], 4)
    values = 0.3 * years + np.tile([0.1, -0.2, 0.05, 0.0], 3)
    cells = np.repeat(np.arange(3), 4)
    assert_equal_estimates(
        fit_moments(Moments.of(years, values, cells)), ordinary_least_squares(years, values)
    )


def test_values_that_are_all_the_same_do_not_grow() -> None:
    years = np.array([2000.0, 2001.0, 2002.5])
    estimate = fit_moments(Moments.of(years, np.full(3, 0.1), np.array([0, 1, 1])))
    assert (estimate.slope, estimate.residual_variance) == (0.0, 0.0)
    assert estimate.intercept == 0.1


def test_an_empty_cell_counts_for_nothing() -> None:
    rows = Observations()
    padded = rows.moments().merge_by(np.arange(len(rows.moments())) + 1, len(rows.moments()) + 2)
    assert padded.counts[[0, -1]].tolist() == [0.0, 0.0]
    clusters = np.concatenate([[99], rows.by_cell["clusters"], [98]])
    assert_equal_estimates(
        fit_moments(padded, se="cr2", clusters=Clusters((clusters,), "vendors")),
        fit_moments(rows.moments(), se="cr2", clusters=Clusters((rows.by_cell["clusters"],), "vendors")),
    )


def test_large_values_on_dates_within_a_day_keep_their_digits() -> None:
    random = np.random.default_rng(3)
    years = 2026.4 + random.uniform(0, 1 / 365.25, 1000)
    values = 14 + 40 * (years - 2026.4) + 1e-3 * random.normal(size=1000)
    ours = fit_moments(Moments.of(years, values, random.integers(0, 9, 1000)))
    centred = years - years.mean()
    slope = centred @ (values - values.mean()) / (centred @ centred)
    assert ours.slope == pytest.approx(slope, rel=1e-10)


def test_an_error_that_needs_the_rows_says_so() -> None:
    with pytest.raises(MemwallError, match=r"needs each observation.*classical, crv1, cr2, wild"):
        fit_moments(Observations().moments(), se="hc3")


def test_a_standard_error_by_cluster_needs_clusters() -> None:
    with pytest.raises(MemwallError, match="goes by clusters"):
        fit_moments(Observations().moments(), se="cr2")


def test_classes_of_one_date_each_show_no_growth() -> None:
    years, classes = np.array([2000.0, 2000.0, 2001.0, 2001.0]), np.array([0, 0, 1, 1])
    cells = Moments.of(years, np.array([1.0, 2.0, 3.0, 5.0]), classes)
    with pytest.raises(MemwallError, match="none shows growth"):
        fit_moments(cells, within=np.array([0, 1]))


def test_as_many_coefficients_as_observations_have_no_error() -> None:
    years, classes = np.array([2000.0, 2001.0, 2001.0]), np.array([0, 0, 1])
    cells = Moments.of(years, np.array([1.0, 2.0, 3.0]), classes)
    with pytest.raises(MemwallError, match="3 coefficients need more observations"):
        fit_moments(cells, within=np.array([0, 1]))


observations = st.lists(
    st.tuples(st.floats(1990, 2030), st.floats(-5, 20), st.integers(0, 3), st.sampled_from([0.5, 1.0, 2.0])),
    min_size=1,
    max_size=30,
)


def arrays(rows: list[tuple[float, float, int, float]]) -> tuple[Floats, Floats, Codes, Floats]:
    years, values, codes, weights = (np.array(column) for column in zip(*rows, strict=True))
    return years, values, codes, weights


@given(observations)
@settings(deadline=None)
def test_cells_merge_to_the_moments_of_all(rows: list[tuple[float, float, int, float]]) -> None:
    years, values, codes, weights = arrays(rows)
    fine = Moments.of(years, values, codes, weights)
    whole = Moments.of(years, values, weights=weights)
    assert_same(fine.merge_by(np.zeros(len(fine), dtype=np.int64)), whole)
    halves = fine.merge_by(np.arange(len(fine)) // 2)
    assert_same(halves.merge_by(np.zeros(len(halves), dtype=np.int64)), whole)


@given(observations, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_observations_does_not_matter(
    rows: list[tuple[float, float, int, float]], random: Random
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    left, right = (
        Moments.of(years, values, codes, weights)
        for years, values, codes, weights in (arrays(rows), arrays(shuffled))
    )
    assert_same(left, right)


@given(observations, observations)
@settings(deadline=None)
def test_what_is_added_can_be_taken_away(
    rows: list[tuple[float, float, int, float]], more: list[tuple[float, float, int, float]]
) -> None:
    (years, values, _, weights), (years_2, values_2, _, weights_2) = arrays(rows), arrays(more)
    one, two = Moments.of(years, values, weights=weights), Moments.of(years_2, values_2, weights=weights_2)
    assert_same(one + two, two + one)
    assert_same((one + two).minus(two), one, tolerance=1e-7)


def test_nothing_is_left_of_what_is_taken_away_from_itself() -> None:
    one = Moments.of(np.array([2000.0, 2001.0]), np.array([1.0, 2.0]))
    left = one.minus(one)
    assert [float(getattr(left, name)[0]) for name in FIELDS] == [0.0] * 7
