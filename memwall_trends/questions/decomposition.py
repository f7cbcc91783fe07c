"""How much of the growth is growth within groups, and how much is their mix changing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, TooFewObservations, unknown
from memwall_trends.fitting.bootstrap import FEW_GROUPS, Sample, bootstrap_lines
from memwall_trends.fitting.bounds import check_draws, check_period, check_seed
from memwall_trends.fitting.growth import Growth, find_short_window
from memwall_trends.fitting.least_squares import ordinary_least_squares
from memwall_trends.fitting.shares import FEW_DATES, measure_groups
from memwall_trends.selection import select
from memwall_trends.units import (
    decimal_years,
    format_interval,
    format_level,
    format_number,
    power_of_ten,
)

if TYPE_CHECKING:
    from typing import Unpack

    from numpy.typing import NDArray

    from memwall_trends.fitting.bounds import Bounds
    from memwall_trends.fitting.least_squares import Codes, Floats
    from memwall_trends.fitting.shares import GroupShare
    from memwall_trends.selection import Choose, Data, Selection

BY = "product_class"
CLUSTER = "architecture"
NONE_GIVEN = "(none given)"
"""The group of the rows that name none."""
FEW_OBSERVATIONS = 10


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Decomposition:
    """The pooled growth as growth within groups times the change of their mix.

    Attributes
    ----------
    by : str
        The column whose values are the groups.
    selection : Selection
        What was fitted.
    pooled, within, mix : Growth
        Of the line through all observations; of the lines with an intercept for each group and one slope;
        and what is left. The slopes of the last two add up to that of the first.
    groups : tuple of GroupShare
        One for each, the one that adds most first.
    cluster : str
        The column whose values were drawn together for the intervals; empty where each row was drawn alone.
    n_clusters : int
        How many there are to draw from.
    level : float
        Of the intervals.
    draws, seed : int
        Of the resamples.
    """

    by: str
    selection: Selection
    pooled: Growth
    within: Growth
    mix: Growth
    groups: tuple[GroupShare, ...]
    cluster: str
    n_clusters: int
    level: float
    draws: int
    seed: int

    @property
    def n_obs(self) -> int:
        """Number of observations."""
        return len(self.selection.observations)

    @property
    def share_of_mix(self) -> float | None:
        """Share of the logarithm of the pooled growth that is a change of the mix; none without growth.

        Below zero where the mix changes towards groups that lie lower; then the rest is above one.
        """
        return self.mix.slope / self.pooled.slope if self.pooled.slope else None

    def warnings(self, per: float = defaults.PERIOD_YEARS) -> list[str]:
        """Return what a reader of growth factors over `per` years should know: that so much was not seen.

        Examples
        --------
        >>> decompose("peak_flops", "kind", dataset="gholami2024").warnings(per=2)
        []
        """
        dates = self.selection.observations["date"]
        return find_short_window(dates.min().date(), dates.max().date(), per, self.selection.name)

    def summary(self, per: float = defaults.PERIOD_YEARS) -> pd.DataFrame:
        """Return the growth factor of each part with its interval, and its share of the logarithm.

        Examples
        --------
        >>> parted = decompose("peak_flops", "kind", dataset="gholami2024")
        >>> parted.summary().round(3)[["part", "rate", "share"]]
             part   rate  share
        0  pooled  3.026  1.000
        1  within  2.597  0.862
        2     mix  1.165  0.138
        """
        mix = self.share_of_mix
        shares = (None, None, None) if mix is None else (1.0, 1 - mix, mix)
        rows = [
            (name, growth.growth_factor(per), *growth.growth_interval(per, self.level), growth.slope, share)
            for (name, growth), share in zip(self._growths().items(), shares, strict=True)
        ]
        return pd.DataFrame(rows, columns=["part", "rate", "low", "high", "log10_per_year", "share"])

    def to_record(self, per: float = defaults.PERIOD_YEARS) -> dict[str, Any]:
        """Return all as one record, the keys of ``memwall-trends decompose --format json``.

        Examples
        --------
        >>> record = decompose("peak_flops", "kind", dataset="gholami2024").to_record()
        >>> round(record["within"]["rate"] * record["mix"]["rate"] - record["pooled"]["rate"], 9)
        0.0
        """
        chosen = self.selection
        return {
            "series": chosen.name,
            "dataset": chosen.dataset,
            "unit": chosen.unit,
            "by": self.by,
            "period_years": per,
            "level": self.level,
            **{name: self._record_of(growth, per) for name, growth in self._growths().items()},
            "share_of_mix": self.share_of_mix,
            "groups": [_record_group(group, per) for group in self.groups],
            "n_obs": self.n_obs,
            "n_groups": len(self.groups),
            "n_clusters": self.n_clusters,
            "cluster": self.cluster or None,
            "draws": self.draws,
            "seed": self.seed,
            "first_date": chosen.observations["date"].min().date().isoformat(),
            "last_date": chosen.observations["date"].max().date().isoformat(),
            "where": chosen.where,
            "counted": chosen.counted or None,
            "precision": chosen.precision or None,
            "warnings": self.warnings(per),
        }

    def shown(self, per: float = defaults.PERIOD_YEARS) -> pd.DataFrame:
        """Return the summary as text for a reader.

        Examples
        --------
        >>> decompose("peak_flops", "kind", dataset="gholami2024").shown().columns.tolist()
        ['part', 'rate', '95% interval', 'share of log growth']
        """
        rows = [
            (
                row["part"],
                f"{format_number(row['rate'])}x",
                format_interval(row["low"], row["high"]),
                "n/a" if pd.isna(row["share"]) else f"{row['share']:.0%}",
            )
            for row in self.summary(per).to_dict(orient="records")
        ]
        interval = f"{format_level(self.level)} interval"
        return pd.DataFrame(rows, columns=["part", "rate", interval, "share of log growth"])

    def shown_groups(self, per: float = defaults.PERIOD_YEARS) -> pd.DataFrame:
        """Return one line a group as text for a reader: where it stands, and what it adds to the mix.

        Examples
        --------
        >>> decompose("peak_flops", "kind", dataset="gholami2024").shown_groups()["kind"].tolist()
        ['cpu', 'accelerator', 'gpu', 'manycore']
        """
        check_period(per)
        rows = [
            (
                each.group,
                f"{each.n_obs}",
                f"{each.share_first:.0%} to {each.share_last:.0%}",
                f"{format_number(power_of_ten(each.height), 3)}x",
                "n/a" if each.slope is None else f"{format_number(power_of_ten(each.slope * per), 3)}x",
                f"{format_number(power_of_ten(each.contribution * per))}x",
            )
            for each in self.groups
        ]
        columns = [self.by.replace("_", " "), "n", "share", "height", "own rate", "to the mix"]
        return pd.DataFrame(rows, columns=columns)

    def describe_interval(self) -> str:
        """Return in a sentence how the intervals come about.

        Examples
        --------
        >>> decompose("model_size", "vendor", dataset="gholami2024").describe_interval()
        'Intervals: percentiles of 2,000 resamples of 10 rows (seed 0).'
        """
        drawn = "rows"
        if self.cluster:
            alone = not _is_named(self.selection.observations[self.cluster]).all()
            drawn = f"{self.cluster}s" + (" and rows that name none" if alone else "")
        return (
            f"Intervals: percentiles of {self.draws:,} resamples of {self.n_clusters:,} {drawn} "
            f"(seed {self.seed})."
        )

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return (
            f"{self.selection.name} ({self.selection.dataset}) by {self.by.replace('_', ' ')}\n"
            f"{self.shown().to_string(index=False)}\n\n{self.shown_groups().to_string(index=False)}"
        )

    __repr__ = __str__

    def _growths(self) -> dict[str, Growth]:
        return {"pooled": self.pooled, "within": self.within, "mix": self.mix}

    def _record_of(self, growth: Growth, per: float) -> dict[str, float]:
        low, high = growth.growth_interval(per, self.level)
        return {
            "rate": growth.growth_factor(per),
            "ci_low": low,
            "ci_high": high,
            "log10_per_year": growth.slope,
        }


def decompose(
    data: Data,
    by: str = BY,
    *,
    draws: int = defaults.DRAWS,
    seed: int = defaults.SEED,
    level: float = defaults.LEVEL,
    **choose: Unpack[Choose],
) -> Decomposition:
    """Split the pooled growth of a series into growth within groups and the change of their mix.

    Parameters
    ----------
    data : str, Path, DataFrame or Selection
        As in `memwall_trends.fitting.trends.fit_trend`.
    by : str
        A column, as in ``kind``, whose values are the groups. Rows that name none are one group.
    draws, seed : int
        Of the bootstrap of the intervals: it draws architectures where the data names them, else rows.
    level : float
        Of the intervals.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`.

    Returns
    -------
    Decomposition
        Pooled is the slope of log10(value) on the year; within, that with an intercept a_g for each group.
        To leave the effects out of a line changes its slope by exactly sum_g a_g d_g, with d_g the slope of
        the share of the group on the year (Gelbach 2016, doi:10.1086/683668, after Frisch, Waugh and Lovell):
        that is the mix. As the d_g add up to zero, each height a_g may be taken from the average observation.

    Raises
    ------
    MemwallError
        If a choice is wrong, there is no such column, it has fewer than two groups, there is nothing to draw
        from, or the observations are too few.

    Examples
    --------
    >>> parted = decompose("peak_flops", "kind", dataset="gholami2024")
    >>> round(parted.within.slope + parted.mix.slope - parted.pooled.slope, 12)
    0.0
    """
    check_draws(draws, level)
    check_seed(seed)
    chosen = select(data, **choose)
    rows, _ = chosen.observations, chosen.unit  # rows of several units are an error
    labels, codes = _group(rows, by, chosen.origin)
    years, log10_values = _line_through(rows)
    _check(chosen, by, labels, years)
    pooled = ordinary_least_squares(years, log10_values).slope
    fitted = ordinary_least_squares(years, log10_values, within=codes)
    # Values that are all the same have no effects.
    heights = np.zeros(len(labels)) if fitted.effects is None else fitted.effects
    groups = measure_groups(years, log10_values, labels=labels, codes=codes, heights=heights)
    bounds, n_clusters = _draw(chosen, by, draws, seed)
    slopes = (pooled, fitted.slope, sum(each.contribution for each in groups))
    growths = [
        Growth(
            slope=slope,
            slope_error=error,
            degrees_of_freedom=float(n_clusters - 1),
            slope_bounds=slope_bounds,
        )
        for slope, (error, slope_bounds) in zip(slopes, bounds, strict=True)
    ]
    return Decomposition(
        by=by,
        selection=chosen,
        pooled=growths[0],
        within=growths[1],
        mix=growths[2],
        groups=tuple(sorted(groups, key=lambda each: -each.contribution)),
        cluster=CLUSTER if CLUSTER in rows else "",
        n_clusters=n_clusters,
        level=level,
        draws=draws,
        seed=seed,
    )


def _group(rows: pd.DataFrame, by: str, origin: str) -> tuple[list[str], Codes]:
    """Return the names of the groups, and of which each row is."""
    if by not in rows:
        raise unknown(f"column of {origin} to group by", by, map(str, rows.columns))
    codes, labels = pd.factorize(rows[by].astype(str).where(_is_named(rows[by]), NONE_GIVEN))
    return list(map(str, labels)), codes


def _check(chosen: Selection, by: str, labels: list[str], years: Floats) -> None:
    if len(labels) < 2:  # noqa: PLR2004
        raise MemwallError(
            f"{chosen.origin}: all {len(years)} rows have {by}={labels[0]}; a mix needs at least two groups. "
            "Choose less narrowly, or another column to group by"
        )
    n_obs, n_dates = len(years), len(np.unique(years))
    # Each group takes an intercept, and the slope one more.
    if FEW_OBSERVATIONS <= n_obs < len(labels) + 2:
        raise MemwallError(
            f"{chosen.origin}: the {n_obs} rows are of {len(labels)} groups by {by}; most need several rows. "
            "Choose another column to group by"
        )
    if n_obs < FEW_OBSERVATIONS or n_dates < FEW_DATES:
        raise TooFewObservations(
            f"{chosen.origin}: {n_obs} row(s) on {n_dates} date(s); a decomposition needs at least "
            f"{FEW_OBSERVATIONS} on {FEW_DATES}",
            n_obs,
        )


def _line_through(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    return decimal_years(rows["date"].to_numpy()), np.log10(rows["value"].to_numpy(dtype=np.float64))


def _draw(chosen: Selection, by: str, draws: int, seed: int) -> tuple[list[tuple[float, Bounds]], int]:
    """Return for pooled, within and mix the standard error and the bounds, and how many were drawn from."""
    pooled, within = _sample(chosen, None), _sample(chosen, by)
    n_clusters = len(np.unique(pooled.groups))
    if n_clusters < FEW_GROUPS:
        raise MemwallError(
            f"{chosen.origin}: {n_clusters} {CLUSTER}(s) to draw from; the intervals need at least "
            f"{FEW_GROUPS}. Choose less narrowly"
        )
    origin = float(pooled.years.mean())
    bounds = []
    # One seed draws the same for all three, so that each resample adds up too.
    for sample, divisor in ((pooled, None), (within, None), (pooled, within)):
        lines, slope_bounds = bootstrap_lines(sample, divisor=divisor, origin=origin, draws=draws, seed=seed)
        bounds.append((float(lines[1].std()), slope_bounds))
    return bounds, n_clusters


def _sample(chosen: Selection, within: str | None) -> Sample:
    """Return what is drawn; where only records count, all rows that could set one."""
    rows = chosen.observations if chosen.candidates is None else chosen.candidates
    counted = np.ones(len(rows), dtype=bool) if chosen.in_window is None else chosen.in_window
    ascending = [True, chosen.record == "low"]
    rows = rows.reset_index(drop=True).sort_values(["date", "value"], ascending=ascending, kind="stable")
    years, log10_values = _line_through(rows)
    return Sample(
        years=years,
        log10_values=log10_values,
        groups=_clusters(rows),
        counted=counted[rows.index],
        weights=np.ones(len(rows)),
        frontier=chosen.frontier,
        record=chosen.record,
        within=_group(rows, within, chosen.origin)[1] if within else None,
    )


def _clusters(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Return the architecture of each row as a number; a row without one is alone."""
    if CLUSTER not in rows:
        return np.arange(len(rows))
    named = _is_named(rows[CLUSTER])
    alone = "row " + rows.index.astype(str).to_series(index=rows.index)
    # A pair, so that no architecture is called as a row is.
    keys = named.astype(str) + rows[CLUSTER].astype(str).where(named, alone)
    return pd.factorize(keys)[0]


def _is_named(column: pd.Series) -> pd.Series[bool]:
    return column.notna() & (column.astype(str) != "")


def _record_group(each: GroupShare, per: float) -> dict[str, Any]:
    return {
        "group": each.group,
        "count": each.n_obs,
        "share_first": each.share_first,
        "share_last": each.share_last,
        "share_per_year": each.share_slope,
        "height": power_of_ten(each.height),
        "own_rate": None if each.slope is None else power_of_ten(each.slope * per),
        "contribution": power_of_ten(each.contribution * per),
        "contribution_log10_per_year": each.contribution,
    }
