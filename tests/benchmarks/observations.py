"""Made-up observations, as many as are asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd

DAYS = 30 * 365
VENDORS = 20


def make_observations(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return rows that double every two years, of some vendors.

    Examples
    --------
    >>> list(make_observations(2))
    ['name', 'vendor', 'date', 'value']
    """
    random = np.random.default_rng(seed)
    days = random.integers(0, DAYS, rows)
    values = 10 ** (days / DAYS * 15 * np.log10(2) + random.normal(0, 0.3, rows))
    return pd.DataFrame(
        {
            "name": np.char.add("chip ", np.arange(rows).astype(str)),
            "vendor": np.char.add("vendor ", random.integers(0, VENDORS, rows).astype(str)),
            "date": np.datetime64("1995-01-01", "D") + days,
            "value": values.round(4),
        }
    )
