"""Paths in, one collection of reviews out, with what was read and what was skipped."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reviews.columns import Columns
from reviews.errors import UnreadableReviews
from reviews.layout import Layout
from reviews.opening import check_path, open_rows
from reviews.review import Part, Review
from reviews.row import Reject, Row
from reviews.rules import RowRules, reviews_in

__all__ = ["ReviewCollection", "Skipped", "Source", "read_reviews"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows that were left out for one reason."""

    reason: str
    num: int
    first: Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one path gave: how it is written, its reviews, and the bad rows that were skipped."""

    path: Path
    layout: Layout
    num_reviews: int
    skipped: tuple[Skipped, ...] = ()
    """The most frequent reason first."""

    @property
    def num_skipped(self) -> int:
        """How many bad rows were left out."""
        return sum(skipped.num for skipped in self.skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCollection:
    """The reviews of one or more paths, one path after the other as in `sources`."""

    reviews: tuple[Review, ...]
    sources: tuple[Source, ...]

    @property
    def num_skipped(self) -> int:
        """How many bad reviews were left out over all sources."""
        return sum(source.num_skipped for source in self.sources)


def read_reviews(
    paths: Sequence[Path],
    *,
    split: Part,
    columns: Columns = Columns(),  # noqa: B008 - it is frozen
    skip_bad: bool = False,
    labelled: bool = True,
) -> ReviewCollection:
    """Read all reviews of `paths`, each a file or folder that `open_rows` can open.

    `split` is the part of a data set. "unlabelled" ignores labels, as does `labelled=False` with the other
    two. A bad review raises `UnreadableReviews` with its file and line; with `skip_bad` it is left out and
    counted. A file without one good review always raises.
    """
    rules = RowRules(columns=columns, labelled=labelled and split != "unlabelled")
    for path in paths:
        check_path(path)  # a wrong name fails before the first is read
    reviews: list[Review] = []
    sources = [
        _read_into(reviews, path, split, replace(rules, needed=needed), skip_bad=skip_bad)
        for path, needed in zip(paths, _needed_columns(paths, split, rules), strict=True)
    ]
    return ReviewCollection(reviews=tuple(reviews), sources=tuple(sources))


def _needed_columns(paths: Sequence[Path], part: Part, rules: RowRules) -> list[frozenset[str]]:
    """Return for each path the columns of a group or domain that it must have.

    They are those that the user has named and that the file has; a name that no file has is needed in all, so
    that a misspelt one is refused.
    """
    columns, defaults = rules.columns, Columns()
    named = {columns.group} if part == "train" and columns.group != defaults.group else set[str]()
    if rules.labelled and columns.domain != defaults.domain:
        named.add(columns.domain)
    if not named or len(paths) == 1:
        return [frozenset(named)] * len(paths)
    found = [named & _columns_of(path, part, rules) for path in paths]
    nowhere = named.difference(*found)
    return [frozenset(each | nowhere) for each in found]


def _columns_of(path: Path, part: Part, rules: RowRules) -> set[str]:
    """Return the columns of a table, by its header or else its first row; none for a public data set."""
    stream = open_rows(path, part=part, columns=rules.columns, only=rules.wanted)
    if stream.is_data_set:
        return set()
    if stream.header is not None:
        return set(stream.header)
    first = next((row for row in stream if isinstance(row, Row)), None)
    return set(first.fields) if first else set()


def _read_into(reviews: list[Review], path: Path, part: Part, rules: RowRules, *, skip_bad: bool) -> Source:
    """Append the good reviews of a path."""
    stream = open_rows(path, part=part, columns=rules.columns, only=rules.wanted)
    num_before = len(reviews)
    rejects: dict[str, Reject] = {}
    counts = Counter[str]()
    for item in reviews_in(stream, rules):
        if isinstance(item, Review):
            reviews.append(item)
        elif skip_bad:
            rejects.setdefault(item.reason, item)
            counts[item.reason] += 1
        else:
            raise UnreadableReviews(str(item))
    if len(reviews) == num_before:
        raise UnreadableReviews(f"{path}: no usable reviews: {_why_none(counts.total(), rejects.values())}")
    return Source(
        path=path,
        layout=stream.layout,
        num_reviews=len(reviews) - num_before,
        skipped=tuple(Skipped(reason, num, rejects[reason]) for reason, num in counts.most_common()),
    )


def _why_none(num: int, rejects: Iterable[Reject]) -> str:
    first = next(iter(rejects), None)
    return "it is empty" if first is None else f"all {num} are bad; the first: {first}"
