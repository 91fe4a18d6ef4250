from pathlib import Path

import pytest

from reviews import Layout, Review, ReviewCollection, Source
from training.data.sources import indices_by_source, source_names


def collection(**sizes: int) -> ReviewCollection:
    reviews = [
        Review(f"{name}/{index}", name, "1", None) for name, size in sizes.items() for index in range(size)
    ]
    sources = [
        Source(path=Path(f"{name}.csv"), layout=Layout(format="CSV"), num_reviews=size)
        for name, size in sizes.items()
    ]
    return ReviewCollection(reviews=tuple(reviews), sources=tuple(sources))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/imdb_train.jsonl.xz", "imdb_train"),
        ("aclImdb_v1.tar.gz", "aclImdb_v1"),
        ("Shop.2024.CSV", "Shop.2024"),
        ("reviews.parquet", "reviews"),
        ("data/aclImdb", "aclImdb"),
        ("data/.csv", ".csv"),
    ],
)
def test_a_source_is_called_by_its_file_without_folders_and_endings(path: str, name: str) -> None:
    assert source_names([Path(path)]) == [name]


def test_sources_of_one_name_are_numbered() -> None:
    paths = [Path("a/train.csv"), Path("b/train.jsonl"), Path("other.csv"), Path("train.tsv")]
    assert source_names(paths) == ["train", "train 2", "other", "train 3"]


def test_places_are_those_among_the_chosen_reviews() -> None:
    reviews = collection(a=3, b=2, c=1)
    assert indices_by_source(reviews) == {"a": (0, 1, 2), "b": (3, 4), "c": (5,)}
    assert indices_by_source(reviews, [1, 2, 4]) == {"a": (0, 1), "b": (2,)}


def test_a_single_source_is_the_whole() -> None:
    assert indices_by_source(collection(a=3)) == {}
    assert indices_by_source(collection()) == {}
