"""Parts are read forward: only a part that lies behind opens the inputs again."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reviews import Columns, Row
from scoring.errors import InputChanged
from scoring.row_batch import RowReader
from scoring.row_ranges import RowRanges


@dataclass
class Input:
    """Rows that count how often they are read from the first on."""

    num_rows: int
    num_readings: int = 0

    def rows(self) -> Iterator[Row]:
        """Yield the rows, whose texts are their numbers."""
        self.num_readings += 1
        for number in range(self.num_rows):
            yield Row(file="reviews.csv", line=number, fields={"text": str(number)})


def reader(source: Input, num_rows: int = 25) -> RowReader:
    return RowReader(source.rows, columns=Columns(), ranges=RowRanges(num_rows, 10), batch_rows=4)


def texts(reader: RowReader, *parts: int) -> list[str]:
    return [text for batch in reader.batches(parts) for text in batch.texts]


def test_parts_one_after_the_other_take_one_reading() -> None:
    source = Input(25)
    parts = reader(source)
    assert texts(parts, 0) == [str(number) for number in range(10)]
    assert texts(parts, 2) == [str(number) for number in range(20, 25)]
    assert source.num_readings == 1


def test_a_part_that_lies_behind_is_read_from_the_first_row_on() -> None:
    source = Input(25)
    parts = reader(source)
    assert texts(parts, 1, 0) == [str(number) for number in (*range(10, 20), *range(10))]
    assert source.num_readings == 2


def test_the_last_batch_of_a_part_says_so() -> None:
    batches = [(batch.part, batch.ends_part, len(batch.rows)) for batch in reader(Input(25)).batches((0, 2))]
    assert batches == [(0, False, 4), (0, False, 4), (0, True, 2), (2, False, 4), (2, True, 1)]


def test_no_rows_are_one_empty_part() -> None:
    (batch,) = reader(Input(0), num_rows=0).batches((0,))
    assert batch.ends_part
    assert not batch.rows


def test_fewer_rows_than_there_were_are_an_error() -> None:
    with pytest.raises(InputChanged, match="the input has 24 rows where it had 25"):
        texts(reader(Input(24)), 2)
