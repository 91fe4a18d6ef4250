"""Holding reviews out for validation, so that no film and no text is on both sides."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from reviews import Review
from training.data.labels import LabelSet
from training.errors import InvalidRecipe, InvalidReviews

__all__ = ["Split", "check_classes", "read_reserved_ids", "split_validation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Labelled reviews in two sides that share no held-out group, no reserved id and no text."""

    train: tuple[Review, ...]
    validation: tuple[Review, ...]
    num_reserved: int
    num_dropped_duplicates: int
    validation_indices: tuple[int, ...]
    """The indices of the validation reviews among the reviews that were split."""


def split_validation(reviews: Sequence[Review], *, ratio: float, reserved_ids: Set[str], seed: int) -> Split:
    """Hold out about `ratio` of the groups, and every review whose id is reserved.

    Whether a group is held out depends on its name and the seed alone, so more data, or data in another
    order, never moves a group from one side to the other. A review without a group is a group of its own,
    named by its text. Train reviews whose text is also in validation are dropped from train. Raises
    `InvalidReviews` if nothing is held out, or if fewer than two classes are left to train on.
    """
    if not 0 <= ratio < 1:
        raise InvalidRecipe(f"the validation ratio is {ratio}, but must be at least 0 and less than 1")
    held_out = [review.id in reserved_ids or _share(review, seed) < ratio for review in reviews]
    validation = tuple(review for review, out in zip(reviews, held_out, strict=True) if out)
    rest = [review for review, out in zip(reviews, held_out, strict=True) if not out]
    texts = {review.text for review in validation}
    train = tuple(review for review in rest if review.text not in texts)
    _check(train, validation, ratio)
    return Split(
        train=train,
        validation=validation,
        num_reserved=sum(review.id in reserved_ids for review in validation),
        num_dropped_duplicates=len(rest) - len(train),
        validation_indices=tuple(index for index, out in enumerate(held_out) if out),
    )


def check_classes(split: Split, labels: LabelSet, *, ratio: float, seed: int) -> None:
    """Raise `InvalidReviews`, which says what to do, if a class has no reviews on one of the sides.

    Classes cannot be balanced here: whether a group is held out must not depend on other reviews. `ratio` and
    `seed` are those of the split.
    """
    held_out, left = _by_class(split.validation, labels), _by_class(split.train, labels)
    if lacking := [name for name in labels.names if name not in held_out]:
        enough = _sufficient_ratio(left, lacking, seed)
        advice = "" if enough is None else f", or set validation_ratio to {enough} or more in the recipe"
        raise InvalidReviews(
            f"no review with the label {_counts(lacking, left)} is held out for validation at a ratio of "
            f"{ratio}, which depends on their groups and the seed alone: give more, of more groups{advice}"
        )
    if lacking := [name for name in labels.names if name not in left]:
        raise InvalidReviews(
            f"all reviews with the label {_counts(lacking, held_out)} are held out for validation at a ratio "
            f"of {ratio}, or have a text that is: give more, of more groups, or a smaller ratio"
        )


def read_reserved_ids(path: Path) -> frozenset[str]:
    """Return the ids in a file, one a line: those of reviews that no model may train on."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InvalidReviews(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InvalidReviews(f"{path}: not UTF-8") from error
    ids = frozenset(line.strip() for line in lines if line.strip())
    if not ids:
        raise InvalidReviews(f"{path}: there are no ids in it; it should have one a line")
    return ids


def _share(review: Review, seed: int) -> float:
    """Return a number from 0 up to 1 that is fixed for a group, and uniformly distributed over groups."""
    kind, name = ("text", review.text) if review.group is None else ("group", review.group)
    digest = hashlib.sha256(f"{seed}\0{kind}\0{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _by_class(reviews: Sequence[Review], labels: LabelSet) -> dict[str, list[Review]]:
    found: dict[str, list[Review]] = defaultdict(list)
    for index, review in zip(labels.indices(reviews), reviews, strict=True):
        found[labels.names[index]].append(review)
    return found


def _counts(names: Sequence[str], reviews: Mapping[str, Sequence[Review]]) -> str:
    return " or ".join(f"{name!r} (of {len(reviews.get(name, ())):,})" for name in names)


def _sufficient_ratio(
    left: Mapping[str, Sequence[Review]], lacking: Sequence[str], seed: int
) -> float | None:
    """Return a ratio that holds out reviews of every lacking class but no whole class; None without one."""
    shares = {name: [_share(review, seed) for review in reviews] for name, reviews in left.items()}
    lowest = max(min(shares.get(name, [1.0])) for name in lacking)
    ratio = math.floor(1000 * lowest + 1) / 1000
    return ratio if ratio < 1 and all(max(of_class) >= ratio for of_class in shares.values()) else None


def _check(train: Sequence[Review], validation: Sequence[Review], ratio: float) -> None:
    if not validation:
        raise InvalidReviews(
            f"no review is held out for validation at a ratio of {ratio}: give more reviews or a larger ratio"
        )
    if not train:
        raise InvalidReviews(
            f"all {len(validation)} reviews are held out for validation at a ratio of {ratio}, "
            "so none is left to train on: give more groups or a smaller ratio"
        )
    labels = {review.label for review in train}
    if len(labels) < 2:
        raise InvalidReviews(
            f"all {len(train)} reviews left to train on have the label {labels.pop()!r}; "
            "training needs at least two classes"
        )
