"""A figure as LaTeX: from the Vega-Lite specification of a chart to pgfplots."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.figures.latex import escape
from memwall_trends.figures.pgfpanel import Panel, read_title

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["escape", "to_pgfplots"]

PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\usepackage{pgfplots}
\usepgfplotslibrary{groupplots}
\pgfplotsset{compat=1.14}
\renewcommand{\familydefault}{\sfdefault}
"""
# The page is cut to the figure by primitives, so that no package beyond pgfplots is needed.
CUT = r"""\newsavebox{\figurebox}
\begin{document}
\begin{lrbox}{\figurebox}%%
\begin{minipage}{%(width)gpt}
%(body)s
\end{minipage}%%
\end{lrbox}
\pdfhorigin=6pt \pdfvorigin=6pt
\pdfpagewidth=\dimexpr\wd\figurebox+12pt\relax
\pdfpageheight=\dimexpr\ht\figurebox+\dp\figurebox+12pt\relax
\shipout\hbox{\usebox{\figurebox}}
\end{document}
"""


def to_pgfplots(specification: dict[str, Any]) -> str:
    r"""Return a LaTeX document that draws a figure and that pdflatex compiles on its own.

    Parameters
    ----------
    specification : dict
        Vega-Lite of a chart of this project, as `altair.VConcatChart.to_dict` gives it: panels below each
        other, each of layers with their data inline.

    Returns
    -------
    str

    Raises
    ------
    MemwallError
        If something in it has no counterpart here.

    Examples
    --------
    >>> import altair as alt
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"x": [1, 2], "y": [1, 10]})
    >>> document = to_pgfplots(alt.Chart(rows).mark_point().encode(x="x:Q", y="y:Q").to_dict())
    >>> "\\begin{groupplot}" in document, "(2,10)" in document
    (True, True)
    """
    panels = [Panel.read(panel, specification["datasets"]) for panel in _find_panels(specification)]
    colours = sorted({colour for panel in panels for colour in panel.colours()})
    apart = max((above.space_below() + below.space_above() for above, below in pairwise(panels)), default=0)
    headings = list(_find_titles(specification))
    above = [text for text, below in headings if not below]
    below = [text for text, below in headings if below]
    body = [
        *(rf"{{\large\bfseries {escape(text)}\par}}\medskip" for text in above),
        r"\begin{tikzpicture}[font=\footnotesize]",
        rf"\begin{{groupplot}}[group style={{group size=1 by {len(panels)}, vertical sep={apart:.0f}pt}},",
        "scale only axis]",
        *(line for panel in panels for line in panel.draw()),
        r"\end{groupplot}",
        r"\end{tikzpicture}",
        *(rf"\par\medskip{{\scriptsize {escape(text)}\par}}" for text in below),
    ]
    width = max(panel.width + panel.left() for panel in panels) + 20
    definitions = "".join(rf"\definecolor{{c{code}}}{{HTML}}{{{code}}}" + "\n" for code in colours)
    return PREAMBLE + definitions + CUT % {"width": width, "body": "\n".join(body)}


def _find_panels(specification: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "hconcat" in specification or "facet" in specification:
        raise MemwallError("panels beside each other have no counterpart in pgfplots; choose svg or pdf")
    if "vconcat" not in specification:
        yield specification
        return
    for panel in specification["vconcat"]:
        yield from _find_panels({"data": specification.get("data"), **panel})


def _find_titles(specification: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return the titles of what holds panels, and whether each goes below."""
    if "vconcat" in specification:
        title = specification.get("title")
        if title:
            yield read_title(title), isinstance(title, dict) and title.get("orient") == "bottom"
        for panel in specification["vconcat"]:
            yield from _find_titles(panel)
