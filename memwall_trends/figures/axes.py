"""The numbers of a chart: how many digits it holds, and which of them its logarithmic axes say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = 7
"""Significant digits of the numbers in a chart: more than a pixel shows, fewer than differ by machine."""
FEW_TICKS = 1e4
LONG = 1e6
"""Numbers beyond are written as powers of ten."""
DECADE, MANY_DECADES, MOST_TICKS = 10, 100, 8


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
