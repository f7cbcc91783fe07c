"""Operations and bytes of running a Transformer, operator by operator: `count_cost` has the formulas."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.transformers import ENCODER, Transformer, check_count

if TYPE_CHECKING:
    import pandas as pd

ENCODE, PREFILL, DECODE = "encode", "prefill", "decode"
PHASES = {
    ENCODE: "the whole sequence at once, each token attends to all",
    PREFILL: "the whole prompt at once, each token attends to those before it; fills the cache",
    DECODE: "one token after the other, each attends to the cache",
}
"""How tokens go through a model, by the name that the user gives."""
ELEMENTS = ("weight_bytes", "activation_bytes", "cache_bytes")
"""The kinds of elements, each of which has a width."""
PROJECTIONS, ATTENTION, FEED_FORWARD = "attention projections", "attention", "feed-forward"
OTHER, HEAD, TOTAL = "other", "output head", "total"

SOFTMAX_FLOPS = 4
"""Of one score: subtract the largest, exponential, sum, divide."""
NORM_FLOPS = 7
"""Of one element: two means, subtract, square, divide, scale, shift."""
GELU_FLOPS = 9
"""Of one element, by the tanh formula of Hendrycks and Gimpel (arXiv 1606.08415)."""
GATE_FLOPS = 6
"""Of one element: SiLU (negate, exponential, add, divide, multiply) and the product with the gate."""
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

    Raises
    ------
    MemwallError
        If a size is not above zero, the phase is unknown or does not suit the model.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
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
    def passes(self) -> int:
        """How often the model is run."""
        return self.new_tokens if self.phase == DECODE else 1

    @property
    def weights_held_bytes(self) -> float:
        """Bytes of all weights, which memory must hold: of all experts, with embedding and output head."""
        return self.transformer.parameters * (1 - self.sparsity) * self.weight_bytes

    @property
    def cache_held_bytes(self) -> float:
        """Bytes of keys and values at the end, of all sequences; none in an encoder."""
        tokens = 0 if self.phase == ENCODE else self.batch_size * self.sequence_length
        return tokens * self.transformer.cache_elements_per_token * self.cache_bytes


@dataclass(frozen=True)
class Operator:
    """What one operator costs.

    Attributes
    ----------
    operator : str
    flops : float
        Operations.
    bytes : float
        Read from memory and written to it.
    """

    operator: str
    flops: float
    bytes: float

    @property
    def arithmetic_intensity(self) -> float:
        """FLOP per byte; infinite without traffic."""
        return self.flops / self.bytes if self.bytes else math.inf

    def to_record(self) -> dict[str, Any]:
        """Return the cost as one record."""
        return {
            "operator": self.operator,
            "flops": self.flops,
            "bytes": self.bytes,
            "arithmetic_intensity": self.arithmetic_intensity,
        }


@dataclass(frozen=True, eq=False)
class Cost:
    """What a workload costs.

    Attributes
    ----------
    workload : Workload
    operators : tuple of Operator
        Of all layers and passes; without the total.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> bert = find_transformer("bert-base")
    >>> cost = count_cost(Workload(transformer=bert, weight_bytes=1, activation_bytes=1))
    >>> round(cost.total.flops / 1e9, 1), round(cost.total.arithmetic_intensity)
    (97.0, 228)
    """

    workload: Workload
    operators: tuple[Operator, ...]

    @property
    def total(self) -> Operator:
        """The sum over the operators."""
        return Operator(
            TOTAL, sum(each.flops for each in self.operators), sum(each.bytes for each in self.operators)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return ``operator, flops, bytes, arithmetic_intensity``, the total last.

        Examples
        --------
        >>> from memwall_trends.workloads import find_transformer
        >>> count_cost(Workload(transformer=find_transformer("gpt2"))).to_frame()["operator"].tolist()
        ['attention projections', 'attention', 'feed-forward', 'other', 'total']
        """
        import pandas as pd

        return pd.DataFrame([each.to_record() for each in (*self.operators, self.total)])

    def to_record(self) -> dict[str, Any]:
        """Return the cost as one record, the keys of ``memwall-trends workload --format json``.

        Examples
        --------
        >>> from memwall_trends.workloads import find_transformer
        >>> count_cost(Workload(transformer=find_transformer("gpt2"))).to_record()["phase"]
        'decode'
        """
        workload = self.workload
        return {
            "model": workload.transformer.name,
            "title": workload.transformer.title,
            **describe_workload(workload),
            "parameters": workload.transformer.parameters,
            "active_parameters": workload.transformer.active_parameters,
            "weights_held_bytes": workload.weights_held_bytes,
            "cache_held_bytes": workload.cache_held_bytes,
            "operators": [each.to_record() for each in self.operators],
            "total": self.total.to_record(),
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        title = f"{self.workload.transformer.title}, {self.workload.phase}"
        return f"{title}\n{self.to_frame().to_string(index=False)}"

    __repr__ = __str__


def count_cost(workload: Workload) -> Cost:
    """Return the operations and bytes of a workload.

    Notes
    -----
    The model is that of Kim et al., Full Stack Optimization of Transformer Inference (arXiv 2302.14017),
    section 2.2: a multiply and an add are two operations; each operator reads its inputs from memory once and
    writes its output once, as the local memory holds all operands. Per layer, with d the hidden size, q and k
    the widths of all queries and of all keys, f the feed-forward size, m its matrices (2, or 3 if gated), h
    the heads, and N the tokens of a pass in all sequences of the batch:

    - attention projections: 2 N w operations, w = 2 d (q + k) weights; reads the weights, 3 N d for queries,
      keys and values and N q for the output; writes N (q + 2 k) and N d
    - attention: 4 q operations for each pair of a query and a key that it attends to; reads queries, keys,
      values and the h scores of each pair, writes scores and outputs
    - feed-forward: 2 N m d f operations for each expert that a token uses; reads the weights of every expert
      that some token uses; each matrix reads and writes the tokens
    - other: softmax, norms, residual sums and the activation function, which read and write what they work on
    - output head, if counted: 2 d V operations for each sequence and pass, V tokens being known

    A pass takes in all tokens of a sequence (encode, prefill) or one (decode). Of E experts, of which each of
    N tokens uses a, E (1 - (1 - a / E)^N) are expected to be used by some token if all are equally likely.

    `Workload.fused` keeps on the chip what no operator needs to send to memory: the scores (as
    FlashAttention, arXiv 2205.14135) and what the other operators read and write; inputs that several
    projections share are read once. That is the least traffic of the matrix products, hence what a bound may
    count.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> cost = count_cost(Workload(transformer=find_transformer("gpt2"), sequence_length=1024))
    >>> round(cost.total.arithmetic_intensity, 2)
    1.0
    """
    operators = [
        _count_projections(workload),
        _count_attention(workload),
        _count_feed_forward(workload),
        _count_other(workload),
    ]
    if workload.output_head:
        # Only the last token of a pass decides what comes next.
        operators.append(count_head(workload, workload.passes, workload.passes))
    return Cost(workload, tuple(operators))


def count_head(workload: Workload, tokens: int, readings: int) -> Operator:
    """Return what the output head costs over some tokens of each sequence.

    Parameters
    ----------
    workload : Workload
    tokens : int
        That are scored, of each sequence.
    readings : int
        How often the weights are read for that.
    """
    transformer, rows = workload.transformer, workload.batch_size * tokens
    weights = transformer.head_weights * (1 - workload.sparsity)
    elements = rows * (transformer.hidden_size + transformer.vocabulary_size)
    moved = readings * weights * workload.weight_bytes + elements * workload.activation_bytes
    return Operator(HEAD, 2 * rows * weights, moved)


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


def _count_projections(workload: Workload) -> Operator:
    transformer, tokens = workload.transformer, _tokens(workload)
    weights = transformer.projection_weights * (1 - workload.sparsity)
    queries, keys = transformer.query_size, transformer.key_value_size
    # Queries, keys and values each read the token, the last projection what attention put out.
    reads = (1 if workload.fused else 3) * transformer.hidden_size + queries
    elements = reads + queries + transformer.hidden_size
    moved = (
        workload.passes * weights * workload.weight_bytes
        + tokens * elements * workload.activation_bytes
        + tokens * 2 * keys * _key_value_bytes(workload)
    )
    return _over_layers(PROJECTIONS, workload, 2 * tokens * weights, moved)


def _count_attention(workload: Workload) -> Operator:
    transformer = workload.transformer
    pairs, keys = _attended(workload)
    batch = workload.batch_size
    flops = 4 * transformer.query_size * pairs * batch
    scores = 0 if workload.fused else 2 * transformer.heads * pairs * batch
    moved = (2 * transformer.query_size * _tokens(workload) + scores) * workload.activation_bytes + (
        2 * transformer.key_value_size * keys * batch * _key_value_bytes(workload)
    )
    return _over_layers(ATTENTION, workload, flops, moved)


def _count_feed_forward(workload: Workload) -> Operator:
    transformer, tokens = workload.transformer, _tokens(workload)
    kept = 1 - workload.sparsity
    rows = tokens * transformer.active_experts
    routed = transformer.router_weights
    flops = 2 * kept * (rows * transformer.feed_forward_weights + tokens * routed)
    used = _used_experts(transformer, tokens / workload.passes)
    weights = kept * (used * transformer.feed_forward_weights + routed)
    # Each matrix reads and writes; fused, gate and first matrix share input and output.
    matrices = 2 if workload.fused or not transformer.gated else 3
    elements = rows * matrices * (transformer.hidden_size + transformer.feed_forward_size)
    moved = workload.passes * weights * workload.weight_bytes + elements * workload.activation_bytes
    return _over_layers(FEED_FORWARD, workload, flops, moved)


def _count_other(workload: Workload) -> Operator:
    transformer, tokens = workload.transformer, _tokens(workload)
    scores = transformer.heads * _attended(workload)[0] * workload.batch_size
    inner = tokens * transformer.active_experts * transformer.feed_forward_size
    width = tokens * transformer.hidden_size
    # Two norms (read, write) and two residual sums (read twice, write).
    flops = scores * SOFTMAX_FLOPS + width * 2 * (NORM_FLOPS + 1)
    flops += inner * (GATE_FLOPS if transformer.gated else GELU_FLOPS)
    elements = 2 * scores + width * 2 * (2 + 3) + inner * (3 if transformer.gated else 2)
    return _over_layers(OTHER, workload, flops, 0 if workload.fused else elements * workload.activation_bytes)


def _over_layers(operator: str, workload: Workload, flops: float, moved: float) -> Operator:
    layers = workload.transformer.layers
    return Operator(operator, float(layers * flops), float(layers * moved))


def _tokens(workload: Workload) -> int:
    """Return the tokens that go through the model, of all sequences and passes."""
    return workload.batch_size * workload.new_tokens


def _attended(workload: Workload) -> tuple[int, int]:
    """Return pairs of a query and a key that it attends to, and keys read, of one sequence in all passes."""
    length, prompt = workload.sequence_length, workload.prompt_length
    if workload.phase == ENCODE:
        return length * length, length
    pairs = (length * (length + 1) - prompt * (prompt + 1)) // 2
    return pairs, pairs if workload.phase == DECODE else length


def _key_value_bytes(workload: Workload) -> float:
    return workload.activation_bytes if workload.phase == ENCODE else workload.cache_bytes


def _used_experts(transformer: Transformer, tokens: float) -> float:
    share = transformer.active_experts / transformer.experts
    return float(transformer.experts * (1 - (1 - share) ** tokens))
