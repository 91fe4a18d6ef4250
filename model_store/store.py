"""A folder of models, each a folder of numbered versions."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from model_store import publisher
from model_store.aliases import read_aliases, write_alias
from model_store.draft import Draft
from model_store.errors import (
    AliasNotFound,
    ModelNotFound,
    StoreNotFound,
    UnsupportedLocation,
    VersionNotFound,
)
from model_store.files import explained
from model_store.manifest import Manifest
from model_store.reader import find_leftovers, read_files, read_manifest
from model_store.reference import MODEL_PATTERN, check_alias, check_model, parse, parse_version
from model_store.version import ModelVersion, build

__all__ = ["RELEASED", "Store"]

RELEASED = Path(__file__).parent / "released"
"""The store that ships with this software."""


def utc_now() -> datetime:
    """Return the time of the system's clock."""
    return datetime.now(UTC)


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

    def leftovers(self, model: str, version: int) -> list[str]:
        """Return the paths in a version that are ignored, since file browsers and the like left them.

        Raises what `verify` raises for anything else that is not listed.
        """
        manifest = self.manifest(model, version)
        with self._reading():
            return find_leftovers(self._folder(model, version), manifest)

    def load(self, reference: str, device: str = "auto") -> ModelVersion:
        """Read a version, verify every byte of it, and only then build its classifier.

        Raises what `resolve` and `verify` raise, and InvalidConfiguration for a device that cannot be had.
        """
        model, version = self.resolve(reference)
        folder = self._folder(model, version)
        manifest = self.manifest(model, version)
        with self._reading():
            files = dict(read_files(folder, manifest))
        return build(folder, manifest, files, device)

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

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Point an alias at a version; readers see the old or the new one.

        Raises VersionNotFound and CorruptAliases.
        """
        check_alias(alias)
        folder = self._folder(model, version).parent
        with explained(folder):
            write_alias(folder, alias, version)

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
