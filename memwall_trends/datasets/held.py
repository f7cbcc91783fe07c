"""`Rows`: a field whose rows are in memory, or stay in the engine that holds them until someone asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.datasets.pushed import Pushed

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from memwall_trends.datasets.parsing import Found


class Rows:
    """A field of a dataclass: a frame of rows, or a `Pushed`, whose rows only who asks for them needs.

    Examples
    --------
    >>> import dataclasses
    >>> import pandas as pd
    >>> @dataclasses.dataclass(frozen=True)
    ... class Fitted:
    ...     observations: Rows = Rows()
    >>> Fitted(pd.DataFrame({"value": [1.0]})).observations["value"].tolist()
    [1.0]
    """

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name of the field."""
        self.name = name

    def __get__(self, instance: Any, owner: type) -> pd.DataFrame:
        """Return the rows, or say that they stayed in the engine."""
        if instance is None:
            raise AttributeError(self.name)  # as of a field without a default
        held = vars(instance)[self.name]
        rows: pd.DataFrame = held.in_memory() if isinstance(held, Pushed) else held
        return rows

    def __set__(self, instance: Any, value: pd.DataFrame | Pushed) -> None:
        """Take a frame, or the table of an engine."""
        vars(instance)[self.name] = value


def find_pushed(holder: object) -> Pushed | None:
    """Return the table of an engine that a selection or a trend is of; none where its rows are in memory.

    Examples
    --------
    >>> find_pushed("peak_flops") is None
    True
    """
    held = getattr(holder, "__dict__", {}).get("observations")
    return held if isinstance(held, Pushed) else None


def find_reading(holder: Any) -> Found | None:
    """Return how the data of a selection was read; none of a series.

    Examples
    --------
    >>> from memwall_trends.selection import select
    >>> find_reading(select("model_size")) is None
    True
    """
    table = find_pushed(holder)
    found: Found | None = holder.found if table is None else table.found()
    return found


def find_extent(holder: Any) -> tuple[int, dt.date, dt.date]:
    """Return how many observations a selection or a trend is of, the first date and the last.

    Examples
    --------
    >>> from memwall_trends.selection import select
    >>> n_obs, first, last = find_extent(select("model_size", dataset="gholami2024"))
    >>> n_obs, first.year, last.year
    (10, 2017, 2021)
    """
    table = find_pushed(holder)
    if table is not None:
        extent = table.extent()
        return extent.n_obs, extent.first_date, extent.last_date
    dates = holder.observations["date"]
    return len(dates), dates.min().date(), dates.max().date()
