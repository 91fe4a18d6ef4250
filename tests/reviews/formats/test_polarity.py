from pathlib import Path

import pytest

from reviews import Columns, Part, Review, read_reviews
from reviews.errors import UnreadableReviews
from tests.reviews.archives import POLARITY, write_archive


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "rt-polaritydata.tar.gz", POLARITY)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_line_is_a_sentence_even_with_characters_that_look_like_line_ends(
    archive: Path, split: Part
) -> None:
    assert read_reviews([archive], split=split).reviews == (
        Review("neg/0", "simplistic , silly .", "neg", None),
        Review("neg/1", "the clichés … all of them", "neg", None),
        Review("pos/0", "effective but too-tepid biopic", "pos", None),
    )


def test_labels_can_be_left_out(archive: Path) -> None:
    reviews = read_reviews([archive], split="unlabelled").reviews
    assert [review.label for review in reviews] == [None] * 3


def test_it_has_no_ratings(archive: Path) -> None:
    with pytest.raises(UnreadableReviews, match=r"rt-polarity\.neg:1: it has no rating"):
        read_reviews([archive], split="train", columns=Columns(label="rating"))


def test_an_empty_line_is_reported_with_its_number(tmp_path: Path) -> None:
    name = "rt-polaritydata/rt-polarity.pos"
    path = write_archive(tmp_path / "rt.tar.gz", POLARITY | {name: b"fine\n\nfine"})
    with pytest.raises(UnreadableReviews, match=r"rt-polarity\.pos:2: the text is empty"):
        read_reviews([path], split="train")
    collection = read_reviews([path], split="train", skip_bad=True)
    assert collection.num_skipped == 1
    assert [review.id for review in collection.reviews][2:] == ["pos/0", "pos/2"]


@pytest.mark.parametrize("kind", ["pos", "neg"])
def test_half_of_it_is_reported(tmp_path: Path, kind: str) -> None:
    files = {name: content for name, content in POLARITY.items() if not name.endswith(kind)}
    with pytest.raises(UnreadableReviews, match=rf"rt-polarity\.{kind} is missing"):
        read_reviews([write_archive(tmp_path / "rt.tar.gz", files)], split="train")
