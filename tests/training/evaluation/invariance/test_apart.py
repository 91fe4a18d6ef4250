"""What is measured was not trained on: variations of texts have no name, place or sentence of it."""

from itertools import chain

from tests.training.data.sentences.test_apart import blanked
from training.augmentation.words import load_words
from training.evaluation.invariance.frames import load_word_groups


def words_of(name: str) -> set[str]:
    [group] = [group for group in load_word_groups() if group.name == name]
    return set(group.words)


def test_no_name_is_trained_on() -> None:
    words = load_words()
    assert words_of("names") & {*words.given_names, *words.family_names} == set()


def test_no_place_is_trained_on() -> None:
    assert words_of("places") & set(load_words().places) == set()


def test_no_sentence_is_trained_on() -> None:
    words, beside = load_words(), load_words().sentences
    trained_on = chain(
        words.neutral_sentences.templates, beside.name, beside.place, beside.number, beside.identity
    )
    measured = (frame for group in load_word_groups() for frame in group.frames)
    assert set(map(blanked, trained_on)) & set(map(blanked, measured)) == set()
