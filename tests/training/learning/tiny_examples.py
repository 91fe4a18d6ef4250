"""Reviews made of random tokens; one token of two decides the class."""

import random

from sentiment import TokenizedReview
from training.learning.examples import Examples

__all__ = ["VOCABULARY_SIZE", "examples", "tokenized"]

VOCABULARY_SIZE = 20


def examples(num_reviews: int = 60) -> Examples:
    """Reviews that end with token 2 and token 3 in turn."""
    chance = random.Random(5)
    classes = [index % 2 for index in range(num_reviews)]
    ids = [
        [chance.randrange(4, VOCABULARY_SIZE) for _ in range(chance.randrange(1, 30))] + [2 + label]
        for label in classes
    ]
    return Examples.of_classes([tokenized(row) for row in ids], classes, num_labels=2)


def tokenized(ids: list[int]) -> TokenizedReview:
    """A review of these tokens, none of them cut off."""
    return TokenizedReview(ids, len(ids), False, 0.0)
