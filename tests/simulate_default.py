"""Simulate how often the default 95 % interval of the slope holds it, on the real devices.

``python -m tests.simulate_default --runs 400 --seed 1`` prints docs/coverage.md. The dates, vendors and
architectures are the curated ones. The errors are drawn with the variances of vendors, of architectures
within them and of devices that the mixed model finds in the data; the true slope is zero, but of the leading
edge, where it is that of the mean of the best of each year over all runs.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.fitting.methods import cluster_codes, find_cluster
from memwall_trends.fitting.mixed import fit_mixed
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.gap import pair_devices
from memwall_trends.selection import select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.selection import Choose

HELD = (0.92, 0.97)
"""Between these the coverage of a 95 % interval should lie."""


@dataclass(frozen=True, eq=False)
class Case:
    """A selection whose errors are drawn anew.

    Attributes
    ----------
    name : str
    rows : DataFrame
        The devices.
    choose : Choose
        What is then counted of them.
    """

    name: str
    rows: pd.DataFrame
    choose: Choose


@dataclass(frozen=True)
class Coverage:
    """How often the interval of a case held the slope."""

    name: str
    n_obs: int
    cluster: str
    covered: float
    error: float
    width: float


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    about = " ".join((__doc__ or "").partition("docs/coverage.md. ")[2].split())
    print(
        "# How often the default interval holds\n\n"
        f"Printed by `python -m tests.simulate_default --runs {chosen.runs} --seed {chosen.seed}`. "
        f"{about}\n\n"
        "| selection | n | by | coverage | its error | mean width, log10 a year |\n"
        "| --- | --- | --- | --- | --- | --- |"
    )
    for case in list_cases():
        held = simulate(case, chosen.runs, chosen.seed)
        print(
            f"| {held.name} | {held.n_obs} | {held.cluster} | {held.covered:.1%} | {held.error:.1%} | "
            f"{held.width:.4f} |",
            flush=True,
        )


def list_cases() -> list[Case]:
    """Return the selections that are asked for most."""
    chips: Choose = {"segment": "server", "kind": ["gpu", "accelerator"]}
    server = select("peak_flops", segment="server").observations
    typical: Choose = {"one_per": "architecture", "take": "median"}
    return [
        Case("peak FLOPS", select("peak_flops").observations, {}),
        Case("peak FLOPS, server", server, {}),
        Case("peak FLOPS, server, leading edge", server, {"best_of": "year"}),
        Case("peak FLOPS, server, typical", server, typical),
        Case("DRAM bandwidth", select("dram_bandwidth").observations, {}),
        Case("DRAM bandwidth, server", select("dram_bandwidth", **chips).observations, {}),
        Case("memory capacity", select("memory_capacity").observations, {}),
        Case("memory capacity, server", select("memory_capacity", **chips).observations, {}),
        Case("balance", pair_devices("peak_flops", "dram_bandwidth"), {}),
        Case("balance since 2020", pair_devices("peak_flops", "dram_bandwidth", since=2020), {}),
    ]


def simulate(case: Case, runs: int, seed: int) -> Coverage:
    """Return how often the default interval held the slope."""
    rows = case.rows.reset_index(drop=True)
    years = decimal_years(rows["date"].to_numpy())
    vendors, architectures = (cluster_codes(rows, column) for column in ("vendor", "architecture"))
    design = np.column_stack([np.ones(len(rows)), years - years.mean()])
    fitted = fit_mixed(design, np.log10(rows["value"].to_numpy(dtype=np.float64)), vendors, architectures)
    spread = np.sqrt([fitted.group_variance, fitted.subgroup_variance, fitted.residual_variance])
    random = np.random.default_rng(seed)
    intervals, slopes = [], []
    cluster, n_obs = "", 0
    for _ in range(runs):
        drawn = (
            random.normal(0, spread[0], vendors.max() + 1)[vendors]
            + random.normal(0, spread[1], architectures.max() + 1)[architectures]
            + random.normal(0, spread[2], len(rows))
        )
        chosen = select(rows.assign(value=10**drawn), **case.choose)
        trend = fit_trend(chosen)
        cluster, n_obs = find_cluster(chosen) or "", trend.n_obs
        intervals.append(trend.slope_interval(0.95))
        slopes.append(trend.slope)
    truth = float(np.mean(slopes)) if "best_of" in case.choose else 0.0
    low, high = np.array(intervals).T
    covered = float(((low <= truth) & (truth <= high)).mean())
    return Coverage(
        name=case.name,
        n_obs=n_obs,
        cluster=cluster,
        covered=covered,
        error=math.sqrt(covered * (1 - covered) / runs),
        width=float((high - low).mean()),
    )


if __name__ == "__main__":
    main()
