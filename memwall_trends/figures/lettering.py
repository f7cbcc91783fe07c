"""How wide words are drawn, and how texts at the ends of lines keep apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

WIDTHS = {
    0.191: "'",
    0.222: "ijl",
    0.26: "|",
    0.278: " !,./:;I[\\]ft\u00a0",
    0.333: "()-`r",
    0.334: "{}",
    0.355: '"',
    0.389: "*",
    0.469: "^",
    0.5: "Jcksvxyz",
    0.556: "#$0123456789?L_abdeghnopqu",
    0.584: "+<=>~\u00d7",
    0.611: "FTZ",
    0.667: "&ABEKPSVXY",
    0.722: "CDHNRUw",
    0.778: "GOQ",
    0.833: "Mm",
    0.889: "%",
    0.944: "W",
    1.015: "@",
}
"""Of the letters of Liberation Sans, Arial and Helvetica, which share them, in font sizes."""
WIDEST = 1.0
"""Taken for a letter that is not listed."""
BOLD = 1.1
LINE_HEIGHT = 1.2
"""From a line of text to the next, in font sizes."""


def text_width(text: str, font_size: float, *, bold: bool = False) -> float:
    """Return how wide a text is drawn in the font of the figures, in the unit of the font size.

    Examples
    --------
    >>> round(text_width("Pentium II Xeon", 10), 2)
    71.15
    """
    letters = {letter: width for width, letters in WIDTHS.items() for letter in letters}
    return (BOLD if bold else 1.0) * font_size * sum(letters.get(letter, WIDEST) for letter in text)


def spread_ends(
    wanted: ArrayLike, heights: float | Sequence[float], *, low: float, high: float
) -> NDArray[np.float64]:
    """Return where texts at the ends of lines stand so that none covers another: near their lines.

    Of all places in that order that keep the texts apart and inside, those with the least sum of squared
    distances from where they are wanted (isotonic regression).

    Parameters
    ----------
    wanted : array_like of float
        The height at which each line ends, in pixels from the top, in any order.
    heights : float or sequence of float
        Of the texts in pixels: a number of lines times `LINE_HEIGHT` times the font size.
    low, high : float
        Between which they stand, if there is room for all; else they begin at `low`.

    Returns
    -------
    ndarray of float
        The middle of each text, in the order of `wanted`.

    Examples
    --------
    >>> spread_ends([50, 52, 90], 12, low=0, high=100).tolist()
    [45.0, 57.0, 90.0]
    >>> spread_ends([99, 2], 12, low=0, high=100).tolist()
    [94.0, 6.0]
    """
    from scipy.optimize import isotonic_regression

    middles = np.asarray(wanted, dtype=np.float64)
    if not len(middles):
        return middles
    tall = np.broadcast_to(np.asarray(heights, dtype=np.float64), middles.shape)
    order = np.argsort(middles, kind="stable")
    # Where each would stand if all stood close together from zero on; what is left is to be increasing.
    close = np.cumsum(tall[order]) - tall[order] / 2
    moved = isotonic_regression(middles[order] - close).x
    placed = np.empty_like(middles)
    placed[order] = close + np.clip(moved, low, max(low, high - tall.sum()))
    return placed
