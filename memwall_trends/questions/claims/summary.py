"""What the readings of a claim come to, in a sentence built from their verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.questions.claims.judging import AGREES, DIFFERS, INCONCLUSIVE
from memwall_trends.units import format_number

if TYPE_CHECKING:
    from collections.abc import Iterable

SAYS = {AGREES: "agrees for", INCONCLUSIVE: "inconclusive for", DIFFERS: "differs for"}


def summarise_claim(printed: str, readings: Iterable[dict[str, Any]], window: str = "today") -> str:
    """Return in a sentence with which readings a printed rate agrees, and from which it differs.

    Parameters
    ----------
    printed : str
        The printed rate, as a reader writes it.
    readings : iterable of dict
        Records of `memwall_trends.questions.claims.readings.read_claim`.
    window : str
        The window of the readings that count.

    Examples
    --------
    >>> readings = [
    ...     {"reading": "leading edge", "window": "today", "rate": 2.9, "verdict": "agrees"},
    ...     {"reading": "typical", "window": "today", "rate": 2.6, "verdict": "inconclusive"},
    ...     {"reading": "within a class", "window": "today", "rate": 2.2, "verdict": "differs"},
    ... ]
    >>> print(summarise_claim("3.0x", readings[:2]))
    3.0x: agrees for leading edge (2.90x); inconclusive for typical (2.60x)
    """
    counted = [record for record in readings if record["window"] == window and record["rate"] > 0]
    parts = []
    for verdict, says in SAYS.items():
        named = [
            f"{record['reading']} ({format_number(record['rate'], 3)}x)"
            for record in counted
            if record["verdict"] == verdict
        ]
        if named:
            parts.append(f"{says} {', '.join(named)}")
    return f"{printed}: {'; '.join(parts) or 'no reading has enough devices'}"
