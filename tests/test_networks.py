from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError
from memwall_trends.workloads import find_network, list_networks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result

    Run = Callable[..., Result]

# Operations that torch 2.14 counts of the models of torchvision 0.29.1, and the parameters that it states.
COUNTED = {
    "alexnet": (1_428_376_960, 61_100_840),
    "vgg-16": (30_940_528_640, 138_357_544),
    "vgg-19": (39_264_124_928, 143_667_240),
    "resnet-50": (8_178_368_512, 25_557_032),
    "resnet-152": (23_027_253_248, 60_192_808),
}


@pytest.mark.parametrize("name", COUNTED)
def test_operations_and_parameters_are_those_of_the_reference(name: str) -> None:
    network, (flops, parameters) = find_network(name), COUNTED[name]
    assert network.count_cost()[-1].flops == flops
    assert network.parameters == pytest.approx(parameters, rel=0.005)


@pytest.mark.parametrize("title", ["AlexNet", "VGG-19", "ResNet-152"])
def test_operations_are_those_that_the_paper_plots(title: str) -> None:
    table = load_table("models_cv", "gholami2024")
    rows = table[(table["name"] == title) & (table["quantity"] == "inference_compute")]
    counted = find_network(title.lower()).count_cost()[-1].flops
    assert counted / 1e9 == pytest.approx(float(rows["value"].iloc[0]), rel=0.025)


def test_a_recommender_is_its_tables_and_moves_little_of_them() -> None:
    dlrm = find_network("dlrm-mlperf")
    # 187,767,399 rows of Criteo at 40 million a table at most, 128 wide.
    assert dlrm.parameters == pytest.approx(187_767_399 * 128, rel=1e-3)
    costs = {each.operator: each for each in dlrm.count_cost(batch_size=2048)}
    assert costs["embedding"].bytes == 2 * 26 * 2048 * 128 * 2
    assert costs["interaction"].flops == 2048 * 2 * 351 * 128
    dense = 13 * 512 + 512 * 256 + 256 * 128 + 479 * 1024 + 1024**2 + 1024 * 512 + 512 * 256 + 256
    assert costs["dense"].flops == 2 * 2048 * dense


@pytest.mark.parametrize("name", list_networks())
def test_a_larger_batch_reads_its_weights_once(name: str) -> None:
    one, many = (find_network(name).count_cost(batch)[-1] for batch in (1, 64))
    assert many.flops == pytest.approx(64 * one.flops)
    assert many.bytes < 64 * one.bytes


def test_the_command_counts_and_places_them(run: Run) -> None:
    record = json.loads(run("network", "resnet-50", "--format", "json").out)
    assert record["total"]["flops"] == COUNTED["resnet-50"][0]
    placed = json.loads(
        run("network", "vgg-16", "--device", "NVIDIA H100 SXM5", "--batch-size", "64", "--format", "json").out
    )
    assert placed["time_s"] == max(
        placed["total"]["flops"] / placed["peak_flops"],
        placed["total"]["bytes"] / placed["bandwidth_bytes_s"],
    )
    shown = " ".join(run("network", "vgg-16", "--device", "NVIDIA H100 SXM5").out.split())
    assert "memory-bound" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet"], "unknown network 'lenet'"),
        (["alexnet", "--batch-size", "0"], "batch_size: expected a whole number above zero"),
        (["alexnet", "--bytes", "0"], "element_bytes: expected a number above zero"),
        (["alexnet", "--peak", "1 PFLOP/s"], "a peak and a bandwidth of its own"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: list[str], message: str) -> None:
    result = run("network", *arguments)
    assert result.code == 2
    assert message in " ".join(result.err.split())


def test_so_it_is_in_the_library() -> None:
    with pytest.raises(MemwallError, match="Known: alexnet, vgg-16"):
        find_network("none")
