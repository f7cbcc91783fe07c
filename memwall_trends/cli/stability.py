"""The command stability: whether a trend lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import CSV_COLUMNS, METHOD, RESULT, SELECTION, By, Result, Series
from memwall_trends.cli.output import emit, to_records

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.fitting.methods import Method
    from memwall_trends.selection import Choose


@app.command(epilog="Example: memwall-trends stability peak_flops --since 2000")
@takes(choose=SELECTION.without(*CSV_COLUMNS), method=METHOD.only("seed"), result=RESULT)
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
    from memwall_trends.units import format_level

    per, level = result.per, result.level
    fitted = fit_break(series, seed=method.seed, level=level, **choose)
    rates = rolling_rates(series, window_years=window, per=per, level=level, **choose)
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
    p_value = compare_slopes(kink.after for kink in fitted.values())
    columns = [by.replace("_", " "), "n", "year", "before", "after", interval, "p", "growth"]
    emit(
        result.format_,
        records=[
            {
                "by": by,
                "group": group,
                "equal_slopes_p": p_value,
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
