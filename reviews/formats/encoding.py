"""The encoding of a table of text: that of its byte order mark, UTF-8 where it fits, or else a guess.

Spreadsheets write UTF-8 with or without a mark, UTF-16, or the code page of the machine's language, which for
Western Europe and the Americas is Windows-1252; nothing in the file says which.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from pathlib import Path

from reviews.errors import UnreadableReviews
from reviews.streams import open_stream, readable

__all__ = ["check_encoding", "detect_encoding", "marked_encoding", "text_lines"]

_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32"),  # it begins like UTF-16's
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_WESTERN = "Windows-1252"
_LATIN = (_WESTERN, "Windows-1250", "Windows-1254", "Windows-1257", "MacRoman")
_OTHER_SCRIPTS = (
    *(f"Windows-{number}" for number in (1251, 1253, 1255, 1256)),
    *("CP932", "CP949", "GB18030", "Big5-HKSCS"),
)
# In text of another script most letters are not ASCII; in Latin ones about one in ten is not.
_MIN_RATIO_OF_OTHER_SCRIPTS = 0.3
# Of a few words, the letters of several languages are likely; a guess needs this much more than Windows-1252
# has. Chosen on sentences of 16 languages, among them Croatian, which it just misses, and Spanish.
_MIN_ADVANTAGE = 1.5
_MAX_EVIDENCE_BYTES = 200_000
_ASCII_LETTERS, _OTHER_BYTES = re.compile(rb"[A-Za-z]+"), re.compile(rb"[\x80-\xff]+")
_HEAD_BYTES = 4096


def detect_encoding(path: Path) -> str:
    """Return the name of a file's encoding; the whole file is read, a line at a time.

    Where lines in UTF-8 outnumber those that are not, the file is UTF-8 with damaged lines. Raises
    `UnreadableReviews` for a file that is no text.
    """
    with readable(path), open_stream(path) as stream:
        head = stream.read(_HEAD_BYTES)
        if (known := _encoding_of_head(path, head)) is not None:
            return known
        num_utf8, others = 0, list[bytes]()
        num_others = num_evidence_bytes = 0
        for line in _lines(head, stream):
            if line.isascii():
                continue
            if _is_utf8(line):
                num_utf8 += 1
                continue
            num_others += 1
            if num_evidence_bytes < _MAX_EVIDENCE_BYTES:
                others.append(line)
                num_evidence_bytes += len(line)
    return "UTF-8" if num_utf8 >= num_others else _guess(b"".join(others))


def marked_encoding(path: Path) -> str:
    """Return the encoding of a file that should be UTF-8: that, unless its first bytes say another."""
    with readable(path), open_stream(path) as stream:
        return _encoding_of_head(path, stream.read(_HEAD_BYTES)) or "UTF-8"


def check_encoding(path: Path, encoding: str) -> str:
    """Return the name of an encoding that a user gave; raises `UnreadableReviews` if Python has none."""
    try:
        TextIOWrapper(BytesIO(), encoding=encoding)
    except (LookupError, ValueError):
        raise UnreadableReviews(
            f"{path}: there is no text encoding {encoding!r}; "
            "--encoding takes names such as utf-8 or windows-1252"
        ) from None
    return encoding


@contextmanager
def text_lines(path: Path, encoding: str) -> Iterator[TextIOWrapper]:
    """Open a text file to read lines with their ends; bytes that do not fit come as lone surrogates.

    So only the rows that hold such bytes are refused. UTF-16 and UTF-32 have no such form: there the file is.
    """
    codec = codecs.lookup(encoding).name
    wide = codec.startswith(("utf-16", "utf-32"))
    with (
        readable(path),
        open_stream(path) as stream,
        TextIOWrapper(
            stream,
            encoding="utf-8-sig" if codec == "utf-8" else codec,
            errors="strict" if wide else "surrogateescape",
            newline="",
        ) as lines,
    ):
        try:
            yield lines
        except UnicodeDecodeError as error:
            raise UnreadableReviews(f"{path}: not {encoding} ({error.reason})") from error


def _encoding_of_head(path: Path, head: bytes) -> str | None:
    """Return what the first bytes say for sure, if they do."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if head.startswith(_WORKBOOKS):
        raise UnreadableReviews(f"{path}: a workbook or an archive, not text; save its sheet as CSV UTF-8")
    # An ASCII character in UTF-16 has a zero byte: the second of two in little-endian order, else the first.
    num_first, num_second = head[::2].count(0), head[1::2].count(0)
    if num_first + num_second < len(head) / 8:
        return None
    if max(num_first, num_second) < 4 * min(num_first, num_second):
        raise UnreadableReviews(f"{path}: it is full of zero bytes, so it is no text")
    return "UTF-16-BE" if num_first > num_second else "UTF-16-LE"


def _lines(head: bytes, stream: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file whose first bytes were read already."""
    *whole, begun = head.split(b"\n")
    yield from whole
    rest = iter(stream)
    yield begun + next(rest, b"")
    yield from rest


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guess(content: bytes) -> str:
    """Return the code page that bytes which are not UTF-8 are most likely in."""
    import chardet  # noqa: PLC0415 - most files need no guess, and its models take long to load

    found = chardet.detect_all(content, ignore_threshold=True, include_encodings=_candidates(content))
    confidences = {name: match["confidence"] for match in found if (name := match["encoding"])}
    best = max(confidences, key=lambda name: confidences[name], default=_WESTERN)
    is_certain = confidences.get(best, 0) >= _MIN_ADVANTAGE * confidences.get(_WESTERN, 0)
    return best if is_certain and _decodes(content, best) else _WESTERN


def _candidates(content: bytes) -> tuple[str, ...]:
    num_ascii = sum(map(len, _ASCII_LETTERS.findall(content)))
    num_others = sum(map(len, _OTHER_BYTES.findall(content)))
    is_latin = num_others < _MIN_RATIO_OF_OTHER_SCRIPTS * (num_ascii + num_others)
    return _LATIN if is_latin else (*_LATIN, *_OTHER_SCRIPTS)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
