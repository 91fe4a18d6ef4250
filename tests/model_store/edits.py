"""Versions that are wrong though every hash is right, as a faulty writer could leave them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model_store.draft import describe
from model_store.manifest import hash_line

__all__ = ["edit_manifest", "rehash"]


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the fields of a version's manifest, and its hash with it."""
    fields = json.loads((folder / "manifest.json").read_bytes())
    change(fields)
    content = json.dumps(fields).encode()
    (folder / "manifest.json").write_bytes(content)
    (folder / "manifest.json.sha256").write_bytes(hash_line(content))


def rehash(folder: Path, name: str, content: bytes) -> None:
    """Give a file of a version another content, and the manifest its hash."""
    (folder / name).write_bytes(content)
    entry = describe(content)
    sizes = {"sha256": entry.sha256, "size_bytes": entry.size_bytes}
    edit_manifest(folder, lambda fields: fields["files"].update({name: sizes}))
