"""Which versions are loaded, kept as the store says."""

import asyncio
import gc
import logging
import time
from dataclasses import dataclass
from functools import partial

from model_store import Event, Manifest, Rollout
from model_store.reference import parse
from sentiment import SentimentError
from service.runtime.background import gone, in_thread
from service.runtime.backoff import Backoff
from service.runtime.builder import Builder
from service.runtime.labels import VersionLabels
from service.runtime.loading import open_store
from service.runtime.refusal import Refusal, refuse
from service.runtime.selection import earlier_versions, is_pinned, wanted_version
from service.runtime.shadow import Shadow
from service.runtime.slots import RestingVersion, Slot
from service.settings import Settings
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Candidate", "Versions"]

RELEASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A version that is tried beside the live one."""

    slot: Slot
    shadow: Shadow
    rollout: Rollout


class Versions:
    """The slots of one service. Owned by the event loop; only loading runs in other threads.

    At most two versions have a look-up table at any time: the live one, and one more, which is the candidate,
    is being built, or answers its last requests.
    """

    def __init__(self, settings: Settings, metrics: Metrics, builder: Builder) -> None:
        self._settings = settings
        self._metrics = metrics
        self._builder = builder
        self._store = open_store(settings)
        self.model = parse(settings.model).model
        self.labels = VersionLabels(self._store, self.model)
        """Those of every version, loaded or not."""
        self._backoff = Backoff(max(1, settings.follow_seconds))
        self._candidate_backoff = Backoff(max(1, settings.follow_seconds))
        self._asked = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._leaving: list[asyncio.Event] = []
        self.live: Slot | None = None
        """The version that answers; None until it is ready."""
        self.previous: RestingVersion | None = None
        """The version that was live before it."""
        self.candidate: Candidate | None = None
        """The version that is tried beside it, once it is ready."""
        self.refusal: Refusal | None = None
        self.candidate_refusal: Refusal | None = None

    @property
    def follows(self) -> bool:
        """Whether it looks at the store again: not with a version's number, nor with FOLLOW_SECONDS 0."""
        return self._settings.follow_seconds > 0 and not is_pinned(self._settings.model)

    def slots(self) -> list[Slot]:
        """Return the versions that can answer, the live one first."""
        candidate = [] if self.candidate is None else [self.candidate.slot]
        return [slot for slot in (self.live, *candidate) if slot is not None]

    def named(self, name: str) -> Slot | None:
        """Return the loaded version that is called by its number, or "candidate"."""
        if name == "candidate":
            return None if self.candidate is None else self.candidate.slot
        return next((slot for slot in self.slots() if str(slot.number) == name), None)

    def manifest(self, version: int) -> Manifest | None:
        """Return the manifest of a version that is held, the previous one among them."""
        held = [slot.version.manifest for slot in self.slots()]
        if self.previous is not None:
            held.append(self.previous.manifest)
        return next((each for each in held if each.version == version), None)

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a file that the manifest lists, checked; call it in a thread. Raises StoreError."""
        return self._store.read_file(manifest, name)

    def history(self) -> tuple[Event, ...]:
        """Return what the store says of the model's history; call it in a thread. Raises StoreError."""
        return self._store.history(self.model)

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
        self._candidate_backoff.clear()
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
        try:
            rollout = await in_thread(partial(self._store.rollout, self.model))
        except Exception as error:
            self._drop_candidate()
            self.candidate_refusal = refuse(self.candidate_refusal, None, error)
            return
        await self._try(rollout)

    async def _try(self, rollout: Rollout | None) -> None:
        """Hold the candidate of a rollout beside the live version, with its shares."""
        if rollout is None or self.live is None or rollout.candidate == self.live.number:
            self._drop_candidate()
            self.candidate_refusal = None
            return
        if self.candidate is not None and self.candidate.slot.number == rollout.candidate:
            if self.candidate.rollout != rollout:
                self._hold(self.candidate.slot, self.candidate.shadow, rollout)
            return
        self._drop_candidate()
        if not self._candidate_backoff.is_due(rollout.candidate, time.monotonic()):
            return
        try:
            slot = await self._build(rollout.candidate)
        except SentimentError as error:
            self._candidate_backoff.failed(rollout.candidate, time.monotonic())
            self._metrics.swapped("refused")
            self.candidate_refusal = refuse(self.candidate_refusal, rollout.candidate, error)
        else:
            self._hold(slot, Shadow(slot, self._metrics), rollout)

    def _hold(self, slot: Slot, shadow: Shadow, rollout: Rollout) -> None:
        self.candidate = Candidate(slot=slot, shadow=shadow, rollout=rollout)
        self.candidate_refusal = None
        self.labels.learn(slot.version.manifest)
        self._metrics.rollout(slot.version, canary=rollout.canary, shadow=rollout.shadow)
        log_event("rollout", model_version=slot.number, canary=rollout.canary, shadow=rollout.shadow)

    def _drop_candidate(self) -> None:
        """Let no request reach the candidate any more; its table goes with the last one that it has."""
        if self.candidate is None:
            return
        dropped, self.candidate = self.candidate, None
        dropped.shadow.close()
        self._leaving.append(gone(dropped.slot.version.classifier))
        self._metrics.rollout(None)
        log_event("rollout_ended", model_version=dropped.slot.number)

    async def _switch(self, version: int) -> None:
        """Put another version in place of the live one, or say why not."""
        candidate = self.candidate
        if candidate is not None and candidate.slot.number == version:
            candidate.shadow.close()
            self.candidate = None
            self._metrics.rollout(None)
            self._show(candidate.slot)
            return
        del candidate
        self._drop_candidate()
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
        return await self._builder.build(f"{self.model}@{version}", live)

    async def _release(self) -> None:
        """Return when what went out of service has answered its last request: no third table fits."""
        while self._leaving:
            if await _happens(self._leaving[-1], timeout_seconds=RELEASE_SECONDS):
                self._leaving.pop()
            else:
                log_event("version_still_held", level=logging.WARNING)
                await in_thread(gc.collect)  # for a cycle of references that nobody has foreseen

    def _is_unchanged(self, resting: RestingVersion, version: int) -> bool:
        """Return whether the store has this version, and it is the one that is kept in memory."""
        return (
            resting.manifest.version == version
            and self._store.manifest(self.model, version) == resting.manifest
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
            self._leaving.append(gone(before.version.classifier))
            log_event("switched", model_version=slot.number, previous_version=before.number)
        self.labels.learn(slot.version.manifest)
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
        self.refusal = refuse(self.refusal, version, error)


async def _happens(event: asyncio.Event, *, timeout_seconds: float) -> bool:
    """Wait for an event; return whether it came in time."""
    try:
        await asyncio.wait_for(event.wait(), timeout_seconds)
    except TimeoutError:
        return False
    return True
