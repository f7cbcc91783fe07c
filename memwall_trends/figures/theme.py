"""The look that all figures share: colours, sizes, title above and caption below."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

# After Okabe and Ito (jfly.uni-koeln.de/color), dark enough for text. Simulated for the three kinds of colour
# blindness (Machado et al. 2009), the first three stay 40 or more apart (CIE 1976), also where blue and green
# do not. Where more are needed, a shape and a direct label tell them apart as well.
BLUE, VERMILLION, CHARCOAL = "#0072B2", "#BF4E00", "#333333"
GREEN, PURPLE, OCHRE = "#00734F", "#A33A7E", "#7D6200"
COLOURS = (BLUE, VERMILLION, CHARCOAL, GREEN, PURPLE, OCHRE)
SHAPES = ("circle", "triangle-up", "square", "diamond", "triangle-down", "cross")
INK, MUTED, GRID, FAINT = "#1a1a1a", "#555555", "#e6e6e6", "#9a9a9a"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
CHARACTER_WIDTH = 0.48
"""Mean width of a character of running text, in font sizes."""


@dataclass(frozen=True)
class Size:
    """How large a figure is drawn.

    Attributes
    ----------
    width, height : int
        Of the plot without axes and texts, in CSS pixels (1/96 inch).
    font_size : int
        Of the ticks and labels, the same unit.
    left : int
        About what the axis to the left of the plot takes.
    point : int
        Area of a point, in square pixels.
    width_in : float
        Of the whole figure in print, in inches; all in it is scaled to that.
    height_in : float, optional
        Of a page that it is centred on; else it is as high as it comes out.
    """

    width: int
    height: int
    font_size: int
    left: int
    point: int
    width_in: float
    height_in: float | None = None

    @property
    def label_size(self) -> int:
        """Font size of labels beside points."""
        return self.font_size - 1

    def wrap(self, text: str, font_size: float) -> list[str]:
        """Return a text in lines as wide as the figure.

        Examples
        --------
        >>> len(SIZES["column"].wrap("word " * 30, 10))
        3
        """
        return textwrap.wrap(text, int((self.width + self.left) / (CHARACTER_WIDTH * font_size)))


SIZES = {
    "column": Size(width=270, height=210, font_size=10, left=56, point=22, width_in=3.33),
    "page": Size(width=720, height=440, font_size=12, left=70, point=45, width_in=6.75),
    "slide": Size(width=1000, height=480, font_size=18, left=100, point=90, width_in=40 / 3, height_in=7.5),
}
"""A column and the text width of a printed page, and a slide of 16:9, by the user's name."""


def find_size(name: str) -> Size:
    """Return the size of that name.

    Raises
    ------
    MemwallError
        If there is none; the message names the known ones.

    Examples
    --------
    >>> find_size("column").font_size
    10
    """
    if name not in SIZES:
        raise unknown("size", name, SIZES)
    return SIZES[name]


def find_printed_size(specification: dict[str, Any]) -> Size | None:
    """Return the size that a figure is drawn for, or nothing if it is no figure of `finish`.

    Examples
    --------
    >>> find_printed_size({"usermeta": {"size": "column"}}).width_in
    3.33
    """
    return SIZES.get(specification.get("usermeta", {}).get("size", ""))


def finish(
    panels: Sequence[alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart],
    *,
    title: str,
    caption: str,
    size: str = defaults.FIGURE_SIZE,
    spacing: int = 12,
) -> alt.VConcatChart:
    """Return panels below each other in the common look, the title above and the caption below.

    Parameters
    ----------
    panels : sequence of charts
    title, caption : str
        Broken into lines as wide as the figure; also the description that a screen reader gives.
    size : str
        One of `SIZES`.
    spacing : int
        Pixels between panels.
    """
    import altair as alt

    chosen = find_size(size)
    text: dict[str, Any] = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": chosen.font_size,
        "titleFontSize": chosen.font_size,
    }
    heading = round(1.3 * chosen.font_size)
    below = alt.TitleParams(
        chosen.wrap(caption, chosen.label_size),
        orient="bottom",
        anchor="start",
        fontSize=chosen.label_size,
        fontWeight="normal",
        color=MUTED,
        offset=12,
    )
    # An outer frame, as one chart has one title only.
    inner = (
        alt.vconcat(*panels, spacing=spacing)
        .resolve_scale(color="independent", shape="independent")
        .properties(
            title=alt.TitleParams(
                chosen.wrap(title, 1.15 * heading), fontSize=heading, anchor="start", offset=12
            )
        )
    )
    chart: alt.VConcatChart = (
        alt.vconcat(inner)
        .resolve_scale(color="independent", shape="independent")
        .properties(title=below, description=f"{title}. {caption}", usermeta={"size": size})
        .configure(font=FONT, background="white", padding=12)
        .configure_view(stroke=None)
        .configure_axis(**text, titleFontWeight="normal", gridColor=GRID, domainColor=MUTED, tickColor=MUTED)
        .configure_legend(**text, labelLimit=0, symbolSize=2 * chosen.point)
        .configure_title(color=INK)
    )
    return chart
