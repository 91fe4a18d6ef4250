"""How often a change that says nothing changes a label."""

import pytest

from model_store import LabelChangeFigures
from tests.training.evaluation.probing.word_sums import word_sums
from training.evaluation.invariance.label_changes import MAX_REVIEWS, change_kinds, measure_label_changes

NAMES = ("Lars", "Omar")
CHANGES = change_kinds(NAMES)


def test_shares_are_those_of_the_reviews_that_a_change_can_be_made_to() -> None:
    texts = ["ok day", "bad day", "ok, served by Cid", "bad, served by Ann"]
    values = {"ok": 0.5, "bad": -0.5, "lars": 1.0, "omar": 1.0, "served": 0.0, "http": -1.0, "https": -1.0}
    found = measure_label_changes(word_sums(values | {"www": -1.0}), texts, NAMES, seed=1)
    assert found == {
        "typo": LabelChangeFigures(num_reviews=2, change_ratio=0.0),
        "other name": LabelChangeFigures(num_reviews=2, change_ratio=0.5),
        "web address": LabelChangeFigures(num_reviews=4, change_ratio=0.5),
    }


def test_a_change_that_can_be_made_to_no_review_is_left_out() -> None:
    assert measure_label_changes(word_sums({"ok": 1.0}), ["ok"], NAMES, seed=1).keys() == {"web address"}


def test_at_most_that_many_different_reviews_take_part_and_always_the_same() -> None:
    texts = [f"ok {number}" for number in range(MAX_REVIEWS + 500)] * 2
    classifier = word_sums({"ok": 0.5, "7": -1.0, "http": -1.0})
    found = measure_label_changes(classifier, texts, NAMES, seed=1)
    assert found["web address"].num_reviews == MAX_REVIEWS
    assert found == measure_label_changes(classifier, texts, NAMES, seed=1)
    assert found != measure_label_changes(classifier, texts, NAMES, seed=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It stars the actor Al Pacino. Al Pacino is fine.", "It stars the actor {}. {} is fine."),
        ("Directed by Ana, with Ana.", "Directed by {}, with {}."),
        ("Our waitress Joy was kind.", "Our waitress {} was kind."),
        ("directed by Lars", "directed by Omar"),
        ("An actor Must See It", None),
        ("A joy in New York.", None),
        ("served by the river", None),
    ],
)
def test_a_name_is_replaced_where_it_is_certain(text: str, expected: str | None) -> None:
    changed = CHANGES["other name"](text, "1")
    assert changed in ([None] if expected is None else [expected.format(name, name) for name in NAMES])


def test_the_other_changes_are_small() -> None:
    typo = CHANGES["typo"]("a gripping film", "1")
    assert typo is not None
    assert typo != "a gripping film"
    assert sorted(typo) == sorted("a gripping film")
    with_address = CHANGES["web address"]("a film", "1")
    assert with_address is not None
    assert with_address.startswith("a film ")
    assert with_address.count(" ") == 2
    assert CHANGES["web address"]("a play", "1") != with_address.replace("film", "play")
