import gzip
import tracemalloc
from pathlib import Path

import pytest

from reviews import Reject, Row, open_rows
from reviews.errors import UnreadableReviews
from tests.reviews.archives import PRODUCTS, write_archive
from tests.reviews.tables import FORMATS, TABLES, delimited, fields_of, jsonl, rows_of, write, write_rows

ROWS = (
    {"id": "a", "text": "A wonderful film.", "label": 1, "stars": 5},
    {"id": "b", "text": 'Two "hours",\nlost — für immer 🎬', "label": 0, "stars": 1},
)


@pytest.mark.parametrize("name", FORMATS)
def test_rows_come_with_all_their_columns(tmp_path: Path, name: str) -> None:
    path = write_rows(tmp_path, name, ROWS)
    is_text = ".csv" in name or ".tsv" in name
    expected = [{key: str(value) for key, value in row.items()} if is_text else dict(row) for row in ROWS]
    assert fields_of(path) == expected


@pytest.mark.parametrize(("name", "lines"), [("x.jsonl", [1, 3]), ("x.csv", [2, 5]), ("x.tsv", [2, 5])])
def test_a_row_says_the_line_it_begins_on(tmp_path: Path, name: str, lines: list[int]) -> None:
    if name == "x.jsonl":
        content = jsonl(ROWS[:1]) + b"\n" + jsonl(ROWS[1:])
    else:
        content = delimited([{"text": "one\n\ntwo"}, {"text": "three"}], "," if name == "x.csv" else "\t")
    path = write(tmp_path, name, content)
    assert [(row.file, row.line) for row in rows_of(path)] == [(str(path), line) for line in lines]


def test_parquet_counts_rows_over_row_groups(tmp_path: Path) -> None:
    path = write_rows(tmp_path, "reviews.parquet", [{"text": str(number)} for number in range(5)])
    assert [row.line for row in rows_of(path)] == [1, 2, 3, 4, 5]


def test_rows_of_a_data_set_are_called_alike(tmp_path: Path) -> None:
    stream = open_rows(write_archive(tmp_path / "domain_sentiment_data.tar.gz", PRODUCTS))
    row = next(iter(stream))
    assert stream.is_data_set
    assert isinstance(row, Row)
    assert row.fields.keys() == {"id", "text", "label", "rating", "group", "domain"}


def test_rows_before_a_damage_are_read(tmp_path: Path) -> None:
    content = gzip.compress(jsonl([{"text": str(number)} for number in range(100_000)]))
    rows = iter(open_rows(write(tmp_path, "x.jsonl.gz", content[:-100])))
    assert next(rows) == Row(str(tmp_path / "x.jsonl.gz"), 1, {"text": "0"})
    with pytest.raises(UnreadableReviews, match="damaged or cut short"):
        list(rows)


@pytest.mark.parametrize("name", [name for name in FORMATS if "parquet" not in name])
def test_a_file_is_not_held_in_memory(tmp_path: Path, name: str) -> None:
    path = write_rows(tmp_path, name, [{"text": "It is fine. " * 100, "label": "pos"}] * 10_000)
    tracemalloc.start()
    try:
        num_rows = sum(isinstance(row, Row) for row in open_rows(path))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert num_rows == 10_000
    window_bytes = 8 * 2**20 if name.endswith(".xz") else 0
    assert peak_bytes < 2 * 2**20 + window_bytes  # the rows are 12 MB


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_is_a_header_is_refused(tmp_path: Path, name: str) -> None:
    path = write_rows(tmp_path, name, [{"text": "Fine", "label": "pos"}, {"text": "text", "label": "Label"}])
    good, bad = rows_of(path)
    assert isinstance(good, Row)
    assert isinstance(bad, Reject)
    assert bad.reason == "the header comes again"
