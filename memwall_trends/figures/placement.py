"""Where labels go: beside what they name or joined to it, and over nothing that is drawn.

Judged first: Vega's `label` transform cannot be asked for in Vega-Lite, which is what a figure is here, and
joins no label to its point; adjustText and textalloc place what matplotlib draws. None asks whether a label
is nearer to another point than to its own. So the places of each label are found here, and HiGHS, by way of
scipy, chooses among them: an integer program of as many labels as possible in the best places that do not
collide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.figures.geometry import (
    box_segment_distances,
    crosses,
    distance_to_boxes,
    grown,
    nearest_in_box,
    overlap_each_other,
    overlaps,
    segment_distances,
    straightened,
)
from memwall_trends.figures.lettering import text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from memwall_trends.figures.geometry import Floats

GAP = 3.0
"""Pixels between what is named and a label beside it."""
CLEAR = 1.5
"""Pixels that a label keeps from all else that is drawn."""
NEARER = 1.0
"""Pixels by which it is nearer to what it names than to all else, if no leader joins them."""
TALL = 0.95
"""Height of the letters of a label, in font sizes."""
REACHES, ANGLES = (0.6, 1.2, 2.0, 3.0, 4.2, 5.6, 7.5, 10.0), 24
"""How long leaders may be, in font sizes, and in how many directions they may go."""
LEADER, CROSSED, BACK = 3.0, 4.0, 0.15
"""What a leader costs beside its length in font sizes, a line that it crosses, and a step back on a line."""
JOINED_FROM = 4
"""Places on a line, of those it is wanted at, from which a leader may go."""
MOST_PLACES = 40
"""Of a label, the best, that are considered."""
HALF = 0.5
TOUCH = 0.5
"""Pixels within which two things are at one place."""
SLANT = 0.3
"""A label in a direction that goes less to the side than this stands above or below, its middle there."""
SIDES = (
    *((1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0)),
    *((0.7, -0.7), (-0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)),
)
"""The directions in which a label may stand beside a point, the best first; up is negative."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """A label that is wanted.

    Attributes
    ----------
    text : str
    at : sequence of (x, y)
        Where what it names is, in pixels from the top left of the plot: a point, or places on a line, the
        best first.
    radius : float
        Of the point, in pixels.
    series : str
        Whose points or line it names; a label may be near to a line of its own series.
    of_line : bool
        Whether it names the line, and not a point.
    bold : bool
    colour : str
    about : str
        What a reader who does not see it is told that it is.
    worth : float
        What it costs to leave it out; a place beside a point costs less than 1, one joined to it 4 or more.
    """

    text: str
    at: Sequence[tuple[float, float]]
    radius: float = 0.0
    series: str = ""
    of_line: bool = False
    bold: bool = False
    colour: str = "#1a1a1a"
    about: str = ""
    worth: float = 100.0


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn, which labels keep clear of.

    Attributes
    ----------
    width, height : float
        Of the plot, in pixels.
    points : ndarray of float, shape (n, 3)
        ``x, y, radius``, from the top left.
    point_series : sequence of str
    lines : sequence of (str, ndarray of shape (k, 2))
        The series of each line and its corners.
    reserved : sequence of (left, top, right, bottom)
        Where no label may stand.
    """

    width: float
    height: float
    points: Floats
    point_series: Sequence[str] = ()
    lines: Sequence[tuple[str, Floats]] = ()
    reserved: Sequence[tuple[float, float, float, float]] = ()

    @cached_property
    def segments(self) -> Floats:
        """The lines as segments ``x, y, x2, y2``."""
        parts = [(*begin, *end) for _, corners in self._bent for begin, end in pairwise(corners)]
        return np.array(parts, dtype=np.float64).reshape(-1, 4)

    @cached_property
    def segment_series(self) -> np.ndarray:
        """The series of each of the segments."""
        return np.array([series for series, corners in self._bent for _ in corners[1:]], dtype=object)

    @cached_property
    def _bent(self) -> list[tuple[str, Floats]]:
        """The lines without the corners at which they do not bend."""
        return [(series, straightened(line)) for series, line in self.lines]


@dataclass(frozen=True)
class Placed:
    """A label and where it stands.

    Attributes
    ----------
    index : int
        Which of the labels it is.
    x, y : float
        Pixels from the top left of the plot, of the label's middle line.
    align : str
        Which end of the label `x` is: ``left``, ``center`` or ``right``.
    leader : (x, y, x2, y2), optional
        The line from what it names to the label.
    cost : float
        How far it is from the best place.
    """

    index: int
    x: float
    y: float
    align: str
    leader: tuple[float, float, float, float] | None = None
    cost: float = 0.0
    box: tuple[float, float, float, float] = field(default=(0.0, 0.0, 0.0, 0.0), repr=False)


def place_labels(wanted: Sequence[Wanted], scene: Scene, font_size: float) -> list[Placed]:
    """Return where labels go: near to what they name or joined to it, and over nothing.

    Parameters
    ----------
    wanted : sequence of Wanted
        One that finds no room is left out.
    scene : Scene
    font_size : float
        In pixels.

    Examples
    --------
    >>> scene = Scene(100, 100, np.array([[50.0, 50.0, 3.0], [50.0, 62.0, 3.0]]))
    >>> wanted = [Wanted("one", [(50, 50)], 3), Wanted("two", [(50, 62)], 3)]
    >>> [(label.align, label.y) for label in place_labels(wanted, scene, 10)]
    [('left', 50.0), ('left', 62.0)]
    """
    places = [
        label
        for index, each in enumerate(wanted)
        for label in _find_places(index, each, scene, font_size)[:MOST_PLACES]
    ]
    if not places:
        return []
    return _choose(places, np.array([wanted[label.index].worth for label in places]))


def _choose(places: Sequence[Placed], worths: Floats) -> list[Placed]:
    """Return one place at most for each label, none in the way of another, at the least cost."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    labels = np.array([place.index for place in places])
    collide = _find_collisions(places) & (labels[:, None] < labels)
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for place, others in enumerate(collide):
        # One inequality for all places of another label is far tighter than one for each.
        groups += [
            np.append(place, np.flatnonzero(others & (labels == label)))
            for label in np.unique(labels[others])
        ]
    rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    at_most_one = csr_array((np.ones(len(rows)), (rows, np.concatenate(groups))))
    found = milp(
        np.array([place.cost for place in places]) - worths,
        constraints=LinearConstraint(at_most_one, ub=1),
        integrality=np.ones(len(places), dtype=np.int64),
        bounds=Bounds(0, 1),
        # To the end: what is best must not depend on when a solver stops.
        options={"mip_rel_gap": 0},
    )
    chosen = np.zeros(len(places)) if found.x is None else found.x
    return [place for place, share in zip(places, chosen, strict=True) if share > HALF]


def _find_collisions(places: Sequence[Placed]) -> NDArray[np.bool_]:
    """Return which places are in the way of which: labels over labels or leaders, leaders over leaders."""
    boxes = np.array([place.box for place in places])
    collide = overlap_each_other(boxes, CLEAR)
    joined = np.array([place.leader is not None for place in places])
    leaders = np.array([place.leader for place in places if place.leader is not None]).reshape(-1, 4)
    if len(leaders):
        near = box_segment_distances(boxes, leaders) < CLEAR
        collide[:, joined] |= near
        collide[joined] |= near.T
        collide[np.ix_(joined, joined)] |= segment_distances(leaders, leaders) < CLEAR
    return collide


def _find_places(index: int, wanted: Wanted, scene: Scene, font_size: float) -> list[Placed]:
    """Return all places of a label in which it is over nothing and is seen to belong, the best first."""
    width = text_width(wanted.text, font_size, bold=wanted.bold)
    options = []
    for step, (x, y) in enumerate(wanted.at):
        near = _NearTo(wanted, (x, y), scene, font_size, width)
        options += near.find(index, cost=BACK * step, joined=step < JOINED_FROM)
    return sorted(options, key=lambda label: label.cost)


@dataclass(frozen=True, eq=False)
class _NearTo:
    """One place that a label may name, and what is drawn around it."""

    wanted: Wanted
    at: tuple[float, float]
    scene: Scene
    font_size: float
    width: float

    def find(self, index: int, *, cost: float, joined: bool) -> list[Placed]:
        """Return the places that are clear, dearer by a cost; with those that a leader joins, if wanted."""
        beside = [(dx, dy, 0.0, 0.1 * rank) for rank, (dx, dy) in enumerate(SIDES)]
        angles = np.arange(ANGLES) * 2 * np.pi / ANGLES
        leading = [
            # What is equal otherwise is not, so that there is one best choice.
            (np.cos(angle), np.sin(angle), reach * self.font_size, LEADER + reach + 0.01 * rank)
            for reach in REACHES
            for rank, angle in enumerate(angles)
        ]
        moves = [*beside, *(leading if joined else [])]
        boxes = np.array([self._box(dx, dy, further) for dx, dy, further, _ in moves])
        clear = self._is_clear(boxes)
        found = []
        for (dx, _, further, own), box, room in zip(
            np.array(moves)[clear], boxes[clear], self._room(boxes[clear]), strict=True
        ):
            leader, crossed = None, 0
            if further:
                leader = self._leader(box)
                crossed = self._count_crossed(leader)
            if (room < NEARER and not further) or crossed < 0:
                continue
            align = _align(dx)
            x = {"left": box[0], "center": (box[0] + box[2]) / 2, "right": box[2]}[align]
            spent = float(cost + own + CROSSED * crossed)
            middle = float(box[1] + box[3]) / 2
            found.append(Placed(index, float(x), middle, align, leader, spent, grown(box, 0.0)))
        return found

    def _box(self, dx: float, dy: float, further: float) -> tuple[float, float, float, float]:
        """Return the box of a label in a direction."""
        x, y = self.at
        distance = self.wanted.radius + GAP + further
        tall = TALL * self.font_size
        middle = y + dy * (distance + tall / 2)
        left = x + dx * distance - {"left": 0.0, "center": 0.5, "right": 1.0}[_align(dx)] * self.width
        return left, middle - tall / 2, left + self.width, middle + tall / 2

    def _is_clear(self, boxes: Floats) -> np.ndarray:
        """Return which boxes are in the plot and over nothing."""
        scene = self.scene
        inside = (boxes[:, :2] >= CLEAR).all(axis=1)
        inside &= (boxes[:, 2] <= scene.width - CLEAR) & (boxes[:, 3] <= scene.height - CLEAR)
        for taken in scene.reserved:
            inside &= np.array([not overlaps(box, taken, CLEAR) for box in boxes])
        if len(scene.points):
            gaps = distance_to_boxes(scene.points[:, :2], boxes) - scene.points[:, 2]
            inside &= gaps.min(axis=1) >= CLEAR
        if len(scene.segments):
            inside &= box_segment_distances(boxes, scene.segments).min(axis=1) >= CLEAR
        return inside

    def _room(self, boxes: Floats) -> Floats:
        """Return by how much boxes are nearer to what they name than to what they do not."""
        scene, wanted = self.scene, self.wanted
        own = distance_to_boxes(np.array([self.at]), boxes)[:, 0] - wanted.radius
        if wanted.of_line and len(scene.segments):
            mine = scene.segment_series == wanted.series
            own = box_segment_distances(boxes, scene.segments[mine]).min(axis=1, initial=np.inf)
        other = np.full(len(boxes), np.inf)
        if len(scene.points):
            strange = ~self._is_own_point()
            gaps = distance_to_boxes(scene.points[strange, :2], boxes) - scene.points[strange, 2]
            other = np.minimum(other, gaps.min(axis=1, initial=np.inf))
        if len(scene.segments):
            strange = scene.segment_series != wanted.series
            gaps = box_segment_distances(boxes, scene.segments[strange])
            other = np.minimum(other, gaps.min(axis=1, initial=np.inf))
        return other - own

    def _is_own_point(self) -> NDArray[np.bool_]:
        points = self.scene.points
        if self.wanted.of_line:
            return np.array(
                [series == self.wanted.series for series in self.scene.point_series], dtype=np.bool_
            )
        return np.asarray((np.abs(points[:, :2] - self.at) < TOUCH).all(axis=1), dtype=np.bool_)

    def _leader(self, box: Floats) -> tuple[float, float, float, float]:
        """Return the line from the edge of what is named to just before a box."""
        begin, end = np.array(self.at), nearest_in_box(self.at, grown(box, 1.0))
        length = float(np.hypot(*(end - begin)))
        begin = begin + (end - begin) * min(1.0, self.wanted.radius / length)
        return float(begin[0]), float(begin[1]), float(end[0]), float(end[1])

    def _count_crossed(self, leader: tuple[float, float, float, float]) -> int:
        """Return how many lines a leader crosses; -1 where it passes over a point or the legend."""
        scene = self.scene
        if len(scene.points):
            strange = scene.points[~self._is_own_point()]
            passed = segment_distances([leader], strange[:, [0, 1, 0, 1]])[0] - strange[:, 2]
            if passed.min(initial=np.inf) < TOUCH:
                return -1
        if any(crosses(leader, box) for box in scene.reserved):
            return -1
        if not len(scene.segments):
            return 0
        # Where it begins is on its own line.
        touched = segment_distances([leader], scene.segments)[0] < TOUCH
        if self.wanted.of_line:
            touched &= scene.segment_series != self.wanted.series
        return len(set(scene.segment_series[touched]))


def _align(dx: float) -> str:
    return "left" if dx > SLANT else "right" if dx < -SLANT else "center"
