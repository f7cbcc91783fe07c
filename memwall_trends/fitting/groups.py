"""One trend a group, and whether their slopes are the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.choices import COLUMN_CHOICES, gather_where
from memwall_trends.datasets.conditions import escape_pattern, merge_where
from memwall_trends.datasets.held import find_pushed
from memwall_trends.datasets.rates import PRECISIONS
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.fitting.methods import as_method
from memwall_trends.fitting.pushed import find_rows_needed, fit_groups, split_cells
from memwall_trends.fitting.trends import fit_trend, make_trend
from memwall_trends.selection import select
from memwall_trends.units import format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Unpack

    from memwall_trends.datasets.pushed import Pushed
    from memwall_trends.fitting.growth import Growth
    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.pushed import PushedLine
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose, Data, Selection

Chosen = TypeVar("Chosen")
Fitted = TypeVar("Fitted")

FEW_GROUPS = 2
EXACT = 1e-9
"""Log10 units a year: slopes that differ by less differ by rounding errors."""


@dataclass(frozen=True, eq=False, repr=False)
class GroupedTrends:
    """One trend a group.

    Attributes
    ----------
    by : str
        The column whose values are the groups.
    trends : dict of str to Trend
        By group, the one with most observations first.
    left_out : dict of str to str
        Groups that have no trend, and why.

    Examples
    --------
    >>> grouped = fit_by("peak_flops", "kind", dataset="gholami2024")
    >>> {kind: round(trend.growth_factor(), 2) for kind, trend in grouped.trends.items()}
    {'gpu': 2.68, 'cpu': 2.56, 'accelerator': 1.88}
    """

    by: str
    trends: dict[str, Trend]
    left_out: dict[str, str]

    @property
    def equal_slopes_p(self) -> float | None:
        """The p value of `compare_slopes`; none of groups that share devices, or of one alone."""
        return None if self.by == "precision" else compare_slopes(self.trends.values())

    def to_records(
        self, per: float = defaults.PERIOD_YEARS, level: float = defaults.LEVEL
    ) -> list[dict[str, Any]]:
        """Return one record a group, the keys of ``memwall-trends rate --by ... --format json``.

        Examples
        --------
        >>> records = fit_by("peak_flops", "kind", dataset="gholami2024").to_records()
        >>> [record["group"] for record in records], list(records[0])[:3]
        (['gpu', 'cpu', 'accelerator'], ['by', 'group', 'equal_slopes_p'])
        """
        p_value = self.equal_slopes_p
        return [
            {"by": self.by, "group": group, "equal_slopes_p": p_value, **trend.to_record(per, level)}
            for group, trend in self.trends.items()
        ]

    def shown(self, per: float = defaults.PERIOD_YEARS, level: float = defaults.LEVEL) -> pd.DataFrame:
        """Return one line a group as text for a reader.

        Examples
        --------
        >>> fit_by("peak_flops", "kind", dataset="gholami2024").shown().columns.tolist()
        ['kind', 'n', 'from', 'to', 'rate', '95% interval', 'doubles in']
        """
        rows = [
            (
                group,
                f"{trend.n_obs}",
                f"{trend.first_date:%Y-%m}",
                f"{trend.last_date:%Y-%m}",
                *show_rate(trend, per, level),
                trend.describe_time(),
            )
            for group, trend in self.trends.items()
        ]
        interval = f"{format_level(level)} interval"
        name = self.by.replace("_", " ")
        return pd.DataFrame(rows, columns=[name, "n", "from", "to", "rate", interval, "doubles in"])

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return f"{self.shown().to_string(index=False)}\n{describe_equality(self.equal_slopes_p)}"

    __repr__ = __str__


def fit_by(data: Data, by: str, *, method: str | Method = "ols", **choose: Unpack[Choose]) -> GroupedTrends:
    """Fit one trend to each group of a series.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        As in `memwall_trends.fitting.trends.fit_trend`.
    by : str
        A column, as in ``kind``; or ``precision``, for each precision policy.
    method : str or Method
        As in `fit_trend`, for all groups.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`.

    Returns
    -------
    GroupedTrends

    Raises
    ------
    MemwallError
        As `fit_trend`, and if there is no such column, or no group has enough observations.

    Examples
    --------
    >>> list(fit_by("peak_flops", "kind", dataset="gholami2024").left_out)
    ['manycore']
    """
    chosen, method = select(data, **choose), as_method(method)
    table = find_pushed(chosen)
    if table is not None and find_rows_needed(method) is None:
        lines = fit_groups(table, method, by)
        trends, left_out = fit_each(lines, lambda line: _make_trend(chosen, method, by, table, line))
    else:
        trends, left_out = fit_each(split_by(chosen, by), lambda part: fit_trend(part, method=method))
    return GroupedTrends(by=by, trends=trends, left_out=left_out)


def split_by(data: Data, by: str, **choose: Unpack[Choose]) -> dict[str, Selection]:
    """Return one selection for each value of a column, the one with most observations first.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        As in `memwall_trends.selection.select`.
    by : str
        A column, as in ``kind``; or ``precision``, for each precision policy.
    **choose
        The choices of `memwall_trends.selection.Choose`; records and the best of a year are those of each
        group.

    Raises
    ------
    MemwallError
        As `select`, and if there is no such column.

    Examples
    --------
    >>> groups = split_by("peak_flops", "kind", dataset="gholami2024")
    >>> {kind: len(chosen.observations) for kind, chosen in groups.items()}
    {'gpu': 20, 'cpu': 12, 'accelerator': 3, 'manycore': 2}
    """
    chosen = select(data, **choose)
    if by == "precision" and chosen.precision:
        return _select_each({policy: {"precision": policy} for policy in PRECISIONS}, chosen)
    # Before anything stands for a group: each group has its own records.
    whole = select(chosen, one_per=None, take="", best_of=None, frontier=False)
    table = find_pushed(whole)
    labels = _count_labels(whole, by) if table is None else split_cells(table.cells([by]), by)
    return _select_each({label: {"where": {by: escape_pattern(label)}} for label in labels}, chosen)


def fit_each(
    groups: Mapping[str, Chosen], fit: Callable[[Chosen], Fitted]
) -> tuple[dict[str, Fitted], dict[str, str]]:
    """Return what could be fitted of each group, and why the others could not.

    Raises
    ------
    MemwallError
        If no group could be fitted; the message has the reason of the first.

    Examples
    --------
    >>> groups = split_by("peak_flops", "kind", dataset="gholami2024")
    >>> fitted, left_out = fit_each(groups, fit_trend)
    >>> list(fitted), list(left_out)
    (['gpu', 'cpu', 'accelerator'], ['manycore'])
    """
    fitted, left_out = {}, {}
    for group, chosen in groups.items():
        try:
            fitted[group] = fit(chosen)
        except MemwallError as error:
            left_out[group] = str(error)
    if not fitted:
        group, reason = next(iter(left_out.items()), ("", "no row has a value in that column"))
        raise MemwallError(f"no group can be fitted; {group}: {reason}" if group else reason)
    return fitted, left_out


def compare_slopes(growths: Iterable[Growth]) -> float | None:
    """Return the p value of the hypothesis that several independent slopes are the same.

    Welch's test of several means (Welch 1951, doi:10.2307/2332579), of slopes with their own standard errors
    and degrees of freedom, so that the groups may scatter differently. None of fewer than two slopes.

    Examples
    --------
    >>> from memwall_trends.fitting.growth import Growth
    >>> slopes = [Growth(slope=b, slope_error=0.02, degrees_of_freedom=20) for b in (0.1, 0.2)]
    >>> round(compare_slopes(slopes), 5)
    0.00105
    """
    from scipy.stats import f as f_distribution

    slopes, errors, freedoms = (
        np.array(each)
        for each in zip(
            *((growth.slope, growth.slope_error, growth.degrees_of_freedom) for growth in growths),
            strict=True,
        )
    )
    n_groups = len(slopes)
    if n_groups < FEW_GROUPS:
        return None
    if (errors == 0).any():
        return float(np.ptp(slopes) < EXACT)
    weights = 1 / errors**2
    shares = weights / weights.sum()
    between = weights @ (slopes - shares @ slopes) ** 2 / (n_groups - 1)
    uncertain = ((1 - shares) ** 2 / freedoms).sum() / (n_groups**2 - 1)
    statistic = between / (1 + 2 * (n_groups - 2) * uncertain)
    return float(f_distribution.sf(statistic, n_groups - 1, 1 / (3 * uncertain)))


def describe_equality(p_value: float | None, level: float = defaults.LEVEL) -> str:
    """Return in a sentence what the test of equal slopes says; nothing where there is none.

    Examples
    --------
    >>> describe_equality(0.4)
    'Equal slopes: p = 0.4; the groups may well grow alike.'
    """
    if p_value is None:
        return ""
    says = "the groups do not grow alike" if p_value < 1 - level else "the groups may well grow alike"
    return f"Equal slopes: p = {p_value:.2g}; {says}."


def show_rate(growth: Growth, per: float, level: float) -> tuple[str, str]:
    """Return a growth factor and its interval as text for a reader.

    Examples
    --------
    >>> show_rate(fit_trend("peak_flops", dataset="gholami2024"), 2, 0.95)
    ('3.026x', '2.68 to 3.41')
    """
    interval = format_interval(*growth.growth_interval(per, level), digits=3)
    return f"{format_number(growth.growth_factor(per))}x", interval


def _count_labels(chosen: Selection, by: str) -> list[str]:
    """Return the values of a column, the commonest first."""
    rows = chosen.observations
    if by not in rows:
        raise unknown(f"column of {chosen.origin} to group by", by, map(str, rows.columns))
    labels = rows[by][rows[by].notna() & (rows[by].astype(str) != "")].astype(str)
    counts = labels.value_counts(sort=False).sort_values(ascending=False, kind="stable")
    return list(counts.index)


def _make_trend(
    chosen: Selection, method: Method, by: str, table: Pushed, line: PushedLine | MemwallError
) -> Trend:
    """Return the trend of one group of a table that an engine holds."""
    if isinstance(line, MemwallError):
        raise line
    group = {by: escape_pattern(line.label)}
    rest = {name: value for name, value in chosen.choose.items() if name not in COLUMN_CHOICES}
    choose = cast("Choose", {**rest, "where": merge_where(gather_where(chosen.choose), group)})
    load = table.load and (lambda: select(chosen.data, **choose).observations)
    held: Any = replace(table, part=line.cells, load=load)
    part = replace(chosen, observations=held, choose=choose, where=merge_where(chosen.where, group))
    return make_trend(part, method, line.estimate, observations=held)


def _select_each(narrowed: Mapping[str, Choose], chosen: Selection) -> dict[str, Selection]:
    groups = {}
    for label, choose in narrowed.items():
        try:
            groups[label] = select(chosen, **choose)
        except TooFewObservations:
            continue
    return groups
