"""What a shell completes: the names that a parameter takes, found without the heavy libraries.

A parameter is completed by its name, the same in every command: `COMPLETED` says of what. Names in the tables
are read with the csv module; those in a registry of the code from its text, as importing it would import all
that it uses.
"""

from __future__ import annotations

import ast
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer  # noqa: TC002  Typer reads the annotations

from memwall_trends import defaults
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from memwall_trends.datasets import Table

SUBJECTS = ("series", "name", "numerator", "table")
"""Parameters that name the table which the others are about."""
DEVICES = "devices"


@dataclass(frozen=True)
class Line:
    """What stands on the command line so far.

    Attributes
    ----------
    command : str
    given : mapping
        Values by parameter.
    incomplete : str
        The word that is being typed.
    """

    command: str
    given: Mapping[str, Any]
    incomplete: str = ""


def completes(name: str, type_: Any) -> Callable[[typer.Context, str], list[str]] | None:
    """Return what completes a parameter, as Typer's ``autocompletion``; none where nothing is known.

    Parameters
    ----------
    name : str
        Of the parameter, as in ``vendor``.
    type_ : type
        What it is read as: numbers and paths are not completed here.

    Examples
    --------
    >>> completes("vendor", list[str] | None) is None, completes("devices", int) is None
    (False, True)
    """
    find = COMPLETED.get(name)
    if find is None or not _takes_text(type_):
        return None

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return list(dict.fromkeys(find(Line(ctx.command.name or "", _read_given(ctx), incomplete))))
        except (MemwallError, OSError):  # nobody reads errors while typing
            return []

    return complete


def _read_given(ctx: typer.Context) -> dict[str, Any]:
    """Return what is given so far; arguments too, which wait for an option that has no value yet."""
    arguments = [each.name for each in ctx.command.params if each.param_type_name == "argument"]
    waiting = zip((name for name in arguments if name and not ctx.params.get(name)), ctx.args, strict=False)
    return {**ctx.params, **dict(waiting)}


def _takes_text(type_: Any) -> bool:
    return type_ is str or any(_takes_text(each) for each in get_args(type_))


# Names in the tables


def _datasets(_: Line) -> list[str]:
    from memwall_trends.datasets.registry import list_datasets

    return list_datasets()


def _series(line: Line) -> list[str]:
    from memwall_trends.datasets.registry import list_series

    return list_series(line.given.get("dataset") or defaults.DATASET)


def _tables(_: Line) -> list[str]:
    from memwall_trends.datasets.registry import list_tables

    return [table.name for table in list_tables()]


def _names(line: Line) -> list[str]:
    """Return the names of what a command is about: a network, a chip, or a table."""
    if line.command == "network":
        return _cells_of("network_layers", "network")(line)
    return _cells_of(DEVICES, "name")(line) if line.command == "add" else _tables(line)


def _columns(line: Line) -> list[str]:
    return _subject(line).choosable


def _cells(column: str) -> Callable[[Line], list[str]]:
    """Return what finds the values of a column in the table that the line is about, or in that of devices."""

    def find(line: Line) -> list[str]:
        subject = _subject(line)
        return _read_cells(subject if column in subject.columns else _find_table(DEVICES), column)

    return find


def _sources(line: Line) -> list[str]:
    return _cells_of("sources" if line.command == "add" else "claims", "source")(line)


def _engines(line: Line) -> list[str]:
    """Return the engines of a chip that is added, vector or matrix, or those that hold a table."""
    return (_cells("engine") if line.command == "add" else _named_in("datasets/engines.py", "ENGINES"))(line)


def _cells_of(table: str, column: str) -> Callable[[Line], list[str]]:
    return lambda _: _read_cells(_find_table(table), column)


def _conditions(line: Line) -> list[str]:
    """Return the columns that a condition can name; where only one fits, with its values."""
    column, equals, _ = line.incomplete.partition("=")
    mark = "!" if column.endswith("!") else ""
    whole = bool(equals or mark)
    fitting = [
        each
        for each in _columns(line)
        if each == column.rstrip("!") or (each.startswith(column) and not whole)
    ]
    if len(fitting) > 1:
        return [f"{each}=" for each in fitting]
    return [f"{each}{mark}={cell}" for each in fitting for cell in _cells(each)(line)]


def _subject(line: Line) -> Table:
    """Return the table that the line is about; that of devices where it names none."""
    named = next((line.given[each] for each in SUBJECTS if line.given.get(each)), None)
    try:
        return _find_table(str(named or DEVICES), line.given.get("dataset"))
    except MemwallError:  # a file, or what is no table
        return _find_table(DEVICES)


def _find_table(name: str, dataset: str | None = None) -> Table:
    from memwall_trends.datasets.registry import find_table

    return find_table(name, dataset or defaults.DATASET)


def _read_cells(table: Table, column: str) -> list[str]:
    with table.path.open(encoding="utf-8", newline="") as file:
        cells = {row.get(column, "") for row in csv.DictReader(file)}
    return sorted(cells - {"", None})


# Names in the code


def read_names(module: str, registry: str) -> list[str]:
    """Return the names in a literal registry of a module, without importing it.

    Examples
    --------
    >>> read_names("datasets/rates.py", "RECORDS")
    ['high', 'low']
    """
    path = Path(__file__).parent.parent / module
    assigned = _read_assignments(ast.parse(path.read_text(encoding="utf-8")))
    return _texts(assigned[registry], assigned)


def _named_in(module: str, *registries: str) -> Callable[[Line], list[str]]:
    return lambda _: [name for registry in registries for name in read_names(module, registry)]


def _precisions(line: Line) -> list[str]:
    """Return what --precision means: of training, of a chip to add, of a device, or of a series."""
    if line.command == "training-memory":
        return _named_in("workloads/training.py", "PRECISIONS")(line)
    if line.command == "add":
        return _cells("precision")(line)
    formats = ("BITS",) if "device" in line.given else ()
    return _named_in("datasets/rates.py", "PRECISIONS", *formats)(line)


def _read_assignments(module: ast.Module) -> dict[str, ast.expr]:
    """Return what a module assigns to its names."""
    assigned: dict[str, ast.expr] = {}
    for statement in module.body:
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            assigned[ast.unparse(statement.target)] = statement.value
        elif isinstance(statement, ast.Assign):
            (target,), value = statement.targets, statement.value
            pairs = (
                zip(target.elts, value.elts, strict=True)
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
                else [(target, value)]
            )
            assigned |= {ast.unparse(name): each for name, each in pairs}
    return assigned


def _texts(value: ast.expr, assigned: Mapping[str, ast.expr]) -> list[str]:
    """Return the texts of a literal: the keys of a mapping, and what its names stand for."""
    if isinstance(value, ast.Name):
        return _texts(assigned[value.id], assigned)
    if isinstance(value, ast.Dict | ast.Tuple):
        items = value.keys if isinstance(value, ast.Dict) else value.elts
        return [text for item in items if item is not None for text in _texts(item, assigned)]
    return [str(value.value)] if isinstance(value, ast.Constant) else []


COMPLETED: Mapping[str, Callable[[Line], Iterable[str]]] = {
    **dict.fromkeys(("series", "numerator", "denominator", "over", "data"), _series),
    **dict.fromkeys(("by", "within", "cluster", "weights", "one_per", "best_of"), _columns),
    **{column: _cells(column) for column in ("vendor", "kind", "segment", "product_class", "architecture")},
    **dict.fromkeys(("device", "devices", "prefill_device"), _cells_of(DEVICES, "name")),
    **dict.fromkeys(("model", "model_file", "smaller"), _cells_of("transformers", "name")),
    "dataset": _datasets,
    "table": _tables,
    "name": _names,
    "where": _conditions,
    "claim": _cells_of("claims", "claim"),
    "names": _named_in("figures/__init__.py", "FIGURES"),
    "format_": lambda _: defaults.FIGURE_FORMATS,
    "size": _named_in("figures/theme.py", "SIZES"),
    "take": _named_in("datasets/rates.py", "TAKES"),
    "record": _named_in("datasets/rates.py", "RECORDS"),
    "separator": _named_in("datasets/parsing/options.py", "SEPARATORS"),
    "missing": _named_in("datasets/parsing/options.py", "MISSING"),
    "date_format": _named_in("datasets/parsing/options.py", "DATE_FORMATS"),
    "method": _named_in("fitting/estimators.py", "ESTIMATORS"),
    "se": _named_in("fitting/standard_errors.py", "STANDARD_ERRORS", "ALIASES"),
    "bootstrap": _named_in("fitting/methods.py", "RESAMPLED"),
    "interval": _named_in("fitting/bootstrap.py", "INTERVALS"),
    "way": _named_in("questions/ratio.py", "WAYS"),
    "phase": _named_in("workloads/work.py", "PHASES"),
    "optimizer": _named_in("workloads/training.py", "OPTIMIZER_STATES"),
    "activations": _named_in("workloads/training.py", "ACTIVATIONS"),
    "recompute": _named_in("workloads/training.py", "RECOMPUTATIONS"),
    "precision": _precisions,
    "source": _sources,
    "source_kind": _cells_of("sources", "kind"),
    **{column: _cells(column) for column in ("sparsity", "memory", "family", "scope", "evidence")},
    "engine": _engines,
}
"""What finds the names that a parameter takes, by its name."""
