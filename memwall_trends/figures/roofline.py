"""The roofline of devices, with workloads on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.figures import theme
from memwall_trends.figures.axes import LogPlot, rounded, value_axis
from memwall_trends.figures.captions import describe_points
from memwall_trends.figures.choices import find_user_devices, refuse_choices
from memwall_trends.figures.chosen import ENCODER, MODEL, choose_workloads, title_of
from memwall_trends.figures.labels import draw_labels
from memwall_trends.figures.layers import point_radius
from memwall_trends.figures.lettering import LINE_HEIGHT, text_width
from memwall_trends.figures.placement import Scene, Wanted
from memwall_trends.workloads import find_device, place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.selection import Choose
    from memwall_trends.workloads import Device

DEVICES = ("NVIDIA Tesla P100 SXM2 16GB", "NVIDIA Tesla V100 SXM2 16GB", "NVIDIA H100 SXM5", "NVIDIA B200")
"""One of several generations, as far apart as the eye can tell."""
POINT = 1.5
"""Area of a point, in those of the size."""


def roofline(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    model: str | None = None,
    devices: Sequence[str] = (),
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Rooflines of four generations of GPUs, with what inference attains on each.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size
        As of `memwall_trends.figures.hw_scaling`.
    model
        The name of a built-in model, or the path of a configuration, in place of ours.
    devices
        Names of devices in place of the four.
    **choose
        ``dataset``, ``precision`` and ``overlay``, as there. Devices of the overlay have a roofline too.

    Examples
    --------
    >>> type(roofline()).__name__
    'VConcatChart'
    """
    dataset = choose.pop("dataset", defaults.DATASET)
    refuse_choices("roofline", choose, allowed=("precision", "overlay"))
    precision, overlay = choose.get("precision"), choose.get("overlay") or ()
    found = [
        find_device(name, precision=precision, dataset=dataset, overlay=overlay)
        for name in (*(devices or DEVICES), *sorted(find_user_devices(choose)))
    ]
    formats = ", ".join(dict.fromkeys(device.number_format for device in found))
    shown = title_of(model or MODEL)
    beside = "" if model else f", and {title_of(ENCODER)}"
    title = f"Roofline: what {shown if model else 'inference'} attains at most on "
    return theme.finish(
        [_draw_roofs(found, model, theme.find_size(size), columns=1 if size == "column" else 2)],
        title=title + (", ".join(each.name for each in found) if devices else "generations of GPUs"),
        caption="Lines: the lower of peak and bandwidth times intensity; they bend at the ridge point, the "
        f"machine balance. Points: decode and a prompt of {shown}{beside}; 512 tokens unless said, "
        f"operands in {formats}, least traffic. Bounds, no measurements; whether memory holds "
        "the model is not asked here. "
        f"{describe_points(dataset)}",
        size=size,
    )


def _draw_roofs(
    devices: Sequence[Device], model: str | None, size: theme.Size, columns: int
) -> alt.LayerChart:
    names = [
        f"{each.name}{f' ({each.date.year})' if each.date else ''}: ridge point {each.ridge_point:.0f}"
        for each in devices
    ]
    points = pd.concat(
        [_place_all(each, model).assign(legend=name) for each, name in zip(devices, names, strict=True)]
    )
    ridges = [each.ridge_point for each in devices]
    # Room for labels: to the left the longest, above three lines of them.
    longest = max(text_width(name, size.label_size) for name in points["workload"])
    left = (longest + 2 * size.label_size) / size.width
    above = 3 * LINE_HEIGHT * size.label_size / size.height
    highest = max(points["intensity"].max(), *ridges) * 2.5
    intensities = (_extend(highest, points["intensity"].min(), left), highest)
    lines = pd.concat(
        [
            _draw_roof(each, *intensities).assign(legend=name)
            for each, name in zip(devices, names, strict=True)
        ]
    )
    lowest = lines["attainable"].min() / 1.5
    rates = (lowest, _extend(lowest, lines["attainable"].max(), above))
    plot = LogPlot(("intensity", "attainable"), intensities, rates, size.width, size.height)
    x = alt.X(
        "intensity:Q",
        title="Arithmetic intensity (FLOP/byte, log scale)",
        scale=alt.Scale(type="log", domain=rounded(intensities), nice=False),
        axis=value_axis(intensities, size.width),
    )
    y = alt.Y(
        "attainable:Q",
        title="Attainable (TFLOP/s, log scale)",
        scale=alt.Scale(type="log", domain=rounded(rates), nice=False),
        axis=value_axis(rates, size.height),
    )
    looks = [at % len(theme.COLOURS) for at in range(len(names))]
    colour = alt.Color(
        "legend:N",
        scale=alt.Scale(domain=names, range=[theme.COLOURS[look] for look in looks]),
        legend=alt.Legend(title=None, orient="top", columns=columns, symbolOpacity=1),
    )
    shape = alt.Shape("legend:N", scale=alt.Scale(domain=names, range=[theme.SHAPES[look] for look in looks]))
    return alt.LayerChart(
        layer=[
            alt.Chart(lines).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour),
            alt.Chart(points)
            .mark_point(filled=True, size=POINT * size.point, opacity=1)
            .encode(x=x, y=y, color=colour, shape=shape, tooltip=["legend", "workload", "intensity"]),
            *_label(points, lines, plot, size, x, y),
        ],
        width=size.width,
        height=size.height,
    )


def _extend(begin: float, end: float, share: float) -> float:
    """Return the end of a logarithmic axis of which a share lies beyond `end`."""
    return float(begin * (end / begin) ** (1 / (1 - share)))


def _place_all(device: Device, model: str | None) -> pd.DataFrame:
    """Return where the workloads lie on a roofline, in FLOP per byte and TFLOP/s."""
    workloads = choose_workloads(device.element_bytes, model)
    placed = {name: place(each, device) for name, each in workloads.items()}
    return pd.DataFrame(
        {
            "workload": list(placed),
            "intensity": rounded([each.arithmetic_intensity for each in placed.values()]),
            "attainable": rounded([each.attainable_flops / 1e12 for each in placed.values()]),
        }
    )


def _draw_roof(device: Device, lowest: float, highest: float) -> pd.DataFrame:
    intensities = np.array([lowest, device.ridge_point, highest])
    attainable = np.minimum(device.peak_flops, intensities * device.bandwidth_bytes_s) / 1e12
    return pd.DataFrame({"intensity": rounded(intensities), "attainable": rounded(attainable)})


def _label(
    points: pd.DataFrame, lines: pd.DataFrame, plot: LogPlot, size: theme.Size, x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    """Return the names of the workloads, each once, at the highest roof."""
    named = points.sort_values("attainable", ascending=False, kind="stable").drop_duplicates("workload")
    radius = float(point_radius(POINT * size.point))
    wanted = [
        Wanted(
            str(text),
            [(float(across), float(down))],
            radius,
            str(legend),
            colour=theme.INK,
            about=f"label of {text}",
        )
        for text, legend, (across, down) in zip(
            named["workload"], named["legend"], plot.pixels(named), strict=True
        )
    ]
    at = plot.pixels(points)
    scene = Scene(
        plot.width,
        plot.height,
        np.column_stack([at, np.full(len(at), radius)]),
        lines=[(str(legend), plot.pixels(roof)) for legend, roof in lines.groupby("legend", sort=False)],
    )
    return draw_labels(wanted, scene, size.label_size, x=x, y=y, back=plot.back)
