"""From start to stop: loading the model beside the running server, being ready, draining."""

import asyncio
import logging
import time

from sentiment import SentimentError
from service.batching.predictor import Predictor
from service.errors import Draining, NotReady, Unhealthy
from service.runtime.loading import Loader, load_version
from service.settings import Settings
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Lifecycle"]

LEAST_PATIENCE_SECONDS = 1.0


class Lifecycle:
    """The state of one service. Owned by the event loop; only the loading itself runs in another thread."""

    def __init__(
        self, settings: Settings, metrics: Metrics, *, load: Loader = load_version, url: str | None = None
    ) -> None:
        """Take where the service can be reached, if that is known, for the log."""
        self._load_version = load
        self._settings = settings
        self._metrics = metrics
        self._url = url
        self._loader: asyncio.Task[None] | None = None
        self._drain_until_seconds: float | None = None
        self.predictor: Predictor | None = None
        """The loaded model, also while draining."""
        self.failure: str | None = None
        """Why the model could not be loaded, in one line for people; the server should stop then."""
        metrics.ready.set_function(lambda: float(self.predictor is not None and not self._draining))

    def start(self) -> None:
        """Begin to load the model; call it on the event loop."""
        self._loader = asyncio.create_task(self._load())

    async def loaded(self) -> None:
        """Return when the model is ready, or cannot be loaded and `failure` says why."""
        if self._loader is not None:
            # Whoever waits may give up; the loading goes on.
            await asyncio.shield(self._loader)

    def admit(self) -> Predictor:
        """Return what answers a new request; raises NotReady or Draining."""
        if self._draining:
            raise Draining
        if self.predictor is None:
            raise NotReady
        return self.predictor

    def check_health(self) -> None:
        """Raise Unhealthy when only a new process helps."""
        if self.predictor is not None and not self.predictor.is_healthy:
            raise Unhealthy

    def drain(self) -> None:
        """Take no new requests from now on."""
        if self._drain_until_seconds is None:
            self._drain_until_seconds = time.monotonic() + self._settings.drain_seconds

    async def close(self) -> None:
        """Wait for the loader, answer everything that was accepted, and end all threads."""
        self.drain()
        if self._loader is not None:
            await self._loader
        if self.predictor is not None:
            await self._close(self.predictor)

    @property
    def _draining(self) -> bool:
        return self._drain_until_seconds is not None

    async def _load(self) -> None:
        try:
            version = await asyncio.to_thread(self._load_version, self._settings)
            self.predictor = await self._started(Predictor(version, self._settings, self._metrics))
        except SentimentError as error:
            self.failure = str(error)
        except Exception as error:
            log_event("loading_failed", level=logging.ERROR, error=error)
            self.failure = f"the model could not be loaded: {type(error).__name__}; the log has the place"
        else:
            log_event(
                "ready",
                url=self._url,
                docs_url=self._url and f"{self._url}/docs",
                model=version.manifest.model,
                model_version=version.manifest.version,
                device=version.classifier.device,
                lanes=self._settings.num_lanes(version.classifier.device),
                lane_threads=self._settings.lane_threads,
            )

    async def _started(self, predictor: Predictor) -> Predictor:
        try:
            await predictor.start()
        except Exception:
            await self._close(predictor)
            raise
        return predictor

    async def _close(self, predictor: Predictor) -> None:
        # A batch that runs still needs a moment, however late it is.
        until_seconds = self._drain_until_seconds or 0.0
        await predictor.close(patience_seconds=max(LEAST_PATIENCE_SECONDS, until_seconds - time.monotonic()))
