"""Made-up reviews for loads that need no meaning, only lengths."""

import math
import random
from collections.abc import Iterator

__all__ = ["equal_requests", "mixed_requests"]

_WORDS = ("a", "the", "film", "story", "cast", "good", "bad", "dull", "great", "never", "not", "zyx", "qwv")
_MAX_WORDS = 800

Reviews = list[str]


def mixed_requests(seed: int) -> Iterator[Reviews]:
    """Yield requests of 1 to 32 reviews, each of 1 to 800 words: small ones often, and large ones sometimes.

    The number of reviews is log-uniform; that of words is log-normal with a median of 20.
    """
    generator = random.Random(seed)  # noqa: S311  # no secret
    while True:
        num_reviews = round(math.exp(generator.uniform(0, math.log(32))))
        yield [
            _review(generator, round(generator.lognormvariate(math.log(20), 1.2))) for _ in range(num_reviews)
        ]


def equal_requests(seed: int, *, num_reviews: int, num_words: int) -> Iterator[Reviews]:
    """Yield requests that cost the same."""
    generator = random.Random(seed)  # noqa: S311  # no secret
    while True:
        yield [_review(generator, num_words) for _ in range(num_reviews)]


def _review(generator: random.Random, num_words: int) -> str:
    return " ".join(generator.choices(_WORDS, k=min(max(num_words, 1), _MAX_WORDS)))
