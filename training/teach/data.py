"""The texts that a teacher is trained and measured on, split in the same way as by `fit`."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reviews import Review, read_reviews
from training.data.labels import LabelSet
from training.data.split import Split, check_classes, read_reserved_ids, split_validation
from training.teach.finetuning import TargetedText
from training.teach.plan import TeachingPlan
from training.teach.tokens import SubwordTokenizer

__all__ = ["TeachingData", "read_teaching_data"]

_CHUNK_TEXTS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachingData:
    """Texts with the targets of each, and held-out reviews by file."""

    labels: LabelSet
    train: Sequence[TargetedText]
    validation: Mapping[str, Sequence[Review]]

    def __str__(self) -> str:
        num_tokens = sum(len(text.ids) for text in self.train)
        held_out = sum(map(len, self.validation.values()))
        return f"{len(self.train):,} texts of {num_tokens:,} tokens to learn from, {held_out:,} held out"


def read_teaching_data(plan: TeachingPlan) -> TeachingData:
    """Read the files of a plan; raises ReviewsError and InvalidReviews for files that cannot be used.

    The held-out reviews are those that `fit` holds out of the same files, so a student is never measured on
    reviews that its teacher was trained on.
    """
    tokenizer = SubwordTokenizer(plan.transformer, max_tokens=plan.train_tokens)
    files = [_read(plan, path) for path in plan.train]
    reviews = [review for of_file in files for review in of_file]
    labels = LabelSet.infer(reviews)
    split = _split(plan, reviews, labels)
    held_out = {review.text for review in split.validation}
    train: list[TargetedText] = []
    for index, texts in enumerate([*files, *(_read(plan, path, labelled=False) for path in plan.neutral)]):
        kept = [review for review in texts if review.text not in held_out]
        targeted = _targeted(_shuffled(plan, kept), tokenizer, labels)
        train += _limited(targeted, plan.file_limit(index))
    indices = set(split.validation_indices)
    chosen = iter(index in indices for index in range(len(reviews)))
    validation = {
        path.name: _sample(plan, [review for review in of_file if next(chosen)])
        for path, of_file in zip(plan.train, files, strict=True)
    }
    return TeachingData(labels=labels, train=train, validation=validation)


def _read(plan: TeachingPlan, path: Path, *, labelled: bool = True) -> tuple[Review, ...]:
    found = read_reviews(
        [path], split="train", columns=plan.columns, skip_bad=plan.skip_bad, labelled=labelled
    )
    return found.reviews


def _split(plan: TeachingPlan, reviews: Sequence[Review], labels: LabelSet) -> Split:
    ratio, seed = plan.validation_ratio, plan.finetuning.seed
    reserved_ids = read_reserved_ids(plan.reserved) if plan.reserved else frozenset[str]()
    split = split_validation(reviews, ratio=ratio, reserved_ids=reserved_ids, seed=seed)
    check_classes(split, labels, ratio=ratio, seed=seed)
    return split


def _sample(plan: TeachingPlan, reviews: Sequence[Review]) -> list[Review]:
    return _shuffled(plan, reviews)[: plan.max_validation_texts]


def _shuffled(plan: TeachingPlan, reviews: Sequence[Review]) -> list[Review]:
    shuffled = list(reviews)
    random.Random(plan.finetuning.seed).shuffle(shuffled)  # noqa: S311  # not for secrets
    return shuffled


def _targeted(
    reviews: Sequence[Review], tokenizer: SubwordTokenizer, labels: LabelSet
) -> Iterator[TargetedText]:
    for start in range(0, len(reviews), _CHUNK_TEXTS):
        chunk = reviews[start : start + _CHUNK_TEXTS]
        for review, ids in zip(chunk, tokenizer.ids([review.text for review in chunk]), strict=True):
            yield TargetedText(ids, _targets(review, labels))


def _limited(texts: Iterable[TargetedText], max_tokens: int | None) -> Iterator[TargetedText]:
    """Yield texts until their tokens would be more than `max_tokens`."""
    num_tokens = 0
    for text in texts:
        num_tokens += len(text.ids)
        if max_tokens is not None and num_tokens > max_tokens:
            return
        yield text


def _targets(review: Review, labels: LabelSet) -> tuple[float, ...]:
    num_labels = len(labels.names)
    if review.label is None:
        return (1 / num_labels,) * num_labels
    known = labels.index(review.label)
    return tuple(float(index == known) for index in range(num_labels))
