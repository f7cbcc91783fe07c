"""Build the site: ``python -m docs.site --out site``, or ``make site``.

Pages of the repository are taken as they are, with links that go on; the others are made of what the
functions of the package answer. Zensical makes HTML of them.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from markupsafe import Markup

from docs.site import notebooks, overview, records
from docs.site.links import move, place_of
from docs.site.templating import render

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
SOURCES = ("*.md", "docs/*.md", "docs/guide/*.md", "datasets/README.md", "datasets/gholami2024/README.md")
KEPT = ("docs/*.svg", "datasets/*.csv", "datasets/datapackage.json", "datasets/gholami2024/*.csv")
"""What is copied whether a page points to it or not."""
EXPLORER = """---
title: "Explorer"
hide: [navigation, toc]
---
# Explorer

Drag a window of time: the trend is fitted again, to the numbers that `rate` and `gap` give. The page is
[one file that works offline](explore.html); `memwall-trends explore` writes it, with rows of yours too.

<iframe src="explore.html" title="Explorer of growth rates"></iframe>
"""


def build(out: Path) -> None:
    """Build the site into a folder; what is there goes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_pages(folder / "pages")
        shutil.copytree(HERE / "theme", folder / "theme")
        (folder / "zensical.toml").write_text(configure(folder / "pages"), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=folder, check=True)
        _write_script(folder / "site" / "assets")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder / "site", out)


def configure(pages: Path) -> str:
    """Return the configuration without the lines of pages that are not there."""
    text = (HERE / "zensical.toml").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    named = [re.search(r'"([^"]+\.md)" },?$', line.strip()) for line in lines]
    return "".join(
        line for line, page in zip(lines, named, strict=True) if not page or (pages / page[1]).exists()
    )


def write_pages(folder: Path) -> None:
    """Write the pages as Markdown, and the files that go with them."""
    for page, text in (*_own_pages(), *records.list_device_pages(), *records.list_source_pages()):
        _write(folder / page, text)
    _write_notebooks(folder)
    _write_repository_pages(folder)
    for pattern in KEPT:
        for path in CHECKOUT.glob(pattern):
            _copy(path.relative_to(CHECKOUT).as_posix(), folder)
    for picture in sorted((CHECKOUT / "docs").glob("*.svg")):
        overview.write_drawn(picture.stem, folder / "gallery")
    _write_explorer(folder / "explorer")
    (folder / "assets").mkdir()
    shutil.copy(HERE / "extra.css", folder / "assets")


def _own_pages() -> list[tuple[str, str]]:
    return [
        ("finding.md", overview.finding_page()),
        ("claims.md", overview.claims_page()),
        ("data/dictionary.md", overview.dictionary_page()),
        ("explorer/index.md", EXPLORER),
    ]


def _write_repository_pages(folder: Path) -> None:
    for pattern in SOURCES:
        for path in sorted(CHECKOUT.glob(pattern)):
            name = path.relative_to(CHECKOUT).as_posix()
            moved = move(path.read_text(encoding="utf-8"), name, CHECKOUT)
            text = moved.text
            if name == "docs/figures.md":
                text = overview.gallery_page(text, overview.list_titles())
            _write(folder / place_of(name), text)
            for file in moved.files:
                _copy(file, folder)


def _write_notebooks(folder: Path) -> None:
    titles = {}
    for path in sorted((CHECKOUT / "notebooks").glob("*.ipynb")):
        text, pictures = notebooks.to_markdown(path)
        moved = move(text, path.relative_to(CHECKOUT).as_posix(), CHECKOUT)
        _write(folder / "notebooks" / f"{path.stem}.md", moved.text)
        for name, data in pictures.items():
            (folder / "notebooks" / name).write_bytes(data)
        titles[path.stem] = notebooks.title_of(text)
    _write(folder / "notebooks" / "index.md", notebooks.list_page(titles))


def _write_explorer(folder: Path) -> None:
    from memwall_trends.explorer import save_explorer

    save_explorer(folder / "explore.html")


def _write_script(assets: Path) -> None:
    """Write the script of the pages; it holds the worker of the search of this version of Zensical."""
    (worker,) = (assets / "javascripts" / "workers").glob("search.*.js")
    source = json.dumps(worker.read_text(encoding="utf-8"))
    _write(assets / "site.js", render("site.js.j2", source=Markup(source)))


def _copy(file: str, folder: Path) -> None:
    target = folder / place_of(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(CHECKOUT / file, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CHECKOUT / "site", metavar="FOLDER")
    build(parser.parse_args().out)
