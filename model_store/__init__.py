"""Versions of a model: publish, verify, resolve an alias, load, roll back. Ships the released model."""

from model_store import golden
from model_store.draft import Draft
from model_store.errors import (
    AliasNotFound,
    CorruptAliases,
    CorruptVersion,
    GoldenMismatch,
    InvalidDraft,
    InvalidGolden,
    InvalidManifest,
    InvalidReference,
    ModelNotFound,
    NewerSchema,
    StoreError,
    StoreNotFound,
    StoreUnavailable,
    UnsupportedLocation,
    VersionNotFound,
)
from model_store.evaluation import FIGURES, STAR_FIGURES, Evaluation, Figure, defined_figures
from model_store.golden import GOLDEN_TOLERANCE, GoldenExample
from model_store.manifest import (
    SCHEMA_VERSION,
    DataFingerprint,
    DuplicateFigures,
    FileEntry,
    Histogram,
    Manifest,
    ProbeFigures,
)
from model_store.reference import Reference
from model_store.store import RELEASED, Store
from model_store.version import ModelVersion

__all__ = [
    "FIGURES",
    "GOLDEN_TOLERANCE",
    "RELEASED",
    "SCHEMA_VERSION",
    "STAR_FIGURES",
    "AliasNotFound",
    "CorruptAliases",
    "CorruptVersion",
    "DataFingerprint",
    "Draft",
    "DuplicateFigures",
    "Evaluation",
    "Figure",
    "FileEntry",
    "GoldenExample",
    "GoldenMismatch",
    "Histogram",
    "InvalidDraft",
    "InvalidGolden",
    "InvalidManifest",
    "InvalidReference",
    "Manifest",
    "ModelNotFound",
    "ModelVersion",
    "NewerSchema",
    "ProbeFigures",
    "Reference",
    "Store",
    "StoreError",
    "StoreNotFound",
    "StoreUnavailable",
    "UnsupportedLocation",
    "VersionNotFound",
    "defined_figures",
    "golden",
]
