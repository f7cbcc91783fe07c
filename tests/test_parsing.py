from __future__ import annotations

import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from memwall_trends import MemwallError, fit_trend
from memwall_trends.datasets.parsing import Reading, find_column, read_rows, unique_names

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

CASES = Path(__file__).parent / "cases"
TEXT = "date,value\n2016,100\n2018,160\n2020,290\n2022,400\n2024,800\n"
RATE = 1.6611


def rate(path: Path, **choices: Any) -> float:
    return round(fit_trend(path, **choices).growth_factor(), 4)


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("folder/chips.csv", content)
        archive.writestr("__MACOSX/chips.csv", b"x")
    return buffer.getvalue()


def workbook(sheets: dict[str, list[list[str]]]) -> bytes:
    """Return an Excel workbook of these cells, by the parts of Office Open XML that it needs."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        names = [f"sheet{number}.xml" for number in range(1, len(sheets) + 1)]
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/{name}" ContentType="{kind}.worksheet+xml"/>'
            for name in names
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{packages}/content-types"><Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{kind}.sheet.main+xml"/>{overrides}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(
            f'<sheet name="{title}" sheetId="{number}" r:id="r{number}"/>'
            for number, title in enumerate(sheets, start=1)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
        )
        related = "".join(
            f'<Relationship Id="r{number}" Type="{office}/worksheet" Target="worksheets/{name}"/>'
            for number, name in enumerate(names, start=1)
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{packages}/relationships">{related}</Relationships>',
        )
        for name, rows in zip(names, sheets.values(), strict=True):
            lines = "".join(f"<row>{''.join(map(cell_of_sheet, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/{name}",
                f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
            )
    return buffer.getvalue()


def cell_of_sheet(cell: str) -> str:
    return f"<c><v>{cell}</v></c>" if cell.isdigit() else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'


# Separators and headers


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "  ", " \t "])
def test_cells_are_separated_by_what_separates_them(tmp_path: Path, separator: str) -> None:
    assert rate(written(tmp_path, "chips.txt", TEXT.replace(",", separator))) == RATE


def test_a_separator_that_stands_in_every_cell_is_told_from_the_one_that_separates(tmp_path: Path) -> None:
    text = TEXT.replace(",", ";").replace("value", "value, all").replace("0\n", "0,0\n")
    assert rate(written(tmp_path, "a.csv", text), value_column="value, all") == RATE
    assert rate(written(tmp_path, "b.csv", "sep=;\n" + TEXT.replace(",", ";"))) == RATE


def test_a_header_is_found_in_a_comment_or_missed(tmp_path: Path) -> None:
    body = TEXT.partition("\n")[2]
    for text in (f"# made by hand\n# date,value\n{body}", f"# date,value\n# 5 rows\n{body}\n"):
        rows = read_rows(written(tmp_path, "a.csv", text))
        assert list(rows.frame.columns) == ["date", "value"]
        assert (rows.found.header, rows.found.comment_lines, len(rows.frame)) == ("comment", 1, 5)
    path = written(tmp_path, "b.csv", body)
    assert rate(path, reading=Reading(header=False)) == RATE
    with pytest.raises(MemwallError, match="if the first row is no header: --no-header"):
        fit_trend(path)


def test_a_comment_sign_within_quotes_is_text(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'date,value,note\n2016,1,"a\n# b"\n# c\n2018,2,d\n2020,3,e\n')
    rows = read_rows(path)
    assert rows.frame["note"].tolist() == ["a\n# b", "d", "e"]
    assert rows.labels == [3, 5, 6]
    with pytest.raises(MemwallError, match="row 4: 1 cells where the header has 3"):
        read_rows(path, Reading(comment="%"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,value\n2016,1,2\n", "row 2: 3 cells where the header has 2"),
        ("date,value,name\n2016,1\n", "row 2: 2 cells where the header has 3"),
        ("a;b\n1;2;3\n", "separated by a semicolon: --separator names another"),
        ('date,value\n2016,"1\n', "row 2: not a CSV"),
    ],
)
def test_rows_that_do_not_fit_the_header_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        read_rows(written(tmp_path, "a.csv", text))


# Columns


def test_columns_are_found_by_name_or_number() -> None:
    columns = ["Year", "GB/s", "2"]
    assert find_column(columns, "year", "--date-column", "x") == "Year"
    assert find_column(columns, 1, "--date-column", "x") == "Year"
    assert find_column(columns, "2", "--date-column", "x") == "2"  # a name first
    with pytest.raises(MemwallError, match=r"no column '9'.*Columns: Year, GB/s, 2"):
        find_column(columns, 9, "--date-column", "x")


def test_only_the_chosen_columns_and_rows_matter(tmp_path: Path) -> None:
    text = "vendor,date,value,other,other,\n" + "".join(
        f"A,{2010 + 2 * n},{2**n},x,,\nB,someday,no number,,y,\n" for n in range(4)
    )
    path = written(tmp_path, "a.csv", text)
    assert rate(path, vendor="a") == pytest.approx(2, rel=1e-3)
    with pytest.raises(MemwallError, match="row 3, column 'date': 'someday'"):
        fit_trend(path)
    with pytest.raises(
        MemwallError, match="the header names a column twice: vendor, date, value, other, other"
    ):
        fit_trend(path, value_column="other")
    bad_before = "date,value\n2000,none known\n2010,1\n2012,2\n2014,4\n"
    assert rate(written(tmp_path, "b.csv", bad_before), since=2005) == pytest.approx(2, rel=1e-3)


def test_names_that_are_there_twice_are_told_apart() -> None:
    assert unique_names(["a", "a", "", "b"]) == ["a (column 1)", "a (column 2)", "column 3", "b"]


@pytest.mark.parametrize(("date", "value"), [(0, 1), ("0", "1")])
def test_a_frame_has_any_labels(date: str | int, value: str | int) -> None:
    frame = pd.DataFrame([["2018", 5.0], ["2019", 7.0], ["2020", 8.0]])
    assert fit_trend(frame, date_column=date, value_column=value).n_obs == 3
    with pytest.raises(MemwallError, match=r"no column 'date'.*Columns: 0, 1"):
        fit_trend(frame)


# Missing values


def test_missing_values_are_skipped_and_counted(tmp_path: Path) -> None:
    text = "date,value\n2016,100\n2017,?\n,5\n2018,160\n2019,0\n2020,290\n"
    path = written(tmp_path, "a.csv", text)
    with pytest.raises(MemwallError, match=r"row 3, column 'value': '\?'.*--missing-token '\?'"):
        fit_trend(path)
    with pytest.raises(MemwallError, match=r"row 6, column 'value': '0'.*--zero-is-missing"):
        fit_trend(path, reading=Reading(missing_token=("?",)))
    trend = fit_trend(path, reading=Reading(missing_token=("?",), zero_is_missing=True))
    assert trend.n_obs == 3
    assert trend.found is not None
    assert trend.found.skipped == (3, 4, 6)
    assert "3 skipped for an empty cell" in trend.describe()
    with pytest.raises(MemwallError, match=r"row 4, column 'date': empty"):
        fit_trend(path, reading=Reading(missing="fail", missing_token=("?",)))


def test_a_frame_has_missing_values_too() -> None:
    frame = pd.DataFrame({"date": [2016, 2018, 2020, 2022], "value": [1.0, None, 4.0, 8.0]})
    trend = fit_trend(frame)
    assert (trend.n_obs, trend.found.skipped if trend.found else ()) == (3, (1,))


# Encodings and compression


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp1251"]
)
def test_a_text_is_decoded_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    russian = "\u0411\u0430\u0439\u043a\u0430\u043b \u042d\u043b\u044c\u0431\u0440\u0443\u0441"
    name = russian if encoding == "cp1251" else "Größe"
    text = TEXT.replace("\n", f",{name}\n").replace(name, "name", 1)
    path = written(tmp_path, "a.csv", text.encode(encoding))
    rows = read_rows(path)
    assert rows.frame["name"].unique().tolist() == [name]
    assert rate(path, reading=Reading(encoding=encoding)) == RATE


def test_a_wrong_encoding_is_a_message(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"date,value\n2010,\xff\n")
    with pytest.raises(MemwallError, match="row 2: the text is not in utf-8"):
        read_rows(path, Reading(encoding="utf-8"))
    with pytest.raises(MemwallError, match="--encoding 'latin-99' is not known"):
        Reading(encoding="latin-99")


@pytest.mark.parametrize(
    ("name", "compress"),
    [("a.csv.gz", gzip.compress), ("a.csv.xz", lzma.compress), ("a.zip", zipped)],
)
def test_a_compressed_file_is_read(tmp_path: Path, name: str, compress: Callable[[bytes], bytes]) -> None:
    path = written(tmp_path, name, compress(TEXT.encode()))
    trend = fit_trend(path)
    assert (round(trend.growth_factor(), 4), trend.series) == (RATE, "a")
    broken = written(tmp_path, name, compress(TEXT.encode())[:-9])
    with pytest.raises(MemwallError, match="cannot be"):
        fit_trend(broken)


# Other formats


def test_a_workbook_is_read_by_sheet(tmp_path: Path) -> None:
    written(tmp_path, "a.xlsx", workbook({"Empty": [], "Rows": [line.split(",") for line in TEXT.split()]}))
    trend = fit_trend(tmp_path / "a.xlsx")
    assert round(trend.growth_factor(), 4) == RATE
    assert trend.found is not None
    assert (trend.found.format, trend.found.sheet) == ("excel", "Rows")
    with pytest.raises(MemwallError, match="unknown sheet 'Columns'"):
        fit_trend(tmp_path / "a.xlsx", reading=Reading(sheet="Columns"))


def test_parquet_and_json_are_read(tmp_path: Path) -> None:
    frame = pd.read_csv(io.StringIO(TEXT))
    frame.to_parquet(tmp_path / "a.parquet")
    assert rate(tmp_path / "a.parquet") == RATE
    records = json.loads(frame.to_json(orient="records"))
    lines = "\n".join(map(json.dumps, records))
    shapes = (
        json.dumps(records),
        lines,
        json.dumps({"rows": records}),
        json.dumps(frame.to_dict(orient="list")),
    )
    for number, shape in enumerate(shapes):
        assert rate(written(tmp_path, f"{number}.json", shape)) == RATE


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pdf", b"%PDF-1.7", "this is a PDF, not a table"),
        ("a.csv", "<!DOCTYPE html><html>", "this is an HTML or XML page, not CSV"),
        ("a.md", "GPU | Year\n--- | ---\nA | 2016\n", "this is a Markdown table, not CSV"),
        ("a.json", '{"a": 1}', "this is JSON, but no list of records"),
        ("a.json", "[{]", "begins like JSON, and is none"),
        ("a.xlsx", b"PK\x03\x04broken", "cannot be decompressed"),
        ("a.xls", b"\xd0\xcf\x11\xe0broken", "not a workbook that can be read"),
        ("a.parquet", b"PAR1broken", "cannot be read as Parquet"),
        ("a.csv", "", "the file is empty"),
        ("a.csv", "date,value\n", "no rows under the header"),
    ],
)
def test_what_is_no_table_is_named_as_what_it_is(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(MemwallError, match=message):
        fit_trend(written(tmp_path, name, content))


def test_standard_input_is_a_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT))
    record = json.loads(run("rate", "-", "--format", "json").out)
    assert (round(record["rate"], 4), record["series"]) == (RATE, "standard input")


def test_an_address_and_a_missing_file_are_told_from_a_series(run: Run) -> None:
    for command in (["rate"], ["rate", "peak_flops", "--with"], ["add", "--from"], ["validate"]):
        shown = run(*command, "https://example.org/a.csv")
        assert "https://example.org/a.csv is an address" in " ".join((shown.out + shown.err).split())
    assert "a.tsv: cannot be read: No such file" in run("rate", "a.tsv").err


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"separator": "ab"}, "--separator 'ab' separates no cells"),
        ({"decimal": ";"}, "--decimal ';' is no decimal mark"),
        ({"missing": "drop"}, "unknown --missing 'drop'"),
        ({"date_format": "DMY"}, "--date-format 'DMY' is none: expected day-first"),
        ({"date_format": "%Q"}, "--date-format '%Q' is none"),
    ],
)
def test_what_is_said_wrongly_is_a_message(said: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        Reading(**said)


def test_how_to_read_is_said_of_files_only() -> None:
    with pytest.raises(MemwallError, match="how to read can be said of a file"):
        fit_trend("peak_flops", reading=Reading(separator=";"))
