"""Writing figures: what is not held against the schema when it is written is so here."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import altair as alt
import pytest

from memwall_trends.figures import FIGURES, save_figure

if TYPE_CHECKING:
    from pathlib import Path


def check_against_schema(name: str) -> None:
    with alt.data_transformers.enable("default", max_rows=None):
        chart = FIGURES[name]()
        # Altair raises where the specification is none of Vega-Lite.
        assert chart.to_dict(validate=True) == chart.to_dict(validate=False)


def test_a_figure_is_vega_lite() -> None:
    check_against_schema("memory-breakdown")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FIGURES if name != "memory-breakdown"])
def test_every_figure_is_vega_lite(name: str) -> None:
    check_against_schema(name)


def test_figures_are_rendered_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    chart = FIGURES["memory-breakdown"]()
    sizes = [save_figure(chart, tmp_path / f"{run}.svg").stat().st_size for run in "ab"]
    assert sizes[0] == sizes[1] > 1000
