"""Stretched words: "woooorst" is "worst", said louder.

A letter that stands three times or more in a row is an emphasis in nearly every language that is written with
letters; the plain word has it once or twice.
"""

import re
from collections.abc import Iterator
from itertools import product

__all__ = ["is_stretched", "spellings"]

_RUN = re.compile(r"([^\W\d_])\1{2,}")
_MAX_RUNS = 4
"""The spellings double with each run, so further runs are all shortened to one letter."""


def is_stretched(word: str) -> bool:
    """Return whether a letter of `word` stands three times or more in a row."""
    return _RUN.search(word) is not None


def spellings(word: str) -> Iterator[str]:
    """Yield `word` with each run of three letters or more cut to two and to one, longer spellings first."""
    runs = list(_RUN.finditer(word))
    choices = [(2, 1) if index < _MAX_RUNS else (1,) for index in range(len(runs))]
    found = ["".join(_shortened(word, runs, lengths)) for lengths in product(*choices)] if runs else []
    yield from sorted(found, key=len, reverse=True)


def _shortened(word: str, runs: list[re.Match[str]], lengths: tuple[int, ...]) -> Iterator[str]:
    position = 0
    for run, length in zip(runs, lengths, strict=True):
        yield word[position : run.start()] + run[1] * length
        position = run.end()
    yield word[position:]
