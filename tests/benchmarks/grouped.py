"""A fit a group against pyfixest and against statsmodels applied to each group of pandas."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from memwall_trends.fitting.groups import fit_by
from memwall_trends.units import decimal_years
from tests.benchmarks.observations import make_observations
from tests.benchmarks.pairs import Comparison, call_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from tests.benchmarks.sizes import Size

ROWS = (10**3, 10**5)


def measure(size: Size) -> Iterator[Comparison]:
    """Yield our fits against each of the others."""
    for rows in ROWS:
        frame = make_observations(rows)
        others: dict[str, Callable[[], object]] = {
            "groupby.apply of statsmodels": partial(_fit_by_statsmodels, frame)
        }
        if importlib.util.find_spec("pyfixest"):
            others["pyfixest, split by vendor"] = partial(_fit_by_pyfixest, frame)
        taken = call_in_turn({"ours": partial(fit_by, frame, "vendor"), **others}, size.runs)
        for against in others:
            yield Comparison("fit_by(frame, 'vendor')", against, taken["ours"], taken[against], rows)


def _prepare(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(x=decimal_years(frame["date"]), y=np.log10(frame["value"]))


def _fit_by_statsmodels(frame: pd.DataFrame) -> object:
    import statsmodels.api as sm

    def fit(part: pd.DataFrame) -> Any:
        return sm.OLS(part["y"], sm.add_constant(part["x"])).fit().conf_int().loc["x"]

    return _prepare(frame).groupby("vendor")[["x", "y"]].apply(fit)


def _fit_by_pyfixest(frame: pd.DataFrame) -> object:
    import pyfixest

    return pyfixest.feols("y ~ x", _prepare(frame), split="vendor").tidy()
