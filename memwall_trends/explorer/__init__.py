"""The explorer: one HTML file in which a reader drags a window of time and the trend is fitted again.

Python gives it the rows, the defaults of each table and the chart; the scripts of ``assets/`` (`SCRIPTS`)
choose, fit and project as `select`, `fit_trend`, `fit_by`, `fit_gap` and `look_ahead` do.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.datasets.writing import write_file
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.bounds import check_level, check_period
from memwall_trends.fitting.growth import describe_period
from memwall_trends.units import format_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from memwall_trends.datasets import Table

CHEBYSHEV_DEGREE = 40
"""Of the series for log t in 1/df; leaves a relative error below 1e-11 from level 0.05 to 0.999."""
LINKED = ("http://", "https://")
EMBEDDED = ("segment", "product_class", "architecture", "shipped")
"""What the page needs to know of a device."""
SCRIPTS = (
    *("fit", "choose", "project", "state", "words", "answers"),  # what is asked, and its answer
    *("scene", "chart", "search", "details", "table", "share", "page"),  # what is shown
)
"""The scripts of the page, each of which knows those before it."""
RUNTIME = "window.vegaEmbed = vegaEmbed;"
"""Asked of the bundler; its name ``vega`` stands for nothing, as that module has no default export."""


def build_explorer(
    *,
    overlay: Sequence[str | Path] = (),
    level: float = defaults.LEVEL,
    per: float = defaults.PERIOD_YEARS,
    base_url: str = "",
) -> str:
    """Return the explorer page: one HTML text that needs no other file and no network.

    Parameters
    ----------
    overlay : sequence of str or Path
        Files of a user's rows to lay over each series; shown as diamonds.
    level : float
        Level of the intervals.
    per : float
        Period of the growth factor, in years.
    base_url : str
        Web address that the page will have, for the links and the embed code that it hands out. By default
        that from which it was opened.

    Raises
    ------
    MemwallError
        If a file of the overlay, the level, the period or the address is wrong.

    Examples
    --------
    >>> page = build_explorer()
    >>> page[:15], len(page.encode()) < 2_000_000
    ('<!DOCTYPE html>', True)
    """
    from jinja2 import Environment, select_autoescape

    from memwall_trends.explorer.chart import COLOURS, GROUP_COLOURS, compile_chart

    embedded = {
        "level": check_level(level),
        "levelText": format_level(level),
        "usualLevel": defaults.LEVEL,
        "period": check_period(per),
        "periodText": describe_period(per),
        "usualPeriod": defaults.PERIOD_YEARS,
        "quantiles": _t_series(level),
        **_describe_data(overlay),
        "charts": {"trend": compile_chart("trend", window=True), "gap": compile_chart("gap")},
        "colours": {scheme: {**COLOURS[scheme], "groups": GROUP_COLOURS[scheme]} for scheme in COLOURS},
        "baseUrl": _check_address(base_url),
    }
    template = Environment(autoescape=select_autoescape(default=True)).from_string(_asset("page.html"))
    return template.render(
        style=_asset("page.css"),
        data=_as_inert_json(embedded),
        runtime=_as_script(_runtime()),
        script=_as_script("".join(_asset(f"{name}.js") for name in SCRIPTS)),
        level=embedded["levelText"],
        period=embedded["periodText"],
        colours=COLOURS,
    )


def save_explorer(
    path: str | Path,
    *,
    overlay: Sequence[str | Path] = (),
    level: float = defaults.LEVEL,
    per: float = defaults.PERIOD_YEARS,
    base_url: str = "",
) -> Path:
    """Write the explorer page and return its path.

    Parameters
    ----------
    path : str or Path
        The file; its folder is made if there is none.
    overlay, level, per, base_url
        As in `build_explorer`.

    Raises
    ------
    MemwallError
        As `build_explorer`, and if the file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> save_explorer(Path(mkdtemp()) / "explore.html").name
    'explore.html'
    """
    path = Path(path)
    page = build_explorer(overlay=overlay, level=level, per=per, base_url=base_url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, page.encode())
    except OSError as error:
        raise MemwallError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _describe_data(overlay: Sequence[str | Path]) -> dict[str, Any]:
    """Return every series of every dataset, the sources that they rest on, and what the fits go by."""
    from memwall_trends.datasets import find_series, list_datasets, list_series, load_table
    from memwall_trends.datasets.rates import BITS, PRECISIONS
    from memwall_trends.fitting import bounds, methods
    from memwall_trends.questions import calibration, forecasts, gap
    from memwall_trends.questions.projection import LONGEST_YEARS
    from memwall_trends.questions.ratio import RATIO_UNITS

    series: list[dict[str, Any]] = []
    used: set[str] = set()
    for dataset in list_datasets():
        for name in list_series(dataset):
            rows = load_table(name, dataset, overlay=overlay)
            ours = load_table(name, dataset) if overlay else rows
            used |= {*rows["source"], *rows["date_source"]}
            series.append(_describe_series(find_series(name, dataset), rows, ours))
    return {
        "series": series,
        "sources": _describe_sources(used, overlay),
        "overlay": [str(path) for path in overlay],
        "defaultDataset": defaults.DATASET,
        "paper": defaults.PAPER,
        "precisions": PRECISIONS,
        "bits": BITS,
        "ratioUnits": [[*units, unit] for units, unit in RATIO_UNITS.items()],
        "population": dict(gap.POPULATION),
        "narrower": gap.NARROWER,
        "fewDevices": gap.FEW_DEVICES,
        "minDates": bounds.MIN_DISTINCT_DATES,
        "manyVendors": methods.MANY_VENDORS,
        "fewOrigins": calibration.FEW_ORIGINS,
        "backtest": {
            "longest": LONGEST_YEARS,
            "fewObservations": forecasts.FEW_OBSERVATIONS,
            "fewYears": forecasts.FEW_YEARS,
        },
        "frontierNote": methods.FRONTIER_NOTE,
    }


def _describe_series(table: Table, rows: pd.DataFrame, ours: pd.DataFrame) -> dict[str, Any]:
    import pandas as pd

    from memwall_trends.datasets.rates import PRECISIONS, find_unrated

    theirs = ~pd.MultiIndex.from_frame(rows.astype(str)).isin(pd.MultiIndex.from_frame(ours.astype(str)))
    return {
        "name": table.name,
        "dataset": table.dataset,
        "title": table.title,
        "fitted": dict(table.fitted),
        "precision": table.precision_policy,
        "columns": {
            column: _compact(rows[column])
            for column in table.choosable
            if column in EMBEDDED or column in table.columns
        },
        "unrated": {policy: sorted(find_unrated(rows, formats)) for policy, formats in PRECISIONS.items()}
        if table.precision_policy
        else {},
        "theirs": [int(place) for place in theirs.nonzero()[0]],
    }


def _compact(column: pd.Series) -> dict[str, list[Any]]:
    """Return the numbers of a column, or its different texts and which of them each row has."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        return {"numbers": [None if pd.isna(value) else value for value in column.tolist()]}
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime("%Y-%m-%d")
    codes, texts = pd.factorize(column)
    return {"texts": [str(text) for text in texts], "codes": codes.tolist()}


def _describe_sources(used: set[str], overlay: Sequence[str | Path]) -> dict[str, list[str]]:
    """Return title and address by key; an address that is no web page is left out."""
    import pandas as pd

    from memwall_trends.datasets import load_table
    from memwall_trends.datasets.overlay import read_overlay

    theirs = [
        read_overlay(path)[0][["source", "source_title", "source_url"]].rename(
            columns={"source_title": "title", "source_url": "url"}
        )
        for path in overlay
    ]
    known = pd.concat([load_table("sources")[["source", "title", "url"]], *theirs]).drop_duplicates("source")
    return {
        key: [title, url if url.lower().startswith(LINKED) else ""]
        for key, title, url in known.itertuples(index=False, name=None)
        if key and key in used
    }


def _check_address(address: str) -> str:
    """Return a web address to which a fragment can be added."""
    if address and (not address.lower().startswith(LINKED) or "#" in address or set(address) & set(' "<>')):
        raise MemwallError(
            f"the base address {address!r} is not that of a page on the web: expected one that starts with "
            "https:// and has no '#', as in https://example.org/explore.html"
        )
    return address


def _t_series(level: float) -> list[float]:
    """Return the Chebyshev series on [0, 1] of the log of Student's two-sided t quantile in 1/df."""
    import numpy as np
    from numpy.polynomial import Chebyshev
    from scipy.special import ndtri, stdtrit

    share = (1 + level) / 2

    def log_quantile(inverse: np.ndarray) -> np.ndarray:
        freedom = 1 / np.maximum(inverse, np.finfo(float).tiny)
        logs: np.ndarray = np.log(np.where(inverse > 0, stdtrit(freedom, share), ndtri(share)))
        return logs

    series = Chebyshev.interpolate(log_quantile, CHEBYSHEV_DEGREE, domain=[0, 1])
    return [float(coefficient) for coefficient in series.coef]


@cache
def _runtime() -> str:
    """Return the script that draws the charts; it takes seconds to put together."""
    import vl_convert

    return str(vl_convert.javascript_bundle(RUNTIME))


def _as_inert_json(value: Any) -> str:
    """Return JSON in which no text can end the element that holds it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _as_script(text: str) -> str:
    """Return a script in which no text can end the element that holds it."""
    return text.replace("</script", "<\\/script")


def _asset(name: str) -> str:
    return resources.files("memwall_trends.explorer").joinpath("assets", name).read_text(encoding="utf-8")
