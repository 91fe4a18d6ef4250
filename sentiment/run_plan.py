"""Which reviews the network runs together, decided once for those who measure it and those who run it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.tokenizer import TokenizedReview

__all__ = ["RunPlan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """How an engine will run some reviews."""

    reviews: Sequence[TokenizedReview]
    batches: Sequence[Sequence[int]]
    """Indices into `reviews`, each once; a batch runs at a time."""
    num_padded_tokens: int
    """Tokens that the network reads, padding included."""
