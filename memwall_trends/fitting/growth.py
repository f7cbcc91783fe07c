"""What a slope with its error says about growth: factors, doubling times and their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends import defaults
from memwall_trends.fitting.bounds import check_level, check_period, t_quantile
from memwall_trends.units import format_interval, format_level, format_number, power_of_ten

if TYPE_CHECKING:
    from memwall_trends.fitting.bounds import Bounds


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
        """Return the confidence interval of the doubling time, in years.

        One end is infinite where the interval of the slope holds zero: then no growth is not excluded.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> [round(bound, 3) for bound in fit_trend("peak_flops", dataset="gholami2024").doubling_interval()]
        [1.129, 1.405]
        """
        low, high = self.slope_interval(level)
        if low > 0 or high < 0:
            return math.log10(2) / high, math.log10(2) / low
        if self.slope < 0:
            return -math.inf, math.log10(2) / low
        return (math.log10(2) / high if high > 0 else math.inf), math.inf

    def summary(self, per: float = defaults.PERIOD_YEARS, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return the growth factor, the yearly growth and the doubling or halving time with their intervals.

        Returns
        -------
        DataFrame
            One row a quantity: ``quantity, unit, estimate, low, high``.

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
                self._time_to_double_or_halve(level),
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
        suffix = {"x": "x", "percent": "%", "years": " years"}
        rows = [
            (
                row["quantity"],
                format_number(row["estimate"]) + suffix[row["unit"]],
                format_interval(row["low"], row["high"]),
            )
            for row in self.summary(per, level).to_dict(orient="records")
        ]
        return pd.DataFrame(rows, columns=["quantity", "estimate", f"{format_level(level)} interval"])

    def _time_to_double_or_halve(self, level: float) -> tuple[str, str, float, float, float]:
        time, (low, high) = self.doubling_time_years, self.doubling_interval(level)
        if self.slope < 0:
            return "halving time", "years", -time, -high, -low
        return "doubling time", "years", time, low, high


def describe_period(per: float) -> str:
    """Return a period for a reader.

    Examples
    --------
    >>> describe_period(2), describe_period(1), describe_period(0.5)
    ('2 years', 'year', '0.5 years')
    """
    return "year" if per == 1 else f"{per:g} years"
