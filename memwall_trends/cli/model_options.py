"""The options of commands about workloads: the model, what it does, the device and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.cli.groups import Group, Option
from memwall_trends.cli.options import leave_out_absent

if TYPE_CHECKING:
    from memwall_trends.workloads import Layout, Transformer


def make_transformer(
    model: str | None, model_file: str | None = None, set_: list[str] | None = None, **sizes: Any
) -> Transformer:
    """Return a model of these sizes: a built-in one, or what a file describes.

    Raises
    ------
    MemwallError
        If none is named, or two are.

    Examples
    --------
    >>> make_transformer("gpt2", set_=["head_size=128"], layers=6).query_size
    1536
    """
    from memwall_trends.errors import MemwallError

    found = find_model(model, model_file, set_, **sizes)
    if found is None:
        raise MemwallError(
            "no model is named: give a built-in one, as in gpt2 ('data show transformers'), or a file, as in "
            "--model config.json"
        )
    return found


def find_model(
    model: str | None, model_file: str | None = None, set_: list[str] | None = None, **sizes: Any
) -> Transformer | None:
    """Return a model as `make_transformer` does; none if none is named.

    Examples
    --------
    >>> find_model(None) is None
    True
    """
    from memwall_trends.errors import MemwallError
    from memwall_trends.workloads import load_model

    if model and model_file:
        raise MemwallError(f"two models are named: leave out {model} or --model {model_file}")
    named = model or model_file
    if named is None:
        return None
    return load_model(named).reshape(**sizes).change(parse_settings(set_ or []))


def parse_settings(settings: list[str]) -> dict[str, str]:
    """Return NAME=VALUE settings by name.

    Examples
    --------
    >>> parse_settings(["head_size=128"])
    {'head_size': '128'}
    """
    from memwall_trends.errors import MemwallError

    parsed = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise MemwallError(f"--set: expected NAME=VALUE, as in head_size=128; got {setting!r}")
        parsed[name.strip().replace("-", "_")] = value.strip()
    return parsed


def make_layout(devices: int = 1, pipeline: int = 1, data: int = 1, expert_parallel: bool = False) -> Layout:
    """Return how devices share a model.

    Examples
    --------
    >>> make_layout(devices=8, pipeline=2).tensor
    4
    """
    from memwall_trends.workloads import Layout

    return Layout(devices=devices, pipeline=pipeline, data=data, expert_parallel=expert_parallel)


WORKLOAD: Group[dict[str, Any]] = Group(
    leave_out_absent,
    "Workload",
    {
        "phase": Option(
            str | None, None, "encode (encoders), prefill or decode (decoders, the default).", "PHASE"
        ),
        "sequence_length": Option(int, 512, "Tokens of each sequence at the end.", "N"),
        "prompt_length": Option(int, 0, "Of them, tokens that the cache holds at the start.", "N"),
        "batch_size": Option(int, 1, "Sequences at once.", "N"),
        "element_bytes": Option(
            float | None,
            None,
            "Of an element: weights, activations and cache; 2 by default.",
            "BYTES",
            "--bytes",
        ),
        "weight_bytes": Option(float | None, None, "Of a weight.", "BYTES"),
        "activation_bytes": Option(float | None, None, "Of an element of an activation.", "BYTES"),
        "cache_bytes": Option(float | None, None, "Of an element of keys and values.", "BYTES"),
        "sparsity": Option(float, 0.0, "Of the weights, pruned away.", "SHARE"),
        "fused": Option(
            bool,
            False,
            "Keep scores and element-wise results on the chip, or send all to memory.",
            flag="--fused/--unfused",
        ),
        "output_head": Option(
            bool | None,
            None,
            "Count the output head of a decoder; a bound does unless told otherwise.",
            flag="--head/--no-head",
        ),
    },
)
"""What a Transformer does: the fields of `memwall_trends.workloads.Workload` that were given.

``element_bytes``, no field of it, is the width of all elements that have none of their own.
"""

TRANSFORMER: Group[Transformer] = Group(
    make_transformer,
    "Sizes",
    {
        "model": Option(
            str | None,
            None,
            "A built-in model, as in gpt2 or llama-3-8b ('data show transformers'), or a file as of --model.",
            positional=True,
        ),
        "model_file": Option(
            str | None,
            None,
            "A Hugging Face config.json, a .toml with sizes, or the name of a built-in model.",
            "FILE",
            "--model",
        ),
        "set_": Option(
            list[str] | None,
            None,
            "Another value of a size of the model: head_size=128, 'layer_kinds=5*window full'. Repeatable.",
            "NAME=VALUE",
            "--set",
        ),
        "layers": Option(int | None, None, "Another number of layers.", "N"),
        "hidden_size": Option(int | None, None, "Another hidden size.", "N"),
        "heads": Option(int | None, None, "Another number of heads.", "N"),
        "key_value_heads": Option(int | None, None, "Heads with keys and values of their own.", "N"),
        "feed_forward_size": Option(int | None, None, "Another feed-forward size.", "N"),
        "gated": Option(
            bool | None,
            None,
            "Whether the feed-forward network has a gate.",
            flag="--gated/--not-gated",
        ),
    },
)
"""The model and its sizes: a `memwall_trends.workloads.Transformer`."""
OPTIONAL_TRANSFORMER: Group[Transformer | None] = Group(find_model, TRANSFORMER.panel, TRANSFORMER.options)
"""The same, where a command has something to say without one."""

SUBJECT: Group[dict[str, Any]] = Group(
    leave_out_absent,
    "Workload",
    {
        "model": Option(
            str | None, None, "Of figures of workloads: a built-in model, a config.json or a .toml.", "FILE"
        ),
        "devices": Option(
            list[str] | None,
            None,
            "Of figures of workloads: a device in place of ours. Repeatable.",
            "NAME",
            "--device",
        ),
    },
)
"""What figures of workloads show: the arguments ``model`` and ``devices`` of those that have them."""

DEVICE: Group[dict[str, Any]] = Group(
    leave_out_absent,
    "Device",
    {
        "device": Option(
            str | None,
            None,
            "A device of the dataset, or a part of its name; or give --peak and --bandwidth.",
            "NAME",
        ),
        "peak": Option(str | None, None, "Another peak, as in '989 TFLOP/s'.", "QUANTITY"),
        "bandwidth": Option(str | None, None, "Another DRAM bandwidth, as in '3.35 TB/s'.", "QUANTITY"),
        "capacity": Option(str | None, None, "Another DRAM capacity, as in '80 GiB'.", "QUANTITY"),
        "link": Option(
            str | None, None, "Another bandwidth of links in one direction, as in '450 GB/s'.", "QUANTITY"
        ),
        "last_level_cache": Option(
            str | None,
            None,
            "Cache in front of its DRAM, as in '50 MB': activations that fit into it do not move.",
            "QUANTITY",
        ),
        "efficiency": Option(
            float, 1.0, "Share of the rates that is reached: an estimate, no bound.", "SHARE"
        ),
        "operator_us": Option(
            float, 0.0, "Time that each operator takes besides: an estimate.", "MICROSECONDS"
        ),
        "scale_compute": Option(float, 1.0, "A device of so many times the peak.", "FACTOR"),
        "scale_bandwidth": Option(float, 1.0, "A device of so many times the bandwidth.", "FACTOR"),
    },
)
"""A device by its name or by numbers: what `memwall_trends.workloads.choose_device` takes."""

LAYOUT: Group[Layout] = Group(
    make_layout,
    "Layout",
    {
        "devices": Option(int, 1, "So many; those that no other option takes share each matrix.", "N"),
        "pipeline": Option(int, 1, "Stages, each with a part of the layers.", "N"),
        "data": Option(int, 1, "Copies of all that is no expert, each with a part of the sequences.", "N"),
        "expert_parallel": Option(
            bool, False, "Give out whole experts among the devices.", flag="--expert-parallel"
        ),
    },
)
"""How devices share a model: a `memwall_trends.workloads.Layout`."""
