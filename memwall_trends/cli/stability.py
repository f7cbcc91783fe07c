"""The commands that ask whether a trend lasts: stability and backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import METHOD, RESULT, SELECTION, By, Result, Series
from memwall_trends.cli.output import emit, to_records, warn
from memwall_trends.cli.told import note_reading, record_reading

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose


@app.command(epilog="Example: memwall-trends stability peak_flops --since 2000")
@takes(choose=SELECTION, method=METHOD.only("seed"), result=RESULT)
def stability(
    series: Series,
    *,
    window: Annotated[
        float, typer.Option(metavar="YEARS", help="Length of a window.", rich_help_panel="Result")
    ] = 10,
    by: By = None,
    choose: Choose,
    method: Method,
    result: Result,
) -> None:
    """Ask whether growth slowed or sped up: one break, and the rate of each window of time."""
    if by is not None:
        _stability_by(series, by, choose, method, result)
        return
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions.stability import fit_break, rolling_rates
    from memwall_trends.selection import select
    from memwall_trends.units import format_level

    per, level = result.per, result.level
    chosen = select(series, **choose)
    fitted = fit_break(chosen, seed=method.seed, level=level)
    rates = rolling_rates(chosen, window_years=window, per=per, level=level)
    emit(
        result.format_,
        records={
            "series": fitted.series,
            "dataset": fitted.dataset,
            "level": level,
            "period_years": per,
            "window_years": window,
            "break": fitted.to_record(per),
            "rolling": to_records(rates),
            **record_reading(chosen.found),
        },
        shown=fitted.shown(per),
        title=f"{fitted.series} ({fitted.dataset}): {fitted.verdict} (p = {fitted.p_value:.2g})",
        further={f"Growth factor / {describe_period(per)} by {window:g} years": _show_rates(rates, level)},
        notes=[
            f"One kink in the line of log10(value), {fitted.n_obs} observations. p: how often the best of "
            f"all kinks would fit as well if growth had not changed (random signs, seed {method.seed}), so "
            f"that having searched for the year is counted. Below {1 - level:.2g}: slowed or sped up.",
            "The intervals before and after count that the year is estimated; that of the year holds those "
            "at which a kink fits about as well. Windows overlap: neighbours are not independent. "
            f"Their intervals are {format_level(level)} t intervals of least squares.",
            *note_reading(chosen.found),
        ],
    )
    if window < per:
        warn(
            [
                f"a window of {window:g} years is shorter than the {describe_period(per)} of its growth "
                f"factor, which so goes beyond what was seen; take a longer --window, or --per {window:g}"
            ]
        )


@app.command(epilog="Example: memwall-trends backtest dram_bandwidth")
@takes(
    choose=SELECTION,
    method=METHOD.only("method", "se", "quantile"),
    result=RESULT.without("per"),
)
def backtest(series: Series, *, by: By = None, choose: Choose, method: Method, result: Result) -> None:
    """Forecast the devices of past years from what was known before, and count how often it held."""
    if by is not None:
        _backtest_by(series, by, choose, method, result)
        return
    from memwall_trends.fitting.bounds import check_level
    from memwall_trends.questions.backtest import calibrate, run_backtest
    from memwall_trends.selection import select
    from memwall_trends.units import format_level

    level = result.level
    check_level(level)
    chosen = select(series, **choose)
    tested = run_backtest(chosen, method=method)
    summary = tested.summary()
    calibrations = [calibrate(tested, horizon, level) for horizon in summary["horizon_years"]]
    off = [str(calibration.horizon_years) for calibration in calibrations if calibration.off]
    shown = _show_scores(summary).assign(
        reach=[f"{calibration.multiplier:.2f}" for calibration in calibrations]
    )
    origins = f"{tested.forecasts['origin'].min()} to {tested.forecasts['origin'].max()}"
    emit(
        result.format_,
        records={**tested.to_record(level), **record_reading(chosen.found)},
        shown=shown,
        title=f"{tested.series} ({tested.dataset}): forecasts of each New Year, {origins}",
        notes=[
            "Years: devices of the next so many. Bias: mean of actual less predicted, in powers of ten "
            "(-0.1: the trend promised 26% more than came); error: root of the mean square, the same unit. "
            "In 80%, in 95%: share of the devices in that prediction interval.",
            "Skill, 1 - mean square error / that of a simpler forecast, is above zero where the trend did "
            "better: flat, no growth after the origin; recent, growth as in the five years before it.",
            f"Reach: standard errors that a {format_level(level)} interval must span to each side to have "
            "held that share; a t interval spans about 2. "
            + (
                f"Coverage is off {' and '.join(off)} year(s) ahead: calibrate."
                if off
                else "Coverage is as stated."
            ),
            "A device counts once for each origin before it, so that forecasts are not independent.",
            *note_reading(chosen.found),
        ],
    )


def _stability_by(series: str, by: str, choose: Choose, method: Method, result: Result) -> None:
    """Print the break of each group."""
    import pandas as pd

    from memwall_trends.fitting.groups import (
        compare_slopes,
        describe_equality,
        fit_each,
        show_rate,
        split_by,
    )
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions.stability import Break, fit_break
    from memwall_trends.selection import Selection, select
    from memwall_trends.units import format_level

    per, level = result.per, result.level
    chosen = select(series, **choose)

    def fit(group: Selection) -> Break:
        return fit_break(group, seed=method.seed, level=level)

    fitted, left_out = fit_each(split_by(chosen, by), fit)
    rows = [
        (
            group,
            f"{kink.n_obs}",
            f"{kink.year:.1f}",
            *show_rate(kink.before, per, level)[:1],
            *show_rate(kink.after, per, level),
            f"{kink.p_value:.2g}",
            kink.verdict,
        )
        for group, kink in fitted.items()
    ]
    interval = f"{format_level(level)} interval"
    # Formats share devices, so that their slopes are not independent.
    p_value = None if by == "precision" else compare_slopes(kink.after for kink in fitted.values())
    columns = [by.replace("_", " "), "n", "year", "before", "after", interval, "p", "growth"]
    emit(
        result.format_,
        records=[
            {
                "by": by,
                "group": group,
                "equal_slopes_p": p_value,
                "series": chosen.name,
                "dataset": chosen.dataset,
                "level": level,
                "period_years": per,
                **kink.to_record(per),
            }
            for group, kink in fitted.items()
        ],
        shown=pd.DataFrame(rows, columns=columns),
        title=f"{chosen.name} ({chosen.dataset}) by {by.replace('_', ' ')}: growth factor / "
        f"{describe_period(per)} before and after a break",
        notes=[
            f"One kink in the line of log10(value) of each group, p against none. Of {chosen.describe()}.",
            *(f"After it: {text}" for text in filter(None, [describe_equality(p_value, level)])),
            *(f"Left out: {group}: {why}." for group, why in left_out.items()),
        ],
    )


def _backtest_by(series: str, by: str, choose: Choose, method: Method, result: Result) -> None:
    """Print the scores of each group."""
    import pandas as pd

    from memwall_trends.fitting.groups import fit_each, split_by
    from memwall_trends.questions.backtest import Backtest, run_backtest
    from memwall_trends.selection import Selection, select

    chosen = select(series, **choose)

    def test(group: Selection) -> Backtest:
        return run_backtest(group, method=method)

    tested, left_out = fit_each(split_by(chosen, by), test)
    parts = []
    for group, each in tested.items():
        # The name of a group takes the room.
        scores = _show_scores(each.summary()).drop(columns="origins")
        scores.insert(0, by.replace("_", " "), [group, *[""] * (len(scores) - 1)])
        parts.append(scores)
    emit(
        result.format_,
        records=[
            {"by": by, "group": group, **each.to_record(result.level)} for group, each in tested.items()
        ],
        shown=pd.concat(parts, ignore_index=True),
        title=f"{chosen.name} ({chosen.dataset}) by {by.replace('_', ' ')}: forecasts of each New Year",
        notes=[
            f"The columns are those of 'backtest {series}'. Of {chosen.describe()}.",
            *(f"Left out: {group}: {why}." for group, why in left_out.items()),
        ],
    )


def _show_rates(rates: pd.DataFrame, level: float) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.units import format_interval, format_level, format_number

    rows = [
        (
            f"{row['since']:.1f} to {row['until']:.1f}",
            int(row["n_obs"]),
            f"{format_number(row['rate'])}x",
            format_interval(row["ci_low"], row["ci_high"], digits=3),
        )
        for row in to_records(rates)
    ]
    return pd.DataFrame(rows, columns=["window", "n", "rate", f"{format_level(level)} interval"])


def _show_scores(summary: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    def score(number: float) -> str:
        return "n/a" if pd.isna(number) else f"{number:.2f}"

    return pd.DataFrame(
        {
            "years": summary["horizon_years"],
            "origins": summary["origins"],
            "n": summary["n"],
            "bias": summary["bias_log10"].map(score),
            "error": summary["rmse_log10"].map(score),
            "in 80%": summary["coverage_80"].map("{:.0%}".format),
            "in 95%": summary["coverage_95"].map("{:.0%}".format),
            "skill: flat": summary["skill_no_growth"].map(score),
            "recent": summary["skill_previous_growth"].map(score),
        }
    ).astype(str)
