"""Since when a workload is memory-bound: its arithmetic intensity against machine balance over the years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from memwall_trends import defaults
from memwall_trends.datasets.rates import OPERAND_BYTES, select_frontier
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.questions.gap import fit_gap, pair_devices
from memwall_trends.questions.projection import look_ahead
from memwall_trends.selection import Choose, select_each
from memwall_trends.workloads.costs import count_cost
from memwall_trends.workloads.roofline import COMPUTE, MEMORY
from memwall_trends.workloads.work import ELEMENTS, Workload, describe_workload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    import pandas as pd

    from memwall_trends.questions.projection import Outlook
    from memwall_trends.questions.ratio import Gap
    from memwall_trends.workloads.transformers import Transformer

BATCH_SIZES = (1, 4, 16, 64, 256, 1024)
PROJECTED_TO = 2030.0
EITHER = "either"
FEWEST = 2
SERIES = ("peak_flops", "dram_bandwidth")


class ChooseBoth(Choose, total=False):
    """Which devices count, as in `memwall_trends.selection.Choose`, and what a workload is.

    Attributes
    ----------
    phase, sequence_length, prompt_length, sparsity, output_head
    weight_bytes, activation_bytes, cache_bytes
        As of `memwall_trends.workloads.Workload`.
    """

    phase: str
    sequence_length: int
    prompt_length: int
    sparsity: float
    output_head: bool
    weight_bytes: float
    activation_bytes: float
    cache_bytes: float


@dataclass(frozen=True, eq=False, kw_only=True)
class WhenBound:
    """Since when a workload is memory-bound on the device with the highest peak of its time.

    Attributes
    ----------
    workload : Workload
        With the first of the batch sizes, and elements as wide as the format of the last device unless given.
    batches : DataFrame
        ``batch_size, arithmetic_intensity, memory_bound_devices, compute_bound_names, since, since_device,
        bound_today, balance_today, trend_year, trend_year_low, trend_year_high, bound_projected``.
    frontier : DataFrame
        ``name, date, precision, value``: the devices, with their machine balance in FLOP/byte.
    gap : Gap
        Trend of machine balance of all devices, which the projection is of.
    outlook : Outlook
        The same, with what the past says of its projections.
    projection : dict of str to float
        As of `memwall_trends.questions.projection.Outlook.project`: the projected balance, ``ratio``, with
        the prediction intervals of a new device.
    level : float
    """

    workload: Workload
    batches: pd.DataFrame
    frontier: pd.DataFrame
    gap: Gap
    outlook: Outlook
    projection: dict[str, float]
    level: float

    def to_record(self) -> dict[str, Any]:
        """Return the answer as one record, the keys of ``memwall-trends when-bound --format json``."""
        choices = describe_workload(self.workload)
        del choices["batch_size"]
        return {
            "model": self.workload.transformer.name,
            **choices,
            "batches": self.batches.to_dict(orient="records"),
            "frontier": self.frontier.assign(date=self.frontier["date"].dt.strftime("%Y-%m-%d")).to_dict(
                orient="records"
            ),
            "projection": self.projection,
            "level": self.level,
            "way": self.gap.way,
            "dataset": self.gap.numerator.dataset,
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        return (
            f"{self.workload.transformer.title}, {self.workload.phase}\n{self.batches.to_string(index=False)}"
        )

    __repr__ = __str__


def find_when_bound(
    transformer: Transformer,
    *,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    element_bytes: float | None = None,
    at: float = PROJECTED_TO,
    level: float = defaults.LEVEL,
    fused: bool = True,
    **choose: Unpack[ChooseBoth],
) -> WhenBound:
    """Find since when a workload is memory-bound on the device with the highest peak of its time.

    A device is on the frontier if its peak is above that of all before it among those whose DRAM bandwidth
    is known too. The workload is memory-bound on it if its machine balance is above the intensity.

    Parameters
    ----------
    transformer : Transformer
    batch_sizes : sequence of int
    element_bytes : float, optional
        Of weights, activations and cache; by default as wide as the number format of each device's peak, so
        that a device of 64 bits is asked about operands of 64 bits.
    at : float
        Decimal year to project machine balance to.
    level : float
        Level of the intervals.
    fused : bool
        Count the least traffic; see `memwall_trends.workloads.count_cost`.
    **choose
        Which devices count, and further fields of the workload: `ChooseBoth`. The output head of a decoder
        is counted unless ``output_head`` says otherwise.

    Returns
    -------
    WhenBound
        ``since`` is the date of the first device from which on all are memory-bound; empty if the last is
        not. ``bound_projected`` is ``memory`` or ``compute`` where the whole prediction interval says so, as
        wide as the past asks for.

    Raises
    ------
    MemwallError
        If a choice is wrong, or too few devices are left for a trend.

    Examples
    --------
    >>> from memwall_trends.workloads import find_transformer
    >>> found = find_when_bound(find_transformer("gpt2"), phase="decode", batch_sizes=[1])
    >>> found.batches["since"].tolist(), found.batches["bound_projected"].tolist()
    (['2007-08-15'], ['memory'])
    """
    import pandas as pd

    if not batch_sizes:
        raise MemwallError("batch_sizes: expected at least one, as in [1]; got none")
    chosen = cast("Choose", {name: value for name, value in choose.items() if name in Choose.__annotations__})
    options = {name: value for name, value in choose.items() if name not in chosen}
    frontier = list_frontier(fewest=FEWEST, **chosen)
    gap = fit_gap(*SERIES, **chosen)
    outlook = look_ahead(gap)
    projection = {**outlook.project([at], level).rename(columns={"value": "ratio"}).iloc[0]}
    widths = [
        OPERAND_BYTES[number_format] if element_bytes is None else element_bytes
        for number_format in frontier["precision"]
    ]
    rows = []
    for batch_size in batch_sizes:
        workloads = [_workload(transformer, batch_size, width, fused, options) for width in widths]
        intensities = pd.Series([count_cost(each).total.arithmetic_intensity for each in workloads])
        rows.append(_find_since(batch_size, intensities, frontier, gap, projection, level))
    return WhenBound(
        workload=_workload(transformer, batch_sizes[0], widths[-1], fused, options),
        batches=pd.DataFrame(rows),
        frontier=frontier,
        gap=gap,
        outlook=outlook,
        projection=projection,
        level=level,
    )


def list_frontier(*, fewest: int = 1, **choose: Unpack[Choose]) -> pd.DataFrame:
    """Return the devices with the highest peak of their time, of those whose DRAM bandwidth is known.

    Parameters
    ----------
    fewest : int
        How many are needed.
    **choose
        Which devices count: the choices of `memwall_trends.selection.Choose`.

    Returns
    -------
    DataFrame
        ``name, date, precision, value``; ``value`` is the machine balance in FLOP/byte.

    Raises
    ------
    TooFewObservations
        If there are fewer.

    Examples
    --------
    >>> list_frontier(until="2010")["name"].tolist()[-1]
    'AMD FireStream 9370'
    """
    pairs = pair_devices(*SERIES, **choose)
    # A window comes last: a record is a record when it is set.
    anytime: Choose = {**choose, "since": None, "until": None}
    rates, _ = select_each(SERIES, **anytime)
    paired = rates.observations["name"].isin(pair_devices(*SERIES, **anytime)["name"])
    records = select_frontier(rates.observations[paired].reset_index(drop=True))
    balance = pairs.set_index("name")["value"]
    records = records[records["name"].isin(balance.index)]
    if len(records) < fewest:
        raise TooFewObservations(
            "since when a workload is memory-bound takes devices that set records of peak FLOPS and report "
            f"DRAM bandwidth too: expected at least {fewest}, got {len(records)}; choose fewer conditions, "
            "or another dataset",
            len(records),
        )
    frontier: pd.DataFrame = records[["name", "date", "precision"]].assign(
        value=records["name"].map(balance).to_numpy()
    )
    return frontier.sort_values("date", kind="stable", ignore_index=True)


def _workload(
    transformer: Transformer, batch_size: int, element_bytes: float, fused: bool, options: dict[str, Any]
) -> Workload:
    usual = {**dict.fromkeys(ELEMENTS, element_bytes), "output_head": transformer.has_output_head}
    return Workload(transformer=transformer, batch_size=batch_size, fused=fused, **{**usual, **options})


def _find_since(
    batch_size: int,
    intensities: pd.Series,
    frontier: pd.DataFrame,
    gap: Gap,
    projection: dict[str, float],
    level: float,
) -> dict[str, Any]:
    memory_bound = (frontier["value"] > intensities).tolist()
    first = len(memory_bound)
    while first and memory_bound[first - 1]:
        first -= 1
    since = frontier.iloc[first] if first < len(memory_bound) else None
    intensity = float(intensities.iloc[-1])
    reached = gap.reach(intensity, level)
    return {
        "batch_size": batch_size,
        "arithmetic_intensity": intensity,
        "memory_bound_devices": sum(memory_bound),
        "compute_bound_names": "; ".join(frontier["name"][[not each for each in memory_bound]]),
        "since": "" if since is None else since["date"].strftime("%Y-%m-%d"),
        "since_device": "" if since is None else since["name"],
        "bound_today": MEMORY if memory_bound[-1] else COMPUTE,
        "balance_today": float(frontier["value"].iloc[-1]),
        "trend_year": reached["year"],
        "trend_year_low": reached["ci_low"],
        "trend_year_high": reached["ci_high"],
        "bound_projected": _bound_projected(intensity, projection),
    }


def _bound_projected(intensity: float, projection: dict[str, float]) -> str:
    told = projection["calibrated_low"] == projection["calibrated_low"]  # not so of what is not a number
    low, high = (projection[f"calibrated_{end}" if told else end] for end in ("low", "high"))
    if low > intensity:
        return MEMORY
    return COMPUTE if high < intensity else EITHER
