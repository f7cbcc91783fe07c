"""One series by what its devices are: precisions, memory generations, families of links, records."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.figures import layers, theme
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import describe_groups, describe_points, legend_label, series_title
from memwall_trends.figures.choices import find_user_rows
from memwall_trends.figures.labels import label_known
from memwall_trends.fitting.growth import describe_period
from memwall_trends.fitting.shown import find_shown
from memwall_trends.fitting.trends import fit_trends
from memwall_trends.selection import gather_where, select

if TYPE_CHECKING:
    from typing import Unpack

    import altair as alt
    import pandas as pd

    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose

PRECISIONS_SHOWN = {"fp64": "FP64", "fp32": "FP32", "fp16": "FP16, BF16", "fp8": "FP8", "fp4": "FP4"}
MEMORY_FAMILIES = {
    "GDDR": r"GDDR.*|SGRAM",
    "HBM": r"HBM.*|MCDRAM",
    "DDR": r"DDR.*|SDRAM",
    "LPDDR": r"LPDDR.*",
}
SCOPES = {"lane": "One lane (GT/s, log scale)", "device": "All links of a device (GB/s, log scale)"}
"""The panels of links, by scope, and the titles of their axes."""
FAMILIES = {
    "lane": ("PCIe", "NVLink", "InfiniBand", "Infinity Fabric", "HyperTransport", "Ethernet"),
    "device": ("ICI", "NVLink", "QPI", "Infinity Fabric", "HyperTransport", "Ethernet"),
}
"""In the order of the colours, so that a family has the same in both panels."""
FEW_POINTS = 5
KNOWN_DEVICES = 3
"""Of a family of links, that are labelled."""


def peak_flops_by_precision(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Peak FLOPS by precision: each device at each of its number formats.

    Parameters
    ----------
    per, level, size, **choose
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
                legend=legend_label(trend, name, per, level),
                points=trend.observations,
                end_label=name,
                colour=theme.COLOURS[place],
                shape=theme.SHAPES[place],
                trend=trend,
                user_rows=user_rows,
            )
        )
    _check(groups, "peak_flops")
    canvas = Canvas.around(groups, y_title="Peak, dense (GFLOP/s, log scale)", size=size)
    timeline = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title="Peak FLOPS by precision",
        caption="Dense rates; a device counts once a precision, with its fastest engine. "
        f"{describe_groups(groups, dataset, level)}",
        size=size,
    )


def memory_generations(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """DRAM bandwidth by memory generation: graphics, stacked, main and mobile memory.

    Parameters
    ----------
    per, level, size, **choose
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> type(memory_generations(since=2005)).__name__
    'VConcatChart'
    """
    _refuse_precision(choose)
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
        group = _group(rows, family, place, per, level, user_rows)
        if shown is not None:
            group = replace(group, shown_rows=shown[shown["memory"].str.fullmatch(pattern)])
        groups.append(group)
    _check(groups, "dram_bandwidth")
    canvas = Canvas.around(groups, y_title="DRAM bandwidth of a device (GB/s, log scale)", size=size)
    timeline = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title="DRAM bandwidth by memory generation",
        caption="Each generation is named at its first device; GDDR with SGRAM, HBM with MCDRAM, DDR "
        "with SDRAM. "
        f"{describe_groups(groups, dataset, level)}",
        size=size,
    )


def link_families(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Interconnect bandwidth by family of links: of one lane, and of one device.

    Parameters
    ----------
    per, level, size, **choose
        As of `memwall_trends.figures.hw_scaling`. A ``scope`` leaves one panel.

    Examples
    --------
    >>> type(link_families()).__name__
    'VConcatChart'
    """
    dataset = choose.setdefault("dataset", defaults.DATASET)
    where = gather_where(choose)
    scopes = where.pop("scope", None) or list(SCOPES)
    for scope in scopes:
        if scope not in SCOPES:
            raise unknown("scope", scope, SCOPES)
    user_rows = find_user_rows("interconnect_bandwidth", choose)
    _refuse_precision(choose)
    panels, fitted = [], []
    for scope in scopes:
        of_scope: Choose = {**choose, "where": where, "kind": None, "vendor": None, "scope": scope}
        try:
            (trend,) = fit_trends(["interconnect_bandwidth"], **of_scope)
        except TooFewObservations:
            if len(scopes) == 1:
                raise
            continue
        fitted.append(f"all links of the {scope} panel {_short(trend, per)}")
        panels.append(_draw_links(trend.observations, scope, user_rows, size))
    if not panels:
        raise TooFewObservations("no links are left to draw; choose fewer conditions", 0)
    return theme.finish(
        panels,
        title="Interconnect bandwidth by family of links",
        caption=f"One direction. Growth factors of {'; '.join(fitted)}. Grey: other families. "
        f"{describe_points(dataset, user_rows)}",
        size=size,
    )


def frontier(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Record-setting devices against all devices: peak FLOPS and DRAM bandwidth.

    Parameters
    ----------
    per, level, size, **choose
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
    panels = []
    for all_devices, record in zip(every, records, strict=True):
        user_rows = find_user_rows(all_devices.series, choose)
        groups = [
            Group(
                legend=legend_label(all_devices, "All", per, level),
                points=all_devices.observations[
                    ~all_devices.observations["name"].isin(record.observations["name"])
                ],
                colour=theme.CHARCOAL,
                shape="circle",
                trend=all_devices,
                user_rows=user_rows,
            ),
            Group(
                legend=legend_label(record, "Records", per, level),
                points=label_known(
                    record.observations.reset_index(drop=True), 6, choose.get("record") or "high"
                ),
                colour=theme.VERMILLION,
                shape="triangle-up",
                trend=record,
                user_rows=user_rows,
            ),
        ]
        title = series_title(all_devices.series, dataset)
        canvas = Canvas.around(
            groups, y_title=f"{title} ({all_devices.unit}, log scale)", size=size, height_share=0.75
        )
        panels.append(
            canvas.layer(
                layers.trends(canvas, level),
                layers.points(canvas),
                layers.user_points(canvas),
                layers.labels(canvas),
            )
        )
    return theme.finish(
        panels,
        title="Record-setting devices against all devices",
        caption=f"A record {'falls below' if lows else 'exceeds'} all before it. "
        "The growth of records has a bootstrap interval, as "
        "records depend on "
        f"each other. Lines: least squares of log10(value) on the date. {describe_points(dataset)}",
        size=size,
    )


def _group(
    rows: pd.DataFrame, name: str, place: int, per: float, level: float, user_rows: frozenset[str]
) -> Group:
    """Return rows with their trend where there are enough of them, else the points alone."""
    from memwall_trends.fitting.trends import fit_trend

    try:
        trend = fit_trend(rows) if len(rows) >= FEW_POINTS else None
    except TooFewObservations:
        trend = None
    legend = legend_label(trend, name, per, level) if trend else name
    return Group(legend, rows, theme.COLOURS[place], theme.SHAPES[place], trend, user_rows=user_rows)


def _draw_links(rows: pd.DataFrame, scope: str, user_rows: frozenset[str], size: str) -> alt.LayerChart:
    """Return the links of a scope by family; those of no named family in grey, or as the user's."""
    groups = [
        Group(
            legend=family,
            points=_label_family(rows[rows["family"] == family].reset_index(drop=True), scope),
            colour=theme.COLOURS[place],
            shape=theme.SHAPES[place],
            joined=scope == "lane",
            user_rows=user_rows,
        )
        for place, family in enumerate(FAMILIES[scope])
        if (rows["family"] == family).any()
    ]
    unnamed = rows[~rows["family"].isin({group.legend for group in groups})]
    theirs = unnamed["name"].isin(user_rows)
    if theirs.any():
        groups.append(Group("yours", unnamed[theirs], theme.INK, "diamond", user_rows=user_rows))
    _check(groups, "interconnect_bandwidth")
    canvas = Canvas.around(
        groups, y_title=SCOPES[scope], size=size, height_share=0.75, others=unnamed[~theirs], legend="top"
    )
    return canvas.layer(
        layers.records(canvas),
        layers.others(canvas),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )


def _label_family(rows: pd.DataFrame, scope: str) -> pd.DataFrame:
    """Return rows with the ends of a family of lanes labelled, or its best known devices."""
    return label_known(rows, KNOWN_DEVICES) if scope == "device" else _label_last(rows)


def _label_last(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the first and the last labelled."""
    ordered = rows.sort_values("date", kind="stable").reset_index(drop=True)
    ends = {0, len(ordered) - 1}
    names = [
        re.sub(r"^(NVIDIA|AMD|Intel) ", "", str(name)) if place in ends else ""
        for place, name in enumerate(ordered["name"])
    ]
    return ordered.assign(label=names, label_is_free=True)


def _refuse_precision(choose: Choose) -> None:
    if choose.get("precision"):
        raise MemwallError("bandwidth has no precisions: leave out --precision")


def _short(trend: Trend, per: float) -> str:
    return f"{trend.growth_factor(per):.3g}x / {describe_period(per)} (n = {trend.n_obs})"


def _check(groups: list[Group], series: str) -> None:
    if not groups:
        raise TooFewObservations(f"{series}: nothing is left to draw; choose fewer conditions", 0)
