"""What is told beside a result: how a file was read, and where a rate says more than its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from memwall_trends.cli.output import READ

if TYPE_CHECKING:
    from memwall_trends.datasets.parsing import Found
    from memwall_trends.fitting.trends import Trend

SHORT_WINDOW = 0.5
"""Of the period of a rate: who knows less of it is told so."""


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


def warn_of_window(trend: Trend, per: float) -> None:
    """Warn if the observations span little of the period that the growth factor is for."""
    from memwall_trends.fitting.growth import describe_period

    years = (trend.last_date - trend.first_date).days / 365.25
    if years < SHORT_WINDOW * per:
        typer.echo(
            f"warning: the observations span {years:.2g} years, {100 * years / per:.0f}% of the "
            f"{describe_period(per)} that the growth factor is for; it holds if growth goes on as it was "
            "(--per names another period)",
            err=True,
        )
