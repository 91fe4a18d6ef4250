"""A version before it has a number."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from model_store.errors import InvalidDraft, InvalidManifest
from model_store.manifest import (
    FILE_PATTERN,
    MANIFEST_FILE,
    MANIFEST_HASH_FILE,
    REQUIRED_FILES,
    DataFingerprint,
    DuplicateFigures,
    Evaluation,
    FileEntry,
    Histogram,
    Manifest,
    ProbeFigures,
)
from sentiment import NetworkConfig, TokenizerConfig
from sentiment.saved import needed_schema

__all__ = ["Draft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that makes a version but its number and time, which `Store.publish` gives it.

    The fields are those of `Manifest`; `payload` holds the content of each file by its relative path.
    """

    model: str
    labels: tuple[str, ...]
    network: NetworkConfig
    tokenizer: TokenizerConfig
    temperature: float
    recipe: dict[str, JsonValue]
    data: tuple[DataFingerprint, ...]
    evaluation: dict[str, Evaluation]
    probes: dict[str, ProbeFigures] = field(default_factory=dict)
    duplicates: dict[str, DuplicateFigures] = field(default_factory=dict)
    num_runs: int | None = None
    reference: dict[str, Histogram]
    libraries: dict[str, str]
    payload: Mapping[str, bytes]

    def manifest(self, *, version: int, created_at: str) -> Manifest:
        """Return the checked manifest of this draft as a version.

        Raises InvalidDraft, naming the field or the file, for one that no reader would accept.
        """
        self._check_payload()
        try:
            manifest = Manifest(
                schema_version=needed_schema(self),
                model=self.model,
                version=version,
                created_at=created_at,
                labels=self.labels,
                network=self.network,
                tokenizer=self.tokenizer,
                temperature=self.temperature,
                recipe=self.recipe,
                data=self.data,
                evaluation=self.evaluation,
                probes=self.probes,
                duplicates=self.duplicates,
                num_runs=self.num_runs,
                reference=self.reference,
                libraries=self.libraries,
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
        parents = {path[:place] for place, character in enumerate(path) if character == "/"}
        if taken := sorted(parents & self.payload.keys()):
            raise InvalidDraft(f"payload path {path!r}: {taken[0]!r} is a file, so it cannot be a folder too")


def describe(content: bytes) -> FileEntry:
    """Return a file's size and hash."""
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
