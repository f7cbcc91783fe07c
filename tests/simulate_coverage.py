"""Simulate how often 95 % intervals of the slope hold it, where devices share errors as the real ones do.

``python -m tests.simulate_coverage --runs 400 --seed 0``: the dates, vendors, architectures and classes are
the curated ones; the errors are drawn with the variances, of vendors, of architectures within them and of
devices, that the mixed model finds in the data. One table a selection and design, as Markdown.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from memwall_trends.fitting.bounds import t_quantile
from memwall_trends.fitting.clusters import cr2, crv1, intraclass_correlation
from memwall_trends.fitting.designs import orthogonalize
from memwall_trends.fitting.mixed import fit_mixed
from memwall_trends.fitting.wild import wild_bootstrap_t
from memwall_trends.questions.gap import pair_devices
from memwall_trends.selection import select
from memwall_trends.units import decimal_years

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memwall_trends.fitting.designs import Basis, Floats, Integers

SERIES = ("peak_flops", "dram_bandwidth", "memory_capacity", "balance")
DESIGNS = ("line", "classes")
LEVEL = 0.95
DRAWS = 999
"""Of each wild bootstrap; its interval's length hardly gains from more, and there are thousands of them."""


@dataclass(frozen=True, eq=False)
class Devices:
    """The devices of a selection: what stays as it is in each draw, and the observed values."""

    design: Floats
    log10_values: Floats
    vendors: Integers
    architectures: Integers

    @property
    def contrast(self) -> Floats:
        """The slope among the coefficients."""
        unit: Floats = np.eye(self.design.shape[1])[1]
        return unit


Interval = tuple[float, float]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--series", choices=SERIES, action="append")
    parser.add_argument("--design", choices=DESIGNS, action="append")
    parser.add_argument("--no-vendor", action="store_true", help="draw no effect of the vendor")
    chosen = parser.parse_args()
    for series in chosen.series or SERIES:
        for design in chosen.design or DESIGNS:
            devices = read_devices(series, design)
            print(f"\n### {series}, {design}\n")
            print(
                "\n".join(simulate(devices, chosen.runs, chosen.seed, vendor=not chosen.no_vendor)),
                flush=True,
            )


def read_devices(series: str, design: str = "line") -> Devices:
    """Return the devices of a series, or of the balance of FLOPS and bandwidth of those that report both."""
    rows = select("peak_flops" if series == "balance" else series).observations
    if series == "balance":
        known = rows.drop_duplicates("name").set_index("name")[["architecture", "product_class"]]
        rows = pair_devices("peak_flops", "dram_bandwidth").join(known, on="name")
    years = decimal_years(rows["date"].to_numpy())
    columns = [np.ones(len(rows)), years - years.mean()]
    if design == "classes":
        columns += pd.get_dummies(rows["product_class"], drop_first=True, dtype=float).to_numpy().T.tolist()
    return Devices(
        np.column_stack(columns),
        np.log10(rows["value"].to_numpy(dtype=np.float64)),
        pd.factorize(rows["vendor"])[0],
        pd.factorize(rows["architecture"])[0],
    )


def simulate(devices: Devices, runs: int, seed: int, *, vendor: bool = True) -> Iterator[str]:
    """Yield the lines of a table: coverage and mean width by method, coverage with its Monte Carlo error."""
    fit = fit_mixed(devices.design, devices.log10_values, devices.vendors, devices.architectures)
    of_vendors = fit.group_variance if vendor else 0.0
    spread = [math.sqrt(each) for each in (of_vendors, fit.subgroup_variance, fit.residual_variance)]
    basis = orthogonalize(devices.design, None)
    residuals = devices.log10_values - basis.columns @ (basis.columns.T @ devices.log10_values)
    yield (
        f"{len(residuals)} devices, {fit.n_subgroups} architectures, {fit.n_groups} vendors; standard "
        f"deviations in log10 units: vendors {spread[0]:.3f}, architectures {spread[1]:.3f}, devices "
        f"{spread[2]:.3f}; "
        f"intraclass correlation of least-squares residuals by architecture "
        f"{intraclass_correlation(residuals, devices.architectures):.2f}; {runs} runs, seed {seed}"
    )
    random = np.random.default_rng(seed)
    found: dict[str, list[Interval]] = {name: [] for name in INTERVALS}
    for run in range(runs):
        # The true slope is 0: the methods are equivariant.
        drawn = (
            random.normal(0, spread[0], fit.n_groups)[devices.vendors]
            + random.normal(0, spread[1], fit.n_subgroups)[devices.architectures]
            + random.normal(0, spread[2], len(residuals))
        )
        for name, interval in INTERVALS.items():
            found[name].append(interval(devices, drawn, run))
    yield "\n| interval | coverage | its error | mean width |\n|---|---|---|---|"
    for name, intervals in found.items():
        low, high = np.array(intervals).T
        covered = float(((low <= 0) & (high >= 0)).mean())
        error = math.sqrt(covered * (1 - covered) / runs)
        yield f"| {name} | {covered:.1%} | {error:.1%} | {(high - low).mean():.4f} |"


def _classical(devices: Devices, drawn: Floats, run: int) -> Interval:
    basis, residuals, slope = _fit(devices, drawn)
    freedom = len(drawn) - devices.design.shape[1]
    variance = float(residuals @ residuals) / freedom * basis.unrotate(np.eye(devices.design.shape[1]))[1, 1]
    return _symmetric(slope, math.sqrt(variance), freedom)


def _crv1(cluster: str) -> Callable[[Devices, Floats, int], Interval]:
    def interval(devices: Devices, drawn: Floats, run: int) -> Interval:
        _, residuals, slope = _fit(devices, drawn)
        by_cluster = crv1(devices.design, residuals, getattr(devices, cluster))
        return _symmetric(slope, math.sqrt(by_cluster.covariance[1, 1]), by_cluster.degrees_of_freedom)

    return interval


def _cr2(cluster: str, working: str) -> Callable[[Devices, Floats, int], Interval]:
    def interval(devices: Devices, drawn: Floats, run: int) -> Interval:
        _, residuals, slope = _fit(devices, drawn)
        reduced = cr2(
            devices.design, residuals, getattr(devices, cluster), contrast=devices.contrast, working=working
        )
        return _symmetric(slope, math.sqrt(reduced.covariance[1, 1]), reduced.degrees_of_freedom)

    return interval


def _wild(cluster: str) -> Callable[[Devices, Floats, int], Interval]:
    def interval(devices: Devices, drawn: Floats, run: int) -> Interval:
        return wild_bootstrap_t(
            devices.design, drawn, getattr(devices, cluster), contrast=devices.contrast, draws=DRAWS, seed=run
        ).bounds(LEVEL)

    return interval


def _mixed(devices: Devices, drawn: Floats, run: int) -> Interval:
    fit = fit_mixed(devices.design, drawn, devices.vendors, devices.architectures)
    error = math.sqrt(fit.covariance[1, 1])
    return _symmetric(float(fit.coefficients[1]), error, fit.freedom.of(devices.contrast))


def _fit(devices: Devices, drawn: Floats) -> tuple[Basis, Floats, float]:
    basis = orthogonalize(devices.design, None)
    rotated = basis.columns.T @ drawn
    return basis, drawn - basis.columns @ rotated, float(np.linalg.solve(basis.triangle, rotated)[1])


def _symmetric(slope: float, error: float, freedom: float) -> Interval:
    half = t_quantile(freedom, LEVEL) * error
    return slope - half, slope + half


INTERVALS: dict[str, Callable[[Devices, Floats, int], Interval]] = {
    "classical": _classical,
    "CRV1 by architecture, t(G-1)": _crv1("architectures"),
    "CR2 by architecture, Satterthwaite": _cr2("architectures", "independent"),
    "CR2 by architecture, Imbens-Kolesár": _cr2("architectures", "intraclass"),
    "wild bootstrap-t by architecture": _wild("architectures"),
    "CRV1 by vendor, t(G-1)": _crv1("vendors"),
    "CR2 by vendor, Satterthwaite": _cr2("vendors", "independent"),
    "CR2 by vendor, Imbens-Kolesár": _cr2("vendors", "intraclass"),
    "wild bootstrap-t by vendor": _wild("vendors"),
    "mixed model, Kenward-Roger": _mixed,
}

if __name__ == "__main__":
    main()
