from __future__ import annotations

from pathlib import Path

from memwall_trends.questions.claims import DIFFERS, load_claims, read_claim
from memwall_trends.questions.finding import RECENT, state_finding
from memwall_trends.questions.gap import fit_gap
from tests.refresh_examples import FINDING, write_finding

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_readme_states_the_finding_of_today() -> None:
    (stated,) = FINDING.findall(README)
    assert stated == write_finding()


def test_the_first_sentence_is_made_of_verdicts() -> None:
    of_claims, _ = state_finding()
    peak = load_claims(2)[0]
    (within,) = [
        record
        for record in read_claim(peak)
        if (record["reading"], record["window"]) == ("within a class", "today")
    ]
    assert within["verdict"] == DIFFERS
    assert f"differs for within a class ({within['rate']:.2f}x)" in of_claims


def test_a_wide_margin_lets_all_agree() -> None:
    of_claims, _ = state_finding(margin=3)
    assert "differs" not in of_claims
    assert "inconclusive" not in of_claims


def test_the_second_sentence_says_where_no_growth_is_seen() -> None:
    _, of_the_wall = state_finding()
    gap = fit_gap("peak_flops", "dram_bandwidth", since=RECENT)
    low, high = gap.growth_interval()
    assert f"{gap.growth_factor():.2f}x [" in of_the_wall
    at_16_bits = of_the_wall.partition(f"since {RECENT} ")[2].partition(" at 16 bits")[0]
    assert ("no growth is seen" in at_16_bits) == (low <= 1 <= high)
