"""A table of text with a header: which separator it has, and its rows by any way of quoting."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from reviews.errors import UnreadableReviews
from reviews.formats.csv_rows import ParsedRow, parse_rows
from reviews.formats.encoding import text_lines
from reviews.formats.header import check_names
from reviews.layout import Quoting
from reviews.values import bare

__all__ = ["TextTable", "open_text_table"]

_SEPARATORS = (",", ";", "\t", "|")
_STATED = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)  # a first line that tells Excel
_MAX_HEADER_LINES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A file whose encoding, separator and header are known."""

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    num_header_lines: int
    """The lines up to the end of the header, among them one that states the separator."""
    has_quoted_header: bool
    """A name of a column stands in quotes, so whoever wrote the table quotes."""

    def rows(self, quoting: Quoting) -> Iterator[ParsedRow]:
        """Yield the rows below the header; the file is open only meanwhile."""
        with text_lines(self.path, self.encoding) as lines:
            yield from parse_rows(
                islice(lines, self.num_header_lines, None),
                separator=self.separator,
                quoting=quoting,
                first_line=self.num_header_lines + 1,
            )


def open_text_table(path: Path, *, encoding: str, separator: str | None, usual: str) -> TextTable:
    """Read a table's header; without a `separator` it is the one stated or found, else the `usual` one.

    Raises `UnreadableReviews` if there is no header or it cannot be read, or if it names a column twice.
    """
    with text_lines(path, encoding) as lines:
        head = list(islice(lines, _MAX_HEADER_LINES))
    stated = _STATED.fullmatch(head[0]) if head else None
    num_stated = 1 if stated else 0
    separator = separator or (stated[1] if stated else _most_fields(head, usual))
    row = _first_row(head[num_stated:], separator)
    if row is None:
        raise UnreadableReviews(f"{path}: there is no header; the first line must name the columns")
    line = num_stated + row.line
    if row.problem:
        raise UnreadableReviews(f"{path}:{line}: the header cannot be read ({row.problem})")
    return TextTable(
        path=path,
        encoding=encoding,
        separator=separator,
        header=_names(f"{path}:{line}", row.fields, encoding),
        num_header_lines=line + len(row.lines) - 1,
        has_quoted_header='"' in "".join(row.lines),
    )


def _names(place: str, fields: Sequence[str], encoding: str) -> tuple[str, ...]:
    """Return the names of the columns; one that has none is called by its number."""
    try:
        "".join(fields).encode()
    except UnicodeEncodeError as error:
        raise UnreadableReviews(f"{place}: the header is not {encoding}") from error
    names = tuple(bare(name) or f"column {number}" for number, name in enumerate(fields, start=1))
    check_names(place, names)
    return names


def _most_fields(head: Sequence[str], usual: str) -> str:
    """Return the separator that cuts the header into most fields; `usual` if no other cuts it into more."""

    def num_fields(separator: str) -> int:
        row = _first_row(head, separator)
        return len(row.fields) if row else 0

    return max((usual, *_SEPARATORS), key=num_fields)


def _first_row(lines: Sequence[str], separator: str) -> ParsedRow | None:
    return next(parse_rows(lines, separator=separator, quoting="double"), None)
