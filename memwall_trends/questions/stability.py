"""Has growth slowed or sped up? Rates by rolling window, and a line with one break."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.held import find_pushed
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.bounds import check_level
from memwall_trends.fitting.growth import Growth
from memwall_trends.fitting.kinks import AFTER, BEFORE, search_kinks
from memwall_trends.fitting.methods import as_method, cluster_codes, find_cluster
from memwall_trends.fitting.pushed import find_rows_needed, fit_windows
from memwall_trends.fitting.trends import fit_trend, make_trend
from memwall_trends.questions.gap import select_ratio
from memwall_trends.selection import select
from memwall_trends.units import decimal_years, format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from numpy.typing import NDArray

    from memwall_trends.fitting.kinks import KinkSearch
    from memwall_trends.fitting.least_squares import Codes, Floats
    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose, Data, Selection

    Mask = NDArray[np.bool_]

WINDOW_YEARS = 10
BREAK_DRAWS, INTERVAL_DRAWS = 1999, 499
"""Of the test; each of the many tests behind an interval takes the first of these draws."""
FEW_OBSERVATIONS, FEW_DATES = 10, 6
FEW_IN_WINDOW, FEW_DATES_IN_WINDOW = 5, 3
ENOUGH_BEYOND = 5
"""Draws beyond the end of an interval, below which it takes more of them."""
EXACT = 1e-18
"""Mean square of residuals, powers of ten: below, they are rounding errors."""
SLOWED, SPED_UP, NO_BREAK = "slowed", "sped up", "no break is seen"


@dataclass(frozen=True, eq=False, repr=False)
class Break:
    """A line through log10(value) with one kink, at the year that fits best.

    Attributes
    ----------
    series, dataset : str
        What was fitted.
    denominator : str
        The series that it is divided by; empty where it is not.
    n_obs : int
        Number of observations.
    within : str, optional
        The column each value of which has an intercept of its own.
    cluster : str, optional
        The column whose values share an error; none where each observation has its own.
    n_clusters : int
        How many there are.
    year : float
        Decimal year of the kink.
    year_low, year_high : float
        Its interval, among the years of `searched`. Without a break no year is wrong, and it tends to be all
        of them.
    searched : tuple of float
        The first and last year at which a kink was sought. An interval that ends there may go on.
    before, after : Growth
        On each side; their intervals count that the year is estimated too.
    p_value : float
        Of the test against no break, which accounts for having searched for the year.
    level : float
        Of the interval of the year, and of the verdict.
    seed : int
        Of the random draws.
    """

    series: str
    dataset: str
    denominator: str
    n_obs: int
    within: str | None
    cluster: str | None
    n_clusters: int
    year: float
    year_low: float
    year_high: float
    searched: tuple[float, float]
    before: Growth
    after: Growth
    p_value: float
    level: float
    seed: int

    @property
    def name(self) -> str:
        """The series, or both of a ratio: ``peak_flops / dram_bandwidth``."""
        return f"{self.series} / {self.denominator}" if self.denominator else self.series

    @property
    def is_bounded(self) -> bool:
        """Whether the interval of the year ends inside the years that were searched, on both sides."""
        return self.searched[0] < self.year_low and self.year_high < self.searched[1]

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
            "searched_since": self.searched[0],
            "searched_until": self.searched[1],
            "denominator": self.denominator or None,
            "within": self.within,
            "cluster": self.cluster,
            "n_clusters": self.n_clusters,
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
                rows.append((quantity, f"{estimate:.1f}", self.describe_years()))
            else:
                rows.append((quantity, f"{format_number(estimate)}x", format_interval(low, high)))
        return pd.DataFrame(rows, columns=["quantity", "estimate", f"{format_level(self.level)} interval"])

    def describe_years(self, digits: int = 1) -> str:
        """Return the interval of the year for a reader; an end of the search is no end of the interval.

        Examples
        --------
        >>> fit_break("peak_flops", dataset="gholami2024").describe_years().endswith("or later")
        True
        """
        low = f"{self.year_low:.{digits}f}" + ("" if self.searched[0] < self.year_low else " or before")
        high = f"{self.year_high:.{digits}f}" + ("" if self.year_high < self.searched[1] else " or later")
        return f"{low} to {high}"

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return (
            f"{self.name} ({self.dataset}): {self.verdict} (p = {self.p_value:.3g})\n"
            f"{self.shown().to_string(index=False)}"
        )

    __repr__ = __str__


def fit_break(
    data: Data,
    *,
    over: str | Selection | None = None,
    cluster: str | None = None,
    within: str | None = None,
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
    over : str or Selection, optional
        Of the ratio of two series the denominator: `data` and it are named as in
        `memwall_trends.questions.gap.select_ratio`.
    cluster : str, optional
        The column that says which observations share an error. By default ``architecture`` where the data
        names it, else each observation has its own, as with ``name``.
    within : str, optional
        A column, as in ``product_class``, each value of which has an intercept of its own: has growth within
        them changed?
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
        The year minimises the sum of squared residuals, among those with 15 % of the observations to either
        side (Andrews 1993, doi:10.2307/2951764). The test takes the largest F over all years, and compares it
        with the largest F of resamples without a break: the residuals of each cluster, as from a line fitted
        without it, with one random sign (wild cluster bootstrap with the null imposed, Cameron, Gelbach and
        Miller 2008, doi:10.1162/rest.90.3.414). In simulation on the real dates and architectures
        (``python -m tests.simulate_breaks``) it rejects as often as it says, clustered errors or not; below
        about 15 clusters more rarely. A largest Wald value by cluster found fewer breaks, and at the end of
        the dates, where few clusters say how sure they are, ones that are none.

        The interval of the year holds those that the same bootstrap, of this year against all others, does
        not reject (Hansen 2017, doi:10.1080/07350015.2015.1073595, for one threshold); that of a slope holds
        those that it does not reject whatever the year.

    Raises
    ------
    MemwallError
        If a choice is wrong or the observations or clusters are too few.

    Examples
    --------
    >>> fit_break("dram_bandwidth", since=2000).verdict in (SLOWED, SPED_UP, NO_BREAK)
    True
    >>> fit_break("peak_flops", over="dram_bandwidth").name
    'peak_flops / dram_bandwidth'
    """
    check_level(level)
    chosen = _choose(data, over, choose)
    search, log10_values, column = _search(chosen, cluster, within)
    fewer = _interval_draws(draws, level)
    signs = search.draw_signs(draws, seed)
    low, high = search.year_bounds(log10_values, signs[:fewer], 1 - level)
    names = chosen.name.split(" / ") if over is not None else [chosen.name]
    sides = {side: _growth(search, log10_values, signs, side, draws) for side in (BEFORE, AFTER)}
    return Break(
        series=names[0],
        dataset=chosen.dataset,
        denominator=names[1] if over is not None else "",
        n_obs=len(log10_values),
        within=within,
        cluster=column,
        n_clusters=search.n_clusters,
        year=float(search.candidates[search.best(log10_values)]) + search.origin,
        year_low=low,
        year_high=high,
        searched=search.searched,
        before=sides[BEFORE],
        after=sides[AFTER],
        p_value=search.p_value(log10_values, search.straight, signs),
        level=level,
        seed=seed,
    )


def rolling_rates(
    data: Data,
    *,
    over: str | Selection | None = None,
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
        As in `memwall_trends.fitting.trends.fit_trend`: intervals are by cluster of architecture where the
        data names them.
    over : str or Selection, optional
        As in `fit_break`.
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
        data; windows of fewer than five observations or three dates are left out, and those that the method
        cannot fit, as with a single architecture.

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
    chosen = _choose(data, over, choose)
    years, fit = _fit_windows(chosen, as_method(method))
    n_steps = int(max((np.ptp(years) - window_years) / step_years + 1e-9, 0))
    rows: list[tuple[float, ...]] = []
    failed: MemwallError | None = None
    for until in years.max() - step_years * np.arange(n_steps, -1, -1.0):
        inside = (years > until - window_years) & (years <= until)
        try:
            trend = fit(inside)
        except MemwallError as error:
            failed = error
            continue
        if trend is None:
            continue
        interval = trend.growth_interval(per, level)
        rows.append((until - window_years, until, trend.n_obs, trend.growth_factor(per), *interval))
    if not rows and failed is not None:
        raise failed
    if not rows:
        raise MemwallError(
            f"{chosen.origin}: no window of {window_years:g} years has {FEW_IN_WINDOW} observations"
        )
    return pd.DataFrame(rows, columns=["since", "until", "n_obs", "rate", "ci_low", "ci_high"])


def _fit_windows(chosen: Selection, method: Method) -> tuple[Floats, Callable[[Mask], Trend | None]]:
    """Return decimal years, of observations or days, and what fits those of a mask, or none if few."""
    table = find_pushed(chosen)
    if table is not None and find_rows_needed(method) is None:
        days, fit_days = fit_windows(table, method)

        def fit_in_engine(inside: Mask) -> Trend | None:
            line = fit_days(inside)
            if isinstance(line, TooFewObservations):
                return None
            if isinstance(line, MemwallError):
                raise line
            if line.cells.n_obs < FEW_IN_WINDOW:
                return None
            return make_trend(chosen, method, line.estimate, observations=replace(table, part=line.cells))

        return days, fit_in_engine
    rows = chosen.observations

    def fit_rows(inside: Mask) -> Trend | None:
        part = rows[inside]
        if len(part) < FEW_IN_WINDOW or part["date"].nunique() < FEW_DATES_IN_WINDOW:
            return None
        # Not a frame alone: what the data is says how its intervals come about.
        window = replace(chosen, observations=part, candidates=None, in_window=None)
        return fit_trend(window, method=method)

    return decimal_years(rows["date"].to_numpy()), fit_rows


def _choose(data: Data, over: str | Selection | None, choose: Choose) -> Selection:
    if over is None:
        return select(data, **choose)
    from memwall_trends.selection import Selection

    if not isinstance(data, str | Selection):
        raise MemwallError("a ratio is of two series by name, or of two selections; got a file or a frame")
    return select_ratio(data, over, **choose)


def _search(
    chosen: Selection, cluster: str | None, within: str | None
) -> tuple[KinkSearch, Floats, str | None]:
    """Return the search for a kink, log10 of the values, and the column of the clusters."""
    rows = chosen.observations
    years = decimal_years(rows["date"].to_numpy())
    log10_values = np.log10(rows["value"].to_numpy(dtype=np.float64))
    n_obs, n_dates = len(years), len(np.unique(years))
    if n_obs < FEW_OBSERVATIONS or n_dates < FEW_DATES:
        raise MemwallError(
            f"{chosen.origin}: {n_obs} observation(s) on {n_dates} date(s); a break needs at least "
            f"{FEW_OBSERVATIONS} on {FEW_DATES}"
        )
    column = cluster or find_cluster(chosen)
    codes: Codes = np.arange(n_obs) if column is None else cluster_codes(rows, column)
    try:
        search = search_kinks(years, codes, cluster_codes(rows, within) if within else None)
    except MemwallError as error:
        raise MemwallError(f"{chosen.origin}: {error}") from None
    line = search.straight.fixed
    residuals = log10_values - line @ (line.T @ log10_values)
    if (residuals**2).sum() < EXACT * n_obs:
        raise MemwallError(f"{chosen.origin}: all observations lie on one line; there is no break to find")
    return search, log10_values, column


def _interval_draws(draws: int, level: float) -> int:
    """Return how many of the draws an interval takes; all where its level needs them."""
    if (1 + draws) * (1 - level) < 1:
        raise MemwallError(
            f"{draws} draws cannot tell a level of {level:g}; take at least {int(np.ceil(1 / (1 - level)))}"
        )
    return min(draws, INTERVAL_DRAWS) if (1 + INTERVAL_DRAWS) * (1 - level) >= ENOUGH_BEYOND else draws


def _growth(search: KinkSearch, log10_values: Floats, signs: Floats, side: str, draws: int) -> Growth:
    slope, error, freedom = search.slopes(log10_values)[side]

    @functools.cache
    def bounds(level: float) -> tuple[float, float]:
        fewer = signs[: _interval_draws(draws, level)]
        return search.slope_bounds(log10_values, fewer, 1 - level, side=side, slope=slope, step=error)

    return Growth(slope=slope, slope_error=error, degrees_of_freedom=freedom, slope_bounds=bounds)
