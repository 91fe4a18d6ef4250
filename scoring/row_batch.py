"""Rows of one part, in batches that are scored together: formed from the part alone, so always the same."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from reviews import Columns, Reject, Row, text_in
from scoring.errors import InputChanged
from scoring.row_ranges import RowRanges

__all__ = ["RowBatch", "RowReader"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBatch:
    """Neighbouring rows of a part."""

    part: int
    ends_part: bool
    rows: tuple[Row, ...]
    """Those that can be scored."""
    texts: tuple[str, ...]
    """Of each row."""
    rejects: tuple[Reject, ...]


class RowReader:
    """Reads parts in batches. It stays where it is, so that parts whose numbers rise take one reading."""

    def __init__(
        self,
        open_rows: Callable[[], Iterator[Row | Reject]],
        *,
        columns: Columns,
        ranges: RowRanges,
        batch_rows: int,
    ) -> None:
        """Take what yields all rows from the first on, and how they are cut."""
        self._open_rows = open_rows
        self._columns = columns
        self._ranges = ranges
        self._batch_rows = batch_rows
        self._rows: Iterator[Row | Reject] | None = None
        self._position = 0
        """How many rows are read."""

    def batches(self, parts: Iterable[int]) -> Iterator[RowBatch]:
        """Yield the batches of some parts, each part in turn; reading ends behind the last of them.

        Raises InputChanged where there are fewer rows than there were.
        """
        for part in parts:
            rows = self._ranges.of(part)
            stream = self._from(rows.start)
            for first in range(rows.start, max(rows.stop, rows.start + 1), self._batch_rows):
                end = min(first + self._batch_rows, rows.stop)
                yield self._batch(part, self._take(stream, end - first), ends_part=end == rows.stop)

    def _from(self, row: int) -> Iterator[Row | Reject]:
        if self._rows is None or row < self._position:
            self._rows, self._position = self._open_rows(), 0
        self._position += sum(1 for _ in islice(self._rows, row - self._position))
        return self._rows

    def _take(self, stream: Iterator[Row | Reject], num_rows: int) -> list[Row | Reject]:
        found = list(islice(stream, num_rows))
        self._position += len(found)
        if len(found) < num_rows:
            raise InputChanged(
                f"the input has {self._position:,} rows where it had {self._ranges.num_rows:,}"
            )
        return found

    def _batch(self, part: int, found: Iterable[Row | Reject], *, ends_part: bool) -> RowBatch:
        rows, texts, rejects = list[Row](), list[str](), list[Reject]()
        for row in found:
            text = row if isinstance(row, Reject) else self._text(row)
            if isinstance(text, Reject):
                rejects.append(text)
            elif isinstance(row, Row):
                rows.append(row)
                texts.append(text)
        return RowBatch(
            part=part, ends_part=ends_part, rows=tuple(rows), texts=tuple(texts), rejects=tuple(rejects)
        )

    def _text(self, row: Row) -> str | Reject:
        for name, value in row.fields.items():
            if not _is_unicode(value):
                return row.reject(f"the column {name!r} is not valid UTF-8")
        return text_in(row, self._columns)


def _is_unicode(value: object) -> bool:
    """Whether a value holds no lone surrogate, as undecodable bytes come, which no output can hold."""
    match value:
        case str():
            return value.isascii() or _encodes(value)
        case dict():
            return all(_is_unicode(name) and _is_unicode(each) for name, each in value.items())
        case list():
            return all(map(_is_unicode, value))
    return True


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
