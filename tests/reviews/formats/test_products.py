from pathlib import Path

import pytest

from reviews import Columns, Part, Review, read_reviews
from reviews.errors import UnreadableReviews
from tests.reviews.archives import PRODUCTS, product_review, write_archive

EMMA = "Emma: Books"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "domain_sentiment_data.tar.gz", PRODUCTS)


def read(path: Path, split: Part = "train", columns: Columns = Columns()) -> tuple[Review, ...]:  # noqa: B008
    return read_reviews([path], split=split, columns=columns).reviews


def refusal(path: Path, split: Part = "train") -> str:
    with pytest.raises(UnreadableReviews) as raised:
        read(path, split)
    return str(raised.value)


@pytest.mark.parametrize("split", ["train", "test"])
def test_labelled_reviews_of_all_domains(archive: Path, split: Part) -> None:
    assert read(archive, split) == (
        Review(
            "books/positive/0", "A “classic”.\nI read it twice & <3 it.\n\nTwice!", "positive", EMMA, "books"
        ),
        Review("books/positive/1", "Good!\nTrès bien", "positive", "B0", "books"),
        Review("books/negative/0", "Not for me", "negative", EMMA, "books"),
        Review("kitchen_&_housewares/negative/0", "Broke", "negative", "B0", "kitchen_&_housewares"),
    )


def test_ratings_are_read_where_the_label_column_is_rating(archive: Path) -> None:
    assert [review.label for review in read(archive, columns=Columns(label="rating"))] == ["5", "4", "2", "1"]
    stars = Columns(label="rating", stars=5)
    assert [review.label for review in read(archive, columns=stars)] == ["5", "4", "2", "1"]


def test_a_label_column_for_tables_next_to_it_changes_nothing(archive: Path) -> None:
    assert read(archive, columns=Columns(label="sentiment")) == read(archive)


def test_unlabelled_reviews_have_files_of_their_own(archive: Path) -> None:
    assert read(archive, "unlabelled") == (Review("kitchen_&_housewares/unlabeled/0", "A pan", None, "B0"),)


def test_no_name_of_a_reviewer_is_kept(archive: Path) -> None:
    assert "name" not in repr(read(archive))


def test_a_review_without_text_is_reported_with_its_file_and_line(tmp_path: Path) -> None:
    name = "sorted_data_acl/dvd/positive.review"
    path = write_archive(tmp_path / "dvd.tgz", {name: product_review("fine") + product_review(" ")})
    line = product_review("fine").count(b"\n") + 1
    assert refusal(path) == f"{path}/dvd/positive.review:{line}: the text is empty"
    assert read_reviews([path], split="train", skip_bad=True).num_skipped == 1


def test_a_review_without_the_rating_that_is_asked_for_is_reported(tmp_path: Path) -> None:
    name = "sorted_data_acl/dvd/positive.review"
    path = write_archive(tmp_path / "dvd.tgz", {name: product_review("fine", rating="")})
    with pytest.raises(UnreadableReviews, match="it has no rating; leave out --label-column rating"):
        read(path, columns=Columns(label="rating"))


def test_an_archive_with_unlabelled_reviews_only_has_nothing_to_train_on(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "dvd.tar.gz", {"dvd/unlabeled.review": product_review("fine")})
    assert refusal(path) == f"{path}: there is no file positive or negative.review in it"


def test_an_archive_that_is_cut_short_is_reported(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40])
    assert "damaged or cut short" in refusal(archive)
