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
from memwall_trends.figures.labels import draw_labels
from memwall_trends.figures.lettering import text_width
from memwall_trends.figures.placement import Scene, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memwall_trends.figures.canvas import Canvas

HOVER = ["name", "date", "value", "unit"]
USER_AREA = 4
"""Of a point of the user's, in areas of another."""
USERS, LINES, ASKED_FOR, ADDED = 1000.0, 300.0, 100.0, 14.0
"""What labels are worth: those of the user's points, of lines, of the data, and those that a figure adds."""
BACK_ON_LINE = 0.6
"""The share of a line, from its end, in which its text may stand."""
PLACES_ON_LINE = 12


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
            size=USER_AREA * canvas.size.point,
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
    rows = find_records(canvas)
    if rows.empty:
        return []
    return [
        alt.Chart(rows[["date", "drawn", "legend"]])
        .mark_line(strokeWidth=1.5)
        .encode(x=canvas.x, y=canvas.y("drawn"), color=canvas.colour)
    ]


def find_records(canvas: Canvas) -> pd.DataFrame:
    """Return the points that lines join: the records of those groups that are to be joined."""
    joined = [select_frontier(group.points)["name"] for group in canvas.groups if group.joined]
    return canvas.points[canvas.points["name"].isin(pd.concat(joined) if joined else [])]


def lines(canvas: Canvas) -> list[alt.Chart]:
    """Return the further lines: dashed, but solid where they have a colour of their own."""
    charts = []
    for _, line in _split_lines(canvas):
        own = str(line["colour"].iloc[0]) if "colour" in line else ""
        look: dict[str, Any] = {"color": own} if own else {"color": theme.MUTED, "strokeDash": [6, 4]}
        charts.append(
            alt.Chart(line[["date", "value"]])
            .mark_line(strokeWidth=1.5, **look)
            .encode(x=canvas.x, y=canvas.y("value"))
        )
    return charts


def labels(canvas: Canvas) -> list[alt.Chart]:
    """Return the texts beside points and lines, clear of each other and of what is drawn.

    One that stands further away is joined to what it names by a thin line.
    """
    rows = canvas.points.sort_values("date", ascending=False, kind="stable")
    return draw_labels(
        [*_want_lines(canvas), *_want_points(canvas, rows[rows["label"] != ""])],
        _find_scene(canvas),
        canvas.size.label_size,
        x=canvas.x,
        y=canvas.y("drawn"),
        back=canvas.back,
    )


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=["user", "label", "free"])


def point_radius(area: Any) -> Any:
    """Return how far a point of some area reaches, of the shape that reaches furthest.

    Examples
    --------
    >>> round(float(point_radius(45)), 2)
    4.36
    """
    return 1.3 * np.sqrt(area) / 2


def _want_points(canvas: Canvas, rows: pd.DataFrame) -> Iterator[Wanted]:
    """Return the labels of points."""
    colours = {group.legend: group.colour for group in canvas.groups}
    at = canvas.pixels(rows["date"], rows["drawn"])
    for row, (x, y) in zip(rows.to_dict(orient="records"), at, strict=True):
        yield Wanted(
            str(row["label"]),
            [(float(x), float(y))],
            float(point_radius((USER_AREA if row["user"] else 1) * canvas.size.point)),
            series=str(row["legend"]),
            bold=bool(row["user"]),
            colour=colours[row["legend"]],
            about=f"label of {row['name']}",
            worth=USERS if row["user"] else ADDED if row["free"] else ASKED_FOR,
        )


def _want_lines(canvas: Canvas) -> Iterator[Wanted]:
    """Return the texts of lines, each wherever it finds room, but best at the end of its line."""
    named = [
        (group.end_label, group.legend, canvas.pixels(line["date"], line["fit"]), group.colour)
        for group in canvas.groups
        if group.trend is not None and group.end_label
        for line in [group.line()]
    ]
    for text, line in _split_lines(canvas):
        own = str(line["colour"].iloc[0]) if "colour" in line else ""
        if text:
            named.append((text, text, canvas.pixels(line["date"], line["value"]), own or theme.MUTED))
    for text, series, corners, colour in named:
        at, about = _back_from_end(corners), f"label of the line {text}"
        yield Wanted(text, at, 1.0, series, of_line=True, colour=colour, about=about, worth=LINES)


def _split_lines(canvas: Canvas) -> list[tuple[str, pd.DataFrame]]:
    """Return the further lines, each with its text."""
    if canvas.lines is None:
        return []
    return [(str(text), line) for text, line in canvas.lines.groupby("text", sort=False)]


def _back_from_end(corners: np.ndarray) -> list[tuple[float, float]]:
    """Return places on a line from its end back."""
    back = corners[::-1][: max(2, round(BACK_ON_LINE * len(corners)))]
    return [(float(x), float(y)) for x, y in back[:: max(1, len(back) // PLACES_ON_LINE)]]


def _find_scene(canvas: Canvas) -> Scene:
    """Return what labels keep clear of, in pixels."""
    area = np.where(canvas.points["user"], USER_AREA, 1) * canvas.size.point
    parts = [
        np.column_stack([canvas.pixels(canvas.points["date"], canvas.points["drawn"]), point_radius(area)])
    ]
    series = canvas.points["legend"].tolist()
    if canvas.others is not None:
        grey = canvas.pixels(canvas.others["date"], canvas.others["drawn"])
        parts.append(np.column_stack([grey, np.full(len(grey), point_radius(canvas.size.point))]))
        series += [""] * len(grey)
    lines = [
        (group.legend, canvas.pixels(line["date"], line["fit"]))
        for group in canvas.groups
        if group.trend is not None
        for line in [group.line()]
    ]
    for legend, rows in find_records(canvas).sort_values("date").groupby("legend", sort=False):
        lines.append((str(legend), canvas.pixels(rows["date"], rows["drawn"])))
    for text, line in _split_lines(canvas):
        lines.append((text or "line", canvas.pixels(line["date"], line["value"])))
    return Scene(
        canvas.size.width,
        canvas.height,
        np.vstack(parts),
        series,
        lines,
        [_legend_box(canvas)] if canvas.legend_lines else [],
    )


def _legend_box(canvas: Canvas) -> tuple[float, float, float, float]:
    """Return where the legend in the plot is: its offset from the corner, a symbol, the words."""
    size = canvas.size
    widest = max(text_width(text, size.font_size) for text in canvas.points["legend"])
    # Vega's offset of a legend, and what it keeps between symbol, words and lines.
    return 0.0, 0.0, 18 + 1.6 * size.font_size + widest, 18 + canvas.legend_lines * (size.font_size + 5.0)
