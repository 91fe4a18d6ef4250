"""Many reviews, in requests that a service takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["ReviewBatch", "batches"]


@dataclass(frozen=True, slots=True)
class ReviewBatch:
    """Neighbouring reviews of a call."""

    first: int
    """The index of the first of them among all."""
    reviews: list[str]

    def halves(self) -> tuple["ReviewBatch", "ReviewBatch"]:
        """Return two smaller ones."""
        middle = len(self.reviews) // 2
        return (
            ReviewBatch(self.first, self.reviews[:middle]),
            ReviewBatch(self.first + middle, self.reviews[middle:]),
        )


def batches(reviews: Iterable[str], *, max_reviews: int, max_bytes: int) -> Iterator[ReviewBatch]:
    """Yield batches within both limits, each when it is needed; a review that is over them stands alone."""
    first, batch, num_bytes = 0, list[str](), 0
    for review in reviews:
        size = len(review.encode(errors="replace"))
        if batch and (len(batch) == max_reviews or num_bytes + size > max_bytes):
            yield ReviewBatch(first, batch)
            first, batch, num_bytes = first + len(batch), [], 0
        batch.append(review)
        num_bytes += size
    if batch:
        yield ReviewBatch(first, batch)
