"""The command about networks that are no Transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.model_options import DEVICE, WORKLOAD
from memwall_trends.cli.options import RESULT, Result
from memwall_trends.cli.output import emit
from memwall_trends.cli.workload_options import OF_PEAK, read_device
from memwall_trends.cli.workload_tables import describe_bound, number_of, show_operators

if TYPE_CHECKING:
    from memwall_trends.selection import Choose


@app.command(epilog="Example: memwall-trends network resnet-50 --batch-size 64")
@takes(
    work=WORKLOAD.only("batch_size", "element_bytes"),
    on=DEVICE,
    choose=OF_PEAK,
    result=RESULT.only("format_"),
)
def network(
    name: Annotated[str, typer.Argument(help="A network, as in resnet-50 ('data show network_layers').")],
    *,
    work: dict[str, Any],
    on: dict[str, Any],
    choose: Choose,
    result: Result,
) -> None:
    """Count what running a network of convolutions, or a recommender, costs by kind of layer."""
    from memwall_trends.units import format_number
    from memwall_trends.workloads import find_network
    from memwall_trends.workloads.devices import describe_device

    found = find_network(name)
    device = read_device(on, choose) if {"device", "peak", "bandwidth"} & set(on) else None
    usual = device.element_bytes if device else 2.0
    batch_size, width = work["batch_size"], work.get("element_bytes", usual)
    counted = found.count_cost(batch_size, width)
    rows, total = [each.to_record() for each in counted], counted[-1]
    record: dict[str, Any] = {
        "network": found.name,
        "title": found.title,
        "batch_size": batch_size,
        "element_bytes": width,
        "parameters": found.parameters,
        "operators": rows[:-1],
        "total": rows[-1],
    }
    notes = [
        f"{format_number(found.parameters / 1e6)} million parameters. {number_of(batch_size, 'input')}; "
        f"{number_of(width, 'byte')} an element; each layer reads weights and inputs and writes outputs once."
    ]
    if device:
        times = {
            "memory": total.bytes / device.bandwidth_bytes_s,
            "compute": total.flops / device.peak_flops,
        }
        bound = max(times, key=lambda each: times[each])
        record |= {**describe_device(device), "bound": bound, "time_s": times[bound]}
        notes += [
            f"On {device.name} ({device.number_format}): {bound}-bound, "
            f"{format_number(1e3 * times[bound], 3)} ms "
            f"at least; ridge point {format_number(device.ridge_point, 3)} FLOP/byte.",
            describe_bound(device, least_traffic=False),
        ]
    emit(result.format_, records=record, shown=show_operators(rows), title=found.title, notes=notes)
