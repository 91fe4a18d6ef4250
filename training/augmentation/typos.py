"""Typos: letters that are swapped, left out, doubled, hit beside the right key, or drawn out."""

import re
from collections.abc import Container
from random import Random

__all__ = ["TypoVariation"]

_WORD = re.compile(r"(?<![@&\w./])[^\W\d_]{4,}(?![\w@/])")
_WORDS_PER_TYPO = 20
_TRIES = 4
_VOWELS = "aeiouy"
_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: row[max(0, index - 1) : index] + row[index + 1 : index + 2]
    for row in _KEY_ROWS
    for index, key in enumerate(row)
}


class TypoVariation:
    """Misspells one word of at least four letters, and one more for each twenty of them."""

    def __init__(self, known: Container[str]) -> None:
        """Take the words, in lower case, that no typo may make: "food" for "good" would say another thing."""
        self._known = known

    def __call__(self, text: str, random: Random) -> str:
        """Return the text with typos; the first letter of a word stays."""
        words = list(_WORD.finditer(text))
        num_typos = min(len(words), 1 + len(words) // _WORDS_PER_TYPO)
        for index in sorted(random.sample(range(len(words)), num_typos), reverse=True):
            word = words[index]
            text = text[: word.start()] + self._misspelt(word[0], random) + text[word.end() :]
        return text

    def _misspelt(self, word: str, random: Random) -> str:
        """Return a misspelling that is no known word, or the word if a few tries find none."""
        for _ in range(_TRIES):
            wrong = random.choice(_WAYS)(word, random)
            if wrong != word and wrong.lower() not in self._known:
                return wrong
        return word


def _swapped(word: str, random: Random) -> str:
    index = random.randrange(1, len(word) - 1)
    return word[:index] + word[index + 1] + word[index] + word[index + 2 :]


def _dropped(word: str, random: Random) -> str:
    index = random.randrange(1, len(word))
    return word[:index] + word[index + 1 :]


def _doubled(word: str, random: Random) -> str:
    index = random.randrange(1, len(word))
    return word[:index] + word[index] + word[index:]


def _beside(word: str, random: Random) -> str:
    index = random.randrange(1, len(word))
    return word[:index] + random.choice(_NEIGHBOURS.get(word[index], word[index])) + word[index + 1 :]


def _stretched(word: str, random: Random) -> str:
    vowels = [index for index, letter in enumerate(word) if letter.lower() in _VOWELS]
    if not vowels:
        return word
    index = random.choice(vowels)
    return word[:index] + word[index] * random.randrange(2, 6) + word[index:]


_WAYS = (_swapped, _dropped, _doubled, _beside, _stretched)
