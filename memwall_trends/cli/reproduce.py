"""The command reproduce: the rates that the paper prints, recomputed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import (
    CSV_COLUMNS,
    RESULT,
    SELECTION,
    Result,
)
from memwall_trends.cli.output import emit, to_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from memwall_trends.selection import Choose


@app.command(epilog="Example: memwall-trends reproduce --level 0.9")
@takes(
    choose=SELECTION.without("dataset", *CSV_COLUMNS),
    result=RESULT.reworded("per", "The rates printed per so many years: 2 or 20."),
)
def reproduce(choose: Choose, result: Result) -> None:
    """Recompute the growth rates that AI and Memory Wall prints, from the points of its own figures."""
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions import claims
    from memwall_trends.units import format_level

    per, level = result.per, result.level
    rows = to_records(claims.reproduce(**choose, per=per, level=level))
    emit(
        result.format_,
        records=[_nest(row, claims.CURATED_FITS) for row in rows],
        shown=_show_claims(rows, claims.load_claims(per), level),
        title=f"Growth factor per {describe_period(per)}: AI and Memory Wall, recomputed",
        further={
            "The same from curated data: over the time of the paper's points, and to today": _show_curated(
                rows, claims.load_claims(per), level
            )
        },
        notes=[
            "Printed in the paper; plotted, the authors' own line; fit, our least squares of log10(value) "
            f"on the date with the {format_level(level)} t interval of its slope.",
            f"Verdict: {claims.RULE}.",
            f"Curated data: {claims.CURATED_RULE}; else it grows slower or faster than that. Peak FLOPS: "
            f"{_describe_policy(choose.get('precision'))}. Memory: GPUs and accelerators. Interconnect: a "
            "lane of PCIe or NVLink. Models: Transformers.",
            *(
                f"{row['series']} {row['verdict']}."
                for row in rows
                if row["verdict"].startswith(claims.UNTESTED)
            ),
            *(_note_20_years(rows, claims.load_claims(20)) if per == defaults.PERIOD_YEARS else []),
        ],
    )


def _show_claims(rows: list[dict[str, Any]], printed: list[dict[str, Any]], level: float) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.datasets import find_series
    from memwall_trends.questions.claims import AGREES_CUT_OFF, AGREES_ROUNDED, DIFFERS
    from memwall_trends.units import format_interval, format_level, format_number

    words = {AGREES_ROUNDED: "rounds", AGREES_CUT_OFF: "cut off", DIFFERS: "differs"}
    shown = []
    for claim, row in zip(printed, rows, strict=True):
        tested = not math.isnan(row["rate"])
        interval = format_interval(row["ci_low"], row["ci_high"], digits=3)
        shown.append(
            {
                "series": find_series(row["series"], claim["dataset"]).title,
                "printed": f"{format_number(claim['printed'], claim['significant_digits'])}x",
                "plotted": f"{format_number(row['plotted_rate'])}x",
                "fit": f"{format_number(row['rate'])}x" if tested else "",
                f"{format_level(level)} interval": interval if tested else "",
                "n": row["n_obs"],
                "R²": f"{row['r_squared']:.3f}" if tested else "",
                "verdict": words.get(row["verdict"], "untested"),
            }
        )
    return pd.DataFrame(shown).astype(str)


def _show_curated(rows: list[dict[str, Any]], printed: list[dict[str, Any]], level: float) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.datasets import find_series
    from memwall_trends.questions.claims import CURATED_FITS, FASTER, HOLDS, SLOWER
    from memwall_trends.units import format_interval, format_level, format_number

    words = {HOLDS: "holds", SLOWER: "slower", FASTER: "faster"}
    shown = []
    for claim, row in zip(printed, rows, strict=True):
        for fit in CURATED_FITS:
            cells = {key.removeprefix(f"{fit}_"): cell for key, cell in row.items() if key.startswith(fit)}
            tested = not math.isnan(cells["rate"])
            interval = format_interval(cells["ci_low"], cells["ci_high"], digits=3)
            shown.append(
                {
                    "series": find_series(row["series"]).title if fit == CURATED_FITS[0] else "",
                    "printed": f"{format_number(claim['printed'], claim['significant_digits'])}x",
                    "to": cells["last_date"][:7] if tested else "",
                    "fit": f"{format_number(cells['rate'])}x" if tested else "",
                    f"{format_level(level)} interval": interval if tested else "",
                    "n": cells["n_obs"],
                    "claim": words.get(cells["verdict"], "untested"),
                }
            )
    return pd.DataFrame(shown).astype(str)


def _describe_policy(precision: str | None) -> str:
    if precision in (None, "best16"):
        return "the best dense rate at 16 bits or wider of each device"
    return f"the best dense rate of each device under the policy {precision}"


def _nest(row: dict[str, Any], prefixes: Sequence[str]) -> dict[str, Any]:
    """Return a row whose keys with a prefix are gathered in a record of that name."""
    nested: dict[str, Any] = {}
    for key, cell in row.items():
        prefix = next((prefix for prefix in prefixes if key.startswith(f"{prefix}_")), None)
        if prefix is None:
            nested[key] = cell
        else:
            nested.setdefault(prefix, {})[key.removeprefix(f"{prefix}_")] = cell
    return nested


def _note_20_years(rows: list[dict[str, Any]], printed: list[dict[str, Any]]) -> list[str]:
    from memwall_trends.units import format_number

    rates = {row["series"]: row["rate"] for row in rows if not math.isnan(row["rate"])}
    parts = [
        f"{claim['series']} "
        f"{format_number(rates[claim['series']] ** (claim['period_years'] / defaults.PERIOD_YEARS))}x "
        f"(printed: {format_number(claim['printed'], claim['significant_digits'])}x)"
        for claim in printed
        if claim["series"] in rates
    ]
    return [f"Per 20 years: {', '.join(parts)}; see --per 20."] if parts else []
