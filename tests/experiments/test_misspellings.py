import random

from experiments.misspellings import misspell, misspelled


def test_a_misspelled_word_keeps_its_ends_and_its_length_but_for_a_letter() -> None:
    generator = random.Random(1)
    for word in ["rude", "wonderful"] * 50:
        changed = misspell(word, generator)
        assert changed[0] == word[0]
        assert changed[-1] == word[-1] or sorted(changed) == sorted(word), "the last two may be swapped"
        assert abs(len(changed) - len(word)) <= 1


def test_every_sentence_has_a_misspelled_word() -> None:
    cases = list(misspelled(random.Random(1)))
    assert {label for _, label in cases} == {"negative", "positive"}
    assert len(cases) > 500
    assert ("It was terrible.", "negative") not in cases
