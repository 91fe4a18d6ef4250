import math
from collections.abc import Sequence

from sentiment import Prediction, TokenizedReview
from service.batching.bisection import Isolation
from service.outcomes import Failure


class Contagious:
    """Gives no numbers to anyone who is batched with a review of one token."""

    pads = False

    def score(self, reviews: Sequence[TokenizedReview]) -> list[Prediction]:
        """Score, with half of the batch spoilt where one is bad: which half says nothing of who it was."""
        spoilt = any(len(review.ids) == 1 for review in reviews)
        return [
            self._prediction(review, math.nan if spoilt and (len(review.ids) == 1 or place % 2 == 0) else 0.5)
            for place, review in enumerate(reviews)
        ]

    def num_padded_tokens(self, reviews: Sequence[TokenizedReview]) -> int:
        """Return the number of tokens."""
        return sum(len(review.ids) for review in reviews)

    def warm_up(self) -> None:
        """Do nothing."""

    def _prediction(self, review: TokenizedReview, figure: float) -> Prediction:
        return Prediction(
            "good", figure, {"good": figure}, len(review.ids), truncated=False, unknown_ratio=0.0
        )


def test_a_review_spoilt_by_a_batch_mate_is_scored_again_alone() -> None:
    splits: list[Failure] = []
    isolation = Isolation(Contagious(), before_attempt=lambda: None, after_split=splits.append)
    reviews = [
        TokenizedReview([1] * length, length, truncated=False, unknown_ratio=0.0) for length in (2, 3, 4, 1)
    ]
    *others, bad = isolation.score(reviews)
    assert [each.tokens for each in others if isinstance(each, Prediction)] == [2, 3, 4]
    assert bad is Failure.NOT_FINITE
    assert splits == [Failure.NOT_FINITE]
