"""Operations as torch counts them, on tiny random models of each kind: needs the extra ``flops``."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from memwall_trends.workloads import Workload, count_cost
from memwall_trends.workloads.configurations import read_configuration
from memwall_trends.workloads.costs import ATTENTION, FEED_FORWARD, HEAD, PROJECTIONS
from memwall_trends.workloads.layers import StateMixer

torch: Any = pytest.importorskip("torch", reason="torch is not installed: pip install '.[flops]'")
counters: Any = pytest.importorskip("torch.utils.flop_counter")
transformers: Any = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install '.[flops]'"
)

LENGTH, BATCH, CONVOLVED = 24, 2, 3
BASE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "vocab_size": 128,
}
MIXTURE = {"num_experts_per_tok": 2, "moe_intermediate_size": 48}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "llama": BASE,
    "gpt2": {"n_embd": 64, "n_layer": 4, "n_head": 4, "n_positions": 64, "vocab_size": 128},
    "gemma3_text": {**BASE, "head_dim": 32, "sliding_window": 8},
    "mixtral": {**BASE, "num_local_experts": 8, "num_experts_per_tok": 2},
    "gpt_oss": {
        **BASE,
        "head_dim": 32,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "sliding_window": 8,
    },
    "qwen3_moe": {**BASE, **MIXTURE, "head_dim": 32, "num_experts": 8},
    "deepseek_v3": {
        **BASE,
        **MIXTURE,
        "num_key_value_heads": 4,
        "n_routed_experts": 8,
        "n_shared_experts": 1,
        "first_k_dense_replace": 1,
        "q_lora_rank": 24,
        "kv_lora_rank": 32,
        "qk_rope_head_dim": 8,
        "qk_nope_head_dim": 16,
        "v_head_dim": 12,
        "n_group": 2,
        "topk_group": 1,
    },
    "qwen3_next": {
        **BASE,
        **MIXTURE,
        "head_dim": 32,
        "num_experts": 8,
        "shared_expert_intermediate_size": 48,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "linear_key_head_dim": 16,
        "linear_value_head_dim": 16,
    },
    "nemotron_h": {
        **BASE,
        "head_dim": 32,
        "hybrid_override_pattern": "M-*-",
        "mamba_num_heads": 8,
        "mamba_head_dim": 16,
        "n_groups": 2,
        "ssm_state_size": 16,
    },
}
HIDDEN_ATTENTION = {"nemotron_h"}
"""Where attention has no module of its own name, and its products are not told from those of states."""

GATED_SHARED = {"qwen3_next"}
"""Where one number a token gates the shared expert, which we leave out."""


@dataclass(frozen=True)
class Counted:
    """Operations that torch counts: of linear layers with convolutions, and of attention's products."""

    linear: float
    attention: float


def count_with_torch(kind: str) -> Counted:
    configuration = transformers.AutoConfig.for_model(kind, **CONFIGURATIONS[kind])
    configuration._attn_implementation = "eager"
    configuration._experts_implementation = "batched_mm"
    model = transformers.AutoModelForCausalLM.from_config(configuration).eval()
    with torch.no_grad(), counters.FlopCounterMode(display=False) as counter:
        model(torch.zeros(BATCH, LENGTH, dtype=torch.long), logits_to_keep=1, use_cache=False)
    counts = counter.get_flop_counts()

    def of(operator: str, *endings: str) -> float:
        modules = [name for name in counts if name.endswith(endings)] if endings else ["Global"]
        return sum(
            float(number)
            for name in modules
            for key, number in counts[name].items()
            if str(key) == f"aten.{operator}"
        )

    products, states = of("bmm", ".self_attn", ".attn"), of("bmm", ".linear_attn", ".mixer")
    convolutions = of("convolution") * LENGTH / (LENGTH + CONVOLVED)  # without what it pads
    linear = of("mm") + of("addmm") + (of("bmm") - products - states) + convolutions
    return Counted(linear, products)


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_operations_are_those_that_torch_counts(kind: str) -> None:
    given = json.dumps({"model_type": kind, **CONFIGURATIONS[kind]})
    model = read_configuration(given, Path("tiny.json"))
    # Torch computes the whole square of scores and masks a part, a window too.
    square = replace(model, layer_kinds=model.layer_kinds.replace("window", "full"))
    work = Workload(
        transformer=square, phase="prefill", sequence_length=LENGTH, batch_size=BATCH, output_head=True
    )
    ours = {each.operator: each.flops for each in count_cost(work).operators}
    theirs = count_with_torch(kind)
    linear = ours[PROJECTIONS] + ours[FEED_FORWARD] + ours[HEAD]
    if kind in GATED_SHARED:
        linear += model.layers * 2 * BATCH * LENGTH * model.hidden_size
    assert linear == pytest.approx(theirs.linear, rel=1e-9)
    if kind not in HIDDEN_ATTENTION:
        states = sum(
            number * BATCH * LENGTH * layer.mixer.state_flops
            for layer, number in square.stack
            if isinstance(layer.mixer, StateMixer)
        )
        pairs = ours[ATTENTION] - states
        assert pairs * 2 * LENGTH / (LENGTH + 1) == pytest.approx(theirs.attention, rel=1e-9)
