"""Parquet tables."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reviews.errors import UnreadableReviews, UnusableRow
from reviews.review import Review
from reviews.rows import RejectedReview, RowRules
from reviews.streams import readable

__all__ = ["read_parquet"]


def read_parquet(path: Path, rules: RowRules) -> Iterator[Review | RejectedReview]:
    """The reviews of `path` in order, one row group at a time and only the needed columns of it."""
    with readable(path), path.open("rb") as stream:
        try:
            yield from _rows(path, pq.ParquetFile(stream), rules)
        except pa.ArrowException as error:
            raise UnreadableReviews(f"{path}: damaged, or not Parquet ({_first_line(error)})") from error


def _rows(path: Path, table: pq.ParquetFile, rules: RowRules) -> Iterator[Review | RejectedReview]:
    header = table.schema_arrow.names
    rules.check_header(path, header)
    wanted = rules.wanted(header)
    number = 0
    for batch in table.iter_batches(columns=wanted):
        for values in zip(*(_values(batch.column(name)) for name in wanted), strict=True):
            number += 1
            try:
                yield rules.review(number, dict(zip(wanted, values, strict=True)))
            except UnusableRow as problem:
                yield RejectedReview(f"{path}:{number}: {problem}")


def _values(column: pa.Array) -> list[object]:
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        # Arrow does not check its strings; lone surrogates let the rules refuse the bad rows alone.
        values = column.cast(pa.binary()).to_pylist()
        return [value if value is None else value.decode(errors="surrogateescape") for value in values]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
