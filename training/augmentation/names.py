"""Names of people: others take their place, or a sentence brings one in."""

import re
from random import Random

from training.augmentation.made_up_names import known_or_made_up
from training.augmentation.variation import add_sentence
from training.augmentation.words import Words
from training.data.templates import fill

__all__ = ["NameVariation", "draw_name"]

_CAPITALISED = re.compile(r"\b[^\W\d_a-z][^\W\d_]+\b")
# No sentence begins behind a word in lower case. Three capitalised words are rather a title than a name.
_PAIR = re.compile(r"(?<=[a-z,] )([A-Z][a-z]+) ([A-Z][a-z]+)\b(?![ -][A-Z])")


class NameVariation:
    """Replaces the names of people in a text; into a text without one, a sentence brings one."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._given = frozenset(words.given_names)
        self._no_names = frozenset(words.no_names)

    def __call__(self, text: str, random: Random) -> str:
        """Return the text with another name for each that is recognised, the same one each time.

        Recognised are given names of the list, and pairs of capitalised words within a sentence.
        """
        others = self._others(text, random)
        if not others:
            sentence = random.choice(self._words.sentences.name)
            name = known_or_made_up([draw_name(self._words, random)], random)
            return add_sentence(text, fill(sentence, {"name": name}), random)
        return _CAPITALISED.sub(lambda match: others.get(match[0], match[0]), text)

    def _others(self, text: str, random: Random) -> dict[str, str]:
        """Return a new name for each name in the text."""
        others: dict[str, str] = {}
        for pair in _PAIR.finditer(text):
            if self._no_names.isdisjoint(pair.groups()):
                others.setdefault(pair[1], known_or_made_up(self._words.given_names, random))
                others.setdefault(pair[2], known_or_made_up(self._words.family_names, random))
        for name in _CAPITALISED.findall(text):
            if name in self._given:
                others.setdefault(name, known_or_made_up(self._words.given_names, random))
        return others


def draw_name(words: Words, random: Random) -> str:
    """Return a given name, or as often a given name with a family name, of any origin each."""
    given = random.choice(words.given_names)
    return given if random.random() < 0.5 else f"{given} {random.choice(words.family_names)}"
