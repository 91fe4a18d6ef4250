"""Parquet: a row group a part, so that joining holds one part in memory at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scoring.scored_row import OutputColumns, ScoredRow

__all__ = ["ParquetOutput", "join_parquet"]

_ARROW_TYPES = {
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "json": pa.string(),
}


class ParquetOutput:
    """Writes rows whose columns have the types that they have in the input.

    `types` is that of a survey: empty for tables of text, whose columns are strings. `source` is the first
    input where the inputs are Parquet: types are taken from it.
    """

    def __init__(self, columns: OutputColumns, types: Mapping[str, str], source: Path | None) -> None:
        self._columns = columns
        self._json = frozenset(name for name, kind in types.items() if kind == "json")
        known = pq.read_schema(source) if source else None
        copied = [
            known.field(name) if known else pa.field(name, _ARROW_TYPES[types.get(name, "string")])
            for name in columns.copied or ()
        ]
        scores = pa.struct([pa.field(label, pa.float64()) for label in columns.labels])
        kinds = (pa.string(), pa.float64(), scores, pa.int64(), pa.bool_(), pa.float64(), pa.string())
        self._schema = pa.schema([*copied, *map(pa.field, columns.results, kinds)])

    @contextmanager
    def open(self, path: Path, *, is_first: bool) -> Iterator["ParquetPart"]:  # noqa: ARG002 - every part has a schema
        """Collect a part, and write it at the end."""
        part = ParquetPart(self._columns, self._schema, self._json)
        yield part
        with pq.ParquetWriter(path, self._schema) as writer:
            part.write_to(writer)


class ParquetPart:
    """The rows of one part, in Arrow's memory."""

    def __init__(self, columns: OutputColumns, schema: pa.Schema, json_columns: frozenset[str]) -> None:
        self._columns = columns
        self._schema = schema
        self._json = json_columns
        self._batches: list[pa.RecordBatch] = []

    def write(self, rows: Sequence[ScoredRow]) -> None:
        """Add some rows."""
        names = self._columns.copied or ()
        copied = [[self._value(name, row.fields.get(name)) for row in rows] for name in names]
        predicted = [self._columns.values(row.prediction) for row in rows]
        results = zip(*predicted, strict=True) if predicted else [()] * len(self._columns.results)
        arrays = [
            _array(values, field.type)
            for values, field in zip((*copied, *results), self._schema, strict=True)
        ]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def write_to(self, writer: pq.ParquetWriter) -> None:
        """Write all that was added."""
        _write_group(writer, pa.Table.from_batches(self._batches, schema=self._schema))

    def _value(self, name: str, value: object) -> object:
        if name not in self._json or value is None or isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False)


def join_parquet(parts: Sequence[Path], path: Path) -> None:
    """Write all parts as one file, in the schema of the first, which all have."""
    schema = pq.read_schema(parts[0])
    with pq.ParquetWriter(path, schema) as writer:
        for part in parts:
            _write_group(writer, pq.read_table(part, schema=schema))


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # What Python has no type for was read as a string.
        return pa.array(values, type=pa.string()).cast(kind)


def _write_group(writer: pq.ParquetWriter, table: pa.Table) -> None:
    if table.num_rows:
        writer.write_table(table, row_group_size=table.num_rows)
