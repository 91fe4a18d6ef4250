"""What an explanation says."""

from dataclasses import dataclass

from sentiment.prediction import Prediction

__all__ = ["Explanation", "SentenceEffect", "TextRange", "TokenEffect"]


@dataclass(frozen=True, slots=True)
class TextRange:
    """A part of a review as it was given, `raw[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SentenceEffect(TextRange):
    """What a sentence does to the prediction."""

    text: str
    contribution: float | None
    """Log-odds of the predicted label that are lost when the sentence is left out; None if that was not
    scored. It is negative where the sentence speaks against the label."""
    alone: float | None
    """Probability of the predicted label for the sentence by itself; None if that was not scored."""


@dataclass(frozen=True, slots=True)
class TokenEffect(TextRange):
    """What a word or a mark does to the prediction."""

    text: str
    contribution: float | None
    """As of a sentence."""
    known: bool
    """Whether it is in the vocabulary; the others are what `unknown_ratio` counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a review has its prediction. Ranges are in the order of the text and do not overlap."""

    prediction: Prediction
    complete: bool
    """Whether all was scored that was asked for."""
    mixed: bool
    """Whether sentences pull both ways, as far as they were scored: `occlusion.is_mixed`."""
    unread: tuple[TextRange, ...]
    """What truncation cut off."""
    sentences: tuple[SentenceEffect, ...]
    """Those of which the model reads at least one token; none if only tokens were asked for."""
    tokens: tuple[TokenEffect, ...]
    """Those that the model reads; none if only sentences were asked for."""
