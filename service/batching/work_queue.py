"""The scheduler, shared between the event loop and the lanes."""

import threading
import time
from collections.abc import Callable, Sequence

from sentiment import TokenizedReview
from service.batching.request import Batch, Job
from service.batching.scheduler import Scheduler
from service.outcomes import Outcome

__all__ = ["WorkQueue"]


class WorkQueue:
    """A scheduler behind a lock, with the real clock; lanes wait in it for work.

    `on_done` is called on a lane's thread with the jobs that a batch has finished.
    """

    def __init__(self, scheduler: Scheduler, *, on_done: Callable[[Sequence[Job]], None]) -> None:
        self._scheduler = scheduler
        self._on_done = on_done
        self._changed = threading.Condition()

    @property
    def num_tokens(self) -> int:
        """Tokens that count against the limit of the queue."""
        with self._changed:
            return self._scheduler.num_queue_tokens

    def admit(self, num_tokens: int, *, deadline_seconds: float) -> Job:
        """Keep a place in the queue; raises Closed and Full."""
        with self._changed:
            return self._scheduler.admit(
                num_tokens, deadline_seconds=deadline_seconds, now_seconds=time.monotonic()
            )

    def enqueue(self, job: Job, reviews: Sequence[TokenizedReview]) -> None:
        """Let the reviews of an admitted job wait for a lane; raises Full."""
        with self._changed:
            self._scheduler.enqueue(job, reviews, now_seconds=time.monotonic())
            self._changed.notify_all()

    def discard(self, job: Job) -> None:
        """Take back what waits of a job."""
        with self._changed:
            self._scheduler.discard(job)
            self._changed.notify_all()

    def take(self) -> Batch | None:
        """Wait for work and return the next batch; None when there will never be any more."""
        with self._changed:
            while not self._scheduler.is_finished:
                if batch := self._scheduler.take(now_seconds=time.monotonic()):
                    return batch
                # Asked again, since taking may have dropped late jobs, the last ones perhaps.
                if not self._scheduler.is_finished:
                    self._changed.wait()
            return None

    def finish(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Hand in the outcomes of a batch."""
        with self._changed:
            done = self._scheduler.finish(batch, outcomes, now_seconds=time.monotonic())
        if done:
            self._on_done(done)

    def close(self) -> None:
        """Admit nothing more; lanes end once all that was admitted is worked off."""
        with self._changed:
            self._scheduler.close()
            self._changed.notify_all()
