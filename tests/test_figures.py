from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.figures import (
    FIGURES,
    find_ending,
    find_figure,
    hw_scaling,
    layers,
    save_figure,
    specification_curve,
    theme,
)
from memwall_trends.figures.balance import workload_intensity
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.chosen import choose_workloads
from memwall_trends.figures.roofline import roofline
from memwall_trends.figures.serving import serve_frontier
from memwall_trends.figures.workloads import levers, training_memory
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import fit_gap
from memwall_trends.questions.sensitivity import run_sensitivity
from memwall_trends.units import decimal_years, format_number
from memwall_trends.workloads import (
    Layout,
    Service,
    count_cost,
    count_training_memory,
    find_device,
    find_transformer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

    from tests.conftest import Result

    Run = Callable[..., Result]

CHECKOUT = Path(__file__).parent.parent
SERIES = ["peak_flops", "dram_bandwidth", "interconnect_bandwidth"]
# As the paper's figure prints them.
LABELS = [
    *["R10000", "Pentium II Xeon", "Itanium 2", "GTX 580", "K40", "KNL", "TPUv3", "A100", "TPUv4", "H100"],
    *["GDDR3", "GDDR4", "GDDR5", "HBM", "HBM2", "HBM2E"],
    *["PCIe 1.0a", "PCIe 2.0", "PCIe 3.0", "NVLink 1.0", "PCIe 5.0", "NVLink 4.0"],
]
# The contrast that WCAG 2.2 asks of text on its background.
MIN_CONTRAST = 4.5


@pytest.fixture(scope="module")
def svg(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("figures") / "hw-scaling.svg"
    return save_figure(hw_scaling(), path).read_text(encoding="utf-8")


def rows_of(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def layers_of(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    """Return the layers of the first panel."""
    layers: list[dict[str, Any]] = chart.to_dict()["vconcat"][0]["vconcat"][0]["layer"]
    return layers


@pytest.mark.parametrize("label", LABELS)
def test_every_label_that_the_paper_prints_is_drawn(svg: str, label: str) -> None:
    assert f">{label}</text>" in svg


@pytest.mark.parametrize("series", SERIES)
def test_the_legend_states_the_fit(svg: str, series: str) -> None:
    trend = fit_trend(series, dataset="gholami2024")
    low, high = (format_number(bound, 3) for bound in trend.growth_interval())
    assert f"{format_number(trend.growth_factor(), 3)}x / 2 years (95%: {low} to {high})" in svg


def test_all_points_are_drawn_relative_to_the_first() -> None:
    points = [row for row in rows_of(hw_scaling()) if "drawn" in row and "name" in row]
    for series in SERIES:
        trend = fit_trend(series, dataset="gholami2024")
        drawn = {row["drawn"] for row in points if row["unit"] == trend.unit}
        values = trend.observations["value"]
        assert sorted(drawn) == pytest.approx(sorted(set(values / values.iloc[0])), rel=1e-5)


def test_lines_and_bands_are_the_trend_and_its_confidence_interval() -> None:
    chart = hw_scaling(level=0.8)
    band, line, points = layers_of(chart)[:3]
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")
    assert (line["encoding"]["y"]["field"], points["encoding"]["y"]["field"]) == ("fit", "drawn")
    assert points["encoding"]["shape"]["field"] == points["encoding"]["color"]["field"] == "legend"
    drawn = pd.DataFrame([row for row in rows_of(chart) if "fit" in row])
    for series, (_, rows) in zip(SERIES, drawn.groupby("legend", sort=False), strict=True):
        trend = fit_trend(series, dataset="gholami2024")
        predicted = trend.predict(decimal_years(rows["date"].to_numpy()), level=0.8)
        for field, column in (("fit", "value"), ("low", "confidence_low"), ("high", "confidence_high")):
            relative = predicted[column] / trend.observations["value"].iloc[0]
            assert rows[field].tolist() == pytest.approx(relative.tolist(), rel=1e-6)
        assert rows["date"].iloc[[0, -1]].tolist() == [str(trend.first_date), str(trend.last_date)]


def test_a_band_that_is_far_wider_than_the_points_leaves_them_room() -> None:
    domain = layers_of(hw_scaling(since="2020"))[0]["encoding"]["y"]["scale"]["domain"]
    assert domain[1] / domain[0] < 100


def test_the_picture_of_the_readme_shows_the_current_fit(svg: str) -> None:
    legend = [text for text in re.findall(r">([^<>]*)</text>", svg) if " / 2 years (" in text]
    shown = (CHECKOUT / "docs" / "hw-scaling.svg").read_text(encoding="utf-8")
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert len(legend) == len(SERIES)
    for text in legend:
        assert text in shown
        assert re.search(r"[\d.]+x", text)[0] in readme  # type: ignore[index]


def test_options_reach_the_fit() -> None:
    options: dict[str, Any] = {"since": "2010", "until": "2016", "where": {"precision": "fp32"}}
    chart = json.dumps(hw_scaling(**options, per=1, level=0.8).to_dict())
    trend = fit_trend("peak_flops", dataset="gholami2024", **options)
    assert f"Peak FLOPS: {format_number(trend.growth_factor(1), 3)}x / year (80%: " in chart


@pytest.mark.parametrize("format_", defaults.FIGURE_FORMATS)
def test_every_format_is_written(tmp_path: Path, format_: str) -> None:
    path = save_figure(hw_scaling(), tmp_path / "new folder" / f"figure.{find_ending(format_)}")
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "html": b"<!DOCTYPE html>", "json": b"{"}
    starts |= {"pgfplots": b"\\documentclass", "tikz": b"% A picture"}
    assert path.read_bytes().startswith(starts[format_])


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    page = save_figure(hw_scaling(), tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "<script src=" not in page
    assert "cdn." not in page


def test_the_specification_is_vega_lite(tmp_path: Path) -> None:
    path = save_figure(hw_scaling(), tmp_path / "figure.json")
    assert "vega-lite" in json.loads(path.read_text(encoding="utf-8"))["$schema"]


@pytest.mark.slow
def test_two_runs_give_the_same_bytes_in_any_time_zone(svg: str, tmp_path: Path) -> None:
    path = tmp_path / "again.svg"
    code = f"from memwall_trends.figures import *; save_figure(hw_scaling(), {str(path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True, env={"TZ": "Asia/Tokyo", "PATH": ""})
    assert path.read_text(encoding="utf-8") == svg


def test_what_cannot_be_drawn_or_written_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(MemwallError, match=r"unknown figure 'hw'\. Known: hw-scaling"):
        find_figure("hw")
    with pytest.raises(MemwallError, match="unknown format 'bmp'"):
        save_figure(hw_scaling(), tmp_path / "figure.bmp")
    (tmp_path / "file").touch()
    with pytest.raises(MemwallError, match="cannot be written"):
        save_figure(hw_scaling(), tmp_path / "file" / "figure.svg")


def test_every_figure_says_what_it_shows() -> None:
    assert all((draw.__doc__ or "").strip() for draw in FIGURES.values())


@pytest.mark.parametrize(
    "colour", [theme.BLUE, theme.VERMILLION, theme.CHARCOAL, theme.INK, theme.MUTED, *theme.COLOURS]
)
def test_text_in_a_series_colour_is_readable(colour: str) -> None:
    assert contrast_with_white(colour) >= MIN_CONTRAST


def contrast_with_white(colour: str) -> float:
    """Return the contrast ratio of WCAG 2.2 (relative luminance of sRGB) with a white background."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_the_specification_curve_has_a_mark_for_each_specification() -> None:
    specification = specification_curve(series="interconnect_bandwidth", method="ols").to_dict()
    fitted = run_sensitivity("interconnect_bandwidth", method="ols")
    top, *panels = specification["vconcat"][0]["vconcat"]
    rows = specification["datasets"]
    assert len(rows[top["layer"][0]["data"]["name"]]) == len(fitted.specifications)
    assert len(panels) == 4  # window, vendors, counted, effects: what is varied of links by one estimator


@pytest.mark.slow
@pytest.mark.parametrize("picture", sorted((CHECKOUT / "docs").glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_of_the_docs_is_what_the_command_draws(picture: Path, tmp_path: Path) -> None:
    drawn = save_figure(FIGURES[picture.stem](), tmp_path / picture.name)
    assert drawn.read_bytes() == picture.read_bytes(), f"{picture.name} is out of date: run make docs"


def test_the_gallery_and_the_readme_show_pictures_that_are_there() -> None:
    pages = [CHECKOUT / "docs" / "figures.md", CHECKOUT / "README.md"]
    shown = {
        match.rpartition("/")[2]
        for page in pages
        for match in re.findall(r"\]\(([^)]*\.svg)\)", page.read_text(encoding="utf-8"))
    }
    assert shown == {path.name for path in (CHECKOUT / "docs").glob("*.svg")}


def test_there_are_the_figures_of_the_paper_and_ours() -> None:
    assert len(FIGURES) >= 16
    assert {"hw-scaling", "training-compute", "model-size", "memory-breakdown"} <= set(FIGURES)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_the_same_bytes_twice_and_says_where_it_is_from(name: str, tmp_path: Path) -> None:
    options = {"series": "interconnect_bandwidth"} if name == "specification-curve" else {}
    first, second = (
        save_figure(FIGURES[name](**options), tmp_path / f"{run}.svg").read_text(encoding="utf-8")
        for run in "ab"
    )
    assert first == second
    assert "recovered from the figures" in first or "curated tables" in first
    assert ">undefined<" not in first
    assert ">NaN<" not in first


def usual_and_slow(usual: list[str], slow: list[str]) -> list[Any]:
    """Return names of figures as parameters, some of them for the slow run."""
    return [*usual, *(pytest.param(name, marks=pytest.mark.slow) for name in slow)]


@pytest.mark.parametrize(
    "name",
    usual_and_slow(
        ["hw-scaling", "memory-breakdown"],
        ["claim-against-fit", "link-families", "decomposition", "diagnosis", "roofline", "levers"],
    ),
)
def test_a_size_changes_width_and_letters(name: str, tmp_path: Path) -> None:
    widths = []
    for size in ("column", "page", "slide"):
        svg = save_figure(FIGURES[name](size=size), tmp_path / f"{size}.svg").read_text(encoding="utf-8")
        widths.append(float(re.search(r'width="([\d.]+)"', svg)[1]))  # type: ignore[index]
    column, page, slide = widths
    assert column <= 460 < page < slide


def test_an_unknown_size_is_a_message() -> None:
    with pytest.raises(MemwallError, match=r"unknown size 'poster'\. Known: column, page, slide"):
        hw_scaling(size="poster")


def test_the_roofline_bends_at_the_ridge_point_and_holds_the_workloads(mine: Path) -> None:
    chart = roofline(overlay=[mine])
    rows = pd.DataFrame([row for row in rows_of(chart) if "attainable" in row and "legend" in row])
    device = find_device("NVIDIA H100 SXM5")
    of_device = rows[rows["legend"].str.startswith(device.name)]
    roof, points = of_device[of_device["workload"].isna()], of_device.dropna(subset="workload")
    assert roof["intensity"].tolist()[1] == pytest.approx(device.ridge_point, rel=1e-6)
    assert points["attainable"].tolist() == pytest.approx(
        np.minimum(device.peak_flops, points["intensity"] * device.bandwidth_bytes_s) / 1e12, rel=1e-6
    )
    assert "decode, batch 1" in set(points["workload"])
    assert rows["legend"].str.startswith(HOSTILE[1]).any()


def test_the_intensities_across_the_trend_are_those_of_the_workloads() -> None:
    rows = pd.DataFrame([row for row in rows_of(workload_intensity()) if set(row) == {"date", "value"}])
    last = rows[rows["date"] == "2030-12-31"]["value"]
    counted = [count_cost(each).total.arithmetic_intensity for each in choose_workloads(2).values()]
    projected = fit_gap("peak_flops", "dram_bandwidth").project(decimal_years(["2030-12-31"]))["ratio"]
    assert sorted(last) == pytest.approx(sorted([*counted, *projected]), rel=1e-6)
    first = rows[rows["date"] == rows["date"].min()]["value"]
    widest = min(counted) / 2  # operands of 32 bits, of the first server GPUs
    assert any(value == pytest.approx(widest, rel=1e-6) for value in first)


def test_the_bars_of_training_memory_are_the_papers_and_the_counted() -> None:
    rows = pd.DataFrame([row for row in rows_of(training_memory()) if "part" in row])
    tops = rows.groupby("bar")["high"].max()
    assert tops["BERT Large, printed"] == pytest.approx(1.32 + 2.64 + 14.38)
    assert tops["BERT Large, counted"] == pytest.approx(tops["BERT Large, printed"], rel=0.05)
    counted = count_training_memory(
        find_transformer("llama-3-8b"), sequence_length=4096, zero=3, devices=64, recompute="full"
    )
    assert tops["ZeRO 3, full"] == pytest.approx(counted["bytes"].iloc[-1] / 1e9, rel=1e-6)


def test_each_lever_says_what_it_does() -> None:
    rows = {row["lever"]: row for row in reversed(rows_of(levers())) if "beside" in row}
    assert rows["2x bandwidth"]["speedup"] == pytest.approx(2)
    assert rows["weights at 4 bits"]["text"].endswith("FLOP/byte, memory-bound")
    assert "speculative decoding: llama-3-8b" in rows


def test_the_frontier_has_a_point_for_each_batch_that_fits() -> None:
    rows = pd.DataFrame([row for row in rows_of(serve_frontier()) if "batch" in row])
    device = find_device("NVIDIA H100 SXM5")
    service = Service(transformer=find_transformer("llama-3-70b"), device=device, layout=Layout(devices=8))
    own = rows[rows["legend"] == device.name].drop_duplicates("batch").sort_values("batch")
    assert own["batch"].tolist() == service.choose_batches()
    last = service.describe(own["batch"].iloc[-1])
    assert own["device"].iloc[-1] == pytest.approx(last["decode_tokens_per_second_device"], rel=1e-6)
    assert own["user"].iloc[-1] == pytest.approx(last["tokens_per_second_user"], rel=1e-6)


def test_a_model_and_devices_of_ones_own_are_drawn(run: Run, tmp_path: Path) -> None:
    config = str(CHECKOUT / "tests" / "configs" / "deepseek-v3.json")
    chart = roofline(model=config, devices=["NVIDIA B200"], precision="fp8")
    rows = [row for row in rows_of(chart) if "workload" in row]
    assert {row["workload"] for row in rows} >= {"decode, batch 1", "prompt of 2,048"}
    assert {row["legend"] for row in rows} == {"NVIDIA B200 (2024): ridge point 584"}
    subject = ["--model", config, "--device", "NVIDIA B200", "--precision", "fp8"]
    result = run("figures", "roofline", *subject, "--out", str(tmp_path))
    assert result.code == 0, result.err
    assert "deepseek-v3 attains at most" in (tmp_path / "roofline.svg").read_text(encoding="utf-8")
    refused = run("figures", "hw-scaling", "--model", config, "--out", str(tmp_path))
    assert refused.code == 2
    assert "the figure hw-scaling shows no model of yours: leave out --model" in refused.err


HOSTILE = ["</script><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0"]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Write a user's file with two devices of hostile names, each with peak FLOPS and bandwidth."""
    rows = [
        {"table": table, "name": name, "vendor": "Mine", "kind": "gpu", "date": f"2025-0{month}-01", **cells}
        for month, name in enumerate(HOSTILE, start=3)
        for table, cells in (
            (
                "peak_flops",
                {
                    "value": 3e6,
                    "unit": "GFLOP/s",
                    "precision": "fp16",
                    "engine": "matrix",
                    "sparsity": "dense",
                },
            ),
            ("dram_bandwidth", {"value": 9e3, "unit": "GB/s", "memory": "HBM3e"}),
        )
    ]
    path = tmp_path / "mine.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    "name",
    usual_and_slow(
        ["hw-scaling", "hw-scaling-today", "frontier"],
        ["machine-balance", "peak-flops-by-precision", "memory-generations", "workload-intensity"],
    ),
)
def test_a_users_chip_is_drawn_large_with_its_name_as_text(name: str, mine: Path, tmp_path: Path) -> None:
    chart = FIGURES[name](overlay=[mine])
    svg = save_figure(chart, tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;</text>" in svg
    assert "<img" not in svg
    assert HOSTILE[1].replace("'", "&apos;") in svg or HOSTILE[1] in svg
    drawn = [row for row in rows_of(chart) if row.get("name") in HOSTILE]
    assert {row["name"] for row in drawn} == set(HOSTILE)


def test_a_hostile_name_does_not_end_the_script_of_a_page(mine: Path, tmp_path: Path) -> None:
    page = save_figure(hw_scaling(overlay=[mine]), tmp_path / "figure.html").read_text(encoding="utf-8")
    assert HOSTILE[0] not in page
    assert "\\u003c/script\\u003e\\u003cimg" in page


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("claim-against-fit", {"dataset": "curated"}, "leave out --dataset"),
        ("memory-breakdown", {"frontier": True}, "leave out --frontier"),
        ("published-claims", {"since": 2010}, "leave out --since; it takes --with"),
        ("frontier", {"frontier": True}, "leave out --frontier"),
        ("peak-flops-by-precision", {"precision": "fp64"}, "leave out --precision"),
        ("link-families", {"where": {"scope": "cable"}}, "unknown scope 'cable'"),
        ("training-compute", {"where": {"memory": "HBM2"}}, "memory"),
        ("roofline", {"since": 2010}, "leave out --since; it takes --precision, --with"),
        ("roofline", {"precision": "fp4"}, "has no dense rate in fp4"),
        ("workload-intensity", {"frontier": True}, "leave out --frontier"),
        (
            "workload-intensity",
            {"since": "2009-12", "until": "2011-02"},
            "expected at least 3 different dates",
        ),
        ("roofline", {"kind": ["gpu"]}, "leave out --kind; it takes --precision, --with"),
        ("link-families", {"scope": "cable"}, "unknown scope 'cable'"),
        ("training-compute", {"scope": "lane"}, "unknown column of training_compute 'scope'"),
        ("hw-scaling", {"kind": "gpu", "where": {"kind": "gpu"}}, "say the same thing"),
        ("training-memory", {"dataset": "curated"}, "leave out --dataset"),
        ("decomposition", {"product_class": "server-cpu"}, "a mix needs at least two groups"),
        ("levers", {"overlay": ["mine.csv"]}, "leave out --with; it takes --precision"),
        ("levers", {"devices": ["NVIDIA B200", "NVIDIA H100 SXM5"]}, "shows one device"),
        ("levers", {"model": "bert-base"}, "BERT-Base is an encoder"),
        ("serve-frontier", {"model": "bert-base"}, "bert-base is an encoder"),
        ("serve-frontier", {"model": "kimi-k2"}, "fit on 8 of none of these devices"),
        ("roofline", {"model": "gpt9"}, "unknown model 'gpt9'"),
    ],
)
def test_a_choice_that_a_figure_cannot_follow_is_a_message(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(MemwallError, match=message):
        FIGURES[name](**options)


def test_a_condition_may_be_a_choice_of_its_own() -> None:
    balance = FIGURES["machine-balance"](kind=["gpu"], vendor="NVIDIA")
    conditions = {"kind": ["gpu"], "vendor": "NVIDIA"}
    assert balance.to_dict() == FIGURES["machine-balance"](where=conditions).to_dict()
    assert hw_scaling(vendor="NVIDIA").to_dict() == hw_scaling(where={"vendor": "NVIDIA"}).to_dict()
    links = FIGURES["link-families"](scope="device", where={}, kind=None)
    assert links.to_dict() == FIGURES["link-families"](where={"scope": "device"}).to_dict()
    assert len(links.to_dict()["vconcat"][0]["vconcat"]) == 1
    shown = FIGURES["memory-breakdown"](kind=["cnn"], vendor=[])
    assert shown.to_dict() == FIGURES["memory-breakdown"](where={"kind": "cnn"}).to_dict()


@pytest.mark.parametrize("name", ["hw-scaling", "training-compute", "model-size"])
def test_a_figure_of_the_paper_and_the_same_of_today_are_one_function(name: str) -> None:
    paper, today = FIGURES[name], FIGURES[f"{name}-today"]
    assert inspect.unwrap(paper) is inspect.unwrap(today)
    title, title_today = ((draw.__doc__ or "").partition("\n")[0] for draw in (paper, today))
    assert title.removesuffix(": the paper's points.") == title_today.removesuffix(
        ": the curated data to today."
    )
    assert today(dataset="gholami2024").to_dict() == paper().to_dict()


def test_a_figure_is_the_layers_that_it_names() -> None:
    trend = fit_trend("dram_bandwidth", dataset="gholami2024")
    group = Group("DRAM", trend.observations, theme.BLUE, "circle", trend=trend)
    canvas = Canvas.around([group], y_title="GB/s", size="page")
    chart = canvas.layer(layers.trends(canvas, 0.8), layers.points(canvas))
    assert [layer["mark"]["type"] for layer in chart.to_dict()["layer"]] == ["area", "line", "point"]
    absent = (layers.fan, layers.others, layers.lines, layers.records, layers.user_points)
    assert not any(layer(canvas) for layer in absent)


def test_all_figures_leave_out_those_that_a_choice_does_not_suit(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: FIGURES[name] for name in ("hw-scaling", "memory-breakdown")}
    monkeypatch.setattr("memwall_trends.figures.FIGURES", few)
    result = run("figures", "--frontier", "--out", str(tmp_path))
    assert result.code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["hw-scaling.svg"]
    assert "not drawn: memory-breakdown: the figure memory-breakdown has choices of its own" in result.err
    named = run("figures", "memory-breakdown", "--frontier", "--out", str(tmp_path))
    assert named.code == 2
