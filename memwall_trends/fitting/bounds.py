"""What bounds an interval: its level, its period, its draws and the quantile that it spans."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

from memwall_trends.errors import MemwallError, TooFewObservations

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Bounds = Callable[[float], tuple[float, float]]
    Floats = NDArray[np.float64]

MIN_DISTINCT_DATES, SOME_DATES = 3, 1000
"""Of which a slope has an interval; and so many rows mostly tell that dates differ."""
MANY_DEGREES = 10_000
"""Of freedom: Student's t is then normal but for a few terms."""
MOST_PAIRS = 12_500_000
"""Pairs take some 100 bytes each while their slopes are sorted."""


def t_quantile(degrees_of_freedom: float, level: float) -> float:
    """Return the two-sided quantile of Student's t distribution.

    Raises
    ------
    MemwallError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> round(t_quantile(35, 0.95), 4)
    2.0301
    """
    share = (1 + check_level(level)) / 2
    if MANY_DEGREES <= degrees_of_freedom < math.inf and share < 1:
        return _near_normal(degrees_of_freedom, share)
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, share))


def _near_normal(degrees_of_freedom: float, share: float) -> float:
    """Return the quantile of t from that of a normal variable (Abramowitz and Stegun 1964, 26.7.5).

    As exact for many degrees of freedom as scipy, whose import would be a tenth of the time of a command.
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / degrees_of_freedom**power for power, term in enumerate(terms))


def check_level(level: float) -> float:
    """Return the level of an interval if it is one: between 0 and 1.

    Examples
    --------
    >>> check_level(0.95)
    0.95
    """
    if not 0 < level < 1:
        raise MemwallError(f"the level of an interval lies between 0 and 1, as in 0.95; got {level:g}")
    return level


def check_period(per: float) -> float:
    """Return the length of a period in years if it is one: above zero and finite.

    Examples
    --------
    >>> check_period(2)
    2
    """
    if not 0 < per < math.inf:
        raise MemwallError(f"a period is a number of years above zero, as in 2; got {per:g}")
    return per


def check_seed(seed: int) -> int:
    """Return the seed of random draws if it is one: a whole number from 0.

    Raises
    ------
    MemwallError
        If it is none.

    Examples
    --------
    >>> check_seed(7)
    7
    """
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if whole < 0:
        raise MemwallError(f"a seed is a whole number from 0, as in 1; got {seed!r}")
    return whole


def seeded(seed: int) -> np.random.Generator:
    """Return what draws at random, the same for the same seed.

    Raises
    ------
    MemwallError
        As `check_seed`.

    Examples
    --------
    >>> bool(seeded(1).random() == seeded(1).random())
    True
    """
    import numpy as np

    return np.random.default_rng(check_seed(seed))


def least_draws(level: float) -> int:
    """Return how many draws the percentiles of an interval need: one beyond each end.

    Examples
    --------
    >>> least_draws(0.95), least_draws(0.999)
    (40, 2000)
    """
    # Rounding errors of 1 - level ask for no draw more.
    return math.ceil(2 / (1 - check_level(level)) - 1e-6)


def check_draws(draws: int, level: float) -> int:
    """Return the number of draws if their percentiles can tell the ends of an interval.

    Raises
    ------
    MemwallError
        If they are too few; the message has the number needed.

    Examples
    --------
    >>> check_draws(2000, 0.999)
    2000
    """
    if draws < least_draws(level):
        raise MemwallError(
            f"{draws} draws cannot tell an interval at the level {level:.10g}; take at least "
            f"{least_draws(level)} draws (--draws), or a lower level"
        )
    return draws


def welch_satterthwaite(
    first_variance: float, first_freedom: float, second_variance: float, second_freedom: float
) -> float:
    """Return the effective degrees of freedom of the sum of two independent variances.

    Formula (Satterthwaite 1946): (a + b)^2 / (a^2 / m + b^2 / n). Between the smaller of m and n, and m + n.

    Examples
    --------
    >>> welch_satterthwaite(1.0, 10, 1.0, 10)
    20.0
    """
    if first_variance + second_variance == 0:
        return min(first_freedom, second_freedom)
    # Shares, not variances: their squares underflow for lines that fit all but exactly.
    share = first_variance / (first_variance + second_variance)
    return 1 / (share**2 / first_freedom + (1 - share) ** 2 / second_freedom)


def rank_level(years: Floats) -> float:
    """Return the level of the widest interval from ranks: from the least to the greatest slope of all pairs.

    Without a trend each order of the values is as likely, and all pairs agree in 2 times the product of t! of
    n! orders, t being how many observations share a date: the slope lies outside in these (Sen 1968,
    doi:10.1080/01621459.1968.10480934).

    Examples
    --------
    >>> import numpy as np
    >>> [round(12 * rank_level(np.arange(float(n)))) for n in (3, 4)]
    [8, 11]
    """
    import numpy as np

    counts = np.unique(years, return_counts=True)[1]
    log_share = sum(math.lgamma(count + 1) for count in counts) - math.lgamma(len(years) + 1)
    return 1 - 2 * math.exp(log_share)


def check_rank_level(years: Floats, level: float) -> None:
    """Refuse a level that no interval from ranks of so few observations can have.

    Examples
    --------
    >>> import numpy as np
    >>> check_rank_level(np.arange(8.0), 0.95)
    """
    highest = rank_level(years)
    if level > highest:
        raise MemwallError(
            f"Theil-Sen: an interval from the ranks of {len(years)} observations holds at most "
            f"{100 * highest:.3g}%, not {100 * level:.10g}%; ask for less, as in --level "
            f"{math.floor(20 * highest) / 20:.2g}, or use another method"
        )


def check_dates(dates: pd.Series, origin: str, column: str | int) -> None:
    """Refuse observations of so few dates that a slope has no interval.

    Examples
    --------
    >>> import pandas as pd
    >>> check_dates(pd.Series(pd.to_datetime(["2020", "2021", "2022"])), "chips.csv", "date")
    """
    if dates.head(SOME_DATES).dt.normalize().nunique() < MIN_DISTINCT_DATES:
        refuse_few_dates(len(dates), dates.dt.normalize().nunique(), origin, column)


def refuse_few_dates(n_obs: int, n_dates: int, origin: str, column: str | int) -> None:
    """Refuse so few dates that a slope has no interval.

    Examples
    --------
    >>> refuse_few_dates(10, 3, "chips.csv", "date")
    """
    if n_dates < MIN_DISTINCT_DATES:
        raise TooFewObservations(
            f"{origin}: {n_obs} row(s) with {n_dates} different date(s) in column {column!r}; "
            f"expected at least {MIN_DISTINCT_DATES} different dates, or there is no interval",
            n_obs,
        )


def check_pairs(n_obs: int) -> None:
    """Refuse so many observations that their pairs take more memory than a machine may have.

    Examples
    --------
    >>> check_pairs(1000)
    """
    pairs = n_obs * (n_obs - 1) // 2
    if pairs > MOST_PAIRS:
        raise MemwallError(
            f"Theil-Sen compares all pairs of observations, and {n_obs:,} have {pairs:,}; expected at most "
            f"{MOST_PAIRS:,} (some 5,000 observations): choose fewer rows, or --method huber or quantile"
        )
