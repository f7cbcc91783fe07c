"""Lines through observations that an engine holds, from the sums that it hands over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends.datasets.conditions import list_columns
from memwall_trends.datasets.measures import DAY
from memwall_trends.datasets.taking import stand_alone
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.bounds import refuse_few_dates
from memwall_trends.fitting.methods import (
    CLUSTER,
    VENDOR,
    YEAR,
    choose_cluster,
    choose_standard_error,
    name_clusters,
)
from memwall_trends.fitting.moments import Moments, fit_moments
from memwall_trends.fitting.standard_errors import Clusters, find_standard_error
from memwall_trends.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from memwall_trends.datasets.cells import Cells
    from memwall_trends.datasets.pushed import Pushed
    from memwall_trends.fitting.estimate import Estimate
    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.moments import Codes, Floats

    Mask = NDArray[np.bool_]

CLOSE = 1e-5
"""Residual squares, relative to those of what was summed, below which they are summed about the line."""
EPOCH_YEAR = 1970


@dataclass(frozen=True, eq=False)
class PushedLine:
    """A line and the sums that it goes through.

    Attributes
    ----------
    label : str
        Of the group.
    estimate : Estimate
    cells : Cells
        In the order of the classes of the estimate.
    """

    label: str
    estimate: Estimate
    cells: Cells


def find_rows_needed(method: Method) -> str | None:
    """Return which part of a method needs each observation; none where sums will do.

    Examples
    --------
    >>> from memwall_trends.fitting.methods import Method
    >>> find_rows_needed(Method("huber")), find_rows_needed(Method(se="cr2"))
    ("the method 'huber'", None)
    """
    if method.name not in ("ols", "wls"):
        return f"the method {method.name!r}"
    if method.bootstrap:
        return "a bootstrap"
    se = method.vcov if isinstance(method.vcov, str) else method.se
    if se and find_standard_error(se) == "hc3":
        return "the standard error 'hc3'"
    return None


def fit_pushed(table: Pushed, method: Method) -> tuple[Estimate, Pushed]:
    """Return the line through all observations of a table, and the table with the sums that it goes by."""
    line = fit_groups(table, method, None)[""]
    if isinstance(line, MemwallError):
        raise line
    return line.estimate, replace(table, part=line.cells)


def fit_groups(table: Pushed, method: Method, by: str | None) -> dict[str, PushedLine | MemwallError]:
    """Return the line of each group of a table, or why it has none, the largest group first.

    Parameters
    ----------
    table : Pushed
    method : Method
        Least squares, whose standard error needs no rows.
    by : str, optional
        A column; all observations are one group, ``""``, without it.
    """
    keys = list(dict.fromkeys([*([by] if by else []), *_list_keys(table, method)]))
    cells = table.cells(keys)
    groups = split_cells(cells, by)
    fitted = {label: _fit(table, keys, group, method, label, by) for label, group in groups.items()}
    close = {label: line for label, line in fitted.items() if _is_close(line)}
    if close:
        tilted = {label: _tilt(line) for label, line in close.items() if isinstance(line, PushedLine)}
        groups = split_cells(table.cells(keys, {"": cells.lines[""], **tilted}), by)
        fitted |= {label: _fit(table, keys, groups[label], method, label, by) for label in close}
    return fitted


def fit_windows(table: Pushed, method: Method) -> tuple[Floats, Callable[[Mask], PushedLine | MemwallError]]:
    """Return the decimal year of each cell of one day, and what fits the line of those of a mask.

    A mask leaves out days before some day and after another: so windows of time need one query.
    """
    keys = list(dict.fromkeys(_list_keys(table, method)))
    daily = table.cells([*keys, DAY])
    years = EPOCH_YEAR + (daily.day + daily.sums["first"].to_numpy()) / DAYS_PER_YEAR

    def fit(inside: Mask) -> PushedLine | MemwallError:
        if not inside.any():
            return TooFewObservations(f"{table.origin}: no observation in the window", 0)
        return _fit(table, keys, daily.take(inside).merge(keys), method)

    return years, fit


def split_cells(cells: Cells, by: str | None) -> dict[str, Cells]:
    """Return the cells of each value of a key, the commonest first; of no key all, as of ``""``."""
    if by is None:
        return {"": cells}
    labels = cells.labels[by]
    counts = cells.sums["n"].groupby(labels.to_numpy()).sum().drop("", errors="ignore")
    ordered = counts.sort_index().sort_values(ascending=False, kind="stable").index
    return {str(label): cells.take((labels == label).to_numpy()) for label in ordered}


def _list_keys(table: Pushed, method: Method) -> list[str]:
    """Return what tells observations apart that the method treats apart."""
    keys = [method.within] if method.within else []
    if method.name == "wls":
        keys.append(method.weights or YEAR)
    elif method.weights:
        raise MemwallError(f"the method {method.name!r} has no weights; wls has")
    usual = (
        [column for column in (CLUSTER, VENDOR) if column in table.columns]
        if CLUSTER in table.columns
        else []
    )
    # The sums will tell which of both shares an error.
    _, cluster = choose_standard_error(method, lambda: ",".join(usual) or None)
    return [*keys, *list_columns(cluster or "")]


def _fit(
    table: Pushed,
    keys: Sequence[str],
    cells: Cells,
    method: Method,
    label: str = "",
    by: str | None = None,
) -> PushedLine | MemwallError:
    """Return the line through cells; those of rows that stand alone may be of all groups."""
    try:
        check_dates(table, cells)
        se, cluster = choose_standard_error(method, lambda: _find_cluster(cells))
        parting = [*list_columns(cluster or ""), *([method.within] if method.within else [])]
        cells = _part_alone(table, keys, parting, cells, label, by)
        moments = _to_moments(cells)
        weights = _find_weights(table, cells, method)
        if weights is not None:
            moments = moments.scaled(weights)
        estimate = fit_moments(
            moments,
            se=se or _usual_error(table, method),
            clusters=_clusters(cells, cluster) if cluster else None,
            within=_codes(cells, method.within) if method.within else None,
        )
        return PushedLine(label, _lift(estimate, moments, cells, label), cells)
    except MemwallError as error:
        return error


def check_dates(table: Pushed, cells: Cells) -> None:
    """Refuse observations of so few dates that there is no interval."""
    refuse_few_dates(cells.n_obs, cells.n_dates, table.origin, table.measures.date)


def _usual_error(table: Pushed, method: Method) -> str:
    if method.name == "ols":
        return "classical"
    raise MemwallError(
        f"{table.origin}: the standard error of wls is hc3 unless told otherwise, and needs the rows, which "
        f"stayed in {table.engine}; take another, as in --se classical or --cluster vendor"
    )


def _find_cluster(cells: Cells) -> str | None:
    """Return the column of what shares an error, as `memwall_trends.fitting.methods.find_cluster` does."""
    if CLUSTER not in cells.labels:
        return None
    labels = cells.labels[CLUSTER]
    named = set(labels) - {""}
    if not named or len(named) + int(cells.sums["n"][labels == ""].sum()) == 1:
        return None
    return choose_cluster(len(set(cells.labels[VENDOR]) - {""}) if VENDOR in cells.labels else 0)


def _part_alone(
    table: Pushed, keys: Sequence[str], parting: Sequence[str], cells: Cells, label: str, by: str | None
) -> Cells:
    """Return cells with the rows that have no label in a column each in a cell of its own."""
    empty = (cells.labels[parting] == "").any(axis=1) if parting else pd.Series(False, cells.labels.index)
    if not (empty & (cells.sums["n"] > 1)).any():
        return cells
    alone = stand_alone(table, keys, parting, cells.lines)
    ends = cells.sums["first"].min(), cells.sums["last"].max()
    alone = alone.take(alone.sums["x"].between(*ends).to_numpy())
    if by is not None:
        alone = alone.take((alone.labels[by] == label).to_numpy())
    return cells.take(~empty.to_numpy()).join(alone)


def _codes(cells: Cells, column: str) -> Codes:
    """Return the group of each cell; one without a label is a group of its own."""
    labels = cells.labels[column].astype(object).copy()
    alone = np.flatnonzero(labels == "")
    labels.iloc[alone] = pd.Series([(place,) for place in alone], dtype=object)
    codes: Codes = pd.factorize(labels)[0].astype(np.int64)
    return codes


def _clusters(cells: Cells, cluster: str) -> Clusters:
    columns = list_columns(cluster)
    return Clusters(tuple(_codes(cells, column) for column in columns), name_clusters(columns))


def _find_weights(table: Pushed, cells: Cells, method: Method) -> Floats | None:
    """Return how much each observation of a cell counts, as `fitting.methods.find_weights` does."""
    if method.name != "wls":
        return None
    column = method.weights or YEAR
    labels = cells.labels[column]
    if table.is_number(column):
        numbers = pd.to_numeric(labels, errors="coerce").to_numpy(dtype=np.float64)
        if not (numbers > 0).all():
            raise MemwallError(f"the column {column!r} holds weights that are not above zero")
        return numbers
    counts = cells.sums["n"].groupby(labels.to_numpy()).sum()
    return 1 / labels.map(counts).to_numpy(dtype=np.float64)


def _to_moments(cells: Cells) -> Moments:
    """Return the moments of what lies above the lines that values are measured from."""
    n, x, y, xx, xy, yy = (
        cells.sums[name].to_numpy(dtype=np.float64) for name in ("n", "x", "y", "xx", "xy", "yy")
    )
    # Days are whole: their squares about the mean come out without rounding errors.
    exact = [
        (int(count) * int(square) - int(total) ** 2) / int(count)
        for count, square, total in zip(n, xx, x, strict=True)
    ]
    return Moments(
        counts=n,
        weights=n,
        mean_years=EPOCH_YEAR + (cells.day + x / n) / DAYS_PER_YEAR,
        mean_log10=y / n,
        year_squares=np.array(exact, dtype=np.float64) / DAYS_PER_YEAR**2,
        cross_products=(xy - x * y / n) / DAYS_PER_YEAR,
        log10_squares=np.maximum(yy - y * y / n, 0.0),
    )


def _line_of(cells: Cells, label: str) -> tuple[float, float]:
    return cells.lines.get(label, cells.lines[""])


def _lift(estimate: Estimate, moments: Moments, cells: Cells, label: str) -> Estimate:
    """Return the line of the values, given that of what lies above the line they were measured from."""
    height, rise = _line_of(cells, label)
    days = (estimate.origin - EPOCH_YEAR) * DAYS_PER_YEAR - cells.day
    slope = rise * DAYS_PER_YEAR
    r_squared = estimate.r_squared
    if rise:
        whole = moments.merge_by(np.zeros(len(moments), dtype=np.int64))
        squares, cross, above = whole.year_squares[0], whole.cross_products[0], whole.log10_squares[0]
        total = above + 2 * slope * cross + slope**2 * squares
        r_squared = 1 - (1 - estimate.r_squared) * above / total if above else 1.0
    return replace(
        estimate,
        intercept=estimate.intercept + height + rise * days,
        slope=estimate.slope + slope,
        r_squared=r_squared,
    )


def _is_close(line: PushedLine | MemwallError) -> bool:
    """Return whether so little is left over from a line that sums from elsewhere lose its digits."""
    if isinstance(line, MemwallError):
        return False
    sums, estimate = line.cells.sums, line.estimate
    left = estimate.residual_variance * float(estimate.residual_freedom or 0)
    return 0 < left < CLOSE * float(sums["yy"].sum())


def _tilt(line: PushedLine) -> tuple[float, float]:
    estimate, day = line.estimate, line.cells.day
    years = EPOCH_YEAR + day / DAYS_PER_YEAR - estimate.origin
    return estimate.intercept + estimate.slope * years, estimate.slope / DAYS_PER_YEAR
