"""A page a device and a page a source: every value with its source, at an address that stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

import memwall_trends as mt
from docs.site.templating import Cell, Row, link, relative, render, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from markupsafe import Markup

    from memwall_trends.datasets import Table

QUALIFIERS = (
    *("precision", "engine", "sparsity", "accumulation", "memory", "family", "scope", "lanes", "measure"),
    *("stage", "quantity", "operator", "batch_size", "prompt_length", "output_length"),
)
"""The columns that say what of a device a value is of."""
FACTS = {
    "vendor": "Vendor",
    "kind": "Kind",
    "segment": "Segment",
    "product_class": "Class",
    "architecture": "Architecture",
    "shipped": "Shipped",
    "dies": "Dies",
}
DESCRIBED = {"kind": "Kind", "authors": "Authors", "publisher": "Publisher", "date": "Date"}
KEY = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")
"""What may be the key of a source in a note."""
NAMES = ("name", "claim", "model", "network")
"""The columns by which a row is known, the first that a table has."""


def address_of_device(name: str) -> str:
    """Return the page of a device: its name alone decides, so that the address can be cited.

    Examples
    --------
    >>> address_of_device("NVIDIA H100 SXM5"), address_of_device("IBM POWER4+ 1.9 GHz")
    ('device/nvidia-h100-sxm5.html', 'device/ibm-power4-plus-1-9-ghz.html')
    """
    return f"device/{slug(name)}.html"


def address_of_source(key: str) -> str:
    """Return the page of a source.

    Examples
    --------
    >>> address_of_source("nvidia-h100-datasheet")
    'source/nvidia-h100-datasheet.html'
    """
    return f"source/{slug(key)}.html"


def slug(text: str) -> str:
    """Return text as it stands in an address: small letters, digits, hyphens.

    Examples
    --------
    >>> slug("Ethernet 25G lane (802.3bj)")
    'ethernet-25g-lane-802-3bj'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("+", " plus ")).strip("-")


def list_device_pages() -> Iterator[tuple[str, str]]:
    """Return the path and the text of the page of every device, and of their list."""
    devices, sources = _records(mt.load_table("devices")), _keys()
    values = list(_values_by_name())
    for device in devices:
        page = f"device/{slug(device['name'])}.md"
        own = [(each, row) for each, row in values if row["name"] == device["name"]]
        yield page, _device_page(page, device, own, sources)
    yield "device/index.md", _device_list(devices, values)


def list_source_pages() -> Iterator[tuple[str, str]]:
    """Return the path and the text of the page of every source, and of their list."""
    frame = mt.load_table("sources")
    sources, keys = _records(frame), _keys()
    devices = set(mt.load_table("devices")["name"])
    resting: dict[str, list[tuple[str, dict[str, Any]]]] = {key: [] for key in keys}
    for key, what, row in _uses(keys):
        resting[key].append((what, row))
    bibtex = dict(zip(frame["source"], re.split(r"\n\n(?=@)", mt.to_bibtex(frame)), strict=True))
    for source in sources:
        page = f"source/{slug(source['source'])}.md"
        rows = [_use_row(page, what, row, devices, keys) for what, row in resting[source["source"]]]
        rests = table(["of", "what", "value", "which", "where in it", "evidence", "note"], rows)
        yield (
            page,
            render(
                "source.md.j2",
                source=source,
                facts=_source_facts(page, source, keys),
                rests=rests if rows else "",
                bibtex=bibtex[source["source"]],
            ),
        )
    yield "source/index.md", _source_list(sources, resting)


def value_id(described: Table, row: Mapping[str, Any]) -> str:
    """Return the anchor of a value on the page of its device.

    Examples
    --------
    >>> rows = mt.load_table("dram_bandwidth")
    >>> value_id(mt.find_table("dram_bandwidth"), rows.iloc[0])
    'dram-bandwidth'
    """
    apart = [str(row[column]) for column in described.key if column != "name" and row[column]]
    return "-".join(slug(part) for part in (described.qualified_name, *apart))


def _device_page(
    page: str, device: dict[str, Any], own: list[tuple[Table, dict[str, Any]]], keys: frozenset[str]
) -> str:
    rows = [
        Row(
            (
                Cell(described.title.partition(":")[0]),
                *_value_cells(row),
                Cell(_source_link(page, row["source"], keys)),
                Cell(row["locator"]),
                Cell(row["evidence"]),
                Cell(_note(page, row["note"], keys)),
            ),
            value_id(described, row),
        )
        for described, row in own
    ]
    first = own[0]
    return render(
        "device.md.j2",
        device=device,
        slug=slug(device["name"]),
        facts=list(_device_facts(page, device, keys)),
        values=table(["quantity", "value", "which", "source", "where in it", "evidence", "note"], rows),
        first_id=value_id(*first),
        first_table=first[0].qualified_name,
    )


def _device_facts(page: str, device: dict[str, Any], keys: frozenset[str]) -> Iterator[tuple[str, object]]:
    from markupsafe import Markup

    yield from ((title, device[column]) for column, title in FACTS.items() if device[column])
    when = f"{device['date']} ({device['date_kind']}, known to the {device['date_precision']})"
    yield "Date", Markup("{}, {}").format(when, _source_link(page, device["date_source"], keys))
    if device["tdp_w"]:
        yield (
            "Power",
            Markup("{} W, {}").format(device["tdp_w"], _source_link(page, device["tdp_source"], keys)),
        )
    if device["note"]:
        yield "Note", _note(page, device["note"], keys)


def _source_facts(page: str, source: dict[str, Any], keys: frozenset[str]) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [("Key", source["source"])]
    facts += [(title, source[column]) for column, title in DESCRIBED.items() if source[column]]
    if source["url"]:
        facts.append(("Address", link(source["url"], source["url"])))
    if source["doi"]:
        facts.append(("DOI", link(source["doi"], f"https://doi.org/{source['doi']}")))
    if source["licence"]:
        facts.append(("Licence", source["licence"]))
    if source["note"]:
        facts.append(("Note", _note(page, source["note"], keys)))
    return facts


def _device_list(devices: list[dict[str, Any]], values: list[tuple[Table, dict[str, Any]]]) -> str:
    counted = pd.Series([row["name"] for _, row in values]).value_counts()
    rows = [
        Row(
            (
                Cell(link(device["name"], f"{slug(device['name'])}.html")),
                Cell(device["vendor"]),
                Cell(device["segment"]),
                Cell(device["product_class"]),
                Cell(device["architecture"]),
                Cell(device["date"], number=True),
                Cell(int(counted[device["name"]]), number=True),
            )
        )
        for device in sorted(devices, key=lambda device: (device["vendor"].lower(), device["date"]))
    ]
    listed = table(["device", "vendor", "segment", "class", "architecture", "date", "values"], rows)
    return render("list.md.j2", title="Devices", what="devices and generations of links", listed=listed)


def _source_list(sources: list[dict[str, Any]], resting: dict[str, list[tuple[str, dict[str, Any]]]]) -> str:
    rows = [
        Row(
            (
                Cell(link(source["source"], f"{slug(source['source'])}.html")),
                Cell(source["title"]),
                Cell(source["publisher"]),
                Cell(source["kind"]),
                Cell(source["date"], number=True),
                Cell(len(resting[source["source"]]), number=True),
            )
        )
        for source in sources
    ]
    listed = table(["key", "title", "publisher", "kind", "date", "rests on it"], rows)
    return render("list.md.j2", title="Sources", what="sources", listed=listed)


def _use_row(page: str, what: str, row: dict[str, Any], devices: set[str], keys: frozenset[str]) -> Row:
    name = next(str(row[column]) for column in NAMES if column in row)
    shown = link(name, relative(address_of_device(name), page)) if name in devices else name
    return Row(
        (
            Cell(shown),
            Cell(what),
            *_value_cells(row),
            Cell(row.get("locator", "")),
            Cell(row.get("evidence", "")),
            Cell(_note(page, row.get("note", ""), keys)),
        )
    )


def _value_cells(row: Mapping[str, Any]) -> tuple[Cell, Cell]:
    which = [
        f"{row[column]} {column}" if column == "lanes" else str(row[column]).replace("_", " ")
        for column in QUALIFIERS
        if row.get(column)
    ]
    value = f"{row['value']} {row.get('unit', '')}".strip() if row.get("value") else ""
    return Cell(value, number=True), Cell(", ".join(which))


def _uses(keys: frozenset[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return for every row of every table the key of a source that it rests on, and what does."""
    for described in mt.list_tables():
        if described.name == "sources":
            continue
        own = "" if described.dataset in ("", "curated") else f" ({described.dataset})"
        title = described.title.partition(":")[0] + own
        asked = {"source": title, "tdp_source": "power", "published_source": f"{title}: parameters"}
        if described.name == "devices":
            asked["date_source"] = "date"
        columns = [column for column in described.columns if column in asked]
        for row in _records(mt.load_table(described.qualified_name)):
            for column in columns:
                if row[column]:
                    bare = {key: cell for key, cell in row.items() if key not in ("note", "value")}
                    yield row[column], asked[column], row if column == "source" else bare
            # Who gave a figure on, or gave another one, is named there.
            for key in sorted(keys.intersection(KEY.findall(row.get("note", "")))):
                yield key, f"{title}, named in the note", row


def _values_by_name() -> Iterator[tuple[Table, dict[str, Any]]]:
    for name in ("peak_flops", "dram_bandwidth", "memory_capacity", "interconnect_bandwidth"):
        described = mt.find_table(name)
        for row in _records(mt.load_table(name)):
            yield described, row


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as text as a reader sees it; what is missing is empty."""
    shown = {str(name): [_shown(cell) for cell in rows[name]] for name in rows}
    return [dict(zip(shown, cells, strict=True)) for cells in zip(*shown.values(), strict=True)]


def _shown(cell: object) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and pd.isna(cell)) or cell is pd.NA:
        return ""
    if isinstance(cell, pd.Timestamp):
        return str(cell.date())
    return f"{cell:,.12g}" if isinstance(cell, float | int) and not isinstance(cell, bool) else str(cell)


def _keys() -> frozenset[str]:
    return frozenset(mt.load_table("sources")["source"])


def _source_link(page: str, key: str, keys: frozenset[str]) -> str:
    return link(key, relative(address_of_source(key), page)) if key in keys else key


def _note(page: str, note: str, keys: frozenset[str]) -> Markup:
    """Return a note in which each key of a source is a link."""
    from markupsafe import Markup

    parts = re.split(f"({KEY.pattern})", note)
    return Markup("").join(_source_link(page, part, keys) for part in parts)
