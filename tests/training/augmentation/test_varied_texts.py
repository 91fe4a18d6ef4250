"""Token ids of varied texts, and words that are read as pieces."""

from random import Random

import pytest

from sentiment import Tokenizer, TokenizerConfig
from sentiment.tokenizer import UNKNOWN_ID
from tests.sample_reviews import made_up_reviews
from training.augmentation.cut_words import WordCutter
from training.augmentation.varied_texts import VariedTexts
from training.recipe.tables import Augmentation

TEXTS = [str(review["text"]) for review in made_up_reviews()]
ALL = Augmentation(
    end_mark=0.5,
    name=0.5,
    place=0.5,
    number=0.5,
    identity_word=0.5,
    typo=0.5,
    handle=0.5,
    web_address=0.5,
    pieces=0.3,
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.fit(TEXTS, TokenizerConfig(num_words=150, num_pieces=60, max_tokens=40, text_rules=2))


def texts(tokenizer: Tokenizer, augmentation: Augmentation) -> VariedTexts:
    return VariedTexts(TEXTS, [tokenizer.encode(text) for text in TEXTS], tokenizer, augmentation, seed=1)


def test_ids_follow_from_index_and_step_whatever_was_asked_for_before(tokenizer: Tokenizer) -> None:
    asked = [(index, step) for step in range(3) for index in range(20)]
    first, second = texts(tokenizer, ALL), texts(tokenizer, ALL)
    forward = {at: first.ids(*at) for at in asked}
    backward = {at: second.ids(*at) for at in reversed(asked)}
    assert forward == backward
    assert len({tuple(first.ids(0, step)) for step in range(10)}) > 5


def test_what_is_not_varied_has_the_ids_of_the_text(tokenizer: Tokenizer) -> None:
    varied = texts(tokenizer, Augmentation(place=1.0))
    [index] = [number for number, text in enumerate(TEXTS) if "Paris" not in text][:1]
    ids = tokenizer.encode(TEXTS[index]).ids
    found = varied.ids(index, 0)
    assert len(found) > len(ids)
    assert ids in (found[: len(ids)], found[-len(ids) :])


def test_no_review_grows_beyond_the_limit(tokenizer: Tokenizer) -> None:
    everything = Augmentation(name=1.0, place=1.0, number=1.0, identity_word=1.0, pieces=1.0)
    varied = texts(tokenizer, everything)
    assert max(len(varied.ids(index, 0)) for index in range(len(TEXTS))) == 40


def test_a_cut_word_is_read_as_if_it_were_unknown(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("a wonderful film").ids
    cut = WordCutter(tokenizer, 1.0).cut(ids, Random(1))
    without = Tokenizer(
        [word for word in tokenizer.words if word != "wonderful"], tokenizer.config, tokenizer.pieces
    )
    assert len(cut) > len(ids)
    assert UNKNOWN_ID not in cut
    assert tokenizer.names(cut)[1:-1] != ["wonderful"]
    expected = without.names(without.encode("wonderful").ids)
    assert [name for name in tokenizer.names(cut) if name in expected][: len(expected)] == expected


def test_cutting_is_rare_at_a_low_rate_and_never_at_none(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("a wonderful film").ids
    assert all(WordCutter(tokenizer, 0.0).cut(ids, Random(seed)) == ids for seed in range(50))
    changed = sum(WordCutter(tokenizer, 0.1).cut(ids, Random(seed)) != ids for seed in range(200))
    assert 10 < changed < 80


def test_short_words_marks_and_pieces_are_not_cut(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("I too . ! it").ids
    assert WordCutter(tokenizer, 1.0).cut(ids, Random(1)) == ids
    pieces = list(range(2 + len(tokenizer.words), tokenizer.vocabulary_size))[:20]
    assert WordCutter(tokenizer, 1.0).cut(pieces, Random(1)) == pieces
