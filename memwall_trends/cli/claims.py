"""The command claims: growth rates that others published, set against the curated data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import RESULT, SELECTION, Margin, Result
from memwall_trends.cli.output import emit, to_records
from memwall_trends.cli.progress import waiting

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.selection import Choose

MAX_KEY_LENGTH = 27
TAIL_LENGTH = 12


@app.command(epilog="Example: memwall-trends claims --series dram_bandwidth")
@takes(choose=SELECTION.only("overlay"), result=RESULT)
def claims(
    *,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Only the claims of this source: hobbhahn2023.", rich_help_panel="Selection"
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            metavar="SERIES", help="Only the claims about this series.", rich_help_panel="Selection"
        ),
    ] = None,
    margin: Margin = defaults.MARGIN,
    choose: Choose,
    result: Result,
) -> None:
    """Set the growth rates that others published against the curated data."""
    from memwall_trends.datasets import find_series
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions.claims import UNTESTED, check_claims, describe_rule
    from memwall_trends.units import format_level

    per, level = result.per, result.level
    overlay = choose.get("overlay", ())
    with waiting("Checking claims"):
        checked = check_claims(
            source=source, series=series, overlay=overlay, per=per, level=level, margin=margin
        )
    untested = checked[checked["verdict"] == UNTESTED]
    tested = checked[checked["verdict"] != UNTESTED]
    tables = {
        f"{find_series(str(about)).title}: growth factor per {describe_period(per)}": _show_tested(rows)
        for about, rows in tested.groupby("series", sort=False)
    }
    if not untested.empty:
        tables["Cannot be tested"] = _show_untested(untested)
    (title, shown), *further = tables.items()
    emit(
        result.format_,
        records=[{**row, "level": level, "period_years": per} for row in to_records(checked)],
        shown=shown,
        title=title,
        further=dict(further),
        notes=[
            f"{len(checked)} claim(s) of {checked['source'].nunique()} source(s): {_count(checked)}.",
            "Ours: the curated rows that the claim is about, over the time of its own data (n rows), with "
            f"the {format_level(level)} interval; to today: from its first year on.",
            f"Verdict: {describe_rule(margin)}.",
            *_note_windows(tested),
            "'data show claims' has each claim's source, place in it, definition and doubts.",
        ],
    )


def _show_tested(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.units import format_interval, format_number

    shown = [
        {
            "claim": _shorten(row["claim"], "*" if row["reason"] else ""),
            "printed": f"{format_number(row['printed_rate'], 3)}x",
            "ours": f"{format_number(row['rate'], 3)}x",
            "interval": format_interval(row["ci_low"], row["ci_high"], digits=3),
            "n": row["n_obs"],
            "today": f"{format_number(row['today_rate'], 3)}x",
            "verdict": row["verdict"],
        }
        for row in to_records(rows)
    ]
    return pd.DataFrame(shown).astype(str)


def _show_untested(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    shown = [{"claim": row["claim"], "why": row["reason"]} for row in to_records(rows)]
    return pd.DataFrame(shown).astype(str)


def _count(checked: pd.DataFrame) -> str:
    from memwall_trends.questions.claims import AGREES, DIFFERS, INCONCLUSIVE, UNTESTED

    words = {
        AGREES: "agree",
        DIFFERS: "differ",
        INCONCLUSIVE: "are left open",
        UNTESTED: "cannot be tested",
    }
    counts = {word: int((checked["verdict"] == verdict).sum()) for verdict, word in words.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _note_windows(tested: pd.DataFrame) -> list[str]:
    """Return what was assumed of claims whose source gives no window or one end of it."""
    reasons = [reason for reason in tested["reason"].unique() if reason]
    return [f"* {'; '.join(reasons)}."] if reasons else []


def _shorten(key: str, mark: str) -> str:
    """Return a key and its mark so that they fit their column; both ends say which claim it is."""
    room = MAX_KEY_LENGTH - len(mark)
    if len(key) > room:
        key = f"{key[: room - TAIL_LENGTH - 2]}..{key[-TAIL_LENGTH:]}"
    return key + mark
