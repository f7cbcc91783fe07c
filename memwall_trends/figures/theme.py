"""The look that all figures share: colours, sizes, the finding above and the source below."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.errors import unknown
from memwall_trends.figures.lettering import text_width

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
ORANGE, PALE = "#E69F00", "#B8C4CE"
"""Of areas, which need no contrast with white as letters do."""
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

    @property
    def narrow(self) -> bool:
        """Whether a text beside a plot takes more lines, so that the plot keeps its room."""
        return self.width < NARROW

    def wrap(self, text: str, font_size: float, *, bold: bool = False) -> list[str]:
        """Return a text in lines as wide as the figure.

        Examples
        --------
        >>> len(SIZES["column"].wrap("word " * 30, 10))
        3
        """
        return wrap(text, self.width + self.left, font_size, bold=bold)

    def beside(self, margin: float) -> Size:
        """Return the size of a plot that leaves a margin to its right."""
        return replace(self, width=self.width - round(margin))


NARROW = 400
SIZES = {
    "column": Size(width=270, height=210, font_size=10, left=56, point=22, width_in=3.33),
    "page": Size(width=720, height=440, font_size=12, left=70, point=45, width_in=6.75),
    "slide": Size(width=1000, height=480, font_size=18, left=100, point=90, width_in=40 / 3, height_in=7.5),
}
"""A column and the text width of a printed page, and a slide of 16:9, by the user's name."""


def wrap(text: str, width: float, font_size: float, *, bold: bool = False) -> list[str]:
    """Return a text in lines that are no wider than a width, in pixels, where words allow it.

    Examples
    --------
    >>> wrap("Peak FLOPS and DRAM bandwidth", 80, 10)
    ['Peak FLOPS and', 'DRAM bandwidth']
    """
    lines: list[str] = []
    # What keeps together has a space that does not part.
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, font_size, bold=bold) <= width:
            lines[-1] = longer
        elif word:
            lines.append(word)
    return lines


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
    subtitle: str,
    caption: str,
    size: str = defaults.FIGURE_SIZE,
    spacing: int = 12,
    bare: bool = False,
) -> alt.VConcatChart:
    """Return panels below each other in the common look, the title above and the caption below.

    Parameters
    ----------
    panels : sequence of charts
    title : str
        What was found.
    subtitle : str
        What is shown, in which unit, of whom.
    caption : str
        How it comes about, and from what.
    size : str
        One of `SIZES`.
    spacing : int
        Pixels between panels.
    bare : bool
        Leave the three out, for a paper that has its own; a screen reader still gives them.
    """
    import altair as alt

    chosen = find_size(size)
    heading = round(1.3 * chosen.font_size)
    above = alt.TitleParams(
        chosen.wrap(title, heading, bold=True),
        subtitle=chosen.wrap(subtitle, chosen.font_size),
        fontSize=heading,
        subtitleFontSize=chosen.font_size,
        subtitleColor=MUTED,
        subtitlePadding=4,
        anchor="start",
        offset=12,
    )
    below = alt.TitleParams(
        chosen.wrap(caption, chosen.label_size),
        orient="bottom",
        anchor="start",
        fontSize=chosen.label_size,
        fontWeight="normal",
        color=MUTED,
        offset=12,
    )
    titles: list[dict[str, Any]] = [{}, {}] if bare else [{"title": above}, {"title": below}]
    # Whole at once, as each method of a chart copies all that is in it.
    resolve = alt.Resolve(scale=alt.ScaleResolveMap(color="independent", shape="independent"))
    # An outer frame, as one chart has one title only.
    inner = alt.VConcatChart(vconcat=list(panels), spacing=spacing, resolve=resolve, **titles[0])
    return alt.VConcatChart(
        vconcat=[inner],
        resolve=resolve,
        description=f"{title}. {subtitle}. {caption}",
        usermeta={"size": size},
        config=_configure(chosen),
        **titles[1],
    )


def _configure(chosen: Size) -> alt.Config:
    """Return the look of what all charts have."""
    import altair as alt

    text: dict[str, Any] = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": chosen.font_size,
        "titleFontSize": chosen.font_size,
    }
    return alt.Config(
        font=FONT,
        background="white",
        padding=12,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            **text, titleFontWeight="normal", gridColor=GRID, domainColor=MUTED, tickColor=MUTED
        ),
        legend=alt.LegendConfig(**text, labelLimit=0, symbolSize=2 * chosen.point),
        title=alt.TitleConfig(color=INK),
    )
