import datetime
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.scoring.jobs import read_jsonl, score, texts, write_csv


def test_columns_of_parquet_keep_their_types_and_values(tiny_store: Path, tmp_path: Path) -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "text": pa.array(["Good.", "Bad.", None]),
            "n": pa.array([1, None, 3], pa.int16()),
            "at": pa.array([moment, None, moment], pa.timestamp("ms", "UTC")),
            "nanos": pa.array([1_700_000_000_000_000_001, None, 3], pa.int64()).cast(pa.timestamp("ns")),
            "price": pa.array([Decimal("1.50"), None, Decimal("2.00")], pa.decimal128(9, 2)),
            "tags": pa.array([["a"], [], None], pa.list_(pa.string())),
            "raw": pa.array([b"\xff", None, b""]),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        }
    )
    source = tmp_path / "reviews.parquet"
    pq.write_table(table, source)
    assert score(tiny_store, source, tmp_path / "scored.parquet", "--part-rows", "1") == 0
    found = pq.read_table(tmp_path / "scored.parquet")
    assert found.schema.names[: len(table.schema)] == table.schema.names
    for name in table.schema.names:
        assert found.schema.field(name).type == table.schema.field(name).type
        assert values(found.column(name)) == values(table.column(name))[:2]
    assert found.schema.field("probabilities").type == pa.struct(
        [("negative", pa.float64()), ("positive", pa.float64())]
    )
    assert pq.ParquetFile(tmp_path / "scored.parquet").num_row_groups == 2
    assert score(tiny_store, source, tmp_path / "scored.jsonl") == 0
    first = read_jsonl(tmp_path / "scored.jsonl")[0]
    assert (first["raw"], first["price"], first["tags"]) == ("/w==", "1.50", ["a"])


def values(column: pa.ChunkedArray) -> list[object]:
    """Return the values of a column, of nanoseconds their numbers."""
    if column.type == pa.timestamp("ns"):
        column = column.cast(pa.int64())
    return list(column.to_pylist())


def test_fields_of_jsonl_become_typed_columns_whichever_part_they_are_in(
    tiny_store: Path, tmp_path: Path
) -> None:
    rows = [
        {"text": "Good.", "int": 1, "mixed": 1, "flag": True, "nested": {"a": 1}},
        {"text": "Bad.", "int": 2, "mixed": "one", "share": 1, "huge": 2**70},
        {"text": "Fine.", "share": 0.5, "late": "x", "int": None},
    ]
    source = tmp_path / "reviews.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert score(tiny_store, source, tmp_path / "scored.parquet", "--part-rows", "1") == 0
    found = pq.read_table(tmp_path / "scored.parquet")
    kinds = {name: str(found.schema.field(name).type) for name in found.schema.names[:8]}
    assert kinds == {
        "text": "string",
        "int": "int64",
        "mixed": "string",
        "flag": "bool",
        "nested": "string",
        "share": "double",
        "huge": "string",
        "late": "string",
    }
    assert found.column("mixed").to_pylist() == ["1", "one", None]
    assert found.column("nested").to_pylist() == ['{"a": 1}', None, None]
    assert found.column("share").to_pylist() == [None, 1.0, 0.5]
    assert found.column("huge").to_pylist() == [None, str(2**70), None]


def test_many_batches_of_a_part_are_one_row_group(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(2500))
    assert score(tiny_store, source, tmp_path / "scored.parquet", "--text-column", "body") == 0
    assert pq.ParquetFile(tmp_path / "scored.parquet").num_row_groups == 1
    assert pq.read_table(tmp_path / "scored.parquet").column("id").to_pylist() == [
        f"r{i}" for i in range(2500)
    ]
