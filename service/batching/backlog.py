"""The work of one class, for all models: what is admitted, waits and runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sentiment import TokenizedReview
from service.batching.model import Model
from service.batching.model_queue import ModelQueue
from service.batching.pending import padded_length
from service.batching.request import Phase, Request, RequestReview

__all__ = ["Backlog", "BatchLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How large a batch may become; its first review runs in any case."""

    max_tokens: int
    """Padding included where the model pads."""
    max_reviews: int


class Backlog:
    """Changed by the scheduler alone."""

    def __init__(self) -> None:
        self._queues: WeakKeyDictionary[Model, ModelQueue] = WeakKeyDictionary()
        self._num_queued = 0
        self.num_admitted = 0
        """Requests that are not tokenized yet."""
        self.num_tokens = 0
        """Tokens of what waits, with what is reserved for requests that are not tokenized yet."""

    @property
    def num_pending(self) -> int:
        """Reviews that wait."""
        return sum(len(queue.pending) for queue in self.queues())

    @property
    def num_busy_lanes(self) -> int:
        """Lanes that its batches use."""
        return sum(batch.num_lanes for queue in self.queues() for batch in queue.running)

    def queue_of(self, model: Model) -> ModelQueue:
        """Return the queue of one model."""
        queue = self._queues.get(model)
        if queue is None:
            queue = self._queues[model] = ModelQueue(pads=model.scorer.pads)
        return queue

    def queues(self) -> list[ModelQueue]:
        """Return the queues of all models."""
        return list(self._queues.values())

    def admit(self, request: Request) -> None:
        """Reserve room for a request."""
        self.num_admitted += 1
        self._reserve(request.model, request.num_reserved_tokens)

    def enqueue(self, request: Request, reviews: Sequence[TokenizedReview], *, now_seconds: float) -> None:
        """Put the reviews of an admitted request behind all others."""
        self.num_admitted -= 1
        self._num_queued += 1
        num_tokens = sum(len(review.ids) for review in reviews)
        self._reserve(request.model, num_tokens - request.num_reserved_tokens)
        request.phase = Phase.QUEUED
        request.queue_number, request.queued_at_seconds = self._num_queued, now_seconds
        request.reviews, request.outcomes, request.num_open = reviews, [None] * len(reviews), len(reviews)
        request.pending = dict.fromkeys(RequestReview(request, index) for index in range(len(reviews)))
        pending = self.queue_of(request.model).pending
        for review in request.pending:
            pending.add(review)

    def discard(self, request: Request) -> None:
        """Drop what waits of a request."""
        if request.phase is Phase.ADMITTED:
            self.num_admitted -= 1
            self._reserve(request.model, -request.num_reserved_tokens)
        request.phase = Phase.DISCARDED
        for review in list(request.pending):
            self.withdraw(review)

    def oldest_in_time(self, now_seconds: float) -> RequestReview | None:
        """Return the review that has waited longest, and discard the requests that are late."""
        while (oldest := self._oldest()) is not None:
            if now_seconds < oldest.request.deadline_seconds:
                return oldest
            self.discard(oldest.request)
        return None

    def pick(
        self, anchor: RequestReview, limits: BatchLimits, *, now_seconds: float
    ) -> tuple[list[RequestReview], bool]:
        """Return what goes into a batch with a review, and whether a limit ended it."""
        queue = self.queue_of(anchor.request.model)
        picked: list[RequestReview] = []
        longest = num_tokens = 0
        for review in queue.candidates(anchor):
            if review.request.deadline_seconds <= now_seconds:
                continue
            longest, num_tokens = max(longest, padded_length(review)), num_tokens + review.num_tokens
            cost_tokens = longest * (len(picked) + 1) if queue.pads else num_tokens
            if picked and (cost_tokens > limits.max_tokens or len(picked) == limits.max_reviews):
                return picked, True
            picked.append(review)
        return picked, False

    def withdraw(self, review: RequestReview) -> None:
        """Take a review out of what waits."""
        queue = self.queue_of(review.request.model)
        queue.pending.remove(review)
        queue.num_tokens -= review.num_tokens
        self.num_tokens -= review.num_tokens
        del review.request.pending[review]

    def _oldest(self) -> RequestReview | None:
        firsts = [first for queue in self.queues() if (first := queue.pending.oldest()) is not None]
        return min(firsts, key=lambda review: review.request.queue_number, default=None)

    def _reserve(self, model: Model, num_tokens: int) -> None:
        self.num_tokens += num_tokens
        self.queue_of(model).num_tokens += num_tokens
