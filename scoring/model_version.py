"""What a version of a model is known by."""

import hashlib
from collections.abc import Mapping
from typing import Any

from model_store import Manifest

__all__ = ["version_fields"]


def version_fields(manifest: Manifest) -> Mapping[str, Any]:
    """Return the name, the number and the hash of a version: what `run.json` has of it."""
    return {
        "name": manifest.model,
        "version": manifest.version,
        "manifest_sha256": hashlib.sha256(manifest.to_json().encode()).hexdigest(),
    }
