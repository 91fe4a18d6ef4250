"""What release 0.1.0 looked at first in a manifest, copied from its model_store/manifest.py."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

__all__ = ["NewerSchemaFor010", "refuse_newer_schema"]

SCHEMA_VERSION = 1


class NewerSchemaFor010(Exception):
    """A later release of this software wrote the version; upgrade to read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """All that must be readable in a manifest of any schema, later ones included."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore", strict=True)

    schema_version: int
    libraries: Any = None


_HEADER = TypeAdapter(_Header)


def refuse_newer_schema(text: str | bytes, source: str) -> None:
    header = _HEADER.validate_json(text)
    if header.schema_version > SCHEMA_VERSION:
        libraries = header.libraries if isinstance(header.libraries, dict) else {}
        writer = libraries.get("sentiment-service", "a later release")
        raise NewerSchemaFor010(
            f"{source}: written by sentiment-service {writer} with schema version {header.schema_version}, "
            f"and this release reads up to {SCHEMA_VERSION}: upgrade sentiment-service"
        )
