"""What stands to the right of a plot, where its lines end: names and rates, joined to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from memwall_trends.figures import theme
from memwall_trends.figures.lettering import LINE_HEIGHT, spread_ends, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.figures.canvas import Canvas, Group

COLUMNS = ["date", "drawn", "legend", "text", "colour", "width"]
LEADER = 1.3
"""From the plot to the text, in font sizes: room for the line that joins it to the end of its own."""


def gather_ends(groups: Sequence[Group], lines: pd.DataFrame | None, size: theme.Size) -> pd.DataFrame:
    """Return what stands at the ends of lines: ``date, drawn, legend, text, colour, width``.

    Parameters
    ----------
    groups : sequence of Group
        Those with a line and a label of its end.
    lines : DataFrame, optional
        Further lines, as of `memwall_trends.figures.canvas.Canvas.around`; those with a text.
    size : theme.Size

    Returns
    -------
    DataFrame
        A row a line; the width is that of the text with what stands before it, in pixels.
    """
    frames = []
    for group in groups:
        if group.trend is not None and group.end_label:
            end = group.line().tail(1).rename(columns={"fit": "drawn"})
            frames.append(end[["date", "drawn", "legend"]].assign(text=group.end_label, colour=group.colour))
    if lines is not None:
        ends = lines[lines["text"] != ""].groupby("text", sort=False).tail(1)
        frames.append(ends.rename(columns={"value": "drawn"}).assign(legend="", colour=_colour(ends)))
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    found = pd.concat(frames, ignore_index=True)
    texts = [break_interval(text) if size.narrow else text for text in found["text"]]
    widths = [
        max(text_width(line, size.label_size) for line in text.split("\n")) + LEADER * size.label_size
        for text in texts
    ]
    return found.assign(text=texts, width=widths)[COLUMNS]


def _colour(ends: pd.DataFrame) -> pd.Series | str:
    return ends["colour"].replace("", theme.MUTED) if "colour" in ends else theme.MUTED


def break_interval(text: str) -> str:
    r"""Return a label with the interval on a line of its own.

    Examples
    --------
    >>> break_interval("DRAM\n1.59x [1.45 to 1.75]")
    'DRAM\n1.59x\n[1.45 to 1.75]'
    """
    return text.replace(" [", "\n[")


def draw_ends(canvas: Canvas) -> list[alt.Chart]:
    """Return the texts to the right of the plot, and the thin lines that join each to the end of its own."""
    if canvas.ends.empty:
        return []
    size, ends = canvas.size, canvas.ends
    at = canvas.pixels(ends["date"], ends["drawn"])
    line_height = LINE_HEIGHT * size.label_size
    n_lines = [text.count("\n") + 1 for text in ends["text"]]
    middles = spread_ends(
        at[:, 1],
        [line_height * (n + 0.3) for n in n_lines],
        low=-line_height,
        high=canvas.height + line_height,
    )
    texts, leaders = [], []
    for (across, end), middle, n, row in zip(at, middles, n_lines, ends.itertuples(), strict=True):
        left = size.width + LEADER * size.label_size
        about = f"label of the line {str(row.legend) or str(row.text).splitlines()[0]}"
        said = {"text": str(row.text), "about": about, "colour": str(row.colour)}
        # The place of a text of several lines is that of its first.
        date, drawn = canvas.back(left, middle - (n - 1) / 2 * line_height)
        texts.append({"date": date, "drawn": drawn, **said})
        begin, (until, to) = canvas.back(across + 1, end), canvas.back(left - 0.2 * size.label_size, middle)
        leaders.append({"date": begin[0], "drawn": begin[1], "until": until, "to": to, **said})
    return [*_join(canvas, leaders), *_write(canvas, texts)]


def _join(canvas: Canvas, leaders: list[dict[str, Any]]) -> list[alt.Chart]:
    frame = pd.DataFrame(leaders).drop(columns=["text", "colour"])
    return [
        alt.Chart(frame)
        .mark_rule(strokeWidth=0.75, color=theme.FAINT)
        .encode(x=canvas.x, y=canvas.y("drawn"), x2="until:T", y2="to:Q", description="about:N")
    ]


def _write(canvas: Canvas, texts: list[dict[str, Any]]) -> list[alt.Chart]:
    size = canvas.size.label_size
    look: dict[str, Any] = {"fontSize": size, "lineHeight": LINE_HEIGHT * size, "lineBreak": "\n"}
    return [
        alt.Chart(rows.drop(columns="colour"))
        .mark_text(align="left", baseline="middle", color=str(colour), **look)
        .encode(x=canvas.x, y=canvas.y("drawn"), text="text:N", description="about:N")
        for colour, rows in pd.DataFrame(texts).groupby("colour", sort=False)
    ]
