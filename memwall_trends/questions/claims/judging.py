"""When a fitted rate agrees with a claimed one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.units import power_of_ten

if TYPE_CHECKING:
    from memwall_trends.fitting.growth import Growth

AGREES_ROUNDED = "agrees (rounds)"
AGREES_CUT_OFF = "agrees (cut off)"
AGREES, DIFFERS, INCONCLUSIVE = VERDICTS = ("agrees", "differs", "inconclusive")
UNTESTED = "cannot be tested"
RULE = (
    "written with as many significant digits as printed, the fit rounds to the printed figure, "
    "gives it when cut off (755.04 gives 750, not 760), or differs"
)


@dataclass(frozen=True)
class Slope:
    """How fast something grows, with an interval, in log10 units a year.

    Attributes
    ----------
    estimate, low, high : float

    Examples
    --------
    >>> Slope.of(1.6, 2.0).estimate.__round__(3)
    0.102
    """

    estimate: float
    low: float
    high: float

    @classmethod
    def of(cls, factor: float, per: float, low: float | None = None, high: float | None = None) -> Slope:
        """Return the slope of a growth factor per so many years; without an interval it is exact."""
        ends = (factor if low is None else low, factor if high is None else high)
        return cls(math.log10(factor) / per, *(math.log10(end) / per for end in ends))


@dataclass(frozen=True)
class Comparison:
    """Our rate over a claimed one, and what follows.

    Attributes
    ----------
    ratio, ratio_low, ratio_high : float
        Of the growth factors for one period.
    verdict : str
        One of `VERDICTS`.

    Examples
    --------
    >>> compare_rates(Slope.of(2.9, 2, 2.7, 3.1), Slope.of(3.0, 2, 2.7, 3.4), per=2).verdict
    'agrees'
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    verdict: str


def compare_rates(ours: Slope, claimed: Slope, *, per: float, margin: float = defaults.MARGIN) -> Comparison:
    """Return the ratio of two growth factors with its interval, and the verdict.

    Parameters
    ----------
    ours, claimed : Slope
        Both with their intervals, of one level.
    per : float
        Years of the growth factors.
    margin : float
        Factor on the growth per two years within which two rates are as good as the same.

    Returns
    -------
    Comparison
        The interval of the ratio takes both intervals by the method of variance estimates recovery (Zou and
        Donner 2008, doi:10.1002/sim.3095), which holds for intervals that are not symmetric. `describe_rule`
        says in words when the rates agree.

    Raises
    ------
    MemwallError
        If the margin is not above 1.

    Examples
    --------
    >>> compared = compare_rates(Slope.of(2.2, 2, 2.1, 2.3), Slope.of(3.0, 2, 2.7, 3.4), per=2)
    >>> round(compared.ratio, 3), compared.verdict
    (0.733, 'differs')
    >>> compare_rates(Slope.of(137, 2, 1.16, 16400), Slope.of(750, 2, 78, 7300), per=2).verdict
    'inconclusive'
    """
    widest = math.log10(check_margin(margin)) / defaults.PERIOD_YEARS
    difference = ours.estimate - claimed.estimate
    low = difference - math.hypot(ours.estimate - ours.low, claimed.high - claimed.estimate)
    high = difference + math.hypot(ours.high - ours.estimate, claimed.estimate - claimed.low)
    if -widest <= low and high <= widest:
        verdict = AGREES
    elif low > 0 or high < 0:
        verdict = DIFFERS
    else:
        verdict = INCONCLUSIVE
    ratio, ratio_low, ratio_high = (power_of_ten(end * per) for end in (difference, low, high))
    return Comparison(ratio, ratio_low, ratio_high, verdict)


def relative_likelihood(growth: Growth, slope: float) -> float:
    """Return how likely a slope is relative to that of the best fit, 1 at best.

    The ratio of the densities of Student's t: (1 + t^2 / f)^(-(f + 1) / 2), with t the distance in standard
    errors and f the degrees of freedom.

    Examples
    --------
    >>> from memwall_trends.fitting.growth import Growth
    >>> round(relative_likelihood(Growth(slope=0.2, slope_error=0.02, degrees_of_freedom=30), 0.24), 3)
    0.144
    """
    if growth.slope_error == 0:
        return float(math.isclose(growth.slope, slope, abs_tol=1e-9))
    squared = ((slope - growth.slope) / growth.slope_error) ** 2
    freedom = growth.degrees_of_freedom
    return float(math.exp(-(freedom + 1) / 2 * math.log1p(squared / freedom)))


def check_margin(margin: float) -> float:
    """Return a margin, if it is above 1.

    Examples
    --------
    >>> check_margin(1.25)
    1.25
    """
    if not 1 < margin < math.inf:
        raise MemwallError(f"a margin is a factor above 1, as in 1.25; got {margin:g}")
    return margin


def describe_rule(margin: float = defaults.MARGIN) -> str:
    """Return in words when our rate and a claimed one agree.

    Examples
    --------
    >>> describe_rule(1.1).partition(";")[0]
    'agrees if the interval of our rate over the claimed one lies within a factor of 1.1 per two years'
    """
    return (
        f"agrees if the interval of our rate over the claimed one lies within a factor of {margin:g} per two "
        "years; differs if it excludes 1 and leaves that margin; else the data cannot tell. The interval "
        "counts the uncertainty of both"
    )


def judge(printed: float, significant_digits: int, rate: float) -> str:
    """Return whether a fitted rate gives the printed figure; see `RULE`.

    Parameters
    ----------
    printed : float
        The figure as published.
    significant_digits : int
        How many of its digits carry meaning: 2 for 750, if it stands for 745 to 755.
    rate : float
        The fitted growth factor for the same period.

    Returns
    -------
    str
        `AGREES_ROUNDED`, `AGREES_CUT_OFF` or `DIFFERS`.

    Examples
    --------
    >>> judge(1.6, 2, 1.59151), judge(750, 2, 755.038), judge(3.0, 2, 3.3)
    ('agrees (rounds)', 'agrees (cut off)', 'differs')
    """
    for rounding, verdict in ((ROUND_HALF_UP, AGREES_ROUNDED), (ROUND_DOWN, AGREES_CUT_OFF)):
        # repr is the shortest decimal that is this float: 1.65 is the tie that a reader sees.
        written = Context(prec=significant_digits, rounding=rounding).create_decimal(repr(float(rate)))
        if written == Decimal(repr(float(printed))):
            return verdict
    return DIFFERS


def round_to_digits(printed: float, significant_digits: int) -> tuple[float, float]:
    """Return between which figures lie those that round to a printed one.

    Examples
    --------
    >>> [round(end, 3) for end in round_to_digits(1.6, 2)], round_to_digits(750, 2)
    ([1.55, 1.65], (745.0, 755.0))
    """
    half_unit = 0.5 * 10.0 ** (math.floor(math.log10(printed)) + 1 - significant_digits)
    return printed - half_unit, printed + half_unit
