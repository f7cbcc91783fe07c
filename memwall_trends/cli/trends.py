"""The commands that fit: reproduce, rate, gap and figures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import (
    CSV_COLUMNS,
    METHOD,
    RESULT,
    SELECTION,
    SUBJECT,
    OutputFormat,
    Result,
    Series,
)
from memwall_trends.cli.output import emit, to_records
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.questions.backtest import Calibration
    from memwall_trends.questions.ratio import Gap
    from memwall_trends.selection import Choose

FAR_YEARS = 1.0
UNSHIPPED = "shipped!"
"""The usual condition that --announced lifts; what it leaves out is said in the help."""
CLASSICAL = "t interval, classical standard error"


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


@app.command(epilog="Example: memwall-trends rate peak_flops --since 2010 --where kind=gpu")
@takes(choose=SELECTION, method=METHOD, result=RESULT)
def rate(series: Series, *, choose: Choose, method: Method, result: Result) -> None:
    """Fit an exponential trend to a series and print its growth factor and doubling time."""
    from memwall_trends.fitting.trends import fit_trend
    from memwall_trends.selection import gather_where

    trend = fit_trend(series, method=method, **choose)
    emit(
        result.format_,
        records=trend.to_record(result.per, result.level),
        shown=trend.shown(result.per, result.level),
        title=f"{trend.series} ({trend.dataset})",
        notes=[
            trend.describe(),
            *([trend.describe_interval()] if trend.estimate.interval != CLASSICAL else []),
            *_note_default_rows(trend, gather_where(choose)),
        ],
    )


@app.command(epilog="Example: memwall-trends gap peak_flops dram_bandwidth --at 2030")
@takes(choose=SELECTION.without(*CSV_COLUMNS), method=METHOD, result=RESULT)
def gap(
    numerator: Annotated[str, typer.Argument(help="The series that grows, as in peak_flops.")],
    denominator: Annotated[
        str, typer.Argument(help="The series that it is divided by, as in dram_bandwidth.")
    ],
    *,
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="YEAR", help="Project to this year or date. Repeatable.", rich_help_panel="Result"
        ),
    ] = None,
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
    choose: Choose,
    method: Method,
    result: Result,
) -> None:
    """Divide two trends: machine balance, how fast it grows, and where it leads."""
    import pandas as pd

    from memwall_trends.questions.gap import fit_gap
    from memwall_trends.questions.ratio import ASSUMPTIONS, WAYS
    from memwall_trends.units import parse_year

    years = [parse_year(text) for text in at or []]
    per, level = result.per, result.level
    fitted = fit_gap(numerator, denominator, way=way, method=method, **choose)
    record = fitted.to_record(years, per, level, reach or [])
    calibrations = _calibrate(fitted, years, level)
    for row, calibration in zip(record["projections"], calibrations, strict=True):
        calibrated = fitted.project([row["year"]], level, [calibration.multiplier]) if calibration else None
        row["calibrated_low"] = calibrated["low"][0] if calibrated is not None else None
        row["calibrated_high"] = calibrated["high"][0] if calibrated is not None else None
        row["backtest_coverage"] = calibration.coverage if calibration else None
    fits = [fitted.balance] if fitted.balance else [fitted.numerator, fitted.denominator]
    emit(
        result.format_,
        records=record,
        shown=pd.concat([fitted.shown(per, level), _show_projections(fitted, record, level)]),
        title=f"{numerator} / {denominator} ({choose['dataset']})",
        notes=[
            f"{WAYS[fitted.way].capitalize()} (--way {fitted.way}); growth with confidence intervals"
            + (", years with prediction intervals." if years else "; --at 2030 projects."),
            *(f"{trend.series}: {trend.describe()}." for trend in fits),
            *(trend.describe_interval() for trend in fits if trend.estimate.interval != CLASSICAL),
            *_note_reach(reach),
            *_note_calibration(calibrations, level),
            f"Assumed: {ASSUMPTIONS[fitted.way]}",
        ],
    )
    for year in years:
        _warn_of_extrapolation(fitted, year)


@app.command(epilog="Example: memwall-trends figures hw-scaling --format png --out figures")
@takes(
    choose=SELECTION.without(*CSV_COLUMNS)
    .with_defaults(dataset=None)
    .reworded("dataset", "Dataset to take the series from; by default each figure's own."),
    subject=SUBJECT,
    result=RESULT.without("format_"),
)
def figures(
    names: Annotated[list[str] | None, typer.Argument(help="Figures to write; all if none is named.")] = None,
    *,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write them.")] = Path("figures"),
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"{', '.join(defaults.FIGURE_FORMATS)}; the first by default. Repeatable.",
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="SIZE", help="For a column or a page of a paper, or a slide.")
    ] = defaults.FIGURE_SIZE,
    list_: Annotated[bool, typer.Option("--list", help="List the figures and write none.")] = False,
    choose: Choose,
    subject: dict[str, Any],
    result: Result,
) -> None:
    """Draw the figures; rows of --with are drawn large."""
    import pandas as pd

    from memwall_trends import figures as drawn
    from memwall_trends.selection import COLUMN_CHOICES, gather_where

    chosen = {name: drawn.find_figure(name) for name in names or drawn.FIGURES}
    if list_:
        if format_ not in (None, ["json"]):
            raise MemwallError("--list prints a table, or JSON with --format json; it writes no figures")
        titles = {name: (draw.__doc__ or "").partition("\n")[0] for name, draw in chosen.items()}
        listed = pd.DataFrame(titles.items(), columns=["name", "title"])
        emit(
            OutputFormat.JSON if format_ else OutputFormat.TABLE,
            records=to_records(listed),
            shown=listed,
            title="Figures",
            notes=[],
        )
        return
    options: dict[str, Any] = {
        **{name: value for name, value in choose.items() if name not in COLUMN_CHOICES},
        # Some figures look into the conditions before they select.
        "where": gather_where(choose),
        "per": result.per,
        "level": result.level,
        "size": size,
    }
    endings = [drawn.find_ending(each) for each in format_ or defaults.FIGURE_FORMATS[:1]]
    written = 0
    for name, draw in chosen.items():
        try:
            chart = draw(**options, **drawn.choose_subject(name, draw, **subject))
        except MemwallError as error:
            # Who asks for all wants those that the choice suits.
            if names:
                raise
            typer.echo(f"not drawn: {name}: {error}", err=True)
            continue
        for ending in endings:
            typer.echo(drawn.save_figure(chart, out / f"{name}.{ending}"))
            written += 1
    if not written:
        raise MemwallError("no figure suits this choice; leave out some of it")


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


def _note_default_rows(trend: Trend, conditions: dict[str, list[str]]) -> list[str]:
    from memwall_trends.datasets.conditions import describe_where

    return [
        f"{describe_where({column: values})}: fitted unless told otherwise; "
        f"--where {column.removesuffix('!')}=VALUE chooses others."
        for column, values in trend.where.items()
        if column not in conditions and column != UNSHIPPED
    ]


def _show_projections(fitted: Gap, record: dict[str, Any], level: float) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.units import format_interval, format_level, format_number

    rows = []
    for row in record["projections"]:
        what = f"{fitted.unit} in {row['year']:.10g}"
        rows.append((what, format_number(row["ratio"]), format_interval(row["low"], row["high"])))
        if row["calibrated_low"] is not None:
            calibrated = format_interval(row["calibrated_low"], row["calibrated_high"])
            rows.append((f"{what}, calibrated", format_number(row["ratio"]), calibrated))
    for row in record["reach"]:
        what = f"{row['ratio']:g} {fitted.unit} is passed"
        rows.append((what, _show_year(row["year"]), _show_years(row["ci_low"], row["ci_high"])))
        rows.append(("  by a new device", "", _show_years(row["prediction_low"], row["prediction_high"])))
    return pd.DataFrame(rows, columns=["quantity", "estimate", f"{format_level(level)} interval"])


def _show_year(year: float) -> str:
    return f"{year:.1f}" if math.isfinite(year) else "never"


def _show_years(low: float, high: float) -> str:
    return f"{f'{low:.1f}' if math.isfinite(low) else 'ever'} to {_show_year(high)}"


def _note_reach(reach: Sequence[float] | None) -> list[str]:
    return (
        [
            "Is passed: when the trend is there, with the years at which its confidence interval holds the "
            "ratio; by a new device: the years at which the prediction interval does."
        ]
        if reach
        else []
    )


def _calibrate(fitted: Gap, years: Sequence[float], level: float) -> list[Calibration | None]:
    """Return for each year what a backtest says of its interval; nothing where none can be had."""
    if fitted.balance is None or not years:
        return [None for _ in years]
    from memwall_trends.questions.backtest import calibrate, run_backtest

    balance = fitted.balance
    try:
        tested = run_backtest(balance.observations, method=balance.method)
    except MemwallError:
        return [None for _ in years]
    return [calibrate(tested, max(fitted.extrapolation(year)[0], 1.0), level) for year in years]


def _note_calibration(calibrations: Sequence[Calibration | None], level: float) -> list[str]:
    from memwall_trends.units import format_level

    notes = {
        f"Backtest, up to {calibration.horizon_years} years ahead: {100 * calibration.coverage:.0f}% of the "
        f"devices came to lie in the {format_level(level)} prediction interval"
        + ("; rather take the calibrated one." if calibration.off else ".")
        for calibration in calibrations
        if calibration
    }
    return sorted(notes)


def _warn_of_extrapolation(fitted: Gap, year: float) -> None:
    years, trend = fitted.extrapolation(year)
    if years > FAR_YEARS:
        span = (trend.last_date - trend.first_date).days / 365.25
        typer.echo(
            f"warning: {year:g} lies {years:.1f} years outside the observations of {trend.series} "
            f"({trend.first_date} to {trend.last_date}), {100 * years / span:.0f}% of the time that they "
            "span; the interval holds only if the trend goes on unchanged",
            err=True,
        )
