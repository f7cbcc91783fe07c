"""Devices by their name in the dataset, or by numbers of the user's own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.datasets import find_series, load_table
from memwall_trends.datasets.rates import OPERAND_BYTES, PRECISIONS
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.selection import select
from memwall_trends.workloads.devices import GIBI, GIGA, Device, make_device

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

MOST_NAMES = 12


def choose_device(
    device: str | None = None,
    *,
    precision: str | None = None,
    dataset: str = defaults.DATASET,
    overlay: Sequence[str | Path] = (),
    peak: str | None = None,
    bandwidth: str | None = None,
    capacity: str | None = None,
    link: str | None = None,
    last_level_cache: str | None = None,
    efficiency: float = 1.0,
    operator_us: float = 0.0,
    scale_compute: float = 1.0,
    scale_bandwidth: float = 1.0,
) -> Device:
    """Return a device by its name, by numbers of one's own, or by both.

    Parameters
    ----------
    device : str, optional
        As of `find_device`.
    precision, dataset, overlay
        As of `find_device`; without a `device`, precision is the number format of the peak.
    peak, bandwidth, capacity, link, last_level_cache
        As of `memwall_trends.workloads.devices.make_device`.
    efficiency : float
    operator_us : float
        In microseconds: both as of `memwall_trends.workloads.Device.estimate`.
    scale_compute, scale_bandwidth : float
        As of `memwall_trends.workloads.Device.scale`.

    Raises
    ------
    MemwallError
        As those do.

    Examples
    --------
    >>> choose_device(peak="100 TFLOP/s", bandwidth="1 TB/s", efficiency=0.5).is_bound
    False
    """
    found = find_device(device, precision=precision, dataset=dataset, overlay=overlay) if device else None
    own = make_device(
        found,
        peak=peak,
        bandwidth=bandwidth,
        capacity=capacity,
        link=link,
        last_level_cache=last_level_cache,
        number_format=precision or "fp16",
    )
    return own.scale(scale_compute, scale_bandwidth).estimate(efficiency, operator_us / 1e6)


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
        A number format of `memwall_trends.datasets.rates.OPERAND_BYTES`, or a policy of
        `memwall_trends.datasets.rates.PRECISIONS`; ``best16`` by default.
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
    if policy not in (*PRECISIONS, *OPERAND_BYTES):
        raise unknown("precision", policy, dict.fromkeys((*PRECISIONS, *OPERAND_BYTES)))
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
    link = _highest("interconnect_bandwidth", {**where, "scope": "device"}, options)
    capacity = _highest("memory_capacity", where, options)
    return Device(
        name=found,
        date=best["date"].date(),
        number_format=str(best["precision"]),
        peak_flops=float(best["value"]) * GIGA,
        bandwidth_bytes_s=float(bandwidth["value"].max()) * GIGA,
        link_bytes_s=None if link is None else link * GIGA,
        memory_bytes=None if capacity is None else capacity * GIBI,
        dense=_find_rates(found, "dense", options),
        structured=_find_rates(found, "structured", options),
        memory=_find_text(bandwidth, "memory"),
        tdp_w=_find_number(best, "tdp_w"),
    )


def list_devices(*, dataset: str = defaults.DATASET, overlay: Sequence[str | Path] = ()) -> list[str]:
    """Return the devices that report peak FLOPS in some number format, and DRAM bandwidth, by date.

    Examples
    --------
    >>> list_devices()[0]
    'Intel Pentium Pro 200 MHz'
    """
    options: dict[str, Any] = {"dataset": dataset, "overlay": overlay, "announced": True}
    rates = select("peak_flops", where=_dense(OPERAND_BYTES), **options).observations
    moving = select("dram_bandwidth", **options).observations["name"]
    paired = rates[rates["name"].isin(moving)].sort_values("date", kind="stable")
    return [str(name) for name in paired["name"]]


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
    """Return a value of a device in the unit of its table, if it is known."""
    columns = find_series(series, options["dataset"]).columns
    if any(column not in columns for column in where):
        return None
    try:
        rows = select(series, where=where, **options).observations
    except TooFewObservations:
        return None
    return float(rows["value"].max())


def _find_rates(name: str, sparsity: str, options: dict[str, Any]) -> dict[str, float]:
    """Return the highest rate of a device in each number format, in FLOP/s."""
    rows = load_table("peak_flops", options["dataset"], overlay=options["overlay"])
    if "sparsity" not in rows:
        return {}
    own = rows[
        (rows["name"] == name) & (rows["sparsity"] == sparsity) & rows["precision"].isin(OPERAND_BYTES)
    ]
    return {str(each): float(rate) * GIGA for each, rate in own.groupby("precision")["value"].max().items()}


def _find_text(rows: pd.DataFrame, column: str) -> str:
    value = rows[column].iloc[0] if column in rows else ""
    return value if isinstance(value, str) else ""


def _find_number(row: pd.Series[Any], column: str) -> float | None:
    value = float(row[column]) if column in row else math.nan
    return value if math.isfinite(value) else None
