"""Interconnect bandwidth by family of links: of one lane, and of all links of a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.errors import TooFewObservations, unknown
from memwall_trends.figures import layers, theme
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import describe_points, explain_rates
from memwall_trends.figures.choices import find_user_rows
from memwall_trends.figures.findings import say_growth
from memwall_trends.figures.labels import label_known
from memwall_trends.figures.series import fit_group, refuse_precision
from memwall_trends.selection import gather_where, select

if TYPE_CHECKING:
    from typing import Unpack

    import altair as alt
    import pandas as pd

    from memwall_trends.selection import Choose

SCOPES = {"lane": "One lane", "device": "All links of a device"}
"""The panels of links, by scope."""
UNITS = {"lane": "GT/s", "device": "GB/s"}
FAMILIES = {
    "lane": {"PCIe": 0, "NVLink": 1, "InfiniBand": 2, "Ethernet": 5},
    "device": {"NVLink": 1, "Infinity Fabric": 3, "ICI": 4, "QPI": 2},
}
"""Those with a line, with the place of their colour: a family has the same in both panels."""
KNOWN_DEVICES = 3
"""Of a family of links, that are labelled."""


def link_families(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Interconnect bandwidth by family of links: of one lane, and of one device.

    Parameters
    ----------
    per, level, size, bare, **choose
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
    refuse_precision(choose)
    user_rows = find_user_rows("interconnect_bandwidth", choose)
    panels, found = [], []
    for scope in scopes:
        of_scope: Choose = {**choose, "where": where, "kind": None, "vendor": None, "scope": scope}
        rows = select("interconnect_bandwidth", **of_scope).observations
        groups = _group(rows, scope, per, level, user_rows)
        if not groups:
            continue
        grown = [(group.legend, group.trend) for group in groups if group.trend is not None]
        if grown:
            found.append(f"{SCOPES[scope]}: {say_growth(grown, per, level, flat=False)}")
        panels.append(_draw(rows, groups, scope, level, size))
    if not panels:
        raise TooFewObservations("no links are left to draw; choose fewer conditions", 0)
    return theme.finish(
        panels,
        title="; ".join(found) or "Interconnect bandwidth by family of links",
        subtitle="Interconnect bandwidth in one direction by family of links, with the "
        f"{explain_rates(per, level)}",
        caption="Lines: least squares of log10(value) on the date, of families with five links or more. "
        f"Grey: other families. {describe_points(dataset, user_rows)}",
        size=size,
        bare=bare,
    )


def _group(
    rows: pd.DataFrame, scope: str, per: float, level: float, user_rows: frozenset[str]
) -> list[Group]:
    """Return the families that have a line, and the user's links of none of them."""
    families = [(name, place) for name, place in FAMILIES[scope].items() if (rows["family"] == name).any()]
    groups = [
        fit_group(_label(rows[rows["family"] == name], scope), name, place, per, level, user_rows)
        for name, place in families
    ]
    theirs = rows["name"].isin(user_rows) & ~rows["family"].isin(dict(families))
    if theirs.any():
        groups.append(Group("yours", rows[theirs], theme.INK, "diamond", user_rows=user_rows))
    return groups


def _label(rows: pd.DataFrame, scope: str) -> pd.DataFrame:
    """Return the rows of a family, of devices with the best known of them labelled."""
    rows = rows.reset_index(drop=True)
    return label_known(rows, KNOWN_DEVICES) if scope == "device" else rows


def _draw(rows: pd.DataFrame, groups: list[Group], scope: str, level: float, size: str) -> alt.LayerChart:
    drawn = {name for group in groups for name in group.points["name"]}
    canvas = Canvas.around(
        groups,
        y_title=f"{SCOPES[scope]} (log scale)",
        unit=UNITS[scope],
        size=size,
        height_share=0.75,
        others=rows[~rows["name"].isin(drawn)],
    )
    return canvas.layer(
        layers.others(canvas),
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
