"""Names of devices in a user's file that are ours under another spelling, or ours and another device's."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import pandas as pd

from memwall_trends.datasets.registry import DEVICES, find_series, find_table
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Mapping

BRANDS = re.compile(r"\b(geforce|radeon|instinct|tesla|quadro|xeon|epyc|opteron|gpu|accelerator)\b")
"""Words that one database puts before a model's name and another does not."""


def plain_name(name: str, vendor: str = "") -> str:
    """Return a name without case, punctuation, brand and vendor.

    Examples
    --------
    >>> plain_name("NVIDIA H100-SXM5", "NVIDIA"), plain_name("Instinct MI300X", "AMD")
    ('h100sxm5', 'mi300x')
    """
    text = name.casefold()
    words = vendor.casefold().strip()
    text = text.removeprefix(words).strip() or text if words else text
    bare = BRANDS.sub("", text)
    plain = re.sub(r"[^a-z0-9+]", "", bare) or re.sub(r"[^a-z0-9+]", "", text)
    return plain or text


def same_vendor(first: str, second: str) -> bool:
    """Return whether two vendors may be one: one is not named, or holds the other.

    Examples
    --------
    >>> same_vendor("NVIDIA", "nvidia corp"), same_vendor("", "AMD"), same_vendor("Acme", "AMD")
    (True, True, False)
    """
    one, other = first.casefold().strip(), second.casefold().strip()
    return one in other or other in one


def find_alike(theirs: pd.DataFrame) -> dict[str, str]:
    """Return for each name that is all but one of ours the name that we have for it.

    Parameters
    ----------
    theirs : DataFrame
        ``table, name, vendor`` as text.

    Examples
    --------
    >>> rows = pd.DataFrame([("dram_bandwidth", "h100 sxm5", "")], columns=["table", "name", "vendor"])
    >>> find_alike(rows)
    {'h100 sxm5': 'NVIDIA H100 SXM5'}
    """
    alike: dict[str, str] = {}
    for table, part in theirs.groupby("table", sort=False):
        vendors = _our_vendors(str(table))
        ours = defaultdict(set)
        for name, vendor in vendors.items():
            ours[plain_name(name, vendor)].add(name)
        for name, vendor in part[["name", "vendor"]].drop_duplicates().to_numpy().tolist():
            if name in vendors:
                continue
            known = {
                each
                # A file without vendors can have them in its names.
                for plain in {plain_name(name, vendor), plain_name(name, _first_word(name))}
                for each in ours.get(plain, ())
                if same_vendor(vendor, vendors[each])
            }
            if len(known) == 1:
                alike[name] = known.pop()
    return alike


def find_namesakes(theirs: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return names, with their vendor, that another vendor's device has with us, and that device's vendor.

    Examples
    --------
    >>> rows = pd.DataFrame(
    ...     [("dram_bandwidth", "NVIDIA H100 SXM5", "Acme")], columns=["table", "name", "vendor"]
    ... )
    >>> find_namesakes(rows)
    {('NVIDIA H100 SXM5', 'Acme'): 'NVIDIA'}
    """
    found = {}
    for table, part in theirs.groupby("table", sort=False):
        vendors = _our_vendors(str(table))
        for name, vendor in part[["name", "vendor"]].drop_duplicates().to_numpy().tolist():
            if name in vendors and not same_vendor(vendor, vendors[name]):
                found[name, vendor] = vendors[name]
    return found


def _our_vendors(table: str) -> Mapping[str, str]:
    """Return the names that we have in a table, or for devices at all, with their vendors."""
    series = find_series(table)
    paths = [series.path, *([find_table(DEVICES).path] if series.joined else [])]
    vendors: dict[str, str] = {}
    for path in paths:
        try:
            rows = pd.read_csv(path, usecols=["name", "vendor"], dtype="str", keep_default_na=False)
        except (OSError, ValueError) as error:
            raise MemwallError(f"{path}: cannot be read: {error}") from None
        vendors |= dict(zip(rows["name"], rows["vendor"], strict=True))
    return vendors


def _first_word(name: str) -> str:
    return name.partition(" ")[0]
