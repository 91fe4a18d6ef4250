"""The reviews of one training run: read, split, labelled and fingerprinted."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from model_store import DataFingerprint
from training.fingerprint import fingerprint
from training.labels import LabelSet
from training.plan import Plan
from training.readers import read_reviews
from training.reviews import Part, Review, ReviewCollection
from training.sources import places_by_source
from training.split import Split, read_reserved_ids, split_validation

__all__ = ["Dataset", "read_dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """All that a run learns from and is measured on."""

    labels: LabelSet
    split: Split
    test: tuple[Review, ...]
    unlabelled_texts: tuple[str, ...]
    num_skipped: int
    fingerprints: tuple[DataFingerprint, ...]
    validation_sources: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By file: where its reviews stand among those to validate on; empty if all are of one file."""
    test_sources: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """The texts that a vocabulary and word vectors may be learned from: no held-out one among them."""
        return [review.text for review in self.split.train] + list(self.unlabelled_texts)

    def __str__(self) -> str:
        sizes = (
            f"{len(self.split.train):,} reviews to train on, {len(self.split.validation):,} to validate on "
            f"({self.split.num_reserved:,} of them reserved), {len(self.unlabelled_texts):,} unlabelled"
        )
        lines = [f"labels: {', '.join(self.labels.names)}", sizes]
        if self.split.num_dropped_duplicates:
            lines.append(f"{self.split.num_dropped_duplicates:,} not trained on: their text is in validation")
        if self.num_skipped:
            lines.append(f"{self.num_skipped:,} bad reviews skipped")
        return "\n".join(lines)


def read_dataset(plan: Plan) -> Dataset:
    """Read and split what a plan names; raises InvalidReviews for what cannot be read or trained on."""
    train, unlabelled, test = (_read(plan, part) for part in ("train", "unlabelled", "test"))
    split = split_validation(
        train.reviews,
        ratio=plan.recipe.validation_ratio,
        reserved_ids=read_reserved_ids(plan.reserved) if plan.reserved else frozenset(),
        seed=plan.recipe.seed,
    )
    held_out = {review.text for review in split.validation}
    collections: dict[Part, ReviewCollection] = {"train": train, "unlabelled": unlabelled, "test": test}
    return Dataset(
        labels=LabelSet.infer(train.reviews),
        split=split,
        test=test.reviews,
        unlabelled_texts=tuple(review.text for review in unlabelled.reviews if review.text not in held_out),
        num_skipped=sum(collection.num_skipped for collection in collections.values()),
        fingerprints=tuple(_fingerprints(collections)),
        validation_sources=places_by_source(train, split.validation_places),
        test_sources=places_by_source(test),
    )


def _read(plan: Plan, part: Part) -> ReviewCollection:
    paths = {"train": plan.train, "unlabelled": plan.unlabelled, "test": plan.test}[part]
    return read_reviews(paths, split=part, columns=plan.columns, skip_bad=plan.skip_bad)


def _fingerprints(collections: dict[Part, ReviewCollection]) -> Iterator[DataFingerprint]:
    for part, collection in collections.items():
        reviews = iter(collection.reviews)
        for source in collection.sources:
            of_source = [next(reviews) for _ in range(source.num_reviews)]
            yield DataFingerprint(
                role=part,
                source=source.path.resolve().name,
                sha256=fingerprint(source.path),
                num_reviews=source.num_reviews,
                label_counts=_label_counts(of_source),
            )


def _label_counts(reviews: Sequence[Review]) -> dict[str, int]:
    return dict(sorted(Counter(review.label for review in reviews if review.label is not None).items()))
