import json
from dataclasses import replace

import pytest
from hypothesis import given

from sentiment import InvalidConfiguration, InvalidTokenizer, Tokenizer, TokenizerConfig
from sentiment.saved import needed_schema
from sentiment.text_rules import TextRules
from sentiment.tokenizer import PADDING_ID, UNKNOWN_ID, split
from sentiment.tokenizer_config import Truncation
from tests.sentiment.test_text import RULES, TEXTS

CONFIG = TokenizerConfig(num_words=100)
WORDS = Tokenizer.fit(["a b c d e f g h i j k l m n o p"], TokenizerConfig(num_words=100, max_tokens=8))

PIECES = Tokenizer(["a", "bad", "film"], TokenizerConfig(num_pieces=5), ["b", "ab", "##a", "##b", "##ab"])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("This isn't good.", ["this", "isn't", "good", "."]),
        ("The film's plot; they're lost", ["the", "film", "'s", "plot", ";", "they", "'re", "lost"]),
        ("WOW!!!!! really??", ["wow", "!!!", "!!", "really", "??"]),
        ("so-so... 10/10", ["so", "-", "so", "...", "10", "/", "10"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("👍🏽", ["👍", "🏽"]),
        ("<br /> \n\t", []),
    ],
)
def test_split(raw: str, expected: list[str]) -> None:
    assert split(raw) == expected


def test_ids_follow_frequency_and_then_the_alphabet() -> None:
    tokenizer = Tokenizer.fit(["b b c a", "b c"], CONFIG)
    assert tokenizer.words == ("b", "c", "a")
    assert tokenizer.encode("a b c").ids == [4, 2, 3]
    assert tokenizer.vocabulary_size == 5


def test_num_words_keeps_the_most_frequent() -> None:
    assert Tokenizer.fit(["b b c a"], TokenizerConfig(num_words=2)).words == ("b", "a")


def test_skip_top_makes_the_most_frequent_words_unknown() -> None:
    tokenizer = Tokenizer.fit(["the the the film film ends"], TokenizerConfig(num_words=2, skip_top=1))
    assert tokenizer.words == ("film",)
    assert tokenizer.encode("the film ends").ids == [UNKNOWN_ID, 2, UNKNOWN_ID]


def test_unknown_ratio_counts_the_tokens_that_are_kept() -> None:
    assert WORDS.encode("a b zzz yyy").unknown_ratio == 0.5
    assert WORDS.encode("zzz a b c d e f g h i j").unknown_ratio == 1 / 8


@pytest.mark.parametrize(
    ("truncation", "expected"),
    [("head", "abcdefgh"), ("tail", "ijklmnop"), ("head_tail", "abklmnop")],
)
def test_truncation_keeps_the_end_that_it_names(truncation: Truncation, expected: str) -> None:
    config = TokenizerConfig(num_words=100, max_tokens=8, truncation=truncation)
    review = Tokenizer(WORDS.words, config).encode(" ".join("abcdefghijklmnop"))
    assert "".join(WORDS.words[token_id - 2] for token_id in review.ids) == expected
    assert review.truncated
    assert review.num_tokens == 16


def test_a_review_of_the_maximum_length_is_not_truncated() -> None:
    review = WORDS.encode(" ".join("abcdefgh"))
    assert len(review.ids) == 8
    assert not review.truncated


@pytest.mark.parametrize("raw", ["", "   ", "<br />"])
def test_a_review_without_tokens_is_one_unknown_token(raw: str) -> None:
    review = WORDS.encode(raw)
    assert review.ids == [UNKNOWN_ID]
    assert review.num_tokens == 0
    assert review.unknown_ratio == 1.0
    assert WORDS.spans(raw) == []


@RULES
@pytest.mark.parametrize("num_pieces", [0, 6])
@given(raw=TEXTS)
def test_any_text_gives_known_ids_and_spans_inside_it(rules: TextRules, num_pieces: int, raw: str) -> None:
    config = TokenizerConfig(num_words=10, max_tokens=5, text_rules=rules, num_pieces=num_pieces)
    tokenizer = Tokenizer.fit([raw[::2], "a b"], config)
    review = tokenizer.encode(raw)
    spans = tokenizer.spans(raw)
    assert 1 <= len(review.ids) <= 5
    assert all(PADDING_ID < token_id < tokenizer.vocabulary_size for token_id in review.ids)
    assert ([token_id for span in spans for token_id in span.ids] or [UNKNOWN_ID]) == review.ids
    assert len(spans) <= review.num_tokens
    assert spans or num_pieces or not review.num_tokens
    assert all(0 <= span.start < span.end <= len(raw) for span in spans)


def test_spans_point_at_the_raw_text() -> None:
    raw = "Café &eacute;t&eacute;<br/>isn\u2019t 10/10!!"
    assert [raw[span.start : span.end] for span in WORDS.spans(raw)] == [
        "Café",
        "&eacute;t&eacute;",
        "isn\u2019t",
        "10",
        "/",
        "10",
        "!!",
    ]


def test_spans_point_at_the_raw_text_under_rules_2() -> None:
    raw = "_Caf\u00e9_ &eacute;t&eacute; isn\u00e2\u20ac\u2122t **ter\u200brible**<br/>1\u00bd**!!**"
    tokenizer = Tokenizer(WORDS.words, TokenizerConfig(text_rules=2))
    assert [raw[span.start : span.end] for span in tokenizer.spans(raw)] == [
        "Caf\u00e9",
        "&eacute;t&eacute;",
        "isn\u00e2\u20ac\u2122t",
        "ter\u200brible",
        "1",
        "\u00bd",
        "\u00bd",
        "\u00bd",
        *("*", "*", "!!", "*", "*"),
    ]


def test_text_rules_are_saved_only_where_they_are_not_the_first() -> None:
    assert "text_rules" not in Tokenizer(["a"], CONFIG).to_json()
    assert json.loads(Tokenizer(["a"], replace(CONFIG, text_rules=2)).to_json())["config"]["text_rules"] == 2


@pytest.mark.parametrize(
    ("name", "config"),
    [("num_pieces", replace(CONFIG, num_pieces=3)), ("min_texts", replace(CONFIG, min_texts=3))],
)
def test_a_field_is_saved_only_where_it_is_not_the_default(name: str, config: TokenizerConfig) -> None:
    assert name not in Tokenizer(["a"], CONFIG).to_json()
    assert json.loads(Tokenizer(["a"], config).to_json())["config"][name] == 3
    assert needed_schema(config) == 2


def test_a_word_in_pieces_is_one_unknown_token() -> None:
    review = PIECES.encode("a bad abbab film")
    assert PIECES.names(review.ids) == ["a", "bad", "ab", "##b", "##ab", "film"]
    assert review.num_tokens == 4
    assert review.unknown_ratio == 1 / 4
    assert not review.truncated


def test_a_stretched_word_is_an_unknown_token_with_the_id_of_the_plain_one() -> None:
    review, plain = PIECES.encode("A baaaad film"), PIECES.encode("a bad film")
    assert review.ids == plain.ids
    assert (review.unknown_ratio, plain.unknown_ratio) == (1 / 3, 0.0)


def test_a_span_holds_all_pieces_of_a_word() -> None:
    raw = "A &quot;b\u00adad&quot; abbab!"
    spans = PIECES.spans(raw)
    assert [raw[span.start : span.end] for span in spans] == [
        "A",
        "&quot;",
        "b\u00adad",
        "&quot;",
        "abbab",
        "!",
    ]
    assert [token_id for span in spans for token_id in span.ids] == PIECES.encode(raw).ids
    assert PIECES.names(spans[4].ids) == ["ab", "##b", "##ab"]


@pytest.mark.parametrize(
    ("truncation", "expected"),
    [
        ("head", "a abbab bad bad"),  # 1 + 3 + 1 + 1 ids; two more of eight would not hold "abbab"
        ("tail", "bad bad abbab film"),
        ("head_tail", "a bad bad abbab film"),  # two at the head, where "abbab" has no room; six at the tail
    ],
)
def test_truncation_leaves_no_part_of_a_word(truncation: Truncation, expected: str) -> None:
    config = replace(PIECES.config, max_tokens=8, truncation=truncation)
    tokenizer = Tokenizer(PIECES.words, config, PIECES.pieces)
    raw = "a abbab bad bad abbab film"
    review = tokenizer.encode(raw)
    assert review.ids == tokenizer.encode(expected).ids
    assert " ".join(raw[span.start : span.end] for span in tokenizer.spans(raw)) == expected
    assert review.truncated
    assert review.num_tokens == 6
    assert review.unknown_ratio == expected.count("abbab") / len(expected.split())


def test_a_word_with_more_pieces_than_a_review_may_have_leaves_an_unknown_token() -> None:
    config = replace(PIECES.config, max_tokens=4)
    review = Tokenizer(PIECES.words, config, PIECES.pieces).encode("aabbaabbabab")
    assert (review.ids, review.unknown_ratio, review.truncated) == ([UNKNOWN_ID], 1.0, True)


def test_pieces_leave_known_words_as_they_are() -> None:
    without = Tokenizer(PIECES.words, replace(PIECES.config, num_pieces=0))
    raw = "film a bad " * 200
    assert PIECES.encode(raw) == without.encode(raw)


def test_a_known_word_is_cut_as_if_it_were_unknown() -> None:
    known = Tokenizer([*PIECES.words, "abbab"], PIECES.config, PIECES.pieces)
    [token_id] = known.encode("abbab").ids
    assert known.names(known.cut(token_id)) == PIECES.names(PIECES.encode("abbab").ids)
    assert [known.cut(other) for other in (PADDING_ID, UNKNOWN_ID, known.vocabulary_size - 1)] == [
        (PADDING_ID,),
        (UNKNOWN_ID,),
        (known.vocabulary_size - 1,),
    ]
    assert Tokenizer(["abbab"], CONFIG).cut(2) == (UNKNOWN_ID,)


def test_pieces_without_their_number_are_refused() -> None:
    with pytest.raises(InvalidTokenizer, match="num_pieces"):
        Tokenizer(["a"], CONFIG, ["##b"])


def test_a_vocabulary_is_learned_under_its_own_rules() -> None:
    assert Tokenizer.fit(["_a_"], replace(CONFIG, text_rules=1)).words == ("_a_",)
    assert Tokenizer.fit(["_a_"], replace(CONFIG, text_rules=2)).words == ("a",)


@RULES
@pytest.mark.parametrize("num_pieces", [0, 12])
@given(raw=TEXTS)
def test_a_saved_tokenizer_is_the_same(rules: TextRules, num_pieces: int, raw: str) -> None:
    config = TokenizerConfig(
        num_words=20, skip_top=1, max_tokens=6, truncation="tail", text_rules=rules, num_pieces=num_pieces
    )
    tokenizer = Tokenizer.fit([raw[::2], "some words <pad> <unk>"], config)
    again = Tokenizer.from_json(tokenizer.to_json().encode())
    assert again.config == config
    assert (again.words, again.pieces) == (tokenizer.words, tokenizer.pieces)
    assert again.encode(raw) == tokenizer.encode(raw)


@pytest.mark.parametrize(
    "saved",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        json.dumps({"format": 2, "config": {}, "words": []}),
        json.dumps({"format": 1, "config": {}, "words": "ab"}),
        json.dumps({"format": 1, "config": {}, "words": [1]}),
        json.dumps({"format": 1, "config": {}, "words": ["a", "a"]}),
        json.dumps({"format": 1, "config": {"num_pieces": 1}, "words": ["a"], "pieces": ["a"]}),
        json.dumps({"format": 1, "config": {"num_pieces": 1}, "words": ["a"], "pieces": [1]}),
        json.dumps({"format": 1, "config": {"num_pieces": 1}, "words": ["a"], "pieces": None}),
        json.dumps({"format": 1, "config": {}, "words": ["a"], "pieces": ["b"]}),
        json.dumps({"format": 1, "config": {"colour": 1}, "words": []}),
        json.dumps({"format": 1, "config": None, "words": []}),
    ],
)
def test_what_is_no_saved_tokenizer_is_refused(saved: str | bytes) -> None:
    with pytest.raises(InvalidTokenizer):
        Tokenizer.from_json(saved)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_words", 0),
        ("skip_top", -1),
        ("skip_top", 30_000),
        ("max_tokens", 3),
        ("truncation", "middle"),
        ("text_rules", 3),
        ("num_pieces", -1),
        ("num_pieces", 30_000),
        ("min_texts", 0),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidConfiguration, match=field):
        TokenizerConfig(**{field: value})  # type: ignore[arg-type]  # wrong on purpose
