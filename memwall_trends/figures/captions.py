"""What figures say below themselves and beside lines: where points, lines and bands are from, and rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.datasets import find_series
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.figures.canvas import Group
    from memwall_trends.fitting.growth import Growth
    from memwall_trends.fitting.trends import Trend

POINTS = {
    defaults.PAPER: "Points: recovered from the figures of Gholami et al., AI and Memory Wall "
    "(IEEE Micro 2024).",
    defaults.DATASET: "Points: the curated tables of memwall-trends; each row names its source.",
}


def end_label(name: str, growth: Growth, per: float, level: float) -> str:
    """Return what stands at the end of a line: its name, and its growth factor with the interval.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> print(end_label("DRAM", fit_trend("dram_bandwidth", dataset="gholami2024"), per=2, level=0.95))
    DRAM
    1.59x [1.45 to 1.75]
    """
    return "\n".join(filter(None, (name, say_rate(growth, per, level))))


def say_rate(growth: Growth, per: float, level: float) -> str:
    """Return a growth factor with its interval.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> say_rate(fit_trend("dram_bandwidth", dataset="gholami2024"), per=2, level=0.95)
    '1.59x [1.45 to 1.75]'
    """
    interval = format_interval(*growth.growth_interval(per, level), digits=3)
    return f"{format_number(growth.growth_factor(per), 3)}x [{interval}]"


def explain_rates(per: float, level: float) -> str:
    """Return for a subtitle what the rates at the ends of lines are.

    Examples
    --------
    >>> explain_rates(2, 0.95)
    'growth factor per 2 years [95% interval]'
    """
    return f"growth factor per {describe_period(per)} [{format_level(level)} interval]"


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
    )


def series_title(series: str, dataset: str = defaults.DATASET) -> str:
    """Return what a reader calls a series.

    Examples
    --------
    >>> series_title("dram_bandwidth")
    'DRAM bandwidth'
    """
    return find_series(series, dataset).title
