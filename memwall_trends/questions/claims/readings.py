"""The readings of a claim: the same question asked of different populations, side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from memwall_trends import defaults
from memwall_trends.datasets import find_series
from memwall_trends.datasets.conditions import merge_where, parse_conditions
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.claims.judging import INCONCLUSIVE, compare_rates, relative_likelihood
from memwall_trends.questions.claims.printed import find_claimed_slope, slope_of
from memwall_trends.selection import gather_where, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Unpack

    from memwall_trends.datasets.conditions import When
    from memwall_trends.selection import Choose

EACH = "device"
BEST = "best of each year"
ARCHITECTURE = "architecture (its median device)"
LANE = "link generation"
OWN = "paper's devices"
SERVER: Mapping[str, list[str]] = {"segment": ["server"]}

LEADING: Choose = {"best_of": "year"}
TYPICAL: Choose = {"one_per": "architecture", "take": "median"}


@dataclass(frozen=True)
class Reading:
    """One population, unit of observation and estimator: what a rate is of.

    Attributes
    ----------
    name : str
        As in ``leading edge``.
    population : str
        Who is counted, in words.
    where : mapping
        The same as conditions.
    unit : str
        What counts as one observation, in words.
    choose : Choose
        The same as choices.
    method : Method
        The estimator.
    own : bool
        Count only the devices of the paper's figure, over the time of its points.

    Examples
    --------
    >>> Reading("consumer", "consumer GPUs", {"segment": ["consumer"]}).unit
    'device'
    """

    name: str
    population: str
    where: Mapping[str, list[str]]
    unit: str = EACH
    choose: Choose = field(default_factory=lambda: cast("Choose", {}))
    method: Method = field(default_factory=Method)
    own: bool = False


def list_readings(series: str) -> tuple[Reading, ...]:
    """Return what is asked of a series that the paper prints a rate of; nothing of another one.

    Examples
    --------
    >>> [reading.name for reading in list_readings("memory_capacity")][:3]
    ['leading edge', 'typical', 'within a class']
    """
    chips = {"kind": ["gpu", "accelerator"]}
    own = Reading(OWN, "the devices of its figure", {}, own=True)
    consumer = Reading(
        "consumer", "consumer GPUs", {"segment": ["consumer"], "kind": ["gpu"]}, ARCHITECTURE, TYPICAL
    )
    if series == "peak_flops":
        return (*_three("server chips", SERVER), own, consumer)
    if series == "memory_capacity":
        return (*_three("server GPUs and accelerators", {**SERVER, **chips}), own, consumer)
    if series == "dram_bandwidth":
        first: Choose = {"one_per": "memory", "take": "first"}
        generations = Reading(
            "per memory type",
            "GPUs and accelerators",
            {**chips, "memory!": ["SRAM", ""]},
            "memory type (its first device)",
            first,
        )
        return (*_three("server GPUs and accelerators", {**SERVER, **chips}), generations, own, consumer)
    if series == "interconnect_bandwidth":
        return _links({"scope": ["device"], **SERVER, **chips})
    if series in ("training_compute", "model_size"):
        transformers = {"kind": ["transformer"]}
        return (
            Reading("leading edge", "Transformers", transformers, BEST, LEADING),
            Reading("typical", "Transformers", transformers, "model"),
        )
    return ()


def read_claim(
    claim: dict[str, Any],
    *,
    level: float = defaults.LEVEL,
    margin: float = defaults.MARGIN,
    **choose: Unpack[Choose],
) -> list[dict[str, Any]]:
    """Return what the curated data says of a claim of Gholami et al. (2024), one record a reading and window.

    Parameters
    ----------
    claim : dict
        A row of ``datasets/claims.csv``.
    level : float
        Level of the intervals.
    margin : float
        As in `memwall_trends.questions.claims.judging.compare_rates`.
    **choose
        Choices that narrow every reading; one that contradicts them, as consumer parts among server chips,
        leaves the reading out.

    Returns
    -------
    list of dict
        ``reading, population, unit, estimator, window, first_date, last_date, rate, ci_low, ci_high, n_obs,
        n_clusters, ratio, ratio_low, ratio_high, verdict, likelihood, reason``. Clusters are what shares an
        error, vendors or architectures. A reading of too few observations has no rate, is inconclusive and
        says why.

    Examples
    --------
    >>> from memwall_trends.questions.claims.printed import load_claims
    >>> records = read_claim(load_claims(2)[0])
    >>> records[0]["reading"], records[0]["window"], round(records[0]["rate"], 1), records[0]["verdict"]
    ('leading edge', 'paper', 3.1, 'agrees')
    """
    claimed = find_claimed_slope(claim, level)
    records = []
    for reading in list_readings(claim["series"]):
        for window, narrowed in _windows(claim, reading, choose):
            record: dict[str, Any] = {
                "reading": reading.name,
                "population": _describe_population(reading, choose),
                "unit": reading.unit,
                "estimator": reading.method.describe(),
                "window": window,
            }
            try:
                trend = fit_trend(claim["series"], method=reading.method, **narrowed)
            except MemwallError as error:
                records.append({**record, **_nothing(error)})
                continue
            per = claim["period_years"]
            compared = compare_rates(slope_of(trend, level), claimed, per=per, margin=margin)
            low, high = trend.growth_interval(per, level)
            records.append(
                {
                    **record,
                    "first_date": trend.first_date.isoformat(),
                    "last_date": trend.last_date.isoformat(),
                    "rate": trend.growth_factor(per),
                    "ci_low": low,
                    "ci_high": high,
                    "n_obs": trend.n_obs,
                    "n_clusters": trend.estimate.n_clusters or trend.n_obs,
                    "ratio": compared.ratio,
                    "ratio_low": compared.ratio_low,
                    "ratio_high": compared.ratio_high,
                    "verdict": compared.verdict,
                    "likelihood": relative_likelihood(trend, claimed.estimate),
                    "reason": "",
                }
            )
    return records


def _three(population: str, where: Mapping[str, list[str]]) -> tuple[Reading, ...]:
    """Return the three readings of a population of devices."""
    within = Method(within="product_class")
    return (
        Reading("leading edge", population, where, BEST, LEADING),
        Reading("typical", population, where, ARCHITECTURE, TYPICAL),
        Reading("within a class", population, where, ARCHITECTURE, TYPICAL, within),
    )


def _links(scale_up: Mapping[str, list[str]]) -> tuple[Reading, ...]:
    """Return the readings of interconnect bandwidth: lanes, scale-up links of devices, networks."""
    within = Method(within="family")

    def lanes(*families: str) -> dict[str, list[str]]:
        return {"scope": ["lane"], "family": list(families)}

    return (
        Reading("PCIe", "PCIe lanes", lanes("PCIe"), LANE),
        Reading("NVLink", "NVLink lanes", lanes("NVLink"), LANE),
        Reading("within a family", "PCIe and NVLink lanes", lanes("PCIe", "NVLink"), LANE, method=within),
        Reading(OWN, "the links of its figure", {"scope": ["lane"]}, LANE, own=True),
        Reading("scale-up", "server GPUs and accelerators", scale_up, ARCHITECTURE, TYPICAL),
        Reading(
            "network", "Ethernet and InfiniBand lanes", lanes("Ethernet", "InfiniBand"), LANE, method=within
        ),
    )


def _windows(claim: dict[str, Any], reading: Reading, choose: Choose) -> Iterator[tuple[str, Choose]]:
    """Yield each window of a reading, with all that chooses its observations."""
    series = claim["series"]
    points = select(series, dataset=claim["dataset"], where=parse_conditions(claim["where"])).observations
    where = {**reading.where}
    if reading.own:
        where["name"] = sorted(set(points["name"]))
    asked = gather_where(choose)
    known = find_series(series).choosable
    if any(not _compatible(where, condition, wanted) for condition, wanted in asked.items()):
        return
    if any(condition.removesuffix("!") not in known for condition in asked):
        return
    since = choose.get("since") or points["date"].min().date()
    ends: dict[str, When | None] = {"paper": choose.get("until") or points["date"].max().date()}
    if not reading.own:
        ends["today"] = choose.get("until")
    rest = {name: choice for name, choice in choose.items() if name in ("precision", "announced", "overlay")}
    for window, until in ends.items():
        narrowed = {
            **rest,
            **reading.choose,
            "where": merge_where(where, asked),
            "since": since,
            "until": until,
        }
        yield window, cast("Choose", narrowed)


def _compatible(where: Mapping[str, list[str]], condition: str, wanted: list[str]) -> bool:
    """Return whether a reader's condition narrows the population, and does not take its place."""
    column = condition.removesuffix("!")
    if column not in where:
        return True
    return condition == column and set(wanted) <= set(where[column])


def _describe_population(reading: Reading, choose: Choose) -> str:
    from memwall_trends.datasets.conditions import describe_where

    asked = gather_where(choose)
    return f"{reading.population}, {describe_where(asked)}" if asked else reading.population


def _nothing(error: MemwallError) -> dict[str, Any]:
    n_obs = error.n_obs if isinstance(error, TooFewObservations) else 0
    none = dict.fromkeys(
        ("rate", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "likelihood"), math.nan
    )
    return {
        "first_date": None,
        "last_date": None,
        **none,
        "n_obs": n_obs,
        "n_clusters": 0,
        "verdict": INCONCLUSIVE,
        "reason": str(error),
    }
