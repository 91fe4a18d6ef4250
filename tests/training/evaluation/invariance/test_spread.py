"""How far words move the probability, on classifiers whose answers are known."""

import math

import pytest

from model_store import SpreadFigures
from tests.training.evaluation.probing.word_sums import word_sums
from training.evaluation.invariance.frames import WordGroup
from training.evaluation.invariance.spread import measure_spread

NAMES = WordGroup(name="names", frames=("By {word}.", "By {word} alone."), words=("Ann", "Bob", "Cid"))


def test_the_spread_is_that_between_the_extreme_words() -> None:
    classifier = word_sums({"ann": 1.0, "bob": 0.0, "cid": -1.0, "alone": -4.0})
    [names] = measure_spread(classifier, [NAMES], label="positive")
    first, second = names.frames
    assert (first.lowest_word, first.highest_word) == ("Cid", "Ann")
    assert first.highest == pytest.approx(1 - first.lowest)
    assert second.difference < first.difference
    assert names.widest == first
    assert names.figures == SpreadFigures(
        num_frames=2,
        num_words=3,
        largest=first.difference,
        mean=(first.difference + second.difference) / 2,
    )


def test_either_label_has_the_same_spread() -> None:
    classifier = word_sums({"ann": 1.0, "cid": -2.0})
    [positive], [negative] = (
        measure_spread(classifier, [NAMES], label=label) for label in ("positive", "negative")
    )
    assert math.isclose(positive.figures.largest, negative.figures.largest, abs_tol=1e-9)


def test_a_classifier_that_does_not_know_the_words_has_none() -> None:
    [names] = measure_spread(word_sums({"alone": 1.0}), [NAMES], label="positive")
    assert names.figures.largest == names.figures.mean == 0
