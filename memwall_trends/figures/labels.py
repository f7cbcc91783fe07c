"""Which points have a direct label, and where labels go, so that none covers another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.datasets.rates import select_frontier

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

CHARACTER_WIDTH, LINE_HEIGHT = 0.58, 1.2
"""Of a label, in font sizes; on the wide side."""
NEAR, FAR = 0.75, 1.7
"""How far from its point a label may stand, in font sizes."""
PLACES = tuple(
    (dx * distance, dy * distance, align)
    for distance in (NEAR, FAR)
    for dx, dy, align in (
        (1.0, 0.0, "left"),
        (-1.0, 0.0, "right"),
        (0.0, -1.3, "center"),
        (0.0, 1.3, "center"),
        (0.7, -1.0, "left"),
        (-0.7, -1.0, "right"),
        (0.7, 1.0, "left"),
        (-0.7, 1.0, "right"),
    )
)


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
    """

    index: int
    x: float
    y: float
    align: str


def label_records(rows: pd.DataFrame, most: int, record: str = "high") -> pd.DataFrame:
    """Return rows with a ``label`` for some that set records; it is left out where points are dense.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> labelled = label_records(load_table("dram_bandwidth", "gholami2024"), most=3)
    >>> [label for label in labelled["label"] if label]
    ['ATI Radeon HD 4870', 'NVIDIA Tesla V100 PCIe 16GB', 'NVIDIA H100 PCIe 80GB']
    """
    records = select_frontier(rows, record).sort_values("value", ascending=record == "low")
    chosen = records.iloc[:: max(1, -(-len(records) // most))]
    return rows.assign(label=rows["name"].where(rows.index.isin(chosen.index), ""), label_is_free=True)


def place_labels(
    texts: Sequence[str],
    at: NDArray[np.float64],
    *,
    obstacles: NDArray[np.float64],
    width: float,
    height: float,
    font_size: float,
    most_covered: Sequence[float],
    reserved: Sequence[tuple[float, float, float, float]] = (),
) -> list[Placed]:
    """Return where labels go: beside their points, within the plot, and none over another.

    Parameters
    ----------
    texts : sequence of str
        In the order in which they choose; one that finds no room is left out.
    at : ndarray of float, shape (n, 2)
        The points that they label, in pixels from the top left.
    obstacles : ndarray of float, shape (m, 2)
        Points and lines that a label should not cover if it can be helped.
    width, height : float
        Of the plot.
    font_size : float
        In pixels.
    most_covered : sequence of float
        For each label, how many obstacles it may cover; if it would cover more, it is left out.
    reserved : sequence of (left, top, right, bottom)
        Where no label may stand.

    Examples
    --------
    >>> at = np.array([[50.0, 50.0], [50.0, 52.0]])
    >>> placed = place_labels(["one", "two"], at, obstacles=at, width=100, height=100, font_size=10,
    ...                       most_covered=[2, 2])
    >>> [label.align for label in placed]
    ['left', 'right']
    """
    taken = [np.asarray(box) for box in reserved]
    placed = []
    for index, text in enumerate(texts):
        best: tuple[float, Placed, NDArray[np.float64]] | None = None
        for rank, (dx, dy, align) in enumerate(PLACES):
            label = Placed(index, at[index, 0] + dx * font_size, at[index, 1] + dy * font_size, align)
            box = _box(label, text, font_size)
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height
            if not inside or any(_overlap(box, other) for other in taken):
                continue
            cost = _covered(box, obstacles) + rank / len(PLACES)
            if cost < most_covered[index] + 1 and (best is None or cost < best[0]):
                best = cost, label, box
        if best is not None:
            placed.append(best[1])
            taken.append(best[2])
    return placed


def _box(label: Placed, text: str, font_size: float) -> NDArray[np.float64]:
    width, half = CHARACTER_WIDTH * font_size * len(text), LINE_HEIGHT * font_size / 2
    left = label.x - {"left": 0.0, "center": 0.5, "right": 1.0}[label.align] * width
    return np.array([left, label.y - half, left + width, label.y + half])


def _overlap(box: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return bool((box[:2] < other[2:]).all() and (other[:2] < box[2:]).all())


def _covered(box: NDArray[np.float64], obstacles: NDArray[np.float64]) -> int:
    return int(((obstacles > box[:2] - 2) & (obstacles < box[2:] + 2)).all(axis=1).sum())
