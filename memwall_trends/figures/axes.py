"""The numbers of a chart: how many digits it holds, and which of them its logarithmic axes say."""

from __future__ import annotations

import json
import math
import re
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
PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
"""Of the International System, each a thousand times the one before."""
COUNTED = ("", "k", "M", "B", "T")
"""What stands for thousands of what has no unit: millions, billions, trillions."""
LONG = 1e6
"""Counts beyond are written with these."""
SCALED = r"([kMGTPEZY]?)((?:FLOP|B|T)(?:/s)?)"
"""A unit of the tables that takes prefixes, with its own."""
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


def value_axis(
    domain: Sequence[float], height: float = 400, min_extent: float = 0, unit: str = ""
) -> alt.Axis:
    """Return a logarithmic axis whose ticks say their unit.

    Examples
    --------
    >>> value_axis([600, 2e3], unit="GB").to_dict()["labelExpr"]
    '["1 TB", "2 TB"][indexof([1000.0, 2000.0], datum.value)]'
    """
    return say_ticks(value_ticks(domain, height), unit, min_extent)


def say_ticks(ticks: Sequence[float], unit: str = "", min_extent: float = 0) -> alt.Axis:
    """Return an axis with given ticks, which say their unit.

    Examples
    --------
    >>> read_labels(say_ticks([1.5, 2], "x").to_dict()["labelExpr"])
    ['1.5x', '2x']
    """
    words = json.dumps([say_quantity(tick, unit) for tick in ticks], ensure_ascii=False)
    return alt.Axis(
        values=ticks,
        labelExpr=f"{words}[indexof({json.dumps(list(ticks))}, datum.value)]",
        minExtent=min_extent,
    )


def read_labels(expression: str) -> list[str]:
    """Return the words of the ticks of a `value_axis`, in their order.

    Examples
    --------
    >>> read_labels(value_axis([1, 20], unit="GB").to_dict()["labelExpr"])
    ['1 GB', '2 GB', '5 GB', '10 GB', '20 GB']
    """
    words: list[str] = json.JSONDecoder().raw_decode(expression)[0]
    return words


def say_quantity(value: float, unit: str = "") -> str:
    """Return a quantity as the tick of an axis says it: with its unit where that takes prefixes.

    Examples
    --------
    >>> say_quantity(1e7, "GFLOP/s"), say_quantity(2000, "GT/s"), say_quantity(0.05, "GB")
    ('10 PFLOP/s', '2 TT/s', '50 MB')
    >>> say_quantity(1000, "x"), say_quantity(1e6, "FLOP/byte"), say_quantity(7e10), say_quantity(1e-8)
    ('1,000x', '1,000,000', '70B', '1e-8')
    """
    scaled = re.fullmatch(SCALED, unit)
    power = math.log10(value)
    if scaled is not None:
        power += 3 * PREFIXES.index(scaled[1])
        place = min(max(math.floor(round(power / 3, 9)), 0), len(PREFIXES) - 1)
        return f"{10 ** (power - 3 * place):,.6g} {PREFIXES[place]}{scaled[2]}"
    suffix = "x" if unit == "x" else ""
    place = math.floor(round(power / 3, 9))
    if value <= LONG and value >= 1 / LONG:
        return f"{value:,.15g}{suffix}"
    if 0 < place < len(COUNTED):
        return f"{10 ** (power - 3 * place):.6g}{COUNTED[place]}{suffix}"
    return f"{value:.6g}".replace("e-0", "e-").replace("e+", "e") + suffix


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
