"""All figures as SVG against as many bare charts of Altair of the same size."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.pairs import Comparison, run_in_turn
from tests.benchmarks.sizes import Size, ours, python

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME = ("hw-scaling", "machine-balance", "memory-breakdown")
POINTS = 400
BARE = """
import altair as alt, numpy as np, pandas as pd
for number in range({figures}):
    x = np.linspace(1995, 2026, {points})
    frame = pd.DataFrame(dict(x=x, y=10 ** (x - 1995), kind=np.arange({points}) % 5))
    points = alt.Chart(frame).mark_point().encode(
        x="x:Q", y=alt.Y("y:Q", scale=alt.Scale(type="log")), color="kind:N"
    )
    (points + points.mark_line()).properties(width=720, height=440).save(f"{folder}/{{number}}.svg")
"""


def measure(size: Size) -> Iterator[Comparison]:
    """Yield the figures against the charts."""
    from memwall_trends.figures import FIGURES

    names = tuple(FIGURES) if size.long else SOME
    with tempfile.TemporaryDirectory() as folder:
        drawn = ours("figures", *names, "--out", str(Path(folder) / "ours"))
        bare = python(BARE.format(figures=len(names), points=POINTS, folder=folder))
        taken = run_in_turn({"ours": drawn, "bare": bare}, min(size.runs, 3))
    if "ours" in taken:
        against = f"{len(names)} bare charts of Altair"
        yield Comparison(f"{len(names)} figures as SVG", against, taken["ours"], taken["bare"])
