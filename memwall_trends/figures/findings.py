"""What figures found, in words made from the numbers: their titles, and of whom, their subtitles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memwall_trends.datasets.conditions import Where
    from memwall_trends.fitting.growth import Growth
    from memwall_trends.fitting.trends import Trend

PLURALS = {
    "cpu": "CPUs",
    "gpu": "GPUs",
    "accelerator": "accelerators",
    "manycore": "manycore processors",
    "transformer": "Transformers",
    "cnn": "CNNs",
}
NOUNS = {
    **dict.fromkeys(("peak_flops", "dram_bandwidth", "memory_capacity"), "devices"),
    **dict.fromkeys(("model_size", "training_compute"), "models"),
    "interconnect_bandwidth": "links",
}
"""What the rows of a series are; those of another are observations."""
USUAL = ("shipped!", "memory!")
"""Conditions that hold unless told otherwise, which a subtitle need not say."""
RATES = {"best16": "best dense rate at 16 bits or wider", "fastest": "best dense rate in any format"}


def say_growth(grown: Sequence[tuple[str, Growth]], per: float, level: float, *, flat: bool = True) -> str:
    """Return how fast each of several quantities grew, the fastest first; of some that no growth is seen.

    Parameters
    ----------
    grown : sequence of (str, Growth)
        With what each is called.
    per, level : float
        Years of the factor, level of the interval that tells whether growth is seen.
    flat : bool
        Whether to say of which no growth is seen, where of others it is.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> series = {"Peak FLOPS": "peak_flops", "DRAM bandwidth": "dram_bandwidth"}
    >>> trends = [(name, fit_trend(each, dataset="gholami2024")) for name, each in series.items()]
    >>> say_growth(trends, per=2, level=0.95)
    'Peak FLOPS grew 3.03x per 2 years and DRAM bandwidth 1.59x'
    """
    fastest = sorted(grown, key=lambda pair: -pair[1].slope)
    seen = [pair for pair in fastest if not _is_flat(pair[1], per, level)]
    unseen = [name for name, growth in fastest if _is_flat(growth, per, level)]
    factors = [f"{format_number(growth.growth_factor(per), 3)}x" for _, growth in seen]
    said = []
    if seen:
        first, *rest = zip([name for name, _ in seen], factors, strict=True)
        verb = f"grew {first[1]} per {describe_period(per)}"
        said.append(join_words([f"{first[0]} {verb}", *(f"{in_sentence(name)} {x}" for name, x in rest)]))
    if unseen and (flat or not seen):
        said.append(f"of {join_words([in_sentence(name) for name in unseen])} no growth is seen")
    sentence = "; ".join(said)
    return sentence[0].upper() + sentence[1:]


def describe_who(trend: Trend) -> str:
    """Return for a subtitle of how many of whom a trend is, from when to when.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> describe_who(fit_trend("training_compute", dataset="gholami2024", kind="transformer"))
    '10 Transformers, 2017 to 2020'
    """
    who = f"{trend.n_obs:,} {name_population(trend.where, trend.series)}"
    parts = [who, f"{trend.first_date.year} to {trend.last_date.year}"]
    parts += [text for text in (RATES.get(trend.precision, trend.precision), trend.counted) if text]
    return ", ".join(parts)


def name_population(where: Where, series: str = "") -> str:
    """Return in words whom conditions choose.

    Examples
    --------
    >>> name_population({"segment!": ["consumer", "edge"], "kind": ["gpu", "accelerator"]})
    'server GPUs and accelerators'
    >>> name_population({"family": ["PCIe"], "scope": ["lane"], "vendor": ["A"]}, "interconnect_bandwidth")
    'PCIe lanes (vendor=A)'
    """
    told = {column: [str(each) for each in _listed(wanted)] for column, wanted in where.items()}
    segment = "server" if "consumer" in told.pop("segment!", []) else ""
    segment = " and ".join(told.pop("segment", [])) or segment
    family = " and ".join(told.pop("family", []))
    noun = "lanes" if told.pop("scope", []) == ["lane"] else NOUNS.get(series, "observations")
    nouns = join_words([PLURALS.get(kind, kind) for kind in told.pop("kind", [])]) or noun
    rest = [f"{column}={' or '.join(wanted)}" for column, wanted in told.items() if column not in USUAL]
    words = " ".join(filter(None, (segment, family, nouns)))
    return f"{words} ({'; '.join(rest)})" if rest else words


def in_sentence(name: str) -> str:
    """Return a name as it stands within a sentence.

    Examples
    --------
    >>> in_sentence("Peak FLOPS"), in_sentence("DRAM bandwidth"), in_sentence("Infinity Fabric")
    ('peak FLOPS', 'DRAM bandwidth', 'Infinity Fabric')
    """
    later = name.split()[1:]
    proper = any(word[0].isupper() and not word.isupper() for word in later)
    return name if name[1:2].isupper() or proper or not later else name[0].lower() + name[1:]


def join_words(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> join_words(["GPUs", "CPUs", "accelerators"])
    'GPUs, CPUs and accelerators'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _is_flat(growth: Growth, per: float, level: float) -> bool:
    low, high = growth.growth_interval(per, level)
    return not (low > 1 or high < 1)


def _listed(wanted: object) -> Sequence[object]:
    return wanted if isinstance(wanted, list | tuple) else [wanted]
