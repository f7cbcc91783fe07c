"""What a figure draws, read from its scene: vl-convert lays it out with the fonts that it draws with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import vl_convert

from memwall_trends.figures import theme

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import altair as alt

    Box = tuple[float, float, float, float]

LETTERS = 0.9
"""Height of letters with those that go below the line, in font sizes."""


@dataclass(frozen=True)
class Text:
    """A text of the data: what it says and is about, its colour and the box that it fills."""

    words: str
    about: str
    colour: str
    box: Box


@dataclass(frozen=True)
class Point:
    """A point: what it is, its colour, its middle and how far it reaches."""

    about: str
    colour: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Segment:
    """A part of a line, or a rule: what it is about, its colour and its ends."""

    about: str
    colour: str
    ends: Box


@dataclass(frozen=True)
class Panel:
    """What is drawn on one pair of axes, in pixels from the top left of the plot."""

    width: float
    height: float
    texts: list[Text] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    lines: list[Segment] = field(default_factory=list)
    leaders: list[Segment] = field(default_factory=list)
    legends: list[Box] = field(default_factory=list)


def read_panels(chart: alt.TopLevelMixin) -> list[Panel]:
    """Return the panels of a figure with the marks of their data, as they are drawn."""
    scene: Any = vl_convert.vegalite_to_scenegraph(chart.to_dict())
    found = [
        item
        for mark, item in _walk(scene["scenegraph"])
        if mark["marktype"] == "group" and any(part.get("role") == "axis" for part in item.get("items", []))
    ]
    return [_read_panel(item) for item in found]


def measure_texts(texts: Sequence[str], font_size: float, *, bold: bool = False) -> list[float]:
    """Return the widths of texts, as the renderer measures them."""
    look = {"font": theme.FONT, "fontSize": font_size, "fontWeight": "bold" if bold else "normal"}
    specification = {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "data": [{"name": "texts", "values": [{"text": text} for text in texts]}],
        "marks": [
            {
                "type": "text",
                "name": "written",
                "from": {"data": "texts"},
                "encode": {
                    "enter": {
                        "text": {"field": "text"},
                        **{key: {"value": value} for key, value in look.items()},
                    }
                },
            },
            {
                "type": "rect",
                "from": {"data": "written"},
                "encode": {"enter": {"x": {"field": "bounds.x1"}, "x2": {"field": "bounds.x2"}}},
            },
        ],
    }
    scene: Any = vl_convert.vega_to_scenegraph(json.dumps(specification))
    boxes = [item for mark, item in _walk(scene["scenegraph"]) if mark["marktype"] == "rect"]
    return [float(box["width"]) for box in boxes]


def _walk(mark: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for item in mark.get("items", []):
        yield mark, item
        if mark["marktype"] == "group":
            for inner in item.get("items", []):
                yield from _walk(inner)


def _read_panel(plot: dict[str, Any]) -> Panel:
    panel = Panel(plot.get("width", 0), plot.get("height", 0))
    texts: list[dict[str, Any]] = []
    for part in plot["items"]:
        if part.get("role") == "legend":
            panel.legends.extend(_at(item, item["width"], item["height"]) for item in part["items"])
        for mark in _find_marks(part):
            kind, items = mark["marktype"], mark.get("items", [])
            if kind == "symbol":
                panel.points.extend(map(_read_point, items))
            elif kind == "line":
                ends = [(item["x"], item["y"]) for item in items]
                look = items[0] if items else {}
                panel.lines.extend(
                    Segment(look.get("description", ""), look["stroke"], (*begin, *end))
                    for begin, end in pairwise(ends)
                )
            elif kind == "rule":
                for item in items:
                    x, y = item.get("x", 0), item.get("y", 0)
                    about = item.get("description", "")
                    rule = Segment(about, item["stroke"], (x, y, item.get("x2", x), item.get("y2", y)))
                    (panel.leaders if about.startswith("label of ") else panel.lines).append(rule)
            elif kind == "text":
                # A halo is behind a text of its own.
                texts += [item for item in items if "stroke" not in item]
    panel.texts.extend(_read_texts(texts))
    return panel


def _find_marks(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the marks of the data in a part of a plot, not those of axes, legends and titles."""
    if part.get("role") == "mark":
        yield part
    elif part.get("role") == "scope":
        for item in part.get("items", []):
            for inner in item.get("items", []):
                yield from _find_marks(inner)


def _read_point(item: dict[str, Any]) -> Point:
    colour = item.get("fill") or item.get("stroke") or ""
    return Point(item.get("description", ""), colour, item["x"], item["y"], item["size"] ** 0.5 / 2)


def _read_texts(items: Sequence[dict[str, Any]]) -> Iterator[Text]:
    """Return texts with their boxes; those of a font and a size are measured together."""
    looks = sorted({(item["fontSize"], item.get("fontWeight") == "bold") for item in items})
    for size, bold in looks:
        alike = [
            item
            for item in items
            if (item["fontSize"], item.get("fontWeight") == "bold") == (size, bold) and item["text"]
        ]
        lines = [str(item["text"]).split(item.get("lineBreak") or "\n") for item in alike]
        longest = [max(each, key=len) for each in lines]
        widths = measure_texts(longest, size, bold=bold)
        for item, width, said in zip(alike, widths, lines, strict=True):
            share = {"left": 0.0, "center": 0.5, "right": 1.0}[item.get("align", "left")]
            left = item.get("x", 0) + item.get("dx", 0) - share * width
            middle = item.get("y", 0) + item.get("dy", 0)
            middle += {"middle": 0.0, "top": 0.5, "bottom": -0.5}.get(item.get("baseline", ""), -0.3) * size
            half = LETTERS * size / 2
            below = (len(said) - 1) * item.get("lineHeight", size)
            box = (left, middle - half, left + width, middle + half + below)
            yield Text(item["text"], item.get("description", ""), item.get("fill", ""), box)


def _at(item: dict[str, Any], width: float, height: float) -> Box:
    x, y = item.get("x", 0), item.get("y", 0)
    return x, y, x + width, y + height
