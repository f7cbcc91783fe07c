"""The notebooks as pages, with the outputs that are stored in them."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = "Worked through, with what they print; they stand in `notebooks/`, and are run by the tests."


def to_markdown(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as a page, and its pictures by the names that the page has for them."""
    from nbconvert import MarkdownExporter

    exporter = MarkdownExporter()  # type: ignore[no-untyped-call]
    named = {"unique_key": notebook.stem, "output_files_dir": ""}
    text, resources = exporter.from_filename(str(notebook), resources=named)
    pictures = {path.rpartition("/")[2]: data for path, data in resources["outputs"].items()}
    return _describe_pictures(_mend_tables(text)), pictures


def title_of(text: str) -> str:
    r"""Return the first heading of a page.

    Examples
    --------
    >>> title_of("# Add your own chip\n\nAs a file.")
    'Add your own chip'
    """
    heading = re.search(r"^# (.+)$", text, flags=re.MULTILINE)
    return heading[1] if heading else ""


def list_page(titles: dict[str, str]) -> str:
    """Return the page that lists the notebooks."""
    listed = "\n".join(f"- [{title}]({name}.md)" for name, title in titles.items())
    return f"# Notebooks\n\n{ABOUT}\n\n{listed}\n"


def _mend_tables(text: str) -> str:
    """Return a page whose tables can be reached by the keyboard, and have no empty headings."""
    reached = text.replace('<table border="1" class="dataframe">', '<table class="dataframe" tabindex="0">')
    return reached.replace("<th></th>", "<td></td>")


def _describe_pictures(text: str) -> str:
    """Return a page whose pictures say what they are: the heading that they stand under."""
    heading = "Figure"

    def describe(found: re.Match[str]) -> str:
        nonlocal heading
        if found[1]:
            heading = found[1]
            return found[0]
        return f'<img src="{escape(found[2])}" alt="{escape(heading)}">'

    return re.sub(r"^#+ (.+)$|!\[[^\]]*\]\(([^)]+\.(?:png|svg))\)", describe, text, flags=re.MULTILINE)
