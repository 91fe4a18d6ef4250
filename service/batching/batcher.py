"""Tokenizing and scoring the reviews of many requests at once: the side of all threads that requests see.

There is no timer: a free lane takes at once what is waiting, so a lone request waits for nobody, and batches
grow by themselves while the lanes are busy.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from sentiment import Prediction
from service.batching.lane import Lane
from service.batching.request import Job
from service.batching.scheduler import Closed, Full, Scheduler
from service.batching.scorer import Scorer
from service.batching.tokenizer_thread import Tokenize, Tokenizing
from service.batching.work_queue import WorkQueue
from service.errors import Draining, InferenceFailed, Overloaded
from service.outcomes import LaneState
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Batcher"]


class Batcher:
    """Scores texts for any number of requests. Make it and use it on one event loop.

    `admit`, `answer`, and `discard` whatever happened; `start` comes before all, `close` behind all.
    """

    def __init__(
        self,
        scorer: Scorer,
        metrics: Metrics,
        *,
        tokenize: Tokenize,
        max_batch_tokens: int,
        max_queue_tokens: int,
        num_lanes: int,
        lane_threads: int,
        lane_stall_seconds: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers: dict[Job, asyncio.Future[list[Prediction]]] = {}
        scheduler = Scheduler(
            max_batch_tokens=max_batch_tokens,
            max_queue_tokens=max_queue_tokens,
            num_lanes=num_lanes,
            pads=scorer.pads,
        )
        self._queue = WorkQueue(scheduler, on_done=self._announce)
        self._tokenizing = Tokenizing(tokenize, self._queue, metrics, on_failure=self._announce_failure)
        self._lane_stall_seconds = lane_stall_seconds
        self._lanes = [
            Lane(f"lane-{number}", self._queue, scorer, metrics, num_threads=lane_threads)
            for number in range(num_lanes)
        ]
        metrics.watch_queue(lambda: self._queue.num_tokens, max_tokens=max_queue_tokens)
        metrics.watch_lanes(self.lane_states)

    async def start(self) -> None:
        """Return when all lanes are warm; raises what kept one from it."""
        self._tokenizing.start()
        for lane in self._lanes:
            lane.start()
        await asyncio.gather(*[asyncio.wrap_future(lane.warmed) for lane in self._lanes])

    def admit(self, num_tokens: int, *, deadline_seconds: float) -> Job:
        """Keep a place for a request that has at most so many tokens, until it is discarded.

        The deadline is on the clock of the event loop. Raises Overloaded, and Draining after `close`.
        """
        try:
            return self._queue.admit(num_tokens, deadline_seconds=deadline_seconds)
        except Closed:
            raise Draining from None
        except Full as full:
            raise Overloaded(full.retry_after_seconds) from None

    def answer(self, job: Job, texts: Sequence[str]) -> asyncio.Future[list[Prediction]]:
        """Return what will have a prediction for each text, at least one, in order.

        It will raise InferenceFailed when the model fails on any of them, and Overloaded when they have more
        tokens than were admitted.
        """
        answer = self._answers[job] = self._loop.create_future()
        self._tokenizing.put(job, texts)
        return answer

    def discard(self, job: Job) -> None:
        """Give the place of a request back; what no lane has taken of it costs nothing more."""
        self._answers.pop(job, None)
        self._queue.discard(job)

    def lane_states(self) -> Counter[LaneState]:
        """Return how many lanes are in each state."""
        return Counter(lane.state(stall_seconds=self._lane_stall_seconds) for lane in self._lanes)

    async def close(self, *, patience_seconds: float) -> None:
        """Take nothing more, answer everything that was taken, and end the lanes.

        A lane that does not end in time is left behind; it cannot keep the process from ending.
        """
        self._queue.close()
        until_seconds = time.monotonic() + patience_seconds
        for lane in self._lanes:
            if not await asyncio.to_thread(lane.join, max(0.0, until_seconds - time.monotonic())):
                log_event("lane_left_behind", level=logging.ERROR)
        self._tokenizing.close()
        await asyncio.to_thread(self._tokenizing.join, max(0.0, until_seconds - time.monotonic()))

    def _announce(self, done: Sequence[Job]) -> None:
        # The loop is closed when this lane was left behind.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, done)

    def _announce_failure(self, job: Job, error: Exception) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._fail, job, error)

    def _settle(self, done: Sequence[Job]) -> None:
        for job in done:
            answer = self._answers.get(job)
            if answer is None or answer.done():
                continue
            predictions = [outcome for outcome in job.outcomes if isinstance(outcome, Prediction)]
            if len(predictions) == len(job.outcomes):
                answer.set_result(predictions)
            else:
                answer.set_exception(InferenceFailed(_failed_places(job)))

    def _fail(self, job: Job, error: Exception) -> None:
        answer = self._answers.get(job)
        if answer is not None and not answer.done():
            answer.set_exception(Overloaded(error.retry_after_seconds) if isinstance(error, Full) else error)


def _failed_places(job: Job) -> list[int]:
    return [place for place, outcome in enumerate(job.outcomes) if not isinstance(outcome, Prediction)]
