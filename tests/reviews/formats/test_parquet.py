from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviews import Row, open_rows
from reviews.errors import UnreadableReviews
from tests.reviews.tables import fields_of


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = [pa.array(["a"]), pa.array(["pos"]), pa.array(["b"])]
    pq.write_table(pa.Table.from_arrays(columns, names=["text", "label", "text"]), path)
    with pytest.raises(UnreadableReviews, match="the column 'text' stands 2 times"):
        open_rows(path)


def test_all_columns_come_unless_it_is_said_which(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": ["a"], "stars": [4], "tags": [["x", "y"]]}), path)
    assert fields_of(path) == [{"text": "a", "stars": 4, "tags": ["x", "y"]}]
    stream = open_rows(path, only={"text", "label"})
    assert stream.header == ("text", "stars", "tags")
    assert list(stream) == [Row(str(path), 1, {"text": "a"})]
