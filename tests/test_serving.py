from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.workloads import Layout, Service, find_device, find_transformer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result

    Run = Callable[..., Result]

H100, LLAMA = find_device("NVIDIA H100 SXM5"), find_transformer("llama-3-8b")
ONE = Service(transformer=LLAMA, device=H100)
SERVE = ["serve", "llama-3-70b", "--device", "NVIDIA H100 SXM5"]


def test_a_prompt_takes_the_time_of_its_operations() -> None:
    # 2 operations a weight and token of the layers, 4 of each pair of 32 x 128 wide queries, half of all.
    layers = LLAMA.block_weights
    flops = 2 * layers * 2048 + 32 * 4 * 4096 * 2048 * 2049 / 2 + 2 * LLAMA.head_weights
    assert ONE.time_to_first_token_s == pytest.approx(flops / 989.5e12, rel=1e-2)


def test_a_token_of_a_request_alone_takes_the_time_to_read_weights_and_cache() -> None:
    read = 2 * (LLAMA.block_weights + LLAMA.head_weights) + 131072 * (2048 + 256)
    assert ONE.describe(1)["time_per_output_token_s"] == pytest.approx(read / 3.35e12, rel=1e-3)


def test_the_largest_batch_fits_and_one_more_does_not() -> None:
    largest = ONE.largest_batch
    assert largest is not None
    assert (ONE.describe(largest)["fits"], ONE.describe(largest + 2)["fits"]) == (True, False)
    held = 80 * 1024**3 - 2 * LLAMA.parameters
    assert largest == held // (2560 * 131072)
    assert ONE.largest_staggered_batch == held // (2304 * 131072)


def test_where_the_weights_do_not_fit_no_request_does() -> None:
    large = replace(ONE, transformer=find_transformer("llama-3-70b"))
    assert large.largest_batch == 0
    assert large.choose_batches() == [1]


def test_decode_turns_compute_bound_where_it_is_said() -> None:
    short = replace(ONE, prompt_length=16, output_length=16)
    turn = short.compute_bound_batch
    assert turn is not None
    bounds = [short.describe(batch)["bound"] for batch in (turn - 1, turn)]
    assert bounds == ["memory", "compute"]
    # With weights alone it would be the ridge point, 295 FLOP/byte; activations and cache move too.
    assert 295 < turn < 360


def test_long_caches_keep_decode_memory_bound_at_every_batch() -> None:
    assert replace(ONE, prompt_length=8192).compute_bound_batch is None


def test_a_larger_batch_gives_more_tokens_and_each_later() -> None:
    rows = ONE.to_frame([1, 8, 64])
    assert rows["decode_tokens_per_second"].is_monotonic_increasing
    assert rows["time_per_output_token_s"].is_monotonic_increasing
    assert rows["board_energy_per_token_j"].is_monotonic_decreasing


def test_prompts_take_their_share_of_the_same_devices() -> None:
    row = ONE.describe(128)
    compute = ONE.place_prompts(128).times_s["compute"] + ONE.place_decode(128).times_s["compute"]
    memory = ONE.place_decode(128).times_s["memory"]
    assert row["tokens_per_second"] == pytest.approx(128 * 512 / max(compute, memory))


def test_a_cached_prefix_is_not_computed_again() -> None:
    half = replace(ONE, cached_length=1024)
    assert half.time_to_first_token_s < 0.6 * ONE.time_to_first_token_s


def test_prompts_on_devices_of_their_own_send_their_cache() -> None:
    apart = replace(ONE, prefill_device=H100, prefill_layout=Layout(devices=2))
    assert apart.cache_transfer_s == pytest.approx(2048 * 131072 / 450e9)
    row = apart.describe(64)
    assert row["tokens_per_second_device"] == pytest.approx(row["tokens_per_second"] / 3)
    assert apart.time_to_first_token_s < ONE.time_to_first_token_s


def test_energy_follows_from_board_power_and_from_the_memory_generation() -> None:
    h200 = find_device("H200 SXM")
    row = replace(ONE, device=h200).describe(1)
    assert row["board_energy_per_token_j"] == pytest.approx(700 * row["time_per_output_token_s"])
    # Samsung states 3.9 pJ/bit of HBM3E.
    moved = row["time_per_output_token_s"] * 4.8e12
    assert row["dram_energy_per_token_j"] == pytest.approx(3.9e-12 * 8 * moved, rel=1e-3)
    assert replace(ONE, device=replace(H100, tdp_w=None)).describe(1)["board_energy_per_token_j"] is None


def test_the_command_has_documented_keys(run: Run) -> None:
    record = json.loads(run(*SERVE, "--devices", "8", "--format", "json").out)
    assert record["uneven"] == ""
    assert [row["batch_size"] for row in record["batches"]][:3] == [1, 2, 4]
    assert record["batches"][-1]["batch_size"] == record["largest_batch"]


def test_three_devices_say_what_is_uneven(run: Run) -> None:
    record = json.loads(run(*SERVE, "--devices", "3", "--format", "json").out)
    assert "8 key-value heads over 3 devices: one has 3" in record["uneven"]
    shown = " ".join(run(*SERVE, "--devices", "3").out.split())
    assert "Not even, so the one with most sets the pace: 8 key-value heads over 3 devices" in shown


def test_a_row_of_csv_is_a_batch_size(run: Run) -> None:
    lines = run(*SERVE, "--devices", "3", "--batch-size", "1", "--batch-size", "4", "--format", "csv").out
    rows = pd.read_csv(io.StringIO(lines))
    assert rows["batch_size"].tolist() == [1, 4]
    assert rows["uneven"].str.startswith("8 key-value heads over 3 devices").all()
    placed = run("roofline", *SERVE[1:], "--devices", "3", "--format", "csv").out
    assert len(pd.read_csv(io.StringIO(placed))) == 5


def test_what_does_not_fit_says_so(run: Run) -> None:
    shown = run(*SERVE).out
    assert "none: the weights do not fit" in shown
    assert "What does not fit is shown all the same" in " ".join(shown.split())


def test_prefill_and_decode_may_have_devices_of_their_own(run: Run) -> None:
    arguments = ["--devices", "8", "--prefill-device", "H200 SXM", "--prefill-devices", "4"]
    record = json.loads(run(*SERVE, *arguments, "--format", "json").out)
    assert (record["prefill_device"], record["prefill_devices"]) == ("NVIDIA H200 SXM", 4)
    assert "taken in by 4 x NVIDIA H200 SXM" in " ".join(run(*SERVE, *arguments).out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prompt", "0"], "prompt_length: expected a whole number above zero"),
        (["--output", "1"], "output_length: expected at least 2"),
        (["--cached", "2048"], "cached_length: expected a whole number from 0 to 2047"),
        (["--batch-size", "0"], "batch_size: expected a whole number above zero"),
        (["--devices", "8", "--data", "3"], "expected a multiple of 3"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(run: Run, arguments: list[str], message: str) -> None:
    result = run(*SERVE, *arguments)
    assert result.code == 2
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transformer": find_transformer("bert-base")}, "bert-base is an encoder"),
        ({"weight_bytes": 0.0}, "weight_bytes: expected a number above zero"),
    ],
)
def test_so_it_is_of_the_library(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        replace(ONE, **changes).describe(1)
