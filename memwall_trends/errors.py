"""What the user is told when the input is wrong."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class MemwallError(ValueError):
    """Wrong input: the message says what, where, what was expected and what to do next."""


class TooFewObservations(MemwallError):  # noqa: N818  what is left is a state, not an error of the code
    """A selection that leaves too little to fit.

    Attributes
    ----------
    n_obs : int
        How many observations it leaves.
    """

    def __init__(self, message: str, n_obs: int) -> None:
        super().__init__(message)
        self.n_obs = n_obs


def unknown(what: str, given: str, known: Iterable[str], hint: str = "") -> MemwallError:
    """Return the error for a name that is not known.

    Parameters
    ----------
    what : str
        The kind of name, as in "series".
    given : str
        What the user wrote.
    known : iterable of str
        The names that would have been right.
    hint : str, optional
        A further way out, to follow the list.

    Returns
    -------
    MemwallError
        Its message lists the known names, and a close one if there is one.

    Examples
    --------
    >>> print(unknown("series", "peak_flop", ["peak_flops", "model_size"]))
    unknown series 'peak_flop'; did you mean 'peak_flops'? Known: peak_flops, model_size
    """
    names = list(known)
    close = difflib.get_close_matches(given, names, n=1)
    guess = f"; did you mean {close[0]!r}?" if close else "."
    return MemwallError(f"unknown {what} {given!r}{guess} Known: {', '.join(names)}{hint}")
