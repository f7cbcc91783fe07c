from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.groups import compare_slopes, fit_by, split_by
from memwall_trends.fitting.growth import Growth
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., object]

WITHIN_BY_R = pd.read_csv(Path(__file__).parent / "reference" / "within.csv")
TWICE_IN_TWO_YEARS = np.log10(2) / 2


def take_over(*, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Return two classes that each double in two years, the faster one of which takes over."""
    years = np.arange(2000.0, 2020.0, 0.25)
    fast = np.arange(len(years)) % 8 < (years - 2000) * 0.4
    dates = pd.to_datetime(np.round((years - 1970) * 365.25), unit="D")
    log10_values = TWICE_IN_TWO_YEARS * (decimal_years(dates) - 2000) + fast * 1.0
    log10_values += noise * np.random.default_rng(seed).normal(size=len(years))
    return pd.DataFrame(
        {
            "name": [f"device {number}" for number in range(len(years))],
            "date": dates,
            "value": 10**log10_values,
            "unit": "GB/s",
            "kind": np.where(fast, "fast", "slow"),
        }
    )


# Within classes


def test_pooling_counts_the_change_of_classes_as_growth_and_class_effects_do_not() -> None:
    rows = take_over()
    assert fit_trend(rows).growth_factor() > 2.3
    assert fit_trend(rows, method=Method(within="kind")).growth_factor() == pytest.approx(2, abs=1e-9)
    grouped = fit_by(rows, "kind")
    assert {name: trend.growth_factor() for name, trend in grouped.trends.items()} == pytest.approx(
        {"slow": 2, "fast": 2}, abs=1e-9
    )
    assert grouped.equal_slopes_p == 1


def test_class_effects_are_those_of_the_formula() -> None:
    from statsmodels.formula.api import ols

    rows = take_over(noise=0.3)
    rows = rows.assign(year=decimal_years(rows["date"].to_numpy()), log10_value=np.log10(rows["value"]))
    theirs = ols("log10_value ~ year + C(kind)", rows).fit()
    ours = fit_trend(rows, method=Method(within="kind"))
    assert ours.slope == pytest.approx(theirs.params["year"], abs=1e-8)
    assert ours.slope_error == pytest.approx(theirs.bse["year"], abs=1e-8)
    low, high = theirs.conf_int().loc["year"]
    assert ours.growth_interval(1) == pytest.approx((10**low, 10**high), abs=1e-8)
    factor = ours.effects["fast"] / ours.effects["slow"]
    assert np.log10(factor) == pytest.approx(-theirs.params["C(kind)[T.slow]"], abs=1e-8)


@pytest.mark.parametrize("by_r", WITHIN_BY_R.to_dict("records"), ids=WITHIN_BY_R["series"].tolist())
def test_class_effects_are_those_of_r(by_r: dict[str, float]) -> None:
    trend = fit_trend(
        str(by_r["series"]), method=Method(within="vendor", se="classical"), dataset="gholami2024"
    )
    assert trend.slope == pytest.approx(by_r["slope"], abs=1e-8)
    assert trend.slope_error == pytest.approx(by_r["slope_error"], abs=1e-8)
    low, high = trend.growth_interval(per=1)
    assert np.log10([low, high]) == pytest.approx([by_r["low"], by_r["high"]], abs=1e-8)
    assert trend.estimate.residual_variance == pytest.approx(by_r["residual_variance"], abs=1e-8)


def test_the_line_of_class_effects_is_that_of_the_average_observation() -> None:
    rows = take_over(noise=0.3)
    trend = fit_trend(rows, method=Method(within="kind"))
    assert trend.estimate.intercept == pytest.approx(np.log10(rows["value"]).mean())


def test_a_bootstrap_of_class_effects_is_about_their_slope() -> None:
    trend = fit_trend(take_over(noise=0.1), method=Method(within="kind", bootstrap="pairs", seed=1))
    assert trend.resampled is not None
    assert trend.resampled[1].mean() == pytest.approx(trend.slope, abs=2e-3)
    classical = fit_trend(take_over(noise=0.1), method=Method(within="kind", se="classical"))
    assert trend.slope_error == pytest.approx(classical.slope_error, rel=0.15)


def test_classes_of_one_date_each_show_no_growth() -> None:
    rows = pd.DataFrame({"date": ["2000", "2001", "2002"], "value": [1.0, 2, 5], "kind": list("abc")})
    with pytest.raises(MemwallError, match="within each group all observations are of one date"):
        fit_trend(rows, method=Method(within="kind"))


@pytest.mark.parametrize("method", ["huber", "theil-sen", "quantile"])
def test_only_least_squares_has_class_effects(method: str) -> None:
    with pytest.raises(MemwallError, match="has no within; ols and wls have"):
        fit_trend(take_over(noise=0.1), method=Method(method, within="kind"))


# One trend a group


def test_the_groups_are_the_trends_of_each() -> None:
    grouped = fit_by("peak_flops", "kind", segment="server")
    assert set(grouped.trends) == {"cpu", "gpu", "accelerator", "manycore"}
    alone = fit_trend("peak_flops", segment="server", kind="cpu")
    assert grouped.trends["cpu"].slope == alone.slope
    assert (
        sum(trend.n_obs for trend in grouped.trends.values())
        == fit_trend("peak_flops", segment="server").n_obs
    )


def test_records_are_those_of_each_group() -> None:
    groups = split_by("peak_flops", "kind", frontier=True)
    assert "cpu" in groups
    cpus = groups["cpu"].observations
    assert cpus["date"].max().year > 2020


def test_groups_that_are_too_small_are_named() -> None:
    assert "at least 3 different dates" in fit_by("peak_flops", "product_class").left_out["embedded-cpu"]


def test_precisions_share_devices_and_are_not_compared() -> None:
    grouped = fit_by("peak_flops", "precision", segment="server")
    assert {"fp64", "fp16", "fastest"} <= set(grouped.trends)
    assert grouped.equal_slopes_p is None


@pytest.mark.parametrize("labels", [("HBM*", "HBM2"), ("a[b]", "ab"), ("x?y", "xzy"), ("[!a]*", "b")])
def test_a_label_is_no_pattern(labels: tuple[str, str]) -> None:
    rows = pd.concat(
        [
            pd.DataFrame({"date": ["2000", "2001", "2002"], "value": [1.0, growth, growth**2], "kind": label})
            for label, growth in zip(labels, (2.0, 3.0), strict=True)
        ]
    )
    grouped = fit_by(rows, "kind")
    assert {label: trend.n_obs for label, trend in grouped.trends.items()} == dict.fromkeys(labels, 3)
    rates = [grouped.trends[label].growth_factor(1) for label in labels]
    assert rates == pytest.approx([2, 3], rel=2e-3)  # dates are whole days


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(MemwallError, match="to group by 'knid'; did you mean 'kind'"):
        fit_by("peak_flops", "knid")


# Equal slopes


def test_two_slopes_are_compared_as_by_welch() -> None:
    from scipy.stats import ttest_ind_from_stats

    # The slope of a group stands as a mean with its standard error.
    theirs = ttest_ind_from_stats(0.10, 0.02 * np.sqrt(16), 16, 0.17, 0.03 * np.sqrt(25), 25, equal_var=False)
    ours = compare_slopes(
        [
            Growth(slope=0.10, slope_error=0.02, degrees_of_freedom=15),
            Growth(slope=0.17, slope_error=0.03, degrees_of_freedom=24),
        ]
    )
    assert ours == pytest.approx(theirs.pvalue)


@settings(deadline=None)
@given(st.permutations([0.1, 0.15, 0.3]))
def test_the_order_of_groups_does_not_matter(slopes: list[float]) -> None:
    growths = [Growth(slope=slope, slope_error=0.05, degrees_of_freedom=10) for slope in slopes]
    first = compare_slopes(growths)
    assert first == pytest.approx(compare_slopes(growths[::-1]))


def test_equal_slopes_are_rejected_as_often_as_stated() -> None:
    random = np.random.default_rng(0)
    rejected = 0
    for _ in range(1000):
        growths = [
            Growth(
                slope=error * random.normal(),
                slope_error=error * np.sqrt(random.chisquare(freedom) / freedom),
                degrees_of_freedom=freedom,
            )
            for error, freedom in ((0.02, 40), (0.1, 12), (0.05, 20))
        ]
        p_value = compare_slopes(growths)
        assert p_value is not None
        rejected += p_value < 0.05
    assert 0.03 < rejected / 1000 < 0.07


def test_one_group_has_nothing_to_compare_with() -> None:
    assert compare_slopes([Growth(slope=0.1, slope_error=0.1, degrees_of_freedom=5)]) is None
