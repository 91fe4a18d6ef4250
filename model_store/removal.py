"""Removing a version: at once for readers, and without its manifest being lost.

Feedback on a version may come after it is gone, and needs its labels. So the manifest stays in `removed/`.
"""

import secrets
import shutil
from pathlib import Path

from model_store.errors import VersionNotFound
from model_store.files import fsync_folder, make_folder, replace_durably
from model_store.manifest import Manifest

__all__ = ["abandoned", "read_removed", "remove"]

_FOLDER = "removed"
_PREFIX = ".removing-"


def remove(folder: Path, manifest: Manifest) -> None:
    """Delete a version's folder; the caller holds the model's lock. Raises OSError.

    It is renamed first, so that no reader finds half a version; `abandoned` names what a crash leaves.
    """
    keep = folder.parent / _FOLDER
    make_folder(keep)
    replace_durably(keep / f"{manifest.version}.json", manifest.to_json().encode())
    hidden = folder.with_name(f"{_PREFIX}{manifest.version}-{secrets.token_hex(4)}")
    folder.rename(hidden)
    fsync_folder(folder.parent)
    shutil.rmtree(hidden)


def read_removed(folder: Path, *, model: str, version: int) -> Manifest:
    """Return the manifest of a removed version of a model; raises VersionNotFound, and OSError."""
    path = folder / _FOLDER / f"{version}.json"
    try:
        return Manifest.from_json(path.read_bytes(), source=str(path))
    except FileNotFoundError as error:
        raise VersionNotFound(f"{model} has and had no version {version}") from error


def abandoned(folder: Path) -> list[Path]:
    """Return the folders that a removal which was stopped has left; they are no versions any more."""
    return sorted(folder.glob(f"{_PREFIX}*"))
