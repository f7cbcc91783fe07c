"""The rules: all curated and user rows in, findings out.

Each guards against a way in which such data is known to go wrong; `RULES` names them. The frame has the
columns of all series of the curated dataset as text, but ``value`` as a number, and ``table``, ``day``
(datetime) and ``is_new`` (a user's row). Of two rows that do not fit, the later is named: a user's rows come
after ours.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends.datasets import find_series, list_fillable, load_table
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.least_squares import design_line
from memwall_trends.fitting.regression import regress
from memwall_trends.units import decimal_years, format_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Finding = tuple[Any, str, str]
    """Index of a row, its column, and what is wrong."""

BINARY_GIGABYTE = 1.073741824
MIN_GROUP = 8
FAR = 4.5
SUSPECT, NEAR = 3.0, 1.0
"""Standard deviations: beyond FAR a value is named, beyond SUSPECT if a slip of units would bring it NEAR."""
PREFIX_SLIPS = {1000: "a thousand times too high", 1 / 1000: "a thousand times too low, as TB taken for GB"}
BYTE_SLIPS = {8: "eight times too high, as bits taken for bytes", 1 / 8: "eight times too low, as Gb for GB"}
WIDER = {"fp8": "fp16", "int8": "fp16", "fp4": "fp8", "int4": "int8"}
"""Number formats of twice as many bits."""
STEEP = 3.9
"""Times by which half the bits may raise a rate: twice as a rule, three times on some; sparse gives four."""
MOST_READS_PER_SECOND = 600.0
"""HBM can be read some 50 times a second, the small memories of early graphics cards up to 400."""
BANDWIDTH_CEILINGS_GB_S = {
    "DDR3": 120,
    "DDR4": 420,
    "DDR5": 1700,
    "GDDR3": 330,
    "GDDR5": 800,
    "GDDR5X": 1100,
    "GDDR6": 1500,
    "GDDR6X": 1100,
    "GDDR7": 2100,
    "HBM": 1100,
    "HBM2": 2000,
    "HBM2e": 3700,
    "HBM3": 6600,
    "HBM3e": 10300,
    "HBM4": 33000,
}
"""Most that a device can have: the widest bus built (8 stacks of HBM, 12 of HBM4; 512 bits of GDDR, twice on
dual boards; 12 channels of DDR, 16 of multiplexed DDR5) at the highest rate that JEDEC or a vendor names."""
GIVEN = "given as "
"""What a note says of a capacity whose unit the user wrote out, as in 80 GiB."""
LANE_SLACK = 1.001
ANNOUNCED_BEFORE = pd.Timedelta(days=100)
"""A device can come out before the specification of its lanes."""
SYSTEM = re.compile(
    r"\b(\d+-way|\d+-socket|system|server(?! edition)|cluster|(super)?pod|rack|node)\b", re.IGNORECASE
)
SUPERCHIP = re.compile(r"(?<!in )\b(G[BH][23]00|VR[23]00)\b|\bsuperchip\b", re.IGNORECASE)
VARIANT = re.compile(r"\s(\d+ ?GB|PCIe|SXM\d?|NVL|OAM|SE|Ti|S)(\s.*)?", re.IGNORECASE)
TWO_RATES = re.compile(r"GeForce RTX")
PROCESSORS = ("cpu", "manycore", "gpu", "accelerator")
ALIKE = (
    ["table", "kind", "precision", "engine", "sparsity", "scope", "sram"],
    ["table", "precision", "engine", "sparsity", "scope", "memory"],
)
"""What is alike, for a trend: devices of one kind, and memories of one technology."""


def one_identity(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find names that have two vendors, kinds or dates."""
    for column in ("vendor", "kind", "date"):
        usual = rows.groupby("name")[column].transform("first")
        for index, row in records(rows[rows[column] != usual]):
            other = f"; if it is another device, name its vendor first: {row['vendor']} {row['name']}"
            hint = other if column == "vendor" else ""
            yield (
                index,
                column,
                f"{row['name']} has {row[column]!r} here and {usual[index]!r} elsewhere{hint}",
            )


def near_duplicate(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find names that differ in case, punctuation or vendor's name only: two devices to a fit."""
    # Another vendor can have a model of the same name.
    vendors = rows["vendor"].str.casefold().str.replace(r"[^a-z0-9]", "", regex=True)
    first = rows.groupby([_plain_names(rows), vendors])["name"].transform("first")
    for index, row in records(rows[rows["name"] != first]):
        yield index, "name", f"{row['name']!r} is all but {first[index]!r}; write one name one way"


def merged_variants(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find names without variant beside names with one, so that it is open which device is meant."""
    names = list(rows["name"].unique())
    variants = {
        name: [other for other in names if other.startswith(name) and VARIANT.fullmatch(other[len(name) :])]
        for name in _asked(rows)["name"].unique()
    }
    for index, row in records(_asked(rows)):
        if len(variants[row["name"]]) > 1:
            known = " or ".join(map(repr, variants[row["name"]][:3]))
            yield index, "name", f"{row['name']!r} could be {known}; name the variant"


def one_device(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find processors that sound like systems: a row is one chip, card or package."""
    for index, row in records(_asked(rows[rows["kind"].isin(PROCESSORS)])):
        if SYSTEM.search(row["name"]):
            yield index, "name", f"{row['name']!r} sounds like a system; expected one device"


def per_package(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find superchips, whose figures count several processors."""
    for index, row in records(_asked(rows)):
        if SUPERCHIP.search(row["name"]):
            yield index, "name", f"{row['name']!r} holds several processors; expected one of them"


def dense_above_sparse(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find sparse rates that are not above the dense rate."""
    keys = ["name", "precision", "engine"]
    dense = {tuple(row[key] for key in keys): (index, row["value"]) for index, row in _rates(rows, "dense")}
    for index, row in _rates(rows, "structured"):
        other, rate = dense.get(tuple(row[key] for key in keys), (index, -math.inf))
        if row["value"] <= rate:
            sparse = format_number(row["value"])
            yield (
                max(index, other),
                "value",
                f"sparse {sparse} GFLOP/s is not above dense {format_number(rate)}",
            )


def sparse_as_dense(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find dense matrix rates four times those of twice the bits: half the bits give about twice the rate."""
    dense = {
        (row["name"], row["precision"]): (index, row["value"])
        for index, row in _rates(rows, "dense")
        if row["engine"] == "matrix"
    }
    for (name, precision), (index, rate) in dense.items():
        other, wider = dense.get((name, WIDER.get(precision, "")), (index, math.inf))
        if rate > STEEP * wider:
            ratio = f"{rate / wider:.3g} times {WIDER[precision]}"
            yield max(index, other), "value", f"dense {precision} is {ratio}; is it the sparse rate?"


def bandwidth_ceiling(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find more bandwidth than the widest bus of that memory has, as if a double data rate counted twice."""
    for index, row in records(rows[rows["table"] == "dram_bandwidth"]):
        ceiling = BANDWIDTH_CEILINGS_GB_S.get(row["memory"], math.inf)
        if row["value"] > ceiling:
            most = f"{row['memory']} gives any device at most {ceiling:,} GB/s"
            yield (
                index,
                "value",
                f"{format_number(row['value'])} GB/s, but {most}; is a data rate counted twice?",
            )


def sram_as_dram(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find memory that could be read more often a second than DRAM can."""
    capacities = {
        row["name"]: (index, row["value"]) for index, row in records(rows[rows["table"] == "memory_capacity"])
    }
    dram = rows[(rows["table"] == "dram_bandwidth") & (rows["memory"] != "SRAM")]
    for index, row in records(dram):
        other, capacity = capacities.get(row["name"], (index, math.inf))
        if row["value"] > MOST_READS_PER_SECOND * capacity:
            times = f"the whole memory could be read {row['value'] / capacity:,.0f} times a second"
            problem = f"{times}; is it SRAM, or the bandwidth of one thing and capacity of another?"
            yield max(index, other), "memory", problem


def gibibytes(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find capacities in true GB where vendors print GiB as GB, as the tables do."""
    for index, row in records(_asked(rows[rows["table"] == "memory_capacity"])):
        if GIVEN in row["note"]:
            continue
        binary = row["value"] / BINARY_GIGABYTE
        if (
            binary > 1
            and math.isclose(binary, round(binary), rel_tol=1e-4)
            and row["value"] != round(row["value"])
        ):
            printed = f"vendors print {round(binary)} GB for {round(binary)} GiB, and so do the tables"
            yield index, "value", f"{row['value']:g} GB is {round(binary)} GiB; {printed}"


def lane_or_device(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find lanes that are not one lane in GT/s, and devices that are not in GB/s."""
    lane_unit, device_unit = find_series("interconnect_bandwidth").units
    for index, row in records(rows[rows["table"] == "interconnect_bandwidth"]):
        expected = {"lane": lane_unit, "device": device_unit}.get(row["scope"], row["unit"])
        if row["unit"] != expected:
            yield index, "unit", f"scope {row['scope']} is in {expected}, not {row['unit']}"
        if row["scope"] == "lane" and row["lanes"] != "1":
            yield index, "lanes", f"scope lane counts 1 lane, not {row['lanes'] or 'an unknown number'}"


def both_directions(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find devices whose links carry more than their lanes do in one direction, as many headlines have it."""
    links = rows[rows["table"] == "interconnect_bandwidth"]
    lanes = links.loc[links["scope"] == "lane", ["family", "day", "value"]]
    for index, row in records(links[(links["scope"] == "device") & (links["lanes"] != "")]):
        known = lanes[(lanes["family"] == row["family"]) & (lanes["day"] <= row["day"] + ANNOUNCED_BEFORE)]
        limit = known["value"].max() * _number(row["lanes"]) / 8
        if row["value"] > limit * LANE_SLACK:
            most = f"{row['lanes']} lanes of {row['family']} carry at most {format_number(limit)} GB/s"
            yield index, "value", f"{most} in one direction; are both counted, or bits taken for bytes?"


def no_step(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find link generations that leave the rate of a lane as it was: no observation of growth."""
    lanes = rows[(rows["table"] == "interconnect_bandwidth") & (rows["scope"] == "lane")]
    first: dict[tuple[str, float], tuple[Any, str]] = {}
    for index, row in records(lanes[lanes["value"].notna()].sort_values("date", kind="stable")):
        other, name = first.setdefault((row["family"], row["value"]), (index, row["name"]))
        if name != row["name"]:
            problem = f"{row['name']} is no faster a lane than {name}: no step in bandwidth"
            yield max(index, other), "value", problem


def off_trend(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find values far off the trend of their like, and which slip of units would explain them."""
    needed = sorted({*ALIKE[0], *ALIKE[1], "day", "value", "unit", "is_new"})
    known = rows.loc[rows["value"].notna() & rows["day"].notna(), needed]
    groups = [group for alike in ALIKE for _, group in known.groupby(alike)]
    asked, found = _asked(known).index, set()
    for group in groups:
        if not group.index.isin(asked).any():
            continue
        scores = _outlyingness(group)
        for index, row in records(group[scores.abs() > SUSPECT]):
            slip = _likely_slip(group, index)
            if index not in found and (abs(scores[index]) > FAR or slip):
                found.add(index)
                side = "above" if scores[index] > 0 else "below"
                far = f"{abs(scores[index]):.1f} standard deviations {side} the trend of its like"
                value = f"{format_number(row['value'])} {row['unit']} lies {far}"
                yield index, "value", f"{value}: {slip}?" if slip else value


def missing_dense(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find rates with structured sparsity without the dense rate: no other rate may stand in for it."""
    dense = {(row["name"], row["precision"]) for _, row in _rates(rows, "dense") if row["engine"] == "matrix"}
    for index, row in records(_asked(rows)):
        if row["sparsity"] == "structured" and (row["name"], row["precision"]) not in dense:
            yield index, "sparsity", f"a sparse {row['precision']} rate, and no dense one of {row['name']}"


def two_accumulations(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find FP16 matrix rates of cards that sum in FP16 or FP32 at two rates, without saying which it is."""
    of_table = rows[
        (rows["table"] == "peak_flops") & (rows["precision"] == "fp16") & (rows["engine"] == "matrix")
    ]
    for index, row in records(_asked(of_table)):
        if TWO_RATES.search(row["name"]) and not row["accumulation"]:
            yield index, "accumulation", f"{row['name']} has two FP16 rates; say which: fp16 or fp32"


def undescribed_device(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find hardware that devices.csv does not have, or has as another, and classes that there are not."""
    try:
        devices = load_table("devices")
    except MemwallError:
        return
    known = devices.assign(date=devices["date"].dt.strftime("%Y-%m-%d")).set_index("name")
    for column in ("segment", "product_class"):
        classes = sorted(set(known[column]) - {""})
        for index, row in records(rows[rows["is_new"] & ~rows[column].isin(["", *classes])]):
            yield index, column, f"{row[column]!r}; expected one of {', '.join(classes)}"
    joined = {name for name in list_fillable() if find_series(name).joined}
    ours = rows[rows["table"].isin(joined) & ~rows["is_new"]]
    for index, row in records(ours[~ours["name"].isin(known.index)]):
        yield index, "name", f"{row['name']!r} is not in devices.csv: say there what it is"
    for column in ("vendor", "kind", "date"):
        said = ours["name"].map(known[column])
        for index, row in records(ours[said.notna() & (ours[column] != said)]):
            yield index, column, f"{row['name']} has {row[column]!r} here and {said[index]!r} in devices.csv"


def quoted_through(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find quoted values whose note does not name the work that they were read in."""
    known = source_kinds()
    for index, row in records(_asked(rows[rows["evidence"] == "quoted"])):
        match = re.match(r"via ([a-z0-9][a-z0-9.-]*[a-z0-9])", row["note"])
        if match is None:
            yield (
                index,
                "note",
                "quoted, but the note does not start with 'via SOURCE', the work it was read in",
            )
        elif match[1] not in known and not row["is_new"]:
            yield index, "note", f"quoted via {match[1]!r}, which is not in sources.csv"


def formula(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find derived values whose note has no formula."""
    for index, row in records(_asked(rows[rows["evidence"] == "derived"])):
        if "=" not in row["note"]:
            yield index, "note", "derived, but the note has no formula with '='"


def database_only(rows: pd.DataFrame) -> Iterator[Finding]:
    """Find values that only a database has and that do not say so."""
    kinds = source_kinds()
    for index, row in records(_asked(rows)):
        if kinds.get(row["source"], row["source_kind"]) == "database" and "database only" not in row["note"]:
            yield index, "note", "only a database has it: the note says 'database only'"


RULES: dict[str, Callable[[pd.DataFrame], Iterator[Finding]]] = {
    "one-identity": one_identity,
    "near-duplicate": near_duplicate,
    "merged-variants": merged_variants,
    "one-device": one_device,
    "per-package": per_package,
    "dense-above-sparse": dense_above_sparse,
    "sparse-as-dense": sparse_as_dense,
    "bandwidth-ceiling": bandwidth_ceiling,
    "sram-as-dram": sram_as_dram,
    "gibibytes": gibibytes,
    "lane-or-device": lane_or_device,
    "both-directions": both_directions,
    "no-step": no_step,
    "off-trend": off_trend,
    "missing-dense": missing_dense,
    "two-accumulations": two_accumulations,
    "undescribed-device": undescribed_device,
    "quoted-through": quoted_through,
    "formula": formula,
    "database-only": database_only,
}
"""Every rule by the name that a problem has."""

DOUBTS = frozenset(RULES) - {
    "one-identity",
    "dense-above-sparse",
    "lane-or-device",
    "undescribed-device",
    "quoted-through",
    "formula",
    "database-only",
}
"""The rules that can be mistaken, and that a note settles."""


def _outlyingness(group: pd.DataFrame) -> pd.Series:
    """Return externally studentised residuals of log10(value) on the date; zeros where rows are too few."""
    years = decimal_years(group["day"].to_numpy())
    if len(group) < MIN_GROUP or len(np.unique(years)) < MIN_GROUP // 2:
        return pd.Series(0.0, index=group.index)
    design = design_line(years, float(years.mean()))
    fit = regress(np.log10(group["value"].to_numpy()), design, np.ones_like(years))
    internal = fit.studentize()
    # The external residual follows from the internal one.
    left = np.maximum(fit.df_resid - internal**2, 1e-12)
    return pd.Series(np.nan_to_num(internal * np.sqrt((fit.df_resid - 1) / left)), index=group.index)


def _likely_slip(group: pd.DataFrame, index: Any) -> str:
    """Return which slip of units would put a value back among its like; empty if none."""
    slips = PREFIX_SLIPS | (BYTE_SLIPS if "B" in str(group.at[index, "unit"]) else {})
    for factor, slip in slips.items():
        mended = group.assign(value=group["value"].where(group.index != index, group["value"] / factor))
        if abs(_outlyingness(mended)[index]) < NEAR:
            return slip
    return ""


def source_kinds() -> dict[str, str]:
    """Return the kind of each shipped source; none if they cannot be read, which is a problem of its own."""
    try:
        sources = load_table("sources")
    except MemwallError:
        return {}
    return dict(zip(sources["source"], sources["kind"], strict=True))


def _rates(rows: pd.DataFrame, sparsity: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Return the rates of one sparsity, each with its index."""
    return records(rows[(rows["table"] == "peak_flops") & (rows["sparsity"] == sparsity)])


def _number(cell: str) -> float:
    """Return a cell as a number; infinite if it is none, which the data dictionary tells."""
    try:
        return float(cell)
    except ValueError:
        return math.inf


def _asked(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the user's rows if there are any: ours were checked when they came in."""
    return rows[rows["is_new"]] if rows["is_new"].any() else rows


def _plain_names(rows: pd.DataFrame) -> pd.Series:
    """Return names without case, punctuation and vendor."""
    plain = rows["name"].str.casefold().str.replace(r"[^a-z0-9+]", "", regex=True)
    vendors = rows["vendor"].str.casefold().str.replace(r"[^a-z0-9]", "", regex=True)
    return pd.Series(
        [name.removeprefix(vendor) or name for name, vendor in zip(plain, vendors, strict=True)],
        index=rows.index,
    )


def records(frame: pd.DataFrame) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Return each row of a frame with its index."""
    columns = [str(column) for column in frame.columns]
    cells = frame.astype(object).to_numpy().tolist()
    for index, row in zip(frame.index, cells, strict=True):
        yield index, dict(zip(columns, row, strict=True))
