"""Scoring a batch so that a review which cannot be scored fails alone."""

import logging
import math
from collections.abc import Callable, Sequence

from sentiment import OutOfMemory, Prediction, TokenizedReview
from service.batching.scorer import Scorer
from service.outcomes import Failure, Outcome
from service.telemetry.logs import log_event

__all__ = ["Isolation"]


class Isolation:
    """Halves a failing batch until what fails stands alone; one that lacks memory runs in smaller parts.

    `before_attempt` is called before each run of the model, `after_split` whenever a batch is cut.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        before_attempt: Callable[[], None],
        after_split: Callable[[Failure], None],
    ) -> None:
        self._scorer = scorer
        self._before_attempt = before_attempt
        self._after_split = after_split

    def score(self, reviews: Sequence[TokenizedReview]) -> list[Outcome]:
        """Return a prediction, or why there is none, for each review in order; raises no Exception."""
        result = self._attempt(reviews)
        if not isinstance(result, Failure):
            return self._check(reviews, result)
        if len(reviews) == 1:
            return [result]
        self._after_split(result)
        middle = len(reviews) // 2
        return self.score(reviews[:middle]) + self.score(reviews[middle:])

    def _attempt(self, reviews: Sequence[TokenizedReview]) -> Sequence[Prediction] | Failure:
        # A failed run's tensors hang on its traceback; returning lets go of them before the next run.
        self._before_attempt()
        try:
            return self._scorer.score(reviews)
        except OutOfMemory:
            log_event("out_of_memory", level=logging.ERROR, num_reviews=len(reviews))
            return Failure.OUT_OF_MEMORY
        except Exception as error:
            log_event("batch_failed", level=logging.ERROR, error=error, num_reviews=len(reviews))
            return Failure.EXCEPTION

    def _check(self, reviews: Sequence[TokenizedReview], predictions: Sequence[Prediction]) -> list[Outcome]:
        """Run a review again alone when its figures are not finite: a batch-mate may be at fault."""
        finite = [all(map(math.isfinite, each.probabilities.values())) for each in predictions]
        if all(finite):
            return list(predictions)
        if len(reviews) == 1:
            log_event("not_finite", level=logging.ERROR, tokens=len(reviews[0].ids))
            return [Failure.NOT_FINITE]
        self._after_split(Failure.NOT_FINITE)
        return [
            prediction if sound else self.score([review])[0]
            for review, prediction, sound in zip(reviews, predictions, finite, strict=True)
        ]
