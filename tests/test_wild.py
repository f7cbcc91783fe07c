from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.clusters import crv1
from memwall_trends.fitting.wild import DRAWS, WEBB, wild_bootstrap_t

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers
    from memwall_trends.fitting.wild import WildBootstrap

REFERENCE = Path(__file__).parent / "reference"
SLOPE = np.array([0.0, 1.0, 0.0])


@pytest.fixture(scope="module")
def pyfixest() -> pd.DataFrame:
    """Return p-values by pyfixest; ``tests/reference/wild.py`` says how they were made."""
    return pd.read_csv(REFERENCE / "wild.csv")


@pytest.mark.parametrize("design", ["line", "classes"])
@pytest.mark.parametrize("cluster", ["architecture", "vendor", "product_class"])
def test_p_values_agree_with_pyfixest_within_monte_carlo_error(
    pyfixest: pd.DataFrame, design: str, cluster: str
) -> None:
    devices = pd.read_csv(REFERENCE / "clusters_rows.csv")
    columns = [np.ones(len(devices)), devices["year"].to_numpy() - 2012]
    if design == "classes":
        columns += list(pd.get_dummies(devices["product_class"], drop_first=True, dtype=float).to_numpy().T)
    wild = wild_bootstrap_t(
        np.column_stack(columns),
        devices["log10_value"].to_numpy(),
        pd.factorize(devices[cluster])[0],
        contrast=np.eye(len(columns))[1],
        seed=1,
    )
    expected = pyfixest[(pyfixest["design"] == design) & (pyfixest["cluster"] == cluster)]
    error = expected.loc[expected["quantity"] == "slope_error", "value"].item()
    assert wild.standard_error == pytest.approx(error, rel=1e-9)
    tested = expected[expected["quantity"] == "p_value"]
    assert len(tested) == 5
    for hypothesis, p_value in zip(tested["hypothesis"], tested["value"], strict=True):
        # Of our draws and of their ten times as many; four standard errors.
        monte_carlo = math.sqrt(p_value * (1 - p_value) / DRAWS * 1.1)
        assert wild.p_value(hypothesis) == pytest.approx(p_value, abs=4 * monte_carlo)


def simulate(seed: int, *, n_clusters: int = 9) -> tuple[Floats, Floats, Integers, Floats]:
    """Return design, outcome, clusters of unequal size and weights."""
    random = np.random.default_rng(seed)
    clusters = np.append(np.arange(n_clusters), random.integers(0, n_clusters, 40) // 2)
    n_obs = len(clusters)
    design = np.column_stack([np.ones(n_obs), random.normal(size=(n_obs, 2)) + clusters[:, np.newaxis] / 4])
    outcome = random.normal(size=n_clusters)[clusters] + random.normal(size=n_obs)
    return design, outcome, clusters, random.uniform(0.2, 3, n_obs)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999), hypothesis=st.floats(-2, 2), weighted=st.booleans())
def test_each_draw_is_the_t_statistic_of_a_fit_to_drawn_outcomes(
    seed: int, hypothesis: float, weighted: bool
) -> None:
    design, outcome, clusters, drawn_weights = simulate(seed)
    weights = drawn_weights if weighted else None
    contrast, scale = np.array([0.3, 1.0, 0.5]), drawn_weights if weighted else np.ones(len(outcome))
    wild = wild_bootstrap_t(design, outcome, clusters, contrast=contrast, weights=weights, draws=3, seed=seed)
    bread = np.linalg.inv(design.T @ (scale[:, np.newaxis] * design))
    free = bread @ design.T @ (scale * outcome)
    assert wild.estimate == pytest.approx(contrast @ free)
    tied = free - bread @ contrast * (contrast @ free - hypothesis) / (contrast @ bread @ contrast)
    signs = np.array(WEBB)[np.random.default_rng(seed).integers(6, size=(3, 9))]
    for draw in range(3):
        outcomes = design @ tied + (outcome - design @ tied) * signs[draw][clusters]
        fitted = bread @ design.T @ (scale * outcomes)
        covariance = crv1(design, outcomes - design @ fitted, clusters, weights=weights).covariance
        expected = (contrast @ fitted - hypothesis) / math.sqrt(contrast @ covariance @ contrast)
        assert t_statistic(wild, draw, hypothesis) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def t_statistic(wild: WildBootstrap, draw: int, hypothesis: float) -> float:
    distance = wild.estimate - hypothesis
    up, down = wild.numerators[:, draw], wild.squares[:, draw]
    variance = down[0] + 2 * distance * down[1] + distance**2 * down[2]
    return float((up[0] + distance * up[1]) / math.sqrt(variance))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_the_ends_of_the_interval_are_where_the_test_just_rejects(level: float) -> None:
    design, outcome, clusters, _ = simulate(2)
    wild = wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE)
    low, high = wild.bounds(level)
    width = high - low
    assert low < wild.estimate < high
    for end, outward in ((low, -1), (high, 1)):
        assert wild.p_value(end) == pytest.approx(1 - level, abs=2e-4)
        assert wild.p_value(end + outward * 0.05 * width) < 1 - level
        assert wild.p_value(end - outward * 0.05 * width) > 1 - level


def test_the_estimate_itself_is_not_rejected() -> None:
    design, outcome, clusters, _ = simulate(2)
    wild = wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE, draws=99)
    assert wild.p_value(wild.estimate) == 1
    assert wild.draws == 99
    assert wild.n_clusters == 9


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 999), tilt=st.floats(-3, 3), scale=st.floats(0.1, 10))
def test_shifting_and_scaling_move_the_interval_along(seed: int, tilt: float, scale: float) -> None:
    design, outcome, clusters, _ = simulate(seed)
    plain = wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE, draws=399)
    moved = wild_bootstrap_t(
        design, scale * outcome + tilt * design[:, 1] + 5, clusters + 100, contrast=SLOPE, draws=399
    )
    low, high = plain.bounds(0.9)
    assert moved.bounds(0.9) == pytest.approx((scale * low + tilt, scale * high + tilt), rel=1e-6, abs=1e-6)


def test_the_seed_decides_the_draws() -> None:
    design, outcome, clusters, _ = simulate(4)
    first, again, other = (
        wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE, draws=199, seed=seed).bounds(0.9)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_two_clusters_reject_nothing() -> None:
    # Of 36 draws, 1 in 6 multiplies both by the same: as far out as the data at any hypothesis.
    design, outcome, clusters, _ = simulate(4)
    wild = wild_bootstrap_t(design[:, :2], outcome, clusters % 2, contrast=np.array([0.0, 1.0]))
    assert wild.bounds(0.95) == (-math.inf, math.inf)


def test_an_exact_line_has_no_width() -> None:
    design, _, clusters, _ = simulate(4)
    wild = wild_bootstrap_t(design, design @ [1.0, 2.0, 3.0], clusters, contrast=SLOPE, draws=99)
    assert wild.bounds(0.9) == pytest.approx((2, 2))


def test_levels_that_the_draws_cannot_tell_are_refused() -> None:
    design, outcome, clusters, _ = simulate(4)
    wild = wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE, draws=99)
    assert all(math.isfinite(end) for end in wild.bounds(0.99))
    with pytest.raises(
        MemwallError, match=r"99 draws cannot tell a level of 0\.999; take at least 1000 draws"
    ):
        wild.bounds(0.999)


def test_a_bootstrap_needs_draws() -> None:
    design, outcome, clusters, _ = simulate(4)
    with pytest.raises(MemwallError, match="a bootstrap needs draws, as in 9999; got 0"):
        wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE, draws=0)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_0_to_1_is_refused(level: float) -> None:
    design, outcome, clusters, _ = simulate(4)
    with pytest.raises(MemwallError, match=r"lies between 0 and 1, as in 0\.95"):
        wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE, draws=99).bounds(level)


@pytest.mark.slow
def test_few_unequal_clusters_are_held() -> None:
    random, runs, held = np.random.default_rng(1), 600, 0
    clusters = np.repeat(np.arange(10), [20, 15, 12, 8, 8, 6, 4, 4, 2, 2])
    x = np.linspace(-1, 1, 10)[random.permutation(10)][clusters] + random.normal(0, 0.3, len(clusters))
    design = np.column_stack([np.ones(len(clusters)), x])
    for run in range(runs):
        outcome = 0.3 * x + random.normal(0, 1, 10)[clusters] + random.normal(0, 0.5, len(clusters))
        wild = wild_bootstrap_t(design, outcome, clusters, contrast=SLOPE[:2], draws=399, seed=run)
        low, high = wild.bounds(0.95)
        held += low <= 0.3 <= high
    assert 0.92 <= held / runs <= 0.98
