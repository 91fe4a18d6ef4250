"""A worker thread that scores batches, and how it is doing."""

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import nullcontext

import sentiment
from service.batching.bisection import Bisection
from service.batching.model import Model
from service.batching.request import Batch, WorkClass
from service.batching.work_queue import WarmUp, WorkQueue
from service.outcomes import LaneState, ReviewOutcome, ScoringFailure
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["LANE_NICENESS", "Lane"]

LANE_NICENESS = 10
"""Above that of the other threads, which answer clients: a refusal must not wait until a batch has run."""


class Lane:
    """A worker thread: whenever it is free, it takes a batch from a queue, until there will never be another.

    It serves all models: each batch brings its own.
    """

    def __init__(self, name: str, queue: WorkQueue, metrics: Metrics, *, num_threads: int) -> None:
        """Take how many CPU threads the lane computes a batch with."""
        self._queue = queue
        self._metrics = metrics
        self._num_threads = num_threads
        self._warm_ups: deque[WarmUp] = deque()
        # Written by the lane alone, read by anyone: when its current run of a model began; None when idle.
        self._busy_since_seconds: float | None = None
        self._died = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def warm_up(self, model: Model) -> Future[None]:
        """Let the lane run a model once; the result comes when it has, or is what the model raised."""
        warm_up = WarmUp(model)
        self._queue.put(warm_up, self._warm_ups)
        if self._ended:
            self._refuse_warm_ups()
        return warm_up.done

    def join(self, timeout_seconds: float) -> bool:
        """Wait for its end, which comes when its queue is closed and empty; returns whether it came."""
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
            # By the module, which imports PyTorch when this name is first used. PyTorch keeps the number
            # for each thread separately.
            sentiment.set_num_threads(self._num_threads)
            _give_way()
            while self._work_once():
                pass
        except BaseException as error:
            self._died = True
            log_event("lane_died", level=logging.CRITICAL, error=error, lane=self._thread.name)
        finally:
            self._ended = True
            self._refuse_warm_ups()

    def _work_once(self) -> bool:
        """Do what comes next; return whether there was anything.

        A function of its own, so that an idle lane refers to no model that has gone out of service.
        """
        work = self._queue.take(self._warm_ups)
        if work is None:
            return False
        if isinstance(work, WarmUp):
            _warm_up(work)
        else:
            self._score(work)
        return True

    def _score(self, batch: Batch) -> None:
        outcomes: list[ReviewOutcome] = [ScoringFailure.LANE_DIED] * len(batch.reviews)
        scorer = batch.model.scorer
        counts = batch.kind in (WorkClass.LIVE, WorkClass.STREAM)
        try:
            plan = scorer.plan(batch.tokenized)
            if counts:
                self._record(batch, num_padded_tokens=plan.num_padded_tokens)
            with self._metrics.stage("inference") if counts else nullcontext():
                bisection = Bisection(
                    scorer,
                    parallel_directions=batch.num_lanes > 1 or self._num_threads > 1,
                    before_attempt=self._mark,
                    after_split=self._metrics.split,
                )
                outcomes = bisection.score(plan)
        finally:
            # Whatever happens to the lane, its reviews are answered.
            self._busy_since_seconds = None
            if batch.kind is not WorkClass.SHADOW:
                self._count_failures(outcomes)
            self._queue.finish(batch, outcomes)

    def _count_failures(self, outcomes: Sequence[ReviewOutcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, ScoringFailure):
                self._metrics.failed(outcome)

    def _record(self, batch: Batch, *, num_padded_tokens: int) -> None:
        if batch.kind is WorkClass.LIVE:  # that a stream waits is as it should be
            for wait_seconds in batch.waits_seconds:
                self._metrics.staged("queue", wait_seconds)
        self._metrics.batched(
            num_reviews=len(batch.reviews),
            num_tokens=batch.num_tokens,
            num_padded_tokens=num_padded_tokens,
        )

    def _mark(self) -> None:
        self._busy_since_seconds = time.monotonic()

    def _refuse_warm_ups(self) -> None:
        while self._warm_ups:
            self._warm_ups.popleft().done.set_exception(RuntimeError("the lane has ended"))


def _warm_up(warm_up: WarmUp) -> None:
    if not warm_up.done.set_running_or_notify_cancel():
        return  # nobody waits for it any more
    try:
        warm_up.model.scorer.warm_up()
    except BaseException as error:
        warm_up.done.set_exception(error)
        if not isinstance(error, Exception):
            raise
    else:
        warm_up.done.set_result(None)


def _give_way() -> None:
    """Lower the priority of this thread, and of those that it starts, where a thread has its own."""
    if sys.platform == "linux":  # elsewhere this would change all threads
        os.nice(LANE_NICENESS)
