from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.kinks import AFTER, BEFORE, CANDIDATES, search_kinks

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers
    from memwall_trends.fitting.kinks import KinkSearch

DRAWS = 60


def rows(seed: int, n_obs: int = 50, n_clusters: int = 14) -> tuple[Floats, Floats, Integers]:
    random = np.random.default_rng(seed)
    codes = random.permutation(np.arange(n_obs) % n_clusters)
    years = random.uniform(2000, 2020, n_obs)
    values = 0.2 * (years - 2010) - 0.06 * np.maximum(years - 2011, 0)
    return years, values + random.normal(0, 0.2, n_clusters)[codes] + random.normal(0, 0.2, n_obs), codes


def squares_left(design: Floats, values: Floats) -> float:
    residuals = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(residuals @ residuals)


def fit_without(design: Floats, values: Floats, codes: Integers) -> Floats:
    """Return the residuals of each cluster from the fit to all the others."""
    residuals = np.empty_like(values)
    for code in np.unique(codes):
        other = codes != code
        coefficients = np.linalg.lstsq(design[other], values[other], rcond=None)[0]
        residuals[~other] = values[~other] - design[~other] @ coefficients
    return residuals


def slow_p_value(search: KinkSearch, values: Floats, narrow: list[Floats], signs: Floats) -> float:
    """Return the p-value with each fit of each draw done by itself; `narrow` has a design for each choice."""
    x, ones = search.years, np.ones_like(search.years)
    wide = [np.column_stack([ones, x, np.maximum(x - at, 0)]) for at in search.candidates]

    def gain(drawn: Floats) -> float:
        best = [min(squares_left(design, drawn) for design in designs) for designs in (narrow, wide)]
        return best[0] / best[1] - 1

    design = min(narrow, key=lambda each: squares_left(each, values))
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    residuals = fit_without(design, values, search.codes)
    drawn = [gain(fitted + residuals * sign[search.codes]) for sign in signs]
    observed = gain(values)
    return (1 + sum(each >= observed - 1e-9 for each in drawn)) / (1 + len(drawn))


@pytest.mark.parametrize("seed", [1, 2])
def test_p_values_are_those_of_fits_one_by_one(seed: int) -> None:
    years, values, codes = rows(seed)
    search = search_kinks(years, codes)
    signs = search.draw_signs(DRAWS, seed)
    x, ones = search.years, np.ones_like(years)
    straight = [np.column_stack([ones, x])]
    assert search.p_value(values, search.straight, signs) == slow_p_value(search, values, straight, signs)
    at = search.candidates[70]
    this_year = [np.column_stack([ones, x, np.maximum(x - at, 0)])]
    assert search.p_value(values, search.kinked.only(70), signs) == slow_p_value(
        search, values, this_year, signs
    )
    for side, half, slope in ((BEFORE, np.maximum, 0.15), (AFTER, np.minimum, 0.1)):
        rest = [np.column_stack([ones, half(x - at, 0)]) for at in search.candidates]
        moved = values - slope * x
        fast = search.p_value(moved, search.without_slope(side), signs)
        assert fast == slow_p_value(search, moved, rest, signs)


def test_clusters_of_one_row_give_the_test_by_row() -> None:
    """The largest F against that of residuals / (1 - leverage) with a sign each (Wu 1986)."""
    years, values, _ = rows(3)
    search = search_kinks(years, np.arange(50))
    line, _ = np.linalg.qr(np.column_stack([np.ones(50), search.years]))
    kinks = np.maximum(search.years - search.candidates[:, np.newaxis], 0)
    kinks = kinks - (kinks @ line) @ line.T
    kinks /= np.linalg.norm(kinks, axis=1, keepdims=True)

    def largest(residuals: Floats) -> Floats:
        gained = (kinks @ residuals) ** 2
        highest: Floats = (gained / ((residuals**2).sum(axis=0) - gained) * 47).max(axis=0)
        return highest

    residuals = values - line @ (line.T @ values)
    signs = search.draw_signs(499, 3)
    drawn = signs.T * (residuals / (1 - (line**2).sum(axis=1)))[:, np.newaxis]
    drawn -= line @ (line.T @ drawn)
    expected = (1 + (largest(drawn) >= largest(residuals)).sum()) / 500
    assert search.p_value(values, search.straight, signs) == expected


def test_the_order_and_the_names_of_clusters_do_not_matter() -> None:
    years, values, codes = rows(4)
    order = np.random.default_rng(4).permutation(len(years))
    plain, mixed = search_kinks(years, codes), search_kinks(years[order], 7 * codes[order] + 2)
    signs = plain.draw_signs(199, 4)
    assert mixed.best(values[order]) == plain.best(values)
    assert mixed.p_value(values[order], mixed.straight, signs) == plain.p_value(values, plain.straight, signs)


def test_the_ends_of_intervals_are_where_the_test_turns() -> None:
    years, values, codes = rows(5)
    search = search_kinks(years, codes)
    signs = search.draw_signs(199, 5)
    kept = [search.p_value(values, search.kinked.only(place), signs) > 0.05 for place in range(CANDIDATES)]
    low, high = search.year_bounds(values, signs, 0.05)
    inside = search.candidates[kept] + search.origin
    assert (low, high) == pytest.approx((inside.min(), inside.max()))
    for side, (slope, error, _) in search.slopes(values).items():
        ends = search.slope_bounds(values, signs, 0.05, side=side, slope=slope, step=error)
        assert ends[0] < slope < ends[1]
        for end, outward in zip(ends, (-1, 1), strict=True):
            narrow = search.without_slope(side)
            p_values = [
                search.p_value(values - (end + outward * off * error) * search.years, narrow, signs)
                for off in (-0.05, 0.05)
            ]
            assert p_values[0] >= 0.05 - 0.02
            assert p_values[1] <= 0.05 + 0.02


def test_a_class_of_one_cluster_breaks_nothing() -> None:
    years, values, codes = rows(6)
    search = search_kinks(years, codes, within=(codes == 0).astype(np.int64))
    assert 0 < search.p_value(values, search.straight, search.draw_signs(199, 6)) <= 1
    slope, error, freedom = search.slopes(values)[BEFORE]
    assert np.isfinite([slope, error, freedom]).all()


@pytest.mark.parametrize(
    ("clusters", "within", "message"),
    [
        (np.arange(30) % 5, None, "at least 6 clusters"),
        (np.arange(30) % 10, np.arange(30), "too few for a line with a break"),
        (np.arange(30) % 10, np.arange(30) // 2, "of one date"),
    ],
)
def test_what_tells_of_no_break_is_said(clusters: Integers, within: Integers | None, message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        search_kinks(2000 + (np.arange(30) // 2).astype(np.float64), clusters, within)
