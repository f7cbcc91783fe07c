from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from memwall_trends.datasets import list_series
from memwall_trends.datasets.rates import select_frontier
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bootstrap import Sample, _count, _weights, bootstrap_lines, fit_lines
from memwall_trends.fitting.bounds import t_quantile
from memwall_trends.fitting.estimators import find_estimator
from memwall_trends.fitting.least_squares import ordinary_least_squares
from memwall_trends.fitting.methods import Method, fit_line
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.selection import select

SLOPE = 0.24
ORIGIN = 2012.0
N_SIMULATED = 2000
COVERED = (0.93, 0.97)


@pytest.fixture(scope="module")
def robust() -> dict[str, dict[str, float]]:
    """R's numbers by series and quantity; ``tests/reference/robust.R`` says how they were made."""
    rows = pd.read_csv(Path(__file__).parent / "reference" / "robust.csv")
    return {
        str(series): dict(zip(part["quantity"], part["value"], strict=True))
        for series, part in rows.groupby("series")
    }


@pytest.mark.parametrize("interval", ["percentile", "bca"])
@pytest.mark.parametrize(
    ("drawn", "series"),
    [*(("pairs", series) for series in list_series("gholami2024")), ("cluster", "peak_flops")],
)
def test_intervals_agree_with_boot(
    drawn: str, series: str, interval: str, robust: dict[str, dict[str, float]]
) -> None:
    expected = robust[series]
    chosen = select(series, dataset="gholami2024")
    estimate, _ = fit_line(chosen, Method(bootstrap=drawn, cluster="vendor", interval=interval, draws=20_000))
    assert estimate.slope_bounds is not None
    for end, ours in zip(("low", "high"), estimate.slope_bounds(0.95), strict=True):
        error = expected[f"{drawn}_{interval}_{end}_mc_error"]
        # Four standard errors of the difference of two sets of 20,000 draws.
        assert ours == pytest.approx(expected[f"{drawn}_{interval}_{end}"], abs=4 * np.sqrt(2) * error)


def test_one_seed_gives_one_result_and_another_seed_another() -> None:
    sample = simulate(np.random.default_rng(1), 40)
    first, bounds = bootstrap_lines(sample, origin=ORIGIN, seed=3)
    again, bounds_again = bootstrap_lines(sample, origin=ORIGIN, seed=3)
    other, _ = bootstrap_lines(sample, origin=ORIGIN, seed=4)
    assert (first == again).all()
    assert bounds(0.9) == bounds_again(0.9)
    assert not (first == other).any()


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_a_higher_level_is_a_wider_interval_of_the_same_draws(interval: str) -> None:
    sample = simulate(np.random.default_rng(1), 40)
    _, bounds = bootstrap_lines(sample, origin=ORIGIN, interval=interval)
    narrow, wide = bounds(0.8), bounds(0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_lines_at_once_are_those_of_a_loop_of_least_squares() -> None:
    sample = simulate(np.random.default_rng(2), 30)
    at_once, _ = bootstrap_lines(sample, origin=ORIGIN, draws=200, seed=5)
    looped, _ = bootstrap_lines(sample, origin=ORIGIN, draws=200, seed=5, estimator=find_estimator("ols"))
    assert at_once == pytest.approx(looped, rel=1e-8)


def test_weighted_lines_are_those_of_weighted_least_squares() -> None:
    random = np.random.default_rng(3)
    sample, weights = simulate(random, 30), random.uniform(0.5, 3, (20, 30))
    lines = fit_lines(weights, sample.years - ORIGIN, sample.log10_values)
    for row, (intercept, slope) in zip(weights, lines.T, strict=True):
        fitted = find_estimator("wls", weights=row)(sample.years, sample.log10_values)
        assert slope == pytest.approx(fitted.slope, rel=1e-9)
        assert intercept == pytest.approx(
            fitted.intercept + fitted.slope * (ORIGIN - fitted.origin), rel=1e-9
        )


def test_resamples_set_records_anew() -> None:
    # Both sides draw the same devices; ours as the package does, the other by its own selection of records.
    random = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime("2001-01-01")
            + pd.to_timedelta(np.sort(random.integers(0, 6000, 12)), unit="D"),
            "value": 10 ** random.normal(0, 1, 12),
        }
    )
    frame["date"] = frame["date"].where(frame.index != 7, frame["date"].shift())
    frame = frame.sort_values(["date", "value"], ascending=[True, False], ignore_index=True)
    years = ORIGIN + (frame["date"] - pd.Timestamp("2012-01-01")).dt.days.to_numpy() / 365.25
    values = np.log10(frame["value"].to_numpy())
    sample = Sample(years, values, np.arange(12), np.ones(12, dtype=bool), np.ones(12), frontier=True)
    drawn = random.integers(0, 12, (300, 12))
    for devices, weights in zip(drawn, _weights(sample, _count(drawn)), strict=True):
        records = select_frontier(frame.iloc[np.unique(devices)])
        assert np.flatnonzero(weights).tolist() == records.index.tolist()
        assert set(weights) <= {0.0, 1.0}


def test_a_device_before_the_window_sets_records_but_is_not_fitted() -> None:
    years, values = np.arange(2000.0, 2006.0), np.array([5.0, 1.0, 2.0, 6.0, 7.0, 8.0])
    sample = Sample(years, values, np.arange(6), years >= 2001, np.ones(6), frontier=True)
    everything, without_first = _weights(sample, _count(np.array([[0, 1, 2, 3, 4, 5], [1, 1, 2, 3, 4, 5]])))
    assert everything.tolist() == [0, 0, 0, 1, 1, 1]
    assert without_first.tolist() == [0, 1, 1, 1, 1, 1]


def test_drawing_vendors_keeps_them_whole() -> None:
    random = np.random.default_rng(5)
    sample = simulate_vendors(random, n_vendors=6, n_each=4)
    drawn = random.integers(0, 6, (100, 6))
    for vendors, weights in zip(drawn, _weights(sample, _count(drawn)), strict=True):
        assert weights.tolist() == np.bincount(vendors, minlength=6)[sample.groups].tolist()


def test_vendors_with_errors_in_common_make_the_interval_wider() -> None:
    # Each vendor is there for a while only: its error tilts the line.
    random = np.random.default_rng(6)
    years, vendors = np.sort(random.uniform(2000, 2025, 200)), np.arange(200) // 5
    values = SLOPE * (years - ORIGIN) + random.normal(0, 0.3, 40)[vendors] + random.normal(0, 0.2, 200)
    sample = Sample(years, values, vendors, np.ones(200, dtype=bool), np.ones(200))
    alone = Sample(sample.years, sample.log10_values, np.arange(200), sample.counted, sample.weights)
    (low, high), (low_alone, high_alone) = (
        bootstrap_lines(each, origin=ORIGIN)[1](0.95) for each in (sample, alone)
    )
    assert high - low > 1.3 * (high_alone - low_alone)


@pytest.mark.parametrize("n_groups", [1, 4])
def test_too_few_groups_are_refused(n_groups: int) -> None:
    sample = simulate_vendors(np.random.default_rng(7), n_vendors=n_groups, n_each=5)
    with pytest.raises(MemwallError, match=f"at least 5 devices or vendors to draw from; got {n_groups}"):
        bootstrap_lines(sample, origin=ORIGIN)


def test_an_unknown_interval_is_refused() -> None:
    sample = simulate(np.random.default_rng(8), 20)
    with pytest.raises(MemwallError, match="unknown interval 'bcaa'; did you mean 'bca'"):
        bootstrap_lines(sample, origin=ORIGIN, interval="bcaa")


@pytest.mark.parametrize("draws", [-1, 0, 1])
def test_draws_without_a_spread_are_refused(draws: int) -> None:
    sample = simulate(np.random.default_rng(8), 20)
    with pytest.raises(MemwallError, match=f"at least 2 draws, better 2000; got {draws}"):
        bootstrap_lines(sample, origin=ORIGIN, draws=draws)


@pytest.mark.parametrize("interval", ["percentile", "bca"])
@pytest.mark.parametrize(
    ("draws", "level", "needed"), [(39, 0.95, 40), (100, 0.9999, 20000), (1999, 0.999, 2000), (2, 0.5, 4)]
)
def test_a_level_that_the_draws_cannot_tell_is_refused(
    draws: int, level: float, needed: int, interval: str
) -> None:
    sample = simulate(np.random.default_rng(8), 20)
    _, bounds = bootstrap_lines(sample, origin=ORIGIN, draws=draws, interval=interval)
    with pytest.raises(MemwallError, match=f"{draws} draws cannot tell .*take at least {needed} draws"):
        bounds(level)
    _, enough = bootstrap_lines(sample, origin=ORIGIN, draws=needed, interval="percentile")
    low, high = enough(level)
    assert low < high


@pytest.mark.parametrize(("interval", "by_scipy"), [("percentile", "percentile"), ("bca", "BCa")])
@pytest.mark.parametrize("vendors", [False, True])
def test_draws_and_intervals_are_those_of_scipy(interval: str, by_scipy: str, vendors: bool) -> None:
    random = np.random.default_rng(21)
    sample = simulate_vendors(random, n_vendors=25, n_each=3) if vendors else simulate(random, 60)
    groups = np.arange(sample.groups.max() + 1)

    def slopes(drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        rows = drawn.reshape(-1, drawn.shape[-1])
        times = np.array([np.bincount(row, minlength=len(groups)) for row in rows])
        lines = fit_lines(times[:, sample.groups].astype(float), sample.years - ORIGIN, sample.log10_values)
        return np.reshape(lines[1], drawn.shape[:-1])

    by_rows: Any = stats.bootstrap
    expected = by_rows(
        (groups,), slopes, vectorized=True, n_resamples=999, method=by_scipy, rng=np.random.default_rng(3)
    )
    lines, bounds = bootstrap_lines(sample, origin=ORIGIN, draws=999, seed=3, interval=interval)
    np.testing.assert_allclose(lines[1], expected.bootstrap_distribution, rtol=1e-10)
    np.testing.assert_allclose(bounds(0.95), expected.confidence_interval, rtol=1e-10)


def test_leaving_out_groups_takes_no_square_of_their_number() -> None:
    # A square of them would be 80 GB.
    random = np.random.default_rng(2)
    years = np.sort(random.uniform(2000, 2020, 100_000))
    values = SLOPE * (years - ORIGIN) + random.exponential(1, len(years))
    sample = Sample(years, values, np.arange(len(years)), np.ones(len(years), bool), np.ones(len(years)))
    low, high = bootstrap_lines(sample, origin=ORIGIN, draws=40, interval="bca")[1](0.5)
    assert low < high


def test_a_seed_below_zero_is_refused() -> None:
    sample = simulate(np.random.default_rng(8), 20)
    with pytest.raises(MemwallError, match="a seed is a whole number from 0, as in 1; got -1"):
        bootstrap_lines(sample, origin=ORIGIN, seed=-1)


def test_resamples_without_a_line_are_left_out_in_silence() -> None:
    # Vendors of one device each: now and then a resample has a single date.
    chosen = select("peak_flops", dataset="gholami2024")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate, lines = fit_line(chosen, Method(bootstrap="cluster", cluster="vendor", seed=1))
        assert estimate.slope_bounds is not None
        low, high = estimate.slope_bounds(0.95)
    assert lines is not None
    assert np.isfinite(lines).all()
    assert low < estimate.slope < high


def test_too_many_resamples_without_a_line_are_refused() -> None:
    years = np.array([2000.0] * 9 + [2001.0])
    sample = Sample(years, np.arange(10.0), np.arange(10), np.ones(10, dtype=bool), np.ones(10))
    with pytest.raises(MemwallError, match="resamples have too few dates for a line"):
        bootstrap_lines(sample, origin=ORIGIN)


@pytest.mark.parametrize("method", ["huber", "theil-sen", "quantile", "wls"])
def test_every_method_can_be_resampled(method: str) -> None:
    trend = fit_trend(
        "peak_flops", dataset="gholami2024", method=Method(method, bootstrap="pairs", draws=100)
    )
    low, high = trend.growth_interval()
    assert low < trend.growth_factor() < high


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_95_percent_intervals_hold_the_slope_in_95_percent_of_draws(interval: str) -> None:
    random = np.random.default_rng(1)
    covered = np.mean([holds(simulate(random, 100), interval, seed) for seed in range(N_SIMULATED)])
    assert COVERED[0] <= covered <= COVERED[1]


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["percentile", "bca"])
@pytest.mark.parametrize(
    "n_vendors",
    [
        pytest.param(
            40,
            marks=pytest.mark.xfail(
                reason="40 vendors are few: percentile held in 92.8 and 93.8 %, BCa in 92.0 to 92.9 %"
            ),
        ),
        150,
    ],
)
def test_intervals_by_vendor_hold_the_slope_in_95_percent_of_draws(n_vendors: int, interval: str) -> None:
    random = np.random.default_rng(1)
    draws = 1000 if n_vendors == 40 else 600  # for the time it takes
    covered = np.mean(
        [
            holds(simulate_vendors(random, n_vendors, 3), interval, seed, draws=draws)
            for seed in range(N_SIMULATED)
        ]
    )
    assert COVERED[0] <= covered <= COVERED[1]


@pytest.mark.slow
def test_records_need_the_bootstrap() -> None:
    # What is estimated: the mean slope of lines through the records of 200 devices.
    random = np.random.default_rng(1)
    fits = []
    samples = [simulate(random, 200, frontier=True) for _ in range(N_SIMULATED)]
    for sample in samples:
        best = np.maximum.accumulate(sample.log10_values)
        records = np.append(True, sample.log10_values[1:] > best[:-1])
        fits.append(ordinary_least_squares(sample.years[records], sample.log10_values[records]))
    slope = float(np.mean([fit.slope for fit in fits]))

    by_t = np.mean(
        [
            abs(fit.slope - slope) <= t_quantile(fit.degrees_of_freedom, 0.95) * fit.covariance[1, 1] ** 0.5
            for fit in fits
        ]
    )
    by_bootstrap = np.mean(
        [holds(sample, "percentile", seed, slope, draws=400) for seed, sample in enumerate(samples)]
    )
    assert by_t < 0.86
    assert by_bootstrap >= 0.90
    assert by_bootstrap > by_t + 0.05


def holds(sample: Sample, interval: str, seed: int, slope: float = SLOPE, draws: int = 1000) -> bool:
    _, bounds = bootstrap_lines(sample, origin=ORIGIN, interval=interval, draws=draws, seed=seed)
    low, high = bounds(0.95)
    return low <= slope <= high


def simulate(random: np.random.Generator, n_obs: int, *, frontier: bool = False) -> Sample:
    years = np.sort(random.uniform(2000, 2025, n_obs))
    values = SLOPE * (years - ORIGIN) + random.normal(0, 0.3, n_obs)
    return Sample(
        years, values, np.arange(n_obs), np.ones(n_obs, dtype=bool), np.ones(n_obs), frontier=frontier
    )


def simulate_vendors(random: np.random.Generator, n_vendors: int, n_each: int) -> Sample:
    n_obs = n_vendors * n_each
    years, vendors = np.sort(random.uniform(2000, 2025, n_obs)), random.permutation(n_obs) % n_vendors
    common = random.normal(0, 0.3, n_vendors)[vendors]
    values = SLOPE * (years - ORIGIN) + common + random.normal(0, 0.2, n_obs)
    return Sample(years, values, vendors, np.ones(n_obs, dtype=bool), np.ones(n_obs))
