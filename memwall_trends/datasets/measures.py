"""What is measured of each row that an engine holds, as expressions that the engine computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memwall_trends.datasets.parsing.columns import find_unit_column
from memwall_trends.datasets.parsing.options import Reading
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import narwhals as nw

YEAR = "year"
DAY = "day of the date"
"""Keys that tell cells apart by their dates."""
DAYS = "memwall_trends days"
"""The column of days since 1970 that an engine with a quick way to them adds."""
FIRST_YEAR, LAST_YEAR = 1000, 9999
UNREAD = ("separator", "decimal", "encoding", "comment", "sheet", "date_format", "missing_token")
"""What can be said of a text, and not of a typed column."""


@dataclass(frozen=True, eq=False)
class Measures:
    """Expressions of the columns of a table.

    Attributes
    ----------
    schema : narwhals.Schema
    date, value : str
        The columns of dates and values.
    zero_is_missing : bool
        Whether a value of zero is none.
    factors : dict of str to float
        What the values of a unit are multiplied by.
    """

    schema: Any
    date: str
    value: str
    zero_is_missing: bool = False
    factors: Mapping[str, float] = field(default_factory=dict)

    def key(self, name: str) -> nw.Expr:
        """Return a column that tells cells apart; `YEAR` and `DAY` are those of the date."""
        import narwhals as nw

        if name == DAY:
            return self.days()
        return self.year() if name == YEAR and name not in self.schema else nw.col(name)

    def year(self) -> nw.Expr:
        """Return the calendar year of the date."""
        import narwhals as nw

        return nw.col(self.date) if self._holds_years else nw.col(self.date).dt.year()

    def days(self) -> nw.Expr:
        """Return days since 1970-01-01, by the calendar where an engine has no quick way of its own."""
        import narwhals as nw

        if DAYS in self.schema:
            return nw.col(DAYS)
        year = self.year().cast(nw.Int64)
        leap_days = (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400 - 477
        days = (year - 1970) * 365 + leap_days
        if not self._holds_years:
            days = days + nw.col(self.date).dt.ordinal_day().cast(nw.Int64) - 1
        return days.cast(nw.Float64)

    def value_in_unit(self) -> nw.Expr:
        """Return the value, in the one unit of all."""
        import narwhals as nw

        number = nw.col(self.value).cast(nw.Float64)
        if all(factor == 1 for factor in self.factors.values()):
            return number
        column, factor = str(find_unit_column(self.schema.names(), self.value)), nw.lit(1.0)
        for unit, each in self.factors.items():
            factor = nw.when(nw.col(column) == unit).then(nw.lit(each)).otherwise(factor)
        return number * factor

    def is_right(self) -> nw.Expr:
        """Return whether a row has a date, and a value that is a number above zero; null is neither."""
        import narwhals as nw

        number, dated = nw.col(self.value).cast(nw.Float64), ~nw.col(self.date).is_null()
        if self._holds_years:
            dated = nw.col(self.date).is_between(FIRST_YEAR, LAST_YEAR)
        return (number > 0) & number.is_finite() & dated

    def is_missing(self) -> nw.Expr:
        """Return whether a row has no date or no value."""
        import narwhals as nw

        number = nw.col(self.value).cast(nw.Float64)
        missing = nw.col(self.date).is_null() | number.is_null() | number.is_nan().fill_null(True)
        return (missing | (number == 0).fill_null(False)) if self.zero_is_missing else missing

    @property
    def _holds_years(self) -> bool:
        return bool(self.schema[self.date].is_integer())


def check_types(schema: Any, date: str, value: str, origin: str, reading: Reading) -> None:
    """Refuse columns that hold no dates and numbers, and a reading that is of text.

    Raises
    ------
    MemwallError

    Examples
    --------
    >>> import narwhals as nw
    >>> schema = {"date": nw.String(), "value": nw.Float64()}
    >>> check_types(schema, "date", "value", "chips.parquet", Reading())
    Traceback (most recent call last):
    ...
    memwall_trends.errors.MemwallError: chips.parquet: column 'date' holds text; expected dates, timestamps or
    whole years. Cast it first, or read it into memory as a pandas frame or with --engine pandas
    """
    import narwhals as nw

    said = [name for name in UNREAD if getattr(reading, name) != getattr(Reading(), name)]
    if said:
        raise MemwallError(
            f"{origin}: --{said[0].replace('_', '-')} says how text is read, and an engine has typed "
            "columns; leave it out, or take --engine pandas"
        )
    days, number = schema[date], schema[value]
    dated = days == nw.Date or isinstance(days, nw.Datetime) or days.is_integer()
    for column, fits, expected in (
        (date, dated, "dates, timestamps or whole years"),
        (value, number.is_numeric(), "numbers"),
    ):
        if not fits:
            raise MemwallError(
                f"{origin}: column {column!r} holds {_type(schema[column])}; expected {expected}. Cast it "
                "first, or read it into memory as a pandas frame or with --engine pandas"
            )


def _type(type_: Any) -> str:
    return "text" if str(type_) in ("String", "Categorical", "Object") else str(type_)
