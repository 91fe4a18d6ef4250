"""Proper nouns are told by their capitals within sentences."""

from training.data.proper_nouns import proper_nouns

TEXTS = [
    "The film is by Lars. Bad acting, said Lars, but a Good plot",
    "It was Lars who came; good that the good Lars did. A bad film. Bad, bad, Bad.",
]


def test_words_with_capitals_within_sentences_are_found() -> None:
    assert proper_nouns(TEXTS) == {"lars"}


def test_a_few_in_lower_case_do_not_matter_and_many_do() -> None:
    text = " ".join(["we saw Rose."] * 7)
    assert proper_nouns([text, "a rose, a rose, a rose"]) == {"rose"}
    assert proper_nouns([text, "a rose, a rose, a rose, a rose"]) == frozenset()


def test_a_capital_at_the_start_says_nothing_and_twice_is_too_rare() -> None:
    assert proper_nouns(["Terrible. Terrible. Terrible.", "we saw Rose and Rose."]) == frozenset()
