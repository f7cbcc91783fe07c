from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.workloads import find_transformer, load_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result

    Run = Callable[..., Result]

CONFIGS = Path(__file__).parent / "configs"
COUNTED = {
    "bert-large": 335_174_458,
    "deepseek-v3": 671_026_404_352,
    "gemma-2-9b": 9_241_705_984,
    "gemma-3-27b": 27_009_346_304,
    "gpt-oss-120b": 116_829_156_672,
    "gpt2-xl": 1_557_611_200,
    "kimi-k2": 1_026_408_209_408,
    "llama-3.1-8b": 8_030_261_248,
    "llama-4-maverick": 400_711_848_960,
    "mistral-7b": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "nemotron-h-8b": 8_100_852_736,
    "olmo-2-7b": 7_298_617_344,
    "phi-3-mini": 3_821_079_552,
    "qwen2.5-7b": 7_615_616_512,
    "qwen3-235b-a22b": 235_093_634_560,
    "qwen3-32b": 32_762_123_264,
    "qwen3-next-80b-a3b": 79_674_391_296,
}
"""Parameters of the language model that Transformers 5.24 builds of it, with biases and norms."""
SAME_AS_BUILT_IN = {
    "bert-large",
    "deepseek-v3",
    "gemma-3-27b",
    "gpt-oss-120b",
    "gpt2-xl",
    "kimi-k2",
    "llama-4-maverick",
    "mixtral-8x7b",
    "qwen3-235b-a22b",
    "qwen3-32b",
    "qwen3-next-80b-a3b",
}


def test_every_configuration_is_counted() -> None:
    assert {path.stem for path in CONFIGS.glob("*.json")} == set(COUNTED)


@pytest.mark.parametrize("name", COUNTED)
def test_the_parameters_are_those_of_the_model_that_is_built(name: str) -> None:
    # Biases and norms are left out, and the transform of BERT's output head.
    assert load_model(CONFIGS / f"{name}.json").parameters == pytest.approx(COUNTED[name], rel=0.005)


@pytest.mark.parametrize("name", sorted(SAME_AS_BUILT_IN))
def test_a_configuration_is_the_built_in_model(name: str) -> None:
    own, built_in = load_model(CONFIGS / f"{name}.json"), find_transformer(name)
    assert own.kinds == built_in.kinds
    # Gemma's configuration pads the vocabulary.
    assert own.block_weights == built_in.block_weights
    assert own.count_cache(5000) == built_in.count_cache(5000)


@pytest.mark.parametrize("name", COUNTED)
def test_each_has_a_roofline(run: Run, name: str) -> None:
    path = str(CONFIGS / f"{name}.json")
    result = run("roofline", "--model", path, "--device", "NVIDIA H100 SXM5", "--format", "json")
    record = json.loads(result.out)
    assert record["model"] == name
    assert record["flops"] > 0


TINY: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "rwkv7"}, "unknown architecture 'rwkv7'"),
        ({"model_type": None}, "has no model_type"),
        ({"hidden_size": None}, "has no hidden_size or n_embd or d_model"),
        ({"hidden_size": "wide"}, "hidden_size: expected a whole number; got 'wide'"),
        ({"hidden_size": True}, "hidden_size: expected a whole number; got True"),
        ({"num_hidden_layers": -2}, "expected a whole number of at least 0; got -2"),
        ({"num_attention_heads": 0}, "expected a whole number above zero"),
        ({"num_key_value_heads": 3}, "cannot share 3 key-value heads evenly"),
        ({"intermediate_size": None}, "has no intermediate_size"),
        ({"layer_types": ["spiral", "full_attention"]}, "unknown kind of layer 'spiral'"),
        ({"layer_types": ["full_attention"]}, "layer_types has 1 of 2 layers"),
        ({"num_hidden_layers": 0}, "expected 1 to 10,000 layers; got 0"),
        ({"num_hidden_layers": 10**30}, "expected 1 to 10,000 layers; got 1000000"),
        (
            {"mlp_only_layers": 3, "model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2},
            "expected a list of layers; got 3",
        ),
        (
            {
                "model_type": "qwen2_moe",
                "num_experts": 8,
                "num_experts_per_tok": 2,
                "shared_expert_intermediate_size": "wide",
            },
            "shared_expert_intermediate_size: expected a whole number; got 'wide'",
        ),
        ({"model_type": "deepseek_v3", "index_n_heads": 64}, "sparse attention that an indexer chooses"),
        ({"model_type": "nemotron_h", "hybrid_override_pattern": "M?"}, "layers of an unknown kind: ?"),
        ({"model_type": "mixtral", "num_local_experts": 8}, "has no num_experts_per_tok"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_said(
    run: Run, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "mine.json"
    given = {key: value for key, value in {**TINY, **changes}.items() if value is not None}
    path.write_text(json.dumps(given))
    result = run("workload", "--model", str(path))
    assert result.code == 2
    assert message in " ".join(result.err.split())
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mine.json", "{", "is no JSON"),
        ("mine.json", "[1]", "expected an object"),
        ("mine.json", "", "is no JSON"),
        ("mine.toml", "layers = ", "is no TOML"),
        ("mine.toml", "layers = 2", "needs hidden_size"),
        ("mine.toml", 'base = "gpt9"', "unknown model 'gpt9'"),
        ("mine.toml", 'base = "gpt2"\nlayer = 3', "unknown size of a Transformer 'layer'"),
        ("mine.txt", "gpt2", "expected a .json (a configuration) or a .toml (sizes)"),
    ],
)
def test_so_is_what_is_wrong_with_a_file(
    run: Run, tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    result = run("roofline", "--model", str(tmp_path / name), "--device", "NVIDIA H100 SXM5")
    assert result.code == 2
    assert message in " ".join(result.err.split())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MemwallError, match=r"none\.json: No such file"):
        load_model(tmp_path / "none.json")


def test_sizes_in_a_toml_are_a_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "layers = 4\nhidden_size = 64\nheads = 4\nfeed_forward_size = 128\nvocabulary_size = 100\n"
        'layer_kinds = "3*window full"\nwindow = 16\n'
    )
    model = load_model(path)
    assert (model.name, model.count_cache(100)) == ("mine", (3 * 16 + 100) * 2 * 64)


def test_settings_change_a_model(run: Run) -> None:
    record = json.loads(run("workload", "--model", "gpt2", "--set", "head_size=128", "--format", "json").out)
    assert record["cache_bytes_per_token"] == 2 * 2 * 12 * 12 * 128


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["workload"], "no model is named"),
        (["workload", "gpt2", "--model", "gpt2-xl"], "two models are named"),
        (["workload", "gpt2", "--set", "layers"], "--set: expected NAME=VALUE"),
        (["workload", "gpt2", "--set", "layrs=3"], "did you mean 'layers'"),
        (["workload", "gpt2", "--set", "layers=x"], "layers: expected a whole number"),
    ],
)
def test_what_is_wrong_with_settings_is_said(run: Run, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert message in " ".join(result.err.split())
