"""What is told beside a result: how a file was read."""

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
