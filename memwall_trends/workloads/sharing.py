"""How devices share a model: tensor, pipeline, data and expert parallelism, and what is uneven then."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memwall_trends.errors import MemwallError
from memwall_trends.workloads.layers import StateMixer, largest_share
from memwall_trends.workloads.transformers import check_count

if TYPE_CHECKING:
    from memwall_trends.workloads.layers import FeedForward, Mixer
    from memwall_trends.workloads.transformers import Transformer


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Devices that share a model.

    Attributes
    ----------
    devices : int
        All of them; those that `pipeline` and `data` leave share each matrix (tensor parallel).
    pipeline : int
        Stages, each of which has a part of the layers.
    data : int
        Copies of all that is no expert; each has a part of the sequences.
    expert_parallel : bool
        Whether whole experts are given out among the devices of a stage, instead of a part of each.

    Raises
    ------
    MemwallError
        If a number is none, or the devices do not divide into stages and copies.

    Examples
    --------
    >>> Layout(devices=16, pipeline=2, data=4).tensor
    2
    """

    devices: int = 1
    pipeline: int = 1
    data: int = 1
    expert_parallel: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("devices", "pipeline", "data"):
            check_count(name, getattr(self, name))
        if self.devices % (self.pipeline * self.data):
            raise MemwallError(
                f"devices: {self.devices} cannot be {self.pipeline} stages of {self.data} copies each; "
                f"expected a multiple of {self.pipeline * self.data}"
            )

    @property
    def tensor(self) -> int:
        """Devices that share each matrix."""
        return self.devices // (self.pipeline * self.data)

    @property
    def expert_devices(self) -> int:
        """Devices among which whole experts are given out; 1 if they are not."""
        return self.tensor * self.data if self.expert_parallel else 1

    def query_share(self, mixer: Mixer) -> float:
        """Return the share of the heads of the device that has most of them.

        Query heads go with the keys and values that they read, as long as there are enough of those.
        """
        grouped = isinstance(mixer, StateMixer) or self.tensor <= mixer.key_value_heads
        return largest_share(mixer.key_value_heads if grouped else mixer.heads, self.tensor)

    def cache_share(self, mixer: Mixer) -> float:
        """Return the share of the cache that a device has: at least a whole key-value head."""
        return largest_share(mixer.key_value_heads, self.tensor)

    def width_share(self, width: int) -> float:
        """Return the largest share of a width that is divided among the devices."""
        return largest_share(width, self.tensor)

    def expert_share(self, network: FeedForward) -> float:
        """Return the share of the experts' weights of the device that has most of them."""
        if network.experts > 1 and self.expert_parallel:
            return largest_share(network.experts, self.expert_devices)
        return self.width_share(network.size)

    def stage_share(self, transformer: Transformer) -> float:
        """Return the share of the layers of the stage that has most of them."""
        return largest_share(transformer.layers, self.pipeline)

    def count_weights(self, transformer: Transformer) -> float:
        """Return the weights that the device with most of them holds."""
        width = transformer.hidden_size
        blocks = 0.0
        for layer, number in transformer.stack:
            if layer.mixer:
                blocks += number * layer.mixer.count_weights(width) * self.query_share(layer.mixer)
            if network := layer.feed_forward:
                experts = network.experts * network.count_expert_weights(width) * self.expert_share(network)
                shared = network.count_common_weights(width) / self.tensor
                blocks += number * (experts + shared)
        ends = (transformer.embedding_weights, 0 if transformer.tied else transformer.head_weights)
        # The embedding is with the first stage, the output head with the last.
        held = max(ends) if self.pipeline > 1 else sum(ends)
        share = self.width_share(transformer.vocabulary_size)
        return blocks * self.stage_share(transformer) + held * share

    def count_cache(self, transformer: Transformer, length: int, sequences: float) -> float:
        """Return the elements of cache and state that a device holds of so many sequences."""
        held = 0.0
        for layer, number in transformer.stack:
            if mixer := layer.mixer:
                own = mixer.cache_size * mixer.count_held(length) + mixer.state_size
                held += number * own * self.cache_share(mixer)
        return held * self.stage_share(transformer) * sequences / self.data

    def find_uneven(self, transformer: Transformer) -> list[str]:
        """Return what of a model does not divide evenly among the devices, a clause each.

        Examples
        --------
        >>> from memwall_trends.workloads import find_transformer
        >>> Layout(devices=3).find_uneven(find_transformer("llama-3-70b"))[0]
        '8 key-value heads over 3 devices: one has 3'
        """
        found = []
        for layer, _ in transformer.stack:
            if mixer := layer.mixer:
                found += _describe_heads(mixer, self.tensor)
            if network := layer.feed_forward:
                if network.experts > 1 and self.expert_parallel:
                    found += _describe(network.experts, "experts", self.expert_devices)
                else:
                    found += _describe(network.size, "columns of the feed-forward network", self.tensor)
        found += _describe(transformer.vocabulary_size, "tokens of the vocabulary", self.tensor)
        if transformer.layers % self.pipeline:
            found.append(
                f"{transformer.layers} layers over {self.pipeline} stages: one has "
                f"{math.ceil(transformer.layers / self.pipeline)}"
            )
        return list(dict.fromkeys(found))


def _describe_heads(mixer: Mixer, devices: int) -> list[str]:
    parts = mixer.key_value_heads
    if devices <= parts or isinstance(mixer, StateMixer):
        return _describe(parts, "key-value heads", devices)
    what = "key-value head" if parts == 1 else "key-value heads"
    times = "not at all" if parts == 1 else f"{parts} times at most"
    copied = f"{parts} {what} for {devices} devices: each holds one, the cache shrinks {times}"
    return [copied, *_describe(mixer.heads, "heads", devices)]


def _describe(parts: int, what: str, devices: int) -> list[str]:
    if parts % devices == 0:
        return []
    return [f"{parts:,} {what} over {devices} devices: one has {math.ceil(parts / devices):,}"]
