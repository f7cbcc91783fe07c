from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.estimators import ESTIMATORS
from memwall_trends.fitting.methods import WALK, Method, as_method
from memwall_trends.fitting.trends import Trend, fit_trend


def fit(method: str | Method, **choice: Any) -> Trend:
    return fit_trend("peak_flops", dataset="gholami2024", method=method, **choice)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_has_a_name_for_a_reader(name: str) -> None:
    assert Method(name).describe() != name
    edge: dict[str, Any] = {"best_of": "year"} if name == WALK else {}
    assert fit(name, **edge).describe().startswith(Method(name).describe())


def test_a_name_is_a_method() -> None:
    assert as_method("huber") == Method("huber")
    assert as_method(Method("huber")) == Method("huber")


def test_records_are_bootstrapped_unless_told_otherwise_and_it_says_why() -> None:
    trend = fit("ols", frontier=True)
    assert trend.resampled is not None
    assert trend.describe_interval().startswith(
        "Interval: percentile interval of 2,000 resamples of the devices (seed 0)."
    )
    assert "Records depend on each other" in trend.describe_interval()
    assert trend.to_record()["seed"] == 0


def test_without_records_there_is_no_bootstrap_unless_told() -> None:
    trend = fit("ols")
    assert trend.resampled is None
    assert trend.to_record()["seed"] is None
    assert "Records" not in trend.describe_interval()
    assert "Records" not in fit(Method(bootstrap="pairs", draws=50)).describe_interval()


@pytest.mark.parametrize(("drawn", "what"), [("pairs", "devices"), ("cluster", "architectures")])
@pytest.mark.parametrize(("interval", "called"), [("percentile", "percentile"), ("bca", "BCa")])
def test_an_interval_says_how_it_came_about(drawn: str, what: str, interval: str, called: str) -> None:
    trend = fit(Method(bootstrap=drawn, interval=interval, draws=300, seed=7))
    expected = f"Interval: {called} interval of 300 resamples of the {what} (seed 7)."
    assert trend.describe_interval() == expected
    low, high = trend.growth_interval()
    assert low < trend.growth_factor() < high


def test_the_bootstrap_does_not_move_the_line() -> None:
    plain, drawn = fit("ols"), fit(Method(bootstrap="pairs", draws=300))
    assert drawn.slope == plain.slope
    assert drawn.slope_error == pytest.approx(plain.slope_error, rel=0.5)


def test_one_seed_gives_one_record_and_another_seed_another() -> None:
    records = [fit(Method(bootstrap="pairs", draws=200, seed=seed)).to_record() for seed in (1, 1, 2)]
    assert records[0] == records[1]
    assert records[0]["ci_low"] != records[2]["ci_low"]


def test_the_order_of_the_rows_does_not_matter_to_the_records_of_resamples() -> None:
    frame = simulate()
    shuffled = frame.sample(frac=1, random_state=3)
    first, second = (fit_trend(rows, frontier=True, method=Method(draws=200)) for rows in (frame, shuffled))
    assert first.growth_interval() == pytest.approx(second.growth_interval())


def test_records_are_not_weighed() -> None:
    with pytest.raises(MemwallError, match="records are too few to weigh"):
        fit("wls", frontier=True)


def test_each_year_counts_alike_by_default() -> None:
    frame = simulate()
    counts = frame["date"].dt.year.map(frame["date"].dt.year.value_counts())
    by_year = fit_trend(frame, method="wls")
    assert by_year.slope == pytest.approx(
        fit_trend(frame.assign(share=1 / counts), method=Method("wls", weights="share")).slope
    )


def test_each_vendor_can_count_alike() -> None:
    frame = simulate()
    counts = frame["vendor"].map(frame["vendor"].value_counts())
    by_vendor = fit_trend(frame, method=Method("wls", weights="vendor"))
    assert by_vendor.slope == pytest.approx(
        fit_trend(frame.assign(share=1 / counts), method=Method("wls", weights="share")).slope
    )
    assert by_vendor.slope != pytest.approx(fit_trend(frame, method="wls").slope)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Method("wls", weights="vender"), "unknown column to weigh by 'vender'; did you mean 'vendor'"),
        (Method("ols", weights="vendor"), "the method 'ols' has no weights; wls has"),
        (Method("huber", se="hc3"), "the method 'huber' has no se; ols and wls have"),
        (Method("quantile", quantile=1.5), "a quantile lies between 0 and 1"),
        (Method(bootstrap="pair"), "unknown bootstrap 'pair'; did you mean 'pairs'.*pairs, cluster"),
        (Method(bootstrap="pairs", interval="bc"), "unknown interval 'bc'.*percentile, bca"),
        (Method(bootstrap="pairs", draws=0), "a bootstrap needs at least 2 draws"),
        (Method(se="cluster", bootstrap="pairs"), "are two ways: give one of them"),
        (Method("hubert"), "unknown method 'hubert'; did you mean 'huber'"),
    ],
)
def test_a_wrong_choice_is_refused(method: Method, message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        fit(method)


@pytest.mark.parametrize("method", [Method(vcov={"CRV1": "vendor"}), Method(bootstrap="cluster")])
def test_going_by_vendor_needs_vendors(method: Method) -> None:
    with pytest.raises(MemwallError, match="unknown column to go by 'vendor'"):
        fit_trend(simulate().drop(columns="vendor"), method=method)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan])
def test_weights_are_above_zero(weight: float) -> None:
    frame = simulate().assign(share=1.0)
    frame.loc[3, "share"] = weight
    with pytest.raises(MemwallError, match="the column 'share' holds weights that are not above zero"):
        fit_trend(frame, method=Method("wls", weights="share"))


def test_values_that_are_all_the_same_need_no_resamples() -> None:
    flat = fit_trend(simulate().assign(value=7.0), method=Method(bootstrap="pairs"))
    assert flat.growth_interval() == (1.0, 1.0)
    assert flat.resampled is None


def simulate() -> pd.DataFrame:
    random = np.random.default_rng(1)
    days = np.sort(random.choice(9000, 40, replace=False))
    return pd.DataFrame(
        {
            "date": pd.Timestamp("2000-01-01") + pd.to_timedelta(days, unit="D"),
            "value": 10 ** (0.24 * days / 365.25 + random.normal(0, 0.3, 40)),
            "vendor": random.choice(["A", "B", "C", "D", "E", "F"], 40, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1]),
        }
    )


def test_one_architecture_is_no_cluster() -> None:
    trend = fit_trend("peak_flops", architecture="Hopper", precision="fp16")
    assert trend.estimate.interval == "t interval, classical standard error"
