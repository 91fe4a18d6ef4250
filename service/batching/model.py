"""One version of a model, as batching sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sentiment import Prediction, RunPlan, TokenizedReview, Tokenizer

__all__ = ["Model", "Scorer"]


class Scorer(Protocol):
    """Scores tokenized reviews, from several threads at once; `sentiment.Classifier` is one."""

    @property
    def pads(self) -> bool:
        """Whether a review costs as much as the longest that it is batched with."""

    def plan(self, reviews: Sequence[TokenizedReview]) -> RunPlan:
        """Return how these reviews will run."""

    def run(self, plan: RunPlan, *, parallel_directions: bool) -> Sequence[Prediction]:
        """Return a prediction for each review of a plan, in order; raises OutOfMemory, or anything else.

        `parallel_directions` says that a second core may take the backward direction.
        """

    def warm_up(self) -> None:
        """Run once on the calling thread, so that the first request is as fast as the next."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False, kw_only=True)
class Model:
    """What a request is tokenized and scored with. Two models are the same only if they are one object."""

    name: str
    version: int
    tokenizer: Tokenizer
    scorer: Scorer

    def max_tokens(self, texts: Sequence[str]) -> int:
        """Return an upper estimate of the tokens that will be read of these texts, before they are tokenized.

        A token has at least one character, except for a few characters that cleaning takes apart.
        """
        limit = self.tokenizer.config.max_tokens
        return sum(min(len(text), limit) for text in texts)
