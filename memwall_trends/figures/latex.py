"""Text as LaTeX prints it."""

from __future__ import annotations

import unicodedata

from memwall_trends.errors import warn

CAPITALS = ("Gamma", "Delta", "Theta", "Pi", "Sigma", "Phi", "Psi", "Omega")
SMALL = ("alpha", "beta", "gamma", "delta", "epsilon", "pi", "rho", "sigma", "tau", "phi", "omega")
GREEK = {
    **{unicodedata.lookup(f"GREEK CAPITAL LETTER {name}"): name for name in CAPITALS},
    **{unicodedata.lookup(f"GREEK SMALL LETTER {name}"): name for name in SMALL},
}
"""Greek letters that mathematics has, which the fonts of text lack."""
ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "²": r"\textsuperscript{2}",
    "\N{EN DASH}": "--",
    "\N{MULTIPLICATION SIGN}": r"\texttimes{}",
    "µ": r"\textmu{}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    **{letter: rf"\ensuremath{{\{name}}}" for letter, name in GREEK.items()},
}
LAST_LATIN_1 = 0xFF


def escape(text: str) -> str:
    r"""Return text that LaTeX prints as it is; letters that its fonts lack become ?, and are named.

    Examples
    --------
    >>> escape("50% of $x_1$ \\input{y} 漢")
    '50\\% of \\$x\\_1\\$ \\textbackslash{}input\\{y\\} ?'
    """
    normal = unicodedata.normalize("NFC", text)
    missing = [letter for letter in normal if letter not in ESCAPED and not _is_set(letter)]
    if missing:
        warn(
            f"LaTeX's fonts lack {' '.join(dict.fromkeys(missing))} of {normal!r}: a question mark stands "
            "there; svg and html keep it"
        )
    return "".join(ESCAPED.get(letter) or (letter if _is_set(letter) else "?") for letter in normal)


def _is_set(letter: str) -> bool:
    """Return whether the fonts have a letter: those of ASCII, and the same with the accents of Latin-1."""
    base = unicodedata.normalize("NFD", letter)[0]
    return letter.isprintable() and base.isascii() and ord(letter) <= LAST_LATIN_1
