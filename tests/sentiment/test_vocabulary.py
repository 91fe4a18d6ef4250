import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from sentiment import TokenizerConfig
from sentiment.pieces import BEGINNING, CONTINUATION
from sentiment.vocabulary import learn_vocabulary

REVIEWS = st.lists(st.lists(st.text(st.sampled_from("abcd\u00e9"), min_size=1, max_size=8)))


def test_words_of_too_few_texts_are_not_learned() -> None:
    reviews = [["a", "a", "a", "b"], ["c", "b"], ["c"]]
    words, pieces = learn_vocabulary(reviews, TokenizerConfig(num_words=10, min_texts=2))
    assert (words, pieces) == (["b", "c"], [])


def test_pieces_come_from_words_of_enough_texts_alone() -> None:
    reviews = [["bad"], ["bad", "secret", "secret", "secret"]]
    words, pieces = learn_vocabulary(reviews, TokenizerConfig(num_words=100, num_pieces=50, min_texts=2))
    assert words == ["bad"]
    assert set(pieces) == {"b", "a", "d", "ba", "##a", "##d", "##ad", "##b"} - {"a", "d", "##b"}


def test_stretched_words_make_room_for_plain_ones() -> None:
    reviews = [["sooo", "sooo", "so", "bad"]]
    assert learn_vocabulary(reviews, TokenizerConfig(num_words=5)).words == ["sooo", "bad", "so"]
    words, pieces = learn_vocabulary(reviews, TokenizerConfig(num_words=20, num_pieces=15))
    assert words == ["bad", "so"]
    assert not any("oo" in piece for piece in pieces)


def test_all_characters_come_before_longer_pieces_and_useful_pieces_before_others() -> None:
    reviews = [["hopeless", "useless", "harmless"], ["endless"], ["hope"]]
    pieces = learn_vocabulary(reviews, TokenizerConfig(num_words=100, num_pieces=90)).pieces
    lengths = [len(piece.removeprefix(CONTINUATION)) for piece in pieces]
    num_characters = lengths.count(1)
    assert set(lengths[:num_characters]) == {1}
    assert pieces[num_characters] == "##less"


def test_pieces_that_begin_a_word_are_learned_apart_from_words() -> None:
    reviews = [["bad", "bad", "badly", "odd"], ["bad", "badly"]]
    config = TokenizerConfig(num_words=102, num_pieces=100, own_beginnings=True)
    words, pieces = learn_vocabulary(reviews, config)
    assert words == ["bad", "badly"]
    beginnings = {piece for piece in pieces if piece.endswith(BEGINNING)}
    # All of "badly" is known, "bad" begins it, and "odd" is no known word.
    assert beginnings == {"b##", "ba##", "bad##", "badl##", "o##", "od##", "odd##"}


@given(
    reviews=REVIEWS,
    num_pieces=st.integers(0, 30),
    num_words=st.integers(31, 60),
    own_beginnings=st.booleans(),
)
def test_words_and_pieces_fit_and_differ(
    reviews: list[list[str]], num_pieces: int, num_words: int, own_beginnings: bool
) -> None:
    config = TokenizerConfig(
        num_words=num_words, num_pieces=num_pieces, own_beginnings=own_beginnings and num_pieces > 0
    )
    words, pieces = learn_vocabulary(reviews, config)
    assert len(words) <= num_words - num_pieces
    assert len(pieces) <= num_pieces
    assert len({*words, *pieces}) == len(words) + len(pieces)
    assert learn_vocabulary(list(map(list, reviews)), config) == (words, pieces)


_PROGRAM = """
from sentiment import Tokenizer, TokenizerConfig
texts = ["one two three four five six seven", "seven eight nine ten eleven"]
print(Tokenizer.fit(texts, TokenizerConfig(num_words=90, num_pieces=80)).to_json())
"""


def test_the_order_of_sets_does_not_matter() -> None:
    learned = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "1234"
    }
    assert len(learned) == 1
