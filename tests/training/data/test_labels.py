from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import Review
from training.data.labels import MAX_CLASSES, LabelSet, label_key
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
    assert labels == LabelSet(BINARY)
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
    ],
)
def test_other_values_are_the_names_sorted(values: tuple[str, ...], names: tuple[str, ...]) -> None:
    reviews = labelled(values * 2)
    labels = LabelSet.infer(reviews)
    assert labels == LabelSet(names)
    assert labels.indices(reviews) == [names.index(value) for value in values] * 2


# What may be written around a label without making it another.
AROUND = (
    " ",
    "\t",
    "\n",
    "\xa0",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\xad",
    "\u202a",
    "\ufe0f",
    "\x00",
    '"',
    "'",
    "”",
)
around = st.lists(st.sampled_from(AROUND), max_size=3).map("".join)


@given(
    st.sampled_from(["positive", "very good", "Straße", "4 stars", "1", "-2.5", "😀"]),
    st.sampled_from([str, str.upper, str.lower, str.title]),
    around,
    around,
    st.sampled_from([" ", "  ", "\xa0", " \u200b", "\u3000"]),
)
def test_spellings_of_a_label_have_one_key(
    label: str, case: Callable[[str], str], before: str, after: str, gap: str
) -> None:
    written = before + case(label).replace(" ", gap) + after
    assert label_key(written) == label_key(label)


@pytest.mark.parametrize("written", ["1", "1.0", "1.00", "+1", "01", "1,0", "１", "'1.0'"])
def test_a_number_has_one_key_however_it_is_written(written: str) -> None:
    assert label_key(written) == "1"


@pytest.mark.parametrize(
    ("label", "other"),
    [
        ("1", "-1"),
        ("1", "10"),
        ("1", "1.5"),
        ("1,000", "1"),
        ("good", "goods"),
        ("very good", "verygood"),
        ("v1", "v1.0"),
    ],
)
def test_other_labels_have_other_keys(label: str, other: str) -> None:
    assert label_key(label) != label_key(other)


@given(st.text())
def test_a_key_is_its_own_key(text: str) -> None:
    assert label_key(label_key(text)) == label_key(text)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["Good", "good", "good", "Bad"], ("Bad", "good")),
        (["Good", "good", "Bad"], ("Bad", "Good")),
        (["Positive", "positive", "neutral", "Negative"], ("Negative", "Positive", "neutral")),
        (["4,5", "4.5", "4.5", "3"], ("3", "4.5")),
        (["very  good", "very good", "bad"], ("bad", "very  good")),
        (["POS", "pos", "Neg", "0"], BINARY),
    ],
)
def test_spellings_of_one_label_are_one_class_called_by_the_most_frequent(
    values: list[str], names: tuple[str, ...]
) -> None:
    reviews = labelled(values)
    labels = LabelSet.infer(reviews)
    assert labels == LabelSet(names)
    assert len(set(labels.indices(reviews))) == len(names)


@pytest.mark.parametrize(
    "values", [["neg", "negative", "neutral"], ["1", "0", "pos", "neutral"], ["0", "NEG", "x"]]
)
def test_two_labels_that_mean_one_class_next_to_others_are_refused(values: list[str]) -> None:
    with pytest.raises(InvalidReviews, match=r"look like one class, (negative|positive), next to \d others"):
        LabelSet.infer(labelled(values))


@pytest.mark.parametrize("label", ["a\nb", "a\rb", "a\u2028b", "a\x00b", "a\x85b", "a\tb"])
def test_a_label_of_several_lines_is_refused(label: str) -> None:
    with pytest.raises(InvalidReviews, match="is no name: write it in one line"):
        LabelSet.infer(labelled([label, "c"]))


def test_names_that_differ_in_case_alone_are_distinguished_by_how_they_are_written() -> None:
    labels = LabelSet(("Good", "good"))
    assert [labels.index(value) for value in ("Good", "good")] == [0, 1]
    with pytest.raises(InvalidReviews, match="the label 'GOOD' is none of 'Good', 'good'"):
        labels.index("GOOD")


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
        LabelSet(BINARY).indices(labelled(["0", None]))


@pytest.mark.parametrize("names", [BINARY, BINARY[::-1]])
def test_a_model_that_names_negative_and_positive_reads_every_spelling(names: tuple[str, str]) -> None:
    labels = LabelSet(names)
    for value in ("0", "neg", "NEG", "negative", "False"):
        assert names[labels.index(value)] == "negative"
    for value in ("1", "pos", "Pos", "positive", "true"):
        assert names[labels.index(value)] == "positive"


def test_a_model_with_other_names_reads_only_these() -> None:
    labels = LabelSet(("0", "1", "2"))
    assert [labels.index(value) for value in ("0", "1", "2")] == [0, 1, 2]
    with pytest.raises(InvalidReviews, match="the label 'neg' is none of '0', '1', '2'"):
        labels.index("neg")


def test_a_three_class_model_takes_no_short_names() -> None:
    with pytest.raises(InvalidReviews, match="the label 'pos' is none of"):
        LabelSet(("negative", "neutral", "positive")).index("pos")


def test_a_label_that_the_set_has_not_is_reported_with_its_review() -> None:
    with pytest.raises(InvalidReviews, match="review r2: the label '2' is none of 'negative', 'positive'"):
        LabelSet(BINARY).indices(labelled(["0", "1", "2"]))
