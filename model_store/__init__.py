"""Versions of a model: publish, verify, resolve an alias, load, roll back. Ships the released model."""

from model_store import golden
from model_store.draft import Draft
from model_store.errors import (
    AliasMoved,
    AliasNotFound,
    CorruptAliases,
    CorruptHistory,
    CorruptRollout,
    CorruptVersion,
    GoldenMismatch,
    InvalidDraft,
    InvalidGolden,
    InvalidManifest,
    InvalidReference,
    ModelNotFound,
    NewerSchema,
    NothingLiveBefore,
    PromotionRefused,
    StoreError,
    StoreNotFound,
    StoreUnavailable,
    UnsupportedLocation,
    VersionInUse,
    VersionNotFound,
)
from model_store.evaluation import FIGURES, STAR_FIGURES, Evaluation, Figure, defined_figures
from model_store.golden import GOLDEN_TOLERANCE, GoldenExample
from model_store.history import Event, Reason, was_live
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
from model_store.rollout import Rollout
from model_store.store import RELEASED, Store
from model_store.version import ModelVersion

__all__ = [
    "FIGURES",
    "GOLDEN_TOLERANCE",
    "RELEASED",
    "SCHEMA_VERSION",
    "STAR_FIGURES",
    "AliasMoved",
    "AliasNotFound",
    "CorruptAliases",
    "CorruptHistory",
    "CorruptRollout",
    "CorruptVersion",
    "DataFingerprint",
    "Draft",
    "DuplicateFigures",
    "Evaluation",
    "Event",
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
    "NothingLiveBefore",
    "ProbeFigures",
    "PromotionRefused",
    "Reason",
    "Reference",
    "Rollout",
    "Store",
    "StoreError",
    "StoreNotFound",
    "StoreUnavailable",
    "UnsupportedLocation",
    "VersionInUse",
    "VersionNotFound",
    "defined_figures",
    "golden",
    "was_live",
]
