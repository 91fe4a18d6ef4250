"""The scheduler, shared between the event loop and the lanes."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sentiment import TokenizedReview
from service.batching.model import Model
from service.batching.request import Batch, Request, WorkClass
from service.batching.scheduler import Scheduler
from service.outcomes import ReviewOutcome

__all__ = ["WarmUp", "WorkQueue"]


@dataclass(frozen=True, slots=True, eq=False)
class WarmUp:
    """A model that one lane is to run once, before requests come for it."""

    model: Model
    done: Future[None] = field(default_factory=Future)


class WorkQueue:
    """A scheduler behind a lock, with the real clock; lanes wait in it for work.

    `on_done` is called on a lane's thread with the requests that a batch has finished.
    """

    def __init__(self, scheduler: Scheduler, *, on_done: Callable[[Sequence[Request]], None]) -> None:
        self._scheduler = scheduler
        self._on_done = on_done
        self._changed = threading.Condition()

    @property
    def num_tokens(self) -> int:
        """Tokens that count against the limit of the queue."""
        with self._changed:
            return self._scheduler.num_queue_tokens

    @property
    def has_live_work(self) -> bool:
        """Whether live requests come."""
        with self._changed:
            return self._scheduler.has_live_work(time.monotonic())

    def admit(
        self, model: Model, num_tokens: int, *, deadline_seconds: float, kind: WorkClass = WorkClass.LIVE
    ) -> Request:
        """Reserve room in the queue of a class; raises Draining and Overloaded."""
        now_seconds = time.monotonic()
        with self._changed:
            return self._scheduler.admit(
                model, num_tokens, deadline_seconds=deadline_seconds, now_seconds=now_seconds, kind=kind
            )

    def enqueue(self, request: Request, reviews: Sequence[TokenizedReview]) -> None:
        """Let the reviews of an admitted request wait for a lane; raises Overloaded."""
        with self._changed:
            self._scheduler.enqueue(request, reviews, now_seconds=time.monotonic())
            self._changed.notify_all()

    def discard(self, request: Request) -> None:
        """Drop what waits of a request."""
        with self._changed:
            self._scheduler.discard(request)
            self._changed.notify_all()

    def put(self, warm_up: WarmUp, warm_ups: deque[WarmUp]) -> None:
        """Add a warm-up to those of one lane, and wake it."""
        with self._changed:
            warm_ups.append(warm_up)
            self._changed.notify_all()

    def take(self, warm_ups: deque[WarmUp]) -> WarmUp | Batch | None:
        """Wait for a warm-up of this lane or for a batch; None when there will never be another batch."""
        with self._changed:
            while not self._scheduler.is_finished:
                if warm_ups:
                    return warm_ups.popleft()
                if batch := self._scheduler.take(now_seconds=time.monotonic()):
                    return batch
                # Taking may have discarded late requests, perhaps the last ones: ask again before waiting.
                if not self._scheduler.is_finished:
                    self._changed.wait()
            return None

    def finish(self, batch: Batch, outcomes: Sequence[ReviewOutcome]) -> None:
        """Hand in the outcomes of a batch."""
        with self._changed:
            done = self._scheduler.finish(batch, outcomes, now_seconds=time.monotonic())
            if self._scheduler.needs_waking:
                self._changed.notify_all()
        if done:
            self._on_done(done)

    def close(self) -> None:
        """Admit nothing more; lanes end once everything that was admitted is done."""
        with self._changed:
            self._scheduler.close()
            self._changed.notify_all()
