"""A user's model: a Hugging Face configuration, or sizes in a TOML file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError, unknown
from memwall_trends.workloads.architectures import ARCHITECTURES, Architecture
from memwall_trends.workloads.layers import (
    CHUNK,
    DENSE,
    EXPERTS,
    FULL,
    MOST_LAYERS,
    NONE,
    STATE,
    WINDOW,
    describe_kinds,
)
from memwall_trends.workloads.models import find_transformer, make_transformer
from memwall_trends.workloads.transformers import DECODER, ENCODER, Transformer, read_field

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON, TOML = ".json", ".toml"
MIXER_WORDS = {
    "full_attention": FULL,
    "attention": FULL,
    "sliding_attention": WINDOW,
    "chunked_attention": CHUNK,
    "linear_attention": STATE,
    "mamba": STATE,
    "mamba2": STATE,
}
"""What configurations call a layer in ``layer_types``."""
BLOCK_LETTERS = {"M": (STATE, NONE), "-": (NONE, DENSE), "*": (FULL, NONE), "E": (NONE, EXPERTS)}
BLOCK_WORDS = {
    "mamba": "M",
    "linear_attention": "M",
    "mlp": "-",
    "attention": "*",
    "full_attention": "*",
    "moe": "E",
}
"""What Nemotron-H calls its layers, each of which mixes tokens or is a feed-forward network."""


def load_model(name_or_path: str | Path) -> Transformer:
    """Return a built-in model by its name, or the model that a file describes.

    Parameters
    ----------
    name_or_path : str or Path
        A name, the path of a Hugging Face ``config.json``, or of a TOML with fields of `Transformer`
        (``base = "llama-3-8b"`` starts from a built-in model).

    Raises
    ------
    MemwallError
        If there is no such model or file, it cannot be read, or its architecture is not known.

    Examples
    --------
    >>> load_model("gpt2").layers
    12
    """
    path = Path(name_or_path)
    if path.suffix.lower() not in (JSON, TOML):
        if path.is_file():
            raise MemwallError(f"{path}: expected a .json (a configuration) or a .toml (sizes)")
        return find_transformer(str(name_or_path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text in UTF-8"
        raise MemwallError(f"cannot read the model {path}: {reason}") from None
    return read_configuration(text, path) if path.suffix.lower() == JSON else read_sizes(text, path)


def read_sizes(text: str, path: Path) -> Transformer:
    r"""Return the model that a TOML of fields describes.

    Examples
    --------
    >>> read_sizes('base = "gpt2"\nlayers = 6', Path("small.toml")).layers
    6
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MemwallError(f"{path} is no TOML: {error}") from None
    base = given.pop("base", None)
    try:
        if base is not None:
            own = {"name": path.stem, "title": path.stem, **given}
            return find_transformer(str(base)).change(own)
        return make_transformer({"name": path.stem, **given})
    except MemwallError as error:
        raise MemwallError(f"{path}: {error}") from None


def read_configuration(text: str, path: Path) -> Transformer:
    """Return the model that a Hugging Face configuration describes.

    Raises
    ------
    MemwallError
        If it is no JSON, its ``model_type`` is not known, or a size is missing; the message says which.

    Examples
    --------
    >>> sizes = '"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100'
    >>> given = '{"model_type": "llama", "intermediate_size": 128, ' + sizes + "}"
    >>> read_configuration(given, Path("tiny.json")).head_size
    16
    """
    try:
        given = json.loads(text)
    except ValueError as error:
        raise MemwallError(f"{path} is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise MemwallError(
            f"{path}: expected an object with model_type and sizes; got a {type(given).__name__}"
        )
    inner = given.get("text_config")
    parts = [inner, given] if isinstance(inner, dict) else [given]
    merged = {key: value for part in reversed(parts) for key, value in part.items() if value is not None}
    names = [str(part["model_type"]) for part in parts if "model_type" in part]
    kind = next((name for name in names if name in ARCHITECTURES), None)
    if kind is None:
        if not names:
            raise MemwallError(
                f"{path} has no model_type: expected the config.json of a model, or a .toml with sizes"
            )
        raise unknown(
            "architecture", names[0], sorted(ARCHITECTURES), f"; {path}: write its sizes in a .toml"
        )
    configuration = _Configuration(path, merged, ARCHITECTURES[kind])
    configuration.check()
    name = path.stem if path.stem != "config" else path.parent.name or kind
    given_sizes = {"name": name, "title": name, **configuration.sizes()}
    try:
        return make_transformer(given_sizes)
    except MemwallError as error:
        raise MemwallError(f"{path}: {error}") from None


@dataclass(frozen=True)
class _Configuration:
    """The keys of a configuration, under their several names."""

    path: Path
    given: Mapping[str, Any]
    architecture: Architecture

    def check(self) -> None:
        """Raise an error if a key says that layers are of a kind that is not counted."""
        for key, what in self.architecture.uncounted.items():
            if self.given.get(key):
                raise MemwallError(
                    f"{self.path}: {what} ({key}) is not counted yet; write the sizes in a .toml"
                )

    def find(self, *keys: str, default: Any = None) -> Any:
        """Return what the first known of several keys says; by default what the architecture does."""
        for key in keys:
            if self.given.get(key) is not None:
                return self.given[key]
        for key in keys:
            if key in self.architecture.defaults:
                return self.architecture.defaults[key]
        return default

    def size(self, *keys: str, default: Any = None) -> int:
        """Return a size under one of several keys.

        Raises
        ------
        MemwallError
            If there is none.
        """
        value = self.find(*keys, default=default)
        if isinstance(value, list) and value and len(set(map(str, value))) == 1:
            value = value[0]
        if value is None:
            raise MemwallError(f"{self.path} has no {' or '.join(keys)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MemwallError(f"{self.path}: {keys[0]}: expected a whole number; got {value!r}")
        return int(read_field("window", value))

    def listed(self, key: str) -> list[Any]:
        """Return the list under a key, empty if there is none.

        Raises
        ------
        MemwallError
            If it is no list.
        """
        value = self.find(key, default=[])
        if not isinstance(value, list):
            raise MemwallError(f"{self.path}: {key}: expected a list of layers; got {value!r}")
        return value

    def sizes(self) -> dict[str, Any]:
        """Return the fields of a Transformer."""
        encoder = self.architecture.encoder
        width, heads = self.size("hidden_size", "n_embd", "d_model"), self._heads()
        sizes: dict[str, Any] = {
            "kind": ENCODER if encoder else DECODER,
            "layers": self._layers(),
            "hidden_size": width,
            "heads": heads,
            "key_value_heads": self.size(
                "num_key_value_heads", "num_kv_heads", "multi_query_group_num", default=heads
            ),
            "head_size": self.size("head_dim", "attention_head_dim", default=width // heads if heads else 0),
            "vocabulary_size": self.size("vocab_size"),
            "tied": bool(self.find("tie_word_embeddings", default=encoder)),
            "gated": self.architecture.gated,
            **self._feed_forward(width),
            **self._latent(),
            **self._state(width),
        }
        if self.architecture.learned_positions:
            sizes["positions"] = self.size("max_position_embeddings", "n_positions")
        sizes["gated_queries"] = self.architecture.gated_queries
        sizes["prediction_layers"] = self.size("num_nextn_predict_layers", "num_mtp_layers", default=0)
        kinds = self._kinds(sizes)
        sizes["layer_kinds"] = describe_kinds(kinds)
        if any(mixer in (WINDOW, CHUNK) for mixer, _ in kinds):
            sizes["window"] = self.size("sliding_window", "attention_chunk_size")
        return sizes

    def _heads(self) -> int:
        return self.size("num_attention_heads", "n_head", "n_heads")

    def _layers(self) -> int:
        letters = self._letters()
        layers = len(letters) if letters else self.size("num_hidden_layers", "n_layer", "n_layers")
        if layers not in range(1, MOST_LAYERS + 1):
            raise MemwallError(f"{self.path}: expected 1 to {MOST_LAYERS:,} layers; got {layers}")
        return layers

    def _feed_forward(self, width: int) -> dict[str, int]:
        dense = self.find("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size")
        experts = self.size(
            "num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts", default=1
        )
        if experts <= 1:
            inner = self.find("shared_intermediate_size") or dense or self.architecture.inner_factor * width
            if not inner:
                raise MemwallError(f"{self.path} has no intermediate_size")
            return {"feed_forward_size": inner}
        one = self.size("moe_intermediate_size", "expert_ffn_hidden_size", default=dense)
        sizes = {
            "experts": experts,
            "active_experts": self.size("num_experts_per_tok", "num_experts_per_token", "experts_per_token"),
            "feed_forward_size": one,
            "shared_size": self._shared(one),
        }
        if dense_size := self.find("intermediate_size_mlp", default=dense):
            sizes["dense_size"] = dense_size
        return sizes

    def _shared(self, one: int) -> int:
        """Return the width of the experts that every token uses."""
        if self.architecture.shares_one:
            return one
        own = self.size(
            "shared_expert_intermediate_size",
            "moe_shared_expert_intermediate_size",
            "shared_intermediate_size",
            default=0,
        )
        number = self.size("n_shared_experts", "num_shared_experts", default=0)
        return own * max(number, 1) if own else number * one

    def _latent(self) -> dict[str, int]:
        latent = self.find("kv_lora_rank")
        if not latent:
            return {}
        rotary = self.size("qk_rope_head_dim")
        return {
            "latent_size": self.size("kv_lora_rank"),
            "query_rank": self.size("q_lora_rank", default=0),
            "rotary_size": rotary,
            "head_size": self.size("qk_nope_head_dim") + rotary,
            "value_size": self.size("v_head_dim"),
        }

    def _state(self, width: int) -> dict[str, int]:
        if self.find("linear_num_value_heads"):
            return {
                "state_heads": self.size("linear_num_value_heads"),
                "state_head_size": self.size("linear_value_head_dim"),
                "state_key_heads": self.size("linear_num_key_heads"),
                "state_key_size": self.size("linear_key_head_dim"),
                "state_gates": 2,
                "convolution": self.size("linear_conv_kernel_dim", default=4),
            }
        if not self.architecture.state_space:
            return {}
        heads = self.size("mamba_num_heads", "mamba_n_heads", "num_heads")
        expanded = self.size("mamba_expand", "expand", default=2) * width
        head = self.find("mamba_head_dim", "mamba_d_head", "head_dim")
        return {
            "state_heads": heads,
            "state_head_size": head if isinstance(head, int) else expanded // heads,
            "state_key_heads": self.size("n_groups", "mamba_n_groups"),
            "state_key_size": self.size("ssm_state_size", "mamba_d_state", "state_size"),
            "state_gates": 1,
            "convolution": self.size("conv_kernel", "mamba_d_conv", default=4),
        }

    def _letters(self) -> str:
        """Return the layers of a Nemotron-H, a letter each; empty of all others."""
        words = self.given.get("layers_block_type")
        text = self.given.get("hybrid_override_pattern") or ""
        if isinstance(words, list):
            text = "".join(BLOCK_WORDS.get(str(word), "?") for word in words)
        if wrong := sorted(set(str(text)) - set(BLOCK_LETTERS)):
            raise MemwallError(f"{self.path}: layers of an unknown kind: {', '.join(wrong)}")
        return str(text)

    def _kinds(self, sizes: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the kind of each layer."""
        if letters := self._letters():
            return [BLOCK_LETTERS[letter] for letter in letters]
        numbers = range(sizes["layers"])
        networks = [
            EXPERTS if sizes.get("experts", 1) > 1 and self._has_experts(at) else DENSE for at in numbers
        ]
        return list(zip(self._mixers(sizes["layers"]), networks, strict=True))

    def _mixers(self, layers: int) -> list[str]:
        listed = self.find("layer_types")
        if isinstance(listed, list):
            words = [str(word) for word in listed[:layers]]
            if wrong := sorted(set(words) - set(MIXER_WORDS)):
                raise unknown("kind of layer", wrong[0], MIXER_WORDS, f"; in layer_types of {self.path}")
            if len(words) < layers:
                raise MemwallError(f"{self.path}: layer_types has {len(words)} of {layers} layers")
            return [MIXER_WORDS[word] for word in words]
        if self.architecture.attention_layers:
            full = self.listed(self.architecture.attention_layers)
            return [FULL if at in full else STATE for at in range(layers)]
        if self.architecture.interval:
            key, other = self.architecture.interval
            period = max(self.size(key), 1)
            return [other if (at + 1) % period else FULL for at in range(layers)]
        slides = self.find("sliding_window") and self.find("use_sliding_window", default=True)
        return [WINDOW if slides and self.architecture.windowed else FULL] * layers

    def _has_experts(self, at: int) -> bool:
        listed = self.find("moe_layers")
        if isinstance(listed, list):
            return at in listed
        if at in self.listed("mlp_only_layers") or at < self.size("first_k_dense_replace", default=0):
            return False
        step = self.size("interleave_moe_layer_step", "decoder_sparse_step", "moe_layer_freq", default=1)
        # Those of DeepSeek count from the first layer on, the others from the end of a period.
        return (at if "moe_layer_freq" in self.given else at + 1) % max(step, 1) == 0


def list_fields() -> list[str]:
    """Return the fields of a model that a user can set.

    Examples
    --------
    >>> list_fields()[3:5]
    ['layers', 'hidden_size']
    """
    return [field.name for field in fields(Transformer)]
