"""Which words are proper nouns, told by how they are written."""

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["proper_nouns"]

_MIN_CAPITALS = 3
_MIN_RATIO = 0.7
"""Not higher, since many people write no capitals at all."""
# The first word of a sentence or a quotation has a capital whatever it is, so one behind another word counts.
_CAPITALISED = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")
_LOWER_CASE = re.compile(r"\b[a-z]+\b")


def proper_nouns(texts: Iterable[str]) -> frozenset[str]:
    """Return the words, in lower case, that mostly have a capital within a sentence.

    They are names of people, places and products, and in English words such as "french" and "monday" as
    well. Only letters of English are looked for: other languages write nouns or nothing with capitals.
    """
    capitals, others = Counter[str](), Counter[str]()
    for text in texts:
        capitals.update(_CAPITALISED.findall(text))
        others.update(_LOWER_CASE.findall(text))
    counts = {word.lower(): count for word, count in capitals.items() if count >= _MIN_CAPITALS}
    return frozenset(word for word, count in counts.items() if count >= _MIN_RATIO * (count + others[word]))
