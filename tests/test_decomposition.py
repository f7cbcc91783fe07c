from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memwall_trends.errors import MemwallError
from memwall_trends.figures.decomposition import decomposition
from memwall_trends.fitting.methods import Method
from memwall_trends.fitting.trends import fit_trend
from memwall_trends.questions.decomposition import NONE_GIVEN, decompose
from memwall_trends.units import decimal_years
from tests.test_groups import take_over

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

BY_R = pd.read_csv(Path(__file__).parent / "reference" / "decomposition.csv", keep_default_na=False)
FEW_DRAWS = 40


def chips(random: np.random.Generator, *, n_obs: int, groups: int) -> pd.DataFrame:
    """Return devices of random dates, values and groups."""
    days = random.integers(9000, 20000, n_obs)
    return pd.DataFrame(
        {
            "date": pd.to_datetime(days, unit="D"),
            "value": 10 ** (0.0003 * days + random.normal(0, 1, n_obs)),
            "kind": [f"kind {number}" for number in random.integers(0, groups, n_obs)],
        }
    )


# What adds up


def test_where_a_class_takes_over_the_rest_of_the_growth_is_the_mix() -> None:
    rows = take_over()
    parted = decompose(rows, "kind")
    assert parted.pooled.growth_factor() == pytest.approx(fit_trend(rows).growth_factor(), abs=1e-12)
    assert parted.pooled.growth_factor() > 2.3
    assert parted.within.growth_factor() == pytest.approx(2, abs=1e-9)
    assert parted.mix.growth_factor() == pytest.approx(parted.pooled.growth_factor() / 2, abs=1e-9)
    (fast,) = (each for each in parted.groups if each.group == "fast")
    assert fast.share_first < 0.25
    assert fast.share_last > 0.75
    # The fast class lies ten times over the slow one, so that the mix is as much as its share grows.
    assert parted.mix.slope == pytest.approx(fast.share_slope, abs=1e-9)


def test_each_resample_adds_up_too() -> None:
    parted = decompose(take_over(), "kind")
    assert parted.within.growth_interval() == pytest.approx((2, 2), abs=1e-9)
    low, high = parted.pooled.growth_interval()
    assert parted.mix.growth_interval() == pytest.approx((low / 2, high / 2), abs=1e-9)


@pytest.mark.parametrize("series", ["peak_flops", "dram_bandwidth", "memory_capacity"])
@pytest.mark.parametrize(
    ("by", "window"),
    [
        ("kind", {}),
        ("product_class", {"since": 2016}),
        ("segment", {"since": 2000, "until": 2015}),
        ("vendor", {"segment": "server"}),
    ],
)
def test_within_times_mix_is_pooled(series: str, by: str, window: dict[str, Any]) -> None:
    parted = decompose(series, by, draws=FEW_DRAWS, **window)
    record = parted.to_record()
    assert record["within"]["rate"] * record["mix"]["rate"] == pytest.approx(
        record["pooled"]["rate"], abs=1e-9
    )
    product = np.prod([each["contribution"] for each in record["groups"]])
    assert product == pytest.approx(record["mix"]["rate"], abs=1e-9)
    assert parted.pooled.slope == pytest.approx(fit_trend(series, **window).slope, abs=1e-12)
    within = fit_trend(series, method=Method(within=by), **window)
    assert parted.within.slope == pytest.approx(within.slope, abs=1e-12)
    assert sum(each.n_obs for each in parted.groups) == within.n_obs


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), n_obs=st.integers(30, 80), groups=st.integers(2, 5))
def test_any_growth_is_within_and_mix(seed: int, n_obs: int, groups: int) -> None:
    rows = chips(np.random.default_rng(seed), n_obs=n_obs, groups=groups)
    parted = decompose(rows, "kind", draws=FEW_DRAWS)
    assert parted.within.slope + parted.mix.slope == pytest.approx(parted.pooled.slope, abs=1e-9)
    assert sum(each.share_slope for each in parted.groups) == pytest.approx(0, abs=1e-9)
    for share in ("share_first", "share_last"):
        assert sum(getattr(each, share) for each in parted.groups) == pytest.approx(1)
    # The order of rows, and what the groups are called, change nothing.
    renamed = rows.assign(kind=rows["kind"].str[::-1]).sample(frac=1, random_state=1)
    again = decompose(renamed, "kind", draws=FEW_DRAWS)
    assert again.mix.slope == pytest.approx(parted.mix.slope, abs=1e-9)


def test_groups_that_keep_their_shares_add_nothing() -> None:
    dates = pd.to_datetime([f"{year}-01-01" for year in range(2000, 2020)])
    rows = pd.concat(
        pd.DataFrame({"date": dates, "value": height * 1.3 ** np.arange(20), "kind": kind})
        for kind, height in (("low", 1), ("high", 50))
    )
    parted = decompose(rows, "kind")
    assert parted.mix.growth_factor() == pytest.approx(1, abs=1e-9)
    assert parted.share_of_mix == pytest.approx(0, abs=1e-9)


# Against others


def test_the_slopes_are_those_of_the_formulas() -> None:
    from statsmodels.formula.api import ols

    rows = chips(np.random.default_rng(3), n_obs=60, groups=3)
    parted = decompose(rows, "kind", draws=FEW_DRAWS)
    rows = rows.assign(year=decimal_years(rows["date"].to_numpy()), log10_value=np.log10(rows["value"]))
    assert parted.pooled.slope == pytest.approx(
        ols("log10_value ~ year", rows).fit().params["year"], abs=1e-8
    )
    within = ols("log10_value ~ year + C(kind)", rows).fit()
    assert parted.within.slope == pytest.approx(within.params["year"], abs=1e-8)
    heights = {each.group: each.height for each in parted.groups}
    for name, effect in within.params.filter(like="C(kind)").items():
        kind = str(name).removeprefix("C(kind)[T.").removesuffix("]")
        assert heights[kind] - heights["kind 0"] == pytest.approx(effect, abs=1e-8)
    for each in parted.groups:
        dummies = rows.assign(member=(rows["kind"] == each.group).astype(float))
        share = ols("member ~ year", dummies).fit().params["year"]
        assert each.share_slope == pytest.approx(share, abs=1e-8)
        alone = ols("log10_value ~ year", rows[rows["kind"] == each.group]).fit().params["year"]
        assert each.slope == pytest.approx(alone, abs=1e-8)


@pytest.mark.parametrize(("series", "by"), sorted(set(zip(BY_R["series"], BY_R["by"], strict=True))))
def test_the_parts_are_those_of_r(series: str, by: str) -> None:
    theirs = BY_R[(BY_R["series"] == series) & (BY_R["by"] == by)]
    parted = decompose(series, by, dataset="gholami2024", draws=FEW_DRAWS)
    ours = {
        ("", "pooled"): parted.pooled.slope,
        ("", "within"): parted.within.slope,
        ("", "mix"): parted.mix.slope,
        **{(each.group, "height"): each.height for each in parted.groups},
        **{(each.group, "share_slope"): each.share_slope for each in parted.groups},
    }
    expected = {(row["group"], row["quantity"]): row["value"] for row in theirs.to_dict("records")}
    assert ours == pytest.approx(expected, abs=1e-8)


# Intervals


def test_variants_of_an_architecture_are_drawn_together() -> None:
    designs = take_over(noise=0.3)
    variants = pd.concat([designs] * 5, ignore_index=True).assign(name=lambda rows: rows.index.astype(str))
    alone = decompose(designs, "kind")
    assert (alone.n_clusters, alone.cluster) == (len(designs), "")
    together = decompose(variants.assign(architecture=[*designs["name"]] * 5), "kind")
    assert (together.n_clusters, together.cluster) == (len(designs), "architecture")
    apart = decompose(variants.assign(architecture=""), "kind")
    assert apart.n_clusters == len(variants)
    assert "and rows that name none" in apart.describe_interval()

    def width(growth: Any) -> float:
        low, high = growth.growth_interval()
        return float(high - low)

    for part in ("pooled", "within", "mix"):
        # As many designs, as wide an interval; five times as many rows taken for designs, a narrower one.
        assert width(getattr(together, part)) == pytest.approx(width(getattr(alone, part)), rel=0.1)
        assert width(getattr(apart, part)) < 0.6 * width(getattr(alone, part))


@pytest.mark.slow
def test_intervals_hold_as_often_as_they_say() -> None:
    random = np.random.default_rng(1)
    slope, height, share = 0.15, 0.8, 0.03
    held = []
    for _ in range(300):
        # Designs of three variants each, whose class is the likelier the later they come.
        years = np.repeat(random.uniform(2000, 2025, 80), 3)
        fast = np.repeat(random.random(80) < 0.1 + share * (years[::3] - 2000), 3)
        scatter = np.repeat(random.normal(0, 0.3, 80), 3) + random.normal(0, 0.1, 240)
        rows = pd.DataFrame(
            {
                "date": pd.to_datetime((years - 1970) * 365.25, unit="D").normalize(),
                "value": 10 ** (slope * (years - 2000) + height * fast + scatter),
                "kind": np.where(fast, "fast", "slow"),
                "architecture": np.repeat(np.arange(80), 3).astype(str),
            }
        )
        parted = decompose(rows, "kind", draws=400)
        true = (slope + height * share, slope, height * share)
        intervals = [each.growth_interval(1) for each in (parted.pooled, parted.within, parted.mix)]
        held.append([low <= 10**rate <= high for rate, (low, high) in zip(true, intervals, strict=True)])
    assert (np.mean(held, axis=0) > 0.90).all()
    assert (np.mean(held, axis=0) < 0.985).all()


def test_one_seed_gives_one_interval() -> None:
    rows = take_over(noise=0.3)
    first, same, other = (decompose(rows, "kind", seed=seed).to_record() for seed in (1, 1, 2))
    assert first == same
    assert first["mix"]["ci_low"] != other["mix"]["ci_low"]
    wide, narrow = (decompose(rows, "kind", level=level).to_record()["mix"] for level in (0.95, 0.5))
    assert wide["ci_low"] < narrow["ci_low"] < narrow["rate"] < narrow["ci_high"] < wide["ci_high"]


def test_records_are_set_anew_in_each_resample() -> None:
    parted = decompose("peak_flops", "kind", frontier=True)
    assert parted.pooled.slope == pytest.approx(fit_trend("peak_flops", frontier=True).slope)
    assert parted.n_clusters > parted.n_obs
    low, high = parted.within.growth_interval()
    assert low < parted.within.growth_factor() < high


# What it says


def test_rows_without_a_group_are_one() -> None:
    rows = take_over(noise=0.1)
    rows.loc[::5, "kind"] = ""
    rows.loc[1::5, "kind"] = None
    parted = decompose(rows, "kind", draws=FEW_DRAWS)
    sizes = {each.group: each.n_obs for each in parted.groups}
    assert sizes[NONE_GIVEN] == (rows["kind"].isna() | (rows["kind"] == "")).sum()


def test_a_group_of_few_dates_has_no_rate_of_its_own() -> None:
    rows = take_over(noise=0.1)
    rows.loc[:1, "kind"] = "rare"
    parted = decompose(rows, "kind", draws=FEW_DRAWS)
    (rare,) = (each for each in parted.groups if each.group == "rare")
    assert rare.slope is None
    assert "n/a" in str(parted)


def test_values_without_growth_have_no_share_of_it() -> None:
    parted = decompose(take_over().assign(value=7.0), "kind", draws=FEW_DRAWS)
    assert parted.share_of_mix is None
    assert parted.mix.growth_factor() == parted.pooled.growth_factor() == 1
    assert parted.shown()["share of log growth"].tolist() == ["n/a"] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "knid"}, "to group by 'knid'; did you mean 'kind'"),
        ({"by": "kind", "kind": "fast"}, "all 44 rows have kind=fast; a mix needs at least two groups"),
        (
            {"by": "kind", "since": 2010, "until": 2011},
            r"8 row\(s\) on 8 date\(s\); a decomposition needs at least 10 on 3",
        ),
        ({"by": "name"}, "the 80 rows are of 80 groups by name; most need several rows"),
        ({"by": "kind", "draws": 0}, "0 draws cannot tell an interval at the level 0.95; take at least 40"),
        ({"by": "kind", "draws": 39}, "39 draws cannot tell .* take at least 40 draws"),
        ({"by": "kind", "seed": -1}, "a seed is a whole number from 0, as in 1; got -1"),
        ({"by": "kind", "level": 0.9999}, "2000 draws cannot tell .* level 0.9999; take at least 20000"),
        ({"by": "kind", "level": 2}, "lies between 0 and 1"),
    ],
)
def test_what_cannot_be_split_is_a_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MemwallError, match=message):
        decompose(take_over(noise=0.1), **options)


def test_few_architectures_are_too_few_to_draw_from() -> None:
    rows = take_over(noise=0.1)
    with pytest.raises(
        MemwallError, match=r"2 architecture\(s\) to draw from; the intervals need at least 5"
    ):
        decompose(rows.assign(architecture=rows["kind"]), "kind")


def test_mixed_units_are_a_message() -> None:
    rows = take_over(noise=0.1)
    with pytest.raises(MemwallError, match="GFLOP/s"):
        decompose(rows.assign(unit=["GB/s", "GFLOP/s"] * 40), "kind")


# The command


def test_the_command_gives_the_documented_keys(run: Run) -> None:
    command = ["decompose", "peak_flops", "--by", "kind", "--segment", "server", "--format", "json"]
    result = run(*command)
    record = json.loads(result.out)
    assert set(record) == {
        *("series", "dataset", "unit", "by", "period_years", "level", "pooled", "within", "mix"),
        *("share_of_mix", "groups", "n_obs", "n_groups", "n_clusters", "cluster", "draws", "seed"),
        *("first_date", "last_date", "where", "counted", "precision", "warnings"),
    }
    assert record["within"]["rate"] * record["mix"]["rate"] == pytest.approx(
        record["pooled"]["rate"], abs=1e-9
    )
    for part in ("pooled", "within", "mix"):
        each = record[part]
        assert each["ci_low"] < each["rate"] < each["ci_high"]
        assert each["rate"] == pytest.approx(10 ** (2 * each["log10_per_year"]))
    assert record["share_of_mix"] == pytest.approx(
        record["mix"]["log10_per_year"] / record["pooled"]["log10_per_year"]
    )
    assert (record["n_groups"], record["where"]["segment"]) == (len(record["groups"]), ["server"])
    assert result.out == run(*command).out


def test_csv_has_one_row_a_group(run: Run) -> None:
    command = "decompose peak_flops --by kind --draws 50 --per 1 --format csv"
    rows = list(csv.DictReader(io.StringIO(run(*command.split()).out), strict=True))
    assert {row["group"] for row in rows} == {"cpu", "gpu", "accelerator", "manycore"}
    assert len({row["pooled_rate"] for row in rows}) == 1
    assert sum(int(row["count"]) for row in rows) == int(rows[0]["n_obs"])
    assert float(rows[0]["pooled_rate"]) == pytest.approx(fit_trend("peak_flops").growth_factor(1))


@pytest.mark.parametrize(
    "command",
    ["peak_flops", "memory_capacity --segment server", "peak_flops --precision fastest --by precision"],
)
def test_the_table_fits_80_columns(run: Run, command: str) -> None:
    result = run("decompose", *command.split(), "--draws", "50")
    assert result.code == 0
    assert max(len(line) for line in result.out.splitlines()) <= 80
    assert "Within times mix is pooled" in result.out


def test_a_file_is_split_by_its_own_columns(run: Run, csv_file: Callable[[str | bytes], Path]) -> None:
    path = csv_file(take_over(noise=0.1).to_csv(index=False))
    assert run("decompose", str(path), "--by", "kind").code == 0
    missing = run("decompose", str(path))
    assert missing.code == 2
    assert "to group by 'product_class'. Known: name, date, value, unit, kind" in missing.err


# The figure


def bars_of(**options: Any) -> list[pd.DataFrame]:
    """Return the bars of each series that the figure shows, by part."""
    specification = decomposition(**options).to_dict()
    panels = specification["vconcat"][0]["vconcat"]
    names = [(panel.get("data") or panel["layer"][0]["data"])["name"] for panel in panels]
    return [pd.DataFrame(specification["datasets"][name]).set_index("part") for name in names]


def test_the_bars_are_the_decompositions_and_lead_to_pooled() -> None:
    series = ["peak_flops", "dram_bandwidth", "memory_capacity"]
    for name, bars in zip(series, bars_of(level=0.8, per=1, since=2010), strict=True):
        parted = decompose(name, segment="server", since=2010, level=0.8)
        assert bars["end"]["within"] == pytest.approx(parted.within.growth_factor(1), rel=1e-6)
        assert bars["start"]["mix"] == bars["end"]["within"]
        assert bars["end"]["mix"] == pytest.approx(bars["end"]["pooled"], rel=1e-6)
        assert bars["low"]["pooled"] == pytest.approx(parted.pooled.growth_interval(1, 0.8)[0], rel=1e-6)


def test_the_title_of_the_figure_is_what_the_intervals_say() -> None:
    def title(**options: Any) -> str:
        lines = decomposition(**options).to_dict()["vconcat"][0]["title"]["text"]
        return " ".join(lines) if isinstance(lines, list) else lines

    parted = decompose("peak_flops", segment="server")
    usual = title()
    assert ("adds to the growth of peak FLOPS" in usual) == (parted.mix.growth_interval()[0] > 1)
    assert usual.startswith("Server hardware: a changing mix by product class")
    narrow = title(kind="gpu", since=2016, segment=["server", "workstation"])
    assert narrow.startswith("Server and workstation hardware: a changing mix")
