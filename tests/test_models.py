from __future__ import annotations

from typing import Any

import pytest

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError
from memwall_trends.workloads import find_transformer, list_transformers
from memwall_trends.workloads.models import make_transformer

PUBLISHED: dict[str, dict[Any, Any]] = {
    row["name"]: row for row in load_table("transformers").to_dict(orient="records")
}


@pytest.mark.parametrize("name", list_transformers())
def test_the_parameters_are_those_that_are_published(name: str) -> None:
    assert find_transformer(name).parameters == pytest.approx(
        PUBLISHED[name]["published_parameters"], rel=0.01
    )


@pytest.mark.parametrize("name", [name for name, row in PUBLISHED.items() if row["published_counts"]])
def test_so_are_those_that_a_token_uses(name: str) -> None:
    model = find_transformer(name)
    counted = {
        "all": model.active_parameters,
        "without embedding": model.active_parameters - model.embedding_weights,
        "layers only": model.active_parameters - model.embedding_weights - model.head_weights,
    }[PUBLISHED[name]["published_counts"]]
    published = float(PUBLISHED[name]["published_active"])
    # Most are printed in billions without decimals, and stand for all that round to them.
    rounding = 0.5e9 if published % 1e9 == 0 else 0.05e9
    assert abs(counted - published) <= max(0.01 * published, rounding)


@pytest.mark.parametrize(
    ("name", "published"),
    # Zhao et al. 2025 (arXiv 2505.09343), Table 1, at 16 bits.
    [("deepseek-v3", 70_272), ("llama-3-405b", 516_096)],
)
def test_the_cache_of_a_token_is_as_large_as_published(name: str, published: int) -> None:
    assert 2 * find_transformer(name).cache_elements_per_token == published


def test_gpt_oss_has_the_parts_that_its_card_has() -> None:
    # Model card, Table 1: attention 0.96, MLP 114.71, embedding and head 1.16 billion.
    model = find_transformer("gpt-oss-120b")
    attention = sum(
        number * layer.mixer.count_weights(model.hidden_size) for layer, number in model.stack if layer.mixer
    )
    assert attention == pytest.approx(0.96e9, rel=0.01)
    assert model.block_weights - attention == pytest.approx(114.71e9, rel=0.01)
    assert 2 * model.head_weights == pytest.approx(1.16e9, rel=0.01)


LEAST: dict[str, Any] = {
    "name": "own",
    "layers": 2,
    "hidden_size": 64,
    "heads": 4,
    "feed_forward_size": 128,
    "vocabulary_size": 100,
}


def test_a_model_of_ones_own_needs_few_sizes() -> None:
    model = make_transformer(LEAST)
    assert (model.head_size, model.key_value_heads, model.kind, model.gated) == (16, 4, "decoder", True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": "many"}, "layers: expected a whole number, as in 128; got 'many'"),
        ({"layers": 1.5}, "layers: expected a whole number above zero"),
        ({"heads": 5}, "5 heads cannot share a hidden size of 64 evenly: give a head_size"),
        ({"window": -1}, "window: expected a whole number of at least 0"),
        ({"gated": "perhaps"}, "gated: expected yes or no; got 'perhaps'"),
        ({"head_siez": 8}, "unknown size of a Transformer 'head_siez'; did you mean 'head_size'"),
        ({"layer_kinds": "window"}, "layers of the kind 'window' need window above zero"),
        ({"layer_kinds": "state"}, "layers of the kind 'state' need state_heads and state_head_size"),
        ({"layer_kinds": "spiral"}, "unknown kind of layer 'spiral'"),
        ({"layer_kinds": "full+nothing"}, "unknown kind of feed-forward network 'nothing'"),
        ({"layer_kinds": "3x full"}, "cannot read '3x'"),
        ({"layer_kinds": 3}, "layer_kinds: expected text"),
        ({"latent_size": 8}, "rotary_size: expected a part of the 16 of head_size"),
        ({"active_experts": 2}, "a token cannot use 2 of 1 expert"),
    ],
)
def test_what_is_wrong_with_it_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message.replace("(", r"\(")):
        make_transformer({**LEAST, **changes})


def test_what_it_lacks_is_said() -> None:
    with pytest.raises(MemwallError, match="needs layers, hidden_size, heads, feed_forward_size, vocabulary"):
        make_transformer({"name": "own"})
