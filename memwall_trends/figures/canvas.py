"""Where points over time are drawn: the axes, colours and shapes that all layers of a chart share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded, value_axis
from memwall_trends.figures.ends import gather_ends
from memwall_trends.figures.lettering import text_width
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from memwall_trends.fitting.trends import Trend

LINE_POINTS = 60
LEFT_MARGIN, RIGHT_MARGIN, LITTLE = (dt.timedelta(days=days) for days in (500, 700, 150))
"""Before the first point, and after the last: where nothing stands to the right of the plot, and else."""
DAY = np.timedelta64(1, "D")


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
    end_label : str
        What stands at the end of the fitted line, to the right of the plot; may have several lines.
    user_rows : frozenset of str
        The names that come from the user's files.
    shown_rows : DataFrame, optional
        The user's rows that are drawn and not fitted; by default those of the trend.
    """

    legend: str
    points: pd.DataFrame
    colour: str
    shape: str
    trend: Trend | None = None
    scale: float = 1.0
    end_label: str = ""
    user_rows: frozenset[str] = frozenset()
    shown_rows: pd.DataFrame | None = None

    def line(self, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return the fitted line with its confidence interval, as drawn: ``date, fit, low, high, legend``."""
        if self.trend is None:
            return pd.DataFrame(columns=["date", "fit", "low", "high", "legend"])
        days = pd.date_range(self.trend.first_date, self.trend.last_date, periods=LINE_POINTS).normalize()
        predicted = self.trend.predict(decimal_years(days.to_numpy()), level)
        columns = {"fit": "value", "low": "confidence_low", "high": "confidence_high"}
        return pd.DataFrame(
            {
                "date": days.strftime("%Y-%m-%d"),
                **{name: rounded(predicted[column] * self.scale) for name, column in columns.items()},
                "legend": self.legend,
            }
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Canvas:
    """A plot over time with a logarithmic axis that has room for all that is drawn; `around` makes it.

    Attributes
    ----------
    groups : sequence of Group
    points : DataFrame
        Those of all groups: ``name, date, value, unit, drawn, legend, label``, and whether a point is the
        ``user``'s and its label ``free`` to be left out.
    others, lines, bands : DataFrame, optional
        As of `around`; others with ``drawn``.
    ends : DataFrame
        What stands to the right of the plot, as of `memwall_trends.figures.ends.gather_ends`.
    size : theme.Size
        Whose width is that of the plot.
    height : int
        Of the plot, which may be a share of the size's.
    first, last : date
        The ends of the time axis.
    domain : list of float
        The ends of the value axis.
    x : altair.X
    y_axis : dict
        What each channel of the value axis is made with, as `y` does.
    colour, shape : altair.Color, altair.Shape
    legend_lines : int
        How many lines the legend takes within the plot.
    """

    groups: Sequence[Group]
    points: pd.DataFrame
    others: pd.DataFrame | None
    lines: pd.DataFrame | None
    bands: pd.DataFrame | None
    ends: pd.DataFrame
    size: theme.Size
    height: int
    first: dt.date
    last: dt.date
    domain: list[float]
    x: alt.X
    y_axis: dict[str, Any]
    colour: alt.Color
    shape: alt.Shape
    legend_lines: int

    @classmethod
    def around(
        cls,
        groups: Sequence[Group],
        *,
        y_title: str,
        size: str,
        unit: str = "",
        height_share: float = 1.0,
        widest_tick: str = "",
        others: pd.DataFrame | None = None,
        lines: pd.DataFrame | None = None,
        bands: pd.DataFrame | None = None,
        legend: str = "top-left",
    ) -> Canvas:
        """Return a canvas with room for groups, their lines, and what else is drawn.

        Parameters
        ----------
        groups : sequence of Group
            What has a colour; in the order of the legend.
        y_title : str
            Of the value axis.
        size : str
            One of `memwall_trends.figures.theme.SIZES`.
        unit : str
            Of the ticks of the value axis.
        height_share : float
            Of the size's height.
        widest_tick : str
            Of all panels below each other, so that these align.
        others : DataFrame, optional
            Points that are shown and not fitted: ``name, date, value, unit``.
        lines : DataFrame, optional
            Further lines: ``date, value, text``; the text stands to the right of the plot, where they end.
            Dashed, but solid where they have a ``colour`` of their own.
        bands : DataFrame, optional
            Further bands: ``date, low, high, band``; nested ones darken each other.
        legend : str
            Where the legend is: ``top-left`` in the plot where it is wide enough, or on ``top`` of it.
        """
        chosen = theme.find_size(size)
        height = round(height_share * chosen.height)
        ends = gather_ends(groups, lines, chosen)
        chosen = chosen.beside(ends["width"].max() if len(ends) else 0)
        points = pd.concat([_points(group) for group in groups], ignore_index=True)
        grey = None if others is None or others.empty else _drawn(others, 1.0)
        parts = [(points, "drawn"), *((group.line(), "fit") for group in groups if group.trend)]
        further = [(grey, "drawn"), (lines, "value"), (bands, "low"), (bands, "high")]
        parts += [(frame, column) for frame, column in further if frame is not None]
        dates = pd.to_datetime(pd.concat([frame["date"] for frame, _ in parts]))
        after = RIGHT_MARGIN if ends.empty else LITTLE
        first, last = dates.min().date() - LEFT_MARGIN, dates.max().date() + after
        # Points and lines fit in; a far wider confidence band is cut off.
        shown = np.concatenate([np.asarray(frame[column], dtype=np.float64) for frame, column in parts])
        domain = [float(shown.min()) / 2, float(shown.max()) * 1.5]
        narrow = chosen.narrow
        inside = legend == "top-left" and not narrow
        # A legend says what the ends of lines do not.
        named = [group.legend for group in groups if group.legend and not (group.end_label and group.trend)]
        extent = max(chosen.left - 2 * chosen.font_size, text_width(widest_tick, chosen.font_size) + 7)
        colour, shape = _looks(groups, named, inside, 1 if inside or narrow else 2)
        return cls(
            groups=groups,
            points=points,
            others=grey,
            lines=lines,
            bands=bands,
            ends=ends,
            size=chosen,
            height=height,
            first=first,
            last=last,
            domain=domain,
            x=alt.X(
                "date:T",
                title=None,
                scale=alt.Scale(type="utc", domain=[first.isoformat(), last.isoformat()], nice=False),
                axis=alt.Axis(format="%Y", tickCount=6 if narrow else 12, grid=False),
            ),
            y_axis={
                "title": y_title,
                "scale": alt.Scale(type="log", domain=domain, nice=False),
                "axis": value_axis(domain, height, extent, unit),
            },
            colour=colour,
            shape=shape,
            legend_lines=len(named) if inside else 0,
        )

    def layer(self, *parts: Sequence[alt.Chart]) -> alt.LayerChart:
        """Return a chart of layers, each part over those before it."""
        layers = [layer for part in parts for layer in part]
        return alt.LayerChart(layer=layers, width=self.size.width, height=self.height)

    def y(self, field: str) -> alt.Y:
        """Return the channel that puts a column on the value axis."""
        return alt.Y(f"{field}:Q", **self.y_axis)

    def clip(self, band: pd.DataFrame) -> pd.DataFrame:
        """Return a band, ``low`` to ``high``, cut off at the ends of the value axis."""
        return band.assign(low=band["low"].clip(*self.domain), high=band["high"].clip(*self.domain))

    def pixels(self, dates: Any, values: Any) -> NDArray[np.float64]:
        """Return where dates and values lie, in pixels from the top left of the plot, of shape (n, 2)."""
        days = (pd.to_datetime(pd.Series(dates)).to_numpy("datetime64[D]") - np.datetime64(self.first)) / DAY
        share = np.log(np.asarray(values, dtype=np.float64) / self.domain[0]) / self._log_span
        return np.column_stack([days / self._days * self.size.width, self.height * (1 - share)])

    def back(self, x: float, y: float) -> tuple[str, float]:
        """Return the date and the value that lie at a pixel."""
        date = self.first + dt.timedelta(days=round(x / self.size.width * self._days))
        value = self.domain[0] * np.exp((1 - y / self.height) * self._log_span)
        return date.isoformat(), rounded([value])[0]

    @property
    def _days(self) -> int:
        return (self.last - self.first).days

    @property
    def _log_span(self) -> float:
        return float(np.log(self.domain[1] / self.domain[0]))


def _points(group: Group) -> pd.DataFrame:
    points = _with_shown(group)
    rows = _drawn(points, group.scale)
    labels = points["label"] if "label" in points else pd.Series("", index=points.index)
    user = points["shown"] | points["name"].isin(group.user_rows)
    free = "label_is_free" in group.points
    return rows.assign(
        label=np.where(user, points["name"], labels.fillna("")),
        user=user,
        free=free & ~user,
        legend=group.legend,
    )


def _with_shown(group: Group) -> pd.DataFrame:
    """Return the points of a group, and the rows that are drawn with them and not fitted."""
    shown = group.shown_rows
    if shown is None and group.trend is not None:
        shown = group.trend.shown_rows
    points = group.points.assign(shown=False)
    if shown is None or shown.empty:
        return points
    added = shown.reindex(columns=[*group.points.columns]).assign(shown=True)
    for column in ("name", "unit"):
        added[column] = shown[column].astype("str") if column in shown else ""
    if "label" in points:
        added["label"] = ""
    return pd.concat([points, added], ignore_index=True)


def _drawn(rows: pd.DataFrame, scale: float) -> pd.DataFrame:
    return rows[["name", "value", "unit"]].assign(
        date=rows["date"].dt.strftime("%Y-%m-%d"), drawn=rounded(rows["value"] * scale)
    )


def _looks(
    groups: Sequence[Group], named: Sequence[str], inside: bool, columns: int
) -> tuple[alt.Color, alt.Shape]:
    """Return the channels that give each group its colour and its shape, with a legend where it has names."""
    order = [group.legend for group in groups]
    legend = alt.Legend(
        title=None,
        orient="top-left" if inside else "top",
        columns=columns,
        symbolOpacity=1,
        values=list(named),
    )
    colour = alt.Color(
        "legend:N",
        scale=alt.Scale(domain=order, range=[group.colour for group in groups]),
        legend=legend if named else None,
    )
    shape = alt.Shape(
        "legend:N",
        scale=alt.Scale(domain=order, range=[group.shape for group in groups]),
        legend=alt.Undefined if named else None,
    )
    return colour, shape
