"""The bootstrap of the six series of the paper against scipy's and against a loop of statsmodels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from memwall_trends import defaults
from memwall_trends.datasets import list_series
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.selection import select
from memwall_trends.units import decimal_years
from tests.benchmarks.pairs import Comparison, Usage, call_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.sizes import Size

Floats: TypeAlias = NDArray[np.float64]
SHORT = 100
"""Draws of the loop of statsmodels, which is told as if there were as many as of the others."""


def measure(size: Size) -> Iterator[Comparison]:
    """Yield our bootstrap against each of the others."""
    series = list_series(defaults.PAPER)
    samples = [_sample(name) for name in series]
    method = Method(bootstrap="pairs", draws=size.draws)
    scipy, loop = "scipy.stats.bootstrap", f"a loop of statsmodels, timed for {SHORT} draws"
    taken = call_in_turn(
        {
            "ours": lambda: [
                fit_trend(name, dataset=defaults.PAPER, method=method).growth_interval() for name in series
            ],
            scipy: lambda: [_bootstrap_by_scipy(*sample, size.draws) for sample in samples],
            loop: lambda: [_bootstrap_by_statsmodels(*sample) for sample in samples],
        },
        min(size.runs, 3),
    )
    longer = size.draws / SHORT
    taken[loop] = Usage(taken[loop].cpu_s * longer, taken[loop].wall_s * longer)
    what = f"{len(series)} series, {size.draws:,} draws"
    for against in (scipy, loop):
        yield Comparison(what, against, taken["ours"], taken[against])


def _sample(series: str) -> tuple[Floats, Floats]:
    rows = select(series, dataset=defaults.PAPER).observations
    return decimal_years(rows["date"]), np.log10(rows["value"].to_numpy(dtype=float))


def _bootstrap_by_scipy(years: Floats, log10_values: Floats, draws: int) -> object:
    from scipy.stats import bootstrap

    def slope(x: Floats, y: Floats, axis: int) -> Floats:
        away = x - x.mean(axis=axis, keepdims=True)
        answer: Floats = (away * y).sum(axis=axis) / (away**2).sum(axis=axis)
        return answer

    how: dict[str, Any] = {"paired": True, "vectorized": True, "method": "percentile", "rng": 0}
    return bootstrap((years, log10_values), slope, n_resamples=draws, **how)


def _bootstrap_by_statsmodels(years: Floats, log10_values: Floats) -> object:
    import statsmodels.api as sm

    random = np.random.default_rng(0)
    design = sm.add_constant(years)
    drawn = random.integers(0, len(years), (SHORT, len(years)))
    slopes = [sm.OLS(log10_values[rows], design[rows]).fit().params[-1] for rows in drawn]
    return np.percentile(slopes, [2.5, 97.5])
