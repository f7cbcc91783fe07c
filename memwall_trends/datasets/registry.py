"""The registry of tables: ``datasets/datapackage.json``, which alone describes tables and columns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.errors import MemwallError, find_known, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEVICES = "devices"
"""The table that says once what a device is."""


@dataclass(frozen=True, eq=False)
class Table:
    """One table of the data dictionary.

    Attributes
    ----------
    name : str
        Name within its dataset, as in ``peak_flops``.
    dataset : str
        The dataset it belongs to; empty for the tables that all datasets share.
    title, description : str
        For a reader.
    units : tuple of str
        Canonical unit of a series; of interconnect bandwidth that of a lane, then that of a device. Empty for
        a table that is no series.
    fitted : mapping of str to str
        The rows that a trend counts unless the user says otherwise, as `memwall_trends.selection.Where`.
    precision_policy : str
        Which precision of a device counts unless the user says otherwise; empty where each row counts.
    schema : mapping
        The Table Schema of its columns.
    path : Path
        The CSV.
    sha256 : str
        Checksum of a frozen file; empty for a table that may grow.
    rows : mapping of str to str
        Of a series that is part of a table: column and value of its rows. Empty for a whole table.
    joined : mapping of str to str
        Columns of ``devices.csv``, with their types, that are joined to the rows by name; see `Table.types`.
    """

    name: str
    dataset: str
    title: str
    description: str
    units: tuple[str, ...]
    fitted: Mapping[str, str] = field(repr=False)
    precision_policy: str = field(repr=False)
    schema: Mapping[str, Any] = field(repr=False)
    path: Path = field(repr=False)
    sha256: str = field(repr=False)
    rows: Mapping[str, str] = field(repr=False, default_factory=dict)
    joined: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def qualified_name(self) -> str:
        """The name that is unique among all datasets.

        Examples
        --------
        >>> find_table("peak_flops", "gholami2024").qualified_name, find_table("sources").qualified_name
        ('gholami2024.peak_flops', 'sources')
        """
        return self.name if self.dataset in ("", defaults.DATASET) else f"{self.dataset}.{self.name}"

    @property
    def unit(self) -> str:
        """The canonical unit of what is fitted by default; empty for a table that is no series."""
        return self.units[0] if self.units else ""

    @property
    def columns(self) -> list[str]:
        """Every column, in order."""
        return list(self.types)

    @property
    def choosable(self) -> list[str]:
        """Every column that a condition can name: its own, and those that are joined.

        Examples
        --------
        >>> [name for name in find_table("dram_bandwidth").choosable if name.startswith("seg")]
        ['segment']
        """
        return [*self.columns, *self.joined]

    @property
    def types(self) -> dict[str, str]:
        """Every column with its Table Schema type: string, number, integer or date."""
        return {each["name"]: each["type"] for each in self.schema["fields"]}

    @property
    def key(self) -> list[str]:
        """The columns whose values no two rows share."""
        return list(self.schema["primaryKey"])


@cache
def datasets_folder() -> Path:
    """Return the folder of the tables: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parent / "datasets"


def list_tables(dataset: str | None = None) -> list[Table]:
    """Return every table, in the order of the data dictionary.

    Parameters
    ----------
    dataset : str, optional
        Only the tables of this dataset and those that all datasets share.

    Raises
    ------
    MemwallError
        If there is no such dataset; the message names the known ones.

    Examples
    --------
    >>> [table.name for table in list_tables()][:3]
    ['peak_flops', 'dram_bandwidth', 'interconnect_bandwidth']
    """
    tables = _list_all()
    whole = [table for table in tables if not table.rows]
    return whole if dataset is None else _of_dataset(whole, dataset)


def list_datasets() -> list[str]:
    """Return the names of the datasets.

    Examples
    --------
    >>> list_datasets()
    ['curated', 'gholami2024']
    """
    return _dataset_names(list_tables())


def list_series(dataset: str = defaults.DATASET) -> list[str]:
    """Return the names of the tables that a trend can be fitted to.

    Examples
    --------
    >>> list_series()[3:6]
    ['memory_capacity', 'model_size', 'training_compute']
    """
    return [table.name for table in _of_dataset(_list_all(), dataset) if table.unit]


def find_table(name: str, dataset: str = defaults.DATASET) -> Table:
    """Return a table by its name.

    Parameters
    ----------
    name : str
        As in ``peak_flops``, or with its dataset as in ``gholami2024.peak_flops``.
    dataset : str
        Where to look for a name without dataset. The tables that all datasets share, and those that only one
        has, are found from each.

    Returns
    -------
    Table

    Raises
    ------
    MemwallError
        If there is no such dataset or table; the message names the known ones.

    Examples
    --------
    >>> find_table("dram_bandwidth").unit
    'GB/s'
    """
    qualifier, _, bare_name = name.rpartition(".")
    tables = {table.name: table for table in _of_dataset(_list_all(), qualifier or dataset)}
    if bare_name in tables:
        return tables[bare_name]
    elsewhere = [table for table in list_tables() if table.name == bare_name and not qualifier]
    if len(elsewhere) != 1:
        raise unknown("table", bare_name, tables)
    return elsewhere[0]


def find_series(name: str, dataset: str = defaults.DATASET) -> Table:
    """Return the table of a series; as `find_table`, for the tables that a trend can be fitted to.

    Examples
    --------
    >>> find_series("memory_capacity").unit
    'GB'
    """
    series = {table.name: table for table in _of_dataset(_list_all(), dataset) if table.unit}
    if name not in series:
        raise unknown("series", name, series)
    return series[name]


def list_fillable() -> list[str]:
    """Return the series whose rows a user can add: those that are a table of their own.

    Examples
    --------
    >>> list_fillable()[:2]
    ['peak_flops', 'dram_bandwidth']
    """
    return [table.name for table in list_tables(defaults.DATASET) if table.unit]


def _list_all() -> tuple[Table, ...]:
    """Return every table, and every series that is a part of one."""
    folder = datasets_folder()
    try:
        return _parse_tables((folder / "datapackage.json").read_text(encoding="utf-8"), folder)
    except (OSError, ValueError) as error:
        raise MemwallError(f"{folder / 'datapackage.json'}: cannot be read: {error}") from None


def _of_dataset(tables: Sequence[Table], dataset: str) -> list[Table]:
    known = find_known("dataset", dataset, _dataset_names(tables))
    return [table for table in tables if table.dataset in (known, "")]


@lru_cache(maxsize=4)
def _parse_tables(text: str, folder: Path) -> tuple[Table, ...]:
    """Return the tables that a data dictionary describes; the same text is not parsed twice."""
    resources = json.loads(text)["resources"]
    described = {
        each["name"]: each["type"]
        for resource in resources
        if resource["name"] == DEVICES
        for each in resource["schema"]["fields"]
    }
    return tuple(
        table
        for resource in resources
        for table in (
            _table(resource, folder, described),
            *(_table({**resource, **part}, folder, described) for part in resource.get("series", ())),
        )
    )


def _table(resource: dict[str, Any], folder: Path, described: Mapping[str, str]) -> Table:
    dataset, _, name = resource["name"].rpartition(".")
    return Table(
        name=name,
        dataset=dataset,
        title=resource["title"],
        description=resource["description"],
        units=tuple(resource.get("units", ())),
        fitted=MappingProxyType(resource.get("fitted", {})),
        precision_policy=resource.get("precision_policy", ""),
        schema=MappingProxyType(resource["schema"]),
        path=folder / resource["path"],
        sha256=resource.get("hash", "").removeprefix("sha256:"),
        rows=MappingProxyType(resource.get("rows", {})),
        joined=MappingProxyType({column: described[column] for column in resource.get("joined", ())}),
    )


def _dataset_names(tables: Sequence[Table]) -> list[str]:
    return list(dict.fromkeys(table.dataset for table in tables if table.dataset))
