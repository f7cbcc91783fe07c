"""The workloads that figures show, of our model or the user's: from one token at a time to a prompt."""

from __future__ import annotations

from typing import Any

from memwall_trends.workloads import Workload, find_transformer, load_model
from memwall_trends.workloads.work import ELEMENTS

MODEL, ENCODER = "llama-3-70b", "bert-base"
BATCHES = (1, 16, 256)
PROMPT_LENGTH = 2048
PROMPT = f"prompt of {PROMPT_LENGTH:,}"


def choose_workloads(element_bytes: float, model: str | None = None) -> dict[str, Workload]:
    """Return the workloads by what figures call them, the least intensive first.

    Parameters
    ----------
    element_bytes : float
        Of weights, activations and cache.
    model : str, optional
        The name of a built-in model or the path of a file; by default ours, with an encoder beside it.

    Examples
    --------
    >>> list(choose_workloads(2))
    ['decode, batch 1', 'decode, batch 16', 'decode, batch 256', 'BERT-Base', 'prompt of 2,048']
    """
    counted: dict[str, Any] = {**dict.fromkeys(ELEMENTS, element_bytes), "fused": True}
    transformer = load_model(model or MODEL)
    if not transformer.has_output_head:
        return {transformer.title: Workload(transformer=transformer, **counted)}
    decodes = {
        name_decode(batch): Workload(transformer=transformer, batch_size=batch, output_head=True, **counted)
        for batch in BATCHES
    }
    prompt = Workload(
        transformer=transformer, phase="prefill", sequence_length=PROMPT_LENGTH, output_head=True, **counted
    )
    encode = Workload(transformer=find_transformer(ENCODER), **counted)
    beside = {} if model else {title_of(ENCODER): encode}
    return {**decodes, **beside, PROMPT: prompt}


def name_decode(batch_size: int) -> str:
    """Return what figures call a decode of the model.

    Examples
    --------
    >>> name_decode(16)
    'decode, batch 16'
    """
    return f"decode, batch {batch_size}"


def title_of(model: str) -> str:
    """Return the name of a model for a reader.

    Examples
    --------
    >>> title_of(MODEL)
    'Llama 3 70B'
    """
    return load_model(model).title
