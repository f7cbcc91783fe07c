"""A figure as LaTeX: from the Vega-Lite specification of a chart to pgfplots."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.figures.latex import escape
from memwall_trends.figures.pgfpanel import Panel, read_lines, read_title

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
    rows = [
        [Panel.read(panel, specification["datasets"]) for panel in row] for row in _find_rows(specification)
    ]
    panels = [panel for row in rows for panel in row]
    columns = max(map(len, rows), default=0)
    if any(len(row) != columns for row in rows):
        raise MemwallError("rows of different length have no counterpart in pgfplots; choose svg or pdf")
    colours = sorted({colour for panel in panels for colour in panel.colours()})
    apart = max(
        (
            above.space_below() + below.space_above()
            for first, second in pairwise(rows)
            for above, below in zip(first, second, strict=True)
        ),
        default=0,
    )
    beside = max((panel.left() for row in rows for panel in row[1:]), default=0)
    headings = list(_find_titles(specification))
    above, below = ([each for each in headings if each.below == side] for side in (False, True))
    body = [
        *(rf"{{\large\bfseries\raggedright {escape(each.text)}\par}}\medskip" for each in above),
        *(rf"{{\small\raggedright {escape(each.subtitle)}\par}}\medskip" for each in above if each.subtitle),
        r"\begin{tikzpicture}[font=\footnotesize]",
        rf"\begin{{groupplot}}[group style={{group size={columns} by {len(rows)}, "
        rf"vertical sep={apart:.0f}pt, horizontal sep={beside:.0f}pt}},",
        "scale only axis]",
        *(line for panel in panels for line in panel.draw()),
        r"\end{groupplot}",
        r"\end{tikzpicture}",
        *(rf"\par\medskip{{\scriptsize {escape(each.text)}\par}}" for each in below),
    ]
    width = max(sum(panel.width + panel.left() for panel in row) for row in rows) + 20
    definitions = "".join(rf"\definecolor{{c{code}}}{{HTML}}{{{code}}}" + "\n" for code in colours)
    return PREAMBLE + definitions + CUT % {"width": width, "body": "\n".join(body)}


def _find_rows(specification: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Return the panels that stand beside each other, row by row."""
    if "facet" in specification:
        raise MemwallError("facets have no counterpart in pgfplots; choose svg or pdf")
    if "vconcat" in specification:
        for panel in specification["vconcat"]:
            yield from _find_rows({"data": specification.get("data"), **panel})
    elif "hconcat" in specification:
        row = [
            part
            for panel in specification["hconcat"]
            for part in _find_rows({"data": specification.get("data"), **panel})
        ]
        if any(len(part) > 1 for part in row) or len(row) != len(specification["hconcat"]):
            raise MemwallError("panels within a row have no counterpart in pgfplots; choose svg or pdf")
        yield [panel for part in row for panel in part]
    else:
        yield [specification]


@dataclass(frozen=True)
class _Heading:
    """What stands above the panels, or below."""

    text: str
    subtitle: str
    below: bool


def _find_titles(specification: dict[str, Any]) -> Iterator[_Heading]:
    """Return the titles of what holds panels."""
    if "vconcat" in specification:
        title = specification.get("title")
        if title:
            parts = title if isinstance(title, dict) else {}
            yield _Heading(
                read_title(title), read_lines(parts.get("subtitle")), parts.get("orient") == "bottom"
            )
        for panel in specification["vconcat"]:
            yield from _find_titles(panel)
