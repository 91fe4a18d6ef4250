"""The files to score: found by name or pattern, and known again by their content."""

import glob
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reviews import KNOWN_FORMATS
from scoring.errors import InputChanged, UnusableInput

__all__ = ["TABLE_ENDINGS", "InputFile", "check_unchanged", "find_inputs", "fingerprint"]

TABLE_ENDINGS = tuple(ending for ending in KNOWN_FORMATS if ending not in (".tar.gz", ".tgz"))
"""Endings of the files that can be scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file as it was when the job looked at it first."""

    path: Path
    name: str
    """What rejects call it."""
    size_bytes: int
    modified_ns: int
    sha256: str


def find_inputs(names: Sequence[str]) -> list[Path]:
    """Return the files that names and patterns such as "reviews-*.csv" stand for; a pattern's are sorted.

    Raises UnusableInput for what is missing or no table, and for a file that is named twice.
    """
    paths = [path for name in names for path in _matches(name)]
    for path in paths:
        if not path.name.lower().endswith(TABLE_ENDINGS):
            raise UnusableInput(f"{path}: unknown kind of file; known are {', '.join(TABLE_ENDINGS)}")
        if not path.is_file():
            raise UnusableInput(f"{path}: {'is a folder' if path.is_dir() else 'there is no such file'}")
        if paths.count(path) > 1:
            raise UnusableInput(f"{path}: is named twice")
    return paths


def fingerprint(path: Path, name: str | None = None) -> InputFile:
    """Read a file once, and return what it is known by; `name` is by default its path."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnusableInput(f"{path}: cannot be read ({error.strerror or error})") from error
    return InputFile(
        path=path,
        name=str(path) if name is None else name,
        size_bytes=found.st_size,
        modified_ns=found.st_mtime_ns,
        sha256=sha256,
    )


def check_unchanged(files: Iterable[InputFile]) -> None:
    """Raise InputChanged if a file has vanished, or was written to, since it was fingerprinted."""
    for file in files:
        try:
            found = file.path.stat()
        except OSError as error:
            raise InputChanged(f"{file.name}: vanished while it was read ({error.strerror})") from error
        if (found.st_size, found.st_mtime_ns) != (file.size_bytes, file.modified_ns):
            raise InputChanged(f"{file.name}: changed while it was read; score it when it is complete")


def _matches(name: str) -> list[Path]:
    if Path(name).exists() or not glob.has_magic(name):
        return [Path(name)]
    found = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 - absolute patterns
    if not found:
        raise UnusableInput(f"{name}: no file fits this pattern")
    return found
