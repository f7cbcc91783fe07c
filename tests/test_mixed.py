from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import t_quantile
from memwall_trends.fitting.mixed import fit_mixed

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers
    from memwall_trends.fitting.mixed import MixedFit

REFERENCE = Path(__file__).parent / "reference"


@pytest.fixture(scope="module")
def devices() -> pd.DataFrame:
    """Return the rows that R had; ``tests/reference/clusters.R`` says which."""
    return pd.read_csv(REFERENCE / "clusters_rows.csv")


def fit(devices: pd.DataFrame, design: str) -> MixedFit:
    columns = [np.ones(len(devices)), devices["year"].to_numpy() - 2012]
    if design == "classes":
        columns += list(pd.get_dummies(devices["product_class"], drop_first=True, dtype=float).to_numpy().T)
    codes = (pd.factorize(devices[column], sort=True)[0] for column in ("vendor", "architecture"))
    return fit_mixed(np.column_stack(columns), devices["log10_value"].to_numpy(), *codes)


@pytest.mark.parametrize("design", ["line", "classes"])
def test_the_fit_agrees_with_lme4_and_pbkrtest(devices: pd.DataFrame, design: str) -> None:
    rows = pd.read_csv(REFERENCE / "mixed.csv")
    expected = rows[rows["design"] == design].set_index("quantity")["value"]
    fitted = fit(devices, design)
    slope = np.eye(len(fitted.coefficients))[1]
    vendors, architectures = (sorted(devices[column].unique()) for column in ("vendor", "architecture"))
    ours = {
        "slope": fitted.coefficients[1],
        "slope_error": fitted.freedom.fixed[1, 1] ** 0.5,
        "kenward_roger_error": fitted.covariance[1, 1] ** 0.5,
        "kenward_roger_freedom": fitted.freedom.of(slope),
        "vendor_variance": fitted.group_variance,
        "architecture_variance": fitted.subgroup_variance,
        "residual_variance": fitted.residual_variance,
        "log_likelihood": fitted.log_likelihood,
        "effect_nvidia": fitted.group_effects[vendors.index("NVIDIA")],
        "effect_nec": fitted.group_effects[vendors.index("NEC")],
        "effect_hopper": fitted.subgroup_effects[architectures.index("Hopper")],
    }
    assert ours == pytest.approx({name: expected[name] for name in ours}, rel=1e-5)
    # lmerTest takes the observed information instead of the expected one.
    assert fitted.freedom.of(slope) == pytest.approx(expected["satterthwaite_freedom"], rel=0.1)


def test_one_kind_of_group_agrees_with_statsmodels(devices: pd.DataFrame) -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    x, y = devices["year"].to_numpy() - 2012, devices["log10_value"].to_numpy()
    vendors = pd.factorize(devices["vendor"])[0]
    design = np.column_stack([np.ones(len(x)), x])
    result = MixedLM(y, design, groups=vendors).fit()
    fitted = fit_mixed(design, y, vendors)
    assert fitted.coefficients == pytest.approx(result.fe_params, rel=1e-4)
    assert fitted.group_variance == pytest.approx(result.cov_re.item(), rel=1e-3)
    assert fitted.residual_variance == pytest.approx(result.scale, rel=1e-4)
    assert fitted.log_likelihood == pytest.approx(result.llf, rel=1e-8)
    assert fitted.subgroup_variance == fitted.n_subgroups == len(fitted.subgroup_effects) == 0
    effects = [result.random_effects[vendor].item() for vendor in range(fitted.n_groups)]
    assert fitted.group_effects == pytest.approx(effects, rel=1e-3)


def test_the_covariance_is_that_of_generalised_least_squares() -> None:
    design, outcome, groups, subgroups = simulate(6, 0.4, 0.3)
    fitted = fit_mixed(design, outcome, groups, subgroups)
    of_groups, of_subgroups = (code[:, np.newaxis] == code for code in (groups, subgroups))
    whole = fitted.group_variance * of_groups + fitted.subgroup_variance * of_subgroups
    inverse = np.linalg.inv(whole + fitted.residual_variance * np.eye(200))
    fixed = np.linalg.inv(design.T @ inverse @ design)
    assert fitted.freedom.fixed == pytest.approx(fixed)
    assert fitted.coefficients == pytest.approx(fixed @ design.T @ inverse @ outcome)


def test_balanced_groups_have_the_components_of_the_analysis_of_variance() -> None:
    # Henderson: of a balanced design REML is (B - W) / m and W where that is above zero.
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(12), 6)
    outcome = random.normal(0, 1, 12)[groups] + random.normal(0, 0.5, 72)
    fitted = fit_mixed(np.ones((72, 1)), outcome, groups)
    means = outcome.reshape(12, 6).mean(axis=1)
    within = ((outcome - means[groups]) ** 2).sum() / 60
    between = 6 * means.var(ddof=1)
    assert fitted.residual_variance == pytest.approx(within, rel=1e-5)
    assert fitted.group_variance == pytest.approx((between - within) / 6, rel=1e-5)
    assert fitted.covariance[0, 0] == pytest.approx(between / 72, rel=1e-5)
    assert fitted.freedom.of(np.array([1.0])) == pytest.approx(11, rel=1e-4)
    pulled = 1 - within / between
    assert fitted.group_effects == pytest.approx(pulled * (means - means.mean()), rel=1e-4)


def simulate(
    seed: int, group_spread: float, subgroup_spread: float
) -> tuple[Floats, Floats, Integers, Integers]:
    """Return design, outcome with a slope of 0.2, groups of unequal size, and subgroups within them."""
    random = np.random.default_rng(seed)
    subgroups = np.append(np.arange(60), random.integers(0, 60, 140))
    groups = (subgroups // 2) % 12
    years = np.clip(random.normal(-10 + subgroups / 3, 3), -12, 12)
    outcome = (
        0.2 * years
        + random.normal(0, group_spread, 12)[groups]
        + random.normal(0, subgroup_spread, 60)[subgroups]
        + random.normal(0, 0.2, 200)
    )
    return np.column_stack([np.ones(200), years]), outcome, groups, subgroups


@pytest.mark.parametrize("spreads", [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)])
def test_a_component_that_is_not_there_is_found_to_be_zero_or_small(spreads: tuple[float, float]) -> None:
    at_edge = 0
    for seed in range(12):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted = fit_mixed(*simulate(seed, *spreads))
        found = (fitted.group_variance, fitted.subgroup_variance)
        for drawn, variance in zip(spreads, found, strict=True):
            assert variance < 0.1 if drawn == 0 else variance > 0.05
        at_edge += 0 in found
        assert 1 < fitted.freedom.of(np.array([0.0, 1.0])) < 198.001
        assert np.isfinite(fitted.covariance).all()
    assert at_edge >= 3


def test_without_any_component_the_line_is_that_of_least_squares() -> None:
    design, outcome, groups, subgroups = simulate(1, 0, 0)
    # Groups without differences of their own: the values of each are moved to one mean about the line.
    for code in (subgroups, groups):
        means = np.bincount(code, weights=outcome) / np.bincount(code)
        years = np.bincount(code, weights=design[:, 1]) / np.bincount(code)
        outcome = outcome - means[code] + 0.2 * years[code]
    fitted = fit_mixed(design, outcome, groups, subgroups)
    line, squares, *_ = np.linalg.lstsq(design, outcome)
    assert fitted.group_variance == fitted.subgroup_variance == 0
    assert not fitted.group_effects.any()
    assert fitted.coefficients == pytest.approx(line)
    assert fitted.residual_variance == pytest.approx(squares.item() / 198)
    assert fitted.covariance == pytest.approx(squares.item() / 198 * np.linalg.inv(design.T @ design))
    assert fitted.freedom.of(np.array([0.0, 1.0])) == pytest.approx(198)


def test_the_variances_are_those_that_were_drawn() -> None:
    found = np.array(
        [
            (
                fitted.group_variance,
                fitted.subgroup_variance,
                fitted.residual_variance,
                fitted.coefficients[1],
            )
            for fitted in (fit_mixed(*simulate(seed, 0.4, 0.3)) for seed in range(30))
        ]
    )
    errors = found.std(axis=0) / np.sqrt(30)
    assert (abs(found.mean(axis=0) - [0.16, 0.09, 0.04, 0.2]) < 4 * errors).all()


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 999), scale=st.floats(0.1, 10), tilt=st.floats(-1, 1), shift=st.floats(-30, 30))
def test_shifting_and_scaling_move_the_fit_along(seed: int, scale: float, tilt: float, shift: float) -> None:
    design, outcome, groups, subgroups = simulate(seed, 0.4, 0.3)
    plain = fit_mixed(design, outcome, groups, subgroups)
    moved_design = design + np.array([0, shift])
    order = np.random.default_rng(seed).permutation(200)
    moved = fit_mixed(
        moved_design[order],
        (scale * outcome + tilt * design[:, 1] + 3)[order],
        groups[order],
        subgroups[order],
    )
    assert moved.coefficients[1] == pytest.approx(scale * plain.coefficients[1] + tilt, rel=1e-4, abs=1e-5)
    assert moved.covariance[1, 1] == pytest.approx(scale**2 * plain.covariance[1, 1], rel=1e-3)
    assert moved.group_variance == pytest.approx(scale**2 * plain.group_variance, rel=1e-3, abs=1e-4)
    assert moved.group_effects == pytest.approx(scale * plain.group_effects, rel=1e-2, abs=1e-3)


def test_an_architecture_of_two_vendors_counts_as_two() -> None:
    design, outcome, groups, subgroups = simulate(2, 0.4, 0.3)
    shared = subgroups.copy()
    shared[shared == 2] = 0
    assert set(groups[shared == 0]) == {0, 1}
    apart, together = (fit_mixed(design, outcome, groups, code) for code in (subgroups, shared))
    assert together.log_likelihood == pytest.approx(apart.log_likelihood)
    members = np.array([(subgroups == code).sum() for code in (0, 2)])
    both = members @ apart.subgroup_effects[[0, 2]] / members.sum()
    assert together.subgroup_effects[0] == pytest.approx(both)


@pytest.mark.parametrize(
    ("groups", "subgroups", "message"),
    [
        (np.arange(12) % 2, None, "needs at least 3 vendors to tell how they differ; got 2"),
        (np.arange(12), None, "12 observations of 12 vendors are too few"),
        (
            np.arange(12) % 3,
            np.arange(12),
            r"no architecture has two observations.*leave out the architecture",
        ),
        (np.arange(12) % 3, np.arange(12) % 3, "each vendor has one architecture"),
        (np.arange(11) % 3, None, "each of the 12 observations needs a value, a group and a subgroup"),
    ],
)
def test_groups_that_cannot_be_told_apart_are_refused(
    groups: Integers, subgroups: Integers | None, message: str
) -> None:
    design = np.column_stack([np.ones(12), np.arange(12.0)])
    with pytest.raises(MemwallError, match=message):
        fit_mixed(design, np.random.default_rng(1).normal(size=12), groups, subgroups)


def test_an_exact_line_has_no_variances() -> None:
    design = np.column_stack([np.ones(12), np.arange(12.0)])
    with pytest.raises(MemwallError, match="all observations lie on one line"):
        fit_mixed(design, 0.2 * np.arange(12.0), np.arange(12) % 3)


def test_groups_that_explain_everything_leave_no_optimum() -> None:
    design, groups = np.column_stack([np.ones(12), np.arange(12.0)]), np.arange(12) % 3
    with pytest.raises(MemwallError, match="vendors and architectures explain all there is"):
        fit_mixed(design, 0.2 * np.arange(12.0) + np.array([0.0, 1.0, 5.0])[groups], groups)


@pytest.mark.slow
def test_95_percent_intervals_hold_the_slope_in_95_percent_of_draws() -> None:
    held = 0
    for seed in range(600):
        fitted = fit_mixed(*simulate(seed, 0.4, 0.3))
        half = t_quantile(fitted.freedom.of(np.array([0.0, 1.0])), 0.95) * fitted.covariance[1, 1] ** 0.5
        held += abs(fitted.coefficients[1] - 0.2) <= half
    assert 0.925 <= held / 600 <= 0.975
