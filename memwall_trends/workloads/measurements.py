"""Published measurements of serving beside the bounds that they must not break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.datasets import load_table
from memwall_trends.workloads.finding import find_device
from memwall_trends.workloads.models import find_transformer
from memwall_trends.workloads.serving import Service
from memwall_trends.workloads.sharing import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from memwall_trends.workloads.devices import Device
    from memwall_trends.workloads.transformers import Transformer


ONE, ALL, ALL_DEVICE, DECODE_DEVICE = (
    "one request",
    "all requests",
    "all requests, a device",
    "decode, a device",
)
MEASURES = {
    ONE: "tokens of one request per second, with its prompt",
    ALL: "tokens of all requests per second, with their prompts",
    ALL_DEVICE: "the same, of one device",
    DECODE_DEVICE: "tokens of all requests per second and device, without their prompts",
}
"""What was measured, as the table calls it."""
WIDTHS = ("weight_bytes", "activation_bytes", "cache_bytes")


def compare_measurements(overlay: Sequence[str | Path] = ()) -> pd.DataFrame:
    """Return the published measurements, each with its bound.

    Parameters
    ----------
    overlay : sequence of str or Path
        Files whose rows of devices are laid over ours.

    Returns
    -------
    DataFrame
        The columns of ``serving_measurements``, with ``batch_size`` filled in (where none is stated as many
        requests as fit if they began at different times), ``bound`` (token/s, as the measure says),
        ``bound_by`` and ``ratio``, the measurement over the bound.

    Examples
    --------
    >>> bool(compare_measurements()["ratio"].max() < 1)
    True
    """
    import pandas as pd

    rows = load_table("serving_measurements").to_dict(orient="records")
    models = {name: find_transformer(name) for name in {row["model"] for row in rows}}
    devices = {
        named: find_device(named[0], precision=named[1], dataset=defaults.DATASET, overlay=overlay)
        for named in {(row["device"], row["precision"]) for row in rows}
    }
    return pd.DataFrame(
        [_bound(row, models[row["model"]], devices[row["device"], row["precision"]]) for row in rows]
    )


def _bound(row: dict[Any, Any], transformer: Transformer, device: Device) -> dict[Any, Any]:
    widths: dict[str, Any] = {width: float(row[width]) for width in WIDTHS}
    service = Service(
        transformer=transformer,
        device=device,
        layout=Layout(
            devices=int(row["devices"]),
            pipeline=int(row["pipeline"]),
            data=int(row["data"]),
            expert_parallel=row["expert_parallel"] == "yes",
        ),
        prompt_length=int(row["prompt_length"]),
        output_length=int(row["output_length"]),
        **widths,
    )
    given = bool(row["batch_size"] and row["batch_size"] > 0)
    batch = int(row["batch_size"]) if given else max(service.largest_staggered_batch or 1, 1)
    decode = service.place_decode(batch)
    bound = {
        ONE: service.count_per_second(batch) / batch,
        ALL: service.count_per_second(batch),
        ALL_DEVICE: service.count_per_second(batch) / service.layout.devices,
        DECODE_DEVICE: decode.tokens_per_second,
    }[row["measure"]]
    return {
        **row,
        "batch_size": batch,
        "bound": bound,
        "bound_by": decode.bound,
        "ratio": row["value"] / bound,
    }
