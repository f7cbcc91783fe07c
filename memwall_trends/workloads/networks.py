"""Networks that are no Transformers, as the paper's figures compare them: convolutions and a recommender."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.costs import TOTAL, Operator
from memwall_trends.workloads.transformers import check_count

if TYPE_CHECKING:
    import pandas as pd

CONVOLUTION, DENSE, EMBEDDING, INTERACTION = "convolution", "dense", "embedding", "interaction"
SIZES = ("inputs", "outputs", "kernel", "stride", "size", "repeats")


@dataclass(frozen=True, kw_only=True)
class NetworkLayer:
    """A kind of layer, one row of ``datasets/network_layers.csv``.

    Attributes
    ----------
    kind : str
        ``convolution``, ``dense``, ``embedding`` or ``interaction``.
    inputs, outputs : int
        Channels or numbers; of an embedding rows and width; of an interaction vectors and width.
    kernel, stride, size : int
        Of a convolution: width of the kernel, its step, and width of what comes out, all of them squares.
    repeats : int
        How many such layers there are.
    """

    kind: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    size: int
    repeats: int

    @property
    def weights(self) -> int:
        """Weights of all layers of the kind."""
        if self.kind == INTERACTION:
            return 0
        return self.repeats * self.inputs * self.outputs * self.kernel**2

    def count(self, batch_size: int, element_bytes: float) -> tuple[float, float]:
        """Return operations and bytes of a batch."""
        if self.kind == EMBEDDING:
            # A row is read for each of the batch, and written out.
            return 0.0, 2 * self.repeats * batch_size * self.outputs * element_bytes
        if self.kind == INTERACTION:
            pairs = self.inputs * (self.inputs - 1) // 2
            moved = batch_size * (self.inputs * self.outputs + pairs) * element_bytes
            return float(2 * batch_size * pairs * self.outputs), moved
        out = self.size**2 * self.outputs
        into = (self.size * self.stride) ** 2 * self.inputs
        elements = self.weights + self.repeats * batch_size * (into + out)
        return float(2 * batch_size * self.size**2 * self.weights), elements * element_bytes


@dataclass(frozen=True)
class Network:
    """A network by its layers.

    Attributes
    ----------
    name, title : str
    layers : tuple of NetworkLayer

    Examples
    --------
    >>> round(find_network("resnet-50").parameters / 1e6, 1)
    25.5
    """

    name: str
    title: str
    layers: tuple[NetworkLayer, ...]

    @property
    def parameters(self) -> int:
        """All weights, without biases and norms."""
        return sum(layer.weights for layer in self.layers)

    def count_cost(self, batch_size: int = 1, element_bytes: float = 2.0) -> list[Operator]:
        """Return what inference of a batch costs, by kind of layer, the total last.

        Parameters
        ----------
        batch_size : int
        element_bytes : float
            Of weights and activations.

        Raises
        ------
        MemwallError
            If a number is not above zero.

        Notes
        -----
        A multiply and an add are two operations. Each layer reads its weights and inputs and writes its
        outputs once; norms, activation functions and pooling stay on the chip. An embedding reads a row of
        each table.

        Examples
        --------
        >>> round(find_network("vgg-19").count_cost()[-1].flops / 1e9, 1)
        39.3
        """
        check_count("batch_size", batch_size)
        if not 0 < element_bytes < math.inf:
            raise MemwallError(f"element_bytes: expected a number above zero, as in 2; got {element_bytes:g}")
        sums: dict[str, list[float]] = {}
        for layer in self.layers:
            flops, moved = layer.count(batch_size, element_bytes)
            kept = sums.setdefault(layer.kind, [0.0, 0.0])
            kept[0], kept[1] = kept[0] + flops, kept[1] + moved
        parts = [Operator(kind, flops, moved) for kind, (flops, moved) in sums.items()]
        total = Operator(TOTAL, sum(each.flops for each in parts), sum(each.bytes for each in parts))
        return [*parts, total]


def find_network(name: str) -> Network:
    """Return a network of the dataset.

    Raises
    ------
    MemwallError
        If there is none of that name; the message names the known ones.

    Examples
    --------
    >>> find_network("alexnet").title
    'AlexNet'
    """
    table = load_table("network_layers")
    rows: pd.DataFrame = table[table["network"] == name]
    if rows.empty:
        raise unknown("network", name, list_networks())
    layers = []
    for row in rows.to_dict(orient="records"):
        sizes: dict[str, Any] = {size: int(row[size]) for size in SIZES}
        layers.append(NetworkLayer(kind=row["kind"], **sizes))
    return Network(name, str(rows["title"].iloc[0]), tuple(layers))


def list_networks() -> list[str]:
    """Return the names of the networks.

    Examples
    --------
    >>> list_networks()[:3]
    ['alexnet', 'vgg-16', 'vgg-19']
    """
    return list(dict.fromkeys(load_table("network_layers")["network"]))
