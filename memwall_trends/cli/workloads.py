"""The commands about workloads: workload, roofline, when-bound and training-memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.options import (
    Conditions,
    Dataset,
    Kind,
    Level,
    Output,
    OutputFormat,
    Precision,
    Since,
    Until,
    Vendor,
    With,
    read_conditions,
)
from memwall_trends.cli.output import emit
from memwall_trends.cli.workload_tables import (
    describe_counted,
    describe_fit,
    describe_held,
    note_levers,
    note_when,
    number_of,
    show_bounds,
    show_device,
    show_levers,
    show_operators,
    show_placement,
    show_when,
)

if TYPE_CHECKING:
    from memwall_trends.workloads import Transformer, Workload

Model = Annotated[
    str, typer.Argument(help="A built-in model, as in gpt2 or llama-3-8b ('data show transformers').")
]
Phase = Annotated[
    str | None,
    typer.Option(
        metavar="PHASE",
        help="encode (encoders), prefill or decode (decoders, the default).",
        rich_help_panel="Workload",
    ),
]
SequenceLength = Annotated[
    int, typer.Option(metavar="N", help="Tokens of each sequence at the end.", rich_help_panel="Workload")
]
PromptLength = Annotated[
    int,
    typer.Option(
        metavar="N", help="Of them, tokens that the cache holds at the start.", rich_help_panel="Workload"
    ),
]
BatchSize = Annotated[int, typer.Option(metavar="N", help="Sequences at once.", rich_help_panel="Workload")]
WeightBytes = Annotated[
    float | None, typer.Option(metavar="BYTES", help="Of a weight.", rich_help_panel="Workload")
]
ActivationBytes = Annotated[
    float | None,
    typer.Option(metavar="BYTES", help="Of an element of an activation.", rich_help_panel="Workload"),
]
CacheBytes = Annotated[
    float | None,
    typer.Option(metavar="BYTES", help="Of an element of keys and values.", rich_help_panel="Workload"),
]
Sparsity = Annotated[
    float, typer.Option(metavar="SHARE", help="Of the weights, pruned away.", rich_help_panel="Workload")
]
Fused = Annotated[
    bool,
    typer.Option(
        "--fused/--unfused",
        help="Keep scores and element-wise results on the chip, or send all to memory.",
        rich_help_panel="Workload",
    ),
]
Head = Annotated[
    bool | None,
    typer.Option(
        "--head/--no-head",
        help="Count the output head of a decoder; a bound does unless told otherwise.",
        rich_help_panel="Workload",
    ),
]
Peak = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="FORMAT",
        help="Of the peak: a number format (fp64, tf32, bf16, fp8, int8, ...), or a policy of 'rate': best16 "
        "(the default), fp16 (with bf16), fastest.",
        rich_help_panel="Selection",
    ),
]
Layers = Annotated[
    int | None, typer.Option(metavar="N", help="Another number of layers.", rich_help_panel="Sizes")
]
HiddenSize = Annotated[
    int | None, typer.Option(metavar="N", help="Another hidden size.", rich_help_panel="Sizes")
]
Heads = Annotated[
    int | None, typer.Option(metavar="N", help="Another number of heads.", rich_help_panel="Sizes")
]
KeyValueHeads = Annotated[
    int | None,
    typer.Option(metavar="N", help="Heads with keys and values of their own.", rich_help_panel="Sizes"),
]
FeedForwardSize = Annotated[
    int | None, typer.Option(metavar="N", help="Another feed-forward size.", rich_help_panel="Sizes")
]
Gated = Annotated[
    bool | None,
    typer.Option(
        "--gated/--not-gated", help="Whether the feed-forward network has a gate.", rich_help_panel="Sizes"
    ),
]


@app.command(epilog="Example: memwall-trends workload bert-base --sequence-length 512 --bytes 1")
def workload(
    model: Model,
    phase: Phase = None,
    sequence_length: SequenceLength = 512,
    prompt_length: PromptLength = 0,
    batch_size: BatchSize = 1,
    bytes_: Annotated[
        float | None,
        typer.Option(
            "--bytes",
            metavar="BYTES",
            help="Of an element: weights, activations and cache; 2 by default.",
            rich_help_panel="Workload",
        ),
    ] = None,
    weight_bytes: WeightBytes = None,
    activation_bytes: ActivationBytes = None,
    cache_bytes: CacheBytes = None,
    sparsity: Sparsity = 0.0,
    fused: Fused = False,
    head: Head = None,
    layers: Layers = None,
    hidden_size: HiddenSize = None,
    heads: Heads = None,
    key_value_heads: KeyValueHeads = None,
    feed_forward_size: FeedForwardSize = None,
    gated: Gated = None,
    format_: Output = OutputFormat.TABLE,
) -> None:
    """Count what running a Transformer costs: operations, bytes and arithmetic intensity by operator."""
    from memwall_trends.workloads import count_cost

    counted = _read_workload(
        _read_model(model, layers, hidden_size, heads, key_value_heads, feed_forward_size, gated),
        phase=phase,
        element_bytes=_read_bytes(bytes_, weight_bytes, activation_bytes, cache_bytes, 2.0),
        sequence_length=sequence_length,
        prompt_length=prompt_length,
        batch_size=batch_size,
        sparsity=sparsity,
        fused=fused,
        output_head=bool(head),
    )
    record = count_cost(counted).to_record()
    emit(
        format_,
        records=record,
        shown=show_operators([*record["operators"], record["total"]]),
        title=f"{counted.transformer.title}, {counted.phase}",
        notes=[
            describe_counted(counted),
            describe_held(counted),
        ],
    )


@app.command(epilog='Example: memwall-trends roofline llama-3-8b --device "NVIDIA H100 SXM5" --batch-size 16')
def roofline(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A built-in model, as in gpt2 ('data show transformers'); none: only the device."
        ),
    ] = None,
    *,
    device: Annotated[
        str, typer.Option(metavar="NAME", help="A device of the dataset, or a part of its name.")
    ],
    devices: Annotated[
        int, typer.Option(metavar="N", help="So many, tensor parallel: they share each matrix.")
    ] = 1,
    scale_compute: Annotated[
        float, typer.Option(metavar="FACTOR", help="A device of so many times the peak.")
    ] = 1.0,
    scale_bandwidth: Annotated[
        float, typer.Option(metavar="FACTOR", help="A device of so many times the bandwidth.")
    ] = 1.0,
    levers: Annotated[bool, typer.Option("--levers", help="Compare the ways out of the wall.")] = False,
    smaller: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Of the levers: the smaller model, which also drafts.")
    ] = None,
    pruned_share: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the levers: weights that pruning takes.")
    ] = 0.5,
    acceptance_rate: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the levers: drafted tokens that are kept.")
    ] = 0.8,
    draft_length: Annotated[
        int, typer.Option(metavar="N", help="Of the levers: tokens drafted at a time.")
    ] = 4,
    phase: Phase = None,
    sequence_length: SequenceLength = 512,
    prompt_length: PromptLength = 0,
    batch_size: BatchSize = 1,
    bytes_: Annotated[
        float | None,
        typer.Option(
            "--bytes",
            metavar="BYTES",
            help="Of an element; by default as wide as the number format of the device's peak.",
            rich_help_panel="Workload",
        ),
    ] = None,
    weight_bytes: WeightBytes = None,
    activation_bytes: ActivationBytes = None,
    cache_bytes: CacheBytes = None,
    sparsity: Sparsity = 0.0,
    fused: Fused = True,
    head: Head = None,
    layers: Layers = None,
    hidden_size: HiddenSize = None,
    heads: Heads = None,
    key_value_heads: KeyValueHeads = None,
    feed_forward_size: FeedForwardSize = None,
    gated: Gated = None,
    dataset: Dataset = defaults.DATASET,
    precision: Peak = None,
    with_: With = None,
    format_: Output = OutputFormat.TABLE,
) -> None:
    """Place a workload on the roofline of a device: memory- or compute-bound, and the least time it takes."""
    from memwall_trends.errors import MemwallError
    from memwall_trends.workloads import compare_levers, find_device, place
    from memwall_trends.workloads.roofline import describe_device

    found = find_device(device, precision=precision, dataset=dataset, overlay=with_ or ())
    found = found.scale(scale_compute, scale_bandwidth)
    if model is None:
        if levers:
            raise MemwallError(
                "--levers compares what a model does: name one, as in 'roofline gpt2 --levers'"
            )
        emit(
            format_,
            records=describe_device(found),
            shown=show_device(found),
            title=found.name,
            notes=["Name a model, as in 'roofline gpt2', to place it on this roofline."],
        )
        return
    transformer = _read_model(model, layers, hidden_size, heads, key_value_heads, feed_forward_size, gated)
    counted = _read_workload(
        transformer,
        phase=phase,
        element_bytes=_read_bytes(bytes_, weight_bytes, activation_bytes, cache_bytes, found.element_bytes),
        sequence_length=sequence_length,
        prompt_length=prompt_length,
        batch_size=batch_size,
        sparsity=sparsity,
        fused=fused,
        output_head=transformer.has_output_head if head is None else head,
    )
    placed = place(counted, found, devices)
    record = placed.to_record()
    many = f"{devices} x " if devices > 1 else ""
    further = {"By operator": show_bounds(record["operators"])}
    if levers:
        compared = compare_levers(
            counted,
            found,
            devices,
            smaller=smaller,
            pruned_share=pruned_share,
            acceptance_rate=acceptance_rate,
            draft_length=draft_length,
        )
        record["levers"] = compared.to_dict(orient="records")
        further["Ways out"] = show_levers(record["levers"])
    emit(
        format_,
        records=record,
        shown=show_placement(placed),
        title=f"{counted.transformer.title}, {counted.phase}, on {many}{found.name}",
        further=further,
        notes=[
            describe_counted(counted),
            "A bound, no forecast: peak rates, computing and moving at once, no latency"
            + (", least traffic." if fused else "."),
            *([describe_fit(placed)] if placed.fits is False else []),
            *([note_levers(record["levers"])] if levers else []),
        ],
    )


@app.command("when-bound", epilog="Example: memwall-trends when-bound gpt2 --phase decode")
def when_bound(
    model: Model,
    phase: Phase = None,
    sequence_length: SequenceLength = 512,
    prompt_length: PromptLength = 0,
    batch_size: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N",
            help="Sequences at once; 1, 4, ... 1024 by default. Repeatable.",
            rich_help_panel="Workload",
        ),
    ] = None,
    bytes_: Annotated[
        float | None,
        typer.Option(
            "--bytes",
            metavar="BYTES",
            help="Of an element; by default as wide as the number format of each device's peak.",
            rich_help_panel="Workload",
        ),
    ] = None,
    sparsity: Sparsity = 0.0,
    fused: Fused = True,
    head: Head = None,
    layers: Layers = None,
    hidden_size: HiddenSize = None,
    heads: Heads = None,
    key_value_heads: KeyValueHeads = None,
    feed_forward_size: FeedForwardSize = None,
    gated: Gated = None,
    at: Annotated[
        str, typer.Option(metavar="YEAR", help="Project machine balance to it.", rich_help_panel="Result")
    ] = "2030",
    dataset: Dataset = defaults.DATASET,
    since: Since = None,
    until: Until = None,
    where: Conditions = None,
    precision: Precision = None,
    kind: Kind = None,
    vendor: Vendor = None,
    with_: With = None,
    level: Level = defaults.LEVEL,
    format_: Output = OutputFormat.TABLE,
) -> None:
    """Tell since which year a workload is memory-bound on the fastest device of its time, and what comes."""
    from memwall_trends.units import parse_year
    from memwall_trends.workloads import find_when_bound
    from memwall_trends.workloads.bounds import BATCH_SIZES

    head_chosen: dict[str, Any] = {} if head is None else {"output_head": head}
    found = find_when_bound(
        _read_model(model, layers, hidden_size, heads, key_value_heads, feed_forward_size, gated),
        batch_sizes=batch_size or BATCH_SIZES,
        element_bytes=bytes_,
        at=parse_year(at),
        level=level,
        fused=fused,
        dataset=dataset,
        precision=precision,
        where=read_conditions(where, kind, vendor, None),
        since=since,
        until=until,
        overlay=with_ or (),
        phase=phase or "",
        sequence_length=sequence_length,
        prompt_length=prompt_length,
        sparsity=sparsity,
        **head_chosen,
    )
    emit(
        format_,
        records=found.to_record(),
        shown=show_when(found, at),
        title=f"{found.workload.transformer.title}, {found.workload.phase}: since when memory-bound",
        notes=note_when(found, at, bytes_),
    )


@app.command(
    "training-memory", epilog="Example: memwall-trends training-memory llama-3-8b --zero 3 --devices 8"
)
def training_memory(
    model: Model,
    sequence_length: SequenceLength = 512,
    batch_size: BatchSize = 1,
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="mixed (16 bits and a master copy) or fp32.")
    ] = "mixed",
    optimizer: Annotated[str, typer.Option(metavar="NAME", help="adam, momentum or sgd.")] = "adam",
    activation_bytes: Annotated[
        float | None,
        typer.Option(metavar="BYTES", help="Of an element kept for the way back; as a parameter by default."),
    ] = None,
    recompute: Annotated[
        str, typer.Option(metavar="WHAT", help="none, selective (attention scores) or full.")
    ] = "none",
    zero: Annotated[int, typer.Option(metavar="STAGE", help="Of ZeRO: 0 to 3.")] = 0,
    devices: Annotated[
        int, typer.Option(metavar="N", help="Data-parallel devices, among which ZeRO divides.")
    ] = 1,
    layers: Layers = None,
    hidden_size: HiddenSize = None,
    heads: Heads = None,
    key_value_heads: KeyValueHeads = None,
    feed_forward_size: FeedForwardSize = None,
    gated: Gated = None,
    format_: Output = OutputFormat.TABLE,
) -> None:
    """Count the memory that training takes on one device: parameters, gradients, optimizer, activations."""
    import pandas as pd

    from memwall_trends.units import format_number
    from memwall_trends.workloads import count_training_memory

    transformer = _read_model(model, layers, hidden_size, heads, key_value_heads, feed_forward_size, gated)
    choices: dict[str, Any] = {
        "sequence_length": sequence_length,
        "batch_size": batch_size,
        "precision": precision,
        "optimizer": optimizer,
        "activation_bytes": activation_bytes,
        "recompute": recompute,
        "zero": zero,
        "devices": devices,
    }
    memory = count_training_memory(transformer, **choices)
    parts = dict(zip(memory["part"], memory["bytes"], strict=True))
    shown = pd.DataFrame(
        {
            "part": list(parts),
            "GB": [format_number(each / 1e9) for each in parts.values()],
            "share": [f"{100 * each / parts['total']:.0f}%" for each in parts.values()],
        }
    )
    emit(
        format_,
        records={"model": transformer.name, **choices, "parts": memory.to_dict(orient="records")},
        shown=shown,
        title=f"{transformer.title}: memory of one device in training",
        notes=[
            f"{format_number(transformer.parameters / 1e9)} billion parameters, {precision}, {optimizer}; "
            f"{number_of(batch_size, 'sequence')} of {number_of(sequence_length, 'token')}; "
            f"ZeRO stage {zero} on {number_of(devices, 'device')}; recomputation: {recompute}.",
            "Activations after Korthikanti et al. 2022, with dropout; without it a model keeps less. Logits "
            "and what frameworks add are not counted.",
        ],
    )


def _read_model(
    name: str,
    layers: int | None,
    hidden_size: int | None,
    heads: int | None,
    key_value_heads: int | None,
    feed_forward_size: int | None,
    gated: bool | None,
) -> Transformer:
    from memwall_trends.workloads import find_transformer

    return find_transformer(name).reshape(
        layers=layers,
        hidden_size=hidden_size,
        heads=heads,
        key_value_heads=key_value_heads,
        feed_forward_size=feed_forward_size,
        gated=gated,
    )


def _read_bytes(
    all_: float | None,
    weight: float | None,
    activation: float | None,
    cache: float | None,
    usual: float,
) -> dict[str, float]:
    """Return the width of each kind of element: its own option, that of all, or the usual one."""
    from memwall_trends.workloads.costs import ELEMENTS

    common = usual if all_ is None else all_
    return {
        name: common if own is None else own
        for name, own in zip(ELEMENTS, (weight, activation, cache), strict=True)
    }


def _read_workload(
    transformer: Transformer, *, phase: str | None, element_bytes: dict[str, float], **options: Any
) -> Workload:
    from memwall_trends.workloads import Workload

    choices: dict[str, Any] = {**element_bytes, **options}
    return Workload(transformer=transformer, phase=phase or "", **choices)
