"""Files that are still whole after a crash or a power cut, and locks between processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model_store.errors import StoreUnavailable

__all__ = ["explained", "fsync_folder", "locked", "make_folder", "replace_durably", "write_durably"]


def write_durably(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it; the name is durable once its folder is synced too."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, content: bytes) -> None:
    """Replace the content of a file atomically: a reader finds all of the old or all of the new.

    Only one process at a time may do so, since all use the same temporary name: hold a lock.
    """
    temporary = path.with_name(f".{path.name}.new")
    write_durably(temporary, content)
    temporary.replace(path)
    fsync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and the missing ones above it, each durable; it may be there already."""
    missing = [level for level in (folder, *folder.parents) if not level.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for level in missing:
        fsync_folder(level.parent)


def fsync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock of a lock file, made when missing; waits for other processes and threads.

    The empty file stays, since removing it would let two holders in. The lock ends with its process.
    """
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError in the block into StoreUnavailable, which names the file and what to check."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        where = error.filename or path
        advice = "check the permissions of the store and the space on its disk"
        raise StoreUnavailable(f"{where}: {reason}: {advice}") from error
