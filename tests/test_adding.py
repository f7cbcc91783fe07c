from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memwall_trends.curation import adding
from memwall_trends.curation.adding import add_rows, check_rows, chip_rows, find_effects, read_chip
from memwall_trends.datasets import datasets_folder, load_table
from memwall_trends.datasets.overlay import read_overlay
from memwall_trends.datasets.parsing import Reading
from memwall_trends.errors import MemwallError
from memwall_trends.fitting.trends import fit_trend

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Run = Callable[..., Any]

CHIP = """
name = "Acme A1"
vendor = "Acme"
kind = "accelerator"
segment = "server"
product_class = "training-accelerator"
architecture = "Acme A"
date = 2026-06-01
source = "https://acme.example/a1.pdf"
locator = "page 2"
"""
VALUES = """
[[values]]
table = "peak_flops"
value = "989.5 TFLOP/s"
precision = "bf16"
engine = "matrix"

[[values]]
table = "peak_flops"
value = "1979 TFLOP/s"
precision = "bf16"
engine = "matrix"
sparsity = "structured"

[[values]]
table = "dram_bandwidth"
value = "3.35 TB/s"
memory = "HBM3"

[[values]]
table = "memory_capacity"
value = "80 GiB"
memory = "HBM3"

[[values]]
table = "interconnect_bandwidth"
value = "3600 Gbit/s"
family = "NVLink"
scope = "device"
lanes = 36
"""
OPTIONS = [
    *["--name", "Acme A1", "--vendor", "Acme", "--kind", "gpu", "--date", "2026-06", "--memory", "HBM3e"],
    *["--source", "https://acme.example/a1.pdf", "--locator", "page 2"],
]


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file named chip.toml."""

    def write(content: str) -> Path:
        path = tmp_path / "chip.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


# Describing a chip


def test_a_chip_is_read_with_all_its_values_in_canonical_units(toml: Callable[[str], Path]) -> None:
    rows = read_chip(toml(CHIP + VALUES))
    assert rows["value"].tolist() == ["989500", "1979000", "3350", "85.89934592", "450"]
    assert rows["unit"].tolist() == ["GFLOP/s", "GFLOP/s", "GB/s", "GB", "GB/s"]
    assert rows["sparsity"].tolist() == ["dense", "structured", "", "", ""]
    assert set(rows["name"]) == {"Acme A1"}
    assert set(rows["date"]) == {"2026-06-01"}
    assert set(rows["evidence"]) == {"read"}
    assert set(rows["date_source"]) == set(rows["source_url"]) == {"https://acme.example/a1.pdf"}


def test_a_capacity_in_binary_units_says_what_was_given(toml: Callable[[str], Path]) -> None:
    rows = read_chip(toml(CHIP + VALUES))
    assert rows["note"].tolist() == ["", "", "", "given as 80 GiB", ""]
    assert check_rows(rows).empty


def test_a_source_is_described_where_it_is_new(toml: Callable[[str], Path]) -> None:
    described = (
        '[source]\nkey = "acme-a1"\nkind = "datasheet"\ntitle = "A1"\npublisher = "Acme"\n'
        'url = "https://acme.example/a1"\n'
    )
    chip = CHIP.replace('source = "https://acme.example/a1.pdf"\n', "")
    (row, *_) = read_chip(toml(chip + described + VALUES)).to_dict(orient="records")
    assert (row["source"], row["source_kind"], row["source_title"]) == ("acme-a1", "datasheet", "A1")
    assert (row["source_publisher"], row["source_url"]) == ("Acme", "https://acme.example/a1")


def test_a_csv_describes_chips_too(tmp_path: Path) -> None:
    path = tmp_path / "chips.csv"
    path.write_text(
        "table,name,vendor,kind,date,value,unit,memory,source,locator\n"
        "dram_bandwidth,Acme A1,Acme,gpu,2026,8 TB/s,,HBM3e,vaswani2017,x\n"
        "memory_capacity,Acme A1,Acme,gpu,2026,288,GB,HBM3e,vaswani2017,x\n"
        "memory_capacity,Acme A0,Acme,gpu,2025-06,0.1,TB,HBM3e,vaswani2017,x\n"
    )
    rows = read_chip(path)
    assert rows["value"].tolist() == ["8000", "288", "100"]
    assert rows["date"].tolist() == ["2026-01-01", "2026-01-01", "2025-06-01"]


def test_what_was_added_can_be_added_again_elsewhere(toml: Callable[[str], Path], tmp_path: Path) -> None:
    rows = read_chip(toml(CHIP + VALUES))
    add_rows(rows, tmp_path / "mine.csv")
    again = read_chip(tmp_path / "mine.csv")
    assert again.equals(rows)
    assert read_overlay(tmp_path / "mine.csv")[0].astype(str).equals(rows.astype(str))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name = ", "chip.toml: not a TOML file"),
        (CHIP, "chip.toml: no values; expected at least one"),
        (CHIP + "colour = 'red'\n" + VALUES, "chip.toml: unknown key 'colour'"),
        ("values = 3", "'values' is a list of tables"),
        (CHIP.replace("source", "sauce") + VALUES, "unknown key 'sauce'; did you mean 'source'?"),
        (CHIP.replace('source = "https://acme.example/a1.pdf"', "") + VALUES, "value 1: no source; expected"),
        (CHIP + VALUES.replace("dram_bandwidth", "ram"), "value 3: unknown table 'ram'"),
        (CHIP + VALUES.replace("memory", "ram", 1), "value 3: unknown column 'ram'"),
        (CHIP + VALUES.replace("3.35 TB/s", "3,35 TB/s"), "value 3: cannot read the quantity '3,35 TB/s'"),
        (CHIP + VALUES.replace("3.35 TB/s", "80 GB"), "value 3: '80 GB' does not measure what GB/s measures"),
        (CHIP.replace("2026-06-01", '"soon"') + VALUES, "value 1: cannot read the date 'soon'"),
    ],
)
def test_what_is_no_chip_is_a_message(toml: Callable[[str], Path], content: str, message: str) -> None:
    path = toml(content)
    with pytest.raises(MemwallError) as raised:
        read_chip(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_only_toml_and_csv_are_read(tmp_path: Path) -> None:
    for name, message in (("chip.yaml", "ends in .toml or .csv"), ("none.toml", "No such file")):
        with pytest.raises(MemwallError, match=message):
            read_chip(tmp_path / name)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@pytest.mark.parametrize("name", ["chip.toml", "chip.csv"])
def test_any_bytes_are_a_chip_or_a_message(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    try:
        rows = read_chip(path)
    except MemwallError:
        return
    assert len(rows)


# What a chip does to the trends


def test_the_rate_after_adding_is_the_rate_with_the_file(toml: Callable[[str], Path], tmp_path: Path) -> None:
    rows, mine = read_chip(toml(CHIP + VALUES)), tmp_path / "mine.csv"
    effects = find_effects(rows, mine)
    assert [(effect.series, effect.options) for effect in effects] == [
        ("peak_flops", {}),
        ("dram_bandwidth", {}),
        ("memory_capacity", {}),
        ("interconnect_bandwidth", {"where": {"scope": ["device"]}}),
    ]
    add_rows(rows, mine)
    for effect in effects:
        assert effect.before is not None
        assert effect.after is not None
        before = fit_trend(effect.series, **effect.options)
        after = fit_trend(effect.series, overlay=[mine], **effect.options)
        assert effect.before.slope == before.slope
        assert effect.after.slope == after.slope != before.slope
        assert effect.after.n_obs == before.n_obs + 1


def test_a_second_chip_is_compared_with_the_file_as_it_stands(
    toml: Callable[[str], Path], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.csv"
    add_rows(read_chip(toml(CHIP + VALUES)), mine)
    second = read_chip(toml(CHIP.replace("A1", "A2") + VALUES))
    effect = find_effects(second, mine)[0]
    assert effect.before is not None
    assert effect.before.slope == fit_trend("peak_flops", overlay=[mine]).slope


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ({"table": "peak_flops", "precision": "fp8", "engine": "matrix"}, {"precision": "fp8"}),
        (
            {"table": "peak_flops", "precision": "int8", "engine": "matrix"},
            {"where": {"precision": ["int8"]}},
        ),
    ],
)
def test_a_rate_that_the_default_leaves_out_is_shown_where_it_counts(
    value: dict[str, str], options: dict[str, Any]
) -> None:
    chip = {"name": "Acme A1", "kind": "gpu", "date": "2026", "value": "4e6", "source": "vaswani2017"}
    usual, asked = find_effects(chip_rows([{**chip, **value}], "test"))
    assert usual.options == {}
    assert asked.options == options
    assert usual.before is not None
    assert usual.after is not None
    assert usual.before.n_obs == usual.after.n_obs
    assert asked.before is not None
    assert asked.after is not None
    assert asked.after.n_obs == asked.before.n_obs + 1


def test_a_machine_without_dram_does_not_move_the_fit_of_dram() -> None:
    chip = {"name": "Acme A1", "kind": "accelerator", "date": "2026", "source": "vaswani2017"}
    row = {**chip, "table": "dram_bandwidth", "value": "20 PB/s", "memory": "SRAM"}
    (effect,) = find_effects(chip_rows([row], "test"))
    assert effect.options == {"where": {"memory": ["SRAM"]}}


def test_a_folder_that_is_not_ours_is_no_place_for_rows(tmp_path: Path) -> None:
    with pytest.raises(MemwallError, match="is a folder; expected a CSV file"):
        add_rows(
            chip_rows(
                [{"table": "model_size", "name": "A", "date": "2026", "value": "1", "source": "x"}], "t"
            ),
            tmp_path,
        )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("name = true\n", "value 1: name is bool; expected text, a number or a day"),
        ('name = ["x"]\n', "value 1: name is list"),
        ("note = {a = 1}\n", "value 1: note is dict"),
        ('name = "a\\u202Eb"\n', "value 1: name holds a character that cannot be printed"),
        ('precision = "fp8"\n', "value 1: memory_capacity has no column 'precision'"),
    ],
)
def test_a_cell_is_text_a_number_or_a_day(toml: Callable[[str], Path], values: str, message: str) -> None:
    chip = CHIP.replace('name = "Acme A1"\n', "") if values.startswith("name") else CHIP
    value = '[[values]]\ntable = "memory_capacity"\nvalue = "80 GB"\n' + values
    with pytest.raises(MemwallError, match=re.escape(message)):
        read_chip(toml(chip + value))


def test_a_unit_written_out_settles_no_other_doubt() -> None:
    chip = {"name": "Acme A1", "vendor": "Acme", "kind": "gpu", "date": "2026", "source": "vaswani2017"}
    row = {**chip, "table": "memory_capacity", "value": "80000 GiB", "memory": "HBM3e", "locator": "x"}
    problems = check_rows(chip_rows([row], "test"))
    assert problems["rule"].tolist() == ["off-trend"]


@pytest.mark.parametrize(
    ("first", "second"),
    [(("dense", "2.5e6"), ("structured", "2e6")), (("structured", "2e6"), ("dense", "2.5e6"))],
)
def test_a_new_rate_is_checked_against_those_that_are_there(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str]
) -> None:
    chip = {"name": "Acme A1", "vendor": "Acme", "kind": "gpu", "date": "2026", "source": "vaswani2017"}
    rates = [
        chip_rows(
            [
                {**chip, "table": "peak_flops", "precision": "bf16", "engine": "matrix", "locator": "x"}
                | {"sparsity": sparsity, "value": value}
            ],
            "test",
        )
        for sparsity, value in (first, second)
    ]
    add_rows(rates[0], tmp_path / "mine.csv")
    assert check_rows(rates[1], tmp_path / "mine.csv")["rule"].tolist() == ["dense-above-sparse"]


def test_a_rate_above_our_sparse_one_is_refused() -> None:
    ours = load_table("peak_flops").query("name == 'NVIDIA H100 SXM5' and precision == 'bf16'").iloc[0]
    row = {
        "table": "peak_flops",
        "value": "3 PFLOP/s",
        "precision": "bf16",
        "engine": "matrix",
        "source": "vaswani2017",
    }
    device = {
        "name": ours["name"],
        "vendor": "NVIDIA",
        "kind": "gpu",
        "date": str(ours["date"].date()),
        "locator": "x",
    }
    assert "dense-above-sparse" in set(check_rows(chip_rows([{**row, **device}], "test"))["rule"])


@pytest.mark.parametrize("content", ["", "HEADER\n", "\nHEADER\n", "HEADER\n\n\n"])
def test_a_file_without_rows_takes_the_first(
    toml: Callable[[str], Path], tmp_path: Path, content: str
) -> None:
    from memwall_trends.datasets.overlay import overlay_columns

    mine = tmp_path / "mine.csv"
    mine.write_text(content.replace("HEADER", ",".join(overlay_columns())))
    rows = read_chip(toml(CHIP + VALUES.replace("3.35 TB/s", "3.35 GB/s")))
    assert set(check_rows(rows, mine)["row"]) == {3}
    assert find_effects(rows, mine)
    add_rows(rows, mine)
    assert len(read_overlay(mine)[0]) == len(rows)


# The command


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_add_says_what_it_will_do_and_does_it(run: Run, toml: Callable[[str], Path], tmp_path: Path) -> None:
    toml(CHIP + VALUES)
    planned = json.loads(
        run("add", "--from", "chip.toml", "--into", "mine.csv", "--dry-run", "--format", "json").out
    )
    assert not (tmp_path / "mine.csv").exists()
    done = json.loads(run("add", "--from", "chip.toml", "--into", "mine.csv", "--format", "json").out)
    assert (planned["written"], done["written"]) == (False, True)
    assert planned["effects"] == done["effects"]
    assert planned["rows"] == done["rows"]
    for effect in done["effects"][:3]:
        rate = json.loads(run("rate", effect["series"], "--with", "mine.csv", "--format", "json").out)
        assert rate["rate"] == effect["after"]["rate"]
        assert rate["n_obs"] == effect["after"]["n_obs"] == effect["before"]["n_obs"] + 1
        plain = json.loads(run("rate", effect["series"], "--format", "json").out)
        assert plain["rate"] == effect["before"]["rate"]
    table = run("data", "show", "peak_flops", "--with", "mine.csv", "--where", "name=Acme A1").out
    assert "989,500" in table


def test_a_single_value_is_added_in_options(run: Run, tmp_path: Path) -> None:
    result = run("add", "dram_bandwidth", "8 TB/s", *OPTIONS, "--into", "mine.csv")
    assert result.code == 0
    assert "1 value added" in result.out
    (row,) = read_overlay(tmp_path / "mine.csv")[0].to_dict(orient="records")
    assert (row["value"], row["unit"], row["date"]) == ("8000", "GB/s", "2026-06-01")
    again = run("add", "dram_bandwidth", "8 TB/s", *OPTIONS, "--into", "mine.csv")
    assert again.code == 2
    assert "mine.csv: dram_bandwidth Acme A1 is there already" in again.err


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("80 TB/s", "gives any device at most"),
        ("8 GB/s", "a thousand times too low"),
    ],
)
def test_what_is_implausible_is_refused_with_the_reason(
    run: Run, tmp_path: Path, value: str, reason: str
) -> None:
    refused = run("add", "dram_bandwidth", value, *OPTIONS, "--into", "mine.csv")
    assert refused.code == 2
    assert reason in refused.err
    assert "--checked" in refused.err
    assert not (tmp_path / "mine.csv").exists()
    accepted = run(
        "add", "dram_bandwidth", value, *OPTIONS, "--into", "mine.csv", "--checked", "by the maker"
    )
    assert accepted.code == 0
    assert read_overlay(tmp_path / "mine.csv")[0].loc[0, "note"] == "checked: by the maker"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--name", "AMD Instinct MI300X", "--vendor", "AMD"], "one-identity"),
        (["--name", "Instinct MI-300X", "--vendor", "AMD", "--date", "2023-12-06"], "near-duplicate"),
        (["--name", "Acme GB200"], "per-package"),
        (["--kind", "chip"], "kind"),
        (["--evidence", "quoted"], "quoted-through"),
    ],
)
def test_a_wrong_row_is_refused_with_the_rule(
    run: Run, tmp_path: Path, change: list[str], reason: str
) -> None:
    result = run("add", "memory_capacity", "288 GB", *OPTIONS, *change, "--into", "mine.csv")
    assert result.code == 2
    assert reason in result.err
    assert not (tmp_path / "mine.csv").exists()


def test_dense_above_sparse_is_refused_even_if_checked(run: Run, toml: Callable[[str], Path]) -> None:
    toml(CHIP + VALUES.replace("1979 TFLOP/s", "900 TFLOP/s"))
    result = run("add", "--from", "chip.toml", "--into", "mine.csv", "--checked", "sure")
    assert result.code == 2
    assert "is not above dense" in result.err
    assert "nothing was written" in result.err


def test_answers_describe_a_chip(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    answers = [
        *["Acme A1", "Acme", "chip", "gpu", "2026-06", "https://acme.example/a1", "page 2", ""],
        *["datasheet", "A1 datasheet", "Acme", ""],
        *["dram_bandwidth", "8 TB/s", "HBM3e", "y", "memory_capacity", "192 GB", "HBM3e", "n"],
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    result = run("add", "--into", "mine.csv")
    assert result.code == 0, result.err
    assert "'chip' is none of them" in result.err
    rows = read_overlay(tmp_path / "mine.csv")[0]
    assert rows["value"].tolist() == ["8000", "192"]
    assert set(rows["source_title"]) == {"A1 datasheet"}
    assert set(rows["source_url"]) == {"https://acme.example/a1"}


def test_answers_that_are_refused_are_not_lost(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    answers = [
        *["Acme A1", "Acme", "gpu", "2026-06", "vaswani2017", "page 2", ""],
        *["dram_bandwidth", "80 TB/s", "HBM3e", "n"],
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    result = run("add", "--into", "mine.csv")
    assert result.code == 2
    assert "bandwidth-ceiling" in result.err
    saved = result.err.partition("as a CSV for --from:\n")[2]
    (tmp_path / "saved.csv").write_text(saved.replace("80 TB/s", "8 TB/s"), encoding="utf-8")
    assert run("add", "--from", "saved.csv", "--into", "mine.csv").code == 0


def test_no_answer_is_a_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    result = run("add")
    assert result.code == 2
    assert "describe the chip in a file (add --from chip.toml) or in options" in result.err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["--from", "none.toml"], "none.toml: cannot be read"),
        (["--from", "none.toml", "--name", "A"], "--from describes the chip: leave 'name' out"),
        (["--name", "A"], "no table; expected one and its value"),
        (["dram_bandwidth", *OPTIONS], "cannot read the quantity ''"),
        (["flops", "3"], "unknown table 'flops'"),
    ],
)
def test_wrong_use_of_add_is_a_message(run: Run, command: list[str], message: str) -> None:
    result = run("add", *command, "--into", "mine.csv")
    assert result.code == 2
    assert message in result.err


def test_in_a_checkout_the_tables_grow_by_default(
    run: Run, toml: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "datasets"
    shutil.copytree(datasets_folder(), folder)
    for module in ("datasets", "datasets.registry", "curation.validation", "curation.adding"):
        monkeypatch.setattr(f"memwall_trends.{module}.datasets_folder", lambda: folder)
    described = (
        '[source]\nkey = "acme-a1"\nkind = "datasheet"\ntitle = "A1"\npublisher = "Acme"\n'
        'url = "https://acme.example/a1"\n'
    )
    toml(CHIP.replace('source = "https://acme.example/a1.pdf"\n', "") + described + VALUES)
    result = run("add", "--from", "chip.toml")
    assert result.code == 0, result.err
    assert load_table("dram_bandwidth").query("name == 'Acme A1'")["value"].tolist() == [3350]
    assert "acme-a1" in set(load_table("sources")["source"])
    checked = run("validate")
    assert checked.code == 0, checked.out


def test_in_an_installation_a_file_of_the_users_grows_by_default(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memwall_trends.datasets.appending.in_checkout", lambda folder: False)
    assert run("add", "dram_bandwidth", "8 TB/s", *OPTIONS).code == 0
    assert (tmp_path / "my-chips.csv").exists()


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_reason_that_says_nothing_is_none(run: Run, reason: str) -> None:
    result = run("add", "dram_bandwidth", "80 TB/s", *OPTIONS, "--into", "mine.csv", "--checked", reason)
    assert result.code == 2
    assert "how was it checked?" in result.err


def test_an_unrelated_note_settles_nothing(run: Run) -> None:
    result = run(
        "add", "dram_bandwidth", "80 TB/s", *OPTIONS, "--into", "mine.csv", "--note", "unchecked: guess"
    )
    assert result.code == 2
    assert "bandwidth-ceiling" in result.err


@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_a_place_for_no_file_is_refused_before_anything_else(
    run: Run, tmp_path: Path, dry: list[str]
) -> None:
    for place in (tmp_path, Path("/dev/null")):
        result = run("add", "dram_bandwidth", "8 TB/s", *OPTIONS, "--into", str(place), *dry)
        assert result.code == 2
        assert "expected a CSV file" in result.err
    assert Path("/dev/null").is_char_device()


def test_hostile_names_stay_text(run: Run, tmp_path: Path) -> None:
    for number, name in enumerate(
        ["</script><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", 'a"b,c\nd']
    ):
        options = [*OPTIONS[2:], "--name", name, "--vendor", f"Acme {number}"]
        result = run("add", "dram_bandwidth", "8 TB/s", *options, "--into", "mine.csv")
        assert result.code == 0, result.err
    names = read_overlay(tmp_path / "mine.csv")[0]["name"].tolist()
    assert names == ["</script><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", 'a"b,c d']
    assert adding.read_chip(tmp_path / "mine.csv")["name"].tolist() == names


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chip.tsv", "table\tname\tdate\tvalue\tsource\ndram_bandwidth\tAcme A1\t2026\t8 TB/s\tacme\n"),
        ("chip.csv", "table;name;date;value;source\ndram_bandwidth;Acme A1;2026;8 TB/s;acme\n"),
        (
            "chip.json",
            '[{"table": "dram_bandwidth", "name": "Acme A1", "date": "2026", "value": "8 TB/s", '
            '"source": "acme"}]',
        ),
    ],
)
def test_a_table_of_any_kind_describes_chips(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    rows = read_chip(tmp_path / name)
    assert rows[["name", "value", "unit"]].to_numpy().tolist() == [["Acme A1", "8000", "GB/s"]]


def test_a_decimal_comma_in_a_table_of_chips_is_named(tmp_path: Path) -> None:
    path = tmp_path / "chip.csv"
    path.write_text("table;name;date;value;source\ndram_bandwidth;Acme A1;2026;3,35 TB/s;acme\n")
    with pytest.raises(MemwallError, match="cannot read the quantity '3,35 TB/s'"):
        read_chip(path)
    assert read_chip(path, Reading(decimal=",")).loc[0, "value"] == "3350"


def test_a_model_of_another_vendor_is_no_duplicate(run: Run) -> None:
    chip = [
        "--name",
        "Acme M3",
        "--vendor",
        "Acme",
        "--kind",
        "gpu",
        "--date",
        "2026-06",
        "--memory",
        "HBM3e",
    ]
    source = ["--source", "https://acme.example/m3", "--locator", "p1", "--into", "mine.csv"]
    result = run("add", "dram_bandwidth", "8 TB/s", *chip, *source)
    assert result.code == 0, result.err
