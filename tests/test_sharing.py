from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.workloads import (
    Layout,
    Workload,
    count_cost,
    find_device,
    find_transformer,
    list_transformers,
    place,
)

H100 = find_device("NVIDIA H100 SXM5")
LLAMA, DEEPSEEK = find_transformer("llama-3-70b"), find_transformer("deepseek-v3")


@pytest.mark.parametrize("name", list_transformers())
def test_one_device_has_all_of_a_model(name: str) -> None:
    model = find_transformer(name)
    assert Layout().count_weights(model) == pytest.approx(model.parameters, rel=1e-12)
    assert Layout().count_cache(model, 3000, 2) == 2 * model.count_cache(3000)
    assert Layout().find_uneven(model) == []


@given(st.sampled_from([2, 4, 8]))
def test_devices_that_divide_a_model_evenly_have_an_even_share(devices: int) -> None:
    layout = Layout(devices=devices)
    assert layout.count_weights(LLAMA) * devices == pytest.approx(LLAMA.parameters)
    assert layout.count_cache(LLAMA, 1000, 3) * devices == pytest.approx(3 * LLAMA.count_cache(1000))
    work = Workload(transformer=LLAMA, phase="prefill", fused=True, output_head=True)
    whole, own = count_cost(work).total, count_cost(work, layout).total
    assert own.flops * devices == pytest.approx(whole.flops)
    assert own.bytes * devices == pytest.approx(whole.bytes)


def test_key_value_heads_are_not_split_further_than_there_are() -> None:
    eight, sixteen = (Layout(devices=devices).count_cache(LLAMA, 1000, 1) for devices in (8, 16))
    assert eight == sixteen == LLAMA.count_cache(1000) / 8
    assert Layout(devices=8).count_cache(DEEPSEEK, 1000, 1) == DEEPSEEK.count_cache(1000)
    # Copies of attention have a part of the sequences instead.
    assert Layout(devices=8, data=8).count_cache(DEEPSEEK, 1000, 8) == DEEPSEEK.count_cache(1000)


def test_three_devices_are_uneven() -> None:
    layout = Layout(devices=3)
    assert layout.find_uneven(LLAMA) == [
        "8 key-value heads over 3 devices: one has 3",
        "28,672 columns of the feed-forward network over 3 devices: one has 9,558",
    ]
    work = Workload(transformer=LLAMA, prompt_length=511, fused=True)
    attention = count_cost(work, layout).operators[1].flops
    assert attention == count_cost(work).operators[1].flops * 3 / 8


def test_whole_experts_are_given_out() -> None:
    layout = Layout(devices=32, data=32, expert_parallel=True)
    assert layout.find_uneven(DEEPSEEK) == []
    expert = 3 * 7168 * 2048
    own = layout.count_weights(DEEPSEEK)
    assert own == pytest.approx(DEEPSEEK.parameters - 58 * (256 - 8) * expert)
    # 32 copies of 32 sequences: each of the 8 experts of a layer has 1,024 x 8 / 256 tokens.
    work = Workload(transformer=DEEPSEEK, batch_size=32, prompt_length=511, fused=True)
    dense = 3 * 3 * 7168 * 18432 + 58 * (expert + 7168 * 256)
    rows = 58 * 8 * expert * 32
    assert count_cost(work, layout, copies=32).operators[2].flops == pytest.approx(2 * (32 * dense + rows))


def test_uneven_experts_are_named() -> None:
    layout = Layout(devices=24, data=24, expert_parallel=True)
    assert "256 experts over 24 devices: one has 11" in layout.find_uneven(DEEPSEEK)


def test_a_pipeline_decodes_as_fast_as_its_slowest_stage() -> None:
    work = Workload(transformer=LLAMA, prompt_length=511, batch_size=8, fused=True)
    one = place(work, H100)
    four = place(work, H100, layout=Layout(devices=4, pipeline=4))
    # Parts of two sequences, one in each stage: a token of each after four turns.
    two = place(Workload(transformer=LLAMA, prompt_length=511, batch_size=2, fused=True), H100)
    assert four.time_s == pytest.approx(two.time_s)
    assert four.memory_needed_bytes < one.memory_needed_bytes / 3
    uneven = place(work, H100, layout=Layout(devices=3, pipeline=3))
    assert "80 layers over 3 stages: one has 27" in uneven.layout.find_uneven(LLAMA)


def test_a_pipeline_takes_a_prompt_in_parts() -> None:
    work = Workload(transformer=LLAMA, phase="prefill", sequence_length=4096, fused=True)
    one, four = place(work, H100), place(work, H100, layout=Layout(devices=4, pipeline=4))
    assert four.times_s["compute"] == pytest.approx(one.times_s["compute"] / 4)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"devices": 0}, "devices: expected a whole number above zero"),
        ({"devices": 4, "pipeline": 3}, "4 cannot be 3 stages of 1 copies"),
        ({"devices": 4, "data": 8}, "expected a multiple of 8"),
    ],
)
def test_a_layout_that_cannot_be_is_an_error(numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        Layout(**numbers)
