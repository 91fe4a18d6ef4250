"""Each variation changes what it is for, and leaves everything else of a text alone."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.tokenizer import split
from training.augmentation.addresses import HandleVariation, WebAddressVariation
from training.augmentation.end_mark import vary_end_mark
from training.augmentation.identity_words import IdentityVariation
from training.augmentation.names import NameVariation
from training.augmentation.numbers import NumberVariation
from training.augmentation.places import PlaceVariation
from training.augmentation.typos import TypoVariation
from training.augmentation.variation import Variation
from training.augmentation.words import load_words

WORDS = load_words()
VARIATIONS: dict[str, Variation] = {
    "name": NameVariation(WORDS),
    "place": PlaceVariation(WORDS),
    "number": NumberVariation(WORDS),
    "identity_word": IdentityVariation(WORDS),
    "typo": TypoVariation({"food", "form"}),
    "end_mark": vary_end_mark,
    "handle": HandleVariation(WORDS.addresses),
    "web_address": WebAddressVariation(WORDS.addresses),
}
ADDING = ("name", "place", "number", "identity_word", "handle", "web_address")
SEEDS = range(40)

words = st.sampled_from(
    ["the", "soup", "was", "awful", "Boston", "Michael", "Kate Smith", "1998", "gay", "won't", "8/10"]
)
texts = st.builds(
    lambda parts, mark: " ".join(parts) + mark,
    st.lists(words, min_size=1, max_size=12),
    st.sampled_from(["", ".", "!", "?", "..."]),
)


@given(
    text=st.one_of(texts, st.text(max_size=40)), seed=st.integers(), name=st.sampled_from(sorted(VARIATIONS))
)
def test_a_variation_of_any_text_follows_from_its_random_numbers(text: str, seed: int, name: str) -> None:
    first, second = (VARIATIONS[name](text, Random(seed)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", ADDING)
@given(seed=st.integers())
def test_a_text_without_what_is_varied_stays_whole_next_to_what_is_added(name: str, seed: int) -> None:
    text = "the soup was awful"
    varied = VARIATIONS[name](text, Random(seed))
    assert varied.startswith((f"{text}\n", f"{text} ")) or varied.endswith((f"\n{text}", f" {text}"))


@given(seed=st.integers())
def test_the_last_mark_alone_is_varied(seed: int) -> None:
    assert vary_end_mark("Awful. Truly awful.", Random(seed)) in ("Awful. Truly awful", "Awful. Truly awful!")
    assert vary_end_mark('He said "no!!" ', Random(seed)) in ('He said "no" ', 'He said "no." ')
    assert vary_end_mark("awful", Random(seed)) in ("awful.", "awful!")


@pytest.mark.parametrize("text", ["Was it good?", "It was good...", "", "5 stars :-", "It was good…"])
def test_questions_and_dots_keep_their_marks(text: str) -> None:
    assert {vary_end_mark(text, Random(seed)) for seed in SEEDS} == {text}


def test_every_mark_comes_up() -> None:
    assert {vary_end_mark("Bad.", Random(seed)) for seed in SEEDS} == {"Bad", "Bad!"}
    assert {vary_end_mark("Bad", Random(seed)) for seed in SEEDS} == {"Bad.", "Bad!"}


def is_listed_or_made_up(word: str, listed: tuple[str, ...]) -> bool:
    return word in listed or (word.isalpha() and word == word.capitalize())


@given(seed=st.integers())
def test_a_name_is_replaced_the_same_way_throughout(seed: int) -> None:
    varied = VARIATIONS["name"](
        "I think Tom Hanks is dull. Hanks should leave acting to Kevin.", Random(seed)
    )
    found = re.fullmatch(r"I think (.+) is dull\. (.+) should leave acting to (.+)\.", varied)
    assert found
    given_name, _, family_name = found[1].partition(" ")
    assert is_listed_or_made_up(given_name, WORDS.given_names)
    assert is_listed_or_made_up(family_name, WORDS.family_names)
    assert found[2] == family_name
    assert is_listed_or_made_up(found[3], WORDS.given_names)


@pytest.mark.parametrize(
    "text",
    [
        "This is a Must See for all.",
        "It was Highly Recommended by all.",
        "Truly Awful. I left.",
        "we saw The Old Man And The Sea there",
        "they came in New York again",
    ],
)
def test_capitals_alone_make_no_name(text: str) -> None:
    assert all(text in VARIATIONS["name"](text, Random(seed)) for seed in SEEDS)


@given(seed=st.integers())
def test_places_are_replaced_by_places(seed: int) -> None:
    found = re.fullmatch(
        r"From (.+) to (.+), and back to (.+)\.",
        VARIATIONS["place"]("From Boston to Addis Ababa, and back to Boston.", Random(seed)),
    )
    assert found
    assert all(is_listed_or_made_up(place, WORDS.places) for place in found.groups())
    assert found[3] == found[1]


@pytest.mark.parametrize(("kind", "text"), [("name", "I saw Kevin."), ("place", "I saw Boston.")])
def test_half_of_the_names_and_places_are_made_up(kind: str, text: str) -> None:
    listed = {*WORDS.given_names, *WORDS.places}
    drawn = [VARIATIONS[kind](text, Random(seed))[len("I saw ") : -1] for seed in range(400)]
    made_up = [word for word in drawn if word not in listed]
    assert 160 < len(made_up) < 240
    assert len(set(made_up)) > 150


@given(seed=st.integers())
def test_numbers_keep_their_length_and_years_are_years(seed: int) -> None:
    varied = VARIATIONS["number"]("In 1998 we were 12, with 304 dogs.", Random(seed))
    found = re.fullmatch(r"In (\d+) we were (\d\d), with (\d{3}) dogs\.", varied)
    assert found
    assert 1950 <= int(found[1]) < 2025


@pytest.mark.parametrize(
    "text",
    [
        "8/10",
        "I give it 8",
        "a perfect 10",
        "an 8 or 9",
        "100",
        "80 out of 90",
        "35 stars",
        "50%",
        "50 percent",
        "$20",
        "15-20",
        "12.5",
        "the 80's",
        "30D",
        "no. 12",
    ],
)
def test_ratings_and_prices_stay(text: str) -> None:
    assert all(text in VARIATIONS["number"](text, Random(seed)) for seed in SEEDS)


@given(seed=st.integers())
def test_an_identity_word_is_replaced_by_one_of_its_group_with_the_right_article(seed: int) -> None:
    found = re.fullmatch(
        r"(An?) (\w+) and (an?) (\w+) man\.",
        VARIATIONS["identity_word"]("An Irish and a gay man.", Random(seed)),
    )
    assert found
    assert found[2] in WORDS.identity_words["origin"]
    assert found[4] in WORDS.identity_words["orientation"]
    assert (found[1] == "An") == (found[2][0] in "AEIO" and found[2] != "European")
    assert found[3] == "a"


@pytest.mark.parametrize("text", ["It went straight to video.", "a black comedy", "a blind date"])
def test_words_with_other_meanings_stay(text: str) -> None:
    assert all(text in VARIATIONS["identity_word"](text, Random(seed)) for seed in SEEDS)


@given(seed=st.integers())
def test_a_typo_is_in_one_word_and_makes_no_other_word(seed: int) -> None:
    text = "so the good from it was a tie"
    before, after = text.split(), VARIATIONS["typo"](text, Random(seed)).split()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) <= 1
    for old, new in changed:
        assert old in ("good", "from")
        assert new not in ("food", "form")
        assert new[0] == old[0]


def test_handles_addresses_and_entities_are_not_misspelt() -> None:
    text = "@someone www.example.com &quot;bad&quot; a.b/cdef"
    assert {VARIATIONS["typo"](text, Random(seed)) for seed in SEEDS} == {text}


def test_most_typos_can_be_made_and_long_texts_have_more() -> None:
    varied = {VARIATIONS["typo"]("awful", Random(seed)) for seed in range(200)}
    assert {"afwul", "awfl", "awwful", "aweful", "awfuuul"} & varied >= {"afwul", "awfl", "awwful", "awfuuul"}
    text = " ".join(["awful"] * 100)
    assert VARIATIONS["typo"](text, Random(1)).split().count("awful") == 100 - 6


@given(seed=st.integers())
def test_addresses_and_handles_are_one_word_each(seed: int) -> None:
    for name in ("web_address", "handle"):
        text = "the soup was awful."
        added = VARIATIONS[name](text, Random(seed)).replace(text, "").strip()
        assert added
        assert not re.search(r"\s", added)


@given(text=st.text(st.characters(max_codepoint=0x7E)))
def test_case_needs_no_variation(text: str) -> None:
    assert split(text.upper()) == split(text.lower()) == split(text)
