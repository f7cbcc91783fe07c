"""The chart of the page: an Altair specification, compiled, whose data, scales and texts the page sets."""

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

GROUP_COLOURS: dict[str, tuple[str, ...]] = {
    "light": theme.COLOURS,
    "dark": ("#5db8f0", "#ff9a4d", "#e0e0e0", "#4fc796", "#ec9bcb", "#d9bd4a"),
}
"""Of the groups with most rows, in their order; a shape and a label at the line tell them apart as well."""

WIDTH, HEIGHT = 600, 340
SIGNALS: dict[str, Any] = {
    **{name: COLOURS["light"][name] for name in ("ink", "muted", "grid", "surface")},
    **{"dates": [0, 1], "values": [0, 1], "ticks": [0], "tickTexts": [""]},
    **{"heading": [""], "subheading": [""], "source": "", "indent": 0, "above": 0, "inside": False},
}
"""What the page sets."""
LABEL: dict[str, Any] = {
    "text": {"field": "text"},
    "baseline": {"value": "middle"},
    "fontSize": {"signal": "inside ? 11 : 13"},
    "fontWeight": {"value": "bold"},
    "strokeJoin": {"value": "round"},
}


def compile_chart(name: str, *, window: bool = False) -> dict[str, Any]:
    """Return the Vega specification of a chart of points, lines and their bands, labelled at their ends.

    The scales are linear: the page gives logarithms and the texts of the ticks, so that a reader can switch.

    Parameters
    ----------
    name : str
        Of its views; unique on the page.
    window : bool
        Whether the reader can drag a window of time; its signal is ``window_date``.

    Examples
    --------
    >>> sorted(data["name"] for data in compile_chart("trend")["data"] if "source" not in data)
    ['bands', 'current', 'curves', 'labels', 'points']
    """
    import vl_convert

    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(_draw(name, window).to_dict())
    # The page says how wide the margins are, as wide as the texts in them: so no text is cut.
    compiled["autosize"] = {"type": "none"}
    # The window is dragged below the points, so that these can still be pointed at.
    for mark in compiled["marks"]:
        if mark["name"].startswith("window_brush"):
            mark["aria"] = False  # the dates beside the chart say the same
    compiled["marks"].sort(key=lambda mark: not mark["name"].startswith("window_brush"))
    compiled["data"].append({"name": "labels"})
    compiled["marks"] += [*_label_lines(name), *_frame_texts(name)]
    return compiled


def _draw(name: str, window: bool) -> alt.LayerChart:
    import altair as alt

    x = alt.X(
        "date:T",
        title=None,
        scale=alt.Scale(type="utc", domain=alt.ExprRef("dates")),
        axis=alt.Axis(tickCount=alt.ExprRef("max(2, floor(width / 80))"), labelFlush=False),
    )
    y_scale = alt.Scale(domain=alt.ExprRef("values"), nice=False, zero=False)
    y_axis = alt.Axis(
        values=alt.ExprRef("ticks"),
        labelExpr="tickTexts[indexof(ticks, datum.value)]",
        title=None,
        ticks=False,
        labelAlign=alt.ExprRef("inside ? 'left' : 'right'"),
        labelPadding=alt.ExprRef("inside ? -2 : 4"),
        labelOffset=alt.ExprRef("inside ? -8 : 0"),
    )

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, axis=y_axis)

    colour = alt.Color("colour:N", scale=None, legend=None)
    band = (
        alt.Chart(alt.NamedData(name="bands"), name=f"{name}_band")
        .mark_area(opacity=0.17, clip=True, aria=False)
        .encode(x=x, y=y("low"), y2="high:Q", color=colour, detail="group:N")
    )
    line = (
        alt.Chart(alt.NamedData(name="curves"), name=f"{name}_line")
        .mark_line(clip=True, aria=False)
        .encode(
            x=x,
            y=y("fit"),
            color=colour,
            detail="group:N",
            strokeWidth=alt.StrokeWidth("width:Q", scale=None, legend=None),
            strokeDash=alt.when("datum.ahead").then(alt.value([5, 4])).otherwise(alt.value([1, 0])),
        )
    )
    marks = _draw_points(name, x, y("shown"), colour)
    if window:
        # Grey, half transparent: the selection's colours cannot follow the scheme.
        brush = alt.BrushConfig(fill="#888888", fillOpacity=0.16, stroke="#888888", strokeWidth=1.5)
        marks = marks.add_params(
            alt.selection_interval(name="window", encodings=["x"], mark=brush, zoom=False)
        )
    chart: alt.LayerChart = (
        alt.layer(band, marks, line, _draw_current(name, x, y("shown")))
        .add_params(*(alt.param(name=each, value=value) for each, value in SIGNALS.items()))
        .properties(width=WIDTH, height=HEIGHT, background=alt.ExprRef("surface"))
        .configure(font=theme.FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=alt.ExprRef("muted"),
            gridColor=alt.ExprRef("grid"),
            domainColor=alt.ExprRef("muted"),
            tickColor=alt.ExprRef("muted"),
            labelFontSize=12,
        )
        .configure_axisX(grid=False)
        .configure_axisY(domain=False, gridDash=[3, 3])
    )
    return chart


def _draw_points(name: str, x: alt.X, y: alt.Y, colour: alt.Color) -> alt.Chart:
    import altair as alt

    marks: alt.Chart = (
        alt.Chart(alt.NamedData(name="points"), name=f"{name}_points")
        .mark_point(filled=True, clip=True, aria=False, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=alt.Tooltip("label:N"),
            shape=alt.Shape("shape:N", scale=None, legend=None),
            size=alt.when("datum.theirs")
            .then(alt.value(170))
            .otherwise(alt.value(alt.ExprRef("inside ? 26 : 44"))),
            opacity=alt.when("datum.counted").then(alt.value(0.8)).otherwise(alt.value(0.4)),
        )
    )
    return marks


def _draw_current(name: str, x: alt.X, y: alt.Y) -> alt.Chart:
    """Return the ring about the point that the reader is at."""
    import altair as alt

    ring: alt.Chart = (
        alt.Chart(alt.NamedData(name="current"), name=f"{name}_current")
        .mark_point(size=220, strokeWidth=2.5, filled=False, aria=False, color=alt.ExprRef("ink"))
        .encode(x=x, y=y)
    )
    return ring


def _label_lines(name: str) -> list[dict[str, Any]]:
    """Return the labels at the ends of the lines and at the ring, with a halo that keeps points off them."""
    at_line = {
        "x": {"scale": "x", "field": "date", "offset": 8},
        "y": {"field": "y"},
        "fill": {"field": "colour"},
    }
    at_ring = {
        "x": {"scale": "x", "field": "date", "offset": {"signal": "datum.left ? 20 : -10"}},
        "y": {"scale": "y", "field": "shown", "offset": -17},
        "align": {"signal": "datum.left ? 'right' : 'left'"},
        "fill": {"signal": "ink"},
    }
    halo = {"stroke": {"signal": "surface"}, "strokeWidth": {"value": 4}, "strokeOpacity": {"value": 0.85}}
    return [
        {
            "name": f"{name}_{data}_{'halo' if over else 'text'}",
            "type": "text",
            "aria": False,
            "interactive": False,
            "from": {"data": data},
            "encode": {"update": {**LABEL, **place, **over}},
        }
        for data, place in (("labels", at_line), ("current", at_ring))
        for over in (halo, {})
    ]


def _frame_texts(name: str) -> list[dict[str, Any]]:
    """Return title, subtitle and source of a picture that stands alone."""

    def text(signal: str, y: str, size: int, colour: str, weight: str = "normal") -> dict[str, Any]:
        drawn = {
            "x": {"signal": "indent"},
            "y": {"signal": y},
            "text": {"signal": signal},
            "fill": {"signal": colour},
            "fontSize": {"value": size},
            "fontWeight": {"value": weight},
            "lineHeight": {"value": 22 if weight == "bold" else 17},
        }
        return {
            "name": f"{name}_{signal}",
            "type": "text",
            "aria": False,
            "interactive": False,
            "encode": {"update": drawn},
        }

    return [
        text("heading", "above + 24", 18, "ink", "bold"),
        text("subheading", "above + 22 + 22 * heading.length", 13, "muted"),
        text("source", "height + 48", 12, "muted"),
    ]
