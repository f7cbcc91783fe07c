"""`fit_trend` and `Trend`: how fast a quantity grows, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.conditions import describe_where
from memwall_trends.datasets.held import Rows, find_extent, find_pushed
from memwall_trends.fitting.bounds import check_dates, t_quantile, welch_satterthwaite
from memwall_trends.fitting.diagnosis import diagnose_line
from memwall_trends.fitting.growth import Growth, find_short_window
from memwall_trends.fitting.methods import FRONTIER_NOTE, Method, as_method, fit_line
from memwall_trends.fitting.pushed import find_rows_needed, fit_pushed
from memwall_trends.fitting.shown import find_shown
from memwall_trends.selection import select, select_each
from memwall_trends.units import power_of_ten

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from typing import Unpack

    import altair as alt
    from numpy.typing import ArrayLike

    from memwall_trends.datasets.parsing import Found
    from memwall_trends.datasets.pushed import Pushed
    from memwall_trends.fitting.diagnosis import Diagnosis
    from memwall_trends.fitting.growth import Look
    from memwall_trends.fitting.least_squares import Estimate, Floats
    from memwall_trends.selection import Choose, Data, Selection

FITTED = (
    *("series", "dataset", "unit", "method", "within", "n_obs", "first_date", "last_date"),
    *("where", "precision", "frontier", "counted"),
)
"""The keys of a trend's record that say what was fitted to what."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Trend(Growth):
    """An exponential trend: a straight line through log10(value) on the decimal year.

    Attributes
    ----------
    series : str
        What grows; for a user's CSV the name of the file.
    dataset : str
        Where the observations are from.
    unit : str
        Unit of the values; empty where the data does not say.
    method : Method
        How the line was fitted, and how its interval comes about.
    where : dict of str to list of str
        The conditions that chose the observations: column, and the values of which a row has one.
    precision : str
        The precision policy that chose one rate of each device; empty where each row counts.
    frontier : bool
        Whether only record-setting devices count.
    observations : DataFrame
        What was fitted, with ``date`` and ``value``; an error where these stayed in an engine.
    counted : str
        In words what counts, where not every row does: ``the best of each year``.
    estimate : Estimate
        The line.
    resampled : ndarray of float, shape (2, draws), optional
        Of a bootstrap: intercepts at the origin of `estimate`, and slopes.
    found : Found, optional
        What was found out about a file or a frame: separator, dates, unit, rows skipped.
    shown_rows : DataFrame, optional
        Rows that a figure draws and that do not count.
    selection : Selection, optional
        What chose the observations, so that a backtest can fit those of earlier years alike.

    Examples
    --------
    >>> trend = fit_trend("dram_bandwidth", dataset="gholami2024")
    >>> round(trend.growth_factor(), 5), round(trend.doubling_time_years, 3)
    (1.59151, 2.983)
    """

    series: str
    dataset: str
    unit: str
    method: Method
    where: dict[str, list[str]]
    precision: str
    frontier: bool
    observations: Rows = Rows()  # noqa: RUF009
    counted: str
    estimate: Estimate
    resampled: Floats | None = None
    found: Found | None = None
    shown_rows: pd.DataFrame | None = None
    selection: Selection | None = None

    @property
    def n_obs(self) -> int:
        """Number of observations."""
        return find_extent(self)[0]

    @property
    def first_date(self) -> dt.date:
        """Date of the earliest observation."""
        return find_extent(self)[1]

    @property
    def last_date(self) -> dt.date:
        """Date of the latest observation."""
        return find_extent(self)[2]

    @property
    def r_squared(self) -> float:
        """Share of the variance of log10(value) that the line explains."""
        return self.estimate.r_squared

    @property
    def effects(self) -> dict[str, float]:
        """Factor by which each group lies above the line, the highest first; of a mixed model each vendor.

        Examples
        --------
        >>> trend = fit_trend("peak_flops", method=Method(within="kind"), dataset="gholami2024")
        >>> {kind: round(factor, 2) for kind, factor in trend.effects.items()}
        {'accelerator': 2.21, 'gpu': 1.95, 'manycore': 0.83, 'cpu': 0.28}
        """
        column = "vendor" if self.method.name == "mixed" else self.method.within
        if column is None or self.estimate.effects is None:
            return {}
        table = find_pushed(self)
        rows = self.observations if table is None else table.extent().labels
        labels = pd.unique(rows[column])
        factors = dict(zip(map(str, labels), map(power_of_ten, self.estimate.effects), strict=True))
        return dict(sorted(factors.items(), key=lambda pair: -pair[1]))

    def predict(self, years: ArrayLike, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return what the trend says of given years.

        Parameters
        ----------
        years : array_like of float, shape (n,)
            Decimal years.
        level : float
            Level of both intervals.

        Returns
        -------
        DataFrame
            ``year, value, confidence_low, confidence_high, prediction_low, prediction_high``, in the unit of
            the values. The confidence interval is for the mean of log10(value), the prediction interval for
            one new observation.

        Examples
        --------
        >>> fit_trend("dram_bandwidth", dataset="gholami2024").predict([2023.0]).round(0).iloc[0, 1:].tolist()
        [2237.0, 1436.0, 3484.0, 774.0, 6464.0]
        """
        years = np.atleast_1d(np.asarray(years, dtype=np.float64))
        log10_values, mean_variance = self.log10_mean(years)
        mean_half = t_quantile(self.degrees_of_freedom, level) * np.sqrt(mean_variance)
        _, new_variance, freedoms = self.log10_new(years)
        new_half = [t_quantile(freedom, level) for freedom in freedoms] * np.sqrt(new_variance)
        with np.errstate(over="ignore"):
            return pd.DataFrame(
                {
                    "year": years,
                    "value": 10**log10_values,
                    "confidence_low": 10 ** (log10_values - mean_half),
                    "confidence_high": 10 ** (log10_values + mean_half),
                    "prediction_low": 10 ** (log10_values - new_half),
                    "prediction_high": 10 ** (log10_values + new_half),
                }
            )

    def log10_mean(self, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the fitted log10(value) at decimal years and its variance, both of shape (n,)."""
        design = np.column_stack([np.ones_like(years), years - self.estimate.origin])
        mean = design @ [self.estimate.intercept, self.estimate.slope]
        return mean, np.einsum("ij,jk,ik->i", design, self.estimate.covariance, design)

    def log10_new(self, years: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return of log10(value) of a new observation at years its mean, variance and degrees of freedom.

        The line and a new device's residual have degrees of freedom of their own; of their sum after Welch
        and Satterthwaite (Satterthwaite 1946, doi:10.2307/3002019).

        Examples
        --------
        >>> mean, variance, freedoms = fit_trend("dram_bandwidth").log10_new(np.array([2030.0]))
        >>> mean.shape, variance.shape, freedoms.shape
        ((1,), (1,), (1,))
        """
        mean, line_variance = self.log10_mean(years)
        residual = self.estimate.scatter(years)
        own, line = self.estimate.residual_freedom, self.degrees_of_freedom
        if own is None or own == line:
            return mean, line_variance + residual, np.full(len(years), line)
        freedoms = [
            welch_satterthwaite(float(of_line), line, float(of_device), own)
            for of_line, of_device in zip(line_variance, residual, strict=True)
        ]
        return mean, line_variance + residual, np.array(freedoms)

    def to_record(self, per: float = defaults.PERIOD_YEARS, level: float = defaults.LEVEL) -> dict[str, Any]:
        """Return the trend as one flat record, the keys of ``memwall-trends rate --format json``.

        Examples
        --------
        >>> list(fit_trend("peak_flops", dataset="gholami2024").to_record())[:4]
        ['series', 'dataset', 'method', 'n_obs']
        """
        low, high = self.growth_interval(per, level)
        return {
            "series": self.series,
            "dataset": self.dataset,
            "method": self.method.name,
            "n_obs": self.n_obs,
            "first_date": self.first_date.isoformat(),
            "last_date": self.last_date.isoformat(),
            "rate": self.growth_factor(per),
            "ci_low": low,
            "ci_high": high,
            "level": level,
            "period_years": per,
            "doubling_time_years": self.doubling_time_years,
            "halving_time_years": self.halving_time_years,
            "r_squared": self.r_squared,
            "where": self.where,
            "precision": self.precision or None,
            "frontier": self.frontier,
            "counted": self.counted or None,
            "within": self.method.within,
            "effects": self.effects or None,
            "unit": self.unit,
            "interval": self.estimate.interval,
            "n_clusters": self.estimate.n_clusters,
            "seed": self.method.seed if self.resampled is not None else None,
            "warnings": self.warnings(per),
            **({"reading": self.found.to_record()} if self.found is not None else {}),
        }

    def warnings(self, per: float = defaults.PERIOD_YEARS) -> list[str]:
        """Return what a reader of a growth factor over `per` years should know: that so much was not seen.

        Examples
        --------
        >>> fit_trend("peak_flops", dataset="gholami2024").warnings(per=2)
        []
        """
        return find_short_window(self.first_date, self.last_date, per, self.series)

    def describe(self) -> str:
        """Return in a sentence what was fitted to what.

        Examples
        --------
        >>> print(fit_trend("dram_bandwidth", dataset="gholami2024").describe())
        OLS of log10(GB/s) on the date: 12 observations, R² 0.922, 2003-10-01 to 2022-03-22
        """
        chosen = [describe_where(self.where)] if self.where else []
        if self.precision:
            chosen.append(f"best dense rate of a device ({self.precision})")
        if self.counted:
            chosen.append(self.counted)
        if self.found is not None and self.found.n_skipped:
            chosen.append(f"{self.found.n_skipped:,} skipped for an empty cell")
        conditions = f"; {'; '.join(chosen)}" if chosen else ""
        r_squared = "n/a" if math.isnan(self.r_squared) else f"{self.r_squared:.3f}"
        return (
            f"{self.method.describe()} of log10({self.unit or 'value'}) on the date: "
            f"{self.n_obs:,} observations, R² {r_squared}, {self.first_date} to {self.last_date}{conditions}"
        )

    def describe_interval(self) -> str:
        """Return in a sentence how the interval comes about; for records, why by a bootstrap.

        Examples
        --------
        >>> fit_trend("dram_bandwidth", dataset="gholami2024").describe_interval()
        'Interval: t interval, classical standard error.'
        """
        why = f" {FRONTIER_NOTE}." if self.frontier and self.resampled is not None else ""
        return f"Interval: {self.estimate.interval}.{why}"

    def plot(self, **look: Unpack[Look]) -> alt.VConcatChart:
        """Return a picture of the trend with its observations; `look` is that of all figures (`Look`).

        Examples
        --------
        >>> type(fit_trend("dram_bandwidth", dataset="gholami2024").plot(size="column")).__name__
        'VConcatChart'
        """
        from memwall_trends.figures.timeline import draw_trend

        return draw_trend(self, **look)

    def diagnose(self, level: float = defaults.LEVEL) -> Diagnosis:
        """Return what the residuals say of the line, and which observations it hangs on.

        Parameters
        ----------
        level : float
            A p value below 1 - level is a sign.

        Raises
        ------
        MemwallError
            If the method is not least squares, or nothing is left over from the line.

        Examples
        --------
        >>> diagnosis = fit_trend("dram_bandwidth", dataset="gholami2024").diagnose()
        >>> diagnosis.observations["cooks_distance"].round(3).tolist()[:2]
        [0.961, 0.15]
        """
        record = self.to_record()
        return diagnose_line(
            self.observations,
            self.method,
            fitted={name: record[name] for name in FITTED},
            described=self.describe(),
            level=level,
        )

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return f"{self.series} ({self.dataset})\n{self.describe()}\n{self.shown().to_string(index=False)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        import html

        title, description = (
            html.escape(text) for text in (f"{self.series} ({self.dataset})", self.describe())
        )
        return f"<div><b>{title}</b><br>{description}{self.shown().to_html(index=False)}</div>"


def fit_trend(data: Data, *, method: str | Method = "ols", **choose: Unpack[Choose]) -> Trend:
    """Fit a trend to a series of a dataset, to a CSV file or to a frame.

    Parameters
    ----------
    data : str, Path, frame or Selection
        A series as in ``peak_flops``, the path of a CSV, observations, or what
        `memwall_trends.selection.select` returned. A frame of Polars, PyArrow, DuckDB, Spark or Dask keeps
        its rows, and hands over sums.
    method : str or Method
        How to fit; the name of an estimator, or a `memwall_trends.fitting.methods.Method`.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`.

    Returns
    -------
    Trend

    Raises
    ------
    MemwallError
        If the series, the file, a row, a selection or a method is wrong.
    TooFewObservations
        If fewer than three different dates are left.

    Examples
    --------
    >>> fit_trend("peak_flops", dataset="gholami2024", since="2010", kind="gpu").n_obs
    14
    """
    chosen, method = select(data, **choose), as_method(method)
    table, needed = find_pushed(chosen), find_rows_needed(method)
    if table is not None and needed is None:
        estimate, held = fit_pushed(table, method)
        return make_trend(chosen, method, estimate, observations=held)
    chosen = chosen.in_memory(needed or "")
    check_dates(chosen.observations["date"], chosen.origin, chosen.choose.get("date_column", "date"))
    estimate, resampled = fit_line(chosen, method)
    return make_trend(chosen, method, estimate, observations=chosen.observations, resampled=resampled)


def make_trend(
    chosen: Selection,
    method: Method,
    estimate: Estimate,
    *,
    observations: pd.DataFrame | Pushed,
    resampled: Floats | None = None,
) -> Trend:
    """Return a fitted line as the trend of what was chosen.

    Examples
    --------
    >>> from memwall_trends.fitting.estimate import flat_line
    >>> chosen = select("model_size")
    >>> make_trend(chosen, Method(), flat_line(9.0, 2020.0, 9), observations=chosen.observations).slope
    0.0
    """
    return Trend(
        slope=estimate.slope,
        slope_error=float(np.sqrt(estimate.covariance[1, 1])),
        degrees_of_freedom=estimate.degrees_of_freedom,
        slope_bounds=estimate.slope_bounds,
        series=chosen.name,
        dataset=chosen.dataset,
        unit=chosen.unit,
        method=method,
        where=chosen.where,
        precision=chosen.precision,
        frontier=chosen.frontier,
        observations=observations,
        counted=chosen.counted,
        estimate=estimate,
        resampled=resampled,
        found=chosen.found if isinstance(observations, pd.DataFrame) else observations.found(),
        shown_rows=find_shown(chosen) if isinstance(observations, pd.DataFrame) else None,
        selection=chosen,
    )


def fit_trends(
    series: Sequence[str | Selection], *, method: str | Method = "ols", **choose: Unpack[Choose]
) -> list[Trend]:
    """Fit several series under the same choices; each narrows the series that have its column.

    Parameters
    ----------
    series : sequence of str or Selection
        As in ``peak_flops``.
    method, **choose
        As of `fit_trend`, for all.

    Raises
    ------
    MemwallError
        As `fit_trend`, and if no series has a column or precisions.

    Examples
    --------
    >>> trends = fit_trends(["peak_flops", "dram_bandwidth"], dataset="gholami2024", where={"memory": "HBM2"})
    >>> [trend.n_obs for trend in trends]
    [37, 3]
    """
    return [fit_trend(chosen, method=method) for chosen in select_each(series, **choose)]
