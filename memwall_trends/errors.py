"""What the user is told when the input is wrong."""

from __future__ import annotations

import difflib
import unicodedata
import warnings
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


UNPRINTED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of controls, formats (bidirectional overrides too), halves of letters and breaks."""


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


class MemwallWarning(UserWarning):
    """What a user should know of the input, though there is an answer."""


def warn(message: str) -> None:
    """Tell the user something about the input; the command prints it once, as ``warning: ...``.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True, action="always") as told:
    ...     warn("chips.csv: row 3 has no value")
    >>> str(told[0].message)
    'chips.csv: row 3 has no value'
    """
    warnings.warn(message, MemwallWarning, stacklevel=2)


def needs(module: str, *, extra: str, to: str) -> None:
    """Check that a library is there which only an extra installs.

    Parameters
    ----------
    module : str
        As it is imported.
    extra : str
        Of ours, in ``pyproject.toml``.
    to : str
        What it is needed to do, for the message.

    Raises
    ------
    MemwallError
        If it is not installed; the message says how to get it.

    Examples
    --------
    >>> needs("no_such_library", extra="parquet", to="read Parquet")
    Traceback (most recent call last):
        ...
    memwall_trends.errors.MemwallError: to read Parquet takes no_such_library, which is not installed: pip
    install 'memwall-trends[parquet]'
    """
    try:
        import_module(module)
    except ImportError:
        raise MemwallError(
            f"to {to} takes {module}, which is not installed: pip install 'memwall-trends[{extra}]'"
        ) from None


def printable(text: str, keep: str = "\n") -> str:
    r"""Return text without what a terminal would take for a command, each such character as its code.

    Parameters
    ----------
    text : str
        With names from data, perhaps.
    keep : str
        Control characters that are meant.

    Examples
    --------
    >>> printable("Acme\x1b[2J A1"), printable("A\u202eB")
    ('Acme\\x1b[2J A1', 'A\\u202eB')
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter in keep or unicodedata.category(letter) not in UNPRINTED
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


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
    close = find_close(given, names)
    guess = f"; did you mean {close!r}?" if close else "."
    return MemwallError(f"unknown {what} {given!r}{guess} Known: {', '.join(names)}{hint}")


def find_known(what: str, given: str, known: Iterable[str], hint: str = "") -> str:
    """Return a name as it is known, given in capitals or not.

    Raises
    ------
    MemwallError
        If it is not known; as `unknown` says it.

    Examples
    --------
    >>> find_known("precision", "FP8", ["fp16", "fp8"])
    'fp8'
    """
    names = list(known)
    alike = [name for name in names if name == given] or [
        name for name in names if name.casefold() == given.casefold()
    ]
    if not alike:
        raise unknown(what, given, names, hint)
    return alike[0]


def find_close(given: str, known: Iterable[str]) -> str:
    """Return the known name that is closest to a given one, capitals apart; empty where none is close.

    Examples
    --------
    >>> find_close("nvida", ["AMD", "NVIDIA"])
    'NVIDIA'
    """
    names = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(given.casefold(), names, n=1)
    return names[close[0]] if close else ""
