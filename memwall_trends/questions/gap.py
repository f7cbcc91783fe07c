"""Machine balance and its like: the ratio of two series, fitted in three ways."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import find_series
from memwall_trends.datasets.rates import OPERAND_BYTES, select_one_per
from memwall_trends.datasets.reading import is_file
from memwall_trends.errors import MemwallError, TooFewObservations, find_known
from memwall_trends.fitting.bootstrap import Sample, bootstrap_lines
from memwall_trends.fitting.bounds import welch_satterthwaite
from memwall_trends.fitting.methods import as_method
from memwall_trends.fitting.trends import Trend, fit_trend
from memwall_trends.questions.ratio import RATIO_UNITS, WAYS, Gap
from memwall_trends.selection import COLUMN_CHOICES, Selection, gather_where, name_of, select, select_each
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose, Data

POPULATION: Mapping[str, list[str]] = {
    "segment!": ["consumer", "workstation", "edge"],
    "kind": ["gpu", "accelerator"],
}
"""What a gap of curated hardware is of unless told otherwise: server GPUs and accelerators.

By the segments that do not count, so that the rows of a user's file do, which need not say theirs.
"""
POPULATION_NAME = "server GPUs and accelerators"
NARROWER = ("product_class", "architecture", "name")
"""Choices of devices that say both segment and kind."""
DESCRIBED = ("name", "vendor", "kind", "segment", "product_class", "architecture", "date")
BYTE_UNITS = ("GB/s", "GB")
FEW_DEVICES = 10
"""Fewer devices that report both do not stand for all: then the default is the ratio of two trends."""


def fit_gap(
    numerator: Data,
    denominator: Data,
    *,
    way: str | None = None,
    per_operand: bool = False,
    method: str | Method = "ols",
    **choose: Unpack[Choose],
) -> Gap:
    """Fit the ratio of two series.

    Parameters
    ----------
    numerator, denominator : str, Path, DataFrame or Selection
        Series, as in ``peak_flops`` and ``dram_bandwidth``, or files; of two columns of one file the
        selections, as in ``select("chips.csv", value_column="gb_s")``.
    way : str, optional
        One of `WAYS`. By default ``device`` where at least ten devices report both and no ``frontier`` is
        asked for, else ``ratio``.
    per_operand : bool
        Multiply the ratio of each device by the bytes of an operand of the number format of its rate:
        operations for each operand moved, in place of each byte, so that a narrower format widens no gap.
    method : str or Method
        As in `memwall_trends.fitting.trends.fit_trend`, for both.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`. A condition narrows the
        series that have its column, a precision those that have precisions. Of curated hardware named as
        series, server GPUs and accelerators count (`POPULATION`) unless a choice says otherwise. What stands
        for an architecture or a year is chosen by the numerator among the devices that report both.

    Returns
    -------
    Gap

    Raises
    ------
    MemwallError
        As `fit_trend`, and if both series are the same or the way does not suit them.

    Examples
    --------
    >>> fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024", since="2010").numerator.n_obs
    25
    >>> fit_gap("peak_flops", "dram_bandwidth").way
    'device'
    """
    if _same(numerator, denominator):
        raise MemwallError(
            f"a gap needs two different series; got {name_of(numerator)!r} twice (of a file, "
            "--denominator-column names another column)"
        )
    if way is not None:
        way = find_known("way", way, WAYS)
    chosen = select_each([numerator, denominator], **populate((numerator, denominator), choose))
    frontier = any(each.frontier for each in chosen)
    if frontier and way in ("device", "bootstrap"):
        raise MemwallError(
            "records of two series are set by different devices: --frontier goes with --way ratio"
        )
    top, bottom = (fit_trend(each, method=method) for each in chosen)
    devices = pd.DataFrame() if frontier else pair_selections(*chosen, per_operand=per_operand)
    if way is None:
        way = "device" if len(devices) >= FEW_DEVICES or per_operand else "ratio"
    if per_operand and way != "device":
        raise MemwallError("each device has a number format of its own: --per-operand goes with --way device")
    if way == "device":
        return _fit_devices(top, bottom, devices, method)
    if way == "bootstrap":
        return _fit_resamples(top, bottom)
    return Gap(
        slope=top.slope - bottom.slope,
        slope_error=math.hypot(top.slope_error, bottom.slope_error),
        degrees_of_freedom=welch_satterthwaite(
            top.slope_error**2, top.degrees_of_freedom, bottom.slope_error**2, bottom.degrees_of_freedom
        ),
        numerator=top,
        denominator=bottom,
        way=way,
    )


def pair_devices(
    numerator: Data,
    denominator: Data,
    *,
    per_operand: bool = False,
    **choose: Unpack[Choose],
) -> pd.DataFrame:
    """Return the devices that report both series, with their ratio.

    Parameters
    ----------
    numerator, denominator, per_operand, **choose
        As in `fit_gap`.

    Returns
    -------
    DataFrame
        ``name, date, value, unit``, and what the tables say of the device: ``vendor, kind, segment,
        product_class, architecture``, and the ``precision`` of its rate. ``value`` is the ratio; of several
        rows of a device the highest of each series counts.

    Examples
    --------
    >>> balance = pair_devices("peak_flops", "dram_bandwidth").set_index("name")
    >>> balance.loc["NVIDIA H100 SXM5", "value"].round(0)
    np.float64(295.0)
    >>> pair_devices("peak_flops", "dram_bandwidth", per_operand=True)["unit"].unique().tolist()
    ['FLOP/operand']
    """
    chosen = select_each([numerator, denominator], **populate((numerator, denominator), choose))
    return pair_selections(*chosen, per_operand=per_operand)


def select_ratio(numerator: Data, denominator: Data, **choose: Unpack[Choose]) -> Selection:
    """Return the devices that report both series, with their ratio, as a selection to ask something of.

    Parameters
    ----------
    numerator, denominator, **choose
        As in `fit_gap`.

    Raises
    ------
    MemwallError
        If both series are the same, only records count, or no device reports both.

    Examples
    --------
    >>> chosen = select_ratio("peak_flops", "dram_bandwidth", since=2016)
    >>> chosen.name, chosen.unit
    ('peak_flops / dram_bandwidth', 'FLOP/byte')
    """
    if _same(numerator, denominator):
        raise MemwallError(f"a ratio needs two different series; got {name_of(numerator)!r} twice")
    top, bottom = select_each([numerator, denominator], **populate((numerator, denominator), choose))
    if top.frontier or bottom.frontier:
        raise MemwallError(
            "records of two series are set by different devices: a ratio of each device goes without "
            "--frontier; the best of each year are --best-of year"
        )
    devices, name = pair_selections(top, bottom), f"{top.name} / {bottom.name}"
    if devices.empty:
        raise TooFewObservations(f"{name}: no device of the choice reports both", 0)
    return replace(
        top,
        data=devices,
        choose={},
        name=name,
        origin=name,
        observations=devices,
    )


def describe_population(series: Sequence[Data], choose: Choose) -> str:
    """Return in words what a gap is of where the choices leave that open; empty where they do not.

    Examples
    --------
    >>> describe_population(["peak_flops", "dram_bandwidth"], {"vendor": "NVIDIA"})
    'server GPUs and accelerators'
    >>> describe_population(["peak_flops", "dram_bandwidth"], {"kind": "cpu"})
    ''
    """
    added = set(gather_where(populate(series, choose))) - set(gather_where(choose))
    return POPULATION_NAME if added == set(POPULATION) else ""


def populate(series: Sequence[Data], choose: Choose) -> Choose:
    """Return the choices with `POPULATION`, where they and the series leave it open.

    Examples
    --------
    >>> gather_where(populate(["peak_flops", "dram_bandwidth"], {"segment": "edge"}))
    {'segment': ['edge'], 'kind': ['gpu', 'accelerator']}
    """
    if choose.get("dataset", defaults.DATASET) != defaults.DATASET:
        return choose
    if any(not isinstance(each, str) or is_file(each) for each in series):
        return choose
    if not all("segment" in find_series(str(each)).choosable for each in series):
        return choose
    asked = gather_where(choose)
    if any(_is_of_links(str(each), asked) for each in series):
        return choose
    named = {column.removesuffix("!") for column in asked}
    if named & set(NARROWER):
        return choose
    usual = {column: list(wanted) for column, wanted in POPULATION.items()}
    where = {column: wanted for column, wanted in usual.items() if column.removesuffix("!") not in named}
    rest = {name: value for name, value in choose.items() if name not in COLUMN_CHOICES}
    return cast("Choose", {**rest, "where": {**asked, **where}})


def _same(numerator: Data, denominator: Data) -> bool:
    """Return whether two are one series; of selections of a file, one column."""
    sides = [
        (each.dataset, each.choose.get("value_column")) if isinstance(each, Selection) else ""
        for each in (numerator, denominator)
    ]
    if isinstance(numerator, pd.DataFrame) or isinstance(denominator, pd.DataFrame):
        return numerator is denominator
    return name_of(numerator) == name_of(denominator) and (sides[0] == sides[1] or "" in sides)


def _is_of_links(series: str, asked: Mapping[str, list[str]]) -> bool:
    """Return whether lanes count, as they do unless told otherwise: a lane is of no kind of device."""
    return "scope" in find_series(series).choosable and asked.get("scope") != ["device"]


def pair_selections(
    numerator: Selection, denominator: Selection, *, per_operand: bool = False
) -> pd.DataFrame:
    """Return the devices that two selections both have, with their ratio, as `pair_devices` does.

    Examples
    --------
    >>> len(pair_selections(*(select(name) for name in ("peak_flops", "dram_bandwidth")))) > 100
    True
    """
    if not all("name" in each.observations for each in (numerator, denominator)):
        return pd.DataFrame()
    # Which device stands for an architecture is asked of those that report both.
    alone: Choose = {"one_per": None, "take": "", "best_of": None}
    top, bottom = (
        select(each, **alone)
        .observations.sort_values("value", kind="stable")
        .drop_duplicates("name", keep="last")
        for each in (numerator, denominator)
    )
    paired = top.merge(bottom[["name", "value"]], on="name", suffixes=("", "_below"))
    for columns, take in numerator.reductions:
        paired = select_one_per(paired, columns, take, origin=numerator.origin)
    units = (numerator.unit, denominator.unit)
    unit = RATIO_UNITS.get(units, " per ".join(filter(None, units)))
    kept = [column for column in (*DESCRIBED, "precision") if column in paired]
    balance: pd.DataFrame = paired[kept].assign(value=paired["value"] / paired["value_below"], unit=unit)
    if per_operand:
        if "precision" not in paired or units[1] not in BYTE_UNITS:
            raise MemwallError(
                f"{numerator.name} / {denominator.name}: operands have bytes in a ratio of FLOPS of a number "
                "format to bytes, as in peak_flops / dram_bandwidth; leave --per-operand out"
            )
        widths = paired["precision"].map(OPERAND_BYTES)
        balance = balance.assign(value=balance["value"] * widths, unit=unit.replace("byte", "operand"))
    return balance.sort_values(["date", "name"], kind="stable", ignore_index=True)


def _fit_devices(top: Trend, bottom: Trend, devices: pd.DataFrame, method: str | Method) -> Gap:
    names = f"{top.series} / {bottom.series}"
    try:
        fitted = fit_trend(devices, method=_as_fitted(top, method))
    except TooFewObservations:
        raise MemwallError(
            f"{names}: {len(devices)} device(s) of the choice report both, on too few dates; use --way ratio"
        ) from None
    balance = replace(
        fitted,
        series=names,
        dataset=top.dataset,
        where=top.where,
        precision=top.precision,
        counted=top.counted,
    )
    return Gap(
        slope=balance.slope,
        slope_error=balance.slope_error,
        degrees_of_freedom=balance.degrees_of_freedom,
        slope_bounds=balance.slope_bounds,
        numerator=top,
        denominator=bottom,
        way="device",
        balance=balance,
    )


def _fit_resamples(top: Trend, bottom: Trend) -> Gap:
    method = as_method(top.method)
    if method.name != "ols":
        raise MemwallError(f"--way bootstrap draws least-squares lines; the method is {method.name!r}")
    # The rows of one device are drawn together, whichever series they are in.
    codes, _ = pd.factorize(pd.concat([top.observations["name"], bottom.observations["name"]]))
    groups = (codes[: top.n_obs], codes[top.n_obs :])
    samples = []
    for trend, drawn_together in zip((top, bottom), groups, strict=True):
        rows = trend.observations
        samples.append(
            Sample(
                years=decimal_years(rows["date"].to_numpy()),
                log10_values=np.log10(rows["value"].to_numpy(dtype=np.float64)),
                groups=drawn_together,
                counted=np.ones(len(rows), dtype=bool),
                weights=np.ones(len(rows)),
            )
        )
    lines, bounds = bootstrap_lines(
        samples[0],
        origin=top.estimate.origin,
        divisor=samples[1],
        interval=method.interval,
        draws=method.draws,
        seed=method.seed,
    )
    return Gap(
        slope=top.slope - bottom.slope,
        slope_error=float(lines[1].std(ddof=1)),
        degrees_of_freedom=top.degrees_of_freedom + bottom.degrees_of_freedom,
        slope_bounds=bounds,
        numerator=top,
        denominator=bottom,
        way="bootstrap",
        resampled=lines,
    )


def _as_fitted(top: Trend, method: str | Method) -> Method:
    """Return the method; of the paper's points, whose devices are guesses, by no cluster unless asked."""
    method = as_method(method)
    plain = method.se is None and method.vcov is None and method.cluster is None
    if top.dataset == defaults.PAPER and plain and method.name == "ols" and not method.bootstrap:
        return replace(method, se="classical")
    return method
