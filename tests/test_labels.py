from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.datasets import load_table
from memwall_trends.figures import FIGURES, theme
from memwall_trends.figures.geometry import (
    box_segment_distances,
    crosses,
    distance_to_boxes,
    overlap_each_other,
)
from memwall_trends.figures.labels import label_known, load_labels
from memwall_trends.figures.lettering import text_width
from memwall_trends.figures.placement import Scene, Wanted, place_labels
from tests.scenes import Panel, Point, Segment, Text, read_panels

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_ROWS = {
    "decomposition": "its texts stand after bars, a row each",
    "levers": "its texts are a column of a table, a row each",
    "memory-breakdown": "its texts stand on marks over bars, a bar each",
    "training-memory": "its texts stand on marks over bars, a bar each",
    "specification-curve": "its two texts stand on lines across the plot, over intervals that fill it",
}
"""Figures whose texts are placed by rows or lines across the plot, not beside points: exempt, and why."""
WITHOUT = ("claim-against-fit", "published-claims", "backtest-coverage")
"""Figures without texts in the plot."""
TOUCHES = 4.0
"""Pixels between a leader's end and what it joins, at most."""
PROBED = [name for name in FIGURES if name not in OF_ROWS and name not in WITHOUT]
QUICK = [("hw-scaling", "column"), ("hw-scaling", "page")]


def find_faults(panel: Panel) -> Iterator[str]:
    """Return what is wrong with the labels of a panel."""
    for place, text in enumerate(panel.texts):
        left, top, right, bottom = text.box
        if left >= panel.width:
            # To the right of the plot, where lines end.
            ends = [text.box, *(other.box for other in panel.texts[place + 1 :])]
            if overlap_each_other(np.array(ends), 0)[0, 1:].any():
                yield f"{text.words} is over another end"
            yield from find_strangers(panel, text)
            continue
        if not (left >= 0 and top >= 0 and right <= panel.width and bottom <= panel.height):
            yield f"{text.words} is over an axis"
        box = np.array([text.box])
        others = [*(other.box for other in panel.texts[place + 1 :]), *panel.legends]
        if others and overlap_each_other(np.array([text.box, *others]), 0)[0, 1:].any():
            yield f"{text.words} is over another label or the legend"
        if any(distance_to_point(box, point) < 0 for point in panel.points):
            yield f"{text.words} is over a point"
        if any(crosses(line.ends, text.box) for line in panel.lines):
            yield f"{text.words} is over a line"
        strange = [leader for leader in panel.leaders if leader.about != text.about]
        if any(crosses(leader.ends, text.box) for leader in strange):
            yield f"{text.words} is over a leader"
        yield from find_strangers(panel, text)


def find_strangers(panel: Panel, text: Text) -> Iterator[str]:
    """Return what is nearer to a label than what it names, where no leader joins the two."""
    box = np.array([text.box])
    points, lines = find_own(panel, text)
    if not points and not lines:
        yield f"{text.words} names nothing that is drawn"
        return
    if any(joins(leader, text, points, lines) for leader in panel.leaders if leader.about == text.about):
        return
    own = [distance_to_point(box, point) for point in points]
    own += [distance_to_line(box, line) for line in lines]
    own += [distance_to_line(box, line) for line in panel.lines if line.colour == text.colour]
    strange = [distance_to_point(box, each) for each in panel.points if each not in points]
    strange += [distance_to_line(box, each) for each in panel.lines if each.colour != text.colour]
    if min(strange, default=math.inf) < min(own):
        yield f"{text.words} is nearer to what it does not name"


def find_own(panel: Panel, text: Text) -> tuple[list[Point], list[Segment]]:
    """Return the points or lines that a label says it names."""
    name = text.about.removeprefix("label of ")
    if name.startswith("the line "):
        of_series = [point for point in panel.points if point.colour == text.colour]
        return of_series, [line for line in panel.lines if line.colour == text.colour]
    return [
        point
        for point in panel.points
        if f": {name};" in f"{point.about};" or point.about.startswith(f"{name}, ")
    ], []


def joins(leader: Segment, text: Text, points: list[Point], lines: list[Segment]) -> bool:
    begin, end = (np.array([[*point, *point]]) for point in (leader.ends[:2], leader.ends[2:]))
    x, y = leader.ends[:2]
    at_own = any(math.hypot(point.x - x, point.y - y) - point.radius < TOUCHES for point in points) or any(
        box_segment_distances(begin, np.array([line.ends]))[0, 0] < TOUCHES for line in lines
    )
    return at_own and box_segment_distances(np.array([text.box]), end)[0, 0] < TOUCHES


def distance_to_point(box: np.ndarray, point: Point) -> float:
    return float(distance_to_boxes(np.array([[point.x, point.y]]), box)[0, 0]) - point.radius


def distance_to_line(box: np.ndarray, line: Segment) -> float:
    return float(box_segment_distances(box, np.array([line.ends]))[0, 0])


@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(name, size, marks=[] if (name, size) in QUICK else pytest.mark.slow)
        for name in PROBED
        for size in theme.SIZES
    ],
)
def test_a_label_is_over_nothing_and_nearest_to_what_it_names(name: str, size: str) -> None:
    panels = read_panels(FIGURES[name](size=size))
    assert any(panel.texts for panel in panels)
    assert [fault for panel in panels for fault in find_faults(panel)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT)
def test_other_figures_have_no_labels(name: str) -> None:
    assert not any(panel.texts for panel in read_panels(FIGURES[name]()))


def test_faults_are_found() -> None:
    point = Point("name: A100; value: 3", "#111111", 50, 50, 3)
    other = Point("name: H100; value: 3", "#111111", 80, 50, 3)
    across = Segment("", "#222222", (0, 60, 100, 60))

    def faults(box: tuple[float, float, float, float], *leaders: Segment) -> list[str]:
        text = Text("A100", "label of A100", "#111111", box)
        return list(find_faults(Panel(100, 100, [text], [point, other], [across], list(leaders))))

    assert faults((55, 45, 70, 53)) == []
    assert "A100 is over a point" in faults((48, 45, 70, 53))
    assert "A100 is over a line" in faults((40, 55, 58, 65))
    assert faults((30, 10, 90, 20)) == []
    assert "A100 is over an axis" in faults((-5, 46, 40, 54))
    assert faults((85, 45, 98, 53)) == ["A100 is nearer to what it does not name"]
    joined = Segment("label of A100", "#111111", (50, 47, 82, 30))
    assert faults((82, 26, 98, 34)) == ["A100 is nearer to what it does not name"]
    assert faults((82, 26, 98, 34), joined) == []


POINTS = st.lists(st.tuples(st.floats(0, 400), st.floats(0, 300)), min_size=1, max_size=40)


@settings(deadline=None, max_examples=30)
@given(points=POINTS, words=st.lists(st.text("abcdefgh ", min_size=1, max_size=20), min_size=1, max_size=15))
def test_placed_labels_stay_in_the_plot_and_never_overlap(
    points: list[tuple[float, float]], words: list[str]
) -> None:
    scene = Scene(400, 300, np.array([(x, y, 3.0) for x, y in points]))
    wanted = [Wanted(text, [points[place % len(points)]], 3.0) for place, text in enumerate(words)]
    placed = place_labels(wanted, scene, 11)
    assert len({label.index for label in placed}) == len(placed)
    for place, label in enumerate(placed):
        left, top, right, bottom = label.box
        assert right - left == pytest.approx(text_width(words[label.index], 11))
        assert min(left, top) >= 0
        assert right <= 400
        assert bottom <= 300
        for other in placed[:place]:
            assert (
                right <= other.box[0] or other.box[2] <= left or bottom <= other.box[1] or other.box[3] <= top
            )
        gaps = distance_to_boxes(scene.points[:, :2], np.array([label.box])) - 3
        assert gaps.min() > 0


def test_a_label_that_is_worth_more_gets_the_room() -> None:
    scene = Scene(60, 16, np.array([[30.0, 8.0, 3.0]]))
    wanted = [
        Wanted("first", [(30, 8)], 3, worth=1.0),
        Wanted("mine", [(30, 8)], 3, worth=9.0),
        Wanted("third", [(30, 8)], 3, worth=5.0),
    ]
    assert [label.index for label in place_labels(wanted, scene, 9)] == [1, 2]


def test_a_label_without_room_beside_its_point_is_joined_to_it() -> None:
    around = [(50 + 9 * math.cos(angle), 50 + 9 * math.sin(angle), 2.0) for angle in np.arange(0, 6.2, 0.9)]
    scene = Scene(200, 100, np.array([(50.0, 50.0, 2.0), *around]))
    (label,) = place_labels([Wanted("A100", [(50, 50)], 2)], scene, 10)
    assert label.leader is not None
    assert math.hypot(label.leader[0] - 50, label.leader[1] - 50) == pytest.approx(2)


def test_every_label_that_the_table_lists_is_of_a_row() -> None:
    tables = ["peak_flops", "dram_bandwidth", "interconnect_bandwidth", "training_compute", "model_size"]
    names = {name for table in tables for name in load_table(table)["name"]}
    listed = load_labels()
    assert set(listed["name"]) <= names
    assert not listed["label"].duplicated().any()
    assert {"H100", "B200", "MI300X", "TPU v4", "A100", "V100", "Pentium II Xeon"} <= set(listed["label"])


def test_the_best_known_are_labelled_not_the_records() -> None:
    labelled = label_known(load_table("peak_flops"), 2)
    assert sorted(label for label in labelled["label"] if label) == ["A100", "H100"]
