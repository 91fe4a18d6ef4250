"""Rows of one part, in batches that are scored together: formed from the part alone, so always the same."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from reviews import Columns, Reject, Row, text_in
from scoring.errors import InputChanged

__all__ = ["RowBatch", "RowReader", "num_parts"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReader:
    """Cuts a stream of rows into parts, and the parts into batches."""

    columns: Columns
    part_rows: int
    batch_rows: int
    num_rows: int

    @property
    def num_parts(self) -> int:
        """At least one, which has no rows where there are none."""
        return num_parts(self.num_rows, self.part_rows)

    def rows_in(self, part: int) -> int:
        """Return how many rows a part has."""
        return min(self.part_rows, self.num_rows - part * self.part_rows)

    def batches(self, rows: Iterable[Row | Reject], is_wanted: Callable[[int], bool]) -> Iterator[RowBatch]:
        """Yield the batches of the parts that are wanted; reading ends behind the last of them.

        Raises InputChanged where there are fewer rows than there were.
        """
        wanted = [part for part in range(self.num_parts) if is_wanted(part)]
        stream, position = iter(rows), 0
        for part in wanted:
            start = part * self.part_rows
            end = start + self.rows_in(part)
            position += sum(1 for _ in islice(stream, start - position))
            for first in range(start, max(end, start + 1), self.batch_rows):
                found = list(islice(stream, min(self.batch_rows, end - first)))
                position += len(found)
                yield self._batch(part, found, ends_part=first + self.batch_rows >= end)
            if position != end:
                raise InputChanged(f"the input has {position:,} rows where it had {self.num_rows:,}")

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
        return text_in(row, self.columns)


def num_parts(num_rows: int, part_rows: int) -> int:
    """Return how many parts there are: at least one, which has no rows where there are none."""
    return max(1, -(-num_rows // part_rows))


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
