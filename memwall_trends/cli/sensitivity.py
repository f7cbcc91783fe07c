"""The command that varies the choices: sensitivity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from memwall_trends import defaults
from memwall_trends.cli.app import app
from memwall_trends.cli.groups import takes
from memwall_trends.cli.options import (
    CSV_COLUMNS,
    METHOD,
    RESULT,
    SELECTION,
    KnownSeries,
    Margin,
    Result,
)
from memwall_trends.cli.output import emit, to_records
from memwall_trends.cli.progress import waiting

if TYPE_CHECKING:
    import pandas as pd

    from memwall_trends.questions.sensitivity import Sensitivity
    from memwall_trends.selection import Choose

MOST_INFLUENTIAL = 4


@app.command(epilog="Example: memwall-trends sensitivity dram_bandwidth")
@takes(
    choose=SELECTION.without(*CSV_COLUMNS),
    # No method: all are varied, unless one is named.
    method=METHOD.only("method", "seed")
    .with_defaults(method=None)
    .reworded("method", "Only this estimator.")
    .as_dict(),
    result=RESULT,
)
def sensitivity(
    series: KnownSeries,
    *,
    margin: Margin = defaults.MARGIN,
    choose: Choose,
    method: dict[str, Any],
    result: Result,
) -> None:
    """Fit under every defensible combination of choices; what you choose is not varied."""
    from memwall_trends.questions.claims import describe_rule
    from memwall_trends.questions.sensitivity import run_sensitivity
    from memwall_trends.questions.specifications import DRAWS, FEW_OBSERVATIONS, FEW_RECORDS, FEW_YEARS

    per = result.per
    with waiting("Fitting all combinations"):
        fitted = run_sensitivity(series, per=per, level=result.level, margin=margin, **method, **choose)
    emit(
        result.format_,
        records=fitted.to_record(),
        shown=fitted.shown(),
        title=f"{series} ({choose['dataset']}): growth factor / {per:g} years under all combinations",
        further={
            "Which choice moves the rate most": _show_effects(fitted),
            "Without one vendor or device, by least squares of all": _show_influence(fitted),
        },
        notes=[
            "A combination is a precision, a window, a segment, a set of vendors, what counts once, class "
            f"effects or none, and an estimator; with at least {FEW_OBSERVATIONS} observations over "
            f"{FEW_YEARS:g} years ({FEW_RECORDS} records), equal ones once. The rate of an option is that of "
            "additive effects on log(rate), as not all combinations exist.",
            "Class effects, the best of each year, records and all but one vendor: by least squares alone; "
            "robust estimators: of each device and of the median of each architecture.",
            *([] if math.isnan(fitted.printed_rate) else [f"Verdict: {describe_rule(margin)}."]),
            "Combinations share devices: their spread is that of the choices, no interval. Intervals of "
            f"records from {DRAWS} resamples (seed {method['seed']}). "
            "All combinations: --format csv or json; 'figures specification-curve' draws them.",
        ],
    )


def _show_effects(fitted: Sensitivity) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.units import format_number

    rows = [
        (
            row["choice"],
            f"{row['lowest_option']} {format_number(row['lowest_rate'], 3)}x",
            f"{row['highest_option']} {format_number(row['highest_rate'], 3)}x",
            f"{row['factor']:.2f}",
        )
        for row in to_records(fitted.effects)
    ]
    return pd.DataFrame(rows, columns=["choice", "lowest", "highest", "factor"])


def _show_influence(fitted: Sensitivity) -> pd.DataFrame:
    import pandas as pd

    from memwall_trends.units import format_number

    rows = [
        (what, row["name"], f"{row['n_obs']}", f"{format_number(row['rate'])}x", f"{row['change']:+.1f}%")
        for what in ("vendor", "device")
        for row in to_records(fitted.influence[fitted.influence["left_out"] == what].head(MOST_INFLUENTIAL))
    ]
    return pd.DataFrame(rows, columns=["left out", "name", "n", "rate without", "change"])
