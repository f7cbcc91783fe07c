"""The command stability: whether a trend lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import METHOD, RESULT, SELECTION, By, Over, Result, Series
from memwall_trends.cli.output import emit, to_records, warn
from memwall_trends.cli.progress import waiting
from memwall_trends.cli.told import note_population, note_reading, record_reading

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.fitting.methods import Method
    from memwall_trends.questions.stability import Break
    from memwall_trends.selection import Choose, Selection


@app.command(epilog="Example: memwall-trends stability peak_flops --over dram_bandwidth")
@takes(
    choose=SELECTION,
    method=METHOD.only("cluster", "within", "seed").reworded(
        "within", "An intercept for each product_class, say: has growth within them changed?"
    ),
    result=RESULT,
)
def stability(
    series: Series,
    *,
    window: Annotated[
        float, typer.Option(metavar="YEARS", help="Length of a window.", rich_help_panel="Result")
    ] = 10,
    over: Over = None,
    by: By = None,
    choose: Choose,
    method: Method,
    result: Result,
) -> None:
    """Ask whether growth slowed or sped up: one break, and the rate of each window of time."""
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions.gap import describe_population
    from memwall_trends.questions.stability import rolling_rates
    from memwall_trends.selection import select

    population = describe_population([series, over], choose) if over is not None else ""
    if by is not None:
        _stability_by(series, over, by, choose, method, result, population)
        return
    per, level = result.per, result.level
    chosen = select(series, **choose)
    asked: Choose = choose if over is not None else {}
    data = series if over is not None else chosen
    with waiting("Looking for a break"):
        fitted = _fit(data, over, asked, method, level)
        rates = rolling_rates(
            data, over=over, window_years=window, method=method, per=per, level=level, **asked
        )
    emit(
        result.format_,
        records={
            "series": fitted.series,
            "denominator": fitted.denominator or None,
            "population": population or None,
            "dataset": fitted.dataset,
            "level": level,
            "period_years": per,
            "window_years": window,
            "break": fitted.to_record(per),
            "rolling": to_records(rates),
            **record_reading(chosen.found),
        },
        shown=fitted.shown(per),
        title=f"{fitted.name} ({fitted.dataset})"
        + (f", {population}" if population else "")
        + f": {fitted.verdict} (p = {fitted.p_value:.2g})",
        further={f"Growth factor / {describe_period(per)} by {window:g} years": _show_rates(rates, level)},
        notes=[
            *note_population(population),
            *_note_break(fitted),
            _note_windows(fitted),
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


def _fit(data: str | Selection, over: str | None, choose: Choose, method: Method, level: float) -> Break:
    from memwall_trends.questions.stability import fit_break

    return fit_break(
        data,
        over=over,
        cluster=method.cluster,
        within=method.within,
        seed=method.seed,
        level=level,
        **choose,
    )


def _note_break(fitted: Break) -> list[str]:
    """Return what the break is of, what p means, and what the intervals hold."""
    from memwall_trends.questions.stability import NO_BREAK

    effects = f", an intercept for each {fitted.within.replace('_', ' ')}" if fitted.within else ""
    each = f"of each of {fitted.n_clusters} values of {fitted.cluster}" if fitted.cluster else "of each row"
    if fitted.verdict == NO_BREAK:
        year = (
            "Where no break is seen its year means little, and its interval tends to be all years searched. "
        )
    else:
        year = ""
    return [
        f"One kink in the line of log10(value){effects}, {fitted.n_obs} observations. p: how often the best "
        f"of all kinks would fit as well if growth had not changed (one random sign for the errors {each}, "
        f"seed {fitted.seed}), so that having searched for the year, {fitted.searched[0]:.0f} to "
        f"{fitted.searched[1]:.0f}, is counted. Below {1 - fitted.level:.2g}: slowed or sped up.",
        f"{year}Intervals are of the same draws: the years, and the rates wherever the year is, that they do "
        "not rule out. 'Or later', 'or before': it ends where the search does.",
    ]


def _note_windows(fitted: Break) -> str:
    from memwall_trends.units import format_level

    errors = f"clusters of {fitted.cluster}" if fitted.cluster else "classical standard errors"
    return (
        "Windows overlap: neighbours are not independent. Their intervals are "
        f"{format_level(fitted.level)} t intervals of least squares, {errors}."
    )


def _stability_by(
    series: str,
    over: str | None,
    by: str,
    choose: Choose,
    method: Method,
    result: Result,
    population: str,
) -> None:
    """Print the break of each group."""
    import pandas as pd

    from memwall_trends.fitting.groups import compare_slopes, describe_equality, fit_each, split_by
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.questions.gap import select_ratio
    from memwall_trends.questions.grouped_gaps import choose_by
    from memwall_trends.selection import select

    per, level = result.per, result.level
    chosen = select(series, **choose) if over is None else select_ratio(series, over, **choose)
    if over is None:
        fitted, left_out = fit_each(split_by(chosen, by), lambda group: _fit(group, None, {}, method, level))
    else:
        fitted, left_out = fit_each(
            choose_by(series, over, by, **choose),
            lambda narrowed: _fit(series, over, narrowed, method, level),
        )
    p_value = None if by == "precision" else compare_slopes(kink.after for kink in fitted.values())
    emit(
        result.format_,
        records=[
            {
                "by": by,
                "group": group,
                "equal_slopes_p": p_value,
                "series": chosen.name,
                "dataset": chosen.dataset,
                "population": population or None,
                "level": level,
                "period_years": per,
                **kink.to_record(per),
            }
            for group, kink in fitted.items()
        ],
        shown=pd.DataFrame(_show_breaks(fitted, by, per, level)),
        title=f"{chosen.name} ({chosen.dataset}) by {by.replace('_', ' ')}: growth factor / "
        f"{describe_period(per)} before and after a break",
        notes=[
            *note_population(population),
            f"One kink in the line of log10(value) of each group, p against none. Of {chosen.describe()}.",
            "Signs are drawn for each value of " + method.cluster + "."
            if method.cluster
            else "Signs are drawn for each architecture, where named.",
            *(f"After it: {text}" for text in filter(None, [describe_equality(p_value, level)])),
            *(f"Left out: {group}: {why}." for group, why in left_out.items()),
        ],
    )


def _show_breaks(fitted: dict[str, Break], by: str, per: float, level: float) -> list[dict[str, str]]:
    from memwall_trends.fitting.groups import show_rate
    from memwall_trends.units import format_level

    rows = []
    for group, kink in fitted.items():
        (before, _), (after, interval) = (show_rate(side, per, level) for side in (kink.before, kink.after))
        rows.append(
            {
                by.replace("_", " "): group,
                "n": f"{kink.n_obs}",
                "year": f"{kink.year:.1f}",
                "before": before,
                "after": after,
                f"{format_level(level)} interval": interval,
                "p": f"{kink.p_value:.2g}",
                "growth": kink.verdict,
            }
        )
    return rows


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
