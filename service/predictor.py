"""A loaded model that answers requests: tokenizing beside the event loop, then scoring in batches."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from model_store import ModelVersion
from sentiment import Prediction, TokenizedReview
from service.batcher import Batcher
from service.job import Job
from service.metrics import Metrics, Stage
from service.settings import Settings

__all__ = ["Predictor"]


class Predictor:
    """Answers for one version of a model, from `start` to `close`. Make it and use it on one event loop."""

    def __init__(self, version: ModelVersion, settings: Settings, metrics: Metrics) -> None:
        self.version = version
        self._metrics = metrics
        # One thread, since tokenizing holds the interpreter's lock: more would only disturb each other.
        self._tokenizers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokenizer")
        self._batcher = Batcher(
            version.classifier,
            metrics,
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
        finally:
            self._batcher.discard(job)

    async def predict(self, job: Job, texts: Sequence[str]) -> list[Prediction]:
        """Return a prediction for each text, in order; raises InferenceFailed, rarely Overloaded.

        When cancelled, it leaves every queue that it stands in.
        """
        with self._counting_cancellation("tokenize"):
            reviews = await self._tokenize(texts)
        with self._counting_cancellation("queue"):
            predictions = await self._batcher.score(job, reviews)
        self._metrics.predicted(self.version.manifest.version, predictions)
        return predictions

    async def close(self, *, patience_seconds: float) -> None:
        """Answer everything that was accepted, then end all threads; a stuck lane is left behind."""
        await self._batcher.close(patience_seconds=patience_seconds)
        self._tokenizers.shutdown(cancel_futures=True)

    async def _tokenize(self, texts: Sequence[str]) -> list[TokenizedReview]:
        loop = asyncio.get_running_loop()
        with self._metrics.stage("tokenize"):
            return await loop.run_in_executor(self._tokenizers, self.version.classifier.tokenize, texts)

    @contextmanager
    def _counting_cancellation(self, stage: Stage) -> Iterator[None]:
        try:
            yield
        except asyncio.CancelledError:
            self._metrics.cancelled(stage)
            raise
