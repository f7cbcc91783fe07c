"""The kinds of layers that Transformers of today are built of: what mixes tokens, and what follows it.

A mixer is attention (over everything, a window or a chunk), latent attention, which caches one compressed
vector a token, or a state, which keeps a matrix a head in place of a cache. A feed-forward network is dense
or a mixture of experts, with or without experts that every token uses.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from memwall_trends.errors import MemwallError, unknown

FULL, WINDOW, CHUNK, STATE, NONE = "full", "window", "chunk", "state", "none"
MIXERS = {
    FULL: "attention to all tokens before",
    WINDOW: "attention to the last so many tokens (sliding window)",
    CHUNK: "attention to the tokens before of the same chunk",
    STATE: "a state in place of a cache (state space, linear attention)",
    NONE: "no mixing of tokens: a feed-forward network of its own",
}
"""What mixes tokens in a layer, by the name in a list of kinds."""
DENSE, EXPERTS = "dense", "experts"
FEED_FORWARDS = {
    DENSE: "one feed-forward network",
    EXPERTS: "a mixture of experts",
    NONE: "no feed-forward network",
}
"""What follows the mixer in a layer, by the name in a list of kinds."""
GATED_MATRICES, PLAIN_MATRICES = 3, 2
MOST_LAYERS = 10_000
"""More than any model has: what is above is a slip."""
KIND = re.compile(r"(?:(?P<times>\d+)\*)?(?P<mixer>[a-z]+)(?:\+(?P<feed_forward>[a-z]+))?")


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Attention with keys and values of each token.

    Attributes
    ----------
    heads, key_value_heads : int
        Of queries, and of keys and values.
    head_size, value_size : int
        Width of a query and key, and of a value.
    reach : str
        ``full``, ``window`` or ``chunk``.
    window : int
        Tokens of the window or the chunk; 0 if full.
    gated : bool
        Whether queries bring a gate of the output along, as wide as they are.

    Examples
    --------
    >>> Attention(heads=8, key_value_heads=2, head_size=64, value_size=64).cache_size
    256
    """

    heads: int
    key_value_heads: int
    head_size: int
    value_size: int
    reach: str = FULL
    window: int = 0
    gated: bool = False

    @property
    def query_size(self) -> int:
        """Width of the queries of one token, all heads."""
        return self.heads * self.head_size

    @property
    def output_size(self) -> int:
        """Width of what attention puts out for one token, all heads."""
        return self.heads * self.value_size

    @property
    def cache_size(self) -> int:
        """Elements that the cache holds of one token."""
        return self.key_value_heads * (self.head_size + self.value_size)

    @property
    def state_size(self) -> int:
        """Elements of a state of one sequence: none."""
        return 0

    def count_weights(self, hidden_size: int) -> int:
        """Return the weights of the projections of queries, keys, values and output."""
        queries = self.query_size + (self.output_size if self.gated else 0)
        return hidden_size * (queries + self.cache_size + self.output_size)

    def count_pairs(self, tokens: int) -> int:
        """Return the pairs of a query and a key that it attends to among the first so many tokens.

        Examples
        --------
        >>> sizes = {"heads": 1, "key_value_heads": 1, "head_size": 1, "value_size": 1}
        >>> Attention(**sizes).count_pairs(5), Attention(**sizes, reach="window", window=2).count_pairs(5)
        (15, 9)
        """
        return _count_pairs(self.reach, self.window, tokens)

    def count_held(self, tokens: int) -> int:
        """Return how many tokens of a sequence the cache must hold."""
        return tokens if self.reach == FULL else min(tokens, self.window)


@dataclass(frozen=True, kw_only=True)
class LatentAttention:
    """Multi-head latent attention of DeepSeek-V2 (arXiv 2405.04434): one compressed vector a token is cached.

    Attributes
    ----------
    heads : int
    head_size, value_size : int
        Width of a query and key with its rotary part, and of a value.
    query_rank : int
        Width to which queries are compressed; 0 if they are not.
    latent_size : int
        Width to which keys and values are compressed together.
    rotary_size : int
        Width of the rotary part of a key, which all heads share.
    reach, window
        As of `Attention`.

    Notes
    -----
    The projection that expands keys and values costs the same whether it is applied to each token once
    (prefill) or, absorbed, to queries and outputs (decode). Absorbed, a pair takes
    2 h (2 c + r) operations, c being the latent and r the rotary size; expanded 2 h (d + v).
    """

    heads: int
    head_size: int
    value_size: int
    query_rank: int
    latent_size: int
    rotary_size: int
    reach: str = FULL
    window: int = 0

    @property
    def key_value_heads(self) -> int:
        """Parts into which the cache divides: one, which every head reads."""
        return 1

    @property
    def query_size(self) -> int:
        """Width of the queries of one token, all heads."""
        return self.heads * self.head_size

    @property
    def output_size(self) -> int:
        """Width of what attention puts out for one token, all heads."""
        return self.heads * self.value_size

    @property
    def cache_size(self) -> int:
        """Elements that the cache holds of one token."""
        return self.latent_size + self.rotary_size

    @property
    def state_size(self) -> int:
        """Elements of a state of one sequence: none."""
        return 0

    def count_weights(self, hidden_size: int) -> int:
        """Return the weights of the projections that compress, expand and put out."""
        rank = self.query_rank
        queries = rank * (hidden_size + self.query_size) if rank else hidden_size * self.query_size
        compressing = hidden_size * self.cache_size
        return queries + compressing + self.expanding_weights + self.output_size * hidden_size

    @property
    def expanding_weights(self) -> int:
        """Weights that make keys and values of what is cached."""
        return self.latent_size * self.heads * (self.head_size - self.rotary_size + self.value_size)

    def count_pairs(self, tokens: int) -> int:
        """Return the pairs as `Attention.count_pairs` does."""
        return _count_pairs(self.reach, self.window, tokens)

    def count_held(self, tokens: int) -> int:
        """Return how many tokens of a sequence the cache must hold."""
        return tokens if self.reach == FULL else min(tokens, self.window)


@dataclass(frozen=True, kw_only=True)
class StateMixer:
    """A layer that keeps a state: a matrix a head that each token changes and reads.

    Attributes
    ----------
    heads, head_size : int
        Of values.
    key_heads, key_size : int
        Of keys and queries; what state-space models call groups and state size.
    gates : int
        Numbers a head that a token brings along: 1 (the step of Mamba-2), 2 (decay and rate of a delta rule).
    convolution : int
        Tokens over which values, keys and queries are convolved first.

    Notes
    -----
    Of each head and token, K being the key size and V the head size: the state decays (K V), takes in the
    outer product of key and value (2 K V) and is read (2 K V), as in Mamba-2 (arXiv 2405.21060, section 6);
    a delta rule, told by its two gates, first reads what the state holds for the key (2 K V more;
    arXiv 2412.06464, equation 10).
    """

    heads: int
    head_size: int
    key_heads: int
    key_size: int
    gates: int
    convolution: int

    @property
    def key_value_heads(self) -> int:
        """Parts into which the state divides."""
        return self.heads

    @property
    def query_size(self) -> int:
        """Width of values, keys and queries of one token, which are convolved."""
        return self.output_size + 2 * self.key_heads * self.key_size

    @property
    def output_size(self) -> int:
        """Width of the values of one token, all heads."""
        return self.heads * self.head_size

    @property
    def cache_size(self) -> int:
        """Elements that a cache holds of one token: none."""
        return 0

    @property
    def state_size(self) -> int:
        """Elements of the state of one sequence, with the tokens that the convolution looks back at."""
        return self.output_size * self.key_size + (self.convolution - 1) * self.query_size

    @property
    def state_flops(self) -> int:
        """Operations on the state of one token, without the decay."""
        return (6 if self.gates > 1 else 4) * self.output_size * self.key_size

    def count_weights(self, hidden_size: int) -> int:
        """Return the weights of the projections in and out and of the convolution."""
        # Values, keys and queries, a gate of the output, and the numbers a head.
        into = self.query_size + self.output_size + self.gates * self.heads
        return hidden_size * (into + self.output_size) + self.convolution * self.query_size

    def count_pairs(self, tokens: int) -> int:
        """Return the pairs that are attended to: none."""
        return 0

    def count_held(self, tokens: int) -> int:
        """Return how many tokens a cache must hold: none."""
        return 0


Mixer = Attention | LatentAttention | StateMixer


@dataclass(frozen=True, kw_only=True)
class FeedForward:
    """A feed-forward network, or a mixture of them.

    Attributes
    ----------
    size : int
        Width inside, of one expert.
    gated : bool
        Whether a third matrix gates the first.
    experts, active : int
        How many there are and how many a token uses of them.
    shared_size : int
        Width of what every token uses besides.

    Examples
    --------
    >>> FeedForward(size=10, gated=True, experts=8, active=2, shared_size=5).count_weights(hidden_size=4)
    1052
    """

    size: int
    gated: bool
    experts: int = 1
    active: int = 1
    shared_size: int = 0

    @property
    def matrices(self) -> int:
        """Matrices of one network."""
        return GATED_MATRICES if self.gated else PLAIN_MATRICES

    def count_expert_weights(self, hidden_size: int) -> int:
        """Return the weights of one expert."""
        return self.matrices * hidden_size * self.size

    def count_common_weights(self, hidden_size: int) -> int:
        """Return the weights that every token uses: of what is shared, and of the router."""
        router = hidden_size * self.experts if self.experts > 1 else 0
        return self.matrices * hidden_size * self.shared_size + router

    def count_weights(self, hidden_size: int) -> int:
        """Return all weights."""
        return self.experts * self.count_expert_weights(hidden_size) + self.count_common_weights(hidden_size)


@dataclass(frozen=True)
class Layer:
    """One layer: what mixes tokens, and what follows.

    Attributes
    ----------
    mixer : Mixer, optional
    feed_forward : FeedForward, optional
    """

    mixer: Mixer | None
    feed_forward: FeedForward | None

    def count_weights(self, hidden_size: int) -> int:
        """Return all weights of the layer."""
        parts = (self.mixer, self.feed_forward)
        return sum(part.count_weights(hidden_size) for part in parts if part is not None)


def parse_kinds(text: str, layers: int, usual_feed_forward: str) -> dict[tuple[str, str], int]:
    """Return how many layers there are of each kind.

    Parameters
    ----------
    text : str
        Kinds as in ``"3*full+dense 58*full+experts"``, a mixer and what follows it; repeated until all layers
        have one. Empty: ``full``.
    layers : int
    usual_feed_forward : str
        What follows where the kind does not say.

    Raises
    ------
    MemwallError
        If a kind is not known.

    Examples
    --------
    >>> parse_kinds("5*window full", 62, "dense")
    {('window', 'dense'): 52, ('full', 'dense'): 10}
    """
    listed: list[tuple[str, str]] = []
    for word in (text or FULL).split():
        found = KIND.fullmatch(word)
        if not found:
            raise MemwallError(
                f"layer_kinds: cannot read {word!r}; expected kinds as in '3*full+dense 58*full+experts'"
            )
        mixer, feed_forward = found["mixer"], found["feed_forward"] or usual_feed_forward
        if mixer not in MIXERS:
            raise unknown("kind of layer", mixer, MIXERS)
        if feed_forward not in FEED_FORWARDS:
            raise unknown("kind of feed-forward network", feed_forward, FEED_FORWARDS)
        times = int(found["times"] or 1)
        if times not in range(1, MOST_LAYERS + 1):
            raise MemwallError(f"layer_kinds: expected 1 to {MOST_LAYERS:,} layers of a kind; got {word!r}")
        listed += [(mixer, feed_forward)] * times
    if not listed:
        raise MemwallError(f"layer_kinds: {text!r} names no layer; expected kinds as in '5*window full'")
    whole, rest = divmod(layers, len(listed))
    counts: dict[tuple[str, str], int] = {}
    for position, kind in enumerate(listed):
        counts[kind] = counts.get(kind, 0) + whole + (position < rest)
    return {kind: number for kind, number in counts.items() if number}


def describe_kinds(kinds: list[tuple[str, str]]) -> str:
    """Return a list of kinds as `parse_kinds` reads it, as short as its period is.

    Examples
    --------
    >>> describe_kinds([("window", "dense")] * 2 + [("full", "dense")] + [("window", "dense")])
    '2*window+dense full+dense'
    """
    period = next(
        length
        for length in range(1, len(kinds) + 1)
        if all(kind == kinds[position % length] for position, kind in enumerate(kinds))
    )
    words: list[list[str | int]] = []
    for mixer, feed_forward in kinds[:period]:
        word = f"{mixer}+{feed_forward}"
        if words and words[-1][0] == word:
            words[-1][1] = int(words[-1][1]) + 1
        else:
            words.append([word, 1])
    return " ".join(f"{times}*{word}" if int(times) > 1 else f"{word}" for word, times in words)


def _count_pairs(reach: str, window: int, tokens: int) -> int:
    if reach == FULL:
        return tokens * (tokens + 1) // 2
    whole, rest = divmod(tokens, window)
    if reach == CHUNK:
        return whole * window * (window + 1) // 2 + rest * (rest + 1) // 2
    inside = min(tokens, window)
    return inside * (inside + 1) // 2 + (tokens - inside) * window


def largest_share(parts: int, devices: int) -> float:
    """Return the share of the device that has most, of parts that are not split further.

    Examples
    --------
    >>> largest_share(8, 3), largest_share(8, 16)
    (0.375, 0.125)
    """
    return math.ceil(parts / devices) / parts
