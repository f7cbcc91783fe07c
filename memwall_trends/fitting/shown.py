"""Rows that a figure draws and that no fit counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.overlay import read_overlay
from memwall_trends.datasets.reading import is_file
from memwall_trends.selection import select

if TYPE_CHECKING:
    from memwall_trends.selection import Choose, Selection


def find_shown(chosen: Selection) -> pd.DataFrame | None:
    """Return the rows of the files to show that the other choices leave, records or not.

    Parameters
    ----------
    chosen : Selection
        With its data and its choices, ``show`` among them.

    Returns
    -------
    DataFrame or None
        None if nothing is to be shown.

    Examples
    --------
    >>> find_shown(select("dram_bandwidth")) is None
    True
    """
    data, choose = chosen.data, chosen.choose
    files = list(choose.get("show") or ())
    if not files:
        return None
    rest = {name: value for name, value in choose.items() if name not in ("show", "frontier")}
    if isinstance(data, pd.DataFrame) or is_file(data, choose.get("dataset", defaults.DATASET)):
        parts = [select(path, **cast("Choose", rest)).observations for path in files]
        return pd.concat(parts, ignore_index=True)
    laid = cast("Choose", {**rest, "overlay": [*(choose.get("overlay") or ()), *files]})
    rows = select(data, **laid).observations
    theirs = [read_overlay(path, choose.get("reading"))[0] for path in files]
    names = {name for each in theirs for name in each.loc[each["table"] == str(data), "name"]}
    return rows[rows["name"].isin(names)].reset_index(drop=True)
