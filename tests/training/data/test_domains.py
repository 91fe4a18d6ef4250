"""Which domain a review belongs to, and which domains are too small to stand alone."""

from collections.abc import Sequence
from pathlib import Path

from reviews import Layout, Review, ReviewCollection, Source
from training.data.domains import MIN_REVIEWS_OF_DOMAIN, indices_by_domain


def collection(**domains_of_files: Sequence[str | None]) -> ReviewCollection:
    reviews = [
        Review(f"{file}/{number}", file, "1", None, domain)
        for file, domains in domains_of_files.items()
        for number, domain in enumerate(domains)
    ]
    sources = [
        Source(path=Path(f"{file}.jsonl.xz"), layout=Layout(format="JSONL"), num_reviews=len(domains))
        for file, domains in domains_of_files.items()
    ]
    return ReviewCollection(reviews=tuple(reviews), sources=tuple(sources))


ENOUGH = MIN_REVIEWS_OF_DOMAIN


def test_a_review_without_a_domain_belongs_to_that_of_its_file() -> None:
    reviews = collection(films=[None, None], more=["books"] * ENOUGH + [None])
    last = ENOUGH + 2
    assert indices_by_domain(reviews) == {
        "films": (0, 1),
        "books": tuple(range(2, last)),
        "more": (last,),
    }


def test_one_domain_may_come_from_several_files() -> None:
    reviews = collection(a=["books", None] * ENOUGH, books=[None])
    found = indices_by_domain(reviews)
    assert found == {
        "books": (*range(0, 2 * ENOUGH, 2), 2 * ENOUGH),
        "a": tuple(range(1, 2 * ENOUGH, 2)),
    }


def test_small_domains_are_others_together_and_stand_last() -> None:
    reviews = collection(
        more=["tea", "other", *["books"] * ENOUGH, *["coffee"] * (ENOUGH - 1), *["hats"] * ENOUGH]
    )
    found = indices_by_domain(reviews)
    assert list(found) == ["books", "hats", "other"]
    assert found["other"] == (0, 1, *range(ENOUGH + 2, 2 * ENOUGH + 1))
    assert sorted(index for indices in found.values() for index in indices) == list(range(3 * ENOUGH + 1))


def test_a_domain_is_as_large_as_its_chosen_reviews() -> None:
    reviews = collection(films=[None] * 3, more=["books"] * 2 * ENOUGH)
    chosen = [1, *range(3, 3 + ENOUGH)]
    assert indices_by_domain(reviews, chosen) == {"films": (0,), "books": tuple(range(1, ENOUGH + 1))}
    assert indices_by_domain(reviews, chosen[:-1]) == {"films": (0,), "other": tuple(range(1, ENOUGH))}


def test_a_single_domain_is_the_whole() -> None:
    assert indices_by_domain(collection(films=[None] * 3)) == {}
    assert indices_by_domain(collection(a=["books"] * ENOUGH, b=["books"])) == {}
    assert indices_by_domain(collection(a=["tea", "coffee"])) == {}
    assert indices_by_domain(collection()) == {}
