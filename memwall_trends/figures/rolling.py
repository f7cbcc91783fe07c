"""Growth by rolling ten years, and the year at which it changed, if it did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from memwall_trends import defaults
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded, say_ticks, short_ticks
from memwall_trends.figures.captions import describe_points
from memwall_trends.figures.findings import in_sentence, join_words
from memwall_trends.figures.lettering import LINE_HEIGHT, text_width
from memwall_trends.figures.stability import series_and_balance
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from memwall_trends.questions.stability import Break
    from memwall_trends.selection import Choose

RATES = ["rate", "ci_low", "ci_high"]


def rolling_rates(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Growth by rolling ten years, with the year at which it changed, if it did.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> type(rolling_rates(since=2000)).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.stability import WINDOW_YEARS, fit_break
    from memwall_trends.questions.stability import rolling_rates as roll

    dataset = choose.setdefault("dataset", defaults.DATASET)
    asked = series_and_balance(choose)
    rates = {name: roll(data, per=per, level=level) for name, data in asked.items()}
    kinks = {name: fit_break(data, level=level) for name, data in asked.items()}
    panel = _Panel.around(rates, kinks, size, per)
    clusters = {kink.cluster for kink in kinks.values()}
    by_cluster = " by clusters of architecture" if "architecture" in clusters else ""
    return theme.finish(
        [
            panel.draw(name, rates[name], kinks[name], colour)
            for name, colour in zip(asked, theme.COLOURS, strict=False)
        ],
        title=_say_breaks(kinks),
        subtitle=f"Growth factor per {describe_period(per)} of the {WINDOW_YEARS} years up to each point, "
        f"with its {format_level(level)} interval",
        caption="Windows overlap, so that neighbours are alike. Dashed, shaded: year of the break and its "
        f"interval, where the test{by_cluster} rejects that there is none. "
        f"{'; '.join(_describe(name, kink) for name, kink in kinks.items())}. {describe_points(dataset)}",
        size=size,
        bare=bare,
        spacing=8,
    )


@dataclass(frozen=True)
class _Panel:
    """What the panels of all series share: the years, the margin to the right, the size."""

    years: list[float]
    margin: float
    size: theme.Size
    per: float

    @classmethod
    def around(
        cls, rates: Mapping[str, pd.DataFrame], kinks: Mapping[str, Break], size: str, per: float
    ) -> _Panel:
        chosen = theme.find_size(size)
        until = pd.concat([frame["until"] for frame in rates.values()])
        broken = [kink for kink in kinks.values() if _is_broken(kink)]
        ends = [end for kink in broken for end in (kink.year_low, kink.year_high)]
        years = [min(float(until.min()), *ends, 9999) - 0.5, max(float(until.max()), *ends, 0) + 0.5]
        texts = [line for frame in rates.values() for line in _say_last(frame).split("\n")]
        margin = max(text_width(text, chosen.label_size) for text in texts) + chosen.label_size
        return cls(years, margin, chosen.beside(margin), per)

    def draw(self, name: str, rates: pd.DataFrame, kink: Break, colour: str) -> alt.LayerChart:
        last = _say_last(rates)
        rates = rates[["until", "n_obs", *RATES]]
        rates = rates.assign(**{key: rounded(rates[key]) for key in ("until", *RATES)})
        domain = [float(rates["ci_low"].min()) / 1.05, float(rates["ci_high"].max()) * 1.05]
        x, y = self._axes(domain)
        base = alt.Chart(rates)
        until = alt.X("until:Q", **x)
        layers = [
            *(self._shade(kink, domain, x, y) if _is_broken(kink) else []),
            base.mark_area(opacity=0.18, color=colour).encode(
                x=until, y=alt.Y("ci_low:Q", **y), y2="ci_high:Q"
            ),
            base.mark_line(strokeWidth=2, color=colour).encode(x=until, y=alt.Y("rate:Q", **y)),
            base.mark_point(
                filled=True, size=self.size.point, color=colour, opacity=1, shape="circle"
            ).encode(x=until, y=alt.Y("rate:Q", **y), tooltip=["until", "n_obs", *RATES]),
            self._say(last, rates.iloc[-1:], colour, x, y),
        ]
        return alt.LayerChart(
            layer=layers,
            width=self.size.width,
            height=round(0.3 * self.size.height),
            title=alt.TitleParams(name, fontSize=self.size.font_size, anchor="start", color=colour, offset=2),
        )

    def _axes(self, domain: list[float]) -> tuple[dict[str, Any], dict[str, Any]]:
        x = {
            "title": None,
            "scale": alt.Scale(domain=self.years, nice=False, zero=False),
            "axis": alt.Axis(format="d", tickCount=5 if self.size.narrow else 12, grid=False),
        }
        y = {
            "title": None,
            "scale": alt.Scale(type="log", domain=domain, nice=False),
            "axis": say_ticks(
                short_ticks(domain)[:: 2 if self.size.narrow else 1], "x", 3 * self.size.font_size
            ),
        }
        return x, y

    def _shade(self, kink: Break, domain: list[float], x: Any, y: Any) -> list[alt.Chart]:
        ends = rounded([kink.year_low, kink.year_high])
        shaded = pd.DataFrame({"until": ends, "low": domain[0], "high": domain[1]})
        return [
            alt.Chart(shaded)
            .mark_area(opacity=0.3, color=theme.PALE)
            .encode(x=alt.X("until:Q", **x), y=alt.Y("low:Q", **y), y2="high:Q"),
            alt.Chart(pd.DataFrame({"until": rounded([kink.year])}))
            .mark_rule(strokeDash=[5, 3], strokeWidth=1.5, color=theme.MUTED)
            .encode(x=alt.X("until:Q", **x)),
        ]

    def _say(self, text: str, last: pd.DataFrame, colour: str, x: Any, y: Any) -> alt.Chart:
        """Return what stands to the right of the last window: the text, as the axis goes on."""
        size = self.size.label_size
        beyond = self.years[1] + 0.6 * size / self.size.width * (self.years[1] - self.years[0])
        said: alt.Chart = (
            alt.Chart(
                last[["rate"]].assign(until=rounded([beyond]), text=text, about=f"label of the line {text}")
            )
            .mark_text(
                align="left",
                baseline="middle",
                color=colour,
                fontSize=size,
                lineBreak="\n",
                lineHeight=LINE_HEIGHT * size,
            )
            .encode(x=alt.X("until:Q", **x), y=alt.Y("rate:Q", **y), text="text:N", description="about:N")
        )
        return said


def _is_broken(kink: Break) -> bool:
    from memwall_trends.questions.stability import NO_BREAK

    return kink.verdict != NO_BREAK


def _say_last(rates: pd.DataFrame) -> str:
    """Return the rate of the last window."""
    row = rates.iloc[-1]
    rate, interval = format_number(row["rate"], 3), format_interval(row["ci_low"], row["ci_high"], digits=3)
    return f"to {math.floor(row['until'])}: {rate}x\n[{interval}]"


def _describe(name: str, kink: Break) -> str:
    told = (
        f"{kink.verdict} in {kink.year:.0f} ({kink.describe_years(digits=0)})"
        if _is_broken(kink)
        else kink.verdict
    )
    return f"{name}: {told}, p = {kink.p_value:.2g}"


def _say_breaks(kinks: Mapping[str, Break]) -> str:
    """Return whose growth changed and when, and of which no break is seen."""
    broken = {name: kink for name, kink in kinks.items() if _is_broken(kink)}
    said = [
        f"growth of {in_sentence(name)} {each.verdict} in {each.year:.0f}" for name, each in broken.items()
    ]
    steady = [in_sentence(name) for name in kinks if name not in broken]
    said += [f"of {join_words(steady)} no break is seen"] if steady else []
    sentence = "; ".join(said)
    return sentence[0].upper() + sentence[1:]
