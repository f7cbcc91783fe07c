"""What the wall does to workloads: the memory that training takes, and the ways out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded
from memwall_trends.figures.bars import draw_stacked_bars
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
    count_training_memory,
    find_device,
    find_transformer,
)
from memwall_trends.workloads.devices import GIBI

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.selection import Choose

DEVICE, DEVICES = "NVIDIA H100 SXM5", 8
TRAINED, TRAINED_LENGTH, TRAINED_DEVICES = "llama-3-8b", 4096, 64
PRINTED = {"BERT Large": "bert-large", "GPT-2": "gpt2-xl"}
"""The Transformers of the paper's memory breakdown that are built in, by how it calls them."""
CORRECTED_LENGTHS = {"GPT-2": 1024}
"""Where the paper prints another by mistake: errata.csv of its dataset."""
PARTS = {
    "parameters": theme.BLUE,
    "gradients": theme.GREEN,
    "optimizer": theme.OCHRE,
    "activations": theme.FAINT,
    "logits": theme.PURPLE,
}
NARROW, TEXT_WIDTH = 300, 0.52
"""A figure too narrow for units, in pixels; mean width of a letter of its texts, in font sizes."""
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
SAVINGS: dict[str, dict[str, Any]] = {
    "without ZeRO": {},
    "ZeRO 1": {"zero": 1},
    "ZeRO 2": {"zero": 2},
    "ZeRO 3": {"zero": 3},
    "ZeRO 3, selective": {"zero": 3, "recompute": "selective"},
    "ZeRO 3, full": {"zero": 3, "recompute": "full"},
}


def training_memory(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Memory that training takes: the paper's bars counted again, and what ZeRO and recomputation save.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size
        As of `memwall_trends.figures.hw_scaling`.
    **choose
        None applies, and no ``dataset``: the paper's bars are set beside ours.

    Examples
    --------
    >>> type(training_memory()).__name__
    'VConcatChart'
    """
    refuse_choices("training-memory", choose)
    saved = _count_saved()
    memory = (find_device(DEVICE).memory_bytes or 0) / 1e9
    limits = pd.DataFrame({"bar": list(SAVINGS), "value": memory, "text": ""})
    limits.loc[limits.index[-1], "text"] = f"{1e9 * memory / GIBI:g} GiB"
    common: dict[str, Any] = {"size": size, "height_share": 0.6}
    printed = draw_stacked_bars(
        _count_printed(), PARTS, y_title="Memory (GB)", limits=pd.DataFrame(), **common
    )
    ours = draw_stacked_bars(
        saved, PARTS, y_title="Memory of one device (GB)", limits=limits, legend=False, **common
    )
    return theme.finish(
        [printed, ours],
        title="Memory to train a Transformer: as printed, as counted, and what saves it",
        caption="Above: the paper's bars, which leave out gradients, beside parameters, optimizer state and "
        "activations as counted here for its batch and length, at 32 bits with activations at 16. Below: "
        f"{title_of(TRAINED)} with Adam in mixed precision, a sequence of {TRAINED_LENGTH:,} tokens on each "
        f"of {TRAINED_DEVICES} devices, by stage of ZeRO, then with recomputation of the attention scores "
        f"(selective) or of all layers (full); marks: memory of one {DEVICE}. "
        f"{describe_points(defaults.PAPER)}",
        size=size,
        spacing=24,
    )


def levers(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    model: str | None = None,
    devices: Sequence[str] = (),
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Ways out of the wall and what each does: quantization, batching, pruning, drafts, other devices.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size
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
        title=f"Ways out of the wall: {title_of(model or MODEL)} on {DEVICES} {device.name}",
        caption="Tokens per second at most, against the workload as it is (dashed); beside it the arithmetic "
        "intensity in FLOP/byte, what then bounds it, and whether it does not fit into memory. "
        "Bounds, no measurements: peak rates, least "
        "traffic. Pruned weights are neither stored nor multiplied; drafts are kept independently of each "
        f"other; a smaller model gives other answers. {describe_points(dataset)}",
        size=size,
        spacing=10,
    )


def _count_printed() -> pd.DataFrame:
    """Return the paper's breakdown of Transformers, and ours of the same: ``bar, part, value`` in GB."""
    printed = load_table("memory_breakdown", defaults.PAPER)
    frames = []
    for label, model in PRINTED.items():
        rows = printed[(printed["label"] == label) & printed["quantity"].isin(list(PARTS))]
        length = CORRECTED_LENGTHS.get(label) or int(rows["input_size"].iloc[0])
        counted = count_training_memory(
            find_transformer(model),
            sequence_length=length,
            batch_size=int(rows["batch_size"].iloc[0]),
            precision="fp32",
            activation_bytes=2,
            activations="paper",
        )
        counted = counted[counted["part"].isin(rows["quantity"])]
        frames += [
            pd.DataFrame({"bar": f"{label}, printed", "part": rows["quantity"], "value": rows["value"]}),
            pd.DataFrame(
                {"bar": f"{label}, counted", "part": counted["part"], "value": counted["bytes"] / 1e9}
            ),
        ]
    return pd.concat(frames, ignore_index=True)


def _count_saved() -> pd.DataFrame:
    frames = []
    for name, saving in SAVINGS.items():
        counted = count_training_memory(
            find_transformer(TRAINED), sequence_length=TRAINED_LENGTH, devices=TRAINED_DEVICES, **saving
        )
        parts = counted[counted["part"] != "total"]
        frames.append(pd.DataFrame({"bar": name, "part": parts["part"], "value": parts["bytes"] / 1e9}))
    return pd.concat(frames, ignore_index=True)


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
