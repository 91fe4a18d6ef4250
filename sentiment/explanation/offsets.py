"""Positions in a text as JavaScript, Java and C# count them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

from sentiment.explanation.explanation import Explanation, TextRange

__all__ = ["in_utf16"]

RangeT = TypeVar("RangeT", bound=TextRange)


def in_utf16(explanation: Explanation, raw: str) -> Explanation:
    """Return an explanation whose ranges count UTF-16 code units of the review in place of code points."""
    positions = _utf16_positions(raw)
    return replace(
        explanation,
        unread=_moved(explanation.unread, positions),
        sentences=_moved(explanation.sentences, positions),
        tokens=_moved(explanation.tokens, positions),
    )


def _moved(ranges: Sequence[RangeT], positions: Sequence[int]) -> tuple[RangeT, ...]:
    return tuple(replace(each, start=positions[each.start], end=positions[each.end]) for each in ranges)


def _utf16_positions(raw: str) -> Sequence[int]:
    """Return where each code point begins, and where the text ends, in UTF-16."""
    if not raw or max(raw) <= "\uffff":
        return range(len(raw) + 1)
    return list(accumulate((2 if character > "\uffff" else 1 for character in raw), initial=0))
