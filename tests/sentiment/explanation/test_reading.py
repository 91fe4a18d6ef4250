"""Where the parts of a review stand in its text, whatever the text is."""

from dataclasses import replace

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from sentiment import Tokenizer, TokenizerConfig
from sentiment.explanation import Reading, TextRange
from sentiment.text_rules import TextRules
from sentiment.tokenizer import UNKNOWN_ID
from sentiment.tokenizer_config import Truncation
from tests.sentiment.test_text import PIECES as TEXT_PIECES
from tests.sentiment.test_text import RULES
from tests.sentiment.test_tokenizer import PIECES, WORDS

# As in the tests of cleaning, with sentences, emoji of several code points, and lone surrogates.
TEXTS = st.lists(
    st.one_of(
        TEXT_PIECES,
        st.sampled_from([". ", "!\n", "… ", "film", "bad", "a", "<br>", "&hellip; ", "\u2026\u2028ﬁ"]),
        st.sampled_from(
            ["\ud83d", "\ude00", "👩\u200d👩\u200d👧", "🇩🇪", "1\ufe0f\u20e3", "n\u0303", "\u00e2\u20ac\u00a6"]
        ),
    ),
    max_size=30,
).map("".join)


@RULES
@pytest.mark.parametrize("truncation", ["head", "head_tail", "tail"])
@given(raw=TEXTS)
def test_parts_stand_in_order_without_an_overlap_and_have_all_ids(
    rules: TextRules, truncation: Truncation, raw: str
) -> None:
    config = replace(PIECES.config, text_rules=rules, max_tokens=8, truncation=truncation)
    reading = Reading.of(raw, Tokenizer(PIECES.words, config, PIECES.pieces))
    for parts in (sorted([*reading.words, *reading.unread], key=lambda part: part.start), reading.sentences):
        ends = [0, *(part.end for part in parts)]
        assert all(before <= part.start < part.end for before, part in zip(ends, parts, strict=False))
        assert ends[-1] <= len(raw)
    for parts in (reading.words, reading.sentences):
        firsts = [part.first_id for part in parts]
        assert [*firsts, len(reading.ids) if parts else 0] == [0, *(part.behind_id for part in parts)]
    assert reading.words or reading.ids == (UNKNOWN_ID,)
    whole = Reading.of(raw, Tokenizer(PIECES.words, replace(config, max_tokens=10_000), PIECES.pieces))
    for word in whole.words:
        assert any(part.start <= word.start < part.end for part in (*reading.words, *reading.unread))
    assert bool(reading.unread) <= reading.review.truncated


# What belongs together, what joins, and what comes between.
CLUSTERS = st.lists(
    st.one_of(
        st.sampled_from(
            ["👍🏽", "👩\u200d🍳", "👩🏽\u200d🤝\u200d👨🏿", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈", "🇩🇪", "🇫"]
        ),
        st.sampled_from(
            [
                "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
                "1\ufe0f\u20e3",
                "#\ufe0f\u20e3",
            ]
        ),
        st.sampled_from(
            ["\u200d", "\ufe0f", "\u0301", "🏽", "\u20e3", "\u0e33", "\u0600", "\U00011046", "\uff76\uff9e"]
        ),
        st.sampled_from(
            [". ", "! ", "…", "\r\n", "<br>", "&amp;", "film", "e", "½", "ﬁ", "한", "\u1100\u1161\u11a8"]
        ),
    ),
    max_size=12,
).map("".join)


@RULES
@pytest.mark.parametrize("truncation", ["head", "head_tail", "tail"])
@given(raw=CLUSTERS)
def test_no_part_begins_or_ends_within_what_readers_see_as_one_character(
    rules: TextRules, truncation: Truncation, raw: str
) -> None:
    config = replace(PIECES.config, text_rules=rules, max_tokens=6, truncation=truncation)
    reading = Reading.of(raw, Tokenizer(PIECES.words, config, PIECES.pieces))
    bounds = {0, *(cluster.end() for cluster in regex.finditer(r"\X", raw))}
    for part in (*reading.words, *reading.sentences, *reading.unread):
        assert {part.start, part.end} <= bounds


@RULES
@given(raw=TEXTS)
def test_unknown_words_are_those_that_the_ratio_counts(rules: TextRules, raw: str) -> None:
    tokenizer = Tokenizer(PIECES.words, replace(PIECES.config, text_rules=rules), PIECES.pieces)
    reading = Reading.of(raw, tokenizer)
    if len(reading.words) == reading.review.num_tokens:  # else some tokens stand for the same characters
        unknown = sum(not word.is_known for word in reading.words)
        assert reading.review.unknown_ratio == (unknown / len(reading.words) if reading.words else 1.0)


def test_words_and_sentences_are_those_of_the_raw_text() -> None:
    raw = "A &quot;b\u00adad&quot; abbab!<br />Film\u2026 a baaaad FILM"
    reading = Reading.of(raw, PIECES)
    assert [reading.text(sentence) for sentence in reading.sentences] == [
        "A &quot;b\u00adad&quot; abbab!",
        "Film\u2026",
        "a baaaad FILM",
    ]
    words = [(reading.text(word), word.is_known) for word in reading.words]
    assert words == [
        ("A", True),
        ("&quot;", False),
        ("b\u00adad", True),
        ("&quot;", False),
        ("abbab", False),
        ("!", False),
        ("Film", True),
        ("\u2026", False),
        ("a", True),
        ("baaaad", False),  # read as the word, and yet unknown
        ("FILM", True),
    ]
    assert [reading.text(word) for word in reading.words_of(reading.sentences[2])] == ["a", "baaaad", "FILM"]


def test_the_pieces_of_a_word_are_left_out_together() -> None:
    reading = Reading.of("a abbab film", PIECES)
    assert PIECES.names(reading.without(reading.words[1])) == ["a", "film"]
    assert PIECES.names(reading.only(reading.words[1])) == ["ab", "##b", "##ab"]


def test_tokens_of_the_same_characters_are_one_word() -> None:
    words = Tokenizer.fit(["1 / 2 film"], TokenizerConfig(text_rules=2))
    reading = Reading.of("\u00bd film", words)
    assert [reading.text(word) for word in reading.words] == ["\u00bd", "film"]
    assert words.names(reading.only(reading.words[0])) == ["1", "/", "2"]


@RULES
def test_an_emoji_of_several_code_points_is_one_word(rules: TextRules) -> None:
    emoji = ["👍🏽", "👩\u200d🍳", "🇩🇪", "🇫🇷", "1\ufe0f\u20e3", "❤\ufe0f", "👍", "👍"]
    raw = f"a {''.join(emoji[2:4])} {' '.join(emoji[:2])} film {' '.join(emoji[4:])}"
    reading = Reading.of(raw, Tokenizer(PIECES.words, replace(PIECES.config, text_rules=rules)))
    words = ["a", *emoji[2:4], *emoji[:2], "film", *emoji[4:]]
    assert [reading.text(word) for word in reading.words] == words


def test_without_its_only_part_a_review_is_an_empty_one() -> None:
    reading = Reading.of("a bad film.", PIECES)
    assert list(reading.without(reading.sentences[0])) == PIECES.encode("").ids


@pytest.mark.parametrize(
    ("truncation", "max_tokens", "unread", "sentences"),
    [
        ("head", 11, "i! j k l! m n o p!", ["a b!", "c d!", "e f g h!"]),
        ("head", 12, "! j k l! m n o p!", ["a b!", "c d!", "e f g h!", "i!"]),
        ("tail", 9, "a b! c d! e f g h! i!", ["j k l!", "m n o p!"]),
        ("head_tail", 8, "! c d! e f g h! i! j k l", ["a b!", "j k l!", "m n o p!"]),
    ],
)
def test_what_truncation_leaves_out_is_said_and_never_read(
    truncation: Truncation, max_tokens: int, unread: str, sentences: list[str]
) -> None:
    raw = "a b! c d! e f g h! i! j k l! m n o p!"
    config = replace(WORDS.config, max_tokens=max_tokens, truncation=truncation)
    reading = Reading.of(raw, Tokenizer([*WORDS.words, "!"], config))
    assert [reading.text(part) for part in reading.unread] == [unread]
    assert [reading.text(sentence) for sentence in reading.sentences] == sentences
    assert len(reading.without(reading.sentences[0])) < len(reading.ids)
    assert set(reading.without(reading.sentences[0])) <= set(reading.ids)


def test_nothing_is_unread_of_a_short_review() -> None:
    assert Reading.of("a b c", WORDS).unread == ()


def test_a_word_of_which_only_a_part_would_be_cut_off_is_read_whole() -> None:
    config = replace(WORDS.config, max_tokens=4, text_rules=2, truncation="head")
    reading = Reading.of("a b c \u00bd.", Tokenizer([*WORDS.words, "1"], config))
    assert [reading.text(word) for word in reading.words] == ["a", "b", "c", "\u00bd"]
    assert reading.unread == (TextRange(7, 8),)
