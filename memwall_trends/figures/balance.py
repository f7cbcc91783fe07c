"""Machine balance over the years, its projection, and the workloads that it bounds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from memwall_trends import defaults
from memwall_trends.figures import layers, theme
from memwall_trends.figures.axes import rounded
from memwall_trends.figures.canvas import Canvas, Group
from memwall_trends.figures.captions import describe_points, end_label, explain_rates, series_title
from memwall_trends.figures.choices import find_user_devices, refuse_choices
from memwall_trends.figures.chosen import ENCODER, MODEL, PROMPT_LENGTH, choose_workloads, title_of
from memwall_trends.figures.findings import in_sentence, say_growth
from memwall_trends.figures.labels import label_known
from memwall_trends.units import decimal_years, format_interval, format_number

if TYPE_CHECKING:
    from typing import Unpack

    import altair as alt

    from memwall_trends.questions.projection import Outlook
    from memwall_trends.questions.ratio import Gap
    from memwall_trends.selection import Choose

PROJECTED_TO = dt.date(2030, 12, 31)
FAN_LEVELS = (0.95, 0.8, 0.5)
STEP_POINTS = 25
END_YEAR = 2030.0
SERIES = ("peak_flops", "dram_bandwidth")
CALIBRATED = "as wide as forecasts of the past ask for"


def machine_balance(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Machine balance by device, FLOP per byte of DRAM bandwidth, projected to 2030 with its fan.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `memwall_trends.figures.hw_scaling`; how the trend is found:
        `memwall_trends.questions.gap.fit_gap`.

    Returns
    -------
    altair.VConcatChart
        The fan is of prediction intervals for a new device, at 50, 80 and 95 %.

    Examples
    --------
    >>> type(machine_balance()).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.gap import fit_gap, pair_devices

    choose.setdefault("dataset", defaults.DATASET)
    counted = _describe_counted(choose)
    fitted = fit_gap(*SERIES, **choose)
    user_rows = find_user_devices(choose)
    pairable: Choose = {**choose, "frontier": False}
    points = fitted.balance.observations if fitted.balance else pair_devices(*SERIES, **pairable)
    shown = None
    if choose.get("show"):
        laid: Choose = {**pairable, "overlay": [*choose.get("overlay", ()), *choose["show"]], "show": ()}
        pairs = pair_devices(*SERIES, **laid)
        shown = pairs[pairs["name"].isin(user_rows)]
    drawn = Group("", points, theme.BLUE, "circle", shown_rows=shown, user_rows=user_rows)
    return draw_gap(fitted, drawn=drawn, counted=counted, per=per, level=level, size=size, bare=bare)


def draw_gap(
    fitted: Gap,
    *,
    drawn: Group | None = None,
    counted: str = "",
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
) -> alt.VConcatChart:
    """Return a ratio with its devices and its projection to 2030.

    Parameters
    ----------
    fitted : Gap
    drawn : Group, optional
        The devices; by default those that report both.
    counted : str
        Of whom it is, for the subtitle.
    per, level, size, bare
        As of `memwall_trends.figures.hw_scaling`.

    Examples
    --------
    >>> from memwall_trends.questions.gap import fit_gap
    >>> type(draw_gap(fit_gap("peak_flops", "dram_bandwidth", since=2015))).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.projection import look_ahead
    from memwall_trends.questions.ratio import WAYS

    group = drawn or Group("", _pair(fitted), theme.BLUE, "circle")
    group = replace(group, points=label_known(group.points.reset_index(drop=True), 9))
    outlook = look_ahead(fitted)
    first = min(trend.first_date for trend in fitted.fits)
    last = max(trend.last_date for trend in fitted.fits)
    line, bands = _draw_ahead(outlook, first, last, end_label("", fitted, per, level))
    name, over = _name(fitted)
    canvas = Canvas.around(
        [group], y_title=f"{name} ({fitted.unit}, log scale)", size=size, lines=line, bands=bands
    )
    timeline = canvas.layer(
        layers.fan(canvas),
        layers.points(canvas),
        layers.lines(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title=f"{say_growth([(name, fitted)], per, level)}; {_say_end(outlook, level)}",
        subtitle=f"{over} of a device ({fitted.unit}), with the {explain_rates(per, level)}. "
        f"{counted}{len(group.points)} devices.",
        caption=f"Dashed: {WAYS[fitted.way]}, least squares of log10(value). Fan: prediction "
        f"intervals of a new device at 50, 80 and 95%, {CALIBRATED}. {_describe_record(outlook, level)} "
        f"{describe_points(fitted.numerator.dataset, group.user_rows)}",
        size=size,
        bare=bare,
    )


def workload_intensity(
    *,
    per: float = defaults.PERIOD_YEARS,
    level: float = defaults.LEVEL,
    size: str = defaults.FIGURE_SIZE,
    bare: bool = False,
    model: str | None = None,
    **choose: Unpack[Choose],
) -> alt.VConcatChart:
    """Arithmetic intensity of workloads across machine balance, 1996 to 2030: since when memory-bound.

    Parameters
    ----------
    per, level, size, bare, **choose
        As of `machine_balance`, without ``frontier``.
    model
        As of `memwall_trends.figures.roofline.roofline`.

    Returns
    -------
    altair.VConcatChart
        The fan is of prediction intervals for a new device, at 50, 80 and 95 %.

    Examples
    --------
    >>> type(workload_intensity()).__name__
    'VConcatChart'
    """
    from memwall_trends.questions.gap import fit_gap, pair_devices
    from memwall_trends.questions.projection import look_ahead
    from memwall_trends.workloads.bounds import list_frontier

    refuse_choices("workload-intensity", {"frontier": choose.pop("frontier", False)})
    dataset = choose.setdefault("dataset", defaults.DATASET)
    counted = _describe_counted(choose)
    fitted = fit_gap(*SERIES, **choose)
    points = pair_devices(*SERIES, **choose).reset_index(drop=True)
    leading = list_frontier(**choose)
    user_rows = find_user_devices(choose)
    drawn = points["name"].isin([*leading["name"], *user_rows])
    outlook = look_ahead(fitted)
    line, bands = _draw_ahead(
        outlook, points["date"].min(), points["date"].max(), end_label("trend", fitted, per, level)
    )
    group = Group(
        legend="Devices with the highest peak of their time",
        points=label_known(points[drawn].reset_index(drop=True), 8),
        colour=theme.BLUE,
        shape="circle",
        user_rows=user_rows,
    )
    canvas = Canvas.around(
        [group],
        y_title=f"Machine balance, intensity ({fitted.unit}, log scale)",
        size=size,
        others=points[~drawn],
        lines=pd.concat([line, _draw_steps(leading, model)], ignore_index=True),
        bands=bands,
        legend="top",
    )
    timeline = canvas.layer(
        layers.fan(canvas),
        layers.others(canvas),
        layers.points(canvas),
        layers.lines(canvas),
        layers.user_points(canvas),
        layers.labels(canvas),
    )
    return theme.finish(
        [timeline],
        title=_say_bound(points, model),
        subtitle="A workload is memory-bound on the devices whose machine balance lies above its arithmetic "
        f"intensity ({fitted.unit}). {counted}{len(points)} devices.",
        caption="Points: machine balance of devices, those with the highest peak of "
        "their time in blue. Dashed: trend of all, with prediction intervals of a new device at 50, 80 and "
        f"95%, {CALIBRATED}. {_describe_record(outlook, level)} Steps: intensity of "
        f"{title_of(model or MODEL)}{'' if model else f' and {title_of(ENCODER)}'} (512 tokens), a prompt of "
        f"{PROMPT_LENGTH:,} tokens, least traffic; up where the devices with the highest peak go to narrower "
        "operands. "
        f"{describe_points(dataset, user_rows)}",
        size=size,
        bare=bare,
    )


def _pair(fitted: Gap) -> pd.DataFrame:
    """Return the devices that report both series; none where the two are of different things."""
    from memwall_trends.questions.gap import pair_selections

    if fitted.balance is not None:
        return fitted.balance.observations
    chosen = [trend.selection for trend in (fitted.numerator, fitted.denominator)]
    pairs = pair_selections(*(each for each in chosen if each is not None)) if all(chosen) else pd.DataFrame()
    return pairs if len(pairs) else pd.DataFrame(columns=["name", "date", "value", "unit"])


def _name(fitted: Gap) -> tuple[str, str]:
    """Return what a ratio is called, and of what it is."""
    trends = (fitted.numerator, fitted.denominator)
    titles = [each.series if each.found else series_title(each.series, each.dataset) for each in trends]
    over = " over ".join([titles[0], in_sentence(titles[1])])
    return ("Machine balance" if tuple(each.series for each in trends) == SERIES else over), over


def _describe_counted(choose: Choose) -> str:
    """Return for a caption of what a gap is; nothing where the choices say that."""
    from memwall_trends.questions.gap import describe_population

    population = describe_population(["peak_flops", "dram_bandwidth"], choose)
    if not population:
        return ""
    policy = choose.get("precision") or "best16"
    rate = "best dense rate at 16 bits or wider" if policy == "best16" else f"best dense rate ({policy})"
    return f"{population[0].upper()}{population[1:]}, {rate} of each. "


def _say_end(outlook: Outlook, level: float) -> str:
    """Return for a title where a gap leads."""
    at_end = outlook.project([END_YEAR], level).iloc[0]
    told = pd.notna(at_end["calibrated_low"])
    low, high = (at_end[f"calibrated_{end}" if told else end] for end in ("low", "high"))
    return f"a new device of {END_YEAR:.0f} may have {format_interval(low, high, 3)} {outlook.fitted.unit}"


def _describe_record(outlook: Outlook, level: float) -> str:
    """Return for a caption where a gap leads, and what the past says of that."""
    at_end = outlook.project([END_YEAR], level).iloc[0]
    said = " ".join(outlook.describe([END_YEAR], level))
    return f"In {END_YEAR:.0f}: {format_number(at_end['value'], 3)} {outlook.fitted.unit}. {said}"


def _say_bound(points: pd.DataFrame, model: str | None) -> str:
    """Return on how many of the devices the least and the most intensive workload is memory-bound."""
    from memwall_trends.workloads import count_cost
    from memwall_trends.workloads.devices import FORMAT_BYTES

    widths = points["precision"].map(FORMAT_BYTES)
    bound: dict[str, int] = {}
    for width in widths.dropna().unique():
        for name, workload in choose_workloads(float(width), model).items():
            intensity = count_cost(workload).total.arithmetic_intensity
            above = (points["value"] > intensity) & (widths == width)
            bound[name] = bound.get(name, 0) + int(above.sum())
    first, *_, last = [*bound, *bound]
    of = "" if first == last else f"{title_of(model or MODEL)}: "
    said = f"{of}{first} is memory-bound on {bound[first]} of {len(points)} devices"
    return said if first == last else f"{said}, a {last} tokens on {bound[last]}"


def _draw_ahead(outlook: Outlook, first: Any, last: Any, label: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the line of a gap to its end, and the fan of prediction intervals after the data."""
    days = pd.date_range(first, PROJECTED_TO, periods=60).normalize()
    line = outlook.project(decimal_years(days.to_numpy()))
    fan = pd.concat([_fan_out(outlook, pd.Timestamp(last), each) for each in FAN_LEVELS])
    frame = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "value": rounded(line["value"])})
    return frame.assign(text=label, colour=""), fan


def _fan_out(outlook: Outlook, last: pd.Timestamp, level: float) -> pd.DataFrame:
    """Return one interval of the fan: calibrated at whole years ahead, as it was tested, and at the end."""
    years = (PROJECTED_TO - last.date()).days // 365
    ahead = [last + pd.DateOffset(years=number) for number in range(years + 1)]
    days = pd.DatetimeIndex([*ahead, pd.Timestamp(PROJECTED_TO)])
    projected = outlook.project(decimal_years(days.to_numpy()), level)
    ends = {end: rounded(projected[f"calibrated_{end}"].fillna(projected[end])) for end in ("low", "high")}
    return pd.DataFrame({"date": days.strftime("%Y-%m-%d"), **ends, "band": str(level)})


def _draw_steps(leading: pd.DataFrame, model: str | None) -> pd.DataFrame:
    """Return the intensity of each workload over time, with operands as wide as the leading devices'."""
    from memwall_trends.workloads import count_cost
    from memwall_trends.workloads.devices import FORMAT_BYTES

    widths = leading["precision"].map(FORMAT_BYTES)
    changes = leading[widths.ne(widths.shift())]
    ends = [*(changes["date"].iloc[1:] - pd.Timedelta(days=1)), pd.Timestamp(PROJECTED_TO)]
    rows = []
    # More than both ends, so that labels keep clear of the line.
    for begin, end, number_format in zip(changes["date"], ends, changes["precision"], strict=True):
        days = pd.date_range(begin, end, periods=STEP_POINTS).normalize()
        for name, workload in choose_workloads(FORMAT_BYTES[number_format], model).items():
            intensity = count_cost(workload).total.arithmetic_intensity
            rows += [{"date": day.strftime("%Y-%m-%d"), "value": intensity, "text": name} for day in days]
    steps = pd.DataFrame(rows)
    steps = steps.assign(value=rounded(steps["value"]), colour=theme.VERMILLION)
    return steps.sort_values(["text", "date"], kind="stable")
