from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from memwall_trends import cli
from memwall_trends.cli.groups import Group, Option, takes
from memwall_trends.cli.model_options import TRANSFORMER, WORKLOAD
from memwall_trends.cli.options import METHOD, READING, RESULT, SELECTION
from memwall_trends.datasets.parsing import Reading
from memwall_trends.selection import Choose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., Any]

SELECTING = {
    *("reproduce", "rate", "gap", "figures", "sensitivity", "stability", "backtest", "when-bound", "cite"),
    *("decompose", "diagnose"),
    *("data show", "data export"),
}
WITH_ANOTHER_CHOICE = """
import json, sys
from memwall_trends.cli import options
from memwall_trends.cli.groups import Option

options.SELECTION = options.SELECTION.with_options(maker=Option(str | None, None, "Only of this maker."))
kept = ("memwall_trends.cli.options", "memwall_trends.cli.groups")
for name in [name for name in sys.modules if name.startswith("memwall_trends.cli") and name not in kept]:
    del sys.modules[name]

from memwall_trends.cli.app import app
from memwall_trends.errors import MemwallError
from tests.test_options import commands_of

flags = {name: [flag for each in command.params for flag in each.opts] for name, command in commands_of(app)}
try:
    app(["rate", "peak_flops", "--maker", "Acme"], standalone_mode=False)
except MemwallError as error:
    message = str(error)
print(json.dumps([flags, message]))
"""
"""Puts one more entry into the group of choices, and the commands together anew."""


def commands_of(application: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Yield the commands by the words that call them."""
    for name, command in typer.main.get_command(application).commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from ((f"{name} {within}", each) for within, each in command.commands.items())
        else:
            yield name, command


# Each choice is one entry


def test_every_choice_has_its_option() -> None:
    # What is said of how a file is read is one choice; what is shown is one of figures alone.
    options = set(SELECTION.options) - set(READING)
    assert options | {"reading", "show"} == set(Choose.__annotations__)
    said = {"no_header" if field.name == "header" else field.name for field in fields(Reading)}
    assert set(READING) == said


def test_a_new_choice_is_an_option_of_every_command_that_selects() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITH_ANOTHER_CHOICE],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    flags, message = json.loads(done.stdout)
    assert {command for command, own in flags.items() if "--since" in own} == SELECTING
    assert {command for command, own in flags.items() if "--maker" in own} == SELECTING
    # Choose does not know it yet: so the command passed it on.
    assert message.startswith("unknown choice 'maker'")


def test_no_option_is_written_in_two_commands() -> None:
    places = defaultdict(set)
    for group in (SELECTION, METHOD, RESULT, WORKLOAD, TRANSFORMER):
        for option in group.options.values():
            places[option.help].add(group.panel)
    for path in Path(inspect.getfile(cli)).parent.glob("*.py"):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            for text in helps(statement):
                places[text].add(f"{path.name}:{statement.lineno}")
    assert len(places) > 80
    assert {text: where for text, where in places.items() if len(where) > 1} == {}


def helps(statement: ast.stmt) -> Iterator[str]:
    """Yield the help texts of the options and arguments that a statement declares for Typer."""
    for call in ast.walk(statement):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("typer.Option", "typer.Argument"):
            for keyword in call.keywords:
                if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)


# What the decorator does

WINDOW: Group[dict[str, Any]] = Group(
    dict,
    "Selection",
    {
        "since": Option(str | None, None, "First date.", "DATE"),
        "overlay": Option(list[Path] | None, None, "Files.", "FILE", "--with"),
    },
)


def test_options_stand_where_their_group_stood() -> None:
    @takes(choose=WINDOW)
    def show(series: str, *, before: int = 1, choose: dict[str, Any], after: int) -> None:
        """Show a series."""

    parameters = inspect.signature(show).parameters
    assert list(parameters) == ["series", "before", "since", "overlay", "after"]
    assert parameters["after"].default is inspect.Parameter.empty
    assert show.__doc__ == "Show a series."
    assert show.__annotations__["before"] is int
    assert show.__annotations__["since"].__metadata__[0].rich_help_panel == "Selection"


def test_a_command_gets_the_value_of_each_group() -> None:
    got = []
    doubled = Group(lambda number: 2 * number, "Result", {"number": Option(int, 1, "A number.")})
    application = typer.Typer()

    @application.command()
    @takes(choose=WINDOW, number=doubled)
    def show(series: str, *, choose: dict[str, Any], number: int) -> None:
        got.append((series, choose, number))

    application(["a", "--with", "x.csv", "--with", "y.csv", "--number", "4"], standalone_mode=False)
    assert got == [("a", {"since": None, "overlay": [Path("x.csv"), Path("y.csv")]}, 8)]


def test_a_group_of_no_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="the command show has no parameter 'window'"):

        @takes(window=WINDOW)
        def show(series: str) -> None:
            pass


def test_an_option_beside_one_of_its_group_is_refused() -> None:
    with pytest.raises(ValueError, match="duplicate parameter name: 'since'"):

        @takes(choose=WINDOW)
        def show(since: str, *, choose: dict[str, Any]) -> None:
            pass


@pytest.mark.parametrize(
    "change",
    [
        lambda: WINDOW.without("untl"),
        lambda: WINDOW.only("untl"),
        lambda: WINDOW.with_defaults(untl=1),
        lambda: WINDOW.reworded("untl", "Last date."),
    ],
)
def test_a_name_that_is_none_of_the_group_is_refused(change: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="the group has no option 'untl'; it has since, overlay"):
        change()


def test_a_group_is_changed_in_a_copy() -> None:
    changed = WINDOW.with_defaults(since="2010").reworded("since", "Another.")
    assert changed.options["since"] == Option(str | None, "2010", "Another.", "DATE")
    assert WINDOW.options["since"].default is None


def test_an_option_and_the_condition_of_its_column_are_refused(run: Run) -> None:
    for command in ("rate", "data show", "cite", "data export"):
        result = run(*command.split(), "peak_flops", "--kind", "gpu", "--where", "kind=cpu")
        assert result.code == 2
        assert result.err == "error: --kind and --where kind=... say the same thing: give one of them\n"
