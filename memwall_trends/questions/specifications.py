"""Which combinations of choices there are: the populations of a series, and what is fitted to each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import find_series, list_series, load_observations
from memwall_trends.datasets.conditions import filter_rows
from memwall_trends.datasets.rates import Frontier, OnePer, describe_one_per, find_record, list_reductions
from memwall_trends.errors import TooFewObservations
from memwall_trends.fitting.bounds import MIN_DISTINCT_DATES
from memwall_trends.fitting.methods import CLUSTER, VENDOR, Method, choose_cluster, cluster_codes
from memwall_trends.selection import gather_where, select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from memwall_trends.datasets.conditions import Limit
    from memwall_trends.fitting.least_squares import Codes, Floats
    from memwall_trends.selection import Choose, Selection

    Rows = NDArray[np.bool_]
    Window = tuple[str, Limit, Limit]

CHOICES = ("precision", "window", "segment", "vendors", "counted", "effects", "method")
"""What is varied, by the column of the specifications that names the option."""
VARIED_PRECISIONS = ("best16", "fp64", "fp32", "fp16", "fastest")
VARIED_SINCE = (2010, 2016)
SEGMENTS = ("server", "consumer")
CHIPS = ("gpu", "accelerator")
METHODS = ("ols", "wls", "huber", "theil-sen", "quantile")
LEAST_SQUARES = ("ols", "wls")
CLASS = "product_class"
ALL, EACH, RECORDS, NO_EFFECTS = "all", "each device", "records", "none"
TYPICAL, LEADING_EDGE = "median of each architecture", "best of each year"
REDUCTIONS = {
    TYPICAL: ("architecture", "median"),
    "best of each architecture": ("architecture", "best"),
    LEADING_EDGE: ("year", "best"),
}
MIDDLE, LEADING = (EACH, TYPICAL), (LEADING_EDGE, RECORDS)
MOST_VENDORS = 3
FEW_OBSERVATIONS, FEW_RECORDS, FEW_YEARS = 10, 5, 5.0
DRAWS = 300


@dataclass(frozen=True, eq=False)
class Rated:
    """All observations under one precision policy, of which populations are parts.

    Attributes
    ----------
    selection : Selection
        Of all times, each device counted; its observations are numbered from 0.
    dated : DataFrame
        The columns of them that the usual methods go by.
    years, log10_values : ndarray of float, shape (n,)
    identities : ndarray of int, shape (n,)
        The same for the same device with the same value, under whichever policy.
    clusters : dict of str to ndarray of int, shape (n,)
        Which observations share an error, by the column that says so.
    named : ndarray of bool, shape (n,)
        Of which the architecture is known; of none where it is not gone by.
    """

    selection: Selection
    dated: pd.DataFrame
    years: Floats
    log10_values: Floats
    identities: Codes
    clusters: dict[str, Codes]
    named: Rows

    @property
    def frame(self) -> pd.DataFrame:
        """The observations."""
        return self.selection.observations

    def codes(self, column: str) -> Codes:
        """Return the values of a column as numbers from 0; each that is empty is one of its own."""
        return cluster_codes(self.frame, column)


@dataclass(frozen=True, eq=False)
class Population:
    """Observations to which lines are fitted, with the options that choose them.

    Attributes
    ----------
    rated : Rated
        What it is part of.
    named : dict of str to str
        The options, by choice.
    rows : ndarray of bool, shape (n,)
        Which of the observations count.
    candidates, in_window : ndarray of bool, shape (n,), optional
        Of records: which observations could have set one, and which of all lie in the window.
    """

    rated: Rated
    named: dict[str, str]
    rows: Rows
    candidates: Rows | None = None
    in_window: Rows | None = None

    @property
    def usual_cluster(self) -> str | None:
        """The column of what shares an error: that of `memwall_trends.fitting.methods.find_cluster`."""
        if not self.rated.named[self.rows].any():
            return None
        vendors = self.rated.clusters.get(VENDOR)
        return choose_cluster(0 if vendors is None else len(np.unique(vendors[self.rows])))

    def select(self, *, whole: bool = False) -> Selection:
        """Return the observations as `memwall_trends.fitting.methods.fit_line` takes them.

        Parameters
        ----------
        whole : bool
            With all their columns, which takes longer.
        """
        frame, candidates = self.rated.frame if whole else self.rated.dated, self.candidates
        return replace(
            self.rated.selection,
            observations=frame[self.rows],
            candidates=None if candidates is None else frame[candidates].reset_index(drop=True),
            in_window=None if candidates is None or self.in_window is None else self.in_window[candidates],
        )


@dataclass(frozen=True, eq=False)
class Options:
    """What was asked for, and so is not varied.

    Attributes
    ----------
    choose : Choose
        The choices of observations.
    method : str or Method, optional
        How to fit. The name of an estimator leaves the effects open, a `Method` leaves nothing open.
    draws, seed : int
        Of the bootstrap of records.
    """

    choose: Choose
    method: str | Method | None
    draws: int = DRAWS
    seed: int = defaults.SEED

    @property
    def columns(self) -> set[str]:
        """The columns that conditions name."""
        return {column.removesuffix("!") for column in gather_where(self.choose)}

    @property
    def counted(self) -> str:
        """What counts, if that is given; empty where it is varied."""
        choose = self.choose
        given = list_reductions(
            choose.get("one_per"), choose.get("take"), choose.get("best_of"), choose.get("record")
        )
        words = [describe_one_per(columns, take).removeprefix("the ") for columns, take in given]
        return "; ".join([*words, *([RECORDS] if choose.get("frontier") else [])])


def list_populations(series: str, options: Options) -> list[list[Population]]:
    """Return each different set of observations once, those under one precision policy together.

    Parameters
    ----------
    series : str
        As in ``peak_flops``.
    options : Options

    Returns
    -------
    list of list of Population
        Of at least ten observations (five records) over five years.

    Examples
    --------
    >>> (links,) = list_populations("interconnect_bandwidth", Options({"since": 2010}, None))
    >>> links[0].named
    {'window': '2010 to', 'segment': 'all', 'vendors': 'all', 'counted': 'each device'}
    """
    windows = _windows(series, options)
    seen: set[tuple[bool, bytes]] = set()
    found = []
    for precision, rated in _rate(series, options).items():
        named = {"precision": precision} if precision else {}
        populations = []
        for population in _vary(rated, windows, options):
            records = population.candidates is not None
            same = (records, np.sort(rated.identities[population.rows]).tobytes())
            if same not in seen and _suffices(population):
                seen.add(same)
                populations.append(replace(population, named={**named, **population.named}))
        found.append(populations)
    return found


def list_methods(options: Options) -> list[Method]:
    """Return the methods that are fitted; which to what, `is_defensible` says.

    Examples
    --------
    >>> [(method.name, method.within) for method in list_methods(Options({}, "ols"))]
    [('ols', None), ('ols', 'product_class')]
    """
    if isinstance(options.method, Method):
        return [options.method]
    names = METHODS if options.method is None else (options.method,)
    return [
        Method(name, within=within, draws=options.draws, seed=options.seed)
        for name in names
        for within in ((None, CLASS) if name in LEAST_SQUARES else (None,))
    ]


def is_defensible(method: Method, population: Population, options: Options) -> bool:
    """Return whether a method answers a question about a population that an analyst would ask.

    The best of a year and records are few, and each is the farthest point: estimators that discount far
    points, and weights of years, make no sense of them; nor do class effects, as the best change class. To
    leave out a vendor asks who drives the rate, which least squares tells. Robust estimators look at all
    devices or at those in the middle of their architecture: the best ones are no outliers to discount. What
    was asked for is done.

    Parameters
    ----------
    method : Method
        Of `list_methods`.
    population : Population
        Of `list_populations`.
    options : Options
    """
    if isinstance(options.method, Method):
        return True
    counted = population.named["counted"]
    leading = counted in LEADING and not options.counted
    if method.within and (leading or CLASS not in population.rated.frame):
        return False
    if method.name == "ols":
        return True
    if options.method is not None:
        return not leading
    if leading or population.named["vendors"] != ALL:
        return False
    return method.name in LEAST_SQUARES or bool(options.counted) or counted in MIDDLE


def name_effects(method: Method) -> str:
    """Return the option of a method's class effects.

    Examples
    --------
    >>> name_effects(Method()), name_effects(Method(within="product_class"))
    ('none', 'within product class')
    """
    return f"within {method.within.replace('_', ' ')}" if method.within else NO_EFFECTS


def _rate(series: str, options: Options) -> dict[str, Rated]:
    """Return the observations under each precision policy, of all times."""
    open_: Choose = {**options.choose, "since": None, "until": None, "frontier": False}
    open_.update({"one_per": None, "best_of": None, "take": ""})
    selections = {}
    for precision in _precisions(series, options):
        narrowed: Choose = {**open_, "precision": precision}
        try:
            chosen = select(series, **narrowed)
        except TooFewObservations:
            continue
        rows = chosen.observations.reset_index(drop=True)
        selections[precision or ""] = replace(chosen, observations=rows)
    identities, _ = pd.factorize(
        pd.MultiIndex.from_frame(
            pd.concat([each.observations[["name", "value"]] for each in selections.values()])
        )
    )
    ends = np.cumsum([len(each.observations) for each in selections.values()])
    return {
        precision: Rated(
            selection=chosen,
            dated=_shorten(chosen.observations),
            years=decimal_years(chosen.observations["date"].to_numpy()),
            log10_values=np.log10(chosen.observations["value"].to_numpy(dtype=np.float64)),
            identities=part,
            clusters={
                column: cluster_codes(chosen.observations, column)
                for column in (VENDOR, CLUSTER)
                if column in chosen.observations
            },
            named=_name_designs(chosen),
        )
        for (precision, chosen), part in zip(selections.items(), np.split(identities, ends[:-1]), strict=True)
    }


def _name_designs(chosen: Selection) -> Rows:
    rows = chosen.observations
    if CLUSTER not in rows or chosen.dataset == defaults.PAPER:
        return np.zeros(len(rows), dtype=bool)
    return (rows[CLUSTER].fillna("").astype(str) != "").to_numpy()


def _shorten(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that methods go by unless told otherwise, quick to take rows of."""
    columns = [column for column in (VENDOR, CLUSTER) if column in rows]
    return rows[["date", "value", *columns]].astype(dict.fromkeys(columns, object))


def _vary(rated: Rated, windows: Sequence[Window], options: Options) -> Iterator[Population]:
    """Yield the populations under one precision policy, equal ones and small ones among them."""
    frame = rated.frame
    counts, frontier = _counted(frame, options), Frontier.of(frame, find_record(options.choose.get("record")))
    inside_of = [(name, _inside(frame, since, until)) for name, since, until in windows]
    for (window, inside), (segment, sold), (vendors, made) in product(
        inside_of, _segments(frame, options), _vendors(frame, options)
    ):
        possible = sold & made
        named = {"window": window, "segment": segment, "vendors": vendors}
        for counted, (reductions, records) in counts.items():
            if counted in LEADING and vendors != ALL and not options.counted:
                continue  # the best of some vendors are no leading edge
            rows = possible if records else possible & inside
            for reduction in reductions:
                rows = reduction.among(rows)
            if not records:
                yield Population(rated, {**named, "counted": counted}, rows)
                continue
            set_one = frontier.among(rows)
            yield Population(rated, {**named, "counted": counted}, set_one & inside, rows, inside)


def _suffices(population: Population) -> bool:
    years = population.rated.years[population.rows]
    fewest = FEW_OBSERVATIONS if population.candidates is None else FEW_RECORDS
    if len(years) < fewest or float(np.ptp(years)) < FEW_YEARS:
        return False
    return len(np.unique(years)) >= MIN_DISTINCT_DATES


def _precisions(series: str, options: Options) -> list[str | None]:
    dataset = options.choose.get("dataset", defaults.DATASET)
    if "precision" not in find_series(series, dataset).columns:
        return [None]
    precision = options.choose.get("precision")
    if precision or "precision" in options.columns:
        return [precision]
    return list(VARIED_PRECISIONS)


def _windows(series: str, options: Options) -> list[Window]:
    since, until = options.choose.get("since"), options.choose.get("until")
    if since is not None or until is not None:
        return [(f"{since or ''} to {until or ''}".strip(), since, until)]
    windows: list[Window] = [(ALL, None, None)]
    if series in list_series(defaults.PAPER):
        points = load_observations(series, dataset=defaults.PAPER).parsed["date"]
        windows.append(("paper's", points.min().date(), points.max().date()))
    return [*windows, *((f"since {year}", year, None) for year in VARIED_SINCE)]


def _inside(frame: pd.DataFrame, since: Limit, until: Limit) -> Rows:
    try:
        return frame.index.isin(filter_rows(frame, since=since, until=until).index)
    except TooFewObservations:
        return np.zeros(len(frame), dtype=bool)


def _segments(frame: pd.DataFrame, options: Options) -> list[tuple[str, Rows]]:
    """Return the populations by what a chip was sold for, GPUs and accelerators of servers among them."""
    found = [(ALL, np.ones(len(frame), dtype=bool))]
    chips, name = frame["kind"].isin(CHIPS).to_numpy(), " and ".join(CHIPS)
    if "segment" in frame and "segment" not in options.columns:
        sold = {segment: (frame["segment"] == segment).to_numpy() for segment in SEGMENTS}
        found += [(segment, rows) for segment, rows in sold.items() if rows.any()]
        chips, name = chips & sold["server"], f"server {name}"
    return [*found, (name, chips)] if "kind" not in options.columns and chips.any() else found


def _vendors(frame: pd.DataFrame, options: Options) -> list[tuple[str, Rows]]:
    everyone = (ALL, np.ones(len(frame), dtype=bool))
    if "vendor" in options.columns:
        return [everyone]
    most = frame["vendor"].value_counts().index[:MOST_VENDORS]
    return [everyone, *((f"without {vendor}", (frame["vendor"] != vendor).to_numpy()) for vendor in most)]


def _counted(frame: pd.DataFrame, options: Options) -> dict[str, tuple[list[OnePer], bool]]:
    """Return what counts once, by its name: what stands for groups, and whether only records count."""
    choose = options.choose
    if options.counted:
        given = list_reductions(
            choose.get("one_per"), choose.get("take"), choose.get("best_of"), choose.get("record")
        )
        reductions = [OnePer.of(frame, columns, take) for columns, take in given]
        return {options.counted: (reductions, bool(choose.get("frontier")))}
    found: dict[str, tuple[list[OnePer], bool]] = {EACH: ([], False)}
    for name, (column, take) in REDUCTIONS.items():
        if column in frame or name == LEADING_EDGE:
            ((columns, which),) = list_reductions(column, take, None, choose.get("record"))
            found[name] = ([OnePer.of(frame, columns, which)], False)
    return {**found, RECORDS: ([], True)}
