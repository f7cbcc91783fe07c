"""The pages that are made of what the functions answer: finding, claims, dictionary, gallery."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

import memwall_trends as mt
from docs.site.records import address_of_source
from docs.site.templating import Cell, Row, link, relative, render, table
from memwall_trends.units import format_interval, format_number

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from pathlib import Path

    from markupsafe import Markup

    from memwall_trends.datasets import Table

PICTURE = re.compile(r"^!\[([^\]]*)\]\((?:[^)]*/)?([a-z0-9-]+)\.svg\)$", re.MULTILINE)


def finding_page() -> str:
    """Return the page of what is found: the two sentences, and the readings that they rest on."""
    of_claims, of_the_wall = mt.state_finding()
    rows = [
        (record, reading)
        for record in mt.reproduce().to_dict(orient="records")
        for reading in record["readings"]
        if reading["window"] == "today"
    ]
    header = ["series", "printed", "reading", "of", "rate", "95% interval", "n", "verdict"]
    readings = table(
        header,
        (
            Row(
                (
                    Cell(_title(record["series"])),
                    Cell(f"{record['printed_rate']:g}x", number=True),
                    Cell(reading["reading"]),
                    Cell(reading["population"]),
                    *_rate(reading["rate"], reading["ci_low"], reading["ci_high"]),
                    Cell(reading["n_obs"], number=True),
                    Cell(reading["verdict"]),
                )
            )
            for record, reading in rows
        ),
    )
    return render("finding.md.j2", of_claims=of_claims, of_the_wall=of_the_wall, readings=readings)


def claims_page() -> str:
    """Return the page of the growth rates that others published, each beside the same of our data."""
    page = "claims.md"
    checked = mt.check_claims()
    described = {row["claim"]: row for row in mt.load_table("claims").to_dict("records")}
    parts = [
        (
            _title(str(series)),
            table(
                ["claim", "printed", "ours", "95% interval", "verdict", "n", "to today", "of"],
                (_claim_row(page, row, described[row["claim"]]) for row in part.to_dict(orient="records")),
            ),
        )
        for series, part in checked.groupby("series", sort=False)
    ]
    counted = checked["verdict"].value_counts().to_dict()
    return render("claims.md.j2", parts=parts, counted=counted, total=len(checked))


def dictionary_page() -> str:
    """Return the data dictionary: each table, each column, its type and what it allows."""
    tables = [(each, _columns(each)) for each in mt.list_tables()]
    return render("dictionary.md.j2", tables=tables)


def gallery_page(figures: str, titles: Mapping[str, str]) -> str:
    """Return docs/figures.md with what belongs to each picture: its command and the data it is drawn from.

    Parameters
    ----------
    figures : str
        The text of docs/figures.md, as it stands on the site.
    titles : mapping of str to str
        What each figure shows, in a line.
    """

    def complete(found: re.Match[str]) -> str:
        alternative, name = found[1], found[2]
        return render("picture.md.j2", name=name, title=titles[name], alternative=alternative)

    return PICTURE.sub(complete, figures)


def write_drawn(name: str, folder: Path) -> None:
    """Write what a figure draws: its specification with the data in it, and the data as a table."""
    from memwall_trends.figures import find_figure, save_figure

    path = save_figure(find_figure(name)(), folder / f"{name}.json")
    datasets = json.loads(path.read_text(encoding="utf-8"))["datasets"]
    frames = [pd.DataFrame(rows).assign(part=place) for place, rows in enumerate(datasets.values(), start=1)]
    drawn = pd.concat(frames, ignore_index=True)
    drawn[["part", *drawn.columns.drop("part")]].to_csv(folder / f"{name}.csv", index=False)


def list_titles() -> dict[str, str]:
    """Return what each figure shows, in a line, as ``figures --list`` does."""
    from memwall_trends.figures import FIGURES

    return {name: (draw.__doc__ or "").partition("\n")[0] for name, draw in FIGURES.items()}


def _claim_row(page: str, row: Mapping[Hashable, Any], described: Mapping[Hashable, Any]) -> Row:
    return Row(
        (
            Cell(link(row["claim"], relative(address_of_source(row["source"]), page))),
            Cell(row["printed"]),
            *_rate(row["rate"], row["ci_low"], row["ci_high"]),
            Cell(": ".join(filter(None, [row["verdict"], row["reason"]]))),
            Cell(row["n_obs"] or "", number=True),
            Cell(_times(row["today_rate"]), number=True),
            Cell(described["population"]),
        ),
        row["claim"],
    )


def _rate(rate: float, low: float, high: float) -> tuple[Cell, Cell]:
    known = not (rate is None or math.isnan(rate))
    interval = format_interval(low, high, digits=3) if known else ""
    return Cell(_times(rate), number=True), Cell(interval, number=True)


def _times(rate: float | None) -> str:
    return "" if rate is None or math.isnan(rate) else f"{format_number(rate, 4)}x"


def _columns(described: Table) -> Markup:
    return table(
        ["column", "meaning", "type", "allowed"],
        (
            Row(
                (
                    Cell(field["name"]),
                    Cell(field["description"]),
                    Cell(field["type"]),
                    Cell("; ".join(_allowed(field.get("constraints", {})))),
                )
            )
            for field in described.schema["fields"]
        ),
    )


def _allowed(constraints: Mapping[str, Any]) -> Iterator[str]:
    for name, value in constraints.items():
        if name == "required":
            yield "never empty" if value else "may be empty"
        elif name == "enum":
            yield ", ".join(map(str, value))
        else:
            yield f"{name}: {value}"


def _title(series: str) -> str:
    return mt.find_table(series).title.partition(":")[0] if series else ""
