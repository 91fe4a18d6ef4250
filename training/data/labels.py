"""Raw label values and the classes they stand for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from reviews import Review
from training.errors import InvalidReviews

__all__ = ["MAX_CLASSES", "LabelSet"]

MAX_CLASSES = 100

_BINARY_NAMES = ("negative", "positive")
# What two-class data sets write for the two names, in any case.
_ALIASES = {
    "0": "negative",
    "1": "positive",
    "false": "negative",
    "true": "positive",
    "neg": "negative",
    "pos": "positive",
    "negative": "negative",
    "positive": "positive",
}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The classes of a model, in the order of its outputs.

    `names` are what predictions are called; `values` are what the data writes for them, one for each name.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]

    @classmethod
    def infer(cls, reviews: Iterable[Review]) -> Self:
        """The classes that labelled reviews have.

        Two classes written 0/1, neg/pos, negative/positive or false/true (in any case, and mixed where files
        differ) become negative and positive. Other values are names as they stand, sorted, numbers by size.
        """
        values = sorted({_label(review) for review in reviews})
        classes = {_ALIASES.get(value.casefold()) for value in values}
        if len(values) < 2 or (len(classes) == 1 and None not in classes):
            found = " and ".join(map(repr, values)) or "none"
            raise InvalidReviews(f"training needs reviews of at least two classes; the labels found: {found}")
        if len(values) > MAX_CLASSES:
            raise InvalidReviews(
                f"the reviews have {len(values)} labels, such as {values[0]!r}; a model has at most "
                f"{MAX_CLASSES}: probably the wrong column; name the right one with --label-column"
            )
        if None not in classes:
            written = {_ALIASES[value.casefold()]: value for value in reversed(values)}
            return cls(_BINARY_NAMES, tuple(written[name] for name in _BINARY_NAMES))
        if all(_NUMBER.fullmatch(value) for value in values):
            values.sort(key=float)
        return cls(tuple(values), tuple(values))

    @classmethod
    def for_names(cls, names: Sequence[str]) -> Self:
        """The classes of an existing model, to read a test file for it; the same spellings are understood."""
        return cls(tuple(names), tuple(names))

    def index(self, value: str) -> int:
        """The class of a raw value; raises `InvalidReviews` if the set has no such class."""
        for names in (self.values, self.names):
            if value in names:
                return names.index(value)
        if sorted(self.names) == sorted(_BINARY_NAMES) and (name := _ALIASES.get(value.casefold())):
            return self.names.index(name)
        raise InvalidReviews(f"the label {value!r} is none of {', '.join(map(repr, self.names))}")

    def indices(self, reviews: Iterable[Review]) -> list[int]:
        """The class of each review; raises `InvalidReviews` naming the first review that has none."""
        known: dict[str, int] = {}
        indices = []
        for review in reviews:
            label = _label(review)
            try:
                indices.append(known[label] if label in known else known.setdefault(label, self.index(label)))
            except InvalidReviews as error:
                raise InvalidReviews(f"review {review.id}: {error}") from error
        return indices


def _label(review: Review) -> str:
    if review.label is None:
        raise InvalidReviews(f"review {review.id}: it has no label")
    return review.label
