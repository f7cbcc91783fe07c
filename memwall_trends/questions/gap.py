"""Machine balance and its like: the ratio of two series, fitted in three ways."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends.errors import MemwallError, TooFewObservations, find_known
from memwall_trends.fitting.bootstrap import Sample, bootstrap_lines
from memwall_trends.fitting.methods import as_method
from memwall_trends.fitting.trends import Trend, fit_trend
from memwall_trends.questions.ratio import RATIO_UNITS, WAYS, Gap, welch_satterthwaite
from memwall_trends.selection import Selection, name_of, select_each
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from typing import Unpack

    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose, Data

FEW_DEVICES = 10
"""Fewer devices that report both do not stand for all: then the default is the ratio of two trends."""


def fit_gap(
    numerator: Data,
    denominator: Data,
    *,
    way: str | None = None,
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
    method : str or Method
        As in `memwall_trends.fitting.trends.fit_trend`, for both.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`. A condition narrows the
        series that have its column, a precision those that have precisions.

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
    chosen = select_each([numerator, denominator], **choose)
    frontier = any(each.frontier for each in chosen)
    if frontier and way in ("device", "bootstrap"):
        raise MemwallError(
            "records of two series are set by different devices: --frontier goes with --way ratio"
        )
    top, bottom = (fit_trend(each, method=method) for each in chosen)
    devices = pd.DataFrame() if frontier else _pair(*chosen)
    if way is None:
        way = "device" if len(devices) >= FEW_DEVICES else "ratio"
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


def pair_devices(numerator: Data, denominator: Data, **choose: Unpack[Choose]) -> pd.DataFrame:
    """Return the devices that report both series, with their ratio.

    Parameters
    ----------
    numerator, denominator, **choose
        As in `fit_gap`.

    Returns
    -------
    DataFrame
        ``name, date, value, unit``, and ``vendor`` and ``kind`` where the tables have them; ``value`` is the
        ratio, and of several rows of a device the highest of each series counts.

    Examples
    --------
    >>> balance = pair_devices("peak_flops", "dram_bandwidth")
    >>> balance.set_index("name").loc["NVIDIA H100 SXM5", "value"].round(0)
    np.float64(295.0)
    """
    return _pair(*select_each([numerator, denominator], **choose))


def _same(numerator: Data, denominator: Data) -> bool:
    """Return whether two are one series; of selections of a file, one column."""
    sides = [
        (each.dataset, each.choose.get("value_column")) if isinstance(each, Selection) else ""
        for each in (numerator, denominator)
    ]
    if isinstance(numerator, pd.DataFrame) or isinstance(denominator, pd.DataFrame):
        return numerator is denominator
    return name_of(numerator) == name_of(denominator) and (sides[0] == sides[1] or "" in sides)


def _pair(numerator: Selection, denominator: Selection) -> pd.DataFrame:
    if not all("name" in each.observations for each in (numerator, denominator)):
        return pd.DataFrame()
    top, bottom = (
        each.observations.sort_values("value", kind="stable").drop_duplicates("name", keep="last")
        for each in (numerator, denominator)
    )
    paired = top.merge(bottom[["name", "value"]], on="name", suffixes=("", "_below"))
    units = (numerator.unit, denominator.unit)
    kept = [column for column in ("name", "vendor", "kind", "date") if column in paired]
    unit = RATIO_UNITS.get(units, " per ".join(filter(None, units)))
    balance: pd.DataFrame = paired[kept].assign(value=paired["value"] / paired["value_below"], unit=unit)
    return balance.sort_values(["date", "name"], kind="stable", ignore_index=True)


def _fit_devices(top: Trend, bottom: Trend, devices: pd.DataFrame, method: str | Method) -> Gap:
    names = f"{top.series} / {bottom.series}"
    try:
        fitted = fit_trend(devices, method=method)
    except TooFewObservations:
        raise MemwallError(
            f"{names}: {len(devices)} device(s) of the choice report both, on too few dates; use --way ratio"
        ) from None
    balance = replace(fitted, series=names, dataset=top.dataset, precision=top.precision)
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
