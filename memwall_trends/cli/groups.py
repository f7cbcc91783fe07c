"""Groups of options: each option is declared once, and `takes` puts a group on a command."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass, replace
from functools import cache, wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import typer

from memwall_trends.cli.completion import completes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Value = TypeVar("Value")


@dataclass(frozen=True)
class Option:
    """An option of a command.

    Attributes
    ----------
    type_ : type
        What Typer reads it as: ``str``, ``list[str] | None``.
    default : object
    help : str
    metavar : str, optional
        What help calls its value; by default the name of the type.
    flag : str, optional
        What the user writes, as in ``--with``, where that is not the name in the group.
    positional : bool
        Given by its place, without a name.
    panel : str, optional
        Where help lists it, where that is not with its group.

    Examples
    --------
    >>> Option(str | None, None, "First date that counts.", "DATE").default is None
    True
    """

    type_: Any
    default: Any
    help: str
    metavar: str | None = None
    flag: str | None = None
    positional: bool = False
    panel: str | None = None


@dataclass(frozen=True)
class Group(Generic[Value]):
    """Options that stand together on commands, and the one value that a command gets of them.

    Attributes
    ----------
    make : callable
        Returns the value, given the options by name.
    panel : str
        Where help lists them.
    options : mapping of str to Option
        By name, in the order of help.

    Examples
    --------
    >>> window = Group(dict, "Selection", {"since": Option(str | None, None, "First date that counts.")})
    >>> later = window.with_options(until=Option(str | None, None, "Last date that counts."))
    >>> list(later.options), list(later.without("since").options)
    (['since', 'until'], ['until'])
    >>> later.with_defaults(since="2010").options["since"].default
    '2010'
    """

    make: Callable[..., Value]
    panel: str
    options: Mapping[str, Option]

    def only(self, *names: str) -> Group[Value]:
        """Return the group with these of its options."""
        self._check(names)
        return replace(self, options={name: each for name, each in self.options.items() if name in names})

    def without(self, *names: str) -> Group[Value]:
        """Return the group without some of its options."""
        self._check(names)
        return replace(self, options={name: each for name, each in self.options.items() if name not in names})

    def with_options(self, **options: Option) -> Group[Value]:
        """Return the group with more options, or others in place of its own."""
        return replace(self, options={**self.options, **options})

    def with_defaults(self, **defaults: Any) -> Group[Value]:
        """Return the group with other defaults."""
        self._check(defaults)
        changed = {name: replace(self.options[name], default=default) for name, default in defaults.items()}
        return self.with_options(**changed)

    def reworded(self, name: str, help_: str, metavar: str | None = None) -> Group[Value]:
        """Return the group with another help text of one option, where a command means it differently."""
        self._check([name])
        own = self.options[name]
        return self.with_options(**{name: replace(own, help=help_, metavar=metavar or own.metavar)})

    def as_dict(self) -> Group[dict[str, Any]]:
        """Return the group with the options themselves as its value, by name."""
        return Group(dict, self.panel, self.options)

    def parameters(self) -> list[inspect.Parameter]:
        """Return the options as Typer reads them from a signature."""
        return [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=option.default,
                annotation=_annotate(name, option, self.panel),
            )
            for name, option in self.options.items()
        ]

    def _check(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.options:
                raise TypeError(f"the group has no option {name!r}; it has {', '.join(self.options)}")


def takes(**groups: Group[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that puts groups of options on a command.

    In the signature that Typer reads, each parameter named here gives way to the options of its group; the
    command gets the value of the group in their place.

    Parameters
    ----------
    **groups : Group
        By parameter of the command.

    Returns
    -------
    callable
        It stands below ``@app.command()``.

    Raises
    ------
    TypeError
        If the command has no such parameter.
    ValueError
        If two options of the command have the same name.

    Examples
    --------
    >>> window = Group(dict, "Selection", {"since": Option(str | None, None, "First date that counts.")})
    >>> @takes(choose=window)
    ... def show(series: str, *, choose: dict[str, str]) -> None:
    ...     print(series, choose)
    >>> list(inspect.signature(show).parameters)
    ['series', 'since']
    >>> show(series="peak_flops", since="2010")
    peak_flops {'since': '2010'}
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            values = {
                name: group.make(**{option: given.pop(option) for option in group.options})
                for name, group in groups.items()
            }
            command(**given, **values)

        parameters = _merge(command, groups)
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _merge(command: Callable[..., None], groups: Mapping[str, Group[Any]]) -> list[inspect.Parameter]:
    """Return the parameters of a command, with the options of groups in place of those named as they are."""
    declared = inspect.signature(command).parameters
    for name in groups:
        if name not in declared:
            raise TypeError(f"the command {command.__name__} has no parameter {name!r}")
    # The annotation of a group's parameter names a type that only a type checker imports; Typer needs the
    # others, and could not resolve them where this module does not know their names.
    texts = {name: each.annotation for name, each in declared.items() if name not in groups}
    hints = get_type_hints(SimpleNamespace(__annotations__=texts), command.__globals__, include_extras=True)
    merged: list[inspect.Parameter] = []
    for name, parameter in declared.items():
        if name in groups:
            merged += groups[name].parameters()
        else:
            # By keyword, as Typer calls them: so a required option may follow one with a default.
            kind = inspect.Parameter.KEYWORD_ONLY
            merged.append(parameter.replace(annotation=_completed(name, hints[name]), kind=kind))
    return merged


def _completed(name: str, hint: Any) -> Any:
    """Return the annotation of a parameter that the command declares, completed by its name."""
    if get_origin(hint) is not Annotated:
        return hint
    type_, described = get_args(hint)
    described = copy.copy(described)
    described.autocompletion = completes(name, type_)
    return Annotated[type_, described]


@cache
def _annotate(name: str, option: Option, panel: str) -> Any:
    """Return an option as Typer reads it; made once, as a dozen commands share it."""
    return Annotated[option.type_, _describe(name, option, panel)]


def _describe(name: str, option: Option, panel: str) -> Any:
    complete = completes(name, option.type_)
    if option.positional:
        return typer.Argument(metavar=option.metavar, help=option.help, autocompletion=complete)
    flags = () if option.flag is None else (option.flag,)
    return typer.Option(
        *flags,
        metavar=option.metavar,
        help=option.help,
        rich_help_panel=option.panel or panel,
        autocompletion=complete,
    )
