"""A Transformer at work: the phase, the sizes and the widths of elements."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.transformers import ENCODER, Transformer, check_count

ENCODE, PREFILL, DECODE = "encode", "prefill", "decode"
PHASES = {
    ENCODE: "the whole sequence at once, each token attends to all",
    PREFILL: "the whole prompt at once, each token attends to those before it; fills the cache",
    DECODE: "one token after the other, each attends to the cache",
}
"""How tokens go through a model, by the name that the user gives."""
ELEMENTS = ("weight_bytes", "activation_bytes", "cache_bytes")
"""The kinds of elements, each of which has a width."""
DEFAULT_SEQUENCE_LENGTH = 512
DEFAULT_BYTES = 2.0


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A Transformer at work.

    Attributes
    ----------
    transformer : Transformer
    phase : str
        One of `PHASES`; by default encode of an encoder, decode of a decoder.
    sequence_length : int
        Tokens of each sequence at the end.
    prompt_length : int
        Of them, tokens whose keys and values are in the cache at the start; of a decode the prompt. Without
        one the whole sequence is generated.
    batch_size : int
        Sequences at once.
    weight_bytes, activation_bytes, cache_bytes : float
        Of one element: 2 at 16 bits, 0.5 at 4.
    sparsity : float
        Share of the weights that is pruned: neither stored nor multiplied; what says where they are is not
        counted.
    fused : bool
        Count only the least traffic; see `count_cost`.
    output_head : bool
        Count the output head too. The published case study leaves it out.
    cached_activations : bool
        What goes from operator to operator stays in the last-level cache of the device: only weights and
        the cache of keys and values move.

    Raises
    ------
    MemwallError
        If a size is not above zero, the phase is unknown or does not suit the model.

    Examples
    --------
    >>> from memwall_trends.workloads import Workload, find_transformer
    >>> Workload(transformer=find_transformer("gpt2")).phase
    'decode'
    """

    transformer: Transformer
    phase: str = ""
    sequence_length: int = DEFAULT_SEQUENCE_LENGTH
    prompt_length: int = 0
    batch_size: int = 1
    weight_bytes: float = DEFAULT_BYTES
    activation_bytes: float = DEFAULT_BYTES
    cache_bytes: float = DEFAULT_BYTES
    sparsity: float = 0.0
    fused: bool = False
    output_head: bool = False
    cached_activations: bool = False

    def __post_init__(self) -> None:
        """Fill in the usual phase and check the sizes."""
        if not self.phase:
            object.__setattr__(self, "phase", suitable_phases(self.transformer)[-1])
        check_phase(self.transformer, self.phase)
        check_count("sequence_length", self.sequence_length)
        check_count("batch_size", self.batch_size)
        if self.prompt_length not in range(self.sequence_length):
            raise MemwallError(
                f"prompt_length: expected a whole number from 0 to {self.sequence_length - 1}, below the "
                f"sequence length; got {self.prompt_length}"
            )
        if self.prompt_length and self.phase == ENCODE:
            raise MemwallError("an encoder takes in its sequence at once: leave the prompt length out")
        for name in ELEMENTS:
            if not 0 < getattr(self, name) < math.inf:
                raise MemwallError(
                    f"{name}: expected a number above zero, as in 2; got {getattr(self, name):g}"
                )
        if not 0 <= self.sparsity < 1:
            raise MemwallError(
                f"sparsity: expected a share of the weights from 0 to below 1; got {self.sparsity:g}"
            )
        if self.output_head and self.phase == ENCODE:
            raise MemwallError(f"{self.transformer.name} is an encoder: it has no output head to count")

    @property
    def new_tokens(self) -> int:
        """Tokens of one sequence that go through the model."""
        return self.sequence_length - self.prompt_length

    @property
    def tokens(self) -> int:
        """Tokens that go through the model, of all sequences and passes."""
        return self.batch_size * self.new_tokens

    @property
    def passes(self) -> int:
        """How often the model is run."""
        return self.new_tokens if self.phase == DECODE else 1

    @property
    def moved_activation_bytes(self) -> float:
        """Bytes that move to and from memory of an element of an activation."""
        return 0.0 if self.cached_activations else self.activation_bytes

    @property
    def largest_activation_bytes(self) -> float:
        """Bytes of what goes into an operator and comes out of it in a pass, of the largest one."""
        transformer = self.transformer
        widths = [transformer.hidden_size]
        for layer, _ in transformer.stack:
            if layer.mixer:
                widths.append(layer.mixer.query_size + layer.mixer.cache_size)
            if network := layer.feed_forward:
                inner = network.active * network.size + network.shared_size
                widths.append(inner * (2 if network.gated else 1))
        tokens = self.tokens / self.passes
        return tokens * (transformer.hidden_size + max(widths)) * self.activation_bytes

    @property
    def weights_held_bytes(self) -> float:
        """Bytes of all weights, which memory must hold: of all experts, with embedding and output head."""
        return self.transformer.parameters * (1 - self.sparsity) * self.weight_bytes

    @property
    def cache_held_bytes(self) -> float:
        """Bytes of cache and state at the end, of all sequences; none in an encoder."""
        if self.phase == ENCODE:
            return 0.0
        return self.batch_size * self.transformer.count_cache(self.sequence_length) * self.cache_bytes

    @property
    def cache_bytes_per_token(self) -> float:
        """Bytes that the cache takes of one token, in all layers whose window it is in."""
        return self.transformer.cache_elements_per_token * self.cache_bytes


def describe_workload(workload: Workload) -> dict[str, Any]:
    """Return the choices of a workload by name, without the model."""
    return {
        each.name: getattr(workload, each.name) for each in fields(workload) if each.name != "transformer"
    }


def suitable_phases(transformer: Transformer) -> tuple[str, ...]:
    """Return the phases that a model can go through, the usual one last.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> suitable_phases(find_transformer("bert-base")), suitable_phases(find_transformer("gpt2"))
    (('encode',), ('prefill', 'decode'))
    """
    return (ENCODE,) if transformer.kind == ENCODER else (PREFILL, DECODE)


def check_phase(transformer: Transformer, phase: str) -> None:
    """Raise an error if there is no such phase, or the model cannot go through it."""
    if phase not in PHASES:
        raise unknown("phase", phase, PHASES)
    suitable = suitable_phases(transformer)
    if phase not in suitable:
        what = "an encoder" if transformer.kind == ENCODER else "a decoder"
        raise MemwallError(f"{transformer.name} is {what}: it can {' or '.join(suitable)}, not {phase}")
