"""What serving a model trades: tokens for each user against tokens for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.figures import theme
from memwall_trends.figures.axes import LogPlot, rounded, value_axis
from memwall_trends.figures.captions import describe_points
from memwall_trends.figures.choices import find_user_devices, refuse_choices
from memwall_trends.figures.chosen import MODEL
from memwall_trends.figures.labels import draw_labels
from memwall_trends.figures.layers import point_radius
from memwall_trends.figures.placement import Scene, Wanted
from memwall_trends.workloads import Layout, Service, find_device, load_model
from memwall_trends.workloads.serving import OUTPUT_LENGTH, PROMPT_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.selection import Choose
    from memwall_trends.workloads import Device, Transformer

DEVICES = ("NVIDIA A100 SXM4 80GB", "NVIDIA H100 SXM5", "NVIDIA H200 SXM", "NVIDIA B200")
SHARED_BY = 8
"""Devices that share the model."""
BETWEEN_LABELS = 3
"""Every so many batch sizes, one has its number beside it."""


def serve_frontier(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    model: str | None = None,
    devices: Sequence[str] = (),
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Throughput against latency of serving: tokens per second of a device and of each user, by batch size.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size
        As of `memwall_trends.figures.hw_scaling`.
    model, devices
        As of `memwall_trends.figures.roofline.roofline`; a decoder, which eight devices share.
    **choose
        ``dataset``, ``precision`` and ``overlay``, as there. Devices of the overlay are shown too.

    Examples
    --------
    >>> type(serve_frontier()).__name__
    'VConcatChart'
    """
    dataset = choose.pop("dataset", defaults.DATASET)
    refuse_choices("serve-frontier", choose, allowed=("precision", "overlay"))
    precision, overlay = choose.get("precision"), choose.get("overlay") or ()
    transformer = load_model(model or MODEL)
    found = [
        find_device(name, precision=precision, dataset=dataset, overlay=overlay)
        for name in (*(devices or DEVICES), *sorted(find_user_devices(choose)))
    ]
    points, left_out = _serve_all(transformer, found)
    formats = ", ".join(dict.fromkeys(device.number_format for device in found))
    apart = f" {', '.join(left_out)}: the weights do not fit." if left_out else ""
    return theme.finish(
        [_draw(points, theme.find_size(size), columns=1 if size == "column" else 2)],
        title=f"Serving {transformer.title}: what all get against what each gets, at most",
        caption=f"Decode on {SHARED_BY} devices that share each matrix, after a prompt of {PROMPT_LENGTH:,} "
        f"tokens, {OUTPUT_LENGTH:,} of output; a point for each batch size that fits, numbers beside some. "
        f"Operands in {formats}, least traffic. Bounds, no measurements.{apart} {describe_points(dataset)}",
        size=size,
    )


def _serve_all(transformer: Transformer, devices: Sequence[Device]) -> tuple[pd.DataFrame, list[str]]:
    """Return a row for each device and batch size that fits, and the devices on which none does."""
    frames, left_out = [], []
    for device in devices:
        width = device.element_bytes
        service = Service(
            transformer=transformer,
            device=device,
            layout=Layout(devices=SHARED_BY if device.link_bytes_s else 1),
            weight_bytes=width,
            activation_bytes=width,
            cache_bytes=width,
        )
        if service.largest_batch == 0:
            left_out.append(device.name)
            continue
        rows = service.to_frame()
        named = [
            f"{batch:,}" if at % BETWEEN_LABELS == 0 else "" for at, batch in enumerate(rows["batch_size"])
        ]
        frames.append(
            pd.DataFrame(
                {
                    "legend": device.name,
                    "batch": rows["batch_size"],
                    "user": rounded(rows["tokens_per_second_user"]),
                    "device": rounded(rows["decode_tokens_per_second_device"]),
                    "text": named,
                    "point": [f"{device.name}, batch {batch:,}" for batch in rows["batch_size"]],
                }
            )
        )
    if not frames:
        raise MemwallError(
            f"the weights of {transformer.title} fit on {SHARED_BY} of none of these devices: "
            f"{', '.join(left_out)}; choose others, as in --device 'NVIDIA B200', or --precision fp8"
        )
    return pd.concat(frames, ignore_index=True), left_out


def _draw(points: pd.DataFrame, size: theme.Size, columns: int) -> alt.LayerChart:
    users = (points["user"].min() / 1.5, points["user"].max() * 1.5)
    rates = (points["device"].min() / 1.5, points["device"].max() * 2)
    x = alt.X(
        "user:Q",
        title="Tokens per second of each user (log scale)",
        scale=alt.Scale(type="log", domain=rounded(users), nice=False),
        axis=value_axis(users, size.width),
    )
    y = alt.Y(
        "device:Q",
        title="Tokens per second of a device (log scale)",
        scale=alt.Scale(type="log", domain=rounded(rates), nice=False),
        axis=value_axis(rates, size.height),
    )
    names = list(dict.fromkeys(points["legend"]))
    looks = [at % len(theme.COLOURS) for at in range(len(names))]
    colour = alt.Color(
        "legend:N",
        scale=alt.Scale(domain=names, range=[theme.COLOURS[look] for look in looks]),
        legend=alt.Legend(title=None, orient="top", columns=columns, symbolOpacity=1),
    )
    shape = alt.Shape("legend:N", scale=alt.Scale(domain=names, range=[theme.SHAPES[look] for look in looks]))
    layer: dict[str, Any] = {"x": x, "y": y, "color": colour}
    base = alt.Chart(points)
    return alt.LayerChart(
        layer=[
            base.mark_line(strokeWidth=2).encode(order="batch:Q", **layer),
            base.mark_point(filled=True, size=size.point, opacity=1).encode(
                shape=shape, tooltip=["point", "batch", "user", "device"], **layer
            ),
            *_label(points, LogPlot(("user", "device"), users, rates, size.width, size.height), size, x, y),
        ],
        width=size.width,
        height=size.height,
    )


def _label(points: pd.DataFrame, plot: LogPlot, size: theme.Size, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Return the batch sizes beside their points."""
    at, radius = plot.pixels(points), float(point_radius(size.point))
    names = list(dict.fromkeys(points["legend"]))
    wanted = [
        Wanted(
            str(text),
            [(float(across), float(down))],
            radius,
            str(legend),
            colour=theme.COLOURS[names.index(legend) % len(theme.COLOURS)],
            about=f"label of {point}",
        )
        for text, legend, point, (across, down) in zip(
            points["text"], points["legend"], points["point"], at, strict=True
        )
        if text
    ]
    lines = [(str(legend), plot.pixels(rows)) for legend, rows in points.groupby("legend", sort=False)]
    reach = np.full(len(points), radius)
    scene = Scene(plot.width, plot.height, np.column_stack([at, reach]), lines=lines)
    return draw_labels(wanted, scene, size.label_size, x=x, y=y, back=plot.back)
