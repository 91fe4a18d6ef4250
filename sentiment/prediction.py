"""What the model says of a review. Without PyTorch, since a server handles it everywhere."""

from dataclasses import dataclass

__all__ = ["TOLERANCE", "Prediction"]

TOLERANCE = 1e-6
"""How far a probability may move with the reviews that it is batched with."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one review."""

    label: str
    confidence: float
    """Probability of `label`, 0 to 1."""
    probabilities: dict[str, float]
    tokens: int
    """Number of tokens in the review, before truncation."""
    truncated: bool
    unknown_ratio: float
