"""Which of new rows the usual fit of their series counts, and what it takes in place of the others."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memwall_trends.curation.adding import joined_with
from memwall_trends.datasets import find_series
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.selection import select

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.selection import Selection

SAID = ("precision", "engine", "sparsity", "memory", "scope", "family")
"""What tells the values of one device from each other."""


def find_uncounted(rows: pd.DataFrame, into: Path | None = None) -> list[str]:
    """Return a sentence for each new row that the usual fit leaves out, with what it takes instead.

    Parameters
    ----------
    rows, into
        As `memwall_trends.curation.adding.check_rows`.

    Examples
    --------
    >>> from memwall_trends.curation.adding import chip_rows
    >>> rate = {"table": "peak_flops", "name": "Acme A1", "vendor": "Acme", "kind": "accelerator",
    ...     "date": "2026", "source": "acme", "precision": "bf16", "engine": "matrix"}
    >>> sparse = {**rate, "value": "2 PFLOP/s", "sparsity": "structured"}
    >>> said = find_uncounted(chip_rows([{**rate, "value": "1 PFLOP/s"}, sparse], "example"))[0]
    >>> said.partition("which takes ")[2]
    '1,000,000 GFLOP/s (bf16 matrix dense) of it instead.'
    """
    with tempfile.TemporaryDirectory() as folder:
        after, _ = joined_with(rows, into, Path(folder))
        said = []
        for name, part in rows.groupby("table", sort=False):
            try:
                counted = select(str(name), overlay=[after])
            except TooFewObservations:
                continue
            except MemwallError:
                return []  # what is wrong with the rows is told elsewhere
            said += [_describe(row, counted) for row in part.to_dict(orient="records")]
    return [sentence for sentence in said if sentence]


def _describe(row: dict[Any, Any], counted: Selection) -> str:
    """Return what the fit takes in place of a row; nothing if it takes the row."""
    observations = counted.observations
    own = observations[observations["name"] == row["name"]].to_dict(orient="records")
    columns = [column for column in find_series(row["table"]).key if column in observations]
    if any(all(str(each[column]) == row[column] for column in columns) for each in own):
        return ""
    what = f"{row['table']} {row['name']}, {_describe_value(row)}: not counted by the usual fit"
    if own:
        return f"{what}, which takes {_describe_value(own[0])} of it instead."
    return f"{what} ({counted.describe().partition('; ')[2]}), which takes nothing of it."


def _describe_value(row: dict[Any, Any]) -> str:
    told = " ".join(str(row[column]) for column in SAID if row.get(column))
    value = f"{float(row['value']):,.15g} {row['unit']}"
    return f"{value} ({told})" if told else value
