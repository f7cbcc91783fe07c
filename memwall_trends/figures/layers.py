"""What is drawn on a canvas: a function for each layer; a figure puts them over each other.

>>> import pandas as pd
>>> from memwall_trends.figures import theme
>>> from memwall_trends.figures.canvas import Canvas, Group
>>> from memwall_trends.fitting.trends import fit_trend
>>> trend = fit_trend("dram_bandwidth", dataset="gholami2024")
>>> group = Group("DRAM", trend.observations, theme.BLUE, "circle", trend=trend)
>>> canvas = Canvas.around([group], y_title="GB/s", size="page")
>>> chart = canvas.layer(trends(canvas, level=0.95), points(canvas), labels(canvas))
>>> [layer.mark.type for layer in chart.layer][:3]
['area', 'line', 'point']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends.figures import theme
from memwall_trends.figures.ends import draw_ends
from memwall_trends.figures.labels import place_labels

if TYPE_CHECKING:
    from memwall_trends.figures.canvas import Canvas

COVERED_WHERE_LABELLED, COVERED_WHERE_FREE = 99.0, 1.0
"""How many points a label may cover that the data asks for, and one that the figure adds."""
HOVER = ["name", alt.Tooltip("date:T", format="%Y-%m-%d"), "value", "unit"]
SAID = alt.DescriptionValue(
    alt.ExprRef(
        "datum.name + ', ' + utcFormat(datum.date, '%Y-%m-%d') + ': ' + datum.value + ' ' + datum.unit"
    )
)
"""What a screen reader says of a point."""
HALO: dict[str, Any] = {"stroke": "white", "strokeWidth": 3, "opacity": 0.8, "aria": False}
"""Behind a text, so that it is read over points."""
LIGHT = 0.55
"""Opacity of points, so that a line shows through many of them."""


def points(canvas: Canvas) -> list[alt.Chart]:
    """Return the points of the groups, but the user's."""
    rows = canvas.points[~canvas.points["user"]]
    return [
        alt.Chart(_plain(rows))
        .mark_point(filled=True, size=canvas.size.point, opacity=LIGHT)
        .encode(
            x=canvas.x,
            y=canvas.y("drawn"),
            color=canvas.colour,
            shape=canvas.shape,
            tooltip=HOVER,
            description=SAID,
        )
    ]


def user_points(canvas: Canvas) -> list[alt.Chart]:
    """Return the points of the user's files, large."""
    rows = canvas.points[canvas.points["user"]]
    if rows.empty:
        return []
    return [
        alt.Chart(_plain(rows))
        .mark_point(
            filled=True,
            size=4 * canvas.size.point,
            shape="diamond",
            opacity=1,
            stroke=theme.INK,
            strokeWidth=1.5,
        )
        .encode(x=canvas.x, y=canvas.y("drawn"), color=canvas.colour, tooltip=HOVER, description=SAID)
    ]


def others(canvas: Canvas) -> list[alt.Chart]:
    """Return in grey the points that are shown and not fitted."""
    if canvas.others is None:
        return []
    return [
        alt.Chart(canvas.others)
        .mark_point(filled=True, size=canvas.size.point, color=theme.FAINT, opacity=LIGHT, shape="circle")
        .encode(x=canvas.x, y=canvas.y("drawn"), tooltip=HOVER, description=SAID)
    ]


def trends(canvas: Canvas, level: float) -> list[alt.Chart]:
    """Return the fitted lines of the groups over their confidence bands of a level."""
    fitted = [group.line(level) for group in canvas.groups if group.trend is not None]
    if not fitted:
        return []
    chart = alt.Chart(canvas.clip(pd.concat(fitted, ignore_index=True)))
    return [
        chart.mark_area(opacity=0.15).encode(x=canvas.x, y=canvas.y("low"), y2="high:Q", color=canvas.colour),
        chart.mark_line(strokeWidth=2).encode(x=canvas.x, y=canvas.y("fit"), color=canvas.colour),
    ]


def fan(canvas: Canvas) -> list[alt.Chart]:
    """Return the further bands, in the colour of the first group; nested ones darken each other."""
    if canvas.bands is None:
        return []
    return [
        alt.Chart(canvas.clip(band))
        .mark_area(opacity=0.13, color=canvas.groups[0].colour)
        .encode(x=canvas.x, y=canvas.y("low"), y2="high:Q")
        for _, band in canvas.bands.groupby("band", sort=False)
    ]


def lines(canvas: Canvas) -> list[alt.Chart]:
    """Return the further lines: dashed, but solid where they have a colour of their own."""
    if canvas.lines is None:
        return []
    charts = []
    for _, line in canvas.lines.groupby("text", sort=False):
        own = str(line["colour"].iloc[0]) if "colour" in line else ""
        look: dict[str, Any] = {"color": own} if own else {"color": theme.MUTED, "strokeDash": [6, 4]}
        charts.append(
            alt.Chart(line[["date", "value"]])
            .mark_line(strokeWidth=1.5, **look)
            .encode(x=canvas.x, y=canvas.y("value"))
        )
    return charts


def labels(canvas: Canvas) -> list[alt.Chart]:
    """Return the texts beside points, clear of each other and of what is drawn, and those where lines end."""
    charts = draw_ends(canvas)
    for (align, user), rows in _place(canvas).groupby(["align", "user"], sort=True):
        text: dict[str, Any] = {"fontSize": canvas.size.label_size, "baseline": "middle", "align": str(align)}
        if user:
            text["fontWeight"] = "bold"
        base = alt.Chart(rows.drop(columns=["align", "user"])).encode(
            x=canvas.x, y=canvas.y("drawn"), text="text:N"
        )
        charts += [
            base.mark_text(**text, **HALO),
            base.mark_text(**text).encode(color=canvas.colour),
        ]
    return charts


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=["user", "label", "free"])


def _place(canvas: Canvas) -> pd.DataFrame:
    """Return the labels with the date and the value at which each stands."""
    # The user's first, then what the data or the figure wants labelled, the latest first.
    wanted = canvas.points.sort_values(["user", "date"], ascending=False, kind="stable")
    wanted = wanted[wanted["label"] != ""]
    size = canvas.size
    legend_width = max((len(text) for text in canvas.points["legend"]), default=0) * 0.55 * size.font_size
    legend_box = (0.0, 0.0, legend_width + 30, 1.6 * size.font_size * canvas.legend_lines)
    placed = place_labels(
        wanted["label"].tolist(),
        canvas.pixels(wanted["date"], wanted["drawn"]),
        obstacles=_find_obstacles(canvas),
        width=size.width,
        height=canvas.height,
        font_size=size.label_size,
        most_covered=[COVERED_WHERE_FREE if free else COVERED_WHERE_LABELLED for free in wanted["free"]],
        reserved=[legend_box] if canvas.legend_lines else [],
    )
    texts = [
        (
            *canvas.back(label.x, label.y),
            *wanted[["label", "legend", "user"]].iloc[label.index],
            label.align,
        )
        for label in placed
    ]
    return pd.DataFrame(texts, columns=["date", "drawn", "text", "legend", "user", "align"])


def _find_obstacles(canvas: Canvas) -> np.ndarray:
    """Return the points and lines that labels keep clear of, in pixels."""
    drawn = [(canvas.points, "drawn"), *((group.line(), "fit") for group in canvas.groups if group.trend)]
    further = [(canvas.others, "drawn"), (canvas.lines, "value")]
    drawn += [(frame, column) for frame, column in further if frame is not None]
    return np.vstack([canvas.pixels(frame["date"], frame[column]) for frame, column in drawn])
