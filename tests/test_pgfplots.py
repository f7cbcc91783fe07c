from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.figures import FIGURES, hw_scaling
from memwall_trends.figures.pgfplots import escape, to_pgfplots

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    r"\input{/etc/passwd}",
    "$x_1^2$ & 50% #1 ~ {",
    "é ü Å µ ² \N{EN DASH} ß ø 漢 \u202e \x07",
]
ROWS = pd.DataFrame(
    {
        "date": ["2000-01-01", "2010-01-01", "2020-01-01"],
        "value": [1.0, 10.0, 100.0],
        "high": [2.0, 20.0, 200.0],
        "name": ["one", "two", "three"],
    }
)


@pytest.fixture
def compiled(tmp_path: Path) -> object:
    """Compile a document as a stranger would, and return how that ended and what was printed."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")

    def run(document: str) -> tuple[int, str]:
        (tmp_path / "figure.tex").write_text(document, encoding="utf-8")
        command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "figure.tex"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout[-2000:]

    return run


def layered(*marks: alt.Chart) -> str:
    return to_pgfplots(alt.layer(*marks).to_dict())


@pytest.mark.parametrize(
    "name",
    [
        "hw-scaling",
        "memory-breakdown",
        "link-families",
        "decomposition",
        "diagnosis",
        "rolling-rates",
        "roofline",
        "training-memory",
        "levers",
    ],
)
def test_a_figure_compiles_on_its_own(name: str, compiled: object) -> None:
    code, printed = compiled(to_pgfplots(FIGURES[name](size="column").to_dict()))  # type: ignore[operator]
    assert code == 0, printed


def test_hostile_names_compile_as_text(compiled: object) -> None:
    rows = pd.DataFrame({"x": range(len(HOSTILE)), "y": range(len(HOSTILE)), "text": HOSTILE})
    base = alt.Chart(rows)
    text = base.mark_text().encode(x="x:Q", y="y:Q", text="text:N")
    names = base.mark_point().encode(x="x:Q", y=alt.Y("text:N", title=HOSTILE[3]))
    document = to_pgfplots(alt.vconcat(text, names, title=HOSTILE[2]).to_dict())
    code, printed = compiled(document)  # type: ignore[operator]
    assert code == 0, printed


@given(st.text(max_size=60))
def test_escaped_text_holds_no_command_of_its_own(text: str) -> None:
    escaped = escape(text)
    for made in (
        r"\textbackslash{}",
        r"\textasciitilde{}",
        r"\textasciicircum{}",
        r"\textless{}",
        r"\textgreater{}",
    ):
        escaped = escaped.replace(made, "")
    for made in (
        r"\textbar{}",
        r"\textsuperscript{2}",
        r"\texttimes{}",
        r"\textmu{}",
        r"\ss{}",
        r"\ae{}",
        r"\o{}",
        r"\O{}",
    ):
        escaped = escaped.replace(made, "")
    for letter in "{}$&%#_":
        escaped = escaped.replace(f"\\{letter}", "")
    assert not set(escaped) & set("\\{}$&%#_^~")


def test_the_figure_of_the_paper_has_its_points_fits_and_words() -> None:
    document = to_pgfplots(hw_scaling().to_dict())
    assert document.count("only marks") >= 3
    assert r"{Peak FLOPS\\{}3.03x [2.68 to 3.41]}" in document
    assert "Peak FLOPS grew 3.03x per 2 years" in document
    assert r"growth factor per 2 years [95\% interval]" in document
    assert "yticklabels={{1x},{10x}," in document
    assert "{H100}" in document
    assert "\\definecolor{c0072B2}{HTML}{0072B2}" in document
    assert "ymode=log" in document
    assert document == to_pgfplots(hw_scaling().to_dict())


def test_dates_become_decimal_years() -> None:
    document = layered(alt.Chart(ROWS).mark_line().encode(x="date:T", y="value:Q"))
    assert "(1999.9986,1)" in document
    assert "(2019.9986,100)" in document


def test_bands_rules_and_bars_are_drawn() -> None:
    base = alt.Chart(ROWS)
    assert "-- cycle;" in layered(base.mark_area().encode(x="date:T", y="value:Q", y2="high:Q"))
    x = alt.X("value:Q", scale=alt.Scale(domain=[1, 300], type="log"))
    rule = layered(base.mark_rule(strokeDash=[2, 2]).encode(x=x, x2="high:Q", y="name:N"))
    assert "(1,1) (2,1) (nan,nan)" in rule
    assert "dashed" in rule
    bars = layered(
        base.mark_bar().encode(x=alt.X("name:N", sort=["three", "one", "two"]), y="value:Q", y2="high:Q")
    )
    assert "xticklabels={{three},{one},{two}}" in bars
    assert "(axis cs:0.6,100) rectangle (axis cs:1.4,200)" in bars
    assert "ymin=0" in bars


def test_panels_keep_apart_what_stands_between_them() -> None:
    def apart(*panels: alt.Chart) -> float:
        return float(re.search(r"vertical sep=(\d+)pt", to_pgfplots(alt.vconcat(*panels).to_dict()))[1])  # type: ignore[index]

    base = alt.Chart(ROWS).mark_point()
    plain = base.encode(x=alt.X("value:Q", title=None), y="high:Q")
    titled = base.encode(x="value:Q", y="high:Q")
    turned = base.encode(x=alt.X("name:N", title=None, axis=alt.Axis(labelAngle=-90)), y="high:Q")
    assert apart(plain, plain) < apart(titled.encode(x=alt.X("value:Q", title="Value")), plain)
    assert apart(plain, plain) < apart(plain, plain.properties(title="Below"))
    assert apart(plain, plain) < apart(turned, plain)


def test_a_legend_names_what_a_panel_lacks_too() -> None:
    colour = alt.Color(
        "name:N",
        scale=alt.Scale(domain=["one", "absent"], range=["#111111", "#222222"]),
        legend=alt.Legend(columns=2),
    )
    document = layered(alt.Chart(ROWS).mark_point().encode(x="value:Q", y="high:Q", color=colour))
    assert r"\addlegendentry{absent}" in document


def test_what_has_no_counterpart_is_a_message() -> None:
    with pytest.raises(
        MemwallError, match="the mark 'arc' has no counterpart in pgfplots; choose svg or pdf"
    ):
        layered(alt.Chart(ROWS).mark_arc().encode(x="value:Q", y="high:Q"))
