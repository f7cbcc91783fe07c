from __future__ import annotations

import math
from typing import Any

import pytest

from memwall_trends.questions.claims import AGREES, DIFFERS, INCONCLUSIVE, VERDICTS, summarise_claim
from memwall_trends.questions.claims.summary import SAYS


def record(reading: str, rate: float, verdict: str, window: str = "today") -> dict[str, Any]:
    return {"reading": reading, "window": window, "rate": rate, "verdict": verdict}


READINGS = [
    record("within a class", 2.191, DIFFERS),
    record("leading edge", 2.985, AGREES),
    record("typical", 2.659, INCONCLUSIVE),
    record("consumer", 1.912, DIFFERS),
    record("leading edge", 3.07, INCONCLUSIVE, "paper"),
]


def test_a_sentence_names_each_reading_by_its_verdict() -> None:
    assert summarise_claim("3.0x", READINGS) == (
        "3.0x: agrees for leading edge (2.98x); inconclusive for typical (2.66x); "
        "differs for within a class (2.19x), consumer (1.91x)"
    )


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_sentence_says_no_verdict_that_no_reading_has(verdict: str) -> None:
    said = summarise_claim("3.0x", [each for each in READINGS if each["verdict"] != verdict])
    assert SAYS[verdict] not in said
    assert all(SAYS[other] in said for other in VERDICTS if other != verdict)


def test_a_sentence_is_of_one_window() -> None:
    assert summarise_claim("3.0x", READINGS, "paper") == "3.0x: inconclusive for leading edge (3.07x)"


def test_readings_without_a_rate_are_not_told() -> None:
    nothing = record("typical", math.nan, INCONCLUSIVE)
    assert summarise_claim("2x", [nothing]) == "2x: no reading has enough devices"
    assert "typical" not in summarise_claim("2x", [nothing, READINGS[1]])
    assert summarise_claim("2x", []) == "2x: no reading has enough devices"
