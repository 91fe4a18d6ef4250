"""What a version's manifest records of its data: a hash that changes when the data does."""

import hashlib
import os
from pathlib import Path

from reviews.streams import readable

__all__ = ["fingerprint"]


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, in hex, or for a folder that of its files' names and contents.

    A folder's hash depends neither on where the folder is nor on the order in which it lists its files.
    Raises `UnreadableReviews` if something cannot be read.
    """
    with readable(path):
        if not path.is_dir():
            return _file_digest(path).hex()
        digest = hashlib.sha256()
        for name, file in sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*")):
            if file.is_file():
                digest.update(os.fsencode(name) + b"\0" + _file_digest(file))
        return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
