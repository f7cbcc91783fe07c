from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from memwall_trends.cli.groups import Group, Option, takes

if TYPE_CHECKING:
    from collections.abc import Callable


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
