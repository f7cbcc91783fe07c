from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends import defaults, theme
from memwall_trends.errors import MemwallError
from memwall_trends.figures import FIGURES, find_figure, hw_scaling, save_figure, specification_curve
from memwall_trends.sensitivity import run_sensitivity
from memwall_trends.trends import fit_trend
from memwall_trends.units import decimal_years, format_number

if TYPE_CHECKING:
    import altair as alt

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


@pytest.mark.parametrize("label", LABELS)
def test_every_label_that_the_paper_prints_is_drawn(svg: str, label: str) -> None:
    assert f">{label}</text>" in svg


@pytest.mark.parametrize("series", SERIES)
def test_the_legend_states_the_fit(svg: str, series: str) -> None:
    trend = fit_trend(series, dataset="gholami2024")
    low, high = (format_number(bound, 3) for bound in trend.growth_interval())
    assert f"{format_number(trend.growth_factor(), 3)}x / 2 years (95%: {low} to {high})" in svg


def test_all_points_are_drawn_relative_to_the_first() -> None:
    points = [row for row in rows_of(hw_scaling()) if "relative" in row and "name" in row]
    for series in SERIES:
        trend = fit_trend(series, dataset="gholami2024")
        drawn = {row["relative"] for row in points if row["unit"] == trend.unit}
        values = trend.observations["value"]
        assert sorted(drawn) == pytest.approx(sorted(set(values / values.iloc[0])), rel=1e-5)


def test_lines_and_bands_are_the_trend_and_its_confidence_interval() -> None:
    chart = hw_scaling(level=0.8)
    band, line, points = chart.to_dict()["layer"][:3]
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")
    assert (line["encoding"]["y"]["field"], points["encoding"]["y"]["field"]) == ("fit", "relative")
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
    domain = hw_scaling(since="2020").to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
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
    path = save_figure(hw_scaling(), tmp_path / "new folder" / f"figure.{format_}")
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "html": b"<!DOCTYPE html>", "json": b"{"}
    assert path.read_bytes().startswith(starts[format_])


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    page = save_figure(hw_scaling(), tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "<script src=" not in page
    assert "cdn." not in page


def test_the_specification_is_vega_lite(tmp_path: Path) -> None:
    path = save_figure(hw_scaling(), tmp_path / "figure.json")
    assert "vega-lite" in json.loads(path.read_text(encoding="utf-8"))["$schema"]


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


@pytest.mark.parametrize("colour", [theme.BLUE, theme.VERMILLION, theme.CHARCOAL, theme.INK, theme.MUTED])
def test_text_in_a_series_colour_is_readable(colour: str) -> None:
    assert contrast_with_white(colour) >= MIN_CONTRAST


def contrast_with_white(colour: str) -> float:
    """Return the contrast ratio of WCAG 2.2 (relative luminance of sRGB) with a white background."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_the_specification_curve_has_a_mark_for_each_specification(tmp_path: Path) -> None:
    specification = specification_curve(series="interconnect_bandwidth", method="ols").to_dict()
    fitted = run_sensitivity("interconnect_bandwidth", method="ols")
    top, *panels = specification["vconcat"]
    rows = specification["datasets"]
    assert len(rows[top["layer"][0]["data"]["name"]]) == len(fitted.specifications)
    assert len(panels) == 3  # windows, vendors, devices: what is varied of links by one estimator
    paths = [
        save_figure(specification_curve(series="interconnect_bandwidth", method="ols"), tmp_path / name)
        for name in ("a.svg", "b.svg")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
