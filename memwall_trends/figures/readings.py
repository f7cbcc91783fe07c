"""The three readings of a series: leading edge, typical, and within a class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from memwall_trends import defaults
from memwall_trends.datasets.conditions import merge_where
from memwall_trends.datasets.reading import is_file
from memwall_trends.errors import MemwallError
from memwall_trends.figures import layers, theme
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import (
    describe_lines,
    describe_points,
    end_label,
    explain_rates,
    series_title,
)
from memwall_trends.figures.choices import find_user_rows, refuse_choices
from memwall_trends.figures.findings import describe_who, join_words
from memwall_trends.figures.timeline import label_named
from memwall_trends.fitting.growth import describe_period
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.selection import COLUMN_CHOICES, gather_where, select
from memwall_trends.units import format_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Unpack

    import altair as alt
    import pandas as pd

    from memwall_trends.fitting.trends import Trend
    from memwall_trends.questions.claims.readings import Reading
    from memwall_trends.selection import Choose, Data

SERIES = ("peak_flops", "dram_bandwidth")
"""What is drawn where no data is named."""
ALLOWED = (
    *("dataset", "since", "until", "where", "precision", "announced", "overlay", "show"),
    *("date_column", "value_column", "reading"),
)
"""All choices but those that a reading makes itself."""
LOOKS = {
    "leading edge": (theme.VERMILLION, "triangle-up"),
    "typical": (theme.BLUE, "circle"),
    "within a class": (theme.GREEN, "diamond"),
}
PHRASES = {"leading edge": "at the leading edge", "typical": "typically", "within a class": "within a class"}
LABELS = 5


def readings(
    *,
    data: str | Path | pd.DataFrame | None = None,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Leading edge, typical and within a class: what grows how fast, of peak FLOPS and DRAM bandwidth.

    Parameters
    ----------
    data : str, Path or DataFrame, optional
        One series, or a file or frame in place of both: it needs a column ``architecture`` for what is
        typical, and ``product_class`` for what grows within a class.
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`; the dataset is the curated one, and of its tables server
        hardware counts unless these choices narrow that.

    Returns
    -------
    altair.VConcatChart
        The best device of each year; the median device of each architecture, with a line through all of
        them, and one with an effect of each product class.

    Examples
    --------
    >>> type(readings(since=2010)).__name__
    'VConcatChart'
    """
    dataset = choose.setdefault("dataset", defaults.DATASET)
    refuse_choices("readings", choose, allowed=ALLOWED)
    asked: Sequence[Data] = SERIES if data is None else [data]
    trends = [_read(each, choose) for each in asked]
    typical = [list(each.values())[-1] for each in trends]
    user_rows = frozenset[str]().union(*(find_user_rows(each.series, choose) for each in typical))
    named = [trend.series if trend.found else series_title(trend.series, dataset) for trend in typical]
    return theme.finish(
        [
            _draw(
                each,
                name,
                user_rows=user_rows,
                per=per,
                level=level,
                size=size,
                share=0.75 if len(trends) > 1 else 1.0,
            )
            for each, name in zip(trends, named, strict=True)
        ],
        title="; ".join(_say(name, each, per) for name, each in zip(named, trends, strict=True)),
        subtitle="The best device of each year, the median device of each architecture, and growth within a "
        "class, with their "
        f"{explain_rates(per, level)}. {'; '.join(map(describe_who, typical))}.",
        caption="Within a class: one slope with an effect of each product class. "
        f"{describe_lines([], level)} {describe_points(typical[0].dataset, user_rows)}",
        size=size,
        bare=bare,
    )


def _say(name: str, trends: dict[str, Trend], per: float) -> str:
    said = [
        f"{format_number(each.growth_factor(per), 3)}x {PHRASES[reading]}" for reading, each in trends.items()
    ]
    return f"{name} grew {join_words(said)}, per {describe_period(per)}"


def _read(data: Data, choose: Choose) -> dict[str, Trend]:
    """Return the trend of each reading that the data has the columns for."""
    trends = {}
    problem: MemwallError | None = None
    rest = {name: value for name, value in choose.items() if name not in (*COLUMN_CHOICES, "where")}
    if _is_ours(data, choose) and not rest.get("since"):
        # As long as the paper's points go back, as its claims are asked.
        rest["since"] = select(data, dataset=defaults.PAPER).observations["date"].min().date()
    for reading in _list_readings(data, choose):
        where = merge_where(dict(reading.where), gather_where(choose))
        chosen = cast("Choose", {**rest, **reading.choose, "where": where})
        try:
            trends[reading.name] = fit_trend(data, method=reading.method, **chosen)
        except MemwallError as error:
            problem = problem or error
    if problem is not None and not trends:
        raise problem
    return trends


def _list_readings(data: Data, choose: Choose) -> list[Reading]:
    """Return the readings of a series; of a user's file and of the paper's points, of all that is in them."""
    from memwall_trends.questions.claims.readings import list_readings

    ours = _is_ours(data, choose)
    found = [each for each in list_readings(str(data) if ours else SERIES[0]) if each.name in LOOKS]
    return found if ours else [replace(each, where={}) for each in found]


def _is_ours(data: Data, choose: Choose) -> bool:
    return (
        isinstance(data, str)
        and choose.get("dataset", defaults.DATASET) == defaults.DATASET
        and not is_file(data, defaults.DATASET)
    )


def _draw(
    trends: dict[str, Trend],
    name: str,
    *,
    user_rows: frozenset[str],
    per: float,
    level: float,
    size: str,
    share: float,
) -> alt.LayerChart:
    groups = []
    for reading, trend in trends.items():
        rows = label_named(trend.observations, LABELS if reading == "leading edge" else 0)
        colour, shape = LOOKS[reading]
        groups.append(
            Group(
                legend=_capital(reading),
                end_label=end_label(_capital(reading), trend, per, level),
                # What is within a class has the points of what is typical.
                points=rows.iloc[:0] if reading == "within a class" and "typical" in trends else rows,
                colour=colour,
                shape=shape,
                trend=trend,
                user_rows=user_rows,
            )
        )
    unit = next(iter(trends.values())).unit
    canvas = Canvas.around(
        groups,
        y_title=f"{name} (log scale)",
        unit=unit,
        size=size,
        height_share=share,
        widest_tick="100 GFLOP/s",
    )
    return canvas.layer(
        layers.trends(canvas, level),
        layers.points(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
