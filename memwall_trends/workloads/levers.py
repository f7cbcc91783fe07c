"""The ways out that AI and Memory Wall names, as what each does to a workload on a device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.workloads.costs import DECODE, PREFILL, Cost, Workload, count_cost, count_head
from memwall_trends.workloads.roofline import Device, Placement, place
from memwall_trends.workloads.transformers import (
    Transformer,
    check_count,
    find_transformer,
    load_transformers,
)

if TYPE_CHECKING:
    import pandas as pd

BATCH_FACTOR = 8
PRUNED_SHARE = 0.5
ACCEPTANCE_RATE, DRAFT_LENGTH = 0.8, 4
COMPUTE_FACTOR, BANDWIDTH_FACTOR = 0.5, 2.0
SMALLER_SHARE = 0.5
"""A smaller model has at most this share of the parameters."""


def compare_levers(
    workload: Workload,
    device: Device,
    devices: int = 1,
    *,
    smaller: str | None = None,
    pruned_share: float = PRUNED_SHARE,
    acceptance_rate: float = ACCEPTANCE_RATE,
    draft_length: int = DRAFT_LENGTH,
) -> pd.DataFrame:
    """Return what each way out does to intensity, bound and time.

    Parameters
    ----------
    workload : Workload
    device : Device
    devices : int
        As in `memwall_trends.workloads.place`.
    smaller : str, optional
        The smaller model, which also drafts for speculative decoding; by default the largest built-in one of
        the same maker and kind with at most half the parameters, if there is one.
    pruned_share : float
        Share of the weights that pruning takes, of those that the workload has left.
    acceptance_rate : float
        Of speculative decoding, the chance that a drafted token is kept.
    draft_length : int
        Tokens drafted before the model checks them in one pass.

    Returns
    -------
    DataFrame
        ``lever, flops, bytes, arithmetic_intensity, ridge_point, bound, time_per_token_s, tokens_per_second,
        speedup``; the first row is the workload as it is. Speed-up is in tokens per second. Of speculative
        decoding operations and bytes are those of one token that is kept.

    Raises
    ------
    MemwallError
        If there is no such model, or a share is none.

    Examples
    --------
    >>> from memwall_trends.workloads import find_device
    >>> workload = Workload(transformer=find_transformer("llama-3-70b"), fused=True)
    >>> table = compare_levers(workload, find_device("NVIDIA H100 SXM5"))
    >>> table.set_index("lever")["speedup"].round(2)["weights at 4 bits"]
    np.float64(3.99)
    """
    import pandas as pd

    if not 0 <= acceptance_rate < 1:
        raise MemwallError(
            f"acceptance_rate: expected a share from 0 to below 1, as in 0.8; got {acceptance_rate:g}"
        )
    if not 0 < pruned_share < 1:
        raise MemwallError(f"pruned_share: expected a share between 0 and 1, as in 0.5; got {pruned_share:g}")
    check_count("draft_length", draft_length)
    small = find_transformer(smaller) if smaller else _find_smaller(workload.transformer)
    pruned = 1 - (1 - workload.sparsity) * (1 - pruned_share)
    changed = {
        "as it is": place(workload, device, devices),
        **{
            f"weights at {8 * width:g} bits": place(replace(workload, weight_bytes=width), device, devices)
            for width in (1.0, 0.5)
            if width < workload.weight_bytes
        },
        f"{BATCH_FACTOR} times the batch": place(
            replace(workload, batch_size=BATCH_FACTOR * workload.batch_size), device, devices
        ),
        f"{100 * pruned_share:g}% of the weights pruned": place(
            replace(workload, sparsity=pruned), device, devices
        ),
    }
    if small:
        changed[f"smaller model: {small.name}"] = place(replace(workload, transformer=small), device, devices)
    rows = [_to_row(lever, placed) for lever, placed in changed.items()]
    if small and workload.phase == DECODE:
        rows.append(_speculate(workload, small, device, devices, acceptance_rate, draft_length))
    for factors in ((1.0, BANDWIDTH_FACTOR), (COMPUTE_FACTOR, BANDWIDTH_FACTOR)):
        scaled = device.scale(*factors)
        rows.append(
            _to_row(scaled.name.removeprefix(device.name).strip(" ()"), place(workload, scaled, devices))
        )
    table = pd.DataFrame(rows)
    return table.assign(speedup=table["tokens_per_second"] / table["tokens_per_second"].iloc[0])


def expected_tokens(acceptance_rate: float, draft_length: int) -> float:
    """Return the tokens that one check of speculative decoding is expected to yield.

    (1 - a^(n + 1)) / (1 - a) for drafts of n tokens that are kept with chance a, independently (Leviathan,
    Kalman and Matias 2023, arXiv 2211.17192, equation 1).

    Examples
    --------
    >>> round(expected_tokens(0.8, 4), 2)
    3.36
    """
    return (1 - acceptance_rate ** (draft_length + 1)) / (1 - acceptance_rate)


def _speculate(
    workload: Workload,
    small: Transformer,
    device: Device,
    devices: int,
    acceptance_rate: float,
    draft_length: int,
) -> dict[str, Any]:
    """Return the row of speculative decoding, at the mean length that the decode goes through."""
    length = max((workload.sequence_length + workload.prompt_length) // 2, 1) + draft_length
    # The model checks what was drafted, and its own last token, as if they were a prompt.
    checked = replace(
        workload, phase=PREFILL, sequence_length=length + 1, prompt_length=length - draft_length
    )
    drafted = replace(
        workload, transformer=small, sequence_length=length, prompt_length=length - draft_length
    )
    # A prompt has its last token scored, a check each one; the weights are read once.
    scores = [count_head(checked, draft_length, 0)] if workload.output_head else []
    check = Placement(
        device=device, cost=Cost(checked, (*count_cost(checked).operators, *scores)), devices=devices
    )
    parts = [check, place(drafted, device, devices)]
    tokens = expected_tokens(acceptance_rate, draft_length) * workload.batch_size
    flops = sum(part.cost.total.flops for part in parts)
    moved = sum(part.cost.total.bytes for part in parts)
    time_s = sum(part.time_s for part in parts)
    return {
        "lever": f"speculative decoding: {small.name} drafts {draft_length}, {100 * acceptance_rate:g}% kept",
        "flops": flops / tokens,
        "bytes": moved / tokens,
        "arithmetic_intensity": flops / moved,
        "ridge_point": device.ridge_point,
        "bound": max(parts, key=lambda part: part.time_s).bound,
        "time_per_token_s": time_s / tokens * workload.batch_size,
        "tokens_per_second": tokens / time_s / devices,
    }


def _to_row(lever: str, placed: Placement) -> dict[str, Any]:
    total = placed.cost.total
    tokens = placed.cost.workload.batch_size * placed.cost.workload.new_tokens
    return {
        "lever": lever,
        "flops": total.flops / tokens,
        "bytes": total.bytes / tokens,
        "arithmetic_intensity": placed.arithmetic_intensity,
        "ridge_point": placed.device.ridge_point,
        "bound": placed.bound,
        "time_per_token_s": placed.time_per_token_s,
        "tokens_per_second": placed.tokens_per_second,
    }


def _find_smaller(transformer: Transformer) -> Transformer | None:
    from memwall_trends.datasets import load_table

    makers = dict(load_table("transformers")[["name", "vendor"]].to_numpy().tolist())
    fitting = [
        each
        for each in load_transformers()
        if makers[each.name] == makers.get(transformer.name)
        and each.kind == transformer.kind
        and each.parameters <= SMALLER_SHARE * transformer.parameters
    ]
    return max(fitting, key=lambda each: each.parameters, default=None)
