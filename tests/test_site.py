from __future__ import annotations

import os
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from filelock import FileLock

from docs.site.__main__ import build, configure
from docs.site.links import move, place_of
from docs.site.records import address_of_device, address_of_source, list_device_pages, list_source_pages
from docs.site.templating import Cell, Row, link, plain, table
from memwall_trends.datasets import load_table
from tests import test_explorer
from tests.test_explorer import CHECKOUT, OFFLINE, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

browser = test_explorer.browser

LARGEST_BYTES = 30_000_000
HARDWARE = ("peak_flops", "dram_bandwidth", "memory_capacity", "interconnect_bandwidth")
# A page of each kind, and the widest ones.
SAMPLE = (
    *("index", "finding", "claims", "gallery/index", "explorer/index", "guide/rates", "guide/workloads"),
    *("notebooks/index", "notebooks/05-what-the-wall-does-to-workloads", "data/index", "data/dictionary"),
    *("device/index", "device/nvidia-h100-sxm5", "source/index", "source/nvidia-h100-datasheet"),
    *("reference/api", "reference/cli", "reference/json", "reference/coverage", "changelog", "contributing"),
)
STABLE = {
    "NVIDIA H100 SXM5": "device/nvidia-h100-sxm5.html",
    "IBM POWER4+ 1.9 GHz": "device/ibm-power4-plus-1-9-ghz.html",
    "Ethernet 25G lane (802.3bj)": "device/ethernet-25g-lane-802-3bj.html",
    "AMD Instinct MI300X": "device/amd-instinct-mi300x.html",
}


# Addresses and pages of devices and sources


@pytest.mark.parametrize(("name", "address"), STABLE.items())
def test_the_address_of_a_device_stays(name: str, address: str) -> None:
    assert address_of_device(name) == address


def test_every_device_and_source_has_an_address_of_its_own() -> None:
    for table_name, column, address_of in (
        ("devices", "name", address_of_device),
        ("sources", "source", address_of_source),
    ):
        names = load_table(table_name)[column]
        addresses = {address_of(name) for name in names}
        assert len(addresses) == len(names)
        assert not addresses & {"device/index.html", "source/index.html"}


@pytest.fixture(scope="module")
def devices() -> dict[str, str]:
    return dict(list_device_pages())


def test_a_page_of_a_device_has_each_value_with_its_source_and_place(devices: dict[str, str]) -> None:
    page = devices["device/nvidia-h100-sxm5.md"]
    (bandwidth,) = re.findall(r'<tr id="dram-bandwidth">.*', page)
    assert "3,350 GB/s" in bandwidth
    assert '<a href="../source/nvidia-h100-datasheet.html">nvidia-h100-datasheet</a>' in bandwidth
    assert "<td>specifications</td><td>quoted</td>" in bandwidth
    assert 'via <a href="../source/hpctech-h100.html">hpctech-h100</a>' in bandwidth


def test_every_value_of_the_hardware_tables_is_on_a_page_once(devices: dict[str, str]) -> None:
    anchors = [
        (page, anchor) for page, text in devices.items() for anchor in re.findall(r'<tr id="([^"]+)"', text)
    ]
    assert len(set(anchors)) == len(anchors) == sum(len(load_table(name)) for name in HARDWARE)


def test_a_page_of_a_source_has_its_address_and_what_rests_on_it() -> None:
    page = dict(list_source_pages())["source/nvidia-h100-datasheet.md"]
    (row,) = load_table("sources").query("source == 'nvidia-h100-datasheet'").to_dict("records")
    assert f'<a href="{row["url"]}">' in page
    values = pd.concat([load_table(name) for name in HARDWARE])
    own = values.query("name == 'NVIDIA H100 SXM5' and source == 'nvidia-h100-datasheet'")
    assert page.count('<a href="../device/nvidia-h100-sxm5.html">') == len(own) > 10
    assert '@techreport{nvidia-h100-datasheet,\n    author = "{NVIDIA}",' in page


# What is shown is no markup, and links go on


def test_what_a_table_holds_is_no_markup() -> None:
    shown = table(["name"], [Row((Cell("<script>alert(1)</script>"),), "a")])
    assert "<script>" not in shown
    assert plain("<b> *x*") == r"&lt;b&gt; \*x\*"
    assert link("x", "javascript:alert(1)") == "x"


@pytest.mark.parametrize(
    ("path", "text", "moved"),
    [
        ("README.md", "[a](docs/guide/gap.md#b)", "[a](guide/gap.md#b)"),
        ("README.md", "![a](docs/levers.svg)", "![a](gallery/levers.svg)"),
        ("README.md", "[a](datasets/README.md)", "[a](data/index.md)"),
        ("docs/guide/gap.md", "[a](../../LICENSE)", "[a](../files/LICENSE)"),
        ("docs/guide/gap.md", "[a](https://a.example) [b](#c)", "[a](https://a.example) [b](#c)"),
        ("docs/guide/gap.md", "```\n[a](none.md)\n```", "```\n[a](none.md)\n```"),
    ],
)
def test_a_link_of_the_repository_goes_on_to_the_page(path: str, text: str, moved: str) -> None:
    assert move(text, path, CHECKOUT).text == moved


def test_a_link_to_nowhere_says_where_it_stands() -> None:
    with pytest.raises(FileNotFoundError, match=r"README.md: the link 'none.md' goes to none.md"):
        move("[a](none.md)", "README.md", CHECKOUT)


def test_every_page_of_the_repository_is_in_the_menu(tmp_path: Path) -> None:
    pages = [path.relative_to(CHECKOUT).as_posix() for path in CHECKOUT.glob("docs/**/*.md")]
    for page in pages:
        (tmp_path / place_of(page)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place_of(page)).touch()
    menu = configure(tmp_path)
    assert [page for page in pages if f'"{place_of(page)}"' not in menu] == []


# The site as it is built


class Links(HTMLParser):
    """The addresses that a page points to or loads, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses and the anchor of a tag."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in ("script", "img", "iframe", "source") and "src" in given:
            self.loaded.append(given["src"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given["href"])
        elif tag == "a" and "href" in given:
            self.followed.append(given["href"])


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site once, for all workers."""
    try:
        import nbconvert  # noqa: F401
        import zensical  # noqa: F401
    except ImportError:
        refuse("the site cannot be built: pip install 'memwall-trends[site]'")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    shared = tmp_path_factory.getbasetemp().parent if worker else tmp_path_factory.getbasetemp()
    out = shared / "site"
    with FileLock(shared / "site.lock"):
        if not out.is_dir():
            build(out)
    return out


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Links]:
    return {
        path.relative_to(site).as_posix(): Links(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        # The page of the explorer has tests of its own; 404.html has addresses from the root.
        if path.name not in ("explore.html", "404.html")
    }


@pytest.mark.slow
def test_the_site_is_small_and_has_a_page_of_each_device_and_source(site: Path) -> None:
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < LARGEST_BYTES
    expected = [f"{page}.html" for page in SAMPLE]
    expected += [address_of_device(name) for name in load_table("devices")["name"]]
    expected += [address_of_source(key) for key in load_table("sources")["source"]]
    assert [page for page in expected if not (site / page).is_file()] == []


@pytest.mark.slow
def test_every_link_goes_somewhere(site: Path, pages: dict[str, Links]) -> None:
    assert [slip for page, links in pages.items() for slip in broken(site, pages, page, links)] == []


def broken(site: Path, pages: dict[str, Links], page: str, links: Links) -> Iterator[str]:
    """Return the links of a page that go nowhere; of an address of the web only the form is looked at."""
    for address in (*links.followed, *links.loaded):
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            if "." not in parts.netloc or address in links.loaded:
                yield f"{page}: {address}"
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
        target = target if parts.path else page
        there = (site / target).is_file() and not parts.scheme
        anchored = (
            not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].anchors
        )
        if not (there and anchored):
            yield f"{page}: {address}"


@pytest.fixture
def opened(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """Open pages without a network; what they do that they should not is noted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_offline(True)
    page, slips = context.new_page(), list[str]()
    page.on("console", lambda said: slips.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: slips.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(OFFLINE) else slips.append(asked.url))
    yield page, slips
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_page_needs_no_network_fits_and_can_be_read_by_all(
    site: Path, opened: tuple[Page, list[str]], name: str
) -> None:
    page, slips = opened
    axe = Path(os.environ.get("AXE_CORE") or CHECKOUT / "node_modules" / "axe-core" / "axe.min.js")
    if not axe.is_file():
        refuse(f"there is no axe-core at {axe}: npm install axe-core, or name the file in AXE_CORE")
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.body.dataset.mdColorScheme") == (
            "slate" if scheme == "dark" else "default"
        )
        page.add_script_tag(content=axe.read_text(encoding="utf-8"))
        # The page in the frame has tests of its own; from disk axe may not load style sheets again.
        found = page.evaluate("async () => (await axe.run({ iframes: false, preload: false })).violations")
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert slips == []


@pytest.mark.slow
def test_the_search_finds_a_device_from_disk(site: Path, opened: tuple[Page, list[str]]) -> None:
    page, slips = opened
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("/")
    page.keyboard.type("H100 SXM5")
    page.wait_for_selector("a[href*='device/nvidia-h100-sxm5.html']")
    assert slips == []


@pytest.mark.slow
def test_the_explorer_fits_in_its_frame(site: Path, opened: tuple[Page, list[str]]) -> None:
    page, slips = opened
    page.goto((site / "explorer" / "index.html").as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for()
    assert frame.locator("svg.marks, canvas").count() > 0
    assert slips == []


@pytest.mark.slow
def test_a_picture_comes_with_its_command_and_its_data(site: Path, pages: dict[str, Links]) -> None:
    shown = (site / "gallery" / "index.html").read_text(encoding="utf-8")
    for picture in (CHECKOUT / "docs").glob("*.svg"):
        name = picture.stem
        assert f"memwall-trends figures {name}<" in shown
        assert {f"{name}.csv", f"{name}.json"} <= set(pages["gallery/index.html"].followed)
