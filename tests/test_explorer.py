from __future__ import annotations

import csv
import json
import math
import os
import random
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd
import pytest

from memwall_trends.datasets import find_series, list_datasets, list_series, load_table
from memwall_trends.datasets.rates import PRECISIONS
from memwall_trends.errors import MemwallError
from memwall_trends.explorer import EMBEDDED, build_explorer, save_explorer
from memwall_trends.explorer.chart import COLOURS, GROUP_COLOURS
from memwall_trends.fitting.bounds import t_quantile
from memwall_trends.fitting.groups import fit_by
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import fit_gap
from memwall_trends.questions.projection import look_ahead
from memwall_trends.selection import select
from memwall_trends.units import format_number
from tests.test_figures import contrast_with_white

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Dialog, Page

    from tests.conftest import Result

CHECKOUT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LARGEST_BYTES = 2_000_000
AGREES = 1e-6
# The contrast that WCAG 2.2 asks of text on its background.
MIN_CONTRAST = 4.5
HOSTILE = ["</script><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0"]
SCRIPT_URL = "javascript:alert(1)"
OFFLINE = ("file:", "data:", "blob:")


def refuse(reason: str) -> NoReturn:
    """Skip; fail where the tests are to run in any case."""
    if os.environ.get("CI_REQUIRE_CHROMIUM"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        refuse("playwright is not installed: pip install playwright")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        refuse(f"there is no Chromium: none of {', '.join(BROWSERS)} is on the path")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_explorer(tmp_path_factory.mktemp("explorer") / "explore.html")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a user's file with two devices of hostile names, and a source whose address is a script."""
    rows = [
        {"table": table, "name": name, "vendor": "Mine", "kind": "gpu", "date": f"2025-0{month}-01", **cells}
        for month, name in enumerate(HOSTILE, start=3)
        for table, cells in (
            (
                "peak_flops",
                {
                    "value": 3e6,
                    "unit": "GFLOP/s",
                    "precision": "fp16",
                    "engine": "matrix",
                    "sparsity": "dense",
                },
            ),
            ("dram_bandwidth", {"value": 9e3, "unit": "GB/s", "memory": "HBM3e"}),
        )
    ]
    path = tmp_path_factory.mktemp("mine") / "mine.csv"
    source = {"source": "mine", "source_title": "<b>Mine</b>", "source_url": SCRIPT_URL}
    pd.DataFrame(rows).assign(**source).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def mine_explorer(mine: Path) -> Path:
    """Write the page with the user's rows laid over ours."""
    return save_explorer(mine.with_name("explore.html"), overlay=[mine])


class Visit:
    """A page opened from disk without a network, and what it did that it should not."""

    def __init__(self, browser: Browser, address: str, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1400, "height": 1000}, **context})
        self.context.set_offline(True)
        self.page: Page = self.context.new_page()
        self.slips: list[str] = []
        self.followed = 0
        self.page.on("console", lambda said: self._note(said.text, said.type in ("error", "warning")))
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", lambda asked: self._note(asked.url, not asked.url.startswith(OFFLINE)))
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]")

    def _dismiss(self, dialog: Dialog) -> None:
        self._note(dialog.message)
        dialog.dismiss()

    def _note(self, slip: str, noted: bool = True) -> None:
        if noted:
            self.slips.append(slip)

    def number(self, name: str) -> float | None:
        """Return the number in full that an output shows; none where it shows none."""
        text = self.page.locator(f"#{name}").get_attribute("data-value")
        return None if text is None else float(text)

    def text(self, name: str) -> str:
        """Return what an element shows."""
        return self.page.locator(f"#{name}").inner_text()

    def go(self, fragment: str) -> None:
        """Change the fragment as a followed link does; what it does not know is passed over."""
        self.followed += 1
        self.page.evaluate(
            """async (fragment) => {
                const changed = new Promise((done) => addEventListener("hashchange", done, { once: true }));
                location.hash = fragment;
                await changed;
            }""",
            f"{fragment}&followed={self.followed}",
        )

    def frame(self) -> tuple[float, float, float, float]:
        """Return left, top, width and height of the plot."""
        self.page.locator("#trend-chart").scroll_into_view_if_needed()
        box = self.page.locator("#trend-chart .root .background").first.bounding_box()
        assert box is not None
        return box["x"], box["y"], box["width"], box["height"]

    def view(self) -> dict[str, Any]:
        """Return what a reader sees of the choice and of the results."""
        shown: dict[str, Any] = self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll(
                "output:not(#action-status), select, input, code, tbody tr:not([hidden])")].map(
                    (each, place) => [each.id || place, each.type === "checkbox" ? each.checked
                        : each.dataset.value ?? each.value ?? each.innerText]))"""
        )
        return shown


@pytest.fixture
def visit(browser: Browser, explorer: Path) -> Iterator[Callable[..., Visit]]:
    """Open the page, or another one; afterwards nothing must have left it and no error been said."""
    visits: list[Visit] = []

    def open_page(fragment: str = "", path: Path = explorer, **context: Any) -> Visit:
        visits.append(Visit(browser, path.as_uri() + fragment, **context))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()
    assert [slip for each in visits for slip in each.slips] == []


@pytest.mark.slow
def test_the_page_is_one_small_file_and_the_same_twice(
    explorer: Path, mine_explorer: Path, tmp_path: Path
) -> None:
    assert explorer.stat().st_size < LARGEST_BYTES
    assert mine_explorer.stat().st_size < LARGEST_BYTES
    again = tmp_path / "again.html"
    code = f"from memwall_trends.explorer import save_explorer; save_explorer({str(again)!r})"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "PATH": ""}
    )
    assert again.read_bytes() == explorer.read_bytes()


def random_choice(draw: random.Random) -> dict[str, Any]:
    """Return a series and options of `fit_trend` that its rows allow."""
    dataset = draw.choice(list_datasets())
    series = draw.choice(list_series(dataset))
    rows = load_table(series, dataset)
    options: dict[str, Any] = {"dataset": dataset, "where": {}}
    if "precision" in rows and draw.random() < 0.7:
        options["precision"] = draw.choice(list(PRECISIONS))
    for column in ("vendor", "kind"):
        if draw.random() < 0.4:
            counts = rows[column].value_counts()
            options["where"][column] = draw.sample(list(counts.index[:4]), min(2, len(counts)))
    if "scope" in rows and rows["scope"].nunique() > 1 and draw.random() < 0.5:
        options["where"]["scope"] = ["device"]
    if draw.random() < 0.7:
        first, last = rows["date"].min(), rows["date"].max()
        ends = sorted(first + draw.random() * (last - first) for _ in range(2))
        options |= {key: end.strftime("%Y-%m-%d") for key, end in zip(("since", "until"), ends, strict=True)}
    options["frontier"] = draw.random() < 0.25
    return {"series": series, **options}


def choose(page: Page, choice: dict[str, Any]) -> None:
    """Make a choice by the controls."""
    page.click("#reset")
    page.select_option("#series", f"{choice['dataset']}/{choice['series']}")
    if choice.get("precision"):
        usual = find_series(choice["series"], choice["dataset"]).precision_policy
        page.select_option("#precision", "" if choice["precision"] == usual else choice["precision"])
    for column in ("vendor", "kind"):
        wanted = choice["where"].get(column)
        if wanted:
            page.evaluate(f"document.getElementById('{column}-choice').open = true")
            # First what is wanted: with nothing ticked, all would count.
            page.locator(f"#{column} input").evaluate_all(
                """(boxes, wanted) => {
                    for (const tick of [true, false]) {
                        boxes.filter((box) => wanted.includes(box.value) === tick && box.checked !== tick)
                            .forEach((box) => box.click());
                    }
                }""",
                wanted,
            )
    if "scope" in choice["where"]:
        page.select_option("#scope", choice["where"]["scope"][0])
    for end in ("since", "until"):
        if end in choice:
            page.fill(f"#{end}", choice[end])
    page.set_checked("#frontier", choice["frontier"])


def test_twenty_random_selections_equal_the_fit_in_python(opened: Visit) -> None:
    draw, fitted = random.Random(5), 0
    while fitted < 20:
        choice = random_choice(draw)
        options = {key: value for key, value in choice.items() if key != "series"}
        choose(opened.page, choice)
        try:
            trend = fit_trend(choice["series"], **options)
        except MemwallError as error:
            if "resamples" in str(error):
                continue  # too few for Python's interval; the page shows none of records
            assert opened.number("rate") is None, choice
            assert opened.text("message"), choice
            continue
        fitted += 1
        assert opened.number("rate") == pytest.approx(trend.growth_factor(), rel=AGREES), choice
        assert opened.number("doubling") == pytest.approx(trend.doubling_time_years, rel=AGREES), choice
        assert opened.number("count") == trend.n_obs, choice
        assert opened.number("r-squared") == pytest.approx(trend.r_squared, rel=AGREES, nan_ok=True), choice
        names = ["rate-low", "rate-high", "doubling-low", "doubling-high"]
        ends = [opened.number(name) for name in names]
        expected = [*trend.growth_interval(), *trend.doubling_interval()]
        if choice["frontier"]:
            assert ends == [None] * 4
        else:
            assert ends == pytest.approx(expected, rel=AGREES), choice
        assert opened.page.locator("#rows-body tr:not([hidden])").count() == trend.n_obs


@pytest.mark.parametrize(
    ("fragment", "options"),
    [
        ("", {}),
        ("since=2010-01-01&until=2020-12-31", {"since": "2010", "until": "2020"}),
        ("kind=gpu&vendor=NVIDIA&vendor=AMD", {"where": {"kind": "gpu", "vendor": ["NVIDIA", "AMD"]}}),
        ("precision=fp64&kind=cpu", {"precision": "fp64", "where": {"kind": "cpu"}}),
        ("dataset=gholami2024", {"dataset": "gholami2024"}),
        (
            "dataset=gholami2024&since=2008-01-01&precision=fp32",
            {"dataset": "gholami2024", "since": "2008", "precision": "fp32"},
        ),
        ("bottom=memory_capacity", {"denominator": "memory_capacity"}),
        (
            "top=dram_bandwidth&bottom=interconnect_bandwidth",
            {"numerator": "dram_bandwidth", "denominator": "interconnect_bandwidth"},
        ),
        (
            "bottom=interconnect_bandwidth&scope=device",
            {"denominator": "interconnect_bandwidth", "where": {"scope": "device"}},
        ),
        (
            "top=training_compute&bottom=model_size",
            {"numerator": "training_compute", "denominator": "model_size"},
        ),
        (
            "since=2023-06-01&until=2024-06-01&kind=accelerator",
            {"since": "2023-06-01", "until": "2024-06-01", "where": {"kind": "accelerator"}},
        ),
    ],
)
def test_the_gap_equals_the_gap_in_python(opened: Visit, fragment: str, options: dict[str, Any]) -> None:
    opened.go(f"#{fragment}")
    gap = fit_gap(**{"numerator": "peak_flops", "denominator": "dram_bandwidth", **options})
    names = ["gap-rate", "gap-low", "gap-high", "gap-doubling", "gap-doubling-low", "gap-doubling-high"]
    shown = [opened.number(name) for name in names]
    expected = [
        gap.growth_factor(),
        *gap.growth_interval(),
        gap.doubling_time_years,
        *gap.doubling_interval(),
    ]
    assert shown == pytest.approx(expected, rel=AGREES)
    _, *others = gap.doubling_intervals()
    for low, high in others:
        verb, least = ("halves", -high) if low < 0 else ("doubles", low)
        assert f"{verb} in at least {format_number(least)}" in opened.text("gap-doubling-or")
    assert bool(others) == bool(opened.text("gap-doubling-or"))
    assert ("Ratio of two fitted trends" in opened.text("gap-way")) == (gap.way == "ratio")
    if gap.balance:
        assert opened.number("gap-count") == gap.balance.n_obs


@pytest.fixture(scope="module")
def opened(browser: Browser, explorer: Path) -> Iterator[Visit]:
    """Open the page once for all gaps."""
    visited = Visit(browser, explorer.as_uri())
    yield visited
    visited.context.close()
    assert visited.slips == []


def test_the_gap_of_records_has_the_rate_and_the_command_for_its_interval(opened: Visit) -> None:
    opened.go("#frontier=1")
    gap = fit_gap("peak_flops", "dram_bandwidth", frontier=True)
    assert opened.number("gap-rate") == pytest.approx(gap.growth_factor(), rel=AGREES)
    assert opened.number("gap-low") is None
    assert opened.text("gap-command") == "memwall-trends gap peak_flops dram_bandwidth --frontier"
    assert "This command draws them" in opened.text("no-interval")
    assert opened.text("no-interval").endswith("memwall-trends rate peak_flops --frontier")


def test_quantiles_hold_for_any_degrees_of_freedom(opened: Visit) -> None:
    freedoms = [*range(1, 60), *np.geomspace(1, 1e6, 200).tolist()]
    quantiles = opened.page.evaluate("(all) => all.map((df) => tQuantile(df, data.quantiles))", freedoms)
    assert quantiles == pytest.approx([t_quantile(df, 0.95) for df in freedoms], rel=1e-9)


def test_numbers_read_as_in_a_terminal(opened: Visit) -> None:
    from memwall_trends.units import format_number

    numbers = [3.02573, 64313.4, 1.5e12, 9.9996, 0.00012345, 2e-9, 123.456]
    shown = opened.page.evaluate("(all) => all.map((number) => formatNumber(number))", numbers)
    assert [float(text.replace(",", "")) for text in shown] == [
        float(format_number(number).replace(",", "")) for number in numbers
    ]


def test_the_command_writes_the_page_with_its_level_and_period(
    visit: Callable[..., Visit], run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "new folder" / "page.html"
    printed = run("explore", "--out", str(path), "--level", "0.8", "--per", "1")
    assert (printed.code, printed.err) == (0, "")
    assert "".join(printed.out.split("\n")) == str(path)
    opened = visit(path=path)
    trend = fit_trend("peak_flops")
    ends = [opened.number("rate"), opened.number("rate-low"), opened.number("rate-high")]
    assert ends == pytest.approx([trend.growth_factor(1), *trend.growth_interval(1, 0.8)], rel=AGREES)
    assert "80% interval" in opened.text("trend-numbers")
    assert opened.text("command").endswith("--per 1 --level 0.8")


def test_dragging_refits_as_the_window_moves(visit: Callable[..., Visit]) -> None:
    opened = visit()
    whole = opened.number("rate")
    left, top, width, height = opened.frame()
    mouse, y = opened.page.mouse, top + 0.06 * height  # above the points
    mouse.move(left + 0.3 * width, y)
    mouse.down()
    mouse.move(left + 0.5 * width, y, steps=4)
    midway = opened.number("rate")
    mouse.move(left + 0.7 * width, y, steps=4)
    mouse.up()
    since, until = (opened.page.input_value(f"#{end}") for end in ("since", "until"))
    trend = fit_trend("peak_flops", since=since, until=until)
    assert opened.number("rate") == pytest.approx(trend.growth_factor(), rel=AGREES)
    assert len({whole, midway, opened.number("rate")}) == 3
    # The window itself moves, as wide as before.
    mouse.move(left + 0.5 * width, y)
    mouse.down()
    mouse.move(left + 0.6 * width, y, steps=4)
    mouse.up()
    moved = opened.page.input_value("#since")
    assert moved > since
    opened.page.set_viewport_size({"width": 700, "height": 900})
    assert opened.page.input_value("#since") == moved
    opened.page.click("#clear-window")
    assert opened.number("rate") == whole
    assert opened.page.input_value("#since") == ""


def test_dates_and_the_window_of_the_chart_are_in_step(visit: Callable[..., Visit]) -> None:
    opened = visit("#since=2010-01-01")
    brush = opened.page.locator("#trend-chart .window_brush path").last
    left, _, width, _ = opened.frame()
    box = brush.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] == pytest.approx(left + width, abs=9)  # its mitred stroke counts
    opened.page.fill("#until", "2015-12-31")
    narrowed = brush.bounding_box()
    assert narrowed is not None
    assert narrowed["width"] < 0.5 * box["width"]
    left, top, width, height = opened.frame()
    opened.page.mouse.click(left + 0.97 * width, top + 0.95 * height)
    assert opened.page.input_value("#since") == opened.page.input_value("#until") == ""


def test_keys_go_from_point_to_point_and_set_the_window(opened: Visit) -> None:
    opened.go("#dataset=gholami2024&series=dram_bandwidth")
    rows = select("dram_bandwidth", dataset="gholami2024").observations
    opened.page.focus("#trend-chart")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "s"):
        opened.page.keyboard.press(key)
    ordered = rows.sort_values(["date", "value"])
    assert opened.text("details").startswith(ordered["name"].iloc[2])
    since = str(ordered["date"].iloc[2].date())
    assert opened.page.input_value("#since") == since
    assert opened.number("rate") == pytest.approx(
        fit_trend("dram_bandwidth", dataset="gholami2024", since=since).growth_factor(), rel=AGREES
    )
    opened.page.keyboard.press("Escape")
    assert opened.page.input_value("#since") == ""
    opened.page.focus("#rows-region")
    for key in ("ArrowDown", "ArrowDown"):
        opened.page.keyboard.press(key)
    assert opened.text("details").startswith(rows["name"].iloc[1])
    link = opened.page.locator("#details a").first
    assert str(link.get_attribute("href")).startswith("https://")
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_pointing_at_a_device_shows_it(opened: Visit) -> None:
    opened.go("#dataset=gholami2024&series=dram_bandwidth&since=2010-01-01")
    opened.page.locator("#trend-chart").scroll_into_view_if_needed()
    point = opened.page.locator("#trend-chart .trend_points_marks path").last.bounding_box()
    assert point is not None
    opened.page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    assert "GB/s" in opened.text("details")
    assert "GB/s" in str(opened.page.evaluate("document.querySelector('#trend-chart [title]')?.title"))


def test_a_copied_link_restores_the_view(visit: Callable[..., Visit]) -> None:
    opened = visit()
    choose(
        opened.page,
        {
            "series": "interconnect_bandwidth",
            "dataset": "curated",
            "where": {"vendor": ["NVIDIA", "PCI-SIG"], "scope": ["device"]},
            "since": "2012-03-04",
            "until": "2024-05-06",
            "frontier": False,
        },
    )
    opened.page.select_option("#bottom", "memory_capacity")
    opened.page.select_option("#precision", "fp64")
    opened.page.select_option("#axis", "normalised")
    opened.page.click("#copy-link")
    opened.page.wait_for_function("document.getElementById('action-status').textContent")
    again = visit("#" + opened.page.url.partition("#")[2])
    assert again.view() == opened.view()
    assert again.page.input_value("#until") == "2024-05-06"


def test_a_link_that_is_followed_right_after_a_change_is_read(opened: Visit) -> None:
    opened.page.evaluate(
        """async () => {
            change({ since: "2010-01-01" });
            const changed = new Promise((done) => addEventListener("hashchange", done, { once: true }));
            location.hash = "#kind=cpu";
            writeFragment();  // what the change has put off
            await changed;
        }"""
    )
    assert opened.number("count") == fit_trend("peak_flops", kind="cpu").n_obs


@pytest.mark.parametrize(
    "fragment",
    [
        "series=none&dataset=x",
        "since=2020-02-31&until=<b>",
        "kind=ufo&scope=__proto__&precision=toString",
        "%%%",
    ],
)
def test_a_link_that_makes_no_sense_shows_the_start(opened: Visit, fragment: str) -> None:
    opened.go(f"#{fragment}")
    assert opened.number("count") == fit_trend("peak_flops").n_obs


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("since=2020-01-01&until=2010-01-01", "upside down"),
        ("since=2099-01-01", "No rows of peak_flops are left"),
        ("dataset=gholami2024&series=dram_bandwidth&since=2021-01-01", "expected at least 3 different dates"),
        ("top=model_size&bottom=model_size", "A gap needs two different series"),
    ],
)
def test_too_little_to_fit_is_a_message(opened: Visit, fragment: str, message: str) -> None:
    opened.go(f"#{fragment}")
    assert message in opened.text("message") + opened.text("gap-message")


def test_the_command_gives_the_same_rate(opened: Visit, run: Callable[..., Result]) -> None:
    opened.go("#series=interconnect_bandwidth&scope=device&vendor=AMD&vendor=NVIDIA&since=2008-01-01")
    words = shlex.split(opened.text("command"))
    printed = json.loads(run(*words[1:], "--format", "json").out)
    assert opened.number("rate") == pytest.approx(printed["rate"], rel=AGREES)
    opened.go("#dataset=gholami2024&series=model_size&kind=cnn&kind=transformer")
    words = shlex.split(opened.text("command"))
    printed = json.loads(run(*words[1:], "--format", "json").out)
    assert opened.number("rate-high") == pytest.approx(printed["ci_high"], rel=AGREES)


def test_the_rows_in_view_are_downloaded_as_csv(opened: Visit) -> None:
    opened.go("#series=peak_flops&precision=fp64&since=2010-01-01")
    with opened.page.expect_download() as awaited:
        opened.page.click("#download-csv")
    rows = pd.read_csv(awaited.value.path(), keep_default_na=False)
    expected = fit_trend("peak_flops", precision="fp64", since="2010").observations
    assert list(rows) == [*find_series("peak_flops").columns, *EMBEDDED]
    assert rows["value"].tolist() == expected["value"].tolist()
    assert rows["date"].tolist() == expected["date"].dt.strftime("%Y-%m-%d").tolist()
    for column in ("name", "note", "locator", "source"):
        assert rows[column].str.removeprefix("'").tolist() == expected[column].tolist()


def test_a_picture_stands_alone(visit: Callable[..., Visit]) -> None:
    opened = visit("#at=2030&device=NVIDIA+H100+SXM5", color_scheme="dark")
    pictures = {}
    for kind in ("svg", "png"):
        with opened.page.expect_download() as awaited:
            opened.page.click(f"#download-{kind}")
        pictures[kind] = Path(awaited.value.path()).read_bytes()
    svg = pictures["svg"].decode()
    rate = fit_trend("peak_flops").growth_factor()
    assert f"Peak FLOPS grew {rate:.2f}x per 2 years" in svg
    for text in ("GFLOP/s of", "95% interval", "Data: memwall-trends", "NVIDIA H100 SXM5"):
        assert text in svg
    assert COLOURS["dark"]["surface"] not in svg
    # The PNG is of the same view, of twice the size: what title, subtitle and source ink of it.
    width, height = (int(svg.partition(f'{side}="')[2].partition('"')[0]) for side in ("width", "height"))
    inked = opened.page.evaluate(
        """async (bytes) => {
            const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
            const { width, height } = picture, canvas = new OffscreenCanvas(width, height);
            const ink = canvas.getContext("2d", { willReadFrequently: true });
            ink.drawImage(picture, 0, 0);
            const dark = (top, bottom) => ink.getImageData(0, top, 400, bottom - top).data.filter(
                (value, i) => i % 4 === 0 && value < 128).length;
            const texts = [dark(20, 55), dark(64, 96), dark(height - 60, height - 10)];
            return { size: [width, height], texts, below: dark(100, 112) };
        }""",
        list(pictures["png"]),
    )
    assert inked["size"] == [2 * width, 2 * height]
    assert min(inked["texts"]) > 300
    assert inked["below"] == 0


def test_pictures_are_the_same_on_every_screen(visit: Callable[..., Visit]) -> None:
    drawn = []
    for width in (390, 1400):
        opened = visit(viewport={"width": width, "height": 800})
        with opened.page.expect_download() as awaited:
            opened.page.click("#download-svg")
        drawn.append(Path(awaited.value.path()).read_text(encoding="utf-8"))
    assert drawn[0] == drawn[1]


def test_hostile_names_stay_text(visit: Callable[..., Visit], mine: Path, mine_explorer: Path) -> None:
    opened = visit("#vendor=Mine&since=2025-01-01", path=mine_explorer)
    source = mine_explorer.read_text(encoding="utf-8")
    page = opened.page
    names = page.locator("#rows-body tr:visible th").all_inner_texts()
    assert names == [f"{name} (yours)" for name in HOSTILE]
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript' i]").count() == 0
    assert SCRIPT_URL not in source
    assert HOSTILE[0] not in source
    for place in (0, 1):
        page.locator("#rows-body tr:visible").nth(place).hover()
        assert opened.text("details").startswith(HOSTILE[place])
        assert "<b>Mine</b>" in opened.text("details")
    with page.expect_download() as awaited:
        page.click("#download-csv")
    with open(awaited.value.path(), encoding="utf-8", newline="") as file:
        written = [row["name"] for row in csv.DictReader(file)]
    assert written == [HOSTILE[0], f"'{HOSTILE[1]}"]
    opened.go("#since=2001-01-01")
    trend = fit_trend("peak_flops", overlay=[mine], since="2001")
    assert opened.number("rate") == pytest.approx(trend.growth_factor(), rel=AGREES)
    assert opened.text("command") == f"memwall-trends rate peak_flops --since 2001-01-01 --with {mine}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("fragment", ["frontier=1", "by=vendor&at=2030&top=training_compute"])
def test_the_page_is_accessible_and_as_wide_as_the_screen(
    visit: Callable[..., Visit], mine_explorer: Path, scheme: str, width: int, fragment: str
) -> None:
    opened = visit(
        f"#{fragment}", mine_explorer, color_scheme=scheme, viewport={"width": width, "height": 850}
    )
    page = opened.page
    page.focus("#trend-chart")
    page.keyboard.press("End")
    page.click("#show-embed")
    page.fill("#search", "a")
    page.keyboard.press("ArrowDown")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    given = os.environ.get("AXE_CORE")
    axe = Path(given) if given else CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.is_file():
        refuse(f"there is no axe-core at {axe}: npm install axe-core, or name the file in AXE_CORE")
    page.add_script_tag(content=axe.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_it_prints_light(visit: Callable[..., Visit]) -> None:
    opened = visit(color_scheme="dark")
    opened.page.emulate_media(media="print", color_scheme="dark")
    assert opened.page.evaluate("getComputedStyle(document.body).color") == "rgb(26, 26, 26)"
    assert not opened.page.locator("#controls").is_visible()


@pytest.mark.parametrize("part", ["ink", "muted", "counted", "theirs"])
def test_text_colours_are_readable(part: str) -> None:
    light, dark = (COLOURS[scheme][part] for scheme in ("light", "dark"))
    check_contrast(light, dark)


def test_colours_of_groups_are_readable() -> None:
    for light, dark in zip(GROUP_COLOURS["light"], GROUP_COLOURS["dark"], strict=True):
        check_contrast(light, dark)


def check_contrast(light: str, dark: str) -> None:
    """Check that two colours can be read as text, each on its scheme."""
    assert contrast_with_white(light) >= MIN_CONTRAST
    assert contrast_with_white(COLOURS["dark"]["surface"]) / contrast_with_white(dark) >= MIN_CONTRAST


def test_a_page_that_cannot_be_made_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MemwallError, match="cannot be written"):
        save_explorer(tmp_path / "file" / "explore.html")
    with pytest.raises(MemwallError, match="between 0 and 1"):
        build_explorer(level=95)
    with pytest.raises(MemwallError, match="number of years above zero"):
        build_explorer(per=0)
    for address in ("example.org", "javascript:alert(1)", "https://example.org/#a", 'https://x/"'):
        with pytest.raises(MemwallError, match="starts with https://"):
            build_explorer(base_url=address)


# ------------------------------------------------------------------------------------------------ a device


def test_a_device_is_found_by_its_name(visit: Callable[..., Visit]) -> None:
    opened = visit()
    page = opened.page
    page.click("#search")
    page.keyboard.type("h100")
    names = page.locator("#found [role=option]:not([aria-disabled])").all_inner_texts()
    assert names
    assert all("H100" in name for name in names)
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#search", "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "aria-selected") == "true"
    page.keyboard.press("Escape")
    assert page.get_attribute("#search", "aria-expanded") == "false"
    page.fill("#search", "H100 SXM5")
    page.keyboard.press("Enter")
    assert page.input_value("#search") == "NVIDIA H100 SXM5"
    # It is ringed where its point is, named in the chart, and its source can be opened.
    observations = fit_trend("peak_flops").observations
    (row,) = observations[observations["name"] == "NVIDIA H100 SXM5"].to_dict(orient="records")
    ring, shown, value = page.evaluate(
        """() => {
            const { scene, view } = trendChart;
            const point = scene.points.find(({ row }) => row.name === "NVIDIA H100 SXM5");
            return [view.data("current")[0].shown, point.shown, point.row.value];
        }"""
    )
    assert ring == shown
    assert value == row["value"]
    assert "NVIDIA H100 SXM5" in str(page.locator("#trend-chart svg").text_content())
    sources = load_table("sources")
    link = page.locator("#details a").first
    assert [link.get_attribute("href")] == sources.loc[sources["source"] == row["source"], "url"].tolist()
    assert link.get_attribute("target") == "_blank"
    assert row["locator"] in opened.text("details")
    page.wait_for_function("location.hash.includes('device=')")
    again = visit("#" + page.url.partition("#")[2])
    assert again.text("details") == opened.text("details")


def test_a_device_that_the_choice_leaves_out_is_counted_and_not_offered(opened: Visit) -> None:
    opened.go("#kind=cpu")
    opened.page.fill("#search", "H100")
    assert "left out by the choice" in opened.text("found")
    assert opened.page.locator("#found [role=option]:not([aria-disabled])").count() == 0
    opened.page.fill("#search", "no such device")
    assert "No device of this name" in opened.text("found")
    opened.page.fill("#search", "")


def test_details_are_of_what_is_plotted(opened: Visit) -> None:
    opened.go("#device=NVIDIA+H100+SXM5")
    assert ", fp16 matrix dense" in opened.text("details")
    opened.page.select_option("#precision", "fp64")
    fp64 = select("peak_flops", precision="fp64").observations
    (value,) = fp64.loc[fp64["name"] == "NVIDIA H100 SXM5", "value"]
    assert f"{float(value):,.0f} GFLOP/s, fp64" in opened.text("details")
    opened.go("#device=NVIDIA+H100+SXM5&kind=cpu")
    assert not opened.page.locator("#details").is_visible()
    assert opened.page.evaluate("trendChart.view.data('current').length") == 0
    opened.go("#device=NVIDIA+H100+SXM5&until=2015-12-31")
    assert "no: outside the window" in opened.text("details")
    opened.page.locator("#details .close").click()
    assert not opened.page.locator("#details").is_visible()


def test_details_stand_beside_their_point(visit: Callable[..., Visit]) -> None:
    opened = visit("#device=NVIDIA+H100+SXM5")
    place = opened.page.evaluate("trendChart.placeOf(trendChart.current)")
    chart, box = (opened.page.locator(f"#{name}").bounding_box() for name in ("trend-chart", "details"))
    assert chart is not None
    assert box is not None
    x, y = chart["x"] + place["x"], chart["y"] + place["y"]
    assert min(abs(box["x"] - x), abs(box["x"] + box["width"] - x)) < 30
    assert min(abs(box["y"] - y), abs(box["y"] + box["height"] - y)) < 40


def test_the_links_of_details_can_be_reached(visit: Callable[..., Visit]) -> None:
    opened = visit("#dataset=gholami2024&series=dram_bandwidth")
    point = opened.page.locator("#trend-chart .trend_points_marks path").last.bounding_box()
    assert point is not None
    opened.page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    opened.page.locator("#details a").first.hover()
    assert opened.page.locator("#details").is_visible()
    opened.page.mouse.move(2, 2)
    assert not opened.page.locator("#details").is_visible()


# ------------------------------------------------------------------------------------------ lines of groups


@pytest.mark.parametrize(
    ("fragment", "series", "by", "options"),
    [
        ("by=kind", "peak_flops", "kind", {}),
        ("by=vendor&since=2008-01-01", "peak_flops", "vendor", {"since": "2008"}),
        ("by=segment&frontier=1", "peak_flops", "segment", {"frontier": True}),
        ("series=dram_bandwidth&by=product_class", "dram_bandwidth", "product_class", {}),
        (
            "series=dram_bandwidth&by=kind&segment=server&segment=workstation",
            "dram_bandwidth",
            "kind",
            {"segment": ["server", "workstation"]},
        ),
        ("dataset=gholami2024&by=kind", "peak_flops", "kind", {"dataset": "gholami2024"}),
    ],
)
def test_lines_of_groups_equal_those_in_python(
    opened: Visit, fragment: str, series: str, by: str, options: dict[str, Any]
) -> None:
    opened.go(f"#{fragment}")
    trends = fit_by(series, by, **options).trends
    rows = opened.page.locator("#groups-body tr")
    assert [text.strip() for text in rows.locator("th").all_inner_texts()] == list(trends)
    shown = opened.page.evaluate(
        "shown.answer.groups.map(({ growth }) => [growth.rate, growth.low, growth.high])"
    )
    told = rows.evaluate_all(
        "(all) => all.map((row) => Number(row.querySelectorAll('td.number')[1].dataset.value))"
    )
    assert [rate for rate, *_ in shown] == told
    for (rate, *ends), trend in zip(shown, trends.values(), strict=True):
        assert rate == pytest.approx(trend.growth_factor(), rel=AGREES)
        if not trend.frontier:
            assert ends == pytest.approx(trend.growth_interval(), rel=AGREES)
    drawn = opened.page.evaluate("new Set(trendChart.view.data('curves').map(({ group }) => group)).size")
    assert drawn == len(trends)
    labels = opened.page.evaluate("trendChart.view.data('labels').map(({ text }) => text)")
    largest = list(trends.items())[: len(GROUP_COLOURS["light"])]
    assert sorted(labels) == sorted(
        f"{group} {format_number(trend.growth_factor(), 3)}x" for group, trend in largest
    )


@pytest.mark.parametrize("by", ["kind", "product_class", "vendor", "segment"])
def test_one_slope_within_groups_equals_that_in_python(
    opened: Visit, run: Callable[..., Result], by: str
) -> None:
    opened.go(f"#by={by}")
    opened.page.check("#line-within")
    trend = fit_trend("peak_flops", method=Method(within=by))
    ends = [opened.number(name) for name in ("rate", "rate-low", "rate-high")]
    assert ends == pytest.approx([trend.growth_factor(), *trend.growth_interval()], rel=AGREES)
    effects = dict(opened.page.evaluate("shown.answer.groups.map(({ label, effect }) => [label, effect])"))
    assert effects == pytest.approx({group: trend.effects[group] for group in effects}, rel=AGREES)
    printed = json.loads(run(*shlex.split(opened.text("command"))[1:], "--format", "json").out)
    assert opened.number("rate") == pytest.approx(printed["rate"], rel=AGREES)
    opened.page.check("#line-each")
    assert f"--by {by}" in opened.text("command")


@pytest.mark.parametrize(
    ("fragment", "series", "options"),
    [
        ("at=2030", "peak_flops", {}),
        ("at=2028.5&series=dram_bandwidth&since=2005-01-01", "dram_bandwidth", {"since": "2005"}),
        ("at=2035&series=memory_capacity", "memory_capacity", {}),
        ("at=2030&by=product_class&within=1", "peak_flops", {"method": Method(within="product_class")}),
        ("at=2024&dataset=gholami2024", "peak_flops", {"dataset": "gholami2024"}),
        ("at=2015&kind=gpu&segment=server", "peak_flops", {"kind": "gpu", "segment": "server"}),
    ],
)
def test_a_projection_equals_that_in_python(
    opened: Visit, fragment: str, series: str, options: dict[str, Any]
) -> None:
    opened.go(f"#{fragment}")
    outlook = look_ahead(fit_trend(series, **options))
    year = float(opened.page.input_value("#at"))
    row = outlook.project([year]).iloc[0]
    told = not math.isnan(row["calibrated_low"])
    columns = ("value", "calibrated_low", "calibrated_high") if told else ("value", "low", "high")
    shown = [opened.number(name) for name in ("projected", "projected-low", "projected-high")]
    assert shown == pytest.approx([row[column] for column in columns], rel=AGREES)
    assert ("calibrated" in opened.text("projection-what")) == told
    for line in outlook.describe([year]):
        assert line.partition("held ")[2].partition(" of")[0] in opened.text("past")
        assert line.partition("calibrated one ")[2].partition("%")[0] in opened.text("past")
    assert opened.text("command").endswith(f"--at {opened.page.input_value('#at')}")


def test_a_projection_of_records_has_its_value_and_no_interval(opened: Visit) -> None:
    opened.go("#frontier=1&at=2030")
    trend = fit_trend("peak_flops", frontier=True)
    assert opened.number("projected") == pytest.approx(trend.predict([2030.0])["value"].iloc[0], rel=AGREES)
    assert opened.number("projected-low") is None
    assert "No interval here" in opened.text("no-interval")


def test_each_group_is_projected(opened: Visit) -> None:
    opened.go("#series=dram_bandwidth&by=kind&at=2030")
    shown = opened.page.evaluate(
        "shown.answer.groups.map(({ label, projection: p }) => [label, [p.value, p.calibratedLow]])"
    )
    row = look_ahead(fit_trend("dram_bandwidth", kind="gpu")).project([2030.0]).iloc[0]
    assert dict(shown)["gpu"] == pytest.approx([row["value"], row["calibrated_low"]], rel=AGREES)
    assert "In 2030, GB/s" in opened.text("groups-head")


# ---------------------------------------------------------------------------------------- chart, table, share


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_chart_is_in_the_first_screen(visit: Callable[..., Visit], width: int) -> None:
    height = 844 if width == 390 else 900
    opened = visit("#by=kind&at=2030", viewport={"width": width, "height": height})
    chart, controls = (opened.page.locator(name).bounding_box() for name in ("#trend-chart", "#controls"))
    assert chart is not None
    assert controls is not None
    assert chart["y"] + chart["height"] <= height
    assert controls["y"] > chart["y"] or controls["x"] > chart["x"]


def test_texts_are_whole_after_a_resize(visit: Callable[..., Visit]) -> None:
    opened = visit("#by=kind&at=2030")
    for width in (390, 900, 500, 1400):
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.page.wait_for_function(
            "document.querySelector('#trend-chart svg').clientWidth === byId('trend-chart').clientWidth"
        )
        cut = opened.page.evaluate(
            """() => {
                const frame = byId("trend-chart").getBoundingClientRect();
                return [...document.querySelectorAll("#trend-chart svg text")].filter((text) => {
                    const box = text.getBoundingClientRect();
                    return box.width && (box.left < frame.left - 1 || box.right > frame.right + 1);
                }).map((text) => text.textContent);
            }"""
        )
        assert cut == [], width
        assert opened.page.evaluate("trendChart.view.signal('width')") > 150


def test_the_axis_is_logarithmic_or_linear(opened: Visit) -> None:
    opened.go("#series=dram_bandwidth")
    rate = opened.number("rate")
    low, high = opened.page.evaluate("trendChart.view.signal('values')")
    top = fit_trend("dram_bandwidth").observations["value"].max()
    assert low < np.log10(top) < high
    opened.page.uncheck("#scale")
    assert opened.page.evaluate("trendChart.view.signal('values')") == pytest.approx([0, 1.05 * top])
    assert opened.page.evaluate("trendChart.view.signal('tickTexts')")[:2] == ["0", "5 TB/s"]
    assert opened.number("rate") == rate


@pytest.mark.parametrize(
    "fragment", ["frontier=1", "top=peak_flops&bottom=interconnect_bandwidth", "dataset=gholami2024"]
)
def test_the_line_of_a_gap_has_points(opened: Visit, fragment: str) -> None:
    opened.go(f"#{fragment}")
    assert opened.page.evaluate("gapChart.view.data('curves').length") > 0
    assert opened.page.evaluate("gapChart.view.data('points').length") > 0
    assert "Grey: the devices" in opened.text("gap-way")


def test_the_table_is_sorted_by_its_heads(opened: Visit) -> None:
    opened.go("#series=dram_bandwidth&segment=server")
    rows = select("dram_bandwidth", segment="server").observations.sort_values("value", kind="stable")
    names = rows["name"].tolist()

    def column(number: int) -> list[str]:
        return opened.page.locator(f"#rows-body tr:not([hidden]) > :nth-child({number})").all_inner_texts()

    def sorts() -> list[str | None]:
        heads = opened.page.locator("#rows-head th")
        return [heads.nth(place).get_attribute("aria-sort") for place in range(3)]

    assert sorts() == [None, "ascending", None]
    assert column(2) == sorted(column(2))
    opened.page.get_by_role("button", name="Value, GB/s").click()
    assert sorts() == [None, None, "descending"]
    assert column(1)[0] == names[-1]
    opened.page.keyboard.press("Enter")  # the button keeps the focus
    assert sorts() == [None, None, "ascending"]
    assert column(1)[0] == names[0]
    opened.page.get_by_role("button", name="Date", exact=True).click()


def test_a_link_and_a_frame_have_the_address_that_the_page_will_have(
    visit: Callable[..., Visit], run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    assert run("explore", "--out", str(path), "--base-url", "https://example.org/walls.html").code == 0
    opened = visit("#series=dram_bandwidth&by=kind", path=path)
    assert opened.page.evaluate("linkTo()") == "https://example.org/walls.html#series=dram_bandwidth&by=kind"
    opened.page.click("#show-embed")
    code = opened.page.input_value("#embed-code")
    assert code.startswith('<iframe src="https://example.org/walls.html#series=dram_bandwidth&#38;by=kind"')
    assert "DRAM bandwidth grew" in code
    assert run("explore", "--out", str(path), "--base-url", "walls.html").code != 0


def test_in_a_frame_the_page_is_the_chart_and_a_link(visit: Callable[..., Visit], tmp_path: Path) -> None:
    opened = visit("#series=dram_bandwidth&device=NVIDIA+H100+SXM5")
    opened.page.click("#show-embed")
    code = opened.page.input_value("#embed-code").replace(' loading="lazy"', "")
    other = tmp_path / "other.html"
    other.write_text(f"<!DOCTYPE html><title>Other</title>{code}", encoding="utf-8")
    page = opened.context.new_page()
    page.goto(other.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for()
    assert frame.locator("#trend-chart").is_visible()
    assert frame.locator("#open").get_attribute("href") == opened.page.evaluate("linkTo()")
    for part in ("#controls", "#table", "#gap", ".quick"):
        assert not frame.locator(part).is_visible()
