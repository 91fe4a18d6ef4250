"""Files that are whole or not there at all, with every refusal of the disk told as one error."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from model_store.files import fsync_folder
from scoring.errors import OtherJob, UnusableOutput

__all__ = ["create", "locked", "replacing", "writable"]


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into UnusableOutput, which names the file."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise UnusableOutput(f"{where}: cannot be written ({error.strerror or error})") from error


@contextmanager
def replacing(path: Path, folder: Path | None = None) -> Iterator[Path]:
    """Yield a path in a folder: what is written there replaces `path` durably, or goes if the block fails.

    The folder, by default that of `path`, must be on the same disk; what a killed process leaves is there.
    Several processes may write the same file at once: the last one stays.
    """
    temporary = (folder or path.parent) / f".{path.name}.{uuid4().hex}.new"
    with writable(path):
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
            fsync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def create(path: Path, content: bytes) -> bool:
    """Write a file that is not there yet, whole from the first moment; return whether it was missing."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.new")
    with writable(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        fsync_folder(path.parent)
    return True


@contextmanager
def locked(path: Path, *, shared: bool) -> Iterator[None]:
    """Hold a lock file, alone or with others who share it; raises OtherJob if somebody else has it.

    Where the file system knows no locks, there is none. It ends with its process, however that ends.
    """
    with writable(path):
        file: BinaryIO = path.open("ab")
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OtherJob(
                f"{path.parent}: another process is at work on these parts: wait for it"
            ) from error
        except OSError:  # such as a network file system without them
            pass
        yield
