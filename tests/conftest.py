"""What several test files use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a CSV named chips.csv."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "chips.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
