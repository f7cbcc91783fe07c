"""Bars of what a quantity is made of, each with the limit that it is set against and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded
from memwall_trends.figures.lettering import text_width

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

ROW, BAR = 2.1, 0.72
"""Height of a bar's row in font sizes, and the share of it that the bar takes."""
GAP = 5
"""Pixels from a bar to its text."""


def draw_stacked_bars(
    rows: pd.DataFrame,
    parts: Mapping[str, str],
    *,
    x_title: str,
    size: str,
    said: pd.DataFrame,
    extent: float = 0,
    title: str = "",
    legend: bool = True,
) -> alt.LayerChart:
    """Return bars below each other, each a stack of parts, with a text after it.

    Parameters
    ----------
    rows : DataFrame
        ``bar, part, value``; bars in the order of their first row.
    parts : mapping of str to str
        Colour of each part, from the left.
    x_title : str
        Of the value axis, with the unit.
    size : str
        One of `memwall_trends.figures.theme.SIZES`.
    said : DataFrame
        ``bar, limit, text``: the limit is marked where it is a number; the text stands after it and the bar.
    extent : float
        What the names of bars take at least, in pixels, so that panels align.
    title : str
        Of the panel.
    legend : bool
        Whether the parts are named above the bars.
    """
    chosen = theme.find_size(size)
    stacked = _stack(rows, parts)
    order = list(dict.fromkeys(rows["bar"]))
    ends = said.assign(end=said["bar"].map(stacked.groupby("bar")["high"].max()))
    ends = ends.assign(end=ends[["end", "limit"]].max(axis=1))
    names = max(extent, *(text_width(bar, chosen.font_size) + 10 for bar in order))
    width = round(chosen.width + chosen.left - names)
    room = 1 - (max(text_width(text, chosen.label_size) for text in ends["text"]) + 2 * GAP) / width
    x_axis: dict[str, Any] = {
        "title": x_title,
        "scale": alt.Scale(domain=[0, rounded([ends["end"].max() / room])[0]], nice=False),
        "axis": alt.Axis(tickCount=4 if chosen.narrow else 6, grid=True),
    }
    y = alt.Y(
        "bar:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelLimit=0, domain=False, ticks=False, labelPadding=6, minExtent=round(names)),
        scale=alt.Scale(paddingInner=1 - BAR, paddingOuter=(1 - BAR) / 2),
    )
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=list(parts), range=list(parts.values())),
        legend=alt.Legend(title=None, orient="top", columns=2 if chosen.narrow else len(parts))
        if legend
        else None,
    )
    row = round(ROW * chosen.font_size)
    limits = ends.dropna(subset="limit")[["bar", "limit"]]
    marked = alt.Chart(limits).mark_tick(thickness=3, size=row - 4, opacity=1, color=theme.INK)
    texts = alt.Chart(ends[["bar", "end", "text"]]).mark_text(
        align="left", baseline="middle", dx=GAP, color=theme.INK, fontSize=chosen.label_size
    )
    return alt.LayerChart(
        layer=[
            alt.Chart(stacked).mark_bar().encode(x=alt.X("low:Q", **x_axis), x2="high:Q", y=y, color=colour),
            *([marked.encode(x=alt.X("limit:Q", **x_axis), y=y)] if len(limits) else []),
            texts.encode(x=alt.X("end:Q", **x_axis), y=y, text="text:N"),
        ],
        width=width,
        height=row * len(order),
        title=alt.TitleParams(title, fontSize=chosen.font_size, anchor="start", frame="group", offset=4),
    )


def _stack(rows: pd.DataFrame, parts: Mapping[str, str]) -> pd.DataFrame:
    """Return where each part of a bar begins and ends."""
    places = {"bar": list(dict.fromkeys(rows["bar"])), "part": list(parts)}
    stacked = rows[rows["part"].isin(places["part"])].sort_values(
        ["bar", "part"], key=lambda column: column.map(places[str(column.name)].index)
    )
    high = stacked.groupby("bar")["value"].cumsum()
    return stacked[["bar", "part"]].assign(low=rounded(high - stacked["value"]), high=rounded(high))
