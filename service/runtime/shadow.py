"""Comparing a candidate with the live version on what clients ask, without anyone waiting for it."""

import asyncio
import time
from collections.abc import Sequence

from sentiment import Prediction
from service.batching.request import WorkClass
from service.errors import Draining, InferenceFailed, Overloaded
from service.runtime.slots import Slot
from service.telemetry.metrics import Metrics

__all__ = ["Shadow"]

PATIENCE_SECONDS = 5.0
"""A shadow that has waited longer is dropped: it says nothing more than the next one will."""


class Shadow:
    """The comparisons with one candidate that are under way. Owned by the event loop."""

    def __init__(self, candidate: Slot, metrics: Metrics) -> None:
        self._candidate = candidate
        self._metrics = metrics
        self._tasks: set[asyncio.Task[None]] = set()

    def compare(self, texts: Sequence[str], predictions: Sequence[Prediction]) -> None:
        """Let the candidate score what the live version has answered."""
        task = asyncio.create_task(self._compare(texts, predictions))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()

    async def _compare(self, texts: Sequence[str], predictions: Sequence[Prediction]) -> None:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await self._score(texts)
        except TimeoutError:
            self._metrics.shadow_dropped("late", len(texts))
        except Overloaded:
            self._metrics.shadow_dropped("full", len(texts))
        except InferenceFailed:
            self._metrics.shadow_dropped("failed", len(texts))
        except Draining:
            pass
        else:
            self._metrics.shadowed(
                self._candidate.number, predictions, found, duration_seconds=time.perf_counter() - start
            )

    async def _score(self, texts: Sequence[str]) -> list[Prediction]:
        deadline_seconds = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        with self._candidate.batcher.submit(
            self._candidate.model, texts, deadline_seconds=deadline_seconds, kind=WorkClass.SHADOW
        ) as answer:
            return await answer
