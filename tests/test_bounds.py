from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import check_draws, check_seed, least_draws, seeded, t_quantile
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.wild import wild_bootstrap_t
from memwall_trends.questions.sensitivity import run_sensitivity
from memwall_trends.questions.stability import fit_break

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDED = {
    "rate": "rate peak_flops --frontier",
    "rate without draws": "rate peak_flops",
    "gap": "gap peak_flops dram_bandwidth --way bootstrap",
    "stability": "stability peak_flops",
    "stability by kind": "stability peak_flops --by kind",
    "sensitivity": "sensitivity peak_flops --method huber",
    "decompose": "decompose peak_flops --by kind",
}


@pytest.mark.parametrize("command", SEEDED)
def test_a_seed_below_zero_is_a_message_of_every_command(run: Callable[..., Any], command: str) -> None:
    result = run(*SEEDED[command].split(), "--dataset", "gholami2024", "--seed", "-1")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: a seed is a whole number from 0, as in 1; got -1\n"


@pytest.mark.parametrize("seed", [-1, 1.5, "one", None])
def test_what_is_no_seed_is_a_message_of_every_function(seed: Any) -> None:
    design, years = np.column_stack([np.ones(20), np.arange(20.0)]), np.arange(20.0)
    for draw in (
        lambda: check_seed(seed),
        lambda: seeded(seed),
        lambda: Method(seed=seed),
        lambda: fit_break("dram_bandwidth", seed=seed),
        lambda: run_sensitivity("interconnect_bandwidth", seed=seed),
        lambda: wild_bootstrap_t(
            design, years**2, np.arange(20) // 2, contrast=np.array([0.0, 1.0]), seed=seed
        ),
    ):
        with pytest.raises(MemwallError, match="a seed is a whole number from 0, as in 1; got"):
            draw()


def test_any_whole_number_from_zero_is_a_seed() -> None:
    assert check_seed(np.int64(3)) == 3  # type: ignore[arg-type]
    assert seeded(2**70).random() != seeded(0).random()


@pytest.mark.parametrize(
    ("level", "needed"), [(0.5, 4), (0.8, 10), (0.9, 20), (0.95, 40), (0.99, 200), (0.999, 2000)]
)
def test_one_draw_lies_beyond_each_end(level: float, needed: int) -> None:
    assert least_draws(level) == needed
    assert check_draws(needed, level) == needed
    with pytest.raises(MemwallError, match=f"{needed - 1} draws .* at least {needed} draws"):
        check_draws(needed - 1, level)


@pytest.mark.parametrize(
    "command",
    [
        "rate dram_bandwidth --bootstrap pairs",
        "rate dram_bandwidth --frontier",
        "decompose dram_bandwidth --by kind",
        "gap peak_flops dram_bandwidth --way bootstrap --reach 100",
    ],
)
def test_a_level_that_the_draws_cannot_tell_is_a_message_of_every_command(
    run: Callable[..., Any], command: str
) -> None:
    result = run(*command.split(), "--dataset", "gholami2024", "--draws", "100", "--level", "0.9999")
    assert (result.code, result.out) == (2, "")
    assert "100 draws cannot tell an interval at the level 0.9999; take at least 20000 draws" in result.err


def test_sensitivity_draws_as_many_as_its_level_needs() -> None:
    fitted = run_sensitivity("interconnect_bandwidth", method="ols", level=0.999, frontier=True)
    assert fitted.specifications["ci_low"].notna().all()


@pytest.mark.parametrize("freedom", [9_999.0, 10_000.0, 12_345.6, 1e6, 1e9])
@pytest.mark.parametrize("level", [0.01, 0.5, 0.95, 0.9999, 1 - 1e-9])
def test_the_quantile_is_that_of_scipy_whatever_the_degrees_of_freedom(freedom: float, level: float) -> None:
    assert t_quantile(freedom, level) == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=1e-12)


@pytest.mark.parametrize("freedom", [5.0, 20_000.0])
def test_a_level_that_is_none_has_no_quantile(freedom: float) -> None:
    with pytest.raises(MemwallError, match="the level of an interval lies between 0 and 1"):
        t_quantile(freedom, 1.0)
