"""The command rate: the trend of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.opening import Engine, Files, open_data
from memwall_trends.cli.options import (
    METHOD,
    RESULT,
    SELECTION,
    At,
    By,
    Result,
)
from memwall_trends.cli.output import emit, show_projection, warn
from memwall_trends.cli.progress import waiting
from memwall_trends.cli.told import note_reading
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose, Data

MOST_EFFECTS = 5
UNSHIPPED = "shipped!"
"""The usual condition that --announced lifts; what it leaves out is said in the help."""


@app.command(epilog="Example: memwall-trends rate peak_flops --since 2010 --by kind")
@takes(choose=SELECTION, method=METHOD, result=RESULT)
def rate(
    series: Files,
    *,
    engine: Engine = None,
    at: At = None,
    by: By = None,
    choose: Choose,
    method: Method,
    result: Result,
) -> None:
    """Fit an exponential trend to a series and print its growth factor and doubling time."""
    from memwall_trends.fitting.trends import fit_trend
    from memwall_trends.selection import gather_where

    data = open_data(series, engine, choose, method, ahead=bool(at))
    if by is not None:
        if at:
            raise MemwallError("--at projects one trend: leave --by out, and choose one group in its place")
        _rate_by(data, by, choose, method, result)
        return
    with waiting("Reading and fitting"):
        trend = fit_trend(data, method=method, **choose)
    record = {**trend.to_record(result.per, result.level), "projections": []}
    shown, notes = trend.shown(result.per, result.level), list[str]()
    if at:
        record, shown, notes = _project(trend, at, result)
    emit(
        result.format_,
        records=record,
        shown=shown,
        title=f"{trend.series} ({trend.dataset})",
        notes=[
            trend.describe(),
            *note_reading(trend.found),
            trend.describe_interval(),
            *_note_effects(trend),
            *notes,
            *_note_default_rows(trend, gather_where(choose)),
        ],
    )
    warn(trend.warnings(result.per))


def _rate_by(data: Data, by: str, choose: Choose, method: Method, result: Result) -> None:
    from memwall_trends.datasets.held import find_reading
    from memwall_trends.fitting.groups import describe_equality, fit_by
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.selection import select

    with waiting("Reading and fitting"):
        chosen = select(data, **choose)
        grouped = fit_by(chosen, by, method=method)
    first = next(iter(grouped.trends.values()))
    emit(
        result.format_,
        records=grouped.to_records(result.per, result.level),
        shown=grouped.shown(result.per, result.level),
        title=f"{first.series} ({first.dataset}) by {by.replace('_', ' ')}: "
        f"growth factor / {describe_period(result.per)}",
        notes=[
            f"{method.describe()} of log10({first.unit or 'value'}) on the date, one line a group. Of "
            f"{chosen.describe()}.",
            *note_reading(find_reading(chosen)),
            *filter(None, [describe_equality(grouped.equal_slopes_p, result.level)]),
            *(f"Left out: {group}: {why}." for group, why in grouped.left_out.items()),
        ],
    )
    warn(
        f"{group}: {warning}"
        for group, trend in grouped.trends.items()
        for warning in trend.warnings(result.per)
    )


def _project(trend: Trend, at: list[str], result: Result) -> tuple[dict[str, Any], pd.DataFrame, list[str]]:
    """Return the record with projections, lines of the table for them, and what the past says."""
    import pandas as pd

    from memwall_trends.questions.projection import describe_record, look_ahead
    from memwall_trends.units import format_level, parse_year

    years, outlook = [parse_year(text) for text in at], look_ahead(trend)
    record = describe_record(outlook, years, result.per, result.level)
    lines = [
        line
        for row in record["projections"]
        for line in show_projection(f"{trend.unit or 'value'} in {row['year']:.10g}", row["value"], row)
    ]
    columns = ["quantity", "estimate", f"{format_level(result.level)} interval"]
    of_what = "the best that is known then" if outlook.edge else "a new device"
    notes = [f"In a year: prediction intervals, for {of_what}.", *outlook.describe(years, result.level)]
    shown = pd.concat([trend.shown(result.per, result.level), pd.DataFrame(lines, columns=columns)])
    return record, shown, notes


def _note_effects(trend: Trend) -> list[str]:
    """Return how far the classes of a line within them lie from it."""
    from memwall_trends.units import format_number

    effects = [f"{label} {format_number(factor, 3)}x" for label, factor in trend.effects.items()]
    if len(effects) > 2 * MOST_EFFECTS:
        effects = [*effects[:MOST_EFFECTS], "...", *effects[-MOST_EFFECTS:]]
    return [f"Of the average line: {', '.join(effects)}."] if effects else []


def _note_default_rows(trend: Trend, conditions: dict[str, list[str]]) -> list[str]:
    from memwall_trends.datasets.conditions import describe_where

    return [
        f"{describe_where({column: values})}: fitted unless told otherwise; "
        f"--where {column.removesuffix('!')}=VALUE chooses others."
        for column, values in trend.where.items()
        if column not in conditions and column != UNSHIPPED
    ]
