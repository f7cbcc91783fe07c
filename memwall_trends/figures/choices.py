"""What a user's choices mean to a figure: those that it cannot follow, and the rows to draw large."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from memwall_trends.datasets import list_fillable
from memwall_trends.datasets.overlay import read_overlay
from memwall_trends.errors import MemwallError
from memwall_trends.selection import COLUMN_CHOICES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from memwall_trends.selection import Choose

SHOWING = (
    *("hw-scaling", "hw-scaling-today", "training-compute", "training-compute-today", "model-size"),
    *("model-size-today", "machine-balance", "peak-flops-by-precision", "memory-generations", "frontier"),
    "timeline",
)
"""The figures that draw rows which they do not fit."""
OPTIONS = {"overlay": "with"}
"""What a command calls a choice, where it has another name there."""


def refuse_choices(figure: str, choose: Choose, allowed: Sequence[str] = ()) -> None:
    """Raise an error if something was chosen that a figure cannot follow.

    Parameters
    ----------
    figure : str
    choose : Choose
        What was chosen, without a dataset that the figure follows.
    allowed : sequence of str
        The choices that it follows; with ``where`` those that stand for a condition too.

    Raises
    ------
    MemwallError
        If there is another; the message names it and what the figure takes.

    Examples
    --------
    >>> refuse_choices("levers", {"precision": "fp16", "overlay": []}, allowed=["precision"])
    """
    followed = {*allowed, *(COLUMN_CHOICES if "where" in allowed else ())}
    for name, value in choose.items():
        if value and name not in followed:
            can = f"; it takes {', '.join(map(_option, allowed))}" if allowed else ""
            raise MemwallError(f"the figure {figure} has choices of its own: leave out {_option(name)}{can}")


def choose_subject(figure: str, draw: Callable[..., Any], **subject: Any) -> dict[str, Any]:
    """Return what of a model and devices of the user's is given, if a figure can show it.

    Parameters
    ----------
    figure : str
    draw : callable
        Its function.
    **subject
        ``model`` and ``devices``; empty where not given.

    Raises
    ------
    MemwallError
        If one is given that the function does not take.

    Examples
    --------
    >>> choose_subject("roofline", lambda *, model=None: None, model="gpt2", devices=[])
    {'model': 'gpt2'}
    """
    known = inspect.signature(draw).parameters
    given = {name: value for name, value in subject.items() if value}
    for name in given:
        if name not in known:
            option = name.removesuffix("s")
            raise MemwallError(f"the figure {figure} shows no {option} of yours: leave out --{option}")
    return given


def choose_data(figure: str, draw: Callable[..., Any], data: Any) -> dict[str, Any]:
    """Return data of the user's as the argument that a figure takes it by; nothing where none is given.

    Raises
    ------
    MemwallError
        If the figure has data of its own.

    Examples
    --------
    >>> choose_data("timeline", lambda *, data="peak_flops": None, "mine.csv")
    {'data': 'mine.csv'}
    """
    if data is None:
        return {}
    taken = [name for name in ("data", "series") if name in inspect.signature(draw).parameters]
    if not taken:
        raise MemwallError(
            f"the figure {figure} has data of its own: leave out --data, or draw timeline, readings, "
            "diagnosis or specification-curve"
        )
    return {taken[0]: data}


def find_user_rows(series: str, choose: Choose) -> frozenset[str]:
    """Return the names that the user's files have for a series.

    Examples
    --------
    >>> find_user_rows("peak_flops", {"since": 2010})
    frozenset()
    """
    paths = [*(choose.get("overlay") or ()), *(choose.get("show") or ())]
    frames = [read_overlay(path, choose.get("reading"))[0] for path in paths if series in list_fillable()]
    return frozenset(name for frame in frames for name in frame.loc[frame["table"] == series, "name"])


def find_user_devices(choose: Choose) -> frozenset[str]:
    """Return the devices whose machine balance follows from the user's files.

    Examples
    --------
    >>> find_user_devices({})
    frozenset()
    """
    return find_user_rows("peak_flops", choose) & find_user_rows("dram_bandwidth", choose)


def _option(name: str) -> str:
    return f"--{OPTIONS.get(name, name)}"
