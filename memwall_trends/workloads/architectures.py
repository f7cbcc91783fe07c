"""The architectures of Hugging Face configurations that are recognised, by their ``model_type``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memwall_trends.workloads.layers import CHUNK, STATE, WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """How the keys of a configuration are to be read.

    Attributes
    ----------
    encoder : bool
        Whether each token attends to all.
    gated : bool
        Whether feed-forward networks have a gate, unless the activation function says that they have none.
    learned_positions : bool
    gated_queries : bool
        Whether queries bring a gate of the output along.
    windowed : bool
        Whether ``sliding_window`` holds for all layers where nothing else is said.
    interval : tuple of str, optional
        The key that says every how many layers there is one of full attention, and what the others are.
    attention_layers : str
        The key that lists the layers with attention; the others keep a state.
    state_space : bool
        Whether there are layers of Mamba-2.
    shares_one : bool
        Whether every token uses one more expert.
    inner_factor : int
        Width inside the feed-forward network where none is given, in widths of a token; 0: it must be.
    defaults : mapping of str
        What keys are that a configuration leaves out.
    uncounted : mapping of str to str
        Keys that say something that is not counted, and what.

    Examples
    --------
    >>> ARCHITECTURES["gemma3_text"].interval
    ('sliding_window_pattern', 'window')
    """

    encoder: bool = False
    gated: bool = True
    learned_positions: bool = False
    gated_queries: bool = False
    windowed: bool = False
    interval: tuple[str, str] | None = None
    attention_layers: str = ""
    state_space: bool = False
    shares_one: bool = False
    inner_factor: int = 0
    defaults: Mapping[str, Any] = field(default_factory=dict)
    uncounted: Mapping[str, str] = field(default_factory=dict)


_PLAIN = Architecture()
_WINDOWED = Architecture(windowed=True)
_BERT = Architecture(encoder=True, gated=False, learned_positions=True)
_GPT2 = Architecture(
    gated=False, learned_positions=True, inner_factor=4, defaults={"tie_word_embeddings": True}
)
_TIED: dict[str, Any] = {"tie_word_embeddings": True}
_GEMMA3 = Architecture(
    interval=("sliding_window_pattern", WINDOW),
    defaults={
        **_TIED,
        "sliding_window_pattern": 6,
        "sliding_window": 4096,
        "head_dim": 256,
        "vocab_size": 262208,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
    },
)
_LATENT = Architecture(uncounted={"index_n_heads": "sparse attention that an indexer chooses"})
_MAMBA2: dict[str, Any] = {"state_space": True, "defaults": {"conv_kernel": 4}}
_LLAMA4 = Architecture(
    interval=("no_rope_layer_interval", CHUNK),
    shares_one=True,
    defaults={
        "no_rope_layer_interval": 4,
        "attention_chunk_size": 8192,
        "interleave_moe_layer_step": 1,
        "head_dim": 128,
    },
)

ARCHITECTURES: dict[str, Architecture] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta"), _BERT),
    "gpt2": _GPT2,
    "opt": Architecture(gated=False, learned_positions=True, defaults=_TIED),
    **dict.fromkeys(("gpt_neox", "starcoder2", "phi", "nemotron"), Architecture(gated=False)),
    **dict.fromkeys(
        (
            "llama",
            "qwen2_vl",
            "qwen2_5_vl",
            "qwen3_vl",
            "olmo",
            "olmo2",
            "olmo3",
            "granite",
            "smollm3",
            "seed_oss",
            "internlm2",
            "internlm3",
            "stablelm",
            "glm",
            "glm4",
            "exaone4",
            "mixtral",
            "olmoe",
            "granitemoe",
            "minimax_m2",
            "glm4_moe",
        ),
        _PLAIN,
    ),
    **dict.fromkeys(("mistral", "ministral", "mistral3", "phi3"), _WINDOWED),
    "qwen2": Architecture(windowed=True, defaults={"use_sliding_window": False}),
    "qwen3": Architecture(windowed=True, defaults={"use_sliding_window": False, "head_dim": 128}),
    **dict.fromkeys(("qwen2_moe", "qwen3_moe", "qwen3_vl_moe"), _PLAIN),
    "gemma": Architecture(defaults={**_TIED, "head_dim": 256}),
    "gemma2": Architecture(
        interval=("sliding_window_pattern", WINDOW),
        defaults={**_TIED, "sliding_window_pattern": 2, "sliding_window": 4096, "head_dim": 256},
    ),
    **dict.fromkeys(("gemma3", "gemma3_text"), _GEMMA3),
    "cohere": Architecture(defaults=_TIED),
    "cohere2": Architecture(
        interval=("sliding_window_pattern", WINDOW),
        defaults={**_TIED, "sliding_window_pattern": 4, "sliding_window": 4096},
    ),
    "gpt_oss": Architecture(
        interval=("sliding_window_pattern", WINDOW),
        defaults={"sliding_window_pattern": 2, "sliding_window": 128, "head_dim": 64},
    ),
    **dict.fromkeys(("deepseek_v2", "deepseek_v3", "kimi_k2"), _LATENT),
    **dict.fromkeys(("llama4", "llama4_text"), _LLAMA4),
    "qwen3_next": Architecture(
        interval=("full_attention_interval", STATE),
        gated_queries=True,
        defaults={"full_attention_interval": 4, "head_dim": 256},
    ),
    "nemotron_h": Architecture(
        gated=False, uncounted={"moe_latent_size": "experts in a narrower space"}, **_MAMBA2
    ),
    "granitemoehybrid": Architecture(
        **{**_MAMBA2, "defaults": {**_TIED, "mamba_d_conv": 4, "mamba_n_groups": 1, "mamba_d_state": 128}}
    ),
    "bamba": Architecture(attention_layers="attn_layer_indices", **_MAMBA2),
}
"""By the ``model_type`` of a configuration."""
