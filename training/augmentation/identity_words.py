"""Words for groups of people: others take their place, or a sentence brings one in."""

import re
from random import Random

from training.augmentation.variation import add_sentence
from training.augmentation.words import Words
from training.data.templates import fill

__all__ = ["IdentityVariation"]


class IdentityVariation:
    """Replaces words for groups of people; into a text without one, a sentence brings one."""

    def __init__(self, words: Words) -> None:
        self._sentences = words.sentences.identity
        self._all = words.all_identity_words
        self._groups = {word.lower(): group for group in words.identity_words.values() for word in group}
        self._known = re.compile(rf"\b(?:(a)n? )?({'|'.join(self._groups)})\b", re.IGNORECASE)

    def __call__(self, text: str, random: Random) -> str:
        """Return the text with another word of the same group for each, with "a" or "an" before it."""
        if not self._known.search(text):
            values = {"identity": random.choice(self._all)}
            return add_sentence(text, fill(random.choice(self._sentences), values), random)
        return self._known.sub(lambda match: self._other(match, random), text)

    def _other(self, match: re.Match[str], random: Random) -> str:
        article = f"{match[1]}/an " if match[1] else ""
        return fill(f"{article}{{word}}", {"word": random.choice(self._groups[match[2].lower()])})
