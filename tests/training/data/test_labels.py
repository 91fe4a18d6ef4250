from collections.abc import Sequence

import pytest

from reviews import Review
from training.data.labels import MAX_CLASSES, LabelSet
from training.errors import InvalidReviews

BINARY = ("negative", "positive")


def labelled(labels: Sequence[str | None]) -> list[Review]:
    return [Review(f"r{number}", "Fine.", label, None) for number, label in enumerate(labels)]


@pytest.mark.parametrize(
    "values",
    [
        ("0", "1"),
        ("neg", "pos"),
        ("NEG", "Pos"),
        ("negative", "positive"),
        ("Negative", "POSITIVE"),
        ("false", "true"),
        ("False", "True"),
    ],
)
def test_two_classes_in_the_usual_spellings_are_negative_and_positive(values: tuple[str, str]) -> None:
    negative, positive = values
    reviews = labelled([positive, negative, positive])
    labels = LabelSet.infer(reviews)
    assert labels == LabelSet(BINARY, values)
    assert labels.indices(reviews) == [1, 0, 1]


def test_files_with_different_spellings_go_together() -> None:
    reviews = labelled(["pos", "1", "neg", "0"])
    labels = LabelSet.infer(reviews)
    assert labels.names == BINARY
    assert labels.indices(reviews) == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("10", "9", "-1"), ("-1", "9", "10")),
        (("4.5", "10", "0.5"), ("0.5", "4.5", "10")),
        (("0", "1", "2"), ("0", "1", "2")),
        (("0", "2"), ("0", "2")),
        (("10", "9", "x"), ("10", "9", "x")),
        (("positive", "neutral", "negative"), ("negative", "neutral", "positive")),
        (("Good", "good"), ("Good", "good")),
    ],
)
def test_other_values_are_the_names_sorted(values: tuple[str, ...], names: tuple[str, ...]) -> None:
    reviews = labelled(values * 2)
    labels = LabelSet.infer(reviews)
    assert labels == LabelSet(names, names)
    assert labels.indices(reviews) == [names.index(value) for value in values] * 2


@pytest.mark.parametrize(
    ("labels", "found"),
    [([], "none"), (["1"], "'1'"), (["x", "x"], "'x'"), (["1", "pos"], "'1' and 'pos'")],
)
def test_one_class_is_refused(labels: list[str], found: str) -> None:
    with pytest.raises(InvalidReviews, match=rf"at least two classes; the labels found: {found}$"):
        LabelSet.infer(labelled(labels))


def test_too_many_classes_are_refused() -> None:
    labels = [str(number) for number in range(MAX_CLASSES + 1)]
    assert len(LabelSet.infer(labelled(labels[1:])).names) == MAX_CLASSES
    with pytest.raises(InvalidReviews, match=r"101 labels.*--label-column"):
        LabelSet.infer(labelled(labels))


def test_a_review_without_a_label_is_named() -> None:
    with pytest.raises(InvalidReviews, match="review r1: it has no label"):
        LabelSet.infer(labelled(["0", None, "1"]))
    with pytest.raises(InvalidReviews, match="review r1: it has no label"):
        LabelSet.for_names(BINARY).indices(labelled(["0", None]))


@pytest.mark.parametrize("names", [BINARY, BINARY[::-1]])
def test_a_model_that_names_negative_and_positive_reads_every_spelling(names: tuple[str, str]) -> None:
    labels = LabelSet.for_names(names)
    for value in ("0", "neg", "NEG", "negative", "False"):
        assert names[labels.index(value)] == "negative"
    for value in ("1", "pos", "Pos", "positive", "true"):
        assert names[labels.index(value)] == "positive"


def test_a_model_with_other_names_reads_only_these() -> None:
    labels = LabelSet.for_names(("0", "1", "2"))
    assert [labels.index(value) for value in ("0", "1", "2")] == [0, 1, 2]
    with pytest.raises(InvalidReviews, match="the label 'neg' is none of '0', '1', '2'"):
        labels.index("neg")


def test_a_three_class_model_takes_no_short_names() -> None:
    with pytest.raises(InvalidReviews, match="the label 'pos' is none of"):
        LabelSet.for_names(("negative", "neutral", "positive")).index("pos")


def test_a_label_that_the_set_has_not_is_told_with_its_review() -> None:
    with pytest.raises(InvalidReviews, match="review r2: the label '2' is none of 'negative', 'positive'"):
        LabelSet.for_names(BINARY).indices(labelled(["0", "1", "2"]))
