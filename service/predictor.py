"""A loaded model that answers requests: tokenizing beside the event loop, then scoring in batches."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from model_store import ModelVersion, Store, golden
from sentiment import Prediction, TokenizedReview, set_num_threads
from service.batcher import Batcher
from service.metrics import Metrics, Stage
from service.settings import Settings

__all__ = ["Predictor", "load_version"]


def load_version(settings: Settings) -> ModelVersion:
    """Load the model that the settings name, and check that it is fit to answer. Takes seconds.

    Every hash is verified, the golden examples are reproduced, the kernels are warm. Raises SentimentError.
    """
    set_num_threads(settings.threads)
    store = Store() if settings.model_store is None else Store(settings.model_store)
    version = store.load(settings.model, device=settings.device)
    golden.check(version.classifier, version.golden)
    version.classifier.warm_up()
    return version


class Predictor:
    """Answers for one version of a model. Make it and use it on one event loop."""

    def __init__(self, version: ModelVersion, settings: Settings, metrics: Metrics) -> None:
        self.version = version
        self._metrics = metrics
        # One thread, since tokenizing holds the interpreter's lock: more would only disturb each other.
        self._tokenizers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokenizer")
        self._batcher = Batcher(
            version.classifier,
            metrics,
            max_batch_tokens=settings.max_batch_tokens,
            threads=settings.threads,
        )
        metrics.loaded(version)

    async def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return a prediction for each text, in order; raises InferenceFailed and Draining.

        When cancelled, it leaves every queue that it stands in.
        """
        with self._counting_cancellation("tokenize"):
            reviews = await self._tokenize(texts)
        with self._counting_cancellation("queue"):
            predictions = await self._batcher.score(reviews)
        self._metrics.predicted(self.version.manifest.version, predictions)
        return predictions

    async def close(self) -> None:
        """Answer everything that was accepted, then end all threads."""
        await self._batcher.close()
        self._tokenizers.shutdown()

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
