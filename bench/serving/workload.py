"""The reviews that are sent: real ones in their real mix of lengths, and short ones."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from reviews import read_reviews

__all__ = ["Workload", "in_groups"]

NUM_REVIEWS: Final = 2048
SHORT_WORDS: Final = (10, 40)
_SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Two pools of texts, in an order that has nothing to do with their lengths."""

    mixed: tuple[str, ...]
    short: tuple[str, ...]
    """The first 10 to 40 words of other reviews: as long as those of products often are."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Draw both pools from a file of reviews, the same every time; labels play no part."""
        texts = [review.text for review in read_reviews([path], split="test").reviews]
        # Not for secrets; the same sample for everybody.
        chance = random.Random(_SEED)  # noqa: S311
        chance.shuffle(texts)
        return cls(
            mixed=tuple(texts[:NUM_REVIEWS]),
            short=tuple(_cut(text, chance) for text in texts[-NUM_REVIEWS:]),
        )


def _cut(text: str, chance: random.Random) -> str:
    return " ".join(text.split()[: chance.randint(*SHORT_WORDS)])


def in_groups(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    """Cut texts into requests of so many; a rest is left out."""
    return [texts[start : start + size] for start in range(0, len(texts) - size + 1, size)]
