"""Made-up names, built from random syllables.

No list has all names. A model reads a name that it does not know as pieces, and a piece may be a word with an
opinion ("meh" in "Mehmet"). From made-up names it learns that such pieces have none.
"""

from collections.abc import Sequence
from random import Random

__all__ = ["known_or_made_up"]

_MADE_UP_RATIO = 0.5
_MIN_LETTERS = 4
"""Shorter ones are too often words."""

_ONSETS = (
    *("", "", *"bcdfghjklmnpqrstvwxyz"),
    *(
        "bh",
        "bl",
        "br",
        "ch",
        "chr",
        "cl",
        "dh",
        "dr",
        "fr",
        "gh",
        "gl",
        "gr",
        "gw",
        "hj",
        "kh",
        "kl",
        "kr",
        "kw",
    ),
    *(
        "mb",
        "nd",
        "ng",
        "nk",
        "ph",
        "pr",
        "qu",
        "sch",
        "sh",
        "sk",
        "sl",
        "st",
        "str",
        "sv",
        "th",
        "tr",
        "ts",
        "tz",
        "zh",
    ),
)
_VOWELS = (
    *"aeiouaeiou",
    "y",
    "aa",
    "ai",
    "au",
    "ea",
    "ee",
    "ei",
    "eu",
    "ia",
    "ie",
    "io",
    "oa",
    "oo",
    "ou",
    "ua",
    "ui",
)
_CODAS = (
    *("",) * 16,
    *"bcdfghklmnprstvxz",
    "ch",
    "ck",
    "ld",
    "ll",
    "lt",
    "nd",
    "ng",
    "nn",
    "rd",
    "rt",
    "sh",
    "ss",
    "tt",
    "tz",
)


def known_or_made_up(known: Sequence[str], random: Random) -> str:
    """Return a name from the list or a made-up name, with equal probability."""
    return _made_up(random) if random.random() < _MADE_UP_RATIO else random.choice(known)


def _made_up(random: Random) -> str:
    """Return a capitalised word of one to four syllables."""
    num_syllables = random.choice((1, 2, 2, 2, 3, 3, 4))
    name = "".join(_syllable(random) for _ in range(num_syllables))
    return name.capitalize() if len(name) >= _MIN_LETTERS else _made_up(random)


def _syllable(random: Random) -> str:
    return "".join(map(random.choice, (_ONSETS, _VOWELS, _CODAS)))
