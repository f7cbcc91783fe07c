"""The command that looks at what a line leaves over: diagnose."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import METHOD, RESULT, SELECTION, Result, Series
from memwall_trends.cli.output import emit
from memwall_trends.cli.progress import waiting

if TYPE_CHECKING:
    from memwall_trends.fitting.diagnosis import Diagnosis
    from memwall_trends.fitting.methods import Method
    from memwall_trends.fitting.trends import Trend
    from memwall_trends.selection import Choose


@app.command(epilog="Example: memwall-trends diagnose peak_flops --within product_class")
@takes(
    choose=SELECTION,
    method=METHOD.only("method", "cluster", "weights", "within").reworded("method", "ols or wls."),
    result=RESULT.reworded("level", "A p value below 1 - LEVEL is a sign."),
)
def diagnose(
    series: Series,
    *,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw it too: svg, png, pdf, html, json or tex.", rich_help_panel="Result"
        ),
    ] = None,
    choose: Choose,
    method: Method,
    result: Result,
) -> None:
    """Ask whether a line fits: residuals, influential devices, and other shapes of growth."""
    from memwall_trends.fitting.trends import fit_trend

    trend = fit_trend(series, method=method, **choose)
    with waiting("Asking whether a line fits"):
        diagnosed = trend.diagnose(result.level)
    emit(
        result.format_,
        records=diagnosed.to_record(result.per),
        shown=diagnosed.shown(),
        title=f"{trend.series} ({trend.dataset}): what the line leaves over",
        further={
            f"What the line hangs on: {diagnosed.n_influential} of {diagnosed.n_obs:,} above 4/n": (
                diagnosed.shown_influential(result.per)
            ),
            "Other shapes of growth": diagnosed.shown_shapes(),
        },
        notes=_explain(trend, diagnosed, result.per),
    )
    if plot is not None:
        from memwall_trends.figures import save_figure
        from memwall_trends.figures.diagnosis import draw_diagnosis

        typer.echo(save_figure(draw_diagnosis(diagnosed), plot), err=True)


def _explain(trend: Trend, diagnosed: Diagnosis, per: float) -> list[str]:
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.fitting.methods import FRONTIER_NOTE
    from memwall_trends.fitting.shapes import FEW_FOLDS

    by_cluster = diagnosed.left_out != "observations"
    checks = {check.test: check for check in diagnosed.checks}
    watson = checks["Breusch-Godfrey"].details["durbin_watson"]
    return [
        f"{trend.describe()}.",
        f"{diagnosed.verdict[0].upper()}{diagnosed.verdict[1:]}.",
        f"Normal: {diagnosed.checks[0].test}. Of one scatter: Breusch-Pagan, squared residuals on the date"
        + (f", p by {diagnosed.left_out}" if by_cluster else "")
        + ". Free of runs: Breusch-Godfrey, one lag, of "
        + (f"the means of {diagnosed.left_out} and then of dates" if by_cluster else "the means of dates")
        + ", as what is of one day has no order"
        + (f" (Durbin-Watson {watson:.2f})" if watson is not None else "")
        + ". Alike: intraclass correlation.",
        f"Of line: value over that of the line. Cook: Cook's distance; above 4/n "
        f"({4 / diagnosed.n_obs:.3f}) worth a look. Without: growth factor / {describe_period(per)} without "
        f"it, {_rate(diagnosed, per)} with all.",
        f"AIC takes rows for independent, which favours shapes of many parameters where they are not. Error: "
        f"root mean square, powers of ten, of {diagnosed.left_out} left out one after another (at least "
        f"{FEW_FOLDS}); skill: 1 - mean square error / that of the line, ± standard error.",
        *([f"{FRONTIER_NOTE}. The checks take no account of that."] if trend.frontier else []),
    ]


def _rate(diagnosed: Diagnosis, per: float) -> str:
    from memwall_trends.units import format_number, power_of_ten

    return f"{format_number(power_of_ten(diagnosed.slope * per))}x"
