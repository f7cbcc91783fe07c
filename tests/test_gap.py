from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.gap import fit_gap, welch_satterthwaite
from memwall_trends.trends import fit_trend


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
