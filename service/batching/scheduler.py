"""Which review runs when: admission, the queues, and what goes into a batch. Pure: no threads, no clock.

A request is admitted before it is tokenized, with an upper estimate of its tokens. So the work that waits for
the tokenizer is bounded too, and a refused request costs nothing. A batch is of one model. It begins with the
review that has waited longest and takes others up to the token budget: the next in line, or, where the model
pads, those of near-equal length. No review is passed over more than once for each review before it.

Lines of streams run when no live work waits, and once in every few batches when it does. While live requests
come, their batches are small and leave one lane free, so a live request seldom waits for one; otherwise they
may use all lanes.

A batch that runs cannot be interrupted. So work in the background, explanations and shadows, runs in small
batches, on one lane at a time, and only while another one is idle. It has queues of its own, which count
nothing against live work: neither in its admission nor in the prediction of its wait.
"""

import math
from collections.abc import Iterator, Sequence

from sentiment import TokenizedReview
from service.batching.backlog import Backlog, BatchLimits
from service.batching.model import Model
from service.batching.request import Batch, Phase, Request, RequestReview, WorkClass
from service.errors import Draining, Overloaded
from service.outcomes import ReviewOutcome

__all__ = ["LIVE_SECONDS", "Scheduler"]

# Plan with this share of a client's patience. The rest covers what cannot be predicted: the network between
# us, and lanes that slow down while the event loop refuses thousands of requests.
PATIENCE_SHARE = 0.75
LIVE_SECONDS = 1.0
"""A live request that was admitted less than this ago says that more will come."""
MAX_SMALL_BATCH_TOKENS = 1024
"""The largest batch of other work while live requests come: what one of them may have to wait for."""
MAX_BACKGROUND_BATCH_TOKENS = 2048
"""The largest batch in the background while none come."""
MAX_BACKGROUND_BATCH_REVIEWS = 8
"""Reviews in a batch in the background, at any time."""
MAX_STREAM_BATCH_TOKENS = 4096
"""The largest batch of streams while no live requests come, where nothing is padded."""
LIVE_BATCHES_A_STREAM_BATCH = 7
"""Batches of live work after which streams have a turn, however much live work waits."""
MAX_BACKGROUND_TOKENS = 65_536
"""Tokens of one class in the background that may wait."""
UNLIMITED_REVIEWS = 1 << 30
_IN_BACKGROUND = (WorkClass.EXPLAIN, WorkClass.SHADOW)


class Scheduler:
    """The queues of all models. Times are seconds on any clock that never goes back; callers pass them in."""

    def __init__(self, *, max_batch_tokens: int, max_queue_tokens: int, num_lanes: int) -> None:
        self._max_batch_tokens = max_batch_tokens
        self._max_queue_tokens = max_queue_tokens
        self._num_lanes = num_lanes
        self._backlogs = {kind: Backlog() for kind in WorkClass}
        self._live = self._backlogs[WorkClass.LIVE]
        self._stream = self._backlogs[WorkClass.STREAM]
        self._num_live_batches = 0
        """Batches of live work since the last one of streams."""
        self._last_live_seconds = -math.inf
        """When live work was last admitted."""
        self._background = [self._backlogs[kind] for kind in _IN_BACKGROUND]
        self._closed = False

    @property
    def num_queue_tokens(self) -> int:
        """Tokens of the live work that waits, with what is reserved for requests not tokenized yet."""
        return self._live.num_tokens

    @property
    def needs_waking(self) -> bool:
        """Whether a lane that found nothing to do may find something, or its end, when a batch is done."""
        return self._closed or any(each.num_pending for each in (self._stream, *self._background))

    @property
    def is_finished(self) -> bool:
        """Whether nothing will ever wait again; what is in the shadows then has been given up."""
        waiting = (self._live, self._stream, self._backlogs[WorkClass.EXPLAIN])
        return self._closed and not any(each.num_admitted or each.num_pending for each in waiting)

    def has_live_work(self, now_seconds: float) -> bool:
        """Return whether live requests come, so that other work should keep out of their way."""
        return now_seconds - self._last_live_seconds < LIVE_SECONDS

    def admit(
        self,
        model: Model,
        num_tokens: int,
        *,
        deadline_seconds: float,
        now_seconds: float,
        kind: WorkClass = WorkClass.LIVE,
    ) -> Request:
        """Reserve room for a request of at most `num_tokens` tokens; the caller must discard it in the end.

        Raises Draining after `close`, and Overloaded when there is no room or, for live work, when the answer
        would probably be late.
        """
        if self._closed:
            raise Draining
        self._check_room(kind, model, num_tokens)
        if kind is WorkClass.LIVE:
            self._check_wait(model, num_tokens, patience_seconds=deadline_seconds - now_seconds)
            self._last_live_seconds = now_seconds
        request = Request(
            model=model, kind=kind, deadline_seconds=deadline_seconds, num_reserved_tokens=num_tokens
        )
        self._backlogs[kind].admit(request)
        return request

    def enqueue(self, request: Request, reviews: Sequence[TokenizedReview], *, now_seconds: float) -> None:
        """Put the reviews of an admitted request, at least one, behind all others; ignore a discarded one.

        Raises Overloaded when they have more tokens than were reserved and there is no room for the rest.
        """
        if request.phase is not Phase.ADMITTED:
            return
        num_more_tokens = sum(len(review.ids) for review in reviews) - request.num_reserved_tokens
        self._check_room(request.kind, request.model, num_more_tokens)
        self._backlogs[request.kind].enqueue(request, reviews, now_seconds=now_seconds)

    def discard(self, request: Request) -> None:
        """Drop what waits of a request, and ignore what runs of it. Harmless for any request at any time."""
        self._backlogs[request.kind].discard(request)

    def take(self, *, now_seconds: float) -> Batch | None:
        """Return the next batch, with the oldest review in it; None when nothing waits that may run now.

        Requests found to be late are discarded, so they never cost compute.
        """
        for kind in self._turns(now_seconds):
            anchor = self._backlogs[kind].oldest_in_time(now_seconds)
            if anchor is not None:
                return self._take(anchor, now_seconds)
        return None

    def finish(self, batch: Batch, outcomes: Sequence[ReviewOutcome], *, now_seconds: float) -> list[Request]:
        """Hand in the outcomes of a batch, once, in its order; returns the requests that are done now."""
        queue = self._backlogs[batch.kind].queue_of(batch.model)
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
        """Admit nothing more; what was admitted still runs, but for shadows."""
        self._closed = True

    def _turns(self, now_seconds: float) -> Iterator[WorkClass]:
        """Yield the classes that may run now, the first in turn first."""
        if self._num_live_batches >= LIVE_BATCHES_A_STREAM_BATCH:
            yield WorkClass.STREAM
        yield WorkClass.LIVE
        if self._has_lane_to_spare(self._live.num_busy_lanes):
            yield WorkClass.EXPLAIN
        if not self.has_live_work(now_seconds) or self._stream.num_busy_lanes < max(1, self._num_lanes - 1):
            yield WorkClass.STREAM
        if not self._closed and self._has_lane_to_spare(
            self._live.num_busy_lanes + self._stream.num_busy_lanes
        ):
            yield WorkClass.SHADOW

    def _take(self, anchor: RequestReview, now_seconds: float) -> Batch:
        model, kind = anchor.request.model, anchor.request.kind
        backlog = self._backlogs[kind]
        reviews, is_full = backlog.pick(
            anchor, self._limits(kind, model, now_seconds), now_seconds=now_seconds
        )
        batch = Batch(
            model=model,
            kind=kind,
            reviews=reviews,
            taken_at_seconds=now_seconds,
            is_full=is_full,
            num_lanes=2 if self._may_use_idle_lane(kind, len(reviews)) else 1,
            waits_seconds=[now_seconds - request.queued_at_seconds for request in _untouched(reviews)],
        )
        for review in reviews:
            backlog.withdraw(review)
        backlog.queue_of(model).running.add(batch)
        self._count(kind)
        return batch

    def _limits(self, kind: WorkClass, model: Model, now_seconds: float) -> BatchLimits:
        if kind is WorkClass.LIVE or (kind is WorkClass.STREAM and model.scorer.pads):
            max_tokens = self._max_batch_tokens
        elif self.has_live_work(now_seconds):
            max_tokens = MAX_SMALL_BATCH_TOKENS
        else:
            max_tokens = MAX_STREAM_BATCH_TOKENS if kind is WorkClass.STREAM else MAX_BACKGROUND_BATCH_TOKENS
        return BatchLimits(
            max_tokens=min(max_tokens, self._max_batch_tokens),
            max_reviews=MAX_BACKGROUND_BATCH_REVIEWS if kind in _IN_BACKGROUND else UNLIMITED_REVIEWS,
        )

    def _count(self, kind: WorkClass) -> None:
        if kind is WorkClass.STREAM:
            self._num_live_batches = 0
        elif kind is WorkClass.LIVE:
            self._num_live_batches += 1

    def _has_lane_to_spare(self, num_busy_lanes: int) -> bool:
        """Return whether background work may have a lane: another is idle, or nobody wants the only one."""
        if any(backlog.num_busy_lanes for backlog in self._background):
            return False
        if self._num_lanes == 1:
            return not self._live.num_admitted
        return num_busy_lanes + 2 <= self._num_lanes

    def _check_room(self, kind: WorkClass, model: Model, num_tokens: int) -> None:
        if kind is WorkClass.STREAM:
            return  # the batcher gives streams their room
        backlog = self._backlogs[kind]
        limit = self._max_queue_tokens if kind is WorkClass.LIVE else MAX_BACKGROUND_TOKENS
        num_over = backlog.num_tokens + num_tokens - limit
        if num_over > 0:
            seconds = backlog.queue_of(model).throughput.seconds_for(num_over) / self._num_lanes
            raise Overloaded(_whole_seconds(seconds))

    def _check_wait(self, model: Model, num_tokens: int, *, patience_seconds: float) -> None:
        queue = self._live.queue_of(model)
        wait_seconds = sum(each.work_seconds() for each in self._live.queues()) / self._num_lanes
        # Its own batch runs on one lane.
        num_in_batch = min(self._max_batch_tokens, queue.num_tokens + num_tokens)
        done_seconds = wait_seconds + queue.throughput.seconds_for(num_in_batch)
        late_seconds = done_seconds - PATIENCE_SHARE * patience_seconds
        if late_seconds > 0:
            raise Overloaded(_whole_seconds(late_seconds))

    def _may_use_idle_lane(self, kind: WorkClass, num_taken: int) -> bool:
        """Return whether nobody wants one of the other lanes once this many reviews are taken."""
        if kind not in (WorkClass.LIVE, WorkClass.STREAM):
            return False
        wanting = (self._live, self._stream)
        if any(backlog.num_admitted for backlog in wanting):
            return False
        num_busy = sum(backlog.num_busy_lanes for backlog in self._backlogs.values())
        return (
            sum(backlog.num_pending for backlog in wanting) == num_taken and num_busy + 2 <= self._num_lanes
        )


def _untouched(reviews: Sequence[RequestReview]) -> list[Request]:
    """Return the requests of these pending reviews of which no batch has taken any yet."""
    requests = dict.fromkeys(review.request for review in reviews)
    return [request for request in requests if len(request.pending) == len(request.reviews)]


def _whole_seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
