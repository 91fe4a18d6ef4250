"""Neutral sentences: as many as asked for, from templates that are filled to the end."""

import re

from training.augmentation.neutral_sentences import make_neutral_sentences
from training.augmentation.words import load_words


def test_they_are_different_and_more_begin_with_fewer() -> None:
    few, many = (make_neutral_sentences(num, seed=1) for num in (300, 2_000))
    assert len({sentence.text for sentence in many}) == 2_000
    assert many[:300] == few
    assert {sentence.label for sentence in many} == {None}
    assert make_neutral_sentences(300, seed=2) != few


def test_every_slot_is_filled_and_every_article_fits() -> None:
    text = "\n".join(sentence.text for sentence in make_neutral_sentences(3_000, seed=3))
    assert not re.search(r"[{}]|/an\b", text)
    assert not re.search(r"\b[Aa] [AEIOaeio](?!u)", text)
    assert not re.search(r"\b[Aa]n [bcdfgjklmnpqrstvwxyz]", text, re.IGNORECASE)


def test_half_of_the_names_and_places_are_made_up() -> None:
    words, places, listed = load_words(), 0, 0
    for sentence in make_neutral_sentences(6_000, seed=4):
        if found := re.fullmatch(r"(?:I am from|Their office is in) (.+)\.", sentence.text):
            places += 1
            listed += found[1] in words.places
    assert places > 60
    assert 0.35 < listed / places < 0.65
