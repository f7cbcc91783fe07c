from __future__ import annotations

import numpy as np
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.designs import number_clusters, orthogonalize

LINE = np.column_stack([np.ones(5), [2000.0, 2001.5, 2003.0, 2010.0, 2020.0]])


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 0.5, 1.0, 3.0])])
def test_the_orthogonal_columns_give_the_covariance_of_the_design(weights: np.ndarray | None) -> None:
    basis = orthogonalize(LINE, weights)
    scale = np.ones(5) if weights is None else weights / weights.mean()
    assert basis.columns.T @ basis.weighted == pytest.approx(np.eye(2), abs=1e-12)
    assert basis.columns @ basis.triangle == pytest.approx(LINE)
    inverse = np.linalg.inv(LINE.T @ (scale[:, np.newaxis] * LINE))
    assert basis.unrotate(np.eye(2)) == pytest.approx(inverse, rel=1e-6)
    rotated = basis.rotate(np.array([0.0, 1.0]))
    assert rotated @ rotated == pytest.approx(inverse[1, 1], rel=1e-6)


@pytest.mark.parametrize("contrast", [[0.0, 0.0], [1.0], [0.0, 1.0, 0.0]])
def test_a_contrast_that_does_not_fit_the_coefficients_is_refused(contrast: list[float]) -> None:
    with pytest.raises(MemwallError, match="one number, not all zero, for each of the 2 coefficients"):
        orthogonalize(LINE, None).rotate(np.array(contrast))


@pytest.mark.parametrize(
    "weights", [np.array([1.0, 1, 1, 1, 0]), np.ones(4), np.array([1.0, 1, 1, 1, np.nan]), -np.ones(5)]
)
def test_weights_that_are_not_above_zero_are_refused(weights: np.ndarray) -> None:
    with pytest.raises(MemwallError, match="weights are 5 numbers above zero"):
        orthogonalize(LINE, weights)


def test_columns_that_depend_on_each_other_are_refused() -> None:
    with pytest.raises(MemwallError, match=r"depend on each other linearly.*leave one out"):
        orthogonalize(np.column_stack([LINE, LINE @ [3.0, 1.0]]), None)


def test_a_line_through_two_points_has_no_error() -> None:
    with pytest.raises(MemwallError, match=r"2 coefficients need more observations than that.*got 2"):
        orthogonalize(LINE[:2], None)


def test_clusters_are_numbered_whatever_they_are_called() -> None:
    codes, n_clusters = number_clusters(np.array([40, -1, 40, 7]), 4)
    assert codes.tolist() == [2, 0, 2, 1]
    assert n_clusters == 3


def test_one_cluster_is_too_few() -> None:
    with pytest.raises(MemwallError, match=r"at least two clusters; got 1; take classical or hc3"):
        number_clusters(np.zeros(4, dtype=np.int64), 4)


def test_each_observation_needs_a_cluster() -> None:
    with pytest.raises(MemwallError, match="each of the 5 observations needs a cluster; got 4"):
        number_clusters(np.arange(4), 5)
