"""A plain table read at once: the same cells as line by line, and nothing of a text that is not plain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.datasets.parsing import Reading, dates, read_rows
from memwall_trends.datasets.parsing.delimited import parse_delimited
from memwall_trends.datasets.parsing.plain import PART_BYTES, parse_plain
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = {
    "commas": "date,value\n2016,100\n2017,120\n",
    "no line end at the end": "date,value\n2016,100",
    "lines of Windows": "date,value\r\n2016,100\r\n",
    "semicolons": "date;value\n2016;1,5\n",
    "tabs": "date\tvalue\n2016\t100\n",
    "bars": "date|value\n2016|100\n",
    "blanks around cells": " date , value \n 2016 , 100\n2017,\t9\n",
    "blank cells": "date,value\n2016, \n ,100\n",
    "wide blanks": "date,value\n2016,100\u00a0\n",
    "empty cells": "name,date,value\n,2016,\n",
    "letters": "name,date,value\nGrün µ,2016,100\n",
    "quotes": '"date","value"\n"2016","1,000"\n"2017",""\n',
    "quotes twice": 'name,date,value\n"a ""b""",2016,100\n"""",2017,9\n',
    "a comment's sign within a cell": "name,date,value\nChip #1,2016,100\n",
    "two columns of a name": "date,value,value,\n2016,1,2,3\n",
}
NOT_PLAIN = {
    "nothing": "",
    "a header alone": "date,value\n",
    "one column": "value\n1\n2\n",
    "a comment": "# chips\ndate,value\n2016,100\n",
    "a comment in a row": "date,value\n  #2016,100\n2017,120\n",
    "an empty line": "date,value\n\n2016,100\n",
    "an empty row": "date,value\n2016,100\n,\n",
    "a short row": "date,value\n2016\n",
    "a long row": "date,value\n2016,1,2\n",
    "a line end in a cell": 'name,date,value\n"a\nb",2016,100\n',
    "a quote within a cell": 'name,date,value\n5" wafer,2016,100\n',
    "two quotes within cells": 'name,date,value\n5" wafer,2016,100\n6" wafer,2017,100\n',
    "letters behind a quote": 'name,date,value\n"a"b,2016,100\n',
    "quotes that only seem to close": 'a,b,c\n"abc,"def,z",w"\n1,2,3\n',
    "an open quote": 'date,value\n2016,"100\n',
    "old line ends": "date,value\r2016,100\r",
    "a zero": "date,value\n2016,1\0\n",
    "a hint for Excel": "sep=;\ndate;value\n2016;100\n",
    "blanks": "date value\n2016 100\n",
}


def by_line(text: str, reading: Reading) -> pd.DataFrame:
    parsed = parse_delimited(text, "a.csv", reading)
    return pd.DataFrame(parsed.rows, columns=parsed.header, dtype="str")


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_a_plain_table_has_the_cells_of_its_lines(text: str) -> None:
    parsed = parse_plain(text.encode(), Reading())
    assert parsed is not None
    expected = parse_delimited(text, "a.csv", Reading())
    pd.testing.assert_frame_equal(parsed.frame, by_line(text, Reading()))
    assert parsed.separator == expected.separator
    assert expected.lines == list(range(2, len(parsed.frame) + 2))


@pytest.mark.parametrize("text", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plain_is_left_to_be_read_by_line(text: str) -> None:
    assert parse_plain(text.encode(), Reading()) is None


@pytest.mark.parametrize(
    "reading", [Reading(header=False), Reading(encoding="cp1252"), Reading(separator="blanks")]
)
def test_what_is_said_can_make_a_text_not_plain(reading: Reading) -> None:
    assert parse_plain(b"date,value\n2016,100\n", reading) is None


def test_bytes_of_another_encoding_are_not_plain() -> None:
    assert parse_plain("name,date,value\nGrün,2016,100\n".encode("cp1252"), Reading()) is None
    assert parse_plain("date,value\n2016,100\n".encode("utf-8-sig"), Reading()) is None


def test_a_comment_that_is_named_is_none_where_another_is() -> None:
    text = b"date,value\n#2016,100\n%2017,120\n"
    assert parse_plain(text, Reading(comment="%")) is None
    parsed = parse_plain(text, Reading(comment=""))
    assert parsed is not None
    assert parsed.frame["date"].tolist() == ["#2016", "%2017"]


cells = st.text(alphabet='ab1., \t"#;|\n\r\u00a0é', max_size=5)
tables = st.lists(st.lists(cells, min_size=2, max_size=3), min_size=1, max_size=5)


@settings(max_examples=400, deadline=None)
@given(
    rows=tables, separator=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n"]), last=st.booleans()
)
def test_whatever_is_plain_has_the_cells_of_its_lines(
    rows: list[list[str]], separator: str, end: str, last: bool
) -> None:
    text = end.join(separator.join(row) for row in [["name", "date", "x"], *rows]) + (end if last else "")
    parsed = parse_plain(text.encode(), Reading())
    if parsed is not None:
        pd.testing.assert_frame_equal(parsed.frame, by_line(text, Reading()))


@pytest.mark.parametrize("shift", range(-2, 3))
def test_a_space_at_the_seam_of_two_parts_is_seen(shift: int) -> None:
    before = "name,date,value\n" + "x,2016,1\n" * (PART_BYTES // 9 - 10)
    text = before + "y" * (PART_BYTES + shift - len(before) - 1) + ", 2017,1\n"
    assert text.index(" ") == PART_BYTES + shift
    parsed = parse_plain(text.encode(), Reading())
    assert parsed is not None
    assert parsed.frame["date"].iloc[-1] == "2017"


def test_rows_of_a_plain_file_are_named_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "chips.csv"
    path.write_text("date,value\n2016,100\n2017,many\n2018,-1\n2019,200\n")
    with pytest.raises(MemwallError, match=re.escape("row 3, column 'value': 'many'")) as error:
        fit_trend(path)
    assert "row 4, column 'value': '-1'" in str(error.value)


@pytest.mark.parametrize(("form", "n_read"), [("%d %b %Y", 365), ("%Y-%m-%d", 0)])
def test_each_text_of_a_date_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, n_read: int
) -> None:
    days = pd.date_range("2010-01-01", periods=365).strftime(form)
    rows = pd.DataFrame({"date": np.tile(days, 300), "value": np.arange(1, 365 * 300 + 1)})
    rows.to_csv(tmp_path / "chips.csv", index=False)
    read: list[str] = []
    plain = dates._without_time

    def count(cell: object) -> str:
        read.append(str(cell))
        return plain(cell)

    monkeypatch.setattr(dates, "_without_time", count)
    trend = fit_trend(tmp_path / "chips.csv")
    assert trend.n_obs == len(rows)
    assert trend.last_date.isoformat() == "2010-12-31"
    # Those of the usual form are read all at once.
    assert len(read) == n_read


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.dates().map(str),
            st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{2}", fullmatch=True),
            st.text(alphabet="0129-W\u0663T ", max_size=11),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_usual_form_means_what_the_forms_say(texts: list[str]) -> None:
    at_once = dates._read_iso(pd.Index(texts, dtype="str"))
    if at_once is not None:
        expected = [dates._read_form(text) for text in texts]
        assert expected == [("days", day) for day in at_once.astype("datetime64[D]").tolist()]


def test_the_rows_of_a_plain_file_are_held_once_as_text(tmp_path: Path) -> None:
    path = tmp_path / "chips.csv"
    pd.DataFrame({"date": ["2016-01-01"] * 10_000, "value": 1.5}).to_csv(path, index=False)
    rows = read_rows(path)
    assert rows.frame.memory_usage(deep=True).sum() < 2 * path.stat().st_size
    assert isinstance(rows.labels, range)
