import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import Review
from training.data.labels import LabelSet
from training.data.split import Split, check_classes, read_reserved_ids, split_validation
from training.errors import InvalidRecipe, InvalidReviews


def films(num_films: int, first: int = 0) -> list[Review]:
    """Four reviews of each film, two of each label."""
    return [
        Review(f"{film}_{number}", f"Review {number} of film {film}.", str(number % 2), f"tt{film}")
        for film in range(first, first + num_films)
        for number in range(4)
    ]


def split(
    reviews: list[Review], *, ratio: float = 0.25, reserved_ids: Iterable[str] = (), seed: int = 0
) -> Split:
    return split_validation(reviews, ratio=ratio, reserved_ids=frozenset(reserved_ids), seed=seed)


def test_each_review_stands_on_one_side_in_its_order() -> None:
    reviews = films(100)
    result = split(reviews)
    assert [review for review in reviews if review in result.train] == list(result.train)
    assert [review for review in reviews if review in result.validation] == list(result.validation)
    assert len(result.train) + len(result.validation) == len(reviews)
    assert (result.num_reserved, result.num_dropped_duplicates) == (0, 0)


def test_whole_films_are_held_out() -> None:
    result = split(films(100))
    train, validation = ({review.group for review in side} for side in (result.train, result.validation))
    assert train.isdisjoint(validation)


@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.5])
def test_about_the_wanted_share_is_held_out(ratio: float) -> None:
    result = split(films(2000), ratio=ratio)
    assert len(result.validation) / 8000 == pytest.approx(ratio, rel=0.15)


def test_the_choice_depends_neither_on_order_nor_on_other_data() -> None:
    reviews = films(100)
    expected = {review.group for review in split(reviews).validation}
    other_order = [*reviews[1::2], *reviews[-2::-2]]
    assert {review.group for review in split(other_order).validation} == expected
    more = split(films(300, first=-100)).validation
    assert {review.group for review in more} & {review.group for review in reviews} == expected


def test_another_seed_makes_another_choice() -> None:
    reviews = films(100)
    assert split(reviews, seed=0).validation != split(reviews, seed=1).validation


def test_reviews_without_a_group_are_held_out_with_their_duplicates() -> None:
    reviews = [Review(f"{n}", f"Review {n % 200}.", str(n % 2), None) for n in range(400)]
    result = split(reviews)
    held_out = {review.text for review in result.validation}
    assert len(result.validation) == 2 * len(held_out)
    assert 30 <= len(held_out) <= 70
    assert result.num_dropped_duplicates == 0


def test_a_text_is_another_group_than_a_film_of_its_name() -> None:
    names = [f"name {number}" for number in range(100)]
    by_group = [Review(name, f"text of {name}", str(n % 2), name) for n, name in enumerate(names)]
    by_text = [Review(name, name, str(n % 2), None) for n, name in enumerate(names)]
    held_out = [{review.id for review in split(reviews).validation} for reviews in (by_group, by_text)]
    assert held_out[0] != held_out[1]


def test_reserved_reviews_are_validation_whatever_their_film() -> None:
    reviews = films(100)
    reserved = {f"{film}_1" for film in range(100)}
    result = split(reviews, reserved_ids=reserved | {"unknown"})
    assert reserved <= {review.id for review in result.validation}
    assert reserved.isdisjoint(review.id for review in result.train)
    assert result.num_reserved == 100


def test_reserved_reviews_alone_can_be_the_validation_and_leave_their_film() -> None:
    result = split(films(10), ratio=0, reserved_ids={"3_0"})
    assert [review.id for review in result.validation] == ["3_0"]
    assert {"3_1", "3_2", "3_3"} <= {review.id for review in result.train}


def test_train_reviews_whose_text_is_held_out_are_dropped_and_counted() -> None:
    reviews = films(10)
    copies = [Review(f"copy{n}", "Review 0 of film 3.", "0", f"other{n}") for n in range(3)]
    result = split([*copies[:2], *reviews, copies[2]], ratio=0, reserved_ids={"3_0"})
    assert result.num_dropped_duplicates == 3
    assert [review.id for review in result.train] == [review.id for review in reviews if review.id != "3_0"]


def test_nothing_held_out_is_refused() -> None:
    with pytest.raises(InvalidReviews, match="no review is held out"):
        split(films(10), ratio=0)


def test_nothing_left_to_train_on_is_refused() -> None:
    with pytest.raises(InvalidReviews, match="all 4 reviews are held out"):
        split(films(1), ratio=0, reserved_ids={f"0_{number}" for number in range(4)})


def test_one_class_left_to_train_on_is_refused() -> None:
    with pytest.raises(InvalidReviews, match="all 2 reviews left to train on have the label '1'"):
        split(films(1), ratio=0, reserved_ids={"0_0", "0_2"})


def of_class(label: str, num: int) -> list[Review]:
    """Reviews without a group."""
    return [Review(f"{label}_{number}", f"Review {number} is {label}.", label, None) for number in range(num)]


def refusal(
    reviews: list[Review], *, ratio: float, seed: int, reserved_ids: Iterable[str] = ()
) -> str | None:
    """What the split of reviews is refused with, if it is."""
    try:
        result = split(reviews, ratio=ratio, seed=seed, reserved_ids=reserved_ids)
        check_classes(result, LabelSet.infer(reviews), ratio=ratio, seed=seed)
    except InvalidReviews as error:
        return str(error)
    classes = {review.label for review in reviews}
    assert {review.label for review in result.train} == classes
    assert {review.label for review in result.validation} == classes
    return None


@given(seed=st.integers(0, 10_000), num_rare=st.integers(1, 6))
def test_every_class_stands_on_both_sides_or_the_split_is_refused_with_a_ratio_that_helps(
    seed: int, num_rare: int
) -> None:
    reviews = [*of_class("a", 60), *of_class("b", 60), *of_class("c", num_rare)]
    message = refusal(reviews, ratio=0.2, seed=seed)
    if message is None:
        return
    assert "the label 'c'" in message
    if helpful := re.search(r"validation_ratio to (\d\.\d+) or more", message):
        assert refusal(reviews, ratio=float(helpful[1]), seed=seed) is None
    elif message.startswith("no review"):
        # No ratio in thousandths helps: the shares of the rare reviews are too close, or there is one alone.
        ratios = (thousandth / 1000 for thousandth in range(200, 1000))
        assert all(refusal(reviews, ratio=ratio, seed=seed) for ratio in ratios)


@pytest.mark.parametrize("seed", range(8))
def test_a_class_of_one_group_cannot_stand_on_both_sides(seed: int) -> None:
    rare = [Review(f"c_{number}", f"Bad {number}", "c", "one film") for number in range(3)]
    message = refusal([*of_class("a", 300), *of_class("b", 300), *rare], ratio=0.5, seed=seed)
    assert message is not None
    assert "with the label 'c' (of 3) " in message
    assert "give more, of more groups" in message
    assert "validation_ratio" not in message


def test_reserved_reviews_count_as_held_out() -> None:
    reviews = [*of_class("pos", 300), *of_class("neg", 3)]
    for seed in range(20):
        message = refusal(reviews, ratio=0.001, seed=seed, reserved_ids={"neg_0", "pos_0"})
        assert message is None or "all reviews" in message


def test_a_class_whose_texts_are_all_held_out_with_another_label_is_reported() -> None:
    reviews = [*of_class("a", 50), *of_class("b", 50), Review("c_0", "Review 0 is a.", "c", "group")]
    message = refusal(reviews, ratio=0, seed=0, reserved_ids={"a_0", "b_0"})
    assert message is not None
    assert "no review with the label 'c' (of 0) is held out" in message


@pytest.mark.parametrize("ratio", [-0.1, 1.0, float("nan")])
def test_a_ratio_that_is_none_is_refused(ratio: float) -> None:
    with pytest.raises(InvalidRecipe, match="validation ratio"):
        split(films(10), ratio=ratio)


def test_reserved_ids_are_read_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "reserved.txt"
    path.write_bytes(b"\xef\xbb\xbfpos/0_9\r\n\n neg/1_2 \npos/0_9")
    assert read_reserved_ids(path) == {"pos/0_9", "neg/1_2"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "No such file"), (b"\n \n", "no ids in it"), (b"\xff", "not UTF-8")],
)
def test_reserved_ids_that_cannot_be_read_are_refused(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "reserved.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidReviews, match=rf"reserved\.txt: .*{problem}"):
        read_reserved_ids(path)
