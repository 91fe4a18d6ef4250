"""Scoring a batch so that a review which cannot be scored fails alone."""

import logging
import math
from collections.abc import Callable, Sequence

from sentiment import OutOfMemory, Prediction, RunPlan, TokenizedReview
from service.batching.model import Scorer
from service.outcomes import ReviewOutcome, ScoringFailure
from service.telemetry.logs import log_event

__all__ = ["Bisection"]


class Bisection:
    """Halves a failing batch until the review that fails stands alone.

    `before_attempt` is called before each run of the model, `after_split` whenever a batch is split.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        parallel_directions: bool,
        before_attempt: Callable[[], None],
        after_split: Callable[[ScoringFailure], None],
    ) -> None:
        self._scorer = scorer
        self._parallel_directions = parallel_directions
        self._before_attempt = before_attempt
        self._after_split = after_split

    def score(self, plan: RunPlan) -> list[ReviewOutcome]:
        """Return a prediction, or why there is none, for each review in order; raises no Exception."""
        result = self._attempt(plan)
        if not isinstance(result, ScoringFailure):
            return self._check(plan.reviews, result)
        if len(plan.reviews) == 1:
            return [result]
        self._after_split(result)
        middle = len(plan.reviews) // 2
        return self._score_part(plan.reviews[:middle]) + self._score_part(plan.reviews[middle:])

    def _score_part(self, reviews: Sequence[TokenizedReview]) -> list[ReviewOutcome]:
        return self.score(self._scorer.plan(reviews))

    def _attempt(self, plan: RunPlan) -> Sequence[Prediction] | ScoringFailure:
        # The traceback of a failed run holds its tensors; returning frees them before the next run.
        self._before_attempt()
        try:
            return self._scorer.run(plan, parallel_directions=self._parallel_directions)
        except OutOfMemory:
            log_event("out_of_memory", level=logging.ERROR, num_reviews=len(plan.reviews))
            return ScoringFailure.OUT_OF_MEMORY
        except Exception as error:
            log_event("batch_failed", level=logging.ERROR, error=error, num_reviews=len(plan.reviews))
            return ScoringFailure.EXCEPTION

    def _check(
        self, reviews: Sequence[TokenizedReview], predictions: Sequence[Prediction]
    ) -> list[ReviewOutcome]:
        """Score a review again alone when its figures are not finite: a batch-mate may be at fault."""
        finite = [all(map(math.isfinite, each.probabilities.values())) for each in predictions]
        if all(finite):
            return list(predictions)
        if len(reviews) == 1:
            log_event("not_finite", level=logging.ERROR, tokens=len(reviews[0].ids))
            return [ScoringFailure.NOT_FINITE]
        self._after_split(ScoringFailure.NOT_FINITE)
        return [
            prediction if is_finite else self._score_part([review])[0]
            for review, prediction, is_finite in zip(reviews, predictions, finite, strict=True)
        ]
