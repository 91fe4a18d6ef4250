"""The paired difference, against what theory gives for it."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from training.evaluation.significance import NUM_RESAMPLES, compare_pairs


def answers(both: int, only_a: int, only_b: int, neither: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    a = [True] * both + [True] * only_a + [False] * only_b + [False] * neither
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return np.array(a), np.array(b)


def test_every_review_is_counted_where_it_belongs() -> None:
    paired = compare_pairs(*answers(50, 7, 13, 30))
    assert (paired.num_both_right, paired.num_only_a_right) == (50, 7)
    assert (paired.num_only_b_right, paired.num_neither_right) == (13, 30)
    assert paired.accuracy_difference == 0.06


def test_identical_answers_differ_by_nothing_at_all() -> None:
    paired = compare_pairs(*answers(80, 0, 0, 20))
    assert paired.accuracy_difference == 0.0
    assert paired.interval == (0.0, 0.0)
    assert paired.b_better_ratio == 0.0
    assert paired.mcnemar_p == 1.0


def test_a_model_that_is_right_alone_everywhere_is_better_in_every_resample() -> None:
    paired = compare_pairs(*answers(0, 0, 40, 0))
    assert paired.interval == (1.0, 1.0)
    assert paired.b_better_ratio == 1.0
    assert paired.mcnemar_p == pytest.approx(2 * 0.5**40)


def test_the_interval_is_that_of_the_binomial_where_only_one_model_wins() -> None:
    # Differences are then means of n draws of 0 or 1: a binomial with p = 0.2.
    num_reviews, ratio = 2000, 0.2
    paired = compare_pairs(*answers(1000, 0, 400, 600))
    deviation = (ratio * (1 - ratio) / num_reviews) ** 0.5
    assert paired.interval == pytest.approx(norm.interval(0.95, ratio, deviation), abs=0.1 * deviation)
    assert paired.b_better_ratio == 1.0


def test_wins_of_both_widen_the_interval_and_share_the_resamples() -> None:
    paired = compare_pairs(*answers(600, 90, 110, 200))
    deviation = ((200 / 1000 - 0.02**2) / 1000) ** 0.5
    assert paired.interval == pytest.approx(norm.interval(0.95, 0.02, deviation), abs=0.1 * deviation)
    # Half a review below zero is a tie, which counts for neither.
    assert paired.b_better_ratio == pytest.approx(norm.sf(0.0005, 0.02, deviation), abs=0.015)


def test_the_draw_is_that_of_whole_reviews_with_replacement() -> None:
    a, b = answers(20, 12, 18, 10)
    paired = compare_pairs(a, b)
    indices = np.random.default_rng(2).integers(0, len(a), (NUM_RESAMPLES, len(a)))
    drawn = b[indices].mean(axis=1) - a[indices].mean(axis=1)
    assert paired.interval == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=1 / len(a))
    assert paired.b_better_ratio == pytest.approx((drawn > 1e-12).mean(), abs=0.02)


def test_exchanging_the_models_turns_the_difference_round() -> None:
    a, b = answers(600, 90, 110, 200)
    one, other = compare_pairs(a, b), compare_pairs(b, a)
    assert one.accuracy_difference == -other.accuracy_difference
    assert one.mcnemar_p == other.mcnemar_p
    assert one.interval == pytest.approx([-edge for edge in reversed(other.interval)], abs=0.002)


def test_mcnemar_worked_out_by_hand() -> None:
    # 1 win to 4: twice the chance of at most one head in five throws.
    assert compare_pairs(*answers(9, 1, 4, 9)).mcnemar_p == pytest.approx(2 * (1 + 5) / 2**5)


def test_the_same_answers_give_the_same_figures_again() -> None:
    assert compare_pairs(*answers(600, 90, 110, 200)) == compare_pairs(*answers(600, 90, 110, 200))
