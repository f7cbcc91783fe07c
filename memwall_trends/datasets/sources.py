"""Sources: how many values rest on each kind, and the references of what a series or a fit rests on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.overlay import SOURCE_COLUMNS, read_overlay
from memwall_trends.datasets.reading import load_table
from memwall_trends.datasets.registry import find_table, list_series
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from memwall_trends.datasets.parsing import Reading

BIBTEX_TYPES = {
    "datasheet": ("techreport", "institution"),
    "whitepaper": ("techreport", "institution"),
    "standard": ("techreport", "institution"),
    "paper": ("article", "journal"),
}
"""The type of entry by kind of source, and the field that takes its publisher; else a misc entry."""


def source_kinds() -> list[str]:
    """Return the kinds of sources, best first.

    Examples
    --------
    >>> source_kinds()[:3]
    ['datasheet', 'whitepaper', 'standard']
    """
    fields = {field["name"]: field for field in find_table("sources").schema["fields"]}
    return list(fields["kind"]["constraints"]["enum"])


def count_sources(dataset: str = defaults.DATASET) -> pd.DataFrame:
    """Return how many values of a dataset rest on each kind of source, best kind first.

    Parameters
    ----------
    dataset : str
        Whose series are counted.

    Returns
    -------
    DataFrame
        ``kind, sources, values, share`` (of all values), and of the values how many were ``read, quoted,
        derived``.

    Examples
    --------
    >>> counted = count_sources("gholami2024")
    >>> counted[["kind", "values", "derived"]].query("values > 0").values.tolist()
    [['paper', 103, 66]]
    """
    columns = ["source", "evidence"]
    rows = pd.concat([load_table(name, dataset)[columns] for name in list_series(dataset)])
    kinds = load_table("sources").set_index("source")["kind"]
    rows = rows.assign(kind=rows["source"].map(kinds))
    counted = pd.DataFrame(
        {
            "sources": rows.groupby("kind")["source"].nunique(),
            "values": rows.groupby("kind").size(),
            "share": rows.groupby("kind").size() / len(rows),
            **{
                evidence: rows[rows["evidence"] == evidence].groupby("kind").size()
                for evidence in ("read", "quoted", "derived")
            },
        }
    )
    counted = counted.reindex(source_kinds()).fillna(0).rename_axis("kind").reset_index()
    return counted.astype(dict.fromkeys(["sources", "values", "read", "quoted", "derived"], int))


def find_sources(
    rows: pd.DataFrame, overlay: Sequence[str | Path] = (), reading: Reading | None = None
) -> pd.DataFrame:
    """Return the sources of the values and dates of observations.

    Parameters
    ----------
    rows : DataFrame
        Observations with ``source`` and ``date_source``, as in
        `memwall_trends.fitting.trends.Trend.observations`.
    overlay : sequence of str or Path
        Files of a user's rows that are among them; these describe sources of their own.
    reading : Reading, optional
        How these files are read, where that is not to be found out.

    Returns
    -------
    DataFrame
        Rows of ``sources.csv`` in the order of their keys, then those of the files.

    Raises
    ------
    MemwallError
        If the rows have no sources, or one that is not described.

    Examples
    --------
    >>> find_sources(load_table("dram_bandwidth", "gholami2024"))["source"].tolist()
    ['gholami2024-repository']
    """
    if "source" not in rows:
        raise MemwallError("the rows have no column 'source': there is nothing to cite")
    wanted = {key for column in ("source", "date_source") if column in rows for key in rows[column] if key}
    known = pd.concat(
        [load_table("sources"), *(_described(path, reading) for path in overlay)], ignore_index=True
    ).drop_duplicates("source")
    missing = sorted(wanted - set(known["source"]))
    if missing:
        raise MemwallError(
            f"no description of the source {missing[0]!r}: write source_title and source_url beside it"
        )
    found: pd.DataFrame = known[known["source"].isin(wanted)].reset_index(drop=True)
    return found


def to_bibtex(sources: pd.DataFrame) -> str:
    """Return sources as BibTeX, an entry each.

    Parameters
    ----------
    sources : DataFrame
        As `find_sources` returns them.

    Examples
    --------
    >>> sources = load_table("sources")
    >>> print(to_bibtex(sources[sources["source"] == "vaswani2017"]))
    @article{vaswani2017,
        author = "Vaswani, Ashish and others",
        title = "{Attention Is All You Need}",
        year = "2017",
        url = "https://arxiv.org/abs/1706.03762",
        journal = "arXiv 1706.03762"
    }
    """
    from pybtex.database import BibliographyData

    rows = [{str(key): cell for key, cell in row.items()} for row in sources.to_dict(orient="records")]
    # The writer escapes for LaTeX, but \\url takes an address as it is: it is put in afterwards.
    entries = {
        re.sub(r"[^\w:./-]+", "-", row["source"]): _entry({**row, "url": f"address-{place}"})
        for place, row in enumerate(rows)
    }
    text = str(BibliographyData(entries).to_string("bibtex")).strip()
    return re.sub(r'"address-(\d+)"', lambda match: f'"{_plain(rows[int(match[1])]["url"])}"', text)


def _described(path: str | Path, reading: Reading | None) -> pd.DataFrame:
    """Return the sources that the rows of a user's file describe."""
    rows, _ = read_overlay(path, reading)
    described = rows.loc[rows["source_url"] != "", ["source", *SOURCE_COLUMNS]]
    named = described.rename(columns=lambda column: column.removeprefix("source_"))
    return named.reindex(columns=find_table("sources").columns, fill_value="").drop_duplicates("source")


def _entry(row: dict[str, Any]) -> Any:
    from pybtex.database import Entry, Person

    cells = {key: _plain(cell) for key, cell in row.items()}
    type_, publisher_field = BIBTEX_TYPES.get(cells["kind"], ("misc", "howpublished"))
    fields = {
        "title": f"{{{cells['title'] or row['source']}}}",
        "year": cells["date"][:4],
        "url": cells["url"],
        "doi": cells["doi"],
        publisher_field: cells["publisher"],
        "note": cells["kind"] if type_ == "misc" else "",
    }
    return Entry(
        type_,
        fields=[(name, value) for name, value in fields.items() if value],
        persons={
            "author": _authors(cells["authors"], Person)
            or [_corporate(cells["publisher"] or "unknown", Person)]
        },
    )


def _plain(cell: object) -> str:
    """Return text without what would open or close a group or a field of BibTeX."""
    return re.sub(r'[{}\\"$]', "", str(cell))


def _authors(text: str, person: Any) -> list[Any]:
    """Return authors given as 'First Last; First Last', 'and others' closing the list as BibTeX has it."""
    names = [name.strip() for part in text.split(";") for name in part.split(" and ") if name.strip()]
    return [person(name) if name.count(",") <= 1 else _corporate(name, person) for name in names]


def _corporate(name: str, person: Any) -> Any:
    """Return a name that is not taken apart."""
    return person(last=f"{{{name}}}")
