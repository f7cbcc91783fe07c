"""Simulate how often the test of a break rejects, and how often the intervals of a break hold it.

``python -m tests.simulate_breaks --runs 400 --seed 0``: the dates and architectures are the curated ones; the
errors are drawn with the variances, of architectures and of devices, that the mixed model finds in the data,
or all independent with the same sum. ``few`` are the ten architectures with most peak FLOPS. One table a
selection, as Markdown: rejections at 5 % without a break and with one, by statistic and weights; then the
coverage of 95 % intervals by `memwall_trends.fitting.kinks` with a break.
"""

from __future__ import annotations

import argparse
import math
import os
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.fitting.kinks import AFTER, BEFORE, search_kinks
from memwall_trends.fitting.methods import cluster_codes
from memwall_trends.fitting.mixed import fit_mixed
from memwall_trends.fitting.wild import WEBB
from memwall_trends.questions.gap import pair_devices
from memwall_trends.selection import select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memwall_trends.fitting.designs import Floats, Integers
    from memwall_trends.fitting.kinks import KinkSearch

SERIES = ("peak_flops", "dram_bandwidth", "memory_capacity", "balance", "few")
FEW = 10
ALPHA, DRAWS = 0.05, 199
CHANGES = (-0.1, -0.2)
"""Of the slope, log10 units a year: growth of 3.0x per two years falls to 1.9x or 1.2x."""
PLACE = 0.4
"""Of the kink, as a share of the candidates."""
STATISTICS = [
    (statistic, weights, residuals)
    for statistic in ("F", "Wald")
    for weights in ("signs", "Webb")
    for residuals in ("plain", "left out")
]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--series", choices=SERIES, action="append")
    chosen = parser.parse_args()
    os.nice(10)
    for series in chosen.series or SERIES:
        print(f"\n### {series}\n")
        print("\n".join(simulate(series, chosen.runs, chosen.seed)), flush=True)


def simulate(series: str, runs: int, seed: int) -> Iterator[str]:
    """Yield the lines of the tables of a series."""
    years, log10_values, codes = read_devices(series)
    search = search_kinks(years, codes)
    fit = fit_mixed(np.column_stack([np.ones_like(years), search.years]), log10_values, codes)
    shared, own = math.sqrt(fit.group_variance), math.sqrt(fit.residual_variance)
    yield (
        f"{len(years)} devices, {search.n_clusters} architectures, years {search.searched[0]:.1f} to "
        f"{search.searched[1]:.1f}; standard deviations in log10 units: architectures {shared:.3f}, devices "
        f"{own:.3f}; {runs} runs, seed {seed}"
    )
    place = round(PLACE * (len(search.candidates) - 1))
    kink = np.maximum(search.years - search.candidates[place], 0)
    spreads = {"independent": (0.0, math.hypot(shared, own)), "clustered": (shared, own)}
    cases = [(errors, 0.0) for errors in spreads] + [("clustered", change) for change in CHANGES]
    yield "\n| statistic | weights | residuals | " + " | ".join(f"{e}, {c:g}" for e, c in cases) + " |"
    yield "|---" * (3 + len(cases)) + "|"
    rejected = []
    for errors, change in cases:
        random = np.random.default_rng(seed)
        drawn = (change * kink + draw_errors(random, codes, *spreads[errors]) for _ in range(runs))
        rejected.append(np.mean([reject(search, values, random) for values in drawn], axis=0))
    for name, row in zip(STATISTICS, np.transpose(rejected), strict=True):
        yield f"| {' | '.join(name)} | {' | '.join(f'{share:.1%}' for share in row)} |"
    yield "\n| errors | change | year | slope before | slope after |\n|---|---|---|---|---|"
    for errors, change in [(errors, change) for errors in spreads for change in CHANGES]:
        random = np.random.default_rng(seed)
        signs = search.draw_signs(2 * DRAWS + 1, seed)
        drawn = (change * kink + draw_errors(random, codes, *spreads[errors]) for _ in range(runs))
        held = np.mean([hold(search, values, place, change, signs) for values in drawn], axis=0)
        yield f"| {errors} | {change:g} | {' | '.join(f'{share:.1%}' for share in held)} |"


def read_devices(series: str) -> tuple[Floats, Floats, Integers]:
    """Return the years, log10 of the values and the architectures of a series, or of the balance."""
    if series == "balance":
        rows = pair_devices("peak_flops", "dram_bandwidth")
    else:
        rows = select("peak_flops" if series == "few" else series).observations
    if series == "few":
        rows = rows[rows["architecture"].isin(rows["architecture"].value_counts().index[:FEW])]
    years = decimal_years(rows["date"].to_numpy())
    return years, np.log10(rows["value"].to_numpy(dtype=np.float64)), cluster_codes(rows)


def draw_errors(random: np.random.Generator, codes: Integers, shared: float, own: float) -> Floats:
    """Return errors with what the members of a cluster share and what each has alone."""
    errors: Floats = random.normal(0, shared, codes.max() + 1)[codes] + random.normal(0, own, len(codes))
    return errors


def hold(
    search: KinkSearch, values: Floats, place: int, change: float, signs: Floats
) -> tuple[bool, bool, bool]:
    """Return whether the intervals hold the year and the slopes: whether the truth is not rejected."""
    before = search.p_value(values, search.without_slope(BEFORE), signs)
    after = search.p_value(values - change * search.years, search.without_slope(AFTER), signs)
    year = search.p_value(values, search.kinked.only(place), signs)
    return year > ALPHA, before > ALPHA, after > ALPHA


def reject(search: KinkSearch, values: Floats, random: np.random.Generator) -> list[bool]:
    """Return for each of `STATISTICS` whether it rejects at 5 % that there is no break."""
    line = search.straight.fixed
    residuals = values - line @ (line.T @ values)
    signs = search.draw_signs(DRAWS, int(random.integers(2**32)))
    weights = {"signs": signs, "Webb": np.array(WEBB)[random.integers(len(WEBB), size=signs.shape)]}
    drawn_from = {"plain": residuals, "left out": search.leave_out(residuals, line)}
    # The data is the draw with all weights one.
    observed = _largest(search, residuals, np.ones((1, search.n_clusters)))
    found = {
        (weight, which): _largest(search, drawn_from[which], weights[weight])
        for weight in weights
        for which in drawn_from
    }
    return [
        bool(1 + (found[weight, which][statistic] >= observed[statistic]).sum() <= ALPHA * (1 + DRAWS))
        for statistic, weight, which in STATISTICS
    ]


def _largest(search: KinkSearch, residuals: Floats, weights: Floats) -> dict[str, Floats]:
    """Return the largest F, as a gain, and the largest Wald value by cluster (CR1) of each draw.

    With T the product of a kink and a draw, t_g that of the kink and a cluster's residuals, q the products of
    the line and the draw, and p_g and l_g those of the kink with the line and with itself, the score of a
    cluster is w_g t_g - p_g'q - l_g T; the sum of its squares is multiplied out, so that draws and kinks are
    not in memory at once for each cluster.
    """
    line, kinks = search.straight.fixed, search.kinked.choice
    by_cluster = search.sum_by_cluster(kinks * residuals[:, np.newaxis])
    along = weights @ by_cluster
    onto = weights @ search.sum_by_cluster(line * residuals[:, np.newaxis])
    squares = weights**2 @ search.sum_by_cluster(residuals[:, np.newaxis] ** 2)[:, 0] - (onto**2).sum(axis=1)
    best = (along**2).max(axis=1)
    pulls = [search.sum_by_cluster(kinks * column[:, np.newaxis]) for column in line.T]
    pulls.append(search.sum_by_cluster(kinks**2))
    moved = [*onto.T[:, :, np.newaxis], along]
    variance = weights**2 @ by_cluster**2
    for pull, each in zip(pulls, moved, strict=True):
        variance -= 2 * (weights @ (by_cluster * pull)) * each
        for other, another in zip(pulls, moved, strict=True):
            variance += each * another * (pull * other).sum(axis=0)
    return {"F": best / (squares - best), "Wald": (along**2 / variance).max(axis=1)}


if __name__ == "__main__":
    main()
