"""What can go wrong with a model store.

SentimentError (sentiment.errors)
└── StoreError                the root of this package's errors
    ├── UnsupportedLocation   the store is given as a URL, and only folders work
    ├── StoreNotFound         there is no folder where the store should be
    ├── StoreUnavailable      the file system refuses: permissions, no space, an unreadable disk
    ├── InvalidReference      "reviews@production" and the like, spelled wrongly
    ├── ModelNotFound         no version of a model by this name
    ├── VersionNotFound       no version of this number
    ├── AliasNotFound         no alias by this name
    ├── InvalidDraft          a draft cannot become a version
    ├── InvalidManifest       a manifest breaks a rule; the text names the field
    ├── NewerSchema           a later release of this software wrote the version
    ├── CorruptVersion        a version's files are not those that were published; the text names the file
    ├── CorruptAliases        aliases.json cannot be read
    ├── CorruptHistory        history.jsonl cannot be read
    ├── CorruptRollout        rollout.json cannot be read
    ├── VersionInUse          a version that an alias or the rollout names cannot be removed
    ├── AliasMoved            an alias moved while a command was at work on it
    ├── PromotionRefused      a version is not fit to take the place of the live one
    ├── NothingLiveBefore     there is no version to roll back to
    ├── InvalidGolden         golden.jsonl cannot be read
    └── GoldenMismatch        the model does not reproduce its golden probabilities
"""

from sentiment.errors import SentimentError

__all__ = [
    "AliasMoved",
    "AliasNotFound",
    "CorruptAliases",
    "CorruptHistory",
    "CorruptRollout",
    "CorruptVersion",
    "GoldenMismatch",
    "InvalidDraft",
    "InvalidGolden",
    "InvalidManifest",
    "InvalidReference",
    "ModelNotFound",
    "NewerSchema",
    "NothingLiveBefore",
    "PromotionRefused",
    "StoreError",
    "StoreNotFound",
    "StoreUnavailable",
    "UnsupportedLocation",
    "VersionInUse",
    "VersionNotFound",
]


class StoreError(SentimentError):
    """Any error of a model store; its text is one line for people."""


class UnsupportedLocation(StoreError):
    """The store is given as a URL; this release reads folders only."""


class StoreNotFound(StoreError):
    """There is no folder where the store should be."""


class StoreUnavailable(StoreError):
    """The file system refuses to read or write the store."""


class InvalidReference(StoreError):
    """A model, an alias or a reference such as "reviews@production" is spelled wrongly."""


class ModelNotFound(StoreError):
    """The store has no version of a model by this name."""


class VersionNotFound(StoreError):
    """The model has no version of this number."""


class AliasNotFound(StoreError):
    """The model has no alias by this name."""


class InvalidDraft(StoreError):
    """A draft cannot become a version; the text says what is missing or not allowed."""


class InvalidManifest(StoreError):
    """A manifest breaks a rule; the text names the field."""


class NewerSchema(StoreError):
    """A later release of this software wrote the version; upgrade to read it."""


class CorruptVersion(StoreError):
    """A version's files are not those that were published; the text names the file."""


class CorruptAliases(StoreError):
    """A model's aliases.json cannot be read; the text names the file."""


class CorruptHistory(StoreError):
    """A model's history.jsonl cannot be read; the text names the line."""


class CorruptRollout(StoreError):
    """A model's rollout.json cannot be read; the text names the file."""


class VersionInUse(StoreError):
    """A version cannot be removed, since an alias or the rollout names it."""


class AliasMoved(StoreError):
    """Another command moved the alias meanwhile; run this one again."""


class PromotionRefused(StoreError):
    """A version is not fit to take the place of the live one; the text says why."""


class NothingLiveBefore(StoreError):
    """The history names no version that an alias could be rolled back to."""


class InvalidGolden(StoreError):
    """Golden examples cannot be read; the text names the line."""


class GoldenMismatch(StoreError):
    """A model does not reproduce its golden probabilities on this machine."""
