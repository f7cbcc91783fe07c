"""The workloads that the figures show: from one token at a time to a whole prompt."""

from __future__ import annotations

from typing import Any

from memwall_trends.workloads import Workload, find_transformer
from memwall_trends.workloads.work import ELEMENTS

MODEL, ENCODER = "llama-3-70b", "bert-base"
BATCHES = (1, 16, 256)
PROMPT_LENGTH = 2048
PROMPT = f"prompt of {PROMPT_LENGTH:,}"


def choose_workloads(element_bytes: float) -> dict[str, Workload]:
    """Return the workloads by what figures call them, the least intensive first.

    Parameters
    ----------
    element_bytes : float
        Of weights, activations and cache.

    Examples
    --------
    >>> list(choose_workloads(2))
    ['decode, batch 1', 'decode, batch 16', 'decode, batch 256', 'BERT-Base', 'prompt of 2,048']
    """
    counted: dict[str, Any] = {**dict.fromkeys(ELEMENTS, element_bytes), "fused": True}
    model = find_transformer(MODEL)
    decodes = {
        name_decode(batch): Workload(transformer=model, batch_size=batch, output_head=True, **counted)
        for batch in BATCHES
    }
    encode = Workload(transformer=find_transformer(ENCODER), **counted)
    prompt = Workload(
        transformer=model, phase="prefill", sequence_length=PROMPT_LENGTH, output_head=True, **counted
    )
    return {**decodes, title_of(ENCODER): encode, PROMPT: prompt}


def name_decode(batch_size: int) -> str:
    """Return what figures call a decode of the model.

    Examples
    --------
    >>> name_decode(16)
    'decode, batch 16'
    """
    return f"decode, batch {batch_size}"


def title_of(model: str) -> str:
    """Return the name of a built-in model for a reader.

    Examples
    --------
    >>> title_of(MODEL)
    'Llama 3 70B'
    """
    return find_transformer(model).title
