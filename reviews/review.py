"""A review, as training and scoring know it."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Part", "Review"]

Part = Literal["train", "test", "unlabelled"]
"""Which reviews of a data set to read; a table has only one part, itself."""


@dataclass(frozen=True, slots=True)
class Review:
    """One review as its file has it.

    `id` is unique within its file. `label` is the value as written ("1", "pos", "4"), None in unlabelled
    reading. `group` is what the review is about (the film): reviews of one group share names and phrases, so
    they must stand on one side of a split. `domain` is the kind of text, such as restaurants, where the file
    says it; it is read with the label.
    """

    id: str
    text: str
    label: str | None
    group: str | None
    domain: str | None = None
