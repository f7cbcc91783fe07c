"""What a figure draws, read from its scene: vl-convert lays it out with the fonts that it draws with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import vl_convert

from memwall_trends.figures import theme

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
