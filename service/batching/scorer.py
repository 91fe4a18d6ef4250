"""What the service needs of a model."""

from collections.abc import Sequence
from typing import Protocol

from sentiment import Prediction, TokenizedReview

__all__ = ["Scorer"]


class Scorer(Protocol):
    """Scores tokenized reviews, from several threads at once; `sentiment.Classifier` is one."""

    @property
    def pads(self) -> bool:
        """Whether a review costs as much as the longest that it is batched with."""

    def score(self, reviews: Sequence[TokenizedReview]) -> Sequence[Prediction]:
        """Return a prediction for each review, in order; raises sentiment.OutOfMemory, or anything else."""

    def num_padded_tokens(self, reviews: Sequence[TokenizedReview]) -> int:
        """Return how many tokens are computed for these reviews, padding included."""

    def warm_up(self) -> None:
        """Run once on the calling thread, so that the first request is as fast as the next."""
