"""Published growth rates as data, recomputed and judged."""

from memwall_trends.questions.claims.estimands import UNIT_CHOICES, unit_choices
from memwall_trends.questions.claims.judging import (
    AGREES,
    AGREES_CUT_OFF,
    AGREES_ROUNDED,
    DIFFERS,
    INCONCLUSIVE,
    RULE,
    UNTESTED,
    VERDICTS,
    compare_rates,
    describe_rule,
    judge,
)
from memwall_trends.questions.claims.paper import CURATED_FITS, reproduce
from memwall_trends.questions.claims.printed import (
    SOURCE,
    describe_printed,
    find_claimed_slope,
    load_claims,
    slope_of,
)
from memwall_trends.questions.claims.published import check_claim, check_claims
from memwall_trends.questions.claims.readings import OWN, Reading, list_readings, read_claim
from memwall_trends.questions.claims.summary import summarise_claim

__all__ = [
    "AGREES",
    "AGREES_CUT_OFF",
    "AGREES_ROUNDED",
    "CURATED_FITS",
    "DIFFERS",
    "INCONCLUSIVE",
    "OWN",
    "RULE",
    "SOURCE",
    "UNIT_CHOICES",
    "UNTESTED",
    "VERDICTS",
    "Reading",
    "check_claim",
    "check_claims",
    "compare_rates",
    "describe_printed",
    "describe_rule",
    "find_claimed_slope",
    "judge",
    "list_readings",
    "load_claims",
    "read_claim",
    "reproduce",
    "slope_of",
    "summarise_claim",
    "unit_choices",
]
