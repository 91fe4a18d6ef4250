"""A review, and a collection of them as read from files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["RATING", "Columns", "Part", "Review", "ReviewCollection", "Source"]

RATING = "rating"
"""The label column that stands for star ratings in the archives that have them."""

Part = Literal["train", "test", "unlabelled"]
"""Which reviews of a data set to read; a table has only one part, itself."""


@dataclass(frozen=True, slots=True)
class Review:
    """One review as its file has it.

    `id` is unique within its file. `label` is the raw value ("1", "pos", "4"), None in unlabelled reading.
    `group` is what the review is about (the film): reviews of one group share names and phrases, so they
    must stand on one side of a split.
    """

    id: str
    text: str
    label: str | None
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The names of the fields to read from a table (JSONL, CSV, TSV, Parquet), and how to read labels.

    Only `text` must be there, and `label` where labels are read. Without `id` a review is called by its
    line number, without `group` it has no group; a name given in place of these two defaults must be there.
    Of the columns, a data set in a layout of its own knows only `RATING`, as the name of the label.
    """

    text: str = "text"
    label: str = "label"
    id: str = "id"
    group: str = "movie"
    stars: Literal[5, 10] | None = None
    """Labels are ratings from 1 to this, to be read as the classes 1 to 5; None takes them as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one path gave: its reviews, and the bad ones that were skipped."""

    path: Path
    num_reviews: int
    num_skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCollection:
    """The reviews of one or more paths, one path after the other as in `sources`."""

    reviews: tuple[Review, ...]
    sources: tuple[Source, ...]

    @property
    def num_skipped(self) -> int:
        """How many bad reviews were left out over all sources."""
        return sum(source.num_skipped for source in self.sources)
