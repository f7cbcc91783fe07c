from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from pybtex.database import parse_string

from memwall_trends.datasets import count_sources, find_sources, list_series, load_table, to_bibtex
from memwall_trends.datasets.sources import source_kinds
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    CsvFile = Callable[[str | bytes], Path]

FIRST_FIVE = 5


def test_every_value_is_counted_on_a_kind_of_source_once() -> None:
    counted = count_sources()
    rows = sum(len(load_table(name)) for name in list_series())
    assert counted["kind"].tolist() == source_kinds()
    assert counted["values"].sum() == rows
    assert counted[["read", "quoted", "derived"]].to_numpy().sum() == rows
    assert counted["share"].sum() == pytest.approx(1)


def test_the_data_rests_on_what_its_policy_asks_for() -> None:
    share = count_sources().set_index("kind")["share"]
    assert share.iloc[:FIRST_FIVE].sum() >= 0.5
    assert share["database"] < 0.25


def test_a_fit_cites_the_sources_of_its_values_and_dates_and_no_others() -> None:
    trend = fit_trend("dram_bandwidth", since="2020", where={"vendor": "AMD", "kind": "gpu"})
    sources = find_sources(trend.observations)
    assert set(sources["source"]) == set(trend.observations["source"]) | set(
        trend.observations["date_source"]
    )
    assert set(parse_string(to_bibtex(sources), "bibtex").entries) == set(sources["source"])


def test_all_sources_can_be_written_and_read_as_bibtex() -> None:
    sources = load_table("sources")
    entries = parse_string(to_bibtex(sources), "bibtex").entries
    assert len(entries) == len(sources)
    for row in sources.to_dict(orient="records"):
        entry = entries[row["source"]]
        assert entry.fields["url"] == row["url"]
        assert entry.persons["author"]


def test_hostile_text_does_not_break_out_of_its_field() -> None:
    row = dict.fromkeys(load_table("sources").columns, "")
    row |= {
        "source": "x",
        "kind": "press",
        "title": '} \\input{/etc/passwd} " @misc{y,',
        "url": "https://x.y/a_b",
    }
    text = to_bibtex(pd.DataFrame([row | {"publisher": "A & B {"}]))
    assert list(parse_string(text, "bibtex").entries) == ["x"]
    odd = to_bibtex(pd.DataFrame([row | {"source": "acme, a1 {x}", "title": "$x$"}]))
    assert list(parse_string(odd, "bibtex").entries) == ["acme-a1-x-"]
    assert "$" not in odd
    assert "\\input" not in text
    assert 'url = "https://x.y/a_b"' in text


def test_a_users_rows_bring_their_sources(csv_file: CsvFile) -> None:
    path = csv_file(
        "table,name,kind,date,date_source,value,unit,source,source_kind,source_title,source_url\n"
        "memory_capacity,Acme A1,gpu,2026,acme,80,GB,acme,datasheet,A1 Datasheet,https://acme.example/a1\n"
    )
    rows = load_table("memory_capacity", overlay=[path])
    sources = find_sources(rows[rows["name"] == "Acme A1"], [path])
    assert sources[["source", "title", "url"]].values.tolist() == [
        ["acme", "A1 Datasheet", "https://acme.example/a1"]
    ]
    with pytest.raises(MemwallError, match="no description of the source 'acme'"):
        find_sources(rows)


def test_rows_without_sources_cannot_be_cited() -> None:
    with pytest.raises(MemwallError, match="no column 'source'"):
        find_sources(pd.DataFrame({"value": [1]}))
