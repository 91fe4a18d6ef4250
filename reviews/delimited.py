"""Comma- and tab-separated tables with a header line."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from reviews.errors import UnreadableReviews, UnusableRow
from reviews.review import Review
from reviews.rows import RejectedReview, RowRules
from reviews.streams import open_stream, readable

__all__ = ["read_delimited"]

# The default, 128 Ki, is less than a long review; without a limit one lost quote takes in the whole file.
_MAX_FIELD_CHARACTERS = 16 * 2**20
_INTEGER_LIKE = re.compile(r"([+-]?\d+)\.0+")


def read_delimited(path: Path, rules: RowRules, delimiter: str) -> Iterator[Review | RejectedReview]:
    """The reviews of `path` in order; quotes are those of RFC 4180, so a field may hold line breaks."""
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    # Bytes that are not UTF-8 pass as lone surrogates, so that only the rows that hold them are refused.
    with (
        readable(path),
        open_stream(path) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as lines,
    ):
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        header = _header(path, rows)
        rules.check_header(path, header)
        while True:
            number = rows.line_num + 1
            try:
                row = next(rows)
                if row:
                    yield _review(number, row, header, rules)
            except StopIteration:
                return
            except (csv.Error, UnusableRow) as problem:
                yield RejectedReview(f"{path}:{number}: {problem}")


def _header(path: Path, rows: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(rows, [])]
        "".join(header).encode()
    except csv.Error as error:
        raise UnreadableReviews(f"{path}:1: the header cannot be read ({error})") from error
    except UnicodeEncodeError as error:
        raise UnreadableReviews(f"{path}:1: the header is not UTF-8") from error
    if not header:
        raise UnreadableReviews(f"{path}: there is no header; the first line must name the columns")
    return header


def _review(number: int, row: list[str], header: list[str], rules: RowRules) -> Review:
    if len(row) != len(header):
        raise UnusableRow(f"{len(row)} fields where the header has {len(header)}")
    fields: dict[str, object] = dict(zip(header, row, strict=True))
    label = fields.get(rules.columns.label)
    if isinstance(label, str) and (match := _INTEGER_LIKE.fullmatch(label.strip())):
        fields[rules.columns.label] = match[1]
    return rules.review(number, fields)
