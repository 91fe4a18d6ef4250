"""Why a service says what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sentiment_client.score import Score

__all__ = [
    "MAX_EXPLAINED",
    "ExplainUnit",
    "ScoreExplanation",
    "SentenceInfluence",
    "TokenInfluence",
    "UnreadText",
]

ExplainUnit = Literal["sentence", "token", "both"]
"""Which parts of a review are explained."""

MAX_EXPLAINED = 8
"""Reviews that a service explains in one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadText:
    """A part of a review that the model does not read, `review[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceInfluence:
    """What a sentence does to the prediction; it stands at `review[start:end]`."""

    start: int
    end: int
    text: str
    contribution: float | None
    """Log-odds of the predicted label that are lost without it. It is negative where it speaks against the
    label, and None where the service's budget ended before."""
    alone: float | None
    """Probability of the predicted label for the sentence by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfluence:
    """What a word or a mark does to the prediction; it stands at `review[start:end]`."""

    start: int
    end: int
    text: str
    contribution: float | None
    """As of a sentence."""
    known: bool
    """Whether it is in the model's vocabulary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreExplanation:
    """Why a review has its score."""

    score: Score
    complete: bool
    """Whether every part has its figures."""
    mixed: bool
    """Whether sentences pull both ways."""
    unread: Sequence[UnreadText]
    sentences: Sequence[SentenceInfluence]
    tokens: Sequence[TokenInfluence]
