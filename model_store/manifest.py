"""What a version says about itself: `manifest.json`.

Manifest
├── labels, network, tokenizer, temperature   what the classifier is built from
├── recipe, data, libraries                   where it comes from
├── evaluation, probes, invariance            how good it is
├── duplicates, num_runs                      how far to trust those figures
├── reference                                 what its inputs and scores looked like, to notice drift
└── files                                     size and SHA-256 of every other file of the version
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from model_store.errors import InvalidManifest, NewerSchema
from model_store.evaluation import Count, Evaluation, Ratio
from model_store.parsing import first_problem
from model_store.reference import MODEL_PATTERN
from sentiment import InvalidConfiguration, NetworkConfig, TokenizerConfig
from sentiment.saved import FIRST_SCHEMA, SINCE_SCHEMA, needed_schema, saved_fields
from sentiment.strict import strict

__all__ = [
    "FILE_PATTERN",
    "MANIFEST_FILE",
    "MANIFEST_HASH_FILE",
    "REQUIRED_FILES",
    "SCHEMA_VERSION",
    "DataFingerprint",
    "DuplicateFigures",
    "FileEntry",
    "Histogram",
    "InvarianceFigures",
    "LabelChangeFigures",
    "Manifest",
    "ProbeFigures",
    "SpreadFigures",
    "VersionFacts",
    "hash_line",
]

SCHEMA_VERSION: Final = 4
"""The latest schema that this release reads; raised when a reader of the last one could misread a manifest.

A manifest names the lowest schema that has all its fields (`sentiment.saved`): older releases may read it."""
MANIFEST_FILE = "manifest.json"
MANIFEST_HASH_FILE = "manifest.json.sha256"
REQUIRED_FILES = ("MODEL_CARD.md", "golden.jsonl", "model.safetensors", "tokenizer.json")
FILE_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"
"""Relative paths of plain names with '/' between them: neither '..', hidden files nor backslashes fit."""

_FIRST_FIELDS = ("schema_version", "model", "version", "created_at")
"""What a person who opens manifest.json looks for."""


def _check_moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]
FilePath = Annotated[str, Field(pattern=FILE_PATTERN)]
BaseName = Annotated[str, Field(pattern=r"^[^/\\]+$")]
Moment = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"), AfterValidator(_check_moment)
]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """The size and hash of a file of the version."""

    sha256: Sha256
    size_bytes: Count


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts of a quantity between edges: `counts[i]` values from `edges[i]` to below `edges[i + 1]`."""

    edges: Annotated[tuple[float, ...], Field(min_length=2)]
    counts: tuple[Count, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.counts) + 1:
            num_edges = len(self.counts) + 1
            raise ValueError(f"{len(self.counts)} counts need {num_edges} edges, not {len(self.edges)}")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("edges must rise")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class DataFingerprint:
    """Which data a version has seen, without the data."""

    role: Literal["train", "validation", "unlabelled", "test"]
    source: BaseName
    """Base name of the file; its folders would say something about the machine."""
    sha256: Sha256
    num_reviews: Count
    label_counts: dict[str, Count]

    def __post_init__(self) -> None:
        if sum(self.label_counts.values()) > self.num_reviews:
            raise ValueError(f"label_counts add up to more than num_reviews, {self.num_reviews}")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFigures:
    """How the version does on short made-up texts that test one capability."""

    num_cases: Annotated[int, Field(ge=1)]
    failure_ratio: Ratio


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadFigures:
    """How far words that say nothing, such as names, move a probability in sentences without an opinion."""

    num_frames: Annotated[int, Field(ge=1)]
    """Sentences, each with all words in turn."""
    num_words: Annotated[int, Field(ge=2)]
    largest: Ratio
    """The largest difference over the words, in the sentence where it is largest."""
    mean: Ratio
    """The mean over the sentences of the largest difference over the words."""

    def __post_init__(self) -> None:
        if self.mean > self.largest:
            raise ValueError("mean cannot be over largest")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChangeFigures:
    """How often a change that says nothing, such as a typo, changes the label of a review."""

    num_reviews: Annotated[int, Field(ge=1)]
    """Reviews that the change can be made to."""
    change_ratio: Ratio


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class InvarianceFigures:
    """What should not matter to the version, and how much it does."""

    spread: dict[Name, SpreadFigures] = field(default_factory=dict)
    """By group of words; empty for a version without the label "positive"."""
    label_changes: dict[Name, LabelChangeFigures] = field(default_factory=dict)
    """By change, on validation reviews."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateFigures:
    """How many reviews of one part of the data are in another part too, word for word or nearly so."""

    num_reviews: Count
    num_near: Count
    """Those with a near-duplicate in the other part, exact copies included."""
    num_exact: Count

    def __post_init__(self) -> None:
        if not self.num_exact <= self.num_near <= self.num_reviews:
            raise ValueError("num_exact cannot be over num_near, nor num_near over num_reviews")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """What a version says about itself, all but its number, its time and its files.

    A draft has these fields, and publishing copies them into the manifest.
    """

    model: Annotated[str, Field(pattern=MODEL_PATTERN)]
    labels: Annotated[tuple[Name, ...], Field(min_length=2)]
    network: NetworkConfig
    tokenizer: TokenizerConfig
    temperature: Annotated[float, Field(gt=0)]
    """Divides the logits (Guo et al. 2017)."""
    temperature_slope: Annotated[float, Field(ge=-1, le=1)] = field(default=0.0, metadata={SINCE_SCHEMA: 2})
    """For a review of n tokens the temperature is temperature * (n / 100) ** temperature_slope."""
    recipe: dict[str, JsonValue]
    data: tuple[DataFingerprint, ...]
    evaluation: dict[Name, Evaluation]
    """By data set: "test", "validation"."""
    probes: dict[Name, ProbeFigures] = field(default_factory=dict)
    """By capability; empty in versions that are older than the probes, and where probes do not apply."""
    invariance: InvarianceFigures | None = field(default=None, metadata={SINCE_SCHEMA: 3})
    """None in versions that are older than its measurement."""
    duplicates: dict[Name, DuplicateFigures] = field(default_factory=dict)
    """By parts of the data, as in "test in train"; empty in versions that are older than the count."""
    num_runs: Annotated[int, Field(ge=1)] | None = None
    """How many runs on the same train data the ledger had when this version was made, its own included. Each
    may have been a choice made on the same validation reviews. None without a ledger."""
    reference: dict[Name, Histogram]
    """By quantity, on reviews that the version was not trained on."""
    libraries: dict[Name, str]
    """Versions of what trained it, this software among them as "sentiment-service"."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(VersionFacts):
    """Everything about one version but the bytes of its files.

    Parse it with `from_json`, which checks every rule; the constructor checks only rules between fields.
    """

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION)] = FIRST_SCHEMA
    version: Annotated[int, Field(ge=1)]
    created_at: Moment
    """ISO 8601 in UTC, as in 2025-01-31T12:00:00Z."""
    files: dict[FilePath, FileEntry]

    def __post_init__(self) -> None:
        if self.schema_version < needed_schema(self):
            raise ValueError(f"schema_version must be at least {needed_schema(self)} for the fields given")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ from each other")
        num_labels = self.network.num_labels
        if len(self.labels) != num_labels:
            raise ValueError(f"{len(self.labels)} labels do not match network.num_labels, {num_labels}")
        for name, evaluation in self.evaluation.items():
            if len(evaluation.confusion) != len(self.labels):
                raise ValueError(f"evaluation.{name}.confusion must have a row for each label")
        for name in REQUIRED_FILES:
            if name not in self.files:
                raise ValueError(f"files must list {name}")
        json.dumps(self.recipe, allow_nan=False)

    @property
    def size_bytes(self) -> int:
        """Size of all listed files together."""
        return sum(entry.size_bytes for entry in self.files.values())

    def to_json(self) -> str:
        """Return the text of manifest.json; equal manifests give equal bytes."""
        fields = _plain(self)
        first = {name: fields[name] for name in _FIRST_FIELDS}
        return json.dumps(first | fields, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str = MANIFEST_FILE) -> "Manifest":
        """Parse and check a manifest; `source` is how errors call it.

        Raises NewerSchema for one that a later release wrote, and InvalidManifest, naming the field, for any
        other fault.
        """
        _refuse_newer_schema(text, source)
        try:
            return _MANIFEST.validate_json(text)
        except ValidationError as error:
            raise InvalidManifest(f"{source}: {first_problem(error)}") from error
        except InvalidConfiguration as error:  # from the configurations, which pydantic lets through
            raise InvalidManifest(f"{source}: network or tokenizer: {error}") from error


def hash_line(manifest: bytes) -> bytes:
    """Return the content of manifest.json.sha256, as `sha256sum --check` takes it."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST_FILE}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What can be read in a manifest of any schema, later ones included."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore", strict=True)

    schema_version: int
    libraries: Any = None


_MANIFEST = TypeAdapter(Manifest)
_HEADER = TypeAdapter(_Header)


def _refuse_newer_schema(text: str | bytes, source: str) -> None:
    try:
        header = _HEADER.validate_json(text)
    except ValidationError as error:
        raise InvalidManifest(f"{source}: {first_problem(error)}") from error
    if header.schema_version > SCHEMA_VERSION:
        libraries = header.libraries if isinstance(header.libraries, dict) else {}
        writer = libraries.get("sentiment-service", "a later release")
        raise NewerSchema(
            f"{source}: written by sentiment-service {writer} with schema version {header.schema_version}, "
            f"and this release reads up to {SCHEMA_VERSION}: upgrade sentiment-service"
        )


def _plain(value: Any) -> Any:  # noqa: ANN401  # JSON values go in and come out
    if is_dataclass(value):  # its fields stay as declared; all other names are sorted
        return {name: _plain(item) for name, item in saved_fields(value).items()}
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
