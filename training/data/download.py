"""Fetching a data set: resumable, checked, and complete once it has its own name."""

import hashlib
import http.client
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from tqdm import tqdm

from training.data.archives import Algorithm, Checksum
from training.errors import DownloadFailed

__all__ = ["digest", "download"]

_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 256 * 1024
_RANGE_NOT_SATISFIABLE = 416
_NAMES = {"md5": "MD5", "sha256": "SHA-256"}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class _Response:
    """An open response: the offset of its first byte in the file, and the size of the file if it is given."""

    stream: http.client.HTTPResponse
    start_bytes: int
    total_bytes: int | None


def download(url: str, destination: Path, *, checksum: Checksum | None, size_bytes: int | None) -> Path:
    """Fetch `url` into the file `destination` and return it; a file that is there and right is kept.

    The bytes go to `destination` + ".part" first. If the connection breaks, this part stays, and the next
    call continues it if the server supports that. Raises DownloadFailed for anything that goes wrong; if size
    or checksum are wrong, the part is deleted. Without a checksum, a file that is there counts as right, and
    a download begins anew, since joined parts could not be checked.
    """
    _check_address(url)
    if destination.is_dir():
        raise DownloadFailed(f"{destination}: a folder is in the way of the file")
    part = destination.with_name(destination.name + ".part")
    with _writing(destination):
        if destination.is_file() and _is_right(destination, checksum):
            return destination
        destination.parent.mkdir(parents=True, exist_ok=True)
        if checksum is None:
            part.unlink(missing_ok=True)
        if _size_bytes(part) != size_bytes:
            _fetch(url, part, size_bytes)
        _check(url, part, checksum, size_bytes)
        part.replace(destination)
    return destination


def digest(path: Path, algorithm: Algorithm) -> str:
    """Return the checksum of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _is_right(path: Path, checksum: Checksum | None) -> bool:
    return checksum is None or digest(path, checksum.algorithm) == checksum.value.lower()


def _fetch(url: str, part: Path, size_bytes: int | None) -> None:
    """Write what is missing from `part`; it is complete when this returns."""
    if size_bytes is not None and _size_bytes(part) > size_bytes:
        part.unlink()
    with _network(url):
        response = _request(url, _size_bytes(part))
    with response.stream, part.open("ab" if response.start_bytes else "wb") as file:
        if None not in (size_bytes, response.total_bytes) and size_bytes != response.total_bytes:
            _refuse(url, part, "size in bytes", size_bytes, response.total_bytes)
        total_bytes = size_bytes if response.total_bytes is None else response.total_bytes
        with _progress(part, response.start_bytes, total_bytes) as progress:
            _copy(url, response.stream, file, progress, total_bytes)
        num_bytes = file.tell()
    # A chunked response marks its end, and http.client has checked that it came.
    if total_bytes is not None and num_bytes < total_bytes and not response.stream.chunked:
        raise _broken(url, f"the connection was closed after {num_bytes:,} of {total_bytes:,} bytes")


def _request(url: str, start_bytes: int) -> _Response:
    """Request the bytes from `start_bytes` on; the response may begin at 0 nevertheless."""
    headers = {"User-Agent": "sentiment-training", "Accept-Encoding": "identity"}
    if start_bytes:
        headers["Range"] = f"bytes={start_bytes}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked
    try:
        stream = _opener().open(request, timeout=_TIMEOUT_SECONDS)
    except HTTPError as error:
        with error:
            if error.code == _RANGE_NOT_SATISFIABLE and start_bytes:
                return _request(url, 0)
            raise
    if not isinstance(stream, http.client.HTTPResponse):
        raise DownloadFailed(f"{url}: the server gave no HTTP response")
    if stream.status != http.HTTPStatus.PARTIAL_CONTENT:
        return _Response(stream, 0, stream.length)
    match = _CONTENT_RANGE.fullmatch(stream.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != start_bytes:
        stream.close()
        if start_bytes:
            return _request(url, 0)
        raise DownloadFailed(f"{url}: the server sent a part of the file that was not asked for")
    return _Response(stream, start_bytes, None if match[2] == "*" else int(match[2]))


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener without urllib's handlers for files, FTP and data: no redirect leads there."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _copy(
    url: str,
    stream: http.client.HTTPResponse,
    file: BinaryIO,
    progress: "tqdm[NoReturn]",
    total_bytes: int | None,
) -> None:
    while total_bytes is None or file.tell() <= total_bytes:  # one byte too many is enough to know
        with _network(url):
            chunk = stream.read(_CHUNK_BYTES)
        if not chunk:
            return
        file.write(chunk)
        progress.update(len(chunk))


def _check(url: str, part: Path, checksum: Checksum | None, size_bytes: int | None) -> None:
    """Delete `part` and raise `DownloadFailed` if it is not what was expected."""
    if size_bytes is not None and (found_bytes := _size_bytes(part)) != size_bytes:
        _refuse(url, part, "size in bytes", size_bytes, found_bytes)
    if checksum is not None and not _is_right(part, checksum):
        what = f"{_NAMES[checksum.algorithm]} checksum"
        _refuse(url, part, what, checksum.value.lower(), digest(part, checksum.algorithm))


def _refuse(url: str, part: Path, what: str, expected: object, got: object) -> NoReturn:
    part.unlink()
    raise DownloadFailed(f"{url}: wrong {what}, expected {expected}, got {got}; the partial file is deleted")


def _check_address(url: str) -> None:
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise DownloadFailed(f"{url}: not an address ({error})") from error
    if scheme not in ("http", "https"):
        raise DownloadFailed(f"{url}: only http and https addresses can be downloaded")


@contextmanager
def _network(url: str) -> Iterator[None]:
    try:
        yield
    except HTTPError as error:
        raise DownloadFailed(f"{url}: the server answered {error.code} {error.reason}") from error
    except URLError as error:
        raise _broken(url, str(error.reason)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a malformed redirect
        raise _broken(url, str(error) or type(error).__name__) from error


@contextmanager
def _writing(destination: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DownloadFailed(f"{destination}: cannot be written ({error.strerror or error})") from error


def _broken(url: str, reason: str) -> DownloadFailed:
    return DownloadFailed(f"download from {urlsplit(url).netloc} failed: {reason}; run it again to resume")


def _progress(part: Path, start_bytes: int, total_bytes: int | None) -> "tqdm[NoReturn]":
    """Return a bar on a terminal, and nothing in a log."""
    return tqdm(
        desc=part.stem,
        initial=start_bytes,
        total=total_bytes,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        disable=None,
    )


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
