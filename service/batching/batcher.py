"""Tokenizing and scoring the reviews of many requests together: what the event loop sees of all the threads.

There is no timer. A free lane takes at once what is waiting, so a lone request waits for nobody, and batches
grow by themselves while the lanes are busy.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sentiment import Prediction, TokenizedReview
from service.batching.lane import Lane
from service.batching.model import Model
from service.batching.request import Request, WorkClass
from service.batching.room import Room
from service.batching.scheduler import Scheduler
from service.batching.tokenizer_thread import TokenizerThread
from service.batching.work_queue import WorkQueue
from service.errors import InferenceFailed
from service.outcomes import LaneState, ReviewOutcome
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Batcher", "BatcherOptions"]

STREAM_BATCHES_A_LANE = 8
"""Full batches of streams that may wait and run; tokens are estimated up to four times too high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatcherOptions:
    """The limits of a batcher, for all models together."""

    max_batch_tokens: int
    max_queue_tokens: int
    num_lanes: int
    lane_threads: int
    """CPU threads that each lane computes its batch with."""
    lane_stall_seconds: float


class Batcher:
    """Scores texts for any number of requests, each with its own model. Make it and use it on one event loop.

    `start` it, `warm_up` each model before the first request for it, `submit` requests, and `close` it.
    """

    def __init__(self, options: BatcherOptions, metrics: Metrics) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers: dict[Request, asyncio.Future[Any]] = {}
        self._metrics = metrics
        scheduler = Scheduler(
            max_batch_tokens=options.max_batch_tokens,
            max_queue_tokens=options.max_queue_tokens,
            num_lanes=options.num_lanes,
        )
        self._queue = WorkQueue(scheduler, on_done=self._announce)
        self._tokenizer_thread = TokenizerThread(self._queue, metrics, on_failure=self._announce_failure)
        self._lane_stall_seconds = options.lane_stall_seconds
        self.stream_room = Room(STREAM_BATCHES_A_LANE * options.num_lanes * options.max_batch_tokens)
        """What all streams share: take `model.max_tokens` of it before `score_lines`, and give it back."""
        self._lanes = [
            Lane(f"lane-{number}", self._queue, metrics, num_threads=options.lane_threads)
            for number in range(options.num_lanes)
        ]
        metrics.watch_queue(lambda: self._queue.num_tokens, max_tokens=options.max_queue_tokens)
        metrics.watch_lanes(self.lane_states)

    @property
    def has_live_work(self) -> bool:
        """Whether live requests come: the last one was admitted less than `LIVE_SECONDS` ago."""
        return self._queue.has_live_work

    @property
    def is_healthy(self) -> bool:
        """Whether no lane is dead or stuck."""
        return all(state.is_healthy for state in self.lane_states())

    def lane_states(self) -> Counter[LaneState]:
        """Return how many lanes are in each state."""
        return Counter(lane.state(stall_seconds=self._lane_stall_seconds) for lane in self._lanes)

    def start(self) -> None:
        """Start all threads."""
        self._tokenizer_thread.start()
        for lane in self._lanes:
            lane.start()

    async def warm_up(self, model: Model) -> None:
        """Return when every lane has run a model once; raises what one of them raised."""
        await asyncio.gather(*[asyncio.wrap_future(lane.warm_up(model)) for lane in self._lanes])

    @contextmanager
    def submit(
        self,
        model: Model,
        texts: Sequence[str],
        *,
        deadline_seconds: float,
        kind: WorkClass = WorkClass.LIVE,
    ) -> Iterator[asyncio.Future[list[Prediction]]]:
        """Admit a request; yields what will have a prediction for each text, in order.

        Await it inside the block: what is not scored at the block's end is discarded. The deadline is on the
        event loop's clock. Raises Overloaded, and Draining after `close`. The answer raises InferenceFailed
        when the model fails on any text, and, rarely, Overloaded: when the texts have more tokens than was
        estimated.
        """
        request = self._queue.admit(
            model, model.max_tokens(texts), deadline_seconds=deadline_seconds, kind=kind
        )
        with self._answer_to(request) as answer:
            if texts:
                self._tokenizer_thread.put(request, texts)
            else:
                answer.set_result([])
            yield answer

    @contextmanager
    def submit_tokenized(
        self,
        model: Model,
        reviews: Sequence[TokenizedReview],
        *,
        deadline_seconds: float,
        kind: WorkClass,
    ) -> Iterator[asyncio.Future[list[Prediction]]]:
        """Admit a request that is tokenized already, at least one review; otherwise as `submit`."""
        num_tokens = sum(len(review.ids) for review in reviews)
        request = self._queue.admit(model, num_tokens, deadline_seconds=deadline_seconds, kind=kind)
        with self._answer_to(request) as answer:
            self._queue.enqueue(request, reviews)
            yield answer

    async def score_lines(
        self, model: Model, texts: Sequence[str], *, deadline_seconds: float
    ) -> list[ReviewOutcome]:
        """Return what comes of each text of a stream, at least one; none refuses the others.

        Raises TimeoutError at the deadline, on the event loop's clock, and Draining after `close`.
        """
        async with asyncio.timeout_at(deadline_seconds):
            with self.submit(
                model, texts, deadline_seconds=deadline_seconds, kind=WorkClass.STREAM
            ) as answer:
                outcomes: list[ReviewOutcome] = [*await answer]
        return outcomes

    async def close(self, *, patience_seconds: float) -> None:
        """Admit nothing more, answer everything that was admitted, and end all threads.

        A lane that does not end in time is left behind; it cannot keep the process from ending.
        """
        self._queue.close()
        ends_at_seconds = time.monotonic() + patience_seconds
        for lane in self._lanes:
            if not await asyncio.to_thread(lane.join, max(0.0, ends_at_seconds - time.monotonic())):
                log_event("lane_left_behind", level=logging.ERROR)
        self._tokenizer_thread.close()
        await asyncio.to_thread(self._tokenizer_thread.join, max(0.0, ends_at_seconds - time.monotonic()))

    @contextmanager
    def _answer_to(self, request: Request) -> Iterator[asyncio.Future[list[Prediction]]]:
        """Yield the answer to an admitted request, which is discarded in the end."""
        answer = self._answers[request] = self._loop.create_future()
        try:
            yield answer
        finally:
            if request.kind is WorkClass.LIVE and (answer.cancelled() or not answer.done()):
                self._metrics.cancelled("tokenize" if request.is_admitted else "queue")
            del self._answers[request]
            self._queue.discard(request)

    def _announce(self, done: Sequence[Request]) -> None:
        # The loop is already closed if this lane was left behind.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, done)

    def _announce_failure(self, request: Request, error: Exception) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._fail, request, error)

    def _settle(self, done: Sequence[Request]) -> None:
        for request in done:
            if (answer := self._open_answer(request)) is None:
                continue
            if request.kind is WorkClass.STREAM:
                answer.set_result(request.outcomes)
                continue
            predictions = [outcome for outcome in request.outcomes if isinstance(outcome, Prediction)]
            if len(predictions) == len(request.outcomes):
                answer.set_result(predictions)
            else:
                answer.set_exception(InferenceFailed(_failed(request), scored=_scored(request)))

    def _fail(self, request: Request, error: Exception) -> None:
        if (answer := self._open_answer(request)) is not None:
            answer.set_exception(error)

    def _open_answer(self, request: Request) -> asyncio.Future[Any] | None:
        """Return the answer that somebody still waits for; None if nobody does."""
        answer = self._answers.get(request)
        return None if answer is None or answer.done() else answer


def _failed(request: Request) -> list[int]:
    """Return the indices of the reviews that have no prediction."""
    return [index for index, outcome in enumerate(request.outcomes) if not isinstance(outcome, Prediction)]


def _scored(request: Request) -> dict[int, Prediction]:
    """Return the predictions of the others, by their indices."""
    return {
        index: outcome for index, outcome in enumerate(request.outcomes) if isinstance(outcome, Prediction)
    }
