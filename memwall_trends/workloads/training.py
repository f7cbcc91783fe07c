"""The memory that training a Transformer takes on one device, by what takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.transformers import Transformer, check_count

if TYPE_CHECKING:
    import pandas as pd

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


def count_training_memory(
    transformer: Transformer,
    *,
    sequence_length: int = 512,
    batch_size: int = 1,
    precision: str = "mixed",
    optimizer: str = "adam",
    activation_bytes: float | None = None,
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
    activation_bytes : float, optional
        Of an element that is kept for the way back; by default as wide as a parameter.
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
        ``part, bytes``: parameters, gradients, optimizer, activations and the total.

    Raises
    ------
    MemwallError
        If a size is not above zero, or a name or stage is not known.

    Notes
    -----
    Activations are those of Korthikanti et al. 2022 (arXiv 2205.05198, equation 1), s b h (34 + 5 a s / h)
    bytes a layer at 16 bits, taken apart for grouped queries, gates and other widths: with elements of e
    bytes and masks of one, attention keeps e (h + 2 q + 2 k) + h of a token and (2 e + 1) a s of its scores,
    the feed-forward network e (h + 2 f) + h, or e (h + 4 f) + h if gated, the norms 2 e h. As there, dropout
    is counted: a model trained without it keeps 2 h less of a token and (e + 1) a s less of its scores.
    Logits, embeddings and what frameworks add are not counted.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> memory = count_training_memory(find_transformer("gpt2-xl"), sequence_length=1024)
    >>> (memory.set_index("part")["bytes"] / 1e9).round(1).to_dict()["activations"]
    9.0
    """
    import pandas as pd

    if precision not in PRECISIONS:
        raise unknown("precision of training", precision, PRECISIONS)
    if optimizer not in OPTIMIZER_STATES:
        raise unknown("optimizer", optimizer, OPTIMIZER_STATES)
    if recompute not in RECOMPUTATIONS:
        raise unknown("recomputation", recompute, RECOMPUTATIONS)
    if zero not in ZERO_STAGES:
        raise MemwallError(f"zero: expected a stage from 0 to 3; got {zero}")
    for name, number in (
        ("sequence_length", sequence_length),
        ("batch_size", batch_size),
        ("devices", devices),
    ):
        check_count(name, number)
    parameter_bytes, gradient_bytes, master_bytes = PRECISIONS[precision]
    element_bytes = parameter_bytes if activation_bytes is None else activation_bytes
    if not element_bytes > 0:
        raise MemwallError(f"activation_bytes: expected a number above zero, as in 2; got {element_bytes:g}")
    states = master_bytes + STATE_BYTES * OPTIMIZER_STATES[optimizer]
    parts = {
        "parameters": parameter_bytes * transformer.parameters,
        "gradients": gradient_bytes * transformer.parameters,
        "optimizer": states * transformer.parameters,
        "activations": _count_activations(transformer, sequence_length, batch_size, element_bytes, recompute),
    }
    for part in ZERO_STAGES[zero]:
        parts[part] /= devices
    parts["total"] = sum(parts.values())
    return pd.DataFrame({"part": list(parts), "bytes": [float(each) for each in parts.values()]})


def _count_activations(
    transformer: Transformer, sequence_length: int, batch_size: int, element_bytes: float, recompute: str
) -> float:
    width, inner = transformer.hidden_size, transformer.feed_forward_size * transformer.active_experts
    queries, keys = transformer.query_size, transformer.key_value_size
    attention = element_bytes * (width + 2 * queries + 2 * keys) + width
    scores = (2 * element_bytes + 1) * transformer.heads * sequence_length
    feed_forward = element_bytes * (width + (4 if transformer.gated else 2) * inner) + width
    kept = {
        "none": attention + scores + feed_forward + 2 * element_bytes * width,
        "selective": attention + feed_forward + 2 * element_bytes * width,
        "full": element_bytes * width,
    }[recompute]
    return transformer.layers * sequence_length * batch_size * kept
