"""Pages of the repository as pages of the site: each link goes on to where its file stands there."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docs.site.templating import relative

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"(?<=\]\()(?!https?://|mailto:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
GENERATED = re.compile(r"\A<!-- Generated .*? -->\n+")
FOLDERS = {"docs/guide": "guide", "docs": "reference", "notebooks": "notebooks", "datasets": "data"}
"""The folder of the site for the pages of a folder of the repository, unless `PAGES` says another."""
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "docs/figures.md": "gallery/index.md",
    "datasets/README.md": "data/index.md",
    "datasets/gholami2024/README.md": "data/gholami2024.md",
    "notebooks": "notebooks/index.md",
}


@dataclass(frozen=True)
class Moved:
    """A page for the site, and the files of the repository that it points to and that are no pages."""

    text: str
    files: frozenset[str]


def place_of(path: str) -> str:
    """Return where a file of the repository stands on the site.

    Examples
    --------
    >>> place_of("docs/guide/gap.md"), place_of("docs/levers.svg"), place_of("datasets/claims.csv")
    ('guide/gap.md', 'gallery/levers.svg', 'data/claims.csv')
    """
    if path in PAGES:
        return PAGES[path]
    folder, name = posixpath.split(path)
    if folder == "docs" and name.endswith(".svg"):
        return f"gallery/{name}"
    if name.endswith(".ipynb"):
        name = f"{name.removesuffix('.ipynb')}.md"
    for known, place in FOLDERS.items():
        if folder == known or folder.startswith(f"{known}/"):
            return posixpath.join(place, folder.removeprefix(known).lstrip("/"), name)
    return posixpath.join("files", path)


def move(text: str, path: str, checkout: Path) -> Moved:
    """Return a page of the repository as it stands on the site; what is in code blocks stays as it is.

    Parameters
    ----------
    text : str
    path : str
        Of the page in the repository, whose links are relative to it.
    checkout : Path

    Raises
    ------
    FileNotFoundError
        If a link goes to a file that is not there; the message says which, and where it stands.
    """
    files: set[str] = set()

    def go_on(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[1]))
        if not (checkout / target).exists():
            raise FileNotFoundError(f"{path}: the link {found[1]!r} goes to {target}, which is not there")
        place = place_of(target)
        if not place.endswith(".md"):
            files.add(target)
        return relative(place, place_of(path)) + (found[2] or "")

    parts = FENCED.split(GENERATED.sub("", text))
    moved = [part if part.startswith("```") else LINK.sub(go_on, part) for part in parts]
    return Moved("".join(moved), frozenset(files))
