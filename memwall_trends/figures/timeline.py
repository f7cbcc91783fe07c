"""The chart that most figures are: points over time, lines fitted to them, bands, direct labels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import find_series
from memwall_trends.datasets.overlay import read_overlay
from memwall_trends.datasets.rates import select_frontier
from memwall_trends.figures import theme
from memwall_trends.figures.labels import place_labels
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import decimal_years, format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from memwall_trends.fitting.trends import Trend

POINTS = {
    defaults.PAPER: "Points: recovered from the figures of Gholami et al., AI and Memory Wall "
    "(IEEE Micro 2024).",
    defaults.DATASET: "Points: the curated tables of memwall-trends; each row names its source.",
}
LINE_POINTS = 60
LEFT_MARGIN, RIGHT_MARGIN = dt.timedelta(days=500), dt.timedelta(days=700)
FEW_TICKS = 1e4
LONG = 1e6
"""Numbers beyond are written as powers of ten."""
COVERED_WHERE_LABELLED, COVERED_WHERE_FREE = 99.0, 1.0
"""How many points a label may cover that the data asks for, and one that the figure adds."""
DAY = np.timedelta64(1, "D")
CHART_DIGITS = 7
"""Significant digits of the numbers in a chart: more than a pixel shows, fewer than differ by machine."""


@dataclass(frozen=True, eq=False)
class Group:
    """What one colour stands for: points, and a line.

    Attributes
    ----------
    legend : str
        What the legend says.
    points : DataFrame
        ``name, date, value, unit``, and ``label`` where a point is to be labelled.
    colour, shape : str
    trend : Trend, optional
        The line, with its confidence interval.
    scale : float
        What the values are multiplied with to be drawn.
    joined : bool
        Whether a line joins the points that exceed all before them.
    end_label : str
        What stands at the end of the fitted line.
    user_rows : frozenset of str
        The names that come from the user's files.
    """

    legend: str
    points: pd.DataFrame
    colour: str
    shape: str
    trend: Trend | None = None
    scale: float = 1.0
    joined: bool = False
    end_label: str = ""
    user_rows: frozenset[str] = frozenset()


def draw_timeline(
    groups: Sequence[Group],
    *,
    y_title: str,
    size: str,
    level: float,
    height_share: float = 1.0,
    others: pd.DataFrame | None = None,
    lines: pd.DataFrame | None = None,
    bands: pd.DataFrame | None = None,
    until: dt.date | None = None,
    legend: str = "top-left",
) -> alt.LayerChart:
    """Return points and lines over time on a logarithmic axis.

    Parameters
    ----------
    groups : sequence of Group
        What has a colour; drawn in this order.
    y_title : str
        Of the value axis, with the unit.
    size : str
        One of `memwall_trends.figures.theme.SIZES`.
    level : float
        Level of the bands.
    height_share : float
        Of the size's height.
    others : DataFrame, optional
        Points that are shown and not fitted: ``name, date, value, unit``.
    lines : DataFrame, optional
        Further lines: ``date, value, text``; the text stands at the end. Dashed, but solid where they have a
        ``colour`` of their own.
    bands : DataFrame, optional
        Further bands: ``date, low, high, band``; nested ones darken each other.
    until : date, optional
        Where the time axis ends at least.
    legend : str
        Where the legend is.
    """
    chosen = theme.find_size(size)
    height = round(height_share * chosen.height)
    points = pd.concat([_points(group) for group in groups], ignore_index=True)
    fits = [_line(group, level) for group in groups if group.trend is not None]
    fitted = pd.concat(fits, ignore_index=True) if fits else None
    grey = None if others is None or others.empty else _drawn(others, 1.0)
    dates = pd.to_datetime(
        pd.concat([points["date"], *[f["date"] for f in (lines, bands, grey) if f is not None]])
    )
    first, last = dates.min().date() - LEFT_MARGIN, dates.max().date() + RIGHT_MARGIN
    last = max(last, until) if until else last
    parts = [
        (points, "drawn"),
        (grey, "drawn"),
        (fitted, "fit"),
        (lines, "value"),
        (bands, "low"),
        (bands, "high"),
    ]
    drawn = [frame[column] for frame, column in parts if frame is not None]
    # Points and lines fit in; a far wider confidence band is cut off.
    shown = np.concatenate([np.asarray(each, dtype=np.float64) for each in drawn])
    domain = [float(shown.min()) / 2, float(shown.max()) * 1.5]
    plot = _Plot(first, last, domain, chosen.width, height)

    x = alt.X(
        "date:T",
        title=None,
        scale=alt.Scale(type="utc", domain=[first.isoformat(), last.isoformat()], nice=False),
        axis=alt.Axis(format="%Y", tickCount=6 if size == "column" else 12, grid=False),
    )
    y_axis: dict[str, Any] = {
        "title": y_title,
        "scale": alt.Scale(type="log", domain=domain, nice=False),
        "axis": value_axis(domain, height, min_extent=chosen.left - 2 * chosen.font_size),
    }
    order = [group.legend for group in groups]
    several = len(groups) > 1 or bool(groups[0].legend)
    inside = legend == "top-left" and size != "column"
    colour = alt.Color(
        "legend:N",
        scale=alt.Scale(domain=order, range=[group.colour for group in groups]),
        legend=alt.Legend(
            title=None,
            orient="top-left" if inside else "top",
            columns=1 if inside or size == "column" else 2,
            symbolOpacity=1,
        )
        if several
        else None,
    )
    shape = alt.Shape(
        "legend:N",
        scale=alt.Scale(domain=order, range=[group.shape for group in groups]),
        legend=alt.Undefined if several else None,
    )
    layers: list[alt.Chart] = []

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", **y_axis)

    if bands is not None:
        for _, band in bands.groupby("band", sort=False):
            layers.append(
                alt.Chart(_clip(band, domain))
                .mark_area(opacity=0.13, color=groups[0].colour)
                .encode(x=x, y=y("low"), y2="high:Q")
            )
    if fitted is not None:
        within = _clip(fitted, domain)
        layers += [
            alt.Chart(within).mark_area(opacity=0.15).encode(x=x, y=y("low"), y2="high:Q", color=colour),
            alt.Chart(within).mark_line(strokeWidth=2).encode(x=x, y=y("fit"), color=colour),
        ]
    joined = [select_frontier(group.points) for group in groups if group.joined]
    if joined:
        records = pd.concat(joined)["name"]
        layers.append(
            alt.Chart(points.loc[points["name"].isin(records), ["date", "drawn", "legend"]])
            .mark_line(strokeWidth=1.5)
            .encode(x=x, y=y("drawn"), color=colour)
        )
    hover = ["name", "date", "value", "unit"]
    if grey is not None:
        layers.append(
            alt.Chart(grey)
            .mark_point(filled=True, size=chosen.point, color=theme.FAINT, opacity=0.7, shape="circle")
            .encode(x=x, y=y("drawn"), tooltip=hover)
        )
    layers.append(
        alt.Chart(points[~points["user"]].drop(columns=["user", "label", "free"]))
        .mark_point(filled=True, size=chosen.point, opacity=0.9)
        .encode(x=x, y=y("drawn"), color=colour, shape=shape, tooltip=hover)
    )
    if lines is not None:
        for _, each in lines.groupby("text", sort=False):
            colour_of_line = _colour_of(each)
            look: dict[str, Any] = (
                {"color": colour_of_line} if colour_of_line else {"color": theme.MUTED, "strokeDash": [6, 4]}
            )
            layers.append(
                alt.Chart(each[["date", "value"]])
                .mark_line(strokeWidth=1.5, **look)
                .encode(x=x, y=y("value"))
            )
    mine = points[points["user"]]
    if not mine.empty:
        layers.append(
            alt.Chart(mine.drop(columns=["user", "label", "free"]))
            .mark_point(
                filled=True,
                size=4 * chosen.point,
                shape="diamond",
                opacity=1,
                stroke=theme.INK,
                strokeWidth=1.5,
            )
            .encode(x=x, y=y("drawn"), color=colour, tooltip=hover)
        )
    ends = _line_ends(groups, fitted, lines)
    labels = _place(plot, points, grey, fitted, lines, ends, chosen, len(order) if several and inside else 0)
    layers += _label_layers(labels, x, y("drawn"), colour, chosen)
    return alt.LayerChart(layer=layers, width=chosen.width, height=height)


def legend_label(trend: Trend, name: str, per: float, level: float) -> str:
    """Return what a legend says of a trend: its growth factor with the interval."""
    interval = format_interval(*trend.growth_interval(per, level), digits=3)
    return (
        f"{name}: {format_number(trend.growth_factor(per), 3)}x / {describe_period(per)} "
        f"({format_level(level)}: {interval})"
    )


def describe_line(trends: Sequence[Trend], level: float) -> str:
    """Return for a caption how the lines and their bands come about."""
    records = any(trend.frontier for trend in trends)
    return (
        "Lines: least squares of log10(value) on the date"
        + (", records only" if records else "")
        + f". Bands: {format_level(level)} confidence interval of the line."
        + (f" n = {', '.join(str(trend.n_obs) for trend in trends)}.")
    )


def describe_points(dataset: str, user_rows: frozenset[str] = frozenset()) -> str:
    """Return for a caption where the points are from."""
    theirs = " Large diamonds: the rows laid over them." if user_rows else ""
    return POINTS.get(dataset, f"Points: {dataset}.") + theirs


def series_title(series: str, dataset: str = defaults.DATASET) -> str:
    """Return what a reader calls a series."""
    return find_series(series, dataset).title


def find_user_rows(series: str, overlay: Sequence[str | Path]) -> frozenset[str]:
    """Return the names that the user's files have for a series."""
    frames = [read_overlay(path)[0] for path in overlay]
    return frozenset(name for frame in frames for name in frame.loc[frame["table"] == series, "name"])


def find_user_devices(overlay: Sequence[str | Path]) -> frozenset[str]:
    """Return the devices whose machine balance follows from the user's files."""
    return find_user_rows("peak_flops", overlay) & find_user_rows("dram_bandwidth", overlay)


def label_records(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return rows with a ``label`` for some that set records; it is left out where points are dense."""
    records = select_frontier(rows).sort_values("value", ascending=False)
    chosen = records.iloc[:: max(1, -(-len(records) // most))]
    return rows.assign(label=rows["name"].where(rows.index.isin(chosen.index), ""), label_is_free=True)


def rounded(numbers: Any) -> list[float]:
    """Return numbers with as many digits as a chart holds.

    Examples
    --------
    >>> rounded([1 / 3])
    [0.3333333]
    """
    return [float(f"{number:.{CHART_DIGITS}g}") for number in np.asarray(numbers, dtype=np.float64)]


def value_axis(domain: Sequence[float], height: float = 400, min_extent: float = 0) -> alt.Axis:
    """Return a logarithmic axis; its numbers are powers of ten where written out they would be long."""
    ticks = value_ticks(domain, height)
    if ticks and (max(ticks) > LONG or min(ticks) < 1 / LONG):
        power = "round(log(datum.value) / LN10)"
        digits = "'⁰¹²³⁴⁵⁶⁷⁸⁹'"
        first = f"floor(abs({power}) / 10)"
        tens = f"({first} > 0 ? substring({digits}, {first}, {first} + 1) : '')"
        ones = f"substring({digits}, abs({power}) % 10, abs({power}) % 10 + 1)"
        sign = f"({power} < 0 ? '⁻' : '')"
        return alt.Axis(values=ticks, labelExpr=f"'10' + {sign} + {tens} + {ones}", minExtent=min_extent)
    return alt.Axis(format=",~r", values=ticks, minExtent=min_extent)


def value_ticks(domain: Sequence[float], height: float = 400) -> list[float]:
    """Return powers of ten, and where they would be few, twice and five times each.

    Examples
    --------
    >>> value_ticks([0.9, 30])
    [1.0, 2.0, 5.0, 10.0, 20.0]
    """
    decades = np.log10(domain[1] / domain[0])
    steps = [1] if domain[1] / domain[0] > FEW_TICKS else [1, 2, 5]
    every = max(1, int(np.ceil(decades * 22 / height)))
    ticks = [
        float(f"{step}e{exponent}") for exponent in range(-9, 19) if exponent % every == 0 for step in steps
    ]
    return [tick for tick in ticks if domain[0] <= tick <= domain[1]]


@dataclass(frozen=True)
class _Plot:
    """From dates and values to pixels and back."""

    first: dt.date
    last: dt.date
    domain: list[float]
    width: float
    height: float

    def pixels(self, dates: Any, values: Any) -> NDArray[np.float64]:
        days = (pd.to_datetime(pd.Series(dates)).to_numpy("datetime64[D]") - np.datetime64(self.first)) / DAY
        share = np.log(np.asarray(values, dtype=np.float64) / self.domain[0]) / self._log_span
        return np.column_stack([days / self._days * self.width, self.height * (1 - share)])

    def back(self, x: float, y: float) -> tuple[str, float]:
        date = self.first + dt.timedelta(days=round(x / self.width * self._days))
        value = self.domain[0] * np.exp((1 - y / self.height) * self._log_span)
        return date.isoformat(), rounded([value])[0]

    @property
    def _days(self) -> int:
        return (self.last - self.first).days

    @property
    def _log_span(self) -> float:
        return float(np.log(self.domain[1] / self.domain[0]))


def _points(group: Group) -> pd.DataFrame:
    rows = _drawn(group.points, group.scale)
    labels = group.points["label"] if "label" in group.points else pd.Series("", index=group.points.index)
    user = group.points["name"].isin(group.user_rows).to_numpy(dtype=bool)
    free = "label_is_free" in group.points
    return rows.assign(
        label=np.where(user, group.points["name"], labels.fillna("")),
        user=user,
        free=free & ~user,
        legend=group.legend,
    )


def _drawn(rows: pd.DataFrame, scale: float) -> pd.DataFrame:
    return rows[["name", "value", "unit"]].assign(
        date=rows["date"].dt.strftime("%Y-%m-%d"), drawn=rounded(rows["value"] * scale)
    )


def _line(group: Group, level: float) -> pd.DataFrame:
    assert group.trend is not None
    days = pd.date_range(group.trend.first_date, group.trend.last_date, periods=LINE_POINTS).normalize()
    predicted = group.trend.predict(decimal_years(days.to_numpy()), level)
    columns = {"fit": "value", "low": "confidence_low", "high": "confidence_high"}
    return pd.DataFrame(
        {
            "date": days.strftime("%Y-%m-%d"),
            **{name: rounded(predicted[column] * group.scale) for name, column in columns.items()},
            "legend": group.legend,
        }
    )


def _clip(frame: pd.DataFrame, domain: list[float]) -> pd.DataFrame:
    return frame.assign(low=frame["low"].clip(*domain), high=frame["high"].clip(*domain))


def _colour_of(line: pd.DataFrame) -> str:
    return str(line["colour"].iloc[0]) if "colour" in line else ""


def _line_ends(
    groups: Sequence[Group], fitted: pd.DataFrame | None, lines: pd.DataFrame | None
) -> pd.DataFrame:
    """Return what stands at the ends of lines: ``date, drawn, label, legend, colour``."""
    frames = [pd.DataFrame(columns=["date", "drawn", "label", "legend", "colour"])]
    if lines is not None:
        ends = lines.groupby("text", sort=False).tail(1).rename(columns={"value": "drawn", "text": "label"})
        frames.append(ends[["date", "drawn", "label"]].assign(legend="", colour=ends.get("colour", "")))
    if fitted is not None:
        named = {group.legend: group.end_label for group in groups if group.end_label}
        ends = fitted[fitted["legend"].isin(named)].groupby("legend", sort=False).tail(1)
        ends = ends.assign(drawn=ends["fit"], label=ends["legend"].map(named))
        frames.append(ends[["date", "drawn", "label", "legend"]].assign(colour=""))
    return pd.concat([frame for frame in frames if not frame.empty] or frames, ignore_index=True)


def _place(
    plot: _Plot,
    points: pd.DataFrame,
    grey: pd.DataFrame | None,
    fitted: pd.DataFrame | None,
    lines: pd.DataFrame | None,
    ends: pd.DataFrame,
    size: theme.Size,
    n_legend: int,
) -> pd.DataFrame:
    """Return the labels with the date and the value at which each stands."""
    # The user's first, then line ends, then what the data or the figure wants labelled, the latest first.
    wanted = points.sort_values(["user", "date"], ascending=False, kind="stable")
    wanted = pd.concat([wanted[wanted["user"]], ends.assign(user=False, free=False), wanted[~wanted["user"]]])
    wanted = wanted[wanted["label"] != ""].fillna({"colour": ""})
    obstacles = [plot.pixels(points["date"], points["drawn"])]
    obstacles += [plot.pixels(grey["date"], grey["drawn"])] if grey is not None else []
    obstacles += [plot.pixels(fitted["date"], fitted["fit"])] if fitted is not None else []
    obstacles += [plot.pixels(lines["date"], lines["value"])] if lines is not None else []
    legend_width = max((len(text) for text in points["legend"]), default=0) * 0.55 * size.font_size + 30
    legend_box = (0.0, 0.0, legend_width, 1.6 * size.font_size * n_legend)
    placed = place_labels(
        wanted["label"].tolist(),
        plot.pixels(wanted["date"], wanted["drawn"]),
        obstacles=np.vstack(obstacles),
        width=plot.width,
        height=plot.height,
        font_size=size.label_size,
        most_covered=[COVERED_WHERE_FREE if free else COVERED_WHERE_LABELLED for free in wanted["free"]],
        reserved=[legend_box] if n_legend else [],
    )
    rows = [
        (
            *plot.back(label.x, label.y),
            *wanted[["label", "legend", "user", "colour"]].iloc[label.index],
            label.align,
        )
        for label in placed
    ]
    return pd.DataFrame(rows, columns=["date", "drawn", "text", "legend", "user", "colour", "align"])


def _label_layers(
    labels: pd.DataFrame, x: alt.X, y: alt.Y, colour: alt.Color, size: theme.Size
) -> list[alt.Chart]:
    layers = []
    for (align, user, own), rows in labels.groupby(["align", "user", "colour"], sort=True):
        for plain, part in rows.groupby(rows["legend"] == ""):
            text: dict[str, Any] = {"fontSize": size.label_size, "baseline": "middle", "align": str(align)}
            if user:
                text["fontWeight"] = "bold"
            if plain:
                text["color"] = str(own) or theme.MUTED
            shown = alt.Chart(part.drop(columns=["align", "user", "colour"])).mark_text(**text)
            encoded = shown.encode(x=x, y=y, text="text:N")
            layers.append(encoded if plain else encoded.encode(color=colour))
    return layers
