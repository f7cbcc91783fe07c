"""The figures: one registered function each, drawn from the `Trend` that the numbers come from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends import defaults, theme
from memwall_trends.datasets import find_series
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.growth import describe_period
from memwall_trends.trends import Trend, fit_trends
from memwall_trends.units import decimal_years, format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memwall_trends.selection import When, Where

POINTS = {
    defaults.PAPER: "Points: recovered from the figures of Gholami et al., AI and Memory Wall "
    "(IEEE Micro 2024).",
    defaults.DATASET: "Points: the curated tables of memwall-trends; each row names its source.",
}
SAVE_OPTIONS: dict[str, dict[str, Any]] = {"png": {"scale_factor": 2.0}, "html": {"inline": True}}
LINE_POINTS = 60
LEFT_MARGIN, RIGHT_MARGIN = dt.timedelta(days=800), dt.timedelta(days=1000)
FEW_TICKS = 1e4
CHART_DIGITS = 7
"""Significant digits of the numbers in a chart: more than a pixel shows, fewer than differ by machine."""


def hw_scaling(
    *,
    dataset: str = defaults.PAPER,
    since: When | None = None,
    until: When | None = None,
    where: Where | None = None,
    precision: str | None = None,
    frontier: bool = False,
    overlay: Sequence[str | Path] = (),
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
) -> alt.TopLevelMixin:
    """Scaling of peak FLOPS, DRAM bandwidth and interconnect bandwidth, after Gholami et al. (2024).

    Parameters
    ----------
    dataset, since, until, where, precision, frontier, overlay
        Which observations count; see `memwall_trends.trends.fit_trend`.
    per : float
        Period of the growth factors in the legend, in years.
    level : float
        Level of the bands, confidence intervals of the fitted mean.

    Returns
    -------
    altair.LayerChart
        Each series relative to its first observation, on a logarithmic axis.

    Examples
    --------
    >>> type(hw_scaling()).__name__
    'LayerChart'
    """
    looks = {
        "peak_flops": (theme.BLUE, "circle"),
        "dram_bandwidth": (theme.CHARCOAL, "square"),
        "interconnect_bandwidth": (theme.VERMILLION, "triangle-up"),
    }
    trends = fit_trends(
        list(looks),
        dataset=dataset,
        since=since,
        until=until,
        where=where,
        precision=precision,
        frontier=frontier,
        overlay=overlay,
    )
    legend = {trend.series: _legend_label(trend, dataset, per, level) for trend in trends}
    points = pd.concat([_points(trend, legend) for trend in trends])
    lines = pd.concat([_line(trend, legend, level) for trend in trends])
    domain = _value_domain(points, lines)
    lines = lines.assign(low=lines["low"].clip(*domain), high=lines["high"].clip(*domain))
    order = list(legend.values())
    x = alt.X(
        "date:T", title=None, scale=_time_scale(trends), axis=alt.Axis(format="%Y", tickCount=14, grid=False)
    )
    y = alt.Y(
        "low:Q",
        title="Relative to the first point of each series (log scale)",
        scale=alt.Scale(type="log", domain=domain, nice=False),
        axis=alt.Axis(format=",~r", values=_value_ticks(domain)),
    )
    colour = alt.Color(
        "legend:N",
        scale=alt.Scale(domain=order, range=[colour for colour, _ in looks.values()]),
        legend=alt.Legend(title=None, orient="top-left", symbolOpacity=1),
    )
    shape = alt.Shape("legend:N", scale=alt.Scale(domain=order, range=[shape for _, shape in looks.values()]))
    bands = alt.Chart(lines).mark_area(opacity=0.15).encode(x=x, y=y, y2="high:Q", color=colour)
    fits = alt.Chart(lines).mark_line(strokeWidth=2).encode(x=x, y="fit:Q", color=colour)
    marks = (
        alt.Chart(points)
        .mark_point(filled=True, size=45, opacity=0.9)
        .encode(x=x, y="relative:Q", color=colour, shape=shape, tooltip=["name", "date", "value", "unit"])
    )
    title = alt.TitleParams(
        "Scaling of peak FLOPS, DRAM bandwidth and interconnect bandwidth",
        subtitle=[
            POINTS.get(dataset, f"Points: {dataset}."),
            "Lines: least squares of log10(value) on the date. "
            f"Bands: {format_level(level)} confidence interval of the line.",
        ],
    )
    chart = alt.layer(bands, fits, marks, *_labels(points, x, colour)).properties(
        title=title,
        description=f"{title.text}. {'; '.join(order)}.",
        width=theme.PAGE_WIDTH,
        height=theme.PAGE_HEIGHT,
    )
    return theme.apply(chart)


def specification_curve(
    *,
    series: str = "peak_flops",
    dataset: str = defaults.DATASET,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    **choice: Any,
) -> alt.TopLevelMixin:
    """Growth of peak FLOPS under every defensible combination of choices (specification curve).

    Parameters
    ----------
    series, dataset, per, level, **choice
        As in `memwall_trends.sensitivity.run_sensitivity`; what is chosen is not varied.

    Returns
    -------
    altair.VConcatChart
        The rates by size with their intervals, and below them which options each is of.

    Examples
    --------
    >>> type(specification_curve(series="interconnect_bandwidth")).__name__
    'VConcatChart'
    """
    # Here, so that a figure of points alone does not wait for it.
    from memwall_trends.sensitivity import CHOICES, run_sensitivity

    fitted = run_sensitivity(series, dataset=dataset, per=per, level=level, **choice)
    curve = fitted.specifications.assign(place=fitted.specifications.index + 1)
    rates = curve[["place", "rate", "ci_low", "ci_high"]].assign(
        **{name: _rounded(curve[name]) for name in ("rate", "ci_low", "ci_high")}
    )
    median = float(curve["rate"].median())
    x = alt.X("place:Q", title=None, axis=None, scale=alt.Scale(domain=[0, len(curve) + 1], nice=False))
    domain = [float(rates["ci_low"].min()) / 1.05, float(rates["ci_high"].max()) * 1.05]
    axis: dict[str, Any] = {
        "title": f"Growth factor / {describe_period(per)} (log scale)",
        "scale": alt.Scale(type="log", domain=domain, nice=False),
        "axis": alt.Axis(format="~r", values=_value_ticks(domain), grid=True),
    }
    y = alt.Y("rate:Q", **axis)
    lines = [(median, f"median {format_number(median, 3)}x")]
    if not np.isnan(fitted.printed_rate):
        lines.append((fitted.printed_rate, f"paper {fitted.printed_rate:g}x"))
    rules = pd.DataFrame(lines, columns=["rate", "text"]).assign(place=0)
    top = alt.layer(
        alt.Chart(rates)
        .mark_rule(color=theme.BLUE, opacity=0.25)
        .encode(x=x, y=alt.Y("ci_low:Q", **axis), y2="ci_high:Q"),
        alt.Chart(rates).mark_circle(size=5, color=theme.CHARCOAL, opacity=1).encode(x=x, y=y),
        alt.Chart(rules).mark_rule(color=theme.VERMILLION, strokeDash=[5, 3]).encode(y=y),
        alt.Chart(rules)
        .mark_text(align="left", dx=4, dy=-7, color=theme.VERMILLION, fontSize=theme.LABEL_SIZE)
        .encode(x=x, y=y, text="text:N"),
    ).properties(width=theme.PAGE_WIDTH, height=260)
    varied = [name for name in CHOICES if name in curve and curve[name].nunique() > 1]
    panels = [_options_panel(curve, name, x) for name in varied]
    share = fitted.summary()["share_holding"]
    held = "" if np.isnan(share) else f" In {100 * share:.0f}% of them the printed rate holds."
    title = alt.TitleParams(
        f"{find_series(series, dataset).title}: its growth under {len(curve)} combinations of choices",
        subtitle=[
            f"Each dot is one combination, with its {format_level(level)} interval; "
            f"marks below say which.{held}",
            POINTS.get(dataset, f"Points: {dataset}."),
        ],
    )
    chart: alt.VConcatChart = (
        alt.vconcat(top, *panels, spacing=6).resolve_scale(x="shared").properties(title=title)
    )
    return theme.apply(chart)


def _options_panel(curve: pd.DataFrame, name: str, x: alt.X) -> alt.Chart:
    options = list(dict.fromkeys(curve[name]))
    panel: alt.Chart = (
        alt.Chart(curve[["place", name]])
        .mark_tick(thickness=0.8, bandSize=9, color=theme.CHARCOAL)
        .encode(
            x=x,
            y=alt.Y(
                f"{name}:N",
                title=name,
                sort=sorted(options),
                axis=alt.Axis(titleAngle=0, titleAlign="right", titleX=-130, domain=False, ticks=False),
            ),
        )
        .properties(width=theme.PAGE_WIDTH, height=13 * len(options))
    )
    return panel


FIGURES: dict[str, Callable[..., alt.TopLevelMixin]] = {
    "hw-scaling": hw_scaling,
    "specification-curve": specification_curve,
}
"""Every figure by the name that the user gives."""


def find_figure(name: str) -> Callable[..., alt.TopLevelMixin]:
    """Return the function that draws a figure.

    Raises
    ------
    MemwallError
        If there is none of that name; the message names the known ones.

    Examples
    --------
    >>> find_figure("hw-scaling").__name__
    'hw_scaling'
    """
    if name not in FIGURES:
        raise unknown("figure", name, FIGURES)
    return FIGURES[name]


def save_figure(chart: alt.TopLevelMixin, path: str | Path) -> Path:
    """Write a chart in the format that the path's ending names, and return the path.

    Parameters
    ----------
    chart : altair.LayerChart
        Of this module.
    path : str or Path
        Ends in one of `memwall_trends.defaults.FIGURE_FORMATS`: ``html`` works without a network, ``json`` is
        the Vega-Lite specification.

    Raises
    ------
    MemwallError
        If the format is not known or the file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> save_figure(hw_scaling(), Path(mkdtemp()) / "figure.json").name
    'figure.json'
    """
    path = Path(path)
    format_ = path.suffix.removeprefix(".")
    if format_ not in defaults.FIGURE_FORMATS:
        raise unknown("format", format_, defaults.FIGURE_FORMATS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        chart.save(str(path), **SAVE_OPTIONS.get(format_, {}))
    except OSError as error:
        raise MemwallError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _legend_label(trend: Trend, dataset: str, per: float, level: float) -> str:
    interval = format_interval(*trend.growth_interval(per, level), digits=3)
    return (
        f"{find_series(trend.series, dataset).title}: {format_number(trend.growth_factor(per), 3)}x / "
        f"{describe_period(per)} ({format_level(level)}: {interval})"
    )


def _points(trend: Trend, legend: dict[str, str]) -> pd.DataFrame:
    rows = trend.observations
    columns = rows[["name", "value", "unit"]].assign(label=rows.get("label", ""))
    return columns.assign(
        date=rows["date"].dt.strftime("%Y-%m-%d"),
        relative=_rounded(rows["value"] / _first_value(trend)),
        legend=legend[trend.series],
    )


def _line(trend: Trend, legend: dict[str, str], level: float) -> pd.DataFrame:
    days = pd.date_range(trend.first_date, trend.last_date, periods=LINE_POINTS).normalize()
    predicted = trend.predict(decimal_years(days.to_numpy()), level)
    columns = {"fit": "value", "low": "confidence_low", "high": "confidence_high"}
    return pd.DataFrame(
        {
            "date": days.strftime("%Y-%m-%d"),
            **{name: _rounded(predicted[column] / _first_value(trend)) for name, column in columns.items()},
            "legend": legend[trend.series],
        }
    )


def _time_scale(trends: list[Trend]) -> alt.Scale:
    """Return a scale with room beside the outermost points for their labels."""
    first = min(trend.first_date for trend in trends) - LEFT_MARGIN
    last = max(trend.last_date for trend in trends) + RIGHT_MARGIN
    return alt.Scale(type="utc", domain=[first.isoformat(), last.isoformat()], nice=False)


def _value_domain(points: pd.DataFrame, lines: pd.DataFrame) -> list[float]:
    """Return the range of the value axis: points and lines fit in, a far wider band is cut off."""
    shown = [*points["relative"], *lines["fit"]]
    return [min(shown) / 2, max(shown) * 1.5]


def _value_ticks(domain: list[float]) -> list[float]:
    """Return powers of ten, and where they would be few, twice and five times each."""
    steps = [1] if domain[1] / domain[0] > FEW_TICKS else [1, 2, 5]
    return [step * 10.0**exponent for exponent in range(-9, 16) for step in steps]


def _first_value(trend: Trend) -> float:
    return float(trend.observations.sort_values("date", kind="stable")["value"].iloc[0])


def _rounded(numbers: pd.Series) -> list[float]:
    return [float(f"{number:.{CHART_DIGITS}g}") for number in np.asarray(numbers, dtype=np.float64)]


def _labels(points: pd.DataFrame, x: alt.X, colour: alt.Color) -> Iterable[alt.Chart]:
    """Return the printed labels as text layers, one for each place about its point."""
    places: dict[str, dict[str, Any]] = {
        "above": {"align": "center", "dx": 0, "dy": -11},
        "below": {"align": "center", "dx": 0, "dy": 14},
        "left": {"align": "right", "dx": -8, "dy": 0},
        "right": {"align": "left", "dx": 8, "dy": 1},
        "above left": {"align": "right", "dx": 0, "dy": -11},
    }
    chosen = {
        "R10000": "left",
        "Pentium II Xeon": "right",
        "Itanium 2": "above left",
        "TPUv4": "right",
        "H100": "right",
        "GDDR3": "below",
        "HBM2E": "right",
        "PCIe 1.0a": "left",
        "PCIe 2.0": "below",
        "PCIe 3.0": "below",
        "NVLink 1.0": "above left",
        "PCIe 5.0": "below",
        "NVLink 4.0": "right",
    }
    labelled = points[points["label"] != ""]
    place = labelled["label"].map(chosen).fillna("above")
    for name, offset in places.items():
        rows = labelled[place == name]
        if not rows.empty:
            yield (
                alt.Chart(rows)
                .mark_text(fontSize=theme.LABEL_SIZE, baseline="middle", **offset)
                .encode(x=x, y="relative:Q", text="label:N", color=colour)
            )
