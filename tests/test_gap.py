from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import t_quantile, welch_satterthwaite
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import fit_gap, pair_devices
from memwall_trends.questions.ratio import WAYS


def test_growth_and_projection_agree_with_r(reference: dict[str, dict[str, float]]) -> None:
    gap, expected = (
        fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024"),
        reference["peak_flops/dram_bandwidth"],
    )
    assert gap.growth_factor() == pytest.approx(expected["rate"], rel=1e-9)
    assert gap.growth_interval() == pytest.approx((expected["ci_low"], expected["ci_high"]), rel=1e-8)
    row = gap.project([2030.0]).iloc[0]
    assert row["ratio"] == pytest.approx(expected["ratio_2030"], rel=1e-8)
    assert (row["low"], row["high"]) == pytest.approx((expected["low_2030"], expected["high_2030"]), rel=1e-7)


def test_the_ratio_grows_by_the_ratio_of_the_rates() -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
    rates = [
        fit_trend(series, dataset="gholami2024").growth_factor()
        for series in ("peak_flops", "dram_bandwidth")
    ]
    assert gap.growth_factor() == pytest.approx(rates[0] / rates[1])
    earlier, later = gap.project([2020.0, 2020.0 + gap.doubling_time_years])["ratio"]
    assert later == pytest.approx(2 * earlier)


def test_turning_a_gap_over_inverts_it() -> None:
    gap, inverse = (
        fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024"),
        fit_gap("dram_bandwidth", "peak_flops", dataset="gholami2024"),
    )
    assert inverse.growth_factor() == pytest.approx(1 / gap.growth_factor())
    low, high = gap.growth_interval()
    assert inverse.growth_interval() == pytest.approx((1 / high, 1 / low))


@pytest.mark.parametrize(
    ("numerator", "denominator", "unit"),
    [
        ("peak_flops", "dram_bandwidth", "FLOP/byte"),
        ("peak_flops", "interconnect_bandwidth", "FLOP/transfer"),
        ("model_size", "memory_capacity", "parameters per GB"),
    ],
)
def test_the_ratio_has_a_unit(numerator: str, denominator: str, unit: str) -> None:
    assert fit_gap(numerator, denominator).unit == unit


def test_a_condition_narrows_the_series_that_have_its_column() -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024", where={"precision": "fp64"})
    assert set(gap.numerator.observations["precision"]) == {"fp64"}
    assert gap.denominator.n_obs == 12


@pytest.mark.parametrize(("year", "years"), [(2010.0, 0.0), (2030.0, 7.8), (1990.0, 13.7)])
def test_extrapolation_is_measured_from_the_nearer_end_of_the_data(year: float, years: float) -> None:
    outside, trend = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024").extrapolation(year)
    assert outside == pytest.approx(years, abs=0.06)
    if years:
        assert trend.series == "dram_bandwidth"


def test_a_gap_says_what_it_assumes() -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024")
    assert "independent" in str(gap)
    assert "independent" in gap._repr_html_()
    assert "independent" in gap.to_record()["assumption"]
    assert repr(gap) == str(gap)


def test_every_option_reaches_both_fits() -> None:
    gap = fit_gap(
        "peak_flops",
        "dram_bandwidth",
        dataset="gholami2024",
        since="2008",
        until="2018",
        where={"kind": "gpu"},
    )
    for trend in (gap.numerator, gap.denominator):
        alone = fit_trend(
            trend.series, dataset="gholami2024", since="2008", until="2018", where={"kind": "gpu"}
        )
        assert trend.growth_interval() == alone.growth_interval()
    record = gap.to_record([2020.0], per=1, level=0.8)
    assert (record["ci_low"], record["ci_high"]) == gap.growth_interval(1, 0.8)
    assert record["projections"] == gap.project([2020.0], 0.8).to_dict(orient="records")
    assert record["numerator_where"] == {"kind": ["gpu"]}
    assert record["denominator_n_obs"] == gap.denominator.n_obs


def test_wrong_gaps_are_messages() -> None:
    with pytest.raises(MemwallError, match="two different series"):
        fit_gap("peak_flops", "peak_flops", dataset="gholami2024")
    with pytest.raises(MemwallError, match="unknown series 'flops'"):
        fit_gap("flops", "peak_flops")
    with pytest.raises(MemwallError, match="cannot project to 9999"):
        fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024").project([9999.0])
    with pytest.raises(MemwallError, match="cannot project to 1000"):
        fit_gap("dram_bandwidth", "model_size", dataset="gholami2024").project([1000.0])


@given(st.floats(1e-300, 1e3), st.integers(1, 100), st.floats(0, 1e3), st.integers(1, 100))
def test_degrees_of_freedom_lie_between_the_smaller_and_the_sum(a: float, m: int, b: float, n: int) -> None:
    freedom = welch_satterthwaite(a, m, b, n)
    assert min(m, n) * (1 - 1e-9) <= freedom <= (m + n) * (1 + 1e-9)


def test_lines_without_error_have_degrees_of_freedom() -> None:
    assert welch_satterthwaite(0, 3, 0, 5) == 3


# The three ways


def test_devices_that_report_both_are_the_default_where_there_are_enough() -> None:
    assert fit_gap("peak_flops", "dram_bandwidth").way == "device"
    assert fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024").way == "ratio"
    assert fit_gap("peak_flops", "dram_bandwidth", frontier=True).way == "ratio"


def test_the_balance_of_a_device_is_its_flops_over_its_bandwidth() -> None:
    balance = pair_devices("peak_flops", "dram_bandwidth", precision="fp16").set_index("name")["value"]
    # 312 TFLOP/s and 1555 GB/s, NVIDIA's A100 datasheet.
    assert balance["NVIDIA A100 SXM4 40GB"] == pytest.approx(312_000 / 1555, rel=1e-3)


def test_the_device_way_is_the_trend_of_the_paired_frame() -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", since=2010)
    trend = fit_trend(pair_devices("peak_flops", "dram_bandwidth", since=2010))
    assert gap.growth_interval() == trend.growth_interval()
    row, expected = gap.project([2030.0]).iloc[0], trend.predict([2030.0]).iloc[0]
    assert row.tolist() == pytest.approx(
        expected[["year", "value", "prediction_low", "prediction_high"]].tolist()
    )


def test_the_resampled_ratio_has_the_lines_of_the_fitted_ratio() -> None:
    drawn, fitted = (fit_gap("peak_flops", "dram_bandwidth", way=way) for way in ("bootstrap", "ratio"))
    assert drawn.growth_factor() == fitted.growth_factor()
    # Devices in both series go up and down together, so that the ratio varies less.
    assert drawn.slope_error < fitted.slope_error
    low, high = drawn.growth_interval()
    assert low < drawn.growth_factor() < high


def test_a_resampled_ratio_is_the_same_for_one_seed_and_differs_for_another() -> None:
    def interval(seed: int) -> tuple[float, float]:
        method = Method(seed=seed, draws=300)
        gap = fit_gap("peak_flops", "dram_bandwidth", way="bootstrap", method=method)
        return gap.growth_interval()

    assert interval(1) == interval(1)
    assert interval(1) != interval(2)


@pytest.mark.parametrize("way", WAYS)
def test_a_ratio_is_reached_where_the_bands_cross_it(way: str) -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", way=way)
    reached = gap.reach(1000)
    assert gap.project([reached["year"]])["ratio"].item() == pytest.approx(1000)
    assert gap.project([reached["prediction_low"]])["high"].item() == pytest.approx(1000, rel=1e-4)
    assert gap.project([reached["prediction_high"]])["low"].item() == pytest.approx(1000, rel=1e-4)
    assert reached["prediction_low"] < reached["ci_low"] < reached["year"] < reached["ci_high"]


def test_the_interval_of_a_crossing_is_fiellers() -> None:
    # Ends are the years t with (a + b t - y)^2 = q^2 Var(a + b t): a quadratic in t.
    gap = fit_gap("peak_flops", "dram_bandwidth")
    assert gap.balance is not None
    estimate, quantile = gap.balance.estimate, t_quantile(gap.degrees_of_freedom, 0.95)
    (v00, v01), (_, v11) = estimate.covariance
    above = estimate.intercept - 3
    roots = np.roots(
        [
            estimate.slope**2 - quantile**2 * v11,
            2 * (above * estimate.slope - quantile**2 * v01),
            above**2 - quantile**2 * v00,
        ]
    )
    reached = gap.reach(1000)
    assert sorted(roots + estimate.origin) == pytest.approx([reached["ci_low"], reached["ci_high"]], abs=1e-6)


def test_a_ratio_that_may_not_grow_is_perhaps_never_reached() -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", since=2020, segment="server", kind=["gpu", "accelerator"])
    low, high = gap.growth_interval()
    assert low < 1 < high
    reached = gap.reach(1e4)
    assert math.isinf(reached["ci_low"]) or math.isinf(reached["ci_high"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"way": "devices"}, "unknown way 'devices'; did you mean 'device'"),
        ({"way": "device", "frontier": True}, "--frontier goes with --way ratio"),
        ({"way": "bootstrap", "method": "huber"}, "draws least-squares lines; the method is 'huber'"),
        ({"way": "device", "dataset": "gholami2024", "until": 2010}, "use --way ratio"),
    ],
)
def test_a_way_that_does_not_suit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_gap("peak_flops", "dram_bandwidth", **options)


@pytest.mark.parametrize("ratio", [0, -1, math.inf, math.nan])
def test_only_a_ratio_above_zero_can_be_reached(ratio: float) -> None:
    with pytest.raises(MemwallError, match="number above zero"):
        fit_gap("peak_flops", "dram_bandwidth", dataset="gholami2024").reach(ratio)


def test_a_line_near_the_top_cannot_be_projected() -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", method=Method("quantile", quantile=0.9))
    with pytest.raises(MemwallError, match="no prediction interval"):
        gap.project([2030.0])
