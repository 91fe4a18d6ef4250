"""Turning a draft into a version that readers see whole or not at all.

All files are written and synced in a hidden folder beside the versions, which one rename makes a version.
A publisher that dies leaves at most its hidden folder: readers skip it, and a later publisher removes it.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from model_store.draft import Draft
from model_store.files import fsync_folder, make_folder, write_durably
from model_store.manifest import MANIFEST_FILE, MANIFEST_HASH_FILE, Manifest, hash_line
from model_store.reference import parse_version

__all__ = ["publish"]

ABANDONED_AFTER_SECONDS = 3600.0
"""A hidden folder must be this old to be removed, so that one whose publisher is about to lock it is safe."""
_PREFIX = ".publishing-"
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def publish(folder: Path, draft: Draft, now: datetime) -> int:
    """Publish a draft among a model's versions in `folder`, and return its number.

    Raises InvalidDraft before anything is written, and OSError when the file system refuses.
    """
    created_at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version = _next_version(folder)
    manifest = draft.manifest(version=version, created_at=created_at)
    make_folder(folder)
    _remove_abandoned(folder, now)
    with _workplace(folder) as workplace:
        _write_payload(workplace, draft)
        while not _claim(workplace, manifest):
            version = max(version + 1, _next_version(folder))
            manifest = draft.manifest(version=version, created_at=created_at)
    fsync_folder(folder)
    return version


def _next_version(folder: Path) -> int:
    if not folder.exists():
        return 1
    # Files count too: whatever bears the number is in the way.
    return 1 + max((parse_version(path.name) or 0 for path in folder.iterdir()), default=0)


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Make a hidden folder, locked while its publisher lives, and remove it unless it became a version."""
    workplace = folder / f"{_PREFIX}{secrets.token_hex(8)}"
    workplace.mkdir()
    descriptor = os.open(workplace, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # Some network file systems lock no folders; they keep abandoned ones then.
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield workplace
    finally:
        os.close(descriptor)
        shutil.rmtree(workplace, ignore_errors=True)


def _write_payload(workplace: Path, draft: Draft) -> None:
    folders = {folder for name in draft.payload for folder in PurePosixPath(name).parents}
    for folder in sorted(folders - {PurePosixPath()}):
        (workplace / folder).mkdir()
    for name, content in draft.payload.items():
        write_durably(workplace / name, content)
    for folder in folders:
        fsync_folder(workplace / folder)


def _claim(workplace: Path, manifest: Manifest) -> bool:
    """Write the manifest and take its number; False when another publisher has just taken it."""
    content = manifest.to_json().encode()
    write_durably(workplace / MANIFEST_HASH_FILE, hash_line(content))
    write_durably(workplace / MANIFEST_FILE, content)
    fsync_folder(workplace)
    target = workplace.with_name(str(manifest.version))
    try:
        # Never replaces a version: a folder cannot be renamed onto one that has files.
        workplace.rename(target)
    except OSError as error:
        if error.errno in _TAKEN and os.path.lexists(target):
            return False
        raise
    return True


def _remove_abandoned(folder: Path, now: datetime) -> None:
    for workplace in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # Another publisher may be removing it; what cannot be removed does no harm.
            if now.timestamp() - workplace.stat().st_mtime >= ABANDONED_AFTER_SECONDS:
                _remove_unless_locked(workplace)


def _remove_unless_locked(workplace: Path) -> None:
    descriptor = os.open(workplace, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(workplace)
    finally:
        os.close(descriptor)
