"""Places: others take their place, or a sentence brings one in."""

import re
from random import Random

from training.augmentation.made_up_names import known_or_made_up
from training.augmentation.variation import add_sentence
from training.augmentation.words import Words
from training.data.templates import fill

__all__ = ["PlaceVariation"]


class PlaceVariation:
    """Replaces the cities and countries of a list; into a text without one, a sentence brings one."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._known = re.compile(rf"\b(?:{'|'.join(map(re.escape, words.places))})\b")

    def __call__(self, text: str, random: Random) -> str:
        """Return the text with another place for each that is recognised, the same one each time."""
        found = dict.fromkeys(self._known.findall(text))
        if not found:
            sentence = random.choice(self._words.sentences.place)
            place = known_or_made_up(self._words.places, random)
            return add_sentence(text, fill(sentence, {"place": place}), random)
        others = {place: known_or_made_up(self._words.places, random) for place in found}
        return self._known.sub(lambda match: others[match[0]], text)
