"""A thread that scores batches, and how it is doing."""

import logging
import threading
import time
from concurrent.futures import Future

from sentiment import set_num_threads
from service.batching.bisection import Isolation
from service.batching.request import Batch
from service.batching.scorer import Scorer
from service.batching.work_queue import WorkQueue
from service.outcomes import Failure, LaneState, Outcome
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Lane"]


class Lane:
    """Takes batches from a queue, at once when it is free, until there will never be any more.

    `warmed` is done when its thread is ready for work, or has the exception that kept it from that.
    """

    def __init__(
        self, name: str, queue: WorkQueue, scorer: Scorer, metrics: Metrics, *, num_threads: int
    ) -> None:
        self._queue = queue
        self._scorer = scorer
        self._metrics = metrics
        self._num_threads = num_threads
        self._isolation = Isolation(scorer, before_attempt=self._mark, after_split=metrics.split)
        # Written by the lane alone, read by anyone: when its last run of the model began; None when idle.
        self._busy_since_seconds: float | None = None
        self._died = False
        self.warmed: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for its end, which comes when its queue is closed and worked off; returns whether it came."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def state(self, *, stall_seconds: float) -> LaneState:
        """Return what it does now."""
        busy_since_seconds = self._busy_since_seconds
        if self._died:
            return LaneState.DEAD
        if busy_since_seconds is None:
            return LaneState.IDLE
        stalled = time.monotonic() - busy_since_seconds > stall_seconds
        return LaneState.STALLED if stalled else LaneState.BUSY

    def _run(self) -> None:
        try:
            self._warm_up()
            while batch := self._queue.take():
                self._work(batch)
        except BaseException as error:
            self._died = True
            log_event("lane_died", level=logging.CRITICAL, error=error, lane=self._thread.name)
            if not self.warmed.done():
                self.warmed.set_exception(error)

    def _warm_up(self) -> None:
        # Torch keeps this number for each thread by itself.
        set_num_threads(self._num_threads)
        self._scorer.warm_up()
        self.warmed.set_result(None)

    def _work(self, batch: Batch) -> None:
        outcomes: list[Outcome] = [Failure.LANE_DIED] * len(batch.items)
        try:
            self._measure(batch)
            with self._metrics.stage("inference"):
                outcomes = self._isolation.score(batch.reviews)
        finally:
            # Whatever happens to the lane, its reviews are answered.
            self._busy_since_seconds = None
            for outcome in outcomes:
                if isinstance(outcome, Failure):
                    self._metrics.failed(outcome)
            self._queue.finish(batch, outcomes)

    def _measure(self, batch: Batch) -> None:
        for wait_seconds in batch.waits_seconds:
            self._metrics.staged("queue", wait_seconds)
        self._metrics.batched(
            num_reviews=len(batch.items),
            num_tokens=batch.num_tokens,
            num_padded_tokens=self._scorer.num_padded_tokens(batch.reviews),
        )

    def _mark(self) -> None:
        self._busy_since_seconds = time.monotonic()
