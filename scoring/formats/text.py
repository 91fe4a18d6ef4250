"""JSON Lines, CSV and TSV, plain or compressed.

Parts are joined byte by byte: the compressed formats allow several streams one after the other.
"""

import base64
import csv
import gzip
import io
import json
import lzma
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from backports import zstd

from scoring.scored_row import OutputColumns, ScoredRow

__all__ = ["TextOutput", "join_text"]

_SEPARATORS = {"csv": ",", "tsv": "\t"}


class TextOutput:
    """Writes one of the formats "jsonl", "csv" and "tsv" with the compression "", ".gz", ".xz" or ".zst"."""

    def __init__(self, kind: str, compression: str, columns: OutputColumns) -> None:
        self._separator = _SEPARATORS.get(kind)
        self._compression = compression
        self._columns = columns

    @contextmanager
    def open(self, path: Path, *, is_first: bool) -> Iterator["TextWriter"]:
        """Write a part; the first one has the header."""
        with path.open("wb") as file, _compressed(file, self._compression) as stream:
            writer = TextWriter(stream, self._columns, self._separator)
            if is_first:
                writer.write_header()
            yield writer


class TextWriter:
    """Writes rows as lines."""

    def __init__(self, stream: BinaryIO, columns: OutputColumns, separator: str | None) -> None:
        self._stream = stream
        self._columns = columns
        self._separator = separator

    def write_header(self) -> None:
        """Write the names of the columns, in a table."""
        if self._separator:
            before, _, behind = _split_probabilities(self._columns.results)
            names = [*(self._columns.copied or ()), *before, *self._columns.probabilities, *behind]
            self._stream.write(self._table([names]))

    def write(self, rows: Sequence[ScoredRow]) -> None:
        """Write some rows."""
        if self._separator:
            self._stream.write(self._table([self._cells(row) for row in rows]))
        else:
            self._stream.write("".join(map(self._line, rows)).encode())

    def _line(self, row: ScoredRow) -> str:
        results = zip(self._columns.results, self._columns.values(row.prediction), strict=True)
        return (
            json.dumps({**self._columns.copy(row), **dict(results)}, ensure_ascii=False, default=_plain)
            + "\n"
        )

    def _cells(self, row: ScoredRow) -> list[str]:
        before, probabilities, behind = _split_probabilities(self._columns.values(row.prediction))
        scores = cast(dict[str, float], probabilities)
        values = [
            *self._columns.copy(row).values(),
            *before,
            *(scores[label] for label in self._columns.labels),
        ]
        return [_cell(value) for value in (*values, *behind)]

    def _table(self, rows: Iterable[Iterable[object]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self._separator or ",", lineterminator="\n").writerows(rows)
        return text.getvalue().encode()


def join_text(parts: Sequence[Path], path: Path) -> None:
    """Write all parts as one file."""
    with path.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole, 2**20)


def _split_probabilities(values: Sequence[object]) -> tuple[Sequence[object], object, Sequence[object]]:
    """Return what stands before the column of probabilities, it, and what stands behind it."""
    return values[:2], values[2], values[3:]


def _cell(value: object) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool() | dict() | list():
            return json.dumps(value, ensure_ascii=False, default=_plain)
        case bytes():
            return _plain(value)
    return str(value)


def _plain(value: object) -> str:
    """Return a value of Parquet that JSON has not: bytes in Base64, others as Python writes them."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


@contextmanager
def _compressed(file: BinaryIO, compression: str) -> Iterator[BinaryIO]:
    """Yield a stream that compresses into a file, the same bytes every time: no name, no time in it."""
    match compression:
        case ".gz":
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as stream:
                yield cast(BinaryIO, stream)
        case ".xz":
            with lzma.open(file, "wb", preset=1) as stream:
                yield cast(BinaryIO, stream)
        case ".zst":
            with zstd.open(file, "wb") as stream:
                yield cast(BinaryIO, stream)
        case _:
            yield file
