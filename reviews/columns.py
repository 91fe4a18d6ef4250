"""What a user says of a table: the names of its columns, what its labels are, how it is written."""

from dataclasses import dataclass
from typing import Literal

from reviews.layout import Quoting

__all__ = ["RATING", "Columns"]

RATING = "rating"
"""The label column that stands for star ratings in the data sets that have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The names of the fields to read from a table (JSONL, CSV, TSV, Parquet), and how to read it.

    Only `text` must be there, and `label` where labels are read. Without `id` a review is called by its
    line number, without `group` it has no group, without `domain` no domain. A name given in place of one of
    these three defaults must be there; of several files, `group` and `domain` need to be in one only.
    Of the columns, a data set in a layout of its own knows only `RATING`, as the name of the label.
    """

    text: str = "text"
    label: str = "label"
    id: str = "id"
    group: str = "movie"
    domain: str = "domain"
    stars: Literal[5, 10] | None = None
    """Labels are ratings from 1 to this, to be read as the classes 1 to 5; None takes them as they stand."""
    encoding: str | None = None
    """The encoding of JSONL, CSV and TSV, such as "windows-1252"; None detects it in each file."""
    separator: str | None = None
    """The character between the fields of CSV and TSV; None detects it in each file."""
    quoting: Quoting | None = None
    """How CSV and TSV quote; None detects it in each file."""
