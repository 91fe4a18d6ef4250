"""The work for one model: what waits, what runs, and how fast it goes."""

from collections.abc import Iterator

from service.batching.pending import Pending
from service.batching.request import Batch, RequestReview
from service.batching.throughput import Throughput

__all__ = ["ModelQueue"]


class ModelQueue:
    """Changed by the scheduler alone. Only its work refers to the model, so an idle model can be freed."""

    def __init__(self, *, pads: bool) -> None:
        """Take whether a review costs as much as the longest of its batch."""
        self.pads = pads
        self.pending = Pending()
        self.num_tokens = 0
        """Tokens of what waits, with what is reserved for requests that are not tokenized yet."""
        self.running: set[Batch] = set()
        self.throughput = Throughput()

    def candidates(self, anchor: RequestReview) -> Iterator[RequestReview]:
        """Yield what could run with a review, the best first: near-equal lengths where the model pads."""
        return self.pending.near(anchor) if self.pads else self.pending.by_age()

    def work_seconds(self) -> float:
        """Return how long one lane would take for all that waits and runs."""
        num_running = sum(batch.num_tokens for batch in self.running)
        return self.throughput.seconds_for(self.num_tokens + num_running)
