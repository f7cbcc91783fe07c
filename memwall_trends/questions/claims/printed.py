"""What a claim of ``datasets/claims.csv`` says: its figure as a slope with an interval, and in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import load_table
from memwall_trends.datasets.conditions import parse_conditions
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims.judging import Slope, round_to_digits
from memwall_trends.units import format_number

if TYPE_CHECKING:
    from memwall_trends.fitting.growth import Growth
    from memwall_trends.fitting.trends import Trend

SOURCE = defaults.PAPER
DOUBLINGS = {"doubling years": 1.0, "doubling months": 12.0}
"""Measures that are a time to double, and how many of their units make a year."""


def load_claims(per: float) -> list[dict[str, Any]]:
    """Return the rows of ``datasets/claims.csv`` that Gholami et al. (2024) print per so many years.

    Raises
    ------
    MemwallError
        If there is none; the message names the periods that there are.

    Examples
    --------
    >>> [claim["printed"] for claim in load_claims(20)]
    [60000.0, 100.0, 30.0]
    """
    claims = load_table("claims")
    claims = claims[claims["source"] == SOURCE]
    chosen = claims[claims["period_years"] == per]
    if chosen.empty:
        periods = " and ".join(f"{period:g}" for period in sorted(claims["period_years"].unique()))
        raise MemwallError(
            f"no claim is printed per {per:g} years; the paper prints rates per {periods} years. "
            "For any other period see the command 'rate'"
        )
    return [{str(key): cell for key, cell in row.items()} for row in chosen.to_dict(orient="records")]


def find_claimed_slope(claim: dict[str, Any], level: float = defaults.LEVEL) -> Slope:
    """Return the slope that a claim prints, with the interval that it comes with.

    Parameters
    ----------
    claim : dict
        A row of ``datasets/claims.csv``.
    level : float
        Level of the interval.

    Returns
    -------
    Slope
        Of the figures of Gholami et al. (2024) the interval is that of their own points; else the printed
        interval, brought to the level as that of a normal slope; or the printed range; or, where none is
        printed, the figures that round to the printed one.

    Examples
    --------
    >>> claims = load_table("claims").set_index("claim", drop=False).to_dict(orient="index")
    >>> slope = find_claimed_slope(claims["gholami2024-peak-flops"])
    >>> [round(10 ** (2 * end), 2) for end in (slope.low, slope.estimate, slope.high)]
    [2.66, 3.0, 3.38]
    >>> slope = find_claimed_slope(claims["hobbhahn2023-capacity"])
    >>> [round(math.log10(2) / end, 2) for end in (slope.low, slope.estimate, slope.high)]
    [4.5, 4.0, 3.5]
    """
    estimate = _slope(claim, claim["printed"])
    if claim["source"] == SOURCE:
        points = slope_of(fit_own_points(claim), level)
        shift = estimate - points.estimate
        return Slope(estimate, points.low + shift, points.high + shift)
    if pd.isna(claim["printed_low"]):
        ends = round_to_digits(claim["printed"], int(claim["significant_digits"]))
    else:
        ends = claim["printed_low"], claim["printed_high"]
    low, high = sorted(_slope(claim, end) for end in ends)
    if pd.isna(claim["printed_low"]) or pd.isna(claim["printed_level"]):
        return Slope(estimate, low, high)
    scale = _normal_quantile(level) / _normal_quantile(claim["printed_level"])
    return Slope(estimate, estimate - (estimate - low) * scale, estimate + (high - estimate) * scale)


def slope_of(growth: Growth, level: float = defaults.LEVEL) -> Slope:
    """Return a fitted slope with its interval.

    Examples
    --------
    >>> round(10 ** (2 * slope_of(fit_own_points(load_claims(2)[0])).high), 2)
    3.41
    """
    return Slope(growth.slope, *growth.slope_interval(level))


def fit_own_points(claim: dict[str, Any]) -> Trend:
    """Return the trend of the points that a figure of Gholami et al. (2024) shows.

    Examples
    --------
    >>> fit_own_points(load_claims(2)[1]).n_obs
    12
    """
    where = parse_conditions(claim["where"])
    return fit_trend(claim["series"], dataset=claim["dataset"], where=where)


def describe_printed(claim: dict[str, Any]) -> str:
    """Return what a claim says, as a reader would write it.

    Examples
    --------
    >>> claims = load_table("claims").set_index("claim").to_dict(orient="index")
    >>> [describe_printed(claims[key]) for key in ("epoch2025-fp16", "delsozzo2026-fp64", "sevilla2024-meta")]
    ['29% per year', 'doubles every 2.05 to 3.79 years', '7.1x per year']
    """
    digits = int(claim["significant_digits"])
    ends = ("printed_low", "printed_high") if _is_range(claim) else ("printed",)
    # A range is printed as it is; its middle, made by us, has no digits of its own.
    figures = " to ".join(
        f"{claim[end]:g}" if _is_range(claim) else format_number(claim[end], digits) for end in ends
    )
    if claim["measure"] in DOUBLINGS:
        unit = claim["measure"].removeprefix("doubling ")
        return f"doubles every {figures} {unit.removesuffix('s') if figures == '1' else unit}"
    orders = " order of magnitude" if figures == "1" else " orders of magnitude"
    sign = {"factor": "x", "percent": "%", "orders of magnitude": orders}[claim["measure"]]
    years = claim["period_years"]
    return f"{figures}{sign} per {'year' if years == 1 else f'{years:g} years'}"


def _slope(claim: dict[str, Any], figure: float) -> float:
    """Return log10 units a year of a figure in the measure of a claim."""
    measure = claim["measure"]
    if measure in DOUBLINGS:
        return math.log10(2) * DOUBLINGS[measure] / figure
    logarithms = {
        "factor": lambda: math.log10(figure),
        "percent": lambda: math.log10(1 + figure / 100),
        "orders of magnitude": lambda: figure,
    }
    return float(logarithms[measure]() / claim["period_years"])


def _normal_quantile(level: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def _is_range(claim: dict[str, Any]) -> bool:
    return not pd.isna(claim["printed_low"]) and pd.isna(claim["printed_level"])
