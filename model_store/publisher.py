"""Turning a draft into a version that readers see whole or not at all.

All files are written and synced in a hidden folder next to the versions; one rename turns it into a version.
A publisher that dies leaves at most its hidden folder: readers skip it, and a later publisher removes it.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath

from model_store.draft import Draft
from model_store.files import fsync_folder, make_folder, write_durably
from model_store.manifest import MANIFEST_FILE, MANIFEST_HASH_FILE, Manifest, hash_line
from model_store.moment import moment
from model_store.reference import parse_version

__all__ = ["publish", "rehearse"]

ABANDONED_AFTER_SECONDS = 3600.0
"""Only older hidden folders are removed, since the publisher of a new one may not have locked it yet."""
_PREFIX = ".publishing-"
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def publish(folder: Path, draft: Draft, now: datetime) -> int:
    """Publish a draft among a model's versions in `folder`, and return its number.

    Raises InvalidDraft before anything is written, and OSError when the file system refuses.
    """
    created_at = moment(now)
    version = _next_version(folder)
    manifest = draft.manifest(version=version, created_at=created_at)
    make_folder(folder)
    _remove_abandoned(folder, now)
    with _staging_folder(folder) as staging:
        _write_payload(staging, draft)
        while not _claim(staging, manifest):
            version = max(version + 1, _next_version(folder))
            manifest = draft.manifest(version=version, created_at=created_at)
    fsync_folder(folder)
    return version


def rehearse(folder: Path, draft: Draft, now: datetime) -> None:
    """Check that a draft could be published in `folder`, and leave nothing behind.

    Raises InvalidDraft, and OSError when the file system refuses to make a folder there.
    """
    draft.manifest(version=_next_version(folder), created_at=moment(now))
    nearest = next(level for level in (folder, *folder.parents) if level.exists())
    with _staging_folder(nearest):
        pass


def _next_version(folder: Path) -> int:
    if not folder.exists():
        return 1
    # Files count too: anything that has the number as its name is in the way.
    return 1 + max((parse_version(path.name) or 0 for path in folder.iterdir()), default=0)


@contextmanager
def _staging_folder(folder: Path) -> Iterator[Path]:
    """Make a hidden folder, locked while its publisher lives; remove it unless it has become a version."""
    staging = folder / f"{_PREFIX}{secrets.token_hex(8)}"
    staging.mkdir()
    descriptor = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # Some network file systems cannot lock folders; abandoned ones stay there.
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield staging
    finally:
        os.close(descriptor)
        shutil.rmtree(staging, ignore_errors=True)


def _write_payload(staging: Path, draft: Draft) -> None:
    folders = {folder for name in draft.payload for folder in PurePosixPath(name).parents}
    for folder in sorted(folders - {PurePosixPath()}):
        (staging / folder).mkdir()
    for name, content in draft.payload.items():
        write_durably(staging / name, content)
    for folder in folders:
        fsync_folder(staging / folder)


def _claim(staging: Path, manifest: Manifest) -> bool:
    """Write the manifest and take its number; False when another publisher has just taken it."""
    content = manifest.to_json().encode()
    write_durably(staging / MANIFEST_HASH_FILE, hash_line(content))
    write_durably(staging / MANIFEST_FILE, content)
    fsync_folder(staging)
    target = staging.with_name(str(manifest.version))
    try:
        # This cannot replace a version, since no folder can be renamed onto one that has files.
        staging.rename(target)
    except OSError as error:
        if error.errno in _TAKEN and os.path.lexists(target):
            return False
        raise
    return True


def _remove_abandoned(folder: Path, now: datetime) -> None:
    for staging in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # Another publisher may be removing it too; one that stays does no harm.
            if now.timestamp() - staging.stat().st_mtime >= ABANDONED_AFTER_SECONDS:
                _remove_unless_locked(staging)


def _remove_unless_locked(staging: Path) -> None:
    descriptor = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(staging)
    finally:
        os.close(descriptor)
