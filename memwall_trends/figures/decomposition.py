"""How much of the growth is growth within a class of devices, and how much is one class replacing another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.conditions import describe_where
from memwall_trends.figures import theme
from memwall_trends.figures.axes import rounded, short_ticks
from memwall_trends.figures.captions import describe_points, series_title
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from memwall_trends.questions.decomposition import Decomposition
    from memwall_trends.selection import Choose

SERIES = ("peak_flops", "dram_bandwidth", "memory_capacity")
SEGMENT = "server"
"""Whose devices are shown unless the user says otherwise."""
COLOURS = {"within": theme.BLUE, "mix": theme.VERMILLION, "pooled": theme.CHARCOAL}
ROW = 1.9
"""Height of a bar's row, in font sizes."""
PLOT_SHARE, GAP = 0.85, 5
"""Width of the plot, of that of the size, and pixels from a bar to its text."""


def decomposition(
    *,
    by: str = "product_class",
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Growth within classes of server hardware, and what the changing mix of classes adds or takes.

    Parameters
    ----------
    by, level, **choose
        As of `memwall_trends.questions.decomposition.decompose`; server hardware unless a ``segment`` is
        chosen.
    per, size, bare
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> type(decomposition()).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.decomposition import decompose
    from memwall_trends.selection import gather_where, select_each

    chosen = theme.find_size(size)
    dataset = choose.setdefault("dataset", defaults.DATASET)
    if not {"segment", "segment!"} & set(gather_where(choose)):
        choose["segment"] = SEGMENT
    parted = [decompose(each, by, level=level) for each in select_each(SERIES, **choose)]
    conditions = gather_where(choose)
    dates = pd.concat([each.selection.observations["date"] for each in parted])
    frames = [_frame(each, per) for each in parted]
    x_axis = _find_axis(pd.concat(frames), chosen)
    group = by.replace("_", " ")
    return theme.finish(
        [
            _panel(frame, series_title(each.selection.name, dataset), x_axis, chosen)
            for each, frame in zip(parted, frames, strict=True)
        ],
        title=_find_title(parted, group, conditions.get("segment", [])),
        subtitle=f"Growth factor per {describe_period(per)} within each {group}, by the mix of them, and of "
        f"all, with its {format_level(level)} interval; {dates.min():%Y} to {dates.max():%Y}",
        caption=f"One logarithmic scale. Within: least squares with an intercept for each {group}. "
        "Mix: from where within ends, what the changing shares of the groups add or take; the two lead "
        f"to pooled. Whiskers: percentiles of {parted[0].draws:,} resamples"
        f"{f' of the {parted[0].cluster}s' if parted[0].cluster else ''}. "
        f"n = {', '.join(str(each.n_obs) for each in parted)}; "
        f"{describe_where(conditions)}. "
        f"{describe_points(dataset)}",
        size=size,
        bare=bare,
        spacing=4,
    )


def _frame(parted: Decomposition, per: float) -> pd.DataFrame:
    """Return the bars of a series; that of the mix starts where that of within ends."""
    rows = parted.summary(per).set_index("part").loc[list(COLOURS)].reset_index()
    start = [1.0, float(rows["rate"][0]), 1.0]
    return pd.DataFrame(
        {
            "part": rows["part"],
            "start": rounded(start),
            **{
                name: rounded(rows[column] * start)
                for name, column in (("end", "rate"), ("low", "low"), ("high", "high"))
            },
            "text": [
                f"{format_number(rate, 3)}x [{format_interval(low, high, digits=3)}]"
                for rate, low, high in zip(rows["rate"], rows["low"], rows["high"], strict=True)
            ],
        }
    )


def _find_axis(frame: pd.DataFrame, chosen: theme.Size) -> dict[str, Any]:
    """Return what the value axis of all panels is made with: it has room for the text after a bar."""
    ends = frame[["start", "end", "low", "high"]]
    low, high = float(ends.min().min()) / 1.03, float(ends.max().max())
    text = frame["text"].str.len().max() * theme.CHARACTER_WIDTH * chosen.label_size + 2 * GAP
    bars = 1 - text / (PLOT_SHARE * chosen.width)
    return {
        "title": None,
        "scale": alt.Scale(type="log", domain=rounded([low, low * (high / low) ** (1 / bars)]), nice=False),
        "axis": alt.Axis(format=",~r", values=short_ticks([low, high]), grid=True),
    }


def _panel(frame: pd.DataFrame, title: str, x_axis: dict[str, Any], chosen: theme.Size) -> alt.LayerChart:
    y = alt.Y(
        "part:N",
        sort=list(COLOURS),
        title=None,
        axis=alt.Axis(domain=False, ticks=False, minExtent=round(4.5 * chosen.font_size)),
    )
    colour = alt.Color(
        "part:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), legend=None
    )
    # Rules, as a bar starts from zero and a logarithmic axis has none.
    base = alt.Chart(frame.assign(beside=frame[["start", "end", "high"]].max(axis=1)))
    bars = base.mark_rule(strokeWidth=chosen.font_size, opacity=0.45)
    whiskers = base.mark_rule(strokeWidth=1.5)
    ends = base.mark_tick(thickness=3, size=1.3 * chosen.font_size, opacity=1)
    texts = base.mark_text(align="left", dx=GAP, fontSize=chosen.label_size)
    return alt.LayerChart(
        layer=[
            bars.encode(x=alt.X("start:Q", **x_axis), x2="end:Q", y=y, color=colour),
            whiskers.encode(x=alt.X("low:Q", **x_axis), x2="high:Q", y=y, color=colour),
            ends.encode(x=alt.X("end:Q", **x_axis), y=y, color=colour),
            texts.encode(x=alt.X("beside:Q", **x_axis), y=y, text="text:N", color=colour),
        ],
        width=round(PLOT_SHARE * chosen.width),
        height=round(ROW * chosen.font_size) * len(frame),
        title=alt.TitleParams(title, fontSize=chosen.font_size, anchor="start", offset=2),
    )


def _find_title(parted: Sequence[Decomposition], group: str, segments: Sequence[str]) -> str:
    """Return what the intervals of the mix say: whose growth it adds to, and from whose it takes."""
    adds, takes = [], []
    for each in parted:
        low, high = each.mix.growth_interval(level=each.level)
        name = series_title(each.selection.name, each.selection.dataset)
        name = name if name[:2].isupper() else name[0].lower() + name[1:]
        adds += [name] if low > 1 else []
        takes += [name] if high < 1 else []
    says = " and ".join(
        f"{verb} the growth of {' and '.join(names)}"
        for verb, names in (("adds to", adds), ("takes from", takes))
        if names
    )
    whose = f"{' and '.join(segments)} hardware: a" if segments else "a"
    title = f"{whose} changing mix by {group} {says or 'is not seen to change growth'}"
    return title[0].upper() + title[1:]
