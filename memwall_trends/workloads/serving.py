"""Serving requests: time to the first token, time of each further one, and tokens per second of all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.workloads.devices import Device, describe_device
from memwall_trends.workloads.energy import find_access_energy
from memwall_trends.workloads.roofline import COMPUTE, LINK, MEMORY, Placement, place
from memwall_trends.workloads.sharing import Layout
from memwall_trends.workloads.transformers import ENCODER, Transformer, check_count
from memwall_trends.workloads.work import DECODE, ELEMENTS, PREFILL, Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

PROMPT_LENGTH, OUTPUT_LENGTH = 2048, 512
MOST_SEQUENCES = 2**24
"""No batch above is asked about."""
BITS = 8


@dataclass(frozen=True, kw_only=True)
class Service:
    """A model that answers requests on devices, all of them alike.

    Attributes
    ----------
    transformer : Transformer
    device : Device
    layout : Layout
        How devices share the model.
    prompt_length, output_length : int
        Tokens that a request brings and gets.
    cached_length : int
        Of the prompt, tokens that are in the cache already (a prefix that requests share).
    weight_bytes, activation_bytes, cache_bytes : float
        Of an element.
    sparsity : float
        Share of the weights that is pruned.
    prefill_device : Device, optional
        Prompts go to devices of their own, these; then the cache goes over the links.
    prefill_layout : Layout
        How many those are, and how they share the model.

    Raises
    ------
    MemwallError
        If a length is none, or the model is an encoder.

    Notes
    -----
    The first token comes from the prompt, each further one from a pass of a decode. All times are lower
    bounds by the roofline (`memwall_trends.workloads.place`), all rates upper ones. Where the same devices
    take prompts too, both share computing, memory and links: in the time of the longest of the three, what
    they compute and send adds up, and the weights that a decode reads serve the prompts too (chunked
    prefill), so that these move nothing.

    Examples
    --------
    >>> from memwall_trends.workloads import find_device, find_transformer
    >>> service = Service(
    ...     transformer=find_transformer("llama-3-70b"),
    ...     device=find_device("NVIDIA H100 SXM5"),
    ...     layout=Layout(devices=8),
    ... )
    >>> service.largest_batch, round(1e3 * service.time_to_first_token_s)
    (650, 36)
    """

    transformer: Transformer
    device: Device
    layout: Layout = field(default_factory=Layout)
    prompt_length: int = PROMPT_LENGTH
    output_length: int = OUTPUT_LENGTH
    cached_length: int = 0
    weight_bytes: float = 2.0
    activation_bytes: float = 2.0
    cache_bytes: float = 2.0
    sparsity: float = 0.0
    prefill_device: Device | None = None
    prefill_layout: Layout = field(default_factory=Layout)

    def __post_init__(self) -> None:
        """Check the lengths and the model."""
        if self.transformer.kind == ENCODER:
            raise MemwallError(
                f"{self.transformer.name} is an encoder: it gives no tokens, one after the other"
            )
        check_count("prompt_length", self.prompt_length)
        check_count("output_length", self.output_length)
        if self.output_length == 1:
            raise MemwallError(
                "output_length: expected at least 2 tokens, the first of which ends the prompt"
            )
        if self.cached_length not in range(self.prompt_length):
            raise MemwallError(
                f"cached_length: expected a whole number from 0 to {self.prompt_length - 1}, below the "
                f"prompt length; got {self.cached_length}"
            )

    def place_prompts(self, batch_size: int = 1) -> Placement:
        """Return so many prompts on the devices that take them in."""
        work = self._work(PREFILL, self.prompt_length, self.cached_length, batch_size)
        if self.prefill_device:
            return place(work, self.prefill_device, layout=self.prefill_layout)
        return place(work, self.device, layout=self.layout)

    def place_decode(self, batch_size: int) -> Placement:
        """Return the passes that give all tokens but the first, of so many requests at once."""
        length = self.prompt_length + self.output_length - 1
        work = self._work(DECODE, length, self.prompt_length, batch_size)
        return place(work, self.device, layout=self.layout)

    @property
    def time_to_first_token_s(self) -> float:
        """Least time until one prompt is taken in, which is alone."""
        return self.place_prompts().time_s

    @property
    def cache_transfer_s(self) -> float | None:
        """Least time that the cache of a prompt takes to devices of the decode; nothing if it stays."""
        if not self.prefill_device:
            return None
        links = (self.prefill_device.link_bytes_s, self.device.link_bytes_s)
        if not links[0] or not links[1]:
            return None
        sent = self.transformer.count_cache(self.prompt_length) * self.cache_bytes
        return max(
            sent / self.prefill_layout.devices / links[0],
            self.layout.data * self._cached_bytes(self.prompt_length) / links[1],
        )

    @cached_property
    def weights_held_bytes(self) -> float:
        """Weights that the device with most of them holds."""
        return self.layout.count_weights(self.transformer) * (1 - self.sparsity) * self.weight_bytes

    @property
    def largest_batch(self) -> int | None:
        """Requests that memory holds, all of them to their end; nothing where memory is not known."""
        return self._count_fitting(self.prompt_length + self.output_length)

    @property
    def largest_staggered_batch(self) -> int | None:
        """Requests that memory holds if they began at different times: half of the output on average."""
        return self._count_fitting(self.prompt_length + self.output_length // 2)

    @property
    def compute_bound_batch(self) -> int | None:
        """Fewest requests at once with which a decode is bound by computing; nothing if it never is."""
        low, high = 0, 1
        while not self._computes_longest(high):
            low, high = high, 2 * high
            if high > MOST_SEQUENCES:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._computes_longest(middle) else (middle, high)
        return high

    def describe(self, batch_size: int) -> dict[str, Any]:
        """Return what a batch of so many requests at once gives, as one record."""
        decode, passes = self.place_decode(batch_size), self.output_length - 1
        time_per_token_s = decode.time_s / passes
        per_second, with_prompts = batch_size / time_per_token_s, self.count_per_second(batch_size)
        watts = self.device.tdp_w
        return {
            "batch_size": batch_size,
            "time_per_output_token_s": time_per_token_s,
            "tokens_per_second_user": 1 / time_per_token_s,
            "decode_tokens_per_second": per_second,
            "decode_tokens_per_second_device": per_second / self.layout.devices,
            "tokens_per_second": with_prompts,
            "tokens_per_second_device": with_prompts / self._all_devices,
            "bound": decode.bound,
            "arithmetic_intensity": decode.arithmetic_intensity,
            "memory_needed_bytes": decode.memory_needed_bytes,
            "fits": decode.fits,
            "board_energy_per_token_j": watts and watts * self.layout.devices / per_second,
            "dram_energy_per_token_j": self._dram_energy_j(decode),
        }

    def count_per_second(self, batch_size: int) -> float:
        """Return the tokens per second of all requests at most, their prompts taken in too."""
        tokens = batch_size * self.output_length
        prompts, decode = self.place_prompts(batch_size), self.place_decode(batch_size)
        if self.prefill_device:
            return tokens / max(prompts.time_s, decode.time_s)
        both = {name: prompts.times_s.get(name, 0) + decode.times_s.get(name, 0) for name in (COMPUTE, LINK)}
        longest = max(decode.times_s[MEMORY], *both.values())
        fixed = self.device.operator_time_s * (prompts.operators_run + decode.operators_run)
        return tokens / (longest + fixed)

    def choose_batches(self) -> list[int]:
        """Return the powers of two that fit, and the largest batch that does."""
        largest = self.largest_batch
        most = 256 if largest is None else max(largest, 1)
        powers = [2**power for power in range(int(math.log2(most)) + 1)]
        return sorted({*powers, most})

    def to_frame(self, batch_sizes: Sequence[int] = ()) -> pd.DataFrame:
        """Return a row for each batch size: the keys of `describe`.

        Parameters
        ----------
        batch_sizes : sequence of int
            By default the powers of two that fit, and the largest batch that does.
        """
        import pandas as pd

        return pd.DataFrame([self.describe(size) for size in batch_sizes or self.choose_batches()])

    def to_record(self, batch_sizes: Sequence[int] = ()) -> dict[str, Any]:
        """Return all of it as one record, the keys of ``memwall-trends serve --format json``."""
        prompts = self.place_prompts()
        return {
            "model": self.transformer.name,
            **describe_device(self.device),
            "devices": self.layout.devices,
            "pipeline": self.layout.pipeline,
            "data": self.layout.data,
            "expert_parallel": self.layout.expert_parallel,
            "uneven": "; ".join(self.layout.find_uneven(self.transformer)),
            "prefill_device": self.prefill_device and self.prefill_device.name,
            "prefill_devices": self.prefill_layout.devices if self.prefill_device else None,
            "prompt_length": self.prompt_length,
            "cached_length": self.cached_length,
            "output_length": self.output_length,
            **{name: getattr(self, name) for name in (*ELEMENTS, "sparsity")},
            "is_bound": self.device.is_bound,
            "time_to_first_token_s": prompts.time_s,
            "prompt_bound": prompts.bound,
            "cache_transfer_s": self.cache_transfer_s,
            "cache_bytes_per_token": self.transformer.cache_elements_per_token * self.cache_bytes,
            "cache_bytes_per_request": self.cache_bytes
            * self.transformer.count_cache(self.prompt_length + self.output_length),
            "weights_held_bytes": self.weights_held_bytes,
            "largest_batch": self.largest_batch,
            "largest_staggered_batch": self.largest_staggered_batch,
            "compute_bound_batch": self.compute_bound_batch,
            "batches": self.to_frame(batch_sizes).to_dict(orient="records"),
        }

    @property
    def _all_devices(self) -> int:
        return self.layout.devices + (self.prefill_layout.devices if self.prefill_device else 0)

    def _work(self, phase: str, length: int, before: int, batch_size: int) -> Workload:
        return Workload(
            transformer=self.transformer,
            phase=phase,
            sequence_length=length,
            prompt_length=before,
            batch_size=batch_size,
            weight_bytes=self.weight_bytes,
            activation_bytes=self.activation_bytes,
            cache_bytes=self.cache_bytes,
            sparsity=self.sparsity,
            fused=True,
            output_head=True,
        )

    def _cached_bytes(self, length: int) -> float:
        """Return the cache of one request, on average over the copies, of the device with most of it."""
        return self.layout.count_cache(self.transformer, length, 1) * self.cache_bytes

    def _count_fitting(self, length: int) -> int | None:
        if self.device.memory_bytes is None:
            return None
        left = self.device.memory_bytes - self.weights_held_bytes
        return min(max(int(left // self._cached_bytes(length)), 0), MOST_SEQUENCES)

    def _computes_longest(self, batch_size: int) -> bool:
        times = self.place_decode(batch_size).times_s
        return times[COMPUTE] >= times[MEMORY]

    def _dram_energy_j(self, decode: Placement) -> float | None:
        energy = find_access_energy(self.device.memory)
        if energy is None:
            return None
        work = decode.cost.workload
        return energy * BITS * decode.cost.total.bytes / work.batch_size / work.new_tokens
