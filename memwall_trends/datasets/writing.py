"""Writing a file whole or not at all: what is cut off leaves what was there, and nothing half-written."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Write a file; what is no regular file, as a pipe, gets the content.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "figure.svg"
    >>> write_file(path, b"<svg/>")
    >>> [each.name for each in path.parent.iterdir()]
    ['figure.svg']
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
    else:
        # A link stays one: what it leads to is written.
        replace_file(path.resolve(), content)


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in the place of another in one step, and see it on the disk."""
    write_beside(path, content)
    with leaving_nothing(path):
        beside(path).replace(path)
    sync_folder(path.parent)


def beside(path: Path) -> Path:
    """Return where a file is written before it takes its place.

    Examples
    --------
    >>> from pathlib import Path
    >>> beside(Path("figure.svg")).name
    '.figure.svg.new'
    """
    return path.with_name(f".{path.name}.new")


def write_beside(path: Path, content: bytes) -> None:
    """Write a whole file beside its place, with the rights of the one there; nothing stays of half a file."""
    new = beside(path)
    with leaving_nothing(path):
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, new)


@contextmanager
def leaving_nothing(*paths: Path) -> Iterator[None]:
    """Remove what stands beside files if they cannot be written, be it for a full disk or for Ctrl-C."""
    try:
        yield
    except BaseException:
        for path in paths:
            with suppress(OSError):
                beside(path).unlink()
        raise


def sync_folder(folder: Path) -> None:
    """See on the disk which files a folder holds."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
