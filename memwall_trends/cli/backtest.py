"""The command backtest: how well earlier trends forecast what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import METHOD, RESULT, SELECTION, By, Result, Series
from memwall_trends.cli.output import emit, to_records
from memwall_trends.cli.progress import waiting
from memwall_trends.cli.told import note_population, note_reading, record_reading
from memwall_trends.errors import MemwallError

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.fitting.methods import Method
    from memwall_trends.questions.backtest import Backtest
    from memwall_trends.selection import Choose, Data

LEADS = (
    "Lead: outcomes of the last of so many years after a New Year. Score: of the usual interval, in powers "
    "of ten; less is better (Gneiting and Raftery 2007)."
)
CALIBRATED = (
    "Usual, calibrated: share of the outcomes in that {level} interval, each New Year counting the same; the "
    "calibrated one goes each time by the errors known before, of five New Years at least. Half: what it "
    "spans to each side at least, in powers of ten, by the errors of all."
)
EDGE = "Outcomes are the best that was known at the end of each year, up to the last whole one."
HORIZONS = (
    "Years: outcomes of the next so many. Bias: mean of actual less predicted, in powers of ten (-0.1: the "
    "trend promised 26% more than came); error: root of the mean square, the same unit. Skill, 1 - mean "
    "square error / that of a simpler forecast, is above zero where the trend did better: flat, no growth "
    "after the New Year; recent, growth as in the five years before it."
)


@app.command(epilog="Example: memwall-trends backtest peak_flops --over dram_bandwidth")
@takes(
    choose=SELECTION,
    method=METHOD.only("method", "se", "quantile", "drift_years"),
    result=RESULT.without("per"),
)
def backtest(
    series: Series,
    *,
    over: Annotated[
        str | None,
        typer.Option(
            metavar="SERIES",
            help="Divide by this series: forecast the gap, as in dram_bandwidth.",
            rich_help_panel="Method",
        ),
    ] = None,
    way: Annotated[
        str | None,
        typer.Option(metavar="WAY", help="Of a gap: device or ratio, as of gap.", rich_help_panel="Method"),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Rank the methods by interval score.", rich_help_panel="Method"),
    ] = False,
    by: By = None,
    choose: Choose,
    method: Method,
    result: Result,
) -> None:
    """Forecast past years from what was known before them, and count how often that held."""
    from memwall_trends.fitting.bounds import check_level
    from memwall_trends.questions.backtest import run_backtest
    from memwall_trends.questions.gap import describe_population
    from memwall_trends.selection import Selection, select
    from memwall_trends.units import format_level

    check_level(result.level)
    if way is not None and over is None:
        raise MemwallError("--way is of a gap: it goes with --over SERIES")
    if compare and by is not None:
        raise MemwallError("--compare ranks methods of one population: leave --by out, and choose a group")
    options: dict[str, Any] = {"over": over, "way": way, **choose}
    if compare:
        _compare(series, options, method, result)
        return
    if by is not None:
        _backtest_by(series, by, options, method, result)
        return
    chosen: Data = series if over is not None else select(series, **choose)
    found = chosen.found if isinstance(chosen, Selection) else None
    with waiting("Forecasting past years"):
        tested = run_backtest(chosen, method=method, **(options if over is not None else {}))
    origins = f"{tested.forecasts['origin'].min()} to {tested.forecasts['origin'].max()}"
    emit(
        result.format_,
        records={**tested.to_record(result.level), **record_reading(found)},
        shown=_show_leads(tested, result.level),
        title=f"{tested.series} ({tested.dataset}): forecasts of each New Year, {origins}",
        further={"All outcomes until then": _show_scores(tested.summary())},
        notes=[
            f"{tested.method.describe()}. {LEADS}",
            CALIBRATED.format(level=format_level(result.level)),
            HORIZONS,
            *([EDGE] if tested.edge else []),
            *note_population(describe_population([series, over], choose) if over else ""),
            *note_reading(found),
        ],
    )


def _compare(series: str, options: dict[str, Any], method: Method, result: Result) -> None:
    """Print methods in the order of their interval scores."""
    import pandas as pd

    from memwall_trends.fitting.methods import as_method
    from memwall_trends.questions.backtest import COMPARED, compare_methods
    from memwall_trends.units import format_level

    others = [as_method(name) for name in COMPARED if name != method.name]
    with waiting("Forecasting past years by each method"):
        ranking, left_out = compare_methods(series, methods=[method, *others], level=result.level, **options)
    shown = pd.DataFrame(
        {
            "method": ranking["method"],
            "score": ranking["interval_score"].map("{:.2f}".format),
            f"in {format_level(result.level)}": ranking["coverage"].map("{:.0%}".format),
            "error": ranking["rmse_log10"].map("{:.2f}".format),
            "New Years": ranking["n_origins"].astype(str),
            "n": ranking["n"].astype(str),
        }
    )
    name = f"{series} / {options['over']}" if options["over"] else series
    emit(
        result.format_,
        records={
            "series": name,
            "level": result.level,
            "methods": to_records(ranking),
            "left_out": left_out or None,
        },
        shown=shown,
        title=f"{name}: methods by how well their intervals forecast what came",
        notes=[
            f"Score: mean interval score of the usual {format_level(result.level)} interval, in powers of "
            "ten; less is better (Gneiting and Raftery 2007). Of the forecasts that all of them made, one to "
            "ten years ahead; each year ahead and each New Year counts the same. Error: root of the mean "
            "square.",
            *(f"Left out: {each}: {why}." for each, why in left_out.items()),
        ],
    )


def _backtest_by(series: str, by: str, options: dict[str, Any], method: Method, result: Result) -> None:
    """Print the scores of each group."""
    import pandas as pd

    from memwall_trends.fitting.groups import fit_each, split_by
    from memwall_trends.questions.backtest import backtest_fitted, run_backtest
    from memwall_trends.questions.grouped_gaps import fit_gap_by
    from memwall_trends.selection import Selection, select

    def test(group: Selection) -> Backtest:
        return run_backtest(group, method=method)

    name, over = series, options["over"]
    choose: Any = {key: value for key, value in options.items() if key not in ("over", "way")}
    if over is None:
        with waiting("Forecasting past years"):
            tested, left_out = fit_each(split_by(select(series, **choose), by), test)
    else:
        name = f"{series} / {over}"
        grouped = fit_gap_by(series, over, by, way=options["way"], method=method, **choose)
        tested, left_out = fit_each(grouped.gaps, backtest_fitted)
        left_out = {**grouped.left_out, **left_out}
    parts = []
    for group, each in tested.items():
        scores = _show_leads(each, result.level)
        scores.insert(0, by.replace("_", " "), [group, *[""] * (len(scores) - 1)])
        parts.append(scores)
    emit(
        result.format_,
        records=[
            {"by": by, "group": group, **each.to_record(result.level)} for group, each in tested.items()
        ],
        shown=pd.concat(parts, ignore_index=True),
        title=f"{name} by {by.replace('_', ' ')}: forecasts of each New Year",
        notes=[
            f"The columns are those of 'backtest {series}'.",
            *(f"Left out: {group}: {why}." for group, why in left_out.items()),
        ],
    )


def _show_leads(tested: Backtest, level: float) -> pd.DataFrame:
    import pandas as pd

    leads = tested.leads(level)

    def show(column: str, form: str, few: str) -> list[str]:
        return [few if pd.isna(number) else form.format(number) for number in leads[column]]

    return pd.DataFrame(
        {
            "lead": leads["lead_years"].astype(str),
            "New Years": leads["n_origins"].astype(str),
            "n": leads["n"].astype(str),
            "usual": show("raw_coverage", "{:.0%}", "n/a"),
            "calibrated": show("nested_coverage", "{:.0%}", "too few"),
            "tested in": leads["n_tested"].astype(str),
            "half": show("half_width_log10", "{:.2f}", "too few"),
            "score": show("interval_score", "{:.2f}", "n/a"),
        }
    )


def _show_scores(summary: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    def score(number: float) -> str:
        return "n/a" if pd.isna(number) else f"{number:.2f}"

    return pd.DataFrame(
        {
            "years": summary["horizon_years"],
            "New Years": summary["origins"],
            "n": summary["n"],
            "bias": summary["bias_log10"].map(score),
            "error": summary["rmse_log10"].map(score),
            "in 80%": summary["coverage_80"].map("{:.0%}".format),
            "in 95%": summary["coverage_95"].map("{:.0%}".format),
            "skill: flat": summary["skill_no_growth"].map(score),
            "recent": summary["skill_previous_growth"].map(score),
        }
    ).astype(str)
