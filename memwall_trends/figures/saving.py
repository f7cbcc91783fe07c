"""Writing a figure as a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.datasets.writing import write_file
from memwall_trends.errors import MemwallError, unknown
from memwall_trends.figures.theme import find_printed_size

if TYPE_CHECKING:
    import altair as alt

    from memwall_trends.figures.theme import Size

PNG_SCALE = 2.0
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
    path = Path(path)
    ending = path.suffix.removeprefix(".")
    endings = [find_ending(format_) for format_ in defaults.FIGURE_FORMATS]
    if ending not in endings:
        raise unknown("format", ending, endings)
    content = _render(chart, ending, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
    except OSError as error:
        raise MemwallError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _render(chart: alt.TopLevelMixin, ending: str, path: Path) -> bytes:
    """Return what a file of a figure holds; all figures of a process share one Vega."""
    import altair as alt
    import vl_convert

    # Altair's limit of 5,000 rows is for notebooks, whose file each chart makes larger.
    with alt.data_transformers.enable("default", max_rows=None):
        if ending == "html":
            page: str = chart.to_html(inline=True, json_kwds={"cls": _InertEncoder})
            return page.encode()
        # The tests hold each figure against the schema, which takes as long as to render it.
        spec = chart.to_dict(validate=False)
    if ending in ("tex", "tikz"):
        from memwall_trends.figures.pgfplots import to_pgfplots, to_picture

        return (to_pgfplots if ending == "tex" else to_picture)(spec).encode()
    if ending == "json":
        return json.dumps(spec).encode()
    version = alt.SCHEMA_VERSION.rpartition(".")[0]
    if ending == "svg":
        return vl_convert.vegalite_to_svg(spec, vl_version=version).encode()
    from memwall_trends.figures.letters import warn_of_missing_letters

    warn_of_missing_letters(spec, path)
    if ending == "png":
        return vl_convert.vegalite_to_png(spec, vl_version=version, scale=PNG_SCALE)
    svg, size = vl_convert.vegalite_to_svg(spec, vl_version=version), find_printed_size(spec)
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
