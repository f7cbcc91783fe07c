from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from memwall_trends.errors import MemwallError
from memwall_trends.questions.calibration import calibrate_leads, score_intervals


def forecasts(errors: dict[tuple[int, int], list[float]], standard_error: float = 0.1) -> pd.DataFrame:
    """Return forecasts with these errors by New Year and lead, and intervals of normal quantiles."""
    return pd.DataFrame(
        [
            {
                "origin": origin,
                "lead_years": lead,
                "actual_log10": error,
                "predicted_log10": 0.0,
                "standard_error": standard_error,
                "degrees_of_freedom": math.inf,
            }
            for (origin, lead), each in errors.items()
            for error in each
        ]
    )


def test_the_half_width_is_t_times_the_root_mean_square_by_new_year() -> None:
    rows = forecasts({(2000 + number, 1): [0.1 * number] * (1 + number) for number in range(6)})
    (calibration,) = calibrate_leads(rows, 0.9)
    mean = np.mean([(0.1 * number) ** 2 for number in range(6)])
    assert calibration.half_width_log10 == pytest.approx(t.ppf(0.95, 6) * math.sqrt(mean))


def test_a_new_year_is_calibrated_on_what_was_known_then() -> None:
    # Of a lead of two, what 2000 to 2004 said is known in 2006 and not before.
    errors = {(2000 + number, 2): [0.5] for number in range(12)}
    rows = forecasts({**errors, (2010, 2): [5.0]})
    (calibration,) = calibrate_leads(rows, 0.95)
    assert calibration.n_origins == 12
    assert calibration.n_tested == 12 - 6
    assert calibration.nested_coverage == pytest.approx(5 / 6)
    assert calibration.raw_coverage == 0


def test_too_few_new_years_have_no_calibration() -> None:
    (calibration,) = calibrate_leads(forecasts({(2000 + number, 1): [0.5] for number in range(4)}), 0.95)
    assert math.isnan(calibration.half_width_log10)
    assert math.isnan(calibration.nested_coverage)
    (calibration,) = calibrate_leads(forecasts({(2000 + number, 1): [0.5] for number in range(9)}), 0.95)
    assert calibration.half_width_log10 > 0
    assert calibration.n_tested == 4
    assert math.isnan(calibration.nested_coverage)


def test_leads_are_not_pooled_and_never_shrink() -> None:
    errors = {(2000 + number, lead): [1.0 if lead == 1 else 0.1] for number in range(8) for lead in (1, 2)}
    first, second = calibrate_leads(forecasts(errors), 0.95)
    assert first.half_width_log10 == second.half_width_log10
    errors = {(2000 + number, lead): [0.1 * lead] for number in range(8) for lead in (1, 2)}
    first, second = calibrate_leads(forecasts(errors), 0.95)
    assert second.half_width_log10 == pytest.approx(2 * first.half_width_log10)


def test_a_calibrated_interval_is_no_narrower_than_the_usual_one() -> None:
    rows = forecasts({(2000 + number, 1): [0.01 if number < 12 else 0.15] for number in range(20)})
    (calibration,) = calibrate_leads(rows, 0.95)
    assert calibration.raw_coverage == calibration.nested_coverage == 1


def test_each_new_year_counts_the_same() -> None:
    rows = forecasts({(2000, 1): [1.0] * 9, (2001, 1): [0.0]})
    assert calibrate_leads(rows, 0.95)[0].raw_coverage == 0.5


def test_the_interval_score_by_hand() -> None:
    # Half width 1.959964 x 0.1; one error inside, one outside by 0.3.
    rows = forecasts({(2000, 1): [0.0], (2001, 1): [0.4959964]})
    assert score_intervals(rows, 0.95) == pytest.approx(2 * 0.1959964 + 40 * 0.3 / 2, abs=1e-6)


def test_the_true_interval_scores_less_than_one_too_narrow_or_too_wide() -> None:
    random = np.random.default_rng(0)
    errors = {(2000 + number, 1): random.normal(0, 0.1, 50).tolist() for number in range(40)}
    narrow, true, wide = (score_intervals(forecasts(errors, spread), 0.95) for spread in (0.05, 0.1, 0.2))
    assert true < narrow
    assert true < wide


def test_a_level_is_checked() -> None:
    with pytest.raises(MemwallError, match="level of an interval"):
        calibrate_leads(forecasts({(2000, 1): [0.5]}), 1.5)


@pytest.mark.slow
def test_nested_intervals_hold_where_devices_of_a_year_share_an_error() -> None:
    shares = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        errors = {
            (year, 1): (random.normal(0, 0.3) + random.normal(0, 0.2, 12)).tolist()
            for year in range(2000, 2020)
        }
        shares.append(calibrate_leads(forecasts(errors, 0.15), 0.95)[0].nested_coverage)
    assert 0.92 < np.mean(shares) < 0.98
