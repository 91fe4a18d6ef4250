"""Opening a file that may be compressed, with one error for every kind of damage."""

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from backports import zstd

from reviews.errors import UnreadableReviews

__all__ = ["COMPRESSIONS", "ArchivedFile", "archived_files", "open_stream", "readable", "western_text"]

COMPRESSIONS = ("", ".gz", ".xz", ".zst")
"""What may stand behind the ending of a table of text."""

_DAMAGES = (EOFError, gzip.BadGzipFile, lzma.LZMAError, tarfile.TarError, zlib.error, zstd.ZstdError)


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file in a tar archive that is being read; `content` works until the next one is asked for."""

    name: str
    archive: tarfile.TarFile
    member: tarfile.TarInfo

    def content(self) -> bytes:
        """Return all of its bytes."""
        file = self.archive.extractfile(self.member)
        return b"" if file is None else file.read()


def open_stream(path: Path) -> BinaryIO:
    """Open `path` for reading bytes, unpacking `.gz`, `.tgz`, `.xz` and `.zst`; use it inside `readable`."""
    match path.suffix.lower():
        case ".gz" | ".tgz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        case ".xz":
            return cast(BinaryIO, lzma.open(path, "rb"))
        case ".zst":
            return cast(BinaryIO, zstd.open(path, "rb"))
        case _:
            return path.open("rb")


def archived_files(path: Path) -> Iterator[ArchivedFile]:
    """The plain files of a tar archive, which is read once and never unpacked; use it inside `readable`."""
    with open_stream(path) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined] # else 100,000 of them stay in memory
                if member.isfile():
                    yield ArchivedFile(member.name, archive, member)
        while stream.read(2**20):  # tar ends before gzip does, and gzip checks the sum only at its own end
            pass


def western_text(content: bytes) -> str:
    """Decode bytes of the years before UTF-8 was usual: UTF-8 if they are, and else Windows-1252."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what reading a missing, forbidden or damaged file raises into `UnreadableReviews` naming it."""
    try:
        yield
    except _DAMAGES as error:
        raise UnreadableReviews(f"{path}: damaged or cut short ({error}); fetch or write it again") from error
    except OSError as error:
        raise UnreadableReviews(f"{path}: cannot be read ({error.strerror or error})") from error
