"""Why what the store asks for does not answer: in full for operators, without paths for clients."""

import logging
from dataclasses import dataclass

from model_store import (
    AliasNotFound,
    CorruptAliases,
    CorruptRollout,
    CorruptVersion,
    GoldenMismatch,
    InvalidGolden,
    InvalidManifest,
    ModelNotFound,
    NewerSchema,
    StoreError,
    StoreNotFound,
    StoreUnavailable,
    VersionNotFound,
)
from model_store.moment import moment, utc_now
from sentiment import OutOfMemory
from service.errors import UnfitVersion
from service.settings import InvalidSetting
from service.telemetry.logs import log_event

__all__ = ["Refusal", "refuse"]

_SUMMARIES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((CorruptVersion, InvalidManifest, InvalidGolden), "its files are damaged or incomplete"),
    ((GoldenMismatch,), "it does not reproduce its golden probabilities here"),
    ((NewerSchema,), "a later release of this software wrote it"),
    ((AliasNotFound, ModelNotFound, VersionNotFound), "the model store does not have it"),
    ((StoreNotFound, StoreUnavailable, CorruptAliases, CorruptRollout), "the model store cannot be read"),
    ((InvalidSetting,), "the settings of this service do not fit it"),
    ((OutOfMemory,), "there is not enough memory for it"),
    ((StoreError,), "the model store cannot serve it"),
)
"""What clients are told of an error; the first row counts that has one of its classes."""
_OTHER = "it cannot be loaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why what the store asks for does not answer."""

    version: int | None
    """None when the store cannot be read, so that nobody knows what it asks for."""
    reason: str
    """The error's own text. It may name files of the server, so it is for the log and for admins alone."""
    summary: str
    """The reason in words for clients, which quote no error."""
    since: str
    """ISO 8601 in UTC."""


def refuse(before: Refusal | None, version: int | None, error: Exception) -> Refusal:
    """Return a refusal: the one before if nothing has changed, else a new one, which is logged."""
    reason = str(error)
    if before is not None and (before.version, before.reason) == (version, reason):
        return before
    log_event("version_refused", level=logging.WARNING, model_version=version, reason=reason)
    return Refusal(version=version, reason=reason, summary=_summary(error), since=moment(utc_now()))


def _summary(error: Exception) -> str:
    if isinstance(error, UnfitVersion):  # written for everybody: labels and sizes
        return str(error)
    return next((text for kinds, text in _SUMMARIES if isinstance(error, kinds)), _OTHER)
