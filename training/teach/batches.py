"""Texts in batches of near-equal length."""

import random
from collections.abc import Sequence

__all__ = ["ROUNDING", "batches_by_length", "rounded"]

ROUNDING = 8
"""Lengths are rounded up to a multiple of this, since oneDNN keeps memory for each shape that it has seen."""


def rounded(length: int) -> int:
    """Return the length, padding included, that a text of `length` tokens is computed with."""
    return -(-length // ROUNDING) * ROUNDING


def batches_by_length(lengths: Sequence[int], *, max_tokens: int, seed: int | None = None) -> list[list[int]]:
    """Return the indices 0 … N-1 in batches of at most `max_tokens` tokens, padding included.

    With a seed, texts of one rounded length are shuffled, and so is the order of the batches. Without one,
    the longest texts come first.
    """
    rng = random.Random(seed)  # noqa: S311  # not for secrets
    order = list(range(len(lengths)))
    if seed is not None:
        rng.shuffle(order)
    order.sort(key=lambda index: rounded(lengths[index]), reverse=True)
    batches: list[list[int]] = []
    for index in order:
        # The first text of a batch is its longest.
        if not batches or (len(batches[-1]) + 1) * rounded(lengths[batches[-1][0]]) > max_tokens:
            batches.append([])
        batches[-1].append(index)
    if seed is not None:
        rng.shuffle(batches)
    return batches
