"""What the data says of the paper's claims and of the wall, in two sentences built from the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memwall_trends import defaults
from memwall_trends.datasets import find_series
from memwall_trends.questions.claims import load_claims, read_claim, summarise_claim
from memwall_trends.questions.gap import POPULATION_NAME, fit_gap
from memwall_trends.units import format_interval, format_number

if TYPE_CHECKING:
    from typing import Any

    from memwall_trends.questions.ratio import Gap

STATED = {
    "peak_flops": ("leading edge", "typical", "within a class"),
    "dram_bandwidth": ("leading edge", "typical", "within a class"),
    "interconnect_bandwidth": ("PCIe", "NVLink", "scale-up"),
}
"""The readings that the first sentence names, by series."""
RECENT = 2020
"""Since when the second sentence asks how balance grows now. A choice; ``gap --since`` takes another."""


def state_finding(*, level: float = defaults.LEVEL, margin: float = defaults.MARGIN) -> tuple[str, str]:
    """Return in two sentences of what the paper's rates hold, and how machine balance grows.

    Parameters
    ----------
    level : float
        Level of the intervals.
    margin : float
        As in `memwall_trends.questions.claims.compare_rates`.

    Returns
    -------
    tuple of str
        The first is made of the verdicts of `memwall_trends.questions.claims.read_claim`, the second of the
        growth of `memwall_trends.questions.gap.fit_gap`.

    Examples
    --------
    >>> of_claims, of_the_wall = state_finding()
    >>> of_claims.startswith("Per two years, 3.0x of peak FLOPS agrees for leading edge")
    True
    """
    claims = [claim for claim in load_claims(defaults.PERIOD_YEARS) if claim["series"] in STATED]
    of_claims = "; ".join(_state_claim(claim, level, margin) for claim in claims)
    whole = fit_gap("peak_flops", "dram_bandwidth")
    now, fastest = (
        fit_gap("peak_flops", "dram_bandwidth", since=RECENT, precision=policy)
        for policy in ("best16", "fastest")
    )
    operand = fit_gap("peak_flops", "dram_bandwidth", since=RECENT, precision="fastest", per_operand=True)
    first = whole.balance.first_date.year if whole.balance else RECENT
    return (
        f"Per two years, {of_claims}.",
        f"FLOP per byte of {POPULATION_NAME} grew {_show(whole, level)} per two years since {first}, but "
        f"since {RECENT} {_show(now, level)} at 16 bits or wider, and {_show(fastest, level)} in the fastest "
        f"format of each device, which per operand moved is {_show(operand, level)}.",
    )


def _state_claim(claim: dict[str, Any], level: float, margin: float) -> str:
    readings = [
        record
        for record in read_claim(claim, level=level, margin=margin)
        if record["reading"] in STATED[claim["series"]]
    ]
    title = find_series(claim["series"]).title
    printed = f"{format_number(claim['printed'], claim['significant_digits'])}x"
    named = f"{printed} of {title[0].lower()}{title[1:]}" if title[1].islower() else f"{printed} of {title}"
    return summarise_claim(named, readings).replace(": ", " ", 1).replace("; ", ", ")


def _show(gap: Gap, level: float) -> str:
    """Return how fast a ratio grows, and that no growth is seen where its interval has room for none."""
    low, high = gap.growth_interval(level=level)
    rate = f"{format_number(gap.growth_factor(), 3)}x [{format_interval(low, high, digits=3)}]"
    return f"{rate} (no growth is seen)" if low <= 1 <= high else rate
