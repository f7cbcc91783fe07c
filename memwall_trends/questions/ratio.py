"""`Gap`: the ratio of two series as an exponential trend, where it leads and when it is reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import check_draws, check_level, seeded, t_quantile, welch_satterthwaite
from memwall_trends.fitting.growth import Growth
from memwall_trends.units import decimal_years, power_of_ten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    import altair as alt
    from numpy.typing import ArrayLike

    from memwall_trends.fitting.growth import Look
    from memwall_trends.fitting.least_squares import Floats
    from memwall_trends.fitting.trends import Trend

WAYS = {
    "device": "trend of the ratio of each device that reports both",
    "ratio": "ratio of two fitted trends",
    "bootstrap": "ratio of two fitted trends, devices drawn again",
}
"""How a gap is found, by the name that the user gives."""
ASSUMPTIONS = {
    "device": "The devices that report both stand for all; their ratio goes on as before; a projected "
    "machine is one new device like them.",
    "ratio": "The two series are independent samples, so the variances of the two lines add; "
    "both go on as before; a projected machine takes one new device from each trend.",
    "bootstrap": "Both trends go on as before; devices are drawn again with all that they report, so that "
    "the two series need not be independent; a projected machine takes one new device from each trend.",
}
RATIO_UNITS = {
    ("GFLOP/s", "GB/s"): "FLOP/byte",
    ("GFLOP/s", "GT/s"): "FLOP/transfer",
    ("GB/s", "GT/s"): "byte/transfer",
    ("GFLOP/s", "GB"): "FLOP/s per byte",
}
FARTHEST_YEARS = 300


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Gap(Growth):
    """The ratio of two series, an exponential trend.

    Attributes
    ----------
    numerator, denominator : Trend
        Of each series alone, as in peak FLOPS over DRAM bandwidth: machine balance.
    way : str
        One of `WAYS`.
    balance : Trend, optional
        Of the ratio of each device, in the way ``device``.
    resampled : ndarray of float, shape (2, draws), optional
        In the way ``bootstrap``: intercepts of the log10 ratio at the numerator's origin, and slopes.

    Notes
    -----
    See `ASSUMPTIONS`. The ratio of two trends has degrees of freedom after Welch and Satterthwaite
    (Satterthwaite 1946, doi:10.2307/3002019).

    Examples
    --------
    >>> from memwall_trends.questions.gap import fit_gap
    >>> gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
    >>> round(gap.growth_factor(), 4), gap.unit, gap.way
    (1.9012, 'FLOP/byte', 'ratio')
    """

    numerator: Trend
    denominator: Trend
    way: str
    balance: Trend | None = None
    resampled: Floats | None = None

    @property
    def fits(self) -> list[Trend]:
        """The trends that it is of: that of the ratio of each device, or those of both series."""
        return [self.balance] if self.balance else [self.numerator, self.denominator]

    @property
    def unit(self) -> str:
        """Unit of the ratio."""
        if self.balance:
            return self.balance.unit
        units = (self.numerator.unit, self.denominator.unit)
        return RATIO_UNITS.get(units, " per ".join(filter(None, units)) or "ratio")

    @property
    def through_middle(self) -> bool:
        """Whether the line is through the middle of the devices: only then a new one has an interval."""
        return self.resampled is not None or all(
            math.isfinite(line.estimate.residual_variance) for line in self.fits
        )

    def ratio_at(self, year: float) -> float:
        """Return the ratio that the line has in a decimal year, without an interval.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> round(fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024").ratio_at(2030.0))
        2879
        """
        middle, _, _ = self._band(np.array([year]), defaults.LEVEL, new_device=False)
        return power_of_ten(float(middle[0]))

    def project(self, years: ArrayLike, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return the ratio at given years, with the usual prediction intervals.

        Whether these held in the past: `memwall_trends.questions.projection.look_ahead`.

        Parameters
        ----------
        years : array_like of float, shape (n,)
            Decimal years.
        level : float
            Level of the prediction interval.

        Returns
        -------
        DataFrame
            ``year, ratio, low, high``; the interval is for a new device.

        Raises
        ------
        MemwallError
            If a year is so far that the ratio is no number any more, or the line is not through the middle.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
        >>> gap.project([2030.0]).round(0).values.tolist()
        [[2030.0, 2879.0, 215.0, 38578.0]]
        """
        years = np.atleast_1d(np.asarray(years, dtype=np.float64))
        middle, low, high = self._band(years, level, new_device=True)
        with np.errstate(over="ignore", under="ignore"):
            frame = pd.DataFrame({"year": years, "ratio": 10**middle, "low": 10**low, "high": 10**high})
        if len(years) and not self.through_middle:
            raise MemwallError(
                "this line is not through the middle of the observations, so that it has no prediction "
                "interval; project with --quantile 0.5 or another method"
            )
        beyond = ~(np.isfinite(frame["high"]) & (frame["low"] > 0))
        if beyond.any():
            raise MemwallError(
                f"cannot project to {years[beyond.argmax()]:g}: the ratio leaves the range of floating-point "
                "numbers; ask for a year nearer to the data"
            )
        return frame

    def reach(self, ratio: float, level: float = defaults.LEVEL) -> dict[str, float]:
        """Return the year at which the ratio passes a given one.

        Parameters
        ----------
        ratio : float
            In `unit`.
        level : float
            Level of both intervals.

        Returns
        -------
        dict of str to float
            ``ratio``; ``year``, when the trend passes it; ``ci_low, ci_high``, the years at which the
            confidence interval of the trend holds the ratio (for a straight line, Fieller 1954's interval);
            ``prediction_low, prediction_high``, those at which the prediction interval of a new device does.
            Infinite where an interval never leaves the ratio within 300 years, or the ratio does not grow.
            Not a number where the line is not through the middle, so that a new device has no interval.

        Raises
        ------
        MemwallError
            If the ratio is not above zero.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
        >>> reached = gap.reach(1000)
        >>> [round(reached[key], 1) for key in ("year", "ci_low", "ci_high")]
        [2026.7, 2023.9, 2031.0]
        """
        if not 0 < ratio < math.inf:
            raise MemwallError(f"a ratio to reach is a number above zero, as in 1000; got {ratio:g}")
        check_level(level)
        target = math.log10(ratio)
        anchor = self._origin
        start = float(self._band(np.array([anchor]), level, new_device=False)[0][0])
        year = anchor + (target - start) / self.slope if self.slope else math.inf
        ends = {
            kind: self._crossings(target, year, level, new_device=kind == "prediction")
            for kind in ("ci", "prediction")
        }
        return {
            "ratio": float(ratio),
            "year": year,
            **{
                f"{kind}_{end}": at
                for kind, pair in ends.items()
                for end, at in zip(("low", "high"), pair, strict=True)
            },
        }

    def extrapolation(self, year: float) -> tuple[float, Trend]:
        """Return by how many years a year lies outside the data, and outside which of the trends most.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
        >>> years, trend = gap.extrapolation(2030.0)
        >>> round(years, 1), trend.series
        (7.8, 'dram_bandwidth')
        """
        return max(((outside(trend, year), trend) for trend in self.fits), key=lambda pair: pair[0])

    def plot(self, **look: Unpack[Look]) -> alt.VConcatChart:
        """Return a picture of the ratio with its devices and its projection.

        Parameters
        ----------
        **look
            ``per``, ``level``, ``size`` and ``bare``, as of `memwall_trends.figures.hw_scaling`.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> type(fit_gap("peak_flops", "dram_bandwidth").plot(size="column")).__name__
        'VConcatChart'
        """
        from memwall_trends.figures.balance import draw_gap

        return draw_gap(self, **look)

    def warnings(self, per: float = defaults.PERIOD_YEARS) -> list[str]:
        """Return what a reader of a growth factor over `per` years should know, of each trend that it is of.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024").warnings(per=2)
        []
        """
        return [warning for trend in self.fits for warning in trend.warnings(per)]

    def to_record(
        self,
        years: ArrayLike = (),
        per: float = defaults.PERIOD_YEARS,
        level: float = defaults.LEVEL,
        reach: Sequence[float] = (),
    ) -> dict[str, Any]:
        """Return the gap as one record, the keys of ``memwall-trends gap --format json``.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
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
            "halving_time_years": self.halving_time_years,
            "projections": self.project(years, level).to_dict(orient="records"),
            "reach": [self.reach(ratio, level) for ratio in reach],
            "level": level,
            "period_years": per,
            "unit": self.unit,
            "dataset": self.numerator.dataset,
            "way": self.way,
            "n_obs": self.balance.n_obs if self.balance else None,
            "numerator_n_obs": self.numerator.n_obs,
            "denominator_n_obs": self.denominator.n_obs,
            "precision": self.numerator.precision or None,
            "counted": self.numerator.counted or None,
            "numerator_where": self.numerator.where,
            "denominator_where": self.denominator.where,
            "method": WAYS[self.way],
            "estimator": self.numerator.method.name,
            "seed": self.numerator.method.seed if self.way == "bootstrap" else None,
            "assumption": ASSUMPTIONS[self.way],
            "warnings": self.warnings(per),
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        title = f"{self.numerator.series} / {self.denominator.series} ({self.unit}), {WAYS[self.way]}"
        return f"{title}\n{self.shown().to_string(index=False)}\n{ASSUMPTIONS[self.way]}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        title = f"<b>{self.numerator.series} / {self.denominator.series}</b> ({self.unit}), {WAYS[self.way]}"
        return f"<div>{title}{self.shown().to_html(index=False)}<small>{ASSUMPTIONS[self.way]}</small></div>"

    @property
    def _origin(self) -> float:
        return (self.balance or self.numerator).estimate.origin

    def _band(self, years: Floats, level: float, *, new_device: bool) -> tuple[Floats, Floats, Floats]:
        """Return the log10 ratio at years, and the ends of its interval, for a new device or the trend."""
        if self.resampled is not None:
            return self._resampled_band(years, level, new_device)
        if self.balance:
            middle, variance, freedoms = _spread(self.balance, years, new_device)
        else:
            top, top_variance, top_freedoms = _spread(self.numerator, years, new_device)
            bottom, bottom_variance, bottom_freedoms = _spread(self.denominator, years, new_device)
            middle, variance = top - bottom, top_variance + bottom_variance
            freedoms = np.array(
                list(map(welch_satterthwaite, top_variance, top_freedoms, bottom_variance, bottom_freedoms))
            )
        quantiles = np.array([t_quantile(freedom, level) for freedom in freedoms])
        halves = quantiles * np.sqrt(variance)
        return middle, middle - halves, middle + halves

    def _resampled_band(self, years: Floats, level: float, new_device: bool) -> tuple[Floats, Floats, Floats]:
        top, _ = self.numerator.log10_mean(years)
        bottom, _ = self.denominator.log10_mean(years)
        intercepts, slopes = np.asarray(self.resampled)
        check_draws(self.numerator.method.draws, level)
        drawn = intercepts + slopes * (years[:, np.newaxis] - self._origin)
        if new_device:
            random = seeded(self.numerator.method.seed)
            residuals = [_residuals(trend) for trend in (self.numerator, self.denominator)]
            first, second = (random.choice(each, size=drawn.shape[1]) for each in residuals)
            drawn = drawn + first - second
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
        return top - bottom, low, high

    def _crossings(
        self, target: float, year: float, level: float, *, new_device: bool
    ) -> tuple[float, float]:
        """Return between which years an interval of the log10 ratio holds the target."""
        if new_device and not self.through_middle:
            return math.nan, math.nan
        if not math.isfinite(year):
            return -math.inf, math.inf

        def distance(years: Floats) -> Floats:
            _, low, high = self._band(years, level, new_device=new_device)
            inside: Floats = np.minimum(high - target, target - low)
            return inside

        ends = []
        for direction in (-1, 1):
            # The first year outside; from there the end lies within one year.
            steps = year + direction * np.arange(FARTHEST_YEARS + 1.0)
            left = np.flatnonzero(distance(steps) < 0)
            if len(left) == 0:
                ends.append(direction * math.inf)
            elif left[0] == 0:
                ends.append(year)
            else:
                ends.append(find_crossing(distance, steps[left[0] - 1], steps[left[0]]))
        return ends[0], ends[1]


def find_crossing(distance: Callable[[Floats], Floats], first: float, last: float) -> float:
    """Return where between two years a distance changes its sign.

    Examples
    --------
    >>> round(find_crossing(lambda years: years - 2030.25, 2030.0, 2031.0), 6)
    2030.25
    """
    from scipy.optimize import brentq

    return float(brentq(lambda at: float(distance(np.array([at]))[0]), first, last, xtol=1e-9))


def outside(trend: Trend, year: float) -> float:
    """Return by how many years a decimal year lies before the first or after the last observation.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> outside(fit_trend("dram_bandwidth", dataset="gholami2024"), 2010.0)
    0.0
    """
    first, last = decimal_years([trend.first_date, trend.last_date])
    return float(max(first - year, year - last, 0.0))


def _residuals(trend: Trend) -> Floats:
    """Return the residuals of a trend, spread as those of new observations."""
    years = decimal_years(trend.observations["date"].to_numpy())
    line, _ = trend.log10_mean(years)
    residuals = np.log10(trend.observations["value"].to_numpy(dtype=np.float64)) - line
    widened: Floats = residuals * math.sqrt(trend.n_obs / (trend.n_obs - 2))
    return widened


def _spread(trend: Trend, years: Floats, new_device: bool) -> tuple[Floats, Floats, Floats]:
    """Return the log10 value of a trend at years, its variance and the degrees of freedom of that."""
    if new_device:
        return trend.log10_new(years)
    return *trend.log10_mean(years), np.full(len(years), trend.degrees_of_freedom)
