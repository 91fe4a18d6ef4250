"""Which labels a version has, also one that is not loaded here, or not in the store any more."""

import asyncio
from collections.abc import Iterable, Mapping, Set
from functools import partial

from model_store import Manifest, Store, StoreError
from service.runtime.background import in_thread

__all__ = ["VersionLabels"]


class VersionLabels:
    """The labels of all versions of a model that the store has or its history names.

    Owned by the event loop; the store is read in a thread, by one at a time, and each version once: whoever
    asks for numbers that do not exist costs a listing. The loaded versions are known without it.
    """

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._model = model
        self._known: dict[int, tuple[str, ...]] = {}
        self._running: asyncio.Task[StoreError | None] | None = None
        self._next: asyncio.Task[StoreError | None] | None = None

    def learn(self, manifest: Manifest) -> None:
        """Take the labels of a version that is loaded."""
        self._known[manifest.version] = manifest.labels

    async def of(self, versions: Set[int]) -> Mapping[int, tuple[str, ...]]:
        """Return the labels of all that are known, these versions among them if they exist.

        Raises StoreError when the store must be read for that, and cannot be.
        """
        if not versions <= self._known.keys():
            error = await self._look()
            if error is not None and not versions <= self._known.keys():
                raise error
        return self._known

    async def _look(self) -> StoreError | None:
        """Look at the store, and return why that did not succeed; all who come before it begins share a look.

        One that has begun may have missed what is asked for. Nobody who gives up stops it, so that a disk
        that hangs holds one thread, however many ask.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._read(self._running))
        return await asyncio.shield(self._next)

    async def _read(self, before: "asyncio.Task[StoreError | None] | None") -> StoreError | None:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        fallback = next(iter(self._known.values()), ())
        read = partial(_read_labels, self._store, self._model, frozenset(self._known), fallback)
        found, error = await in_thread(read)
        self._known |= found
        return error


def _read_labels(
    store: Store, model: str, known: Set[int], fallback: tuple[str, ...]
) -> tuple[dict[int, tuple[str, ...]], StoreError | None]:
    """Return the labels of the versions that are not known yet, and why there may be more."""
    try:
        named, error = set(store.versions(model)), None
        try:
            named |= _named(store, model)
        except StoreError as caught:
            error = caught
        found = {version: _labels(store, model, version) or fallback for version in named - known}
    except StoreError as caught:
        return {}, caught
    return found, error


def _named(store: Store, model: str) -> set[int]:
    """Return the versions that the history of a model names."""
    events = store.history(model)
    versions: Iterable[int | None] = (
        version for event in events for version in (event.from_version, event.to_version)
    )
    return {version for version in versions if version is not None}


def _labels(store: Store, model: str, version: int) -> tuple[str, ...] | None:
    """Return the labels of a version, None where no manifest can be read.

    They are those of all versions then: what has other labels is another model.
    """
    for manifest in (store.manifest, store.removed_manifest):
        try:
            return manifest(model, version).labels
        except StoreError:
            continue
    return None
