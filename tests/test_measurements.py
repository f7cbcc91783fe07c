from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from memwall_trends.workloads import (
    Layout,
    Service,
    compare_measurements,
    find_device,
    find_transformer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from tests.conftest import Result

    Run = Callable[..., Result]


@pytest.fixture(scope="module")
def compared() -> pd.DataFrame:
    return compare_measurements()


def test_no_bound_is_below_a_measurement(compared: pd.DataFrame) -> None:
    print(compared[["model", "device", "devices", "value", "bound", "ratio"]].to_string())
    broken = compared[compared["ratio"] > 1]
    assert broken.empty, broken[["model", "device", "value", "bound", "locator"]].to_string()


def test_there_are_enough_of_several_kinds(compared: pd.DataFrame) -> None:
    assert len(compared) >= 25
    assert compared["device"].nunique() >= 5
    assert compared["model"].nunique() >= 8
    assert compared["source"].nunique() >= 4


def test_bounds_are_near_enough_to_say_something(compared: pd.DataFrame) -> None:
    # One request on one device, weights at 16 bits: little is in the way of the memory.
    plain = compared[
        (compared["measure"] == "one request") & (compared["devices"] == 1) & (compared["weight_bytes"] == 2)
    ]
    assert plain["ratio"].min() > 0.6
    assert compared["ratio"].median() > 0.3


def test_the_bandwidth_that_a_source_derives_is_ours() -> None:
    # gpt-fast: Llama 2 7B at 104.9 token/s is said to move 1,397 GB/s, embedding left out.
    service = Service(
        transformer=find_transformer("llama-2-7b"),
        device=find_device("A100 SXM4 80GB"),
        prompt_length=5,
        output_length=200,
    )
    decode = service.place_decode(1)
    moved = decode.cost.total.bytes / 199 * 104.9
    assert moved / 1e9 == pytest.approx(1397.31, rel=0.02)


@pytest.mark.parametrize(
    ("model", "device", "devices", "number_format", "batch", "lengths", "measured"),
    [
        # DeepSeek-R1 with drafts of its own, which the bound without them exceeds too.
        ("deepseek-v3", "B200", 8, "fp4", 1, (1024, 2048), 274.4),
        ("deepseek-v3", "H200 SXM", 8, "fp8", 1, (1024, 2048), 158.1),
        # TensorRT-LLM 1.0, further lengths of the table of Llama 3.3 70B.
        ("llama-3-70b", "B200", 1, "fp4", 456, (2048, 2048), 4783.0),
        ("llama-3-70b", "H200 SXM", 1, "fp8", 230, (2048, 2048), 2003.0),
        ("llama-3-8b", "H200 SXM", 1, "fp8", 1400, (1000, 2000), 16828.0),
    ],
)
def test_measurements_that_are_not_in_the_table_are_below_their_bounds_too(
    model: str,
    device: str,
    devices: int,
    number_format: str,
    batch: int,
    lengths: tuple[int, int],
    measured: float,
) -> None:
    name = "NVIDIA B200" if device == "B200" else device
    found = find_device(name, precision=number_format)
    service = Service(
        transformer=find_transformer(model),
        device=found,
        layout=Layout(devices=devices),
        prompt_length=lengths[0],
        output_length=lengths[1],
        weight_bytes=found.element_bytes,
        activation_bytes=found.element_bytes,
        cache_bytes=1.0,
    )
    assert service.count_per_second(batch) > measured


def test_the_command_prints_them(run: Run) -> None:
    rows = json.loads(run("measured", "--format", "json").out)
    assert max(row["ratio"] for row in rows) < 1
    shown = run("measured").out
    assert "none above its bound" in " ".join(shown.split())
