"""Explaining the reviews of requests beside live work, as far as a budget and the deadline allow."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain, islice

from sentiment import Prediction, TokenizedReview, Tokenizer
from sentiment.explanation import Explanation, Occlusion, Reading, Unit
from service.batching.batcher import Batcher
from service.batching.request import WorkClass
from service.errors import DeadlineExceeded, Draining, InferenceFailed, Overloaded
from service.runtime.pace import Pace
from service.runtime.slots import Slot
from service.telemetry.metrics import Metrics

__all__ = ["Explanations"]

MAX_UNDER_WAY = 16
ROUND_TOKENS = 2048
"""Tokens of a round, one or two batches; requests take turns."""
TIME_SHARE = 0.9
"""Share of a request's time after which what is known by then is the answer."""


class Explanations:
    """The requests for explanations that are under way. Owned by the event loop."""

    def __init__(self, metrics: Metrics, *, max_forwards: int) -> None:
        """Take how many inputs may be scored for one review."""
        self._metrics = metrics
        self._max_forwards = max_forwards
        self._lock = asyncio.Lock()
        self._pace = Pace()
        self._num_under_way = 0
        self._last_seconds = 0.0

    async def explain(
        self, slot: Slot, reviews: Sequence[str], *, unit: Unit, ends_at_seconds: float
    ) -> list[Explanation]:
        """Return an explanation of each review, complete or as far as there was time.

        Raises Overloaded, Draining, InferenceFailed, and DeadlineExceeded when not even the predictions are
        there in time. `ends_at_seconds` is on the event loop's clock.
        """
        if self._num_under_way >= MAX_UNDER_WAY:
            raise Overloaded(max(1, math.ceil(self._last_seconds / MAX_UNDER_WAY)))
        self._num_under_way += 1
        start = time.perf_counter()
        try:
            explanations = await self._explain(slot, reviews, unit, ends_at_seconds)
        except (asyncio.CancelledError, DeadlineExceeded):
            self._metrics.cancelled("queue")
            raise
        finally:
            self._num_under_way -= 1
            self._last_seconds = time.perf_counter() - start
        self._metrics.explained(explanations, duration_seconds=self._last_seconds)
        return explanations

    async def _explain(
        self, slot: Slot, reviews: Sequence[str], unit: Unit, ends_at_seconds: float
    ) -> list[Explanation]:
        now_seconds = asyncio.get_running_loop().time()
        stops_at_seconds = now_seconds + TIME_SHARE * (ends_at_seconds - now_seconds)
        readings = await asyncio.to_thread(partial(_read, slot.model.tokenizer, reviews))
        occlusions = [Occlusion(reading, unit=unit, max_forwards=self._max_forwards) for reading in readings]
        try:
            async with asyncio.timeout_at(stops_at_seconds):
                await self._score(slot, occlusions, stops_at_seconds)
        except (TimeoutError, Draining, Overloaded) as error:
            if not all(occlusion.has_prediction for occlusion in occlusions):
                raise DeadlineExceeded if isinstance(error, TimeoutError) else error from None
        return [occlusion.explanation() for occlusion in occlusions]

    async def _score(self, slot: Slot, occlusions: Sequence[Occlusion], stops_at_seconds: float) -> None:
        """Score the inputs that all explanations ask for, round by round, until none asks for more."""
        asking: Collection[int] = range(len(occlusions))
        while asked := _ask(occlusions, asking):
            reviews = list(chain.from_iterable(asked.values()))
            async with self._turn(slot.batcher):
                with slot.batcher.submit_tokenized(
                    slot.model, reviews, deadline_seconds=stops_at_seconds, kind=WorkClass.EXPLAIN
                ) as answer:
                    predictions = iter(await _named(answer, asked))
            self._metrics.explain_forwards(len(reviews))
            for index, inputs in asked.items():
                occlusions[index].take(list(islice(predictions, len(inputs))))
            asking = asked.keys()

    @asynccontextmanager
    async def _turn(self, batcher: Batcher) -> AsyncIterator[None]:
        """Wait for the turn of a round: one runs at a time, and then all rest while predictions come."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            await asyncio.sleep(self._pace.wait_seconds(loop.time()))
            start_seconds = loop.time()
            try:
                yield
            finally:
                self._pace.ran(
                    start_seconds=start_seconds,
                    end_seconds=loop.time(),
                    has_live_work=batcher.has_live_work,
                )


def _ask(occlusions: Sequence[Occlusion], asking: Collection[int]) -> dict[int, list[TokenizedReview]]:
    """Return what these ask for, without those that ask for nothing any more; each has a like share."""
    max_tokens = ROUND_TOKENS // max(1, len(asking))
    asked = {index: occlusions[index].next_round(max_tokens=max_tokens) for index in asking}
    return {index: inputs for index, inputs in asked.items() if inputs}


async def _named(
    answer: asyncio.Future[list[Prediction]], asked: Mapping[int, Sequence[TokenizedReview]]
) -> list[Prediction]:
    """Return the predictions; raises InferenceFailed with the indices of the reviews themselves."""
    try:
        return await answer
    except InferenceFailed as error:
        owners = [index for index, inputs in asked.items() for _ in inputs]
        raise InferenceFailed(sorted({owners[index] for index in error.indices})) from None


def _read(tokenizer: Tokenizer, reviews: Sequence[str]) -> list[Reading]:
    return [Reading.of(review, tokenizer) for review in reviews]
