"""The roofline: what a device makes of a workload.

A device of peak rate P and bandwidth B attains min(P, I B) on a workload of arithmetic intensity I; at the
ridge point P / B both limits meet (Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785). What
it says of time is a lower bound: peak rates, full overlap of computing and moving, no latency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.units import format_number
from memwall_trends.workloads.configurations import load_model
from memwall_trends.workloads.costs import Cost, Operator, count_cost
from memwall_trends.workloads.devices import Device, describe_device
from memwall_trends.workloads.finding import find_device
from memwall_trends.workloads.sharing import Layout
from memwall_trends.workloads.work import DECODE, ELEMENTS, ENCODE, Workload, describe_workload

if TYPE_CHECKING:
    from memwall_trends.workloads.transformers import Transformer

MEMORY, COMPUTE, LINK = "memory", "compute", "link"
MOST_DEVICES = 1024
"""As many are tried to hold a workload."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Placement:
    """A workload on a roofline.

    Attributes
    ----------
    device : Device
    cost : Cost
        Of the whole workload, on all devices.
    own : Cost
        Of it, what the device with most to do does; of a pipeline, what its stages do for each other.
    layout : Layout
        Devices that share it.
    turns : float
        How often the slowest stage of a pipeline is waited for, in times of all its layers: 1 without one.

    Examples
    --------
    >>> from memwall_trends.workloads import find_device, find_transformer
    >>> placed = place(Workload(transformer=find_transformer("gpt2")), find_device("NVIDIA H100 SXM5"))
    >>> placed.bound, round(placed.factor)
    ('memory', 296)
    >>> str(placed).partition(" (")[0]
    'GPT-2 Small, decode, on NVIDIA H100 SXM5: memory-bound'
    """

    device: Device
    cost: Cost
    own: Cost = field(repr=False)
    layout: Layout = field(default_factory=Layout)
    turns: float = 1.0

    def __str__(self) -> str:
        """Return what it comes to: what bounds the workload, and how fast it is at most."""
        workload, device = self.cost.workload, self.device
        on = device.name if self.devices == 1 else f"{self.devices} {device.name}"
        factor, intensity, ridge, rate = (
            format_number(each, 3)
            for each in (self.factor, self.arithmetic_intensity, device.ridge_point, self.tokens_per_second)
        )
        return (
            f"{workload.transformer.title}, {workload.phase}, on {on}: {self.bound}-bound "
            f"(takes {factor} times as long as the next); {intensity} FLOP/byte at a ridge point of {ridge}, "
            f"at most {rate} tokens per second of a device"
        )

    __repr__ = __str__

    @property
    def devices(self) -> int:
        """How many devices share the workload."""
        return self.layout.devices

    @property
    def arithmetic_intensity(self) -> float:
        """FLOP per byte of the workload."""
        return self.cost.total.arithmetic_intensity

    @property
    def attainable_flops(self) -> float:
        """FLOP/s of one device at most, by the roofline of its memory."""
        return min(self.device.peak_flops, self.arithmetic_intensity * self.device.bandwidth_bytes_s)

    @property
    def times_s(self) -> dict[str, float]:
        """Least time of computing, of moving to and from memory and, of several devices, over links."""
        return {**self._operator_times_s(self.own.total), **self._link_time_s()}

    @property
    def bound(self) -> str:
        """What takes longest: ``compute``, ``memory`` or ``link``."""
        return max(self.times_s, key=lambda name: self.times_s[name])

    @property
    def factor(self) -> float:
        """How many times as long that takes as the longer of the others."""
        longest, second = sorted(self.times_s.values(), reverse=True)[:2]
        return longest / second if second else math.inf

    @property
    def time_s(self) -> float:
        """Least time of the workload; of a device that is no bound, with the time of each operator."""
        return max(self.times_s.values()) + self.device.operator_time_s * self.operators_run

    @property
    def operators_run(self) -> int:
        """How many operators run one after the other: what mixes tokens counts as two."""
        workload = self.cost.workload
        of_layers = sum(
            number * (2 * (layer.mixer is not None) + (layer.feed_forward is not None))
            for layer, number in workload.transformer.stack
        )
        return workload.passes * (of_layers + workload.output_head)

    @property
    def time_per_token_s(self) -> float:
        """Least time between two tokens of one sequence; of a whole sequence at once, its share of one."""
        return self.time_s / self.cost.workload.new_tokens

    @property
    def tokens_per_second(self) -> float:
        """Tokens of all sequences per second, of one device, at most."""
        return self.cost.workload.tokens / self.time_s / self.devices

    @property
    def memory_needed_bytes(self) -> float:
        """Weights, cache and state that the device with most of them holds."""
        workload, layout = self.cost.workload, self.layout
        weights = layout.count_weights(workload.transformer) * (1 - workload.sparsity)
        held = weights * workload.weight_bytes
        if workload.phase == ENCODE:
            return held
        cached = layout.count_cache(workload.transformer, workload.sequence_length, workload.batch_size)
        return held + cached * workload.cache_bytes

    @property
    def fits(self) -> bool | None:
        """Whether they fit; nothing where the memory of the device is not known."""
        return (
            None if self.device.memory_bytes is None else self.memory_needed_bytes <= self.device.memory_bytes
        )

    def count_devices_needed(self) -> int | None:
        """Return how many devices that share each matrix would hold the workload; nothing if none do.

        Examples
        --------
        >>> from memwall_trends.workloads import find_device, find_transformer
        >>> llama = Workload(transformer=find_transformer("llama-3-70b"))
        >>> place(llama, find_device("NVIDIA H100 SXM5")).count_devices_needed()
        2
        """
        for devices in range(1, MOST_DEVICES + 1):
            if replace(self, layout=Layout(devices=devices)).fits:
                return devices
        return None

    def to_record(self) -> dict[str, Any]:
        """Return the placement as one record, the keys of ``memwall-trends roofline --format json``.

        Examples
        --------
        >>> from memwall_trends.workloads import find_device, find_transformer
        >>> workload = Workload(transformer=find_transformer("gpt2"))
        >>> place(workload, find_device("NVIDIA H100 SXM5")).to_record()["bound"]
        'memory'
        """
        workload = self.cost.workload
        total = self.cost.total
        return {
            "model": workload.transformer.name,
            **describe_workload(workload),
            **describe_device(self.device),
            "devices": self.devices,
            "pipeline": self.layout.pipeline,
            "data": self.layout.data,
            "expert_parallel": self.layout.expert_parallel,
            "uneven": "; ".join(self.layout.find_uneven(workload.transformer)),
            "flops": total.flops,
            "bytes": total.bytes,
            "arithmetic_intensity": self.arithmetic_intensity,
            "bound": self.bound,
            "factor": self.factor,
            "attainable_flops": self.attainable_flops,
            "compute_time_s": self.times_s[COMPUTE],
            "memory_time_s": self.times_s[MEMORY],
            "link_time_s": self.times_s.get(LINK),
            "time_s": self.time_s,
            "time_per_token_s": self.time_per_token_s,
            "tokens_per_second": self.tokens_per_second,
            "memory_needed_bytes": self.memory_needed_bytes,
            "fits": self.fits,
            "is_bound": self.device.is_bound,
            "operators": [self._operator_record(*each) for each in self._operators()],
        }

    def _operators(self) -> zip[tuple[Operator, Operator]]:
        """Return each operator of the whole workload with that of the device with most to do."""
        return zip(self.cost.operators, self.own.operators, strict=True)

    def _operator_record(self, whole: Operator, own: Operator) -> dict[str, Any]:
        times = self._operator_times_s(own)
        return {
            **whole.to_record(),
            "bound": max(times, key=lambda name: times[name]),
            "time_s": max(times.values()),
        }

    def _operator_times_s(self, operator: Operator) -> dict[str, float]:
        return {
            MEMORY: self.turns * operator.bytes / self.device.bandwidth_bytes_s,
            COMPUTE: self.turns * operator.flops / self.device.peak_flops,
        }

    def _link_time_s(self) -> dict[str, float]:
        if self.devices == 1:
            return {}
        if not self.device.link_bytes_s:
            raise MemwallError(
                f"no bandwidth of links is known of {self.device.name}: place the workload on one device, or "
                "give one, as in --link '450 GB/s'"
            )
        sent = self.turns * link_bytes(self.own.workload, self.layout)
        return {LINK: sent / self.device.link_bytes_s}


def place(
    workload: Workload | Transformer | str,
    device: Device | str,
    devices: int | None = None,
    *,
    layout: Layout | None = None,
) -> Placement:
    """Return a workload on the roofline of a device, or of several that share it.

    Parameters
    ----------
    workload : Workload, Transformer or str
        Of a model, or of its name or the path of its configuration: one sequence of 512 tokens, decoded one
        after the other (of an encoder, at once), kept on the chip between operators, with operands as wide
        as the number format of the device's peak.
    device : Device or str
        A device of the dataset may be named.
    devices : int, optional
        So many that share each matrix.
    layout : Layout, optional
        In place of `devices`: other ways to share the work.

    Raises
    ------
    MemwallError
        If the number of devices is not a whole number above zero, or several have no known links.

    Notes
    -----
    A pipeline of P stages is kept full: a decode with P parts of the batch, each of which waits for all
    stages between two tokens; a prompt with parts of itself. The slowest stage sets the pace.

    Where the size of the last-level cache is known and holds what goes from operator to operator in a pass,
    that does not move to memory.

    Examples
    --------
    >>> from memwall_trends.workloads import find_device, find_transformer
    >>> llama = Workload(transformer=find_transformer("llama-3-70b"), fused=True)
    >>> placed = place(llama, find_device("NVIDIA H100 SXM5"), devices=8)
    >>> placed.bound, round(1e3 * placed.time_per_token_s, 1), placed.fits
    ('memory', 5.1, True)
    >>> place("gpt2", "NVIDIA H100 SXM5").bound
    'memory'
    """
    device = find_device(device) if isinstance(device, str) else device
    if not isinstance(workload, Workload):
        workload = _usual_workload(workload, device)
    shared = layout or Layout(devices=1 if devices is None else devices)
    slowest = shared.stage_share(workload.transformer)
    parts = shared.pipeline if workload.phase == DECODE else 1
    sequences = math.ceil(workload.batch_size / shared.data / parts)
    own = replace(workload, batch_size=sequences)
    kept = device.last_level_cache_bytes or 0.0
    if workload.fused and own.largest_activation_bytes / shared.tensor <= kept:
        workload, own = (replace(each, cached_activations=True) for each in (workload, own))
    # Where there are fewer sequences than copies, the rest has nothing to do.
    copies = min(shared.data, max(workload.batch_size / sequences / parts, 1.0))
    placed = Placement(
        device=device,
        cost=count_cost(workload),
        own=count_cost(own, shared, copies),
        layout=shared,
        turns=parts * slowest,
    )
    _ = placed.times_s  # fails where links are not known
    return placed


def _usual_workload(model: Transformer | str, device: Device) -> Workload:
    transformer = load_model(model) if isinstance(model, str) else model
    widths: dict[str, Any] = dict.fromkeys(ELEMENTS, device.element_bytes)
    return Workload(transformer=transformer, fused=True, output_head=transformer.has_output_head, **widths)


def link_bytes(workload: Workload, layout: Layout) -> float:
    """Return the bytes that one device sends over its links, at least.

    Parameters
    ----------
    workload : Workload
        Of one copy of the model.
    layout : Layout

    Notes
    -----
    Tensor parallelism sums what the devices have of the tokens, once after what mixes them and once after the
    feed-forward network: each sends its part once where the links sum on their way (NVLink SHARP), and
    2 (N - 1) / N of it around a ring (Patarasuk and Yuan 2009, doi:10.1016/j.jpdc.2008.09.002), which is no
    less. Devices that give out experts among them send each token to those that have some of its experts,
    of G - 1 others (G - 1) (1 - (1 - 1 / G)^a) if all are equally likely, and back. A stage of a pipeline
    sends its tokens to the next.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> link_bytes(Workload(transformer=find_transformer("llama-3-8b"), prompt_length=511), Layout(devices=8))
    524288.0
    """
    transformer, group = workload.transformer, layout.expert_devices
    tokens = workload.tokens
    row = transformer.hidden_size * workload.activation_bytes
    sums = exchanged = 0.0
    for layer, number in transformer.stack:
        network = layer.feed_forward
        given_out = network is not None and network.experts > 1 and group > 1
        if given_out and network:
            reached = (group - 1) * (1 - (1 - 1 / group) ** network.active)
            # The devices of a copy have the tokens of it among them.
            exchanged += 2 * number * reached / layout.tensor
        sums += number * ((layer.mixer is not None) + (network is not None and not given_out))
    sent = exchanged + (sums if layout.tensor > 1 else 0.0)
    onward = 1 / layout.tensor if layout.pipeline > 1 else 0.0
    return float(tokens * row * (sent + onward))
