"""Which review runs when: admission, the queue, and what goes into a batch. Pure: no threads, no clock.

A request is admitted before it is tokenized, with the most tokens that it may have, so that what waits for
the tokenizer is bounded too and a refused request costs nothing. A batch begins with the review that has
waited longest and takes others up to the token budget: the next in line, or, where the model pads, those of
near-equal length. No review is passed over more than once for each review before it.
"""

import math
from collections.abc import Sequence

from sentiment import TokenizedReview
from service.batching.pending import Waiting, padded_length
from service.batching.request import Batch, Item, Job, Phase
from service.batching.throughput import DrainRate
from service.outcomes import Outcome

__all__ = ["Closed", "Full", "Scheduler"]

# Of a client's patience, what may be used up by plan. The rest is for what no prediction knows: the way here
# and back, and lanes that slow down while thousands are refused beside them.
PATIENCE_SHARE = 0.75


class Closed(Exception):
    """Nothing more is admitted; what was admitted is still worked off."""


class Full(Exception):
    """The queue has no room, or would not come to this request in time."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class Scheduler:
    """The queue of one model. Times are seconds on any clock that never goes back; the caller says them."""

    def __init__(self, *, max_batch_tokens: int, max_queue_tokens: int, num_lanes: int, pads: bool) -> None:
        """Take the limits, and whether a review costs as much as the longest of its batch."""
        self._max_batch_tokens = max_batch_tokens
        self._max_queue_tokens = max_queue_tokens
        self._num_lanes = num_lanes
        self._pads = pads
        self._waiting = Waiting()
        self._running: set[Batch] = set()
        self._rate = DrainRate()
        self._num_admitted = 0
        self._num_queue_tokens = 0
        self._closed = False

    @property
    def num_queue_tokens(self) -> int:
        """Tokens of what waits, with the most that a request may have which is not tokenized yet."""
        return self._num_queue_tokens

    @property
    def num_waiting(self) -> int:
        """Reviews that wait for a batch."""
        return len(self._waiting)

    @property
    def is_finished(self) -> bool:
        """Whether nothing will ever wait again."""
        return self._closed and not self._num_admitted and not self._waiting

    def admit(self, num_tokens: int, *, deadline_seconds: float, now_seconds: float) -> Job:
        """Keep a place for a request that has at most so many tokens; the caller must discard it in the end.

        Raises Closed, and Full when there is no room or the answer would hardly be there by the deadline.
        """
        if self._closed:
            raise Closed
        self._check_room(num_tokens)
        self._check_wait(num_tokens, patience_seconds=deadline_seconds - now_seconds)
        self._num_admitted += 1
        self._num_queue_tokens += num_tokens
        return Job(deadline_seconds=deadline_seconds, num_reserved_tokens=num_tokens)

    def enqueue(self, job: Job, reviews: Sequence[TokenizedReview], *, now_seconds: float) -> None:
        """Put the reviews of an admitted job, at least one, behind all others; a discarded job stays so.

        Raises Full when it has more tokens than were reserved, and there is no room for them.
        """
        if job.phase is not Phase.ADMITTED:
            return
        num_tokens = sum(len(review.ids) for review in reviews)
        self._check_room(num_tokens - job.num_reserved_tokens)
        self._num_admitted -= 1
        self._num_queue_tokens += num_tokens - job.num_reserved_tokens
        job.phase = Phase.QUEUED
        job.reviews, job.outcomes, job.num_open = reviews, [None] * len(reviews), len(reviews)
        job.queued_at_seconds = now_seconds
        job.waiting = dict.fromkeys(Item(job, place) for place in range(len(reviews)))
        for item in job.waiting:
            self._waiting.add(item)

    def discard(self, job: Job) -> None:
        """Take back whatever of a job waits; what runs of it has no effect. Harmless on any job, any time."""
        if job.phase is Phase.ADMITTED:
            self._num_admitted -= 1
            self._num_queue_tokens -= job.num_reserved_tokens
        job.phase = Phase.DISCARDED
        for item in list(job.waiting):
            self._withdraw(item)

    def take(self, *, now_seconds: float) -> Batch | None:
        """Return the next batch, with the oldest review in it; None when nothing waits.

        Late jobs are dropped on the way, so they never cost compute.
        """
        anchor = self._oldest_in_time(now_seconds)
        if anchor is None:
            return None
        items, is_full = self._pick(anchor, now_seconds)
        fresh = dict.fromkeys(item.job for item in items if len(item.job.waiting) == len(item.job.reviews))
        for item in items:
            self._withdraw(item)
        batch = Batch(
            items=items,
            taken_at_seconds=now_seconds,
            is_full=is_full,
            waits_seconds=[now_seconds - job.queued_at_seconds for job in fresh],
        )
        self._running.add(batch)
        return batch

    def finish(self, batch: Batch, outcomes: Sequence[Outcome], *, now_seconds: float) -> list[Job]:
        """Hand in the outcomes of a batch, once, in its order; returns the jobs that are done by it."""
        self._running.remove(batch)
        if batch.is_full:
            self._rate.record(batch.num_tokens, now_seconds - batch.taken_at_seconds)
        done = []
        for item, outcome in zip(batch.items, outcomes, strict=True):
            job = item.job
            job.outcomes[item.place] = outcome
            job.num_open -= 1
            if job.num_open == 0 and job.phase is Phase.QUEUED:
                done.append(job)
        return done

    def close(self) -> None:
        """Admit nothing more."""
        self._closed = True

    def _check_room(self, num_tokens: int) -> None:
        excess = self._num_queue_tokens + num_tokens - self._max_queue_tokens
        if excess > 0:
            raise Full(_whole_seconds(self._seconds_for(excess)))

    def _check_wait(self, num_tokens: int, *, patience_seconds: float) -> None:
        num_running = sum(batch.num_tokens for batch in self._running)
        num_in_batch = min(self._max_batch_tokens, self._num_queue_tokens + num_tokens)
        wait_seconds = self._seconds_for(self._num_queue_tokens + num_running)
        # Its own batch runs on one lane.
        done_seconds = wait_seconds + self._seconds_for(num_in_batch * self._num_lanes)
        late_seconds = done_seconds - PATIENCE_SHARE * patience_seconds
        if late_seconds > 0:
            raise Full(_whole_seconds(late_seconds))

    def _seconds_for(self, num_tokens: int) -> float:
        """Return how long all lanes together take, zero while that is not known."""
        rate = self._rate.tokens_per_second
        return num_tokens / (rate * self._num_lanes) if rate else 0.0

    def _oldest_in_time(self, now_seconds: float) -> Item | None:
        while (oldest := self._waiting.oldest()) is not None:
            if now_seconds < oldest.job.deadline_seconds:
                return oldest
            self.discard(oldest.job)
        return None

    def _pick(self, anchor: Item, now_seconds: float) -> tuple[list[Item], bool]:
        """Return what goes into a batch with the anchor, and whether the budget ended it."""
        items: list[Item] = []
        longest = num_tokens = 0
        for item in self._waiting.near(anchor) if self._pads else self._waiting.by_age():
            if item.job.deadline_seconds <= now_seconds:
                continue
            longest, num_tokens = max(longest, padded_length(item)), num_tokens + item.num_tokens
            cost_tokens = longest * (len(items) + 1) if self._pads else num_tokens
            if items and cost_tokens > self._max_batch_tokens:
                return items, True
            items.append(item)
        return items, False

    def _withdraw(self, item: Item) -> None:
        self._waiting.remove(item)
        del item.job.waiting[item]
        self._num_queue_tokens -= item.num_tokens


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
