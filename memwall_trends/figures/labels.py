"""Labels of points and lines: which points have one, and how they are drawn once they have their places."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from memwall_trends.datasets.rates import select_frontier
from memwall_trends.figures.placement import place_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memwall_trends.figures.placement import Placed, Scene, Wanted

LEADER_WIDTH = 0.75


def load_labels() -> pd.DataFrame:
    """Return what people know, the best known first: ``name`` in the tables, and the ``label`` of its point.

    Examples
    --------
    >>> load_labels()["label"].head(3).tolist()
    ['H100', 'A100', 'V100']
    """
    with resources.files("memwall_trends.figures").joinpath("labels.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def label_known(rows: pd.DataFrame, most: int, record: str = "high") -> pd.DataFrame:
    """Return rows with a ``label`` for some of them; it is left out where it finds no room.

    Parameters
    ----------
    rows : DataFrame
        ``name, date, value``, with an index of its own for each.
    most : int
        How many are labelled: the best known of those that `load_labels` lists, but of rows of which it
        lists none, as a user's, those that set records.
    record : str
        As in `memwall_trends.datasets.rates.select_frontier`.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> labelled = label_known(load_table("dram_bandwidth"), most=3)
    >>> [label for label in labelled["label"] if label]
    ['V100', 'A100', 'H100']
    >>> mine = load_table("dram_bandwidth", "gholami2024").assign(name=lambda rows: "my " + rows["name"])
    >>> [label for label in label_known(mine, most=3)["label"] if label]
    ['my ATI Radeon HD 4870', 'my NVIDIA Tesla V100 PCIe 16GB', 'my NVIDIA H100 PCIe 80GB']
    """
    known = _find_known(rows, most)
    labels = known if len(known) else _find_records(rows, most, record)
    return rows.assign(label=labels.reindex(rows.index, fill_value=""), label_is_free=True)


def draw_labels(
    wanted: Sequence[Wanted],
    scene: Scene,
    font_size: float,
    *,
    x: alt.X,
    y: alt.Y,
    back: Callable[[float, float], tuple[Any, Any]],
) -> list[alt.Chart]:
    """Return the labels that find room, in a chart for each look, and the thin lines that join some.

    Parameters
    ----------
    wanted, scene, font_size
        As of `memwall_trends.figures.placement.place_labels`.
    x, y : altair.X, altair.Y
        The axes of the plot.
    back : callable
        From a pixel to what lies there on the two axes.

    Examples
    --------
    >>> import numpy as np
    >>> from memwall_trends.figures.placement import Scene, Wanted
    >>> scene = Scene(100, 100, np.array([[50.0, 50.0, 3.0]]))
    >>> x, y = (alt.X("x:Q"), alt.Y("y:Q"))
    >>> wanted = [Wanted("A100", [(50, 50)], 3)]
    >>> [chart.mark.align for chart in draw_labels(wanted, scene, 10, x=x, y=y, back=lambda x, y: (x, y))]
    ['left']
    """
    looks: dict[tuple[str, str, bool], list[Placed]] = {}
    for label in place_labels(wanted, scene, font_size):
        asked = wanted[label.index]
        looks.setdefault((asked.colour, label.align, asked.bold), []).append(label)
    charts = []
    fields = [str(axis["shorthand"]).partition(":") for axis in (x, y)]
    (across, _, kind), (up, _, _) = fields
    for (colour, align, bold), labels in sorted(looks.items()):
        texts = [
            {
                **dict(zip((across, up), back(label.x, label.y), strict=True)),
                "text": wanted[label.index].text,
                "about": wanted[label.index].about,
            }
            for label in labels
        ]
        joined = [
            {
                **dict(zip((across, up), back(*label.leader[:2]), strict=True)),
                **dict(zip(("x2", "y2"), back(*label.leader[2:]), strict=True)),
                "about": wanted[label.index].about,
            }
            for label in labels
            if label.leader
        ]
        if joined:
            rule = alt.Chart(pd.DataFrame(joined)).mark_rule(strokeWidth=LEADER_WIDTH, color=colour)
            charts.append(rule.encode(x=x, y=y, x2=f"x2:{kind}", y2="y2:Q", description="about:N"))
        look: dict[str, Any] = {"align": align, **({"fontWeight": "bold"} if bold else {})}
        text = alt.Chart(pd.DataFrame(texts)).mark_text(
            color=colour, fontSize=font_size, baseline="middle", **look
        )
        charts.append(text.encode(x=x, y=y, text="text:N", description="about:N"))
    return charts


def _find_known(rows: pd.DataFrame, most: int) -> pd.Series:
    """Return the labels of the best known, by the index of their rows."""
    listed = load_labels()
    # A device that is there more than once is labelled at its highest.
    once = rows.sort_values("value", ascending=False, kind="stable").drop_duplicates("name")
    indices = dict(zip(once["name"].astype("str"), once.index, strict=True))
    chosen = listed[listed["name"].isin(list(indices))].head(most)
    return chosen.set_axis(chosen["name"].map(indices))["label"]


def _find_records(rows: pd.DataFrame, most: int, record: str) -> pd.Series:
    records = select_frontier(rows, record).sort_values("value", ascending=record == "low")
    return records.iloc[:: max(1, -(-len(records) // most))]["name"]
