"""The figures: one registered function each, drawn from the `Trend` that the numbers come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends.errors import unknown
from memwall_trends.figures.balance import machine_balance, workload_intensity
from memwall_trends.figures.evidence import (
    backtest_coverage,
    claim_against_fit,
    published_claims,
    rolling_rates,
    specification_curve,
)
from memwall_trends.figures.paper import (
    hw_scaling,
    hw_scaling_today,
    memory_breakdown,
    model_size,
    model_size_today,
    training_compute,
    training_compute_today,
)
from memwall_trends.figures.roofline import roofline
from memwall_trends.figures.saving import find_ending, save_figure
from memwall_trends.figures.series import (
    frontier,
    link_families,
    memory_generations,
    peak_flops_by_precision,
)
from memwall_trends.figures.workloads import levers, training_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

__all__ = ["FIGURES", "find_ending", "find_figure", "hw_scaling", "save_figure", "specification_curve"]

FIGURES: dict[str, Callable[..., alt.VConcatChart]] = {
    draw.__name__.replace("_", "-"): draw
    for draw in (
        hw_scaling,
        hw_scaling_today,
        training_compute,
        training_compute_today,
        model_size,
        model_size_today,
        memory_breakdown,
        claim_against_fit,
        machine_balance,
        peak_flops_by_precision,
        memory_generations,
        link_families,
        frontier,
        specification_curve,
        rolling_rates,
        backtest_coverage,
        published_claims,
        roofline,
        workload_intensity,
        training_memory,
        levers,
    )
}
"""Every figure by the name that the user gives."""


def find_figure(name: str) -> Callable[..., alt.VConcatChart]:
    """Return the function that draws a figure.

    Raises
    ------
    MemwallError
        If there is none of that name; the message names the known ones.

    Examples
    --------
    >>> find_figure("hw-scaling").__name__
    'hw_scaling'
    """
    if name not in FIGURES:
        raise unknown("figure", name, FIGURES)
    return FIGURES[name]
