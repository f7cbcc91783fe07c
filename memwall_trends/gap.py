"""Machine balance and its like: the ratio of two trends, how fast it grows and where it leads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.growth import Growth, t_quantile
from memwall_trends.trends import Trend, fit_trends
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

    from memwall_trends.selection import When, Where

METHOD = "ratio of two fitted trends"
ASSUMPTION = (
    "The two series are independent samples, so the variances of the two lines add; "
    "both go on as before; a projected machine takes one new device from each trend."
)
RATIO_UNITS = {
    ("GFLOP/s", "GB/s"): "FLOP/byte",
    ("GFLOP/s", "GT/s"): "FLOP/transfer",
    ("GB/s", "GT/s"): "byte/transfer",
}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Gap(Growth):
    """The ratio of two trends, itself an exponential trend.

    Attributes
    ----------
    numerator, denominator : Trend
        As in peak FLOPS over DRAM bandwidth: machine balance.

    Notes
    -----
    See `ASSUMPTION`. Degrees of freedom follow Welch and Satterthwaite (Satterthwaite 1946,
    doi:10.2307/3002019).

    Examples
    --------
    >>> gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
    >>> round(gap.growth_factor(), 4), gap.unit
    (1.9012, 'FLOP/byte')
    """

    numerator: Trend
    denominator: Trend

    @property
    def unit(self) -> str:
        """Unit of the ratio."""
        units = (self.numerator.unit, self.denominator.unit)
        return RATIO_UNITS.get(units, " per ".join(units))

    def project(self, years: ArrayLike, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return the ratio at given years, with prediction intervals.

        Parameters
        ----------
        years : array_like of float, shape (n,)
            Decimal years.
        level : float
            Level of the prediction interval.

        Returns
        -------
        DataFrame
            ``year, ratio, low, high``; the interval is for a new device of each trend.

        Raises
        ------
        MemwallError
            If a year is so far that the ratio is no number any more.

        Examples
        --------
        >>> gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
        >>> gap.project([2030.0]).round(0).values.tolist()
        [[2030.0, 2879.0, 215.0, 38578.0]]
        """
        years = np.atleast_1d(np.asarray(years, dtype=np.float64))
        top, top_variance = self.numerator.log10_mean(years)
        bottom, bottom_variance = self.denominator.log10_mean(years)
        top_variance = top_variance + self.numerator.estimate.residual_variance
        bottom_variance = bottom_variance + self.denominator.estimate.residual_variance
        halves = [
            t_quantile(freedom, level) * math.sqrt(first + second)
            for first, second in zip(top_variance, bottom_variance, strict=True)
            for freedom in [self._degrees_of_freedom(first, second)]
        ]
        ratios = top - bottom
        with np.errstate(over="ignore", under="ignore"):
            frame = pd.DataFrame(
                {
                    "year": years,
                    "ratio": 10**ratios,
                    "low": 10 ** (ratios - halves),
                    "high": 10 ** (ratios + halves),
                }
            )
        beyond = ~(np.isfinite(frame["high"]) & (frame["low"] > 0))
        if beyond.any():
            raise MemwallError(
                f"cannot project to {years[beyond.argmax()]:g}: the ratio leaves the range of floating-point "
                "numbers; ask for a year nearer to the data"
            )
        return frame

    def extrapolation(self, year: float) -> tuple[float, Trend]:
        """Return by how many years a year lies outside the data, and outside which of the two trends most.

        Examples
        --------
        >>> gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
        >>> years, trend = gap.extrapolation(2030.0)
        >>> round(years, 1), trend.series
        (7.8, 'dram_bandwidth')
        """
        return max(
            ((outside(trend, year), trend) for trend in (self.numerator, self.denominator)),
            key=lambda pair: pair[0],
        )

    def to_record(
        self,
        years: ArrayLike = (),
        per: float = defaults.PERIOD_YEARS,
        level: float = defaults.LEVEL,
    ) -> dict[str, Any]:
        """Return the gap as one record, the keys of ``memwall-trends gap --format json``.

        Examples
        --------
        >>> list(fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024").to_record())[:3]
        ['numerator', 'denominator', 'rate']
        """
        low, high = self.growth_interval(per, level)
        return {
            "numerator": self.numerator.series,
            "denominator": self.denominator.series,
            "rate": self.growth_factor(per),
            "ci_low": low,
            "ci_high": high,
            "doubling_time_years": self.doubling_time_years,
            "projections": self.project(years, level).to_dict(orient="records"),
            "level": level,
            "period_years": per,
            "unit": self.unit,
            "dataset": self.numerator.dataset,
            "numerator_n_obs": self.numerator.n_obs,
            "denominator_n_obs": self.denominator.n_obs,
            "numerator_where": self.numerator.where,
            "denominator_where": self.denominator.where,
            "method": METHOD,
            "assumption": ASSUMPTION,
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        title = f"{self.numerator.series} / {self.denominator.series} ({self.unit}), {METHOD}"
        return f"{title}\n{self.shown().to_string(index=False)}\n{ASSUMPTION}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        title = f"<b>{self.numerator.series} / {self.denominator.series}</b> ({self.unit}), {METHOD}"
        return f"<div>{title}{self.shown().to_html(index=False)}<small>{ASSUMPTION}</small></div>"

    def _degrees_of_freedom(self, top_variance: float, bottom_variance: float) -> float:
        return welch_satterthwaite(
            top_variance,
            self.numerator.degrees_of_freedom,
            bottom_variance,
            self.denominator.degrees_of_freedom,
        )


def fit_gap(
    numerator: str,
    denominator: str,
    *,
    dataset: str = defaults.DATASET,
    since: When | None = None,
    until: When | None = None,
    where: Where | None = None,
    precision: str | None = None,
    frontier: bool = False,
    overlay: Sequence[str | Path] = (),
    method: str = "ols",
) -> Gap:
    """Fit the ratio of two series.

    Parameters
    ----------
    numerator, denominator : str
        Series, as in ``peak_flops`` and ``dram_bandwidth``.
    dataset, since, until, frontier, overlay, method
        As in `memwall_trends.trends.fit_trend`, for both.
    where : mapping, optional
        Conditions; each narrows the series that have its column.
    precision : str, optional
        The precision policy of the series that has precisions.

    Returns
    -------
    Gap

    Raises
    ------
    MemwallError
        As `fit_trend`, and if both series are the same.

    Examples
    --------
    >>> fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024", since="2010").numerator.n_obs
    25
    """
    if numerator == denominator:
        raise MemwallError(f"a gap needs two different series; got {numerator!r} twice")
    top, bottom = fit_trends(
        [numerator, denominator],
        dataset=dataset,
        since=since,
        until=until,
        where=where,
        precision=precision,
        frontier=frontier,
        overlay=overlay,
        method=method,
    )
    return Gap(
        slope=top.slope - bottom.slope,
        slope_error=math.hypot(top.slope_error, bottom.slope_error),
        degrees_of_freedom=welch_satterthwaite(
            top.slope_error**2, top.degrees_of_freedom, bottom.slope_error**2, bottom.degrees_of_freedom
        ),
        numerator=top,
        denominator=bottom,
    )


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


def outside(trend: Trend, year: float) -> float:
    """Return by how many years a decimal year lies before the first or after the last observation.

    Examples
    --------
    >>> from memwall_trends.trends import fit_trend
    >>> outside(fit_trend("dram_bandwidth", dataset="gholami2024"), 2010.0)
    0.0
    """
    first, last = decimal_years([trend.first_date, trend.last_date])
    return float(max(first - year, year - last, 0.0))
