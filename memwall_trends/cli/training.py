"""The commands about training: training-memory and training-time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.model_options import DEVICE, TRANSFORMER, WORKLOAD
from memwall_trends.cli.options import RESULT, Result
from memwall_trends.cli.output import emit
from memwall_trends.cli.workload_options import OF_PEAK, read_device
from memwall_trends.cli.workload_tables import describe_bound, number_of, show_training_time

if TYPE_CHECKING:
    from memwall_trends.selection import Choose
    from memwall_trends.workloads import Transformer


@app.command(
    "training-memory", epilog="Example: memwall-trends training-memory llama-3-8b --zero 3 --devices 8"
)
@takes(
    transformer=TRANSFORMER,
    work=WORKLOAD.only("sequence_length", "batch_size"),
    result=RESULT.only("format_"),
)
def training_memory(
    *,
    work: dict[str, Any],
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="mixed (16 bits and a master copy) or fp32.")
    ] = "mixed",
    optimizer: Annotated[str, typer.Option(metavar="NAME", help="adam, momentum or sgd.")] = "adam",
    gradient_bytes: Annotated[
        float | None, typer.Option(metavar="BYTES", help="Of a gradient; as a parameter by default.")
    ] = None,
    activation_bytes: Annotated[
        float | None,
        typer.Option(metavar="BYTES", help="Of an element kept for the way back; as a parameter by default."),
    ] = None,
    activations: Annotated[
        str,
        typer.Option(metavar="WAY", help="flash (no scores, no dropout) or paper (both, without logits)."),
    ] = "flash",
    recompute: Annotated[
        str, typer.Option(metavar="WHAT", help="none, selective (attention scores) or full.")
    ] = "none",
    zero: Annotated[int, typer.Option(metavar="STAGE", help="Of ZeRO: 0 to 3.")] = 0,
    devices: Annotated[
        int, typer.Option(metavar="N", help="Data-parallel devices, among which ZeRO divides.")
    ] = 1,
    transformer: Transformer,
    result: Result,
) -> None:
    """Count the memory that training takes on one device: parameters, gradients, optimizer, activations."""
    import pandas as pd

    from memwall_trends.units import format_number
    from memwall_trends.workloads import count_training_memory
    from memwall_trends.workloads.training import ACTIVATIONS

    choices: dict[str, Any] = {
        **work,
        "precision": precision,
        "optimizer": optimizer,
        "gradient_bytes": gradient_bytes,
        "activation_bytes": activation_bytes,
        "activations": activations,
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
        result.format_,
        records={"model": transformer.name, **choices, "parts": memory.to_dict(orient="records")},
        shown=shown,
        title=f"{transformer.title}: memory of one device in training",
        notes=[
            f"{format_number(transformer.parameters / 1e9)} billion parameters, {precision}, {optimizer}; "
            f"{number_of(work['batch_size'], 'sequence')} of {number_of(work['sequence_length'], 'token')}; "
            f"ZeRO stage {zero} on {number_of(devices, 'device')}; recomputation: {recompute}.",
            f"Activations {ACTIVATIONS[activations]}. What frameworks add is not counted.",
        ],
    )


@app.command(
    "training-time",
    epilog='Example: memwall-trends training-time llama-3-8b --tokens 15e12 --device "H100 SXM5"',
)
@takes(
    transformer=TRANSFORMER,
    on=DEVICE,
    choose=OF_PEAK,
    result=RESULT.only("format_"),
)
def training_time(
    *,
    tokens: Annotated[float, typer.Option(metavar="N", help="That the model is trained on, as in 15e12.")],
    sequence_length: Annotated[int, typer.Option(metavar="N", help="Tokens of each sequence.")] = 4096,
    devices: Annotated[int, typer.Option(metavar="N", help="So many.")] = 1,
    recompute: Annotated[
        str, typer.Option(metavar="WHAT", help="none, selective, or full (the way there twice).")
    ] = "none",
    transformer: Transformer,
    on: dict[str, Any],
    choose: Choose,
    result: Result,
) -> None:
    """Bound the time that training takes: its operations at the peak rate."""
    from memwall_trends.workloads import count_training_time

    found = read_device(on, choose)
    record = count_training_time(
        transformer,
        found,
        tokens=tokens,
        sequence_length=sequence_length,
        devices=devices,
        recompute=recompute,
    )
    emit(
        result.format_,
        records=record,
        shown=show_training_time(record),
        title=f"{transformer.title}: time to train on {number_of(devices, 'device')} ({found.name})",
        notes=[
            "Operations of the way there, of the way back twice as many; nothing waits for memory or links. "
            + describe_bound(found, least_traffic=False)
        ],
    )
