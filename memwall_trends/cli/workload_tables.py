"""What the commands about workloads print for a reader."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.workloads import Device, Layout, Placement, Transformer, WhenBound, Workload

MOST_EXCEPTIONS = 3


def describe_counted(counted: Workload) -> str:
    """Return in words what of a workload is counted."""
    from memwall_trends.workloads.work import ELEMENTS, ENCODE, PHASES

    widths = [getattr(counted, each) for each in ELEMENTS]
    bytes_ = (
        f"{number_of(widths[0], 'byte')} an element"
        if len(set(widths)) == 1
        else f"{number_of(widths[0], 'byte')} a weight, {widths[1]:g} an activation, {widths[2]:g} a "
        "cached element"
    )
    parts = [
        f"{number_of(counted.batch_size, 'sequence')} of {number_of(counted.new_tokens, 'token')}"
        + (f" after a prompt of {counted.prompt_length:,}" if counted.prompt_length else ""),
        bytes_,
        "scores and element-wise results stay on the chip"
        if counted.fused
        else "scores and element-wise results go to memory (--fused: they stay on the chip)",
    ]
    if counted.cached_activations:
        parts.append("activations stay in the last-level cache")
    if counted.sparsity:
        parts.append(f"{100 * counted.sparsity:g}% of the weights pruned")
    if counted.phase != ENCODE:
        parts.append("output head counted" if counted.output_head else "output head not counted (--head)")
    return f"{counted.phase.capitalize()}: {PHASES[counted.phase]}. {'; '.join(parts)}."


def describe_held(counted: Workload) -> str:
    """Return in words how large a model is and what memory must hold of it."""
    from memwall_trends.units import format_number

    transformer = counted.transformer
    parts = [f"{format_number(transformer.parameters / 1e9)} billion parameters"]
    if transformer.active_parameters < transformer.parameters:
        parts.append(f"of which a token uses {format_number(transformer.active_parameters / 1e9)} billion")
    held = [f"{gigabytes(counted.weights_held_bytes)} of weights"]
    if counted.cache_held_bytes:
        what = "cache and state" if transformer.state_elements else "cache"
        held.append(f"{gigabytes(counted.cache_held_bytes)} of {what}")
    experts = (
        " How many experts a pass reads is an estimate: all equally likely."
        if transformer.has_experts
        else ""
    )
    return f"{', '.join(parts)}. To hold: {', '.join(held)}.{experts}"


def describe_fit(placed: Placement) -> str:
    """Return in words that a workload does not fit into memory, and into how many it would."""
    memory = placed.device.memory_bytes or math.nan
    needed = placed.count_devices_needed()
    way_out = f"--devices {needed} holds it" if needed else "no number of devices that share each matrix does"
    return (
        f"It does not fit: {gigabytes(placed.memory_needed_bytes)} for a device of "
        f"{describe_memory(memory)}; {way_out}."
    )


def describe_bound(device: Device, *, least_traffic: bool) -> str:
    """Return in words what the times are: a bound, or an estimate."""
    traffic = ", least traffic" if least_traffic else ""
    if device.is_bound:
        return f"A bound, no forecast: peak rates, computing and moving at once, no latency{traffic}."
    parts = [f"{100 * device.efficiency:g}% of the peak rates"] if device.efficiency < 1 else ["peak rates"]
    if device.operator_time_s:
        parts.append(f"{1e6 * device.operator_time_s:g} microseconds an operator")
    return f"An estimate, no bound: {', '.join(parts)}, computing and moving at once{traffic}."


def describe_layout(layout: Layout, transformer: Transformer) -> list[str]:
    """Return in words how devices share a model, and what is uneven then."""
    if layout.devices == 1:
        return []
    parts = [
        number_of(layout.devices, "device"),
        f"{layout.tensor} share each matrix" if layout.tensor > 1 else "",
        number_of(layout.pipeline, "stage") if layout.pipeline > 1 else "",
        f"{layout.data} copies" if layout.data > 1 else "",
        "whole experts are given out" if layout.expert_parallel else "",
    ]
    uneven = layout.find_uneven(transformer)
    notes = [f"{', '.join(part for part in parts if part)}."]
    if uneven:
        notes.append(f"Not even, so the one with most sets the pace: {'; '.join(uneven)}.")
    return notes


def show_operators(operators: list[dict[str, Any]]) -> pd.DataFrame:
    """Return what each operator costs, as a reader sees it; the total last."""
    import pandas as pd

    from memwall_trends.units import format_number

    total = operators[-1]
    return pd.DataFrame(
        {
            "operator": [each["operator"] for each in operators],
            "GFLOP": [format_number(each["flops"] / 1e9) for each in operators],
            "share": [f"{100 * each['flops'] / total['flops']:.1f}%" for each in operators],
            "GB moved": [format_number(each["bytes"] / 1e9) for each in operators],
            "share ": [f"{100 * each['bytes'] / total['bytes']:.1f}%" for each in operators],
            "FLOP/byte": [format_number(each["arithmetic_intensity"]) for each in operators],
        }
    )


def show_device(device: Device) -> pd.DataFrame:
    """Return what a roofline needs of a device, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    rows = [
        ("peak", f"{format_number(device.peak_flops / 1e12)} TFLOP/s ({device.number_format})"),
        ("DRAM bandwidth", f"{format_number(device.bandwidth_bytes_s / 1e12)} TB/s"),
        ("ridge point", f"{format_number(device.ridge_point)} FLOP/byte"),
    ]
    if device.link_bytes_s:
        rows.append(("links, one direction", f"{format_number(device.link_bytes_s / 1e9)} GB/s"))
    if device.memory_bytes:
        rows.append(("memory", describe_memory(device.memory_bytes)))
    if device.tdp_w:
        rows.append(("board power", f"{device.tdp_w:,.4g} W"))
    return pd.DataFrame(rows, columns=["quantity", "value"])


def show_placement(placed: Placement) -> pd.DataFrame:
    """Return where a workload lies on a roofline, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    least, at_most = ("least ", " at most") if placed.device.is_bound else ("", "")
    others = [name for name in placed.times_s if name != placed.bound]
    second = max(others, key=lambda name: placed.times_s[name])
    rows = [
        ("arithmetic intensity", f"{format_number(placed.arithmetic_intensity)} FLOP/byte"),
        (
            "ridge point",
            f"{format_number(placed.device.ridge_point)} FLOP/byte ({placed.device.number_format})",
        ),
        ("bound", f"{placed.bound}, {format_number(placed.factor, 3)}x the time of {second}"),
        ("attainable", f"{format_number(placed.attainable_flops / 1e12)} TFLOP/s of one device"),
        (f"{least}time", f"{format_number(1e3 * placed.time_s)} ms"),
        (f"{least}time per token", f"{format_number(1e3 * placed.time_per_token_s)} ms"),
        ("tokens per second", f"{format_number(placed.tokens_per_second)} of one device{at_most}"),
        ("memory to hold", f"{format_number(placed.memory_needed_bytes / 1e9)} GB of one device"),
    ]
    return pd.DataFrame(rows, columns=["quantity", "value"])


def show_bounds(operators: list[dict[str, Any]]) -> pd.DataFrame:
    """Return what bounds each operator, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    return pd.DataFrame(
        {
            "operator": [each["operator"] for each in operators],
            "FLOP/byte": [format_number(each["arithmetic_intensity"]) for each in operators],
            "bound": [each["bound"] for each in operators],
            "least ms": [format_number(1e3 * each["time_s"]) for each in operators],
        }
    )


def show_levers(levers: list[dict[str, Any]]) -> pd.DataFrame:
    """Return what each way out does, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    return pd.DataFrame(
        {
            "lever": [each["lever"] for each in levers],
            "FLOP/byte": [format_number(each["arithmetic_intensity"], 3) for each in levers],
            "ridge": [format_number(each["ridge_point"], 3) for each in levers],
            "bound": [each["bound"] for each in levers],
            "ms/token": [format_number(1e3 * each["time_per_token_s"], 3) for each in levers],
            "speed-up": [f"{format_number(each['speedup'], 3)}x" for each in levers],
            "fits": [{True: "yes", False: "no"}.get(each["fits"], "?") for each in levers],
        }
    )


def note_levers(levers: list[dict[str, Any]]) -> str:
    """Return what the columns of `show_levers` assume, of the levers that are there."""
    assumed = {
        "": "Speed-up in tokens per second. Fits: whether memory holds weights and cache. Pruned weights are "
        "neither stored nor multiplied.",
        "2 of 4": "Structured sparsity stores where the weights are.",
        "multi-token": "Predicted tokens are kept independently of each other.",
        "smaller": "A smaller model gives other answers.",
        "speculative": "Drafts are kept independently of each other.",
    }
    names = [str(each["lever"]) for each in levers]
    return " ".join(text for start, text in assumed.items() if any(name.startswith(start) for name in names))


def show_training_time(record: dict[str, Any]) -> pd.DataFrame:
    """Return the time that training takes, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    rows = [
        ("FLOP a token", f"{format_number(record['flops_per_token'] / 1e9)} GFLOP"),
        ("FLOP in all", f"{record['flops']:.3e}"),
        ("time", f"{format_number(record['time_s'] / 86400, 3)} days"),
        ("device hours", f"{record['device_hours']:,.0f}"),
    ]
    return pd.DataFrame(rows, columns=["quantity", "value"])


def show_when(found: WhenBound, at: str) -> pd.DataFrame:
    """Return since when a workload is memory-bound, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    rows = found.batches.to_dict(orient="records")
    return pd.DataFrame(
        {
            "batch": [f"{row['batch_size']}" for row in rows],
            "FLOP/byte": [format_number(row["arithmetic_intensity"], 3) for row in rows],
            "since": [row["since"][:4] or "not yet" for row in rows],
            "first device": [row["since_device"] for row in rows],
            "bound": [f"{row['memory_bound_devices']} of {len(found.frontier)}" for row in rows],
            "trend passes": [_show_year(row["trend_year"]) for row in rows],
            f"in {at}": [row["bound_projected"] for row in rows],
        }
    )


def note_when(found: WhenBound, at: str, element_bytes: float | None) -> list[str]:
    """Return what the columns of `show_when` mean, and the projection."""
    from memwall_trends.units import format_interval, format_level, format_number

    projected = found.projection
    first, last = found.frontier.iloc[0], found.frontier.iloc[-1]
    widths = (
        "elements as wide as the number format of each device's peak"
        if element_bytes is None
        else f"{number_of(element_bytes, 'byte')} an element"
    )
    today = found.frontier["value"].iloc[-1]
    told = projected["calibrated_low"] == projected["calibrated_low"]  # not so of what is not a number
    ends = ("calibrated_low", "calibrated_high") if told else ("low", "high")
    interval = format_interval(projected[ends[0]], projected[ends[1]], 3)
    smallest = found.batches.iloc[0]
    exceptions = str(smallest["compute_bound_names"]).split("; ")
    named = exceptions[0] and len(exceptions) <= MOST_EXCEPTIONS
    return [
        f"{number_of(found.workload.new_tokens, 'token')} of each sequence; {widths}. FLOP/byte: of the "
        "workload, on the last device.",
        f"Since: the first of the {len(found.frontier)} devices with the highest peak of their time "
        f"({first['name']}, {first['date'].year}, to {last['name']}, {last['date'].year}, now "
        f"{format_number(float(today), 3)} FLOP/byte) from which on all are memory-bound. "
        "Bound: how many of them are."
        + (f" Not at batch {smallest['batch_size']}: {', '.join(exceptions)}." if named else ""),
        "Trend passes: when machine balance of all devices does. In "
        f"{at} it is projected at {format_number(projected['ratio'], 3)} FLOP/byte, "
        f"{'calibrated ' if told else ''}{format_level(found.level)} prediction interval {interval}: "
        "memory or compute where the whole interval says so, else either.",
        *found.outlook.describe([projected["year"]], found.level),
    ]


def _show_year(year: float) -> str:
    return f"{year:.1f}" if math.isfinite(year) else "never"


def gigabytes(number: float) -> str:
    """Return bytes in GB for a reader."""
    from memwall_trends.units import format_number

    return f"{format_number(number / 1e9, 3)} GB"


def describe_memory(number: float) -> str:
    """Return the memory of a device, which vendors count in GiB.

    Examples
    --------
    >>> describe_memory(80 * 1024**3)
    '80 GiB (85.9 GB)'
    """
    from memwall_trends.units import format_number

    return f"{number / 1024**3:.4g} GiB ({format_number(number / 1e9, 3)} GB)"


def number_of(number: float, thing: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> number_of(1.0, "byte"), number_of(2048, "token")
    ('1 byte', '2,048 tokens')
    """
    return f"{number:,.15g} {thing}{'' if number == 1 else 's'}"
