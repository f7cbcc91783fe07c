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
    Margin,
    Result,
)
from memwall_trends.cli.output import emit, to_records
from memwall_trends.cli.progress import waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from memwall_trends.selection import Choose

WIDE = 100
"""Intervals whose ends lie farther apart than this factor are told with fewer digits."""
UNLIKELY = 0.01


@app.command(epilog="Example: memwall-trends reproduce --level 0.9")
@takes(
    choose=SELECTION.without("dataset", "frontier", "record", "one_per", "take", "best_of", *CSV_COLUMNS),
    result=RESULT.reworded("per", "The rates printed per so many years: 2 or 20."),
)
def reproduce(*, margin: Margin = defaults.MARGIN, choose: Choose, result: Result) -> None:
    """Recompute the rates that AI and Memory Wall prints, and ask of what they hold."""
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions import claims
    from memwall_trends.units import format_level

    per, level = result.per, result.level
    with waiting("Recomputing"):
        rows = to_records(claims.reproduce(**choose, per=per, level=level, margin=margin))
    printed = claims.load_claims(per)
    emit(
        result.format_,
        records=[_nest(row, claims.CURATED_FITS) for row in rows],
        shown=_show_claims(rows, printed, level),
        title=f"Growth factor per {describe_period(per)}: AI and Memory Wall, recomputed",
        further={
            "Of what do they hold? The same from independent data": _show_readings(rows, printed, level)
        },
        notes=[
            "Printed in the paper; plotted, the authors' own line; fit, our least squares of log10(value) "
            f"on the date with the {format_level(level)} interval of its slope.",
            f"Verdict above: {claims.RULE}.",
            f"Verdict below: {claims.describe_rule(margin)}. Likely: the likelihood of the printed rate "
            "relative to that of the best fit, 1 at most.",
            "Rows of each reading: over the time of the paper's points, and to today. Leading edge: the best "
            "device of each year; typical: the median device of each architecture; within a class: the same, "
            "with an effect of each product class. Of server chips; of memory, GPUs and accelerators. Peak "
            f"FLOPS: {_describe_policy(choose.get('precision'))}.",
            *(
                f"{row['series']} {row['verdict']}."
                for row in rows
                if row["verdict"].startswith(claims.UNTESTED)
            ),
            "To today:",
            *(
                f"{_title(row)} {claims.summarise_claim(_show_printed(claim), row['readings'])}."
                for claim, row in zip(printed, rows, strict=True)
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


def _show_readings(rows: list[dict[str, Any]], printed: list[dict[str, Any]], level: float) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.units import format_interval, format_level, format_number

    columns = ["reading", "to", "rate", f"{format_level(level)} interval", "n", "likely", "verdict"]
    shown = []
    for claim, row in zip(printed, rows, strict=True):
        shown.append((_title(row), "printed", _show_printed(claim), *[""] * (len(columns) - 3)))
        named = ""
        for record in row["readings"]:
            tested = not math.isnan(record["rate"])
            wide = record["ci_high"] > WIDE * record["ci_low"]
            interval = format_interval(record["ci_low"], record["ci_high"], digits=2 if wide else 3)
            shown.append(
                (
                    f"  {record['reading']}" if record["reading"] != named else "",
                    record["last_date"][:7] if tested else "",
                    f"{format_number(record['rate'])}x" if tested else "",
                    interval if tested else "",
                    f"{record['n_obs']}",
                    _show_likelihood(record["likelihood"]),
                    record["verdict"] if tested else "too few",
                )
            )
            named = record["reading"]
    return pd.DataFrame(shown, columns=columns).astype(str)


def _show_likelihood(likelihood: float) -> str:
    if math.isnan(likelihood):
        return ""
    return f"{likelihood:.2f}" if likelihood >= UNLIKELY else f"<{UNLIKELY}"


def _title(row: dict[str, Any]) -> str:
    from memwall_trends.datasets import find_series

    return find_series(row["series"]).title


def _show_printed(claim: dict[str, Any]) -> str:
    from memwall_trends.units import format_number

    return f"{format_number(claim['printed'], claim['significant_digits'])}x"


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
