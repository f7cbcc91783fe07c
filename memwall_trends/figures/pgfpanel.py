"""A panel of a figure as pgfplots: its axes, its legend, and what each mark becomes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.figures.latex import escape
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Row = dict[str, Any]

POINTS_PER_PIXEL = 0.75
MARKS = {
    "circle": "*",
    "square": "square*",
    "triangle-up": "triangle*",
    "triangle-down": "triangle*, mark options={rotate=180}",
    "diamond": "diamond*",
    "cross": "x",
}
ANCHORS = {"left": "west", "right": "east", "center": "center"}
HALF_BAR = 0.4
LINE_PT, LETTER_PT = 12, 4.2
"""Height of a line and mean width of a letter at the size of tick labels."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes and what is drawn on them."""

    layers: list[dict[str, Any]]
    datasets: dict[str, list[Row]]
    x: _Axis
    y: _Axis
    width: float
    height: float
    title: str

    @classmethod
    def read(cls, panel: dict[str, Any], datasets: dict[str, list[Row]]) -> Panel:
        """Return the panel that a specification describes, with its data by name in `datasets`."""
        layers = [{"data": panel.get("data"), **layer} for layer in panel.get("layer", [panel])]
        x, y = (_read_axis(name, layers, datasets) for name in ("x", "y"))
        width, height = (panel.get(side, 300) * POINTS_PER_PIXEL for side in ("width", "height"))
        return cls(layers, datasets, x, y, width, height, read_title(panel.get("title")))

    def space_above(self) -> float:
        """Return about what legend and title above the axes take."""
        lines = 1 if self.title else 0
        for style, entries in self._legend():
            lines += 0 if "north west" in style else -(-len(entries) // int(style.rpartition("=")[2]))
        return LINE_PT * lines + 6

    def space_below(self) -> float:
        """Return about what tick labels and title below the axes take."""
        angle = abs((self.x.channel.get("axis") or {}).get("labelAngle", 0))
        longest = max((len(label) for label in self.x.order), default=0) if angle else 0
        labels = longest * LETTER_PT * math.sin(math.radians(angle))
        return max(labels, LINE_PT) + 10 + (LINE_PT if self.x.channel.get("title") else 0)

    def left(self) -> float:
        """Return about what tick labels and title to the left of the axis take."""
        longest = max((len(label) for label in self.y.order), default=6)
        return LETTER_PT * longest + 24

    def colours(self) -> Iterator[str]:
        """Return the colours that it draws with, as six hexadecimal digits."""
        for layer in self.layers:
            for group in self._groups(layer):
                yield group["colour"]

    def draw(self) -> Iterator[str]:
        """Return the lines of the plot."""
        options = [
            f"width={self.width:g}pt",
            f"height={self.height:g}pt",
            *self.x.options(),
            *self.y.options(),
        ]
        options += ["axis lines=left, axis line style={-}, tick align=outside"]
        if self.title:
            options.append(f"title={{{escape(self.title)}}}, title style={{font=\\bfseries\\footnotesize}}")
        legend = self._legend()
        options += [f"legend style={{{style}}}" for style, _ in legend[:1]]
        yield f"\\nextgroupplot[{', '.join(options)}]"
        for layer in self.layers:
            for group in self._groups(layer):
                yield from self._draw_group(layer, group)
        for _, entries in legend:
            for label, group in entries:
                yield rf"\addlegendimage{{only marks, mark={group['mark']}, color=c{group['colour']}}}"
                yield rf"\addlegendentry{{{escape(label)}}}"

    def _groups(self, layer: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Return the rows of a layer by colour, each with its look."""
        rows, looks = _rows(layer, self.datasets), self._looks(layer)
        field = layer.get("encoding", {}).get("color", {}).get("field")
        for value in dict.fromkeys(row.get(field) for row in rows) if field else [None]:
            yield {"rows": [row for row in rows if field is None or row.get(field) == value], **looks(value)}

    def _looks(self, layer: dict[str, Any]) -> Callable[[Any], dict[str, str]]:
        """Return what gives the colour and the mark of a value of a layer's colour channel."""
        mark, encoding = _mark(layer), layer.get("encoding", {})
        channel = encoding.get("color", {})
        usual_colour, usual_shape = mark.get("color", "#333333"), mark.get("shape", "circle")
        colours = _range(channel, usual_colour)
        shapes = _range(encoding.get("shape", {}), usual_shape)

        def look(value: Any) -> dict[str, str]:
            colour = channel.get("value") or colours.get(value) or usual_colour
            return {
                "colour": str(colour).removeprefix("#").upper(),
                "mark": MARKS.get(shapes.get(value, usual_shape), "*"),
            }

        return look

    def _draw_group(self, layer: dict[str, Any], group: dict[str, Any]) -> Iterator[str]:
        mark, encoding, rows = _mark(layer), layer.get("encoding", {}), group["rows"]
        look = f"color=c{group['colour']}"
        opacity = mark.get("opacity", 1)
        dash = ", dashed" if mark.get("strokeDash") else ""
        width = f", line width={mark.get('strokeWidth', 1) * POINTS_PER_PIXEL:g}pt"
        kind = mark["type"]
        if kind in ("point", "circle"):
            radius = (mark.get("size", 30) / 3.1416) ** 0.5 * POINTS_PER_PIXEL
            yield self._plot(
                f"only marks, mark={group['mark']}, mark size={radius:.2f}pt, {look}, opacity={opacity:g}",
                [self._at(row, encoding) for row in rows],
            )
        elif kind == "line":
            ends = sorted(self._at(row, encoding) for row in rows)
            yield self._plot(f"no marks, {look}{width}{dash}", ends)
        elif kind == "area":
            below = sorted(self._at(row, encoding) for row in rows)
            above = sorted(self._at(row, encoding, y="y2") for row in rows)
            options = f"no marks, draw=none, fill=c{group['colour']}, fill opacity={opacity:g}"
            yield self._plot(options, [*below, *reversed(above)]).replace("};", "} -- cycle;")
        elif kind == "rule":
            yield self._plot(
                f"no marks, {look}{width}{dash}, opacity={opacity:g}, unbounded coords=jump",
                [point for row in rows for point in (*self._rule(row, encoding), (float("nan"),) * 2)],
            )
        elif kind == "tick":
            flat = mark.get("orient") == "horizontal" or self.x.kind == "nominal"
            size = mark.get("size", mark.get("bandSize", 10)) * POINTS_PER_PIXEL / 2
            yield self._plot(
                f"only marks, mark={'-' if flat else '|'}, mark size={size:.2f}pt, {look}"
                f", line width={mark.get('thickness', 1) * POINTS_PER_PIXEL:g}pt",
                [self._at(row, encoding) for row in rows],
            )
        elif kind == "bar":
            for row in rows:
                (x, low), (_, high) = self._at(row, encoding), self._at(row, encoding, y="y2")
                corners = f"(axis cs:{x - HALF_BAR:g},{low:g}) rectangle (axis cs:{x + HALF_BAR:g},{high:g})"
                yield rf"\fill[{look}] {corners};"
        elif kind == "text":
            for row in rows:
                x, y = self._at(row, encoding)
                right, up = mark.get("dx", 0) * POINTS_PER_PIXEL, -mark.get("dy", 0) * POINTS_PER_PIXEL
                shift = f"xshift={right:g}pt, yshift={up:g}pt"
                anchor = ANCHORS[mark.get("align", "center")]
                words = escape(str(row[encoding["text"]["field"]]))
                yield (
                    rf"\node[anchor={anchor}, inner sep=0pt, font=\scriptsize, {look}, {shift}] "
                    rf"at (axis cs:{x:.8g},{y:.8g}) {{{words}}};"
                )
        else:
            raise MemwallError(f"the mark {kind!r} has no counterpart in pgfplots; choose svg or pdf")

    def _at(self, row: Row, encoding: dict[str, Any], x: str = "x", y: str = "y") -> tuple[float, float]:
        return self.x.place(row[encoding[x]["field"]]), self.y.place(row[encoding[y]["field"]])

    def _rule(self, row: Row, encoding: dict[str, Any]) -> Sequence[tuple[float, float]]:
        if "x" not in encoding:
            y = self.y.place(row[encoding["y"]["field"]])
            return [(end, y) for end in self.x.ends()]
        if "y" not in encoding:
            x = self.x.place(row[encoding["x"]["field"]])
            return [(x, end) for end in self.y.ends()]
        other = {name: f"{name}2" for name in ("x", "y") if f"{name}2" in encoding}
        return [self._at(row, encoding), self._at(row, encoding, **other)]

    def _plot(self, options: str, coordinates: Sequence[tuple[float, float]]) -> str:
        points = " ".join(f"({x:.8g},{y:.8g})" for x, y in coordinates)
        return f"\\addplot[{options}, forget plot] coordinates {{{points}}};"

    def _legend(self) -> list[tuple[str, list[tuple[str, dict[str, Any]]]]]:
        """Return where the legend is and what it holds; nothing where there is none."""
        for layer in self.layers:
            channel = layer.get("encoding", {}).get("color", {})
            if channel.get("legend") and _mark(layer)["type"] in ("point", "bar"):
                looks = self._looks(layer)
                inside = channel["legend"].get("orient") == "top-left"
                above = f"at={{(0,1)}}, yshift={16 if self.title else 4}pt, anchor=south west"
                where = "at={(0.02,0.98)}, anchor=north west" if inside else above
                columns = channel["legend"].get("columns") or 1
                look = "draw=none, fill=none, font=\\scriptsize, cells={anchor=west}"
                style = f"{where}, {look}, legend columns={columns}"
                return [(style, [(label, looks(label)) for label in channel["scale"]["domain"]])]
        return []


def read_title(title: Any) -> str:
    """Return the words of a title, as a chart or a panel of a specification has it.

    Examples
    --------
    >>> read_title({"text": ["Peak FLOPS", "by precision"]})
    'Peak FLOPS by precision'
    """
    lines = title.get("text", "") if isinstance(title, dict) else title or ""
    return lines if isinstance(lines, str) else " ".join(lines)


@dataclass(frozen=True, eq=False)
class _Axis:
    """One axis of a panel: from cells to coordinates, and its options."""

    name: str
    kind: str
    order: list[str]
    channel: dict[str, Any]
    highest: float = 0
    """The end of the highest bar: bars start from zero, and the axis has no other way to know of them."""

    @property
    def log(self) -> bool:
        return (self.channel.get("scale") or {}).get("type") == "log"

    def place(self, cell: Any) -> float:
        if self.kind == "temporal":
            return float(decimal_years([str(cell)[:10]])[0])
        if self.kind == "nominal":
            return float(self.order.index(str(cell)) + 1)
        return float(cell)

    def ends(self) -> list[float]:
        domain = (self.channel.get("scale") or {}).get("domain")
        if domain:
            return [self.place(end) for end in domain]
        if self.highest:
            return [0, 1.12 * self.highest]
        return [0.5, len(self.order) + 0.5] if self.kind == "nominal" else []

    def options(self) -> Iterator[str]:
        axis = self.channel.get("axis", {})
        if self.log:
            yield f"{self.name}mode=log"
        for end, value in zip(("min", "max"), self.ends(), strict=False):
            yield f"{self.name}{end}={value:.10g}"
        title = self.channel.get("title")
        if title:
            yield f"{self.name}label={{{escape(title)}}}"
        if axis is None:
            yield f"{self.name}tick=\\empty"
            return
        if axis.get("grid", self.name == "y"):
            yield f"{self.name}majorgrids"
        if self.kind == "nominal":
            yield f"{self.name}tick={{1,...,{len(self.order)}}}"
            labels = ",".join(f"{{{escape(label)}}}" for label in self.order)
            yield f"{self.name}ticklabels={{{labels}}}"
            if self.name == "y":
                yield "y dir=reverse"
            elif axis.get("labelAngle"):
                yield f"x tick label style={{rotate={-axis['labelAngle']:g}, anchor=north east}}"
            return
        if axis.get("values"):
            yield f"{self.name}tick={{{','.join(f'{value:.10g}' for value in axis['values'])}}}"
        if self.log and "labelExpr" not in axis:
            yield "log ticks with fixed point"
            yield f"{self.name}ticklabel style={{/pgf/number format/1000 sep={{,}}}}"
        elif axis.get("format") == "%":
            percent = r"\pgfmathparse{100*\tick}\pgfmathprintnumber{\pgfmathresult}\%"
            yield f"{self.name}ticklabel={{{percent}}}"
        elif not self.log:
            yield f"{self.name}ticklabel style={{/pgf/number format/1000 sep={{}}}}"


def _read_axis(name: str, layers: list[dict[str, Any]], datasets: dict[str, list[Row]]) -> _Axis:
    encoded = [layer["encoding"][name] for layer in layers if name in layer.get("encoding", {})]
    # What describes the axis may stand in any of the layers.
    channel = {key: value for each in reversed(encoded) for key, value in each.items()}
    kind = str(channel.get("type", "quantitative")).replace("ordinal", "nominal")
    order = [str(each) for each in channel.get("sort") or []]
    if kind == "nominal":
        for layer in layers:
            field = layer.get("encoding", {}).get(name, {}).get("field")
            order += [str(row[field]) for row in _rows(layer, datasets) if field in row]
    bars = [layer for layer in layers if _mark(layer)["type"] == "bar" and f"{name}2" in layer["encoding"]]
    ends = [row[bar["encoding"][f"{name}2"]["field"]] for bar in bars for row in _rows(bar, datasets)]
    others = [
        row[layer["encoding"][name]["field"]]
        for layer in layers
        if bars and "field" in layer["encoding"].get(name, {})
        for row in _rows(layer, datasets)
    ]
    return _Axis(name, kind, list(dict.fromkeys(order)), channel, max([*ends, *others], default=0))


def _mark(layer: dict[str, Any]) -> dict[str, Any]:
    mark = layer["mark"]
    return {"type": mark} if isinstance(mark, str) else mark


def _rows(layer: dict[str, Any], datasets: dict[str, list[Row]]) -> list[Row]:
    data = layer.get("data") or {}
    return datasets[data["name"]] if "name" in data else data.get("values", [])


def _range(channel: dict[str, Any], otherwise: str) -> dict[Any, str]:
    scale = channel.get("scale") or {}
    if "field" in channel and not scale.get("range"):
        return dict.fromkeys(scale.get("domain") or [], otherwise)
    return dict(zip(scale.get("domain") or [], scale.get("range") or [], strict=False))
