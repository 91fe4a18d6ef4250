"""The Sentence Polarity Dataset v1.0 (Pang and Lee 2005): sentences of film critics, in its archive.

    rt-polaritydata/rt-polarity.pos    a sentence a line; the third is "pos/2" here
    rt-polaritydata/rt-polarity.neg

The file does not say which film a sentence is about, so sentences have no group.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from reviews.errors import UnreadableReviews
from reviews.layout import Layout
from reviews.row import Row, RowStream
from reviews.streams import archived_files, readable, western_text

__all__ = ["SENTENCES", "open_polarity_archive"]

SENTENCES = re.compile(r"(?:.*/)?rt-polarity\.(pos|neg)")


def open_polarity_archive(path: Path) -> RowStream:
    """Open the archive; its sentences come in its order, and there is but one part."""
    layout = Layout(format="Sentence Polarity archive", encoding="Windows-1252")
    return RowStream(path=path, layout=layout, rows=_rows(path), is_data_set=True)


def _rows(path: Path) -> Iterator[Row]:
    found = set()
    with readable(path):
        for file in archived_files(path):
            if match := SENTENCES.fullmatch(file.name):
                found.add(match[1])
                yield from _sentences(f"{path}/{file.name}", match[1], file.content())
    if missing := {"pos", "neg"} - found:
        raise UnreadableReviews(f"{path}: rt-polarity.{missing.pop()} is missing in it")


def _sentences(file: str, label: str, content: bytes) -> Iterator[Row]:
    # Lines end at LF alone: as a character, byte 0x85 would end one too, and it is an ellipsis here.
    lines = content.split(b"\n")
    for number, line in enumerate(lines[:-1] if not lines[-1] else lines):
        fields = {
            "id": f"{label}/{number}",
            "text": western_text(line).strip(),
            "label": label,
            "rating": None,
            "group": None,
            "domain": None,
        }
        yield Row(file, number + 1, fields)
