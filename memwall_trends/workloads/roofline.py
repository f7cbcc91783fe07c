"""The roofline: what a device makes of a workload.

A device of peak rate P and bandwidth B attains min(P, I B) on a workload of arithmetic intensity I; at the
ridge point P / B both limits meet (Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785). What
it says of time is a lower bound: peak rates, full overlap of computing and moving, no latency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.datasets import find_series, load_table
from memwall_trends.datasets.rates import PRECISIONS
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.selection import select
from memwall_trends.workloads.costs import Cost, Operator, Workload, count_cost, describe_workload
from memwall_trends.workloads.transformers import check_count

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence
    from pathlib import Path

GIGA = 1e9
MEMORY, COMPUTE, LINK = "memory", "compute", "link"
FORMAT_BYTES = {
    "fp64": 8.0,
    "fp32": 4.0,
    "tf32": 4.0,
    "fp16": 2.0,
    "bf16": 2.0,
    "fp8": 1.0,
    "fp6": 0.75,
    "fp4": 0.5,
    "int8": 1.0,
    "int4": 0.5,
}
"""Bytes of an element in memory, by number format; TF32 is stored in 32 bits."""
REDUCTIONS_PER_LAYER = 2
"""Sums over devices that tensor parallelism needs: after attention and after the feed-forward network."""
MOST_NAMES = 12


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a roofline needs of a device.

    Attributes
    ----------
    name : str
    date : datetime.date
        First availability.
    number_format : str
        In which the peak rate is reached, as in ``fp16``.
    peak_flops : float
        FLOP/s, dense.
    bandwidth_bytes_s : float
        Of its DRAM, byte/s.
    link_bytes_s : float, optional
        Of all its scale-up links, byte/s in one direction.
    memory_bytes : float, optional
        Of its DRAM.

    Examples
    --------
    >>> round(find_device("NVIDIA H100 SXM5").ridge_point)
    295
    """

    name: str
    date: dt.date
    number_format: str
    peak_flops: float
    bandwidth_bytes_s: float
    link_bytes_s: float | None = None
    memory_bytes: float | None = None

    @property
    def ridge_point(self) -> float:
        """FLOP per byte at which computing takes as long as moving; the machine balance."""
        return self.peak_flops / self.bandwidth_bytes_s

    @property
    def element_bytes(self) -> float:
        """Bytes of an element of its number format."""
        return FORMAT_BYTES[self.number_format]

    def scale(self, compute: float = 1.0, bandwidth: float = 1.0) -> Device:
        """Return a device of so many times the peak rate and the bandwidth.

        Raises
        ------
        MemwallError
            If a factor is not above zero.

        Examples
        --------
        >>> round(find_device("NVIDIA H100 SXM5").scale(bandwidth=2).ridge_point)
        148
        """
        for name, factor in (("scale_compute", compute), ("scale_bandwidth", bandwidth)):
            if not 0 < factor < math.inf:
                raise MemwallError(f"{name}: expected a factor above zero, as in 2; got {factor:g}")
        if compute == bandwidth == 1:
            return self
        parts = [
            f"{factor:g}x {what}"
            for what, factor in (("compute", compute), ("bandwidth", bandwidth))
            if factor != 1
        ]
        return replace(
            self,
            name=f"{self.name} ({', '.join(parts)})",
            peak_flops=self.peak_flops * compute,
            bandwidth_bytes_s=self.bandwidth_bytes_s * bandwidth,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Placement:
    """A workload on a roofline.

    Attributes
    ----------
    device : Device
    cost : Cost
        Of the whole workload, on all devices.
    devices : int
        Devices that share it (tensor parallel).

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> placed = place(Workload(transformer=find_transformer("gpt2")), find_device("NVIDIA H100 SXM5"))
    >>> placed.bound, round(placed.factor)
    ('memory', 296)
    """

    device: Device
    cost: Cost
    devices: int = 1

    @property
    def arithmetic_intensity(self) -> float:
        """FLOP per byte of the workload."""
        return self.cost.total.arithmetic_intensity

    @property
    def attainable_flops(self) -> float:
        """FLOP/s of one device at most, by the roofline of its memory."""
        return min(self.device.peak_flops, self.arithmetic_intensity * self.device.bandwidth_bytes_s)

    @property
    def times_s(self) -> dict[str, float]:
        """Least time of computing, of moving to and from memory and, of several devices, over links."""
        return {**self._operator_times_s(self.cost.total), **self._link_time_s()}

    @property
    def bound(self) -> str:
        """What takes longest: ``compute``, ``memory`` or ``link``."""
        return max(self.times_s, key=lambda name: self.times_s[name])

    @property
    def factor(self) -> float:
        """How many times as long that takes as the longer of the others."""
        longest, second = sorted(self.times_s.values(), reverse=True)[:2]
        return longest / second if second else math.inf

    @property
    def time_s(self) -> float:
        """Least time of the workload."""
        return max(self.times_s.values())

    @property
    def time_per_token_s(self) -> float:
        """Least time between two tokens of one sequence; of a whole sequence at once, its share of one."""
        return self.time_s / self.cost.workload.new_tokens

    @property
    def tokens_per_second(self) -> float:
        """Tokens of all sequences per second, of one device, at most."""
        workload = self.cost.workload
        return workload.batch_size * workload.new_tokens / self.time_s / self.devices

    @property
    def memory_needed_bytes(self) -> float:
        """Weights and cache that one device holds."""
        workload = self.cost.workload
        return (workload.weights_held_bytes + workload.cache_held_bytes) / self.devices

    @property
    def fits(self) -> bool | None:
        """Whether they fit; nothing where the memory of the device is not known."""
        return (
            None if self.device.memory_bytes is None else self.memory_needed_bytes <= self.device.memory_bytes
        )

    def to_record(self) -> dict[str, Any]:
        """Return the placement as one record, the keys of ``memwall-trends roofline --format json``.

        Examples
        --------
        >>> from memwall_trends.workloads import find_transformer
        >>> workload = Workload(transformer=find_transformer("gpt2"))
        >>> place(workload, find_device("NVIDIA H100 SXM5")).to_record()["bound"]
        'memory'
        """
        workload = self.cost.workload
        total = self.cost.total
        return {
            "model": workload.transformer.name,
            **describe_workload(workload),
            **describe_device(self.device),
            "devices": self.devices,
            "flops": total.flops,
            "bytes": total.bytes,
            "arithmetic_intensity": self.arithmetic_intensity,
            "bound": self.bound,
            "factor": self.factor,
            "attainable_flops": self.attainable_flops,
            "compute_time_s": self.times_s[COMPUTE],
            "memory_time_s": self.times_s[MEMORY],
            "link_time_s": self.times_s.get(LINK),
            "time_s": self.time_s,
            "time_per_token_s": self.time_per_token_s,
            "tokens_per_second": self.tokens_per_second,
            "memory_needed_bytes": self.memory_needed_bytes,
            "fits": self.fits,
            "operators": [self._operator_record(each) for each in self.cost.operators],
        }

    def _operator_record(self, operator: Operator) -> dict[str, Any]:
        times = self._operator_times_s(operator)
        return {
            **operator.to_record(),
            "bound": max(times, key=lambda name: times[name]),
            "time_s": max(times.values()),
        }

    def _operator_times_s(self, operator: Operator) -> dict[str, float]:
        return {
            MEMORY: operator.bytes / self.device.bandwidth_bytes_s / self.devices,
            COMPUTE: operator.flops / self.device.peak_flops / self.devices,
        }

    def _link_time_s(self) -> dict[str, float]:
        if self.devices == 1:
            return {}
        if not self.device.link_bytes_s:
            raise MemwallError(
                f"no bandwidth of links is known of {self.device.name}: place the workload on one device"
            )
        return {LINK: link_bytes(self.cost.workload, self.devices) / self.device.link_bytes_s}


def place(workload: Workload, device: Device, devices: int = 1) -> Placement:
    """Return a workload on the roofline of a device, or of several that share each matrix.

    Raises
    ------
    MemwallError
        If the number of devices is not a whole number above zero, or several have no known links.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> llama = Workload(transformer=find_transformer("llama-3-70b"), fused=True)
    >>> placed = place(llama, find_device("NVIDIA H100 SXM5"), devices=8)
    >>> placed.bound, round(1e3 * placed.time_per_token_s, 1), placed.fits
    ('memory', 5.1, True)
    """
    check_count("devices", devices)
    placed = Placement(device=device, cost=count_cost(workload), devices=devices)
    _ = placed.times_s  # fails where links are not known
    return placed


def link_bytes(workload: Workload, devices: int) -> float:
    """Return the bytes that one device sends to the others over its links.

    Each sum over N devices of the tokens between blocks is an all-reduce, of which a ring sends
    2 (N - 1) / N of the data from each device (Patarasuk and Yuan 2009, doi:10.1016/j.jpdc.2008.09.002).

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> link_bytes(Workload(transformer=find_transformer("llama-3-8b"), prompt_length=511), devices=8)
    917504.0
    """
    transformer = workload.transformer
    data = workload.batch_size * workload.new_tokens * transformer.hidden_size * workload.activation_bytes
    return transformer.layers * REDUCTIONS_PER_LAYER * data * 2 * (devices - 1) / devices


def find_device(
    name: str,
    *,
    precision: str | None = None,
    dataset: str = defaults.DATASET,
    overlay: Sequence[str | Path] = (),
) -> Device:
    """Return a device of the dataset.

    Parameters
    ----------
    name : str
        As in the tables, capitals or not; a part of it where only one device has it.
    precision : str, optional
        A number format of `FORMAT_BYTES`, or a policy of `memwall_trends.datasets.rates.PRECISIONS`;
        ``best16`` by default.
    dataset, overlay
        As in `memwall_trends.fitting.trends.fit_trend`.

    Raises
    ------
    MemwallError
        If no device that reports peak FLOPS and DRAM bandwidth, or several, have that name, or it has no rate
        in that precision; the message names those that are known.

    Examples
    --------
    >>> find_device("h100 sxm5", precision="fp8").number_format
    'fp8'
    """
    policy = precision or "best16"
    if policy not in (*PRECISIONS, *FORMAT_BYTES):
        raise unknown("precision", policy, dict.fromkeys((*PRECISIONS, *FORMAT_BYTES)))
    formats = PRECISIONS.get(policy, (policy,))
    options: dict[str, Any] = {"dataset": dataset, "overlay": overlay, "announced": True}
    found = _match(name, list_devices(dataset=dataset, overlay=overlay))
    where = {"name": found}
    try:
        if policy in PRECISIONS:
            peak = select("peak_flops", where=where, precision=policy, **options).observations
        else:
            peak = select("peak_flops", where={**where, **_dense(formats)}, **options).observations
    except TooFewObservations:
        rows = load_table("peak_flops", dataset, overlay=overlay)
        known = rows.loc[(rows["name"] == found) & (rows["sparsity"] == "dense"), "precision"].unique()
        raise MemwallError(
            f"{found} has no dense rate in {' or '.join(formats)}; known: {', '.join(known)}; "
            f"choose one, as in --precision {known[0]}"
        ) from None
    bandwidth = select("dram_bandwidth", where=where, **options).observations
    best = peak.iloc[0]
    return Device(
        name=found,
        date=best["date"].date(),
        number_format=str(best["precision"]),
        peak_flops=float(best["value"]) * GIGA,
        bandwidth_bytes_s=float(bandwidth["value"].max()) * GIGA,
        link_bytes_s=_highest("interconnect_bandwidth", {**where, "scope": "device"}, options),
        memory_bytes=_highest("memory_capacity", where, options),
    )


def list_devices(*, dataset: str = defaults.DATASET, overlay: Sequence[str | Path] = ()) -> list[str]:
    """Return the devices that report peak FLOPS in some number format, and DRAM bandwidth, by date.

    Examples
    --------
    >>> list_devices()[0]
    'Intel Pentium Pro 200 MHz'
    """
    options: dict[str, Any] = {"dataset": dataset, "overlay": overlay, "announced": True}
    rates = select("peak_flops", where=_dense(FORMAT_BYTES), **options).observations
    moving = select("dram_bandwidth", **options).observations["name"]
    paired = rates[rates["name"].isin(moving)].sort_values("date", kind="stable")
    return [str(name) for name in paired["name"]]


def describe_device(device: Device) -> dict[str, Any]:
    """Return a device as a record."""
    return {
        "device": device.name,
        "date": device.date.isoformat(),
        "number_format": device.number_format,
        "peak_flops": device.peak_flops,
        "bandwidth_bytes_s": device.bandwidth_bytes_s,
        "link_bytes_s": device.link_bytes_s,
        "memory_bytes": device.memory_bytes,
        "ridge_point": device.ridge_point,
    }


def _dense(formats: Iterable[str]) -> dict[str, list[str]]:
    """Return the conditions of dense rates in some number formats."""
    return {"precision": list(formats), "sparsity": ["dense"]}


def _match(name: str, known: Sequence[str]) -> str:
    import difflib

    asked = name.strip().casefold()
    same = [each for each in known if each.casefold() == asked]
    alike = [each for each in known if asked and all(word in each.casefold() for word in asked.split())]
    if len(same or alike) == 1:
        return (same or alike)[0]
    lowered = {each.casefold(): each for each in known}
    close = alike or [
        lowered[each] for each in difflib.get_close_matches(asked, lowered, n=MOST_NAMES, cutoff=0.4)
    ]
    more = f" and {len(close) - MOST_NAMES} more" if len(close) > MOST_NAMES else ""
    shown = f" Alike: {', '.join(close[:MOST_NAMES])}{more}." if close else ""
    what = f"{len(alike)} devices have {name!r} in their name." if alike else f"unknown device {name!r}."
    raise MemwallError(
        f"{what}{shown} Known are the {len(known)} that have rows in peak_flops and dram_bandwidth: "
        "'memwall-trends data show dram_bandwidth' lists them"
    )


def _highest(series: str, where: dict[str, str], options: dict[str, Any]) -> float | None:
    """Return a value of a device in byte or byte/s, if it is known."""
    columns = find_series(series, options["dataset"]).columns
    if any(column not in columns for column in where):
        return None
    try:
        rows = select(series, where=where, **options).observations
    except TooFewObservations:
        return None
    return float(rows["value"].max()) * GIGA
