from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from memwall_trends.cli.app import FIRST_STEPS
from memwall_trends.curation.adding import add_rows, read_chip
from memwall_trends.datasets import list_tables, load_table
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.units import format_number
from tests.refresh_examples import README, list_pages, read_chip_example

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Run = Callable[..., Any]
    CsvFile = Callable[[str | bytes], Path]

CHECKOUT = Path(__file__).parent.parent
COMMANDS = [
    *[["reproduce"], ["rate"], ["gap"], ["figures"], ["add"], ["validate"], ["cite"]],
    *[["sensitivity"], ["decompose"], ["diagnose"], ["stability"], ["backtest"], ["claims"]],
    *[["workload"], ["roofline"], ["when-bound"], ["training-memory"]],
    *[["data", "list"], ["data", "show"], ["data", "export"], ["data", "sources"]],
]
PAPER = ["--dataset", "gholami2024"]


# The commands of the README, of docs/ and of --help


def examples(text: str) -> list[tuple[str, str]]:
    """Return the commands of a text's console blocks, each with the output that follows it."""
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


EXAMPLES = dict.fromkeys(
    (command, output)
    for page in list_pages()
    for command, output in examples(page.read_text(encoding="utf-8"))
    if command.startswith("memwall-trends ")
)
LONG = ("memwall-trends sensitivity peak_flops",)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Work in a folder with the chip.toml of the guide."""
    (tmp_path / "chip.toml").write_text(read_chip_example(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def same_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("command", "output"),
    [
        pytest.param(command, output, id=command, marks=pytest.mark.slow if command in LONG else ())
        for command, output in EXAMPLES
    ],
)
def test_the_pages_show_what_their_commands_print(run: Run, command: str, output: str) -> None:
    if "my-chips.csv" in command and "add" not in command:
        add_rows(read_chip("chip.toml"), Path("my-chips.csv"))
    result = run(*shlex.split(command)[1:])
    assert result.code == 0
    if output.strip():
        assert same_lines(result.out) == same_lines(output)


def keys(value: Any) -> set[str]:
    """Return the keys of a JSON value, at every depth but for those that a user chooses."""
    if isinstance(value, list):
        return {key for item in value for key in keys(item)}
    if not isinstance(value, dict):
        return set()
    chosen = ("where", "numerator_where", "denominator_where")
    return set(value) | {
        key
        for name, item in value.items()
        # Effects by group have the names of groups; those of 'sensitivity' are a list.
        if name not in chosen and not (name == "effects" and isinstance(item, dict))
        for key in keys(item)
    }


@pytest.mark.parametrize(
    ("heading", "command"),
    [
        ("reproduce", "reproduce"),
        ("rate", "rate peak_flops --within kind"),
        ("rate", "rate peak_flops --by kind"),
        ("gap", "gap peak_flops dram_bandwidth --at 2030 --reach 1000"),
        ("gap", "gap peak_flops dram_bandwidth --by kind"),
        ("sensitivity", "sensitivity peak_flops --method ols"),
        ("decompose", "decompose peak_flops"),
        ("diagnose", "diagnose peak_flops"),
        ("stability", "stability peak_flops"),
        ("stability", "stability peak_flops --by kind"),
        ("backtest", "backtest peak_flops"),
        ("backtest", "backtest model_size --by kind"),
        ("claims", "claims --series memory_capacity"),
        ("workload", "workload mixtral-8x7b"),
        ("roofline", 'roofline llama-3-70b --device "NVIDIA H100 SXM5" --levers'),
        ("when-bound", "when-bound gpt2"),
        ("training-memory", "training-memory gpt2"),
    ],
)
def test_every_key_of_the_json_is_documented(run: Run, heading: str, command: str) -> None:
    pages = (CHECKOUT / "docs" / "json.md").read_text(encoding="utf-8").split("## memwall-trends ")
    # A bound has the keys of its workload too, and a projection those of rate's.
    shared = {"roofline": ["workload"], "when-bound": ["workload", "rate"], "gap": ["rate"]}
    headings = (heading, *shared.get(heading, []))
    (page, *more) = (page for page in pages if page.startswith(headings))
    cells = [
        line.split("|")[1] for part in (page, *more) for line in part.splitlines() if line.startswith("| `")
    ]
    documented = {name.split(".")[-1] for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    lists = {
        "groups",
        "observations",
        "intraclass",
        "shapes",
        "projections",
        "reach",
        "effects",
        "influence",
        "curve",
        "break",
        "rolling",
        "horizons",
        "leads",
    }
    lists |= {"operators", "levers", "batches", "frontier", "projection", "parts"}
    lists |= {"curated_window", "curated_today", "readings"}
    printed = keys(json.loads(run(*shlex.split(command), "--format", "json").out))
    assert printed - lists <= documented


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_pages_show_every_command(command: list[str]) -> None:
    assert any(example.startswith(" ".join(["memwall-trends", *command])) for example, _ in EXAMPLES)


def test_the_readme_is_short_and_shows_five_examples() -> None:
    readme = README.read_text(encoding="utf-8")
    shown = [command for command, output in examples(readme) if output.strip()]
    assert len(readme.splitlines()) <= 160
    assert len(shown) + readme.count("```python") == 5


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example_that_works(run: Run, command: list[str]) -> None:
    add_rows(read_chip("chip.toml"), Path("my-chips.csv"))
    help_ = run(*command, "--help")
    assert help_.code == 0
    example = re.search(r"Example: memwall-trends (.*)", help_.out)
    assert example is not None
    assert run(*shlex.split(example[1])).code == 0


@pytest.mark.parametrize(
    "command",
    [
        *COMMANDS[:1],
        ["reproduce", "--per", "20"],
        ["rate", "model_size"],
        ["rate", "peak_flops", "--by", "product_class"],
        ["gap", "peak_flops", "dram_bandwidth", "--by", "precision", "--segment", "server", "--per-operand"],
        ["stability", "dram_bandwidth", "--by", "kind"],
        ["backtest", "dram_bandwidth", "--by", "kind"],
        ["gap", "peak_flops", "dram_bandwidth", "--at", "2030", "--reach", "1000"],
        ["gap", "peak_flops", "memory_capacity", "--at", "2030", "--reach", "10000"],
        ["stability", "training_compute"],
        ["sensitivity", "training_compute"],
        ["backtest", "model_size"],
        ["claims"],
        ["data", "list"],
        *(["data", "show", table] for table in ("peak_flops", "errata", "sources", "claims", "models_nlp")),
        *([*command, "--help"] for command in COMMANDS),
    ],
    ids=" ".join,
)
def test_tables_fit_80_columns(run: Run, command: list[str]) -> None:
    result = run(*command)
    assert result.code == 0
    assert max(len(line) for line in result.out.splitlines()) <= 80


@pytest.mark.parametrize("table", [table.qualified_name for table in list_tables()])
def test_no_identifier_is_broken_in_a_table(run: Run, table: str) -> None:
    words = set(run("data", "show", table).out.split())
    rows = load_table(table)
    identifiers = {"claim"} if table == "claims" else {"quantity", "unit"}
    for column in identifiers & set(rows.columns):
        assert set(" ".join(rows[column].astype(str)).split()) <= words


def test_start_up_leaves_heavy_libraries_alone() -> None:
    code = (
        "import sys; from memwall_trends import cli;"
        "print([name for name in ('pandas', 'scipy', 'statsmodels', 'altair') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_commands_import_what_they_need() -> None:
    """One after the other in a process: what the first ones import, the last ones may."""
    code = """
import contextlib, io, sys
from memwall_trends import cli
HEAVY = ("numpy", "pandas", "scipy.special", "scipy.stats", "statsmodels", "altair", "vl_convert",
    "frictionless", "pybtex", "jinja2", "polars")
for arguments in (["--help"], ["rate", "--help"], ["data", "list"], ["rate", "peak_flops"],
        ["gap", "peak_flops", "dram_bandwidth"], ["reproduce"]):
    sys.argv = ["memwall-trends", *arguments]
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        cli.main()
    print(*[name for name in HEAVY if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    fitting = "numpy pandas scipy.special"
    assert done.stdout.splitlines() == ["", "", "numpy pandas", fitting, fitting, fitting]


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "memwall_trends", "--version"], check=True, capture_output=True, text=True
    )
    assert re.fullmatch(r"memwall-trends \d+\.\d+\.\d+\n", done.stdout)


# Without a command


@pytest.mark.usefixtures("folder")
def test_without_a_command_five_things_to_try_are_shown(run: Run) -> None:
    shown = run()
    assert shown.code == 0
    assert all(f"memwall-trends {command}" in shown.out for command in FIRST_STEPS)
    assert "memwall-trends --help" in shown.out
    assert max(len(line) for line in shown.out.splitlines()) <= 80


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", FIRST_STEPS)
def test_each_of_them_runs(run: Run, command: str) -> None:
    assert run(*command.split()).code == 0


# What they print


def test_reproduce_lists_the_six_claims(run: Run) -> None:
    claims = json.loads(run("reproduce", "--format", "json").out)
    assert [claim["series"] for claim in claims] == [
        "peak_flops",
        "dram_bandwidth",
        "interconnect_bandwidth",
        "training_compute",
        "model_size",
        "memory_capacity",
    ]
    assert all(claim["verdict"].startswith("agrees") for claim in claims)
    table = run("reproduce").out
    for printed in ("3.0x", "1.6x", "1.4x", "750x", "410x", "2x"):
        assert re.search(rf" {re.escape(printed)} ", table)
    assert "peak_flops 64,310x (printed: 60,000x)" in table


def test_claims_that_a_selection_leaves_out_are_explained(run: Run) -> None:
    result = run("reproduce", "--where", "kind=transformer")
    assert result.code == 0
    assert result.out.count("untested") == 4
    assert "Peak FLOPS 3.0x: no reading has enough devices" in result.out
    assert "peak_flops cannot be tested: no rows of peak_flops are left" in result.out
    assert "Per 20 years" not in result.out


def test_rate_says_which_rows_it_took_unasked(run: Run) -> None:
    assert "kind=transformer: fitted unless told otherwise" in run("rate", "model_size").out
    assert "unless told" not in run("rate", "model_size", "--where", "kind=cnn").out
    assert "unless told" not in run("rate", "peak_flops").out
    dram = " ".join(run("rate", "dram_bandwidth").out.split())
    assert "memory!=SRAM: fitted unless told otherwise; --where memory=VALUE chooses others" in dram


def test_rate_gives_the_documented_keys(run: Run) -> None:
    record = json.loads(run("rate", "peak_flops", *PAPER, "--format", "json").out)
    assert list(record) == [
        *["series", "dataset", "method", "n_obs", "first_date", "last_date", "rate", "ci_low", "ci_high"],
        *[
            "level",
            "period_years",
            "doubling_time_years",
            "halving_time_years",
            "r_squared",
            "where",
            "precision",
            "frontier",
            "counted",
            "within",
            "effects",
            "unit",
            "interval",
            "n_clusters",
            "seed",
            "warnings",
            "projections",
        ],
    ]
    assert record["rate"] == pytest.approx(3.02573, rel=1e-5)
    assert (record["ci_low"], record["ci_high"]) == pytest.approx((2.68233, 3.41309), rel=1e-5)
    assert record["r_squared"] == pytest.approx(0.908645, rel=1e-5)
    assert record["where"] == {}


def test_rate_takes_the_shared_options(run: Run) -> None:
    options = ["--since", "2010", "--until", "2020-06", "--where", "kind=gpu", "--where", "kind=accelerator"]
    record = json.loads(
        run("rate", "peak_flops", *PAPER, *options, "--per", "1", "--level", "0.8", "--format", "json").out
    )
    assert (record["first_date"], record["last_date"]) == ("2010-01-01", "2020-05-14")
    assert (record["period_years"], record["level"]) == (1, 0.8)
    assert record["where"] == {"kind": ["gpu", "accelerator"]}


def test_rate_of_a_file(run: Run, csv_file: CsvFile) -> None:
    path = csv_file("day,gb_s,chip\n2010,1,a\n2012-01-01,4,a\n2014,16,a\n2014,99,b\n")
    options = ["--date-column", "day", "--value-column", "gb_s", "--where", "chip=a", "--format", "json"]
    record = json.loads(run("rate", str(path), *options).out)
    assert record["rate"] == pytest.approx(4, rel=1e-3)
    assert (record["series"], record["dataset"], record["n_obs"]) == ("chips", str(path), 3)


def test_gap_projects(run: Run) -> None:
    result = run(
        *("gap", "peak_flops", "dram_bandwidth", *PAPER),
        *("--at", "2030", "--at", "2020-01-01", "--format", "json"),
    )
    record = json.loads(result.out)
    assert record["rate"] == pytest.approx(1.9012, rel=1e-4)
    assert (record["numerator"], record["denominator"]) == ("peak_flops", "dram_bandwidth")
    assert [projection["year"] for projection in record["projections"]] == pytest.approx(
        [2030, 2020], abs=0.01
    )
    for projection in record["projections"]:
        assert projection["low"] < projection["ratio"] < projection["high"]
    assert "warning: 2030 lies 7.8 years outside the observations of dram_bandwidth" in result.err
    assert result.err.count("warning") == 1


def test_gap_without_a_year_projects_nothing(run: Run) -> None:
    result = run("gap", "peak_flops", "dram_bandwidth", "--format", "json")
    assert json.loads(result.out)["projections"] == []
    assert result.err == ""


# What is counted, and one trend a group


def test_reproduce_keeps_its_keys_and_adds_readings(run: Run) -> None:
    claims = json.loads(run("reproduce", "--format", "json").out)
    for claim in claims:
        assert list(claim)[-3:] == ["curated_window", "curated_today", "readings"]
        curated = ["rate", "ci_low", "ci_high", "n_obs", "last_date", "verdict"]
        assert list(claim["curated_window"]) == list(claim["curated_today"]) == curated
        for reading in claim["readings"]:
            assert reading["verdict"] in ("agrees", "differs", "inconclusive")
    shown = " ".join(run("reproduce").out.split())
    for claim in claims:
        (edge, *_) = (each for each in claim["readings"] if each["window"] == "today")
        assert f"{edge['verdict']} for" in shown.partition("To today:")[2]
        assert f"{edge['reading']} ({format_number(edge['rate'], 3)}x)" in shown


def test_reproduce_counts_what_the_claims_count(run: Run) -> None:
    for option in ("--frontier", "--one-per architecture", "--take median", "--best-of year"):
        result = run("reproduce", *option.split())
        assert (result.code, result.out) == (2, "")
        assert "No such option" in result.err


def test_rate_by_a_column_is_a_list_of_groups(run: Run) -> None:
    records = json.loads(run("rate", "peak_flops", "--by", "kind", "--format", "json").out)
    assert [record["group"] for record in records] == ["gpu", "cpu", "accelerator", "manycore"]
    assert len({record["equal_slopes_p"] for record in records}) == 1
    assert 0 < records[0]["equal_slopes_p"] < 1
    for record in records:
        trend = fit_trend("peak_flops", kind=record["group"])
        assert (record["rate"], record["n_obs"]) == (trend.growth_factor(), trend.n_obs)
        assert record["where"]["kind"] == [record["group"]]


def test_rate_within_a_column_has_its_effects(run: Run) -> None:
    options = ["--within", "product_class", "--segment", "server"]
    record = json.loads(run("rate", "peak_flops", *options, "--format", "json").out)
    assert record["within"] == "product_class"
    assert {"server-cpu", "compute-gpu"} <= set(record["effects"])
    assert record["rate"] < fit_trend("peak_flops", segment="server").growth_factor()
    assert "Of the average line: " in run("rate", "peak_flops", *options).out


def test_a_gap_says_its_population_and_its_break(run: Run) -> None:
    command = ("gap", "peak_flops", "dram_bandwidth")
    record = json.loads(run(*command, "--format", "json").out)
    assert record["population"] == "server GPUs and accelerators"
    assert record["break"]["verdict"] in ("slowed", "sped up", "no break is seen")
    shown = " ".join(run(*command).out.split())
    assert "(curated): server GPUs and accelerators" in shown
    after = format_number(record["break"]["rate_after"], 3)
    assert f"Since {record['break']['year']:.0f} it grows {after}x [" in shown
    of_all = json.loads(run(*command, "--segment", "*", "--kind", "*", "--format", "json").out)
    assert of_all["population"] is None
    assert of_all["n_obs"] > record["n_obs"]
    steady = json.loads(run(*command, *PAPER, "--format", "json").out)
    assert (steady["break"], steady["population"]) == (None, None)


def test_a_gap_by_format_has_one_record_a_policy(run: Run) -> None:
    command = ("gap", "peak_flops", "dram_bandwidth", "--by", "precision", "--segment", "server")
    records = json.loads(run(*command, "--format", "json").out)
    assert {"fp64", "fp16", "fastest"} <= {record["group"] for record in records}
    assert {record["equal_slopes_p"] for record in records} == {None}
    assert {record["unit"] for record in records} == {"FLOP/byte"}
    operands = json.loads(run(*command, "--per-operand", "--format", "json").out)
    assert {record["unit"] for record in operands} == {"FLOP/operand"}


SELECTION = ["--since 2008", "--until 2015", "--where kind=gpu", "--kind gpu", "--vendor NVIDIA"]
CHOICE = [*SELECTION, "--precision fp64"]
COUNTED = ["--frontier", "--one-per architecture", "--one-per architecture,year", "--best-of year"]
RESULT = ["--per 1", "--level 0.8"]
OPTIONS = {
    "reproduce": [*CHOICE, "--per 20", "--level 0.8", "--margin 2"],
    "rate peak_flops": [*CHOICE, *COUNTED, *RESULT, "--within kind", "--by kind", "--dataset gholami2024"],
    "rate peak_flops --one-per architecture": ["--take median", "--take first"],
    "rate peak_flops --by kind": ["--segment server", "--within vendor", *RESULT],
    "rate interconnect_bandwidth": ["--scope device"],
    "gap peak_flops dram_bandwidth --at 2020": [
        *[*CHOICE, *COUNTED, *RESULT, "--at 2021", "--within product_class"],
        *["--by kind", "--per-operand", "--dataset gholami2024"],
    ],
    "gap peak_flops dram_bandwidth --by kind": ["--at 2030", "--per-operand", "--segment '*'", *RESULT],
    "stability dram_bandwidth": ["--by kind", "--one-per architecture", "--best-of year"],
    "stability dram_bandwidth --by kind": ["--segment server", *RESULT],
    "backtest dram_bandwidth": ["--by kind", "--one-per architecture"],
    "backtest dram_bandwidth --by kind": ["--segment server", "--method huber"],
    "claims --source hobbhahn2023": ["--margin 3", "--level 0.8", "--per 1"],
    "data show dram_bandwidth": [*SELECTION, "--dataset gholami2024"],
    "data show interconnect_bandwidth": ["--scope device"],
    "data list": ["--dataset gholami2024"],
    "data sources": ["--dataset gholami2024"],
}
LONG_TO_VARY = ("reproduce", "stability", "backtest")


@pytest.fixture(scope="module")
def plain_results() -> dict[tuple[str, str], str]:
    """Return what commands print without an option, as far as it was asked for."""
    return {}


@pytest.mark.parametrize("format_", ["table", "json"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        pytest.param(command, option, marks=pytest.mark.slow if command.startswith(LONG_TO_VARY) else ())
        for command, options in OPTIONS.items()
        for option in options
    ],
)
def test_every_option_reaches_the_result(
    run: Run, plain_results: dict[tuple[str, str], str], command: str, option: str, format_: str
) -> None:
    if (command, format_) not in plain_results:
        plain_results[command, format_] = run(*shlex.split(command), "--format", format_).out
    changed = run(*shlex.split(command), *shlex.split(option), "--format", format_)
    assert changed.code == 0
    assert changed.out != plain_results[command, format_]


@pytest.fixture(scope="module")
def plain_figure(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Draw all figures without an option, and return one of them."""
    folder = tmp_path_factory.mktemp("plain")
    command = [sys.executable, "-m", "memwall_trends", "figures", "--format", "json", "--out", str(folder)]
    subprocess.run(command, check=True)
    return (folder / "hw-scaling.json").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "option", ["--since 2008", "--until 2018", "--where kind=gpu --where kind=link", "--per 1", "--level 0.8"]
)
def test_every_option_reaches_the_figure(run: Run, tmp_path: Path, plain_figure: str, option: str) -> None:
    assert run("figures", "--format", "json", "--out", str(tmp_path), *shlex.split(option)).code == 0
    assert (tmp_path / "hw-scaling.json").read_text(encoding="utf-8") != plain_figure


def test_levels_and_periods_reach_the_table(run: Run) -> None:
    table = run("rate", "peak_flops", *PAPER, "--per", "1", "--level", "0.8").out
    trend = fit_trend("peak_flops", dataset="gholami2024")
    low, high = trend.growth_interval(per=1, level=0.8)
    assert "80% interval" in table
    assert re.search(rf"growth factor / year +{re.escape(format_number(trend.growth_factor(1)))}x ", table)
    assert f"{format_number(low)} to {format_number(high)}" in table


def test_numbers_without_a_value_are_null(run: Run, csv_file: CsvFile) -> None:
    path = csv_file("date,value\n2010,2\n2011,2\n2012,2\n")
    record = json.loads(run("rate", str(path), "--format", "json").out)
    assert record["rate"] == 1
    assert record["doubling_time_years"] is None
    assert record["r_squared"] is None


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        (["reproduce"], 48),
        (["rate", "peak_flops", "--by", "kind"], 4),
        (["gap", "peak_flops", "dram_bandwidth", "--by", "kind"], 2),
        (["rate", "model_size"], 1),
        (["gap", "peak_flops", "dram_bandwidth"], 1),
        (["gap", "peak_flops", "dram_bandwidth", "--at", "2021", "--at", "2022"], 2),
        (["data", "list"], 24),
        (["data", "show", "training_compute", *PAPER], 21),
        (["data", "sources"], 8),
    ],
)
def test_csv_has_a_header_and_flat_rows(run: Run, command: list[str], rows: int) -> None:
    records = list(csv.DictReader(io.StringIO(run(*command, "--format", "csv").out), strict=True))
    assert len(records) == rows
    assert not any("[" in str(cell) or "{" in str(cell) for record in records for cell in record.values())


def test_what_a_list_names_as_its_record_does_takes_its_name_along(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("reproduce", "--format", "csv").out)))
    claims = json.loads(run("reproduce", "--format", "json").out)
    flat = [(claim, reading) for claim in claims for reading in claim["readings"]]
    for row, (claim, reading) in zip(rows, flat, strict=True):
        assert float(row["rate"]) == pytest.approx(claim["rate"])
        assert float(row["readings_rate"]) == pytest.approx(reading["rate"])
        assert (row["verdict"], row["readings_verdict"]) == (claim["verdict"], reading["verdict"])


@pytest.mark.parametrize(
    "command", [["reproduce"], ["rate", "peak_flops"], ["data", "show", "dram_bandwidth"]]
)
def test_markdown_and_latex_hold_the_table(run: Run, command: list[str]) -> None:
    assert run(*command, "--format", "markdown").out.splitlines()[1].startswith("|:-")
    latex = run(*command, "--format", "latex").out
    assert latex.startswith("\\begin{tabular}")
    assert not re.search(r"(?<!\\)[%_]", latex)


def test_data_show_has_all_columns_in_json(run: Run) -> None:
    options = ["--where", "name=NVIDIA A100 PCIe 40GB", "--format", "json"]
    (row,) = json.loads(run("data", "show", "dram_bandwidth", *PAPER, *options).out)
    assert (row["value"], row["unit"], row["source"], row["date"]) == (
        1555,
        "GB/s",
        "gholami2024-repository",
        "2020-06-22",
    )
    assert row["locator"].startswith("imgs/pdfs/hw_scaling.pdf")


def test_data_list_has_the_documented_keys(run: Run) -> None:
    tables = json.loads(run("data", "list", "--format", "json").out)
    assert list(tables[0]) == [
        *["dataset", "name", "rows", "devices", "first_date", "last_date", "unit", "with_source"]
    ]


def test_figures_writes_what_is_asked(run: Run, tmp_path: Path) -> None:
    result = run(
        "figures", "hw-scaling", "--out", str(tmp_path / "out"), "--format", "svg", "--format", "json"
    )
    written = [tmp_path / "out" / name for name in ("hw-scaling.svg", "hw-scaling.json")]
    assert result.out.split() == [str(path) for path in written]
    assert all(path.stat().st_size for path in written)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_is_one_message() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "memwall_trends", "data", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"error: cannot write the output: No space left on device\n"


def test_figures_are_listed(run: Run) -> None:
    assert "hw-scaling" in run("figures", "--list").out
    assert json.loads(run("figures", "--list", "--format", "json").out)[0]["name"] == "hw-scaling"


# Wrong input


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "rate peak_flop",
            "unknown series 'peak_flop'; did you mean 'peak_flops'? Known: peak_flops, dram_bandwidth",
        ),
        ("rate peak_flops --dataset epoch", "unknown dataset 'epoch'. Known: curated, gholami2024"),
        (
            "rate peak_flops --where sort=gpu",
            "unknown column of peak_flops 'sort'; did you mean 'source'? Known: name",
        ),
        ("rate peak_flops --where kind", "expected COLUMN=VALUE"),
        ("rate peak_flops --since soon", "cannot read the date 'soon'"),
        ("rate peak_flops --dataset gholami2024 --since 2021", "2 row(s) with 2 different date(s)"),
        ("rate peak_flops --level 95", "between 0 and 1"),
        ("rate peak_flops --per 0", "above zero"),
        ("rate missing.csv", "missing.csv: cannot be read: No such file or directory"),
        ("rate " + 5000 * "x", "unknown series"),
        ("gap peak_flops peak_flops", "two different series"),
        ("gap peak_flops flops", "unknown series 'flops'"),
        ("gap peak_flops dram_bandwidth --at soon", "cannot read the date 'soon'"),
        ("gap peak_flops dram_bandwidth --at 9999", "cannot project to 9999"),
        ("rate peak_flops --by knid", "unknown column of peak_flops to group by 'knid'; did you mean 'kind'"),
        ("rate peak_flops --within knid", "'knid'"),
        ("rate peak_flops --take median", "--take median goes with --one-per"),
        ("gap peak_flops dram_bandwidth --by knid", "to group by 'knid'; did you mean 'kind'"),
        ("gap peak_flops dram_bandwidth --per-operand --way ratio", "--per-operand goes with --way device"),
        ("stability peak_flops --by knid", "to group by 'knid'; did you mean 'kind'"),
        ("backtest peak_flops --by knid", "to group by 'knid'; did you mean 'kind'"),
        ("claims --source hobbhahn2023 --margin 1", "a margin is a factor above 1"),
        ("reproduce --per 3", "per 2 and 20 years"),
        ("reproduce --where sort=gpu", "unknown column of peak_flops and dram_bandwidth"),
        ("figures hw", "unknown figure 'hw'. Known: hw-scaling"),
        ("figures hw --list", "unknown figure 'hw'. Known: hw-scaling"),
        ("figures --format bmp", "unknown format 'bmp'. Known: svg, png"),
        ("figures --list --format png", "--list prints a table"),
        ("data show flops", "unknown table 'flops'"),
        ("data show claims --since 2010", "claims has no dates"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(run: Run, command: str, message: str) -> None:
    result = run(*shlex.split(command))
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("error: ") == 1
    assert message in result.err


@pytest.mark.parametrize(
    "command", ["rate", "rate peak_flops --format xml", "rates", "gap peak_flops", "figures -x"]
)
def test_wrong_usage_is_exit_code_2(run: Run, command: str) -> None:
    result = run(*shlex.split(command))
    assert result.code == 2
    assert "Traceback" not in result.err


def test_a_bad_row_is_named_with_file_row_and_column(run: Run, csv_file: CsvFile) -> None:
    path = csv_file("date,value\n2010,1\n2011,-5\n2012,3\n")
    result = run("rate", str(path))
    assert result.code == 2
    assert result.err == f"error: {path}: row 3, column 'value': '-5'; expected a number above zero\n"


def test_a_terminal_without_unicode_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "memwall_trends", "rate", "peak_flops", *PAPER],
        check=True,
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        cwd=tmp_path,
    )
    assert b"3.026x" in done.stdout
