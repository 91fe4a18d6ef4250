from pathlib import Path

import pytest

from reviews import Columns, read_reviews
from reviews.errors import UnreadableReviews
from reviews.stars import star_class
from tests.reviews.archives import write_archive
from tests.sample_reviews import write_jsonl

STARS = Columns(label="stars", stars=5)
IMDB = {
    "aclImdb/train/pos/0_9.txt": b"A wonderful film.",
    "aclImdb/train/pos/1_7.txt": b"Good.",
    "aclImdb/train/neg/0_1.txt": b"Two hours lost.",
    "aclImdb/train/neg/1_4.txt": b"Dull.",
}


@pytest.mark.parametrize(
    "rating",
    [
        "4",
        "4.0",
        "4 stars",
        "4 Stars",
        "4-star",
        "4.0 star rating",
        "4/5",
        "4.0 out of 5 stars",
        "★★★★",
        "★★★★☆",
    ],
)
def test_what_four_of_five_stars_are_written_as(rating: str) -> None:
    assert star_class(rating, 5) == "4"


def test_a_scale_of_ten_comes_to_five_classes_of_two() -> None:
    classes = [star_class(str(rating), 10) for rating in range(1, 11)]
    assert classes == ["1", "1", "2", "2", "3", "3", "4", "4", "5", "5"]
    assert star_class("8/10", 10) == "4"


@pytest.mark.parametrize("rating", ["0", "6", "4.5", "-1", "7/10", "★★☆", "★★★★★★", "pos", "", "four"])
def test_what_is_no_rating_of_five_stars(rating: str) -> None:
    assert star_class(rating, 5) is None


def test_labels_of_a_table_become_classes(tmp_path: Path) -> None:
    rows = [{"text": "x", "stars": stars} for stars in (5, 5.0, "5", "5.0", "5 stars")]
    reviews = read_reviews([write_jsonl(tmp_path / "x.jsonl", rows)], split="train", columns=STARS).reviews
    assert [review.label for review in reviews] == ["5"] * 5
    table = tmp_path / "x.csv"
    table.write_text("text,stars\nx,1.0\ny,★★\n", encoding="utf-8")
    reviews = read_reviews([table], split="test", columns=STARS).reviews
    assert [review.label for review in reviews] == ["1", "2"]


def test_a_label_that_is_no_rating_is_reported_with_its_line_and_can_be_skipped(tmp_path: Path) -> None:
    rows = [{"text": "x", "stars": 3}, {"text": "y", "stars": 7}]
    path = write_jsonl(tmp_path / "x.jsonl", rows)
    with pytest.raises(
        UnreadableReviews, match=r"x\.jsonl:2: the label '7' is no whole number of stars from 1 to 5"
    ):
        read_reviews([path], split="train", columns=STARS)
    assert read_reviews([path], split="train", columns=STARS, skip_bad=True).num_skipped == 1


def test_the_imdb_archive_and_folder_have_ratings(tmp_path: Path) -> None:
    paths = [write_archive(tmp_path / "aclImdb.tar.gz", IMDB), tmp_path / "aclImdb"]
    for name, content in IMDB.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for path in paths:
        for columns, labels in (
            (Columns(label="rating"), ["9", "7", "1", "4"]),
            (Columns(label="rating", stars=10), ["5", "4", "1", "2"]),
            (Columns(), ["pos", "pos", "neg", "neg"]),
        ):
            reviews = read_reviews([path], split="train", columns=columns).reviews
            assert [review.label for review in reviews] == labels
    with pytest.raises(UnreadableReviews, match=r"'pos' is no whole number of stars.*--label-column"):
        read_reviews(paths, split="train", columns=Columns(stars=10))
