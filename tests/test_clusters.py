from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import t_quantile
from memwall_trends.fitting.clusters import cr2, crv1, intraclass_correlation, two_way

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers

REFERENCE = Path(__file__).parent / "reference"
SLOPE = 1
"""Where the slope is among the coefficients."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A least-squares fit, by a formula that the code under test does not use."""

    design: Floats
    outcome: Floats
    weights: Floats | None = None

    @property
    def coefficients(self) -> Floats:
        """The line."""
        roots = np.ones(len(self.outcome)) if self.weights is None else np.sqrt(self.weights)
        return np.asarray(np.linalg.lstsq(self.design * roots[:, np.newaxis], self.outcome * roots)[0])

    @property
    def residuals(self) -> Floats:
        """What is off the line."""
        left: Floats = self.outcome - self.design @ self.coefficients
        return left

    @property
    def contrast(self) -> Floats:
        """The slope."""
        unit: Floats = np.eye(self.design.shape[1])[SLOPE]
        return unit


@pytest.fixture(scope="module")
def devices() -> pd.DataFrame:
    """Return the rows that R had; ``tests/reference/clusters.R`` says which."""
    rows = pd.read_csv(REFERENCE / "clusters_rows.csv")
    return rows.assign(row=range(len(rows)))


def by_r() -> dict[tuple[str, str, int], dict[str, float]]:
    """R's numbers by design, cluster and whether weighted."""
    rows = pd.read_csv(REFERENCE / "clusters.csv")
    return {
        (str(design), str(cluster), int(str(weighted))): dict(
            zip(part["quantity"], part["value"], strict=True)
        )
        for (design, cluster, weighted), part in rows.groupby(["design", "cluster", "weighted"])
    }


ONE_WAY = [key for key in by_r() if "+" not in key[1]]
TWO_WAY = [key for key in by_r() if "+" in key[1]]


def fit(devices: pd.DataFrame, design: str, weighted: int) -> Rows:
    columns = [np.ones(len(devices)), devices["year"].to_numpy() - 2012]
    if design == "classes":
        columns += list(pd.get_dummies(devices["product_class"], drop_first=True, dtype=float).to_numpy().T)
    each_year_alike = 1 / devices.groupby("calendar_year")["year"].transform("size").to_numpy()
    return Rows(
        np.column_stack(columns), devices["log10_value"].to_numpy(), each_year_alike if weighted else None
    )


@pytest.mark.parametrize(("design", "cluster", "weighted"), ONE_WAY)
def test_errors_by_cluster_agree_with_r(
    devices: pd.DataFrame, design: str, cluster: str, weighted: int
) -> None:
    expected, rows = by_r()[design, cluster, weighted], fit(devices, design, weighted)
    clusters = pd.factorize(devices[cluster])[0]
    plain = crv1(rows.design, rows.residuals, clusters, weights=rows.weights)
    reduced = cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast, weights=rows.weights)
    assert rows.coefficients[SLOPE] == pytest.approx(expected["slope"], rel=1e-9)
    assert plain.covariance[SLOPE, SLOPE] ** 0.5 == pytest.approx(expected["crv1_error"], rel=1e-9)
    assert plain.n_clusters == reduced.n_clusters == devices[cluster].nunique()
    assert plain.degrees_of_freedom == plain.n_clusters - 1
    assert reduced.covariance[SLOPE, SLOPE] ** 0.5 == pytest.approx(expected["cr2_error"], rel=1e-9)
    assert reduced.degrees_of_freedom == pytest.approx(expected["cr2_freedom"], rel=1e-9)
    if design == "line":
        far = np.array([1.0, 10.0])
        assert (far @ reduced.covariance @ far) ** 0.5 == pytest.approx(expected["far_error"], rel=1e-9)
        assert reduced.freedom.of(far) == pytest.approx(expected["far_freedom"], rel=1e-9)
    if "intraclass_freedom" in expected:
        correlated = cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast, working="intraclass")
        assert correlated.degrees_of_freedom == pytest.approx(expected["intraclass_freedom"], rel=1e-9)
        assert correlated.covariance == pytest.approx(reduced.covariance)


@pytest.mark.parametrize(("design", "clusters", "weighted"), TWO_WAY)
def test_errors_by_two_clusters_agree_with_r(
    devices: pd.DataFrame, design: str, clusters: str, weighted: int
) -> None:
    rows = fit(devices, design, weighted)
    first, second = (pd.factorize(devices[column])[0] for column in clusters.split("+"))
    both = two_way(rows.design, rows.residuals, first, second)
    expected = by_r()[design, clusters, weighted]["two_way_error"]
    assert both.covariance[SLOPE, SLOPE] ** 0.5 == pytest.approx(expected, rel=1e-9)
    assert both.n_clusters == min(first.max(), second.max()) + 1
    assert both.degrees_of_freedom == both.n_clusters - 1


def test_errors_agree_with_those_that_the_authors_of_dfadjust_have_from_stata() -> None:
    # Their test of dfadjustSE: y = (cos 0..9, tan 1..10), x = (sin 1..10, sin 2..11), three clusters.
    x = np.append(np.sin(np.arange(1, 11)), np.sin(np.arange(2, 12)))
    y = np.append(np.cos(np.arange(10)), np.tan(np.arange(1, 11)))
    clusters = np.tile([2, 1, 3, 2, 2, 3, 3, 1, 1, 2], 2)
    rows = Rows(np.column_stack([np.ones(20), x]), y)
    assert rows.coefficients == pytest.approx([-0.4456202905, 0.3241183110], abs=1e-10)
    by_cluster = np.sqrt(np.diag(crv1(rows.design, rows.residuals, clusters).covariance))
    assert by_cluster == pytest.approx([0.4827602183, 0.1814501834], abs=1e-10)
    alone = np.arange(20)
    hc1 = np.sqrt(np.diag(crv1(rows.design, rows.residuals, alone).covariance))
    assert hc1 == pytest.approx([0.4278077455, 0.4392155956], abs=1e-10)
    hc2 = np.sqrt(np.diag(cr2(rows.design, rows.residuals, alone, contrast=rows.contrast).covariance))
    assert hc2 == pytest.approx([0.4227339762, 0.4421048122], abs=1e-10)


def simulate(seed: int, *, n_obs: int = 40, n_clusters: int = 9) -> tuple[Rows, Integers]:
    """Return a weighted fit with two columns beside the intercept, and clusters of unequal size."""
    random = np.random.default_rng(seed)
    clusters = np.append(np.arange(n_clusters), random.geometric(0.4, n_obs - n_clusters).clip(max=5) - 1)
    design = np.column_stack([np.ones(n_obs), random.normal(size=(n_obs, 2)) + clusters[:, np.newaxis] / 4])
    outcome = random.normal(size=n_clusters)[clusters] + random.normal(size=n_obs)
    return Rows(design, outcome, random.uniform(0.2, 3, n_obs)), clusters


def dense_cr2(rows: Rows, clusters: Integers) -> tuple[Floats, float]:
    """Return CR2 and its Satterthwaite freedom as the papers write them, with n x n matrices."""
    n_obs, weights = (
        len(rows.outcome),
        np.diag(rows.weights if rows.weights is not None else 1.0 + 0 * rows.outcome),
    )
    bread = np.linalg.inv(rows.design.T @ weights @ rows.design)
    off = np.eye(n_obs) - rows.design @ bread @ rows.design.T @ weights
    whole = off @ off.T
    covariance, columns = np.zeros_like(bread), []
    for cluster in np.unique(clusters):
        member = clusters == cluster
        values, vectors = np.linalg.eigh(whole[np.ix_(member, member)])
        root = vectors @ np.diag([0 if value < 1e-10 else value**-0.5 for value in values]) @ vectors.T
        pulled = bread @ rows.design[member].T @ weights[np.ix_(member, member)] @ root
        score = pulled @ rows.residuals[member]
        covariance += np.outer(score, score)
        columns.append(off[member].T @ pulled.T @ rows.contrast)
    gram = np.array(columns) @ np.array(columns).T
    return covariance, float(np.trace(gram) ** 2 / (gram**2).sum())


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 999), weighted=st.booleans())
def test_cr2_is_what_its_formula_says(seed: int, weighted: bool) -> None:
    rows, clusters = simulate(seed)
    rows = Rows(rows.design, rows.outcome, rows.weights if weighted else None)
    covariance, freedom = dense_cr2(rows, clusters)
    reduced = cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast, weights=rows.weights)
    assert reduced.covariance == pytest.approx(covariance, rel=1e-7, abs=1e-12)
    assert reduced.degrees_of_freedom == pytest.approx(freedom, rel=1e-7)


def test_a_cluster_that_alone_determines_a_coefficient_is_left_out_of_the_adjustment() -> None:
    rows, clusters = simulate(3)
    with_dummies = Rows(
        np.column_stack([rows.design, np.eye(9)[clusters][:, 1:]]), rows.outcome, rows.weights
    )
    covariance, freedom = dense_cr2(with_dummies, clusters)
    reduced = cr2(
        with_dummies.design,
        with_dummies.residuals,
        clusters,
        contrast=with_dummies.contrast,
        weights=with_dummies.weights,
    )
    assert reduced.covariance[SLOPE, SLOPE] == pytest.approx(covariance[SLOPE, SLOPE], rel=1e-7)
    assert reduced.degrees_of_freedom == pytest.approx(freedom, rel=1e-7)


def test_cr2_has_no_bias_where_errors_are_independent() -> None:
    # The expected covariance is that of each unit vector's outcome, summed: no draws are needed.
    rows, clusters = simulate(5)
    weights = rows.weights
    assert weights is not None
    bread = np.linalg.inv(rows.design.T @ (weights[:, np.newaxis] * rows.design))
    true = bread @ rows.design.T @ (weights[:, np.newaxis] ** 2 * rows.design) @ bread
    expected = np.zeros((3, 3))
    for outcome in np.eye(len(rows.outcome)):
        unit = Rows(rows.design, outcome, weights)
        expected += cr2(
            rows.design, unit.residuals, clusters, contrast=rows.contrast, weights=weights
        ).covariance
    assert expected == pytest.approx(true, rel=1e-9)


@pytest.mark.parametrize("n_members", [2, 8])
def test_freedom_of_equal_clusters_is_their_number_less_one(n_members: int) -> None:
    # Pustejovsky and Tipton: where each cluster has the same x, a within-cluster slope has G - 1.
    clusters = np.repeat(np.arange(10), n_members)
    design = np.column_stack([np.ones(len(clusters)), np.tile([0.0, 1.0], len(clusters) // 2)])
    outcome = np.random.default_rng(1).normal(size=len(clusters))
    rows = Rows(design, outcome)
    reduced = cr2(design, rows.residuals, clusters, contrast=rows.contrast)
    assert reduced.degrees_of_freedom == pytest.approx(9)


def test_freedom_between_clusters_is_welch_s() -> None:
    # A treatment of whole clusters, all of one size: m0 + m1 less the unequal numbers' share.
    n_untreated, n_treated = 4, 9
    clusters = np.repeat(np.arange(13), 3)
    treated = (clusters >= n_untreated).astype(float)
    rows = Rows(np.column_stack([np.ones(39), treated]), np.random.default_rng(1).normal(size=39))
    reduced = cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast)
    numbers = np.array([n_untreated, n_treated])
    expected = 13**2 * (numbers - 1).prod() / (numbers**2 * (numbers - 1)).sum()
    assert reduced.degrees_of_freedom == pytest.approx(expected)
    means = np.array([rows.outcome[clusters == cluster].mean() for cluster in range(13)])
    variance = means[:4].var(ddof=1) / 4 + means[4:].var(ddof=1) / 9
    assert reduced.covariance[SLOPE, SLOPE] == pytest.approx(variance)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 999))
def test_neither_names_nor_order_of_clusters_matter(seed: int) -> None:
    rows, clusters = simulate(seed)
    random = np.random.default_rng(seed)
    renamed, order = random.permutation(1000)[clusters], random.permutation(len(clusters))
    weights = rows.weights
    assert weights is not None
    plain = cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast, weights=weights)
    moved = cr2(
        rows.design[order],
        rows.residuals[order],
        renamed[order],
        contrast=rows.contrast,
        weights=7 * weights[order],
    )
    assert moved.covariance == pytest.approx(plain.covariance, rel=1e-9, abs=1e-14)
    assert moved.degrees_of_freedom == pytest.approx(plain.degrees_of_freedom, rel=1e-9)
    by_cluster = crv1(rows.design, rows.residuals, clusters, weights=weights)
    by_name = crv1(rows.design[order], rows.residuals[order], renamed[order], weights=7 * weights[order])
    assert by_name.covariance == pytest.approx(by_cluster.covariance, rel=1e-9, abs=1e-14)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 999), scale=st.floats(0.01, 100), shift=st.floats(-2000, 2000))
def test_where_years_are_counted_from_does_not_matter(seed: int, scale: float, shift: float) -> None:
    rows, clusters = simulate(seed)
    design = rows.design.copy()
    design[:, SLOPE] = scale * design[:, SLOPE] + shift
    plain = cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast)
    moved = cr2(design, rows.residuals, clusters, contrast=rows.contrast)
    assert scale**2 * moved.covariance[SLOPE, SLOPE] == pytest.approx(
        plain.covariance[SLOPE, SLOPE], rel=1e-4
    )
    assert moved.degrees_of_freedom == pytest.approx(plain.degrees_of_freedom, rel=1e-4)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 999))
def test_rows_that_are_clusters_of_their_own_give_errors_robust_to_unequal_variances(seed: int) -> None:
    from statsmodels.regression.linear_model import OLS

    rows, _ = simulate(seed)
    rows = Rows(rows.design, rows.outcome)
    alone = np.arange(len(rows.outcome))
    result = OLS(rows.outcome, rows.design).fit()
    hc1, hc2 = (result.get_robustcov_results(name).cov_params() for name in ("HC1", "HC2"))
    assert crv1(rows.design, rows.residuals, alone).covariance == pytest.approx(hc1, rel=1e-9, abs=1e-14)
    reduced = cr2(rows.design, rows.residuals, alone, contrast=rows.contrast)
    assert reduced.covariance == pytest.approx(hc2, rel=1e-9, abs=1e-14)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 999))
def test_crv1_agrees_with_statsmodels(seed: int) -> None:
    from statsmodels.regression.linear_model import WLS

    rows, clusters = simulate(seed)
    result = WLS(rows.outcome, rows.design, weights=rows.weights).fit()
    expected = result.get_robustcov_results("cluster", groups=clusters, use_correction=True).cov_params()
    by_cluster = crv1(rows.design, rows.residuals, clusters, weights=rows.weights)
    assert by_cluster.covariance == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_two_clusters_that_are_the_same_are_one() -> None:
    rows, clusters = simulate(1)
    twice = two_way(rows.design, rows.residuals, clusters, 100 - clusters)
    assert twice.covariance == pytest.approx(crv1(rows.design, rows.residuals, clusters).covariance)


def test_the_covariance_of_two_clusters_is_never_negative() -> None:
    # Errors that cancel within either cluster: what they have in common is more than each alone.
    outcome, first, second = np.array([1.0, -1, -1, 1] * 4), np.tile([0, 0, 1, 1], 4), np.tile([0, 1], 8)
    design = np.column_stack([np.ones(16), np.linspace(-1, 1, 16)])
    rows = Rows(design, outcome)
    values = np.linalg.eigvalsh(two_way(design, rows.residuals, first, second).covariance)
    assert (values >= -1e-12).all()
    assert values[0] == pytest.approx(0, abs=1e-12)


def test_no_freedom_where_one_cluster_alone_tells() -> None:
    clusters = np.repeat(np.arange(4), 3)
    within_first = np.where(clusters == 0, np.arange(12.0), 0)
    rows = Rows(
        np.column_stack([np.ones(12), within_first, clusters == 0]), np.random.default_rng(1).normal(size=12)
    )
    with pytest.raises(MemwallError, match=r"no more than one cluster tells of this coefficient.*leave out"):
        cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast)


def test_an_unknown_working_model_lists_the_known_ones() -> None:
    rows, clusters = simulate(1)
    with pytest.raises(MemwallError, match=r"unknown working model 'moulton'.*independent, intraclass"):
        cr2(rows.design, rows.residuals, clusters, contrast=rows.contrast, working="moulton")


def test_one_cluster_is_too_few() -> None:
    rows, clusters = simulate(1)
    with pytest.raises(MemwallError, match="at least two clusters; got 1"):
        crv1(rows.design, rows.residuals, 0 * clusters)


def test_members_that_are_all_alike_have_an_intraclass_correlation_of_1() -> None:
    clusters = np.repeat(np.arange(5), [1, 2, 3, 4, 5])
    assert intraclass_correlation(np.arange(5.0)[clusters], clusters) == pytest.approx(1)


def test_members_that_only_differ_from_each_other_have_a_negative_intraclass_correlation() -> None:
    # Of pairs (-1, 1) nothing is between: (0 - W) / (0 + (2 - 1) W).
    assert intraclass_correlation(np.tile([-1.0, 1.0], 6), np.repeat(np.arange(6), 2)) == pytest.approx(-1)


def test_the_intraclass_correlation_is_the_share_of_the_variance_that_was_drawn() -> None:
    random = np.random.default_rng(1)
    clusters = np.repeat(np.arange(2000), random.integers(1, 6, 2000))
    drawn = random.normal(0, 0.3, 2000)[clusters] + random.normal(0, 0.2, len(clusters))
    assert intraclass_correlation(drawn, clusters) == pytest.approx(0.09 / 0.13, abs=0.02)


@pytest.mark.parametrize(
    ("residuals", "clusters"), [(np.arange(5.0), np.arange(5)), (np.zeros(4), np.array([0, 0, 1, 1]))]
)
def test_no_intraclass_correlation_without_pairs_or_variance(residuals: Floats, clusters: Integers) -> None:
    assert np.isnan(intraclass_correlation(residuals, clusters))


@pytest.mark.slow
def test_few_unequal_clusters_are_held_by_cr2_and_not_by_the_usual_errors() -> None:
    random, held = np.random.default_rng(1), np.zeros(2)
    clusters = np.repeat(np.arange(10), [60, 30, 15, 8, 4, 4, 2, 2, 1, 1])
    x = np.linspace(-1, 1, 10)[random.permutation(10)][clusters] + random.normal(0, 0.3, len(clusters))
    design = np.column_stack([np.ones(len(clusters)), x])
    for _ in range(1000):
        errors = random.normal(0, 1, 10)[clusters] + random.normal(0, 0.5, len(clusters))
        rows = Rows(design, errors)
        for number, found in enumerate(
            (
                crv1(design, rows.residuals, clusters),
                cr2(design, rows.residuals, clusters, contrast=rows.contrast, working="intraclass"),
            )
        ):
            half = t_quantile(found.degrees_of_freedom, 0.95) * found.covariance[SLOPE, SLOPE] ** 0.5
            held[number] += abs(rows.coefficients[SLOPE]) <= half
    usual, reduced = held / 1000
    assert usual < 0.85
    assert 0.92 <= reduced <= 0.98


def test_many_clusters_need_no_matrix_of_their_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    design = np.column_stack([np.ones(600), random.normal(size=600)])
    codes = random.integers(0, 80, 600)
    residuals, weights = random.normal(size=600), random.uniform(0.5, 2, 600)
    slope = np.array([0.0, 1.0])
    by_pairs = cr2(design, residuals, codes, contrast=slope, weights=weights)
    monkeypatch.setattr("memwall_trends.fitting.clusters.MANY_CLUSTERS", 0)
    assert cr2(design, residuals, codes, contrast=slope, weights=weights).degrees_of_freedom == (
        pytest.approx(by_pairs.degrees_of_freedom, rel=1e-10)
    )
