"""Published growth rates as data, recomputed and judged."""

from memwall_trends.questions.claims.estimands import UNIT_CHOICES, unit_choices
from memwall_trends.questions.claims.judging import (
    AGREES,
    AGREES_CUT_OFF,
    AGREES_ROUNDED,
    CURATED_RULE,
    DIFFERS,
    FASTER,
    HOLDS,
    RULE,
    SLOWER,
    UNTESTED,
    judge,
    judge_interval,
)
from memwall_trends.questions.claims.paper import CURATED_FITS, SOURCE, load_claims, reproduce
from memwall_trends.questions.claims.published import CHECK_RULE, check_claim, check_claims, describe_printed

__all__ = [
    "AGREES",
    "AGREES_CUT_OFF",
    "AGREES_ROUNDED",
    "CHECK_RULE",
    "CURATED_FITS",
    "CURATED_RULE",
    "DIFFERS",
    "FASTER",
    "HOLDS",
    "RULE",
    "SLOWER",
    "SOURCE",
    "UNIT_CHOICES",
    "UNTESTED",
    "check_claim",
    "check_claims",
    "describe_printed",
    "judge",
    "judge_interval",
    "load_claims",
    "reproduce",
    "unit_choices",
]
