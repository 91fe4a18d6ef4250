"""Raw review text, as people and web pages produce it, to clean lower-case text.

Cleaning removes what carries no sentiment: HTML tags and entities, Unicode look-alikes (NFKC), curly quotes
and dashes, invisible characters, case. `sentiment.text_rules` has two sets of rules, and each tokenizer says
which is its own. `clean` and `align` take the same steps, so they agree. Plain ASCII skips most of them.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sentiment.text_rules import STEPS, Step, TextRules
from sentiment.typography import INVISIBLE

__all__ = ["VISIBLE", "AlignedText", "align", "clean", "is_blank"]

VISIBLE = rf"[^\s\u2800{INVISIBLE}]"
"""A pattern for a character that can be seen; it means the same in JSON schemas."""


_find_visible = re.compile(VISIBLE).search
(_NOT_ASCII, _normalise, _), (_TAGS, _as_spaces, _) = STEPS[1]


class AlignedText(NamedTuple):
    """Clean text with the position of each of its characters in the raw text."""

    text: str
    starts: Sequence[int]
    """Offset in the raw text of the first character that this one stands for."""
    ends: Sequence[int]
    """Offset after the last one."""


def clean(raw: str, rules: TextRules = 1) -> str:
    """Return `raw` as clean lower-case text; HTML tags become spaces."""
    if rules != 1:
        return _clean_stepwise(raw, STEPS[rules])
    # Written out, since the loop would take longer than the work on most reviews.
    if not raw.isascii() or "&" in raw:
        raw = _NOT_ASCII.sub(_normalise, raw)
    if "<" in raw:
        raw = _TAGS.sub(_as_spaces, raw)
    return raw.lower()


def align(raw: str, rules: TextRules = 1) -> AlignedText:
    """Clean `raw` as `clean` does, and say for each character where in `raw` it came from."""
    aligned = AlignedText(raw, range(len(raw)), range(1, len(raw) + 1))
    for step in STEPS[rules]:
        aligned = _align_step(aligned, step)
    return aligned._replace(text=aligned.text.lower())


def is_blank(raw: str) -> bool:
    """Return whether a text shows nothing: only white space, controls and default-ignorable characters."""
    return _find_visible(raw) is None


def _clean_stepwise(raw: str, steps: Iterable[Step]) -> str:
    for pattern, replace, may_match in steps:
        if may_match(raw):
            raw = pattern.sub(replace, raw)
    return raw.lower()


def _align_step(before: AlignedText, step: Step) -> AlignedText:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def add(text: str, first: int, behind: int) -> None:
        """Add text that stands, character by character, for what was there from `first` to `behind`."""
        pieces.append(text)
        starts.extend(before.starts[first:behind])
        ends.extend(before.ends[first:behind])

    position = 0
    for match in step.pattern.finditer(before.text):
        first, behind = match.span()
        add(before.text[position:first], position, first)
        position = behind
        replacement = step.replace(match)
        if len(replacement) == behind - first:
            add(replacement, first, behind)
        else:
            pieces.append(replacement)
            starts.extend([before.starts[first]] * len(replacement))
            ends.extend([before.ends[behind - 1]] * len(replacement))
    add(before.text[position:], position, len(before.text))
    return AlignedText("".join(pieces), starts, ends)
