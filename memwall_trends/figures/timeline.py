"""Any data over time with its fit: a file of the user's, or one series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.datasets.reading import is_file
from memwall_trends.figures import layers, theme
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import describe_lines, describe_points, legend_label, series_title
from memwall_trends.figures.choices import find_user_rows
from memwall_trends.figures.labels import label_known
from memwall_trends.fitting.trends import fit_trend

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
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Any data over time with its fit: a file (--data FILE), or one series.

    Parameters
    ----------
    data : str, Path or DataFrame
        A series, the path of a file, or a frame.
    per, level, size, **choose
        As of `memwall_trends.figures.hw_scaling`; the dataset is the curated one.

    Examples
    --------
    >>> import pandas as pd
    >>> mine = pd.DataFrame({"date": [2018, 2020, 2022], "value": [1, 3, 8]})
    >>> type(timeline(data=mine)).__name__
    'VConcatChart'
    """
    dataset = choose.setdefault("dataset", defaults.DATASET)
    trend = fit_trend(data, **choose)
    mine = is_file(data, dataset) or not isinstance(data, str)
    name = _name(trend) if mine else series_title(trend.series, dataset)
    user_rows = find_user_rows(trend.series, choose)
    group = Group(
        legend=legend_label(trend, "All", per, level),
        points=_labelled(trend.observations),
        colour=theme.BLUE,
        shape="circle",
        trend=trend,
        user_rows=user_rows,
    )
    unit = f"{trend.unit}, " if trend.unit else ""
    canvas = Canvas.around([group], y_title=f"{name} ({unit}log scale)", size=size)
    drawn = canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [drawn],
        title=f"{name} over time",
        caption=f"{_describe(trend, dataset, user_rows, mine)} {describe_lines([trend], level)}",
        size=size,
    )


def _labelled(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the columns that are drawn; of those with names the records are labelled."""
    rows = rows.reset_index(drop=True)
    rows = rows if "unit" in rows else rows.assign(unit="")
    if "name" not in rows:
        return rows.assign(name="", label="")
    return label_known(rows.assign(name=rows["name"].astype("str")), LABELS)


def _name(trend: Trend) -> str:
    """Return what a user's values are called: by their column, or by the file where that says nothing."""
    column = trend.found.value_column if trend.found is not None else ""
    return trend.series if column in ("", "value") else column


def _describe(trend: Trend, dataset: str, user_rows: frozenset[str], mine: bool) -> str:
    if not mine:
        return describe_points(dataset, user_rows)
    skipped = len(trend.found.skipped) if trend.found is not None else 0
    left_out = f", {skipped} row(s) skipped for an empty cell" if skipped else ""
    return f"Points: {trend.dataset}{left_out}."
