"""Has growth slowed or sped up? Rates by rolling window, and a line with one break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import check_level, seeded
from memwall_trends.fitting.growth import Growth
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.selection import select
from memwall_trends.units import decimal_years, format_interval, format_level, format_number

if TYPE_CHECKING:
    from typing import Unpack

    from memwall_trends.fitting.least_squares import Floats
    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose, Data

WINDOW_YEARS = 10
BREAK_DRAWS = 1999
TRIMMED = 0.15
"""Share of the observations at each end where no break is sought (Andrews 1993, doi:10.2307/2951764)."""
CANDIDATES = 120
FEW_OBSERVATIONS, FEW_DATES = 10, 6
FEW_IN_WINDOW, FEW_DATES_IN_WINDOW = 5, 3
SLOWED, SPED_UP, NO_BREAK = "slowed", "sped up", "no break is seen"


@dataclass(frozen=True, eq=False, repr=False)
class Break:
    """A line through log10(value) with one kink, at the year that fits best.

    Attributes
    ----------
    series, dataset : str
        What was fitted.
    n_obs : int
        Number of observations.
    year : float
        Decimal year of the kink.
    year_low, year_high : float
        Its interval: the years at which a kink fits no worse than the F distribution allows (Hansen 2017,
        Regression kink with an unknown threshold, doi:10.1080/07350015.2015.1073595).
    before, after : Growth
        On each side; their errors count that the year is estimated too.
    p_value : float
        Of the test against no break, which accounts for having searched for the year.
    level : float
        Of the interval of the year, and of the verdict.
    seed : int
        Of the random draws of the test.
    """

    series: str
    dataset: str
    n_obs: int
    year: float
    year_low: float
    year_high: float
    before: Growth
    after: Growth
    p_value: float
    level: float
    seed: int

    @property
    def verdict(self) -> str:
        """`SLOWED` or `SPED_UP` where the test rejects that there is no break, else `NO_BREAK`."""
        if self.p_value > 1 - self.level:
            return NO_BREAK
        return SLOWED if self.after.slope < self.before.slope else SPED_UP

    def summary(self, per: float = defaults.PERIOD_YEARS) -> pd.DataFrame:
        """Return the year and the growth factors before and after, with intervals.

        Examples
        --------
        >>> fit_break("peak_flops", dataset="gholami2024").summary()["quantity"].tolist()
        ['year of the break', 'growth factor before', 'growth factor after']
        """
        rows = [("year of the break", self.year, self.year_low, self.year_high)]
        for side, growth in (("before", self.before), ("after", self.after)):
            interval = growth.growth_interval(per, self.level)
            rows.append((f"growth factor {side}", growth.growth_factor(per), *interval))
        return pd.DataFrame(rows, columns=["quantity", "estimate", "low", "high"])

    def to_record(self, per: float = defaults.PERIOD_YEARS) -> dict[str, Any]:
        """Return the break as one record, as in ``memwall-trends stability --format json``.

        Examples
        --------
        >>> fit_break("peak_flops", dataset="gholami2024").to_record()["verdict"]
        'no break is seen'
        """
        before, after = (growth.growth_interval(per, self.level) for growth in (self.before, self.after))
        return {
            "year": self.year,
            "year_low": self.year_low,
            "year_high": self.year_high,
            "rate_before": self.before.growth_factor(per),
            "rate_before_low": before[0],
            "rate_before_high": before[1],
            "rate_after": self.after.growth_factor(per),
            "rate_after_low": after[0],
            "rate_after_high": after[1],
            "p_value": self.p_value,
            "verdict": self.verdict,
            "n_obs": self.n_obs,
            "seed": self.seed,
        }

    def shown(self, per: float = defaults.PERIOD_YEARS) -> pd.DataFrame:
        """Return the summary as text for a reader: what, its estimate and its interval.

        Examples
        --------
        >>> fit_break("peak_flops", dataset="gholami2024").shown().columns.tolist()
        ['quantity', 'estimate', '95% interval']
        """
        rows = []
        for quantity, estimate, low, high in self.summary(per).itertuples(index=False):
            if "year" in quantity:
                rows.append((quantity, f"{estimate:.1f}", f"{low:.1f} to {high:.1f}"))
            else:
                rows.append((quantity, f"{format_number(estimate)}x", format_interval(low, high)))
        return pd.DataFrame(rows, columns=["quantity", "estimate", f"{format_level(self.level)} interval"])

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return (
            f"{self.series} ({self.dataset}): {self.verdict} (p = {self.p_value:.3g})\n"
            f"{self.shown().to_string(index=False)}"
        )

    __repr__ = __str__


def fit_break(
    data: Data,
    *,
    draws: int = BREAK_DRAWS,
    seed: int = defaults.SEED,
    level: float = defaults.LEVEL,
    **choose: Unpack[Choose],
) -> Break:
    """Fit a continuous line with one kink, and test it against a line without.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        As in `memwall_trends.fitting.trends.fit_trend`.
    draws : int
        Resamples of the test.
    seed : int
        Of its random draws.
    level : float
        Of the intervals and of the verdict.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`.

    Returns
    -------
    Break
        The year minimises the sum of squared residuals. The test takes the largest F over all years, and
        compares it with the largest F of resamples without a break: residuals of the straight line over
        (1 - leverage), with random signs (wild bootstrap, Wu 1986, doi:10.1214/aos/1176350142), so that the
        errors may differ in variance.

    Raises
    ------
    MemwallError
        If a choice is wrong or the observations are too few.

    Examples
    --------
    >>> fit_break("dram_bandwidth", since=2000).verdict in (SLOWED, SPED_UP, NO_BREAK)
    True
    """
    check_level(level)
    chosen = select(data, **choose)
    rows = chosen.observations
    years = decimal_years(rows["date"].to_numpy())
    log10_values = np.log10(rows["value"].to_numpy(dtype=np.float64))
    n_obs, n_dates = len(years), len(np.unique(years))
    if n_obs < FEW_OBSERVATIONS or n_dates < FEW_DATES:
        raise MemwallError(
            f"{chosen.origin}: {n_obs} observation(s) on {n_dates} date(s); a break needs at least "
            f"{FEW_OBSERVATIONS} on {FEW_DATES}"
        )
    origin = float(years.mean())
    years = years - origin
    first, last = np.quantile(years, [TRIMMED, 1 - TRIMMED])
    candidates = np.linspace(float(first), float(last), CANDIDATES)
    line, kinks = _directions(years, candidates)
    residuals = log10_values - line @ (line.T @ log10_values)
    if (residuals**2).sum() < 1e-18 * n_obs:
        raise MemwallError(f"{chosen.origin}: all observations lie on one line; there is no break to find")
    f_values = _f_values(residuals, kinks)
    at = float(candidates[f_values.argmax()])
    leverage = (line**2).sum(axis=1)
    signs = seeded(seed).choice([-1.0, 1.0], size=(n_obs, draws))
    drawn = (residuals / (1 - leverage))[:, np.newaxis] * signs
    drawn = drawn - line @ (line.T @ drawn)
    highest = _f_values(drawn, kinks).max(axis=0)
    covariance, slope, change = _kinked_line(years, log10_values, at)
    freedom = float(n_obs - 4)
    low, high = _year_interval(years, log10_values, level)
    sides = [
        Growth(
            slope=rate,
            slope_error=float(np.sqrt(gradient @ covariance @ gradient)),
            degrees_of_freedom=freedom,
        )
        for rate, gradient in (
            (slope, np.array([0.0, 1.0, 0.0, 0.0])),
            (slope + change, np.array([0.0, 1.0, 1.0, 0.0])),
        )
    ]
    return Break(
        series=chosen.name,
        dataset=chosen.dataset,
        n_obs=n_obs,
        year=at + origin,
        year_low=min(low, at) + origin,
        year_high=max(high, at) + origin,
        before=sides[0],
        after=sides[1],
        # Rounding must not decide a tie.
        p_value=float((1 + (highest >= f_values.max() * (1 - 1e-9)).sum()) / (draws + 1)),
        level=level,
        seed=seed,
    )


def rolling_rates(
    data: Data,
    *,
    window_years: float = WINDOW_YEARS,
    step_years: float = 1,
    method: str | Method = "ols",
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    **choose: Unpack[Choose],
) -> pd.DataFrame:
    """Return the growth factor of each window of time.

    Parameters
    ----------
    data, method
        As in `memwall_trends.fitting.trends.fit_trend`.
    window_years, step_years : float
        Length of a window, and from one to the next.
    per, level : float
        Period of the growth factor, and level of its interval.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`.

    Returns
    -------
    DataFrame
        ``since, until`` (decimal years), ``n_obs, rate, ci_low, ci_high``. The last window ends with the
        data; windows of fewer than five observations or three dates are left out.

    Raises
    ------
    MemwallError
        If a choice is wrong, or no window has enough observations.

    Examples
    --------
    >>> rolling_rates("dram_bandwidth", step_years=10)[["since", "until"]].round(1).values.tolist()
    [[1996.6, 2006.6], [2006.6, 2016.6], [2016.6, 2026.6]]
    """
    if not (window_years > 0 and step_years > 0):
        raise MemwallError(
            f"a window and its step are years above zero; got {window_years:g}, {step_years:g}"
        )
    chosen = select(data, **choose)
    years = decimal_years(chosen.observations["date"].to_numpy())
    n_steps = int(max((np.ptp(years) - window_years) / step_years + 1e-9, 0))
    rows = []
    for until in years.max() - step_years * np.arange(n_steps, -1, -1.0):
        inside = (years > until - window_years) & (years <= until)
        part = chosen.observations[inside]
        if len(part) < FEW_IN_WINDOW or part["date"].nunique() < FEW_DATES_IN_WINDOW:
            continue
        trend = fit_trend(part, method=method)
        interval = trend.growth_interval(per, level)
        rows.append((until - window_years, until, trend.n_obs, trend.growth_factor(per), *interval))
    if not rows:
        raise MemwallError(
            f"{chosen.origin}: no window of {window_years:g} years has {FEW_IN_WINDOW} observations"
        )
    return pd.DataFrame(rows, columns=["since", "until", "n_obs", "rate", "ci_low", "ci_high"])


def _directions(years: Floats, candidates: Floats) -> tuple[Floats, Floats]:
    """Return orthonormal columns of the straight line (n, 2), and unit kinks free of it, (candidates, n)."""
    line, _ = np.linalg.qr(np.column_stack([np.ones_like(years), years]))
    kinks = np.maximum(years - candidates[:, np.newaxis], 0)
    kinks = kinks - (kinks @ line) @ line.T
    unit: Floats = kinks / np.linalg.norm(kinks, axis=1, keepdims=True)
    return line, unit


def _f_values(residuals: Floats, kinks: Floats) -> Floats:
    """Return for each kink the F value of adding it, for one set of residuals (n,) or for many (n, draws)."""
    gained = (kinks @ residuals) ** 2
    left = (residuals**2).sum(axis=0) - gained
    values: Floats = gained / np.maximum(left, 1e-300) * (len(residuals) - 3)
    return values


def _kinked_line(years: Floats, log10_values: Floats, at: float) -> tuple[Floats, float, float]:
    """Return the covariance of intercept, slope, change of slope and year, the slope and its change."""
    design = np.column_stack([np.ones_like(years), years, np.maximum(years - at, 0)])
    fitted, *_ = np.linalg.lstsq(design, log10_values, rcond=None)
    variance = ((log10_values - design @ fitted) ** 2).sum() / (len(years) - 4)
    gradient = np.column_stack([design, -fitted[2] * (years > at)])
    return variance * np.linalg.pinv(gradient.T @ gradient), float(fitted[1]), float(fitted[2])


def _year_interval(years: Floats, log10_values: Floats, level: float) -> tuple[float, float]:
    from scipy.stats import f as f_distribution

    dates = np.unique(years)
    # All years that leave two dates to each side, on a finer grid than the search.
    candidates = np.linspace(dates[1], dates[-2], 4 * CANDIDATES)
    line, kinks = _directions(years, candidates)
    residuals = log10_values - line @ (line.T @ log10_values)
    left = (residuals**2).sum() - (kinks @ residuals) ** 2
    freedom = len(years) - 4
    worse = freedom * (left - left.min()) / max(float(left.min()), 1e-300)
    inside = candidates[worse <= f_distribution.ppf(level, 1, freedom)]
    return float(inside.min()), float(inside.max())
