"""Parquet tables."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reviews.errors import UnreadableReviews
from reviews.formats.header import check_names
from reviews.layout import Layout
from reviews.row import Row, RowStream
from reviews.streams import readable

__all__ = ["open_parquet"]

# Long reviews of a larger batch would take hundreds of MB, first as Arrow has them and then as Python does.
_BATCH_ROWS = 4096


def open_parquet(path: Path, *, only: Collection[str] | None = None) -> RowStream:
    """Open a Parquet table, which is read a batch at a time; with `only`, just those of its columns."""
    with readable(path):
        try:
            names = pq.read_schema(path).names
        except pa.ArrowException as error:
            raise _damaged(path, error) from error
    check_names(str(path), names)
    wanted = [name for name in names if only is None or name in only]
    return RowStream(
        path=path, layout=Layout(format="Parquet"), rows=_rows(path, wanted), header=tuple(names)
    )


def _rows(path: Path, wanted: list[str]) -> Iterator[Row]:
    with readable(path), path.open("rb") as stream:
        number = 0
        try:
            for batch in pq.ParquetFile(stream).iter_batches(_BATCH_ROWS, columns=wanted):
                for values in zip(*map(_values, batch.columns), strict=True):
                    number += 1
                    yield Row(str(path), number, dict(zip(batch.schema.names, values, strict=True)))
        except pa.ArrowException as error:
            raise _damaged(path, error) from error


def _values(column: pa.Array) -> list[object]:
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        # Arrow does not check its strings; lone surrogates let the rules refuse the bad rows alone.
        values = column.cast(pa.binary()).to_pylist()
        return [value if value is None else value.decode(errors="surrogateescape") for value in values]
    except ValueError:  # Python's times end at microseconds
        return list(column.cast(pa.string()).to_pylist())


def _damaged(path: Path, error: Exception) -> UnreadableReviews:
    first_line = str(error).strip().partition("\n")[0]
    return UnreadableReviews(f"{path}: damaged, or not Parquet ({first_line})")
