"""From start to stop: loading the model beside the running server, being ready, draining."""

import asyncio
import logging
import time

import sentiment
from model_store import ModelVersion
from sentiment import SentimentError
from service.batching.batcher import Batcher, BatcherOptions
from service.errors import Draining, NotReady, Unhealthy
from service.runtime.builder import Builder
from service.runtime.loading import Loader, load_version
from service.runtime.slots import Slot
from service.runtime.versions import Versions
from service.settings import Settings
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Lifecycle"]

MIN_PATIENCE_SECONDS = 1.0


class Lifecycle:
    """The state of one service. Owned by the event loop; only loading runs in another thread."""

    def __init__(
        self, settings: Settings, metrics: Metrics, *, load: Loader = load_version, url: str | None = None
    ) -> None:
        """Take where the service can be reached, if that is known, for the log."""
        self._load_version = load
        self._settings = settings
        self._metrics = metrics
        self._url = url
        self._loader: asyncio.Task[None] | None = None
        self._follower: asyncio.Task[None] | None = None
        self._batcher: Batcher | None = None
        self._drain_until_seconds: float | None = None
        self.drains = asyncio.Event()
        """Set when no new requests are admitted any more."""
        self.versions: Versions | None = None
        """The loaded versions; None until the device is known."""
        self.failure: str | None = None
        """Why the model could not be loaded, in one line for people; the server should stop then."""
        metrics.ready.set_function(lambda: float(self.slot is not None and not self._draining))

    @property
    def slot(self) -> Slot | None:
        """The version that answers, also while draining; None until it is ready."""
        return None if self.versions is None else self.versions.live

    @property
    def is_loading(self) -> bool:
        """Whether a version is still being loaded, so that no request has been admitted yet."""
        return self._loader is not None and not self._loader.done()

    def start(self) -> None:
        """Begin to load the model; call it on the event loop."""
        self._loader = asyncio.create_task(self._load())

    async def loaded(self) -> None:
        """Return when the model is ready, or cannot be loaded and `failure` says why."""
        if self._loader is not None:
            # The caller may give up waiting; loading goes on.
            await asyncio.shield(self._loader)

    def admit(self) -> Slot:
        """Return what answers a new request; raises NotReady or Draining."""
        if self._draining:
            raise Draining
        slot = self.slot
        if slot is None:
            raise NotReady
        return slot

    def hurry(self) -> None:
        """Look at the store at once, without waiting for it."""
        if self.versions is not None:
            self.versions.hurry()

    def check_health(self) -> None:
        """Raise Unhealthy when only a new process helps."""
        if self._batcher is not None and not self._batcher.is_healthy:
            raise Unhealthy

    def drain(self) -> None:
        """Admit no new requests from now on."""
        self.drains.set()
        if self._drain_until_seconds is None:
            self._drain_until_seconds = time.monotonic() + self._settings.drain_seconds

    async def close(self) -> None:
        """Wait for the loader, answer everything that was admitted, and end all threads."""
        self.drain()
        if self._loader is not None:
            await self._loader
        if self._follower is not None:
            self._follower.cancel()
        if self.versions is not None and self.versions.candidate is not None:
            self.versions.candidate.shadow.close()
        if self._batcher is not None:
            # A batch that is running still needs a moment, however late it is.
            left_seconds = (self._drain_until_seconds or 0.0) - time.monotonic()
            await self._batcher.close(patience_seconds=max(MIN_PATIENCE_SECONDS, left_seconds))

    @property
    def _draining(self) -> bool:
        return self._drain_until_seconds is not None

    async def _load(self) -> None:
        try:
            await self._start()
        except SentimentError as error:
            self.failure = str(error)
        except Exception as error:
            log_event("loading_failed", level=logging.ERROR, error=error)
            self.failure = f"the service could not be started: {type(error).__name__}; the log has the place"

    async def _start(self) -> None:
        """Start the batcher, load a version, and follow the store from then on."""
        device = await asyncio.to_thread(self._choose_device)
        self._batcher = Batcher(_options(self._settings, device), self._metrics)
        self._batcher.start()
        builder = Builder(self._settings, self._load_version, self._batcher, device)
        versions = self.versions = Versions(self._settings, self._metrics, builder)
        await versions.start()
        if (slot := self.slot) is not None:
            self._log_ready(slot.version)
        self._follower = asyncio.create_task(versions.follow())

    def _choose_device(self) -> str:
        # By the module, which imports PyTorch when this name is first used; that takes seconds.
        return sentiment.choose_device(self._settings.device).type

    def _log_ready(self, version: ModelVersion) -> None:
        log_event(
            "ready",
            url=self._url,
            docs_url=self._url and f"{self._url}/docs",
            model=version.manifest.model,
            model_version=version.manifest.version,
            device=version.classifier.device,
            kernel=version.classifier.kernel,
            lanes=self._settings.num_lanes(version.classifier.device),
            lane_threads=self._settings.lane_threads,
        )


def _options(settings: Settings, device: str) -> BatcherOptions:
    return BatcherOptions(
        max_batch_tokens=settings.max_batch_tokens,
        max_queue_tokens=settings.max_queue_tokens,
        num_lanes=settings.num_lanes(device),
        lane_threads=settings.lane_threads,
        lane_stall_seconds=settings.lane_stall_seconds,
    )
