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

from memwall_trends.datasets.rates import select_frontier
from memwall_trends.figures import theme
from memwall_trends.figures.labels import place_labels

if TYPE_CHECKING:
    from memwall_trends.figures.canvas import Canvas

COVERED_WHERE_LABELLED, COVERED_WHERE_FREE = 99.0, 1.0
"""How many points a label may cover that the data asks for, and one that the figure adds."""
HOVER = ["name", "date", "value", "unit"]


def points(canvas: Canvas) -> list[alt.Chart]:
    """Return the points of the groups, but the user's."""
    rows = canvas.points[~canvas.points["user"]]
    return [
        alt.Chart(_plain(rows))
        .mark_point(filled=True, size=canvas.size.point, opacity=0.9)
        .encode(x=canvas.x, y=canvas.y("drawn"), color=canvas.colour, shape=canvas.shape, tooltip=HOVER)
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
        .encode(x=canvas.x, y=canvas.y("drawn"), color=canvas.colour, tooltip=HOVER)
    ]


def others(canvas: Canvas) -> list[alt.Chart]:
    """Return in grey the points that are shown and not fitted."""
    if canvas.others is None:
        return []
    return [
        alt.Chart(canvas.others)
        .mark_point(filled=True, size=canvas.size.point, color=theme.FAINT, opacity=0.7, shape="circle")
        .encode(x=canvas.x, y=canvas.y("drawn"), tooltip=HOVER)
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


def records(canvas: Canvas) -> list[alt.Chart]:
    """Return lines that join the records of those groups that are to be joined."""
    joined = [select_frontier(group.points)["name"] for group in canvas.groups if group.joined]
    if not joined:
        return []
    rows = canvas.points[canvas.points["name"].isin(pd.concat(joined))]
    return [
        alt.Chart(rows[["date", "drawn", "legend"]])
        .mark_line(strokeWidth=1.5)
        .encode(x=canvas.x, y=canvas.y("drawn"), color=canvas.colour)
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
    """Return the texts beside points and at the ends of lines, clear of each other and of what is drawn."""
    charts = []
    y = canvas.y("drawn")
    for (align, user, own), rows in _place(canvas).groupby(["align", "user", "colour"], sort=True):
        for plain, part in rows.groupby(rows["legend"] == ""):
            text: dict[str, Any] = {
                "fontSize": canvas.size.label_size,
                "baseline": "middle",
                "align": str(align),
            }
            if user:
                text["fontWeight"] = "bold"
            if plain:
                text["color"] = str(own) or theme.MUTED
            shown = alt.Chart(part.drop(columns=["align", "user", "colour"])).mark_text(**text)
            encoded = shown.encode(x=canvas.x, y=y, text="text:N")
            charts.append(encoded if plain else encoded.encode(color=canvas.colour))
    return charts


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=["user", "label", "free"])


def _place(canvas: Canvas) -> pd.DataFrame:
    """Return the labels with the date and the value at which each stands."""
    # The user's first, then line ends, then what the data or the figure wants labelled, the latest first.
    rows = canvas.points.sort_values(["user", "date"], ascending=False, kind="stable")
    ends = _find_ends(canvas).assign(user=False, free=False)
    wanted = pd.concat([rows[rows["user"]], ends, rows[~rows["user"]]])
    wanted = wanted[wanted["label"] != ""].fillna({"colour": ""})
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
            *wanted[["label", "legend", "user", "colour"]].iloc[label.index],
            label.align,
        )
        for label in placed
    ]
    return pd.DataFrame(texts, columns=["date", "drawn", "text", "legend", "user", "colour", "align"])


def _find_ends(canvas: Canvas) -> pd.DataFrame:
    """Return what stands at the ends of lines: ``date, drawn, label, legend, colour``."""
    frames = []
    if canvas.lines is not None:
        ends = canvas.lines.groupby("text", sort=False).tail(1)
        ends = ends.rename(columns={"value": "drawn", "text": "label"})
        frames.append(ends[["date", "drawn", "label"]].assign(legend="", colour=ends.get("colour", "")))
    for group in canvas.groups:
        if group.trend is not None and group.end_label:
            end = group.line().tail(1).rename(columns={"fit": "drawn"})
            frames.append(end[["date", "drawn", "legend"]].assign(label=group.end_label, colour=""))
    if not frames:
        return pd.DataFrame(columns=["date", "drawn", "label", "legend", "colour"])
    return pd.concat(frames, ignore_index=True)


def _find_obstacles(canvas: Canvas) -> np.ndarray:
    """Return the points and lines that labels keep clear of, in pixels."""
    drawn = [(canvas.points, "drawn"), *((group.line(), "fit") for group in canvas.groups if group.trend)]
    further = [(canvas.others, "drawn"), (canvas.lines, "value")]
    drawn += [(frame, column) for frame, column in further if frame is not None]
    return np.vstack([canvas.pixels(frame["date"], frame[column]) for frame, column in drawn])
