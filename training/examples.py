"""Labelled reviews as the network takes them, and the order in which it meets them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sentiment import TokenizedReview, Tokenizer
from sentiment.engine import LENGTH_STEP_TOKENS, pad, round_up
from training.labels import LabelSet
from training.reviews import Review

__all__ = ["Batch", "Examples", "shuffled_batches"]

# Batches are cut from so many batches' worth of shuffled reviews, sorted by length: little padding, yet
# well mixed.
_POOL_BATCHES = 50


@dataclass(frozen=True, slots=True)
class Examples:
    """Tokenized reviews and the class of each, in the same order."""

    reviews: Sequence[TokenizedReview]
    labels: Sequence[int]

    @classmethod
    def encode(cls, reviews: Sequence[Review], tokenizer: Tokenizer, labels: LabelSet) -> "Examples":
        """Tokenize labelled reviews; raises InvalidReviews for a label that is not in `labels`."""
        return cls([tokenizer.encode(review.text) for review in reviews], labels.indices(reviews))

    def batch(self, places: Sequence[int]) -> "Batch":
        """Return the examples at these places as padded tensors."""
        ids = [self.reviews[place].ids for place in places]
        longest = max(map(len, ids))
        ids_TB, lengths_B = pad(ids, num_rows=len(ids), num_steps=round_up(longest, LENGTH_STEP_TOKENS))
        return Batch(ids_TB, lengths_B, torch.tensor([self.labels[place] for place in places]))


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded token ids [T, B], true lengths [B] and classes [B]."""

    ids_TB: Tensor
    lengths_B: Tensor
    labels_B: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device."""
        return Batch(self.ids_TB.to(device), self.lengths_B.to(device), self.labels_B.to(device))


def shuffled_batches(lengths: Sequence[int], batch_reviews: int, *, seed: int, epoch: int) -> list[list[int]]:
    """Return places 0 … N-1 in batches of near-equal length, in an order that seed and epoch alone decide."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(len(lengths), generator=generator).tolist()
    batches = [
        batch
        for pool in _chunks(order, batch_reviews * _POOL_BATCHES)
        for batch in _chunks(sorted(pool, key=lengths.__getitem__), batch_reviews)
    ]
    return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]


def _chunks(places: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(places), size):
        yield list(places[start : start + size])
