"""A folder of models, each a folder of numbered versions."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import EllipsisType

from model_store import publisher, removal
from model_store.aliases import read_aliases, write_alias
from model_store.draft import Draft
from model_store.errors import (
    AliasMoved,
    AliasNotFound,
    CorruptRollout,
    ModelNotFound,
    StoreNotFound,
    UnsupportedLocation,
    VersionInUse,
    VersionNotFound,
)
from model_store.files import explained, locked
from model_store.history import BY_HAND, Event, Reason, append_event, read_history, user
from model_store.manifest import Manifest
from model_store.moment import moment, utc_now
from model_store.reader import find_leftovers, read_file, read_files, read_manifest
from model_store.reference import (
    DEFAULT_ALIAS,
    MODEL_PATTERN,
    check_alias,
    check_model,
    parse,
    parse_version,
)
from model_store.rollout import Rollout, read_rollout, write_rollout
from model_store.version import ModelVersion, build

__all__ = ["RELEASED", "Store"]

_LOCK_FILE = ".aliases.lock"

RELEASED = Path(__file__).parent / "released"
"""The store that ships with this software."""


class Store:
    """Versions of models in a folder.

    It keeps nothing in memory: any number of stores, threads and processes may read and publish at once.

    Every method raises StoreNotFound where there is no folder, StoreUnavailable where the file system
    refuses, InvalidReference for misspelled names, and the errors that it lists itself; all are StoreErrors.
    """

    def __init__(self, root: Path | str = RELEASED, *, now: Callable[[], datetime] = utc_now) -> None:
        """Take the folder; `publish` makes it if it is missing. Raises UnsupportedLocation for a URL."""
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(root)):  # `Path` makes one slash of two
            raise UnsupportedLocation(
                f"{root}: only folders are supported as a model store in this release: give a path"
            )
        self.root = Path(root)
        self._now = now

    def models(self) -> list[str]:
        """Return the names of all models that have a version, sorted."""
        with self._reading():
            names = sorted(path.name for path in self.root.iterdir())
            return [name for name in names if re.fullmatch(MODEL_PATTERN, name) and self._versions(name)]

    def versions(self, model: str) -> list[int]:
        """Return a model's version numbers, rising; raises ModelNotFound."""
        check_model(model)
        with self._reading():
            versions = self._versions(model)
        if not versions:
            known = ", ".join(self.models())
            advice = f"its models are {known}" if known else "train one, or point to another store"
            raise ModelNotFound(f"{self.root}: has no model {model!r}: {advice}")
        return versions

    def aliases(self, model: str) -> dict[str, int]:
        """Return a model's aliases with their versions; raises ModelNotFound and CorruptAliases."""
        self.versions(model)
        with self._reading():
            return read_aliases(self.root / model)

    def resolve(self, reference: str) -> tuple[str, int]:
        """Return the model and version that "reviews", "reviews@production" or "reviews@3" refers to now.

        Raises ModelNotFound, AliasNotFound, VersionNotFound and CorruptAliases.
        """
        wanted = parse(reference)
        if isinstance(wanted.selector, int):
            version = wanted.selector
        else:
            version = self._follow(wanted.model, wanted.selector)
        self._folder(wanted.model, version)
        return wanted.model, version

    def manifest(self, model: str, version: int) -> Manifest:
        """Return a version's manifest, checked; the version's other files are not looked at.

        Raises VersionNotFound, CorruptVersion, NewerSchema and InvalidManifest.
        """
        folder = self._folder(model, version)
        with self._reading():
            return read_manifest(folder, model=model, version=version)

    def verify(self, model: str, version: int) -> Manifest:
        """Check the size and hash of every file of a version, and that there is no other but leftovers.

        Returns its manifest, and raises what `manifest` raises.
        """
        manifest = self.manifest(model, version)
        with self._reading():
            for _ in read_files(self._folder(model, version), manifest):
                pass
        return manifest

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a file that a version's manifest lists, if its size and hash are those of the manifest.

        Raises KeyError for another name, VersionNotFound and CorruptVersion.
        """
        folder = self._folder(manifest.model, manifest.version)
        with self._reading():
            return read_file(folder, manifest, name)

    def leftovers(self, model: str, version: int) -> list[str]:
        """Return the paths in a version that are ignored, since file browsers and the like left them.

        Raises what `verify` raises for anything else that is not listed.
        """
        manifest = self.manifest(model, version)
        with self._reading():
            return find_leftovers(self._folder(model, version), manifest)

    def load(self, reference: str, device: str = "auto", precision: str = "float32") -> ModelVersion:
        """Read a version, verify every byte of it, and only then build its classifier.

        Raises what `resolve` and `verify` raise, and InvalidConfiguration for a device or a precision that
        cannot be had.
        """
        model, version = self.resolve(reference)
        folder = self._folder(model, version)
        manifest = self.manifest(model, version)
        with self._reading():
            files = dict(read_files(folder, manifest))
        return build(folder, manifest, files, device, precision)

    def publish(self, draft: Draft) -> int:
        """Add a draft as the next version of its model, whole or not at all, and return its number.

        No alias moves. Raises InvalidDraft for a draft that no reader would accept.
        """
        check_model(draft.model)
        self._refuse_file()
        with explained(self.root):
            return publisher.publish(self.root / draft.model, draft, self._now())

    def rehearse(self, draft: Draft) -> None:
        """Raise what `publish` would raise of a draft, and add nothing: for one that has no figures yet."""
        check_model(draft.model)
        self._refuse_file()
        with explained(self.root):
            publisher.rehearse(self.root / draft.model, draft, self._now())

    def set_alias(
        self,
        model: str,
        alias: str,
        version: int,
        reason: Reason = BY_HAND,
        *,
        before: int | EllipsisType | None = ...,
    ) -> Event:
        """Point an alias at a version, and return the line that the history has of it.

        Readers see the old or the new one. The rollout of a version that becomes `production` ends, and so
        does any at a rollback. With `before`, the alias must stand for that version still, or for none.
        Raises VersionNotFound, CorruptAliases, and AliasMoved.
        """
        check_alias(alias)
        folder = self._folder(model, version).parent
        with self._moving(folder):
            self._folder(model, version)  # it may have been removed while this waited for the lock
            now = read_aliases(folder).get(alias)
            if before is not ... and now != before:
                raise AliasMoved(
                    f"{model}@{alias} moved from version {before} to {now} meanwhile: run the command again"
                )
            event = self._event(reason, alias, now, version)
            write_alias(folder, alias, version, event)
            if alias == DEFAULT_ALIAS and _ends_rollout(folder, event):
                write_rollout(folder, None)
        return event

    def history(self, model: str) -> tuple[Event, ...]:
        """Return what happened to a model's aliases and rollouts, the oldest first.

        Raises ModelNotFound and CorruptHistory.
        """
        self.versions(model)
        with self._reading():
            return read_history(self.root / model)

    def rollout(self, model: str) -> Rollout | None:
        """Return which candidate is tried, if any; raises ModelNotFound and CorruptRollout."""
        self.versions(model)
        with self._reading():
            return read_rollout(self.root / model)

    def set_rollout(self, model: str, rollout: Rollout | None, reason: Reason) -> Event:
        """Begin or change the rollout of a candidate, or end it with None.

        An unreadable one is replaced too. Raises ModelNotFound and VersionNotFound.
        """
        self.versions(model)
        folder = self.root / model
        with self._moving(folder):
            if rollout is not None:
                self._folder(model, rollout.candidate)
            before = _readable_rollout(folder)
            event = self._event(reason, None, _candidate(before), _candidate(rollout))
            append_event(folder, event)
            write_rollout(folder, rollout)
        return event

    def remove(self, model: str, version: int, reason: Reason) -> Event:
        """Delete a version all at once for readers, all but its manifest, which `removed_manifest` returns.

        Raises VersionNotFound, VersionInUse, and what `manifest` raises.
        """
        manifest = self.manifest(model, version)
        folder = self._folder(model, version)
        with self._moving(folder.parent):
            _refuse_use(folder.parent, version)
            event = self._event(reason, None, version, None)
            append_event(folder.parent, event)
            removal.remove(folder, manifest)
        return event

    def removed_manifest(self, model: str, version: int) -> Manifest:
        """Return the manifest of a version that `remove` deleted; raises VersionNotFound."""
        self.versions(model)
        with self._reading():
            return removal.read_removed(self.root / model, model=model, version=version)

    @contextmanager
    def _moving(self, folder: Path) -> Iterator[None]:
        """Hold the lock that all changes of a model but publishing share."""
        with explained(folder), locked(folder / _LOCK_FILE):
            yield

    def _event(self, reason: Reason, alias: str | None, before: int | None, after: int | None) -> Event:
        return Event(
            when=moment(self._now()),
            who=user(),
            alias=alias,
            from_version=before,
            to_version=after,
            action=reason.action,
            why=reason.why,
            evidence=dict(reason.evidence),
        )

    def _versions(self, model: str) -> list[int]:
        folder = self.root / model
        if not folder.is_dir():
            return []
        numbers = ((parse_version(path.name), path) for path in folder.iterdir())
        return sorted(number for number, path in numbers if number is not None and path.is_dir())

    def _folder(self, model: str, version: int) -> Path:
        versions = self.versions(model)
        if version not in versions:
            raise VersionNotFound(f"{model} has no version {version}: it has {_join(versions)}")
        return self.root / model / str(version)

    def _follow(self, model: str, alias: str) -> int:
        aliases, versions = self.aliases(model), self.versions(model)
        if alias not in aliases:
            command = f"sentiment-models alias {model}@{versions[-1]} {alias}"
            raise AliasNotFound(
                f"{model} has no alias {alias!r}: name one of its versions, {_join(versions)}, or set it, "
                f"as in `{command}`"
            )
        version = aliases[alias]
        if version not in versions:
            raise VersionNotFound(
                f"alias {alias!r} of {model} stands for version {version}, which the store does not have: "
                f"set it to one of {_join(versions)}"
            )
        return version

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._refuse_file()
        with explained(self.root):
            if not self.root.is_dir():
                raise StoreNotFound(
                    f"{self.root}: there is no such folder: give the path of a model store, or publish there"
                )
            yield

    def _refuse_file(self) -> None:
        with explained(self.root):
            if self.root.exists() and not self.root.is_dir():
                raise StoreNotFound(f"{self.root}: is a file: give the folder of the model store")


def _join(versions: list[int]) -> str:
    return ", ".join(map(str, versions))


def _ends_rollout(folder: Path, event: Event) -> bool:
    rollout = _readable_rollout(folder)
    return event.action == "rollback" or (rollout is not None and rollout.candidate == event.to_version)


def _candidate(rollout: Rollout | None) -> int | None:
    return None if rollout is None else rollout.candidate


def _readable_rollout(folder: Path) -> Rollout | None:
    """Return the rollout, if one can be read: an unreadable one must not keep anybody from ending it."""
    try:
        return read_rollout(folder)
    except CorruptRollout:
        return None


def _refuse_use(folder: Path, version: int) -> None:
    names = [alias for alias, target in read_aliases(folder).items() if target == version]
    rollout = read_rollout(folder)
    if rollout is not None and rollout.candidate == version:
        names.append("the rollout")
    if names:
        raise VersionInUse(f"{folder.name}@{version} cannot be removed: it is in use by {', '.join(names)}")
