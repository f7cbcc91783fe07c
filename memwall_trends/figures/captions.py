"""What figures say: the legend of a trend, and where points, lines and bands are from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.datasets import find_series
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.figures.canvas import Group
    from memwall_trends.fitting.trends import Trend

POINTS = {
    defaults.PAPER: "Points: recovered from the figures of Gholami et al., AI and Memory Wall "
    "(IEEE Micro 2024).",
    defaults.DATASET: "Points: the curated tables of memwall-trends; each row names its source.",
}


def legend_label(trend: Trend, name: str, per: float, level: float) -> str:
    """Return what a legend says of a trend: its growth factor with the interval.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> legend_label(fit_trend("dram_bandwidth", dataset="gholami2024"), "DRAM", per=2, level=0.95)
    'DRAM: 1.59x / 2 years (95%: 1.45 to 1.75)'
    """
    interval = format_interval(*trend.growth_interval(per, level), digits=3)
    return (
        f"{name}: {format_number(trend.growth_factor(per), 3)}x / {describe_period(per)} "
        f"({format_level(level)}: {interval})"
    )


def describe_groups(groups: Sequence[Group], dataset: str, level: float) -> str:
    """Return for a caption where points, lines and bands are from."""
    user_rows = frozenset[str]().union(*(group.user_rows for group in groups))
    trends = [group.trend for group in groups if group.trend is not None]
    return f"{describe_points(dataset, user_rows)} {describe_lines(trends, level)}"


def describe_points(dataset: str, user_rows: frozenset[str] = frozenset()) -> str:
    """Return for a caption where the points are from.

    Examples
    --------
    >>> describe_points("mine", frozenset(["My chip"]))
    'Points: mine. Large diamonds: the rows laid over them.'
    """
    theirs = " Large diamonds: the rows laid over them." if user_rows else ""
    return POINTS.get(dataset, f"Points: {dataset}.") + theirs


def describe_lines(trends: Sequence[Trend], level: float) -> str:
    """Return for a caption how the lines and their bands come about."""
    records = any(trend.frontier for trend in trends)
    return (
        "Lines: least squares of log10(value) on the date"
        + (", records only" if records else "")
        + f". Bands: {format_level(level)} confidence interval of the line."
        + (f" n = {', '.join(str(trend.n_obs) for trend in trends)}.")
    )


def series_title(series: str, dataset: str = defaults.DATASET) -> str:
    """Return what a reader calls a series.

    Examples
    --------
    >>> series_title("dram_bandwidth")
    'DRAM bandwidth'
    """
    return find_series(series, dataset).title
