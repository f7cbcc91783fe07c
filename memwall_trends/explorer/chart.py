"""The chart of the page: an Altair specification, compiled, whose data and colours the page sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.figures import theme

if TYPE_CHECKING:
    import altair as alt

COLOURS: dict[str, dict[str, str]] = {
    "light": {
        "ink": theme.INK,
        "muted": theme.MUTED,
        "grid": theme.GRID,
        "surface": "#ffffff",
        "counted": theme.BLUE,
        "theirs": theme.VERMILLION,
        "faint": theme.FAINT,
    },
    "dark": {
        "ink": "#eeeeee",
        "muted": "#b8b8b8",
        "grid": "#3a3f46",
        "surface": "#1b1e23",
        "counted": "#5db8f0",
        "theirs": "#ff9a4d",
        "faint": "#7d848e",
    },
}
"""What each part is drawn in, on light and on dark; text has a contrast of 4.5 or more on the surface."""

HEIGHT = 340
LABEL = (
    "datum.value >= 0.001 && datum.value < 100000 ? format(datum.value, ',~r') : "
    "replace(format(datum.value, '.0e'), 'e+', 'e')"
)


def compile_chart(name: str, *, window: bool = False) -> dict[str, Any]:
    """Return the Vega specification of a chart of points, a line and its confidence band.

    Parameters
    ----------
    name : str
        Of its views; unique on the page.
    window : bool
        Whether the reader can drag a window of time; its signal is ``window_date``.

    Examples
    --------
    >>> sorted(data["name"] for data in compile_chart("trend")["data"][:3])
    ['current', 'line', 'points']
    """
    import vl_convert

    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(_draw(name, window).to_dict())
    # Vega-Lite takes no expression for it, Vega does.
    compiled["title"]["subtitle"] = {"signal": "subheading"}
    # The window is dragged below the points, so that these can still be pointed at.
    for mark in compiled["marks"]:
        if mark["name"].startswith("window_brush"):
            mark["aria"] = False  # the dates beside the chart say the same
    compiled["marks"].sort(key=lambda mark: not mark["name"].startswith("window_brush"))
    return compiled


def _draw(name: str, window: bool) -> alt.LayerChart:
    import altair as alt

    x = alt.X(
        "date:T",
        title=None,
        scale=alt.Scale(type="utc", domain=alt.ExprRef("dates")),
        axis=alt.Axis(tickCount=alt.ExprRef("max(2, floor(width / 80))"), labelFlush=False),
    )
    y_scale = alt.Scale(type="log", domain=alt.ExprRef("values"), nice=False)
    y_axis = alt.Axis(values=alt.ExprRef("ticks"), labelExpr=LABEL, title=None)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, axis=y_axis)

    points, line = alt.NamedData(name="points"), alt.NamedData(name="line")
    band = (
        alt.Chart(line, name=f"{name}_band")
        .mark_area(opacity=0.2, clip=True, color=alt.ExprRef("counted"), aria=False)
        .encode(x=x, y=y("low"), y2="high:Q")
    )
    trend = (
        alt.Chart(line, name=f"{name}_line")
        .mark_line(strokeWidth=2.5, clip=True, color=alt.ExprRef("ink"), aria=False)
        .encode(x=x, y=y("fit"))
    )
    marks = _draw_points(points, f"{name}_points", x, y("shown"))
    current = (
        alt.Chart(alt.NamedData(name="current"), name=f"{name}_current")
        .mark_point(size=260, strokeWidth=2.5, filled=False, aria=False, color=alt.ExprRef("ink"))
        .encode(x=x, y=y("shown"))
    )
    if window:
        # Grey, half transparent: the selection's colours cannot follow the scheme.
        brush = alt.BrushConfig(fill="#888888", fillOpacity=0.16, stroke="#888888", strokeWidth=1.5)
        marks = marks.add_params(
            alt.selection_interval(name="window", encodings=["x"], mark=brush, zoom=False)
        )
    signals = [
        alt.param(name=colour, value=value)
        for colour, value in {**COLOURS["light"], "dates": [0, 1], "values": [1, 10], "ticks": [1]}.items()
    ]
    signals += [alt.param(name="heading", value=""), alt.param(name="subheading", value=[""])]
    chart: alt.LayerChart = (
        alt.layer(band, marks, trend, current)
        .add_params(*signals)
        .properties(
            width="container",
            height=HEIGHT,
            background=alt.ExprRef("surface"),
            title=alt.TitleParams(
                alt.ExprRef("heading"),
                subtitle="",
                anchor="start",
                frame="bounds",
                fontSize=alt.ExprRef("heading ? 14 : 0"),
                subtitleFontSize=alt.ExprRef("heading ? 13 : 0"),
                color=alt.ExprRef("ink"),
                subtitleColor=alt.ExprRef("muted"),
                subtitlePadding=alt.ExprRef("heading ? 5 : 0"),
                offset=alt.ExprRef("heading ? 12 : 0"),
            ),
        )
        .configure(font=theme.FONT, padding=8)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=alt.ExprRef("muted"),
            gridColor=alt.ExprRef("grid"),
            domainColor=alt.ExprRef("muted"),
            tickColor=alt.ExprRef("muted"),
            labelFontSize=12,
        )
        .configure_axisX(grid=False)
    )
    return chart


def _draw_points(points: alt.NamedData, name: str, x: alt.X, y: alt.Y) -> alt.Chart:
    import altair as alt

    marks: alt.Chart = (
        alt.Chart(points, name=name)
        .mark_point(filled=True, clip=True, aria=False, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            tooltip=alt.Tooltip("label:N"),
            shape=alt.when("datum.theirs").then(alt.value("diamond")).otherwise(alt.value("circle")),
            size=alt.when("datum.theirs").then(alt.value(170)).otherwise(alt.value(44)),
            opacity=alt.when("datum.counted").then(alt.value(0.85)).otherwise(alt.value(0.45)),
            color=alt.when("!datum.counted")
            .then(alt.value(alt.ExprRef("faint")))
            .when("datum.theirs")
            .then(alt.value(alt.ExprRef("theirs")))
            .otherwise(alt.value(alt.ExprRef("counted"))),
        )
    )
    return marks
