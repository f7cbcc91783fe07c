from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.figures import save_figure
from memwall_trends.figures.diagnosis import diagnosis as draw
from memwall_trends.figures.pgfplots import to_pgfplots
from memwall_trends.fitting.diagnosis import Diagnosis
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.residuals import (
    check_likeness,
    check_normality,
    check_runs,
    check_scatter,
    measure_influence,
)
from memwall_trends.fitting.shapes import compare_shapes
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.stability import fit_break

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

REFERENCE = Path(__file__).parent / "reference"
BY_R = pd.read_csv(REFERENCE / "diagnosis.csv")
ROWS = pd.read_csv(REFERENCE / "clusters_rows.csv", keep_default_na=False)
YEARS, VALUES = ROWS["year"].to_numpy(), ROWS["log10_value"].to_numpy()
EVEN = (1 / ROWS["calendar_year"].map(ROWS["calendar_year"].value_counts())).to_numpy()
CLASS_CODES, ARCHITECTURES, VENDORS = (
    pd.factorize(ROWS[column])[0] for column in ("product_class", "architecture", "vendor")
)
LINE = np.column_stack([np.ones_like(YEARS), YEARS - YEARS.mean()])
DESIGNS = {
    "line": (LINE, np.ones_like(YEARS)),
    "classes": (
        np.column_stack([LINE, CLASS_CODES[:, np.newaxis] == np.arange(1, CLASS_CODES.max() + 1)]),
        np.ones_like(YEARS),
    ),
    "weighted": (LINE, EVEN),
}


def number_of_r(design: str, quantity: str) -> float:
    (value,) = BY_R[(BY_R["design"] == design) & (BY_R["quantity"] == quantity)]["value"]
    return float(value)


def residuals_of(design: str = "line") -> Any:
    columns, weights = DESIGNS[design]
    roots = np.sqrt(weights)
    coefficients, *_ = np.linalg.lstsq(roots[:, np.newaxis] * columns, roots * VALUES, rcond=None)
    return VALUES - columns @ coefficients


def chips(seed: int = 0, *, variants: int = 3, noise: float = 0.3) -> pd.DataFrame:
    """Return 30 designs of some variants each, that share most of their error."""
    random = np.random.default_rng(seed)
    days = np.repeat(random.integers(9000, 20000, 30), variants)
    errors = np.repeat(random.normal(0, noise, 30), variants) + random.normal(0, noise / 5, len(days))
    return pd.DataFrame(
        {
            "name": [f"chip {number}" for number in range(len(days))],
            "date": pd.to_datetime(days, unit="D"),
            "value": 10 ** (0.0003 * days + errors),
            "vendor": np.repeat(random.choice(list("ABCDE"), 30), variants),
            "architecture": np.repeat([f"design {number}" for number in range(30)], variants),
            "source": "mine",
        }
    )


def heavy_tails(n_obs: int) -> Any:
    """Return the quantiles of a t distribution of three degrees of freedom: as many above as below."""
    from scipy.stats import t as t_distribution

    return t_distribution.ppf((np.arange(n_obs) + 0.5) / n_obs, 3)


# Against R and statsmodels


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("quantity", ["leverage", "standardized", "cooks_distance", "slope_without"])
def test_influence_is_that_of_r(design: str, quantity: str) -> None:
    measured = getattr(measure_influence(DESIGNS[design][0], VALUES, DESIGNS[design][1]), quantity)
    theirs = BY_R[(BY_R["design"] == design) & (BY_R["quantity"] == quantity)]
    assert len(theirs) == 10
    assert measured[theirs["row"].astype(int)] == pytest.approx(theirs["value"].to_numpy(), rel=1e-8)


def test_the_tests_are_those_of_r() -> None:
    residuals = residuals_of()
    normal = check_normality(residuals)
    assert normal.statistic == pytest.approx(number_of_r("line", "shapiro"), rel=1e-8)
    assert normal.p_value == pytest.approx(number_of_r("line", "shapiro_p"), rel=1e-4)
    scatter = check_scatter(YEARS, residuals, None)
    assert scatter.statistic == pytest.approx(number_of_r("line", "breusch_pagan"), rel=1e-8)
    assert scatter.p_value == pytest.approx(number_of_r("line", "breusch_pagan_p"), rel=1e-8)
    weighted = check_scatter(YEARS, residuals_of("weighted"), None)
    assert weighted.p_value == pytest.approx(number_of_r("weighted", "breusch_pagan_p"), rel=1e-8)
    runs = check_runs(YEARS, residuals, ARCHITECTURES)
    assert runs.statistic == pytest.approx(number_of_r("line", "breusch_godfrey"), rel=1e-6)
    assert runs.p_value == pytest.approx(number_of_r("line", "breusch_godfrey_p"), rel=1e-6)
    assert runs.details["durbin_watson"] == pytest.approx(number_of_r("line", "durbin_watson"), rel=1e-8)
    alike = check_likeness(residuals, VENDORS, "vendor")
    assert alike is not None
    assert alike.p_value == pytest.approx(number_of_r("line", "p_vendor"), rel=1e-6)


def test_likeness_is_the_f_value_of_r() -> None:
    alike = check_likeness(residuals_of(), ARCHITECTURES, "architecture")
    assert alike is not None
    sizes = np.bincount(ARCHITECTURES)
    size = (len(YEARS) - (sizes**2).sum() / len(YEARS)) / (len(sizes) - 1)
    f_value = (1 + (size - 1) * alike.statistic) / (1 - alike.statistic)
    assert f_value == pytest.approx(number_of_r("line", "f_architecture"), rel=1e-8)


@pytest.mark.parametrize("weights", ["line", "weighted"])
def test_aic_and_what_is_left_out_are_those_of_r(weights: str) -> None:
    shapes = compare_shapes(
        YEARS, VALUES, weights=DESIGNS[weights][1], groups=ARCHITECTURES, classes=CLASS_CODES
    )
    assert shapes[0].aic == pytest.approx(number_of_r(weights, "aic"), rel=1e-9)
    if weights == "line":
        line, _, classes = shapes
        assert classes.aic == pytest.approx(number_of_r("classes", "aic"), rel=1e-9)
        assert line.rmse_log10 == pytest.approx(number_of_r("line", "rmse"), rel=1e-9)
        assert classes.rmse_log10 == pytest.approx(number_of_r("classes", "rmse"), rel=1e-9)


def test_a_plain_line_has_the_numbers_of_statsmodels() -> None:
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.diagnostic import acorr_breusch_godfrey, het_breuschpagan
    from statsmodels.stats.outliers_influence import OLSInfluence
    from statsmodels.stats.stattools import durbin_watson, jarque_bera

    random = np.random.default_rng(4)
    years = np.sort(random.uniform(2000, 2020, 80)).round(2)
    years = np.unique(years)
    values = 0.1 * years + random.normal(0, 0.3, len(years))
    design = np.column_stack([np.ones_like(years), years - years.mean()])
    fitted = OLS(values, design).fit()
    theirs, ours = OLSInfluence(fitted), measure_influence(design, values, np.ones_like(years))
    assert ours.cooks_distance == pytest.approx(theirs.cooks_distance[0])
    assert ours.leverage == pytest.approx(theirs.hat_matrix_diag)
    assert ours.standardized == pytest.approx(theirs.resid_studentized_internal)
    normal = check_normality(fitted.resid).details
    assert (normal["jarque_bera"], normal["jarque_bera_p_value"]) == pytest.approx(
        jarque_bera(fitted.resid)[:2]
    )
    scatter = check_scatter(years, fitted.resid, None)
    assert (scatter.statistic, scatter.p_value) == pytest.approx(het_breuschpagan(fitted.resid, design)[:2])
    runs = check_runs(years, fitted.resid, None)
    expected = acorr_breusch_godfrey(fitted, nlags=1, result_object=False)
    assert (runs.statistic, runs.p_value) == pytest.approx(expected[2:])
    assert runs.details["durbin_watson"] == pytest.approx(durbin_watson(fitted.resid))


def test_the_line_without_a_device_is_fitted_without_it() -> None:
    rows = chips()
    for method in (Method(), Method("wls", weights="weight"), Method(within="vendor")):
        weighed = rows.assign(weight=np.arange(1.0, len(rows) + 1))
        measured = fit_trend(weighed, method=method).diagnose().observations
        for place in (0, 40):
            name, slope = measured.loc[place, ["name", "slope_without"]]
            without = fit_trend(weighed[weighed["name"] != name], method=method)
            assert slope == pytest.approx(without.slope, abs=1e-12)


def test_the_kink_is_that_of_stability() -> None:
    for series in ("peak_flops", "dram_bandwidth"):
        shapes = {shape.name: shape for shape in fit_trend(series).diagnose().shapes}
        assert shapes["kinked line"].kink_year == pytest.approx(fit_break(series, draws=19).year, abs=1e-9)


# What it finds


def test_the_order_of_rows_changes_nothing() -> None:
    rows = chips()
    first, other = (fit_trend(each).diagnose() for each in (rows, rows.sample(frac=1, random_state=3)))
    assert first.summary()["p_value"].tolist() == pytest.approx(other.summary()["p_value"].tolist())
    assert first.observations["name"].tolist() == other.observations["name"].tolist()
    assert [shape.rmse_log10 for shape in first.shapes] == pytest.approx(
        [shape.rmse_log10 for shape in other.shapes]
    )


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32), factor=st.floats(1e-3, 1e3), variants=st.integers(1, 4))
def test_any_diagnosis_adds_up(seed: int, factor: float, variants: int) -> None:
    rows = chips(seed, variants=variants)
    diagnosis, scaled = (
        fit_trend(each).diagnose() for each in (rows, rows.assign(value=rows["value"] * factor))
    )
    measured = diagnosis.observations
    assert measured["leverage"].sum() == pytest.approx(2)
    assert measured["residual_log10"].sum() == pytest.approx(0, abs=1e-9)
    assert (measured["cooks_distance"].diff().dropna() <= 1e-15).all()
    # Another unit moves the line and nothing that is left over.
    assert scaled.summary()["p_value"].tolist() == pytest.approx(
        diagnosis.summary()["p_value"].tolist(), rel=1e-5, nan_ok=True
    )
    for shape, other in zip(diagnosis.shapes, scaled.shapes, strict=True):
        assert other.rmse_log10 == pytest.approx(shape.rmse_log10, rel=1e-5)
    assert all(math.isnan(each.p_value) or 0 <= each.p_value <= 1 for each in diagnosis.checks)


def test_variants_are_alike_and_stay_together() -> None:
    diagnosis = fit_trend(chips()).diagnose()
    alike = {check.details["column"]: check for check in diagnosis.checks if "column" in check.details}
    assert alike["architecture"].statistic > 0.9
    assert alike["architecture"].details["effective_n"] == pytest.approx(30, abs=2)
    assert "90 rows count as about 3" in alike["architecture"].meaning
    assert alike["vendor"].statistic < alike["architecture"].statistic
    assert diagnosis.left_out == "architectures"
    # Their own siblings would predict variants too well.
    by_row = fit_trend(chips().drop(columns="architecture")).diagnose()
    assert by_row.left_out == "observations"
    line, leaky = diagnosis.shapes[0].rmse_log10, by_row.shapes[0].rmse_log10
    assert line is not None
    assert leaky is not None
    assert line > leaky


def test_a_cluster_of_the_users_choice_goes_before_the_architecture() -> None:
    rows = chips().assign(foundry=np.arange(90) // 9)
    by_foundry = fit_trend(rows, method=Method(cluster="foundry")).diagnose()
    assert by_foundry.left_out == "values of foundry"
    assert [each["column"] for each in by_foundry.to_record()["intraclass"]] == ["foundry", "vendor"]
    same = fit_trend(rows, method=Method(vcov={"CRV1": "foundry"})).diagnose()
    assert same.shapes[0].rmse_log10 == by_foundry.shapes[0].rmse_log10
    both = fit_trend(rows, method=Method(cluster="architecture,foundry")).diagnose()
    assert [each["column"] for each in both.to_record()["intraclass"]] == [
        "architecture",
        "foundry",
        "vendor",
    ]


def test_the_device_that_lies_off_is_named_first() -> None:
    rows = chips(variants=1).sort_values("date", ignore_index=True)
    rows.loc[29, ["value", "source"]] = 1e9, "a misprint"
    first = fit_trend(rows).diagnose().observations.iloc[0]
    assert (first["name"], first["source"]) == (rows["name"][29], "a misprint")
    assert first["cooks_distance"] > 1


@pytest.mark.parametrize(
    ("change", "name", "meaning"),
    [
        (lambda random, years: random.permutation(heavy_tails(len(years))), "normal", "heavy tails"),
        (lambda random, years: random.uniform(-1, 1, len(years)), "normal", "light tails"),
        (lambda random, years: random.exponential(1, len(years)), "normal", "more lie far above the line"),
        (lambda random, years: -random.exponential(1, len(years)), "normal", "more lie far below the line"),
        (lambda random, years: random.normal(0, (years - 1999) / 9), "of one scatter", "grows, from"),
        (lambda random, years: random.normal(0, (2021 - years) / 9), "of one scatter", "shrinks, from"),
        (lambda random, years: np.sin(years), "free of runs in time", "err to the same side"),
        (lambda random, years: np.resize([1.0, -0.9], len(years)), "free of runs in time", "opposite sides"),
    ],
)
def test_what_is_wrong_is_said(change: Any, name: str, meaning: str) -> None:
    years, random = np.linspace(2000, 2020, 150), np.random.default_rng(1)
    dates = pd.to_datetime((years - 1970) * 365.25, unit="D").normalize()
    rows = pd.DataFrame({"date": dates, "value": 10 ** (0.1 * (years - 2000) + 0.3 * change(random, years))})
    check = fit_trend(rows).diagnose().find_check(name)
    assert check.p_value < 0.05
    assert meaning in check.meaning


@pytest.mark.slow
def test_p_values_of_what_holds_are_small_as_often_as_they_say() -> None:
    found = []
    for seed in range(300):
        rows = chips(seed)
        checks = fit_trend(rows).diagnose().checks
        scatter, runs = checks[1], checks[2]
        found.append((scatter.p_value, scatter.details["clustered_p_value"], runs.p_value))
    plain, clustered, runs_p = (np.array(found) < 0.05).mean(axis=0)
    # Variants count as one: by rows the test of the scatter finds what is not there.
    assert plain > 0.1
    assert clustered < 0.09
    assert 0.01 < runs_p < 0.09


def test_shapes_are_told_apart() -> None:
    years, random = np.linspace(2000, 2020, 120), np.random.default_rng(2)
    noise, classes = random.normal(0, 0.2, 120), np.arange(120) % 3
    by_shape = {
        "line": 0.1 * years,
        "kinked line": 0.3 * np.minimum(years, 2010),
        "chip effects": 0.1 * years + classes,
    }
    for best, values in by_shape.items():
        shapes = compare_shapes(
            years,
            values + noise,
            weights=np.ones(120),
            groups=np.arange(120) // 2,
            classes=classes,
            class_name="chip",
        )
        winner = max(shapes, key=lambda shape: (shape.predicts_better, shape.skill or 0))
        assert (winner.name if winner.predicts_better else "line") == best
        assert min(shapes, key=lambda shape: shape.aic).name in (best, "kinked line")


def test_many_groups_are_left_out_in_parts_and_few_not_at_all() -> None:
    random = np.random.default_rng(0)
    years = random.uniform(2000, 2020, 500)
    values = 0.1 * years + random.normal(0, 0.3, 500)
    (line, _) = compare_shapes(years, values, weights=np.ones(500), groups=np.arange(500))
    assert line.rmse_log10 == pytest.approx(0.3, abs=0.04)
    (line, _) = compare_shapes(years, values, weights=np.ones(500), groups=np.arange(500) % 4)
    assert line.rmse_log10 is None
    few = fit_trend(chips().assign(half=np.arange(90) % 2), method=Method(cluster="half")).diagnose()
    assert "too few values of half to leave out" in few.verdict
    assert few.shown_shapes()["skill"].tolist()[0] == "n/a"


# Edges


def test_a_class_of_one_device_is_no_influence_and_no_failure() -> None:
    rows = chips().assign(kind="gpu")
    rows.loc[7, "kind"] = "alone"
    diagnosis = fit_trend(rows, method=Method(within="kind")).diagnose()
    last = diagnosis.observations.iloc[-1]
    assert last["name"] == "chip 7"
    assert last["leverage"] == pytest.approx(1)
    assert math.isnan(last["cooks_distance"])
    record = diagnosis.to_record()
    assert len(record["observations"]) == 90


def test_what_cannot_be_diagnosed_is_a_message() -> None:
    rows = chips()
    for name in ("huber", "theil-sen", "quantile", "mixed"):
        with pytest.raises(MemwallError, match=f"least squares: the residuals of the method '{name}'"):
            fit_trend("peak_flops", method=name).diagnose()
    with pytest.raises(TooFewObservations, match="4 observations; a diagnosis needs at least 5"):
        fit_trend(rows.iloc[::20].head(4)).diagnose()
    dates = rows["date"].drop_duplicates()
    exact = pd.DataFrame({"date": dates, "value": 2.0**dates.dt.year})
    exact = exact.assign(value=10 ** (0.0003 * (dates - dates.min()).dt.days))
    with pytest.raises(MemwallError, match="all observations lie on the line"):
        fit_trend(exact).diagnose()
    with pytest.raises(MemwallError, match="all observations lie on the line"):
        fit_trend(rows.assign(value=7.0)).diagnose()
    with pytest.raises(MemwallError, match="lies between 0 and 1"):
        fit_trend(rows).diagnose(level=2)


def test_few_observations_leave_out_what_needs_more() -> None:
    rows = chips(variants=1).head(6).drop(columns=["architecture", "vendor"])
    diagnosis = fit_trend(rows).diagnose()
    assert [check.name for check in diagnosis.checks] == ["normal", "of one scatter", "free of runs in time"]
    assert [shape.name for shape in diagnosis.shapes] == ["line"]
    five = fit_trend(rows.head(5)).diagnose()
    assert five.find_check("free of runs in time").meaning == "too few points in time to tell"
    assert "n/a" in str(five)


def test_one_architecture_is_no_cluster() -> None:
    rows = chips(variants=1).assign(architecture="only")
    diagnosis = fit_trend(rows, method=Method(se="classical")).diagnose()
    assert diagnosis.left_out == "observations"
    assert diagnosis.find_check("free of runs in time").details["n_points"] == rows["date"].nunique()


def test_records_are_diagnosed_as_they_are() -> None:
    diagnosis = fit_trend("peak_flops", frontier=True).diagnose()
    assert diagnosis.n_obs == fit_trend("peak_flops", frontier=True).n_obs
    assert diagnosis.fitted["frontier"]


def test_a_diagnosis_is_frozen_and_says_itself() -> None:
    diagnosis = fit_trend("dram_bandwidth", dataset="gholami2024").diagnose()
    assert isinstance(diagnosis, Diagnosis)
    with pytest.raises(AttributeError):
        diagnosis.level = 0.5  # type: ignore[misc]
    assert "NVIDIA GeForce FX 5700 Ultra" in str(diagnosis)
    assert diagnosis.verdict in str(diagnosis)


# The command


def test_the_command_gives_the_documented_keys(run: Run) -> None:
    command = ["diagnose", "peak_flops", "--segment", "server", "--format", "json"]
    result = run(*command)
    record = json.loads(result.out)
    assert set(record) == {
        *("series", "dataset", "unit", "method", "within", "n_obs", "first_date", "last_date", "where"),
        *("precision", "frontier", "counted", "rate", "period_years", "level", "n_influential"),
        *("observations", "normality", "heteroscedasticity", "autocorrelation", "intraclass", "shapes"),
        *("left_out", "verdict"),
    }
    assert record["where"]["segment"] == ["server"]
    assert len(record["observations"]) == record["n_obs"]
    first = record["observations"][0]
    assert {"name", "date", "value", "source", "locator"} <= set(first)
    without = fit_trend("peak_flops", segment="server", where={"name!": first["name"]})
    assert first["rate_without"] == pytest.approx(without.growth_factor())
    above = [each for each in record["observations"] if each["cooks_distance"] > 4 / record["n_obs"]]
    assert len(above) == record["n_influential"]
    assert [each["column"] for each in record["intraclass"]] == ["architecture", "vendor"]
    assert min(each["aic_over_best"] for each in record["shapes"]) == 0
    assert result.out == run(*command).out


def test_csv_has_one_row_an_observation(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("diagnose", "memory_capacity", "--format", "csv").out)))
    assert sum(row["list"] == "observations" for row in rows) == int(rows[0]["n_obs"])
    assert {"name", "source", "cooks_distance", "normality_p_value"} <= set(rows[0])


@pytest.mark.parametrize(
    "command",
    [
        "peak_flops",
        "dram_bandwidth --segment server --within product_class --cluster vendor",
        "memory_capacity --method wls --per 1",
        "model_size --dataset gholami2024",
    ],
)
def test_the_table_fits_80_columns(run: Run, command: str) -> None:
    result = run("diagnose", *command.split())
    assert result.code == 0
    assert max(len(line) for line in result.out.splitlines()) <= 80
    assert "What the line hangs on" in result.out


def test_the_command_follows_the_users_file(
    run: Run, csv_file: Callable[[str | bytes], Path], tmp_path: Path
) -> None:
    rows = chips().rename(columns={"value": "speed"})
    path = csv_file(rows.to_csv(index=False))
    result = run("diagnose", str(path), "--value-column", "speed", "--plot", str(tmp_path / "plot.svg"))
    assert result.code == 0
    assert "mine" in result.out
    assert "chip " in (tmp_path / "plot.svg").read_text(encoding="utf-8")
    bare = csv_file(rows[["date", "speed"]].to_csv(index=False))
    result = run("diagnose", str(bare), "--value-column", "speed", "--plot", str(tmp_path / "bare.svg"))
    assert result.code == 0
    assert "\nyear  of line" in result.out
    refused = run("diagnose", str(bare), "--value-column", "speed", "--method", "huber")
    assert refused.code == 2
    assert "use --method ols or wls" in refused.err


# The figure


def test_the_figure_shows_the_numbers_and_names_the_most_influential() -> None:
    diagnosis = fit_trend("dram_bandwidth", dataset="gholami2024").diagnose()
    specification = draw(series="dram_bandwidth", dataset="gholami2024").to_dict()
    rows = [row for rows in specification["datasets"].values() for row in rows]
    drawn = pd.DataFrame([row for row in rows if "leverage" in row and "name" in row])
    drawn = drawn.drop_duplicates("name").set_index("name")
    for each in diagnosis.observations.to_dict("records"):
        point = drawn.loc[each["name"]]
        assert point["leverage"] == pytest.approx(each["leverage"], rel=1e-6)
        assert point["factor"] == pytest.approx(10 ** each["residual_log10"], rel=1e-6)
        assert point["notable"] == (each["cooks_distance"] > 4 / diagnosis.n_obs)
    named = {row["text"] for row in rows if "text" in row}
    assert diagnosis.observations["name"][0] in named
    assert named <= set(diagnosis.observations["name"].head(4))


def test_the_plots_are_two_by_two_and_in_a_column_below_each_other(tmp_path: Path) -> None:
    page, column = (draw(dataset="gholami2024", size=size).to_dict() for size in ("page", "column"))
    assert [len(row["hconcat"]) for row in page["vconcat"][0]["vconcat"]] == [2, 2]
    assert len(column["vconcat"][0]["vconcat"]) == 4
    assert "group size=2 by 2" in to_pgfplots(page)
    assert "group size=1 by 4" in to_pgfplots(column)
    svg = save_figure(draw(dataset="gholami2024"), tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert ">NaN<" not in svg
    assert "recovered from the figures" in svg
