"""The four figures of Gholami et al. (2024), from their own points or from the curated tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import load_table
from memwall_trends.datasets.conditions import merge_where, parse_conditions
from memwall_trends.errors import MemwallError
from memwall_trends.figures import theme
from memwall_trends.figures.bars import draw_stacked_bars
from memwall_trends.figures.timeline import (
    Group,
    describe_line,
    describe_points,
    draw_timeline,
    find_user_rows,
    label_records,
    legend_label,
    rounded,
    series_title,
)
from memwall_trends.fitting.trends import Trend, fit_trends
from memwall_trends.questions.claims import load_claims
from memwall_trends.selection import select

if TYPE_CHECKING:
    import altair as alt

HARDWARE = ("peak_flops", "dram_bandwidth", "interconnect_bandwidth")
LABELS = 5
"""Records of a curated series that are labelled."""
BYTES_PER_PARAMETER = 2
DOUBLING_EVERY_TWO_YEARS = math.log(2) / 2


def hw_scaling(
    *,
    dataset: str = defaults.PAPER,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choice: Any,
) -> alt.VConcatChart:
    """Scaling of peak FLOPS, DRAM bandwidth and interconnect bandwidth: the paper's points.

    Parameters
    ----------
    dataset : str
        Where the series are from. Of the curated tables those rows count that the paper's claims are about,
        from the paper's first point on, as in `memwall_trends.questions.claims.reproduce`; `choice` may
        widen that.
    per : float
        Period of the growth factors in the legend, in years.
    level : float
        Level of the bands, confidence intervals of the fitted mean.
    size : str
        One of `memwall_trends.figures.theme.SIZES`.
    **choice
        Which observations count: ``since, until, where, precision, frontier, overlay`` of
        `memwall_trends.fitting.trends.fit_trend`. Rows of the overlay are drawn large.

    Returns
    -------
    altair.VConcatChart
        Each series relative to its first observation, on a logarithmic axis.

    Examples
    --------
    >>> type(hw_scaling()).__name__
    'VConcatChart'
    """
    trends = [_fit_claimed(series, dataset, choice) for series in _known(HARDWARE, dataset, choice)]
    looks = zip(
        (theme.BLUE, theme.CHARCOAL, theme.VERMILLION), ("circle", "square", "triangle-up"), strict=True
    )
    groups = [
        Group(
            legend=legend_label(trend, series_title(trend.series, dataset), per, level),
            points=_labelled(trend),
            colour=colour,
            shape=shape,
            trend=trend,
            scale=1 / _first_value(trend),
            user_rows=_user_rows(trend.series, choice),
        )
        for trend, (colour, shape) in zip(trends, looks, strict=True)
    ]
    timeline = draw_timeline(
        groups, y_title="Relative to the first point of each series (log scale)", size=size, level=level
    )
    return theme.finish(
        [timeline],
        title=f"Scaling of peak FLOPS, DRAM bandwidth and interconnect bandwidth{_until(dataset, trends)}",
        caption=_caption(groups, dataset, level),
        size=size,
    )


def hw_scaling_today(**options: Any) -> alt.VConcatChart:
    """Scaling of peak FLOPS, DRAM bandwidth and interconnect bandwidth: the curated data to today.

    Parameters
    ----------
    **options
        As of `hw_scaling`.

    Examples
    --------
    >>> type(hw_scaling_today(until=2020)).__name__
    'VConcatChart'
    """
    return hw_scaling(**{"dataset": defaults.DATASET, **options})


def training_compute(
    *,
    dataset: str = defaults.PAPER,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choice: Any,
) -> alt.VConcatChart:
    """Training compute of neural networks, beside a doubling every two years: the paper's points.

    Parameters
    ----------
    dataset, per, level, size, **choice
        As of `hw_scaling`. Models of other kinds than the fitted are shown in grey.

    Examples
    --------
    >>> type(training_compute()).__name__
    'VConcatChart'
    """
    (series,) = _known(("training_compute",), dataset, choice)
    trend = _fit_claimed(series, dataset, choice)
    user_rows = _user_rows(series, choice)
    group = Group(
        legend=legend_label(trend, _kinds(trend), per, level),
        points=_labelled(trend),
        colour=theme.BLUE,
        shape="circle",
        trend=trend,
        user_rows=user_rows,
    )
    others = _not_fitted(trend, dataset, choice)
    start = pd.concat([trend.observations, others]).sort_values("date").iloc[0]
    reference = _doubling_line(start, trend.observations["date"].max())
    timeline = draw_timeline(
        [group],
        y_title="Training compute (PFLOP, log scale)",
        size=size,
        level=level,
        others=others,
        lines=reference,
    )
    return theme.finish(
        [timeline],
        title=f"Training compute of neural networks{_until(dataset, [trend])}",
        caption=f"{_caption([group], dataset, level)} Grey: other kinds of models, not fitted. "
        "Dashed: doubling every two years from the first model.",
        size=size,
    )


def training_compute_today(**options: Any) -> alt.VConcatChart:
    """Training compute of neural networks, beside a doubling every two years: the curated data to today.

    Parameters
    ----------
    **options
        As of `training_compute`.

    Examples
    --------
    >>> type(training_compute_today(since=2015)).__name__
    'VConcatChart'
    """
    return training_compute(**{"dataset": defaults.DATASET, **options})


def model_size(
    *,
    dataset: str = defaults.PAPER,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choice: Any,
) -> alt.VConcatChart:
    """Model size against the memory of an accelerator: the paper's points.

    Parameters
    ----------
    dataset, per, level, size, **choice
        As of `hw_scaling`.

    Returns
    -------
    altair.VConcatChart
        Both in GB, a parameter at two bytes, so that a model above a device does not fit into it.

    Examples
    --------
    >>> type(model_size()).__name__
    'VConcatChart'
    """
    both = _known(("model_size", "memory_capacity"), dataset, choice)
    models, memory = (_fit_claimed(series, dataset, choice) for series in both)
    names = {"model_size": f"{_kinds(models)}, weights", "memory_capacity": "Memory of one accelerator"}
    groups = [
        Group(
            legend=legend_label(trend, names[trend.series], per, level),
            points=_labelled(trend),
            colour=colour,
            shape=shape,
            trend=trend,
            scale=scale,
            user_rows=_user_rows(trend.series, choice),
        )
        for trend, colour, shape, scale in (
            (models, theme.BLUE, "circle", BYTES_PER_PARAMETER / 1e9),
            (memory, theme.VERMILLION, "triangle-up", 1.0),
        )
    ]
    timeline = draw_timeline(groups, y_title="GB (log scale)", size=size, level=level, legend="top")
    return theme.finish(
        [timeline],
        title=f"Model size against the memory of an accelerator{_until(dataset, [models, memory])}",
        caption=f"Weights at 16 bits: {BYTES_PER_PARAMETER} bytes a parameter, without activations or state. "
        f"{_caption(groups, dataset, level)}",
        size=size,
    )


def model_size_today(**options: Any) -> alt.VConcatChart:
    """Model size against the memory of an accelerator: the curated data to today.

    Parameters
    ----------
    **options
        As of `model_size`.

    Examples
    --------
    >>> type(model_size_today(since=2018)).__name__
    'VConcatChart'
    """
    return model_size(**{"dataset": defaults.DATASET, **options})


def memory_breakdown(
    *,
    dataset: str = defaults.PAPER,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choice: Any,
) -> alt.VConcatChart:
    """Memory that training a model takes, by what takes it, against the memory of GPUs of its year.

    Parameters
    ----------
    dataset : str
        Only the paper's has a breakdown.
    per, level
        Without effect: nothing is fitted.
    size, **choice
        As of `hw_scaling`; of the choices ``since``, ``until`` and ``where``.

    Examples
    --------
    >>> type(memory_breakdown()).__name__
    'VConcatChart'
    """
    from memwall_trends.datasets.conditions import filter_rows

    if dataset != defaults.PAPER:
        raise MemwallError(f"only the dataset {defaults.PAPER} has a memory breakdown; leave out --dataset")
    refuse_choices("memory-breakdown", choice, allowed=("since", "until", "where"))
    table = load_table("memory_breakdown", dataset)
    kept = {name: choice[name] for name in ("since", "until", "where") if choice.get(name)}
    rows = filter_rows(table, **kept, origin="memory_breakdown").sort_values("date", kind="stable")
    parts = {"parameters": theme.BLUE, "optimizer": theme.OCHRE, "activations": theme.FAINT}
    rows = rows.assign(
        bar=rows["label"] + " (" + rows["date"].dt.strftime("%Y") + ")", part=rows["quantity"]
    )[["bar", "part", "value"]]
    limits = rows[rows["part"] == "gpu_memory_limit"][["bar", "value"]]
    limits = limits.assign(text=[f"{value:g} GB" for value in limits["value"]])
    panel = draw_stacked_bars(rows, parts, y_title="Memory (GB)", size=size, limits=limits)
    return theme.finish(
        [panel],
        title="Memory to train a model, and the memory of GPUs of its year",
        caption="Bars: memory of parameters, optimizer state and activations. Marks: memory limit of "
        "GPUs, as the "
        f"paper draws it over the bar. {describe_points(dataset)}",
        size=size,
    )


def refuse_choices(figure: str, choice: dict[str, Any], allowed: tuple[str, ...] = ()) -> None:
    """Raise an error if something was chosen that a figure cannot follow."""
    words = {"overlay": "with"}
    for name, value in choice.items():
        if name not in allowed and value is not None and str(value) and value not in (False, (), {}, []):
            can = (
                f"; it takes {', '.join(f'--{words.get(each, each)}' for each in allowed)}" if allowed else ""
            )
            raise MemwallError(
                f"the figure {figure} has choices of its own: leave out --{words.get(name, name)}{can}"
            )


def _known(names: tuple[str, ...], dataset: str, choice: dict[str, Any]) -> list[str]:
    """Return the series, once it is sure that one of them has each column that a condition names."""
    from memwall_trends.datasets import find_series
    from memwall_trends.selection import split_choices

    split_choices(choice, {name: find_series(name, dataset).columns for name in names})  # type: ignore[arg-type]
    return list(names)


def _fit_claimed(series: str, dataset: str, choice: dict[str, Any]) -> Trend:
    """Return the trend of a series; of curated rows those that the paper's claim is about."""
    from memwall_trends.datasets import find_series

    columns = find_series(series, dataset).columns
    where, since = choice.get("where") or {}, choice.get("since")
    if dataset == defaults.DATASET:
        (claim,) = [claim for claim in load_claims(defaults.PERIOD_YEARS) if claim["series"] == series]
        where = merge_where(parse_conditions(claim["curated_where"]), where)
        if since is None:
            points = select(
                series,
                dataset=defaults.PAPER,
                where=parse_conditions(claim["where"]),
            )
            since = points.observations["date"].min().date()
    own = {condition: wanted for condition, wanted in where.items() if condition.removesuffix("!") in columns}
    precision = choice.get("precision") if "precision" in columns else None
    options = {**choice, "where": own, "since": since, "precision": precision}
    return fit_trends([series], dataset=dataset, **options)[0]


def _labelled(trend: Trend) -> pd.DataFrame:
    rows = trend.observations
    return rows if "label" in rows else label_records(rows.reset_index(drop=True), LABELS)


def _user_rows(series: str, choice: dict[str, Any]) -> frozenset[str]:
    return find_user_rows(series, choice.get("overlay") or ())


def _first_value(trend: Trend) -> float:
    return float(trend.observations.sort_values("date", kind="stable")["value"].iloc[0])


def _until(dataset: str, trends: list[Trend]) -> str:
    return f", to {max(trend.last_date for trend in trends).year}" if dataset == defaults.DATASET else ""


def _kinds(trend: Trend) -> str:
    kinds = trend.where.get("kind", [])
    return "Transformers" if kinds == ["transformer"] else " and ".join(kinds) or "Models"


def _not_fitted(trend: Trend, dataset: str, choice: dict[str, Any]) -> pd.DataFrame:
    from memwall_trends.datasets.conditions import filter_rows

    rows = filter_rows(
        load_table(trend.series, dataset, overlay=choice.get("overlay") or ()),
        since=choice.get("since"),
        until=choice.get("until"),
    )
    return rows[~rows["name"].isin(trend.observations["name"])]


def _doubling_line(start: pd.Series, last: pd.Timestamp) -> pd.DataFrame:
    days = pd.date_range(start["date"], last, periods=20).normalize()
    years = np.asarray((days - start["date"]).days, dtype=np.float64) / 365.25
    values = rounded(start["value"] * np.exp(DOUBLING_EVERY_TWO_YEARS * years))
    return pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "value": values, "text": "2x / 2 years"})


def _caption(groups: list[Group], dataset: str, level: float) -> str:
    user_rows = frozenset[str]().union(*(group.user_rows for group in groups))
    trends = [group.trend for group in groups if group.trend is not None]
    return f"{describe_points(dataset, user_rows)} {describe_line(trends, level)}"
