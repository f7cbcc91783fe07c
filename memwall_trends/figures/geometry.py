"""Distances between points, segments and boxes, in a plane of pixels; many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Box: TypeAlias = Sequence[float] | Floats
    """``left, top, right, bottom``"""

TINY = 1e-9
SEEN = 0.1
"""Pixels by which a line may be off."""


def overlaps(box: Box, other: Box, apart: float = 0.0) -> bool:
    """Return whether two boxes overlap, or are closer than some pixels.

    Examples
    --------
    >>> overlaps((0, 0, 10, 10), (12, 0, 20, 10)), overlaps((0, 0, 10, 10), (12, 0, 20, 10), apart=3)
    (False, True)
    """
    return bool(
        box[0] - apart < other[2]
        and other[0] - apart < box[2]
        and box[1] - apart < other[3]
        and other[1] - apart < box[3]
    )


def overlap_each_other(boxes: Floats, apart: float) -> NDArray[np.bool_]:
    """Return which of boxes overlap which, or are closer than some pixels.

    Examples
    --------
    >>> overlap_each_other(np.array([[0.0, 0, 10, 10], [12, 0, 20, 10]]), 1).tolist()
    [[True, False], [False, True]]
    """
    over = np.asarray((boxes[:, None, :2] - apart < boxes[:, 2:]).all(axis=2), dtype=np.bool_)
    return over & over.T


def grown(box: Box, by: float) -> tuple[float, float, float, float]:
    """Return a box with some pixels more on each side.

    Examples
    --------
    >>> grown((0, 0, 10, 10), 2)
    (-2.0, -2.0, 12.0, 12.0)
    """
    return float(box[0] - by), float(box[1] - by), float(box[2] + by), float(box[3] + by)


def nearest_in_box(point: Sequence[float], box: Box) -> Floats:
    """Return the place of a box that is nearest to a point.

    Examples
    --------
    >>> nearest_in_box((0, 5), (10, 0, 20, 8)).tolist()
    [10.0, 5.0]
    """
    return np.clip(np.asarray(point, dtype=np.float64), box[:2], box[2:])


def distance_to_boxes(points: Floats, boxes: Floats) -> Floats:
    """Return the distance of each of m boxes to each of n points, of shape (m, n); 0 inside.

    Examples
    --------
    >>> distance_to_boxes(np.array([[0.0, 5.0], [11, 1]]), np.array([[10.0, 0, 20, 8]])).tolist()
    [[10.0, 0.0]]
    """
    low = boxes[:, None, :2] - points
    high = points - boxes[:, None, 2:]
    outside = np.maximum(np.maximum(low, high), 0)
    distances: Floats = np.hypot(outside[..., 0], outside[..., 1])
    return distances


def box_segment_distances(boxes: Floats, segments: Floats) -> Floats:
    """Return the distance of each of m boxes to each of n segments, of shape (m, n); 0 where they meet.

    Examples
    --------
    >>> segments = np.array([[0.0, 10, 30, 10], [0, 4, 30, 4]])
    >>> box_segment_distances(np.array([[10.0, 0, 20, 8]]), segments).tolist()
    [[2.0, 0.0]]
    """
    ends = np.minimum(distance_to_boxes(segments[:, :2], boxes), distance_to_boxes(segments[:, 2:], boxes))
    corners = boxes[:, [[0, 1], [0, 3], [2, 1], [2, 3]]]
    to_corners = _point_segment_distances(corners.reshape(-1, 2), segments)
    nearest = to_corners.reshape(len(boxes), 4, len(segments)).min(axis=1)
    return np.where(_meets(boxes, segments), 0.0, np.minimum(ends, nearest))


def crosses(segment: Sequence[float], box: Box) -> bool:
    """Return whether a segment meets a box.

    Examples
    --------
    >>> crosses((0, 4, 30, 4), (10, 0, 20, 8)), crosses((0, 9, 30, 9), (10, 0, 20, 8))
    (True, False)
    """
    return bool(_meets(np.array([box], dtype=np.float64), np.array([segment], dtype=np.float64))[0, 0])


def segment_distances(segments: ArrayLike, others: ArrayLike) -> Floats:
    """Return the distance of each of m segments to each of n others, of shape (m, n); 0 where they cross.

    Examples
    --------
    >>> segment_distances([(0, 0, 10, 0)], [(0, 3, 10, 3), (5, -5, 5, 5)]).tolist()
    [[3.0, 0.0]]
    """
    one = np.asarray(segments, dtype=np.float64).reshape(-1, 4)
    many = np.asarray(others, dtype=np.float64).reshape(-1, 4)
    nearest = np.minimum(
        _point_segment_distances(one.reshape(-1, 2), many).reshape(len(one), 2, len(many)).min(axis=1),
        _point_segment_distances(many.reshape(-1, 2), one).reshape(len(many), 2, len(one)).min(axis=1).T,
    )
    return np.where(_cross(one, many), 0.0, nearest)


def straightened(line: Floats) -> Floats:
    """Return a line without the corners at which it bends by less than can be seen.

    Examples
    --------
    >>> straightened(np.array([[0.0, 0], [1, 1], [2, 2], [3, 0]])).tolist()
    [[0.0, 0.0], [2.0, 2.0], [3.0, 0.0]]
    """
    kept, waiting = [line[0]], []
    for corner, following in zip(line[1:], [*line[2:], None], strict=True):
        waiting.append(corner)
        if following is None:
            kept.append(corner)
            break
        ahead = np.array([[*kept[-1], *following]])
        if _point_segment_distances(np.array(waiting), ahead).max() > SEEN:
            kept.append(corner)
            waiting = []
    return np.array(kept)


def _point_segment_distances(points: Floats, segments: Floats) -> Floats:
    begin, along = segments[:, :2], segments[:, 2:] - segments[:, :2]
    away = points[:, None, :] - begin
    length = np.maximum((along**2).sum(axis=1), TINY)
    share = np.clip((away * along).sum(axis=2) / length, 0, 1)
    rest = away - share[..., None] * along
    distances: Floats = np.hypot(rest[..., 0], rest[..., 1])
    return distances


def _meets(boxes: Floats, segments: Floats) -> NDArray[np.bool_]:
    """Return which segments meet which boxes: the part of a segment within both slabs is not empty."""
    begin, along = segments[:, :2], segments[:, 2:] - segments[:, :2]
    safe = np.where(np.abs(along) < TINY, TINY, along)
    first = (boxes[:, None, :2] - begin) / safe
    last = (boxes[:, None, 2:] - begin) / safe
    enters = np.minimum(first, last).max(axis=2)
    leaves = np.maximum(first, last).min(axis=2)
    meets: NDArray[np.bool_] = (enters <= leaves) & (leaves >= 0) & (enters <= 1)
    return meets


def _cross(one: Floats, many: Floats) -> NDArray[np.bool_]:
    """Return which segments cross which: the ends of each lie on both sides of the other."""
    a, b = one[:, None, :2], one[:, None, 2:]
    c, d = many[:, :2], many[:, 2:]
    ends_apart: NDArray[np.bool_] = _side(a, b, c) * _side(a, b, d) < 0
    return ends_apart & (_side(c, d, a) * _side(c, d, b) < 0)


def _side(begin: Floats, end: Floats, point: Floats) -> Floats:
    along, away = end - begin, point - begin
    turned: Floats = along[..., 0] * away[..., 1] - along[..., 1] * away[..., 0]
    return turned
