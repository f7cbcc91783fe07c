"""The command that splits growth into growth within groups and their mix: decompose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import METHOD, RESULT, SELECTION, Result, Series
from memwall_trends.cli.output import emit, warn

if TYPE_CHECKING:
    from memwall_trends.selection import Choose

Groups = Annotated[
    str,
    typer.Option(
        metavar="COLUMN",
        help="Whose values are the groups: product_class, kind, segment, vendor, precision, ...",
        rich_help_panel="Method",
    ),
]


@app.command(epilog="Example: memwall-trends decompose peak_flops --by kind --segment server")
@takes(choose=SELECTION, method=METHOD.only("draws", "seed").as_dict(), result=RESULT)
def decompose(
    series: Series,
    *,
    by: Groups = "product_class",
    choose: Choose,
    method: dict[str, Any],
    result: Result,
) -> None:
    """Split growth: within groups, and their mix."""
    from memwall_trends.fitting.growth import describe_period
    from memwall_trends.fitting.methods import FRONTIER_NOTE
    from memwall_trends.questions.decomposition import decompose as split

    fitted = split(series, by, level=result.level, **method, **choose)
    chosen, group = fitted.selection, by.replace("_", " ")
    emit(
        result.format_,
        records=fitted.to_record(result.per),
        shown=fitted.shown(result.per),
        title=f"{chosen.name} ({chosen.dataset}) by {group}: growth factor / {describe_period(result.per)}",
        further={"What each group adds to the mix": fitted.shown_groups(result.per)},
        notes=[
            f"Of {chosen.describe()}.",
            "Within times mix is pooled; in powers of ten they add up. "
            f"Pooled: least squares of log10({chosen.unit or 'value'}) on the date. "
            f"Within: the same with an intercept for each {group} and one slope. "
            "Mix, the rest: the sum over groups of height times yearly change of share (Gelbach 2016).",
            "Share: of the rows in the first and in the last third, by date. "
            "Height: over the average row at the same date. "
            "Own rate: of the group alone, from three dates on. "
            "To the mix: above 1x where one that lies high gains share or one that lies low loses it.",
            fitted.describe_interval() + (f" {FRONTIER_NOTE}." if chosen.frontier else ""),
        ],
    )
    warn(fitted.warnings(result.per))
