from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.datasets import load_table
from memwall_trends.datasets.rates import OPERAND_BYTES
from memwall_trends.errors import MemwallError
from memwall_trends.questions.gap import pair_devices
from memwall_trends.selection import select
from memwall_trends.workloads import (
    Layout,
    Transformer,
    Workload,
    compare_levers,
    count_cost,
    count_training_memory,
    find_device,
    find_transformer,
    find_when_bound,
    list_transformers,
    place,
)
from memwall_trends.workloads.bounds import list_frontier
from memwall_trends.workloads.levers import expected_tokens
from memwall_trends.workloads.roofline import link_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Result

    Run = Callable[..., Result]

EIGHT_BITS: dict[str, Any] = {"weight_bytes": 1.0, "activation_bytes": 1.0, "cache_bytes": 1.0}
A100, H100 = "NVIDIA A100 SXM4 40GB", "NVIDIA H100 SXM5"
DECODERS = [name for name in list_transformers() if find_transformer(name).kind == "decoder"]
PUBLISHED = load_table("transformer_operators").to_dict(orient="records")
MATMULS = ("attention projections", "attention", "feed-forward")


# The published case study


@pytest.mark.parametrize(
    "row",
    [row for row in PUBLISHED if row["operator"] != "other" and row["model"] != "bert-large"],
    ids=lambda row: "-".join(str(row[key]) for key in ("locator", "model", "sequence_length", "operator")),
)
def test_the_published_costs_are_reproduced(row: dict[str, Any]) -> None:
    transformer = find_transformer(row["model"]).reshape(heads=int(row["heads"]))
    cost = count_cost(
        Workload(transformer=transformer, sequence_length=int(row["sequence_length"]), **EIGHT_BITS)
    )
    counted = {each.operator: each for each in (*cost.operators, cost.total)}[row["operator"]]
    within = 0.01 if row["operator"] in MATMULS else 0.05
    # A figure of two or no decimals, and one of one, stand for all that rounds to them.
    rounding = {"gflop": 0.5, "gbyte": 0.05, "arithmetic_intensity": 0.5}
    for column, ours in (
        ("gflop", counted.flops / 1e9),
        ("gbyte", counted.bytes / 1e9),
        ("arithmetic_intensity", counted.arithmetic_intensity),
    ):
        half = rounding[column] if row["locator"] == "Figures 4 to 6" else 0.005
        if not math.isnan(row[column]):
            assert abs(ours - row[column]) <= within * row[column] + half, column


@pytest.mark.parametrize("row", [row for row in PUBLISHED if row["model"] == "bert-large"])
def test_the_published_bert_large_lacks_one_matrix_a_layer(row: dict[str, Any]) -> None:
    bert, length = find_transformer("bert-large"), int(row["sequence_length"])
    total = count_cost(Workload(transformer=bert, sequence_length=length, **EIGHT_BITS)).total
    width = bert.hidden_size
    flops = total.flops - bert.layers * 2 * width**2 * length
    moved = total.bytes - bert.layers * (width**2 + 2 * width * length)
    assert row["gflop"] == pytest.approx(flops / 1e9, rel=0.005, abs=0.5)
    assert abs(row["gbyte"] - moved / 1e9) <= 0.01 * row["gbyte"] + 0.05
    assert row["arithmetic_intensity"] == pytest.approx(flops / moved, rel=0.02)


def test_the_published_attention_counts_one_addition_less_a_product() -> None:
    # Products of 64 numbers for the scores and of 4,096 for the outputs: Table 3, 616.02 GFLOP.
    bert = find_transformer("bert-base")
    attention = count_cost(Workload(transformer=bert, sequence_length=4096, **EIGHT_BITS)).operators[1].flops
    assert attention / 2 * (127 / 128 + 8191 / 8192) / 1e9 == pytest.approx(616.02, abs=0.005)


# From first principles


def test_mixtral_uses_a_part_of_its_weights() -> None:
    mixtral = find_transformer("mixtral-8x7b")
    assert mixtral.active_parameters == pytest.approx(12.9e9, rel=0.01)  # as its makers say
    feed_forward = {
        batch: count_cost(Workload(transformer=mixtral, prompt_length=511, batch_size=batch))
        .operators[2]
        .bytes
        for batch in (1, 1000)
    }
    expert = 3 * mixtral.hidden_size * mixtral.feed_forward_size
    weights = 2 * mixtral.layers * expert
    assert feed_forward[1] == pytest.approx(2 * weights, rel=0.01)
    assert feed_forward[1000] == pytest.approx(8 * weights, rel=0.2)


SHAPES = st.builds(
    lambda layers, head_size, key_value_heads, group, feed_forward, gated: Transformer(
        name="drawn",
        title="Drawn",
        kind="decoder",
        layers=layers,
        hidden_size=head_size * key_value_heads * group,
        heads=key_value_heads * group,
        key_value_heads=key_value_heads,
        head_size=head_size,
        feed_forward_size=feed_forward,
        gated=gated,
        experts=1,
        active_experts=1,
        vocabulary_size=32000,
        tied=True,
    ),
    layers=st.integers(1, 100),
    head_size=st.sampled_from([64, 96, 128]),
    key_value_heads=st.integers(4, 32),
    group=st.integers(1, 8),
    feed_forward=st.integers(1024, 30000),
    gated=st.booleans(),
)


@given(SHAPES, st.integers(0, 60), st.integers(1, 60), st.integers(1, 8), st.booleans(), st.booleans())
def test_a_full_decode_is_the_sum_over_its_steps(
    transformer: Transformer, prompt: int, tokens: int, batch: int, fused: bool, head: bool
) -> None:
    whole = Workload(
        transformer=transformer,
        prompt_length=prompt,
        sequence_length=prompt + tokens,
        batch_size=batch,
        fused=fused,
        output_head=head,
    )
    steps = [
        count_cost(replace(whole, prompt_length=length, sequence_length=length + 1)).total
        for length in range(prompt, prompt + tokens)
    ]
    total = count_cost(whole).total
    assert total.flops == pytest.approx(sum(step.flops for step in steps), rel=1e-12)
    assert total.bytes == pytest.approx(sum(step.bytes for step in steps), rel=1e-12)


@given(SHAPES, st.integers(1, 500), st.integers(1, 8))
def test_prefill_and_decode_do_the_same_operations_with_other_traffic(
    transformer: Transformer, length: int, batch: int
) -> None:
    decode = Workload(transformer=transformer, sequence_length=length, batch_size=batch)
    once, step_by_step = (count_cost(each).total for each in (replace(decode, phase="prefill"), decode))
    assert once.flops == pytest.approx(step_by_step.flops)
    assert once.bytes <= step_by_step.bytes * (1 + 1e-12)


@given(SHAPES, st.integers(1, 256), st.booleans())
def test_a_decode_of_one_sequence_at_16_bits_has_about_one_operation_per_byte(
    transformer: Transformer, length: int, fused: bool
) -> None:
    workload = Workload(transformer=transformer, sequence_length=length, fused=fused)
    assert count_cost(workload).total.arithmetic_intensity == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", [name for name in DECODERS if not find_transformer(name).latent_size])
@pytest.mark.parametrize("length", [1, 512, 4096])
def test_so_has_that_of_each_built_in_model(name: str, length: int) -> None:
    workload = Workload(transformer=find_transformer(name), sequence_length=length)
    assert count_cost(workload).total.arithmetic_intensity == pytest.approx(1, abs=0.15)


@given(SHAPES, st.integers(1, 300), st.integers(1, 8), st.sampled_from(["prefill", "decode"]))
def test_fusing_saves_traffic_and_no_operations(
    transformer: Transformer, length: int, batch: int, phase: str
) -> None:
    workload = Workload(transformer=transformer, phase=phase, sequence_length=length, batch_size=batch)
    separate, fused = (count_cost(replace(workload, fused=each)).total for each in (False, True))
    assert fused.flops == separate.flops
    assert fused.bytes < separate.bytes


def test_pruning_takes_weights_and_their_operations() -> None:
    workload = Workload(transformer=find_transformer("llama-3-8b"), prompt_length=511)
    dense, pruned = (count_cost(replace(workload, sparsity=each)).operators[2] for each in (0.0, 0.5))
    assert pruned.flops == dense.flops / 2
    assert pruned.bytes == pytest.approx(dense.bytes / 2, rel=0.01)


def test_grouped_queries_shrink_the_cache() -> None:
    many = find_transformer("llama-3-70b").reshape(key_value_heads=64)
    few = find_transformer("llama-3-70b")
    assert many.cache_elements_per_token == 8 * few.cache_elements_per_token


# The roofline


def test_the_ridge_point_is_peak_over_bandwidth() -> None:
    assert find_device(A100).ridge_point == pytest.approx(312e12 / 1555e9)
    assert find_device(H100, precision="fp8").ridge_point == pytest.approx(1979e12 / 3.35e12)


@pytest.mark.parametrize("bytes_", [1.0, 2.0])
def test_bert_at_512_tokens_is_compute_bound_on_an_a100(bytes_: float) -> None:
    workload = Workload(
        transformer=find_transformer("bert-base"),
        weight_bytes=bytes_,
        activation_bytes=bytes_,
        fused=True,
    )
    assert place(workload, find_device(A100)).bound == "compute"


def test_gpt2_decodes_memory_bound_on_all_but_processors_built_for_bandwidth() -> None:
    gpt2 = find_transformer("gpt2")
    formats = select("peak_flops").observations.set_index("name")["precision"]
    exceptions = set()
    everyone = pair_devices("peak_flops", "dram_bandwidth", segment="*", kind="*")
    for row in everyone.to_dict(orient="records"):
        width = OPERAND_BYTES[formats[row["name"]]]
        workload = Workload(
            transformer=gpt2, weight_bytes=width, activation_bytes=width, cache_bytes=width, fused=True
        )
        if row["value"] <= count_cost(workload).total.arithmetic_intensity:
            exceptions.add(row["name"])
    assert exceptions == {
        "NEC SX-5 CPU",
        "NEC SX-6 CPU",
        "NEC SX-7 CPU",
        "NEC SX-8 CPU",
        "DEC Alpha 21364 1.3 GHz (EV7z)",
        "Sun UltraSPARC T2 1.4 GHz",
    }


@pytest.mark.parametrize("batch", [1, 64, 4096])
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_what_is_attained_is_under_both_roofs(phase: str, batch: int) -> None:
    device = find_device(H100)
    placed = place(
        Workload(transformer=find_transformer("llama-3-8b"), phase=phase, batch_size=batch, fused=True),
        device,
    )
    assert placed.attainable_flops == min(
        device.peak_flops, placed.arithmetic_intensity * device.bandwidth_bytes_s
    )
    assert placed.bound == ("compute" if placed.arithmetic_intensity > device.ridge_point else "memory")
    assert placed.cost.total.flops / placed.time_s == pytest.approx(placed.attainable_flops)
    assert placed.factor >= 1


def test_a_decode_takes_at_least_the_time_to_read_its_weights() -> None:
    llama = find_transformer("llama-3-8b")
    placed = place(
        Workload(transformer=llama, sequence_length=2, prompt_length=1, fused=True, output_head=True),
        find_device(H100),
    )
    weights = 2 * (llama.block_weights + llama.head_weights)
    assert placed.time_per_token_s == pytest.approx(weights / 3.35e12, rel=1e-3)
    assert placed.tokens_per_second == pytest.approx(1 / placed.time_per_token_s)


def test_tensor_parallel_devices_share_the_work_and_send_two_sums_a_layer() -> None:
    workload = Workload(transformer=find_transformer("llama-3-70b"), phase="prefill", fused=True)
    device = find_device(H100)
    one, eight = place(workload, device), place(workload, device, devices=8)
    assert eight.times_s["compute"] == pytest.approx(one.times_s["compute"] / 8)
    assert "link" not in one.times_s
    # Where links sum on their way, each device sends its part once; a ring takes 1.75 times as much here.
    sent = 80 * 2 * 512 * 8192 * 2
    assert link_bytes(workload, Layout(devices=8)) == sent
    assert eight.times_s["link"] == pytest.approx(sent / 450e9)
    assert (one.fits, eight.fits) == (False, True)


def test_enough_devices_make_a_prefill_wait_for_links() -> None:
    workload = Workload(
        transformer=find_transformer("llama-3-8b"), phase="prefill", sequence_length=8192, fused=True
    )
    assert place(workload, find_device(H100), devices=64).bound == "link"


@pytest.mark.parametrize("number_format", ["fp64", "tf32", "bf16", "fp8", "int8"])
def test_a_device_has_a_ridge_point_in_each_of_its_number_formats(number_format: str) -> None:
    rates = load_table("peak_flops")
    own = (rates["name"] == H100) & (rates["precision"] == number_format) & (rates["sparsity"] == "dense")
    device = find_device(H100, precision=number_format)
    assert device.number_format == number_format
    assert device.ridge_point == pytest.approx(rates.loc[own, "value"].max() / 3350)


# The ways out


def by_lever(workload: Workload, **options: Any) -> dict[str, pd.Series[Any]]:
    table = compare_levers(workload, find_device(H100), **options)
    return {str(row["lever"]): row for _, row in table.iterrows()}


def test_each_way_out_does_what_it_says() -> None:
    workload = Workload(transformer=find_transformer("llama-3-70b"), fused=True)
    table = by_lever(workload)
    assert table["as it is"]["speedup"] == 1
    assert table["weights at 8 bits"]["speedup"] == pytest.approx(2, rel=0.01)
    assert table["weights at 4 bits"]["arithmetic_intensity"] == pytest.approx(4, rel=0.01)
    assert table["8 times the batch"]["arithmetic_intensity"] == pytest.approx(8, rel=0.01)
    assert table["50% of the weights pruned"]["flops"] == pytest.approx(
        table["as it is"]["flops"] / 2, rel=0.01
    )
    assert table["2x bandwidth"]["speedup"] == pytest.approx(2)
    assert table["0.5x compute, 2x bandwidth"]["speedup"] == pytest.approx(2)


def test_where_computing_is_the_bound_bandwidth_does_not_help() -> None:
    workload = Workload(
        transformer=find_transformer("llama-3-8b"), phase="prefill", sequence_length=2048, fused=True
    )
    table = by_lever(workload)
    assert table["2x bandwidth"]["speedup"] == pytest.approx(1)
    assert table["weights at 4 bits"]["speedup"] == pytest.approx(1)
    assert table["0.5x compute, 2x bandwidth"]["speedup"] == pytest.approx(0.5)


def test_weights_are_pruned_to_the_share_that_is_given() -> None:
    workload = Workload(transformer=find_transformer("llama-3-70b"), fused=True)
    table = by_lever(workload, pruned_share=0.75)
    assert table["75% of the weights pruned"]["speedup"] == pytest.approx(4, rel=0.01)


def test_a_check_of_drafts_scores_each_of_them() -> None:
    llama, small = find_transformer("llama-3-70b"), find_transformer("llama-3-8b")
    rows = {}
    for head in (False, True):
        table = by_lever(Workload(transformer=llama, fused=True, output_head=head))
        rows[head] = next(row for lever, row in table.items() if lever.startswith("speculative"))
    scored = 2 * (5 * llama.head_weights + 4 * small.head_weights) / expected_tokens(0.8, 4)
    assert rows[True]["flops"] - rows[False]["flops"] == pytest.approx(scored)


def test_drafts_that_are_never_kept_cost_and_gain_nothing() -> None:
    workload = Workload(transformer=find_transformer("llama-3-70b"), fused=True)
    table = by_lever(workload, acceptance_rate=0.0)
    row = next(lever for lever in table if lever.startswith("speculative"))
    assert table[row]["speedup"] < 1
    assert expected_tokens(0.0, 4) == 1


@given(st.floats(0, 0.99), st.integers(1, 20))
def test_a_check_yields_between_one_token_and_all(rate: float, length: int) -> None:
    assert 1 - 1e-9 <= expected_tokens(rate, length) <= length + 1


# Since when


def test_gpt2_is_memory_bound_since_the_vector_processors() -> None:
    everyone: Any = {"segment": "*", "kind": "*"}
    found = find_when_bound(find_transformer("gpt2"), phase="decode", batch_sizes=[1, 1024], **everyone)
    first, last = found.batches.to_dict(orient="records")
    assert (first["since"], first["since_device"]) == ("2001-10-04", "IBM POWER4 1.3 GHz")
    assert first["compute_bound_names"] == "NEC SX-5 CPU"
    assert first["bound_projected"] == last["bound_projected"] == "memory"
    assert last["since"] > first["since"]
    assert found.projection["low"] < found.projection["ratio"] < found.projection["high"]


def test_the_projection_is_that_of_machine_balance(run: Run) -> None:
    found = json.loads(run("when-bound", "gpt2", "--format", "json").out)
    gap = json.loads(run("gap", "peak_flops", "dram_bandwidth", "--at", "2030", "--format", "json").out)
    assert found["projection"]["ratio"] == gap["projections"][0]["ratio"]
    assert found["projection"]["low"] == gap["projections"][0]["low"]


def test_the_command_and_the_function_give_the_same(run: Run) -> None:
    printed = json.loads(run("when-bound", "gpt2", "--batch-size", "16", "--format", "json").out)
    found = find_when_bound(find_transformer("gpt2"), batch_sizes=[16])
    assert printed["batches"][0]["arithmetic_intensity"] == found.batches["arithmetic_intensity"].iloc[0]
    assert printed["output_head"] is True


def test_what_is_compute_bound_today_has_no_since() -> None:
    found = find_when_bound(find_transformer("llama-3-70b"), phase="prefill", batch_sizes=[64])
    row = found.batches.iloc[0]
    assert (row["since"], row["bound_today"]) == ("", "compute")


def test_what_is_projected_goes_by_the_calibrated_interval() -> None:
    found = find_when_bound(find_transformer("llama-3-70b"), phase="prefill", batch_sizes=[64])
    row, projected = found.batches.iloc[0], found.projection
    # The usual interval lies below the intensity; the one as wide as the past asks for does not.
    assert projected["high"] < row["arithmetic_intensity"] < projected["calibrated_high"]
    assert row["bound_projected"] == "either"


def test_the_frontier_is_the_same_whatever_the_window() -> None:
    names = list_frontier()["name"].tolist()
    assert list_frontier(since=2010)["name"].tolist() == [
        name for name, date in zip(names, list_frontier()["date"], strict=True) if date.year >= 2010
    ]


# Memory in training


def by_part(memory: pd.DataFrame) -> dict[str, float]:
    return dict(zip(memory["part"], memory["bytes"], strict=True))


def test_zero_divides_as_its_paper_says() -> None:
    # Rajbhandari et al. 2020, figure 1: 7.5 billion parameters, 64 devices, K = 12.
    transformer = find_transformer("llama-2-7b")
    scale = 7.5e9 / transformer.parameters / 1e9
    for zero, printed in enumerate((120, 31.4, 16.6, 1.9)):
        memory = by_part(count_training_memory(transformer, zero=zero, devices=64))
        assert scale * (memory["total"] - memory["activations"] - memory["logits"]) == pytest.approx(
            printed, abs=0.05
        )


def test_activations_are_those_of_the_formula() -> None:
    # Korthikanti et al. 2022, equation 1.
    gpt3, length = find_transformer("gpt3"), 2048
    kept = {
        recompute: by_part(
            count_training_memory(gpt3, sequence_length=length, recompute=recompute, activations="paper")
        )["activations"]
        for recompute in ("none", "selective", "full")
    }
    sbh = length * 12288 * 96
    assert kept["none"] == sbh * (34 + 5 * 96 * length / 12288)
    assert kept["selective"] == 34 * sbh
    assert kept["full"] == 2 * sbh


@pytest.mark.parametrize(
    ("name", "label", "length", "batch"),
    [("bert-large", "BERT Large", 512, 16), ("gpt2-xl", "GPT-2", 1024, 1)],
)
def test_the_papers_breakdown_is_reproduced(name: str, label: str, length: int, batch: int) -> None:
    table = load_table("memory_breakdown", "gholami2024")
    printed = table[table["label"] == label].set_index("quantity")["value"]
    memory = by_part(
        count_training_memory(
            find_transformer(name),
            sequence_length=length,
            batch_size=batch,
            precision="fp32",
            activation_bytes=2,
            activations="paper",
        )
    )
    # The paper's GPT-2 has 1,500 million parameters at 1,024 to the thousand: 6 % less than the model.
    for part, within in (("parameters", 0.065), ("optimizer", 0.065), ("activations", 0.05)):
        assert memory[part] / 1e9 == pytest.approx(printed[part], rel=within)


# Messages


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["workload", "gpt9"],
            "unknown model 'gpt9'; did you mean 'gpt3'? Known: bert-base, bert-large, gpt2",
        ),
        (["workload", "gpt2", "--phase", "think"], "unknown phase 'think'. Known: encode, prefill, decode"),
        (
            ["workload", "bert-base", "--phase", "decode"],
            "bert-base is an encoder: it can encode, not decode",
        ),
        (
            ["workload", "gpt2", "--phase", "encode"],
            "gpt2 is a decoder: it can prefill or decode, not encode",
        ),
        (
            ["workload", "gpt2", "--sequence-length", "0"],
            "sequence_length: expected a whole number above zero",
        ),
        (["workload", "gpt2", "--batch-size", "-3"], "batch_size: expected a whole number above zero"),
        (["workload", "gpt2", "--bytes", "0"], "weight_bytes: expected a number above zero"),
        (["workload", "gpt2", "--bytes", "nan"], "weight_bytes: expected a number above zero"),
        (["workload", "gpt2", "--heads", "7"], "7 heads cannot share a hidden size of 768 evenly"),
        (["workload", "gpt2", "--heads", "0"], "heads: expected a whole number above zero"),
        (["workload", "llama-3-8b", "--key-value-heads", "5"], "cannot share 5 key-value heads evenly"),
        (
            ["workload", "gpt2", "--prompt-length", "512"],
            "prompt_length: expected a whole number from 0 to 511",
        ),
        (["workload", "gpt2", "--sparsity", "1"], "sparsity: expected a share"),
        (["workload", "bert-base", "--head"], "is an encoder: it has no output head"),
        (["roofline", "gpt2", "--device", "nosuch"], "unknown device 'nosuch'"),
        (["roofline", "gpt2", "--device", "H100"], "NVIDIA H100 PCIe 80GB, NVIDIA H100 SXM5"),
        (["roofline", "gpt2", "--device", A100, "--precision", "fp8"], "known: fp64, fp32, tf32, fp16"),
        (
            ["roofline", "gpt2", "--device", "Google TPU v1"],
            "known: int8; choose one, as in --precision int8",
        ),
        (["roofline", "gpt2", "--device", A100, "--precision", "fp9"], "did you mean 'fp8'? Known: best16"),
        (["roofline", "gpt2", "--device", A100, "--scale-bandwidth", "0"], "expected a factor above zero"),
        (["roofline", "gpt2", "--device", A100, "--devices", "0"], "devices: expected a whole number"),
        (["roofline", "gpt2", "--device", "GTX 285", "--devices", "2"], "no bandwidth of links is known"),
        (["roofline", "gpt2", "--device", A100, "--levers", "--acceptance-rate", "1"], "acceptance_rate"),
        (["roofline", "gpt2", "--device", A100, "--levers", "--smaller", "no"], "unknown model 'no'"),
        (["roofline", "gpt2", "--device", A100, "--levers", "--pruned-share", "1"], "pruned_share"),
        (["roofline", "--device", A100, "--levers"], "name one"),
        (["when-bound", "gpt2", "--batch-size", "0"], "batch_size: expected a whole number above zero"),
        (["when-bound", "gpt2", "--bytes", "0"], "weight_bytes: expected a number above zero"),
        (["when-bound", "gpt2", "--at", "soon"], "cannot read the date"),
        (
            ["workload", "gpt2", "--prompt-length", "-1"],
            "prompt_length: expected a whole number from 0 to 511",
        ),
        (["when-bound", "gpt2", "--dataset", "gholami2024"], "expected at least 2, got 1"),
        (["training-memory", "gpt2", "--zero", "4"], "zero: expected a stage from 0 to 3"),
        (["training-memory", "gpt2", "--precision", "fp8"], "unknown precision of training"),
        (["training-memory", "gpt2", "--optimizer", "lion"], "unknown optimizer"),
        (["training-memory", "gpt2", "--recompute", "some"], "unknown recomputation"),
    ],
)
def test_what_is_wrong_is_a_message_with_what_is_known(run: Run, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


def test_a_name_that_no_model_has_is_an_error_of_the_library_too() -> None:
    with pytest.raises(MemwallError, match="Known: bert-base"):
        find_transformer("none")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence_length": math.nan}, "sequence_length: expected a whole number above zero"),
        ({"batch_size": math.inf}, "batch_size: expected a whole number above zero"),
        ({"prompt_length": 3.5}, "prompt_length: expected a whole number from 0 to 511"),
    ],
)
def test_what_is_no_size_is_an_error_of_the_library(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        Workload(transformer=find_transformer("gpt2"), **changes)


def test_a_transformer_of_ones_own_is_checked_and_has_levers() -> None:
    gpt2 = find_transformer("gpt2")
    with pytest.raises(MemwallError, match="unknown kind of Transformer 'mixer'"):
        replace(gpt2, kind="mixer")
    own = Workload(transformer=replace(gpt2, name="own", title="Own"))
    assert not any(lever.startswith("smaller") for lever in by_lever(own))


def test_no_batch_size_is_an_error() -> None:
    with pytest.raises(MemwallError, match="expected at least one"):
        find_when_bound(find_transformer("gpt2"), batch_sizes=[])


# What the commands print


def test_the_workload_has_operators_and_a_total(run: Run) -> None:
    record = json.loads(
        run("workload", "bert-base", "--sequence-length", "512", "--bytes", "1", "--format", "json").out
    )
    rows = [*record["operators"], record["total"]]
    assert all(list(row) == ["operator", "flops", "bytes", "arithmetic_intensity"] for row in rows)
    assert math.isclose(sum(row["flops"] for row in record["operators"]), record["total"]["flops"])


def test_the_roofline_states_ridge_point_bound_and_what_is_attainable(run: Run) -> None:
    record = json.loads(run("roofline", "gpt2", "--device", H100, "--format", "json").out)
    assert record["ridge_point"] == pytest.approx(989.5 / 3.35, rel=1e-6)
    assert record["bound"] == "memory"
    assert record["attainable_flops"] == pytest.approx(record["arithmetic_intensity"] * 3.35e12)


def test_a_bound_counts_the_output_head_and_the_published_count_does_not(run: Run) -> None:
    names = {}
    for command in (["workload", "gpt2"], ["roofline", "gpt2", "--device", H100]):
        record = json.loads(run(*command, "--format", "json").out)
        names[command[0]] = [each["operator"] for each in record["operators"]]
    assert names["roofline"] == [*names["workload"], "output head"]
    record = json.loads(run("roofline", "gpt2", "--device", H100, "--no-head", "--format", "json").out)
    assert [each["operator"] for each in record["operators"]] == names["workload"]


def test_a_mixture_says_how_much_of_it_a_token_uses(run: Run) -> None:
    assert (
        "46.70 billion parameters, of which a token uses 12.88 billion" in run("workload", "mixtral-8x7b").out
    )


def test_a_users_device_has_a_roofline(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    common = {"name": "Acme A1", "vendor": "Acme", "kind": "accelerator", "date": "2026-06-01"}
    rows = [
        {
            **{**common, "table": "peak_flops", "value": 1e6, "unit": "GFLOP/s"},
            **{"precision": "fp16", "engine": "matrix", "sparsity": "dense"},
        },
        {**common, "table": "dram_bandwidth", "value": 1e4, "unit": "GB/s", "memory": "HBM3e"},
    ]
    pd.DataFrame(rows).assign(source="mine", source_title="Mine", source_url="https://acme.example").to_csv(
        path, index=False
    )
    result = run("roofline", "gpt2", "--device", "acme a1", "--with", str(path), "--format", "json")
    assert json.loads(result.out)["ridge_point"] == 100


def test_scaling_a_device_moves_its_ridge_point(run: Run) -> None:
    usual = json.loads(run("roofline", "--device", H100, "--format", "json").out)
    scaled = json.loads(
        run(
            "roofline",
            "--device",
            H100,
            "--scale-bandwidth",
            "2",
            "--scale-compute",
            "0.5",
            "--format",
            "json",
        ).out
    )
    assert scaled["ridge_point"] == pytest.approx(usual["ridge_point"] / 4)
