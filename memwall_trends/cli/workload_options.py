"""What the commands about workloads make of their options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.cli.model_options import WORKLOAD
from memwall_trends.cli.options import SELECTION

if TYPE_CHECKING:
    from memwall_trends.selection import Choose
    from memwall_trends.workloads import Device, Transformer, Workload

OF_PEAK = SELECTION.only("dataset", "precision", "overlay").reworded(
    "precision",
    "Of the peak: a number format (fp64, tf32, bf16, fp8, int8, ...), or a policy of 'rate': best16 "
    "(the default), fp16 (with bf16), fastest.",
    "FORMAT",
)
"""The choices that say which peak of a device counts."""
AS_WIDE_AS_PEAK = WORKLOAD.reworded(
    "element_bytes", "Of an element; by default as wide as the number format of the device's peak."
)


def read_device(on: dict[str, Any], choose: Choose) -> Device:
    """Return the device that the options say."""
    from memwall_trends.workloads import choose_device

    return choose_device(
        **on,
        precision=choose.get("precision"),
        dataset=choose["dataset"],
        overlay=choose.get("overlay", ()),
    )


def read_workload(
    transformer: Transformer, work: dict[str, Any], *, element_bytes: float, output_head: bool
) -> Workload:
    """Return a workload as the options say; `element_bytes` and `output_head` where they say nothing."""
    from memwall_trends.workloads import Workload
    from memwall_trends.workloads.work import ELEMENTS

    given = dict(work)
    widths = dict.fromkeys(ELEMENTS, given.pop("element_bytes", element_bytes))
    fields: dict[str, Any] = {"output_head": output_head, **widths, **given}
    return Workload(transformer=transformer, **fields)
