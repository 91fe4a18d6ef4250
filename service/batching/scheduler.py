"""Which review runs when: admission, the queue, and what goes into a batch. Pure: no threads, no clock.

A request is admitted before it is tokenized, with an upper estimate of its tokens. So the work that waits for
the tokenizer is bounded too, and a refused request costs nothing. A batch is of one model. It begins with the
review that has waited longest and takes others up to the token budget: the next in line, or, where the model
pads, those of near-equal length. No review is passed over more than once for each review before it.
"""

import math
from collections.abc import Sequence
from weakref import ref

from sentiment import TokenizedReview
from service.batching.model import Model
from service.batching.model_queue import ModelQueue
from service.batching.pending import padded_length
from service.batching.request import Batch, Phase, Request, RequestReview
from service.errors import Draining, Overloaded
from service.outcomes import ReviewOutcome

__all__ = ["Scheduler"]

# Plan with this share of a client's patience. The rest covers what cannot be predicted: the network between
# us, and lanes that slow down while the event loop refuses thousands of requests.
PATIENCE_SHARE = 0.75


class Scheduler:
    """The queue of all models. Times are seconds on any clock that never goes back; callers pass them in."""

    def __init__(self, *, max_batch_tokens: int, max_queue_tokens: int, num_lanes: int) -> None:
        self._max_batch_tokens = max_batch_tokens
        self._max_queue_tokens = max_queue_tokens
        self._num_lanes = num_lanes
        # As a WeakKeyDictionary, but quick to go through, which is done for each request.
        self._queues: dict[ref[Model], ModelQueue] = {}
        self._num_admitted = 0
        self._num_queued = 0
        self._num_queue_tokens = 0
        self._closed = False

    @property
    def num_queue_tokens(self) -> int:
        """Tokens of what waits, with what is reserved for requests that are not tokenized yet."""
        return self._num_queue_tokens

    @property
    def is_finished(self) -> bool:
        """Whether nothing will ever wait again."""
        return (
            self._closed and not self._num_admitted and not any(each.pending for each in self._all_queues())
        )

    def admit(self, model: Model, num_tokens: int, *, deadline_seconds: float, now_seconds: float) -> Request:
        """Reserve room for a request of at most `num_tokens` tokens; the caller must discard it in the end.

        Raises Draining after `close`, and Overloaded when there is no room or the answer would probably be
        late.
        """
        if self._closed:
            raise Draining
        self._check_room(model, num_tokens)
        self._check_wait(model, num_tokens, patience_seconds=deadline_seconds - now_seconds)
        self._num_admitted += 1
        self._reserve(model, num_tokens)
        return Request(model=model, deadline_seconds=deadline_seconds, num_reserved_tokens=num_tokens)

    def enqueue(self, request: Request, reviews: Sequence[TokenizedReview], *, now_seconds: float) -> None:
        """Put the reviews of an admitted request, at least one, behind all others; ignore a discarded one.

        Raises Overloaded when they have more tokens than were reserved and there is no room for the rest.
        """
        if request.phase is not Phase.ADMITTED:
            return
        num_more_tokens = sum(len(review.ids) for review in reviews) - request.num_reserved_tokens
        self._check_room(request.model, num_more_tokens)
        self._num_admitted -= 1
        self._num_queued += 1
        self._reserve(request.model, num_more_tokens)
        request.phase = Phase.QUEUED
        request.queue_number, request.queued_at_seconds = self._num_queued, now_seconds
        request.reviews, request.outcomes, request.num_open = reviews, [None] * len(reviews), len(reviews)
        request.pending = dict.fromkeys(RequestReview(request, index) for index in range(len(reviews)))
        pending = self._queue_of(request.model).pending
        for review in request.pending:
            pending.add(review)

    def discard(self, request: Request) -> None:
        """Drop what waits of a request, and ignore what runs of it. Harmless for any request at any time."""
        if request.phase is Phase.ADMITTED:
            self._num_admitted -= 1
            self._reserve(request.model, -request.num_reserved_tokens)
        request.phase = Phase.DISCARDED
        for review in list(request.pending):
            self._withdraw(review)

    def take(self, *, now_seconds: float) -> Batch | None:
        """Return the next batch, with the oldest review in it; None when nothing waits.

        Requests found to be late are discarded, so they never cost compute.
        """
        anchor = self._oldest_in_time(now_seconds)
        if anchor is None:
            return None
        model = anchor.request.model
        queue = self._queue_of(model)
        reviews, is_full = self._pick(queue, anchor, now_seconds)
        batch = Batch(
            model=model,
            reviews=reviews,
            taken_at_seconds=now_seconds,
            is_full=is_full,
            num_lanes=2 if self._has_idle_lane(len(reviews)) else 1,
            waits_seconds=[now_seconds - request.queued_at_seconds for request in _untouched(reviews)],
        )
        for review in reviews:
            self._withdraw(review)
        queue.running.add(batch)
        return batch

    def finish(self, batch: Batch, outcomes: Sequence[ReviewOutcome], *, now_seconds: float) -> list[Request]:
        """Hand in the outcomes of a batch, once, in its order; returns the requests that are done now."""
        queue = self._queue_of(batch.model)
        queue.running.remove(batch)
        if batch.is_full:
            queue.throughput.record(batch.num_tokens, now_seconds - batch.taken_at_seconds)
        done = []
        for review, outcome in zip(batch.reviews, outcomes, strict=True):
            request = review.request
            request.outcomes[review.index] = outcome
            request.num_open -= 1
            if request.num_open == 0 and request.phase is Phase.QUEUED:
                done.append(request)
        return done

    def close(self) -> None:
        """Admit nothing more; what was admitted still runs."""
        self._closed = True

    def _queue_of(self, model: Model) -> ModelQueue:
        queue = self._queues.get(ref(model))
        if queue is None:
            queue = self._queues[ref(model, self._queues.pop)] = ModelQueue(pads=model.scorer.pads)
        return queue

    def _all_queues(self) -> list[ModelQueue]:
        return list(self._queues.values())

    def _reserve(self, model: Model, num_tokens: int) -> None:
        self._num_queue_tokens += num_tokens
        self._queue_of(model).num_tokens += num_tokens

    def _check_room(self, model: Model, num_tokens: int) -> None:
        num_over = self._num_queue_tokens + num_tokens - self._max_queue_tokens
        if num_over > 0:
            seconds = self._queue_of(model).throughput.seconds_for(num_over) / self._num_lanes
            raise Overloaded(_whole_seconds(seconds))

    def _check_wait(self, model: Model, num_tokens: int, *, patience_seconds: float) -> None:
        queue = self._queue_of(model)
        wait_seconds = sum(each.work_seconds() for each in self._all_queues()) / self._num_lanes
        # Its own batch runs on one lane.
        num_in_batch = min(self._max_batch_tokens, queue.num_tokens + num_tokens)
        done_seconds = wait_seconds + queue.throughput.seconds_for(num_in_batch)
        late_seconds = done_seconds - PATIENCE_SHARE * patience_seconds
        if late_seconds > 0:
            raise Overloaded(_whole_seconds(late_seconds))

    def _oldest_in_time(self, now_seconds: float) -> RequestReview | None:
        while (oldest := self._oldest()) is not None:
            if now_seconds < oldest.request.deadline_seconds:
                return oldest
            self.discard(oldest.request)
        return None

    def _oldest(self) -> RequestReview | None:
        firsts = [first for queue in self._all_queues() if (first := queue.pending.oldest()) is not None]
        return min(firsts, key=lambda review: review.request.queue_number, default=None)

    def _pick(
        self, queue: ModelQueue, anchor: RequestReview, now_seconds: float
    ) -> tuple[list[RequestReview], bool]:
        """Return what goes into a batch with the anchor, and whether the budget ended it."""
        picked: list[RequestReview] = []
        longest = num_tokens = 0
        for review in queue.candidates(anchor):
            if review.request.deadline_seconds <= now_seconds:
                continue
            longest, num_tokens = max(longest, padded_length(review)), num_tokens + review.num_tokens
            cost_tokens = longest * (len(picked) + 1) if queue.pads else num_tokens
            if picked and cost_tokens > self._max_batch_tokens:
                return picked, True
            picked.append(review)
        return picked, False

    def _has_idle_lane(self, num_taken: int) -> bool:
        """Return whether there is no work for one of the other lanes once these reviews are taken."""
        num_pending = sum(len(queue.pending) for queue in self._all_queues())
        num_busy = sum(batch.num_lanes for queue in self._all_queues() for batch in queue.running)
        return not self._num_admitted and num_pending == num_taken and num_busy + 2 <= self._num_lanes

    def _withdraw(self, review: RequestReview) -> None:
        queue = self._queue_of(review.request.model)
        queue.pending.remove(review)
        queue.num_tokens -= review.num_tokens
        self._num_queue_tokens -= review.num_tokens
        del review.request.pending[review]


def _untouched(reviews: Sequence[RequestReview]) -> list[Request]:
    """Return the requests of these pending reviews of which no batch has taken any yet."""
    requests = dict.fromkeys(review.request for review in reviews)
    return [request for request in requests if len(request.pending) == len(request.reviews)]


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
