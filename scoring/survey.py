"""What must be known of all rows before the first is scored: how many there are, and their columns.

The layout of a table is detected here, once for all processes that share a job.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from reviews import Columns, Layout, Reject, Row, RowRules, RowStream, open_rows
from scoring.errors import UnusableInput
from scoring.inputs import InputFile

__all__ = ["InputSurvey", "rows_of", "survey"]

_FREE_COLUMNS = "JSONL"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSurvey:
    """The rows of all inputs together."""

    layouts: tuple[Layout, ...]
    """How each input is written."""
    columns: tuple[str, ...]
    """The names of all columns; for JSONL, in the order in which they appear first."""
    types: Mapping[str, str]
    """Of JSONL, what each column holds: "bool", "int64", "double", "string" or "json"; else empty."""
    num_rows: int
    """Rows that cannot be scored included."""

    def to_fields(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "InputSurvey":
        """Return what `to_fields` made."""
        return cls(
            layouts=tuple(Layout(**layout) for layout in fields["layouts"]),
            columns=tuple(fields["columns"]),
            types=dict(fields["types"]),
            num_rows=fields["num_rows"],
        )


def survey(files: Sequence[InputFile], columns: Columns) -> InputSurvey:
    """Read all inputs once.

    Raises UnusableInput where tables have different columns, UnreadableReviews for what cannot be read.
    """
    streams = [_open(file, columns) for file in files]
    _check_alike(files, streams)
    first = streams[0]
    if first.header is not None:
        num_rows = sum(1 for stream in streams for _ in stream)
        layouts = tuple(stream.layout for stream in streams)
        return InputSurvey(layouts=layouts, columns=first.header, types={}, num_rows=num_rows)
    kinds: dict[str, set[type]] = defaultdict(set)
    num_rows = 0
    for row in (row for stream in streams for row in stream):
        num_rows += 1
        if isinstance(row, Row):
            for name, value in row.fields.items():
                kinds[name].add(_kind(value))
    return InputSurvey(
        layouts=tuple(stream.layout for stream in streams),
        columns=tuple(kinds),
        types={name: _type_of(found) for name, found in kinds.items()},
        num_rows=num_rows,
    )


def rows_of(
    files: Iterable[InputFile], found: InputSurvey, columns: Columns, kept: Collection[str] | None
) -> Iterator[Row | Reject]:
    """Yield the rows of all inputs, read in the layouts that a survey has found.

    Of Parquet, only the text and the columns in `kept` are read; None reads all.
    """
    only = None if kept is None else {columns.text, *kept}
    for file, layout in zip(files, found.layouts, strict=True):
        told = replace(columns, encoding=layout.encoding, separator=layout.separator, quoting=layout.quoting)
        rows = open_rows(file.path, columns=told, only=only)
        if file.name == str(file.path):
            yield from rows
        else:
            yield from (replace(row, file=file.name) for row in rows)


def _open(file: InputFile, columns: Columns) -> RowStream:
    stream = open_rows(file.path, columns=columns, only={columns.text})
    if stream.header is not None:
        RowRules(columns=columns, labelled=False).check_header(stream)
    return stream


def _check_alike(files: Sequence[InputFile], streams: Sequence[RowStream]) -> None:
    first = streams[0]
    for file, stream in zip(files, streams, strict=True):
        formats = first.layout.format, stream.layout.format
        if formats[0] != formats[1] and {"Parquet", _FREE_COLUMNS}.intersection(formats):
            raise UnusableInput(
                f"{file.name}: is {formats[1]} and {files[0].name} {formats[0]}: score each alone"
            )
        if stream.header != first.header:
            raise UnusableInput(
                f"{file.name}: has the columns {_join(stream.header)}, "
                f"but {files[0].name} {_join(first.header)}: score each alone"
            )


def _join(names: Iterable[str] | None) -> str:
    return ", ".join(map(repr, names or ()))


def _kind(value: object) -> type:
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return object
    return type(value)


def _type_of(kinds: set[type]) -> str:
    kinds = kinds - {type(None)}
    if not kinds or kinds == {str}:
        return "string"
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "int64"
    return "double" if kinds <= {int, float} else "json"
