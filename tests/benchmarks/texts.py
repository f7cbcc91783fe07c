"""The rate of a long CSV against reading it with pandas."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.observations import make_observations
from tests.benchmarks.pairs import Comparison, run_in_turn
from tests.benchmarks.sizes import Size, ours, python

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAINST = "pandas.read_csv"


def measure(size: Size) -> Iterator[Comparison]:
    """Yield ``rate`` of each number of rows against reading them."""
    with tempfile.TemporaryDirectory() as folder:
        for rows in size.csv_rows:
            path = Path(folder) / "observations.csv"
            make_observations(rows).to_csv(path, index=False)
            read = f"import pandas; pandas.read_csv({str(path)!r}, parse_dates=['date'])"
            taken = run_in_turn({"rate": ours("rate", str(path)), AGAINST: python(read)}, size.runs)
            if "rate" in taken:
                yield Comparison("rate FILE.csv", AGAINST, taken["rate"], taken[AGAINST], rows)
