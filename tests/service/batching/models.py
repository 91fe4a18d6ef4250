"""Models for tests that score nothing."""

from collections.abc import Sequence

from sentiment import Prediction, RunPlan, TokenizedReview, Tokenizer, TokenizerConfig
from service.batching.model import Model

__all__ = ["NoScorer", "model"]


class NoScorer:
    """Only says whether it pads."""

    def __init__(self, *, pads: bool) -> None:
        self.pads = pads

    def plan(self, reviews: Sequence[TokenizedReview]) -> RunPlan:
        """Raise."""
        raise NotImplementedError

    def run(self, plan: RunPlan, *, parallel_directions: bool) -> Sequence[Prediction]:
        """Raise."""
        raise NotImplementedError

    def warm_up(self) -> None:
        """Do nothing."""


def model(*, pads: bool = False, tokenizer: Tokenizer | None = None) -> Model:
    """Return a model that can be queued for, and not run."""
    words = tokenizer or Tokenizer.fit(["good"], TokenizerConfig(num_words=10, max_tokens=100))
    return Model(name="reviews", version=1, tokenizer=words, scorer=NoScorer(pads=pads))
