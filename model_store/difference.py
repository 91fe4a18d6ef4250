"""How the manifests of two versions differ, field by field."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from model_store.manifest import Manifest

__all__ = ["Difference", "compare_manifests"]

_LEFT_OUT = ("schema_version", "version", "reference", "files")
"""Fields that differ between any two versions, and say nothing to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field with its values in the two versions; None where a version has no such field."""

    field: str
    """As in "evaluation.test.accuracy"."""
    a: JsonValue
    b: JsonValue


def compare_manifests(a: Manifest, b: Manifest) -> list[Difference]:
    """Return the fields that differ, in the order of A's manifest and then of B's."""
    ours, theirs = (dict(_fields(json.loads(each.to_json()))) for each in (a, b))
    return [
        Difference(field=name, a=ours.get(name), b=theirs.get(name))
        for name in dict.fromkeys([*ours, *theirs])
        if ours.get(name) != theirs.get(name)
    ]


def _fields(value: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    for name, item in value.items():
        if not prefix and name in _LEFT_OUT:
            continue
        if isinstance(item, dict) and item:
            yield from _fields(item, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", item
