"""How wide an interval must be to hold, from forecasts of the past, and whether that would have held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.fitting.bounds import check_level, t_quantile

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.fitting.least_squares import Floats

FEW_ORIGINS = 5
"""With fewer New Years an interval is not calibrated, nor is the share that it held told."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Calibration:
    """What the past says of prediction intervals so many years ahead.

    Attributes
    ----------
    lead_years : int
        Of what came in the last of so many years after a New Year.
    level : float
        Level of the interval.
    n_origins, n : int
        New Years, and forecasts.
    raw_coverage : float
        Share that the usual interval held, each New Year counting the same.
    half_width_log10 : float
        What the calibrated interval spans at least to each side. Not a number with fewer than five New Years.
    n_tested : int
        New Years before which five were known, so that the calibrated interval could be tested.
    nested_coverage : float
        Share that it held in these, calibrated each time on what was known. Not a number with fewer than
        five.
    interval_score : float
        Mean score of the usual interval in powers of ten; the smaller, the better (`score_intervals`).
    """

    lead_years: int
    level: float
    n_origins: int
    n: int
    raw_coverage: float
    half_width_log10: float
    n_tested: int
    nested_coverage: float
    interval_score: float


def calibrate_leads(forecasts: pd.DataFrame, level: float) -> list[Calibration]:
    """Return by years ahead what forecasts of the past say of prediction intervals.

    The half width of a calibrated interval is that of the usual one, and at least t of k degrees of freedom
    times the root mean square of the errors so many years ahead, where k is the number of New Years and each
    counts the same: devices of one year share architectures and an error. It never shrinks as years go on.

    Parameters
    ----------
    forecasts : DataFrame
        As of `memwall_trends.questions.backtest.Backtest`.
    level : float

    Returns
    -------
    list of Calibration
        One a lead.

    Examples
    --------
    >>> from memwall_trends.questions.backtest import run_backtest
    >>> calibrations = calibrate_leads(run_backtest("dram_bandwidth").forecasts, 0.95)
    >>> calibrations[0].lead_years, calibrations[0].n_tested < calibrations[0].n_origins
    (1, True)
    """
    check_level(level)
    errors = (forecasts["actual_log10"] - forecasts["predicted_log10"]).abs().to_numpy()
    halves = find_half_widths(forecasts, level)
    leads, origins = forecasts["lead_years"].to_numpy(), forecasts["origin"].to_numpy()
    squares = _mean_squares(forecasts)
    calibrations = []
    for lead in sorted(squares):
        at_lead = leads == lead
        held, tested = [], []
        for origin in squares[lead]:
            here = at_lead & (origins == origin)
            held.append((errors[here] <= halves[here] + ROUNDING).mean())
            width = _half_width(squares, lead, level, known_at=origin)
            if not math.isnan(width):
                tested.append((errors[here] <= np.maximum(halves[here], width) + ROUNDING).mean())
        calibrations.append(
            Calibration(
                lead_years=lead,
                level=level,
                n_origins=len(held),
                n=int(at_lead.sum()),
                raw_coverage=float(np.mean(held)),
                half_width_log10=_half_width(squares, lead, level),
                n_tested=len(tested),
                nested_coverage=float(np.mean(tested)) if len(tested) >= FEW_ORIGINS else math.nan,
                interval_score=score_intervals(forecasts[at_lead], level),
            )
        )
    return calibrations


def score_intervals(forecasts: pd.DataFrame, level: float) -> float:
    """Return the mean interval score of forecasts, in powers of ten; each New Year counts the same.

    Of an interval from l to u and what came, x: u - l, and 2 / (1 - level) times how far x lies outside
    (Gneiting and Raftery 2007, doi:10.1198/016214506000001437). Who says what they believe scores least.

    Examples
    --------
    >>> import pandas as pd
    >>> said = {"predicted_log10": 0.0, "standard_error": 1.0, "degrees_of_freedom": np.inf}
    >>> rows = pd.DataFrame([{**said, "origin": 2001, "lead_years": 1, "actual_log10": 2.0}])
    >>> round(score_intervals(rows, 0.95), 2), round(score_intervals(rows, 0.9), 2)
    (5.52, 10.39)
    """
    errors = (forecasts["actual_log10"] - forecasts["predicted_log10"]).abs()
    halves = find_half_widths(forecasts, level)
    scores = 2 * halves + 2 / (1 - level) * (errors - halves).clip(lower=0)
    return float(scores.groupby([forecasts["lead_years"], forecasts["origin"]]).mean().mean())


def find_half_widths(forecasts: pd.DataFrame, level: float) -> Floats:
    """Return half the width of the usual prediction interval of each forecast, in powers of ten.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"standard_error": [1.0], "degrees_of_freedom": [np.inf]})
    >>> find_half_widths(rows, 0.95).round(2).tolist()
    [1.96]
    """
    from scipy.special import stdtrit

    quantiles = stdtrit(forecasts["degrees_of_freedom"].to_numpy(), (1 + check_level(level)) / 2)
    halves: Floats = quantiles * forecasts["standard_error"].to_numpy()
    return halves


def _mean_squares(forecasts: pd.DataFrame) -> dict[int, dict[int, float]]:
    """Return by lead and New Year the mean square of the errors."""
    squares = (forecasts["actual_log10"] - forecasts["predicted_log10"]) ** 2
    means = squares.groupby([forecasts["lead_years"], forecasts["origin"]]).mean()
    found: dict[int, dict[int, float]] = {}
    leads, origins = (means.index.get_level_values(number) for number in (0, 1))
    for lead, origin, mean in zip(leads, origins, means, strict=True):
        found.setdefault(int(lead), {})[int(origin)] = float(mean)
    return found


def _half_width(
    squares: dict[int, dict[int, float]], lead: int, level: float, known_at: int | None = None
) -> float:
    """Return how far a calibrated interval reaches at least, from what was known at a New Year, or now."""
    widths = [math.nan]
    for shorter in range(1, lead + 1):
        known = [
            square
            for origin, square in squares.get(shorter, {}).items()
            if known_at is None or origin + shorter <= known_at
        ]
        enough = len(known) >= FEW_ORIGINS
        widths.append(t_quantile(len(known), level) * math.sqrt(np.mean(known)) if enough else math.nan)
    return math.nan if math.isnan(widths[-1]) else float(np.nanmax(widths))
