"""What bash needs besides: it takes some signs for ends of words, and puts an answer on the line as it is."""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import redirect_stdout
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VARIABLE, ASKED = "_MEMWALL_TRENDS_COMPLETE", "complete_bash"
ENDS = "=:"
"""Of bash's ends of words, those that stand within what we complete: ``memory=HBM3``."""
SPECIAL = re.compile(r"[^\w@%+=:,./!-]")


def answer(application: Callable[[], object]) -> None:
    """Run the application; if bash asks what completes a word, mend what it asks and what is answered."""
    if os.environ.get(VARIABLE) != ASKED:
        application()
        return
    words, place = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
    typed = words[place] if place < len(words) else ""
    joined = join_words([*words[:place], typed])
    os.environ |= {"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(len(joined) - 1)}
    found = io.StringIO()
    try:
        with redirect_stdout(found):
            application()
    finally:
        sys.stdout.writelines(f"{quote(line, typed, joined[-1])}\n" for line in found.getvalue().splitlines())


def join_words(words: Sequence[str]) -> list[str]:
    """Return words as the user typed them, where bash has parted them at a sign.

    Examples
    --------
    >>> join_words(["memwall-trends", "rate", "--where", "memory", "=", "HBM"])
    ['memwall-trends', 'rate', '--where', 'memory=HBM']
    """
    joined = [words[0]]
    for before, word in pairwise(words):
        if (word and set(word) <= set(ENDS)) or (before and set(before) <= set(ENDS)):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def quote(name: str, typed: str, word: str) -> str:
    r"""Return what bash is to put in place of what was typed last.

    Parameters
    ----------
    name : str
        That completes the whole word.
    typed : str
        What bash takes for the word: the end of it, perhaps with an open quote.
    word : str
        The whole word.

    Examples
    --------
    >>> print(quote("NVIDIA H100 SXM5", "NV", "NV"), quote("NVIDIA H100 SXM5", "'NV", "'NV"))
    NVIDIA\ H100\ SXM5 NVIDIA H100 SXM5
    >>> print(quote("memory=HBM3", "H", "memory=H"))
    HBM3
    """
    before = word.removesuffix(typed.lstrip(ENDS)) if typed else word
    while before and not name.startswith(before):
        before = before[1:]
    rest = name.removeprefix(before)
    return rest if typed[:1] in ("'", '"') else SPECIAL.sub(r"\\\g<0>", rest)
