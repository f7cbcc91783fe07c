from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.datasets import load_table
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import t_quantile, welch_satterthwaite
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import describe_population, fit_gap, pair_devices, populate
from memwall_trends.questions.grouped_gaps import fit_gap_by
from memwall_trends.questions.ratio import WAYS
from memwall_trends.selection import gather_where, select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from memwall_trends.selection import Choose

    CsvFile = Callable[[str | bytes], Path]

BALANCE = ("peak_flops", "dram_bandwidth")

NEAR_TOP = "gap peak_flops dram_bandwidth --method quantile --quantile .9 --reach 1000"


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


@pytest.mark.parametrize("way", ["device", "ratio"])
@pytest.mark.parametrize("quantile", [0.1, 0.9])
def test_a_line_near_the_top_is_reached_without_an_interval_for_a_device(way: str, quantile: float) -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", way=way, method=Method("quantile", quantile=quantile))
    reached = gap.reach(1000)
    assert math.isnan(reached["prediction_low"])
    assert math.isnan(reached["prediction_high"])
    assert gap.ratio_at(reached["year"]) == pytest.approx(1000)
    assert reached["ci_low"] < reached["year"] < reached["ci_high"]
    assert not gap.through_middle


def test_the_command_says_that_a_line_near_the_top_has_no_interval_for_a_device(
    run: Callable[..., Any],
) -> None:
    arguments = NEAR_TOP.split()
    shown = run(*arguments)
    assert shown.code == 0
    assert re.search(r"by a new device +no interval", shown.out)
    assert "ever to never" not in shown.out
    assert "this line is not through the middle" in " ".join(shown.out.split())
    (reached,) = json.loads(run(*arguments, "--format", "json").out)["reach"]
    assert reached["prediction_low"] is reached["prediction_high"] is None
    assert reached["ci_low"] < reached["year"] < reached["ci_high"]


@pytest.mark.parametrize("method", ["ols", "wls", "huber", "theil-sen", "quantile"])
def test_every_line_through_the_middle_is_reached_with_an_interval_for_a_device(method: str) -> None:
    gap = fit_gap("peak_flops", "dram_bandwidth", method=method)
    reached = gap.reach(1000)
    assert gap.through_middle
    assert reached["prediction_low"] < reached["ci_low"] < reached["year"]
    assert reached["year"] < reached["ci_high"] < reached["prediction_high"]
    assert gap.project([reached["prediction_low"]])["high"].item() == pytest.approx(1000, rel=1e-4)


def test_groups_of_a_line_near_the_top_have_their_ratio_now() -> None:
    grouped = fit_gap_by("peak_flops", "dram_bandwidth", "kind", method=Method("quantile", quantile=0.8))
    assert len(grouped.shown()) == len(grouped.gaps)
    with pytest.raises(MemwallError, match="no prediction interval"):
        grouped.shown([2030.0])


def test_a_new_device_keeps_the_freedom_of_its_own_where_clusters_are_two() -> None:
    # By vendor, two clusters leave the line one degree of freedom, and a device its own of all devices.
    choose: Any = {"vendor": ["NVIDIA", "AMD"]}
    by_vendor = fit_gap(
        "peak_flops", "dram_bandwidth", method=Method(se="cluster", cluster="vendor"), **choose
    )
    plain = fit_gap("peak_flops", "dram_bandwidth", method=Method(se="classical"), **choose)
    low, high = by_vendor.project([2030.0])[["low", "high"]].iloc[0]
    usual_low, usual_high = plain.project([2030.0])[["low", "high"]].iloc[0]
    assert high / low < 4 * usual_high / usual_low
    assert by_vendor.balance is not None
    _, variance = by_vendor.balance.log10_mean(np.array([2030.0]))
    _, _, (freedom,) = by_vendor.balance.log10_new(np.array([2030.0]))
    own, n_devices = by_vendor.balance.estimate.residual_variance, by_vendor.balance.n_obs
    share = variance[0] / (variance[0] + own)
    expected = 1 / (share**2 / by_vendor.degrees_of_freedom + (1 - share) ** 2 / (n_devices - 2))
    assert freedom == pytest.approx(expected)
    half = t_quantile(freedom, 0.95) * math.sqrt(variance[0] + own)
    assert math.log10(high / low) == pytest.approx(2 * half)


# The population


def test_a_gap_is_of_server_gpus_and_accelerators() -> None:
    import statsmodels.formula.api as smf

    rates, bandwidths = (load_table(series).query("shipped != 'no'") for series in BALANCE)
    rates = rates.query("precision == 'fp64' and sparsity == 'dense'")
    top, bottom = (
        rows.query("segment == 'server' and kind in ['gpu', 'accelerator']").groupby("name")["value"].max()
        for rows in (rates, bandwidths.query("memory != 'SRAM'"))
    )
    both = (top / bottom).dropna()
    dates = rates.drop_duplicates("name").set_index("name")["date"]
    years = decimal_years(dates[both.index].to_numpy())
    rows = pd.DataFrame({"log10_balance": np.log10(both.to_numpy(float)), "year": years})
    theirs = smf.ols("log10_balance ~ year", rows).fit()
    gap = fit_gap(*BALANCE, precision="fp64", method=Method(se="classical"))
    assert gap.balance is not None
    assert gap.balance.n_obs == len(both)
    assert gap.growth_factor() == pytest.approx(100 ** theirs.params["year"], rel=1e-8)
    assert gap.growth_interval() == pytest.approx(tuple(100 ** theirs.conf_int(0.05).loc["year"]), rel=1e-8)


@pytest.mark.parametrize(
    ("choose", "where"),
    [
        ({}, {"segment!": ["consumer", "workstation", "edge"], "kind": ["gpu", "accelerator"]}),
        ({"kind": "cpu"}, {"kind": ["cpu"], "segment!": ["consumer", "workstation", "edge"]}),
        ({"segment": "consumer"}, {"segment": ["consumer"], "kind": ["gpu", "accelerator"]}),
        ({"where": {"segment!": "edge"}}, {"segment!": ["edge"], "kind": ["gpu", "accelerator"]}),
        ({"segment": "*", "kind": "*"}, {"segment": ["*"], "kind": ["*"]}),
        ({"product_class": "gaming-gpu"}, {"product_class": ["gaming-gpu"]}),
        ({"architecture": "Hopper"}, {"architecture": ["Hopper"]}),
        ({"where": {"name": "NVIDIA H100*"}}, {"name": ["NVIDIA H100*"]}),
        ({"dataset": "gholami2024"}, {}),
    ],
)
def test_a_choice_of_devices_lifts_the_usual_population(choose: Choose, where: dict[str, list[str]]) -> None:
    assert gather_where(populate(BALANCE, choose)) == where


def test_other_choices_and_the_caller_are_left_as_they_are() -> None:
    choose: Choose = {"since": 2016, "precision": "fp16", "vendor": "NVIDIA"}
    populated = populate(BALANCE, choose)
    assert (populated["since"], populated["precision"]) == (2016, "fp16")
    assert gather_where(populated)["vendor"] == ["NVIDIA"]
    assert choose == {"since": 2016, "precision": "fp16", "vendor": "NVIDIA"}


def test_a_selection_keeps_its_own_population() -> None:
    cpus = [select(series, kind="cpu") for series in BALANCE]
    gap = fit_gap(*cpus)
    assert set(gap.numerator.observations["kind"]) == {"cpu"}
    assert gap.growth_factor() == fit_gap(*BALANCE, kind="cpu", segment="*").growth_factor()
    assert populate([cpus[0], "dram_bandwidth"], {}) == {}


def test_all_devices_count_where_they_are_asked_for() -> None:
    everyone = fit_gap(*BALANCE, segment="*", kind="*")
    usual = fit_gap(*BALANCE)
    assert everyone.balance is not None
    assert usual.balance is not None
    assert set(usual.balance.observations["segment"]) == {"server"}
    assert {"server", "consumer"} < set(everyone.balance.observations["segment"])
    assert everyone.balance.n_obs > usual.balance.n_obs


def test_series_that_are_not_of_devices_have_no_usual_population() -> None:
    assert populate(("model_size", "training_compute"), {}) == {}
    links = ("peak_flops", "interconnect_bandwidth")
    assert populate(links, {}) == {}
    assert populate(links, {"scope": "lane"}) == {"scope": "lane"}
    devices = populate(links, {"scope": "device"})
    assert gather_where(devices)["kind"] == ["gpu", "accelerator"]
    scale_up = fit_gap(*links, scope="device")
    assert (scale_up.way, scale_up.unit) == ("device", "FLOP/byte")


@pytest.mark.parametrize(
    ("choose", "said"),
    [
        ({}, "server GPUs and accelerators"),
        ({"vendor": "NVIDIA", "since": 2016}, "server GPUs and accelerators"),
        ({"kind": "gpu"}, ""),
        ({"segment": "server"}, ""),
        ({"product_class": "gaming-gpu"}, ""),
        ({"dataset": "gholami2024"}, ""),
    ],
)
def test_the_population_is_said_where_it_was_not_asked_for(choose: Choose, said: str) -> None:
    assert describe_population(BALANCE, choose) == said


def test_a_users_rows_count_though_they_do_not_say_their_segment(csv_file: CsvFile) -> None:
    header = "table,name,kind,date,value,unit,memory,precision,engine,sparsity\n"
    path = csv_file(
        f"{header}peak_flops,Acme A1,accelerator,2026-06-01,5000000,GFLOP/s,,fp16,matrix,dense\n"
        "dram_bandwidth,Acme A1,accelerator,2026-06-01,8000,GB/s,HBM4,,,\n"
    )
    usual, laid = (pair_devices(*BALANCE, overlay=overlay).set_index("name") for overlay in ([], [path]))
    assert set(laid.index) - set(usual.index) == {"Acme A1"}
    assert laid.at["Acme A1", "value"] == 5e6 / 8e3
    assert laid.at["Acme A1", "segment"] == ""


# Per operand


@pytest.mark.parametrize(
    ("name", "precision", "per_byte", "operand_bytes"),
    [
        # Dense rates in GFLOP/s and GB/s of NVIDIA's datasheets.
        ("NVIDIA H100 SXM5", "fp16", 989_500 / 3350, 2),
        ("NVIDIA H100 SXM5", "fp8", 1_979_000 / 3350, 1),
        ("NVIDIA A100 SXM4 40GB", "fp16", 312_000 / 1555, 2),
        ("NVIDIA A100 SXM4 40GB", "fp64", 19_500 / 1555, 8),
    ],
)
def test_a_balance_per_operand_is_that_per_byte_times_its_bytes(
    name: str, precision: str, per_byte: float, operand_bytes: int
) -> None:
    by_byte, by_operand = (
        pair_devices(*BALANCE, precision=precision, per_operand=per_operand).set_index("name").loc[name]
        for per_operand in (False, True)
    )
    assert by_byte["value"] == pytest.approx(per_byte, rel=1e-3)
    assert by_operand["value"] == by_byte["value"] * operand_bytes
    assert (by_byte["unit"], by_operand["unit"]) == ("FLOP/byte", "FLOP/operand")


def test_within_a_format_operands_grow_as_bytes_and_in_the_fastest_they_grow_less() -> None:
    def growth(precision: str, *, per_operand: bool) -> float:
        return fit_gap(*BALANCE, precision=precision, per_operand=per_operand).growth_factor()

    assert growth("fp64", per_operand=True) == pytest.approx(growth("fp64", per_operand=False))
    assert growth("fastest", per_operand=True) < growth("fastest", per_operand=False)


@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        (BALANCE, {"way": "ratio"}, "--per-operand goes with --way device"),
        (BALANCE, {"way": "bootstrap"}, "--per-operand goes with --way device"),
        (("dram_bandwidth", "memory_capacity"), {}, "leave --per-operand out"),
        (("dram_bandwidth", "peak_flops"), {}, "operands have bytes in a ratio of FLOPS"),
    ],
)
def test_a_ratio_without_operands_is_refused(
    series: tuple[str, str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_gap(*series, per_operand=True, **options)


# One of each architecture


def test_the_numerator_says_which_device_stands_for_an_architecture() -> None:
    every = pair_devices(*BALANCE).set_index("name")
    rates = select("peak_flops").observations.set_index("name")["value"]
    chosen = pair_devices(*BALANCE, one_per="architecture")
    assert chosen["architecture"].is_unique
    for row in chosen.to_dict(orient="records"):
        variants = every.index[every["architecture"] == row["architecture"]]
        assert rates[row["name"]] == rates[variants].max()
        assert row["value"] == every.at[row["name"], "value"]


def test_one_device_a_year_is_chosen_of_those_that_report_both() -> None:
    years = pair_devices(*BALANCE)["date"].dt.year
    chosen = pair_devices(*BALANCE, best_of="year")
    assert chosen["date"].dt.year.tolist() == sorted(years.unique())
    gap = fit_gap(*BALANCE, one_per="architecture", take="median", best_of="year")
    assert gap.balance is not None
    assert gap.balance.counted == "the median of each architecture; the best of each year"
    assert gap.balance.n_obs <= len(chosen)
