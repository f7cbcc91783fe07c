from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.optimize  # noqa: F401  (loaded before examples are timed)
from hypothesis import given
from hypothesis import strategies as st

from memwall_trends.figures.lettering import WIDTHS, spread_ends, text_width
from tests.scenes import measure_texts

TEXTS = ["Pentium II Xeon", "NVIDIA A100 SXM4 80GB", "2x / 2 years", "decode, batch 1", "GDDR6X & (fp16)"]
WANTED = st.lists(st.floats(0, 300), min_size=1, max_size=20)


@pytest.mark.parametrize("bold", [False, True])
def test_texts_are_as_wide_as_the_renderer_draws_them(bold: bool) -> None:
    every = [letter for letters in WIDTHS.values() for letter in letters if letter.strip()]
    drawn = measure_texts([*TEXTS, *every], 11, bold=bold)
    counted = [text_width(text, 11, bold=bold) for text in [*TEXTS, *every]]
    if bold:
        # On the wide side of what names are made of; single letters differ.
        assert all(real <= wide for real, wide in zip(drawn[: len(TEXTS)], counted, strict=False))
    else:
        assert counted == pytest.approx(drawn, rel=0.01)


def test_a_letter_that_is_not_known_is_taken_for_wide() -> None:
    assert text_width("漢", 10) >= 10


@given(WANTED)
def test_ends_keep_apart_inside_and_in_order(wanted: list[float]) -> None:
    placed = spread_ends(wanted, 12, low=0, high=300)
    order = np.argsort(wanted, kind="stable")
    assert all(below - above >= 12 - 1e-9 for above, below in pairwise(placed[order]))
    assert placed.min() >= 6 - 1e-9
    assert placed.max() <= 294 + 1e-9


@given(WANTED)
def test_ends_that_are_apart_stay_where_they_are(wanted: list[float]) -> None:
    apart = [20.0 * place + 10 for place in range(len(wanted))]
    assert spread_ends(apart, 12, low=0, high=1000).tolist() == pytest.approx(apart)


def test_two_ends_at_one_height_part_alike() -> None:
    assert spread_ends([50, 50], 10, low=0, high=100).tolist() == pytest.approx([45, 55])


def test_texts_of_several_lines_take_their_room() -> None:
    assert spread_ends([50, 50], [30, 10], low=0, high=100).tolist() == pytest.approx([40, 60])


def test_where_there_is_no_room_for_all_they_begin_at_the_top() -> None:
    assert spread_ends([5, 5, 5], 10, low=0, high=20).tolist() == pytest.approx([5, 15, 25])


def test_no_ends_have_no_places() -> None:
    assert spread_ends([], 10, low=0, high=20).tolist() == []
