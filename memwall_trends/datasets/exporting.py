"""Writing rows of a table for others: as CSV, JSON or Parquet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from memwall_trends.datasets.writing import write_file
from memwall_trends.errors import MemwallError, needs

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the begin of a formula."""


def export_rows(
    rows: pd.DataFrame, format_: str, path: str | Path | None = None, *, mark_formulas: bool = False
) -> str:
    """Write rows of a table as CSV, JSON or Parquet.

    Parameters
    ----------
    rows : DataFrame
        As `load_table` returns them.
    format_ : str
        ``csv``, ``json`` (a list of objects) or ``parquet``.
    path : str or Path, optional
        Where to write them; by default they are returned.
    mark_formulas : bool
        In a CSV, put an apostrophe before text that a spreadsheet would take for a formula.

    Returns
    -------
    str
        The text; empty if it was written.

    Raises
    ------
    MemwallError
        If the file cannot be written.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> rows = load_table("interconnect_bandwidth", "gholami2024")[["name", "date", "value"]]
    >>> print(export_rows(rows.head(1), "csv"))
    name,date,value
    PCI Express 1.0a,2003-01-01,2.5
    <BLANKLINE>
    """
    try:
        if format_ == "parquet":
            needs("pyarrow", extra="parquet", to="write Parquet")
            content = rows.to_parquet(index=False)
            if path is not None:
                write_file(Path(path), content)
            return ""
        plain = rows
        for column in rows:
            if pd.api.types.is_datetime64_any_dtype(rows[column]):
                plain = plain.assign(**{str(column): rows[column].dt.strftime("%Y-%m-%d")})
        if format_ == "json":
            text = (
                str(plain.to_json(orient="records", indent=2, force_ascii=False, double_precision=15)) + "\n"
            )
        else:
            plain = mark(plain) if mark_formulas else plain
            text = str(plain.to_csv(index=False, lineterminator="\n"))
        if path is None:
            return text
        write_file(Path(path), text.encode())
    except OSError as error:
        raise MemwallError(f"{path}: cannot be written: {error.strerror or error}") from None
    return ""


def mark(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose texts no spreadsheet takes for a formula: an apostrophe stands before those.

    Examples
    --------
    >>> mark(pd.DataFrame({"name": ["=1+1", "Acme A1"], "value": [-1.0, 2.0]})).values.tolist()
    [["'=1+1", -1.0], ['Acme A1', 2.0]]
    """
    return rows.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell)
