"""Opening a file that may be compressed, with every way of being damaged told as one error."""

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from training.errors import InvalidReviews

__all__ = ["open_stream", "readable"]


def open_stream(path: Path) -> BinaryIO:
    """Open `path` for reading bytes, unpacking `.gz`, `.tgz` and `.xz`; use it inside `readable`."""
    match path.suffix.lower():
        case ".gz" | ".tgz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        case ".xz":
            return cast(BinaryIO, lzma.open(path, "rb"))
        case _:
            return path.open("rb")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what reading a missing, forbidden or damaged file raises into `InvalidReviews` naming it."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, tarfile.TarError, zlib.error) as error:
        raise InvalidReviews(f"{path}: damaged or cut short ({error}); fetch or write it again") from error
    except OSError as error:
        raise InvalidReviews(f"{path}: cannot be read ({error.strerror or error})") from error
