"""What several test files use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a CSV named chips.csv."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "chips.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture(scope="session")
def reference() -> dict[str, dict[str, float]]:
    """R's numbers by series and quantity; ``tests/reference/ols.R`` says how they were made."""
    rows = pd.read_csv(CHECKOUT / "tests" / "reference" / "ols.csv")
    return {
        str(series): dict(zip(part["quantity"], part["value"], strict=True))
        for series, part in rows.groupby("series")
    }
