"""The memory that training a Transformer takes on one device, by what takes it, and the time at least."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.costs import count_cost, count_head
from memwall_trends.workloads.layers import LatentAttention
from memwall_trends.workloads.transformers import DECODER, Transformer, check_count
from memwall_trends.workloads.work import ENCODE, PREFILL, Workload

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.workloads.devices import Device
    from memwall_trends.workloads.layers import FeedForward, Layer, Mixer

PRECISIONS = {"fp32": (4.0, 4.0, 0.0), "mixed": (2.0, 2.0, 4.0)}
"""Bytes of a parameter, of its gradient, and of the master copy that the optimizer keeps."""
OPTIMIZER_STATES = {"adam": 2, "momentum": 1, "sgd": 0}
"""Numbers of 32 bits that the optimizer keeps of each parameter."""
STATE_BYTES = 4.0
ZERO_STAGES = {
    0: (),
    1: ("optimizer",),
    2: ("optimizer", "gradients"),
    3: ("optimizer", "gradients", "parameters"),
}
"""What each stage of ZeRO divides among the devices (Rajbhandari et al. 2020, arXiv 1910.02054)."""
RECOMPUTATIONS = ("none", "selective", "full")
FLASH, PAPER = "flash", "paper"
ACTIVATIONS = {
    FLASH: "as frameworks do by default: no scores (FlashAttention), no dropout, logits at 32 bits too",
    PAPER: "as Korthikanti et al. 2022: scores and dropout kept, logits not counted",
}
"""How activations are kept for the way back, by the name that the user gives."""
BACKWARD_FACTOR = 2
"""The way back computes two products for each of the way there."""


def count_training_memory(
    transformer: Transformer,
    *,
    sequence_length: int = 512,
    batch_size: int = 1,
    precision: str = "mixed",
    optimizer: str = "adam",
    gradient_bytes: float | None = None,
    activation_bytes: float | None = None,
    activations: str = FLASH,
    recompute: str = "none",
    zero: int = 0,
    devices: int = 1,
) -> pd.DataFrame:
    """Return the memory that one device needs to train a model.

    Parameters
    ----------
    transformer : Transformer
    sequence_length, batch_size : int
        Of one device at once.
    precision : str
        ``mixed`` (parameters and gradients of 16 bits, a master copy of 32) or ``fp32``.
    optimizer : str
        ``adam``, ``momentum`` or ``sgd``.
    gradient_bytes : float, optional
        Of a gradient; by default as wide as a parameter, as DeepSpeed has it. Megatron-LM and others sum them
        at 4.
    activation_bytes : float, optional
        Of an element that is kept for the way back; by default as wide as a parameter.
    activations : str
        ``flash`` or ``paper``: one of `ACTIVATIONS`.
    recompute : str
        ``none``; ``selective``, which computes the attention scores again; ``full``, which keeps only what
        goes into a layer.
    zero : int
        Stage of ZeRO, 0 to 3.
    devices : int
        Data-parallel devices, among which ZeRO divides.

    Returns
    -------
    DataFrame
        ``part, bytes``: parameters, gradients, optimizer, activations, logits and the total.

    Raises
    ------
    MemwallError
        If a size is not above zero, or a name or stage is not known.

    Notes
    -----
    Activations are those of Korthikanti et al. 2022 (arXiv 2205.05198, equation 1), s b h (34 + 5 a s / h)
    bytes a layer at 16 bits, taken apart for grouped queries, gates and other widths: with elements of e
    bytes and masks of one, attention keeps e (h + 2 q + 2 k) + h of a token and (2 e + 1) a s of its scores,
    the feed-forward network e (h + 2 f) + h, or e (h + 4 f) + h if gated, the norms 2 e h. That is
    ``paper``. FlashAttention (arXiv 2205.14135) keeps 4 bytes a head and token in place of the scores, and
    models of today are trained without dropout, the masks of which are the single h: ``flash``. The loss
    needs the logits as they come and at 32 bits, (e + 4) V bytes a token. Latent attention keeps what it
    compresses and what it expands; each expert that a token uses keeps its own. What frameworks add is not
    counted.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> memory = count_training_memory(
    ...     find_transformer("gpt2-xl"), sequence_length=1024, activations="paper"
    ... )
    >>> (memory.set_index("part")["bytes"] / 1e9).round(1).to_dict()["activations"]
    9.0
    """
    import pandas as pd

    for what, name, known in (
        ("precision of training", precision, PRECISIONS),
        ("optimizer", optimizer, OPTIMIZER_STATES),
        ("recomputation", recompute, RECOMPUTATIONS),
        ("way to keep activations", activations, ACTIVATIONS),
    ):
        if name not in known:
            raise unknown(what, name, known)
    if zero not in ZERO_STAGES:
        raise MemwallError(f"zero: expected a stage from 0 to 3; got {zero}")
    for name, number in (
        ("sequence_length", sequence_length),
        ("batch_size", batch_size),
        ("devices", devices),
    ):
        check_count(name, number)
    parameter_bytes, usual_bytes, master_bytes = PRECISIONS[precision]
    element_bytes = parameter_bytes if activation_bytes is None else activation_bytes
    of_gradient = usual_bytes if gradient_bytes is None else gradient_bytes
    for name, width in (("activation_bytes", element_bytes), ("gradient_bytes", of_gradient)):
        if not 0 < width < math.inf:
            raise MemwallError(f"{name}: expected a number above zero, as in 2; got {width:g}")
    states = master_bytes + STATE_BYTES * OPTIMIZER_STATES[optimizer]
    tokens = sequence_length * batch_size
    scored = transformer.vocabulary_size if activations == FLASH and transformer.kind == DECODER else 0
    kept = _Kept(transformer.hidden_size, element_bytes, sequence_length, activations == PAPER, recompute)
    parts = {
        "parameters": parameter_bytes * transformer.parameters,
        "gradients": of_gradient * transformer.parameters,
        "optimizer": states * transformer.parameters,
        "activations": tokens * sum(number * kept.count(layer) for layer, number in transformer.stack),
        "logits": tokens * scored * (element_bytes + STATE_BYTES),
    }
    for part in ZERO_STAGES[zero]:
        parts[part] /= devices
    parts["total"] = sum(parts.values())
    return pd.DataFrame({"part": list(parts), "bytes": [float(each) for each in parts.values()]})


def count_training_time(
    transformer: Transformer,
    device: Device,
    *,
    tokens: float,
    sequence_length: int = 4096,
    devices: int = 1,
    recompute: str = "none",
) -> dict[str, Any]:
    """Return the least time that training takes: its operations at the peak rate.

    Parameters
    ----------
    transformer : Transformer
    device : Device
    tokens : float
        That the model is trained on.
    sequence_length : int
        Tokens of each sequence.
    devices : int
        So many, as if nothing were sent between them.
    recompute : str
        ``full`` computes the way there twice.

    Returns
    -------
    dict
        ``flops_per_token, flops, time_s, device_hours``, and what was asked.

    Raises
    ------
    MemwallError
        If a number is not above zero, or the recomputation is not known.

    Notes
    -----
    The way there is a prompt of the sequence with all tokens scored (`memwall_trends.workloads.count_cost`),
    the way back twice that: about 6 operations a parameter and token, and attention.

    Examples
    --------
    >>> from memwall_trends.workloads import find_device, find_transformer
    >>> time = count_training_time(
    ...     find_transformer("llama-3-405b"), find_device("NVIDIA H100 SXM5"), tokens=15.6e12, devices=16384
    ... )
    >>> f"{time['flops']:.2e}", round(time["time_s"] / 86400)
    ('3.86e+25', 28)
    """
    if recompute not in RECOMPUTATIONS:
        raise unknown("recomputation", recompute, RECOMPUTATIONS)
    check_count("devices", devices)
    if not 0 < tokens < math.inf:
        raise MemwallError(f"tokens: expected a number above zero, as in 15e12; got {tokens:g}")
    phase = PREFILL if transformer.kind == DECODER else ENCODE
    work = Workload(transformer=transformer, phase=phase, sequence_length=sequence_length, fused=True)
    flops = count_cost(work).total.flops + count_head(work, sequence_length, 1).flops
    times = 1 + BACKWARD_FACTOR + (recompute == "full")
    per_token = times * flops / sequence_length
    time_s = per_token * tokens / device.peak_flops / devices
    return {
        "model": transformer.name,
        "device": device.name,
        "number_format": device.number_format,
        "devices": devices,
        "tokens": tokens,
        "sequence_length": sequence_length,
        "recompute": recompute,
        "flops_per_token": per_token,
        "flops": per_token * tokens,
        "time_s": time_s,
        "device_hours": time_s * devices / 3600,
        "is_bound": device.is_bound,
    }


class _Kept:
    """Bytes that a token keeps of one layer for the way back."""

    def __init__(self, width: int, element_bytes: float, length: int, paper: bool, recompute: str) -> None:
        self.width, self.element_bytes, self.length = width, element_bytes, length
        self.paper, self.recompute = paper, recompute

    def count(self, layer: Layer) -> float:
        """Return the bytes of a token in a layer."""
        element, width = self.element_bytes, self.width
        if self.recompute == "full":
            return element * width
        mask = width if self.paper else 0
        kept = 0.0
        if mixer := layer.mixer:
            kept += element * (width + self._mixed(mixer)) + mask + self._scores(mixer) + element * width
        if network := layer.feed_forward:
            kept += element * self._fed(network) + mask + element * width
        return kept

    def _mixed(self, mixer: Mixer) -> int:
        """Return the elements of queries, of what they are set against, and of what comes out."""
        mixed = mixer.query_size + mixer.output_size
        if isinstance(mixer, LatentAttention):
            expanded = mixer.heads * (mixer.head_size + mixer.value_size)
            return mixed + mixer.query_rank + mixer.cache_size + expanded
        # A state has its values beside what is convolved, and a gate of what comes out.
        return mixed + (mixer.cache_size or mixer.query_size + mixer.output_size)

    def _scores(self, mixer: Mixer) -> float:
        if not mixer.cache_size:
            return 0.0
        if not self.paper:
            return STATE_BYTES * mixer.heads
        return (
            0.0
            if self.recompute == "selective"
            else ((2 * self.element_bytes + 1) * mixer.heads * self.length)
        )

    def _fed(self, network: FeedForward) -> int:
        inner = 4 if network.gated else 2
        kept = network.active * (self.width + inner * network.size)
        return kept + (self.width + inner * network.shared_size if network.shared_size else 0)
