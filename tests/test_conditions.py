from __future__ import annotations

import pandas as pd
import pytest

from memwall_trends.datasets.conditions import filter_rows, resolve_where
from memwall_trends.errors import TooFewObservations
from memwall_trends.selection import select

FRAME = pd.DataFrame({"memory": ["HBM2", "HBM3e", "GDDR6", "hbm"], "lanes": [1, 2, 3, 4]})


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ({"memory": "HBM*"}, [1, 2, 4]),
        ({"memory": "HBM?"}, [1]),
        ({"memory": ["HBM?", "gddr6"]}, [1, 3]),
        ({"memory!": "HBM*"}, [3]),
        ({"memory": "HBM[23]*"}, [1, 2]),
    ],
)
def test_a_pattern_matches_whole_cells_in_capitals_or_not(where: dict[str, str], left: list[int]) -> None:
    assert filter_rows(FRAME, where=where)["lanes"].tolist() == left


def test_a_pattern_that_matches_nothing_says_what_there_is() -> None:
    with pytest.raises(TooFewObservations, match=r"memory=DDR\*; .*known: HBM2, HBM3e"):
        filter_rows(FRAME, where={"memory": "DDR*"})


def test_what_is_there_as_written_is_taken_as_written() -> None:
    assert resolve_where(FRAME, {"memory": ["hbm", "hbm3E"]}) == {"memory": ["hbm", "HBM3e"]}


def test_hbm_since_2016_is_one_condition() -> None:
    rows = select("dram_bandwidth", since=2016, where={"memory": "HBM*"}).observations
    assert {"HBM2", "HBM3e"} <= set(rows["memory"])
    assert rows["memory"].str.startswith("HBM").all()
