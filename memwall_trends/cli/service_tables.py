"""What the command about serving prints for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.cli.workload_tables import describe_bound, describe_memory, gigabytes

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.workloads import Service


def show_service(record: dict[str, Any]) -> pd.DataFrame:
    """Return what holds of a service whatever the batch, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    held = record["weights_held_bytes"]
    memory = "" if record["memory_bytes"] is None else f" of {describe_memory(record['memory_bytes'])}"
    turns = record["compute_bound_batch"]
    rows = [
        (
            "time to first token",
            f"{format_number(1e3 * record['time_to_first_token_s'], 3)} ms alone ({record['prompt_bound']})",
        ),
        ("cache of a request", gigabytes(record["cache_bytes_per_request"])),
        ("weights on a device", f"{gigabytes(held)}{memory}"),
        ("most requests that fit", _show_batch(record["largest_batch"])),
        ("if they began apart", _show_batch(record["largest_staggered_batch"])),
        ("decode computes longest", f"from {turns:,} requests on" if turns else "never"),
    ]
    if record["cache_transfer_s"] is not None:
        sent = f"{format_number(1e3 * record['cache_transfer_s'], 3)} ms over links"
        rows.insert(1, ("cache sent to the decode", sent))
    return pd.DataFrame(rows, columns=["quantity", "value"])


def show_batches(record: dict[str, Any]) -> pd.DataFrame:
    """Return what each batch size gives, as a reader sees it."""
    import pandas as pd

    from memwall_trends.units import format_number

    rows = record["batches"]
    return pd.DataFrame(
        {
            "batch": [f"{row['batch_size']:,}" for row in rows],
            "ms/token": [format_number(1e3 * row["time_per_output_token_s"], 3) for row in rows],
            "tok/s user": [format_number(row["tokens_per_second_user"], 3) for row in rows],
            "decode tok/s": [format_number(row["decode_tokens_per_second"], 3) for row in rows],
            "with prompts": [format_number(row["tokens_per_second"], 3) for row in rows],
            "a device": [format_number(row["tokens_per_second_device"], 3) for row in rows],
            "bound": [row["bound"] for row in rows],
            "J/token": [_show_energy(row["board_energy_per_token_j"]) for row in rows],
            "fits": [{True: "yes", False: "no"}.get(row["fits"], "?") for row in rows],
        }
    )


def describe_service(service: Service, record: dict[str, Any]) -> list[str]:
    """Return in words what is counted, and what the columns mean."""
    widths = [record["weight_bytes"], record["activation_bytes"], record["cache_bytes"]]
    cached = f", {service.cached_length:,} of them cached" if service.cached_length else ""
    notes = [
        f"A prompt of {service.prompt_length:,} tokens{cached}, an output of {service.output_length:,}; "
        f"bytes of a weight {widths[0]:g}, of an activation {widths[1]:g}, of what is cached {widths[2]:g}.",
        "Decode tok/s: if devices did nothing else. With prompts: of all requests, their prompts taken in by "
        + (
            f"{service.prefill_layout.devices} x {service.prefill_device.name}; a device: of both kinds."
            if service.prefill_device
            else "the same devices at once; a device: of that."
        ),
        describe_bound(service.device, least_traffic=True),
    ]
    if record["tdp_w"]:
        notes.append(
            f"J/token: {record['tdp_w']:g} W of board power a device over that time of a decode; less where "
            "it is not drawn, more where the time is not reached."
        )
    if service.transformer.has_experts:
        notes.append("How many experts a pass reads is an estimate: all equally likely.")
    if not all(row["fits"] is not False for row in record["batches"]):
        notes.append("What does not fit is shown all the same: fits says so.")
    return notes


def show_measurements(compared: pd.DataFrame) -> pd.DataFrame:
    """Return measurements with their bounds, as a reader sees them, the closest to its bound last."""
    import pandas as pd

    from memwall_trends.units import format_number

    rows = compared.sort_values("ratio", kind="stable").to_dict(orient="records")
    return pd.DataFrame(
        {
            "model": [row["model"] for row in rows],
            "on": [f"{row['devices']} x {row['device']}, {row['precision']}" for row in rows],
            "batch": [f"{row['batch_size']:,}" for row in rows],
            "tokens": [f"{row['prompt_length']:,} + {row['output_length']:,}" for row in rows],
            "tok/s": [format_number(row["value"], 3) for row in rows],
            "at most": [format_number(row["bound"], 3) for row in rows],
            "share": [f"{100 * row['ratio']:.0f}%" for row in rows],
        }
    )


def note_measurements(compared: pd.DataFrame) -> list[str]:
    """Return what the columns of `show_measurements` mean."""
    broken = int((compared["ratio"] > 1).sum())
    return [
        f"{len(compared)} measurements from {compared['source'].nunique()} sources ('data show "
        f"serving_measurements'); {broken or 'none'} above its bound. Half of them reach "
        f"{100 * compared['ratio'].median():.0f}% of it or more.",
        "Tokens: of the prompt and of the output. tok/s: of one request at batch 1, else of all, or of one "
        "device where the source says so. Batch: where not stated, as many as memory holds.",
    ]


def _show_batch(number: int | None) -> str:
    if number is None:
        return "memory of the device not known"
    return f"{number:,}" if number else "none: the weights do not fit"


def _show_energy(joules: float | None) -> str:
    from memwall_trends.units import format_number

    return "n/a" if joules is None else format_number(joules, 3)
