"""What is told beside a result: how a file was read, and of what an answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.cli.output import READ

if TYPE_CHECKING:
    from memwall_trends.datasets.parsing import Found


def note_reading(*found: Found | None) -> list[str]:
    """Return in one line each how files were read; nothing of our own series.

    Examples
    --------
    >>> note_reading(None)
    []
    """
    return [f"{READ}{each.describe()}." for each in found if each is not None]


def record_reading(found: Found | None) -> dict[str, Any]:
    """Return how a file was read as the key ``reading`` of a record; nothing of our own series.

    Examples
    --------
    >>> record_reading(None)
    {}
    """
    return {} if found is None else {"reading": found.to_record()}


def note_population(population: str) -> list[str]:
    """Return the note that says what an answer is of where nobody asked; none where somebody did."""
    return [f"Of {population} unless told otherwise (--segment, --kind; '*' for all)."] if population else []
