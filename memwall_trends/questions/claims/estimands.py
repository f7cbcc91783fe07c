"""What a claim counts as one observation, as a choice of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memwall_trends.selection import Choose

UNIT_CHOICES: dict[str, Choose] = {
    "record": {"frontier": True},
    "top-ten": {"frontier": True},
    "best-of-year": {"best_of": "year"},
    "architecture": {"one_per": "architecture", "take": "median"},
}
"""The choices that stand for a unit; where there are none, each row counts. No choice takes the ten largest
of a time: the largest are the nearest."""
FIRST_OF_MEMORY: Choose = {"one_per": "memory", "take": "first"}
"""A generation of DRAM is the first device that has it; of links each row is a generation."""


def unit_choices(claim: dict[str, Any]) -> Choose:
    """Return the choices that stand for the unit of a claim: what its source counts once.

    Parameters
    ----------
    claim : dict
        A row of ``datasets/claims.csv``.

    Examples
    --------
    >>> unit_choices({"unit": "record"}), unit_choices({"unit": "device"})
    ({'frontier': True}, {})
    """
    if claim["unit"] == "generation" and claim["series"] == "dram_bandwidth":
        return FIRST_OF_MEMORY
    return UNIT_CHOICES.get(claim["unit"], {})
