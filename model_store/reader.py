"""Reading the files of one version, each checked before anything is made of it.

The manifest holds the hash of every file but its own; that one stands beside it in `manifest.json.sha256`, in
the form that `sha256sum --check` takes, so a damaged byte is found in whichever of the files it is.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from model_store.errors import CorruptVersion
from model_store.manifest import MANIFEST_FILE, MANIFEST_HASH_FILE, FileEntry, Manifest, hash_line

__all__ = ["read_files", "read_manifest"]

_ADVICE = "restore the version from a copy, or use another one"


def read_manifest(folder: Path, *, model: str, version: int) -> Manifest:
    """Return the manifest of the version in `folder`, its hash, its fields and its name checked.

    Raises CorruptVersion, NewerSchema or InvalidManifest, naming the file, and OSError.
    """
    path, hash_path = folder / MANIFEST_FILE, folder / MANIFEST_HASH_FILE
    if folder.is_symlink():
        raise CorruptVersion(f"{folder}: is a symbolic link, which could lead to other files; {_ADVICE}")
    content = _read(path)
    if _read(hash_path) != hash_line(content):
        raise CorruptVersion(f"{path}: does not match its hash in {MANIFEST_HASH_FILE}; {_ADVICE}")
    manifest = Manifest.from_json(content, source=str(path))
    if (manifest.model, manifest.version) != (model, version):
        raise CorruptVersion(
            f"{path}: is that of {manifest.model}@{manifest.version}, not of {model}@{version}: "
            "a version cannot be moved or copied to another name"
        )
    return manifest


def read_files(folder: Path, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of each file that the manifest lists, read once and checked.

    Exhaust it before using any content: a later file may still raise CorruptVersion, which names it.
    """
    _refuse_strangers(folder, manifest)
    for name, entry in manifest.files.items():
        yield name, _read_checked(folder / PurePosixPath(name), entry)


def _refuse_strangers(folder: Path, manifest: Manifest) -> None:
    expected = {MANIFEST_FILE, MANIFEST_HASH_FILE, *manifest.files}
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file():
            raise CorruptVersion(f"{path}: is a link or a special file, not a regular one; {_ADVICE}")
        if name not in expected:
            raise CorruptVersion(f"{path}: is not listed in {MANIFEST_FILE}; move it out of the version")


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all that lies in a folder at any depth, but the folders; links are not followed."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path))
            else:
                yield Path(entry.path)


def _read_checked(path: Path, entry: FileEntry) -> bytes:
    content = _read(path)
    if len(content) != entry.size_bytes:
        raise CorruptVersion(f"{path}: has {len(content)} bytes, but had {entry.size_bytes}; {_ADVICE}")
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise CorruptVersion(f"{path}: is damaged, its SHA-256 is not that in {MANIFEST_FILE}; {_ADVICE}")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CorruptVersion(f"{path}: is missing; {_ADVICE}") from error
    except IsADirectoryError as error:
        raise CorruptVersion(f"{path}: is a folder, not a file; {_ADVICE}") from error
