"""Which versions are loaded, kept as the store says."""

import asyncio
import gc
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from model_store.reference import parse
from sentiment import SentimentError
from service.runtime.background import gone, in_thread
from service.runtime.backoff import Backoff
from service.runtime.builder import Builder
from service.runtime.loading import open_store
from service.runtime.selection import earlier_versions, is_pinned, wanted_version
from service.runtime.slots import RestingVersion, Slot
from service.settings import Settings
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Refusal", "Versions"]

RELEASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why what the store asks for does not answer."""

    version: int | None
    """None when the store cannot be read, so that nobody knows what it asks for."""
    reason: str
    since: str
    """ISO 8601 in UTC."""


class Versions:
    """The slots of one service. Owned by the event loop; only loading runs in other threads.

    At most two versions have a look-up table at any time: the live one, and one that is being built, or that
    answers its last requests.
    """

    def __init__(self, settings: Settings, metrics: Metrics, builder: Builder) -> None:
        self._settings = settings
        self._metrics = metrics
        self._builder = builder
        self._store = open_store(settings)
        self._model = parse(settings.model).model
        self._backoff = Backoff(max(1, settings.follow_seconds))
        self._asked = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._leaving: asyncio.Event | None = None
        self.live: Slot | None = None
        """The version that answers; None until it is ready."""
        self.previous: RestingVersion | None = None
        """The version that was live before it."""
        self.refusal: Refusal | None = None

    @property
    def follows(self) -> bool:
        """Whether it looks at the store again: not with a version's number, nor with FOLLOW_SECONDS 0."""
        return self._settings.follow_seconds > 0 and not is_pinned(self._settings.model)

    async def start(self) -> None:
        """Load the version that the store names, or, if that is not fit to answer, one that was live before.

        Raises SentimentError when there is none; of a version that the settings name by its number, at once.
        """
        version = None
        try:
            version = await in_thread(partial(wanted_version, self._store, self._settings.model))
            self._show(await self._build(version))
        except SentimentError as error:
            if is_pinned(self._settings.model):
                raise
            await self._fall_back(version, error)

    async def follow(self) -> None:
        """Look at the store again and again, until cancelled."""
        while self.follows:
            waiting, self._waiting = self._waiting, []
            await self._look()
            for each in waiting:
                if not each.done():
                    each.set_result(None)
            if not self._waiting:
                await _happens(self._asked, timeout_seconds=self._settings.follow_seconds)
            self._asked.clear()

    async def refresh(self) -> None:
        """Look at the store at once, and return when what it asks for answers or is refused."""
        if not self.follows:
            return
        looked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(looked)
        self.hurry()
        await looked

    def hurry(self) -> None:
        """Look at the store at once, also for a version that was refused a moment ago."""
        self._backoff.clear()
        self._asked.set()

    async def _look(self) -> None:
        try:
            version = await in_thread(partial(wanted_version, self._store, self._settings.model))
        except Exception as error:
            self._refuse(None, error)
            return
        if self.live is not None and version == self.live.number:
            self._accept()
        elif self._backoff.is_due(version, time.monotonic()):
            await self._switch(version)

    async def _switch(self, version: int) -> None:
        """Put another version in place of the live one, or say why not."""
        try:
            slot = await self._build(version)
        except SentimentError as error:
            self._backoff.failed(version, time.monotonic())
            self._refuse(version, error)
        else:
            self._show(slot)

    async def _build(self, version: int) -> Slot:
        await self._release()
        resting = self.previous
        if resting is not None and await in_thread(partial(self._is_unchanged, resting, version)):
            return await self._builder.wake(resting)
        live = None if self.live is None else self.live.version.manifest
        return await self._builder.build(f"{self._model}@{version}", live)

    async def _release(self) -> None:
        """Return when the version that was live before has answered its last request: no third table fits."""
        while self._leaving is not None and not self._leaving.is_set():
            if not await _happens(self._leaving, timeout_seconds=RELEASE_SECONDS):
                log_event("version_still_held", level=logging.WARNING)
                await in_thread(gc.collect)  # for a cycle of references that nobody has foreseen
        self._leaving = None

    def _is_unchanged(self, resting: RestingVersion, version: int) -> bool:
        """Return whether the store has this version, and it is the one that is kept in memory."""
        return (
            resting.manifest.version == version
            and self._store.manifest(self._model, version) == resting.manifest
        )

    async def _fall_back(self, wanted: int | None, error: SentimentError) -> None:
        """Let the newest version answer that was live before and is fit; else raise the error."""
        for version in await in_thread(partial(earlier_versions, self._store, self._settings.model)):
            try:
                slot = await self._build(version)
            except SentimentError as other:
                log_event("version_refused", level=logging.WARNING, model_version=version, reason=str(other))
                continue
            self._show(slot)
            self._refuse(wanted, error)
            log_event("fell_back", level=logging.ERROR, model_version=version, reason=str(error))
            return
        raise error

    def _show(self, slot: Slot) -> None:
        """Let a version answer from now on: no request sees two."""
        before, self.live = self.live, slot
        if before is not None:
            self.previous = RestingVersion.of(before.version)
            self._leaving = gone(before.version.classifier)
            log_event("switched", model_version=slot.number, previous_version=before.number)
        self._metrics.loaded(slot.version)
        self._metrics.swapped("live")
        self._accept()

    def _accept(self) -> None:
        self.refusal = None
        self._metrics.model_behind.set(0)

    def _refuse(self, version: int | None, error: Exception) -> None:
        """Say why the store's wish is not followed, once for each reason."""
        self._metrics.swapped("refused")
        self._metrics.model_behind.set(1)
        reason = str(error)
        if self.refusal is None or (self.refusal.version, self.refusal.reason) != (version, reason):
            since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.refusal = Refusal(version=version, reason=reason, since=since)
            log_event("version_refused", level=logging.WARNING, model_version=version, reason=reason)


async def _happens(event: asyncio.Event, *, timeout_seconds: float) -> bool:
    """Wait for an event; return whether it came in time."""
    try:
        await asyncio.wait_for(event.wait(), timeout_seconds)
    except TimeoutError:
        return False
    return True
