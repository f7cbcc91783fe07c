"""What a roofline needs of a device, and devices of the user's own numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from memwall_trends.datasets.rates import OPERAND_BYTES
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.units import convert_quantity

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

GIGA, GIBI = 1e9, 1024.0**3


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a roofline needs of a device.

    Attributes
    ----------
    name : str
    date : datetime.date, optional
        First availability; none of a device of the user's own.
    number_format : str
        In which the peak rate is reached, as in ``fp16``.
    peak_flops : float
        FLOP/s, dense.
    bandwidth_bytes_s : float
        Of its DRAM, byte/s.
    link_bytes_s : float, optional
        Of all its scale-up links, byte/s in one direction.
    memory_bytes : float, optional
        Of its DRAM. What vendors print as GB are GiB, and are counted so.
    dense, structured : mapping of str to float
        FLOP/s of all number formats, dense and with structured sparsity (2 of 4 weights).
    last_level_cache_bytes : float, optional
        Of the cache in front of its DRAM; activations that fit into it do not move.
    memory : str
        Kind of DRAM, as in ``HBM3``.
    tdp_w : float, optional
        Board power.
    efficiency : float
        Share of the rates that is counted on: 1 for a bound.
    operator_time_s : float
        That each operator of each pass takes besides: 0 for a bound.

    Examples
    --------
    >>> from memwall_trends.workloads import find_device
    >>> round(find_device("NVIDIA H100 SXM5").ridge_point)
    295
    """

    name: str
    date: dt.date | None
    number_format: str
    peak_flops: float
    bandwidth_bytes_s: float
    link_bytes_s: float | None = None
    memory_bytes: float | None = None
    dense: Mapping[str, float] = field(default_factory=dict, repr=False)
    structured: Mapping[str, float] = field(default_factory=dict, repr=False)
    last_level_cache_bytes: float | None = None
    memory: str = ""
    tdp_w: float | None = None
    efficiency: float = 1.0
    operator_time_s: float = 0.0

    @property
    def ridge_point(self) -> float:
        """FLOP per byte at which computing takes as long as moving; the machine balance."""
        return self.peak_flops / self.bandwidth_bytes_s

    @property
    def element_bytes(self) -> float:
        """Bytes of an element of its number format."""
        return OPERAND_BYTES[self.number_format]

    @property
    def is_bound(self) -> bool:
        """Whether times are bounds: at full rates, without a time for each operator."""
        return self.efficiency == 1 and not self.operator_time_s

    def scale(self, compute: float = 1.0, bandwidth: float = 1.0) -> Device:
        """Return a device of so many times the peak rate and the bandwidth.

        Raises
        ------
        MemwallError
            If a factor is not above zero.

        Examples
        --------
        >>> from memwall_trends.workloads import find_device
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
            dense={each: rate * compute for each, rate in self.dense.items()},
            structured={each: rate * compute for each, rate in self.structured.items()},
        )

    def at_width(self, element_bytes: float) -> Device | None:
        """Return the device at its highest dense rate of elements so wide; none if it has no such rate.

        Examples
        --------
        >>> from memwall_trends.workloads import find_device
        >>> find_device("NVIDIA H100 SXM5").at_width(1).peak_flops / 1e12
        1979.0
        """
        rates = {each: rate for each, rate in self.dense.items() if OPERAND_BYTES[each] == element_bytes}
        if not rates:
            return None
        best = max(rates, key=lambda each: rates[each])
        return replace(self, number_format=best, peak_flops=rates[best])

    def estimate(self, efficiency: float = 1.0, operator_time_s: float = 0.0) -> Device:
        """Return the device with less than its rates, and a time for each operator: no bound any more.

        Raises
        ------
        MemwallError
            If the efficiency is no share above zero, or the time is below zero.

        Examples
        --------
        >>> from memwall_trends.workloads import find_device
        >>> find_device("NVIDIA H100 SXM5").estimate(0.8).bandwidth_bytes_s / 1e12
        2.68
        """
        if not 0 < efficiency <= 1:
            raise MemwallError(f"efficiency: expected a share above 0, to 1, as in 0.8; got {efficiency:g}")
        if not 0 <= operator_time_s < math.inf:
            raise MemwallError(f"operator_time: expected a time of at least 0 s; got {operator_time_s:g} s")
        return replace(
            self,
            peak_flops=self.peak_flops * efficiency,
            bandwidth_bytes_s=self.bandwidth_bytes_s * efficiency,
            link_bytes_s=self.link_bytes_s and self.link_bytes_s * efficiency,
            dense={each: rate * efficiency for each, rate in self.dense.items()},
            structured={each: rate * efficiency for each, rate in self.structured.items()},
            efficiency=self.efficiency * efficiency,
            operator_time_s=operator_time_s,
        )


def make_device(
    device: Device | None = None,
    *,
    peak: str | None = None,
    bandwidth: str | None = None,
    capacity: str | None = None,
    link: str | None = None,
    last_level_cache: str | None = None,
    number_format: str = "fp16",
) -> Device:
    """Return a device of the user's own numbers, or one of the dataset with some of them.

    Parameters
    ----------
    device : Device, optional
        Whose numbers stand where none are given.
    peak, bandwidth, capacity, link, last_level_cache : str, optional
        Quantities with their units: ``"989 TFLOP/s"``, ``"3.35 TB/s"``, ``"80 GiB"``, ``"450 GB/s"`` (in one
        direction), ``"50 MB"``.
    number_format : str
        Of the peak, where there is no `device`.

    Raises
    ------
    MemwallError
        If peak or bandwidth are missing, or a quantity cannot be read.

    Examples
    --------
    >>> make_device(peak="989 TFLOP/s", bandwidth="3.35 TB/s").ridge_point
    295.2238805970149
    """
    if device is None and (peak is None or bandwidth is None):
        raise MemwallError(
            "a device needs a name of the dataset, or a peak and a bandwidth of its own: "
            "--device 'NVIDIA H100 SXM5', or --peak '989 TFLOP/s' --bandwidth '3.35 TB/s'"
        )
    own: dict[str, Any] = {}
    for name, text, unit in (
        ("peak_flops", peak, "FLOP/s"),
        ("bandwidth_bytes_s", bandwidth, "B/s"),
        ("memory_bytes", capacity, "B"),
        ("link_bytes_s", link, "B/s"),
        ("last_level_cache_bytes", last_level_cache, "B"),
    ):
        if text is not None:
            own[name] = convert_quantity(text, unit)
    if not own and device:
        return device
    if device is None:
        if number_format not in OPERAND_BYTES:
            raise unknown("number format", number_format, OPERAND_BYTES)
        return Device(
            name="your device",
            date=None,
            number_format=number_format,
            dense={number_format: own["peak_flops"]},
            **own,
        )
    if peak:
        # The other rates are of another chip.
        own |= {"dense": {device.number_format: own["peak_flops"]}, "structured": {}}
    return replace(device, name=f"{device.name} (changed)", **own)


def describe_device(device: Device) -> dict[str, Any]:
    """Return a device as a record."""
    return {
        "device": device.name,
        "date": device.date.isoformat() if device.date else None,
        "number_format": device.number_format,
        "peak_flops": device.peak_flops,
        "bandwidth_bytes_s": device.bandwidth_bytes_s,
        "link_bytes_s": device.link_bytes_s,
        "memory_bytes": device.memory_bytes,
        "last_level_cache_bytes": device.last_level_cache_bytes,
        "tdp_w": device.tdp_w,
        "ridge_point": device.ridge_point,
        "efficiency": device.efficiency,
        "operator_time_s": device.operator_time_s,
    }
