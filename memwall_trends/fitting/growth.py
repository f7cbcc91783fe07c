"""What a slope with its error says about growth: factors, doubling times and their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import pandas as pd

from memwall_trends import defaults
from memwall_trends.fitting.bounds import check_level, check_period, t_quantile
from memwall_trends.units import DAYS_PER_YEAR, format_interval, format_level, format_number, power_of_ten

if TYPE_CHECKING:
    import datetime as dt

    from memwall_trends.fitting.bounds import Bounds


class Look(TypedDict, total=False):
    """How a picture of growth looks: what ``plot`` takes."""

    per: float
    """Years of the growth factor."""
    level: float
    """Level of the intervals."""
    size: str
    """``column``, ``page`` or ``slide``."""
    bare: bool
    """Without title, subtitle and caption, as for a paper."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Growth:
    """What a slope with its error says about growth; a `Trend` is one, and so is a ratio of two.

    Attributes
    ----------
    slope : float
        log10 units a year.
    slope_error : float
        Standard error of the slope.
    degrees_of_freedom : float
        Of the t distribution of the slope.
    slope_bounds : callable, optional
        From the level of an interval to its ends, where it is not the t interval of the slope.
    """

    slope: float
    slope_error: float
    degrees_of_freedom: float
    slope_bounds: Bounds | None = None

    @property
    def doubling_time_years(self) -> float:
        """Years to double: log10(2) / slope. Negative where the quantity halves, infinite without growth."""
        return math.log10(2) / self.slope if self.slope else math.inf

    @property
    def halving_time_years(self) -> float | None:
        """Years to halve, where the quantity shrinks; none where it does not."""
        return -self.doubling_time_years if self.slope < 0 else None

    def growth_factor(self, per: float = defaults.PERIOD_YEARS) -> float:
        """Return the factor by which the quantity grows per period of `per` years: 10^(slope * per).

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> round(fit_trend("peak_flops", dataset="gholami2024").growth_factor(per=2), 5)
        3.02573
        """
        return power_of_ten(self.slope * check_period(per))

    def slope_interval(self, level: float = defaults.LEVEL) -> tuple[float, float]:
        """Return the confidence interval of the slope, in log10 units a year.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> [round(bound, 4) for bound in fit_trend("peak_flops", dataset="gholami2024").slope_interval()]
        [0.2143, 0.2666]
        """
        if self.slope_bounds is not None:
            return self.slope_bounds(check_level(level))
        half = t_quantile(self.degrees_of_freedom, level) * self.slope_error
        return self.slope - half, self.slope + half

    def growth_interval(
        self, per: float = defaults.PERIOD_YEARS, level: float = defaults.LEVEL
    ) -> tuple[float, float]:
        """Return the confidence interval of the growth factor: that of the slope, transformed.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> [round(bound, 4) for bound in fit_trend("peak_flops", dataset="gholami2024").growth_interval()]
        [2.6823, 3.4131]
        """
        low, high = self.slope_interval(level)
        return power_of_ten(low * check_period(per)), power_of_ten(high * check_period(per))

    def doubling_interval(self, level: float = defaults.LEVEL) -> tuple[float, float]:
        """Return the confidence interval of the doubling time, in years, negative where the quantity halves.

        One end is infinite where the interval of the slope holds zero: then no growth is not excluded, and
        this is only the branch on the side of the estimate; `doubling_intervals` has the other too.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> [round(bound, 3) for bound in fit_trend("peak_flops", dataset="gholami2024").doubling_interval()]
        [1.129, 1.405]
        """
        own, *_ = self.doubling_intervals(level)
        return own

    def doubling_intervals(self, level: float = defaults.LEVEL) -> tuple[tuple[float, float], ...]:
        """Return all doubling times that the interval of the slope allows, as one interval or two.

        Where it holds zero there are two: the quantity doubles in at least so many years, or it halves
        (negative) in at least so many. The first is that on the side of the estimate.

        Examples
        --------
        >>> flat = Growth(slope=0.01, slope_error=0.02, degrees_of_freedom=20)
        >>> [[round(end, 1) for end in pair] for pair in flat.doubling_intervals()]
        [[5.8, inf], [-inf, -9.5]]
        """
        low, high = self.slope_interval(level)
        if low > 0 or high < 0:
            return ((_time(high), _time(low)),)
        doubles = [(_time(high), math.inf)] if high > 0 else []
        halves = [(-math.inf, _time(low))] if low < 0 else []
        both = halves + doubles if self.slope < 0 else doubles + halves
        return tuple(both) or ((math.inf, math.inf),)

    def summary(self, per: float = defaults.PERIOD_YEARS, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return the growth factor, the yearly growth and the doubling or halving time with their intervals.

        Returns
        -------
        DataFrame
            One row a quantity: ``quantity, unit, estimate, low, high``. Where the interval of the slope holds
            zero, the doubling time has a second row, without an estimate: the times to halve, or to double,
            that are not excluded either.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> fit_trend("peak_flops", dataset="gholami2024").summary().round(2)
                          quantity     unit  estimate    low   high
        0  growth factor / 2 years        x      3.03   2.68   3.41
        1            yearly growth  percent     73.95  63.78  84.75
        2            doubling time    years      1.25   1.13   1.40
        """
        yearly = (self.growth_factor(1), *self.growth_interval(1, level))
        return pd.DataFrame(
            [
                (
                    f"growth factor / {describe_period(per)}",
                    "x",
                    self.growth_factor(per),
                    *self.growth_interval(per, level),
                ),
                ("yearly growth", "percent", *(100 * (factor - 1) for factor in yearly)),
                *self._times_to_double_or_halve(level),
            ],
            columns=["quantity", "unit", "estimate", "low", "high"],
        )

    def shown(self, per: float = defaults.PERIOD_YEARS, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return the summary as text for a reader: what, its estimate and its interval.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> fit_trend("peak_flops", dataset="gholami2024").shown().iloc[0].tolist()
        ['growth factor / 2 years', '3.026x', '2.682 to 3.413']
        """
        rows = [
            (
                row["quantity"],
                _show_estimate(row["estimate"], row["unit"]),
                _show_ends(row["low"], row["high"], row["unit"]),
            )
            for row in self.summary(per, level).to_dict(orient="records")
        ]
        return pd.DataFrame(rows, columns=["quantity", "estimate", f"{format_level(level)} interval"])

    def describe_time(self) -> str:
        """Return for a reader in how many years the quantity doubles or halves.

        Examples
        --------
        >>> [Growth(slope=b, slope_error=0, degrees_of_freedom=9).describe_time() for b in (0.1, -0.1, 0)]
        ['3.01 years', 'halves in 3.01 years', 'never']
        """
        if not self.slope:
            return "never"
        years = f"{format_number(abs(self.doubling_time_years), 3)} years"
        return years if self.slope > 0 else f"halves in {years}"

    def _times_to_double_or_halve(self, level: float) -> list[tuple[str, str, float, float, float]]:
        rows = []
        for number, (low, high) in enumerate(self.doubling_intervals(level)):
            halves = low < 0
            estimate = math.nan if number else abs(self.doubling_time_years)
            name = "halving time" if halves else "doubling time"
            ends = (-high, -low) if halves else (low, high)
            rows.append((f"or {name}" if number else name, "years", estimate, *ends))
        return rows


def describe_period(per: float) -> str:
    """Return a period for a reader.

    Examples
    --------
    >>> describe_period(2), describe_period(1), describe_period(0.5)
    ('2 years', 'year', '0.5 years')
    """
    return "year" if per == 1 else f"{per:g} years"


def find_short_window(first: dt.date, last: dt.date, per: float, what: str) -> list[str]:
    """Return the warning that a growth factor is over a longer period than was seen; none where it is not.

    Examples
    --------
    >>> import datetime as dt
    >>> find_short_window(dt.date(2024, 1, 1), dt.date(2025, 7, 1), 2, "a.csv")
    ['a.csv spans 1.5 years, 75% of the 2 years of its growth factor, which so goes beyond what was seen; \
take a shorter period, as in --per 1']
    >>> find_short_window(dt.date(2020, 1, 1), dt.date(2025, 7, 1), 2, "a.csv")
    []
    """
    span = (last - first).days / DAYS_PER_YEAR
    # Whole years are a day short of it.
    if span >= check_period(per) - 2 / DAYS_PER_YEAR:
        return []
    shorter = f"{math.floor(span)}" if span >= 1 else f"{max(span, 0.1):.1f}"
    return [
        f"{what} spans {span:.1f} years, {100 * span / per:.0f}% of the {describe_period(per)} of its "
        "growth factor, which so goes beyond what was seen; take a shorter period, as in "
        f"--per {shorter}"
    ]


def _time(slope: float) -> float:
    """Return the years in which a slope doubles, infinite where it is too flat for a float."""
    return math.log10(2) / slope if slope else math.inf


def _show_estimate(estimate: float, unit: str) -> str:
    suffix = {"x": "x", "percent": "%", "years": " years"}[unit]
    return "" if math.isnan(estimate) else format_number(estimate) + suffix


def _show_ends(low: float, high: float, unit: str) -> str:
    if unit == "years" and math.isinf(high) and math.isfinite(low):
        return f"at least {format_number(low)}"
    return format_interval(low, high)
