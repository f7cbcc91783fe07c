"""Checks of the tables against the data dictionary, and of each row against the rest of the data.

A rule is one function of all curated and user rows; `RULES` names them. Each guards against a way in which
such data is known to go wrong. A rule of `DOUBTS` can be mistaken: a row whose note says ``checked:`` and why
is left alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.curation.rules import DOUBTS, RULES, records, source_kinds
from memwall_trends.datasets import Table, datasets_folder, find_series, list_fillable, list_tables
from memwall_trends.datasets.appending import finish_adding
from memwall_trends.datasets.files import parse_dates, parse_values, read_csv
from memwall_trends.datasets.overlay import DEVICE_COLUMNS, KEY_COLUMNS, SOURCE_COLUMNS, read_as_given
from memwall_trends.datasets.parsing import read_rows
from memwall_trends.errors import MemwallError, needs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from memwall_trends.datasets.parsing import Reading

CHECKED = "checked:"
"""What a note says of a value that looks wrong and is right, followed by how that was checked."""
SETTLED = re.compile(rf"(?:^|; ?){CHECKED} *\w")


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one table in one file, as text.

    Attributes
    ----------
    file : str
        What to call the file in a message.
    table : Table
        What the rows are.
    frame : DataFrame
        All cells as text.
    lines : list of int
        The line of the file on which each row ends, the header being 1.
    """

    file: str
    table: Table
    frame: pd.DataFrame
    lines: list[int]


def validate(files: Sequence[str | Path] = (), reading: Reading | None = None) -> pd.DataFrame:
    """Return every problem of the shipped tables, or of a user's files.

    Parameters
    ----------
    files : sequence of str or Path
        Files of a user's rows (as ``add --into`` writes them) or copies of shipped tables, checked against
        the data dictionary and against the shipped rows. By default the shipped tables themselves; an
        addition to them that was cut off is finished first.
    reading : Reading, optional
        How the files are read, where that is not to be found out.

    Returns
    -------
    DataFrame
        ``file, row, column, rule, problem``, empty if all is well. Rows are lines of the file, the header
        being 1; no row is a problem of the whole file.

    Examples
    --------
    >>> validate().empty
    True
    """
    problems: list[dict[str, Any]] = []
    if not files:
        finish_adding(datasets_folder())
    shipped, unreadable = _read_shipped()
    if files:
        theirs, unreadable = _read_files(files, reading)
        checked = theirs
    else:
        theirs, checked = [], shipped
        problems += [*_changed_files(), *_unsorted(shipped), *_filled_down(shipped)]
    problems += unreadable
    known_sources = source_kinds()
    for rows in checked:
        problems += [*_check_schema(rows), *_check_sources(rows, known_sources)]
    observations = _combine(shipped, theirs)
    by_index = dict(records(observations[["file", "line", "note", "is_new"]]))
    for rule, find in RULES.items():
        for index, column, problem in find(observations):
            row = by_index[index]
            settled = rule in DOUBTS and SETTLED.search(row["note"])
            if not settled and (not files or row["is_new"]):
                problems.append(_problem(row["file"], row["line"], column, rule, problem))
    frame = pd.DataFrame(problems, columns=["file", "row", "column", "rule", "problem"])
    frame = frame.astype({"row": "Int64"}).drop_duplicates()
    return frame.sort_values(["file", "row"], kind="stable", na_position="first", ignore_index=True)


# Reading what is checked


def _read_shipped() -> tuple[list[Rows], list[dict[str, Any]]]:
    read, problems = [], []
    for table in list_tables():
        name = _name(table)
        try:
            frame, lines = read_csv(table.path)
        except MemwallError as error:
            problems.append(_unreadable(name, error))
        else:
            read.append(Rows(name, table, frame, lines))
    return read, problems


def _read_files(
    files: Iterable[str | Path], reading: Reading | None
) -> tuple[list[Rows], list[dict[str, Any]]]:
    read, problems = [], []
    for path in map(Path, files):
        try:
            read += _read_file(path, reading)
        except MemwallError as error:
            problems.append(_unreadable(str(path), error))
    return read, problems


def _read_file(path: Path, reading: Reading | None) -> list[Rows]:
    """Return the rows of a user's file by table, or those of a copy of a shipped table."""
    given = read_rows(path, reading)
    frame, lines = given.frame.astype(object), given.labels
    frame = frame.where(frame.notna(), "").astype("str")
    if "table" not in frame:
        alike = [table for table in list_tables(defaults.DATASET) if set(frame.columns) == set(table.columns)]
        # Tables of one shape differ in their units; a wrong unit is told by the file's name.
        unit = frame["unit"].iloc[0] if "unit" in frame else ""
        alike.sort(key=lambda table: (table.path.name != path.name, unit not in table.units))
        if alike:
            return [Rows(str(path), alike[0], frame, list(lines))]
    given = read_as_given(path, reading)
    frame, lines = given.frame, given.labels
    read = []
    for name, part in frame.groupby("table", sort=False):
        table = find_series(str(name))
        chosen = part[[*table.columns, *DEVICE_COLUMNS, *SOURCE_COLUMNS]].reset_index(drop=True)
        read.append(Rows(str(path), table, chosen, [lines[position] for position in part.index]))
    return read


def _combine(shipped: Sequence[Rows], theirs: Sequence[Rows]) -> pd.DataFrame:
    """Return all observations with their file and line, a user's in place of ours of the same key."""
    columns = dict.fromkeys(column for name in list_fillable() for column in find_series(name).columns)
    parts = [
        rows.frame.reindex(columns=[*columns, *DEVICE_COLUMNS, *SOURCE_COLUMNS], fill_value="").assign(
            file=rows.file, line=rows.lines, table=rows.table.name, is_new=new
        )
        for new, group in ((False, shipped), (True, theirs))
        for rows in group
        if rows.table.units and rows.table.dataset == defaults.DATASET
    ]
    rows = pd.concat(parts, ignore_index=True)
    keys = pd.MultiIndex.from_frame(rows[KEY_COLUMNS])
    replaced = ~rows["is_new"].to_numpy(dtype=bool) & keys.isin(keys[rows["is_new"].to_numpy(dtype=bool)])
    rows = rows[~replaced].reset_index(drop=True)
    return rows.assign(
        value=parse_values(rows["value"]),
        day=parse_dates(rows["date"]),
        sram=rows["memory"] == "SRAM",
    )


# What the data dictionary says


def _check_schema(rows: Rows) -> list[dict[str, Any]]:
    """Return what Frictionless finds: columns, types, allowed values and keys."""
    needs("frictionless", extra="curation", to="check rows")
    from frictionless import Resource, Schema

    columns = rows.table.columns
    missing = [column for column in columns if column not in rows.frame]
    if missing:
        return [_problem(rows.file, 1, column, "missing-column", "not in the header") for column in missing]
    data = [columns, *rows.frame[columns].to_numpy().tolist()]
    schema = Schema.from_descriptor(
        {key: value for key, value in rows.table.schema.items() if key != "foreignKeys"}
    )
    report = Resource(data=data, schema=schema).validate()
    fields = {field["name"]: field for field in rows.table.schema["fields"]}
    problems = []
    for row, column, rule, cell, found in report.flatten(["rowNumber", "fieldName", "type", "cell", "note"]):
        line = rows.lines[row - 2] if row else 1
        problem = _expected(fields[column], rule, cell) if column in fields else _with_lines(found, rows)
        problems.append(_problem(rows.file, line, column or "", rule, problem))
    reported = {(problem["row"], problem["column"]) for problem in problems}
    if rows.table.units:
        finite = parse_values(rows.frame["value"]).notna()
        units = " or ".join(rows.table.units)
        for column, right, expected in (
            ("value", finite, "a number above zero"),
            ("unit", rows.frame["unit"].isin(rows.table.units), f"{units}, the unit of {rows.table.name}"),
        ):
            problems += [
                _problem(rows.file, line, column, "constraint-error", f"{cell!r}; expected {expected}")
                for line, cell, fits in zip(rows.lines, rows.frame[column], right, strict=True)
                if not fits and (line, column) not in reported
            ]
    return problems


def _expected(field: Mapping[str, Any], rule: str, cell: str) -> str:
    """Return what was found in a cell, and what the data dictionary expects there."""
    constraints = field.get("constraints", {})
    found = repr(cell) if cell else "empty"
    if rule == "constraint-error" and "enum" in constraints:
        return f"{found}; expected one of {', '.join(constraints['enum'])}"
    if not cell:
        meaning = re.split(r"[.;](?:\s|$)", field["description"])[0]
        return f"empty; expected: {meaning[0].lower()}{meaning[1:]}"
    if rule == "constraint-error" and "minimum" in constraints:
        return f"{cell!r}; expected at least {constraints['minimum']:g}"
    kinds = {"date": "a day as in 2026-06-01", "number": "a number", "integer": "a whole number"}
    return f"{cell!r}; expected {kinds.get(field['type'], field['description'])}"


def _with_lines(message: str, rows: Rows) -> str:
    """Return a message of Frictionless with lines of the file where it counts rows."""
    return re.sub(r"row at position (\d+)", lambda row: f"row {rows.lines[int(row[1]) - 2]}", message)


def _check_sources(rows: Rows, known: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the keys of sources that nothing describes."""
    if rows.table.name == "sources" or not known:
        return []
    problems = []
    for column in ("source", "date_source"):
        for (_, row), line in zip(records(rows.frame), rows.lines, strict=True):
            key = row.get(column, "")
            described = row.get("source_url") and key == row["source"]
            if key and key not in known and not described:
                problem = (
                    f"{key!r} is not in sources.csv; describe it there, or in source_title and source_url"
                )
                problems.append(_problem(rows.file, line, column, "unknown-source", problem))
    return problems


def _changed_files() -> list[dict[str, Any]]:
    """Return the frozen files whose bytes have changed."""
    return [
        _problem(_name(table), None, "", "frozen-file", "its bytes are not those of the published table")
        for table in list_tables()
        if table.sha256
        and table.path.is_file()
        and hashlib.sha256(table.path.read_bytes()).hexdigest() != table.sha256
    ]


def _unsorted(shipped: Iterable[Rows]) -> Iterator[dict[str, Any]]:
    """Return curated rows out of the order by date and name, in which a new chip is one hunk of a diff."""
    for rows in shipped:
        if rows.table.dataset == defaults.DATASET:
            order = list(zip(rows.frame["date"], rows.frame["name"], strict=True))
            for line, here, before in zip(rows.lines[1:], order[1:], order, strict=False):
                if here < before:
                    problem = f"{here[1]} stands after {before[1]}; expected the order of date, then name"
                    yield _problem(rows.file, line, "date", "unsorted", problem)


def _filled_down(shipped: Iterable[Rows]) -> Iterator[dict[str, Any]]:
    """Return sources that a spreadsheet's fill-down may have made: one title, addresses that count up."""
    for rows in shipped:
        if rows.table.name == "sources" and {"title", "url"} <= set(rows.frame.columns):
            url = rows.frame["url"]
            stem = url.str.replace(r"\d+/?$", "", regex=True)
            alike = rows.frame.assign(stem=stem).duplicated(["title", "stem"], keep=False) & (stem != url)
            for position in alike.to_numpy().nonzero()[0]:
                problem = (
                    f"{url[position]} differs from an address of the same title in a trailing number only"
                )
                yield _problem(rows.file, rows.lines[position], "url", "fill-down", problem)


def _name(table: Table) -> str:
    return table.path.relative_to(datasets_folder()).as_posix()


def _problem(file: str, row: int | None, column: str, rule: str, problem: str) -> dict[str, Any]:
    return {"file": file, "row": row, "column": column, "rule": rule, "problem": problem}


def _unreadable(file: str, error: MemwallError) -> dict[str, Any]:
    text = str(error).removeprefix(f"{file}: ")
    row = re.search(r"\brow (\d+)", text)
    return _problem(file, int(row[1]) if row else None, "", "unreadable", text)
