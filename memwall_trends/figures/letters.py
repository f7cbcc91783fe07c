"""Letters that a picture of pixels or a PDF cannot show, as no font of this machine has them."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from typing import TYPE_CHECKING, Any

from memwall_trends.errors import warn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USUAL = ((0x20, 0x24F), (0x370, 0x52F), (0x2000, 0x22FF), (0x2500, 0x25FF))
"""Blocks that the fonts of any machine have: Latin, Greek, Cyrillic, punctuation, signs and shapes."""


def warn_of_missing_letters(specification: dict[str, Any], path: Path) -> None:
    """Warn of letters in a figure that no font here has: boxes stand in their place.

    Parameters
    ----------
    specification : dict
        Vega-Lite of the figure.
    path : Path
        What is written.

    Examples
    --------
    >>> from pathlib import Path
    >>> warn_of_missing_letters({"title": "Peak FLOPS (GFLOP/s, log scale), Ω²"}, Path("a.png"))
    """
    letters = {letter for text in _texts(specification) for letter in text if _is_rare(letter)}
    missing = sorted(letter for letter in letters if not _has_font(letter))
    if missing:
        warn(
            f"{path}: no font here has {' '.join(missing[:20])}: boxes stand in their place; install one, or "
            "write svg or html, whose reader may have it"
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _is_rare(letter: str) -> bool:
    code = ord(letter)
    return not any(first <= code <= last for first, last in USUAL) and unicodedata.category(letter)[0] != "C"


def _has_font(letter: str) -> bool:
    """Return whether fontconfig knows a font with a letter; where it is not there, none is known."""
    command = shutil.which("fc-list")
    if command is None:
        return False
    try:
        listed = subprocess.run(
            [command, f":charset={ord(letter):x}", "family"], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(listed.stdout.strip())
