"""Bars of what a quantity is made of, with the limit that each is set against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

SHARE_OF_STEP = 0.8
"""Width of the mark of a limit, of the distance between two bars."""


def draw_stacked_bars(
    rows: pd.DataFrame,
    parts: Mapping[str, str],
    *,
    y_title: str,
    size: str,
    limits: pd.DataFrame,
    height_share: float = 1.0,
    legend: bool = True,
) -> alt.LayerChart:
    """Return bars that stand beside each other, each a stack of parts.

    Parameters
    ----------
    rows : DataFrame
        ``bar, part, value``; bars in the order of their first row.
    parts : mapping of str to str
        Colour of each part, from the bottom up.
    y_title : str
        Of the value axis, with the unit.
    size : str
        One of `memwall_trends.figures.theme.SIZES`.
    limits : DataFrame
        ``bar, value, text``, marked at that value with that text; none where it is empty.
    height_share : float
        Of the size's height.
    legend : bool
        Whether the parts are named above the bars.
    """
    chosen = theme.find_size(size)
    order = list(dict.fromkeys(rows["bar"]))
    places = {"bar": order, "part": list(parts)}
    stacked = rows[rows["part"].isin(places["part"])].sort_values(
        ["bar", "part"], key=lambda column: column.map(places[str(column.name)].index)
    )
    high = stacked.groupby("bar")["value"].cumsum()
    frame = stacked[["bar", "part"]].assign(low=rounded(high - stacked["value"]), high=rounded(high))
    step = chosen.width / len(order)
    longest = max(len(bar) for bar in order) * theme.CHARACTER_WIDTH * chosen.font_size
    angle = 0 if longest < step else -40 if size == "column" else -25
    x = alt.X("bar:N", sort=order, title=None, axis=alt.Axis(labelAngle=angle))
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=list(parts), range=list(parts.values())),
        legend=alt.Legend(title=None, orient="top", columns=len(parts)) if legend else None,
    )
    y = alt.Y("low:Q", title=y_title, axis=alt.Axis(tickCount=6))
    layers = [alt.Chart(frame).mark_bar().encode(x=x, y=y, y2="high:Q", color=colour)]
    if not limits.empty:
        limit = alt.Chart(limits.rename(columns={"value": "limit"}))
        at = alt.Y("limit:Q", title=y_title)
        layers += [
            limit.mark_tick(
                orient="horizontal",
                thickness=3,
                size=SHARE_OF_STEP * step,
                opacity=1,
                color=theme.INK,
            ).encode(x=x, y=at),
            limit.mark_text(dy=-9, color=theme.INK, fontSize=chosen.label_size).encode(
                x=x, y=at, text="text:N"
            ),
        ]
    return alt.LayerChart(layer=layers, width=chosen.width, height=round(height_share * chosen.height))
