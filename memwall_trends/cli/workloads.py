"""The commands about workloads: workload, roofline, serve, measured and when-bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import Option, takes
from memwall_trends.cli.model_options import DEVICE, LAYOUT, OPTIONAL_TRANSFORMER, TRANSFORMER, WORKLOAD
from memwall_trends.cli.options import CSV_COLUMNS, RESULT, SELECTION, Result
from memwall_trends.cli.output import emit, to_records
from memwall_trends.cli.service_tables import (
    describe_service,
    note_measurements,
    show_batches,
    show_measurements,
    show_service,
)
from memwall_trends.cli.workload_options import AS_WIDE_AS_PEAK, OF_PEAK, read_device, read_workload
from memwall_trends.cli.workload_tables import (
    describe_bound,
    describe_counted,
    describe_fit,
    describe_held,
    describe_layout,
    note_levers,
    note_when,
    show_bounds,
    show_device,
    show_levers,
    show_operators,
    show_placement,
    show_when,
)

if TYPE_CHECKING:
    from memwall_trends.selection import Choose
    from memwall_trends.workloads import Layout, Transformer


@app.command(epilog="Example: memwall-trends workload bert-base --sequence-length 512 --bytes 1")
@takes(work=WORKLOAD, transformer=TRANSFORMER, result=RESULT.only("format_"))
def workload(work: dict[str, Any], transformer: Transformer, result: Result) -> None:
    """Count what running a Transformer costs: operations, bytes and arithmetic intensity by operator."""
    from memwall_trends.workloads import count_cost

    counted = read_workload(transformer, work, element_bytes=2.0, output_head=False)
    record = count_cost(counted).to_record()
    emit(
        result.format_,
        records=record,
        shown=show_operators([*record["operators"], record["total"]]),
        title=f"{counted.transformer.title}, {counted.phase}",
        notes=[
            describe_counted(counted),
            describe_held(counted),
        ],
    )


@app.command(epilog='Example: memwall-trends roofline llama-3-8b --device "NVIDIA H100 SXM5" --batch-size 16')
@takes(
    transformer=OPTIONAL_TRANSFORMER.reworded(
        "model", "A built-in model, as in gpt2 ('data show transformers'), or a file; none: only the device."
    ),
    work=AS_WIDE_AS_PEAK.with_defaults(fused=True),
    choose=OF_PEAK,
    on=DEVICE,
    layout=LAYOUT,
    result=RESULT.only("format_"),
)
def roofline(
    *,
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
    work: dict[str, Any],
    transformer: Transformer | None,
    on: dict[str, Any],
    layout: Layout,
    choose: Choose,
    result: Result,
) -> None:
    """Place a workload on the roofline of a device: memory- or compute-bound, and the least time it takes."""
    from memwall_trends.errors import MemwallError
    from memwall_trends.workloads import compare_levers, place
    from memwall_trends.workloads.devices import describe_device

    found = read_device(on, choose)
    if transformer is None:
        if levers:
            raise MemwallError(
                "--levers compares what a model does: name one, as in 'roofline gpt2 --levers'"
            )
        emit(
            result.format_,
            records=describe_device(found),
            shown=show_device(found),
            title=found.name,
            notes=["Name a model, as in 'roofline gpt2', to place it on this roofline."],
        )
        return
    counted = read_workload(
        transformer, work, element_bytes=found.element_bytes, output_head=transformer.has_output_head
    )
    placed = place(counted, found, layout=layout)
    record = placed.to_record()
    many = f"{layout.devices} x " if layout.devices > 1 else ""
    further = {"By operator": show_bounds(record["operators"])}
    if levers:
        compared = compare_levers(
            counted,
            found,
            layout=layout,
            smaller=smaller,
            pruned_share=pruned_share,
            acceptance_rate=acceptance_rate,
            draft_length=draft_length,
        )
        record["levers"] = compared.to_dict(orient="records")
        further["Ways out"] = show_levers(record["levers"])
    emit(
        result.format_,
        records=record,
        shown=show_placement(placed),
        title=f"{counted.transformer.title}, {counted.phase}, on {many}{found.name}",
        further=further,
        notes=[
            describe_counted(placed.cost.workload),
            describe_bound(found, least_traffic=counted.fused),
            *describe_layout(layout, transformer),
            *([describe_fit(placed)] if placed.fits is False else []),
            *([note_levers(record["levers"])] if levers else []),
        ],
    )


@app.command(epilog='Example: memwall-trends serve llama-3-70b --device "NVIDIA H100 SXM5" --devices 8')
@takes(
    transformer=TRANSFORMER,
    work=WORKLOAD.only(
        "element_bytes", "weight_bytes", "activation_bytes", "cache_bytes", "sparsity"
    ).reworded(
        "element_bytes", "Of an element; by default as wide as the number format of the device's peak."
    ),
    on=DEVICE,
    layout=LAYOUT,
    choose=OF_PEAK,
    result=RESULT.only("format_"),
)
def serve(
    *,
    prompt: Annotated[int, typer.Option(metavar="N", help="Tokens that a request brings.")] = 2048,
    output: Annotated[int, typer.Option(metavar="N", help="Tokens that a request gets.")] = 512,
    cached: Annotated[
        int, typer.Option(metavar="N", help="Of the prompt, tokens that are in the cache already.")
    ] = 0,
    batch_size: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Requests at once; by default powers of two that fit. Repeatable."),
    ] = None,
    prefill_device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Devices of their own take prompts: this one.")
    ] = None,
    prefill_devices: Annotated[
        int | None, typer.Option(metavar="N", help="So many of those; by default one.")
    ] = None,
    transformer: Transformer,
    work: dict[str, Any],
    on: dict[str, Any],
    layout: Layout,
    choose: Choose,
    result: Result,
) -> None:
    """Answer requests: time to the first token, time of each further one, tokens per second by batch size."""
    from memwall_trends.workloads import Layout, Service
    from memwall_trends.workloads.work import ELEMENTS

    found = read_device(on, choose)
    own_prefill = prefill_device is not None or prefill_devices is not None
    named = {**on, "device": prefill_device} if prefill_device else on
    fields = dict(work)
    widths = dict.fromkeys(ELEMENTS, fields.pop("element_bytes", found.element_bytes))
    service = Service(
        transformer=transformer,
        device=found,
        layout=layout,
        prompt_length=prompt,
        output_length=output,
        cached_length=cached,
        prefill_device=read_device(named, choose) if own_prefill else None,
        prefill_layout=Layout(devices=1 if prefill_devices is None else prefill_devices),
        **{**widths, **fields},
    )
    record = service.to_record(batch_size or ())
    many = f"{layout.devices} x " if layout.devices > 1 else ""
    emit(
        result.format_,
        records=record,
        shown=show_service(record),
        title=f"{transformer.title}, served on {many}{found.name}",
        further={"By requests at once": show_batches(record)},
        notes=[*describe_service(service, record), *describe_layout(layout, transformer)],
    )


@app.command(epilog="Example: memwall-trends measured --format csv")
@takes(choose=SELECTION.only("overlay"), result=RESULT.only("format_"))
def measured(choose: Choose, result: Result) -> None:
    """Set published measurements of serving beside the bounds that they must not break."""
    from memwall_trends.workloads import compare_measurements

    compared = compare_measurements(choose.get("overlay", ()))
    emit(
        result.format_,
        records=to_records(compared),
        shown=show_measurements(compared),
        title="Measurements of serving and their bounds",
        notes=note_measurements(compared),
    )


@app.command("when-bound", epilog="Example: memwall-trends when-bound gpt2 --phase decode")
@takes(
    transformer=TRANSFORMER,
    work=WORKLOAD.without("weight_bytes", "activation_bytes", "cache_bytes")
    .with_defaults(fused=True)
    .with_options(
        batch_size=Option(
            list[int] | None, None, "Sequences at once; 1, 4, ... 1024 by default. Repeatable.", "N"
        )
    )
    .reworded(
        "element_bytes", "Of an element; by default as wide as the number format of each device's peak."
    ),
    choose=SELECTION.without("scope", "frontier", *CSV_COLUMNS),
    result=RESULT.without("per"),
)
def when_bound(
    *,
    work: dict[str, Any],
    transformer: Transformer,
    at: Annotated[
        str, typer.Option(metavar="YEAR", help="Project machine balance to it.", rich_help_panel="Result")
    ] = "2030",
    choose: Choose,
    result: Result,
) -> None:
    """Tell since which year a workload is memory-bound on the fastest device of its time, and what comes."""
    from memwall_trends.units import parse_year
    from memwall_trends.workloads import find_when_bound
    from memwall_trends.workloads.bounds import BATCH_SIZES

    fields = dict(work)
    batch_sizes = fields.pop("batch_size", BATCH_SIZES)
    found = find_when_bound(
        transformer,
        batch_sizes=batch_sizes,
        at=parse_year(at),
        level=result.level,
        **fields,
        **choose,
    )
    emit(
        result.format_,
        records=found.to_record(),
        shown=show_when(found, at),
        title=f"{found.workload.transformer.title}, {found.workload.phase}: since when memory-bound",
        notes=note_when(found, at, work.get("element_bytes")),
    )
