"""Sentences without an opinion, of which a model learns that they have none."""

import re
from collections.abc import Sequence
from random import Random

from reviews import Review
from training.augmentation.made_up_names import known_or_made_up
from training.augmentation.names import draw_name
from training.augmentation.numbers import number_values
from training.augmentation.words import Words, load_words
from training.data.templates import fill, slots

__all__ = ["make_neutral_sentences"]


def make_neutral_sentences(num: int, *, seed: int) -> tuple[Review, ...]:
    """Return `num` different sentences without an opinion and without a label.

    The same seed gives the same texts on every machine, and a larger number begins with the texts of a
    smaller one. The templates make far more than a recipe may ask for.
    """
    random = Random(f"{seed} neutral")  # noqa: S311  # no secret
    words = load_words()
    found: dict[str, None] = {}
    while len(found) < num:
        found[_sentence(words, random)] = None
    return tuple(Review(f"neutral-{number}", text, None, None) for number, text in enumerate(found, start=1))


def _sentence(words: Words, random: Random) -> str:
    template = random.choice(words.neutral_sentences.templates)
    values: dict[str, str] = number_values(random)
    for slot in slots(template):
        if slot not in values:
            values[slot] = _word(words, re.sub(r"\d+$", "", slot), random)
    text = fill(template, values)
    return text[0].upper() + text[1:]


def _word(words: Words, kind: str, random: Random) -> str:
    if kind == "name":
        return known_or_made_up([draw_name(words, random)], random)
    if kind == "place":
        return known_or_made_up(words.places, random)
    lists: dict[str, Sequence[str]] = {"identity": words.all_identity_words}
    found: Sequence[str] = lists.get(kind) or getattr(words.neutral_sentences, kind)
    return random.choice(found)
