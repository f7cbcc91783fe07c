from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.workloads import Workload, count_cost, find_transformer, list_transformers
from memwall_trends.workloads.layers import Attention, describe_kinds, parse_kinds

DECODERS = [name for name in list_transformers() if find_transformer(name).kind == "decoder"]
REACHES = st.sampled_from(["full", "window", "chunk"])
HEAD: dict[str, Any] = {"heads": 1, "key_value_heads": 1, "head_size": 1, "value_size": 1}


@given(REACHES, st.integers(1, 50), st.integers(0, 200))
def test_pairs_are_those_that_one_counts_by_hand(reach: str, window: int, tokens: int) -> None:
    by_hand = 0
    for query in range(tokens):
        first = {"full": 0, "window": max(0, query - window + 1), "chunk": query // window * window}[reach]
        by_hand += query - first + 1
    assert Attention(**HEAD, reach=reach, window=window).count_pairs(tokens) == by_hand


@given(
    st.lists(
        st.tuples(st.sampled_from(["full", "window", "state"]), st.sampled_from(["dense", "experts"])),
        min_size=1,
        max_size=40,
    )
)
def test_a_list_of_kinds_says_what_it_describes(kinds: list[tuple[str, str]]) -> None:
    counted = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    assert parse_kinds(describe_kinds(kinds), len(kinds), "dense") == counted


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("fused", [False, True])
def test_a_decode_of_every_model_is_the_sum_over_its_steps(name: str, fused: bool) -> None:
    whole = Workload(
        transformer=find_transformer(name),
        prompt_length=1020,
        sequence_length=1032,
        fused=fused,
        batch_size=3,
    )
    steps = [
        count_cost(replace(whole, prompt_length=length, sequence_length=length + 1)).total
        for length in range(1020, 1032)
    ]
    total = count_cost(whole).total
    assert total.flops == pytest.approx(sum(step.flops for step in steps), rel=1e-12)
    assert total.bytes == pytest.approx(sum(step.bytes for step in steps), rel=1e-12)


def test_a_window_as_wide_as_the_sequence_is_full_attention() -> None:
    gemma = find_transformer("gemma-3-27b")
    for phase in ("prefill", "decode"):
        windowed = Workload(transformer=gemma, phase=phase, sequence_length=1024)
        full = replace(windowed, transformer=replace(gemma, layer_kinds="full"))
        assert count_cost(windowed).total.flops == count_cost(full).total.flops
        assert count_cost(windowed).total.bytes == count_cost(full).total.bytes


def test_beyond_its_window_a_layer_holds_no_more() -> None:
    gemma = find_transformer("gemma-3-27b")
    a_token_a_layer = 2 * 16 * 128
    assert gemma.count_cache(1024) == 62 * 1024 * a_token_a_layer
    assert gemma.count_cache(131072) == (52 * 1024 + 10 * 131072) * a_token_a_layer


def test_latent_attention_as_many_heads_would_cache_57_times_as_much() -> None:
    deepseek = find_transformer("deepseek-v3")
    as_heads = replace(deepseek, latent_size=0, head_size=128, value_size=128)
    ratio = as_heads.cache_elements_per_token / deepseek.cache_elements_per_token
    assert ratio == pytest.approx(57, abs=0.2)


def test_latent_attention_is_counted_as_it_costs_least() -> None:
    # A pair: 2 x 128 x (2 x 512 + 64) absorbed, 2 x 128 x (192 + 128) expanded.
    deepseek = find_transformer("deepseek-v3")
    prompt = Workload(transformer=deepseek, phase="prefill", sequence_length=4096)
    attention = count_cost(prompt).operators[1].flops
    assert attention == 61 * 2 * 128 * 320 * 4096 * 4097 / 2
    step = Workload(transformer=deepseek, sequence_length=4097, prompt_length=4096)
    assert count_cost(step).operators[1].flops == 61 * 2 * 128 * 1088 * 4097
    # A few tokens after a long prompt: to expand the prompt again would cost more.
    few = replace(step, phase="prefill", sequence_length=4098)
    assert count_cost(few).operators[1].flops == 61 * 2 * 128 * 1088 * (4097 + 4098)


def test_a_state_costs_the_same_at_every_length() -> None:
    nemotron = replace(find_transformer("nemotron-h-56b"), layers=108, layer_kinds="state+none none+dense")
    steps = [
        count_cost(
            Workload(transformer=nemotron, sequence_length=length, prompt_length=length - 1, fused=True)
        ).total
        for length in (2, 100_000)
    ]
    assert steps[0].flops == steps[1].flops
    assert steps[0].bytes == steps[1].bytes
    assert nemotron.count_cache(2) == nemotron.count_cache(100_000) == nemotron.state_elements


def test_shared_experts_and_leading_dense_layers_are_read_by_every_token() -> None:
    deepseek = find_transformer("deepseek-v3")
    step = Workload(transformer=deepseek, sequence_length=2, prompt_length=1, fused=True)
    width = 3 * 7168
    read = 3 * width * 18432 + 58 * (width * 2048 * 9 + 7168 * 256)
    assert count_cost(step).operators[2].bytes == pytest.approx(2 * read, rel=1e-3)
