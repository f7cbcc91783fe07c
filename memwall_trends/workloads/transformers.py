"""Transformers by the sizes that decide what running them costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError, unknown

ENCODER, DECODER = "encoder", "decoder"
GATED_MATRICES, PLAIN_MATRICES = 3, 2
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
"""Columns that are whole numbers."""


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
        Blocks; width of a token between them; attention heads and their width.
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

    Raises
    ------
    MemwallError
        If the kind is not known, a size is no whole number above zero, or sizes do not go together.

    Notes
    -----
    Biases, norms and learned positions are left out: below 1 % of the parameters of any built-in model.

    Examples
    --------
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

    def __post_init__(self) -> None:
        """Check kind and sizes."""
        if self.kind not in (ENCODER, DECODER):
            raise unknown("kind of Transformer", self.kind, (ENCODER, DECODER))
        for size in SIZES:
            check_count(size, getattr(self, size))
        if self.heads % self.key_value_heads:
            raise MemwallError(
                f"{self.heads} heads cannot share {self.key_value_heads} key-value heads evenly: "
                "give a number of key-value heads that divides the heads"
            )
        if self.active_experts > self.experts:
            raise MemwallError(f"a token cannot use {self.active_experts} of {self.experts} expert(s)")

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
        """Width of the keys of one token, all heads; the values are as wide."""
        return self.key_value_heads * self.head_size

    @property
    def projection_weights(self) -> int:
        """Weights of the four attention projections of one layer."""
        return 2 * self.hidden_size * (self.query_size + self.key_value_size)

    @property
    def feed_forward_weights(self) -> int:
        """Weights of one feed-forward network, of one expert."""
        matrices = GATED_MATRICES if self.gated else PLAIN_MATRICES
        return matrices * self.hidden_size * self.feed_forward_size

    @property
    def router_weights(self) -> int:
        """Weights that choose the experts of a token, in one layer."""
        return self.hidden_size * self.experts if self.experts > 1 else 0

    @property
    def head_weights(self) -> int:
        """Weights of the output head, which scores the vocabulary."""
        return self.hidden_size * self.vocabulary_size

    @property
    def block_weights(self) -> int:
        """Weights of all layers, without embedding and output head."""
        return self.layers * (
            self.projection_weights + self.experts * self.feed_forward_weights + self.router_weights
        )

    @property
    def parameters(self) -> int:
        """All weights: layers, embedding and, where it is not the same, output head."""
        return self.block_weights + self.head_weights * (1 if self.tied else 2)

    @property
    def active_parameters(self) -> int:
        """Weights that one token uses, of the experts only those that are chosen for it."""
        idle = self.layers * (self.experts - self.active_experts) * self.feed_forward_weights
        return self.parameters - idle

    @property
    def cache_elements_per_token(self) -> int:
        """Keys and values of one token in all layers."""
        return 2 * self.layers * self.key_value_size

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


def load_transformers() -> list[Transformer]:
    """Return the built-in models.

    Examples
    --------
    >>> max(load_transformers(), key=lambda model: model.parameters).name
    'llama-3-405b'
    """
    models = []
    for row in load_table("transformers").to_dict(orient="records"):
        sizes: dict[str, Any] = {size: int(row[size]) for size in SIZES}
        flags = {flag: row[flag] == "yes" for flag in ("gated", "tied")}
        models.append(Transformer(name=row["name"], title=row["title"], kind=row["kind"], **flags, **sizes))
    return models


def list_transformers() -> list[str]:
    """Return the names of the built-in models.

    Examples
    --------
    >>> list_transformers()[:3]
    ['bert-base', 'bert-large', 'gpt2']
    """
    return [model.name for model in load_transformers()]


def find_transformer(name: str) -> Transformer:
    """Return a built-in model.

    Raises
    ------
    MemwallError
        If there is none of that name; the message names the known ones.

    Examples
    --------
    >>> find_transformer("gpt2").layers
    12
    """
    models = {model.name: model for model in load_transformers()}
    if name not in models:
        raise unknown("model", name, models)
    return models[name]


def check_count(name: str, number: float) -> None:
    """Raise an error if a number is no whole number above zero.

    Examples
    --------
    >>> check_count("batch_size", 0)
    Traceback (most recent call last):
        ...
    memwall_trends.errors.MemwallError: batch_size: expected a whole number above zero, as in 1; got 0
    """
    if not math.isfinite(number) or number != int(number) or number < 1:
        raise MemwallError(f"{name}: expected a whole number above zero, as in 1; got {number:g}")
