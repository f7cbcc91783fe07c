"""Groups of observations: how the share of each changes, and what that adds to the growth of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.fitting.least_squares import ordinary_least_squares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.fitting.least_squares import Codes, Floats

FEW_DATES = 3


@dataclass(frozen=True, kw_only=True)
class GroupShare:
    """A group: its share of the observations, where it stands, and what it adds to the mix.

    Attributes
    ----------
    group : str
    n_obs : int
        Number of its observations.
    share_first, share_last : float
        Its share of the observations in the first and in the last third, by date.
    share_slope : float
        By how much its share changes a year: the slope of the line through 1 where an observation is of the
        group and 0 where it is not.
    height : float
        log10 units by which it lies above the average observation, at the same date.
    slope : float, optional
        Its own growth, log10 units a year; none of fewer than three different dates.

    Examples
    --------
    >>> gpus = GroupShare(
    ...     group="gpu", n_obs=9, share_first=0.1, share_last=0.5, share_slope=0.02, height=0.7
    ... )
    >>> round(gpus.contribution, 6)
    0.014
    """

    group: str
    n_obs: int
    share_first: float
    share_last: float
    share_slope: float
    height: float
    slope: float | None = None

    @property
    def contribution(self) -> float:
        """What it adds to the slope of the mix: its height times the change of its share."""
        return self.height * self.share_slope


def measure_groups(
    years: Floats, log10_values: Floats, *, labels: Sequence[str], codes: Codes, heights: Floats
) -> list[GroupShare]:
    """Return what each group adds to the growth of all.

    Parameters
    ----------
    years, log10_values : ndarray of float, shape (n,)
    labels : sequence of str
        Of each of m groups.
    codes : ndarray of int, shape (n,)
        Of which group an observation is, 0 to m - 1.
    heights : ndarray of float, shape (m,)
        How far each lies above the average observation, the effects of
        `memwall_trends.fitting.least_squares.Estimate`.

    Examples
    --------
    >>> years, codes = np.array([2000.0, 2001.0, 2002.0, 2003.0]), np.array([0, 0, 1, 1])
    >>> old, new = measure_groups(
    ...     years, years - 2000, labels=["old", "new"], codes=codes, heights=np.array([-1.0, 1.0])
    ... )
    >>> new.share_first, new.share_last, round(new.share_slope, 6)
    (0.0, 1.0, 0.4)
    """
    member = (codes[:, np.newaxis] == np.arange(len(labels))).astype(np.float64)
    centred = years - years.mean()
    share_slopes = centred @ member / (centred @ centred)
    first, last = np.quantile(years, [1 / 3, 2 / 3])
    share_first, share_last = member[years <= first].mean(axis=0), member[years >= last].mean(axis=0)
    groups = []
    for code, label in enumerate(labels):
        inside = codes == code
        own = None
        if len(np.unique(years[inside])) >= FEW_DATES:
            own = ordinary_least_squares(years[inside], log10_values[inside]).slope
        groups.append(
            GroupShare(
                group=label,
                n_obs=int(inside.sum()),
                share_first=float(share_first[code]),
                share_last=float(share_last[code]),
                share_slope=float(share_slopes[code]),
                height=float(heights[code]),
                slope=own,
            )
        )
    return groups
