"""The memory that training takes: as the paper has it, and as counted, with what saves it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import load_table
from memwall_trends.datasets.conditions import filter_rows
from memwall_trends.errors import MemwallError
from memwall_trends.figures import theme
from memwall_trends.figures.bars import draw_stacked_bars
from memwall_trends.figures.captions import describe_points
from memwall_trends.figures.choices import refuse_choices
from memwall_trends.figures.lettering import text_width
from memwall_trends.selection import gather_where
from memwall_trends.units import format_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    import altair as alt

    from memwall_trends.selection import Choose
    from memwall_trends.workloads import Transformer

DEVICE = "NVIDIA H100 SXM5"
TRAINED, TRAINED_LENGTH, TRAINED_DEVICES = "llama-3-8b", 4096, 64
PRINTED = {"BERT Large": "bert-large", "GPT-2": "gpt2-xl"}
"""The Transformers of the paper's memory breakdown that are built in, by how it calls them."""
CORRECTED_LENGTHS = {"GPT-2": 1024}
"""Where the paper prints another by mistake: errata.csv of its dataset."""
PARTS = {
    "parameters": theme.BLUE,
    "gradients": theme.GREEN,
    "optimizer": theme.ORANGE,
    "activations": theme.PALE,
    "logits": theme.PURPLE,
}
LIMIT = "gpu_memory_limit"
SAVINGS: dict[str, dict[str, int | str]] = {
    "without ZeRO": {},
    "ZeRO 1": {"zero": 1},
    "ZeRO 2": {"zero": 2},
    "ZeRO 3": {"zero": 3},
    "ZeRO 3, selective": {"zero": 3, "recompute": "selective"},
    "ZeRO 3, full": {"zero": 3, "recompute": "full"},
}

OF_PRINTED = (
    "Below: the paper's bars, which leave out gradients, beside parameters, optimizer state and activations "
    "as counted here for its batch and length, at 32 bits with activations at 16."
)
"""What the caption says of the paper's bars."""


def memory_breakdown(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Memory that training a model takes, by what takes it, against the memory of GPUs of its year.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`; of the choices ``since``, ``until`` and conditions. Only
        the paper's dataset has a breakdown.

    Examples
    --------
    >>> type(memory_breakdown()).__name__
    'VConcatChart'
    """
    dataset = choose.pop("dataset", defaults.PAPER)
    if dataset != defaults.PAPER:
        raise MemwallError(f"only the dataset {defaults.PAPER} has a memory breakdown; leave out --dataset")
    refuse_choices("memory-breakdown", choose, allowed=("since", "until", "where"))
    rows = filter_rows(
        load_table("memory_breakdown", dataset),
        since=choose.get("since"),
        until=choose.get("until"),
        where=gather_where(choose),
        origin="memory_breakdown",
    ).sort_values("date", kind="stable")
    bars = rows["label"] + " (" + rows["date"].dt.strftime("%Y") + ")"
    rows = rows.assign(bar=bars, part=rows["quantity"])[["bar", "part", "value"]]
    needs = rows[rows["part"] != LIMIT].groupby("bar", sort=False)["value"].sum()
    limits = rows[rows["part"] == LIMIT].groupby("bar")["value"].first().reindex(needs.index)
    said = pd.DataFrame(
        {
            "bar": needs.index,
            "limit": limits.to_numpy(),
            "text": [_compare(need, limit) for need, limit in zip(needs, limits, strict=True)],
        }
    )
    parts = {name: PARTS[name] for name in ("parameters", "optimizer", "activations")}
    return theme.finish(
        [draw_stacked_bars(rows, parts, x_title="Memory (GB)", size=size, said=said)],
        title=_say_grown(needs, limits),
        subtitle="Memory that training a model takes, of the memory of a GPU of its year (marked)",
        caption="Parameters, optimizer state and activations; marks: the memory limit of GPUs that the paper "
        f"draws over the bar. {describe_points(dataset)}",
        size=size,
        bare=bare,
    )


def training_memory(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    model: str | None = None,
    devices: Sequence[str] = (),
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Memory that training takes: the paper's bars counted again, and what ZeRO and recomputation save.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size, bare
        As of `memwall_trends.figures.hw_scaling`.
    model
        As of `memwall_trends.figures.roofline.roofline`; it is shown alone, without the paper's bars.
    devices
        The name of one in place of ours, whose memory is marked.
    **choose
        ``overlay``, of which a device may be; no ``dataset``: the paper's bars are set beside ours.

    Examples
    --------
    >>> type(training_memory()).__name__
    'VConcatChart'
    """
    from memwall_trends.workloads import find_device, load_model
    from memwall_trends.workloads.devices import GIBI

    refuse_choices("training-memory", choose, allowed=("overlay",))
    if len(devices) > 1:
        raise MemwallError("the figure training-memory shows one device: give --device once")
    transformer = load_model(model or TRAINED)
    device = find_device(devices[0] if devices else DEVICE, overlay=choose.get("overlay") or ())
    saved = _count_saved(transformer)
    limit = math.nan if device.memory_bytes is None else device.memory_bytes / 1e9
    needs = saved.groupby("bar", sort=False)["value"].sum()
    said = pd.DataFrame(
        {"bar": needs.index, "limit": limit, "text": [_compare(need, limit) for need in needs]}
    )
    title = f"{transformer.title} on {TRAINED_DEVICES} devices, each with {TRAINED_LENGTH:,} tokens"
    names = max(text_width(name, theme.find_size(size).font_size) for name in SAVINGS) + 10
    ours = draw_stacked_bars(
        saved, PARTS, x_title="Memory of one device (GB)", size=size, said=said, title=title, extent=names
    )
    known = "" if math.isnan(limit) else f" ({1e9 * limit / GIBI:.3g} GiB)"
    return theme.finish(
        [ours] if model else [ours, _draw_printed(size, names)],
        title=_say_saved(needs, transformer.title, device.name, limit),
        subtitle=f"Memory that training takes, by what saves it; marked: that of one {device.name}{known}",
        caption="Adam in mixed precision, by stage of ZeRO, then with recomputation of the attention scores "
        f"(selective) or of all layers (full). {'' if model else OF_PRINTED} "
        f"{describe_points(defaults.PAPER)}",
        size=size,
        spacing=24,
        bare=bare,
    )


def _draw_printed(size: str, extent: float) -> alt.LayerChart:
    """Return the paper's breakdown of Transformers, and ours of the same."""
    rows = _count_printed()
    needs = rows.groupby("bar", sort=False)["value"].sum()
    said = pd.DataFrame({"bar": needs.index, "limit": math.nan, "text": [_compare(each) for each in needs]})
    return draw_stacked_bars(
        rows,
        PARTS,
        x_title="Memory (GB)",
        size=size,
        said=said,
        title="The paper's models, as printed and as counted",
        extent=extent,
        legend=False,
    )


def _count_printed() -> pd.DataFrame:
    """Return the paper's breakdown of Transformers, and ours of the same: ``bar, part, value`` in GB."""
    from memwall_trends.workloads import count_training_memory, find_transformer

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


def _count_saved(transformer: Transformer) -> pd.DataFrame:
    from memwall_trends.workloads import count_training_memory

    frames = []
    for name, saving in SAVINGS.items():
        options: dict[str, Any] = {"sequence_length": TRAINED_LENGTH, "devices": TRAINED_DEVICES, **saving}
        counted = count_training_memory(transformer, **options)
        parts = counted[counted["part"] != "total"]
        frames.append(pd.DataFrame({"bar": name, "part": parts["part"], "value": parts["bytes"] / 1e9}))
    return pd.concat(frames, ignore_index=True)


def _compare(need: float, limit: float = math.nan) -> str:
    """Return what stands after a bar."""
    if math.isnan(limit):
        return f"{format_number(need, 3)} GB"
    return f"{format_number(need, 3)} of {format_number(limit, 3)} GB{': too much' if need > limit else ''}"


def _say_grown(needs: pd.Series, limits: pd.Series) -> str:
    """Return by how much training, and the memory of GPUs, grew from the first to the last of the models."""
    first, last = needs.index[0], needs.index[-1]
    if first == last or limits[[first, last]].isna().any():
        return f"Training {first} takes {format_number(needs.iloc[0], 3)} GB"
    grown, limited = (format_number(each[last] / each[first], 3) for each in (needs, limits))
    return f"From {first} to {last} the memory to train a model grew {grown}x, that of a GPU {limited}x"


def _say_saved(needs: pd.Series, title: str, device: str, limit: float) -> str:
    """Return from which memory to which all savings go, and how many of the ways fit into a device."""
    most, least = (format_number(each, 3) for each in (needs.iloc[0], needs.iloc[-1]))
    fits = "" if math.isnan(limit) else f"; {(needs <= limit).sum()} of {len(needs)} ways fit into {device}"
    return (
        f"Training {title} takes {most} GB of a device, with ZeRO 3 and full recomputation {least} GB{fits}"
    )
