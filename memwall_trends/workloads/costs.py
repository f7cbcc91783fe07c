"""Operations and bytes of running a Transformer, operator by operator: `count_cost` has the formulas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from memwall_trends.workloads.layers import Attention, LatentAttention, StateMixer
from memwall_trends.workloads.sharing import Layout
from memwall_trends.workloads.work import DECODE, ENCODE, Workload, describe_workload

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from memwall_trends.workloads.layers import FeedForward, Layer, Mixer

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
            "cache_bytes_per_token": workload.cache_bytes_per_token,
            "operators": [each.to_record() for each in self.operators],
            "total": self.total.to_record(),
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        title = f"{self.workload.transformer.title}, {self.workload.phase}"
        return f"{title}\n{self.to_frame().to_string(index=False)}"

    __repr__ = __str__


def count_cost(workload: Workload, layout: Layout | None = None, copies: float = 1.0) -> Cost:
    """Return the operations and bytes of a workload, on one device or on that which does most of several.

    Parameters
    ----------
    workload : Workload
        Of several copies of the model, the sequences of one of them.
    layout : Layout, optional
        The devices that share it. The stages of a pipeline are counted together.
    copies : float
        So many copies work on as many sequences each: their tokens meet at experts that are given out.

    Notes
    -----
    The model is that of Kim et al., Full Stack Optimization of Transformer Inference (arXiv 2302.14017),
    section 2.2: a multiply and an add are two operations; each operator reads its inputs from memory once and
    writes its output once, as the local memory holds all operands. Per layer, with d the hidden size, q, o
    and c the widths of all queries, of what attention puts out and of what is cached of a token (keys and
    values), f the feed-forward size, m its matrices (2, or 3 if gated), h the heads, and N the tokens of a
    pass in all sequences of the batch:

    - attention projections: 2 N w operations, w = d (q + c + o) weights; reads the weights, 3 N d for
      queries, keys and values and N o for the output; writes N (q + c) and N d
    - attention: 2 (q + o) operations for each pair of a query and a key that it attends to; reads queries,
      keys, values and the h scores of each pair, writes scores and outputs
    - feed-forward: 2 N m d f operations for each expert that a token uses; reads the weights of every expert
      that some token uses; each matrix reads and writes the tokens
    - other: softmax, norms, residual sums and the activation function, which read and write what they work on
    - output head, if counted: 2 d V operations for each sequence and pass, V tokens being known

    A window or a chunk leaves out pairs, and keys that no query attends to any more. Latent attention has
    the weights of `memwall_trends.workloads.layers.LatentAttention`; its products are counted as they cost
    least, with keys and values expanded (a prompt) or absorbed (a decode). A state is read and written once a
    pass, with the operations of `memwall_trends.workloads.layers.StateMixer`.

    A pass takes in all tokens of a sequence (encode, prefill) or one (decode). Of E experts, of which each of
    N tokens uses a, E (1 - (1 - a / E)^N) are expected to be used by some token if all are equally likely: an
    estimate, as routing is not even.

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
    shared = layout or Layout()
    counts: dict[str, Callable[[Workload, Layer, Layout], tuple[float, float]]] = {
        PROJECTIONS: _count_projections,
        ATTENTION: _count_attention,
        FEED_FORWARD: partial(_count_feed_forward, copies=copies),
        OTHER: _count_other,
    }
    operators = []
    for operator, count in counts.items():
        flops = moved = 0.0
        for layer, number in workload.transformer.stack:
            of_one = count(workload, layer, shared)
            flops, moved = flops + number * of_one[0], moved + number * of_one[1]
        operators.append(Operator(operator, float(flops), float(moved)))
    if workload.output_head:
        # Only the last token of a pass decides what comes next.
        operators.append(count_head(workload, workload.passes, workload.passes, shared))
    return Cost(workload, tuple(operators))


def count_head(workload: Workload, tokens: int, readings: int, layout: Layout | None = None) -> Operator:
    """Return what the output head costs over some tokens of each sequence.

    Parameters
    ----------
    workload : Workload
    tokens : int
        That are scored, of each sequence.
    readings : int
        How often the weights are read for that.
    layout : Layout, optional
        The devices that share it.
    """
    transformer, rows = workload.transformer, workload.batch_size * tokens
    share = (layout or Layout()).width_share(transformer.vocabulary_size)
    weights = share * transformer.head_weights * (1 - workload.sparsity)
    elements = share * rows * (transformer.hidden_size + transformer.vocabulary_size)
    moved = readings * weights * workload.weight_bytes + elements * workload.moved_activation_bytes
    return Operator(HEAD, 2 * rows * weights, moved)


def _count_projections(workload: Workload, layer: Layer, layout: Layout) -> tuple[float, float]:
    mixer, tokens, width = layer.mixer, workload.tokens, workload.transformer.hidden_size
    if mixer is None:
        return 0.0, 0.0
    share = layout.query_share(mixer)
    weights = share * mixer.count_weights(width) * (1 - workload.sparsity)
    # Queries, keys and values each read the token, the last projection what attention put out.
    reads = (1 if workload.fused else 3) * width + mixer.output_size
    elements = share * (reads + mixer.query_size + width)
    moved = (
        workload.passes * weights * workload.weight_bytes
        + tokens * elements * workload.moved_activation_bytes
        + tokens * layout.cache_share(mixer) * mixer.cache_size * _key_value_bytes(workload)
    )
    return 2 * tokens * weights, moved


def _count_attention(workload: Workload, layer: Layer, layout: Layout) -> tuple[float, float]:
    mixer, tokens = layer.mixer, workload.tokens
    if mixer is None:
        return 0.0, 0.0
    share, batch = layout.query_share(mixer), workload.batch_size
    moved = share * (mixer.query_size + mixer.output_size) * tokens * workload.moved_activation_bytes
    if isinstance(mixer, StateMixer):
        # Of a prompt that has begun, the state is read once and written once.
        turns = 2 * workload.passes if workload.phase == DECODE else 1 + bool(workload.prompt_length)
        kept = turns * batch * mixer.state_size * workload.cache_bytes
        return share * tokens * mixer.state_flops, moved + share * kept
    pairs, keys = _attended(workload, mixer)
    if not workload.fused:
        moved += share * 2 * mixer.heads * pairs * batch * workload.moved_activation_bytes
    moved += layout.cache_share(mixer) * mixer.cache_size * keys * batch * _key_value_bytes(workload)
    return share * batch * _count_products(workload, mixer, pairs), moved


def _count_products(workload: Workload, mixer: Attention | LatentAttention, pairs: int) -> float:
    """Return the operations of one sequence on its pairs of a query and a key."""
    expanded = 2 * (mixer.query_size + mixer.output_size) * pairs
    if isinstance(mixer, Attention):
        return expanded
    # What is cached of a prompt would have to be expanded again, once a pass.
    cached = mixer.count_held(workload.prompt_length)
    again = 2 * mixer.expanding_weights * cached * (1 - workload.sparsity)
    absorbed = 2 * mixer.heads * (2 * mixer.latent_size + mixer.rotary_size) * pairs
    return absorbed if workload.phase == DECODE else min(expanded + again, absorbed)


def _count_feed_forward(
    workload: Workload, layer: Layer, layout: Layout, copies: float
) -> tuple[float, float]:
    network, tokens, width = layer.feed_forward, workload.tokens, workload.transformer.hidden_size
    if network is None:
        return 0.0, 0.0
    kept, share = 1 - workload.sparsity, layout.expert_share(network)
    # Devices that give out experts among them work on the tokens of all copies of the rest.
    given_out = network.experts > 1 and layout.expert_parallel
    gathered = tokens * (copies if given_out else 1)
    rows = share * gathered * network.active
    expert, common = network.count_expert_weights(width), network.count_common_weights(width) / layout.tensor
    flops = 2 * kept * (rows * expert + tokens * common)
    used = share * _used_experts(network, gathered / workload.passes)
    # Each matrix reads and writes; fused, gate and first matrix share input and output.
    matrices = 2 if workload.fused or not network.gated else 3
    elements = rows * matrices * (width + network.size)
    if network.shared_size:
        elements += (
            layout.width_share(network.shared_size) * tokens * matrices * (width + network.shared_size)
        )
    moved = workload.passes * kept * (used * expert + common) * workload.weight_bytes
    return flops, moved + elements * workload.moved_activation_bytes


def _count_other(workload: Workload, layer: Layer, layout: Layout) -> tuple[float, float]:
    tokens, mixer, network = workload.tokens, layer.mixer, layer.feed_forward
    # A norm (read, write) and a residual sum (read twice, write) for each of both.
    sublayers = (mixer is not None) + (network is not None)
    row = tokens * workload.transformer.hidden_size / layout.tensor
    flops, elements = row * sublayers * (NORM_FLOPS + 1), row * sublayers * (2 + 3)
    if isinstance(mixer, Attention | LatentAttention):
        scores = layout.query_share(mixer) * mixer.heads * _attended(workload, mixer)[0] * workload.batch_size
        flops, elements = flops + scores * SOFTMAX_FLOPS, elements + 2 * scores
    elif mixer:
        # The state decays.
        flops += layout.query_share(mixer) * tokens * mixer.output_size * mixer.key_size
    if network:
        inner = tokens * (
            layout.expert_share(network) * network.active * network.size
            + layout.width_share(network.shared_size or 1) * network.shared_size
        )
        flops += inner * (GATE_FLOPS if network.gated else GELU_FLOPS)
        elements += inner * (3 if network.gated else 2)
    return flops, 0.0 if workload.fused else elements * workload.moved_activation_bytes


def _attended(workload: Workload, mixer: Mixer) -> tuple[int, int]:
    """Return pairs of a query and a key that it attends to, and keys read, of one sequence in all passes."""
    length, prompt = workload.sequence_length, workload.prompt_length
    if workload.phase == ENCODE:
        return length * mixer.count_held(length), length
    pairs = mixer.count_pairs(length) - mixer.count_pairs(prompt)
    if workload.phase == DECODE:
        return pairs, pairs
    return pairs, mixer.count_held(prompt) + length - prompt


def _key_value_bytes(workload: Workload) -> float:
    return workload.moved_activation_bytes if workload.phase == ENCODE else workload.cache_bytes


def _used_experts(network: FeedForward, tokens: float) -> float:
    share = network.active / network.experts
    return float(network.experts * (1 - (1 - share) ** tokens))
