"""The look that all figures share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import altair as alt

    Chart = TypeVar("Chart", bound=alt.TopLevelMixin)

# After Okabe and Ito (jfly.uni-koeln.de/color), dark enough for text. Simulated for the three kinds of colour
# blindness (Machado et al. 2009), any two stay 40 or more apart (CIE 1976), also where blue and green do not.
BLUE, VERMILLION, CHARCOAL = "#0072B2", "#BF4E00", "#333333"
INK, MUTED, GRID = "#1a1a1a", "#555555", "#e6e6e6"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

PAGE_WIDTH, PAGE_HEIGHT = 720, 440
LABEL_SIZE = 11


def apply(chart: Chart) -> Chart:
    """Return the chart in the common look."""
    text: dict[str, Any] = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
    styled: Chart = (
        chart.configure(font=FONT, background="white", padding=12)
        .configure_view(stroke=None)
        .configure_axis(**text, titleFontWeight="normal", gridColor=GRID, domainColor=MUTED, tickColor=MUTED)
        .configure_legend(**text, labelLimit=0, symbolSize=90)
        .configure_title(
            anchor="start",
            color=INK,
            fontSize=16,
            subtitleColor=MUTED,
            subtitleFontSize=12,
            subtitlePadding=6,
            offset=14,
        )
    )
    return styled
