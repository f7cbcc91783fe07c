"""When a fitted rate agrees with a printed one."""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

HOLDS = "holds"
SLOWER = "differs: slower than printed"
FASTER = "differs: faster than printed"
AGREES_ROUNDED = "agrees (rounds)"
AGREES_CUT_OFF = "agrees (cut off)"
DIFFERS = "differs"
AGREES = "agrees"
UNTESTED = "cannot be tested"
RULE = (
    "written with as many significant digits as printed, the fit rounds to the printed figure, "
    "gives it when cut off (755.04 gives 750, not 760), or differs"
)
CURATED_RULE = "the claim holds if the interval has room for a rate that rounds to the printed figure"


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


def judge_interval(printed: float, significant_digits: int, low: float, high: float) -> str:
    """Return whether an interval from other data leaves room for a printed figure; see `CURATED_RULE`.

    Parameters
    ----------
    printed, significant_digits
        As in `judge`.
    low, high : float
        Interval of the growth factor for the same period.

    Returns
    -------
    str
        `HOLDS`, `SLOWER` or `FASTER`.

    Examples
    --------
    >>> judge_interval(1.6, 2, 1.57, 1.7), judge_interval(1.6, 2, 1.3, 1.54), judge_interval(3.0, 2, 3.1, 3.4)
    ('holds', 'differs: slower than printed', 'differs: faster than printed')
    """
    half_unit = 0.5 * 10.0 ** (math.floor(math.log10(printed)) + 1 - significant_digits)
    if high < printed - half_unit:
        return SLOWER
    return FASTER if low > printed + half_unit else HOLDS
