from __future__ import annotations

import pytest

from tests.simulate_default import Case, list_cases, simulate

RUNS = 120
FEWEST = 0.87
"""Four standard errors of 120 runs below 95 % would be 87 %: what holds less often does not hold."""


@pytest.mark.slow
@pytest.mark.parametrize("case", list_cases(), ids=lambda case: case.name)
def test_the_default_interval_holds_the_slope_as_often_as_it_says(case: Case) -> None:
    assert simulate(case, RUNS, seed=11).covered > FEWEST
