"""Writing a figure as a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.figures.theme import find_printed_size

if TYPE_CHECKING:
    import altair as alt

    from memwall_trends.figures.theme import Size

SAVE_OPTIONS: dict[str, dict[str, Any]] = {"png": {"scale_factor": 2.0}}
SAVE_DRAWN = ("png", "pdf")
"""The formats in which letters are drawn by the fonts of this machine."""
UNITS_PER_INCH = 72
"""Of a drawing that becomes a PDF."""
ROOT = re.compile(r'<svg[^>]*?\b(width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)" viewBox="[^"]*")')
"""The drawing's own size."""
ENDINGS = {"pgfplots": "tex"}
"""The ending of a format's files, where it is not the format."""


def find_ending(format_: str) -> str:
    """Return the ending of the files of a format.

    Raises
    ------
    MemwallError
        If there is no such format; the message names the known ones.

    Examples
    --------
    >>> find_ending("svg"), find_ending("pgfplots")
    ('svg', 'tex')
    """
    if format_ not in defaults.FIGURE_FORMATS:
        raise unknown("format", format_, defaults.FIGURE_FORMATS)
    return ENDINGS.get(format_, format_)


def save_figure(chart: alt.TopLevelMixin, path: str | Path) -> Path:
    """Write a chart in the format that the path's ending names, and return the path.

    Parameters
    ----------
    chart : altair.VConcatChart
        Of this package.
    path : str or Path
        Ends in svg, png, pdf (as wide as a column, a page or a slide is), html (works without a network),
        json (the Vega-Lite specification), tex (pgfplots; pdflatex makes it a picture as wide) or tikz (the
        picture alone, for a document to input).

    Raises
    ------
    MemwallError
        If the format is not known or the file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from memwall_trends.figures import hw_scaling
    >>> save_figure(hw_scaling(), Path(mkdtemp()) / "figure.json").name
    'figure.json'
    """
    from altair import data_transformers

    path = Path(path)
    ending = path.suffix.removeprefix(".")
    endings = [find_ending(format_) for format_ in defaults.FIGURE_FORMATS]
    if ending not in endings:
        raise unknown("format", ending, endings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Altair's limit of 5,000 rows is for notebooks, whose file each chart makes larger.
        with data_transformers.enable("default", max_rows=None):
            _write(chart, path, ending)
    except OSError as error:
        raise MemwallError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _write(chart: alt.TopLevelMixin, path: Path, ending: str) -> None:
    if ending in ("tex", "tikz"):
        from memwall_trends.figures.pgfplots import to_pgfplots, to_picture

        draw = to_pgfplots if ending == "tex" else to_picture
        path.write_text(draw(chart.to_dict()), encoding="utf-8", newline="\n")
    elif ending == "html":
        page = chart.to_html(inline=True, json_kwds={"cls": _InertEncoder})
        path.write_text(page, encoding="utf-8", newline="\n")
    else:
        if ending in SAVE_DRAWN:
            from memwall_trends.figures.letters import warn_of_missing_letters

            warn_of_missing_letters(chart.to_dict(), path)
        if ending == "pdf":
            path.write_bytes(_print(chart))
        else:
            chart.save(str(path), **SAVE_OPTIONS.get(ending, {}))


def _print(chart: alt.TopLevelMixin) -> bytes:
    """Return a PDF as wide as the size of the figure says, on the page that it says."""
    import vl_convert

    specification = chart.to_dict()
    svg = vl_convert.vegalite_to_svg(specification)
    size = find_printed_size(specification)
    return vl_convert.svg_to_pdf(svg if size is None else _fit(svg, size))


def _fit(svg: str, size: Size) -> str:
    """Return a drawing scaled to the width of a size, in the middle of its page where it has one."""
    root = ROOT.search(svg)
    if root is None:
        return svg
    width, height = float(root["width"]), float(root["height"])
    shape = size.height_in / size.width_in if size.height_in else height / width
    shown = max(width, height / shape), max(height, width * shape)
    corner = (width - shown[0]) / 2, (height - shown[1]) / 2
    page = UNITS_PER_INCH * size.width_in
    box = " ".join(f"{number:.6g}" for number in (*corner, *shown))
    fitted = f'width="{page:.6g}" height="{page * shape:.6g}" viewBox="{box}"'
    return svg[: root.start(1)] + fitted + svg[root.end(1) :]


class _InertEncoder(json.JSONEncoder):
    """Escapes what could end the script that the data stands in; in JSON it means the same."""

    def encode(self, o: Any) -> str:
        return super().encode(o).replace("<", "\\u003c").replace(">", "\\u003e")
