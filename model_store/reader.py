"""Reading the files of one version, each checked before anything is made of it.

The manifest has the hash of every file but itself; its own hash is in `manifest.json.sha256`, which
`sha256sum --check` can read. So a damaged byte is found whichever file it is in.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from model_store.errors import CorruptVersion
from model_store.leftovers import VOLUME_LINK, is_leftover
from model_store.manifest import MANIFEST_FILE, MANIFEST_HASH_FILE, FileEntry, Manifest, hash_line

__all__ = ["find_leftovers", "read_file", "read_files", "read_manifest"]

_ADVICE = "restore the version from a copy, or use another one"
_LINK_ADVICE = "it could lead to other files: copy the version with `cp -L -r`, which follows links"


def read_manifest(folder: Path, *, model: str, version: int) -> Manifest:
    """Return the manifest of the version in `folder`, its hash, its fields and its name checked.

    Raises CorruptVersion, NewerSchema or InvalidManifest, naming the file, and OSError.
    """
    path, hash_path = folder / MANIFEST_FILE, folder / MANIFEST_HASH_FILE
    if folder.is_symlink() and not _is_volume_link(folder):
        raise CorruptVersion(f"{folder}: is a symbolic link; {_LINK_ADVICE}")
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
    find_leftovers(folder, manifest)
    for name, entry in manifest.files.items():
        yield name, _read_checked(folder / PurePosixPath(name), entry)


def read_file(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Return the content of one file of a version, checked; raises KeyError, CorruptVersion and OSError."""
    return _read_checked(folder / PurePosixPath(name), manifest.files[name])


def find_leftovers(folder: Path, manifest: Manifest) -> list[str]:
    """Return the paths in a version's folder that are ignored, since file browsers and the like left them.

    Raises CorruptVersion for anything else that the manifest does not list, and for links.
    """
    listed = {MANIFEST_FILE, MANIFEST_HASH_FILE, *manifest.files}
    leftovers = []
    for entry in _walk(folder):
        name = Path(entry.path).relative_to(folder).as_posix()
        if name not in listed and is_leftover(entry):
            leftovers.append(name)
        elif entry.is_symlink() and not _is_volume_link(entry.path):
            raise CorruptVersion(f"{entry.path}: is a link; {_LINK_ADVICE}")
        elif not entry.is_file():
            raise CorruptVersion(f"{entry.path}: is a special file, not a regular one; {_ADVICE}")
        elif name not in listed:
            raise CorruptVersion(
                f"{entry.path}: is not listed in {MANIFEST_FILE}; move it out of the version"
            )
    return leftovers


def _walk(folder: Path | str) -> Iterator["os.DirEntry[str]"]:
    """Yield all that lies in a folder at any depth, but ordinary folders."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            may_enter = not entry.is_symlink() or _is_volume_link(entry.path)
            if may_enter and entry.is_dir() and not is_leftover(entry):
                yield from _walk(entry.path)
            else:
                yield entry


def _is_volume_link(path: Path | str) -> bool:
    """Return whether a path is a link to its own name in "..data", as in some volumes of Kubernetes."""
    path = Path(path)
    return path.is_symlink() and path.readlink() == Path(VOLUME_LINK) / path.name


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
