"""All variations of a recipe, one after the other."""

from collections.abc import Container, Iterator
from random import Random

from training.augmentation.addresses import HandleVariation, WebAddressVariation
from training.augmentation.end_mark import vary_end_mark
from training.augmentation.identity_words import IdentityVariation
from training.augmentation.names import NameVariation
from training.augmentation.numbers import NumberVariation
from training.augmentation.places import PlaceVariation
from training.augmentation.typos import TypoVariation
from training.augmentation.variation import Variation
from training.augmentation.words import load_words
from training.recipe.tables import Augmentation

__all__ = ["Augmenter"]


class Augmenter:
    """Varies texts as a recipe says, each time in another way."""

    def __init__(self, augmentation: Augmentation, *, seed: int, known_words: Container[str]) -> None:
        """Take the rates, and the words in lower case that no typo may make."""
        self._seed = seed
        rates = augmentation.rates
        self._variations = [(name, rates[name], it) for name, it in _variations(known_words) if rates[name]]

    def vary(self, text: str, *, index: int, step: int) -> str:
        """Return the text of an example, by its index, as a step of training is to see it.

        Each variation has random numbers of its own, so that switching one on leaves the others as they are.
        """
        for name, rate, variation in self._variations:
            random = Random(f"{self._seed} {step} {index} {name}")  # noqa: S311  # no secret
            if random.random() < rate:
                text = variation(text, random)
        return text


def _variations(known_words: Container[str]) -> Iterator[tuple[str, Variation]]:
    """Yield each variation with its field of the recipe, those of the text's outside last."""
    words = load_words()
    yield "name", NameVariation(words)
    yield "place", PlaceVariation(words)
    yield "number", NumberVariation(words)
    yield "identity_word", IdentityVariation(words)
    yield "typo", TypoVariation(known_words)
    yield "end_mark", vary_end_mark
    yield "handle", HandleVariation(words.addresses)
    yield "web_address", WebAddressVariation(words.addresses)
