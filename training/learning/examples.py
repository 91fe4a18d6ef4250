"""Reviews with their targets as the network takes them, and the order in which it sees them.

Shapes: N reviews, B reviews in a batch, T tokens, L labels.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from reviews import Review
from sentiment import TokenizedReview, Tokenizer
from sentiment.lengths import LENGTH_STEP_TOKENS, round_up
from sentiment.padding import pad
from training.augmentation.varied_texts import VariedTexts
from training.data.labels import LabelSet
from training.distributed.processes import share
from training.recipe.tables import Augmentation

__all__ = ["ExampleBatch", "Examples", "TextStream", "TextTargets", "Texts", "padded", "shuffled_batches"]

_POOL_BATCHES = 50
"""Shuffled reviews for this number of batches are sorted by length and cut into batches: little padding, but
well mixed."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Padded token ids [T, B] and true lengths [B]."""

    ids_TB: Tensor
    lengths_B: Tensor

    def to(self, device: torch.device) -> "Texts":
        """Return the texts on a device."""
        return Texts(self.ids_TB.to(device), self.lengths_B.to(device))


@dataclass(frozen=True, slots=True)
class ExampleBatch:
    """Texts, and the target probability [B, L] of each label."""

    texts: Texts
    targets_BL: Tensor

    def to(self, device: torch.device) -> "ExampleBatch":
        """Return the batch on a device."""
        return ExampleBatch(self.texts.to(device), self.targets_BL.to(device))


@dataclass(frozen=True, slots=True)
class Examples:
    """Tokenized reviews, and in the same order the target probability [N, L] of each label."""

    reviews: Sequence[TokenizedReview]
    targets_NL: Tensor
    varied: VariedTexts | None = None
    """Variations of the texts to train on, in the same order; None trains on the reviews as they are."""

    @classmethod
    def encode(cls, reviews: Sequence[Review], tokenizer: Tokenizer, labels: LabelSet) -> "Examples":
        """Tokenize labelled reviews; raises InvalidReviews for a label that is not in `labels`."""
        tokenized = [tokenizer.encode(review.text) for review in reviews]
        return cls.of_classes(tokenized, labels.indices(reviews), num_labels=len(labels.names))

    @classmethod
    def of_classes(
        cls, reviews: Sequence[TokenizedReview], classes: Sequence[int], *, num_labels: int
    ) -> "Examples":
        """Return examples with one certain class each."""
        return cls(reviews, functional.one_hot(torch.tensor(classes, dtype=torch.long), num_labels).float())

    @property
    def classes(self) -> list[int]:
        """The most probable label of each review."""
        return self.targets_NL.argmax(1).tolist()

    @property
    def lengths(self) -> list[int]:
        """Tokens of each review."""
        return [len(review.ids) for review in self.reviews]

    def batch(self, indices: Sequence[int], step: int) -> ExampleBatch:
        """Return the examples at these indices as padded tensors, as a step of training is to see them."""
        texts = padded([self._ids(index, step) for index in indices])
        return ExampleBatch(texts, self.targets_NL[list(indices)])

    def _ids(self, index: int, step: int) -> list[int]:
        return self.varied.ids(index, step) if self.varied else self.reviews[index].ids


@dataclass(frozen=True, slots=True)
class TextTargets:
    """Raw texts to train on, and in the same order the target probability [N, L] of each label."""

    texts: Sequence[str]
    targets_NL: Tensor

    @classmethod
    def of_labels(cls, reviews: Sequence[Review], labels: LabelSet) -> "TextTargets":
        """Return the texts of labelled reviews; raises InvalidReviews for a label that is not in `labels`."""
        classes = torch.tensor(labels.indices(reviews), dtype=torch.long)
        return cls(
            [review.text for review in reviews], functional.one_hot(classes, len(labels.names)).float()
        )

    def with_neutral(self, texts: Sequence[str]) -> "TextTargets":
        """Return these and more texts, of which each label is as probable as any other."""
        num_labels = self.targets_NL.shape[1]
        even_NL = torch.full((len(texts), num_labels), 1 / num_labels)
        return TextTargets([*self.texts, *texts], torch.cat([self.targets_NL, even_NL]))

    def encode(self, tokenizer: Tokenizer, augmentation: Augmentation, *, seed: int) -> Examples:
        """Tokenize the texts, and keep them to be varied in training if `augmentation` varies any."""
        reviews = [tokenizer.encode(text) for text in self.texts]
        if not augmentation.varies:
            return Examples(reviews, self.targets_NL)
        varied = VariedTexts(self.texts, reviews, tokenizer, augmentation, seed=seed)
        return Examples(reviews, self.targets_NL, varied)


class TextStream:
    """Endless batches of texts without labels, in another order in each epoch, which the seed decides."""

    def __init__(self, reviews: Sequence[TokenizedReview], batch_reviews: int, *, seed: int) -> None:
        self._reviews = reviews
        self._lengths = [len(review.ids) for review in reviews]
        self._batch_reviews = batch_reviews
        self._seed = seed
        self._epoch = -1
        self._batches: list[list[int]] = []

    def batch(self, step: int) -> Texts:
        """Return the texts of a step, counted from 0; each of several processes gets its share of them."""
        epoch, number = divmod(step, math.ceil(len(self._lengths) / self._batch_reviews))
        if epoch != self._epoch:
            self._batches = shuffled_batches(self._lengths, self._batch_reviews, seed=self._seed, epoch=epoch)
            self._epoch = epoch
        return padded([self._reviews[index].ids for index in share(self._batches[number])])


def padded(ids: Sequence[Sequence[int]]) -> Texts:
    """Return rows of token ids as texts of one length, a multiple of 32 tokens."""
    num_steps = round_up(max(map(len, ids)), LENGTH_STEP_TOKENS)
    return Texts(*pad(ids, num_rows=len(ids), num_steps=num_steps))


def shuffled_batches(lengths: Sequence[int], batch_reviews: int, *, seed: int, epoch: int) -> list[list[int]]:
    """Return the indices 0 … N-1 in batches of near-equal length, in an order that seed and epoch decide."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order = torch.randperm(len(lengths), generator=generator).tolist()
    batches = [
        batch
        for pool in _chunks(order, batch_reviews * _POOL_BATCHES)
        for batch in _chunks(sorted(pool, key=lengths.__getitem__), batch_reviews)
    ]
    return [batches[index] for index in torch.randperm(len(batches), generator=generator).tolist()]


def _chunks(indices: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(indices), size):
        yield list(indices[start : start + size])
