"""The registry of tables: ``datasets/datapackage.json``, which alone describes tables and columns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
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
    unit : str
        Canonical unit of a series; empty for a table that is no series.
    fitted : mapping of str to str
        The rows that the publishers of the dataset fitted their line to, as column and value.
    columns : mapping of str to str
        Every column with its description.
    types : mapping of str to str
        Every column with its Table Schema type: string, number, integer or date.
    path : Path
        The CSV.
    """

    name: str
    dataset: str
    title: str
    description: str
    unit: str
    fitted: Mapping[str, str] = field(repr=False)
    columns: Mapping[str, str] = field(repr=False)
    types: Mapping[str, str] = field(repr=False)
    path: Path = field(repr=False)


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
    folder = datasets_folder()
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    tables = [_table(resource, folder) for resource in package["resources"]]
    if dataset is None:
        return tables
    if dataset not in _dataset_names(tables):
        raise unknown("dataset", dataset, _dataset_names(tables))
    return [table for table in tables if table.dataset in (dataset, "")]


def list_datasets() -> list[str]:
    """Return the names of the datasets.

    Examples
    --------
    >>> list_datasets()
    ['gholami2024']
    """
    return _dataset_names(list_tables())


def list_series(dataset: str = defaults.DATASET) -> list[str]:
    """Return the names of the tables that a trend can be fitted to.

    Examples
    --------
    >>> list_series()[3:]
    ['memory_capacity', 'model_size', 'training_compute']
    """
    return [table.name for table in list_tables(dataset) if table.unit]


def find_table(name: str, dataset: str = defaults.DATASET) -> Table:
    """Return a table by its name.

    Parameters
    ----------
    name : str
        As in ``peak_flops``.
    dataset : str
        Where to look; the tables that all datasets share are found from each.

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
    tables = {table.name: table for table in list_tables(dataset)}
    if name not in tables:
        raise unknown("table", name, tables)
    return tables[name]


def find_series(name: str, dataset: str = defaults.DATASET) -> Table:
    """Return the table of a series; as `find_table`, for the tables that a trend can be fitted to.

    Examples
    --------
    >>> find_series("memory_capacity").unit
    'GB'
    """
    series = {table.name: table for table in list_tables(dataset) if table.unit}
    if name not in series:
        raise unknown("series", name, series)
    return series[name]


def _table(resource: dict[str, Any], folder: Path) -> Table:
    dataset, _, name = resource["name"].rpartition(".")
    fields = resource["schema"]["fields"]
    return Table(
        name=name,
        dataset=dataset,
        title=resource["title"],
        description=resource["description"],
        unit=resource.get("unit", ""),
        fitted=MappingProxyType(resource.get("fitted", {})),
        columns=MappingProxyType({each["name"]: each["description"] for each in fields}),
        types=MappingProxyType({each["name"]: each["type"] for each in fields}),
        path=folder / resource["path"],
    )


def _dataset_names(tables: list[Table]) -> list[str]:
    return list(dict.fromkeys(table.dataset for table in tables if table.dataset))
