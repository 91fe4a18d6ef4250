"""Where the characters that readers see begin and end: the extended grapheme clusters of Unicode (UAX #29).

Python's `unicodedata` lacks some properties that the standard uses, so these rules are coarser for rare
characters: a cluster found here is one or several of the standard's, and never a part of one.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Self

__all__ = ["GraphemeClusters"]

_FIRST_JOINED = "\u0300"
"""No character below it joins another one, but for a line feed behind a carriage return."""
_JOINER = "\u200d"


def _characters(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(map(chr, chain.from_iterable(range(first, last + 1) for first, last in ranges)))


_EXTENDING = _characters(
    (0x0E33, 0x0E33),  # vowels of Thai and Lao
    (0x0EB3, 0x0EB3),
    (0x1160, 0x11FF),  # vowels and finals of Hangul
    (0xD7B0, 0xD7FB),
    (0x200C, 0x200D),  # the joiners of zero width
    (0xFF9E, 0xFF9F),  # voicing marks of half width
    (0x1F3FB, 0x1F3FF),  # skin tones
    (0xE0020, 0xE007F),  # tags, as in the flag of Scotland
)
"""What belongs to the character before it, besides the marks."""
_PREPENDED = _characters(
    (0x0600, 0x0605),  # number signs and the like, by script
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x0D4E, 0x0D4E),
    (0x1100, 0x115F),  # initials of Hangul
    (0xA960, 0xA97C),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x111C2, 0x111C3),
    (0x113D1, 0x113D1),
    (0x1193F, 0x1193F),
    (0x11941, 0x11941),
    (0x11A3A, 0x11A3A),
    (0x11A84, 0x11A89),
    (0x11D46, 0x11D46),
    (0x11F02, 0x11F02),
)
"""What belongs to the character behind it."""
_FLAG_LETTERS = _characters((0x1F1E6, 0x1F1FF))
_CONTROLS = {"Cc", "Zl", "Zp"}
_VIRAMA = 9
"""The combining class of marks that join two consonants of an Indic script."""


@dataclass(frozen=True, slots=True)
class GraphemeClusters:
    """The clusters of one text."""

    bounds: Sequence[int]
    """Where each cluster begins, and where the text ends, in code points."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Find the clusters of any text; lone surrogates are characters by themselves."""
        if text.isascii() and "\r" not in text:
            return cls(range(len(text) + 1))
        return cls([*_bounds(text), len(text)])

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and end of the clusters that `text[start:end]` is in; it must not be empty."""
        first = bisect_right(self.bounds, start) - 1
        return self.bounds[first], self.bounds[bisect_left(self.bounds, end)]


def _bounds(text: str) -> Iterator[int]:
    """Yield where the clusters of a text that is not empty begin."""
    yield 0
    num_flag_letters = 0  # right before the position
    is_linked = False  # whether a virama stands before it, with marks alone in between
    for position, (before, character) in enumerate(pairwise(text), start=1):
        num_flag_letters = num_flag_letters + 1 if before in _FLAG_LETTERS else 0
        is_linked = unicodedata.combining(before) == _VIRAMA or (is_linked and _extends(before))
        is_flag = num_flag_letters % 2 == 1 and character in _FLAG_LETTERS
        is_conjunct = is_linked and unicodedata.category(character) == "Lo"
        if not (is_flag or is_conjunct or _joins(before, character)):
            yield position


def _extends(character: str) -> bool:
    return character in _EXTENDING or unicodedata.category(character).startswith("M")


def _joins(before: str, character: str) -> bool:
    """Return whether two characters belong together, wherever they stand."""
    if before < _FIRST_JOINED and character < _FIRST_JOINED:
        return before + character == "\r\n"
    if {unicodedata.category(before), unicodedata.category(character)} & _CONTROLS:
        return False
    if before == _JOINER and not character.isascii() and not character.isspace():
        return True
    return before in _PREPENDED or _extends(character)
