"""One series by what its devices are: precisions, memory generations, families of links, records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.figures import layers, theme
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import (
    describe_groups,
    describe_points,
    end_label,
    explain_rates,
    series_title,
)
from memwall_trends.figures.choices import find_user_rows
from memwall_trends.figures.findings import describe_who, in_sentence, name_population, say_growth
from memwall_trends.figures.labels import label_known
from memwall_trends.fitting.growth import describe_period
from memwall_trends.fitting.shown import find_shown
from memwall_trends.fitting.trends import fit_trends
from memwall_trends.selection import select
from memwall_trends.units import format_number

if TYPE_CHECKING:
    from typing import Unpack

    import altair as alt
    import pandas as pd

    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose

PRECISIONS_SHOWN = {"fp64": "FP64", "fp32": "FP32", "fp16": "FP16/BF16", "fp8": "FP8", "fp4": "FP4"}
MEMORY_FAMILIES = {
    "GDDR": r"GDDR.*|SGRAM",
    "HBM": r"HBM.*|MCDRAM",
    "DDR": r"DDR.*|SDRAM",
    "LPDDR": r"LPDDR.*",
}
FEW_POINTS = 5


def peak_flops_by_precision(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Peak FLOPS by precision: each device at each of its number formats.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`, without ``precision``.

    Examples
    --------
    >>> type(peak_flops_by_precision(since=2012)).__name__
    'VConcatChart'
    """
    if choose.pop("precision", None):
        raise MemwallError("the figure peak-flops-by-precision shows all precisions: leave out --precision")
    dataset = choose.setdefault("dataset", defaults.DATASET)
    user_rows = find_user_rows("peak_flops", choose)
    groups = []
    for place, (precision, name) in enumerate(PRECISIONS_SHOWN.items()):
        shown: Choose = {**choose, "precision": precision}
        try:
            (trend,) = fit_trends(["peak_flops"], **shown)
        except TooFewObservations:
            continue
        groups.append(
            Group(
                legend=name,
                points=trend.observations,
                end_label=end_label(name, trend, per, level),
                colour=theme.COLOURS[place],
                shape=theme.SHAPES[place],
                trend=trend,
                user_rows=user_rows,
            )
        )
    _check(groups, "peak_flops")
    canvas = Canvas.around(groups, y_title="Peak FLOPS, dense (log scale)", unit="GFLOP/s", size=size)
    timeline = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    whom = name_population(groups[0].trend.where, "peak_flops") if groups[0].trend else ""
    return theme.finish(
        [timeline],
        title=_say_grown(groups, per, level),
        subtitle=f"Peak FLOPS of {whom} by number format, dense, with the {explain_rates(per, level)}",
        caption="Dense rates; a device counts once a precision, with its fastest engine. "
        f"{_count(groups)} {describe_groups(groups, dataset, level)}",
        size=size,
        bare=bare,
    )


def memory_generations(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """DRAM bandwidth by memory generation: graphics, stacked, main and mobile memory.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> type(memory_generations(since=2005)).__name__
    'VConcatChart'
    """
    refuse_precision(choose)
    dataset = choose.setdefault("dataset", defaults.DATASET)
    user_rows = find_user_rows("dram_bandwidth", choose)
    groups = []
    selected = select("dram_bandwidth", **choose)
    chosen, shown = selected.observations, find_shown(selected)
    for place, (family, pattern) in enumerate(MEMORY_FAMILIES.items()):
        rows = chosen[chosen["memory"].str.fullmatch(pattern)].reset_index(drop=True)
        if rows.empty:
            continue
        # The first device of each generation carries its name.
        first = ~rows.sort_values("date", kind="stable")["memory"].duplicated().sort_index()
        rows = rows.assign(label=rows["memory"].where(first, ""), label_is_free=True)
        group = fit_group(rows, family, place, per, level, user_rows)
        if shown is not None:
            group = replace(group, shown_rows=shown[shown["memory"].str.fullmatch(pattern)])
        groups.append(group)
    _check(groups, "dram_bandwidth")
    canvas = Canvas.around(groups, y_title="DRAM bandwidth of a device (log scale)", unit="GB/s", size=size)
    timeline = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title=f"DRAM bandwidth of devices: {_say_grown(groups, per, level)}",
        subtitle=f"DRAM bandwidth of {name_population(selected.where, 'dram_bandwidth')} by kind of memory, "
        f"with the {explain_rates(per, level)}",
        caption="Each generation is named at its first device; GDDR with SGRAM, HBM with MCDRAM, DDR "
        f"with SDRAM. {_count(groups)} {describe_groups(groups, dataset, level)}",
        size=size,
        bare=bare,
    )


def frontier(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Record-setting devices against all devices: peak FLOPS and DRAM bandwidth.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`, without ``frontier``.

    Examples
    --------
    >>> type(frontier(since=2010)).__name__
    'VConcatChart'
    """
    if choose.pop("frontier", False):
        raise MemwallError("the figure frontier shows records and all devices: leave out --frontier")
    dataset = choose.setdefault("dataset", defaults.DATASET)
    series = ("peak_flops", "dram_bandwidth")
    every = fit_trends(series, **choose)
    # What is shown and not fitted is shown once.
    only_records: Choose = {**choose, "frontier": True, "show": ()}
    lows = choose.get("record") == "low"
    records = fit_trends(series, **only_records)
    panels, found = [], []
    for all_devices, record in zip(every, records, strict=True):
        title = series_title(all_devices.series, dataset)
        user_rows = find_user_rows(all_devices.series, choose)
        groups = [
            Group(
                legend=legend,
                end_label=end_label(legend, trend, per, level),
                points=points,
                colour=colour,
                shape=shape,
                trend=trend,
                user_rows=user_rows,
            )
            for legend, trend, points, colour, shape in (
                ("All", all_devices, _others(all_devices, record), theme.CHARCOAL, "circle"),
                ("Records", record, _label(record, choose), theme.VERMILLION, "triangle-up"),
            )
        ]
        canvas = Canvas.around(
            groups,
            y_title=f"{title} (log scale)",
            unit=all_devices.unit,
            size=size,
            height_share=0.75,
            widest_tick="100 GFLOP/s",
        )
        panels.append(
            canvas.layer(
                layers.trends(canvas, level),
                layers.points(canvas),
                layers.user_points(canvas),
                layers.labels(canvas),
            )
        )
        factors = [f"{format_number(trend.growth_factor(per), 3)}x" for trend in (record, all_devices)]
        found.append((in_sentence(title), *factors))
    return theme.finish(
        panels,
        title=f"Records of {found[0][0]} grew {found[0][1]} per {describe_period(per)}, all devices "
        f"{found[0][2]}; of {found[1][0]} {found[1][1]} and {found[1][2]}",
        subtitle="Devices that set a record when they came out, and all, with their "
        f"{explain_rates(per, level)}. "
        f"{describe_who(every[0])}; {every[1].n_obs} with a DRAM bandwidth.",
        caption=f"A record {'falls below' if lows else 'exceeds'} all before it. "
        "The growth of records has a bootstrap interval, as "
        "records depend on "
        f"each other. Lines: least squares of log10(value) on the date. {describe_points(dataset)}",
        size=size,
        bare=bare,
    )


def _others(trend: Trend, record: Trend) -> pd.DataFrame:
    rows = trend.observations
    return rows[~rows["name"].isin(record.observations["name"])]


def _label(record: Trend, choose: Choose) -> pd.DataFrame:
    return label_known(record.observations.reset_index(drop=True), 6, choose.get("record") or "high")


def _say_grown(groups: list[Group], per: float, level: float) -> str:
    """Return how fast the groups with a trend grew."""
    grown = [(group.legend, group.trend) for group in groups if group.trend is not None]
    return say_growth(grown, per, level) if grown else "too few of each for a rate"


def _count(groups: list[Group]) -> str:
    return f"n = {', '.join(str(len(group.points)) for group in groups)}."


def fit_group(
    rows: pd.DataFrame, name: str, place: int, per: float, level: float, user_rows: frozenset[str]
) -> Group:
    """Return rows with their trend where there are enough of them, else the points alone."""
    from memwall_trends.fitting.trends import fit_trend

    try:
        trend = fit_trend(rows) if len(rows) >= FEW_POINTS else None
    except TooFewObservations:
        trend = None
    return Group(
        name,
        rows,
        theme.COLOURS[place],
        theme.SHAPES[place],
        trend,
        end_label=end_label(name, trend, per, level) if trend else "",
        user_rows=user_rows,
    )


def refuse_precision(choose: Choose) -> None:
    """Raise an error if a precision is chosen where there is none.

    Examples
    --------
    >>> refuse_precision({})
    """
    if choose.get("precision"):
        raise MemwallError("bandwidth has no precisions: leave out --precision")


def _check(groups: list[Group], series: str) -> None:
    if not groups:
        raise TooFewObservations(f"{series}: nothing is left to draw; choose fewer conditions", 0)
