"""A version before it has a number."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

from model_store.errors import InvalidDraft, InvalidManifest
from model_store.manifest import (
    FILE_PATTERN,
    MANIFEST_FILE,
    MANIFEST_HASH_FILE,
    REQUIRED_FILES,
    FileEntry,
    Manifest,
    VersionFacts,
)
from sentiment.saved import needed_schema

__all__ = ["Draft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(VersionFacts):
    """A version without its number and time, which `Store.publish` adds."""

    payload: Mapping[str, bytes]
    """The content of each file, by its path within the version."""

    def manifest(self, *, version: int, created_at: str) -> Manifest:
        """Return the checked manifest of this draft as a version.

        Raises InvalidDraft, naming the field or the file, for one that no reader would accept.
        """
        self._check_payload()
        try:
            manifest = Manifest(
                **{each.name: getattr(self, each.name) for each in fields(VersionFacts)},
                schema_version=needed_schema(self),
                version=version,
                created_at=created_at,
                files={path: describe(content) for path, content in self.payload.items()},
            )
            return Manifest.from_json(manifest.to_json(), source=MANIFEST_FILE)
        except (InvalidManifest, ValueError, TypeError) as error:
            raise InvalidDraft(f"a draft of {self.model!r} cannot be published: {error}") from error

    def _check_payload(self) -> None:
        for path in REQUIRED_FILES:
            if path not in self.payload:
                raise InvalidDraft(f"a draft of {self.model!r} cannot be published: its payload lacks {path}")
        for path in self.payload:
            self._check_path(path)

    def _check_path(self, path: str) -> None:
        if not re.fullmatch(FILE_PATTERN, path):
            raise InvalidDraft(
                f"payload path {path!r}: use a relative path of letters, digits, '.', '_' and '-', with '/' "
                "between folders, and no name that begins with '.'"
            )
        if path in (MANIFEST_FILE, MANIFEST_HASH_FILE):
            raise InvalidDraft(f"payload path {path!r}: the store writes this file itself")
        parents = {parent.as_posix() for parent in PurePosixPath(path).parents}
        if taken := sorted(parents & self.payload.keys()):
            raise InvalidDraft(f"payload path {path!r}: {taken[0]!r} is a file, so it cannot be a folder too")


def describe(content: bytes) -> FileEntry:
    """Return a file's size and hash."""
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
