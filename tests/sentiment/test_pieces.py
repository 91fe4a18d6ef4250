from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import Tokenizer, TokenizerConfig
from sentiment.pieces import BEGINNING, CONTINUATION
from sentiment.tokenizer import UNKNOWN_ID

# More frequent words first, as a vocabulary has them.
WORDS = [
    *("to", "so", "of", "god", "too", "thumbs", "down"),
    *(f"word{n}" for n in range(60)),
    *("good", "worst"),
]
LETTERS = [mark + letter for letter in "abcdefghijklmnopqrstuvwxyz" for mark in ("", CONTINUATION)]
PIECES = [*LETTERS, "terri", "terrib", "##bel", "##el", "##ble"]
TOKENIZER = Tokenizer(WORDS, TokenizerConfig(num_pieces=len(PIECES)), PIECES)
ASCII_WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=1, max_size=64)


def cut(word: str) -> list[str]:
    return TOKENIZER.names(TOKENIZER.encode(word).ids)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("terribel", ["terrib", "##el"]),
        ("terribles", ["terrib", "##l", "##e", "##s"]),
        ("goodbel", ["good", "##bel"]),  # a known word begins another
        ("godbel", ["g", "##o", "##d", "##bel"]),  # but for one of two or three letters
        ("xgood", ["x", "##g", "##o", "##o", "##d"]),  # and goes on none
        ("good", ["good"]),
    ],
)
def test_the_longest_piece_is_taken_first(word: str, expected: list[str]) -> None:
    assert cut(word) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("goodbel", ["g##", "##o", "##o", "##d", "##bel"]),  # no known word begins another
        ("terribel", ["terrib##", "##el"]),
        ("good", ["good"]),
    ],
)
def test_a_piece_that_begins_a_word_may_have_an_id_of_its_own(word: str, expected: list[str]) -> None:
    pieces = [piece if piece.startswith(CONTINUATION) else piece + BEGINNING for piece in PIECES]
    tokenizer = Tokenizer(WORDS, replace(TOKENIZER.config, own_beginnings=True), pieces)
    assert tokenizer.names(tokenizer.encode(word).ids) == expected
    assert Tokenizer.from_json(tokenizer.to_json()).encode(word) == tokenizer.encode(word)


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("woooorst", "worst"),
        ("WORSTTTT", "worst"),
        ("goooood", "good"),
        ("toooo", "too"),
        ("soooo", "so"),
    ],
)
def test_a_stretched_word_is_the_plain_one(word: str, plain: str) -> None:
    assert cut(word) == [plain]


def test_the_much_more_frequent_spelling_is_meant() -> None:
    words = ["so", *(f"word{n}" for n in range(100)), "soo"]
    tokenizer = Tokenizer(words, TokenizerConfig(num_pieces=1), ["s"])
    assert tokenizer.names(tokenizer.encode("sooooo").ids) == ["so"]


def test_a_symbol_is_read_as_its_name() -> None:
    assert cut("\N{THUMBS DOWN SIGN}") == ["thumbs", "down", "s", "##i", "##g", "##n"]


def test_a_known_symbol_is_itself() -> None:
    tokenizer = Tokenizer(["\N{THUMBS DOWN SIGN}"], TokenizerConfig(num_pieces=1), ["t"])
    assert tokenizer.encode("\N{THUMBS DOWN SIGN}").ids == [UNKNOWN_ID + 1]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("\u732b\u732b", ["<unk>"]),
        ("a\u732b\u72acb\u732b", ["a", "<unk>", "##b", "<unk>"]),
        ("1", ["<unk>"]),
        ("\U000e0041", ["<unk>"]),
        ("ab" * 33, ["<unk>"]),
    ],
)
def test_what_no_piece_has_is_unknown(word: str, expected: list[str]) -> None:
    assert cut(word) == expected


@given(ASCII_WORDS)
def test_every_word_of_known_characters_is_cut_into_itself(word: str) -> None:
    review = TOKENIZER.encode(word)
    names = TOKENIZER.names(review.ids)
    assert all(UNKNOWN_ID < token_id < TOKENIZER.vocabulary_size for token_id in review.ids)
    joined = names[0] + "".join(name.removeprefix(CONTINUATION) for name in names[1:])
    assert joined == word or names[0] in WORDS  # of a stretched one
    assert all(name.startswith(CONTINUATION) for name in names[1:])


@given(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1))
def test_a_learned_vocabulary_cuts_all_of_its_own_texts(word: str, texts: list[str]) -> None:
    tokenizer = Tokenizer.fit(texts, TokenizerConfig(num_words=5000, num_pieces=4990, text_rules=2))
    for text in texts:
        assert tokenizer.encode_whole(text) == Tokenizer.from_json(tokenizer.to_json()).encode_whole(text)
    assert all(
        UNKNOWN_ID <= token_id < tokenizer.vocabulary_size for token_id in tokenizer.encode_whole(word)
    )
