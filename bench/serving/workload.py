"""The reviews that are sent: real ones in their mix of lengths, and short ones."""

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
    """Two pools of texts, in an order that does not depend on their lengths."""

    mixed: tuple[str, ...]
    short: tuple[str, ...]
    """The first 10 to 40 words of other reviews: as long as those of products often are."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Draw both pools from a file of reviews, the same every time; labels are not used."""
        texts = [review.text for review in read_reviews([path], split="test").reviews]
        # Not for secrets: everybody has the same sample.
        generator = random.Random(_SEED)  # noqa: S311
        generator.shuffle(texts)
        return cls(
            mixed=tuple(texts[:NUM_REVIEWS]),
            short=tuple(_cut(text, generator) for text in texts[-NUM_REVIEWS:]),
        )


def _cut(text: str, generator: random.Random) -> str:
    return " ".join(text.split()[: generator.randint(*SHORT_WORDS)])


def in_groups(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    """Cut texts into requests of `size` reviews, and leave out the rest."""
    return [texts[start : start + size] for start in range(0, len(texts) - size + 1, size)]
