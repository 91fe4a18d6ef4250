"""Numbers that carry no opinion: others take their place, or a sentence brings one in."""

import re
from random import Random

from training.augmentation.variation import add_sentence
from training.augmentation.words import Words
from training.data.templates import fill

__all__ = ["NumberVariation", "number_values"]

# A number by itself: no part of a share ("50%"), a rank, a price, a decimal, a range or a word ("3D").
# Ratings are made of the numbers up to 10 and of 100, so these stay, and so does a number of points or stars.
_NUMBER = re.compile(
    r"(?<![\w.,:/#$£€+*'-])(?<!no\. )(?<!number )(?<!rating )(?<!score )(?<!out of )"
    r"(?!100\b)(?:1[1-9]|[2-9]\d|[1-9]\d{2,4})"
    r"(?![\w%°:/+*'\u2019-]|[.,]\d|\s*(?:/|%|out\b|of\b|stars?\b|points?\b|thumbs?\b|per))",
    re.IGNORECASE,
)


class NumberVariation:
    """Replaces numbers by others with as many digits; into a text without one, a sentence brings one."""

    def __init__(self, words: Words) -> None:
        self._sentences = words.sentences.number

    def __call__(self, text: str, random: Random) -> str:
        """Return the text with other numbers; ratings, prices and the like stay."""
        if not _NUMBER.search(text):
            sentence = fill(random.choice(self._sentences), number_values(random))
            return add_sentence(text, sentence, random)
        return _NUMBER.sub(lambda match: _other(match[0], random), text)


def number_values(random: Random) -> dict[str, str]:
    """Return numbers for the slots of sentences."""
    return {
        "number": str(random.randrange(100, 1_000_000)),
        "small": str(random.randrange(2, 60)),
        "hour": str(random.randrange(7, 23)),
        "minute": f"{random.randrange(60):02}",
        "year": str(random.randrange(1950, 2025)),
    }


def _other(number: str, random: Random) -> str:
    if len(number) == 4 and number.startswith(("19", "20")):
        return number_values(random)["year"]
    smallest = 10 ** (len(number) - 1)
    return str(random.randrange(smallest + 1, 10 * smallest))
