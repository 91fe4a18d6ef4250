"""What a service says."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LoadedModel", "Score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the model says of one review."""

    label: str
    """The most probable label."""
    confidence: float
    """Its calibrated probability, 0 to 1."""
    probabilities: Mapping[str, float]
    """That of every label; they add up to 1."""
    tokens: int
    """Words and marks in the review, before truncation."""
    truncated: bool
    """Whether the review is longer than the model reads."""
    unknown_ratio: float
    """Share of the tokens that the model has never seen, 0 to 1."""
    model: str
    """The name of the model that answered."""
    version: int
    """Its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model that the service has loaded."""

    name: str
    version: int
    labels: tuple[str, ...]
    max_tokens: int
    """Longer reviews are truncated to this many tokens."""
