"""Real trouble for a store: a full disk, a folder that may not be read, a damaged file."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def files_limited_to(size_bytes: int) -> Iterator[None]:
    """Let this process write no file beyond a size, as on a full disk."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@contextmanager
def forbidden(folder: Path) -> Iterator[None]:
    """Take away every permission on a folder; a superuser becomes another user meanwhile."""
    mode, user = folder.stat().st_mode, os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(mode)


@contextmanager
def flipped(path: Path, index: int, mask: int) -> Iterator[None]:
    """Flip bits of one byte of a file."""
    content = path.read_bytes()
    index %= len(content)
    path.write_bytes(content[:index] + bytes([content[index] ^ mask]) + content[index + 1 :])
    try:
        yield
    finally:
        path.write_bytes(content)
