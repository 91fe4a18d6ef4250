"""Reviews that wait for a batch, found by age and by length."""

from collections import OrderedDict
from collections.abc import Iterator

from sentiment.lengths import LENGTH_STEP_TOKENS, round_up
from service.batching.request import RequestReview

__all__ = ["Pending", "padded_length"]

# Reviews whose lengths differ by more than this would mostly compute each other's padding.
MIN_LENGTH_RATIO = 0.75


class Pending:
    """An ordered set of reviews. Finding, adding and removing one takes the same time however many wait."""

    def __init__(self) -> None:
        # OrderedDict is a linked list inside; a plain dict grows slow when it is emptied from the front.
        self._by_age: OrderedDict[RequestReview, None] = OrderedDict()
        self._by_length: dict[int, OrderedDict[RequestReview, None]] = {}

    def __len__(self) -> int:
        return len(self._by_age)

    def add(self, review: RequestReview) -> None:
        """Add a review behind all others."""
        self._by_age[review] = None
        self._by_length.setdefault(padded_length(review), OrderedDict())[review] = None

    def remove(self, review: RequestReview) -> None:
        """Take a review out."""
        del self._by_age[review]
        length = padded_length(review)
        del self._by_length[length][review]
        if not self._by_length[length]:
            del self._by_length[length]

    def oldest(self) -> RequestReview | None:
        """Return the review that has waited longest."""
        return next(iter(self._by_age), None)

    def by_age(self) -> Iterator[RequestReview]:
        """Yield all reviews, the oldest first. Change nothing while it runs."""
        return iter(self._by_age)

    def near(self, anchor: RequestReview) -> Iterator[RequestReview]:
        """Yield reviews of near-equal length: the anchor's own length first, the oldest of each length first.

        Change nothing while it runs.
        """
        length = padded_length(anchor)
        for other in sorted(self._by_length, key=lambda other: (abs(other - length), other)):
            if min(other, length) >= MIN_LENGTH_RATIO * max(other, length):
                yield from self._by_length[other]


def padded_length(review: RequestReview) -> int:
    """Return the minimum number of tokens of the review's row in the network."""
    return round_up(review.num_tokens, LENGTH_STEP_TOKENS)
