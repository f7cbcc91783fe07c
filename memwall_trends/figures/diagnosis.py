"""What a line leaves over, in four plots: by date, against a normal distribution, scatter and influence."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import list_series
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded, short_ticks
from memwall_trends.figures.captions import describe_points, series_title
from memwall_trends.figures.labels import draw_labels
from memwall_trends.figures.layers import point_radius
from memwall_trends.figures.lettering import LINE_HEIGHT
from memwall_trends.figures.placement import Scene, Wanted
from memwall_trends.fitting.diagnosis import NOTABLE

if TYPE_CHECKING:
    from typing import Unpack

    from memwall_trends.fitting.diagnosis import Diagnosis
    from memwall_trends.fitting.least_squares import Floats
    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.residuals import Check
    from memwall_trends.selection import Choose, Data

MOST_NAMED = 4
"""How many observations are named."""
USUAL_AREA, NOTABLE_AREA = 0.5, 1.2
"""Of a point, in those of the size."""
SMOOTHED, FEW_SMOOTHED = 0.5, 20
"""Share of the points that a smoothed value is made of, and how many there must be."""
CONTOUR_POINTS = 60


def diagnosis(
    *,
    series: Data = "peak_flops",
    method: str | Method = "ols",
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Residuals of the trend of peak FLOPS: by date, normality, scatter and influential devices.

    Parameters
    ----------
    series, method, **choose
        As of `memwall_trends.fitting.trends.fit_trend`; least squares.
    per
        Without effect.
    level : float
        A p value below 1 - level is a sign.
    size, bare
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> type(diagnosis(dataset="gholami2024")).__name__
    'VConcatChart'
    """
    from memwall_trends.fitting.trends import fit_trend

    return draw_diagnosis(fit_trend(series, method=method, **choose).diagnose(level), size=size, bare=bare)


def draw_diagnosis(
    diagnosed: Diagnosis, *, size: str = defaults.FIGURE_SIZE, bare: bool = False
) -> alt.VConcatChart:
    """Return the four plots of a diagnosis: below each other in a column, else two by two.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> trend = fit_trend("dram_bandwidth", dataset="gholami2024")
    >>> type(draw_diagnosis(trend.diagnose(), size="column")).__name__
    'VConcatChart'
    """
    chosen = theme.find_size(size)
    points = _measure(diagnosed)
    panel = _Panel.of(chosen, alone=size == "column")
    normal, scatter, runs = diagnosed.checks[:3]
    panels = [
        _by_date(panel, points, runs),
        _quantiles(panel, points, normal),
        _scatter(panel, points, scatter),
        _influence(panel, points, diagnosed),
    ]
    grid: list[Any] = (
        panels
        if size == "column"
        else [alt.hconcat(*panels[row : row + 2], spacing=chosen.font_size) for row in (0, 2)]
    )
    name, dataset = diagnosed.fitted["series"], diagnosed.fitted["dataset"]
    known = dataset in (defaults.DATASET, defaults.PAPER) and name in list_series(dataset)
    title = series_title(name, dataset) if known else name
    return theme.finish(
        grid,
        title=f"{title}: {diagnosed.verdict.partition('; ')[0].partition(', in squared')[0]}",
        subtitle="What the line leaves over, in four plots; diamonds: observations that the line hangs on. "
        f"{diagnosed.n_obs:,} observations.",
        caption=f"{diagnosed.described}. Diamonds: Cook's distance above {NOTABLE}/n. "
        + ("Solid: smoothed (lowess). " if len(points) >= FEW_SMOOTHED else "")
        + f"Dashed: on the line; normal; Cook's distance of {NOTABLE}/n. "
        f"{describe_points(dataset)}",
        size=size,
        spacing=chosen.font_size,
        bare=bare,
    )


@dataclass(frozen=True)
class _Panel:
    """The size of one of the plots, and what they have in common."""

    size: theme.Size
    width: int
    height: int
    alone: bool

    @classmethod
    def of(cls, chosen: theme.Size, *, alone: bool) -> _Panel:
        if alone:
            return cls(chosen, chosen.width, round(0.5 * chosen.height), alone)
        return cls(chosen, (chosen.width - chosen.left) // 2, round(0.5 * chosen.height), alone)

    def title(self, text: str, meaning: str) -> alt.TitleParams:
        """Return a heading with what the plot says below it, two lines so that headings of a row align."""
        size = self.size.label_size
        room = int((self.width + self.size.left / 2) / (theme.CHARACTER_WIDTH * size))
        lines = textwrap.wrap(meaning, room)
        return alt.TitleParams(
            text,
            subtitle=lines if self.alone else [*lines, ""][:2],
            fontSize=self.size.font_size,
            subtitleFontSize=size,
            subtitleColor=theme.MUTED,
            anchor="start",
            frame="group",
            offset=4,
        )

    def axis(self, field: str, domain: list[float], title: str | None = None, *, log: bool = False) -> alt.Y:
        """Return a vertical axis."""
        extent = round(2.6 * self.size.font_size)
        if log:
            ticks = short_ticks(domain)
            if len(ticks) * LINE_HEIGHT * self.size.font_size > self.height:
                ticks = [tick for tick in ticks if np.log10(tick) % 1 == 0]
            axis = alt.Axis(format=",~r", values=ticks, grid=True, minExtent=extent)
        else:
            axis = alt.Axis(format="~g", tickCount=5, grid=True, minExtent=extent)
        return alt.Y(f"{field}:Q", title=title, scale=_scale(domain, log=log), axis=axis)

    def layer(self, layers: list[alt.Chart], title: alt.TitleParams) -> alt.LayerChart:
        return alt.LayerChart(layer=layers, width=self.width, height=self.height, title=title)

    def draw_points(self, points: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
        """Return the points, the influential ones on top in a colour and a shape of their own."""
        looks: tuple[dict[str, Any], ...] = (
            # Without a text of its own for each, which would be most of the file.
            {
                "color": theme.BLUE,
                "shape": "circle",
                "size": USUAL_AREA * self.size.point,
                "opacity": 0.5,
                "aria": False,
            },
            {
                "color": theme.VERMILLION,
                "shape": "diamond",
                "size": NOTABLE_AREA * self.size.point,
                "opacity": 1,
            },
        )
        parts = [points[points["notable"] == notable] for notable in (False, True)]
        tooltip = [name for name in ("name", "date", "source") if name in points]
        return [
            alt.Chart(part).mark_point(filled=True, **look).encode(x=x, y=y, tooltip=tooltip)
            for part, look in zip(parts, looks, strict=True)
            if len(part)
        ]

    def name_points(
        self, points: pd.DataFrame, x: alt.X, y: alt.Y, frame: _Frame, lines: list[pd.DataFrame]
    ) -> list[alt.Chart]:
        """Return the names of the most influential points, each beside its own or joined to it."""
        if "name" not in points:
            return []
        size, at = self.size.label_size, frame.pixels(points)
        radii = point_radius(np.where(points["notable"], NOTABLE_AREA, USUAL_AREA) * self.size.point)
        named = [str(name) for name in points["name"].head(MOST_NAMED)]
        wanted = [
            Wanted(
                name,
                [(float(across), float(down))],
                float(radius),
                colour=theme.INK,
                about=f"label of {name}",
            )
            for name, (across, down), radius in zip(named, at, radii, strict=False)
        ]
        drawn = [("line", frame.pixels(line)) for line in lines]
        scene = Scene(self.width, self.height, np.column_stack([at, radii]), lines=drawn)
        return draw_labels(wanted, scene, size, x=x, y=y, back=frame.back)


@dataclass(frozen=True)
class _Frame:
    """What lies where in a plot: two columns and the ends of their axes."""

    panel: _Panel
    fields: tuple[str, str]
    across: list[float]
    up: list[float]
    log: bool = False

    def pixels(self, points: pd.DataFrame) -> Floats:
        """Return where points lie, from the top left of the plot, of shape (n, 2)."""
        x, y = (np.asarray(points[field], dtype=np.float64) for field in self.fields)
        low, high = self._ends()
        height = ((np.log10(y) if self.log else y) - low) / (high - low)
        share = (x - self.across[0]) / (self.across[1] - self.across[0])
        return np.column_stack([share * self.panel.width, self.panel.height * (1 - height)])

    def back(self, x: float, y: float) -> tuple[float, float]:
        """Return what lies at a pixel."""
        low, high = self._ends()
        value = low + (1 - y / self.panel.height) * (high - low)
        first = self.across[0] + x / self.panel.width * (self.across[1] - self.across[0])
        return rounded([first])[0], rounded([10**value if self.log else value])[0]

    def _ends(self) -> tuple[float, float]:
        low, high = np.log10(self.up) if self.log else self.up
        return float(low), float(high)


def _measure(diagnosed: Diagnosis) -> pd.DataFrame:
    """Return what is drawn of each observation, the most influential first."""
    from scipy.stats import norm

    rows = diagnosed.observations
    residuals = rows["residual_log10"].to_numpy(dtype=np.float64)
    scaled = residuals / np.sqrt((residuals**2).mean())
    ranks = np.argsort(np.argsort(scaled, kind="stable"), kind="stable") + 1
    # Blom's plotting positions: about the mean of each order statistic.
    quantiles = norm.ppf((ranks - 0.375) / (len(rows) + 0.25))
    told = [name for name in ("name", "source") if name in rows]
    return rows[told].assign(
        date=rows["date"].dt.strftime("%Y-%m-%d"),
        year=rounded(rows["year"]),
        factor=rounded(10**residuals),
        deviation=rounded(scaled),
        distance=rounded(np.abs(scaled)),
        quantile=rounded(quantiles),
        leverage=rounded(rows["leverage"]),
        standardized=rounded(rows["standardized"]),
        notable=(rows["cooks_distance"] > NOTABLE / len(rows)).to_numpy(),
    )


def _by_date(panel: _Panel, points: pd.DataFrame, check: Check) -> alt.LayerChart:
    years, factors = _spread(points["year"]), _spread(points["factor"], log=True)
    x, y = _years(years), panel.axis("factor", factors, "Value / line", log=True)
    smoothed = _smooth(points, "factor", log=True)
    frame = _Frame(panel, ("year", "factor"), years, factors, log=True)
    one = alt.Chart(pd.DataFrame({"factor": [1.0]})).mark_rule(strokeDash=[5, 3], color=theme.MUTED)
    layers = [
        one.encode(y=y),
        *panel.draw_points(points, x, y),
        *(_draw_line(line, x, y) for line in smoothed),
        *panel.name_points(points, x, y, frame, smoothed),
    ]
    return panel.layer(layers, panel.title("Residuals by date", _tell(check)))


def _quantiles(panel: _Panel, points: pd.DataFrame, check: Check) -> alt.LayerChart:
    across, up = _spread(points["quantile"]), _spread(points["deviation"])
    x = _across("quantile", across, "Normal quantile")
    y = panel.axis("deviation", up, "Standard deviations")
    ends = rounded([max(across[0], up[0]), min(across[1], up[1])])
    same = pd.DataFrame({"quantile": ends, "deviation": ends})
    layers = [_draw_line(same, x, y, dashed=True), *panel.draw_points(points, x, y)]
    return panel.layer(layers, panel.title("Against a normal distribution", _tell(check)))


def _scatter(panel: _Panel, points: pd.DataFrame, check: Check) -> alt.LayerChart:
    years, distances = _spread(points["year"]), [0.0, _spread(points["distance"])[1]]
    x, y = _years(years), panel.axis("distance", distances, "Standard deviations")
    smoothed = (_draw_line(line, x, y) for line in _smooth(points, "distance"))
    return panel.layer(
        [*panel.draw_points(points, x, y), *smoothed],
        panel.title("Distance from the line by date", _tell(check)),
    )


def _influence(panel: _Panel, points: pd.DataFrame, diagnosed: Diagnosis) -> alt.LayerChart:
    points = points[np.isfinite(points["standardized"])]
    across, up = [0.0, 1.06 * float(points["leverage"].max())], _spread(points["standardized"])
    x = _across("leverage", across, "Leverage")
    y = panel.axis("standardized", up, "Standardized residual")
    contours = _contours(diagnosed, across, up)
    frame = _Frame(panel, ("leverage", "standardized"), across, up)
    layers = [
        *(_draw_line(side, x, y, dashed=True) for side in contours),
        *panel.draw_points(points, x, y),
        *panel.name_points(points, x, y, frame, contours),
    ]
    said = f"{diagnosed.n_influential} of {diagnosed.n_obs:,} have a Cook's distance above {NOTABLE}/n"
    return panel.layer(layers, panel.title("Influence on the line", said))


def _contours(diagnosed: Diagnosis, across: list[float], up: list[float]) -> list[pd.DataFrame]:
    """Return where Cook's distance, r^2 h / (k (1 - h)), is 4/n: above and below, where in sight."""
    n_coefficients = diagnosed.observations["leverage"].sum()
    leverage = np.linspace(across[1] / CONTOUR_POINTS, min(across[1], 0.999), CONTOUR_POINTS)
    high = np.sqrt(NOTABLE / diagnosed.n_obs * n_coefficients * (1 - leverage) / leverage)
    sides = []
    for side in (high, -high):
        seen = (side >= up[0]) & (side <= up[1])
        if seen.sum() > 1:
            sides.append(
                pd.DataFrame({"leverage": rounded(leverage[seen]), "standardized": rounded(side[seen])})
            )
    return sides


def _smooth(points: pd.DataFrame, field: str, *, log: bool = False) -> list[pd.DataFrame]:
    """Return a smooth line through points over time; none through few."""
    from statsmodels.nonparametric.smoothers_lowess import lowess

    if len(points) < FEW_SMOOTHED:
        return []
    values = np.asarray(points[field], dtype=np.float64)
    smoothed = lowess(np.log10(values) if log else values, points["year"], frac=SMOOTHED)
    line = pd.DataFrame(smoothed, columns=["year", field]).drop_duplicates("year").dropna()
    heights = 10 ** line[field] if log else line[field]
    return [line.assign(**{"year": rounded(line["year"]), field: rounded(heights)})]


def _draw_line(line: pd.DataFrame, x: alt.X, y: alt.Y, *, dashed: bool = False) -> alt.Chart:
    look: dict[str, Any] = {"strokeWidth": 1.5, "color": theme.CHARCOAL}
    if dashed:
        look = {"strokeWidth": 1, "color": theme.MUTED, "strokeDash": [5, 3]}
    drawn: alt.Chart = alt.Chart(line).mark_line(**look).encode(x=x, y=y)
    return drawn


def _years(domain: list[float]) -> alt.X:
    axis = alt.Axis(format="d", tickCount=5, grid=False)
    return alt.X("year:Q", title=None, scale=_scale(domain), axis=axis)


def _across(field: str, domain: list[float], title: str) -> alt.X:
    axis = alt.Axis(format="~g", tickCount=5, grid=False)
    return alt.X(f"{field}:Q", title=title, scale=_scale(domain), axis=axis)


def _scale(domain: list[float], *, log: bool = False) -> alt.Scale:
    ends = rounded(domain)
    if log:
        return alt.Scale(type="log", domain=ends, nice=False)
    return alt.Scale(domain=ends, nice=False, zero=False)


def _spread(values: Any, *, log: bool = False) -> list[float]:
    """Return the ends of an axis with some room around values."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = np.log10(numbers) if log else numbers
    room = 0.06 * (float(np.ptp(numbers)) or 1.0)
    low, high = float(numbers.min()) - room, float(numbers.max()) + room
    return [10**low, 10**high] if log else [low, high]


def _tell(check: Check) -> str:
    from memwall_trends.fitting.diagnosis import find_p_value

    p_value = find_p_value(check)
    told = check.meaning[0].upper() + check.meaning[1:]
    # The spaces do not part "p = 0.01" at the end of a line.
    return told if np.isnan(p_value) else f"{told} (p\u00a0=\u00a0{p_value:.2g})"
