"""Where a trend or a gap leads: its prediction interval, the one that held in the past, and how often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.questions.backtest import Backtest, backtest_fitted
from memwall_trends.questions.calibration import FEW_ORIGINS, Calibration, calibrate_leads
from memwall_trends.questions.ratio import Gap, find_crossing
from memwall_trends.units import decimal_years, format_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from memwall_trends.fitting.least_squares import Floats
    from memwall_trends.fitting.trends import Trend

LONGEST_YEARS = 10
STEPS_A_YEAR = 12
GOOD_LOW, GOOD_HIGH = 0.05, 0.04
"""An interval held as stated if its share lies no more than this below or above its level."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """A trend or a gap, with what its past says of its projections.

    Attributes
    ----------
    fitted : Trend or Gap
    tested : Backtest, optional
        Its forecasts of the past.
    untested : str
        Why there is none.
    """

    fitted: Trend | Gap
    tested: Backtest | None
    untested: str = ""

    def project(self, years: ArrayLike, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return the value at given years with both intervals, and how often these held.

        Parameters
        ----------
        years : array_like of float, shape (n,)
            Decimal years.
        level : float
            Of the intervals, which are for a new device; of a leading edge, for the best that is known then.

        Returns
        -------
        DataFrame
            ``year, value, low, high``; ``calibrated_low, calibrated_high``, the interval as wide as the past
            asks for (`memwall_trends.questions.calibration.calibrate_leads`), not a number where it cannot
            tell; ``lead_years`` after the last observation, zero within them; ``coverage`` that the
            calibrated interval had, nested, so many years ahead, and ``raw_coverage`` that the usual one had,
            not numbers where too few New Years tell; ``n_origins, n_tested``, how many do.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> row = look_ahead(fit_gap("peak_flops", "dram_bandwidth")).project([2028.0]).iloc[0]
        >>> bool(row["calibrated_low"] < row["low"] < row["value"] < row["high"] < row["calibrated_high"])
        True
        """
        years = np.atleast_1d(np.asarray(years, dtype=np.float64))
        return self._project(years, level, self.calibrations(level))

    def _project(self, years: Floats, level: float, calibrations: dict[int, Calibration]) -> pd.DataFrame:
        frame, leads = self._raw(years, level), self.lead_years(years)
        known = [calibrations.get(_whole(lead)) for lead in leads]
        widths = np.array([each.half_width_log10 if each else math.nan for each in known])
        with np.errstate(over="ignore"):
            low = np.minimum(frame["low"], frame["value"] / 10**widths)
            high = np.maximum(frame["high"], frame["value"] * 10**widths)
        told = ~np.isnan(widths)
        return frame.assign(
            calibrated_low=low.where(told),
            calibrated_high=high.where(told),
            lead_years=leads,
            coverage=[each.nested_coverage if each else math.nan for each in known],
            raw_coverage=[
                each.raw_coverage if each and each.n_origins >= FEW_ORIGINS else math.nan for each in known
            ],
            n_origins=[each.n_origins if each else 0 for each in known],
            n_tested=[each.n_tested if each else 0 for each in known],
        )

    def reach(self, ratio: float, level: float = defaults.LEVEL) -> dict[str, float]:
        """Return when a gap passes a ratio, as `Gap.reach`, and when the calibrated interval holds it.

        Returns
        -------
        dict of str to float
            As of `Gap.reach`, and ``calibrated_low, calibrated_high``; not numbers where the calibrated
            interval comes to hold or to leave the ratio later than the past can tell.

        Examples
        --------
        >>> from memwall_trends.questions.gap import fit_gap
        >>> reached = look_ahead(fit_gap("peak_flops", "dram_bandwidth")).reach(1000)
        >>> bool(reached["calibrated_low"] <= reached["prediction_low"])
        True
        """
        if not isinstance(self.fitted, Gap):
            raise MemwallError("only a gap is asked when it passes a ratio")
        reached = self.fitted.reach(ratio, level)
        low, high = reached["prediction_low"], reached["prediction_high"]
        calibrations = self.calibrations(level)
        told = [lead for lead, each in calibrations.items() if not math.isnan(each.half_width_log10)]
        if not told:
            return {**reached, "calibrated_low": math.nan, "calibrated_high": math.nan}
        first, last = self.last_year, self.last_year + max(told)

        def distance(years: Floats) -> Floats:
            rows = self._project(years, level, calibrations)
            inside: Floats = np.minimum(
                np.log10(rows["calibrated_high"].fillna(rows["high"]) / ratio),
                np.log10(ratio / rows["calibrated_low"].fillna(rows["low"])),
            ).to_numpy()
            return inside

        grid = np.linspace(first, last, round((last - first) * STEPS_A_YEAR) + 1)
        held = distance(grid) >= 0
        if not held.any():
            past = high < first
            return {
                **reached,
                "calibrated_low": low if past else math.nan,
                "calibrated_high": high if past else math.nan,
            }
        enters = int(held.argmax())
        after = np.flatnonzero(~held[enters:])
        entered = low if enters == 0 else find_crossing(distance, grid[enters - 1], grid[enters])
        entered = min(low, entered)  # the usual interval lies within
        left = math.nan
        if len(after):
            leaves = enters + int(after[0])
            left = find_crossing(distance, grid[leaves - 1], grid[leaves])
        return {**reached, "calibrated_low": entered, "calibrated_high": left}

    def describe(self, years: Sequence[float], level: float = defaults.LEVEL) -> list[str]:
        """Return in words, one line a lead, what the past says of projections to these years.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> print(look_ahead(fit_trend("dram_bandwidth", dataset="gholami2024")).describe([2024.0])[0])
        Backtest, 2 years ahead: too few New Years (1); the interval is untested.
        """
        leads = sorted({_whole(lead) for lead in self.lead_years(np.asarray(years, dtype=float))} - {0})
        if not leads:
            return []
        if self.tested is None:
            return [f"Backtest: none ({self.untested}); the intervals are untested."]
        calibrations = self.calibrations(level)
        return [self._describe_lead(lead, calibrations.get(lead), level) for lead in leads]

    def calibrations(self, level: float = defaults.LEVEL) -> dict[int, Calibration]:
        """Return by whole years ahead what the past says; nothing where there is no backtest.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> look_ahead(fit_trend("dram_bandwidth")).calibrations()[5].lead_years
        5
        """
        if self.tested is None:
            return {}
        return {each.lead_years: each for each in calibrate_leads(self.tested.forecasts, level)}

    def lead_years(self, years: Floats) -> Floats:
        """Return by how many years each lies after the last observation; zero before it."""
        return np.maximum(np.atleast_1d(years) - self.last_year, 0.0)

    @property
    def edge(self) -> bool:
        """Whether the past is that of a leading edge, the best that was known at each year's end."""
        return self.tested is not None and self.tested.edge

    @property
    def last_year(self) -> float:
        """Decimal year of the last observation; of a ratio of two trends, of the one that ends first."""
        trends = self.fitted.fits if isinstance(self.fitted, Gap) else [self.fitted]
        return float(decimal_years([min(trend.last_date for trend in trends)])[0])

    def _raw(self, years: Floats, level: float) -> pd.DataFrame:
        if isinstance(self.fitted, Gap):
            return self.fitted.project(years, level).rename(columns={"ratio": "value"})
        predicted = self.fitted.predict(years, level)
        if predicted["prediction_high"].isna().any():
            raise MemwallError(
                "this line is not through the middle of the observations, so that it has no prediction "
                "interval; project with --quantile 0.5 or another method"
            )
        beyond = ~(np.isfinite(predicted["prediction_high"]) & (predicted["prediction_low"] > 0))
        if beyond.any():
            raise MemwallError(
                f"cannot project to {years[beyond.argmax()]:g}: the value leaves the range of floating-point "
                "numbers; ask for a year nearer to the data"
            )
        frame = predicted[["year", "value", "prediction_low", "prediction_high"]]
        return frame.rename(columns={"prediction_low": "low", "prediction_high": "high"})

    def _describe_lead(self, lead: int, known: Calibration | None, level: float) -> str:
        stated = format_level(level)
        ahead = f"Backtest, {lead} year{'s' if lead > 1 else ''} ahead"
        if known is None:
            return f"{ahead}: farther than the past tells; the interval is untested."
        if known.n_origins < FEW_ORIGINS:
            return f"{ahead}: too few New Years ({known.n_origins}); the interval is untested."
        what = "of the year-end bests" if self.edge else "of the devices"
        usual = f"{ahead}: the usual {stated} interval held {100 * known.raw_coverage:.0f}% {what}"
        if math.isnan(known.nested_coverage):
            return (
                f"{usual} ({known.n_origins} New Years); too few of them ({known.n_tested}) to say how often "
                "the calibrated one would have."
            )
        share = known.nested_coverage
        judged = ""
        if share < level - GOOD_LOW:
            judged = f": less than the {stated} that it should"
        elif share > level + GOOD_HIGH:
            judged = f": more than the {stated} that it should, so it is wide"
        return (
            f"{usual}, the calibrated one {100 * share:.0f}%{judged}, each time calibrated on what was known "
            f"before ({known.n_tested} New Years)."
        )


def look_ahead(fitted: Trend | Gap) -> Outlook:
    """Return a trend or a gap with what its past says of its projections.

    Parameters
    ----------
    fitted : Trend or Gap
        In any way: of a bootstrap, the past is that of the lines that it draws around.

    Returns
    -------
    Outlook
        Without a backtest where that cannot be made; then its intervals are the usual ones, untested.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> look_ahead(fit_trend("dram_bandwidth")).tested.series
    'dram_bandwidth'
    """
    try:
        return Outlook(fitted, backtest_fitted(fitted, horizons_years=range(1, LONGEST_YEARS + 1)))
    except MemwallError as error:
        return Outlook(fitted, None, str(error))


def describe_record(
    outlook: Outlook,
    years: ArrayLike = (),
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    reach: Sequence[float] = (),
) -> dict[str, Any]:
    """Return the record of a trend or a gap, with projections and what the past says of them.

    Parameters
    ----------
    outlook : Outlook
    years, per, level, reach
        As of `memwall_trends.questions.ratio.Gap.to_record`; ``reach`` of a gap alone.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> record = describe_record(look_ahead(fit_trend("dram_bandwidth")), [2030.0])
    >>> record["projections"][0]["year"], "calibrated_low" in record["projections"][0]
    (2030.0, True)
    """
    rows, fitted = outlook.project(years, level), outlook.fitted
    if isinstance(fitted, Gap):
        return {
            **fitted.to_record((), per, level),
            "projections": rows.rename(columns={"value": "ratio"}).to_dict(orient="records"),
            "reach": [outlook.reach(ratio, level) for ratio in reach],
        }
    return {**fitted.to_record(per, level), "projections": rows.to_dict(orient="records")}


def _whole(lead_years: float) -> int:
    # The end of a year is a day more or less than a whole number of them.
    return math.ceil(lead_years - 1 / 365)
