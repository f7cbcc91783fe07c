"""The figures: one registered function each, drawn from the `Trend` that the numbers come from.

Each is an attribute too, its name with underscores:

>>> from memwall_trends import figures
>>> type(figures.machine_balance()).__name__, "hw_scaling_today" in dir(figures)
('VConcatChart', True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.errors import unknown
from memwall_trends.figures.balance import machine_balance, workload_intensity
from memwall_trends.figures.choices import choose_data, choose_subject
from memwall_trends.figures.claims import claim_against_fit, published_claims
from memwall_trends.figures.decomposition import decomposition
from memwall_trends.figures.diagnosis import diagnosis
from memwall_trends.figures.formats import balance_by_format
from memwall_trends.figures.links import link_families
from memwall_trends.figures.paper import (
    hw_scaling,
    model_size,
    of_dataset,
    training_compute,
)
from memwall_trends.figures.pins import memory_per_pin
from memwall_trends.figures.readings import readings
from memwall_trends.figures.rolling import rolling_rates
from memwall_trends.figures.roofline import roofline
from memwall_trends.figures.saving import find_ending, save_figure
from memwall_trends.figures.series import (
    frontier,
    memory_generations,
    peak_flops_by_precision,
)
from memwall_trends.figures.serving import serve_frontier
from memwall_trends.figures.stability import backtest_coverage, specification_curve
from memwall_trends.figures.timeline import timeline
from memwall_trends.figures.training import memory_breakdown, training_memory
from memwall_trends.figures.workloads import levers

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

__all__ = [
    "FIGURES",
    "backtest_coverage",
    "balance_by_format",
    "choose_data",
    "choose_subject",
    "claim_against_fit",
    "decomposition",
    "diagnosis",
    "find_ending",
    "find_figure",
    "frontier",
    "hw_scaling",
    "levers",
    "link_families",
    "machine_balance",
    "memory_breakdown",
    "memory_generations",
    "memory_per_pin",
    "model_size",
    "peak_flops_by_precision",
    "published_claims",
    "readings",
    "rolling_rates",
    "roofline",
    "save_figure",
    "serve_frontier",
    "specification_curve",
    "timeline",
    "training_compute",
    "training_memory",
    "workload_intensity",
]

FIGURES: dict[str, Callable[..., alt.VConcatChart]] = {
    "hw-scaling": of_dataset(hw_scaling, defaults.PAPER),
    "hw-scaling-today": of_dataset(hw_scaling, defaults.DATASET),
    "training-compute": of_dataset(training_compute, defaults.PAPER),
    "training-compute-today": of_dataset(training_compute, defaults.DATASET),
    "model-size": of_dataset(model_size, defaults.PAPER),
    "model-size-today": of_dataset(model_size, defaults.DATASET),
    "memory-breakdown": memory_breakdown,
    "claim-against-fit": claim_against_fit,
    "machine-balance": machine_balance,
    "balance-by-format": balance_by_format,
    "readings": readings,
    "peak-flops-by-precision": peak_flops_by_precision,
    "memory-generations": memory_generations,
    "memory-per-pin": memory_per_pin,
    "link-families": link_families,
    "frontier": frontier,
    "decomposition": decomposition,
    "timeline": timeline,
    "specification-curve": specification_curve,
    "rolling-rates": rolling_rates,
    "backtest-coverage": backtest_coverage,
    "diagnosis": diagnosis,
    "published-claims": published_claims,
    "roofline": roofline,
    "workload-intensity": workload_intensity,
    "training-memory": training_memory,
    "levers": levers,
    "serve-frontier": serve_frontier,
}
"""Every figure by the name that the user gives."""


def __getattr__(name: str) -> Callable[..., alt.VConcatChart]:
    """Return a figure as an attribute, as in ``figures.hw_scaling_today``."""
    figure = FIGURES.get(name.replace("_", "-"))
    if figure is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return figure


def __dir__() -> list[str]:
    return sorted({*__all__, *(name.replace("-", "_") for name in FIGURES)})


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
