"""Machine balance by number format: for each byte that is moved, and for each operand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.figures import layers, theme
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import describe_lines, describe_points, end_label, explain_rates
from memwall_trends.figures.choices import find_user_devices
from memwall_trends.figures.findings import say_growth
from memwall_trends.figures.series import PRECISIONS_SHOWN

if TYPE_CHECKING:
    from typing import Unpack

    import altair as alt

    from memwall_trends.selection import Choose

PANELS = {"byte": False, "operand": True}
"""What a ratio is for each of, and whether that is by operand."""


def balance_by_format(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Machine balance by number format: FLOP for each byte moved, and for each operand.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`, without ``precision`` and ``frontier``; of whom it is:
        `memwall_trends.questions.gap.fit_gap`.

    Examples
    --------
    >>> type(balance_by_format(since=2016)).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.gap import describe_population

    for name, chosen in (("precision", choose.get("precision")), ("frontier", choose.get("frontier"))):
        if chosen:
            raise MemwallError(
                f"the figure balance-by-format shows all formats of all devices: leave out --{name}"
            )
    dataset = choose.setdefault("dataset", defaults.DATASET)
    user_rows = find_user_devices(choose)
    groups = {each: _fit(each, per, level, user_rows, choose) for each in PANELS}
    if not all(groups.values()):
        raise TooFewObservations("no format has enough devices that report both; choose fewer conditions", 0)
    grown = [(group.legend, group.trend) for group in groups["byte"] if group.trend is not None]
    whom = describe_population(["peak_flops", "dram_bandwidth"], choose)
    return theme.finish(
        [_draw(each, found, level, size) for each, found in groups.items()],
        title=f"FLOP per byte by format: {say_growth(grown, per, level)}",
        subtitle="Peak FLOPS over DRAM bandwidth of a device by number format, for each byte and for each "
        f"operand, with the {explain_rates(per, level)}. {whom[:1].upper()}{whom[1:] or 'Devices'}.",
        caption="An operand has the bytes of its format, so that a narrower one widens no gap. "
        f"n = {', '.join(str(len(group.points)) for group in groups['byte'])}. {describe_lines([], level)} "
        f"{describe_points(dataset, user_rows)}",
        size=size,
        bare=bare,
    )


def _fit(each: str, per: float, level: float, user_rows: frozenset[str], choose: Choose) -> list[Group]:
    """Return the devices of each format with their trend, those formats that have one."""
    from memwall_trends.questions.gap import fit_gap

    groups = []
    for place, (precision, name) in enumerate(PRECISIONS_SHOWN.items()):
        asked: Choose = {**choose, "precision": precision}
        try:
            fitted = fit_gap("peak_flops", "dram_bandwidth", way="device", per_operand=PANELS[each], **asked)
        except MemwallError:
            continue
        if fitted.balance is None:
            continue
        group = Group(name, fitted.balance.observations, theme.COLOURS[place], theme.SHAPES[place])
        label = end_label(name, fitted.balance, per, level)
        groups.append(replace(group, trend=fitted.balance, end_label=label, user_rows=user_rows))
    return groups


def _draw(each: str, groups: list[Group], level: float, size: str) -> alt.LayerChart:
    canvas = Canvas.around(groups, y_title=f"FLOP per {each} (log scale)", size=size, height_share=0.75)
    return canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
