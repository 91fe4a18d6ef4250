"""JSON Lines: one object a line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from reviews.columns import Columns
from reviews.errors import UnusableRow
from reviews.formats.encoding import check_encoding, marked_encoding, text_lines
from reviews.layout import Layout
from reviews.row import Reject, Row, RowStream
from reviews.streams import open_stream, readable

__all__ = ["open_jsonl"]

_BOM = b"\xef\xbb\xbf"


def open_jsonl(path: Path, columns: Columns) -> RowStream:
    """Open JSON Lines; blank lines are passed over, but counted as lines."""
    encoding = check_encoding(path, columns.encoding) if columns.encoding else marked_encoding(path)
    return RowStream(path=path, layout=Layout(format="JSONL", encoding=encoding), rows=_rows(path, encoding))


def _rows(path: Path, encoding: str) -> Iterator[Row | Reject]:
    with _lines(path, encoding) as lines:
        for number, line in enumerate(lines, start=1):
            content = line.removeprefix(_BOM) if isinstance(line, bytes) else line
            if content.isspace() or not content:
                continue
            try:
                yield Row(str(path), number, _object(content))
            except UnusableRow as problem:
                yield Reject(str(path), number, str(problem))


def _lines(path: Path, encoding: str) -> AbstractContextManager[Iterable[bytes | str]]:
    """The lines as bytes where they are UTF-8, so that one that is not is refused alone; else decoded."""
    return _utf8_lines(path) if encoding.upper() == "UTF-8" else text_lines(path, encoding)


@contextmanager
def _utf8_lines(path: Path) -> Iterator[Iterable[bytes]]:
    with readable(path), open_stream(path) as stream:
        yield stream


def _object(line: bytes | str) -> Mapping[str, object]:
    try:
        value = json.loads(line.decode() if isinstance(line, bytes) else line, object_pairs_hook=_fields)
    except UnicodeDecodeError as error:
        raise UnusableRow(
            f"not UTF-8 (byte {error.start + 1} of the line); name another encoding with --encoding"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UnusableRow(f"not JSON ({error})") from error
    if not isinstance(value, dict):
        raise UnusableRow("not a JSON object")
    return value


def _fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise UnusableRow(f"the field {doubled!r} stands {names.count(doubled)} times")
    return fields
