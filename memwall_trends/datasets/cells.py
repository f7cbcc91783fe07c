"""`Cells`: sums by cell, which an engine hands over in place of rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

SUMS = ("n", "x", "y", "xx", "xy", "yy")
ENDS = ("first", "last")


@dataclass(frozen=True, eq=False)
class Cells:
    """Sums of the rows that agree in all keys.

    Attributes
    ----------
    labels : DataFrame
        One row a cell, one column a key: text, empty where rows have none.
    sums : DataFrame
        Of the rows of a cell with a date and a value above zero: ``n``, and with x the days from `day` and y
        the log10 value above `lines`, the sums ``x, y, xx, xy, yy``; ``first`` and ``last`` of x.
    day : float
        Days since 1970.
    lines : dict of str to tuple of float
        Height at `day` and rise a day of the line that values are measured from, by the label of the first
        key; under ``""`` that of all others.
    n_skipped : int
        Rows without a date or a value, of all cells.

    Examples
    --------
    >>> import pandas as pd
    >>> sums = pd.DataFrame({"n": [2.0], "x": [9.0], "y": [0.5], "first": [0.0], "last": [9.0], "xx": [81.0]})
    >>> cells = Cells(pd.DataFrame({"vendor": ["AMD"]}), sums, day=14610.0)
    >>> cells.n_obs, cells.first_date.isoformat(), cells.n_dates
    (2, '2010-01-01', 2)
    """

    labels: pd.DataFrame
    sums: pd.DataFrame
    day: float
    lines: Mapping[str, tuple[float, float]] = field(default_factory=lambda: {"": (0.0, 0.0)})
    n_skipped: int = 0

    @property
    def n_obs(self) -> int:
        """Rows with a date and a value above zero."""
        return int(self.sums["n"].sum())

    @property
    def first_date(self) -> dt.date:
        """The earliest date."""
        return _date(self.day + self.sums["first"].min())

    @property
    def last_date(self) -> dt.date:
        """The latest date."""
        return _date(self.day + self.sums["last"].max())

    @property
    def n_dates(self) -> int:
        """How many different dates there are; 3 stands for more, too."""
        first, last = int(self.sums["first"].min()), int(self.sums["last"].max())
        if first == last:
            return 1
        n, x, xx = (sum(map(int, self.sums[name])) for name in ("n", "x", "xx"))
        # The sum of (x - first)(last - x), in whole numbers: zero where no date lies between.
        return 2 if (first + last) * x - xx - n * first * last == 0 else 3

    def take(self, chosen: Any) -> Cells:
        """Return the cells of a mask."""
        labels, sums = (each[chosen].reset_index(drop=True) for each in (self.labels, self.sums))
        return replace(self, labels=labels, sums=sums)

    def merge(self, keys: Sequence[str]) -> Cells:
        """Return coarser cells, by some of the keys."""
        import pandas as pd

        how = dict.fromkeys(SUMS, "sum") | {"first": "min", "last": "max"}
        if not keys:
            labels, sums = self.labels[[]].iloc[:1], self.sums.agg(how).to_frame().T
            return replace(self, labels=labels.reset_index(drop=True), sums=sums)
        together = pd.concat([self.labels[list(keys)], self.sums], axis=1)
        merged = together.groupby(list(keys), sort=True).agg(how).reset_index()
        return replace(self, labels=merged[list(keys)], sums=merged[[*SUMS, *ENDS]])

    def join(self, other: Cells) -> Cells:
        """Return these cells and others that were measured alike."""
        import pandas as pd

        labels = pd.concat([self.labels, other.labels], ignore_index=True)
        return replace(self, labels=labels, sums=pd.concat([self.sums, other.sums], ignore_index=True))


def name_key(place: int) -> str:
    """Return what an engine calls a key.

    Examples
    --------
    >>> name_key(0)
    'key 0'
    """
    return f"key {place}"


def read_labels(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the labels of cells as text, empty where there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> read_labels(pd.DataFrame({"key 0": ["AMD", None]}), ["vendor"])["vendor"].tolist()
    ['AMD', '']
    """
    import pandas as pd

    labels = {}
    for place, key in enumerate(keys):
        column = table[name_key(place)]
        labels[key] = column.astype(object).where(column.notna(), "").map(str)
    return pd.DataFrame(labels, index=table.index)


def _date(days: float) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(days))
