"""A row of a file of reviews, as the file has it, and the stream of rows that a file is read as."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reviews.layout import Layout

__all__ = ["Reject", "Row", "RowStream"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row with all its columns, before anything is made of them.

    `file` is the path, or for a member of an archive the path and its name. `line` is the line that the row
    begins on, counted from 1; in Parquet, which has no lines, the number of the row; None where a file is one
    row. `fields` holds values by the names of their columns: strings in a table of text, else what the format
    has.
    """

    file: str
    line: int | None
    fields: Mapping[str, object]

    def reject(self, reason: str) -> "Reject":
        """Return what stands in the row's place when it cannot be used."""
        return Reject(self.file, self.line, reason)


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be used, and why; `file` and `line` are those of a `Row`."""

    file: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowStream:
    """The rows of one file or data set, read one after another: iterate once."""

    path: Path
    layout: Layout
    rows: Iterator[Row | Reject]
    header: tuple[str, ...] | None = None
    """The columns that every row has; None where each row names its own."""
    is_data_set: bool = False
    """The file is a public data set, whose rows have the fields id, text, label, rating, group and domain,
    whatever the columns of tables are called."""

    def __iter__(self) -> Iterator[Row | Reject]:
        return self.rows
