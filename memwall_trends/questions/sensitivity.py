"""The specification curve: what the rate is under every defensible combination of choices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets import find_series, list_series, load_observations
from memwall_trends.datasets.conditions import filter_rows
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.bootstrap import fit_lines
from memwall_trends.fitting.bounds import check_level, check_period, check_seed, least_draws
from memwall_trends.fitting.estimators import find_estimator
from memwall_trends.fitting.methods import Method, as_method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims import AGREES, compare_rates, find_claimed_slope, load_claims, slope_of
from memwall_trends.selection import gather_where, select
from memwall_trends.units import decimal_years, format_interval, format_level, format_number, power_of_ten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Unpack

    from memwall_trends.datasets.conditions import Limit
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.questions.claims.judging import Slope
    from memwall_trends.selection import Choose, Selection

CHOICES = ("precision", "window", "vendors", "kinds", "devices", "method")
"""What is varied, by the column of the specifications that names the option."""
VARIED_PRECISIONS = ("best16", "fp64", "fp32", "fp16", "fastest")
VARIED_SINCE = (2010, 2016)
METHODS = ("ols", "wls", "huber", "theil-sen", "quantile")
CHIPS = ("gpu", "accelerator")
ALL, RECORDS = "all", "records"
MOST_VENDORS = 3
FEW_OBSERVATIONS, FEW_RECORDS, FEW_YEARS = 10, 5, 5.0
DRAWS = 300


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """The rate of a series under every combination of choices.

    Attributes
    ----------
    series, dataset : str
        What was fitted.
    per, level : float
        Period of the rates in years, and level of their intervals.
    printed_rate : float
        What *AI and Memory Wall* prints for this series and period; not a number where it prints none.
    seed : int
        Of the random draws.
    specifications : DataFrame
        One row a combination, by rate: the options named `CHOICES`, ``n_obs, rate, ci_low, ci_high`` and
        ``claim``, whether the printed rate holds (empty where none is printed).
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
    printed_rate: float
    seed: int
    specifications: pd.DataFrame
    effects: pd.DataFrame
    influence: pd.DataFrame

    def summary(self) -> dict[str, float]:
        """Return the number of specifications, the quantiles of their rates, and how often the claim holds.

        Examples
        --------
        >>> summary = run_sensitivity("interconnect_bandwidth", method="ols").summary()
        >>> list(summary)[:3]
        ['specifications', 'median', 'lowest']
        """
        rates = self.specifications["rate"]
        holds = (self.specifications["claim"] == AGREES).mean()
        return {
            "specifications": len(rates),
            "median": float(rates.median()),
            "lowest": float(rates.min()),
            "lower_quartile": float(rates.quantile(0.25)),
            "upper_quartile": float(rates.quantile(0.75)),
            "highest": float(rates.max()),
            "printed_rate": self.printed_rate,
            "share_holding": float("nan") if np.isnan(self.printed_rate) else float(holds),
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
            share = f"{100 * summary['share_holding']:.0f}%"
            rows.append((f"share in which {self.printed_rate:g}x holds", share))
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
    draws: int = DRAWS,
    seed: int = defaults.SEED,
    **choose: Unpack[Choose],
) -> Sensitivity:
    """Fit a series under every combination of precision, window, vendors, kinds, devices and estimator.

    Parameters
    ----------
    series : str or Selection
        As in ``peak_flops``.
    method : str or Method, optional
        As in `memwall_trends.fitting.trends.fit_trend`; by default varied.
    per, level : float
        Period of the rates in years, and level of their intervals.
    draws, seed : int
        Of the bootstrap of records.
    **choose
        Which observations count: the choices of `memwall_trends.selection.Choose`. What is given is not
        varied: a window, a precision, conditions on ``vendor`` or ``kind``, the frontier.

    Returns
    -------
    Sensitivity
        Of combinations with at least ten observations (five records) over five years. Those that choose the
        same observations as one before them count once.

    Raises
    ------
    MemwallError
        If the series or a choice is wrong, or no combination has enough observations.

    Examples
    --------
    >>> curve = run_sensitivity("dram_bandwidth", method="ols", frontier=True)
    >>> set(curve.specifications["devices"])
    {'records'}
    """
    check_level(level)
    if method is not None:
        find_estimator(as_method(method).name)
    usual = select(series, **choose)
    name = usual.name
    # Records at a high level need more draws than usual.
    draws = max(draws, least_draws(level))
    options = _Options(usual.choose, method=method, draws=draws, seed=check_seed(seed))
    printed, claimed = _printed(name, check_period(per), level)
    rows: list[dict[str, Any]] = []
    for subset in _subsets(name, options):
        for devices, fitting in _estimators(options):
            fitted = _fit(subset, devices, fitting, usual.record)
            if fitted is None:
                continue
            low, high = fitted.growth_interval(per, level)
            claim = compare_rates(slope_of(fitted, level), claimed, per=per).verdict if claimed else ""
            rows.append(
                {
                    **subset.named,
                    "devices": devices,
                    "method": fitted.method.name,
                    "n_obs": fitted.n_obs,
                    "rate": fitted.growth_factor(per),
                    "ci_low": low,
                    "ci_high": high,
                    "claim": claim,
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
    >>> rows = pd.DataFrame({"method": ["ols", "huber"] * 2, "kinds": list("aabb"), "rate": [1, 2, 3, 6]})
    >>> find_effects(rows)[["choice", "factor"]].round(6).values.tolist()
    [['kinds', 3.0], ['method', 2.0]]
    """
    from statsmodels.regression.linear_model import OLS

    varied = [name for name in CHOICES if name in specifications and specifications[name].nunique() > 1]
    log_rates = np.log(specifications["rate"].to_numpy(dtype=np.float64))
    columns = ["choice", "lowest_option", "lowest_rate", "highest_option", "highest_rate", "factor"]
    if not varied:
        return pd.DataFrame(columns=columns)
    dummies = pd.get_dummies(specifications[varied], drop_first=True, prefix_sep="=").astype(float)
    # By pseudo-inverse: records are only fitted by least squares, so that the options overlap.
    effects = OLS(log_rates, dummies.assign(constant=1.0)).fit().params
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


@dataclass(frozen=True, eq=False)
class _Options:
    choose: Choose
    method: str | Method | None
    draws: int
    seed: int

    @property
    def columns(self) -> set[str]:
        """The columns that conditions name."""
        return {column.removesuffix("!") for column in gather_where(self.choose)}


@dataclass(frozen=True, eq=False)
class _Subset:
    named: dict[str, str]
    rows: pd.DataFrame
    since: Limit
    until: Limit


def _printed(series: str, per: float, level: float) -> tuple[float, Slope | None]:
    """Return the rate that the paper prints, as it is and as a slope; none where it prints none so."""
    if per != defaults.PERIOD_YEARS:
        return float("nan"), None
    for claim in load_claims(per):
        if claim["series"] == series:
            return float(claim["printed"]), find_claimed_slope(claim, level)
    return float("nan"), None


def _subsets(series: str, options: _Options) -> Iterator[_Subset]:
    """Yield each different set of devices, with the options that choose it."""
    dataset = options.choose.get("dataset", defaults.DATASET)
    varied: Choose = {**options.choose, "since": None, "until": None, "frontier": False}
    seen = set()
    for precision in _precisions(find_series(series, dataset).columns, options):
        narrowed: Choose = {**varied, "precision": precision}
        try:
            chosen = select(series, **narrowed).observations
        except TooFewObservations:
            continue
        for vendors, kinds, (window, since, until) in product(
            _vendors(chosen, options), _kinds(chosen, options), _windows(series, options)
        ):
            rows = chosen[_belong(chosen, vendors, kinds)]
            try:
                inside = filter_rows(rows, since=since, until=until)
            except TooFewObservations:
                continue
            same = tuple(zip(inside["name"], inside["value"], strict=True))
            if same in seen or len(same) < FEW_OBSERVATIONS or _span(inside) < FEW_YEARS:
                continue
            seen.add(same)
            named = {"precision": precision} if precision else {}
            yield _Subset({**named, "window": window, "vendors": vendors, "kinds": kinds}, rows, since, until)


def _precisions(columns: Iterable[str], options: _Options) -> list[str | None]:
    if "precision" not in columns:
        return [None]
    precision = options.choose.get("precision")
    if precision or "precision" in options.columns:
        return [precision]
    return list(VARIED_PRECISIONS)


def _windows(series: str, options: _Options) -> list[tuple[str, Limit, Limit]]:
    since, until = options.choose.get("since"), options.choose.get("until")
    if since is not None or until is not None:
        return [(f"{since or ''} to {until or ''}".strip(), since, until)]
    windows: list[tuple[str, Limit, Limit]] = [(ALL, None, None)]
    if series in list_series(defaults.PAPER):
        points = load_observations(series, dataset=defaults.PAPER).parsed["date"]
        windows.append(("paper's", points.min().date(), points.max().date()))
    return [*windows, *((f"since {year}", year, None) for year in VARIED_SINCE)]


def _vendors(rows: pd.DataFrame, options: _Options) -> list[str]:
    if "vendor" in options.columns:
        return [ALL]
    return [ALL, *(f"without {vendor}" for vendor in rows["vendor"].value_counts().index[:MOST_VENDORS])]


def _kinds(rows: pd.DataFrame, options: _Options) -> list[str]:
    varied = "kind" not in options.columns and rows["kind"].isin(CHIPS).any()
    return [ALL, " and ".join(CHIPS)] if varied and not rows["kind"].isin(CHIPS).all() else [ALL]


def _belong(rows: pd.DataFrame, vendors: str, kinds: str) -> pd.Series:
    belong = rows["vendor"] != vendors.removeprefix("without ") if vendors != ALL else rows["vendor"].notna()
    return belong & rows["kind"].isin(CHIPS) if kinds != ALL else belong


def _estimators(options: _Options) -> Iterator[tuple[str, Method]]:
    if options.method is not None:
        methods = [as_method(options.method)]
    else:
        methods = [Method(name) for name in METHODS]
    if not options.choose.get("frontier"):
        yield from ((ALL, method) for method in methods)
    # Estimators that discount far points make no sense of records, each of which is one.
    for method in methods:
        if method.name == "ols":
            yield RECORDS, replace(method, draws=options.draws, seed=options.seed)


def _fit(subset: _Subset, devices: str, method: Method, record: str) -> Trend | None:
    """Return the trend of a subset; none where its records are too few, or the method finds no line."""
    records = devices == RECORDS
    try:
        fitted = fit_trend(
            subset.rows,
            since=subset.since,
            until=subset.until,
            frontier=records,
            record=record,
            method=method,
        )
    except MemwallError:
        return None
    if records and (fitted.n_obs < FEW_RECORDS or _span(fitted.observations) < FEW_YEARS):
        return None
    return fitted


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


def _span(rows: pd.DataFrame) -> float:
    return float(np.ptp(decimal_years(rows["date"].to_numpy())))
