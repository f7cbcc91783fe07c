"""Transformers by the sizes that decide what running them costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.layers import (
    CHUNK,
    DENSE,
    EXPERTS,
    FULL,
    NONE,
    STATE,
    WINDOW,
    Attention,
    FeedForward,
    LatentAttention,
    Layer,
    Mixer,
    StateMixer,
    parse_kinds,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ENCODER, DECODER = "encoder", "decoder"
SIZES = (
    "layers",
    "hidden_size",
    "heads",
    "key_value_heads",
    "head_size",
    "feed_forward_size",
    "experts",
    "active_experts",
    "vocabulary_size",
)
"""Fields that are whole numbers above zero."""
FURTHER_SIZES = (
    "window",
    "value_size",
    "query_rank",
    "latent_size",
    "rotary_size",
    "dense_size",
    "shared_size",
    "state_heads",
    "state_head_size",
    "state_key_heads",
    "state_key_size",
    "state_gates",
    "convolution",
    "positions",
    "prediction_layers",
)
"""Fields that are whole numbers, zero where a model has no such thing."""
FLAGS = ("gated", "tied", "gated_queries")
STATE_SIZES = ("state_heads", "state_head_size", "state_key_heads", "state_key_size", "state_gates")
MIXER_NEEDS = {WINDOW: ("window",), CHUNK: ("window",), STATE: (*STATE_SIZES, "convolution")}
"""The fields that a kind of layer needs."""
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """The sizes of a Transformer, one row of ``datasets/transformers.csv``.

    Attributes
    ----------
    name, title : str
        As the user types it, and for a reader.
    kind : str
        ``encoder`` (each token attends to all) or ``decoder`` (each token attends to those before it).
    layers, hidden_size, heads, head_size : int
        Blocks; width of a token between them; attention heads and the width of their queries and keys.
    key_value_heads : int
        Heads that have keys and values of their own; fewer than `heads` is grouped-query attention.
    feed_forward_size : int
        Width inside the feed-forward network, of one expert where there are several.
    gated : bool
        Whether the feed-forward network has a third matrix that gates the first (SwiGLU).
    experts, active_experts : int
        Feed-forward networks of a layer and how many of them a token uses; 1 and 1 in a dense model.
    vocabulary_size : int
        Tokens that are known.
    tied : bool
        Whether the output head is the input embedding.
    layer_kinds : str
        Where layers differ: a list as in ``"3*full+dense 58*full+experts"``, repeated until all layers have
        a kind; `memwall_trends.workloads.layers.MIXERS` and ``FEED_FORWARDS`` are the words of it.
    window : int
        Tokens of a sliding window or a chunk.
    value_size : int
        Width of the values of a head; 0: as wide as keys.
    query_rank, latent_size, rotary_size : int
        Of latent attention: widths to which queries (0: they are not), and keys and values are compressed,
        and of the rotary part of a key. With a `latent_size` all attention is latent.
    gated_queries : bool
        Whether queries bring a gate of what attention puts out along.
    dense_size : int
        Width inside the feed-forward network of a dense layer; 0: as `feed_forward_size`.
    shared_size : int
        Width of the expert that every token uses besides.
    state_heads, state_head_size, state_key_heads, state_key_size, state_gates, convolution : int
        Of layers with a state: `memwall_trends.workloads.layers.StateMixer`.
    positions : int
        Learned position embeddings.
    prediction_layers : int
        Modules that predict further tokens; not counted among the parameters.

    Raises
    ------
    MemwallError
        If the kind is not known, a size is no whole number above zero, or sizes do not go together.

    Notes
    -----
    Biases and norms are left out: below 0.2 % of the parameters of any built-in model.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> llama = find_transformer("llama-3-8b")
    >>> llama.parameters, llama.cache_elements_per_token
    (8029995008, 65536)
    """

    name: str
    title: str
    kind: str
    layers: int
    hidden_size: int
    heads: int
    key_value_heads: int
    head_size: int
    feed_forward_size: int
    gated: bool
    experts: int
    active_experts: int
    vocabulary_size: int
    tied: bool
    layer_kinds: str = ""
    window: int = 0
    value_size: int = 0
    query_rank: int = 0
    latent_size: int = 0
    rotary_size: int = 0
    gated_queries: bool = False
    dense_size: int = 0
    shared_size: int = 0
    state_heads: int = 0
    state_head_size: int = 0
    state_key_heads: int = 0
    state_key_size: int = 0
    state_gates: int = 1
    convolution: int = 4
    positions: int = 0
    prediction_layers: int = 0

    def __post_init__(self) -> None:
        """Check kind and sizes."""
        if self.kind not in (ENCODER, DECODER):
            raise unknown("kind of Transformer", self.kind, (ENCODER, DECODER))
        for size in SIZES:
            check_count(size, getattr(self, size))
        for size in FURTHER_SIZES:
            check_count(size, getattr(self, size), least=0)
        if self.heads % self.key_value_heads:
            raise MemwallError(
                f"{self.heads} heads cannot share {self.key_value_heads} key-value heads evenly: "
                "give a number of key-value heads that divides the heads"
            )
        if self.active_experts > self.experts:
            raise MemwallError(f"a token cannot use {self.active_experts} of {self.experts} expert(s)")
        if self.latent_size and not 0 < self.rotary_size <= self.head_size:
            raise MemwallError(
                f"rotary_size: expected a part of the {self.head_size} of head_size, as latent attention "
                f"has it; got {self.rotary_size}"
            )
        needed = {mixer: MIXER_NEEDS[mixer] for mixer, _ in self.kinds if mixer in MIXER_NEEDS}
        for mixer, sizes in needed.items():
            missing = [size for size in sizes if not getattr(self, size)]
            if missing:
                raise MemwallError(f"layers of the kind {mixer!r} need {' and '.join(missing)} above zero")

    @cached_property
    def stack(self) -> tuple[tuple[Layer, int], ...]:
        """The layers, each kind with how many there are of it."""
        return tuple((self._make_layer(*kind), number) for kind, number in self.kinds.items())

    @property
    def has_output_head(self) -> bool:
        """Whether what comes next is scored: in a decoder."""
        return self.kind == DECODER

    @property
    def query_size(self) -> int:
        """Width of the queries of one token, all heads."""
        return self.heads * self.head_size

    @property
    def key_value_size(self) -> int:
        """Width of the keys of one token, all heads."""
        return self.key_value_heads * self.head_size

    @property
    def head_weights(self) -> int:
        """Weights of the output head, which scores the vocabulary."""
        return self.hidden_size * self.vocabulary_size

    @property
    def embedding_weights(self) -> int:
        """Weights of the embeddings of tokens and positions, of which a token looks up one row."""
        return self.head_weights + self.hidden_size * self.positions

    @property
    def block_weights(self) -> int:
        """Weights of all layers, without embedding and output head."""
        return sum(number * layer.count_weights(self.hidden_size) for layer, number in self.stack)

    @property
    def parameters(self) -> int:
        """All weights: layers, embedding and, where it is not the same, output head."""
        return self.block_weights + self.embedding_weights + (0 if self.tied else self.head_weights)

    @property
    def active_parameters(self) -> int:
        """Weights that one token uses, of the experts only those that are chosen for it."""
        idle = sum(
            number * (network.experts - network.active) * network.count_expert_weights(self.hidden_size)
            for network, number in self._networks()
        )
        return self.parameters - idle

    @property
    def cache_elements_per_token(self) -> int:
        """Keys and values, or what they are compressed to, of one token in all layers."""
        return sum(number * layer.mixer.cache_size for layer, number in self.stack if layer.mixer)

    @property
    def state_elements(self) -> int:
        """What layers with a state keep of one sequence, however long it is."""
        return sum(number * layer.mixer.state_size for layer, number in self.stack if layer.mixer)

    @property
    def has_experts(self) -> bool:
        """Whether there are experts to choose from."""
        return any(network.experts > 1 for network, _ in self._networks())

    def count_cache(self, length: int) -> int:
        """Return the elements of cache and state that one sequence holds at a length.

        Examples
        --------
        >>> from memwall_trends.workloads import find_transformer
        >>> find_transformer("llama-3-8b").count_cache(1000)
        65536000
        """
        cached = sum(
            number * layer.mixer.cache_size * layer.mixer.count_held(length)
            for layer, number in self.stack
            if layer.mixer
        )
        return cached + self.state_elements

    def _networks(self) -> list[tuple[FeedForward, int]]:
        return [(layer.feed_forward, number) for layer, number in self.stack if layer.feed_forward]

    @property
    def kinds(self) -> dict[tuple[str, str], int]:
        """Kinds of layers, each with how many there are of it."""
        usual = EXPERTS if self.experts > 1 else DENSE
        return parse_kinds(self.layer_kinds, self.layers, usual)

    def _make_layer(self, mixer: str, feed_forward: str) -> Layer:
        networks = {
            DENSE: FeedForward(size=self.dense_size or self.feed_forward_size, gated=self.gated),
            EXPERTS: FeedForward(
                size=self.feed_forward_size,
                gated=self.gated,
                experts=self.experts,
                active=self.active_experts,
                shared_size=self.shared_size,
            ),
        }
        return Layer(self._make_mixer(mixer), networks.get(feed_forward))

    def _make_mixer(self, mixer: str) -> Mixer | None:
        if mixer == NONE:
            return None
        if mixer == STATE:
            return StateMixer(
                heads=self.state_heads,
                head_size=self.state_head_size,
                key_heads=self.state_key_heads,
                key_size=self.state_key_size,
                gates=self.state_gates,
                convolution=self.convolution,
            )
        common: dict[str, Any] = {
            "heads": self.heads,
            "head_size": self.head_size,
            "value_size": self.value_size or self.head_size,
            "reach": mixer,
            "window": 0 if mixer == FULL else self.window,
        }
        if self.latent_size:
            return LatentAttention(
                query_rank=self.query_rank,
                latent_size=self.latent_size,
                rotary_size=self.rotary_size,
                **common,
            )
        return Attention(key_value_heads=self.key_value_heads, gated=self.gated_queries, **common)

    def change(self, settings: Mapping[str, Any]) -> Transformer:
        """Return a Transformer with other values of some fields, given as values or as text.

        Raises
        ------
        MemwallError
            If there is no such field, or it cannot have that value.

        Examples
        --------
        >>> from memwall_trends.workloads import find_transformer
        >>> find_transformer("gpt2").change({"head_size": "128", "gated": "yes"}).query_size
        1536
        """
        if not settings:
            return self
        given = {name: read_field(name, value) for name, value in settings.items()}
        sizes = ", ".join(f"{name}={settings[name]}" for name in given)
        return replace(self, **{"title": f"{self.title} ({sizes})", **given})

    def reshape(
        self,
        *,
        layers: int | None = None,
        hidden_size: int | None = None,
        heads: int | None = None,
        key_value_heads: int | None = None,
        feed_forward_size: int | None = None,
        gated: bool | None = None,
    ) -> Transformer:
        """Return a Transformer of other sizes.

        Heads stay as wide as the hidden size divided by their number where they were; key-value heads
        follow the heads where there was one for each.

        Raises
        ------
        MemwallError
            As the class, and if the heads cannot divide the hidden size.

        Examples
        --------
        >>> from memwall_trends.workloads import find_transformer
        >>> find_transformer("bert-base").reshape(heads=4).head_size
        192
        """
        given: dict[str, Any] = {
            name: size
            for name, size in (
                ("layers", layers),
                ("hidden_size", hidden_size),
                ("heads", heads),
                ("key_value_heads", key_value_heads),
                ("feed_forward_size", feed_forward_size),
                ("gated", gated),
            )
            if size is not None
        }
        if not given:
            return self
        for name, size in given.items():
            if name != "gated":
                check_count(name, size)
        changed_heads, width = given.get("heads", self.heads), given.get("hidden_size", self.hidden_size)
        if self.query_size == self.hidden_size and (changed_heads, width) != (self.heads, self.hidden_size):
            if width % changed_heads:
                raise MemwallError(f"{changed_heads} heads cannot share a hidden size of {width} evenly")
            given["head_size"] = width // changed_heads
        if self.key_value_heads == self.heads:
            given.setdefault("key_value_heads", changed_heads)
        sizes = ", ".join(f"{name}={size}" for name, size in given.items() if name != "head_size")
        return replace(self, **given, title=f"{self.title} ({sizes})")


def read_field(name: str, value: Any) -> Any:
    """Return the value of a field of a Transformer, which may be text.

    Raises
    ------
    MemwallError
        If there is no such field, or it cannot have that value.

    Examples
    --------
    >>> read_field("layers", "12"), read_field("tied", "no")
    (12, False)
    """
    known = [field.name for field in fields(Transformer)]
    if name not in known:
        raise unknown("size of a Transformer", name, known)
    if name in FLAGS:
        text = str(value).casefold()
        if text not in (*YES, *NO):
            raise MemwallError(f"{name}: expected yes or no; got {value!r}")
        return text in YES
    if name in (*SIZES, *FURTHER_SIZES):
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise MemwallError(f"{name}: expected a whole number, as in 128; got {value!r}") from None
        check_count(name, number, least=1 if name in SIZES else 0)
        return int(number)
    if not isinstance(value, str):
        raise MemwallError(f"{name}: expected text; got {value!r}")
    return value


def check_count(name: str, number: float, least: int = 1) -> None:
    """Raise an error if a number is no whole number, or below the least.

    Examples
    --------
    >>> check_count("batch_size", 0)
    Traceback (most recent call last):
        ...
    memwall_trends.errors.MemwallError: batch_size: expected a whole number above zero, as in 1; got 0
    """
    if not math.isfinite(number) or number != int(number) or number < least:
        expected = "above zero, as in 1" if least else "of at least 0"
        raise MemwallError(f"{name}: expected a whole number {expected}; got {number:g}")
