"""The same fits on a local Spark, a local Dask cluster and pandas: ``python -m tests.run_clusters``.

Prints for each engine and fit by how much its rate and its interval differ from those of pandas, relatively.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import memwall_trends as mt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FITS: dict[str, dict[str, Any]] = {
    "all": {},
    "window and conditions": {"since": 2005, "until": "2018-06", "where": {"kind": "G*"}},
    "classes": {"method": mt.Method(within="kind")},
    "two-way clusters": {"method": mt.Method(se="crv1", cluster="vendor,year")},
    "years alike": {"method": mt.Method("wls", se="classical")},
    "best of each year": {"best_of": "year"},
    "records": {"frontier": True},
}
N_ARCHITECTURES, N_UNNAMED, N_VENDORS = 90, 5, 12


def make_table(n_obs: int, seed: int = 1) -> pd.DataFrame:
    """Return devices with errors that their architectures share, some of which have none."""
    random = np.random.default_rng(seed)
    design = random.integers(0, N_ARCHITECTURES, n_obs)
    date = pd.Timestamp("2000-01-01") + pd.to_timedelta(random.integers(0, 9000, n_obs), unit="D")
    value = 10 ** (
        1
        + 0.12 * (date.year + date.dayofyear / 365 - 2000)
        + random.normal(0, 0.2, N_ARCHITECTURES)[design]
        + random.normal(0, 0.3, n_obs)
    )
    return pd.DataFrame(
        {
            "name": [f"chip {number}" for number in range(n_obs)],
            "vendor": [f"vendor {number % N_VENDORS}" for number in design],
            "architecture": [f"design {number}" if number >= N_UNNAMED else "" for number in design],
            "kind": random.choice(["gpu", "cpu", "npu"], n_obs),
            "date": date.astype("datetime64[us]"),
            "value": value,
            "unit": "GB/s",
        }
    )


@contextlib.contextmanager
def open_spark(rows: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows in a Spark session of this machine."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    try:
        records = rows.to_dict(orient="records")
        yield session.createDataFrame([{**row, "date": row["date"].to_pydatetime()} for row in records])
    finally:
        session.stop()


@contextlib.contextmanager
def open_dask(rows: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows in a Dask cluster of this machine, or of its threads without `distributed`."""
    from dask.dataframe import from_pandas

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError):
            from dask.distributed import Client, LocalCluster

            cluster = stack.enter_context(
                LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
            )
            stack.enter_context(Client(cluster))
        yield from_pandas(rows, npartitions=4)  # type: ignore[no-untyped-call]


def compare(
    rows: pd.DataFrame, frames: Mapping[str, Any], fits: Mapping[str, dict[str, Any]]
) -> dict[tuple[str, str], float]:
    """Return the largest relative difference from pandas of the rate and its interval, by engine and fit."""
    differences = {}
    for fit, options in fits.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            expected = _numbers(mt.fit_trend(rows, **options))
            for engine, frame in frames.items():
                found = _numbers(mt.fit_trend(frame, **options))
                differences[engine, fit] = float(np.max(np.abs(found / expected - 1)))
    return differences


def _numbers(trend: mt.Trend) -> np.ndarray:
    effects = [trend.effects[label] for label in sorted(trend.effects)]
    return np.array([trend.n_obs, trend.growth_factor(), *trend.growth_interval(), trend.r_squared, *effects])


def main() -> int:
    """Print the differences, and return whether one is above 1e-9."""
    rows = make_table(20_000)
    with open_spark(rows) as spark, open_dask(rows) as dask:
        differences = compare(rows, {"spark": spark, "dask": dask}, FITS)
    for (engine, fit), difference in differences.items():
        print(f"{engine:8} {fit:24} {difference:.1e}")
    return int(max(differences.values()) > 1e-9)


if __name__ == "__main__":
    sys.exit(main())
