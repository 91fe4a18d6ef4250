"""Making a slot: a version is read, checked, built and run once on every lane before it may answer."""

import logging
from collections.abc import Callable
from functools import partial

import sentiment
from model_store import Manifest, ModelVersion, golden
from sentiment import SentimentError
from service.batching.batcher import Batcher
from service.batching.model import Model
from service.errors import UnfitVersion
from service.runtime.background import in_thread
from service.runtime.heap import freeze_heap
from service.runtime.loading import Loader, check_fit, open_store
from service.runtime.slots import RestingVersion, Slot
from service.settings import Settings
from service.telemetry.logs import log_event

__all__ = ["Builder"]


class Builder:
    """Makes slots for one batcher, beside the event loop."""

    def __init__(self, settings: Settings, load: Loader, batcher: Batcher, device: str) -> None:
        self._settings = settings
        self._load_version = load
        self._batcher = batcher
        self._device = device

    async def build(self, reference: str, live: Manifest | None) -> Slot:
        """Load a version, such as "reviews@3", in place of or beside the live one.

        Raises SentimentError when it is not fit to answer, whatever is wrong with it.
        """
        return await self._finish(partial(self._load, reference, live))

    async def wake(self, resting: RestingVersion) -> Slot:
        """Give a version that was live before its table back; raises SentimentError."""
        return await self._finish(partial(self._wake, resting))

    async def _finish(self, make: Callable[[], ModelVersion]) -> Slot:
        try:
            version = await in_thread(make)
            model = _model(version)
            await self._batcher.warm_up(model)
            await in_thread(freeze_heap)
        except SentimentError:
            raise
        except Exception as error:
            log_event("loading_failed", level=logging.ERROR, error=error)
            raise UnfitVersion(
                f"the model could not be loaded: {type(error).__name__}; the log has the place"
            ) from error
        return Slot(version=version, model=model, batcher=self._batcher)

    def _load(self, reference: str, live: Manifest | None) -> ModelVersion:
        store = open_store(self._settings)
        check_fit(store.manifest(*store.resolve(reference)), live, device=self._device)
        return self._load_version(self._settings, reference)

    def _wake(self, resting: RestingVersion) -> ModelVersion:
        sentiment.set_num_threads(self._settings.lane_threads)
        version = resting.wake()
        golden.check(version.classifier, version.golden)
        return version


def _model(version: ModelVersion) -> Model:
    return Model(
        name=version.manifest.model,
        version=version.manifest.version,
        tokenizer=version.classifier.tokenizer,
        scorer=version.classifier,
    )
