"""A variation of a text, and what several of them use."""

import re
from collections.abc import Callable
from random import Random

__all__ = ["Variation", "add_sentence"]

Variation = Callable[[str, Random], str]
"""Returns a text with one thing varied, or the text itself where there is nothing to vary."""

_ENDED = re.compile(r"[.!?…][\"'\u201d\u2019)\]]*\s*\Z")


def add_sentence(text: str, sentence: str, random: Random) -> str:
    """Return the text with a sentence in front of it or behind it, which is as likely.

    A line break stands behind a text without an end mark, so that the sentence does not go on from it.
    """
    if random.random() < 0.5:
        return _joined(sentence, text)
    return _joined(text, sentence)


def _joined(first: str, second: str) -> str:
    return f"{first} {second}" if _ENDED.search(first) else f"{first}\n{second}"
