"""Text as LaTeX prints it."""

from __future__ import annotations

import unicodedata

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
}
LAST_LATIN_1 = 0xFF


def escape(text: str) -> str:
    r"""Return text that LaTeX prints as it is; letters that its fonts lack become question marks.

    Examples
    --------
    >>> escape("50% of $x_1$ \\input{y} 漢")
    '50\\% of \\$x\\_1\\$ \\textbackslash{}input\\{y\\} ?'
    """
    return "".join(
        ESCAPED.get(letter) or (letter if _is_set(letter) else "?")
        for letter in unicodedata.normalize("NFC", text)
    )


def _is_set(letter: str) -> bool:
    """Return whether the fonts have a letter: those of ASCII, and the same with the accents of Latin-1."""
    base = unicodedata.normalize("NFD", letter)[0]
    return letter.isprintable() and base.isascii() and ord(letter) <= LAST_LATIN_1
