import math
from collections.abc import Sequence

from sentiment import Prediction, RunPlan, TokenizedReview
from service.batching.bisection import Bisection
from service.outcomes import ScoringFailure


class Contagious:
    """Gives no numbers to anyone who is batched with a review of one token."""

    pads = False

    def plan(self, reviews: Sequence[TokenizedReview]) -> RunPlan:
        """Run all at once."""
        num_tokens = sum(len(review.ids) for review in reviews)
        return RunPlan(reviews=reviews, batches=[range(len(reviews))], num_padded_tokens=num_tokens)

    def run(self, plan: RunPlan, *, parallel_directions: bool) -> list[Prediction]:
        """Score, with half of the batch spoilt where one is bad: which half does not show who it was."""
        del parallel_directions
        spoilt = any(len(review.ids) == 1 for review in plan.reviews)
        return [
            self._prediction(review, math.nan if spoilt and (len(review.ids) == 1 or index % 2 == 0) else 0.5)
            for index, review in enumerate(plan.reviews)
        ]

    def warm_up(self) -> None:
        """Do nothing."""

    def _prediction(self, review: TokenizedReview, figure: float) -> Prediction:
        return Prediction(
            "good", figure, {"good": figure}, len(review.ids), truncated=False, unknown_ratio=0.0
        )


def test_a_review_spoilt_by_a_batch_mate_is_scored_again_alone() -> None:
    splits: list[ScoringFailure] = []
    scorer = Contagious()
    bisection = Bisection(
        scorer, parallel_directions=False, before_attempt=lambda: None, after_split=splits.append
    )
    reviews = [
        TokenizedReview([1] * length, length, truncated=False, unknown_ratio=0.0) for length in (2, 3, 4, 1)
    ]
    *others, bad = bisection.score(scorer.plan(reviews))
    assert [each.tokens for each in others if isinstance(each, Prediction)] == [2, 3, 4]
    assert bad is ScoringFailure.NOT_FINITE
    assert splits == [ScoringFailure.NOT_FINITE]
