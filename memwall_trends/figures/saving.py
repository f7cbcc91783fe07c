"""Writing a figure as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, unknown

if TYPE_CHECKING:
    import altair as alt

SAVE_OPTIONS: dict[str, dict[str, Any]] = {"png": {"scale_factor": 2.0}}
SAVE_DRAWN = ("png", "pdf")
"""The formats in which letters are drawn by the fonts of this machine."""
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
        Ends in svg, png, pdf, html (works without a network), json (the Vega-Lite specification) or tex
        (pgfplots; pdflatex makes it a picture).

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
    if ending == "tex":
        from memwall_trends.figures.pgfplots import to_pgfplots

        path.write_text(to_pgfplots(chart.to_dict()), encoding="utf-8", newline="\n")
    elif ending == "html":
        page = chart.to_html(inline=True, json_kwds={"cls": _InertEncoder})
        path.write_text(page, encoding="utf-8", newline="\n")
    else:
        if ending in SAVE_DRAWN:
            from memwall_trends.figures.letters import warn_of_missing_letters

            warn_of_missing_letters(chart.to_dict(), path)
        chart.save(str(path), **SAVE_OPTIONS.get(ending, {}))


class _InertEncoder(json.JSONEncoder):
    """Escapes what could end the script that the data stands in; in JSON it means the same."""

    def encode(self, o: Any) -> str:
        return super().encode(o).replace("<", "\\u003c").replace(">", "\\u003e")
