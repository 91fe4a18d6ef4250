"""Raw label values and the classes they stand for."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from reviews import Review
from sentiment.typography import INVISIBLE
from training.errors import InvalidReviews

__all__ = ["MAX_CLASSES", "LabelSet", "label_key"]

MAX_CLASSES = 100

_BINARY_NAMES = ("negative", "positive")
# What two-class data sets write for the two names, as `label_key` returns it.
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
_UNSEEN = re.compile(f"[{INVISIBLE}]+")
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# A comma before three digits may stand for thousands.
_NUMBER = re.compile(r"[+-]?\d+(\.\d+|,\d{1,2})?")


def label_key(value: str) -> str:
    """Return the key that all spellings of a label share, such as "Positive ", "POSITIVE" and '"positive"'.

    The key ignores case, white space around a label and its length between words, invisible characters,
    quotes around a label, and compatibility forms (NFKC). 1, 1.0, +1 and 01 have one key, too.
    """
    folded = _UNSEEN.sub("", unicodedata.normalize("NFKC", value)).casefold()
    text = " ".join(unicodedata.normalize("NFKC", folded).split())  # folding takes some accents apart
    while (inside := text.strip(_QUOTES).strip()) and inside != text:
        text = inside
    if _NUMBER.fullmatch(text):
        number = Decimal(text.replace(",", ".")).normalize()
        return f"{number or Decimal(0):f}"  # -0 is 0
    return text


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The names of a model's classes, as its predictions give them, in the order of its outputs."""

    names: tuple[str, ...]

    @classmethod
    def infer(cls, reviews: Iterable[Review]) -> Self:
        """Return the classes of labelled reviews.

        All spellings of a label are one class, named by the most frequent one. Two classes that are written
        0/1, neg/pos, negative/positive or false/true, in any mixture of files, become negative and positive.
        Other labels keep their names and are sorted, numbers by size. Raises `InvalidReviews` for fewer than
        two classes, for more than `MAX_CLASSES`, for a label of several lines, and where two labels seem to
        mean the same class.
        """
        spellings = _spellings(reviews)
        aliases = {_ALIASES.get(key) for key in spellings}
        names = sorted(max(sorted(counts), key=counts.__getitem__) for counts in spellings.values())
        if len(spellings) < 2 or (len(aliases) == 1 and None not in aliases):
            found = " and ".join(map(repr, names)) or "none"
            raise InvalidReviews(f"training needs reviews of at least two classes; the labels found: {found}")
        if len(names) > MAX_CLASSES:
            raise InvalidReviews(
                f"the reviews have {len(names)} labels, such as {names[0]!r}; a model has at most "
                f"{MAX_CLASSES}: probably the wrong column; name the right one with --label-column"
            )
        if None not in aliases:
            return cls(_BINARY_NAMES)
        _check_names(names)
        if all(_NUMBER.fullmatch(key) for key in spellings):
            names.sort(key=lambda name: float(label_key(name)))
        return cls(tuple(names))

    def index(self, value: str) -> int:
        """Return the class of a raw value; raises `InvalidReviews` where none or more than one fits."""
        if value in self.names:
            return self.names.index(value)
        key = label_key(value)
        alike = [index for index, name in enumerate(self.names) if label_key(name) == key]
        if len(alike) == 1:
            return alike[0]
        if sorted(self.names) == sorted(_BINARY_NAMES) and (name := _ALIASES.get(key)):
            return self.names.index(name)
        raise InvalidReviews(f"the label {value!r} is none of {', '.join(map(repr, self.names))}")

    def indices(self, reviews: Iterable[Review]) -> list[int]:
        """Return the class of each review; raises `InvalidReviews`, naming the first review without one."""
        known: dict[str, int] = {}
        indices = []
        for review in reviews:
            label = _label(review)
            try:
                indices.append(known[label] if label in known else known.setdefault(label, self.index(label)))
            except InvalidReviews as error:
                raise InvalidReviews(f"review {review.id}: {error}") from error
        return indices


def _spellings(reviews: Iterable[Review]) -> dict[str, Counter[str]]:
    """Return how often each spelling of a label occurs, by the label's key."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for label, num in Counter(map(_label, reviews)).items():
        spellings[label_key(label)][label] += num
    return spellings


def _check_names(names: Sequence[str]) -> None:
    """Raise if a label cannot be a name, or if two labels are common spellings of one binary class."""
    by_class = defaultdict(list)
    for name in names:
        if _CONTROL.search(name):
            raise InvalidReviews(
                f"the label {name!r} is no name: write it in one line, without control codes"
            )
        if alias := _ALIASES.get(label_key(name)):
            by_class[alias].append(name)
    for alias, doubles in by_class.items():
        if len(doubles) > 1:
            raise InvalidReviews(
                f"the labels {' and '.join(map(repr, doubles))} look like one class, {alias}, next to "
                f"{len(names) - len(doubles)} others: write them alike"
            )


def _label(review: Review) -> str:
    if review.label is None:
        raise InvalidReviews(f"review {review.id}: it has no label")
    return review.label
