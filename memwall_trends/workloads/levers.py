"""The ways out that AI and Memory Wall names, as what each does to a workload on a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.workloads.costs import Cost, count_head
from memwall_trends.workloads.models import find_transformer, load_transformers
from memwall_trends.workloads.roofline import Placement, place
from memwall_trends.workloads.sharing import Layout
from memwall_trends.workloads.transformers import Transformer, check_count
from memwall_trends.workloads.work import DECODE, PREFILL, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from memwall_trends.workloads.devices import Device

BATCH_FACTOR = 8
PRUNED_SHARE = 0.5
ACCEPTANCE_RATE, DRAFT_LENGTH = 0.8, 4
COMPUTE_FACTOR, BANDWIDTH_FACTOR = 0.5, 2.0
SMALLER_SHARE = 0.5
"""A smaller model has at most this share of the parameters."""
NARROW_BYTES = (1.0, 0.5)
POSITION_BYTES = 0.25
"""Of structured sparsity: the two bits that say which of four weights a kept one is."""


def compare_levers(
    workload: Workload,
    device: Device,
    devices: int | None = None,
    *,
    layout: Layout | None = None,
    smaller: str | None = None,
    pruned_share: float = PRUNED_SHARE,
    acceptance_rate: float = ACCEPTANCE_RATE,
    draft_length: int = DRAFT_LENGTH,
) -> pd.DataFrame:
    """Return what each way out does to intensity, bound and time, and whether it fits.

    Parameters
    ----------
    workload : Workload
    device : Device
    devices, layout
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
        memory_needed_bytes, fits, speedup``; the first row is the workload as it is. Speed-up is in tokens
        per second; ``fits`` is empty where the memory of the device is not known. Of speculative decoding
        operations and bytes are those of one token that is kept.

    Raises
    ------
    MemwallError
        If there is no such model, or a share is none.

    Examples
    --------
    >>> from memwall_trends.workloads import find_device
    >>> workload = Workload(transformer=find_transformer("llama-3-70b"), fused=True)
    >>> table = compare_levers(workload, find_device("NVIDIA H100 SXM5")).set_index("lever")
    >>> table["speedup"].round(2)["weights at 4 bits"], table["fits"].tolist()[:3]
    (np.float64(3.99), [False, True, True])
    """
    import pandas as pd

    if not 0 <= acceptance_rate < 1:
        raise MemwallError(
            f"acceptance_rate: expected a share from 0 to below 1, as in 0.8; got {acceptance_rate:g}"
        )
    if not 0 < pruned_share < 1:
        raise MemwallError(f"pruned_share: expected a share between 0 and 1, as in 0.5; got {pruned_share:g}")
    check_count("draft_length", draft_length)
    shared = layout or Layout(devices=1 if devices is None else devices)
    small = find_transformer(smaller) if smaller else _find_smaller(workload.transformer)
    changed = dict(_change_work(workload, device, pruned_share))
    if small:
        changed[f"smaller model: {small.name}"] = replace(workload, transformer=small), device
    rows = [_to_row(lever, place(work, on, layout=shared)) for lever, (work, on) in changed.items()]
    if workload.phase == DECODE:
        guess = _Guess(workload, device, shared, acceptance_rate)
        own = _make_predictor(workload.transformer)
        if own:
            rows.append(guess.describe(own, own.prediction_layers, "multi-token prediction"))
        if small:
            rows.append(guess.describe(small, draft_length, f"speculative decoding: {small.name}"))
    for factors in ((1.0, BANDWIDTH_FACTOR), (COMPUTE_FACTOR, BANDWIDTH_FACTOR)):
        scaled = device.scale(*factors)
        lever = scaled.name.removeprefix(device.name).strip(" ()")
        rows.append(_to_row(lever, place(workload, scaled, layout=shared)))
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


def _change_work(
    workload: Workload, device: Device, pruned_share: float
) -> Iterator[tuple[str, tuple[Workload, Device]]]:
    """Yield each way out that changes the workload, or the number format of the device, by name."""
    yield "as it is", (workload, device)
    for width in NARROW_BYTES:
        if width < workload.weight_bytes:
            yield f"weights at {8 * width:g} bits", (replace(workload, weight_bytes=width), device)
    eight = device.at_width(1.0)
    if eight and workload.weight_bytes > 1:
        narrow = replace(workload, weight_bytes=1.0, activation_bytes=1.0)
        yield f"weights and activations at 8 bits ({eight.number_format})", (narrow, eight)
    for width in NARROW_BYTES:
        if width < workload.cache_bytes and workload.transformer.count_cache(1) and workload.cache_held_bytes:
            yield f"cache at {8 * width:g} bits", (replace(workload, cache_bytes=width), device)
    batch = replace(workload, batch_size=BATCH_FACTOR * workload.batch_size)
    yield f"{BATCH_FACTOR} times the batch", (batch, device)
    pruned = 1 - (1 - workload.sparsity) * (1 - pruned_share)
    yield f"{100 * pruned_share:g}% of the weights pruned", (replace(workload, sparsity=pruned), device)
    if device.number_format in device.structured and not workload.sparsity:
        # Half of the weights are multiplied: at the dense rate that is the rate with sparsity.
        halved = replace(workload, sparsity=0.5, weight_bytes=workload.weight_bytes + POSITION_BYTES)
        yield "2 of 4 weights (structured sparsity)", (halved, device)


@dataclass(frozen=True)
class _Guess:
    """What drafts and their checks cost."""

    workload: Workload
    device: Device
    layout: Layout
    acceptance_rate: float

    def describe(self, drafting: Transformer, draft_length: int, how: str) -> dict[str, Any]:
        """Return the row of drafts, at the mean length that the decode goes through."""
        workload, layout = self.workload, self.layout
        length = max((workload.sequence_length + workload.prompt_length) // 2, 1) + draft_length
        # The model checks what was drafted, and its own last token, as if they were a prompt.
        checked = replace(
            workload, phase=PREFILL, sequence_length=length + 1, prompt_length=length - draft_length
        )
        drafted = replace(
            workload, transformer=drafting, sequence_length=length, prompt_length=length - draft_length
        )
        check = place(checked, self.device, layout=layout)
        if workload.output_head:
            # A prompt has its last token scored, a check each one; the weights are read once.
            check = replace(
                check,
                cost=_add_scores(check.cost, draft_length, Layout()),
                own=_add_scores(check.own, draft_length, layout),
            )
        parts = [check, place(drafted, self.device, layout=layout)]
        tokens = expected_tokens(self.acceptance_rate, draft_length) * workload.batch_size
        flops = sum(part.cost.total.flops for part in parts)
        moved = sum(part.cost.total.bytes for part in parts)
        time_s = sum(part.time_s for part in parts)
        memory, needed = self.device.memory_bytes, sum(part.memory_needed_bytes for part in parts)
        return {
            "lever": f"{how} drafts {draft_length}, {100 * self.acceptance_rate:g}% kept",
            "flops": flops / tokens,
            "bytes": moved / tokens,
            "arithmetic_intensity": flops / moved,
            "ridge_point": self.device.ridge_point,
            "bound": max(parts, key=lambda part: part.time_s).bound,
            "time_per_token_s": time_s / tokens * workload.batch_size,
            "tokens_per_second": tokens / time_s / layout.devices,
            "memory_needed_bytes": needed,
            "fits": None if memory is None else needed <= memory,
        }


def _add_scores(cost: Cost, tokens: int, layout: Layout) -> Cost:
    return Cost(cost.workload, (*cost.operators, count_head(cost.workload, tokens, 0, layout)))


def _make_predictor(transformer: Transformer) -> Transformer | None:
    """Return the modules that predict further tokens, as a model: one layer each, like the last.

    The projection of two tokens to one that precedes the layer is left out, below 1 % of it.
    """
    modules = transformer.prediction_layers
    if not modules:
        return None
    last = list(transformer.kinds)[-1]
    return replace(transformer, layers=modules, layer_kinds="+".join(last))


def _to_row(lever: str, placed: Placement) -> dict[str, Any]:
    total = placed.cost.total
    tokens = placed.cost.workload.tokens
    return {
        "lever": lever,
        "flops": total.flops / tokens,
        "bytes": total.bytes / tokens,
        "arithmetic_intensity": placed.arithmetic_intensity,
        "ridge_point": placed.device.ridge_point,
        "bound": placed.bound,
        "time_per_token_s": placed.time_per_token_s,
        "tokens_per_second": placed.tokens_per_second,
        "memory_needed_bytes": placed.memory_needed_bytes,
        "fits": placed.fits,
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
