"""The models that are built in, and those that a user describes by their sizes."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.transformers import DECODER, SIZES, Transformer, read_field

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_transformers() -> list[Transformer]:
    """Return the built-in models.

    Examples
    --------
    >>> max(load_transformers(), key=lambda model: model.parameters).name
    'kimi-k2'
    """
    known = {field.name for field in fields(Transformer)}
    models = []
    for row in load_table("transformers").to_dict(orient="records"):
        given = {str(name): value for name, value in row.items() if name in known and _is_given(value)}
        models.append(make_transformer(given))
    return models


def make_transformer(given: Mapping[str, Any]) -> Transformer:
    """Return a Transformer of fields by name, as a table or a file has them.

    Raises
    ------
    MemwallError
        If a field is missing, not known, or has no value of its kind.

    Examples
    --------
    >>> make_transformer({"name": "mine"})
    Traceback (most recent call last):
        ...
    memwall_trends.errors.MemwallError: a Transformer needs layers, hidden_size, heads, feed_forward_size,
    vocabulary_size: give them, as in layers = 32
    """
    usual = {"title": given.get("name", ""), "kind": DECODER, "gated": True, "tied": False}
    usual |= {"experts": 1, "active_experts": 1, "key_value_heads": given.get("heads", 1)}
    values = {name: read_field(name, value) for name, value in {**usual, **given}.items()}
    missing = [size for size in ("name", *SIZES) if size not in values and size != "head_size"]
    if missing:
        raise MemwallError(f"a Transformer needs {', '.join(missing)}: give them, as in layers = 32")
    if "head_size" not in values:
        if values["hidden_size"] % values["heads"]:
            raise MemwallError(
                f"{values['heads']} heads cannot share a hidden size of {values['hidden_size']} evenly: "
                "give a head_size"
            )
        values["head_size"] = values["hidden_size"] // values["heads"]
    return Transformer(**values)


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


def _is_given(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and math.isnan(value))
