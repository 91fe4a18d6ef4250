"""The Sentence Polarity Dataset v1.0 (Pang and Lee 2005): sentences of film critics, in its archive.

    rt-polaritydata/rt-polarity.pos    a sentence a line; the third is "pos/2" here
    rt-polaritydata/rt-polarity.neg

Which film a sentence is about is not told, so sentences have no group.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from reviews.errors import UnreadableReviews, UnusableRow
from reviews.review import Part, Review
from reviews.rows import RejectedReview, RowRules, checked_text
from reviews.streams import archived_files, readable, western_text

__all__ = ["SENTENCES", "read_polarity_archive"]

SENTENCES = re.compile(r"(?:.*/)?rt-polarity\.(pos|neg)")


def read_polarity_archive(path: Path, _part: Part, rules: RowRules) -> Iterator[Review | RejectedReview]:
    """The sentences in the archive's order; there is but one part, which is read as any."""
    found = set()
    with readable(path):
        for file in archived_files(path):
            if match := SENTENCES.fullmatch(file.name):
                found.add(match[1])
                yield from _sentences(f"{path}/{file.name}", match[1], file.content(), rules)
    if missing := {"pos", "neg"} - found:
        raise UnreadableReviews(f"{path}: rt-polarity.{missing.pop()} is missing in it")


def _sentences(source: str, label: str, content: bytes, rules: RowRules) -> Iterator[Review | RejectedReview]:
    # Lines end at LF alone: as a character, byte 0x85 would end one too, and it is an ellipsis here.
    lines = content.split(b"\n")
    for number, line in enumerate(lines[:-1] if not lines[-1] else lines):
        try:
            yield Review(
                id=f"{label}/{number}",
                text=checked_text(western_text(line).strip()),
                label=rules.label_of(label=label, rating=None),
                group=None,
            )
        except UnusableRow as problem:
            yield RejectedReview(f"{source}:{number + 1}: {problem}")
