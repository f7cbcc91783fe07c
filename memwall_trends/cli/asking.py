"""The questions of add: what a chip is and what is known of it, each answer checked when it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from memwall_trends.errors import MemwallError, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from memwall_trends.datasets import Table

ASKED = ("name", "vendor", "kind", "date", "source", "locator", "note")
"""What is asked of a chip; the rest is asked of each value."""
NOT_ASKED = ("unit", "date_source", "evidence")
OPTIONAL = ("note", "lanes", "memory")
DESCRIBED = ("kind", "title", "publisher", "url")
"""What is asked of a source that we do not have."""
TRIES = 3
"""So often a question is asked before the command gives up: nobody may sit at the other end."""
EXPLAINED = (
    "A chip in a few questions: what it is, then each value with its source. Nothing is written before all "
    "is checked and shown. Where a question has a list, answer with one of it; what stands in [] is taken if "
    "you answer nothing; Ctrl-C leaves. The same in a file: add --from chip.toml"
)


def ask() -> list[dict[str, str]]:
    """Return the values that the user describes in answers to questions.

    Raises
    ------
    MemwallError
        If there is no answer, or none that is right in so many tries.
    """
    from memwall_trends.datasets import find_series, list_fillable, load_table

    try:
        typer.echo(EXPLAINED, err=True)
        described = find_series("peak_flops")
        chip = {key: _ask_column(described, key) for key in ASKED}
        if chip["source"] not in set(load_table("sources")["source"]):
            typer.echo(f"{printable(chip['source'])} is new: describe it", err=True)
            chip |= {f"source_{key}": _ask_source(key, chip["source"]) for key in DESCRIBED}
        values = []
        while True:
            table = find_series(_choose("table", "What is measured.", list_fillable()))
            asked = [name for name in table.columns if name not in (*ASKED, *NOT_ASKED)]
            values.append({**chip, "table": table.name, **{key: _ask_column(table, key) for key in asked}})
            if not typer.confirm("Another value of this chip?", err=True):
                return values
    except (typer.Abort, EOFError):
        raise MemwallError(
            "no answers: describe the chip in a file (add --from chip.toml) or in options; "
            "memwall-trends add --help shows how"
        ) from None


def to_csv(answers: list[dict[str, str]]) -> str:
    r"""Return answers as a CSV that ``--from`` takes.

    Examples
    --------
    >>> to_csv([{"table": "memory_capacity", "name": "Acme A1"}])
    'table,name\nmemory_capacity,Acme A1'
    """
    import pandas as pd

    return str(pd.DataFrame(answers).fillna("").to_csv(index=False, lineterminator="\n")).strip()


def _ask_source(name: str, source: str) -> str:
    """Return what a source that we do not have is described by."""
    from memwall_trends.datasets import find_table

    field = next(each for each in find_table("sources").schema["fields"] if each["name"] == name)
    if name == "kind":
        return _choose("source_kind", field["description"], field["constraints"]["enum"])
    default = source if name == "url" and source.startswith("http") else None
    return _prompt(f"source_{name}", field["description"], default, _anything)


def _ask_column(table: Table, name: str) -> str:
    from memwall_trends.units import parse_date

    field = next(each for each in table.schema["fields"] if each["name"] == name)
    description = field["description"]
    allowed = field.get("constraints", {}).get("enum", [])
    if allowed and name not in OPTIONAL:
        return _choose(name, description, allowed)
    if name == "date":
        return _prompt(name, description, None, parse_date)
    if name == "value":
        units = " or ".join(table.units)
        return _prompt(name, f"{description} In {units}, or with its unit.", None, _quantity(table))
    answer = _prompt(name, description, "" if name in OPTIONAL else None, _anything)
    if name == "memory" and not answer and "memory!" in table.fitted:
        # SRAM on the chip would count as DRAM.
        return "SRAM" if typer.confirm("Is it SRAM, on the chip?", default=False, err=True) else ""
    return answer


def _quantity(table: Table) -> Callable[[str], object]:
    """Return a check that an answer can be read in one of the units of a table."""
    from memwall_trends.units import convert_quantity

    def check(answer: str) -> object:
        errors = []
        for unit in table.units:
            try:
                return convert_quantity(answer, unit)
            except MemwallError as error:
                errors.append(error)
        raise errors[0]

    return check


def _choose(name: str, description: str, allowed: list[str]) -> str:
    def check(answer: str) -> None:
        if answer not in allowed:
            raise MemwallError(f"{answer!r} is none of them")

    return _prompt(name, f"{description} One of {', '.join(allowed)}", None, check)


def _anything(answer: str) -> None:
    """Take any answer."""


def _prompt(name: str, description: str, default: str | None, check: Callable[[str], object]) -> str:
    """Return the answer to a question, asked again if it is wrong, but not for ever.

    Raises
    ------
    MemwallError
        If no answer was right.
    """
    for _ in range(TRIES):
        shown = default is not None and default != ""
        text = f"{name}: {description}\n{name}"
        answer = str(typer.prompt(text, default=default or "", show_default=shown, err=True)).strip()
        if not answer and default is not None:
            return default
        try:
            if not answer:
                raise MemwallError("an answer is needed")
            check(answer)
        except MemwallError as error:
            typer.echo(printable(str(error)), err=True)
        else:
            return answer
    raise MemwallError(
        f"no answer to {name!r} that can be used, in {TRIES} tries: describe the chip in a file "
        "(add --from chip.toml) or in options; memwall-trends add --help shows how"
    )
