"""Claims against fits: what the paper prints, and what others published."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import list_series
from memwall_trends.errors import MemwallError
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded, short_ticks
from memwall_trends.figures.captions import describe_points, series_title
from memwall_trends.figures.choices import refuse_choices
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.selection import Choose

OWN_POINTS = "the paper's points"
SHAPES = ("circle", "square", "diamond", "triangle-up")


def claim_against_fit(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Each printed rate of the paper against its own points and the readings of independent data to today.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.questions.claims.reproduce` and `memwall_trends.figures.hw_scaling`; no
        ``dataset``, as both are shown.

    Examples
    --------
    >>> type(claim_against_fit()).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.claims import describe_rule, reproduce

    if choose.pop("dataset", None) is not None:
        raise MemwallError("the figure claim-against-fit compares both datasets: leave out --dataset")
    chosen = theme.find_size(size)
    panels: list[alt.LayerChart] = []
    verdicts: list[str] = []
    claims: Any = reproduce(per=per, level=level, **choose).to_dict(orient="records")
    for row in claims:
        own = {**row, "reading": "the paper's points", "verdict": OWN_POINTS}
        readings = [each for each in row["readings"] if each["window"] == "today"]
        verdicts += [each["verdict"] for each in readings if not math.isnan(each["rate"])]
        rates = pd.DataFrame(
            [
                {
                    "fit": f"{each['reading']}: {format_number(each['rate'], 3)}x, n = {each['n_obs']}",
                    **{key: each[key] for key in ("rate", "ci_low", "ci_high", "verdict")},
                }
                for each in (own, *readings)
                if not math.isnan(each["rate"])
            ]
        )
        if len(rates):
            panels.append(_claim_panel(row, rates, chosen, per, legend=not panels))
    return theme.finish(
        panels,
        title=f"Rates of AI and Memory Wall, asked of independent data to today: {_count_verdicts(verdicts)}",
        subtitle=f"Growth factor per {describe_period(per)} with its {format_level(level)} interval, by "
        "what it is of; dashed: as the paper prints it. Server hardware unless it says consumer.",
        caption=f"A fit {describe_rule()}. Each panel has its own logarithmic scale. The paper's "
        "points: recovered from the figures of Gholami et al. (IEEE Micro 2024). The others: the tables of "
        "memwall-trends.",
        size=size,
        bare=bare,
        spacing=4,
    )


def published_claims(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Growth rates that others published against the curated data over the same time.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.questions.claims.check_claims`; of the choices ``overlay``, as claims are set
        against the curated data.

    Examples
    --------
    >>> type(published_claims()).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.claims import check_claims

    if choose.pop("dataset", defaults.DATASET) != defaults.DATASET:
        raise MemwallError("the figure published-claims is about the curated data: leave out --dataset")
    refuse_choices("published-claims", choose, allowed=("overlay",))
    chosen = theme.find_size(size)
    checked = check_claims(per=per, level=level, overlay=choose.get("overlay") or ())
    tested = checked[checked["rate"].notna()]
    panels = []
    for place, series in enumerate(name for name in list_series() if name in set(tested["series"])):
        part = tested[tested["series"] == series].sort_values("printed_rate")
        frame = pd.DataFrame(
            {
                "claim": part["claim"],
                "verdict": part["verdict"],
                **{name: rounded(part[name]) for name in ("rate", "ci_low", "ci_high", "printed_rate")},
            }
        )
        panels.append(_published_panel(frame, series, chosen, legend=place == 0))
    return theme.finish(
        panels,
        title="Published growth rates, asked of the curated data: "
        f"{_count_verdicts(list(tested['verdict']))}",
        subtitle=f"Growth factor per {describe_period(per)} over the time of each claim: ours with its "
        f"{format_level(level)} interval; tick: as published",
        caption="Each panel has its own logarithmic scale. 'data show claims' has each claim's source and "
        f"place in it. {describe_points(defaults.DATASET)}",
        size=size,
        bare=bare,
        spacing=6,
    )


def _count_verdicts(verdicts: Sequence[str]) -> str:
    """Return with how many claims the data agrees, from how many it differs, of how many it cannot tell."""
    from memwall_trends.questions.claims import AGREES, DIFFERS

    agree, differ = (sum(each == verdict for each in verdicts) for verdict in (AGREES, DIFFERS))
    rest = len(verdicts) - agree - differ
    return f"{agree} of {len(verdicts)} agree, {differ} differ, of {rest} the data cannot tell"


def _looks(*more: str) -> dict[str, str]:
    """Return the colour of each verdict, and of what stands beside them."""
    from memwall_trends.questions.claims import AGREES, DIFFERS, INCONCLUSIVE

    looks = {AGREES: theme.BLUE, DIFFERS: theme.VERMILLION, INCONCLUSIVE: theme.FAINT}
    return {**looks, **dict.fromkeys(more, theme.CHARCOAL)}


def _by_verdict(looks: dict[str, str], size: theme.Size, *, legend: bool) -> tuple[alt.Color, alt.Shape]:
    """Return how verdicts look: by colour, and by shape for those who do not see it."""
    columns = 2 if size.narrow else len(looks)
    shown = alt.Legend(title=None, orient="top", columns=columns) if legend else None
    return (
        alt.Color("verdict:N", scale=alt.Scale(domain=list(looks), range=list(looks.values())), legend=shown),
        alt.Shape(
            "verdict:N",
            scale=alt.Scale(domain=list(looks), range=list(SHAPES[: len(looks)])),
            legend=alt.Undefined if legend else None,
        ),
    )


def _claim_panel(
    row: dict[str, Any], rates: pd.DataFrame, chosen: theme.Size, per: float, *, legend: bool
) -> alt.LayerChart:
    rates = rates.assign(**{name: rounded(rates[name]) for name in ("rate", "ci_low", "ci_high")})
    colour, shape = _by_verdict(_looks(OWN_POINTS), chosen, legend=legend)
    printed = row["printed_rate"]
    domain = [
        min(float(rates["ci_low"].min()), printed) / 1.08,
        max(float(rates["ci_high"].max()), printed) * 1.08,
    ]
    x_axis: dict[str, Any] = {
        "title": None,
        "scale": alt.Scale(type="log", domain=domain, nice=False),
        "axis": alt.Axis(format=",~r", values=short_ticks(domain), grid=True),
    }
    y = alt.Y(
        "fit:N",
        sort=rates["fit"].tolist(),
        title=None,
        axis=alt.Axis(labelLimit=0, domain=False, ticks=False, minExtent=16 * chosen.font_size),
    )
    name = series_title(row["series"])
    title = alt.TitleParams(
        f"{name} (printed: {format_number(printed, 3)}x)",
        fontSize=chosen.font_size,
        anchor="start",
        offset=2,
    )
    return alt.LayerChart(
        layer=[
            alt.Chart(pd.DataFrame({"rate": [printed]}))
            .mark_rule(strokeDash=[5, 3], strokeWidth=1.5, color=theme.VERMILLION)
            .encode(x=alt.X("rate:Q", **x_axis)),
            alt.Chart(rates)
            .mark_rule(strokeWidth=2)
            .encode(x=alt.X("ci_low:Q", **x_axis), x2="ci_high:Q", y=y, color=colour),
            alt.Chart(rates)
            .mark_point(filled=True, size=1.5 * chosen.point, opacity=1)
            .encode(
                x=alt.X("rate:Q", **x_axis),
                y=y,
                color=colour,
                shape=shape,
                tooltip=["fit", "rate", "ci_low", "ci_high", "verdict"],
            ),
        ],
        width=round(0.68 * chosen.width),
        height=round(1.6 * chosen.font_size) * len(rates),
        title=title,
    )


def _published_panel(
    frame: pd.DataFrame,
    series: str,
    chosen: theme.Size,
    *,
    legend: bool,
) -> alt.LayerChart:
    shown = frame[["ci_low", "ci_high", "printed_rate"]]
    domain = [float(shown.min().min()) / 1.05, float(shown.max().max()) * 1.05]
    x_axis: dict[str, Any] = {
        "title": None,
        "scale": alt.Scale(type="log", domain=domain, nice=False),
        "axis": alt.Axis(format=",~r", values=short_ticks(domain), grid=True),
    }
    y = alt.Y(
        "claim:N",
        sort=frame["claim"].tolist(),
        title=None,
        axis=alt.Axis(
            labelLimit=0,
            labelFontSize=chosen.label_size,
            domain=False,
            ticks=False,
            minExtent=16 * chosen.font_size,
        ),
    )
    colour, shape = _by_verdict(_looks(), chosen, legend=legend)
    title = alt.TitleParams(series_title(series), fontSize=chosen.font_size, anchor="start", offset=2)
    base = alt.Chart(frame)
    return alt.LayerChart(
        layer=[
            base.mark_rule(strokeWidth=2).encode(
                x=alt.X("ci_low:Q", **x_axis), x2="ci_high:Q", y=y, color=colour
            ),
            base.mark_point(filled=True, size=1.5 * chosen.point, opacity=1).encode(
                x=alt.X("rate:Q", **x_axis),
                y=y,
                color=colour,
                shape=shape,
                tooltip=["claim", "rate", "printed_rate"],
            ),
            base.mark_tick(thickness=2, size=1.2 * chosen.font_size, color=theme.INK).encode(
                x=alt.X("printed_rate:Q", **x_axis), y=y
            ),
        ],
        width=round(0.62 * chosen.width),
        height=round(1.5 * chosen.font_size) * len(frame),
        title=title,
    )
