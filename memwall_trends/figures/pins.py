"""DRAM by generation, not by device: how fast a pin is, and a stack or module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.datasets import load_table
from memwall_trends.datasets.conditions import filter_rows
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.figures import layers, theme
from memwall_trends.figures.canvas import Canvas
from memwall_trends.figures.captions import describe_groups, explain_rates
from memwall_trends.figures.choices import refuse_choices
from memwall_trends.figures.findings import say_growth
from memwall_trends.figures.series import fit_group
from memwall_trends.selection import gather_where

if TYPE_CHECKING:
    from typing import Unpack

    import altair as alt
    import pandas as pd

    from memwall_trends.figures.canvas import Group
    from memwall_trends.selection import Choose

MEASURES = {"pin_rate": ("One pin", "GT/s"), "stack_bandwidth": ("A stack, chip or module", "GB/s")}
"""The panels, by the measure of the table, with the unit."""
FAMILIES = {"gddr": "GDDR", "hbm": "HBM", "ddr": "DDR", "lpddr": "LPDDR"}
"""In the order of the colours, which are those of memory-generations."""


def memory_per_pin(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """DRAM by generation, not by device: transfers per second of a pin, bandwidth of a stack or module.

    Parameters
    ----------
    per, level, size, bare
        As of `memwall_trends.figures.hw_scaling`.
    **choose
        ``since``, ``until`` and conditions on the table of memory generations.

    Examples
    --------
    >>> type(memory_per_pin()).__name__
    'VConcatChart'
    """
    if choose.pop("dataset", defaults.DATASET) != defaults.DATASET:
        raise MemwallError("the figure memory-per-pin is about the curated data: leave out --dataset")
    refuse_choices("memory-per-pin", choose, allowed=("since", "until", "where"))
    rows = filter_rows(
        load_table("memory_generations"),
        since=choose.get("since"),
        until=choose.get("until"),
        where=gather_where(choose),
        origin="memory_generations",
    )
    groups = {measure: _fit(rows[rows["measure"] == measure], per, level) for measure in MEASURES}
    drawn = {measure: each for measure, each in groups.items() if each}
    if not drawn:
        raise TooFewObservations("no memory is left to draw; choose fewer conditions", 0)
    every = [group for each in drawn.values() for group in each]
    return theme.finish(
        [_draw(measure, each, level, size) for measure, each in drawn.items()],
        title="; ".join(filter(None, (_say(*pair, per, level) for pair in drawn.items()))),
        subtitle="DRAM by generation, at the date of its standard or first product: transfers per second of "
        f"a pin, bandwidth of a stack, chip or module, with the {explain_rates(per, level)}",
        caption="Where a pin grows slower than a stack, the rest is width. "
        f"{describe_groups(every, defaults.DATASET, level)}",
        size=size,
        bare=bare,
    )


def _fit(rows: pd.DataFrame, per: float, level: float) -> list[Group]:
    found = [
        (place, rows[rows["family"] == family], name) for place, (family, name) in enumerate(FAMILIES.items())
    ]
    return [
        fit_group(part.reset_index(drop=True), name, place, per, level, frozenset())
        for place, part, name in found
        if len(part)
    ]


def _say(measure: str, groups: list[Group], per: float, level: float) -> str:
    grown = [(group.legend, group.trend) for group in groups if group.trend is not None]
    return f"{MEASURES[measure][0]}: {say_growth(grown, per, level, flat=False)}" if grown else ""


def _draw(measure: str, groups: list[Group], level: float, size: str) -> alt.LayerChart:
    title, unit = MEASURES[measure]
    canvas = Canvas.around(
        groups,
        y_title=f"{title} (log scale)",
        unit=unit,
        size=size,
        height_share=0.75,
        widest_tick="100 MT/s",
    )
    return canvas.layer(layers.trends(canvas, level), layers.points(canvas), layers.labels(canvas))
