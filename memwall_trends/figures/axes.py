"""The numbers of a chart: how many digits it holds, and which of them its logarithmic axes say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

DIGITS = 7
"""Significant digits of the numbers in a chart: more than a pixel shows, fewer than differ by machine."""
FEW_TICKS = 1e4
LONG = 1e6
"""Numbers beyond are written as powers of ten."""
DECADE, MANY_DECADES, MOST_TICKS = 10, 100, 8


@dataclass(frozen=True, eq=False)
class LogPlot:
    """From two columns to pixels and back, both axes logarithmic.

    Attributes
    ----------
    fields : (str, str)
        The columns of the two axes.
    across, up : (float, float)
        The ends of the axes.
    width, height : float
        In pixels.

    Examples
    --------
    >>> import pandas as pd
    >>> plot = LogPlot(("x", "y"), (1, 100), (1, 10), 200, 100)
    >>> plot.pixels(pd.DataFrame({"x": [10.0], "y": [1.0]})).tolist()
    [[100.0, 100.0]]
    >>> plot.back(100, 100)
    (10.0, 1.0)
    """

    fields: tuple[str, str]
    across: tuple[float, float]
    up: tuple[float, float]
    width: float
    height: float

    def pixels(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return where rows lie, in pixels from the top left, of shape (n, 2)."""
        x, y = (np.asarray(frame[field], dtype=np.float64) for field in self.fields)
        share = np.log(x / self.across[0]) / np.log(self.across[1] / self.across[0])
        height = np.log(y / self.up[0]) / np.log(self.up[1] / self.up[0])
        return np.column_stack([self.width * share, self.height * (1 - height)])

    def back(self, x: float, y: float) -> tuple[float, float]:
        """Return what lies at a pixel."""
        (left, right), (low, high) = self.across, self.up
        value, height = left * (right / left) ** (x / self.width), low * (high / low) ** (1 - y / self.height)
        return rounded([value])[0], rounded([height])[0]


def rounded(numbers: Any) -> list[float]:
    """Return numbers with as many digits as a chart holds.

    Examples
    --------
    >>> rounded([1 / 3])
    [0.3333333]
    """
    return [float(f"{number:.{DIGITS}g}") for number in np.asarray(numbers, dtype=np.float64)]


def value_axis(domain: Sequence[float], height: float = 400, min_extent: float = 0) -> alt.Axis:
    """Return a logarithmic axis; its numbers are powers of ten where written out they would be long.

    Examples
    --------
    >>> value_axis([1, 1e3]).to_dict()["format"], "labelExpr" in value_axis([1, 1e9]).to_dict()
    (',~r', True)
    """
    ticks = value_ticks(domain, height)
    if ticks and (max(ticks) > LONG or min(ticks) < 1 / LONG):
        power = "round(log(datum.value) / LN10)"
        digits = "'⁰¹²³⁴⁵⁶⁷⁸⁹'"
        first = f"floor(abs({power}) / 10)"
        tens = f"({first} > 0 ? substring({digits}, {first}, {first} + 1) : '')"
        ones = f"substring({digits}, abs({power}) % 10, abs({power}) % 10 + 1)"
        sign = f"({power} < 0 ? '⁻' : '')"
        return alt.Axis(values=ticks, labelExpr=f"'10' + {sign} + {tens} + {ones}", minExtent=min_extent)
    return alt.Axis(format=",~r", values=ticks, minExtent=min_extent)


def value_ticks(domain: Sequence[float], height: float = 400) -> list[float]:
    """Return powers of ten, and where they would be few, twice and five times each.

    Examples
    --------
    >>> value_ticks([0.9, 30])
    [1.0, 2.0, 5.0, 10.0, 20.0]
    """
    decades = np.log10(domain[1] / domain[0])
    steps = [1] if domain[1] / domain[0] > FEW_TICKS else [1, 2, 5]
    every = max(1, int(np.ceil(decades * 22 / height)))
    ticks = [
        float(f"{step}e{exponent}") for exponent in range(-9, 19) if exponent % every == 0 for step in steps
    ]
    return [tick for tick in ticks if domain[0] <= tick <= domain[1]]


def short_ticks(domain: Sequence[float]) -> list[float]:
    """Return ticks of a short logarithmic axis, also where it spans less than a decade.

    Examples
    --------
    >>> short_ticks([1.3, 3.2])
    [1.5, 2.0, 2.5, 3.0]
    """
    low, high = domain
    if high / low > MANY_DECADES:
        return [tick for tick in value_ticks(domain) if np.log10(tick) % 1 == 0]
    if high / low > DECADE:
        return value_ticks(domain)
    step = next(step for step in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0) if (high - low) / step <= MOST_TICKS)
    return [round(step * place, 3) for place in range(math.ceil(low / step), math.floor(high / step) + 1)]
