"""A loaded model that answers requests."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.requests import ClientDisconnect

from model_store import ModelVersion
from sentiment import Prediction
from service.batching.batcher import Batcher
from service.batching.request import Job
from service.settings import Settings
from service.telemetry.metrics import Metrics

__all__ = ["Predictor"]


class Predictor:
    """Answers for one version of a model, from `start` to `close`. Make it and use it on one event loop."""

    def __init__(self, version: ModelVersion, settings: Settings, metrics: Metrics) -> None:
        self.version = version
        self._metrics = metrics
        self._batcher = Batcher(
            version.classifier,
            metrics,
            tokenize=version.classifier.tokenize,
            max_batch_tokens=settings.max_batch_tokens,
            max_queue_tokens=settings.max_queue_tokens,
            num_lanes=settings.num_lanes(version.classifier.device),
            lane_threads=settings.lane_threads,
            lane_stall_seconds=settings.lane_stall_seconds,
        )

    @property
    def is_healthy(self) -> bool:
        """Whether no lane is dead or stuck."""
        return all(state.is_healthy for state in self._batcher.lane_states())

    async def start(self) -> None:
        """Return when all lanes are warm; raises what kept one from it."""
        await self._batcher.start()
        self._metrics.loaded(self.version)

    @contextmanager
    def admitted(self, texts: Sequence[str], *, deadline_seconds: float) -> Iterator[Job]:
        """Keep a place in the queue for the time of the block; raises Overloaded and Draining.

        The deadline is on the clock of the event loop.
        """
        limit = self.version.classifier.tokenizer.config.max_tokens
        # A token has a character at least, but for the rare ones that cleaning takes apart.
        num_tokens = sum(min(len(text), limit) for text in texts)
        job = self._batcher.admit(num_tokens, deadline_seconds=deadline_seconds)
        try:
            yield job
        except (asyncio.CancelledError, ClientDisconnect):
            self._metrics.cancelled("tokenize" if job.is_admitted else "queue")
            raise
        finally:
            self._batcher.discard(job)

    def answer(self, job: Job, texts: Sequence[str]) -> asyncio.Future[list[Prediction]]:
        """Return what will have a prediction for each text of an admitted job, in order.

        It will raise InferenceFailed when the model fails on any, and, rarely, Overloaded. Cancelling it
        changes nothing else: whoever admitted the job takes it back.
        """
        return self._batcher.answer(job, texts)

    async def close(self, *, patience_seconds: float) -> None:
        """Answer everything that was accepted, then end all threads; a stuck lane is left behind."""
        await self._batcher.close(patience_seconds=patience_seconds)
