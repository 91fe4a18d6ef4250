import pytest

from training.data.templates import choose, fill, misspell, slots


def test_slots_are_named_once_in_order() -> None:
    assert slots("A {good} {thing}, really {good}.") == ("good", "thing")


def test_a_slot_that_stands_twice_is_filled_with_the_same_word() -> None:
    assert fill("{x} and {x}, not {y}", {"x": "tea", "y": "milk"}) == "tea and tea, not milk"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a/an {word} day", "an awful day"),
        ("A/an {word} day", "An awful day"),
        ("a/an film", "a film"),
        ("a/an hour", "an hour"),
        ("a/an honest film", "an honest film"),
        ("a/an useful, a/an unique and a/an one-off thing", "a useful, a unique and a one-off thing"),
        ("a/an unreliable and a/an ugly thing", "an unreliable and an ugly thing"),
        ("a/an unimaginative, a/an uninspired thing", "an unimaginative, an uninspired thing"),
    ],
)
def test_articles_fit_the_next_word(template: str, text: str) -> None:
    assert fill(template, {"word": "awful"}) == text


def test_a_choice_depends_on_its_purpose_alone_and_reaches_every_value() -> None:
    values = ["a", "b", "c"]
    chosen = [choose(values, "test", str(number)) for number in range(60)]
    assert chosen == [choose(values, "test", str(number)) for number in range(60)]
    assert min(map(chosen.count, values)) > 10
    assert any(choose(values, "ab", str(it)) != choose(values, "a", "b" + str(it)) for it in range(9))


def test_a_misspelling_swaps_two_inner_letters_of_one_word() -> None:
    text = "A gripping film with a room"
    found = {misspell(text, None, str(number)) for number in range(200)}
    for wrong in found:
        assert wrong is not None
        indices = [index for index, letter in enumerate(text) if wrong[index] != letter]
        first, second = indices
        assert (second, wrong[first], wrong[second]) == (first + 1, text[second], text[first])
        assert text[first - 1].isalpha()
        assert text[second + 1].isalpha()
    assert {"A gripping flim with a room", "A gripping film wtih a room"} <= found


def test_only_the_words_given_are_misspelt() -> None:
    found = {misspell("The Film was a superb film", {"film"}, str(number)) for number in range(50)}
    assert found == {"The Flim was a superb film", "The Film was a superb flim"}


@pytest.mark.parametrize("text", ["", "a bad day", "a room, a noon", "4711", "From far"])
def test_a_text_without_a_word_to_misspell_has_no_misspelling(text: str) -> None:
    assert misspell(text, None) is None
