"""The ways out of the wall, and what each does to a workload."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded
from memwall_trends.figures.captions import describe_points
from memwall_trends.figures.choices import refuse_choices
from memwall_trends.figures.chosen import (
    MODEL,
    PROMPT,
    PROMPT_LENGTH,
    choose_workloads,
    name_decode,
    title_of,
)
from memwall_trends.units import format_number
from memwall_trends.workloads import (
    compare_levers,
    find_device,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.selection import Choose

DEVICE, DEVICES = "NVIDIA H100 SXM5", 8
NARROW, TEXT_WIDTH = 300, 0.52
"""A figure too narrow for units, in pixels; mean width of a letter of its texts, in font sizes."""
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


def levers(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    model: str | None = None,
    devices: Sequence[str] = (),
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Ways out of the wall and what each does: quantization, batching, pruning, drafts, other devices.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size, bare
        As of `memwall_trends.figures.hw_scaling`.
    model
        As of `memwall_trends.figures.roofline.roofline`; a decoder.
    devices
        The name of one in place of ours; as many share the model.
    **choose
        ``dataset`` and ``precision``, as there.

    Examples
    --------
    >>> type(levers()).__name__
    'VConcatChart'
    """
    dataset = choose.pop("dataset", defaults.DATASET)
    refuse_choices("levers", choose, allowed=("precision",))
    if len(devices) > 1:
        raise MemwallError("the figure levers shows one device: give --device once")
    name = devices[0] if devices else DEVICE
    device = find_device(name, precision=choose.get("precision"), dataset=dataset)
    workloads = choose_workloads(device.element_bytes, model)
    if PROMPT not in workloads:
        raise MemwallError(f"the figure levers shows a decode: {title_of(model or MODEL)} is an encoder")
    decode = replace(workloads[name_decode(1)], sequence_length=PROMPT_LENGTH)
    tables = {
        f"{PROMPT_LENGTH:,} tokens, one after the other": compare_levers(decode, device, DEVICES),
        f"A {PROMPT} tokens at once": compare_levers(workloads[PROMPT], device, DEVICES),
    }
    chosen = theme.find_size(size)
    frames = {title: _describe_levers(table, chosen) for title, table in tables.items()}
    every = pd.concat(frames.values())
    panels = [_draw_levers(title, frame, every, chosen) for title, frame in frames.items()]
    return theme.finish(
        panels,
        title=_say_best(list(tables.values()), title_of(model or MODEL)),
        subtitle=f"Tokens per second at most, of {title_of(model or MODEL)} on {DEVICES} {device.name}, "
        "against the workload as it is (dashed); arithmetic intensity and what then bounds it",
        caption="Bounds, no measurements: peak rates, least "
        "traffic. Pruned weights are neither stored nor multiplied; drafts are kept independently of each "
        f"other; a smaller model gives other answers. {describe_points(dataset)}",
        size=size,
        bare=bare,
        spacing=10,
    )


def _say_best(tables: Sequence[pd.DataFrame], title: str) -> str:
    """Return which way out speeds up decoding most, and which a prompt, and by how much."""
    said = []
    for table in tables:
        best = table.iloc[1:].sort_values("speedup").iloc[-1]
        lever, _, what = str(best["lever"]).partition(": ")
        said.append(f"{lever}{f' ({what})' if what else ''}, at most {format_number(best['speedup'], 2)}x")
    return f"{title} gains most from: decoding, {said[0]}; a prompt, {said[1]}"


def _describe_levers(table: pd.DataFrame, size: theme.Size) -> pd.DataFrame:
    """Return what is shown of each way out: ``lever, speedup, text``."""
    changed = table.iloc[1:]
    texts = []
    for _, row in changed.iterrows():
        factor, intensity = format_number(row["speedup"], 2), format_number(row["arithmetic_intensity"], 3)
        narrow = size.width < NARROW
        said = f"{intensity}, {row['bound']}" if narrow else f"{intensity} FLOP/byte, {row['bound']}-bound"
        texts.append(f"{factor}x; {said}{'; does not fit' if row['fits'] is False else ''}")
    names = [lever.partition(" drafts")[0] for lever in changed["lever"]]
    return pd.DataFrame({"lever": names, "speedup": rounded(changed["speedup"]), "text": texts})


def _draw_levers(title: str, frame: pd.DataFrame, every: pd.DataFrame, size: theme.Size) -> alt.LayerChart:
    """Return a dot for each way out, with its text to the right; `every` has those of all panels."""
    width = round(0.68 * size.width)
    low, beside = every["speedup"].min() / 1.3, 1.4 * every["speedup"].max()
    # The dots share the plot with the texts, whose room is a share of the logarithmic axis.
    dots = 1 - every["text"].str.len().max() * TEXT_WIDTH * size.label_size / width
    x_axis: dict[str, Any] = {
        "title": "Speed-up (log scale)",
        "scale": alt.Scale(type="log", domain=rounded([low, low * (beside / low) ** (1 / dots)]), nice=False),
        "axis": alt.Axis(
            format="~r", values=[tick for tick in TICKS if low <= tick <= beside], titleAnchor="start"
        ),
    }
    x = alt.X("speedup:Q", **x_axis)
    y = alt.Y(
        "lever:N",
        sort=frame["lever"].tolist(),
        title=None,
        axis=alt.Axis(
            labelLimit=0,
            domain=False,
            ticks=False,
            grid=False,
            minExtent=TEXT_WIDTH * size.font_size * int(every["lever"].str.len().max()),
        ),
    )
    return alt.LayerChart(
        layer=[
            alt.Chart(pd.DataFrame({"speedup": [1.0]}))
            .mark_rule(strokeDash=[5, 3], strokeWidth=1.5, color=theme.VERMILLION)
            .encode(x=x),
            alt.Chart(frame)
            .mark_point(filled=True, size=1.5 * size.point, opacity=1, color=theme.BLUE, shape="circle")
            .encode(x=x, y=y, tooltip=["lever", "speedup", "text"]),
            alt.Chart(frame.assign(beside=rounded([beside] * len(frame))))
            .mark_text(align="left", baseline="middle", fontSize=size.label_size, color=theme.INK)
            .encode(x=alt.X("beside:Q", **x_axis), y=y, text="text:N"),
        ],
        width=width,
        height=round(1.7 * size.font_size) * len(frame),
        title=alt.TitleParams(title, fontSize=size.font_size, anchor="start", offset=4),
    )
