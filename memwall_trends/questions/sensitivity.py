"""The specification curve: what the rate is under every defensible combination of choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bootstrap import fit_lines
from memwall_trends.fitting.bounds import check_level, check_period, check_seed, least_draws
from memwall_trends.fitting.estimators import find_estimator
from memwall_trends.fitting.growth import Growth
from memwall_trends.fitting.many_lines import AT_ONCE, fit_many
from memwall_trends.fitting.methods import Method, as_method, fit_line
from memwall_trends.questions.claims import VERDICTS, compare_rates, find_claimed_slope, load_claims, slope_of
from memwall_trends.questions.claims.judging import Slope, check_margin
from memwall_trends.questions.specifications import (
    CHOICES,
    DRAWS,
    FEW_OBSERVATIONS,
    FEW_YEARS,
    LEAST_SQUARES,
    Options,
    is_defensible,
    list_methods,
    list_populations,
    name_effects,
)
from memwall_trends.selection import select
from memwall_trends.units import decimal_years, format_interval, format_level, format_number, power_of_ten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Unpack

    from memwall_trends.fitting.least_squares import Codes
    from memwall_trends.questions.specifications import Population
    from memwall_trends.selection import Choose, Selection

SHARES = ("share_agreeing", "share_differing", "share_inconclusive")
"""The keys of the shares of the three verdicts."""
USUAL_ERRORS = {"ols": "classical", "wls": "hc3"}
"""The standard error where none is named and nothing shares an error, as
`memwall_trends.fitting.least_squares` has it."""


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """The rate of a series under every combination of choices.

    Attributes
    ----------
    series, dataset : str
        What was fitted.
    per, level, margin : float
        Period of the rates in years, level of their intervals, and the factor within which a rate agrees.
    printed_rate : float
        What *AI and Memory Wall* prints for this series and period; not a number where it prints none.
    seed : int
        Of the random draws.
    specifications : DataFrame
        One row a combination, by rate: the options named `CHOICES`, ``n_obs, rate, ci_low, ci_high`` and
        ``verdict`` on the printed rate (empty where none is printed).
    effects : DataFrame
        One row a choice: ``choice, lowest_option, lowest_rate, highest_option, highest_rate, factor``. The
        rates are those of additive effects on log(rate), since not all combinations exist.
    influence : DataFrame
        One row a device and vendor: ``left_out`` (device or vendor), ``name, n_obs`` (how many leave),
        ``rate`` without it by least squares of all observations, ``change`` in percent; the most influential
        first.
    """

    series: str
    dataset: str
    per: float
    level: float
    margin: float
    printed_rate: float
    seed: int
    specifications: pd.DataFrame
    effects: pd.DataFrame
    influence: pd.DataFrame

    def summary(self) -> dict[str, float]:
        """Return the number of specifications, the quantiles of their rates, and the shares of verdicts.

        Examples
        --------
        >>> summary = run_sensitivity("interconnect_bandwidth", method="ols").summary()
        >>> list(summary)[-3:]
        ['share_agreeing', 'share_differing', 'share_inconclusive']
        """
        rates, verdicts = self.specifications["rate"], self.specifications["verdict"]
        shares = {
            share: float("nan") if np.isnan(self.printed_rate) else float((verdicts == verdict).mean())
            for share, verdict in zip(SHARES, VERDICTS, strict=True)
        }
        return {
            "specifications": len(rates),
            "median": float(rates.median()),
            "lowest": float(rates.min()),
            "lower_quartile": float(rates.quantile(0.25)),
            "upper_quartile": float(rates.quantile(0.75)),
            "highest": float(rates.max()),
            "printed_rate": self.printed_rate,
            **shares,
        }

    def to_record(self) -> dict[str, Any]:
        """Return all as one record, the keys of ``memwall-trends sensitivity --format json``.

        Examples
        --------
        >>> list(run_sensitivity("interconnect_bandwidth", method="ols").to_record())[:2]
        ['series', 'dataset']
        """
        return {
            "series": self.series,
            "dataset": self.dataset,
            "period_years": self.per,
            "level": self.level,
            "margin": self.margin,
            "seed": self.seed,
            **self.summary(),
            "effects": self.effects.to_dict(orient="records"),
            "influence": self.influence.to_dict(orient="records"),
            "curve": self.specifications.to_dict(orient="records"),
        }

    def shown(self) -> pd.DataFrame:
        """Return the summary as text for a reader.

        Examples
        --------
        >>> run_sensitivity("interconnect_bandwidth", method="ols").shown().columns.tolist()
        ['quantity', 'value']
        """
        summary = self.summary()
        rows = [
            ("specifications", str(summary["specifications"])),
            ("median rate", f"{format_number(summary['median'])}x"),
            ("middle half", format_interval(summary["lower_quartile"], summary["upper_quartile"])),
            ("range", format_interval(summary["lowest"], summary["highest"])),
        ]
        if not np.isnan(self.printed_rate):
            rows += [
                (f"{verdict} with {self.printed_rate:g}x" if place == 0 else verdict, f"{summary[share]:.0%}")
                for place, (verdict, share) in enumerate(zip(VERDICTS, SHARES, strict=True))
            ]
        return pd.DataFrame(rows, columns=["quantity", "value"])

    def __str__(self) -> str:
        """Return what a terminal shows."""
        title = f"{self.series} ({self.dataset}), {format_level(self.level)} intervals"
        return (
            f"{title}\n{self.shown().to_string(index=False)}\n{self.effects.round(3).to_string(index=False)}"
        )

    __repr__ = __str__


def run_sensitivity(
    series: str | Selection,
    *,
    method: str | Method | None = None,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    margin: float = defaults.MARGIN,
    draws: int = DRAWS,
    seed: int = defaults.SEED,
    **choose: Unpack[Choose],
) -> Sensitivity:
    """Fit a series under every defensible combination of choices.

    Varied are the precision, the window, the segment, the vendors, what counts once, the class effects and
    the estimator: `memwall_trends.questions.specifications` says which.

    Parameters
    ----------
    series : str or Selection
        As in ``peak_flops``.
    method : str or Method, optional
        As in `memwall_trends.fitting.trends.fit_trend`; by default varied. The name of an estimator leaves
        class effects open, a `Method` leaves nothing open.
    per, level : float
        Period of the rates in years, and level of their intervals.
    margin : float
        Factor on the growth per two years within which a rate is as good as the printed one.
    draws, seed : int
        Of the bootstrap of records.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`. What is given is not
        varied: a window, a precision, conditions on ``vendor``, ``segment`` or ``kind``, what counts once.

    Returns
    -------
    Sensitivity
        Of combinations with at least ten observations (five records) over five years, and as many degrees
        of freedom as these leave. Those that choose the same observations as one before them count once.

    Raises
    ------
    MemwallError
        If the series or a choice is wrong, or no combination has enough observations.

    Examples
    --------
    >>> curve = run_sensitivity("dram_bandwidth", method="ols", frontier=True)
    >>> set(curve.specifications["counted"])
    {'records'}
    """
    check_level(level)
    check_margin(margin)
    if method is not None:
        find_estimator(as_method(method).name)
    usual = select(series, **choose)
    name = usual.name
    # Records at a high level need more draws than usual.
    draws = max(draws, least_draws(level))
    options = Options(usual.choose, method=method, draws=draws, seed=check_seed(seed))
    printed, claimed = _printed(name, check_period(per), level)
    rows = []
    for population, fitted, slope in _fit_all(name, options, level):
        rate, low, high = (power_of_ten(end * per) for end in (slope.estimate, slope.low, slope.high))
        rows.append(
            {
                **population.named,
                "effects": name_effects(fitted),
                "method": fitted.name,
                "n_obs": int(population.rows.sum()),
                "rate": rate,
                "ci_low": low,
                "ci_high": high,
                "verdict": compare_rates(slope, claimed, per=per, margin=margin).verdict if claimed else "",
            }
        )
    if not rows:
        raise MemwallError(
            f"{name}: no combination of choices has {FEW_OBSERVATIONS} observations over {FEW_YEARS:g} "
            "years; choose less narrowly"
        )
    specifications = pd.DataFrame(rows).sort_values("rate", kind="stable", ignore_index=True)
    return Sensitivity(
        series=name,
        dataset=usual.dataset,
        per=per,
        level=level,
        margin=margin,
        printed_rate=printed,
        seed=seed,
        specifications=specifications,
        effects=find_effects(specifications),
        influence=_influence(usual.observations, per),
    )


def find_effects(specifications: pd.DataFrame) -> pd.DataFrame:
    """Return how far each choice moves the rate, the choice that moves it most first.

    Parameters
    ----------
    specifications : DataFrame
        ``rate``, and the columns of `CHOICES` that there are.

    Returns
    -------
    DataFrame
        ``choice, lowest_option, lowest_rate, highest_option, highest_rate, factor``: rates of an option by
        least squares of log(rate) on all options, averaged over the specifications.

    Examples
    --------
    >>> rows = pd.DataFrame({"method": ["ols", "huber"] * 2, "segment": list("aabb"), "rate": [1, 2, 3, 6]})
    >>> find_effects(rows)[["choice", "factor"]].round(6).values.tolist()
    [['segment', 3.0], ['method', 2.0]]
    """
    varied = [name for name in CHOICES if name in specifications and specifications[name].nunique() > 1]
    log_rates = np.log(specifications["rate"].to_numpy(dtype=np.float64))
    columns = ["choice", "lowest_option", "lowest_rate", "highest_option", "highest_rate", "factor"]
    if not varied:
        return pd.DataFrame(columns=columns)
    dummies = pd.get_dummies(specifications[varied], drop_first=True, prefix_sep="=").astype(float)
    design = dummies.assign(constant=1.0).to_numpy()
    # The shortest solution: records are only fitted by least squares, so that the options overlap.
    solved, *_ = np.linalg.lstsq(design.T @ design, design.T @ log_rates)
    effects = dict(zip(dummies.columns, solved[:-1], strict=True))
    rows = []
    for name in varied:
        by_option = {
            option: float(effects.get(f"{name}={option}", 0.0)) for option in specifications[name].unique()
        }
        average = specifications[name].map(by_option).mean()
        rates = {
            option: float(np.exp(log_rates.mean() + by_option[option] - average)) for option in by_option
        }
        lowest, highest = (
            min(rates, key=lambda option: rates[option]),
            max(rates, key=lambda option: rates[option]),
        )
        factor = rates[highest] / rates[lowest]
        rows.append((name, lowest, rates[lowest], highest, rates[highest], factor))
    effects_frame = pd.DataFrame(rows, columns=columns)
    return effects_frame.sort_values("factor", ascending=False, kind="stable", ignore_index=True)


def _printed(series: str, per: float, level: float) -> tuple[float, Slope | None]:
    """Return the rate that the paper prints, as it is and as a slope; none where it prints none so."""
    if per != defaults.PERIOD_YEARS:
        return float("nan"), None
    for claim in load_claims(per):
        if claim["series"] == series:
            return float(claim["printed"]), find_claimed_slope(claim, level)
    return float("nan"), None


def _fit_all(series: str, options: Options, level: float) -> Iterator[tuple[Population, Method, Slope]]:
    """Yield each combination that has a line, with its slope and the interval of that."""
    for populations in list_populations(series, options):
        for method in list_methods(options):
            suiting = [each for each in populations if is_defensible(method, each, options)]
            slopes = fit_populations(suiting, method, level)
            yield from ((each, method, slope) for each, slope in zip(suiting, slopes, strict=True) if slope)


def fit_populations(populations: Sequence[Population], method: Method, level: float) -> list[Slope | None]:
    """Return the slope of each of some populations under one precision policy, with its interval.

    Parameters
    ----------
    populations : sequence of Population
    method : Method
    level : float

    Returns
    -------
    list of Slope or None
        As `memwall_trends.fitting.trends.fit_trend` has each; those of plain least squares are found at once.
        None where the method finds no line, or an intercept for each class leaves fewer degrees of freedom
        than `FEW_OBSERVATIONS` without, or there is a single class.
    """
    found: list[Slope | None] = [None] * len(populations)
    classes = populations[0].rated.codes(method.within) if populations and method.within else None
    together: dict[tuple[str, str | None], list[int]] = {}
    for place, population in enumerate(populations):
        if not _tells(population, classes):
            continue
        way = _at_once(population, method)
        if way is None:
            found[place] = _fit_alone(population, method, level)
        else:
            together.setdefault(way, []).append(place)
    for (se, cluster), places in together.items():
        slopes = _fit_at_once([populations[place] for place in places], method, se, cluster, level)
        for place, slope in zip(places, slopes, strict=True):
            found[place] = slope
    return found


def _at_once(population: Population, method: Method) -> tuple[str, str | None] | None:
    """Return the standard error and its clusters, where lines with them are found together."""
    asked = (method.vcov, method.cluster, method.weights, method.bootstrap)
    if method.name not in LEAST_SQUARES or any(asked) or population.candidates is not None:
        return None
    cluster = population.usual_cluster
    se = method.se or ("cr2" if cluster else USUAL_ERRORS[method.name])
    if se not in AT_ONCE or (se == "cr2" and cluster is None):
        return None
    return se, cluster if se == "cr2" else None


def _tells(population: Population, classes: Codes | None) -> bool:
    """Return whether classes, if there are some, are several and leave enough degrees of freedom."""
    if classes is None:
        return True
    own = classes[population.rows]
    n_classes = len(np.unique(own))
    return n_classes > 1 and len(own) - n_classes >= FEW_OBSERVATIONS - 1


def _fit_at_once(
    populations: Sequence[Population], method: Method, se: str, cluster: str | None, level: float
) -> list[Slope | None]:
    rated = populations[0].rated
    weights = np.array([each.rows for each in populations], dtype=float)
    if method.name == "wls":
        _, years = np.unique(rated.frame["date"].dt.year, return_inverse=True)
        alike = (years[:, np.newaxis] == np.arange(years.max() + 1)).astype(float)
        # Each year alike: one over the observations that a line has of it.
        weights /= np.maximum(weights @ alike, 1)[:, years]
    lines = fit_many(
        weights,
        rated.years,
        rated.log10_values,
        se=se,
        within=rated.codes(method.within) if method.within else None,
        clusters=rated.clusters[cluster] if cluster else None,
    )
    low, high = lines.slope_intervals(level)
    return [
        Slope(*map(float, slope)) if np.isfinite(slope).all() else None
        for slope in zip(lines.slopes, low, high, strict=True)
    ]


def _fit_alone(population: Population, method: Method, level: float) -> Slope | None:
    named = (method.se, method.vcov, method.cluster, method.weights, method.within, method.bootstrap)
    try:
        estimate, _ = fit_line(population.select(whole=any(named)), method)
        growth = Growth(
            slope=estimate.slope,
            slope_error=float(np.sqrt(estimate.covariance[1, 1])),
            degrees_of_freedom=estimate.degrees_of_freedom,
            slope_bounds=estimate.slope_bounds,
        )
        return slope_of(growth, level)
    except MemwallError:
        return None


def _influence(observations: pd.DataFrame, per: float) -> pd.DataFrame:
    """Return the rate without each device and each vendor, by least squares."""
    years = decimal_years(observations["date"].to_numpy())
    log10_values = np.log10(observations["value"].to_numpy(dtype=np.float64))
    parts = []
    for left_out, column in (("device", "name"), ("vendor", "vendor")):
        codes, names = pd.factorize(observations[column])
        kept = (codes != np.arange(len(names))[:, np.newaxis]).astype(float)
        everything = np.ones((1, len(years)))
        _, slopes = fit_lines(np.vstack([everything, kept]), years - years.mean(), log10_values)
        rates = np.array([power_of_ten(slope * per) for slope in slopes])
        part = pd.DataFrame(
            {"left_out": left_out, "name": names, "n_obs": np.bincount(codes), "rate": rates[1:]}
        )
        parts.append(part.assign(change=100 * (rates[1:] / rates[0] - 1)))
    influence = pd.concat(parts, ignore_index=True).dropna()
    order = influence["change"].abs().sort_values(ascending=False, kind="stable").index
    return influence.loc[order].reset_index(drop=True)
