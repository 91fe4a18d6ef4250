"""Explaining a review from beginning to end, where nobody else waits for the model."""

from collections.abc import Callable, Sequence

from sentiment.explanation.explanation import Explanation
from sentiment.explanation.occlusion import Occlusion, Unit
from sentiment.explanation.reading import Reading
from sentiment.prediction import Prediction
from sentiment.tokenizer import TokenizedReview, Tokenizer

__all__ = ["explain"]

ROUND_TOKENS = 32_768


def explain(
    raw: str,
    tokenizer: Tokenizer,
    score: Callable[[Sequence[TokenizedReview]], Sequence[Prediction]],
    *,
    unit: Unit = "both",
    max_forwards: int | None = None,
) -> Explanation:
    """Return why a review has its prediction; `score` is `Classifier.score`, and raises what it raises.

    `max_forwards` limits how many inputs are scored; None scores as many as it takes.
    """
    reading = Reading.of(raw, tokenizer)
    limit = 1 + 2 * len(reading.sentences) + len(reading.words) if max_forwards is None else max_forwards
    occlusion = Occlusion(reading, unit=unit, max_forwards=limit)
    while reviews := occlusion.next_round(max_tokens=ROUND_TOKENS):
        occlusion.take(score(reviews))
    return occlusion.explanation()
