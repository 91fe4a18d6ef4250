"""Comma- and tab-separated tables with a header line, and their relatives from spreadsheets and databases."""

from collections.abc import Iterator
from pathlib import Path

from reviews.columns import Columns
from reviews.errors import UnreadableReviews
from reviews.formats.csv_rows import ParsedRow
from reviews.formats.encoding import check_encoding, detect_encoding
from reviews.formats.quoting import detect_quoting
from reviews.formats.text_table import TextTable, open_text_table
from reviews.layout import Layout, Quoting
from reviews.row import Reject, Row, RowStream
from reviews.values import bare

__all__ = ["open_delimited"]


def open_delimited(path: Path, columns: Columns, *, format_name: str, separator: str) -> RowStream:
    """Open a table of text; what `columns` do not say of its layout is detected, `separator` being the usual.

    Detection reads the file once for its encoding, and once or more for its quoting, a line at a time. Blank
    lines and rows of empty fields are passed over.
    """
    encoding = check_encoding(path, columns.encoding) if columns.encoding else detect_encoding(path)
    table = open_text_table(path, encoding=encoding, separator=columns.separator, usual=separator)
    quoting = columns.quoting or detect_quoting(table)
    return RowStream(
        path=path,
        layout=Layout(format=format_name, encoding=encoding, separator=table.separator, quoting=quoting),
        rows=_rows(table, quoting),
        header=table.header,
    )


def _rows(table: TextTable, quoting: Quoting) -> Iterator[Row | Reject]:
    names = {name.casefold() for name in table.header}
    for row in table.rows(quoting):
        problem = row.problem or _wrong_width(row, len(table.header))
        if problem:
            yield Reject(str(table.path), row.line, problem + _spanned(row))
            continue
        if not any(row.fields):
            continue
        if bare(row.fields[0]).casefold() in names:
            _refuse_other_header(table, row)
        yield Row(str(table.path), row.line, dict(zip(table.header, row.fields, strict=True)))


def _wrong_width(row: ParsedRow, width: int) -> str | None:
    num = len(row.fields)
    return None if num == width else f"{num} fields where the header has {width}"


def _spanned(row: ParsedRow) -> str:
    """Say how far a bad row goes: what it has swallowed is lost with it."""
    num = len(row.lines)
    return "" if num == 1 else f" in a row that goes on to line {row.line + num - 1}"


def _refuse_other_header(table: TextTable, row: ParsedRow) -> None:
    """Raise if the row is the header in another order: no row below would be read rightly."""
    again = [bare(field).casefold() for field in row.fields]
    header = [name.casefold() for name in table.header]
    if again != header and sorted(again) == sorted(header):
        raise UnreadableReviews(
            f"{table.path}:{row.line}: the header comes again with its columns in another order; "
            "split the file here"
        )
