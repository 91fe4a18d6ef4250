"""A folder of JSONL parts that only its owner can read, bounded in size and age."""

import fcntl
import os
import stat
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

from sentiment import SentimentError

__all__ = ["OPEN_SUFFIX", "PART_SUFFIX", "PartFolder", "UnsafeFolder"]

PART_SUFFIX = ".jsonl"
OPEN_SUFFIX = ".jsonl.open"
"""Of a part that is being written; readers of reviews do not take it for one of theirs."""
MAX_PART_BYTES = 16 * 1024**2
MAX_PART_SECONDS = 3600.0
_PREFIX = "captured-"
_DAY_SECONDS = 86_400


class UnsafeFolder(SentimentError):
    """The folder cannot be used, or others could read what would be kept in it."""


class PartFolder:
    """Appends lines to a part, closes the part when it is large or old, and removes the oldest parts.

    Several processes may share a folder: each writes a part of its own, and all keep to the bounds together.
    Not safe for several threads.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int, max_days: int, clock: Callable[[], float] = time.time
    ) -> None:
        """Create the folder if it is missing; raises UnsafeFolder."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_part_bytes = min(MAX_PART_BYTES, max(1, max_bytes // 4))
        self._max_age_seconds = max_days * _DAY_SECONDS
        self._clock = clock
        self._part: FileIO | None = None
        self._path = folder
        self._begun_at_seconds = 0.0
        _check(folder)
        self._close_abandoned_parts()
        self.prune()

    def append(self, lines: bytes) -> None:
        """Write whole lines to the part that is open; raises OSError, and then nothing of them is kept."""
        part = self._part or self._begin()
        size = part.tell()
        try:
            _write_all(part, lines)
        except OSError:
            os.ftruncate(part.fileno(), size)
            part.seek(size)
            raise
        if part.tell() >= self._max_part_bytes:
            self.close_part()
            self.prune()

    def tick(self) -> None:
        """Close the part if it is old, and remove what is too old; call it now and then."""
        if self._part is not None and self._clock() - self._begun_at_seconds >= MAX_PART_SECONDS:
            self.close_part()
        self.prune()

    def close_part(self) -> None:
        """Make the part that is being written readable to others; there may be none."""
        if self._part is None:
            return
        os.fsync(self._part.fileno())
        self._path.rename(_closed(self._path))
        self._part.close()
        self._part = None

    def prune(self) -> None:
        """Remove closed parts that are too old, and then the oldest until all parts together fit."""
        # Another process may remove the same part at the same time.
        parts = sorted(self._folder.glob(f"{_PREFIX}*{PART_SUFFIX}"), key=lambda path: path.name)
        sizes = {path: found for path in parts if (found := _stat(path)) is not None}
        open_bytes = sum(
            found.st_size for path in self._folder.glob(f"*{OPEN_SUFFIX}") if (found := _stat(path))
        )
        total = open_bytes + sum(found.st_size for found in sizes.values())
        for path, found in sizes.items():
            if total > self._max_bytes or self._clock() - found.st_mtime > self._max_age_seconds:
                path.unlink(missing_ok=True)
                total -= found.st_size

    def _begin(self) -> FileIO:
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        self._path = self._folder / f"{_PREFIX}{moment}-{uuid.uuid4().hex[:8]}{OPEN_SUFFIX}"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._part = os.fdopen(descriptor, "wb", buffering=0)
        # Held while the part is written: a process that gets this lock knows that the writer has ended.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._begun_at_seconds = self._clock()
        return self._part

    def _close_abandoned_parts(self) -> None:
        """Close the parts of processes that were killed, without a last line that is cut short."""
        for path in self._folder.glob(f"*{OPEN_SUFFIX}"):
            with suppress(FileNotFoundError, BlockingIOError), path.open("rb+") as part:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
                content = part.read()
                part.truncate(content.rfind(b"\n") + 1)
                path.rename(_closed(path))


def _check(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise UnsafeFolder(f"{folder} cannot be used: {error.strerror}") from error
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise UnsafeFolder(f"{folder} can be read by others: chmod 700 {folder}")
    if found.st_uid != os.geteuid():
        raise UnsafeFolder(f"{folder} belongs to another user: chown it to the user of the service")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UnsafeFolder(f"{folder} cannot be written to")


def _closed(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(OPEN_SUFFIX) + PART_SUFFIX)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _write_all(part: FileIO, lines: bytes) -> None:
    """Write all bytes; the system may take fewer at a time."""
    left = memoryview(lines)
    while left:
        left = left[part.write(left) or 0 :]
