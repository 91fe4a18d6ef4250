import asyncio
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.runtime.heap import freeze_heap
from service.runtime.lifecycle import Lifecycle
from service.settings import Settings
from service.telemetry.metrics import Metrics


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _thaw() -> Iterator[None]:
    """Leave the heap to the collector again."""
    yield
    gc.unfreeze()


def test_what_is_there_is_not_looked_at_any_more() -> None:
    kept = Knot()
    freeze_heap()
    assert not any(each is kept for each in gc.get_objects())


def test_what_an_earlier_version_left_is_collected() -> None:
    old = Knot()
    left = weakref.ref(old)
    freeze_heap()
    del old
    gc.collect()
    assert left() is not None, "it is frozen"
    freeze_heap()
    assert left() is None


def test_a_model_that_is_ready_is_frozen(tiny_store: Path) -> None:
    async def classifier() -> object:
        lifecycle = Lifecycle(Settings(model_store=str(tiny_store), lanes=1), Metrics([]))
        lifecycle.start()
        await lifecycle.loaded()
        slot = lifecycle.admit()
        await lifecycle.close()
        return slot.version.classifier

    loaded = asyncio.run(classifier())
    assert not any(each is loaded for each in gc.get_objects())
