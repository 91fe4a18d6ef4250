"""Where the sentences of a text begin and end."""

import re
from collections.abc import Iterator

__all__ = ["sentence_spans"]

_CLOSING = "\"'\u201d\u2019)\\]"
# No part of a match is tried at each of its characters again, so that no text takes long.
_END_MARK = rf"(?P<mark>(?<![.!?…])[.!?…]++[{_CLOSING}]*+)(?=\s|<br|$)"
_LINE_BREAK = r"(?P<line>(?:<br\s*+/?>|\n)(?:\s|<br\s*+/?>)*+)"
_BREAK = re.compile(f"{_END_MARK}|{_LINE_BREAK}", re.IGNORECASE)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:[A-Za-z]|mr|mrs|ms|dr|st|jr|sr|vs|e\.g|i\.e|prof|approx|vol|[A-Za-z](?:\.[A-Za-z])+)\.$",
    re.IGNORECASE,
)
_MAX_ABBREVIATION = 24
"""Longer ones are none."""


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each sentence, in code points of `text`, without the white space around it.

    A sentence ends at an end mark that white space follows, or at a line break. A full stop behind an
    abbreviation or an initial ends nothing.
    """
    start = 0
    for found in _BREAK.finditer(text):
        earliest = max(start, found.end() - _MAX_ABBREVIATION)
        if found["mark"] == "." and _ABBREVIATION.search(text, earliest, found.end()):
            continue
        end = found.start() if found["line"] else found.end()
        yield from _trimmed(text, start, end)
        start = found.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    end -= len(part) - len(part.rstrip())
    if start < end:
        yield start, end
