"""Tables of made-up reviews in every format."""

import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

from reviews import Columns, Reject, Row, open_rows

__all__ = [
    "FORMATS",
    "TABLES",
    "Rows",
    "delimited",
    "fields_of",
    "jsonl",
    "parquet",
    "rows_of",
    "write",
    "write_rows",
]

Rows = Sequence[Mapping[str, object]]


def jsonl(rows: Rows) -> bytes:
    """Return rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def delimited(rows: Rows, delimiter: str) -> bytes:
    """Return rows as a table that quotes as RFC 4180 says."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def parquet(rows: Rows) -> bytes:
    """Return rows as Parquet, two to a row group."""
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), stream, row_group_size=2)
    return stream.getvalue()


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "reviews.jsonl": jsonl,
    "reviews.jsonl.gz": lambda rows: gzip.compress(jsonl(rows)),
    "reviews.jsonl.xz": lambda rows: lzma.compress(jsonl(rows)),
    "reviews.jsonl.zst": lambda rows: zstd.compress(jsonl(rows)),
    "REVIEWS.JSONL": jsonl,
    "reviews.csv": lambda rows: delimited(rows, ","),
    "reviews.csv.gz": lambda rows: gzip.compress(delimited(rows, ",")),
    "reviews.csv.xz": lambda rows: lzma.compress(delimited(rows, ",")),
    "reviews.csv.zst": lambda rows: zstd.compress(delimited(rows, ",")),
    "reviews.tsv": lambda rows: delimited(rows, "\t"),
    "reviews.tsv.gz": lambda rows: gzip.compress(delimited(rows, "\t")),
    "reviews.parquet": parquet,
}
TABLES = ("reviews.jsonl", "reviews.csv", "reviews.tsv", "reviews.parquet")


def write(folder: Path, name: str, content: bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


def write_rows(folder: Path, name: str, rows: Rows) -> Path:
    """Write rows in the format of a name in `FORMATS` and return the path."""
    return write(folder, name, FORMATS[name](rows))


def rows_of(path: Path, columns: Columns = Columns()) -> list[Row | Reject]:  # noqa: B008 - it is frozen
    """Return all rows of a file."""
    return list(open_rows(path, columns=columns))


def fields_of(path: Path, columns: Columns = Columns()) -> list[dict[str, object]]:  # noqa: B008 - it is frozen
    """Return the fields of all rows of a file; fail if one is bad."""
    rows = rows_of(path, columns)
    assert not [row for row in rows if isinstance(row, Reject)]
    return [dict(row.fields) for row in rows if isinstance(row, Row)]
