from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.workloads import (
    count_training_memory,
    count_training_time,
    find_device,
    find_transformer,
    list_transformers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result

    Run = Callable[..., Result]

LLAMA, H100 = find_transformer("llama-3-8b"), find_device("NVIDIA H100 SXM5")


def by_part(name: str = "llama-3-8b", **options: Any) -> dict[str, float]:
    memory = count_training_memory(find_transformer(name), **options)
    return dict(zip(memory["part"], memory["bytes"], strict=True))


def test_by_default_neither_scores_nor_masks_are_kept() -> None:
    length = 4096
    # Of a token: 2 bytes x (4096 + 2 x 4096 + 2 x 1024) of attention, x (4096 + 4 x 14336) of the network,
    # x 2 x 4096 of the norms, and 4 bytes for each of 32 heads.
    layer = 2 * (3 * 4096 + 2 * 1024) + 2 * (4096 + 4 * 14336) + 4 * 4096 + 4 * 32
    assert by_part(sequence_length=length)["activations"] == 32 * length * layer


def test_logits_are_kept_as_they_come_and_at_32_bits() -> None:
    assert by_part(sequence_length=1000)["logits"] == 1000 * 128256 * (2 + 4)
    assert by_part(sequence_length=1000, activations="paper")["logits"] == 0
    assert by_part("bert-base")["logits"] == 0


def test_gradients_may_be_summed_at_32_bits() -> None:
    assert by_part(gradient_bytes=4)["gradients"] == 4 * LLAMA.parameters
    assert by_part(gradient_bytes=4, zero=2, devices=8)["gradients"] == LLAMA.parameters / 2


def test_scores_grow_with_the_square_and_flash_with_the_length() -> None:
    flash = [by_part(sequence_length=length)["activations"] for length in (1024, 2048)]
    paper = [by_part(sequence_length=length, activations="paper")["activations"] for length in (1024, 2048)]
    assert flash[1] == 2 * flash[0]
    assert paper[1] > 2 * paper[0] > 2 * flash[0]


def test_a_mixture_keeps_what_the_experts_of_a_token_keep() -> None:
    mixtral = find_transformer("mixtral-8x7b")
    assert by_part("mixtral-8x7b")["activations"] > 1.5 * by_part()["activations"]
    assert by_part("mixtral-8x7b")["optimizer"] == 12 * mixtral.parameters


@pytest.mark.parametrize("name", list_transformers())
def test_every_model_has_a_memory_and_recomputation_saves_of_it(name: str) -> None:
    kept = [by_part(name, recompute=recompute)["total"] for recompute in ("none", "selective", "full")]
    assert kept[0] >= kept[1] > kept[2] > 16 * find_transformer(name).parameters * 0.999


def test_the_operations_of_llama_3_are_those_that_are_published() -> None:
    # Grattafiori et al. 2024 (arXiv 2407.21783), section 3.2.1: 405B on 15.6T tokens, 3.8e25 FLOP.
    model = find_transformer("llama-3-405b")
    time = count_training_time(model, H100, tokens=15.6e12, sequence_length=8192, devices=16384)
    assert time["flops"] == pytest.approx(3.8e25, rel=0.04)
    # It took 54 days.
    assert time["time_s"] / 86400 < 54


def test_to_compute_the_way_there_twice_takes_a_third_more() -> None:
    times = [
        count_training_time(LLAMA, H100, tokens=1e12, recompute=recompute)["time_s"]
        for recompute in ("none", "full")
    ]
    assert times[1] == pytest.approx(times[0] * 4 / 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activations": "all"}, "unknown way to keep activations 'all'"),
        ({"gradient_bytes": 0}, "gradient_bytes: expected a number above zero"),
        ({"activation_bytes": -1}, "activation_bytes: expected a number above zero"),
    ],
)
def test_what_is_wrong_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        by_part(**options)


def test_the_commands_print_them(run: Run) -> None:
    record = json.loads(run("training-memory", "llama-3-8b", "--gradient-bytes", "4", "--format", "json").out)
    assert [part["part"] for part in record["parts"]][-2:] == ["logits", "total"]
    assert "no scores (FlashAttention)" in " ".join(run("training-memory", "llama-3-8b").out.split())
    command = ["training-time", "llama-3-8b", "--tokens", "15e12", "--device", "NVIDIA H100 SXM5"]
    record = json.loads(run(*command, "--devices", "1024", "--format", "json").out)
    assert record["device_hours"] == pytest.approx(record["time_s"] * 1024 / 3600)
    assert "A bound, no forecast" in run(*command).out
    wrong = run(*command[:2], "--tokens", "-1", *command[4:])
    assert wrong.code == 2
    assert "tokens: expected a number above zero" in wrong.err
