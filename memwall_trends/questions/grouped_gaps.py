"""One gap a group: by number format, by kind of device, and whether they grow alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.conditions import escape_pattern, merge_where
from memwall_trends.fitting.groups import compare_slopes, fit_each, show_rate, split_by
from memwall_trends.questions.gap import fit_gap, populate
from memwall_trends.questions.projection import Outlook, describe_record, look_ahead
from memwall_trends.selection import COLUMN_CHOICES, gather_where, select_each
from memwall_trends.units import decimal_years, format_interval, format_level, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from numpy.typing import ArrayLike

    from memwall_trends.fitting.methods import Method
    from memwall_trends.questions.ratio import Gap
    from memwall_trends.selection import Choose, Data


@dataclass(frozen=True, eq=False, repr=False)
class GroupedGaps:
    """One gap a group.

    Attributes
    ----------
    by : str
        The column whose values are the groups; ``precision`` for each precision policy.
    gaps : dict of str to Gap
        By group.
    left_out : dict of str to str
        Groups that have no gap, and why.

    Examples
    --------
    >>> grouped = fit_gap_by("peak_flops", "dram_bandwidth", "kind")
    >>> list(grouped.gaps)
    ['gpu', 'accelerator']
    """

    by: str
    gaps: dict[str, Gap]
    left_out: dict[str, str]

    @cached_property
    def outlooks(self) -> dict[str, Outlook]:
        """By group its gap with what the past says of its projections."""
        return {group: look_ahead(gap) for group, gap in self.gaps.items()}

    @property
    def equal_slopes_p(self) -> float | None:
        """As of `memwall_trends.fitting.groups.compare_slopes`; none of formats, which share devices."""
        return None if self.by == "precision" else compare_slopes(self.gaps.values())

    def to_records(
        self,
        years: ArrayLike = (),
        per: float = defaults.PERIOD_YEARS,
        level: float = defaults.LEVEL,
        reach: Sequence[float] = (),
    ) -> list[dict[str, Any]]:
        """Return one record a group, the keys of ``memwall-trends gap --by ... --format json``.

        Examples
        --------
        >>> records = fit_gap_by("peak_flops", "dram_bandwidth", "kind").to_records()
        >>> list(records[0])[:3]
        ['by', 'group', 'equal_slopes_p']
        """
        p_value = self.equal_slopes_p
        return [
            {
                "by": self.by,
                "group": group,
                "equal_slopes_p": p_value,
                **describe_record(outlook, years, per, level, reach),
            }
            for group, outlook in self.outlooks.items()
        ]

    def shown(
        self,
        years: Sequence[float] = (),
        per: float = defaults.PERIOD_YEARS,
        level: float = defaults.LEVEL,
    ) -> pd.DataFrame:
        """Return one line a group as text for a reader.

        Examples
        --------
        >>> fit_gap_by("peak_flops", "dram_bandwidth", "kind").shown([2030.0]).columns.tolist()
        ['kind', 'n', 'since', 'rate', '95% interval', 'now', 'in 2030', 'new device']
        """
        columns = [self.by.replace("_", " "), "n", "since", "rate", f"{format_level(level)} interval", "now"]
        for year in years:
            columns += [f"in {year:.10g}", "new device"]
        return pd.DataFrame(
            [self._show(group, gap, years, per, level) for group, gap in self.gaps.items()], columns=columns
        )

    def _show(
        self, group: str, gap: Gap, years: Sequence[float], per: float, level: float
    ) -> tuple[str, ...]:
        first, last = max(trend.first_date for trend in gap.fits), min(trend.last_date for trend in gap.fits)
        (now,) = decimal_years([last])
        ahead = []
        if years:
            projected = self.outlooks[group].project(years, level)
            low, high = (projected[f"calibrated_{end}"].fillna(projected[end]) for end in ("low", "high"))
            for value, first_end, last_end in zip(projected["value"], low, high, strict=True):
                ahead += [format_number(value, 3), format_interval(first_end, last_end, digits=3)]
        return (
            group,
            " and ".join(f"{trend.n_obs}" for trend in gap.fits),
            f"{first.year}",
            *show_rate(gap, per, level),
            format_number(gap.ratio_at(float(now)), 3),
            *ahead,
        )

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return self.shown().to_string(index=False)

    __repr__ = __str__


def fit_gap_by(
    numerator: Data,
    denominator: Data,
    by: str,
    *,
    way: str | None = None,
    per_operand: bool = False,
    method: str | Method = "ols",
    **choose: Unpack[Choose],
) -> GroupedGaps:
    """Fit the ratio of two series for each group of devices, or for each number format.

    Parameters
    ----------
    by : str
        A column of the numerator, as in ``kind``; or ``precision``, for each precision policy.
    numerator, denominator, way, per_operand, method, **choose
        As in `memwall_trends.questions.gap.fit_gap`.

    Returns
    -------
    GroupedGaps

    Raises
    ------
    MemwallError
        As `fit_gap`, and if there is no such column, or no group has enough devices.

    Examples
    --------
    >>> grouped = fit_gap_by("peak_flops", "dram_bandwidth", "precision", since=2016)
    >>> {"fp64", "fp16", "fastest"} <= set(grouped.gaps)
    True
    """
    narrowed = choose_by(numerator, denominator, by, **choose)

    def fit(choices: Choose) -> Gap:
        return fit_gap(numerator, denominator, way=way, per_operand=per_operand, method=method, **choices)

    gaps, left_out = fit_each(narrowed, fit)
    return GroupedGaps(by=by, gaps=gaps, left_out=left_out)


def choose_by(numerator: Data, denominator: Data, by: str, **choose: Unpack[Choose]) -> dict[str, Choose]:
    """Return the choices that make the gap of each group, the one with most observations first.

    Parameters
    ----------
    numerator, denominator, by, **choose
        As in `fit_gap_by`.

    Examples
    --------
    >>> groups = choose_by("peak_flops", "dram_bandwidth", "kind", dataset="gholami2024")
    >>> groups["gpu"]["where"]
    {'kind': ['gpu']}
    """
    populated = populate((numerator, denominator), choose)
    top, _ = select_each([numerator, denominator], **populated)
    rest = {name: value for name, value in populated.items() if name not in COLUMN_CHOICES}
    asked = gather_where(populated)

    def narrow(group: str) -> Choose:
        if by == "precision" and top.precision:
            return cast("Choose", {**rest, "where": asked, "precision": group})
        return cast("Choose", {**rest, "where": merge_where(asked, {by: escape_pattern(group)})})

    return {group: narrow(group) for group in split_by(top, by)}
