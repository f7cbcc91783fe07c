"""Any data over time with its fit: a file of the user's, or one series."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.figures import layers, theme
from memwall_trends.figures.axes import say_quantity
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import describe_points, end_label, explain_rates, series_title
from memwall_trends.figures.choices import find_user_rows
from memwall_trends.figures.findings import PLURALS, describe_who, say_growth
from memwall_trends.figures.labels import label_known
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.units import format_level

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Unpack

    import altair as alt
    import pandas as pd

    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose

SERIES = "dram_bandwidth"
"""What is drawn where no data is named."""
LABELS = 6


def timeline(
    *,
    data: str | Path | pd.DataFrame = SERIES,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Any data over time with its fit: a file (--data FILE), or one series.

    Parameters
    ----------
    data : str, Path or DataFrame
        A series, the path of a file, or a frame.
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`; the dataset is the curated one.

    Examples
    --------
    >>> import pandas as pd
    >>> mine = pd.DataFrame({"date": [2018, 2020, 2022], "value": [1, 3, 8]})
    >>> type(timeline(data=mine)).__name__
    'VConcatChart'
    """
    choose.setdefault("dataset", defaults.DATASET)
    trend = fit_trend(data, **choose)
    user_rows = find_user_rows(trend.series, choose)
    return draw_trend(trend, user_rows=user_rows, per=per, level=level, size=size, bare=bare)


def draw_trend(
    trend: Trend,
    *,
    user_rows: frozenset[str] = frozenset(),
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
) -> alt.VConcatChart:
    """Return a trend with its observations; where these say their kind, each kind has a look of its own.

    Parameters
    ----------
    trend : Trend
    user_rows : frozenset of str
        Names of observations that are drawn large.
    per, level, size, bare
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> type(draw_trend(fit_trend("dram_bandwidth", dataset="gholami2024"))).__name__
    'VConcatChart'
    """
    mine = trend.found is not None
    name = _name(trend) if mine else series_title(trend.series, trend.dataset)
    canvas = Canvas.around(
        _group(trend, user_rows, per, level),
        y_title=f"{name} ({_say_unit(trend.unit)}log scale)",
        unit=trend.unit,
        size=size,
    )
    drawn = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [drawn],
        title=say_growth([(name, trend)], per, level),
        subtitle=f"{describe_who(trend)}, with the {explain_rates(per, level)}",
        caption=f"{_describe(trend, user_rows, mine)} {trend.method.describe()} of log10(value) on the date. "
        f"Band: {format_level(level)} confidence interval of the line.",
        size=size,
        bare=bare,
    )


def _group(trend: Trend, user_rows: frozenset[str], per: float, level: float) -> list[Group]:
    """Return what is drawn of a trend: its line with all points, or a group of points for each kind."""
    rows = label_named(trend.observations)
    whole = Group(
        legend="All",
        end_label=end_label("All" if _kinds(rows) else "", trend, per, level),
        points=rows,
        colour=theme.BLUE,
        shape="circle",
        trend=trend,
        user_rows=user_rows,
    )
    looks = zip(_kinds(rows), theme.COLOURS, theme.SHAPES, strict=False)
    parts = [
        Group(
            legend=PLURALS.get(kind, kind),
            points=rows[rows["kind"] == kind],
            colour=colour,
            shape=shape,
            user_rows=user_rows,
        )
        for kind, colour, shape in looks
    ]
    return [replace(whole, points=rows.iloc[:0], colour=theme.INK), *parts] if parts else [whole]


def _kinds(rows: pd.DataFrame) -> list[str]:
    """Return the kinds of which there are two or some more, the most frequent first."""
    kinds = list(rows["kind"].value_counts().index) if "kind" in rows else []
    return kinds if 1 < len(kinds) <= len(theme.COLOURS) else []


def _say_unit(unit: str) -> str:
    """Return a unit for the title of an axis, where the ticks do not say it."""
    return f"{unit}, " if unit and unit not in say_quantity(1.0, unit) else ""


def label_named(rows: pd.DataFrame, most: int = LABELS) -> pd.DataFrame:
    """Return rows with the columns that are drawn; of those with names some are labelled.

    Examples
    --------
    >>> import pandas as pd
    >>> label_named(pd.DataFrame({"date": ["2020-01-01"], "value": [1]})).columns.tolist()
    ['date', 'value', 'unit', 'name', 'label']
    """
    rows = rows.reset_index(drop=True)
    rows = rows if "unit" in rows else rows.assign(unit="")
    if "name" not in rows:
        return rows.assign(name="", label="")
    rows = rows.assign(name=rows["name"].astype("str"))
    return label_known(rows, most) if most else rows.assign(label="")


def _name(trend: Trend) -> str:
    """Return what a user's values are called: by their column, or by the file where that says nothing."""
    column = trend.found.value_column if trend.found is not None else ""
    return trend.series if column in ("", "value") else column


def _describe(trend: Trend, user_rows: frozenset[str], mine: bool) -> str:
    if not mine:
        return describe_points(trend.dataset, user_rows)
    skipped = len(trend.found.skipped) if trend.found is not None else 0
    left_out = f", {skipped} row(s) skipped for an empty cell" if skipped else ""
    return f"Points: {trend.dataset}{left_out}."
