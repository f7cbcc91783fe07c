from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends import MemwallError, fit_trend, save_figure
from memwall_trends.errors import MemwallWarning
from memwall_trends.figures import hw_scaling
from memwall_trends.figures.latex import escape
from memwall_trends.figures.letters import warn_of_missing_letters
from memwall_trends.figures.readings import readings
from memwall_trends.figures.series import memory_generations
from memwall_trends.figures.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

    Run = Callable[..., Any]

CASES = Path(__file__).parent / "cases"
CHIP = (
    "table,name,vendor,kind,date,value,unit,precision,engine,sparsity,memory\n"
    "peak_flops,Acme A1,Acme,accelerator,2026-06-01,4e6,GFLOP/s,bf16,matrix,dense,\n"
    "dram_bandwidth,Acme A1,Acme,accelerator,2026-06-01,9000,GB/s,,,,HBM4\n"
)


def texts_of(chart: alt.TopLevelMixin) -> str:
    return json.dumps(chart.to_dict(), ensure_ascii=False)


def test_a_file_is_drawn_with_its_fit(run: Run, tmp_path: Path) -> None:
    columns = ["--date-column", "Year", "--value-column", "2"]
    result = run(
        *("figures", "--data", str(CASES / "own-columns.csv"), *columns),
        *("--out", str(tmp_path), "--format", "json"),
    )
    assert result.out.split() == [str(tmp_path / "timeline.json")]
    drawn = (tmp_path / "timeline.json").read_text(encoding="utf-8")
    assert "2.00x [1.96 to 2.04]" in drawn
    assert "Transistors per chip (log scale)" in drawn
    assert "24 observations, 1971" in drawn


def test_a_series_and_a_frame_are_drawn_too() -> None:
    assert "DRAM bandwidth grew 1.57x per 2 years" in texts_of(timeline())
    frame = pd.DataFrame({"date": [2018, 2020, 2022], "value": [1, 3, 8], "name": ["a", "b", "c"]})
    assert "Data frame grew" in texts_of(timeline(data=frame))


def test_the_kinds_of_devices_have_a_look_each_and_one_line() -> None:
    chart = timeline(since=2010).to_dict()
    layers = chart["vconcat"][0]["vconcat"][0]["layer"]
    named = next(
        layer["encoding"]["color"]["legend"]["values"] for layer in layers if "color" in layer["encoding"]
    )
    assert {"CPUs", "GPUs", "accelerators"} <= set(named)
    assert "All" not in named


def test_a_file_has_readings_as_far_as_its_columns_go(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "date": [f"{2010 + n // 2}-0{1 + n % 2}-01" for n in range(20)],
            "value": [2 ** (n / 4) * (1 + n % 2) for n in range(20)],
            "architecture": [f"A{n // 2}" for n in range(20)],
        }
    )
    both = texts_of(readings(data=rows))
    assert "at the leading edge" in both
    assert "typically" in both
    assert "within a class, per" not in both
    only = texts_of(readings(data=rows.drop(columns="architecture")))
    assert "typically" not in only


def test_what_is_shown_does_not_count(tmp_path: Path) -> None:
    chip = tmp_path / "chip.csv"
    chip.write_text(CHIP, encoding="utf-8")
    plain, shown, counted = hw_scaling(), hw_scaling(show=[chip]), hw_scaling(overlay=[chip])
    assert "3.03x [" in texts_of(plain)
    assert "3.03x [" in texts_of(shown)
    assert "3.03x [" not in texts_of(counted)
    assert "Acme A1" in texts_of(shown)
    trend = fit_trend("dram_bandwidth", show=[chip])
    assert trend.n_obs == fit_trend("dram_bandwidth").n_obs
    assert trend.shown_rows is not None
    assert trend.shown_rows["name"].tolist() == ["Acme A1"]
    assert "Acme A1" in texts_of(memory_generations(show=[chip]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["frontier", "--data", "a.csv"],
            "the figure frontier has data of its own: leave out --data, or draw timeline",
        ),
        (["rolling-rates", "--show", "a.csv"], "the figure rolling-rates fits all that it draws"),
    ],
)
def test_what_a_figure_cannot_draw_is_a_message(run: Run, options: list[str], message: str) -> None:
    result = run("figures", *options)
    assert result.code == 2
    assert message in result.err


@pytest.mark.parametrize("ending", ["html", "json", "tex"])
def test_many_rows_are_drawn_in_every_format(tmp_path: Path, ending: str) -> None:
    rows = pd.DataFrame({"date": [f"{2000 + n % 25}-01-01" for n in range(5001)], "value": range(1, 5002)})
    assert save_figure(timeline(data=rows), tmp_path / f"a.{ending}").stat().st_size > 5001


def test_letters_that_latex_lacks_are_kept_or_named(tmp_path: Path) -> None:
    assert escape("Acme \N{OHM SIGN}1") == r"Acme \ensuremath{\Omega}1"
    with pytest.warns(MemwallWarning, match="LaTeX's fonts lack 芯 片 of '芯片 370'"):
        assert escape("芯片 370") == "?? 370"
    chart = memory_generations(overlay=[CASES / "non-latin-names.csv"])
    with pytest.warns(MemwallWarning, match="'芯片 370'"):
        text = save_figure(chart, tmp_path / "a.tex").read_text(encoding="utf-8")
    assert r"\ensuremath{\Omega}" in text


def test_letters_that_no_font_has_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.warns(MemwallWarning, match=r"a.png: no font here has 片 芯: boxes stand in their place"):
        warn_of_missing_letters({"datasets": {"a": [{"name": "芯片"}]}}, Path("a.png"))


def test_records_of_what_falls_are_refused() -> None:
    with pytest.raises(MemwallError, match="the values fall"):
        fit_trend(CASES / "falling-price.csv", frontier=True)
