"""Made-up names, built from random syllables.

No list has all names. A model reads a name that it does not know as pieces, and a piece may be a word with an
opinion ("meh" in "Mehmet"). From made-up names it learns that such pieces have none.
"""

from collections.abc import Sequence
from random import Random

__all__ = ["known_or_made_up"]

_MADE_UP_RATIO = 0.5

_ONSETS = (*"bdfghjklmnprstvwyz", "", "br", "ch", "fr", "gr", "kh", "sh", "st", "tr")
_VOWELS = (*"aeiou", "ai", "ou")
_CODAS = ("", "", "", "", *"dhklmnrstx", "ng")


def known_or_made_up(known: Sequence[str], random: Random) -> str:
    """Return a name from the list or a made-up name, with equal probability."""
    return _made_up(random) if random.random() < _MADE_UP_RATIO else random.choice(known)


def _made_up(random: Random) -> str:
    """Return a capitalised word of two or three syllables."""
    num_syllables = random.choice((2, 2, 3))
    return "".join(_syllable(random) for _ in range(num_syllables)).capitalize()


def _syllable(random: Random) -> str:
    return "".join(map(random.choice, (_ONSETS, _VOWELS, _CODAS)))
