"""How much of the growth depends on choices, and how far its projections held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import TooFewObservations
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded, value_ticks
from memwall_trends.figures.captions import describe_points, series_title
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_level, format_number

if TYPE_CHECKING:
    from typing import Unpack

    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose, Selection

FEW_PAIRS = 10
MOST_CUT = 0.005
"""Share of the intervals that may reach beyond the scale at either end."""


def specification_curve(
    *,
    series: str = "peak_flops",
    method: str | Method | None = None,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Growth of peak FLOPS under every defensible combination of choices (specification curve).

    Parameters
    ----------
    series, method, per, level, **choose
        As in `memwall_trends.questions.sensitivity.run_sensitivity`; what is chosen is not varied.
    size, bare
        As of `memwall_trends.figures.hw_scaling`.

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
    from memwall_trends.questions.sensitivity import run_sensitivity
    from memwall_trends.questions.specifications import CHOICES

    chosen = theme.find_size(size)
    dataset = choose.setdefault("dataset", defaults.DATASET)
    fitted = run_sensitivity(series, method=method, per=per, level=level, **choose)
    curve = fitted.specifications.assign(place=fitted.specifications.index + 1)
    rates = curve[["place", "rate", "ci_low", "ci_high"]].assign(
        **{name: rounded(curve[name]) for name in ("rate", "ci_low", "ci_high")}
    )
    median = float(curve["rate"].median())
    x = alt.X("place:Q", title=None, axis=None, scale=alt.Scale(domain=[0, len(curve) + 1], nice=False))
    domain, beyond = _curve_domain(rates)
    rates = rates.assign(**{name: rates[name].clip(*domain) for name in ("ci_low", "ci_high")})
    axis: dict[str, Any] = {
        "title": f"Growth factor / {describe_period(per)} (log scale)",
        "scale": alt.Scale(type="log", domain=domain, nice=False),
        "axis": alt.Axis(format="~r", values=value_ticks(domain), grid=True),
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
        alt.Chart(rules[["rate"]]).mark_rule(color=theme.VERMILLION, strokeDash=[5, 3]).encode(y=y),
        alt.Chart(rules)
        .mark_text(align="left", dx=4, dy=-7, color=theme.VERMILLION, fontSize=chosen.label_size)
        .encode(x=x, y=y, text="text:N"),
    ).properties(width=chosen.width, height=round(0.6 * chosen.height))
    varied = [name for name in CHOICES if name in curve and curve[name].nunique() > 1]
    longest = max((len(option) for name in varied for option in curve[name].unique()), default=0)
    panels = [_options_panel(curve, name, x, chosen, longest) for name in varied]
    cut = f" The intervals of {beyond} reach beyond the scale." if beyond else ""
    summary = fitted.summary()
    agreeing, differing = summary["share_agreeing"], summary["share_differing"]
    told = (
        ""
        if np.isnan(agreeing)
        else f" {agreeing:.0%} of them agree with the printed rate, {differing:.0%} differ; the rest cannot "
        "tell."
    )
    return theme.finish(
        [top, *panels],
        title=f"{series_title(series, dataset)} grew {format_number(rates['rate'].min(), 3)}x to "
        f"{format_number(rates['rate'].max(), 3)}x per {describe_period(per)} under {len(curve):,} "
        f"combinations of choices, half of them {format_number(median, 3)}x or more",
        subtitle=f"Growth factor per {describe_period(per)} of each combination, from the lowest to the "
        "highest",
        caption=f"Each dot is one combination, with its {format_level(level)} interval; marks below say "
        f"which.{told}{cut} "
        f"{describe_points(dataset)}",
        size=size,
        bare=bare,
        spacing=6,
    )


def backtest_coverage(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """How often prediction intervals of earlier trends held, the usual and the calibrated one.

    Parameters
    ----------
    per
        Without effect.
    level : float
        Of the intervals.
    size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> type(backtest_coverage(until=2020)).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.backtest import run_backtest
    from memwall_trends.questions.calibration import FEW_ORIGINS

    chosen = theme.find_size(size)
    dataset = choose.setdefault("dataset", defaults.DATASET)
    stated = format_level(level)
    rows: list[dict[str, Any]] = []
    for name, data in series_and_balance(choose).items():
        leads = run_backtest(data).leads(level)
        told = leads[leads["n_origins"] >= FEW_ORIGINS]
        for column, title in (
            ("raw_coverage", f"Share in the usual {stated} interval"),
            ("nested_coverage", f"Share in the calibrated {stated} one"),
        ):
            rows += [
                {"series": name, "interval": title, "lead": lead, "coverage": coverage}
                for lead, coverage in zip(told["lead_years"], told[column], strict=True)
                if not np.isnan(coverage)
            ]
    frame = pd.DataFrame(rows)
    frame = frame.assign(coverage=rounded(frame["coverage"]))
    names = list(dict.fromkeys(frame["series"]))
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=list(theme.COLOURS[: len(names)])),
        legend=alt.Legend(title=None, orient="top", columns=1 if size == "column" else 3),
    )
    shape = alt.Shape("series:N", scale=alt.Scale(domain=names, range=list(theme.SHAPES[: len(names)])))
    panels = []
    for panel, part in frame.groupby("interval", sort=False):
        low = min(float(frame["coverage"].min()), level) - 0.05
        x = alt.X(
            "lead:Q",
            title="Years ahead",
            scale=alt.Scale(domain=[0, 10.5], nice=False),
            axis=alt.Axis(values=sorted(frame["lead"].unique().tolist()), grid=False),
        )
        y = alt.Y(
            "coverage:Q",
            title=str(panel),
            scale=alt.Scale(domain=[round(low, 2), 1], nice=False),
            axis=alt.Axis(format="%", tickCount=5),
        )
        goals = pd.DataFrame({"coverage": [level]})
        panels.append(
            alt.layer(
                alt.Chart(goals).mark_rule(strokeDash=[5, 3], color=theme.MUTED).encode(y=y),
                alt.Chart(part).mark_line(strokeWidth=1.5).encode(x=x, y=y, color=colour),
                alt.Chart(part)
                .mark_point(filled=True, size=2 * chosen.point, opacity=1)
                .encode(x=x, y=y, color=colour, shape=shape),
            ).properties(width=chosen.width, height=round(0.45 * chosen.height))
        )
    return theme.finish(
        panels,
        title=_say_coverage(frame, level),
        subtitle="Share of later devices within the prediction interval of an earlier trend, by years "
        "ahead; dashed: the share that is stated",
        caption="At each New Year the trend of what was known predicts the devices of the years after it; "
        "least squares; each New Year counts the same. Below the dashed line, the share that is stated, "
        f"intervals were too narrow. Calibrated: each time by the errors known before. Shares of fewer than "
        f"{FEW_ORIGINS} New Years are left out. "
        f"{describe_points(dataset)}",
        size=size,
        bare=bare,
    )


def _say_coverage(frame: pd.DataFrame, level: float) -> str:
    """Return of how many devices the usual intervals held, and the calibrated ones."""
    ends = frame.groupby("interval", sort=False)["coverage"].agg(["min", "max"])
    said = [f"{low:.0%} to {high:.0%}" for low, high in ends.itertuples(index=False)]
    calibrated = f"; calibrated ones {said[1]}" if len(said) > 1 else ""
    return f"Prediction intervals of {format_level(level)} held {said[0]} of later devices{calibrated}"


def _curve_domain(rates: pd.DataFrame) -> tuple[list[float], int]:
    """Return a scale that a few very wide intervals do not flatten, and how many of them it cuts."""
    low, high = rates["ci_low"], rates["ci_high"]
    domain = [
        min(float(rates["rate"].min()), float(low.quantile(MOST_CUT))) / 1.05,
        max(float(rates["rate"].max()), float(high.quantile(1 - MOST_CUT))) * 1.05,
    ]
    return domain, int(((low < domain[0]) | (high > domain[1])).sum())


def _options_panel(curve: pd.DataFrame, name: str, x: alt.X, chosen: theme.Size, longest: int) -> alt.Chart:
    options = list(dict.fromkeys(curve[name]))
    # Hardly wider than its place, so that a row is as dark as it has marks.
    thickness = min(0.8, 2 * chosen.width / len(curve))
    beside = -(theme.CHARACTER_WIDTH * longest + 2) * chosen.font_size
    panel: alt.Chart = (
        alt.Chart(curve[["place", name]])
        .mark_tick(thickness=thickness, bandSize=9, opacity=1, color=theme.CHARCOAL)
        .encode(
            x=x,
            y=alt.Y(
                f"{name}:N",
                title=name,
                sort=sorted(options),
                axis=alt.Axis(titleAngle=0, titleAlign="right", titleX=beside, domain=False, ticks=False),
            ),
        )
        .properties(width=chosen.width, height=round(1.1 * chosen.font_size) * len(options))
    )
    return panel


def series_and_balance(choose: Choose) -> dict[str, Selection]:
    """Return peak FLOPS, DRAM bandwidth and machine balance by what they are called.

    Examples
    --------
    >>> list(series_and_balance({"dataset": "curated"}))
    ['Peak FLOPS', 'DRAM bandwidth', 'Machine balance']
    """
    from dataclasses import replace

    from memwall_trends.questions.gap import select_ratio
    from memwall_trends.selection import select_each

    # Records are fitted as they are here, not set anew.
    found = {
        series_title(chosen.name, chosen.dataset): replace(chosen, candidates=None, in_window=None)
        for chosen in select_each(["peak_flops", "dram_bandwidth"], **choose)
    }
    if not choose.get("frontier"):
        try:
            balance = select_ratio("peak_flops", "dram_bandwidth", **choose)
        except TooFewObservations:
            return found
        if len(balance.observations) >= FEW_PAIRS:
            found["Machine balance"] = balance
    return found
