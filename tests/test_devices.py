from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.workloads import (
    Workload,
    choose_device,
    find_device,
    find_transformer,
    make_device,
    place,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result

    Run = Callable[..., Result]

H100 = "NVIDIA H100 SXM5"
OWN = ["--peak", "989 TFLOP/s", "--bandwidth", "3.35 TB/s", "--capacity", "80 GiB", "--link", "450 GB/s"]


def test_what_vendors_print_as_gb_is_counted_as_gib() -> None:
    # nvidia-smi of an H100 SXM5: 81,559 MiB, a little below 80 GiB.
    assert find_device(H100).memory_bytes == 80 * 1024**3


def test_a_device_knows_its_rates_in_every_format() -> None:
    device = find_device(H100)
    assert device.dense["fp8"] == 1979e12
    assert device.structured["fp8"] == 3958e12
    eight = device.at_width(1.0)
    assert eight is not None
    assert (eight.number_format, eight.peak_flops) == ("fp8", 1979e12)
    assert find_device("GTX 285").at_width(1.0) is None


def test_a_device_of_ones_own_has_a_roofline(run: Run) -> None:
    record = json.loads(run("roofline", "gpt2", *OWN, "--devices", "2", "--format", "json").out)
    assert record["device"] == "your device"
    assert record["ridge_point"] == pytest.approx(989 / 3.35)
    assert record["memory_bytes"] == 80 * 1024**3
    assert record["link_time_s"] > 0
    assert record["is_bound"] is True


def test_some_numbers_of_ones_own_replace_those_of_a_device() -> None:
    device = choose_device(H100, bandwidth="4 TB/s")
    assert (device.peak_flops, device.bandwidth_bytes_s) == (989.5e12, 4e12)
    assert device.name == f"{H100} (changed)"
    assert choose_device(H100, peak="500 TFLOP/s").dense == {"fp16": 5e14}


def test_less_than_the_rates_is_an_estimate() -> None:
    workload = Workload(transformer=find_transformer("llama-3-8b"), prompt_length=511, fused=True)
    bound = place(workload, choose_device(H100))
    estimate = place(workload, choose_device(H100, efficiency=0.8, operator_us=10))
    # 32 layers of two operators of attention and one after it.
    assert estimate.time_s == pytest.approx(bound.time_s / 0.8 + 96 * 10e-6)
    assert (bound.device.is_bound, estimate.device.is_bound) == (True, False)


def test_an_estimate_says_that_it_is_no_bound(run: Run) -> None:
    shown = run("roofline", "gpt2", "--device", H100, "--efficiency", "0.8", "--operator-us", "5").out
    assert "An estimate, no bound: 80% of the peak rates, 5 microseconds an operator" in " ".join(
        shown.split()
    )
    assert "least time" not in shown
    assert "A bound, no forecast" in run("roofline", "gpt2", "--device", H100).out


def test_activations_that_fit_into_the_last_level_cache_do_not_move() -> None:
    llama = find_transformer("llama-3-8b")
    step = Workload(transformer=llama, batch_size=256, prompt_length=511, fused=True)
    cached = place(step, choose_device(H100, last_level_cache="50 MB"))
    # The token of each sequence is written to the cache, all before it are read.
    kept = 2 * llama.cache_elements_per_token * 256 * (512 + 1)
    assert cached.cost.total.bytes == pytest.approx(2 * llama.block_weights + kept)
    assert cached.time_s < place(step, choose_device(H100)).time_s
    long = Workload(transformer=llama, phase="prefill", sequence_length=8192, fused=True)
    assert (
        place(long, choose_device(H100, last_level_cache="50 MB")).cost.workload.cached_activations is False
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs a name of the dataset, or a peak and a bandwidth of its own"),
        (["--peak", "1 PFLOP/s"], "needs a name of the dataset, or a peak and a bandwidth"),
        (["--peak", "fast", "--bandwidth", "1 TB/s"], "cannot read the quantity 'fast'"),
        (["--peak", "1 TB/s", "--bandwidth", "1 TB/s"], "does not measure what FLOP/s measures"),
        ([*OWN, "--precision", "fp9"], "unknown number format 'fp9'; did you mean 'fp8'?"),
        ([*OWN, "--efficiency", "1.2"], "efficiency: expected a share above 0, to 1"),
        ([*OWN, "--efficiency", "0"], "efficiency: expected a share above 0, to 1"),
        ([*OWN, "--operator-us", "-1"], "operator_time: expected a time of at least 0 s"),
        ([*OWN[:4], "--devices", "2"], "no bandwidth of links is known of your device"),
        ([*OWN, "--devices", "8", "--pipeline", "3"], "devices: 8 cannot be 3 stages of 1 copies each"),
    ],
)
def test_what_is_wrong_with_a_device_is_said(run: Run, arguments: list[str], message: str) -> None:
    result = run("roofline", "gpt2", *arguments)
    assert result.code == 2
    assert message in " ".join(result.err.split())
    assert "Traceback" not in result.err


def test_a_device_needs_peak_and_bandwidth() -> None:
    with pytest.raises(MemwallError, match="needs a name of the dataset"):
        make_device(peak="1 PFLOP/s")
