"""The four figures of Gholami et al. (2024), from their own points or from the curated tables."""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import find_series, load_table
from memwall_trends.datasets.conditions import filter_rows, merge_where, parse_conditions
from memwall_trends.errors import MemwallError
from memwall_trends.figures import layers, theme
from memwall_trends.figures.axes import rounded
from memwall_trends.figures.bars import draw_stacked_bars
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import describe_groups, describe_points, legend_label, series_title
from memwall_trends.figures.choices import find_user_rows, refuse_choices
from memwall_trends.figures.labels import label_known
from memwall_trends.fitting.trends import Trend, fit_trend
from memwall_trends.questions.claims import load_claims
from memwall_trends.selection import gather_where, select, split_choices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    import altair as alt

    from memwall_trends.selection import Choose

SAID = {defaults.PAPER: "the paper's points", defaults.DATASET: "the curated data to today"}
"""What the title of a figure says of its dataset."""
HARDWARE = ("peak_flops", "dram_bandwidth", "interconnect_bandwidth")
LABELS = 8
"""Of a curated series, the best known that are labelled."""
BYTES_PER_PARAMETER = 2
DOUBLING_EVERY_TWO_YEARS = math.log(2) / 2


def hw_scaling(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Scaling of peak FLOPS, DRAM bandwidth and interconnect bandwidth.

    Parameters
    ----------
    per : float
        Period of the growth factors in the legend, in years.
    level : float
        Level of the bands, confidence intervals of the fitted mean.
    size : str
        One of `memwall_trends.figures.theme.SIZES`.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`; the dataset is
        ``gholami2024`` by default. Of the curated tables those rows count that the paper's claims are about,
        from the paper's first point on, as in `memwall_trends.questions.claims.reproduce`, unless these
        choices widen that. Rows of the overlay are drawn large.

    Returns
    -------
    altair.VConcatChart
        Each series relative to its first observation, on a logarithmic axis.

    Examples
    --------
    >>> type(hw_scaling()).__name__
    'VConcatChart'
    """
    dataset = choose.setdefault("dataset", defaults.PAPER)
    trends = _fit_claimed(HARDWARE, choose)
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
            user_rows=find_user_rows(trend.series, choose),
        )
        for trend, (colour, shape) in zip(trends, looks, strict=True)
    ]
    canvas = Canvas.around(
        groups, y_title="Relative to the first point of each series (log scale)", size=size
    )
    timeline = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title=f"Scaling of peak FLOPS, DRAM bandwidth and interconnect bandwidth{_until(dataset, trends)}",
        caption=describe_groups(groups, dataset, level),
        size=size,
    )


def training_compute(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Training compute of neural networks, beside a doubling every two years.

    Parameters
    ----------
    per, level, size, **choose
        As of `hw_scaling`. Models of other kinds than the fitted are shown in grey.

    Examples
    --------
    >>> type(training_compute()).__name__
    'VConcatChart'
    """
    dataset = choose.setdefault("dataset", defaults.PAPER)
    (trend,) = _fit_claimed(["training_compute"], choose)
    group = Group(
        legend=legend_label(trend, _kinds(trend), per, level),
        points=_labelled(trend),
        colour=theme.BLUE,
        shape="circle",
        trend=trend,
        user_rows=find_user_rows(trend.series, choose),
    )
    others = _not_fitted(trend, choose)
    start = pd.concat([trend.observations, others]).sort_values("date").iloc[0]
    reference = _doubling_line(start, trend.observations["date"].max())
    canvas = Canvas.around(
        [group], y_title="Training compute (PFLOP, log scale)", size=size, others=others, lines=reference
    )
    timeline = canvas.layer(
        layers.trends(canvas, level),
        layers.others(canvas),
        layers.points(canvas),
        layers.lines(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title=f"Training compute of neural networks{_until(dataset, [trend])}",
        caption=f"{describe_groups([group], dataset, level)} Grey: other kinds of models, not fitted. "
        "Dashed: doubling every two years from the first model.",
        size=size,
    )


def model_size(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Model size against the memory of an accelerator.

    Parameters
    ----------
    per, level, size, **choose
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
    dataset = choose.setdefault("dataset", defaults.PAPER)
    models, memory = _fit_claimed(["model_size", "memory_capacity"], choose)
    names = {"model_size": f"{_kinds(models)}, weights", "memory_capacity": "Memory of one accelerator"}
    groups = [
        Group(
            legend=legend_label(trend, names[trend.series], per, level),
            points=_labelled(trend),
            colour=colour,
            shape=shape,
            trend=trend,
            scale=scale,
            user_rows=find_user_rows(trend.series, choose),
        )
        for trend, colour, shape, scale in (
            (models, theme.BLUE, "circle", BYTES_PER_PARAMETER / 1e9),
            (memory, theme.VERMILLION, "triangle-up", 1.0),
        )
    ]
    canvas = Canvas.around(groups, y_title="GB (log scale)", size=size, legend="top")
    timeline = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title=f"Model size against the memory of an accelerator{_until(dataset, [models, memory])}",
        caption=f"Weights at 16 bits: {BYTES_PER_PARAMETER} bytes a parameter, without activations or state. "
        f"{describe_groups(groups, dataset, level)}",
        size=size,
    )


def memory_breakdown(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Memory that training a model takes, by what takes it, against the memory of GPUs of its year.

    Parameters
    ----------
    per, level
        Without effect: nothing is fitted.
    size, **choose
        As of `hw_scaling`; of the choices ``since``, ``until`` and conditions. Only the paper's dataset has
        a breakdown.

    Examples
    --------
    >>> type(memory_breakdown()).__name__
    'VConcatChart'
    """
    dataset = choose.pop("dataset", defaults.PAPER)
    if dataset != defaults.PAPER:
        raise MemwallError(f"only the dataset {defaults.PAPER} has a memory breakdown; leave out --dataset")
    refuse_choices("memory-breakdown", choose, allowed=("since", "until", "where"))
    rows = filter_rows(
        load_table("memory_breakdown", dataset),
        since=choose.get("since"),
        until=choose.get("until"),
        where=gather_where(choose),
        origin="memory_breakdown",
    ).sort_values("date", kind="stable")
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


def of_dataset(draw: Callable[..., alt.VConcatChart], dataset: str) -> Callable[..., alt.VConcatChart]:
    r"""Return a figure as drawn from a dataset where no other is asked for; its title says which.

    Parameters
    ----------
    draw : callable
        A figure that takes a dataset.
    dataset : str
        One of `SAID`.

    Examples
    --------
    >>> today = of_dataset(model_size, defaults.DATASET)
    >>> (today.__doc__ or "").partition("\n")[0]
    'Model size against the memory of an accelerator: the curated data to today.'
    """

    @wraps(draw)
    def drawn(**options: Any) -> alt.VConcatChart:
        return draw(**{"dataset": dataset, **options})

    title, _, rest = (draw.__doc__ or "").partition("\n")
    drawn.__doc__ = f"{title.removesuffix('.')}: {SAID[dataset]}.\n{rest}"
    return drawn


def _fit_claimed(names: Sequence[str], choose: Choose) -> list[Trend]:
    """Return the trends of series; of curated rows those that the paper's claims are about."""
    dataset = choose["dataset"]
    shares = split_choices(choose, {name: find_series(name, dataset).choosable for name in names})
    if dataset == defaults.DATASET:
        shares = {name: _choose_claimed(name, share) for name, share in shares.items()}
    return [fit_trend(name, **share) for name, share in shares.items()]


def _choose_claimed(series: str, choose: Choose) -> Choose:
    """Return choices, and where they say nothing those of the paper's claim about a series."""
    (claim,) = [claim for claim in load_claims(defaults.PERIOD_YEARS) if claim["series"] == series]
    since = choose.get("since")
    if since is None:
        paper = select(series, dataset=defaults.PAPER, where=parse_conditions(claim["where"]))
        since = paper.observations["date"].min().date()
    where = merge_where(parse_conditions(claim["curated_where"]), choose.get("where"))
    return {**choose, "where": where, "since": since}


def _labelled(trend: Trend) -> pd.DataFrame:
    rows = trend.observations
    return rows if "label" in rows else label_known(rows.reset_index(drop=True), LABELS)


def _first_value(trend: Trend) -> float:
    return float(trend.observations.sort_values("date", kind="stable")["value"].iloc[0])


def _until(dataset: str, trends: list[Trend]) -> str:
    return f", to {max(trend.last_date for trend in trends).year}" if dataset == defaults.DATASET else ""


def _kinds(trend: Trend) -> str:
    kinds = trend.where.get("kind", [])
    return "Transformers" if kinds == ["transformer"] else " and ".join(kinds) or "Models"


def _not_fitted(trend: Trend, choose: Choose) -> pd.DataFrame:
    rows = filter_rows(
        load_table(
            trend.series,
            choose["dataset"],
            overlay=choose.get("overlay") or (),
            reading=choose.get("reading"),
        ),
        since=choose.get("since"),
        until=choose.get("until"),
    )
    return rows[~rows["name"].isin(trend.observations["name"])]


def _doubling_line(start: pd.Series, last: pd.Timestamp) -> pd.DataFrame:
    days = pd.date_range(start["date"], last, periods=20).normalize()
    years = np.asarray((days - start["date"]).days, dtype=np.float64) / 365.25
    values = rounded(start["value"] * np.exp(DOUBLING_EVERY_TWO_YEARS * years))
    return pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "value": values, "text": "2x / 2 years"})
