"""The command gap: the ratio of two series."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
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
from memwall_trends.cli.told import note_population, note_reading
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from memwall_trends.fitting.methods import Method
    from memwall_trends.questions.ratio import Gap
    from memwall_trends.questions.stability import Break
    from memwall_trends.selection import Choose, Data

FAR_YEARS = 1.0


@app.command(epilog="Example: memwall-trends gap peak_flops dram_bandwidth --at 2030")
@takes(choose=SELECTION, method=METHOD, result=RESULT)
def gap(
    numerator: Annotated[str, typer.Argument(help="The series that grows, as in peak_flops, or a file.")],
    denominator: Annotated[
        str, typer.Argument(help="The series that it is divided by, as in dram_bandwidth, or a file.")
    ],
    *,
    denominator_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of the values in the denominator's file, where it is another.",
            rich_help_panel="Reading",
        ),
    ] = None,
    at: At = None,
    reach: Annotated[
        list[float] | None,
        typer.Option(
            metavar="RATIO", help="When does the ratio pass this one? Repeatable.", rich_help_panel="Result"
        ),
    ] = None,
    way: Annotated[
        str | None,
        typer.Option(
            metavar="WAY",
            help="device: ratio of each device that reports both, the default where ten or more do; "
            "ratio: of two fitted trends; bootstrap: the same, devices drawn again.",
            rich_help_panel="Method",
        ),
    ] = None,
    per_operand: Annotated[
        bool,
        typer.Option(
            "--per-operand",
            help="Count operands moved in place of bytes, as wide as the format of the rate.",
            rich_help_panel="Method",
        ),
    ] = False,
    by: By = None,
    choose: Choose,
    method: Method,
    result: Result,
) -> None:
    """Divide two trends: machine balance, how fast it grows, and where it leads."""
    import pandas as pd

    from memwall_trends.questions.gap import describe_population, fit_gap
    from memwall_trends.questions.projection import Outlook, describe_record, look_ahead
    from memwall_trends.questions.ratio import ASSUMPTIONS, WAYS
    from memwall_trends.selection import select
    from memwall_trends.units import parse_year

    years = [parse_year(text) for text in at or []]
    per, level = result.per, result.level
    options: dict[str, Any] = {"way": way, "per_operand": per_operand, "method": method, **choose}
    population = describe_population([numerator, denominator], choose)
    top: Data = numerator
    bottom: Data = denominator
    if denominator_column is not None:
        of_denominator: Choose = {**choose, "value_column": denominator_column}
        top, bottom = select(numerator, **choose), select(denominator, **of_denominator)
        options = {"way": way, "per_operand": per_operand, "method": method}
    if by is not None:
        _gap_by(top, bottom, by, years, reach or [], options, population, result)
        return
    with waiting("Fitting"):
        fitted = fit_gap(top, bottom, **options)
        outlook = look_ahead(fitted) if years or reach else Outlook(fitted, None)
    record = {**describe_record(outlook, years, per, level, reach or []), "population": population or None}
    sides = {"numerator_reading": fitted.numerator.found, "denominator_reading": fitted.denominator.found}
    record |= {side: found.to_record() for side, found in sides.items() if found is not None}
    kink = _find_break(fitted, method, level)
    record["break"] = kink.to_record(per) if kink else None
    emit(
        result.format_,
        records=record,
        shown=pd.concat([fitted.shown(per, level), _show_projections(fitted, record, level)]),
        title=f"{numerator} / {denominator} ({choose['dataset']})"
        + (f": {population}" if population else ""),
        notes=[
            f"{WAYS[fitted.way].capitalize()} (--way {fitted.way}); growth with confidence intervals"
            + (", years with prediction intervals." if years else "; --at 2030 projects."),
            *note_population(population),
            *(f"{trend.series}: {trend.describe()}." for trend in fitted.fits),
            *note_reading(fitted.numerator.found, fitted.denominator.found),
            *dict.fromkeys(trend.describe_interval() for trend in fitted.fits),
            *([_describe_break(kink, per)] if kink else []),
            *_note_reach(reach, fitted),
            *outlook.describe([*years, *_passed(record["reach"])], level),
            f"Assumed: {ASSUMPTIONS[fitted.way]}",
        ],
    )
    warn(fitted.warnings(per))
    for year in years:
        _warn_of_extrapolation(fitted, year)


def _gap_by(
    numerator: Data,
    denominator: Data,
    by: str,
    years: list[float],
    reach: list[float],
    options: dict[str, Any],
    population: str,
    result: Result,
) -> None:
    """Print one gap a group."""
    from memwall_trends.datasets.conditions import describe_where
    from memwall_trends.fitting.groups import describe_equality
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions.grouped_gaps import fit_gap_by
    from memwall_trends.questions.ratio import ASSUMPTIONS

    grouped = fit_gap_by(numerator, denominator, by, **options)
    first = next(iter(grouped.gaps.values()))
    where = {column: wanted for column, wanted in first.numerator.where.items() if column != by}
    emit(
        result.format_,
        records=[
            {**record, "population": population or None}
            for record in grouped.to_records(years, result.per, result.level, reach)
        ],
        shown=grouped.shown(years, result.per, result.level),
        title=f"{first.numerator.series} / {first.denominator.series} by {by.replace('_', ' ')}, "
        f"{first.unit}: growth factor / {describe_period(result.per)}",
        notes=[
            *note_population(population),
            *filter(None, [describe_equality(grouped.equal_slopes_p, result.level)]),
            "Now: the line at the last device"
            + ("; new device: prediction interval, as wide as the past asks for." if years else "."),
            *(
                f"{group}: {text}"
                for group, outlook in (grouped.outlooks.items() if years else ())
                for text in outlook.describe(years, result.level)
            ),
            f"Each group of: {'; '.join(filter(None, [describe_where(where), first.numerator.counted]))}.",
            *(f"Left out: {group}: {why}." for group, why in grouped.left_out.items()),
            *dict.fromkeys(f"Assumed: {ASSUMPTIONS[gap.way]}" for gap in grouped.gaps.values()),
        ],
    )
    warn(f"{group}: {warning}" for group, gap in grouped.gaps.items() for warning in gap.warnings(result.per))


def _find_break(fitted: Gap, method: Method, level: float) -> Break | None:
    """Return the line with one kink through the ratios of devices; nothing where they are too few."""
    from dataclasses import replace

    from memwall_trends.questions.stability import fit_break
    from memwall_trends.selection import select

    if fitted.balance is None:
        return None
    # As of 'stability NUMERATOR --over DENOMINATOR', so that both say the same.
    rows = replace(select(fitted.balance.observations), dataset=fitted.balance.dataset)
    try:
        kink = fit_break(rows, cluster=method.cluster, within=method.within, seed=method.seed, level=level)
    except MemwallError:
        return None
    return replace(kink, series=fitted.numerator.series, denominator=fitted.denominator.series)


def _describe_break(kink: Break, per: float) -> str:
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions.stability import NO_BREAK
    from memwall_trends.units import format_interval, format_number

    if kink.verdict == NO_BREAK:
        return f"No break is seen (p = {kink.p_value:.2g})."
    low, high = kink.after.growth_interval(per, kink.level)
    return (
        f"Since {kink.year:.0f} it grows {format_number(kink.after.growth_factor(per), 3)}x "
        f"[{format_interval(low, high, digits=3)}] per {describe_period(per)}, before that "
        f"{format_number(kink.before.growth_factor(per), 3)}x (break: p = {kink.p_value:.2g})."
    )


def _show_projections(fitted: Gap, record: dict[str, Any], level: float) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.units import format_level

    rows = []
    for row in record["projections"]:
        what = f"{fitted.unit} in {row['year']:.10g}"
        rows += show_projection(what, row["ratio"], row)
    for row in record["reach"]:
        what = f"{row['ratio']:g} {fitted.unit} is passed"
        rows.append((what, _show_year(row["year"]), _show_years(row["ci_low"], row["ci_high"])))
        by_device = _show_years(row["prediction_low"], row["prediction_high"])
        rows.append(("  by a new device", "", by_device if fitted.through_middle else "no interval"))
        if not math.isnan(row["calibrated_low"]):
            last = row["calibrated_high"]
            until = "later than the past tells" if math.isnan(last) else _show_year(last)
            rows.append(("  calibrated", "", f"{_show_first(row['calibrated_low'])} to {until}"))
    return pd.DataFrame(rows, columns=["quantity", "estimate", f"{format_level(level)} interval"])


def _show_year(year: float) -> str:
    return f"{year:.1f}" if math.isfinite(year) else "never"


def _show_years(low: float, high: float) -> str:
    return f"{_show_first(low)} to {_show_year(high)}"


def _passed(reached: list[dict[str, float]]) -> list[float]:
    """Return when the trend passes the ratios that it does pass."""
    return [row["year"] for row in reached if math.isfinite(row["year"])]


def _show_first(year: float) -> str:
    return f"{year:.1f}" if math.isfinite(year) else "ever"


def _note_reach(reach: Sequence[float] | None, fitted: Gap) -> list[str]:
    if not reach:
        return []
    by_device = (
        "by a new device: the years at which the prediction interval does; calibrated: at which the interval "
        "does that is as wide as the past asks for."
        if fitted.through_middle
        else "there is no interval for a new device, as this line is not through the middle of the devices."
    )
    return [
        "Is passed: when the trend is there, with the years at which its confidence interval holds the "
        f"ratio; {by_device}"
    ]


def _warn_of_extrapolation(fitted: Gap, year: float) -> None:
    years, trend = fitted.extrapolation(year)
    if years > FAR_YEARS:
        span = (trend.last_date - trend.first_date).days / 365.25
        warn(
            [
                f"{year:g} lies {years:.1f} years outside the observations of {trend.series} "
                f"({trend.first_date} to {trend.last_date}), {100 * years / span:.0f}% of the time that they "
                "span; the interval holds only if the trend goes on unchanged"
            ]
        )
