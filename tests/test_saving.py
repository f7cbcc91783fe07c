from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from memwall_trends.figures import FIGURES, save_figure
from memwall_trends.figures.pgfplots import to_pgfplots, to_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# In PostScript points, 72 to the inch: 3.33 and 6.75 inches, and 40/3 by 7.5.
WIDTHS = {"column": 239.76, "page": 486.0, "slide": 960.0}
SLIDE_HEIGHT = 540.0
DOCUMENT = r"""\documentclass{article}
\usepackage{textcomp}
\usepackage{pgfplots}
\usepgfplotslibrary{groupplots}
\pgfplotsset{compat=1.14}
\begin{document}
\newsavebox{\drawn}
\sbox{\drawn}{\input{figure.tikz}}
\typeout{as wide as \the\wd\drawn.}
\usebox{\drawn}
\end{document}
"""


@pytest.fixture
def page_size() -> Callable[[Path], tuple[float, float]]:
    """Return what measures the page of a PDF; it is only missing where nobody asked for it."""
    if shutil.which("pdfinfo") is None:
        if os.environ.get("CI_REQUIRE_PDFINFO"):
            pytest.fail("pdfinfo is not installed: apt-get install poppler-utils")
        pytest.skip("pdfinfo is not installed")

    def measure(path: Path) -> tuple[float, float]:
        told = subprocess.run(["pdfinfo", str(path)], capture_output=True, text=True, check=True).stdout
        width, height = re.findall(r"Page size:\s+([\d.]+) x ([\d.]+) pts", told)[0]
        return float(width), float(height)

    return measure


@pytest.mark.parametrize("size", WIDTHS)
def test_a_pdf_is_as_wide_as_its_size(size: str, tmp_path: Path, page_size: Any) -> None:
    width, height = page_size(save_figure(FIGURES["hw-scaling"](size=size), tmp_path / "figure.pdf"))
    assert width == pytest.approx(WIDTHS[size], abs=0.05)
    if size == "slide":
        assert height == pytest.approx(SLIDE_HEIGHT, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["diagnosis", "levers", "memory-breakdown"])
def test_a_higher_figure_fits_on_the_slide(name: str, tmp_path: Path, page_size: Any) -> None:
    path = save_figure(FIGURES[name](size="slide"), tmp_path / "figure.pdf")
    assert page_size(path) == pytest.approx((WIDTHS["slide"], SLIDE_HEIGHT), abs=0.05)


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str], str]:
    """Compile a document, and return what LaTeX printed."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")

    def run(document: str) -> str:
        (tmp_path / "document.tex").write_text(document, encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout[-2000:]
        return ended.stdout

    return run


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize("name", ["hw-scaling", "diagnosis"])
def test_what_latex_makes_is_as_wide(
    name: str, size: str, tmp_path: Path, compiled: Any, page_size: Any
) -> None:
    compiled(to_pgfplots(FIGURES[name](size=size).to_dict()))
    width, height = page_size(tmp_path / "document.pdf")
    assert width == pytest.approx(WIDTHS[size], abs=0.05)
    if size == "slide":
        assert height == pytest.approx(SLIDE_HEIGHT, abs=0.05)


def test_a_picture_is_input_as_wide(tmp_path: Path, compiled: Any) -> None:
    save_figure(FIGURES["hw-scaling"](size="column"), tmp_path / "figure.tikz")
    printed = compiled(DOCUMENT)
    (width,) = re.findall(r"as wide as ([\d.]+)pt", printed)
    assert float(width) / 72.27 == pytest.approx(3.33, abs=0.001)


def test_a_picture_leaves_title_and_caption_to_its_document() -> None:
    specification = FIGURES["hw-scaling"](size="column").to_dict()
    picture = to_picture(specification)
    assert r"\begin{document}" not in picture
    assert r"\bfseries" not in picture
    assert picture.startswith(r"% A picture for \input.")
    title = specification["vconcat"][0]["title"]["text"]
    assert f"% {' '.join(title)}" in picture
