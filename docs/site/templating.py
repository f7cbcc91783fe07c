"""What the templates of the pages share: escaping, tables, and links from one page to another."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
LINKED = ("http://", "https://")


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is shown, and whether it is a number."""

    shown: object
    number: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table, with the anchor by which it is cited, if any."""

    cells: tuple[Cell, ...]
    id: str = ""


def render(template: str, **values: Any) -> str:
    """Return a page, or a part of one; what is no markup is escaped."""
    return _environment().get_template(template).render(**values)


def table(header: Sequence[str], rows: Iterable[Row]) -> Markup:
    """Return a table in HTML, as Markdown has no anchors of rows; columns that are empty are left out.

    Examples
    --------
    >>> print(table(["name", "note"], [Row((Cell("A < B"), Cell("")))]).splitlines()[2])
    <thead><tr><th scope="col">name</th></tr></thead>
    """
    from markupsafe import Markup

    listed = list(rows)
    kept = [place for place in range(len(header)) if any(row.cells[place].shown for row in listed)]
    shown = [Row(tuple(row.cells[place] for place in kept), row.id) for row in listed]
    titles = [header[place] for place in kept]
    return Markup(render("table.html.j2", label=f"Table: {', '.join(titles)}", header=titles, rows=shown))


def link(text: object, address: str) -> Markup:
    """Return a link; without an address, or with one of another kind than the web's, the text alone.

    Examples
    --------
    >>> print(link("A & B", "https://a.example/?x=1"), link("A", "javascript:alert(1)"))
    <a href="https://a.example/?x=1">A &amp; B</a> A
    """
    from markupsafe import Markup

    web = address.startswith(LINKED)
    if not address or (":" in address and not web):
        return Markup(escape(str(text)))
    return Markup('<a href="{}">{}</a>').format(address, text)


def relative(target: str, page: str) -> str:
    """Return the address of a file of the site as seen from one of its pages.

    Examples
    --------
    >>> relative("source/a.html", "device/b.md"), relative("device/b.html#x", "device/c.md")
    ('../source/a.html', 'b.html#x')
    """
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def plain(text: str) -> str:
    r"""Return text for Markdown in which nothing is markup.

    Examples
    --------
    >>> print(plain("POWER4+ <a> [*b*]"))
    POWER4+ &lt;a&gt; \[\*b\*\]
    """
    return re.sub(r"([\\`*_{}\[\]#|~^$])", r"\\\1", escape(text, quote=False))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters["plain"] = lambda text: Markup(plain(str(text)))
    return environment
