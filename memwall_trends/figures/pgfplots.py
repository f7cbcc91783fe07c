"""A figure as LaTeX: from the Vega-Lite specification of a chart to pgfplots."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import MemwallError
from memwall_trends.figures.latex import escape
from memwall_trends.figures.pgfpanel import Panel, read_title
from memwall_trends.figures.theme import find_printed_size

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["escape", "to_pgfplots", "to_picture"]

PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\usepackage{pgfplots}
\usepgfplotslibrary{groupplots}
\pgfplotsset{compat=1.14}
\renewcommand{\familydefault}{\sfdefault}
"""
# The page is cut to the figure by primitives, so that no package beyond pgfplots is needed: the picture, with
# title and caption as wide as it comes out, is scaled to a width, and to the height of a page that has one.
CUT = r"""\newsavebox{\picturebox}
\newsavebox{\figurebox}
\begin{document}
\begin{lrbox}{\picturebox}%%
%(picture)s%%
\end{lrbox}
\begin{lrbox}{\figurebox}%%
\begin{minipage}{\wd\picturebox}
%(above)s\usebox{\picturebox}
%(below)s\end{minipage}%%
\end{lrbox}
\pdfhorigin=0pt \pdfvorigin=0pt
%(page)s
\end{document}
"""
PAGE_OF_FIGURE = r"""\sbox{\figurebox}{\resizebox{%(width)s}{!}{\usebox{\figurebox}}}
\pdfpagewidth=\wd\figurebox
\pdfpageheight=\dimexpr\ht\figurebox+\dp\figurebox\relax
\shipout\box\figurebox"""
PAGE_OF_SLIDE = r"""\sbox{\figurebox}{\resizebox{%(width)s}{!}{\usebox{\figurebox}}}
\ifdim\dimexpr\ht\figurebox+\dp\figurebox\relax>%(height)s
\sbox{\figurebox}{\resizebox{!}{%(height)s}{\usebox{\figurebox}}}
\fi
\pdfpagewidth=%(width)s \pdfpageheight=%(height)s
\shipout\vbox to %(height)s{\vfil\hbox to %(width)s{\hss\box\figurebox\hss}\vfil}"""
INPUT = r"""%% A picture for \input. In the preamble: \usepackage{pgfplots}, \usepackage{textcomp},
%% \usepgfplotslibrary{groupplots}, \pgfplotsset{compat=1.14}.
%(words)s%(colours)s\resizebox{%(width)s}{!}{%%
%(picture)s%%
}%%
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
    above, below = (
        [text for text, is_below in _find_titles(specification) if is_below is side] for side in (False, True)
    )
    page = _find_page(specification)
    parts = {
        "picture": _draw(specification),
        "above": "".join(rf"{{\large\bfseries {escape(text)}\par}}\medskip" + "\n" for text in above),
        "below": "".join(rf"\par\medskip{{\scriptsize {escape(text)}\par}}" + "\n" for text in below),
        "page": (PAGE_OF_SLIDE if "height" in page else PAGE_OF_FIGURE) % page,
    }
    return PREAMBLE + _define_colours(specification) + CUT % parts


def to_picture(specification: dict[str, Any]) -> str:
    r"""Return a figure for a LaTeX document to input: without title and caption, which are its author's.

    Parameters
    ----------
    specification : dict
        As of `to_pgfplots`.

    Examples
    --------
    >>> import altair as alt
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"x": [1, 2], "y": [1, 10]})
    >>> picture = to_picture(alt.Chart(rows).mark_point().encode(x="x:Q", y="y:Q").to_dict())
    >>> "\\documentclass" in picture, "\\begin{tikzpicture}" in picture
    (False, True)
    """
    words = "".join(f"% {' '.join(text.split())}\n" for text, _ in _find_titles(specification))
    return INPUT % {
        "words": words,
        "colours": _define_colours(specification),
        "width": _find_page(specification)["width"],
        "picture": _draw(specification),
    }


def _find_page(specification: dict[str, Any]) -> dict[str, str]:
    """Return the width that a figure is scaled to, and the height of its page where it has one."""
    size = find_printed_size(specification)
    if size is None:
        return {"width": r"\width"}
    height = {"height": f"{size.height_in:.5g}in"} if size.height_in else {}
    return {"width": f"{size.width_in:.5g}in", **height}


def _define_colours(specification: dict[str, Any]) -> str:
    colours = {colour for row in _read_rows(specification) for panel in row for colour in panel.colours()}
    return "".join(rf"\definecolor{{c{code}}}{{HTML}}{{{code}}}%" + "\n" for code in sorted(colours))


def _read_rows(specification: dict[str, Any]) -> list[list[Panel]]:
    return [
        [Panel.read(panel, specification["datasets"]) for panel in row] for row in _find_rows(specification)
    ]


def _draw(specification: dict[str, Any]) -> str:
    """Return the picture of the panels."""
    rows = _read_rows(specification)
    panels = [panel for row in rows for panel in row]
    columns = max(map(len, rows), default=0)
    if any(len(row) != columns for row in rows):
        raise MemwallError("rows of different length have no counterpart in pgfplots; choose svg or pdf")
    apart = max(
        (
            above.space_below() + below.space_above()
            for first, second in pairwise(rows)
            for above, below in zip(first, second, strict=True)
        ),
        default=0,
    )
    beside = max((panel.left() for row in rows for panel in row[1:]), default=0)
    return "\n".join(
        [
            r"\begin{tikzpicture}[font=\footnotesize]",
            rf"\begin{{groupplot}}[group style={{group size={columns} by {len(rows)}, "
            rf"vertical sep={apart:.0f}pt, horizontal sep={beside:.0f}pt}},",
            "scale only axis]",
            *(line for panel in panels for line in panel.draw()),
            r"\end{groupplot}",
            r"\end{tikzpicture}",
        ]
    )


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


def _find_titles(specification: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return the titles of what holds panels, and whether each goes below."""
    if "vconcat" in specification:
        title = specification.get("title")
        if title:
            yield read_title(title), isinstance(title, dict) and title.get("orient") == "bottom"
        for panel in specification["vconcat"]:
            yield from _find_titles(panel)
